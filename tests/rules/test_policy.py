"""Policies: parameters are settled, everything malformed is refused at its place, and no policy passes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import Encodable, encode
from ledger.errors import ConflictError, FormatError, NotFoundError
from ledger.rules.assess import assess_change, blocking
from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.policy import encode_policy, parse_policy, policy_in_force
from ledger.rules.verdict import Outcome
from tests.policies import CORE_POLICY
from tests.rules.story import Story, merged
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping


def _refused(changes: Mapping[str, Any]) -> FormatError:
    with pytest.raises(FormatError) as caught:
        encode_policy(merged(CORE_POLICY, changes))
    return caught.value


def test_a_path_in_place_of_a_risk_class_is_told() -> None:
    """Whoever asks for approvals by path learns where paths stand; a role that is none is not taken for a class."""
    for member, value in (("approvals", 2), ("checklists", [])):
        error = _refused({member: {"payments/**": value}})
        assert "risk classes are expected here, not paths" in error.message
        assert error.where == f"/{member}"
    assert "risk class" not in _refused({"approver_classes": {"high": {"A Role": 1}}}).message


def test_every_parameter_is_settled() -> None:
    """A policy's rules come in the order of the catalogue, with every parameter settled."""
    policy = parse_policy(encode_policy(CORE_POLICY))
    on = CORE_POLICY["rules"]
    assert [setting.rule.id for setting in policy.rules] == [rule.id for rule in RULES if rule.id in on]  # type: ignore[operator]
    for setting in policy.rules:
        assert set(setting.settings) == {parameter.name for parameter in setting.rule.parameters}


def test_parameters_have_defaults() -> None:
    """A policy that only turns a rule on takes each parameter's default."""
    policy = parse_policy(
        encode({"name": "one", "rules": {"SOD-01": {"on": True, "severity": "low"}}, "strict": True, "v": 1})
    )
    assert policy.strict
    assert policy.rules[0].settings == {item.name: item.default for item in policy.rules[0].rule.parameters}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"extra": 1}, "/extra"),
        ({"v": 2}, "/v"),
        ({"v": True}, "/v"),
        ({"strict": "yes"}, "/strict"),
        ({"name": "A Name"}, "/name"),
        ({"rules": {"SOD-99": {"on": True, "severity": "low"}}}, "/rules/SOD-99"),
        ({"rules": {"SOD-01": {"severity": "fatal"}}}, "/rules/SOD-01/severity"),
        ({"rules": {"SOD-01": {"on": 1}}}, "/rules/SOD-01/on"),
        ({"rules": {"SOD-01": {"suites": "any"}}}, "/rules/SOD-01/suites"),
        ({"rules": {"AI-02": {"strength": "hoped"}}}, "/rules/AI-02/strength"),
        ({"rules": {"TST-04": {"failed_runs": -1}}}, "/rules/TST-04/failed_runs"),
        ({"approvals": {"high": 2}}, "/approvals"),
        ({"approvals": {"default": 0}}, "/approvals/default"),
        ({"suites": []}, "/suites"),
        ({"suites": "some"}, "/suites"),
        ({"forge_attested": "maybe"}, "/forge_attested"),
        ({"forge_committers": ["NoReply@forge.example"]}, "/forge_committers/0"),
        ({"approver_role": "Big Boss"}, "/approver_role"),
    ],
)
def test_a_malformed_policy_is_refused_at_its_place(changes: dict[str, Any], where: str) -> None:
    """Each fault is named by its place."""
    assert _refused(changes).where == where


def test_a_policy_without_rules_is_refused() -> None:
    """A policy in which no rule is on would pass everything, so it is none."""
    off: dict[str, Encodable] = {rule.id: {"on": False, "severity": "low"} for rule in RULES}
    nothing: dict[str, Encodable] = {}
    for rules in (nothing, off):
        with pytest.raises(FormatError):
            encode_policy({"name": "none", "rules": rules, "strict": False, "v": 1})


def test_a_policy_is_canonical_json() -> None:
    """The same policy in other bytes is refused: its digest would be another."""
    with pytest.raises(FormatError):
        parse_policy(json.dumps(CORE_POLICY).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*SHARED, "rules", "SOD-01", "on", "severity", "v", "strict", "name", "default"]),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_parsing_raises_format_errors_only(value: Encodable) -> None:
    """Whatever the JSON, a policy is read or refused with a place."""
    with suppress(FormatError):
        parse_policy(encode(value))


def test_without_a_policy_nothing_is_assessed() -> None:
    """A ledger with no policy in force refuses, and one with a policy gives it."""
    world = World()
    project = world.project("app")
    with pytest.raises(NotFoundError) as caught:
        policy_in_force(world.records(), project)
    assert caught.value.slug == "no-policy"
    record = world.policy(dict(CORE_POLICY))
    assert policy_in_force(world.records(), project).digest == world.policy_digest
    with pytest.raises(NotFoundError):
        policy_in_force(world.records(record.index), project)


def test_as_of_is_never_before_the_last_entry() -> None:
    """An assessment as of a time before the last entry was received is refused."""
    story = Story({})
    record = story.do_diff("Dana", 1, "one")
    dossier = story.dossier("7")
    early = record.leaf.received_at.replace("2026", "2025")
    with pytest.raises(ConflictError) as caught:
        assess_change(dossier, story.rules, early)  # type: ignore[arg-type]
    assert caught.value.slug == "as-of-too-early"
    assert assess_change(dossier, story.rules, record.leaf.received_at).as_of == record.leaf.received_at  # type: ignore[arg-type]
    with pytest.raises(FormatError):
        assess_change(dossier, story.rules, "yesterday")  # type: ignore[arg-type]


def test_gates_block_on_failures_and_strict_ones_on_what_cannot_be_told() -> None:
    """A failed rule shuts a gate unless its severity is low; what cannot be told does so in strict policies only."""
    told = {}
    for strict in (False, True):
        story = Story({"strict": strict, "rules": {"SOD-01": {"severity": "low"}}})
        story.do_diff("Dana", 1, "one")
        story.do_merge("Dana", 1)
        told[strict] = {verdict.rule for verdict in blocking(story.assess("7"), story.rules)}
    assert told[False] == {"APP-01", "APP-05"}
    assert told[True] == {"APP-01", "APP-05", "TST-01", "TST-02", "TST-04"}


_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "approvals": st.sampled_from([{"default": 1}, {"default": 3, "high": 1}]),
        "forge_attested": st.sampled_from(["count", "show_only"]),
        "suites": st.sampled_from(["any", ["unit"]]),
        "tip_counts": st.booleans(),
        "strict": st.booleans(),
        "rules": st.fixed_dictionaries(
            {},
            optional={
                "APP-05": st.fixed_dictionaries({"release_approvals": st.integers(0, 2)}),
                "REL-01": st.fixed_dictionaries({"artifacts_required": st.booleans()}),
                "SOD-03": st.fixed_dictionaries({"prompters": st.sampled_from(["all", "last-revision"])}),
                "TST-01": st.fixed_dictionaries({"warned_counts": st.booleans()}),
                "TST-04": st.fixed_dictionaries({"failed_runs": st.integers(0, 2)}),
            },
        ),
    },
)


@settings(max_examples=40)
@given(changes=_SETTINGS, deployed=st.booleans())
def test_no_policy_passes_an_empty_set(changes: dict[str, Any], *, deployed: bool) -> None:
    """Whatever the parameters, a release of nothing passes nothing but that its own event is signed."""
    story = Story(changes)
    story.play([{"do": "release", "version": "1.0", "artifacts": 0, "as": "release"}])
    if deployed:
        story.play([{"do": "deploy"}])
    passed = {verdict.rule for verdict in story.assess("release").verdicts if verdict.outcome is Outcome.PASS}
    assert passed <= {"ID-01", "ID-02"}


@settings(max_examples=40)
@given(_SETTINGS)
def test_no_policy_passes_a_change_of_which_nothing_is_recorded(changes: dict[str, Any]) -> None:
    """A change that only a prompt speaks of passes nothing but that its event is signed."""
    story = Story(changes)
    story.play([{"do": "prompt", "by": "Dana"}])
    passed = {verdict.rule for verdict in story.assess("7").verdicts if verdict.outcome is Outcome.PASS}
    assert passed <= {"ID-01", "ID-02"}
