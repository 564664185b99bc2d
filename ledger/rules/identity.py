"""Identity and keys: ID-01, ID-02 and ID-04."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import sure
from ledger.roster.state import Roster, key_in_force
from ledger.rules.contributors import CODE, by_party, contributions, gaps, unresolved
from ledger.rules.parameters import PEOPLE
from ledger.rules.reviewed import identity_doubt
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, ReleaseCase, Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.records import Record


def events_of_change(case: ChangeCase) -> tuple[NamedRecord, ...]:
    """Every event that rules read about the change, ascending by index."""
    change = case.change
    found: list[NamedRecord] = [("diff", item.record) for item in change.revisions]
    found += [("prompt", item.record) for item in change.prompts]
    found += [("approval", item.record) for item in change.approvals]
    found += [("test", item.record) for item in change.runs]
    found += [("merge", item.record) for item in change.landings]
    return tuple(sorted(found, key=lambda item: item[1].index))


def events_of_release(case: ReleaseCase) -> tuple[NamedRecord, ...]:
    """The release event, its approvals and its deployments."""
    dossier = case.dossier
    found: list[NamedRecord] = [("release", dossier.record)]
    found += [("approval", item.record) for item in dossier.approvals]
    found += [("deploy", item.record) for item in dossier.deployments]
    return tuple(found)


def id_01_change(case: ChangeCase) -> Finding:
    """ID-01 of a change."""
    return _signed(case.records.roster, events_of_change(case))


def id_01_release(case: ReleaseCase) -> Finding:
    """ID-01 of a release."""
    return _signed(case.dossier.records.roster, events_of_release(case))


def id_02_change(case: ChangeCase) -> Finding:
    """ID-02 of a change."""
    return _in_force(case.records.roster, events_of_change(case))


def id_02_release(case: ReleaseCase) -> Finding:
    """ID-02 of a release."""
    return _in_force(case.dossier.records.roster, events_of_release(case))


def id_04(case: ChangeCase) -> Finding:
    """ID-04: all accounts of contributors and approvers resolve."""
    taking_part = contributions(case)
    # A claim on an account is enough here: every claimant counts as having taken part.
    missing = [
        unresolved(item, duties)
        for item, duties in by_party(taking_part)
        if item.party.principal is None and not item.party.claimants
    ]
    missing += [identity_doubt(fact) for fact in case.change.approvals if not sure(fact.approver)]
    missing += gaps(case, CODE)
    inputs: list[NamedRecord] = [("diff", item.record) for item in case.change.revisions]
    inputs += [("approval", item.record) for item in case.change.approvals]
    if missing:
        return untold(missing, inputs)
    if not taking_part:
        return untold(("nobody is recorded as having taken part",), inputs)
    principals = {
        identifier for item in taking_part for identifier in (item.party.claimants or (item.party.principal,))
    }
    principals |= {item.approver.principal for item in case.change.approvals}
    return passed(
        f"Every account behind the change resolves: to {counted(len(principals), 'principal', 'principals')}.",
        [*inputs, *((item.duty, item.record) for item in taking_part)],
    )


def _signed(roster: Roster, events: Sequence[NamedRecord]) -> Finding:
    if not events:
        return inapplicable("an event is recorded")
    strangers = [item for item in events if _key_of(roster, item[1]) is None]
    if strangers:
        return untold((f"the key of entry {record.index} is not enrolled" for _, record in strangers), events)
    collected = sum(_reported(record) for _, record in events)
    told = f"; {counted(collected, 'reports', 'report')} what somebody else did" if collected else ""
    number = counted(len(events), "event", "events")
    return passed(f"Every event is signed by an enrolled key ({number}{told}).", events)


def _in_force(roster: Roster, events: Sequence[NamedRecord]) -> Finding:
    if not events:
        return inapplicable("an event is recorded")
    late = [
        (name, record)
        for name, record in events
        if (key := roster.keys.get(record.leaf.key_id)) is not None and not key_in_force(roster, key, record.index)
    ]
    if late:
        return failed(f"The key of entry {late[0][1].index} was not in force when the entry was admitted.", late)
    strangers = [record for _, record in events if _key_of(roster, record) is None]
    if strangers:
        return untold((f"the key of entry {record.index} is not enrolled" for record in strangers), events)
    return passed(
        f"Every key was in force when its event entered the ledger ({counted(len(events), 'event', 'events')}).", events
    )


def _key_of(roster: Roster, record: Record) -> str | None:
    key = roster.keys.get(record.leaf.key_id)
    return None if key is None else key.principal


def _reported(record: Record) -> bool:
    return record.event.context.actor.principal != record.key.principal


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ID-01",
        "Signed by a registered key",
        "Each event is signed by a key that this ledger enrolled for a named principal.",
        id_01_change,
        id_01_release,
    ),
    Rule(
        "ID-02",
        "Key in force",
        "Each signing key was in force when its event entered the ledger.",
        id_02_change,
        id_02_release,
    ),
    Rule(
        "ID-04",
        "Accounts resolve",
        "Every account of a contributor or approver belongs to a known principal.",
        id_04,
        parameters=PEOPLE,
    ),
)
