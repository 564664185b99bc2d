"""Who held which duty in a release, and whose approval stands beside a part in the same change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.rules.contributors import ASKED
from reports.duties import key, own_work, took_part

if TYPE_CHECKING:
    from ledger.dossier.facts import Party
    from reports.release.view import ChangeView, View


@dataclass(frozen=True, slots=True)
class Held:
    """A duty that a party held in a change, or in the release itself."""

    party: Party
    duty: str
    change: int
    """Number of the change; 0: the release itself."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody whose approval stands beside a part in the same change."""

    party: Party
    change: ChangeView
    duties: tuple[str, ...]
    certain: bool
    """False: it cannot be told whether both are the same."""


def held_duties(view: View) -> tuple[Held, ...]:
    """Every duty held, change by change, then in the release."""
    found: dict[tuple[str, str, int], Held] = {}

    def hold(party: Party, duty: str, change: int) -> None:
        found.setdefault((key(party), duty, change), Held(party, duty, change))

    for change in view.changes:
        for item in took_part(view.case(change)):
            hold(item.party, "Prompt" if item.duty in ASKED else "Code", change.number)
        for fact in change.facts.approvals:
            if fact.approval.decision == "approve" and fact.standing:
                hold(fact.approver, "Approval", change.number)
        for landing in change.facts.landings:
            hold(landing.merged_by, "Merge", change.number)
    hold(view.dossier.released_by, "Release", 0)
    for fact in view.dossier.approvals:
        if fact.approval.decision == "approve" and fact.standing:
            hold(fact.approver, "Release approval", 0)
    for deployment in view.dossier.deployments:
        hold(deployment.deployed_by, "Deploy", 0)
    return tuple(found.values())


def conflicts(view: View) -> tuple[Conflict, ...]:
    """Standing approvals by somebody who prompted or changed the code of the same change, or perhaps did."""
    return tuple(
        Conflict(party, change, duties, certain)
        for change in view.changes
        for party, duties, certain in own_work(view.case(change))
    )
