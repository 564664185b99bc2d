"""Traceability: the way of each change from prompt to landing, forward and back, then the index by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.verdict import Outcome
from reports.parts import Heading, Line, Mark, Section, Step, Trail, line, say_count_line, words
from reports.release.chains import chains
from reports.release.entries import shown_entries
from reports.release.excepted import looked_at
from reports.release.index import index, index_blocks
from reports.release.moments import moments
from reports.release.register import there
from reports.release.said import absence, digest_line, entry_anchor, ledger_time, link, named, quiet, status, strong
from reports.release.view import MARKS
from reports.release.worth import DECIDED, worth
from reports.say import say, say_count
from reports.text import capture
from reports.wording import share

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.parts import Block, Status
    from reports.release.view import ChangeView, View

ANCHOR: Final = "traceability"
MOST_LINES: Final = 4
"""Events named in one step; the rest is counted."""
EXCERPT: Final = 90
"""Characters of a prompt in a step."""


def traceability(view: View) -> Section:
    """The section."""
    entries = say_count("{count} entry", "{count} entries", len(index(view)))
    lede = (
        say(
            "No change is recorded, so no request leads anywhere; {entries} by number, each with its page.",
            entries=entries,
        )
        if view.changeless
        else say(
            "{changes} from request to deployment and back, then {entries} by number, each with its page.",
            changes=say_count("{count} change", "{count} changes", len(view.printed)),
            entries=entries,
        )
    )
    return Section(
        ANCHOR,
        "11",
        words(say("Traceability")),
        words(say("How does each request lead to production and back, and where is each event?")),
        line(lede),
        (*(() if view.changeless else _of_changes(view)), *index_blocks(view)),
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


def _trail(view: View, change: ChangeView) -> Trail:
    facts = change.facts
    steps = [_prompted(view, change), _differed(change), _tested(change), _approved(view, change), _landed(change)]
    if facts.exceptions:
        steps.insert(-1, _excepted(change))
    return Trail(
        capture(say("{change}: {title}", change=change.label.plain, title=change.title.plain), limit=200),
        line(
            say_count("{count} revision", "{count} revisions", len(facts.revisions)),
            ", ",
            say_count("{count} decision", "{count} decisions", len(facts.approvals)),
            ", ",
            say_count("{count} test run", "{count} test runs", len(facts.runs)),
            *(
                (", ", say_count("{count} exception", "{count} exceptions", len(facts.exceptions)))
                if facts.exceptions
                else ()
            ),
        ),
        _marks(change),
        tuple(steps),
        change.anchor("x"),
    )


def _marks(change: ChangeView) -> tuple[Status, ...]:
    """What came out of the change: what did not hold, with † where an exception stands beside it; else the rest."""
    found = [status(MARKS[outcome]) for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE) if change.of(outcome)]
    beside = [verdict for verdict in change.verdicts if verdict.excepted_by]
    open_ = [verdict for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE) for verdict in change.of(outcome)]
    if beside:
        found.append(
            status(Mark.EXCEPTED)
            if len(beside) == len(open_)
            else status(Mark.EXCEPTED, say("{part} excepted", part=share(len(beside), len(open_))))
        )
    if not found:
        # Where no rule applies nothing has passed: that is not the same.
        found.append(status(Mark.PASS if change.of(Outcome.PASS) else Mark.NOT_APPLICABLE))
    return tuple(found)


def _step(label: str, lines: list[Line], none: str, mark: Mark | None = None) -> Step:
    if not lines:
        return Step(words(label), (line(quiet(none)),), mark)
    shown = lines[-MOST_LINES:]
    if len(shown) < len(lines):
        shown = [
            line(quiet(say_count("{count} earlier one, then", "{count} earlier ones, then", len(lines) - len(shown)))),
            *shown,
        ]
    return Step(words(label), tuple(shown), mark)


def _against(change: ChangeView, *families: str) -> Mark | None:
    """The gravest that a rule of the families came out as for the change, where that is no pass."""
    found = {verdict.outcome for verdict in change.verdicts if verdict.rule.partition("-")[0] in families}
    return next((MARKS[outcome] for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE) if outcome in found), None)


def _number(record: Record) -> Line:
    return line(link(entry_anchor(record.index), str(record.index)), " ")


def _prompted(view: View, change: ChangeView) -> Step:
    lines: list[Line] = []
    for item in change.facts.prompts:
        content = view.dossier.records.content(item.record.event.context.content("prompt"))
        said: Line = (
            line(quiet(say("text {absence}", absence=absence(content.state))))
            if isinstance(content, Absent)
            else line(capture(excerpt(content.data)))
        )
        who = line(quiet(say("asker not recorded"))) if item.initiator is None else line(named(item.initiator))
        lines.append((*_number(item.record), *who, *line(": "), *said))
    return _step(say("Prompt"), lines, say("none recorded"), _against(change, "AI"))


def excerpt(data: bytes) -> str:
    """The beginning of a prompt on one line; "…" ends what is cut."""
    whole = data.decode("utf-8", "replace")
    text = " ".join(whole[: 4 * EXCERPT].split())
    cut = len(text) > EXCERPT or bool(whole[4 * EXCERPT :].strip())
    return f"{text[: EXCERPT - 1]}…" if cut else text


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
        None if change.facts.revisions else Mark.CANNOT_TELL,
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
        _against(change, "TST"),
    )


def _approved(view: View, change: ChangeView) -> Step:
    statuses = worth(view, change)
    lines: list[Line] = []
    for fact in change.facts.approvals:
        said = [str(one.status.word) for one in statuses.get(fact.record.index, ()) if one.status.word is not None]
        # A rejection that stands "rejects", and a withdrawal is one: said once is enough.
        doubled = {"reject": say("Rejects"), "withdraw": say("Withdrawal")}.get(fact.approval.decision)
        said = [one for one in said if one != doubled]
        lines.append(
            (
                *_number(fact.record),
                *line(named(fact.approver), f" {say(DECIDED[fact.approval.decision])}"),
                *(line(": ", quiet("; ".join(said))) if said else ()),
            )
        )
    return _step(say("Approval"), lines, say("none recorded"), _against(change, "SOD", "APP"))


def _excepted(change: ChangeView) -> Step:
    return _step(
        say("Exception"),
        [
            (
                *_number(item.record),
                *line(
                    named(item.requester),
                    say(" asked for it, "),
                    quiet(ledger_time(item.record)),
                    "; ",
                    say("reviewed") if looked_at(item) else strong(say("not reviewed")),
                ),
            )
            for item in change.facts.exceptions
        ],
        say("none declared"),
    )


def _landed(change: ChangeView) -> Step:
    return _step(
        say("Landing"),
        [
            (
                *_number(item.record),
                *line(f"{item.merge.method} "),
                *digest_line(item.merge.commit),
                *line(" "),
                *there(item),
            )
            for item in change.facts.landings
        ],
        say("not landed"),
    )
