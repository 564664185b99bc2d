"""Whether whoever left, or lost a role in an access review, had lost it in time: ADM-04."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.roster import KeyEnd, KeyRevoke, PrincipalDisable, RoleEnd
from ledger.events.shape import instant
from ledger.records import Absent
from ledger.roster.state import principals_of
from ledger.rules.administration import access_list
from ledger.rules.kinds import LABELS, at_least
from ledger.rules.shape import (
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.wording import at_utc, capital, counted, listed, person

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.documents import ReviewedGrant
    from ledger.dossier.facts import ApprovalFact
    from ledger.records import Record


def adm_04(case: PeriodCase) -> Finding:
    """ADM-04: whoever left had no key and no role any more, in time; and what a review ended, ended."""
    findings = [*_leavers(case), *_ended_by_review(case)]
    return gravest(findings) if findings else inapplicable("somebody left, or an access review ended a role")


def _leavers(case: PeriodCase) -> list[Finding]:
    dossier = case.dossier
    reasons = cast("list[str]", case.settings["leaving_reasons"])
    left: dict[str, Record] = {}
    disabled: dict[str, Record] = {}
    for record in dossier.records.entries:
        if not dossier.first <= record.index < dossier.end:
            continue
        body = record.event.body
        if isinstance(body, KeyEnd | KeyRevoke | RoleEnd) and body.reason in reasons:
            left.setdefault(body.principal, record)
        if isinstance(body, PrincipalDisable):
            disabled.setdefault(body.principal, record)
    found = [
        untold(
            (_unknown_since(principal, record),),
            [("principal", record)],
        )
        for principal, record in disabled.items()
        if principal not in left
    ]
    return [*found, *(_ended(case, principal, record) for principal, record in left.items())]


def _unknown_since(principal: str, record: Record) -> str:
    who = person(principal)
    return f"when {who} left is not recorded, only that entry {record.index} ended all their keys and roles at once"


def _ended(case: PeriodCase, principal: str, first: Record) -> Finding:
    hours = cast("int", case.settings["end_hours"])
    roster, position = case.dossier.records.roster, case.dossier.records.position
    begun = instant(first.leaf.received_at)
    due = begun + timedelta(hours=hours)
    inputs: list[NamedRecord] = [("end", first)]
    waiting: list[str] = []
    late: list[str] = []
    for name in sorted(principals_of(roster, principal, position)):
        whole = roster.principals[name].until if name in roster.principals else None
        lives = [("a key", key.until, key.since) for key in roster.keys.values() if key.principal == name]
        lives += [(f"the role {item.role}", item.until, item.since) for item in roster.grants if item.principal == name]
        for what, until, since in lives:
            ends = [end for end in (until, whole) if end is not None]
            if (ends and min(ends) <= first.index) or since > first.index:
                continue
            at = _time_of(case, min(ends)) if ends else None
            if at is None:
                waiting.append(what)
            elif at > due:
                late.append(what)
    who = person(principal)
    if late or (waiting and instant(case.as_of) > due):
        return failed(
            f"{who} was leaving from entry {first.index} on; {listed([*late, *waiting])} had not ended within "
            f"{counted(hours, 'hour', 'hours')}.",
            inputs,
        )
    if waiting:
        return untold((f"{listed(waiting)} of {who} is still in force, and due {at_utc(due)}",), inputs)
    within = counted(hours, "hour", "hours")
    return passed(f"Every key and role of {who} had ended within {within} of entry {first.index}.", inputs)


def _time_of(case: PeriodCase, until: int) -> datetime | None:
    """When what ended at the position ``until`` ended: the entry before it completed that."""
    found = next((item for item in case.dossier.records.entries if item.index == until - 1), None)
    return None if found is None else instant(found.leaf.received_at)


def _ended_by_review(case: PeriodCase) -> list[Finding]:
    found: list[Finding] = []
    for fact in case.dossier.surroundings.access_reviews:
        if fact.approval.decision not in ("approve", "reject") or fact.withdrawn_by is not None:
            continue
        items = access_list(case, fact)
        if isinstance(items, Absent):
            clause = f"the list of the access review of entry {fact.record.index} is {items.state}"
            found.append(untold((clause,), [("approval", fact.record)]))
        else:
            found += [_taken_away(case, fact, item) for item in items if item.decision == "end"]
    return found


def _taken_away(case: PeriodCase, fact: ApprovalFact, item: ReviewedGrant) -> Finding:
    hours = cast("int", case.settings["end_hours"])
    roster = case.dossier.records.roster
    inputs: list[NamedRecord] = [("approval", fact.record)]
    entry = f"the access review of entry {fact.record.index}"
    due = instant(fact.record.leaf.received_at) + timedelta(hours=hours)
    holder = roster.principals.get(item.principal)
    ends = [
        grant.until
        for grant in roster.grants
        if (grant.envelope, grant.principal) == (item.grant, item.principal) and grant.until is not None
    ]
    if holder is not None and holder.until is not None:
        ends.append(holder.until)
    at = _time_of(case, min(ends)) if ends else None
    what = f"the role {item.role} of {person(item.principal)}"
    if at is not None and at <= due:
        return passed(f"{capital(what)} ended within {counted(hours, 'hour', 'hours')} of {entry}.", inputs)
    if at is None and instant(case.as_of) <= due:
        return untold((f"{what} is to end by {entry} and has not yet",), inputs)
    return failed(f"{capital(what)} had not ended within {counted(hours, 'hour', 'hours')} of {entry}.", inputs)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ADM-04",
        "Leavers lose keys and roles in time",
        "Whoever left lost every key and role in time, and so did whoever an access review ended a role of.",
        parameters=(
            Parameter("end_hours", 24, at_least(1), "Within how many hours all keys and roles must have ended."),
            Parameter(
                "leaving_reasons", ["left"], LABELS, "Reasons of the end of a key or role that say that somebody left."
            ),
        ),
        period=adm_04,
    ),
)
