"""Every rule, in the order in which verdicts are listed; described for people in docs/rules.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules import approvals, assistants, changes, duties, exceptions, identity, parameters, releases, suites

if TYPE_CHECKING:
    from ledger.rules.shape import Rule

RULES: Final[tuple[Rule, ...]] = (
    *identity.RULES,
    *duties.RULES,
    *approvals.RULES,
    *changes.RULES,
    *suites.RULES,
    *assistants.RULES,
    *releases.RULES,
    *exceptions.RULES,
)
"""By family, ID SOD APP CHG TST AI REL DEP INC EXC POP LED ADM, and by number in each."""

BY_ID: Final = {rule.id: rule for rule in RULES}

SHARED: Final = parameters.SHARED
"""Parameters that a policy sets once for all its rules."""
