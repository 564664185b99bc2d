"""Who held which duty in a release, and whose approval stands beside a part in the same change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.rules.contributors import ASKED
from reports.duties import agents, key, own_work, took_part

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    doubts: tuple[str, ...]
    """Clauses that leave open whether the approver took part; none: they did."""

    @property
    def certain(self) -> bool:
        """Whether the approver took part."""
        return not self.doubts


def held_duties(view: View) -> tuple[Held, ...]:
    """Every duty held, change by change, then in the release."""
    found: dict[tuple[str, str, int], Held] = {}

    def hold(party: Party, duty: str, change: int) -> None:
        found.setdefault((key(party), duty, change), Held(party, duty, change))

    for change in view.changes:
        for party, duty in _of_change(view, change):
            hold(party, duty, change.number)
    hold(view.dossier.released_by, "Release", 0)
    for fact in view.dossier.approvals:
        if fact.approval.decision == "approve" and fact.standing:
            hold(fact.approver, "Release approval", 0)
    for deployment in view.dossier.deployments:
        hold(deployment.deployed_by, "Deploy", 0)
    return tuple(found.values())


def _of_change(view: View, change: ChangeView) -> Iterator[tuple[Party, str]]:
    for item in took_part(view.case(change)):
        yield item.party, "Prompt" if item.duty in ASKED else "Code"
    for party in agents(view.case(change)):
        yield party, "Agent"
    for fact in change.facts.approvals:
        if fact.approval.decision == "approve" and fact.standing:
            yield fact.approver, "Approval"
    for landing in change.facts.landings:
        yield landing.merged_by, "Merge"


def conflicts(view: View) -> tuple[Conflict, ...]:
    """Standing approvals by somebody who prompted or changed the code of the same change, or perhaps did."""
    return tuple(
        Conflict(party, change, duties, doubts)
        for change in view.changes
        for party, duties, doubts in own_work(view.case(change))
    )
