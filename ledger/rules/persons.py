"""One person, one principal: ID-03."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ledger.documents import account_key
from ledger.dossier.people import read_card, sure
from ledger.records import Absent
from ledger.roster.state import person_behind, principal_in_force
from ledger.rules.contributors import by_party, contributions, unresolved
from ledger.rules.kinds import FLAG
from ledger.rules.parameters import PEOPLE
from ledger.rules.reviewed import identity_doubt
from ledger.rules.shape import Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.verdict import Outcome
from ledger.rules.wording import capital, counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.records import Content, Records
    from ledger.rules.shape import ChangeCase, Finding, NamedRecord, PeriodCase

_Claim = tuple[str, str, str]
"""A sort, ``account`` or ``identity``, and what makes it that one; never printed."""


def id_03_change(case: ChangeCase) -> Finding:
    """ID-03 of a change: nobody who had a part in it is known as two principals."""
    taking_part = {
        identifier
        for item in contributions(case)
        for identifier in (item.party.claimants or (item.party.principal or "",))
    }
    taking_part |= {fact.approver.principal or "" for fact in case.change.approvals} - {""}
    taking_part -= {""}
    if not taking_part:
        open_ones = [unresolved(item, duties) for item, duties in by_party(contributions(case))]
        return untold(open_ones) if open_ones else inapplicable("somebody had a part in the change")
    inputs: list[NamedRecord] = [("diff", item.record) for item in case.change.revisions]
    inputs += [("approval", item.record) for item in case.change.approvals]
    verified = case.settings["verified_identities"] is True
    found = _unique(case.records, taking_part, inputs, verified=verified)
    strangers = _strangers(case) if verified and found.outcome is Outcome.PASS else []
    return untold(strangers, inputs) if strangers else found


def _strangers(case: ChangeCase) -> list[str]:
    """Clauses about those who had a part and of whom it is not known who they are, nor whether that was verified."""
    found = [
        unresolved(item, duties)
        for item, duties in by_party(contributions(case))
        if item.party.principal is None and not item.party.claimants
    ]
    return found + [identity_doubt(fact) for fact in case.change.approvals if not sure(fact.approver)]


def id_03_period(case: PeriodCase) -> Finding:
    """ID-03 of a period: nobody in the roster is known as two principals."""
    records = case.dossier.records
    persons = {
        person_behind(records.roster, item.id, records.position)
        for item in records.roster.principals.values()
        if principal_in_force(records.roster, item.id, records.position)
    }
    by_envelope = {record.envelope: record for record in records.entries}
    inputs = [("card", by_envelope[envelope]) for envelope in _cards(records) if envelope in by_envelope]
    if not inputs:
        return inapplicable("a principal has a name card")
    return _unique(records, persons, inputs, verified=case.settings["verified_identities"] is True)


def _cards(records: Records) -> Iterable[Digest]:
    for known in records.roster.principals.values():
        if principal_in_force(records.roster, known.id, records.position) and known.cards:
            yield known.cards[-1].envelope


@dataclass(slots=True)
class _Claims:
    """What the cards in force claim, by person."""

    holders: dict[_Claim, dict[str, None]] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Person and the state of their card."""
    identified: set[str] = field(default_factory=set)


def _unique(records: Records, of: Collection[str], inputs: Sequence[NamedRecord], *, verified: bool) -> Finding:
    claims = _claims(records)
    doubled = [
        (claim[0], list(holders))
        for claim, holders in claims.holders.items()
        if len(holders) > 1 and set(of) & set(holders)
    ]
    if doubled:
        clauses = dict.fromkeys(
            f"{listed(_words(who, of) for who in holders)} claim one {_SORTS[sort]} and were not merged"
            for sort, holders in doubled
        )
        return failed(f"{capital('; '.join(clauses))}.", inputs)
    missing = [
        f"the name card of {_words(who, of)} is {state}, and may claim what another claims"
        for who, state in claims.unread
    ]
    people = sorted(who for who in of if _is_person(records, who))
    if verified:
        missing += [f"nobody verified the identity of {person(who)}" for who in people if who not in claims.identified]
    if missing:
        return untold(missing, inputs)
    known = counted(len(of), "principal", "principals")
    told = "; the identity of each person was verified" if verified else ""
    return passed(f"No account and no identity of {known} is claimed by another{told}.", inputs)


def _words(who: str, of: Collection[str]) -> str:
    # Verdicts about a change name the people in it; others by their id.
    return person(who) if who in of else f"another principal ({who[:10]})"


_SORTS: Final = {"account": "account", "identity": "verified identity"}


def _is_person(records: Records, identifier: str) -> bool:
    known = records.roster.principals.get(identifier)
    return known is not None and known.type == "person"


def _claims(records: Records) -> _Claims:
    found = _Claims()
    for known in records.roster.principals.values():
        if not principal_in_force(records.roster, known.id, records.position):
            continue
        cards = [card for card in known.cards if card.since <= records.position]
        if not cards:
            continue
        who = person_behind(records.roster, known.id, records.position)
        card = _read(records.content(cards[-1].content))
        if isinstance(card, Absent):
            found.unread.append((who, card.state))
            continue
        if card.identity is not None:
            found.identified.add(who)
            found.holders.setdefault(("identity", card.identity.issuer, card.identity.subject), {})[who] = None
        for account in card.accounts:
            key = account_key(account.system, account.id, account.mail)
            found.holders.setdefault(("account", *key), {})[who] = None
    return found


@lru_cache(maxsize=4_096)
def _read(content: Content) -> Card | Absent:
    """As ``read_card``; every change of a release asks for the same cards."""
    return read_card(content)


ID_03: Final = Rule(
    "ID-03",
    "One person, one principal",
    "No account and no verified identity belongs to two principals that were not merged into one.",
    id_03_change,
    period=id_03_period,
    parameters=(
        *PEOPLE,
        Parameter(
            "verified_identities",
            False,  # noqa: FBT003 -- the parameter's default, a value among values
            FLAG,
            "Whether each person who takes part must have an identity that an identity provider verified.",
        ),
    ),
)
