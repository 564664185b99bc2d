"""Rules about content, tests and assistants, all on: what holds for every story of making a change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import AuthorityError, ConflictError, FormatError
from ledger.rules.catalogue import RULES
from ledger.rules.verdict import Outcome
from tests.rules.story import Scenario, Story, without
from tests.rules.test_properties import _check_erasure, _commitments, _outcomes

if TYPE_CHECKING:
    import random

FAMILIES = ("CHG", "TST", "AI-")
PARAMETERS: dict[str, dict[str, Any]] = {
    "AI-06": {"named_as": "co-author"},
    "AI-07": {"custody": "any"},
    "AI-08": {"senior_role": "senior", "senior_classes": ["high"], "senior_paths": ["gen/**"]},
    "AI-09": {"forbidden_modes": {"high": ["bypass"]}},
    "CHG-04": {"impact_from": "medium", "security_impact_from": "high"},
    "CHG-05": {"fallback_from": "high"},
    "CHG-08": {"generated": ["gen/**"], "generators": ["tools/**"]},
    "CHG-09": {"bot_paths": ["gen/**", "lib/**"]},
    "CHG-10": {"sensitive_role": "platform", "sensitive_paths": ["tools/**"]},
}
POLICY: dict[str, Any] = {
    "assistants": [{"tool": "codepilot", "models": ["m-1"], "modes": ["ask"]}],
    "owners": [{"paths": ["pay/**"], "role": "senior"}],
    "risks": [{"name": "high", "paths": ["pay/**"]}, {"name": "medium", "paths": ["gen/**"], "ai": ["assisted"]}],
    "runbook": ["high"],
    "suite_classes": {"high": [{"class": "security", "contract": False}]},
    "templates": [{"id": "fix", "version": "1"}],
    "rules": {
        rule.id: {"on": rule.id.startswith(FAMILIES), "severity": "medium", **PARAMETERS.get(rule.id, {})}
        for rule in RULES
    },
}

_NAMES = st.sampled_from(["Dana", "Rob", "Rita", "CI", "Copi"])
_PEOPLE = st.sampled_from(["Dana", "Rob", "Rita"])
_REVISIONS = st.integers(1, 2)
_MAILS = st.sampled_from(["dana@acme.example", "copi@acme.example", "ghost@acme.example", "noreply@anthropic.com"])
_PATHS = st.sampled_from(["pay/a.py", "gen/a.py", "tools/a.py", "lib/a.jar", "vendor/lib", "web/a.py"])
_FILES = st.dictionaries(_PATHS, st.sampled_from([["a", "b"], ["b", "a"], ["", "c"]]), min_size=1, max_size=2)
_LATE = {"late": st.booleans()}
_STEPS = st.one_of(
    st.fixed_dictionaries(
        {"do": st.just("revise"), "by": _NAMES, "rev": _REVISIONS, "files": _FILES},
        optional={
            "author_mail": _MAILS,
            "co_author_mails": st.lists(_MAILS, max_size=1),
            "ai": st.sampled_from(["none", "assisted", "undeclared"]),
            "traces": st.just(["claude"]),
            "change": st.sampled_from(["6", "7"]),
            **_LATE,
        },
    ),
    st.fixed_dictionaries(
        {"do": st.just("land"), "by": _PEOPLE, "rev": _REVISIONS},
        optional={
            "method": st.sampled_from(["merge", "squash", "rebase", "cherry-pick"]),
            "again": st.sampled_from(["same", "other", "conflict"]),
            "files": _FILES,
            "binding": st.sampled_from(["manifest", "none", "recomputed"]),
            "change": st.sampled_from(["6", "7"]),
            "parents": st.sampled_from([["base"], ["base", "head"]]),
            **_LATE,
        },
    ),
    st.fixed_dictionaries(
        {"do": st.just("state"), "by": _NAMES, "type": st.sampled_from(["normal", "bot", "revert"])},
        optional={
            "risk": st.sampled_from(["high", "medium", "other"]),
            "requests": st.sampled_from([["jira:A-1:open"], ["jira:A-1:closed"], ["jira:A-1:unresolved"]]),
            "texts": st.fixed_dictionaries(
                {"runbook": st.just("Go."), "stop_conditions": st.just("Stop."), "fallback": st.just("Back.")},
                optional={"reason": st.sampled_from(["Why.", " "]), "impact": st.just("Some.")},
            ),
            "cutover": _NAMES,
            **_LATE,
        },
    ),
    st.fixed_dictionaries(
        {"do": st.just("note"), "by": _PEOPLE, "path": _PATHS},
        optional={"account": st.sampled_from(["id-rob", "id-ghost"]), "rev": _REVISIONS, **_LATE},
    ),
    st.fixed_dictionaries(
        {"do": st.just("suite")},
        optional={
            "rev": _REVISIONS,
            "commit": st.just("base"),
            "failures": st.integers(0, 1),
            "passed": st.integers(1, 2),
            "sort": st.sampled_from(["security", "regeneration"]),
            "signer": st.sampled_from(["CI", "Dana"]),
            "report": st.sampled_from(["same", "other", "broken"]),
            **_LATE,
        },
    ),
    st.fixed_dictionaries({"do": st.just("scan"), "rev": _REVISIONS}, optional={"error": st.integers(0, 1), **_LATE}),
    st.fixed_dictionaries(
        {"do": st.just("ask"), "by": _NAMES},
        optional={
            "mode": st.sampled_from(["ask", "bypass", ""]),
            "model": st.sampled_from(["m-1", "m-2", ""]),
            "template": st.sampled_from(["fix@1", "fix@2"]),
            "findings": st.integers(0, 1),
            "agent": st.sampled_from(["Copi", "Dana"]),
        },
    ),
    st.fixed_dictionaries({"do": st.just("approve"), "by": _PEOPLE, "rev": _REVISIONS}),
    st.fixed_dictionaries(
        {"do": st.just("forge"), "account": st.sampled_from(["id-rob", "id-ghost"]), "rev": _REVISIONS}
    ),
    st.fixed_dictionaries({"do": st.just("grant"), "to": _PEOPLE, "role": st.sampled_from(["senior", "platform"])}),
)
SCENARIO = Scenario("working", "", (), {})


def _played(steps: list[dict[str, Any]]) -> Story:
    story = Story(POLICY)
    story.play([{"do": "revise", "by": "Dana", "rev": 1, "files": {"pay/a.py": ["a", "b"]}}])
    for step in steps:
        # A step about a revision that is not there, or that a server refuses, does not happen.
        with suppress(AuthorityError, ConflictError, FormatError, KeyError):
            story.play([step])
    return story


@settings(max_examples=80, deadline=None)
@given(st.lists(_STEPS, max_size=10), st.randoms(use_true_random=False))
def test_erasure_is_one_way_with_every_rule_on(steps: list[dict[str, Any]], chance: random.Random) -> None:
    """Whatever happened, and whatever is erased then, verdicts only become not evaluable."""
    story = _played(steps)
    records = story.world.records()
    order = _commitments(records)
    chance.shuffle(order)
    before = _outcomes(story, SCENARIO)
    for end in (1, 2, 4, 8, 16):
        after = _outcomes(story, SCENARIO, without(records, order[:end]))
        _check_erasure(before, after)
        before = after


@settings(max_examples=30, deadline=None)
@given(st.lists(_STEPS, max_size=8))
def test_a_pass_never_goes_by_what_was_recorded_afterwards(steps: list[dict[str, Any]]) -> None:
    """A rule that goes by order, told the whole story after the fact, passes nothing that it did not pass without."""
    late = [{**step, "late": True} if step["do"] in ("suite", "land", "scan") else step for step in steps]
    found = _outcomes(_played(late), SCENARIO)
    for (rule, _), outcome in found.items():
        if rule == "TST-06":
            assert outcome is not Outcome.PASS


def test_nothing_passes_on_an_empty_change() -> None:
    """A change of which only a remark is recorded passes no rule at all."""
    story = Story(POLICY)
    story.play([{"do": "note", "by": "Rita"}])
    found = _outcomes(story, SCENARIO)
    assert not [rule for (rule, _), outcome in found.items() if outcome is Outcome.PASS and rule.startswith(FAMILIES)]
