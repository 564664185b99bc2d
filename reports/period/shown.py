"""Lines that sections of a period pack share: verdicts counted, changes named, tables cut to a stated number."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import Break, Line, Mark, Paragraph, Row, Table, line, words
from reports.release.said import columns, link, quiet, received, status, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import minute, number, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.rules.verdict import Verdict
    from reports.parts import Block
    from reports.period.view import PeriodChange, PeriodView


MOST_NAMED: Final = 4
"""Projects named in a row; the rest is counted."""


def span_line(view: PeriodView) -> Line:
    """The days of the period, with its positions as the fine print."""
    return line(view.span) if view.days is None else line(view.span, " ", quiet(view.positions))


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many verdicts came out how, gravest first; every outcome is there."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in MARKS}


def counted(outcome: Outcome, many: int) -> Line:
    """A count in a table, with the sign of its outcome where it needs attention."""
    if many and outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE):
        return line(strong(f"{MARKS[outcome].sign} {number(many)}"))
    return line(number(many))


def verdict_line(change: PeriodChange) -> Line:
    """The outcomes of a change in words, with the rules that did not pass."""
    parts: list[Line] = []
    for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE):
        found = change.of(outcome)
        if found:
            rules = ", ".join(dict.fromkeys(verdict.rule for verdict in found))
            parts.append(line(status(MARKS[outcome]), f" {rules}"))
            excepted = sum(bool(verdict.excepted_by) for verdict in found)
            if excepted == len(found):
                parts.append(line(status(Mark.EXCEPTED)))
            elif excepted:
                parts.append(line(status(Mark.EXCEPTED, say("{part} excepted", part=share(excepted, len(found))))))
    if not parts:
        parts.append(line(status(MARKS[change.gravest])))
    return tuple(item for place, part in enumerate(parts) for item in ((Break(), *part) if place else part))


def change_line(view: PeriodView, change: PeriodChange) -> Line:
    """The change's name, as a link where the register prints it."""
    if change.number in view.printed:
        return line(link(change.anchor("r"), change.label))
    return line(change.label)


def subject_line(view: PeriodView, verdict: Verdict) -> Line:
    """What a verdict is about: a change, a release or the period itself."""
    change = view.subject(verdict)
    if change is not None:
        return change_line(view, change)
    release = view.releases.get(verdict.subject)
    if release is not None:
        return line(say("Release {release}", release=release.name))
    projects = view.of_itself(verdict)
    if projects is None or len(view.parts) == 1:
        return line(say("The period itself"))
    return line(say("The period itself, in {projects}", projects=named_projects(view, projects)))


def named_projects(view: PeriodView, projects: Sequence[str]) -> str:
    """Projects by their printed names, the first of many; the rest is counted."""
    names = ", ".join(view.project_name(project).plain for project in projects[:MOST_NAMED])
    more = len(projects) - MOST_NAMED
    return say("{names} and {more} more", names=names, more=number(more)) if more > 0 else names


def ruled(view: PeriodView, rules: Sequence[str], caption: str, empty: str) -> Table:
    """What some rules found for the period itself, in a sentence each."""
    return Table(
        columns((say("Rule"), 12), (say("Result"), 18), (say("What was found"), 70)),
        tuple(
            Row(
                (
                    _rule_line(view, verdict),
                    line(status(MARKS[verdict.outcome])),
                    line(capture(view.sentence(verdict).plain, limit=300)),
                ),
                hit=verdict.outcome is Outcome.FAIL,
            )
            for verdict in view.verdicts
            if verdict.rule in rules and view.of_itself(verdict) is not None
        ),
        words(empty),
        words(caption),
        "small",
    )


def _rule_line(view: PeriodView, verdict: Verdict) -> Line:
    """The rule of a verdict about the period itself; with its projects where different policies judge."""
    if len(view.parts) == 1:
        return line(verdict.rule)
    return line(verdict.rule, Break(), quiet(named_projects(view, view.of_itself(verdict) or ())))


def cut(rows: Sequence[Row], most: int, register: str) -> tuple[tuple[Row, ...], tuple[Block, ...]]:
    """``most`` rows in their order, those that need attention chosen first, and the sentence that says where all are.

    No sentence where all are printed.
    """
    if len(rows) <= most:
        return tuple(rows), ()
    chosen = sorted(sorted(range(len(rows)), key=lambda place: (not rows[place].hit, place))[:most])
    said = say(
        "Printed: {shown} of {whole}, chosen by what needs attention, then in order. All of them are in the attached "
        "register “{register}” and in the bundle.",
        shown=number(most),
        whole=say_count("{count} row", "{count} rows", len(rows)),
        register=register,
    )
    return tuple(rows[place] for place in chosen), (Paragraph(line(said), small=True),)


def held_from(view: PeriodView, position: int) -> str:
    """When something came to hold or ended at ``position``: the time of the entry before, which completed it."""
    found = next((item for item in view.dossier.records.entries if item.index == position - 1), None)
    if found is None:
        return say("position {position}", position=number(position))
    return say("{time} (entry {entry})", time=minute(received(found)), entry=number(position - 1))


def to_write(what: str) -> Line:
    """Where somebody writes by hand what the ledger does not hold."""
    return line(quiet(what), " ", quiet("_" * 26))
