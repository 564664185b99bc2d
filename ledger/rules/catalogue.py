"""Every rule, in the order in which verdicts are listed; described for people in docs/rules.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules import (
    administration,
    approvals,
    assistants,
    bypasses,
    changes,
    compared,
    deployments,
    duties,
    exceptions,
    identity,
    incidents,
    leavers,
    parameters,
    population,
    protections,
    provenance,
    recordkeeping,
    releases,
    suites,
)

if TYPE_CHECKING:
    from ledger.rules.shape import Rule

FAMILIES: Final = ("ID", "SOD", "APP", "CHG", "TST", "AI", "REL", "DEP", "INC", "EXC", "POP", "LED", "ADM")
"""What the ids of rules begin with, in the order in which they are listed."""


def _place(rule: Rule) -> tuple[int, str]:
    family, _, number = rule.id.partition("-")
    return FAMILIES.index(family), number


RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            *identity.RULES,
            *duties.RULES,
            *approvals.RULES,
            *changes.RULES,
            *suites.RULES,
            *assistants.RULES,
            *releases.RULES,
            *exceptions.RULES,
            *provenance.RULES,
            *deployments.RULES,
            *incidents.RULES,
            *compared.RULES,
            *population.RULES,
            *recordkeeping.RULES,
            *administration.RULES,
            *leavers.RULES,
            *protections.RULES,
            *bypasses.RULES,
        ),
        key=_place,
    )
)
"""By family, and by number in each; a family may live in several modules."""

BY_ID: Final = {rule.id: rule for rule in RULES}

SHARED: Final = parameters.SHARED
"""Parameters that a policy sets once for all its rules."""
