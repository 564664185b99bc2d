"""The published JSON Schema of policies takes what the reader takes, and refuses what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ledger.canonical import encode
from ledger.errors import FormatError
from ledger.rules.catalogue import BY_ID, RULES, SHARED
from ledger.rules.policy import parse_policy
from ledger.rules.policyschema import policy_schema
from tests.rules.story import merged

PUBLISHED = Path(__file__).parents[2] / "docs" / "policy.schema.json"
SCHEMA = Draft202012Validator(policy_schema())
WHOLE: dict[str, Any] = {
    "name": "whole",
    "strict": True,
    "v": 1,
    "rules": {
        rule.id: {"on": True, "severity": "high"}
        | {item.name: item.default for item in rule.parameters if not item.shared}
        for rule in RULES
    },
    **{name: item.default for name, item in SHARED.items()},
}
"""A policy that says everything that can be said, each as its default."""

ACCEPTED: tuple[dict[str, Any], ...] = (
    {},
    {"approvals": {"default": 1, "high": 2, "highest": 3}},
    {"approver_role": "approver"},
    {"forge_attested": "show_only"},
    {"forge_committers": ["noreply@forge.example"]},
    {"suites": ["unit", "Contract/v2"]},
    {
        "risks": [
            {"name": "high", "paths": ["src/pay/**", "*.sql"], "lines_over": 400},
            {"name": "low", "ai": ["assisted"]},
        ]
    },
    {"approver_classes": {"default": {"engineering": 1}, "high": {"engineering": 1, "security": 1}}},
    {"owners": [{"paths": ["ledger/**"], "role": "core"}]},
    {"checklists": {"high": [{"id": "threats", "text": "Threats were looked at: ü."}], "default": []}},
    {"suite_classes": {"high": [{"class": "unit", "contract": False}, {"class": "contract", "contract": True}]}},
    {"runbook": ["high"]},
    {
        "assistants": [
            {"tool": "claude-code"},
            {"tool": "quill", "models": ["q-1"], "modes": ["ask"], "configurations": ["sha256:" + "0" * 64]},
        ]
    },
    {"templates": [{"id": "review", "version": "3"}]},
    {"user_verification": "verified"},
    {"frameworks": ["soc2", "dora"]},
    {"rules": {"SOD-03": {"prompters": "last-revision"}, "TST-04": {"failed_runs": 0}}},
    {"rules": {"SOD-01": {"on": False}}},
)
REFUSED: tuple[dict[str, Any], ...] = (
    {"extra": 1},
    {"v": 2},
    {"v": True},
    {"name": "A Name"},
    {"name": "x" * 65},
    {"strict": "yes"},
    {"rules": {"SOD-99": {"on": True, "severity": "low"}}},
    {"rules": {"SOD-01": {"severity": "fatal"}}},
    {"rules": {"SOD-01": {"on": 1}}},
    {"rules": {"SOD-01": {"suites": "any"}}},
    {"rules": {"TST-04": {"failed_runs": -1}}},
    {"rules": {"TST-01": {"warned_counts": "true"}}},
    {"rules": {rule.id: {"on": False} for rule in RULES}},
    {"approvals": {"default": 0}},
    {"approvals": {"default": True}},
    {"approvals": [1]},
    {"approvals": {"default": 1, "Big Risk": 1}},
    {"approver_role": "Big Boss"},
    {"forge_attested": "maybe"},
    {"forge_committers": ["NoReply@forge.example"]},
    {"forge_committers": ["nobody"]},
    {"forge_committers": ["a@b", "a@b"]},
    {"suites": []},
    {"suites": "some"},
    {"tip_counts": 1},
    {"risks": [{"name": "high"}]},
    {"risks": [{"name": "default", "lines_over": 1}]},
    {"risks": [{"name": "high", "lines_over": -1}]},
    {"risks": [{"name": "high", "paths": []}]},
    {"risks": [{"name": "high", "paths": ["/rooted"]}]},
    {"risks": [{"name": "high", "ai": ["sometimes"]}]},
    {"risks": [{"name": "high", "size": 3, "lines_over": 1}]},
    {"approver_classes": {"high": {}}},
    {"approver_classes": {"high": {"security": 0}}},
    {"owners": [{"paths": ["a"]}]},
    {"owners": [{"paths": ["a"], "role": "x", "why": "y"}]},
    {"checklists": {"high": [{"id": "a", "text": ""}]}},
    {"checklists": {"high": [{"id": "a", "text": "t" * 301}]}},
    {"suite_classes": {"high": [{"class": "unit"}]}},
    {"runbook": "high"},
    {"assistants": [{"models": ["m"]}]},
    {"assistants": [{"tool": "a", "configurations": ["md5:00"]}]},
    {"templates": [{"id": "a"}]},
    {"user_verification": "maybe"},
    {"frameworks": ["hipaa"]},
)
BEYOND: tuple[dict[str, Any], ...] = (
    {"risks": [{"name": "a", "lines_over": 1}, {"name": "a", "lines_over": 2}]},
    {"risks": [{"name": "a", "paths": ["src/**x"]}]},
    {"checklists": {"default": [{"id": "a", "text": "one"}, {"id": "a", "text": "two"}]}},
    {"checklists": {"default": [{"id": "a", "text": "one\ntwo"}]}},
)
"""What only the reader can tell."""


def _reads(policy: dict[str, Any]) -> bool:
    try:
        parse_policy(encode(policy))
    except FormatError:
        return False
    return True


def test_the_published_schema_is_current() -> None:
    """docs/policy.schema.json is what the declarations make."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == policy_schema(), (
        "write it anew: python -c 'import json; from ledger.rules.policyschema import policy_schema; "
        "print(json.dumps(policy_schema(), indent=2))' > docs/policy.schema.json"
    )


def test_it_is_a_schema_of_its_dialect() -> None:
    """The schema is one of draft 2020-12, and every part of it describes itself."""
    Draft202012Validator.check_schema(policy_schema())
    properties: Any = policy_schema()["properties"]
    assert set(properties) == {"v", "name", "strict", "rules", *SHARED}
    assert set(properties["rules"]["properties"]) == set(BY_ID)


@pytest.mark.parametrize("changes", ACCEPTED, ids=str)
def test_what_the_reader_takes_the_schema_takes(changes: dict[str, Any]) -> None:
    """A policy with these members is read, and fits the schema."""
    policy = merged(WHOLE, changes)
    assert _reads(policy)
    SCHEMA.validate(policy)


@pytest.mark.parametrize("changes", REFUSED, ids=str)
def test_what_the_reader_refuses_the_schema_refuses(changes: dict[str, Any]) -> None:
    """A policy with these members is refused by both."""
    policy = merged(WHOLE, changes)
    assert not _reads(policy)
    assert not SCHEMA.is_valid(policy)


@pytest.mark.parametrize("name", ["v", "name", "strict", "rules"])
def test_members_that_must_be_there(name: str) -> None:
    """A policy without one of the members that every policy has is refused by both."""
    policy = {key: value for key, value in WHOLE.items() if key != name}
    assert not _reads(policy)
    assert not SCHEMA.is_valid(policy)


@pytest.mark.parametrize("changes", BEYOND, ids=str)
def test_the_schema_never_refuses_more_than_the_reader(changes: dict[str, Any]) -> None:
    """What JSON Schema cannot say is refused by the reader alone."""
    policy = merged(WHOLE, changes)
    assert not _reads(policy)
    assert SCHEMA.is_valid(policy)
