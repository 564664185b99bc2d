"""The mapping of rules to controls: complete, careful in its words, and the same as its page."""

from __future__ import annotations

import re
from pathlib import Path

from ledger.policies.presets import preset
from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.catalogue import BY_ID, FAMILIES
from ledger.rules.controls import CONTROLS, supported_by
from ledger.rules.policy import parse_policy

PAGE = Path(__file__).parents[2] / "docs" / "controls.md"
WAITING = re.compile(rf"(?:{'|'.join(FAMILIES)})-\d\d", re.ASCII)


def test_every_framework_has_controls() -> None:
    """Whatever framework a policy may name, something is said of it, and each control rests on a rule that exists."""
    assert {control.framework for control in CONTROLS} == set(FRAMEWORK_NAMES)
    for control in CONTROLS:
        assert control.rules
        assert len(set(control.rules)) == len(control.rules)
        assert all(WAITING.fullmatch(rule) for rule in control.rules)
        assert set(control.rules) & set(BY_ID), control.id


def test_nothing_is_called_compliant() -> None:
    """No sentence of the mapping, nor its page, claims more than that evidence supports a control."""
    told = " ".join(f"{control.subject} {control.supports}" for control in CONTROLS) + PAGE.read_text("utf-8")
    assert re.findall(r"\b(?:is|are) compliant\b|\bsatisf\w+|\bfulfils?\b|\bensures?\b", told) == []


def test_a_policy_tells_which_rules_are_off() -> None:
    """Only the frameworks that a policy names are told, with each rule either on or off."""
    policy = parse_policy(preset("pci"))
    found = supported_by(policy)
    assert {item.control.framework for item in found} == {"pci-dss"}
    on = {setting.rule.id for setting in policy.rules}
    for item in found:
        assert set(item.on) <= on
        assert {*item.on, *item.off} == set(item.control.rules)


def test_the_page_is_the_mapping() -> None:
    """docs/controls.md has a row for every control, with its words and rules."""
    page = PAGE.read_text("utf-8")
    for control in CONTROLS:
        assert f"## {FRAMEWORK_NAMES[control.framework]}\n" in page
        row = f"| {control.id} | {control.subject} | {control.supports} | {', '.join(control.rules)} |"
        assert row in page, row
