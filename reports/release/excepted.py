"""Exceptions: declared departures from rules, who asked, who authorised, and who looked at them afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.excepting import AUTHORISATION, REVIEW
from ledger.rules.reviewed import stands
from reports.parts import Line, Row, Section, Table, line, say_line, words
from reports.release.bypasses import bypasses
from reports.release.register import once
from reports.release.said import (
    absence,
    columns,
    entry,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    strong,
)
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ExceptionFact
    from reports.release.view import ChangeView, View

ANCHOR: Final = "exceptions"


def exceptions(view: View) -> Section:
    """The section."""
    found = listed_exceptions(view)
    return Section(
        ANCHOR,
        "9",
        words(say("Exceptions and bypasses")),
        words(say("What departed from the rules, declared or not, why, and who looked at it afterwards?")),
        _lede(view, found),
        (*((_table(found),) if found else ()), *bypasses(view)),
        brief=not found and view.changeless,
    )


def listed_exceptions(view: View) -> tuple[tuple[ChangeView | None, ExceptionFact], ...]:
    """Every exception of the release and of its changes, ascending by entry index."""
    found: list[tuple[ChangeView | None, ExceptionFact]] = [(None, item) for item in view.dossier.exceptions]
    found += [(change, item) for change in view.changes for item in change.facts.exceptions]
    return tuple(sorted(found, key=lambda item: item[1].record.index))


def _lede(view: View, found: tuple[tuple[ChangeView | None, ExceptionFact], ...]) -> Line:
    if not found:
        return line(say("No exception was declared for this release or for one of its changes."))
    beside = sum(bool(verdict.excepted_by) for verdict in view.verdicts)
    return line(
        say_count(
            "{count} exception declared; {beside} of the verdicts that failed or cannot be told stand beside one. A "
            "verdict stays what it is: an exception explains it and mends nothing.",
            "{count} exceptions declared; {beside} of the verdicts that failed or cannot be told stand beside one. A "
            "verdict stays what it is: an exception explains it and mends nothing.",
            len(found),
            beside=number(beside),
        )
    )


def _table(found: tuple[tuple[ChangeView | None, ExceptionFact], ...]) -> Table:
    placed: set[int] = set()
    return Table(
        columns(
            (say("Entry"), 7),
            (say("For"), 13),
            (say("Rules"), 13),
            (say("Cause and reason"), 25),
            (say("Asked by, until"), 20),
            (say("Authorised, reviewed"), 22),
        ),
        tuple(_row(change, item, placed) for change, item in found),
        words(say("No exception was declared.")),
        words(say("Exceptions")),
        "small",
    )


def _row(change: ChangeView | None, item: ExceptionFact, placed: set[int]) -> Row:
    exception = item.exception
    what = line(say("the release")) if change is None else line(link(change.anchor("r"), change.label))
    if exception.environment is not None:
        what = (*what, *line(", ", quiet(say("in {environment}", environment=exception.environment))))
    incident = "" if exception.incident is None else f", {exception.incident}"
    reason = (
        line(capture(item.reason, limit=600))
        if isinstance(item.reason, str)
        else line(strong(say("reason {absence}", absence=absence(item.reason.state))))
    )
    return Row(
        (
            line(str(item.record.index)),
            what,
            line(", ".join(exception.rules)),
            (*line(capture(f"{exception.cause}{incident}. ", limit=200)), *reason),
            (
                *line(named(item.requester), ", "),
                *line(
                    quiet(
                        say(
                            "declared {declared}, until {until}",
                            declared=ledger_time(item.record),
                            until=exception.expires_at,
                        )
                    )
                ),
            ),
            _decided(item),
        ),
        hit=not any(fact.approval.meaning == REVIEW and stands(fact) for fact in item.decisions),
        anchor=once(placed, item.record.index),
    )


def _decided(item: ExceptionFact) -> Line:
    parts: list[Line] = []
    for meaning, never, done in (
        (AUTHORISATION, to_say("not authorised"), to_say("authorised by {person}, {decision}")),
        (REVIEW, to_say("not reviewed"), to_say("reviewed by {person}, {decision}")),
    ):
        facts = [fact for fact in item.decisions if fact.approval.meaning == meaning and stands(fact)]
        if not facts:
            parts.append(line(strong(say(never))))
        parts += [
            say_line(
                done,
                person=named(fact.approver),
                decision=quiet(f"{fact.approval.decision}, {entry(fact.record)}, {ledger_time(fact.record)}"),
            )
            for fact in facts
        ]
    return joined(parts, "; ")
