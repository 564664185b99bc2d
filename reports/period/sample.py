"""The sample of a period: its population by stratum, what is to be drawn of it, and what an auditor's number drew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.sampling import Item, draw, plan_sample, sample_seed

if TYPE_CHECKING:
    from ledger.dossier.facts import Landing
    from ledger.sampling import Drawn, Plan
    from reports.period.view import PeriodChange, PeriodView

WHOLE: Final = ("unrecorded", "emergency")
"""Strata of which everything is drawn (docs/sampling.md §3)."""


def stratum_of(change: PeriodChange) -> str:
    """The one stratum of a change (docs/sampling.md §3)."""
    strata = change.strata
    if strata.type == "emergency" or strata.excepted:
        return "emergency"
    if strata.type in ("revert", "bot"):
        return strata.type
    return {"used": "assisted", "unknown": "undeclared"}.get(strata.assistance, "ordinary")


def population(view: PeriodView) -> dict[str, tuple[str, PeriodChange | Landing]]:
    """By item id: the stratum, and the change or the landing that belongs to none, in order of landing."""
    found: dict[str, tuple[str, PeriodChange | Landing]] = {}
    for change in view.changes:
        first = min(change.facts.landings, key=lambda landing: landing.record.index)
        found[first.record.envelope] = (stratum_of(change), change)
    for landing in view.dossier.unplaced:
        found[landing.record.envelope] = ("unrecorded", landing)
    return found


def plan_of(view: PeriodView) -> Plan:
    """What is drawn of which stratum, before any number is known."""
    items = (Item(identifier, stratum) for identifier, (stratum, _) in population(view).items())
    return plan_sample(items, None if view.sampling is None else view.sampling.size, WHOLE)


def sample_of(view: PeriodView) -> Drawn | None:
    """The sample; None: no number was given, or the checkpoint is not after the period's end."""
    found = view.verification
    if view.sampling is None or view.sampling.number is None or not is_fixed(view):
        return None
    if found.checkpoint_root is None or found.checkpoint_size is None:
        return None
    return draw(plan_of(view), sample_seed(found.checkpoint_root, found.checkpoint_size, view.sampling.number))


def is_fixed(view: PeriodView) -> bool:
    """Whether the checkpoint covers the period's end, so that nothing of the period could follow it."""
    size = view.verification.checkpoint_size
    return size is not None and size >= view.dossier.end
