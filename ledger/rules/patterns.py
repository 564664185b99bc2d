"""Duties over time: who changes rules and then uses the change, and who approves in turns: SOD-09 and SOD-13."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.facts import PeriodDossier
from ledger.dossier.people import sure
from ledger.events.roster import KeyEnrol, KeyRotate, PolicySet, PrincipalCreate, PrincipalSplit, RoleEnd, RoleGrant
from ledger.events.shape import instant
from ledger.events.work import Approval
from ledger.roster.state import person_behind
from ledger.rules.contributors import CODE, contributions, gaps
from ledger.rules.deliverers import hidden_changes
from ledger.rules.judged import judged
from ledger.rules.kinds import at_least
from ledger.rules.kinds import percent as share
from ledger.rules.parameters import COUNTING, PEOPLE
from ledger.rules.reviewed import doubts, sort_approvals
from ledger.rules.shape import ChangeCase, Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import is_late
from ledger.rules.wording import capital, counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ledger.dossier.facts import ChangeFacts, Landing, Party, ReleaseDossier
    from ledger.records import Record
    from ledger.rules.shape import Finding, NamedRecord, PeriodCase, ReleaseCase


@dataclass(frozen=True, slots=True)
class _Act:
    """Something somebody did, by the ledger's time."""

    who: str
    record: Record
    what: str

    @property
    def at(self) -> datetime:
        return instant(self.record.leaf.received_at)


def sod_09_release(case: ReleaseCase) -> Finding:
    """SOD-09 of a release."""
    return _kept_apart(case, case.dossier, hidden_changes(case.dossier))


def sod_09_period(case: PeriodCase) -> Finding:
    """SOD-09 of a period."""
    return _kept_apart(case, case.dossier)


def _kept_apart(
    case: ReleaseCase | PeriodCase, dossier: ReleaseDossier | PeriodDossier, hidden: Iterable[str] = ()
) -> Finding:
    window = timedelta(hours=cast("int", case.settings["hours"]))
    unplaced = dossier.unplaced if isinstance(dossier, PeriodDossier) else ()
    uses, missing = _uses(dossier.changes, unplaced)
    missing += hidden
    if not uses and not missing:
        return inapplicable("a change was approved or landed")
    changed = list(_changed(dossier))
    pairs = [
        (act, use)
        for use in uses
        for act in changed
        if act.who == use.who and timedelta(0) <= use.at - act.at <= window
    ]
    inputs: list[NamedRecord] = [("use", use.record) for use in uses]
    if pairs:
        found = [
            f"{person(use.who)} {act.what} in entry {act.record.index} and {use.what} in entry {use.record.index}"
            for act, use in pairs
        ]
        inputs += [("act", act.record) for act, _ in pairs]
        more = f"; and {len(found) - 3} more of the kind" if len(found) > 3 else ""
        return failed(f"Within {_hours(window)}, {'; '.join(found[:3])}{more}.", inputs)
    snapshots = [item.record for item in dossier.surroundings.snapshots if not is_late(item.record)]
    missing += [
        f"how refs were protected in the {_hours(window)} before entry {use.record.index} was not looked at"
        for use in uses
        if not any(timedelta(0) <= use.at - instant(record.leaf.received_at) <= window for record in snapshots)
    ]
    inputs += [("control-snapshot", record) for record in snapshots]
    if missing:
        return untold(missing, inputs)
    return passed(
        f"Nobody changed rules, roles, keys or protections and approved or merged within {_hours(window)} after it "
        f"({counted(len(uses), 'approval or landing', 'approvals and landings')}).",
        inputs,
    )


def _hours(window: timedelta) -> str:
    return counted(int(window.total_seconds()) // 3600, "hour", "hours")


def _uses(changes: Iterable[ChangeFacts], unplaced: Iterable[Landing]) -> tuple[list[_Act], list[str]]:
    """Approvals and landings, with clauses about those of which it is not known whose they are, or when they were."""
    found: list[_Act] = []
    missing: list[str] = []
    done: list[tuple[Party, Record, str, tuple[str, ...]]] = [
        (item.merged_by, item.record, "landed something", ()) for item in unplaced
    ]
    for change in changes:
        done += [
            (fact.approver, fact.record, f"approved change {change.id}", doubts(fact))
            for fact in change.approvals
            if fact.approval.decision == "approve"
        ]
        done += [(item.merged_by, item.record, f"landed change {change.id}", ()) for item in change.landings]
    for party, record, what, reasons in done:
        if is_late(record):
            missing.append(f"entry {record.index} was only recorded afterwards")
        elif not sure(party) or party.principal is None:
            missing.append(f"who {what} in entry {record.index} is not known")
        else:
            missing += reasons
            found.append(_Act(party.principal, record, what))
    return found, missing


_ACTS: Final[Mapping[type, str]] = {
    PolicySet: "set the policy",
    RoleGrant: "changed a role",
    RoleEnd: "changed a role",
    KeyEnrol: "enrolled a key",
    KeyRotate: "enrolled a key",
    PrincipalCreate: "made a principal known",
    PrincipalSplit: "split a principal off",
}
"""What the acts do by which a policy, a role or a second self comes into force."""


def _changed(dossier: ReleaseDossier | PeriodDossier) -> Iterator[_Act]:
    """Acts that let somebody do more, by those who signed or approved them, and protections as the forge told."""
    records = dossier.records
    acts = {
        record.envelope: what for record in records.entries if (what := _ACTS.get(type(record.event.body))) is not None
    }
    for record in records.entries:
        body = record.event.body
        what = acts.get(record.envelope)
        if isinstance(body, Approval) and body.basis.act is not None and body.decision == "approve":
            what = acts.get(body.basis.act)
        if what is not None:
            yield _Act(person_behind(records.roster, record.key.principal, records.position), record, what)
    for item in dossier.surroundings.snapshots:
        if item.body.changed_by is not None:
            who = person_behind(records.roster, item.body.changed_by, records.position)
            yield _Act(who, item.record, "changed the protection of a ref")


def sod_13(case: PeriodCase) -> Finding:
    """SOD-13: approvals of a period do not mostly go back and forth between the same two people."""
    edges: list[tuple[str, frozenset[str]]] = []
    missing: list[str] = []
    inputs: list[NamedRecord] = []
    for change in case.dossier.changes:
        of_change = ChangeCase(case.dossier.records, change, case.settings, case.as_of)
        authors, unclear = _authors(of_change)
        missing += unclear
        for content in judged(of_change):
            found = sort_approvals(of_change, content)
            missing += found.reasons
            inputs += found.inputs
            edges += [(who, authors) for who in found.people]
    least = cast("int", case.settings["least"])
    if missing:
        return untold(missing, inputs)
    if not edges:
        return inapplicable("a change of the period was approved")
    if len(edges) < least:
        return untold(
            (f"{counted(len(edges), 'approval is', 'approvals are')} too few for a pattern; {least} are needed",),
            inputs,
        )
    return _share(case, edges, inputs)


def _authors(case: ChangeCase) -> tuple[frozenset[str], list[str]]:
    found: set[str] = set()
    missing = list(gaps(case, CODE))
    for item in contributions(case, CODE):
        if sure(item.party) and item.party.principal is not None:
            found.add(item.party.principal)
        else:
            missing.append(f"who wrote part of change {case.change.id} is not known")
    return frozenset(found), missing


def _share(case: PeriodCase, edges: Sequence[tuple[str, frozenset[str]]], inputs: Sequence[NamedRecord]) -> Finding:
    approved = {(who, author) for who, authors in edges for author in authors}
    closed = [(who, author) for who, authors in edges for author in authors if (author, who) in approved]
    mutual = sum(any((author, who) in approved for author in authors) for who, authors in edges)
    percent = cast("int", case.settings["percent"])
    told = f"{mutual} of {len(edges)} approvals of the period went back and forth between two people"
    if mutual * 100 <= percent * len(edges):
        return passed(f"{told}; up to {percent} percent are allowed.", inputs)
    pairs = {tuple(sorted(pair)) for pair in closed}
    names = [" and ".join(map(person, pair)) for pair in sorted(pairs, key=lambda pair: (-_count(closed, pair), pair))]
    return failed(f"{capital(told)}; up to {percent} percent were allowed. Most of all {listed(names[:1])}.", inputs)


def _count(closed: Sequence[tuple[str, str]], pair: tuple[str, ...]) -> int:
    return sum(tuple(sorted(item)) == pair for item in closed)


SOD_09: Final = Rule(
    "SOD-09",
    "Who changes the rules does not use the change",
    "Nobody changed a policy, a role, a key or a protection and approved or landed something shortly afterwards.",
    release=sod_09_release,
    period=sod_09_period,
    parameters=(
        Parameter("hours", 24, at_least(1), "For how many hours after changing the rules one keeps from using them."),
    ),
)
SOD_13: Final = Rule(
    "SOD-13",
    "No closed pairs",
    "Over a period, approvals do not mostly go back and forth between the same two people.",
    period=sod_13,
    parameters=(
        *COUNTING,
        *PEOPLE,
        Parameter("percent", 50, share(1), "The most percent of approvals that may be given in turns by two people."),
        Parameter("least", 10, at_least(2), "How many approvals it takes to speak of a pattern."),
    ),
)
