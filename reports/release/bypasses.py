"""What gates answered, and what went past a gate or a protection, declared or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import Break, Heading, Mark, Paragraph, Row, Table, line, words
from reports.release.governed import previous_position
from reports.release.said import (
    NAME,
    NONE,
    code,
    columns,
    entry_anchor,
    ledger_time,
    link,
    named,
    quiet,
    status,
    strong,
)
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.forge import Push
    from ledger.events.governance import GateDecision
    from ledger.rules.verdict import Verdict
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

ANCHOR: Final = "bypasses"
MOST: Final = 60
"""Answers of gates printed, those of closed gates first; the rest is counted."""
_GRAVEST: Final = (Outcome.FAIL, Outcome.NOT_EVALUABLE, Outcome.PASS, Outcome.NOT_APPLICABLE)


def gate_answers(view: View) -> tuple[tuple[ChangeView | None, Told[GateDecision]], ...]:
    """What gates answered about the release and its changes, ascending by entry index."""
    found: dict[int, tuple[ChangeView | None, Told[GateDecision]]] = {
        item.record.index: (change, item) for change in view.changes for item in change.facts.gates
    }
    found |= {item.record.index: (None, item) for item in view.dossier.gates}
    return tuple(found[index] for index in sorted(found))


def printed_answers(view: View) -> tuple[tuple[ChangeView | None, Told[GateDecision]], ...]:
    """Those that the table prints, the ones that stayed shut first."""
    return tuple(sorted(gate_answers(view), key=lambda item: item[1].body.outcome != "blocked")[:MOST])


def bypass_verdicts(view: View) -> tuple[Verdict, ...]:
    """What EXC-05 found, gravest first."""
    found = [verdict for verdict in view.verdicts if verdict.rule == "EXC-05"]
    return tuple(sorted(found, key=lambda verdict: _GRAVEST.index(verdict.outcome)))


def passed_over(view: View) -> tuple[Told[Push], ...]:
    """Pushes since the previous release that passed over a protection, were forced or deleted a ref."""
    since = previous_position(view)
    own = {item.record.index: item for change in view.changes for item in change.facts.pushes}
    own |= {item.record.index: item for item in view.dossier.surroundings.pushes if item.record.index >= since}
    return tuple(
        own[index]
        for index in sorted(own)
        if own[index].body.bypass is not None or own[index].body.forced or own[index].body.after is None
    )


def bypasses(view: View) -> tuple[Block, ...]:
    """The blocks: bypasses first, then what the gates answered."""
    verdicts = bypass_verdicts(view)
    answers = gate_answers(view)
    pushes = passed_over(view)
    shut = sum(item.body.outcome == "blocked" for _, item in answers)
    return (
        Heading(words(say("Gates and bypasses")), ANCHOR),
        Paragraph(
            line(
                say_count(
                    "Gates answered {count} time, {shut} of them shut.",
                    "Gates answered {count} times, {shut} of them shut.",
                    len(answers),
                    shut=number(shut),
                ),
                " ",
                say_count(
                    "{count} push passed over a protection, was forced or deleted a ref.",
                    "{count} pushes passed over a protection, were forced or deleted a ref.",
                    len(pushes),
                ),
                " ",
                _judged(verdicts),
            )
        ),
        # A sentence has said that there is none where a table would be empty.
        *(table for table in _tables(view, verdicts, pushes) if table.rows),
        *_rest(len(answers) - MOST),
    )


def _tables(view: View, verdicts: tuple[Verdict, ...], pushes: tuple[Told[Push], ...]) -> tuple[Table, ...]:
    return (
        Table(
            columns((say("What"), 20), (say("Bypass"), 18), (say("What was found"), 62)),
            tuple(_verdict(view, verdict) for verdict in verdicts if _told(verdict)),
            words(say("No bypass is known.")),
            words(say("Past a gate or a protection, declared or not (rule EXC-05)")),
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 7),
                (say("Ledger time, UTC"), 16),
                (say("Ref"), 24),
                (say("What happened"), 31),
                (say("By"), 22),
            ),
            tuple(map(_push, pushes)),
            words(say("No recorded push passed over a protection, was forced or deleted a ref.")),
            words(say("Pushes past a protection, as the forge told them")),
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 7),
                (say("Gate"), 11),
                (say("About"), 16),
                (say("Answer"), 20),
                (say("Shut by, or excepted"), 27),
                (say("Ledger time, UTC"), 19),
            ),
            tuple(_answer(change, item) for change, item in printed_answers(view)),
            words(say("No answer of a gate is recorded for the release or its changes.")),
            words(say("What gates answered, those that stayed shut first")),
            "dense",
        ),
    )


def _judged(verdicts: tuple[Verdict, ...]) -> str:
    if not verdicts:
        return say("Whether something went past them undeclared was not judged: the rule EXC-05 is off.")
    failed = sum(verdict.outcome is Outcome.FAIL for verdict in verdicts)
    declared = sum(verdict.outcome is Outcome.PASS and _told(verdict) for verdict in verdicts)
    untold = sum(verdict.outcome is Outcome.NOT_EVALUABLE for verdict in verdicts)
    return say_count(
        "{count} undeclared bypass is known, {declared} declared; of {untold} more it cannot be told.",
        "{count} undeclared bypasses are known, {declared} declared; of {untold} more it cannot be told.",
        failed,
        declared=number(declared),
        untold=number(untold),
    )


def _told(verdict: Verdict) -> bool:
    """Whether the verdict speaks of a bypass, or leaves open whether there was one."""
    if verdict.outcome is Outcome.PASS:
        return any(item.name == "exception" for item in verdict.inputs)
    return verdict.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)


def _verdict(view: View, verdict: Verdict) -> Row:
    change = view.subject(verdict)
    what = line(say("The release")) if change is None else line(change.label)
    words_of = {
        Outcome.FAIL: say("Undeclared"),
        Outcome.NOT_EVALUABLE: say("Cannot tell"),
        Outcome.PASS: say("Declared"),
    }
    return Row(
        (what, line(status(MARKS[verdict.outcome], words_of[verdict.outcome])), line(view.sentence(verdict))),
        hit=verdict.outcome is Outcome.FAIL,
    )


def _push(item: Told[Push]) -> Row:
    body = item.body
    said = []
    if body.bypass is not None:
        said.append(say("passed over {protection}", protection=body.bypass))
    if body.forced:
        said.append(say("by force"))
    if body.after is None:
        said.append(say("deleted the ref"))
    return Row(
        (
            line(str(item.record.index)),
            line(ledger_time(item.record)[:16]),
            line(code(capture(body.ref, limit=NAME))),
            line(strong("! "), capture(", ".join(said), limit=200)),
            line(named(item.actor)),
        ),
        hit=True,
        anchor=entry_anchor(item.record.index),
    )


def _answer(change: ChangeView | None, item: Told[GateDecision]) -> Row:
    body = item.body
    shut = body.outcome == "blocked"
    mark = Mark.FAIL if shut and body.mode == "enforce" else Mark.CANNOT_TELL if shut else Mark.PASS
    word = say("Shut") if shut else say("Open")
    held_up = ", ".join(f"{one.rule}" for one in body.blocking)
    excepted = ", ".join(body.excepted)
    parts: list[Line] = []
    if held_up:
        parts.append(line(capture(held_up, limit=300)))
    if excepted:
        parts.append(line(capture(f"† {excepted}", limit=300)))
    why = parts[0] if parts else line(quiet(NONE))
    for part in parts[1:]:
        why = (*why, Break(), *part)
    watched = "" if body.mode == "enforce" else say(" watched only")
    return Row(
        (
            line(str(item.record.index)),
            line(body.gate),
            line(say("the release")) if change is None else line(link(change.anchor("r"), change.label)),
            line(status(mark, word), quiet(watched)),
            why,
            line(ledger_time(item.record)),
        ),
        anchor=entry_anchor(item.record.index),
    )


def _rest(count: int) -> tuple[Block, ...]:
    if count <= 0:
        return ()
    said = say_count(
        "{count} more answer is not printed; all are in the attached bundle.",
        "{count} more answers are not printed; all are in the attached bundle.",
        count,
    )
    return (Paragraph(line(said), small=True),)
