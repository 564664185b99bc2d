"""Whose word an event is: whether somebody who took part in a change reported it with a key of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.dossier.facts import Party
from ledger.dossier.people import compare
from ledger.roster.state import person_behind

if TYPE_CHECKING:
    from ledger.records import Record, Records
    from ledger.rules.shape import ChangeCase


def person_who_signed(records: Records, record: Record) -> Party | None:
    """The person whose own key signed an event, whoever it says acted; None: a service or an agent did."""
    known = records.roster.principals.get(person_behind(records.roster, record.key.principal, records.position))
    if known is None or known.type != "person":
        return None
    return Party(known.id, known.type, None, "missing")


def own_word(case: ChangeCase, record: Record) -> Party | None:
    """The person who signed an event about a change in which they took part, or may have; None: nobody of the kind.

    What a pipeline's key signs is the pipeline's word. What contributors sign is theirs, for their own work: it shows,
    and nothing that lets the work through may rest on it.
    """
    signer = person_who_signed(case.records, record)
    if signer is None or all(compare(item.party, signer) == "no" for item in case.change.contributions):
        return None
    return signer
