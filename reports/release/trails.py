"""Traceability: the way of each change from prompt to landing, and an index from entry number to page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.parts import Heading, Line, Mark, Row, Section, Step, Table, Trail, line, words
from reports.release.conclusion import shown_entries
from reports.release.said import (
    NAME,
    NONE,
    columns,
    digest_line,
    entry_anchor,
    ledger_time,
    link,
    named,
    quiet,
    status,
)
from reports.release.signed import DECIDED, worth
from reports.release.view import MARKS
from reports.text import capture
from reports.wording import count

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.release.view import ChangeView, View

ANCHOR: Final = "traceability"
MOST_LINES: Final = 4
"""Events named in one step; the rest is counted."""
_SHOWN_IN: Final = {
    "prompt": "AI involvement",
    "diff": "Change register",
    "merge": "Change register",
    "test": "Tests",
    "approval": "Approvals",
    "deploy": "Deployments",
}
"""Where the events of a kind stand."""
EXCERPT: Final = 90
"""Characters of a prompt in a step."""


def traceability(view: View) -> Section:
    """The section."""
    entries = index(view)
    nothing = view.changeless and not entries
    return Section(
        ANCHOR,
        "10",
        words("Traceability"),
        words("How does each change lead from a request to what landed, and where is each event?"),
        line("No change is recorded, so there is nothing to trace.")
        if nothing
        else line(
            f"{count(len(view.printed), 'change', 'changes')} from prompt to landing, then "
            f"{count(len(entries), 'entry', 'entries')} by number, each with its page."
        ),
        ()
        if nothing
        else (
            *view.left_out(),
            *(_trail(view, change) for change in view.printed),
            Heading(words("Index by entry")),
            Table(
                columns(
                    ("Entry", 8),
                    ("Kind", 11),
                    ("About", 20),
                    ("Ledger time, UTC", 19),
                    ("Signed by", 20),
                    ("Shown", 22),
                ),
                tuple(_indexed(view, record) for record in entries),
                words("No entry is shown."),
                None,
                "dense",
            ),
        ),
        brief=view.changeless,
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
            f"{count(len(facts.revisions), 'revision', 'revisions')}, "
            f"{count(len(facts.approvals), 'decision', 'decisions')}, "
            f"{count(len(facts.runs), 'test run', 'test runs')}"
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
        shown = [line(quiet(f"{count(len(lines) - len(shown), 'earlier one', 'earlier ones')}, then")), *shown]
    return Step(words(label), tuple(shown), hit)


def _number(record: Record) -> Line:
    return line(link(entry_anchor(record.index), str(record.index)), " ")


def _prompted(view: View, change: ChangeView) -> Step:
    lines: list[Line] = []
    for item in change.facts.prompts:
        content = view.dossier.records.content(item.record.event.context.content("prompt"))
        said: Line = (
            line(quiet(f"text {content.state}"))
            if isinstance(content, Absent)
            else line(capture(" ".join(content.data.decode("utf-8", "replace")[: 4 * EXCERPT].split())[:EXCERPT]))
        )
        who = line(quiet("asker not recorded")) if item.initiator is None else line(named(item.initiator))
        lines.append((*_number(item.record), *who, *line(": "), *said))
    return _step("Prompt", lines, "none recorded")


def _differed(change: ChangeView) -> Step:
    return _step(
        "Diff",
        [
            (
                *_number(item.record),
                *line(f"revision {item.number}, {count(item.diff.files_changed, 'file', 'files')} "),
                *digest_line(item.diff.head),
            )
            for item in change.facts.revisions
        ],
        "no revision recorded",
        hit=not change.facts.revisions,
    )


def _tested(change: ChangeView) -> Step:
    words_of = {"PASSED": "✓ passed", "FAILED": "! failed", "WARNED": "? warned"}
    return _step(
        "Test",
        [
            (
                *_number(item.record),
                *line(
                    f"{item.run.run.suite}: {words_of[item.run.result]}, "
                    f"{count(item.run.run.totals.tests, 'case', 'cases')}"
                ),
            )
            for item in change.facts.runs
        ],
        "none recorded",
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
                *line(named(fact.approver), f" {DECIDED[fact.approval.decision]}", quiet(f" {text}")),
            )
        )
    hit = any(
        MARKS[verdict.outcome] is Mark.FAIL
        for verdict in change.verdicts
        if verdict.rule.partition("-")[0] in {"SOD", "APP"}
    )
    return _step("Approval", lines, "none recorded", hit=hit)


def _landed(change: ChangeView) -> Step:
    return _step(
        "Landing",
        [
            (
                *_number(item.record),
                *line(f"{item.merge.method} "),
                *digest_line(item.merge.commit),
                *line(quiet(f" {ledger_time(item.record)}")),
            )
            for item in change.facts.landings
        ],
        "not landed",
    )


def _indexed(view: View, record: Record) -> Row:
    about = record.event.context.about
    said = (
        about.release
        if about.change is None
        else f"change {about.change}" + (f", revision {about.revision}" if about.revision else "")
    )
    signer = view.dossier.parties.get(record.key.principal)
    return Row(
        (
            line(str(record.index)),
            line(record.event.kind),
            line(capture(said or NONE, limit=NAME)),
            line(ledger_time(record)),
            line(named(signer)) if signer is not None else line(capture(record.key.principal[:10])),
            line(link(entry_anchor(record.index), _SHOWN_IN.get(record.event.kind, "here"), page=True)),
        )
    )
