"""Which approvals count for which content: the one reading of approvals that all rules share.

An approval is *effective* for a content when it stands, its signature counts, its approver is known to be a person
(with the role and the presence that the policy asks for), did not take part in the change, and it covers that content.
Each condition may hold, fail, or be impossible to tell; ``sort_approvals`` keeps the three apart, so that what is
unknown never counts and never fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ledger.dossier.people import Sameness, sure
from ledger.rules.contributors import EVERY, approver_words, took_part
from ledger.rules.roles import RoleHeld, role_held
from ledger.rules.stated import is_late

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ApprovalFact, Contribution, Revision
    from ledger.records import Record
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase, NamedRecord


def stands(fact: ApprovalFact, at: int | None = None) -> bool:
    """Whether a decision was its approver's latest word when the entry ``at`` came; None: now."""
    ends = (fact.withdrawn_by, fact.superseded_by)
    return all(end is None or (at is not None and end.index > at) for end in ends)


def covers(case: ChangeCase, fact: ApprovalFact, content: Judged) -> Sameness:
    """Whether the approval's basis is ``content``: by manifest, else tree, else the commit of a recorded revision."""
    basis = fact.approval.basis
    if basis.manifest in content.manifests or basis.tree in content.trees:
        return "yes"
    if basis.manifest is not None or basis.tree is not None:
        return "no"
    if covered_revision(case, fact) is None and basis.commit not in content.commits:
        # A bare commit id says what was approved only through the revision that has it as its head.
        return "unknown"
    if len(_trees_of(case, str(basis.commit))) > 1:
        return "unknown"
    return "yes" if basis.commit in content.commits else "no"


def _trees_of(case: ChangeCase, commit: str) -> set[str]:
    """The trees that revisions and landings tell of a commit; it has one, so with several somebody tells wrong."""
    found = {item.diff.tree for item in case.change.revisions if item.diff.head == commit}
    return found | {item.merge.tree for item in case.change.landings if item.merge.commit == commit}


def covered_revision(case: ChangeCase, fact: ApprovalFact) -> Revision | None:
    """The revision that the approval is of, if it is of a recorded one; of equal ones the one whose tree it names."""
    basis = fact.approval.basis
    latest = tuple(reversed(case.change.revisions))
    for revision in latest:
        if basis.tree == revision.diff.tree or basis.commit == revision.diff.head:
            return revision
    return next((revision for revision in latest if basis.manifest == revision.diff.manifest), None)


@dataclass(frozen=True, slots=True)
class Unclear:
    """An approval of which it cannot be told whether it counts, with the clauses that say why."""

    fact: ApprovalFact
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Sorted:
    """Approvals of a change by what they are worth for one content."""

    effective: list[ApprovalFact] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)
    own: list[tuple[ApprovalFact, tuple[Contribution, ...]]] = field(default_factory=list)
    """By somebody who took part, with how."""
    stale: list[ApprovalFact] = field(default_factory=list)
    """Would count, but cover another content."""
    stale_unclear: list[Unclear] = field(default_factory=list)
    shown_only: list[ApprovalFact] = field(default_factory=list)
    """Attested by a forge where the policy does not count those."""
    machine: list[ApprovalFact] = field(default_factory=list)
    without_role: list[ApprovalFact] = field(default_factory=list)
    unattended: list[ApprovalFact] = field(default_factory=list)
    """Signed without what the policy asks security keys to record."""

    @property
    def people(self) -> tuple[str, ...]:
        """Principals whose approval is effective, in ledger order."""
        return tuple(dict.fromkeys(item.approver.principal for item in self.effective if item.approver.principal))

    @property
    def possible(self) -> int:
        """How many people at most may have given an effective approval."""
        known = set(self.people)
        unknown = {item.fact.approver.principal or str(item.fact.record.index) for item in self.unclear}
        return len(known | unknown)

    @property
    def reasons(self) -> tuple[str, ...]:
        """All clauses of the unclear ones."""
        return tuple(dict.fromkeys(reason for item in self.unclear for reason in item.reasons))

    @property
    def inputs(self) -> tuple[NamedRecord, ...]:
        """The effective approvals."""
        return tuple(("approval", item.record) for item in self.effective)


def sort_approvals(
    case: ChangeCase,
    content: Judged,
    *,
    duties: frozenset[str] = EVERY,
    at: int | None = None,
    machines: bool = False,
    any_role: bool = False,
) -> Sorted:
    """The change's approvals for ``content``; with ``at`` those that entered before that entry and stood when it came.

    Of what was only recorded afterwards that cannot be told.
    ``duties`` are those whose holders' approvals do not count; ``machines`` lets agents and services through, and
    ``any_role`` those who did not hold the policy's ``approver_role``.
    """
    found = Sorted()
    role = None if any_role else cast("str | None", case.settings["approver_role"])
    for fact in case.change.approvals:
        if fact.approval.decision != "approve" or not stands(fact, at):
            continue
        late = at is not None and is_late(fact.record)
        if not late and at is not None and fact.record.index >= at:
            continue
        if _set_aside(case, fact, found, machines=machines):
            continue
        _sort(case, fact, content, duties, role, found, late=late)
    return found


def _set_aside(case: ChangeCase, fact: ApprovalFact, found: Sorted, *, machines: bool) -> bool:
    """Whether the approval cannot count, whatever it is of and whoever took part; then it is in its place."""
    if fact.approval.attested_by == "forge" and case.settings["forge_attested"] != "count":
        found.shown_only.append(fact)
    elif sure(fact.approver) and not machines and fact.approver.type != "person":
        found.machine.append(fact)
    elif not attended(case, fact):
        found.unattended.append(fact)
    else:
        return False
    return True


def _sort(
    case: ChangeCase,
    fact: ApprovalFact,
    content: Judged,
    duties: frozenset[str],
    role: str | None,
    found: Sorted,
    *,
    late: bool,
) -> None:
    covered = covers(case, fact, content)
    # A role may be for some paths or classes alone, so those are asked about only where the approval is of the content.
    if role is None or (covered == "no" and role in fact.roles):
        holds = RoleHeld("yes")
    else:
        holds = role_held(case, fact, role, content)
    if sure(fact.approver) and holds.held == "no":
        found.without_role.append(fact)
        return
    part, shown, reasons = took_part(case, fact.approver, duties)
    if part == "yes":
        if covered != "no":
            _sort_own(fact, shown, holds, found)
        return
    reasons = (*doubts(fact), *reasons, *holds.reasons)
    if late:
        reasons = (*reasons, f"the approval of entry {fact.record.index} was only recorded afterwards")
    if covered == "unknown":
        names = (
            "a commit that is recorded with two contents"
            if len(_trees_of(case, str(fact.approval.basis.commit))) > 1
            else "a commit that is no recorded revision"
        )
        reasons = (*reasons, f"the approval of entry {fact.record.index} names {names}")
    match covered, bool(reasons):
        case "no", False:
            found.stale.append(fact)
        case "no", True:
            found.stale_unclear.append(Unclear(fact, reasons))
        case _, True:
            found.unclear.append(Unclear(fact, reasons))
        case _:
            found.effective.append(fact)


def _sort_own(fact: ApprovalFact, shown: tuple[Contribution, ...], holds: RoleHeld, found: Sorted) -> None:
    if fact.perhaps_replaced_by is None and holds.held == "yes":
        found.own.append((fact, shown))
    else:
        # Whoever took part may have taken it back, or was in no role to approve: then it is nobody's approval of their
        # own work.
        found.unclear.append(Unclear(fact, (*doubts(fact), *holds.reasons)))


def doubts(fact: ApprovalFact) -> tuple[str, ...]:
    """Clauses that keep the decision itself from counting: its key, its place in a sequence, who made it."""
    found: list[str] = []
    if fact.key_revoked_since is not None and fact.record.index >= fact.key_revoked_since:
        found.append(
            f"entry {fact.record.index} by {approver_words(fact)} was signed with a key that counts as compromised "
            f"from position {fact.key_revoked_since}"
        )
    if fact.perhaps_replaced_by is not None:
        found.append(
            f"the decision of entry {fact.perhaps_replaced_by.index} may be by {approver_words(fact)} and end that of "
            f"entry {fact.record.index}"
        )
    if not sure(fact.approver):
        found.append(identity_doubt(fact))
    return tuple(found)


def identity_doubt(fact: ApprovalFact) -> str:
    """The clause that says why it is not known who decided."""
    did = "abstained" if fact.approval.decision == "abstain" else "decided"
    party, where = fact.approver, f"who {did} in entry {fact.record.index}"
    if party.account is None:
        return f"the account of the one {where} is {party.name_state}"
    if len(party.claimants) > 1:
        return f"several name cards claim the account of the one {where}"
    if party.principal is None:
        veil = ", and a name card could not be read" if party.hidden else ""
        return f"the account of the one {where} resolves to no principal{veil}"
    return f"a name card that could not be read may also claim the account of the one {where}"


def has_role(case: ChangeCase, fact: ApprovalFact) -> bool:
    """Whether whoever decided held the policy's ``approver_role``, if any, for whatever paths and classes."""
    role = case.settings["approver_role"]
    return role is None or role in fact.roles


def attended(case: ChangeCase, fact: ApprovalFact) -> bool:
    """Whether the approver's security key recorded what the policy's ``user_verification`` asks for.

    A key that no device holds records nothing, and neither does a forge.
    """
    wanted, said = case.settings["user_verification"], fact.record.presence
    if wanted == "any":
        return True
    if fact.approval.attested_by != "person" or said is None:
        return False
    return said.verified if wanted == "verified" else said.present or said.verified


def shown_diffs(case: ChangeCase) -> tuple[NamedRecord, ...]:
    """All revisions as inputs: they say who took part."""
    return tuple(("diff", item.record) for item in case.change.revisions)


def without_repetition(inputs: Iterable[NamedRecord]) -> tuple[NamedRecord, ...]:
    """Inputs ascending by index, each record once."""
    seen: dict[int, tuple[str, Record]] = {}
    for name, record in inputs:
        seen.setdefault(record.index, (name, record))
    return tuple(seen[index] for index in sorted(seen))
