"""Exceptions, emergencies and bypasses, each population whole, with how long it took until somebody looked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.rules.excepting import AUTHORISATION, REVIEW
from ledger.rules.reviewed import stands
from ledger.rules.verdict import Outcome
from reports.parts import Figure, Figures, Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.period.bypasses import Bypass, Standing, bypass_blocks, bypasses, past_shut, went_on
from reports.period.shown import change_line, cut
from reports.release.said import (
    absence,
    columns,
    joined,
    named,
    parse_time,
    quiet,
    received,
    status,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import duration, minute, number

if TYPE_CHECKING:
    from datetime import timedelta

    from ledger.dossier.facts import ApprovalFact, ExceptionFact
    from reports.parts import Block, Status
    from reports.period.view import PeriodChange, PeriodView

ANCHOR: Final = "exceptions"
MOST: Final = 30
"""Rows printed of each table; the rest is counted."""
REASON: Final = 200
"""Characters printed of a reason."""


def declared(view: PeriodView) -> tuple[ExceptionFact, ...]:
    """Every exception declared in the period, and every earlier one for a change that landed in it."""
    found = {item.record.index: item for item in view.dossier.surroundings.exceptions}
    for change in view.changes:
        found.update((item.record.index, item) for item in change.facts.exceptions)
    return tuple(found[index] for index in sorted(found))


def reviewed_after(item: ExceptionFact) -> timedelta | None:
    """How long after the declaration somebody first looked at it; None: nobody has."""
    reviews = [fact for fact in item.decisions if fact.approval.meaning == REVIEW and stands(fact)]
    return received(reviews[0].record) - received(item.record) if reviews else None


def undeclared_emergencies(view: PeriodView) -> tuple[PeriodChange, ...]:
    """Changes called emergencies for which no exception was declared."""
    return tuple(change for change in view.changes if change.strata.type == "emergency" and not change.strata.excepted)


def exceptions(view: PeriodView) -> Section:
    """The section."""
    found, passed = declared(view), bypasses(view)
    alone = undeclared_emergencies(view)
    times = [span for item in found if (span := reviewed_after(item)) is not None]
    blocks: list[Block] = []
    if found:
        changes = sum(change.strata.excepted for change in view.changes)
        blocks.append(
            Figures(
                (
                    Figure(words(number(len(found))), words(say_count("exception", "exceptions", len(found)))),
                    Figure(
                        words(number(changes)),
                        words(say_count("change under one", "changes under one", changes)),
                        words(say("of {whole}", whole=number(len(view.changes)))),
                    ),
                    Figure(
                        words(number(len(times))),
                        words(say("looked at afterwards")),
                        words(say("of {whole}", whole=number(len(found)))),
                    ),
                )
            )
        )
    if times:
        said = (
            say("Until somebody looked at the one that was looked at: {longest}.", longest=duration(times[0]))
            if len(times) == 1
            else say(
                "Until somebody looked, of {count} that were looked at: median {median}, at most {longest}.",
                count=number(len(times)),
                median=duration(_middle(times)),
                longest=duration(max(times)),
            )
        )
        blocks.append(Paragraph(line(said)))
    blocks += _table(view, found)
    blocks += _alone(view, alone)
    blocks += bypass_blocks(view, passed)
    return Section(
        ANCHOR,
        "15",
        words(say("Exceptions and emergencies")),
        words(say("Which rules were departed from or passed over, why, and who looked at it, how fast?")),
        _lede(view, found, times, passed),
        tuple(blocks),
        brief=not found and not passed and not alone,
    )


def _lede(
    view: PeriodView, found: tuple[ExceptionFact, ...], times: list[timedelta], passed: tuple[Bypass, ...]
) -> Line:
    first = (
        say_count(
            "The whole population: {count} exception, looked at afterwards: {reviewed}.",
            "The whole population: {count} exceptions, looked at afterwards: {reviewed}.",
            len(found),
            reviewed=number(len(times)),
        )
        if found
        else say("No exception was declared in the period, or for a change that landed in it.")
    )
    went = went_on(past_shut(view))
    return line(first, " ", _passed_over(passed), *((" ", went) if went else ()))


def _passed_over(passed: tuple[Bypass, ...]) -> str:
    counts = Counter(item.standing for item in passed)
    if (
        not counts[Standing.UNDECLARED]
        + counts[Standing.DECLARED]
        + counts[Standing.UNTOLD]
        + counts[Standing.UNJUDGED]
    ):
        return say("No bypass of a protection or of a gate that could stop something is known.")
    if counts[Standing.UNJUDGED]:
        return say_count(
            "{count} sign of a bypass is recorded and was not judged.",
            "{count} signs of a bypass are recorded and were not judged.",
            counts[Standing.UNJUDGED],
        )
    told = say_count(
        "{count} undeclared bypass is known, {declared} declared.",
        "{count} undeclared bypasses are known, {declared} declared.",
        counts[Standing.UNDECLARED],
        declared=number(counts[Standing.DECLARED]),
    )
    if not counts[Standing.UNTOLD]:
        return told
    rest = say_count(
        "Of {count} more sign it cannot be told.", "Of {count} more signs it cannot be told.", counts[Standing.UNTOLD]
    )
    return f"{told} {rest}"


def _table(view: PeriodView, found: tuple[ExceptionFact, ...]) -> list[Block]:
    if not found:
        return []
    shown, rest = cut(tuple(_row(view, item) for item in found), MOST, "exceptions")
    return [
        Table(
            columns(
                (say("Entry"), 7),
                (say("For"), 13),
                (say("Rules"), 12),
                (say("Cause and reason"), 24),
                (say("Asked by, until"), 17),
                (say("Authorised, reviewed"), 17),
                (say("Until review"), 10),
            ),
            shown,
            words(say("None.")),
            words(say("Exceptions")),
            "dense",
        ),
        *rest,
    ]


def _row(view: PeriodView, item: ExceptionFact) -> Row:
    exception, context = item.exception, item.record.event.context
    change = next(
        (one for one in view.changes if (one.facts.project, one.facts.id) == (context.project, context.about.change)),
        None,
    )
    what: Line
    if change is not None:
        what = change_line(view, change)
    elif context.about.release is not None:
        what = line(say("release {release}", release=capture(context.about.release, limit=60)))
    else:
        what = line(
            say("change {change}, not landed in the period", change=capture(context.about.change or "", limit=40))
        )
    incident = ""
    if exception.incident is not None:
        recorded = any(one.body.incident == exception.incident for one in view.dossier.surroundings.incidents)
        incident = (
            f", {exception.incident}"
            if recorded
            else say(", {incident}, of which no incident is recorded in the period", incident=exception.incident)
        )
    reason = (
        line(capture(item.reason, limit=REASON))
        if isinstance(item.reason, str)
        else line(strong(say("reason {state}", state=absence(item.reason.state))))
    )
    after = reviewed_after(item)
    return Row(
        (
            line(number(item.record.index)),
            what,
            line(", ".join(exception.rules)),
            (*line(capture(f"{exception.cause}{incident}. ", limit=120)), *reason),
            (
                *line(named(item.requester), ", "),
                *line(
                    quiet(
                        say(
                            "{declared} until {until}",
                            declared=minute(received(item.record)),
                            until=minute(parse_time(exception.expires_at)),
                        )
                    )
                ),
            ),
            _decided(item),
            line(_not_looked_at(view, item)) if after is None else line(duration(after)),
        ),
        hit=after is None,
    )


def _not_looked_at(view: PeriodView, item: ExceptionFact) -> Status:
    """That nobody reviewed it: open while the rule about it does not call that a failure."""
    found = [
        verdict.outcome
        for verdict in view.verdicts
        if verdict.rule == "EXC-02" and any(one.index == item.record.index for one in verdict.inputs)
    ]
    if found and Outcome.FAIL not in found:
        return status(Mark.CANNOT_TELL, say("Not yet"))
    return status(Mark.FAIL, say("Never"))


def _decided(item: ExceptionFact) -> Line:
    def of(meaning: str) -> list[ApprovalFact]:
        return [fact for fact in item.decisions if fact.approval.meaning == meaning and stands(fact)]

    allowed, looked = of(AUTHORISATION), of(REVIEW)
    parts: list[Line] = []
    parts += [line(say("authorised by"), " ", named(fact.approver)) for fact in allowed] or [
        line(quiet(say("not authorised")))
    ]
    parts += [line(say("reviewed by"), " ", named(fact.approver)) for fact in looked] or [
        line(strong(say("not reviewed")))
    ]
    return joined(parts, "; ")


def _alone(view: PeriodView, alone: tuple[PeriodChange, ...]) -> list[Block]:
    if not alone:
        return []
    shown, rest = cut(
        tuple(Row((change_line(view, change), line(change.title)), hit=True) for change in alone), MOST, "changes"
    )
    return [
        Table(
            columns((say("Change"), 30), (say("What"), 70)),
            shown,
            words(say("None.")),
            words(say("Called an emergency, without an exception")),
            "small",
        ),
        *rest,
    ]


def _middle(times: list[timedelta]) -> timedelta:
    """The median by nearest rank, as all of this pack's: the value that half of them do not exceed."""
    return sorted(times)[(len(times) - 1) // 2]
