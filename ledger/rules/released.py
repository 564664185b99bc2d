"""Which approvals of a release count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.dossier.people import sure
from ledger.rules.reviewed import doubts, stands
from ledger.rules.stated import is_late

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact, ReleaseDossier


def release_approvals(dossier: ReleaseDossier, at: int | None) -> tuple[dict[str, ApprovalFact], tuple[str, ...]]:
    """Approvals of the release by person, and clauses about those of which it cannot be told whether they count.

    With ``at`` those that entered before that entry and stood when it came.
    """
    effective: dict[str, ApprovalFact] = {}
    unclear: list[str] = []
    for fact in dossier.approvals:
        late = at is not None and is_late(fact.record)
        after = at is not None and fact.record.index > at and not late
        if fact.approval.decision != "approve" or not stands(fact, at) or after:
            continue
        reasons = doubts(fact)
        if late:
            reasons = (*reasons, f"the approval of entry {fact.record.index} was only recorded afterwards")
        if reasons:
            unclear += reasons
        elif sure(fact.approver) and fact.approver.type == "person" and fact.approver.principal is not None:
            effective.setdefault(fact.approver.principal, fact)
    return effective, tuple(unclear)
