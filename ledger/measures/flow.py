"""How long changes take: from the first commit or prompt to the landing, and from there to production; and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.events.work import Release
from ledger.measures.moments import began_at, case_of, landed_by, ledger_moment, seconds_between
from ledger.measures.values import spread
from ledger.rules.contributors import took_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.dossier.facts import ApprovalFact, ChangeFacts, ReleaseDossier, Revision
    from ledger.measures.moments import Ground
    from ledger.measures.values import Reason, Spread
    from ledger.records import Record

DECISIVE = ("approve", "reject")


def lead_to_landing(ground: Ground) -> Spread:
    """From the first commit or prompt of a change to its landing."""
    changes = ground.dossier.changes
    found = (seconds_between(began_at(change), ledger_moment(landed_by(change))) for change in changes)
    return spread("lead-to-landing", "seconds", found)


def landing_to_production(ground: Ground) -> Spread:
    """From a change's landing to the first deployment to production of a release that holds it."""
    live = _deployments(ground)
    found = (_delivered(change, live) for change in ground.dossier.changes)
    return spread("landing-to-production", "seconds", found)


def lead_to_production(ground: Ground) -> Spread:
    """From the first commit or prompt of a change to its first deployment to production: DORA's change lead time."""
    live = _deployments(ground)
    found: list[int | Reason] = []
    for change in ground.dossier.changes:
        deployed = live.get((change.project, change.id))
        found.append("not-deployed" if deployed is None else seconds_between(began_at(change), ledger_moment(deployed)))
    return spread("lead-to-production", "seconds", found)


def first_approval(ground: Ground) -> Spread:
    """From a change's first recorded revision to the first approval by somebody who took no part in it."""
    return spread("first-approval", "seconds", (_approved(ground, change) for change in ground.dossier.changes))


def decision_on_revision(ground: Ground) -> Spread:
    """From each revision to the first decision on it by somebody who took no part: approved or rejected."""
    found = (answer for change in ground.dossier.changes for answer in _decided(ground, change))
    return spread("decision-on-revision", "seconds", found)


def by_others(ground: Ground, change: ChangeFacts) -> tuple[tuple[ApprovalFact, bool], ...]:
    """Decisions on the change by people who took no part, ascending by index; False: that cannot be told."""
    case = case_of(ground, change)
    decided = ((fact, took_part(case, fact.approver)[0]) for fact in change.approvals)
    return tuple((fact, part == "no") for fact, part in decided if fact.approval.decision in DECISIVE and part != "yes")


def pushed(change: ChangeFacts) -> tuple[Revision, ...]:
    """Its revisions, without those by which only the base moved."""
    return tuple(revision for revision in change.revisions if not revision.base_only)


def _approved(ground: Ground, change: ChangeFacts) -> int | Reason:
    revisions = change.revisions
    if not revisions:
        return "no-revision"
    approvals = ((fact, sure) for fact, sure in by_others(ground, change) if fact.approval.decision == "approve")
    answer = _answered(revisions[0], next(approvals, None))
    return "not-approved" if answer is None else answer


def _decided(ground: Ground, change: ChangeFacts) -> Iterator[int | Reason]:
    """One answer a revision. A decision after the change landed is no review of what was to land."""
    revisions, decisions, landed = pushed(change), by_others(ground, change), landed_by(change).index
    for place, revision in enumerate(revisions):
        following = revisions[place + 1].record.index if place + 1 < len(revisions) else None
        until = landed if following is None else min(following, landed)
        inside = (item for item in decisions if revision.record.index < item[0].record.index < until)
        replaced = following is not None and following < landed
        answer = _answered(revision, next(inside, None))
        yield answer if answer is not None else "replaced" if replaced else "not-decided"


def _answered(revision: Revision, decision: tuple[ApprovalFact, bool] | None) -> int | Reason | None:
    """How long the revision waited; None: there is no decision."""
    if decision is None:
        return None
    fact, sure = decision
    return seconds_between(ledger_moment(revision.record), ledger_moment(fact.record)) if sure else "unknown-person"


def _deployments(ground: Ground) -> dict[tuple[str, str], Record]:
    """By project and change: the first successful deployment to production, before the period's end, that brought it.

    A later release of the same product holds what an earlier one held.
    """
    found: dict[tuple[str, str], Record] = {}
    for release in ground.dossier.releases:
        live = _first_deployed(ground, release)
        if live is None:
            continue
        for change in release.changes:
            key = (change.project, change.id)
            if key not in found or live.index < found[key].index:
                found[key] = live
    return found


def _first_deployed(ground: Ground, release: ReleaseDossier) -> Record | None:
    later = {
        other.record.envelope
        for other in ground.dossier.releases
        if isinstance(other.record.event.body, Release)
        and other.release.product == release.release.product
        and other.record.index >= release.record.index
    }
    return next(
        (
            item.record
            for item in ground.dossier.surroundings.deployments
            if item.deploy.release in later
            and item.deploy.status == "succeeded"
            and item.deploy.environment in ground.environments
        ),
        None,
    )


def _delivered(change: ChangeFacts, live: dict[tuple[str, str], Record]) -> int | Reason:
    deployed = live.get((change.project, change.id))
    if deployed is None:
        return "not-deployed"
    return seconds_between(ledger_moment(landed_by(change)), ledger_moment(deployed))
