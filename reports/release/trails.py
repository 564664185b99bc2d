"""Traceability: the way of each change from prompt to landing, and an index from entry number to page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.parts import Heading, Line, Mark, Row, Section, Step, Table, Trail, line, say_count_line, words
from reports.release.chains import chains
from reports.release.conclusion import shown_entries
from reports.release.moments import moments
from reports.release.said import (
    NAME,
    NONE,
    absence,
    columns,
    digest_line,
    entry_anchor,
    ledger_time,
    link,
    named,
    quiet,
    status,
)
from reports.release.view import MARKS
from reports.release.worth import DECIDED, worth
from reports.say import say, say_count, to_say
from reports.text import capture

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.parts import Block
    from reports.release.view import ChangeView, View

ANCHOR: Final = "traceability"
MOST_LINES: Final = 4
"""Events named in one step; the rest is counted."""
_SHOWN_IN: Final = {
    "prompt": to_say("AI involvement"),
    "diff": to_say("Change register"),
    "merge": to_say("Change register"),
    "test": to_say("Tests and scans"),
    "scan": to_say("Tests and scans"),
    "approval": to_say("Approvals"),
    "exception": to_say("Exceptions and bypasses"),
    "decision": to_say("Exceptions and bypasses"),
    "push": to_say("Exceptions and bypasses"),
    "release": to_say("Release and deployments"),
    "deploy": to_say("Release and deployments"),
    "observation": to_say("Release and deployments"),
    "incident": to_say("Release and deployments"),
}
"""Where the events of a kind stand."""
EXCERPT: Final = 90
"""Characters of a prompt in a step."""


def traceability(view: View) -> Section:
    """The section."""
    entries = index(view)
    listed = say_count("{count} entry", "{count} entries", len(entries))
    lede = (
        say(
            "No change is recorded, so no request leads anywhere; {entries} by number, each with its page.",
            entries=listed,
        )
        if view.changeless
        else say(
            "{changes} from request to deployment and back, then {entries} by number, each with its page.",
            changes=say_count("{count} change", "{count} changes", len(view.printed)),
            entries=listed,
        )
    )
    return Section(
        ANCHOR,
        "11",
        words(say("Traceability")),
        words(say("How does each request lead to production and back, and where is each event?")),
        line(lede),
        (
            *(() if view.changeless else _of_changes(view)),
            Heading(words(say("Index by entry"))),
            Table(
                columns(
                    (say("Entry"), 8),
                    (say("Kind"), 11),
                    (say("About"), 20),
                    (say("Ledger time, UTC"), 19),
                    (say("Signed by"), 18),
                    (say("Shown"), 24),
                ),
                tuple(_indexed(view, record) for record in entries),
                words(say("No entry is shown.")),
                None,
                "dense",
            ),
        ),
        brief=view.changeless,
    )


def _of_changes(view: View) -> tuple[Block, ...]:
    return (
        moments(view),
        *view.left_out(),
        *chains(view, shown_entries(view)),
        Heading(words(say("Each change from prompt to landing"))),
        *(_trail(view, change) for change in view.printed),
    )


def index(view: View) -> tuple[Record, ...]:
    """The records that the pack shows, by index."""
    shown = shown_entries(view)
    return tuple(record for record in view.dossier.records.entries if record.index in shown)


def _trail(view: View, change: ChangeView) -> Trail:
    facts = change.facts
    found = [
        status(MARKS[outcome])
        for outcome in MARKS
        if MARKS[outcome] in (Mark.FAIL, Mark.CANNOT_TELL) and change.of(outcome)
    ]
    return Trail(
        capture(f"{change.label.plain}  {change.title.plain}", limit=160),
        line(
            say_count("{count} revision", "{count} revisions", len(facts.revisions)),
            ", ",
            say_count("{count} decision", "{count} decisions", len(facts.approvals)),
            ", ",
            say_count("{count} test run", "{count} test runs", len(facts.runs)),
        ),
        tuple(found) or (status(Mark.PASS),),
        (_prompted(view, change), _differed(change), _tested(change), _approved(view, change), _landed(change)),
        change.anchor("x"),
    )


def _step(label: str, lines: list[Line], none: str, *, hit: bool = False) -> Step:
    if not lines:
        return Step(words(label), (line(quiet(none)),), hit)
    shown = lines[-MOST_LINES:]
    if len(shown) < len(lines):
        shown = [
            line(quiet(say_count("{count} earlier one, then", "{count} earlier ones, then", len(lines) - len(shown)))),
            *shown,
        ]
    return Step(words(label), tuple(shown), hit)


def _number(record: Record) -> Line:
    return line(link(entry_anchor(record.index), str(record.index)), " ")


def _prompted(view: View, change: ChangeView) -> Step:
    lines: list[Line] = []
    for item in change.facts.prompts:
        content = view.dossier.records.content(item.record.event.context.content("prompt"))
        said: Line = (
            line(quiet(say("text {absence}", absence=absence(content.state))))
            if isinstance(content, Absent)
            else line(capture(" ".join(content.data.decode("utf-8", "replace")[: 4 * EXCERPT].split())[:EXCERPT]))
        )
        who = line(quiet(say("asker not recorded"))) if item.initiator is None else line(named(item.initiator))
        lines.append((*_number(item.record), *who, *line(": "), *said))
    return _step(say("Prompt"), lines, say("none recorded"))


def _differed(change: ChangeView) -> Step:
    return _step(
        say("Diff"),
        [
            (
                *_number(item.record),
                *say_count_line(
                    "revision {revision}, {count} file {head}",
                    "revision {revision}, {count} files {head}",
                    item.diff.files_changed,
                    revision=item.number,
                    head=digest_line(item.diff.head),
                ),
            )
            for item in change.facts.revisions
        ],
        say("no revision recorded"),
        hit=not change.facts.revisions,
    )


def _tested(change: ChangeView) -> Step:
    words_of = {"PASSED": say("✓ passed"), "FAILED": say("! failed"), "WARNED": say("? warned")}
    return _step(
        say("Test"),
        [
            (
                *_number(item.record),
                *line(
                    say_count(
                        "{suite}: {result}, {count} case",
                        "{suite}: {result}, {count} cases",
                        item.run.run.totals.tests,
                        suite=item.run.run.suite,
                        result=words_of[item.run.result],
                    )
                ),
            )
            for item in change.facts.runs
        ],
        say("none recorded"),
        hit=any(MARKS[verdict.outcome] is Mark.FAIL for verdict in change.verdicts if verdict.rule.startswith("TST")),
    )


def _approved(view: View, change: ChangeView) -> Step:
    statuses = worth(view, change)
    lines: list[Line] = []
    for fact in change.facts.approvals:
        text = "; ".join(str(one.status.word) for one in statuses.get(fact.record.index, ()))
        lines.append(
            (
                *_number(fact.record),
                *line(named(fact.approver), f" {say(DECIDED[fact.approval.decision])}", quiet(f" {text}")),
            )
        )
    hit = any(
        MARKS[verdict.outcome] is Mark.FAIL
        for verdict in change.verdicts
        if verdict.rule.partition("-")[0] in {"SOD", "APP"}
    )
    return _step(say("Approval"), lines, say("none recorded"), hit=hit)


def _landed(change: ChangeView) -> Step:
    return _step(
        say("Landing"),
        [
            (
                *_number(item.record),
                *line(f"{item.merge.method} "),
                *digest_line(item.merge.commit),
                *line(quiet(f" {ledger_time(item.record)}")),
            )
            for item in change.facts.landings
        ],
        say("not landed"),
    )


def _indexed(view: View, record: Record) -> Row:
    about = record.event.context.about
    said = about.release
    if about.change is not None:
        said = (
            say("change {change}, revision {revision}", change=about.change, revision=about.revision)
            if about.revision
            else say("change {change}", change=about.change)
        )
    signer = view.dossier.parties.get(record.key.principal)
    return Row(
        (
            line(str(record.index)),
            line(record.event.kind),
            line(capture(said or NONE, limit=NAME)),
            line(ledger_time(record)),
            line(named(signer)) if signer is not None else line(capture(record.key.principal[:10])),
            line(link(entry_anchor(record.index), say(_SHOWN_IN.get(record.event.kind, to_say("here"))), page=True)),
        )
    )
