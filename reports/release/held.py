"""Who held which duty in a release, and whose approval stands beside a part in the same change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.people import compare
from ledger.rules.contributors import ASKED, CODE, contributions

if TYPE_CHECKING:
    from ledger.dossier.facts import Contribution, Party
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
        for item in took_part(view, change):
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
    found: list[Conflict] = []
    for change in view.changes:
        parts = took_part(view, change)
        seen: set[tuple[str, bool]] = set()
        for fact in change.facts.approvals:
            if fact.approval.decision != "approve" or not fact.standing:
                continue
            for sameness, certain in (("yes", True), ("unknown", False)):
                duties = dict.fromkeys(item.duty for item in parts if compare(item.party, fact.approver) == sameness)
                if duties and (key(fact.approver), True) not in seen and (key(fact.approver), certain) not in seen:
                    seen.add((key(fact.approver), certain))
                    found.append(Conflict(fact.approver, change, tuple(duties), certain))
    return tuple(found)


def key(party: Party) -> str:
    """What makes two parties one row: the principal, else the account as captured."""
    return party.principal or f"?{party.account}{party.name_state}"


def took_part(view: View, change: ChangeView) -> tuple[Contribution, ...]:
    """Who prompted or changed the code, as the rules read it: without forges and assistants' trailers."""
    return contributions(view.case(change), CODE | ASKED)
