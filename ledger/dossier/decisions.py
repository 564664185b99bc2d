"""Approvals arranged: whose latest word each is, what withdrew it, and which roles and key stood behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
    return tuple(_fact(entries, decision, decisions) for decision in decisions)


def _fact(entries: Entries, decision: _Decision, decisions: Sequence[_Decision]) -> ApprovalFact:
    withdrawn: Record | None = None
    superseded: Record | None = None
    perhaps: Record | None = None
    for other in decisions:
        order = _order(decision, other)
        if order == "before" or not _bears_on(other, decision):
            continue
        sameness = compare(other.approver, decision.approver)
        if order == "open" and sameness == "yes":
            perhaps = perhaps or other.record
        elif sameness == "unknown" and (other.approver.hidden or other.approver.account is None):
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


def _order(decision: _Decision, other: _Decision) -> Literal["before", "after", "open"]:
    """Whether ``other`` came before or after ``decision``, as far as their places in the log tell.

    What an importer brought after the fact says nothing of when it was decided. It is left open only where it matters:
    where the two decisions differ and neither names the other's review or withdraws it.
    """
    if other is decision:
        return "before"
    one, two = (item.record.event.context.late is True for item in (decision, other))
    differ = {decision.approval.decision, other.approval.decision} == set(DECISIVE)
    if (one or two) and differ:
        return "open"
    if other.record.index > decision.record.index:
        # A late decision of the same sort takes nothing from one that was recorded when it was made.
        return "before" if two and not one and not _names(other, decision) else "after"
    return "before"


def _names(later: _Decision, decision: _Decision) -> bool:
    """Whether ``later`` is about ``decision`` itself: its withdrawal, or the same review in another state."""
    if later.approval.decision == "withdraw":
        return later.approval.withdraws == decision.record.envelope
    one, other = later.approval.review, decision.approval.review
    return one is not None and other is not None and one.id == other.id


def _bears_on(later: _Decision, decision: _Decision) -> bool:
    """Whether ``later`` would end ``decision`` if one party made both."""
    # What a collector brings never ends what a person signed: the two are kept apart (facts.ApprovalFact).
    if decision.approval.attested_by == "person" and later.approval.attested_by != "person":
        return False
    if later.approval.decision in ("withdraw", "abstain"):
        # To abstain decides nothing; a review that was dismissed is that review in another state.
        return _names(later, decision)
    return decision.approval.decision in DECISIVE
