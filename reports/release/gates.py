"""What gates answered, what landed or was deployed all the same, and which answer opened what was shut."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.parts import Break, Mark, Paragraph, Row, Table, line, words
from reports.release.said import NONE, columns, entry, entry_anchor, ledger_time, link, quiet, status, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.dossier.facts import ChangeFacts, ReleaseDossier, Told
    from ledger.events.governance import GateDecision
    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

MOST: Final = 60
"""Answers of gates printed, those of closed gates first; the rest is counted."""
_SHUT: Final = "blocked"
_ENFORCED: Final = "enforce"


def gate_answers(view: View) -> tuple[tuple[ChangeView | None, Told[GateDecision]], ...]:
    """What gates answered about the release and its changes, ascending by entry index."""
    found: dict[int, tuple[ChangeView | None, Told[GateDecision]]] = {
        item.record.index: (change, item) for change in view.changes for item in change.facts.gates
    }
    found |= {item.record.index: (None, item) for item in view.dossier.gates}
    return tuple(found[index] for index in sorted(found))


def printed_answers(view: View) -> tuple[tuple[ChangeView | None, Told[GateDecision]], ...]:
    """Those that the table prints, change by change, the release last; where there are many, those that stayed shut."""
    chosen = sorted(gate_answers(view), key=lambda item: item[1].body.outcome != _SHUT)[:MOST]

    def place(item: tuple[ChangeView | None, Told[GateDecision]]) -> tuple[int, int]:
        return len(view.changes) + 1 if item[0] is None else item[0].number, item[1].record.index

    return tuple(sorted(chosen, key=place))


@dataclass(frozen=True, slots=True)
class Despite:
    """Something landed, or was deployed, although the last answer of its gate before was Shut."""

    change: ChangeView | None
    """None: the release."""
    gate: Told[GateDecision]
    use: Record
    """The entry by which it had landed or was deployed."""

    @property
    def watched(self) -> bool:
        """Whether the gate only watched, so that it stopped nothing."""
        return only_watched(self.gate)


def despite(view: View) -> tuple[Despite, ...]:
    """Landings of changes, and the first deployment of the release, after an answer Shut that no later one opened."""
    found = [Despite(change, *step) for change in view.changes for step in landed_despite(change.facts)]
    return (*found, *(Despite(None, *step) for step in deployed_despite(view.dossier)))


def landed_despite(facts: ChangeFacts) -> Iterator[tuple[Told[GateDecision], Record]]:
    """Landings of a change after an answer Shut that no later one opened: the answer, and the entry of the landing."""
    for landing in facts.landings:
        gate = _last_before(facts.gates, "merge", landing.there_by)
        if gate is not None and is_shut(gate):
            yield gate, landing.there_by


def deployed_despite(release: ReleaseDossier) -> Iterator[tuple[Told[GateDecision], Record]]:
    """The first deployment of a release, where it came after an answer Shut that no later one opened."""
    for item in release.deployments[:1]:
        gate = _last_before(release.gates, "deploy", item.record)
        if gate is not None and is_shut(gate):
            yield gate, item.record


def only_watched(gate: Told[GateDecision]) -> bool:
    """Whether the gate answered and stopped nothing."""
    return gate.body.mode != _ENFORCED


def _last_before(gates: tuple[Told[GateDecision], ...], sort: str, use: Record) -> Told[GateDecision] | None:
    before = [one for one in gates if one.body.gate == sort and one.record.index < use.index]
    return before[-1] if before else None


def _opened_by(view: View, change: ChangeView | None, item: Told[GateDecision]) -> Record | None:
    """The next answer of the same gate about the same, where that is Open."""
    return opened_by(view.dossier.gates if change is None else change.facts.gates, item)


def opened_by(gates: Iterable[Told[GateDecision]], item: Told[GateDecision]) -> Record | None:
    """The next answer of the same gate among ``gates``, all about one subject, where that is Open."""
    later = (one for one in gates if one.body.gate == item.body.gate and one.record.index > item.record.index)
    after = next(later, None)
    return None if after is None or is_shut(after) else after.record


def is_shut(item: Told[GateDecision]) -> bool:
    """Whether the gate answered Shut."""
    return item.body.outcome == _SHUT


def gate_table(view: View) -> tuple[Block, ...]:
    """The answers, and how many are not printed; nothing where no gate answered."""
    answers = printed_answers(view)
    if not answers:
        return ()
    used = {one.gate.record.index: one.use for one in despite(view)}
    return (
        Table(
            columns(
                (say("Entry"), 7),
                (say("Gate"), 9),
                (say("About"), 15),
                (say("Answer"), 25),
                (say("Shut by, or excepted"), 25),
                (say("Ledger time, UTC"), 19),
            ),
            tuple(_answer(view, change, item, used) for change, item in printed_answers(view)),
            words(say("No answer of a gate is recorded for the release or its changes.")),
            words(say("What gates answered, change by change; † stands before rules that were excepted")),
            "dense",
        ),
        *_rest(len(gate_answers(view)) - MOST),
    )


def _answer(view: View, change: ChangeView | None, item: Told[GateDecision], used: Mapping[int, Record]) -> Row:
    body = item.body
    shut = body.outcome == _SHUT
    mark = Mark.FAIL if shut else Mark.PASS
    parts: list[Line] = []
    if body.blocking:
        parts.append(line(capture(counted_rules([one.rule for one in body.blocking]), limit=300)))
    if body.excepted:
        parts.append(line(capture(f"† {', '.join(body.excepted)}", limit=300)))
    why = parts[0] if parts else line(quiet(NONE))
    for part in parts[1:]:
        why = (*why, Break(), *part)
    answered: Line = line(status(mark, say("Shut") if shut else say("Open")))
    if only_watched(item):
        answered = (*answered, *line(quiet(say(" only watched"))))
    opened = _opened_by(view, change, item) if shut else None
    if opened is not None:
        answered = (*answered, *line(Break(), quiet(say("opened by {entry}", entry=entry(opened)))))
    if (use := used.get(item.record.index)) is not None:
        went = (
            say("yet deployed by {entry}", entry=entry(use))
            if change is None
            else say("yet landed by {entry}", entry=entry(use))
        )
        answered = (*answered, *line(Break(), strong("! "), went))
    return Row(
        (
            line(str(item.record.index)),
            line(body.gate),
            line(say("the release")) if change is None else line(link(change.anchor("r"), change.label)),
            answered,
            why,
            line(ledger_time(item.record)),
        ),
        hit=item.record.index in used,
        anchor=entry_anchor(item.record.index),
    )


def counted_rules(rules: list[str]) -> str:
    """Each rule once, with how many of its verdicts kept the gate shut where they are several."""
    return ", ".join(
        rule if many == 1 else say("{rule} ({count} verdicts)", rule=rule, count=number(many))
        for rule, many in Counter(rules).items()
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
