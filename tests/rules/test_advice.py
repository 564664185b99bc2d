"""What a policy may not mean as it is written is told, and nothing is told of the ready ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.canonical import encode
from ledger.policies.presets import PRESETS, preset
from ledger.rules.advice import advice
from ledger.rules.policy import PolicyRules, parse_policy
from ledger.rules.prerequisites import prerequisites


def made(name: str, members: dict[str, Any]) -> PolicyRules:
    """A ready policy with other members; of ``rules`` single settings are laid over."""
    value = json.loads(preset(name))
    for rule, settings in members.pop("rules", {}).items():
        value["rules"][rule] |= settings
    return parse_policy(encode(value | members))


def told(name: str = "sox", **members: Any) -> str:  # noqa: ANN401 -- members of a policy
    """The advice on a ready policy with other members, as one text."""
    return "\n".join(advice(made(name, members)))


def taken(what: str, name: str, **members: Any) -> str:  # noqa: ANN401 -- members of a policy
    """What a ready policy with other members takes of one thing."""
    return next(item.words for item in prerequisites(made(name, members)) if item.name == what)


@pytest.mark.parametrize("name", PRESETS)
def test_nothing_is_told_of_a_ready_policy(name: str) -> None:
    """The ready policies list each class that they name, shadow none, and ask for nothing that is off."""
    assert told(name) == ""


def test_a_misspelt_class_is_told_wherever_it_stands() -> None:
    """A class that `risks` does not list is named with its place and the one that is meant."""
    found = told(
        approvals={"default": 1, "hihg": 2},
        approver_classes={"hgh": {"security": 1}},
        checklists={"meduim": [{"id": "a", "text": "b"}]},
        suite_classes={"higj": [{"class": "unit", "contract": False}]},
        runbook=["hihg"],
        rules={
            "CHG-05": {"fallback_from": "meduim"},
            "AI-08": {"senior_classes": ["hgh"]},
            "AI-09": {"forbidden_modes": {"hihg": ["bypass"]}},
        },
    )
    for place in ("`approvals`", "`approver_classes`", "`checklists`", "`suite_classes`", "`runbook`"):
        assert f"{place} names the risk class" in found
    for place in ("`fallback_from` of CHG-05", "`senior_classes` of AI-08", "`forbidden_modes` of AI-09"):
        assert f"{place} names the risk class" in found
    assert found.count("Did you mean “high”?") == 6
    assert found.count("Did you mean “medium”?") == 2


def test_a_shadowed_class_is_told() -> None:
    """A class below one with the same paths never applies; one that has another path besides does, for that one."""
    high = {"name": "high", "paths": ["**/payments/**"], "lines_over": 500}
    same = {"name": "medium", "paths": ["**/payments/**"], "lines_over": 900}
    assert "“medium” never applies" in told(risks=[high, same])
    more = {"name": "medium", "paths": ["**/payments/**", "docs/"]}
    assert "**/payments/** matches nothing" in told(risks=[high, more])
    assert told(risks=[high, {"name": "medium", "paths": ["docs/"], "lines_over": 100}]) == ""


FORGE_OPENS = {"ID-06": {"severity": "low"}, "APP-11": {"on": False}, "AI-07": {"custody": "any"}}


def test_forge_approvals_that_open_nothing_are_told() -> None:
    """Under a strict policy ID-06, APP-11 and AI-07 keep the gate shut of what a forge attests; else it opens."""
    assert "ID-06, APP-11 and AI-07 cannot be told" in told("regulated", forge_attested="count")
    assert "opens no gate here" not in told("regulated", forge_attested="count", rules=FORGE_OPENS)
    assert "opens no gate here" not in told("regulated", forge_attested="count", strict=False)
    declared = FORGE_OPENS | {"AI-07": {"custody": "declared"}}
    assert "attests AI-07 cannot be told" in told("regulated", forge_attested="count", rules=declared)


def test_the_forge_will_do_only_where_it_opens_gates() -> None:
    """What a policy takes says the same of keys as the advice on it."""
    takes = "Approvers sign with keys of their own"
    assert taken(takes, "regulated", forge_attested="count", rules=FORGE_OPENS) == "no, the forge will do"
    declared = FORGE_OPENS | {"AI-07": {"custody": "declared"}}
    found = taken(takes, "regulated", forge_attested="count", rules=declared)
    assert found == "yes, as AI-07 cannot be told of the forge's word"


def test_what_no_rule_reads_is_told() -> None:
    """A checklist whose rule is off asks for nothing."""
    assert "`checklists` asks for nothing: APP-11" in told(rules={"APP-11": {"on": False}})
