"""All measures of a period, in the order in which they are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.measures import flow, operation, people, rework
from ledger.measures.moments import Ground
from ledger.measures.values import Measure, compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.dossier.facts import PeriodDossier
    from ledger.measures.people import Concentration
    from ledger.measures.values import Change
    from ledger.rules.policy import PolicyRules

IDS: Final = (
    "deployments",
    "lead-to-production",
    "change-failure",
    "time-to-restore",
    "landings",
    "lead-to-landing",
    "landing-to-production",
    "first-approval",
    "decision-on-revision",
    "reworked",
    "revisions-after-review",
    "lines-changed",
    "taken-back",
    "reverts",
    "assisted",
    "merge-gate-blocked",
    "deploy-gate-blocked",
    "exceptions",
    "landed-under-exception",
    "exception-review",
)
"""Of every measure; the first four are DORA's keys."""
KEYS: Final = IDS[:4]


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of a period."""

    projects: tuple[str, ...]
    """Project ids."""
    first: int
    """Position at which the period begins."""
    end: int
    """Position at which it ends."""
    all: tuple[Measure, ...]
    """In the order of `IDS`."""
    concentration: Concentration

    def of(self, identifier: str) -> Measure:
        """The measure of that name."""
        return self.all[IDS.index(identifier)]


def measure_period(
    dossier: PeriodDossier,
    policies: Mapping[str, PolicyRules],
    as_of: str,
    environments: tuple[str, ...] = ("production",),
    seconds: int | None = None,
) -> Measures:
    """What a period says about delivery.

    ``policies``, by project, say which approvals count; each project in which something landed has one.
    ``environments`` are what counts as production, ``seconds`` the length of the days that the period was named by, for
    rates; None: they count from its first entry to its last.
    """
    ground = Ground(dossier, policies, as_of, environments, seconds)
    found: tuple[Measure, ...] = (
        operation.deployments(ground),
        flow.lead_to_production(ground),
        operation.change_failure(ground),
        operation.time_to_restore(ground),
        operation.landings(ground),
        flow.lead_to_landing(ground),
        flow.landing_to_production(ground),
        flow.first_approval(ground),
        flow.decision_on_revision(ground),
        rework.reworked(ground),
        rework.revisions_after_review(ground),
        rework.size(ground),
        rework.taken_back(ground),
        rework.reverts(ground),
        people.assisted(ground),
        operation.gates_blocked(ground, "merge"),
        operation.gates_blocked(ground, "deploy"),
        operation.exceptions(ground),
        operation.landed_under_exception(ground),
        operation.exception_review(ground),
    )
    return Measures(dossier.projects, dossier.first, dossier.end, found, people.concentration(ground))


def compared(now: Measures, before: Measures | None) -> tuple[tuple[Measure, Measure | None, Change], ...]:
    """Every measure with that of the baseline, and how they differ."""
    found: list[tuple[Measure, Measure | None, Change]] = []
    for measure in now.all:
        other = None if before is None else before.of(measure.id)
        found.append((measure, other, compare(measure, other)))
    return tuple(found)
