"""The JSON Schema of policies, made of the same declarations that read them (docs/policy.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.kinds import LABEL
from ledger.rules.policy import SEVERITIES

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.rules.shape import Parameter, Rule

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, JSON]:
    """The schema of a policy. What it cannot say is left to ``parse_policy``: names given twice, the shape of patterns.

    Editors read it beside the YAML in which people write policies.
    """
    own: dict[str, JSON] = {
        "v": {"const": 1, "type": "integer", "description": "The version of the form: 1."},
        "name": {**LABEL.schema, "description": "What people call this policy."},
        "strict": {
            "type": "boolean",
            "description": "Whether what cannot be told shuts a gate as a failure does.",
        },
        "rules": {
            "type": "object",
            "description": "By rule id: whether it is on, how grave a failure is, its parameters. One at least is on.",
            "properties": {rule.id: _rule(rule) for rule in RULES},
            "additionalProperties": False,
            # Not all of them off: some member is on.
            "not": {"additionalProperties": {"not": {"properties": {"on": {"const": True}}, "required": ["on"]}}},
        },
    }
    return {
        "$schema": DIALECT,
        "title": "Policy of an Evidence Ledger",
        "description": "Which rules hold, with which parameters (docs/policies.md, docs/rules.md).",
        "type": "object",
        "properties": own | {name: _parameter(parameter) for name, parameter in SHARED.items()},
        "required": ["v", "name", "strict", "rules"],
        "additionalProperties": False,
    }


def _rule(rule: Rule) -> JSON:
    own = [parameter for parameter in rule.parameters if not parameter.shared]
    fixed: dict[str, JSON] = {
        "on": {"type": "boolean", "description": "Whether the rule is assessed."},
        "severity": {"enum": list(SEVERITIES), "description": "A failure of a rule of severity low shuts no gate."},
    }
    return {
        "type": "object",
        "title": rule.title,
        "description": rule.statement,
        "properties": fixed | {parameter.name: _parameter(parameter) for parameter in own},
        "required": ["on", "severity"],
        "additionalProperties": False,
    }


def _parameter(parameter: Parameter) -> JSON:
    return {**parameter.kind.schema, "description": parameter.sentence, "default": parameter.default}
