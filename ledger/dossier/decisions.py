"""Approvals arranged: whose latest word each is, what withdrew it, and which roles and key stood behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.facts import ApprovalFact, Party
from ledger.dossier.people import compare
from ledger.dossier.reading import Entries, read_text
from ledger.events.work import Approval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.records import Record, Records

DECISIVE = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class _Decision:
    record: Record
    approval: Approval
    approver: Party


def compromised_since(records: Records, record: Record) -> int | None:
    """Position from which the key that signed ``record`` counts as compromised, if it was revoked by now."""
    key = records.roster.keys.get(record.leaf.key_id)
    if key is None or key.ended_by != "revoke" or key.until is None or key.until > records.position:
        return None
    return key.compromised_since


def arrange_decisions(entries: Entries, records: Sequence[Record]) -> tuple[ApprovalFact, ...]:
    """The approvals among ``records``, which all have one scope and one subject, ascending by index."""
    decisions = tuple(
        _Decision(record, record.event.body, entries.people.actor(record))
        for record in records
        if isinstance(record.event.body, Approval)
    )
    return tuple(_fact(entries, decision, decisions[number + 1 :]) for number, decision in enumerate(decisions))


def _fact(entries: Entries, decision: _Decision, later: Sequence[_Decision]) -> ApprovalFact:
    withdrawn: Record | None = None
    superseded: Record | None = None
    perhaps: Record | None = None
    for other in later:
        if not _bears_on(other, decision):
            continue
        sameness = compare(other.approver, decision.approver)
        if sameness == "unknown" and (other.approver.hidden or other.approver.account is None):
            # An account that nobody claims while every card can be read is nobody who is known.
            perhaps = perhaps or other.record
        elif sameness == "yes" and other.approval.decision == "withdraw":
            withdrawn = withdrawn or other.record
        elif sameness == "yes":
            superseded = superseded or other.record
    record, project = decision.record, decision.record.event.context.project
    principal = decision.approver.principal
    grants = () if principal is None else entries.people.grants(principal, project, record.index)
    return ApprovalFact(
        record=record,
        approval=decision.approval,
        approver=decision.approver,
        key_revoked_since=compromised_since(entries.records, record),
        roles=tuple(sorted({grant.role for grant in grants})),
        grants=grants,
        withdrawn_by=withdrawn,
        superseded_by=superseded,
        perhaps_replaced_by=perhaps,
        comment=read_text(entries, record, "comment"),
    )


def _bears_on(later: _Decision, decision: _Decision) -> bool:
    """Whether ``later`` would end ``decision`` if one party made both."""
    # What a collector brings never ends what a person signed: the two are kept apart (facts.ApprovalFact).
    if decision.approval.attested_by == "person" and later.approval.attested_by != "person":
        return False
    if later.approval.decision == "withdraw":
        return later.approval.withdraws == decision.record.envelope
    if later.approval.decision == "abstain" and later.approval.attested_by == "forge":
        # A comment at the forge leaves decisions alone; a review that was dismissed is that review in another state.
        one, other = later.approval.review, decision.approval.review
        return one is not None and other is not None and one.id == other.id
    return decision.approval.decision in DECISIVE
