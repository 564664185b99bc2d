"""The pages about rules and policies agree with the code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.rules.catalogue import RULES, SHARED

if TYPE_CHECKING:
    from ledger.rules.shape import Rule

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_its_heading_statement_and_parameters(rule: Rule) -> None:
    """docs/rules.md gives each rule its title and statement, and names the parameters of its own."""
    page = (DOCS / "rules.md").read_text("utf-8")
    section = page.partition(f"### {rule.id} {rule.title}\n")[2].partition("\n### ")[0]
    assert f"*{rule.statement}*" in section
    for parameter in rule.parameters:
        if not parameter.shared:
            assert f"`{parameter.name}`" in section


def test_every_parameter_of_policies_is_listed() -> None:
    """docs/policies.md names every shared parameter and every parameter of a rule."""
    page = (DOCS / "policies.md").read_text("utf-8")
    for name in [*SHARED, *(parameter.name for rule in RULES for parameter in rule.parameters)]:
        assert f"`{name}`" in page
