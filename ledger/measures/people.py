"""On how many people approval rests, and how much of the work assistants had a part in.

Nothing else is counted by person. A measure of somebody's output changes what they do, and what it says of them is
mostly what they were given to do (docs/measures.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.measures.flow import by_others
from ledger.measures.moments import case_of, landed_by
from ledger.measures.values import missing, proportion
from ledger.roster.state import in_force, person_behind, principal_in_force
from ledger.rules.contributors import contributions, gaps
from ledger.rules.involvement import assistant_use
from ledger.rules.judged import judged
from ledger.rules.reviewed import sort_approvals

if TYPE_CHECKING:
    from ledger.dossier.facts import ChangeFacts
    from ledger.measures.moments import Ground
    from ledger.measures.values import Missing, Proportion, Reason


@dataclass(frozen=True, slots=True)
class Approver:
    """A person whose approvals counted."""

    principal: str
    changes: int
    """Changes that they approved."""
    alone: int
    """Of these, those that nobody else approved."""
    only_eligible: int
    """Changes, approved or not, that nobody else could have approved."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """On whom approval rests."""

    population: int
    """Changes that landed in the period."""
    approved: int
    """Of these, those with an approval that counts."""
    approvals: int
    """Pairs of a change and somebody whose approval of it counts."""
    approvers: tuple[Approver, ...]
    """Everybody who approved, or alone could have: most changes first, then by principal id."""
    missing: tuple[Missing, ...]
    """Changes without an approval that counts, by why."""
    one_eligible: int
    """Changes that exactly one person could have approved: a single point of dependence."""
    none_eligible: int
    """Changes that nobody could have approved."""
    unknown_eligible: int
    """Changes of which it cannot be told who took part, and so who could have approved them."""
    roles: tuple[str, ...]
    """The roles that the policies ask approvers to hold, each for its projects; empty: anybody may approve."""

    def top(self, count: int) -> int:
        """Approvals by the ``count`` people who gave the most."""
        return sum(item.changes for item in self.approvers[:count])


def assisted(ground: Ground) -> Proportion:
    """Changes in which an assistant had a part, as the rules read the evidence."""
    return proportion("assisted", (_assisted(ground, change) for change in ground.dossier.changes))


def concentration(ground: Ground) -> Concentration:
    """On whom approval of the period's changes rests."""
    gave: dict[str, tuple[int, int]] = {}
    only: dict[str, int] = {}
    reasons: list[Reason] = []
    approved = pairs = lone = nobody = untold = 0
    for change in ground.dossier.changes:
        who, unclear = _approvers(ground, change)
        pairs += len(who)
        approved += bool(who)
        if not who:
            reasons.append("unknown-person" if unclear else _none_counts(ground, change))
        for principal in who:
            changes, alone = gave.get(principal, (0, 0))
            gave[principal] = (changes + 1, alone + (len(who) == 1))
        eligible = _eligible(ground, change)
        if eligible is None:
            untold += 1
            continue
        lone += len(eligible) == 1
        nobody += not eligible
        if len(eligible) == 1:
            (principal,) = eligible
            only[principal] = only.get(principal, 0) + 1
    found: list[Approver] = []
    for principal in {*gave, *only}:
        changes, alone = gave.get(principal, (0, 0))
        found.append(Approver(principal, changes, alone, only.get(principal, 0)))
    return Concentration(
        population=len(ground.dossier.changes),
        approved=approved,
        approvals=pairs,
        approvers=tuple(sorted(found, key=lambda item: (-item.changes, item.principal))),
        missing=missing(reasons),
        one_eligible=lone,
        none_eligible=nobody,
        unknown_eligible=untold,
        roles=tuple(sorted({role for project in ground.policies if (role := _role(ground, project)) is not None})),
    )


def _role(ground: Ground, project: str) -> str | None:
    role = ground.policies[project].shared["approver_role"]
    return role if isinstance(role, str) else None


def _assisted(ground: Ground, change: ChangeFacts) -> bool | Reason:
    match assistant_use(case_of(ground, change)).state:
        case "used":
            return True
        case "none":
            return False
        case "unknown":
            return "undeclared"


def _approvers(ground: Ground, change: ChangeFacts) -> tuple[tuple[str, ...], bool]:
    """Whose approval of all that landed counted when it did; and whether it cannot be told of somebody else."""
    case = case_of(ground, change)
    found = [
        sort_approvals(case, content, at=content.landing.there_by.index)
        for content in judged(case)
        if content.landing is not None
    ]
    if not found:
        return (), False
    everywhere = set(found[0].people).intersection(*(item.people for item in found[1:]))
    return tuple(sorted(everywhere)), any(item.unclear for item in found)


def _none_counts(ground: Ground, change: ChangeFacts) -> Reason:
    """Why no approval counts, where that can be told: whether others approved at all, as `first_approval` asks it."""
    approved = [sure for fact, sure in by_others(ground, change) if fact.approval.decision == "approve"]
    if not approved:
        return "not-approved"
    return "none-counts" if any(approved) else "unknown-person"


def _eligible(ground: Ground, change: ChangeFacts) -> set[str] | None:
    """People who could have approved the change when it landed: in force, with the role, and no part in it.

    None: it cannot be told who took part. That a role is for some paths or risk classes alone is not looked at, so
    there may be fewer.
    """
    roster, role, at = ground.dossier.records.roster, _role(ground, change.project), landed_by(change).index
    case = case_of(ground, change)
    parties = [item.party for item in contributions(case)]
    if gaps(case) or any(party.hidden or (party.principal is None and not party.claimants) for party in parties):
        return None
    took_part = {principal for party in parties for principal in (*party.claimants, party.principal)}
    able = (
        roster.principals
        if role is None
        else {
            grant.principal
            for grant in roster.grants
            if grant.role == role
            and in_force(grant.since, grant.until, at)
            and (grant.projects is None or change.project in grant.projects)
        }
    )
    people = {
        person_behind(roster, identifier, ground.dossier.records.position)
        for identifier in able
        if roster.principals[identifier].type == "person" and principal_in_force(roster, identifier, at)
    }
    return people - took_part
