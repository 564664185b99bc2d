"""Exceptions: declared departures from rules, who asked, who authorised, and who looked at them afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import compare
from ledger.rules.catalogue import BY_ID
from ledger.rules.excepting import AUTHORISATION, REVIEW
from ledger.rules.exceptions import DECISIVE
from ledger.rules.reviewed import stands
from reports.parts import Card, Line, Mark, Section, line, words
from reports.release.bypasses import bypasses
from reports.release.register import once
from reports.release.said import (
    absence,
    entry,
    joined,
    ledger_time,
    link,
    named,
    parse_time,
    quiet,
    received,
    rows,
    status,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import duration, moment, number

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
        (*_cards(view, found), *bypasses(view)),
        brief=not found and view.changeless,
    )


def _cards(view: View, found: tuple[tuple[ChangeView | None, ExceptionFact], ...]) -> tuple[Card, ...]:
    """Those that nobody reviewed first."""
    placed: set[int] = set()
    ordered = sorted(found, key=lambda one: looked_at(one[1]))
    return tuple(_card(view, change, item, placed) for change, item in ordered)


def listed_exceptions(view: View) -> tuple[tuple[ChangeView | None, ExceptionFact], ...]:
    """Every exception of the release and of its changes, ascending by entry index."""
    found: list[tuple[ChangeView | None, ExceptionFact]] = [(None, item) for item in view.dossier.exceptions]
    found += [(change, item) for change in view.changes for item in change.facts.exceptions]
    return tuple(sorted(found, key=lambda item: item[1].record.index))


def looked_at(item: ExceptionFact) -> bool:
    """Whether somebody else than who asked for an exception reviewed it, agreeing or not; in time is the rule's."""
    return any(
        fact.approval.meaning == REVIEW
        and fact.approval.decision in DECISIVE
        and stands(fact)
        and compare(fact.approver, item.requester) != "yes"
        for fact in item.decisions
    )


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


def _card(view: View, change: ChangeView | None, item: ExceptionFact, placed: set[int]) -> Card:
    exception = item.exception
    incident = "" if exception.incident is None else f", {exception.incident}"
    return Card(
        capture(
            say("Exception of entry {index}: {cause}", index=item.record.index, cause=f"{exception.cause}{incident}"),
            limit=200,
        ),
        status(Mark.EXCEPTED, say("Reviewed") if looked_at(item) else say("Not reviewed")),
        rows(
            (say("For"), _subject(view, change, item)),
            (say("Departs from"), line("; ".join(f"{rule} {_title(rule)}".strip() for rule in exception.rules))),
            (say("Reason"), _reason(item)),
            (say("Asked by"), line(named(item.requester), ", ", quiet(ledger_time(item.record)))),
            (say("Holds until"), line(moment(parse_time(exception.expires_at)))),
            (say("Authorised by"), _decided(item, AUTHORISATION)),
            (say("Reviewed by"), _decided(item, REVIEW)),
            (say("Stands beside"), _beside(view, item)),
        ),
        once(placed, item.record.index),
    )


def _subject(view: View, change: ChangeView | None, item: ExceptionFact) -> Line:
    what = line(say("the release"))
    if change is not None:
        label = link(change.anchor("r"), change.label, page=True) if view.shows(change) else change.label
        what = line(label, ": ", change.title)
    if item.exception.environment is None:
        return what
    return (*what, *line(", ", quiet(say("in {environment}", environment=item.exception.environment))))


def _title(rule: str) -> str:
    return BY_ID[rule].title if rule in BY_ID else ""


def _reason(item: ExceptionFact) -> Line:
    if isinstance(item.reason, str):
        return line(capture(item.reason, limit=600))
    return line(strong(say("reason {absence}", absence=absence(item.reason.state))))


def _decided(item: ExceptionFact, meaning: str) -> Line:
    facts = [fact for fact in item.decisions if fact.approval.meaning == meaning and stands(fact)]
    return joined(
        [
            line(
                named(fact.approver),
                ", ",
                quiet(
                    say(
                        "{decision}, {entry}, {time}, {after} after it was declared",
                        decision=fact.approval.decision,
                        entry=entry(fact.record),
                        time=ledger_time(fact.record),
                        after=duration(received(fact.record) - received(item.record)),
                    )
                ),
            )
            for fact in facts
        ],
        "; ",
    ) or line(strong(say("nobody")))


def _beside(view: View, item: ExceptionFact) -> Line:
    """The verdicts that the exception stands beside: what it was used for, as the rules see it."""
    found = [
        verdict.rule
        for verdict in view.verdicts
        if any(one.envelope == item.record.envelope for one in verdict.excepted_by)
    ]
    if not found:
        return line(quiet(say("no verdict: nothing that it speaks of failed, or it does not reach what did")))
    return line(
        say_count(
            "{count} verdict: {rules}", "{count} verdicts: {rules}", len(found), rules=", ".join(dict.fromkeys(found))
        )
    )
