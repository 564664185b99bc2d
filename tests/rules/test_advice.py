"""What a policy may not mean as it is written is told, and nothing is told of the ready ones."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from ledger.canonical import encode
from ledger.globs import matches, parse_glob
from ledger.policies.presets import PRESETS, preset
from ledger.rules.advice import advice, within
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


SEGMENTS = ("a", "b", "*", "**", "*.py")
PATTERNS = sorted({"/".join(one) for size in (1, 2, 3) for one in product(SEGMENTS, repeat=size)})
PATHS = ["/".join(one).encode() for size in (1, 2, 3, 4) for one in product(("a", "b", "c.py"), repeat=size)]


def test_a_wider_pattern_shadows_a_narrower_one() -> None:
    """A class whose paths lie below a pattern of a higher class never applies, however the two are written."""
    high = {"name": "high", "paths": ["**/payments/**", "infra/"]}
    for path in ("payments/**", "src/payments/", "payments/api/*.py", "**/payments/x", "infra/**", "infra/dns/"):
        assert "“medium” never applies" in told(risks=[high, {"name": "medium", "paths": [path]}]), path
    for path in ("payments", "**/payments", "payments-api/**", "**", "infra", "lib/infra/**", "**/infra/**"):
        assert "“medium” never applies" not in told(risks=[high, {"name": "medium", "paths": [path]}]), path


def test_no_class_is_called_shadowed_that_has_a_path_of_its_own() -> None:
    """Whatever two patterns: where one is told to match nothing below the other, no path proves that wrong."""
    found = {text: {path for path in PATHS if matches(parse_glob(text), path)} for text in PATTERNS if readable(text)}
    shadowed = [(wide, narrow) for wide in found for narrow in found if within(narrow, wide)]
    assert all(found[narrow] <= found[wide] for wide, narrow in shadowed)
    assert {("**/a/**", "a/**"), ("**/a", "b/a"), ("a/**", "a/*/b"), ("**", "a")} <= set(shadowed)


def readable(text: str) -> bool:
    """Whether ``text`` is a pattern."""
    return "**/**" not in text


def test_a_class_inherits_nothing_from_a_lower_one() -> None:
    """A class put above another that takes paths of it is told with every table in which only the lower one stands."""
    high = {"name": "high", "paths": ["**/payments/**"]}
    for path in ("**", "payments/refunds/**"):
        found = told("regulated", risks=[{"name": "critical", "paths": [path]}, high])
        assert "A class inherits nothing: “critical” stands above “high” and takes paths of it" in found
        told_of = found.split("is not in ")[1].split(", in which")[0]
        assert told_of == (
            "`approvals`, `approver_classes`, `suite_classes`, `runbook`, `senior_classes` of AI-08 and "
            "`forbidden_modes` of AI-09"
        )
    apart = [{"name": "critical", "paths": ["docs/"]}, high]
    assert "inherits" not in told("regulated", risks=apart)


def test_a_class_of_which_the_same_is_asked_is_not_told() -> None:
    """What `default` asks of the new class too is not lost, nor what a rule asks that is off."""
    risks = [{"name": "critical", "paths": ["**/payments/**"]}, {"name": "high", "paths": ["**/payments/**", "x"]}]
    off = {rule: {"on": False} for rule in ("APP-07", "TST-10", "CHG-13", "AI-08", "AI-09")}
    assert "not in `approvals`, in which" in told("regulated", risks=risks, rules=off)
    for count in (1, 2):
        same = {"default": count, "high": count}
        assert "inherits" not in told("regulated", risks=risks, rules=off, approvals=same)


@pytest.mark.parametrize(("setting", "words"), [({"on": False}, "-"), ({"severity": "low"}, "advised")])
def test_a_policy_that_waits_for_no_approval_is_told(setting: dict[str, Any], words: str) -> None:
    """Without SOD-01, or with it as advice alone, that comes first, and no number of approvals is asked for."""
    rules = {"SOD-01": setting}
    assert told(rules=rules).startswith("Changes that nobody approved can pass: SOD-01")
    assert taken("Approvals of a change", "sox", rules=rules) == words


def test_a_class_that_is_not_listed_is_asked_for_more_where_it_is_stated() -> None:
    """A number of approvals for a class without a row in `risks` names nothing that a change touches."""
    what = "Approvals of a change"
    assert taken(what, "startup", approvals={"default": 1, "high": 3}) == "1; 3 where high is stated"
    assert taken(what, "sox", approvals={"default": 1, "high": 3}) == "1; 3 at high"


def test_what_is_always_stated_is_told_apart_from_what_is_from_a_class_up() -> None:
    """Impact asked of every change and the way back from a class up read as two things."""
    rules = {"CHG-04": {"impact_from": None}, "CHG-05": {"fallback_from": "medium"}}
    found = taken("Stated of a change", "sox", rules=rules)
    assert found == "impact always; the way back from medium up"


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
