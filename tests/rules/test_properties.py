"""What holds for every story: evidence elsewhere, another order, or an erasure never makes a pass."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import AuthorityError, ConflictError
from ledger.records import Held, Records
from ledger.rules.catalogue import RULES
from ledger.rules.verdict import Outcome
from tests.rules.story import Scenario, Story, scenarios, stage, told, without

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CORPUS = tuple(scenarios())
Outcomes = dict[tuple[str, str], Outcome]

ELSEWHERE: tuple[dict[str, Any], ...] = (
    {"do": "person", "name": "Zoe", "mails": ["zoe@acme.example"], "forge": "id-zoe"},
    {"do": "diff", "by": "Zoe", "rev": 1, "content": "elsewhere", "change": "99", "signer": "Collector"},
    {"do": "prompt", "by": "Zoe", "change": "99", "signer": "Collector"},
    {"do": "run", "rev": 1, "change": "99", "failures": 4, "signer": "Collector"},
    {"do": "forge", "account": "id-zoe", "rev": 1, "change": "99", "decision": "reject"},
    {"do": "reject", "by": "Zoe", "rev": 1, "change": "99"},
    {"do": "diff", "by": "Zoe", "rev": 2, "content": "elsewhere, again", "change": "99", "signer": "Collector"},
    {"do": "key", "of": "Zoe", "name": "another"},
    {"do": "grant", "to": "Zoe", "role": "auditor"},
)
"""Events about something else, by somebody who has no part in the stories."""

AFTER_THE_PUSH: tuple[dict[str, Any], ...] = (
    {"do": "run", "rev": 1},
    {"do": "run", "rev": 1, "suite": "integration", "failures": 1},
    {"do": "approve", "by": "Rob", "rev": 1},
    {"do": "approve", "by": "Dana", "rev": 1},
    {"do": "forge", "account": "id-rita", "rev": 1},
    {"do": "reject", "by": "Sam", "rev": 1},
    {"do": "prompt", "by": "Rita"},
    {"do": "grant", "to": "Sam", "role": "auditor"},
)
"""Events about one revision that say nothing about each other's order."""

DECISIONS = frozenset({"approve", "reject", "withdraw", "forge"})


def _outcomes(story: Story, scenario: Scenario, records: Records | None = None) -> Outcomes:
    assessment = story.assess(scenario.subject, records, scenario.as_of)
    # A period is called after its positions, which other events move.
    return {
        (
            verdict.rule,
            "period" if verdict.subject == assessment.subject and scenario.subject == "period" else verdict.subject,
        ): verdict.outcome
        for verdict in assessment.verdicts
    }


def _commitments(records: Records) -> list[str]:
    return sorted(key for key, value in records.contents.items() if isinstance(value, Held))


def _check_erasure(before: Outcomes, after: Outcomes) -> None:
    for key, outcome in before.items():
        rule, subject = key
        if key not in after:
            # The change is no longer known to be part of the release; then the release says that it cannot tell, or
            # fails by itself.
            assert subject.startswith("change ")
            assert any(
                found in (Outcome.NOT_EVALUABLE, Outcome.FAIL)
                for (other, where), found in after.items()
                if other == rule and where.startswith("release ")
            )
        elif after[key] is not outcome:
            assert after[key] is Outcome.NOT_EVALUABLE, (key, outcome, after[key])
    for key in after.keys() - before.keys():
        assert after[key] is Outcome.NOT_EVALUABLE


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_one_erasure_only_makes_verdicts_not_evaluable(scenario: Scenario) -> None:
    """Whichever single content is erased, every verdict stays as it was or cannot be told any more."""
    story = told(scenario)
    records = story.world.records()
    before = _outcomes(story, scenario)
    for commitment in _commitments(records):
        _check_erasure(before, _outcomes(story, scenario, without(records, [commitment])))


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_any_erasures_only_make_verdicts_not_evaluable(scenario: Scenario) -> None:
    """The same for growing sets of contents, each step judged against the one before."""
    story = told(scenario)
    records = story.world.records()
    order = _commitments(records)
    random.Random(scenario.id).shuffle(order)
    before = _outcomes(story, scenario)
    for end in range(2, len(order) + 1, 4):
        after = _outcomes(story, scenario, without(records, order[:end]))
        _check_erasure(before, after)
        before = after


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_events_about_something_else_change_no_verdict(scenario: Scenario) -> None:
    """A story with other changes, people and keys woven in ends in the same verdicts."""
    plain = told(scenario)
    woven = stage(scenario)
    others = iter(ELSEWHERE)
    for event in scenario.events:
        other = next(others, None)
        if other is not None:
            woven.play([other])
        woven.play([event])
    woven.play(others)
    assert _outcomes(woven, scenario) == _outcomes(plain, scenario)


def _unordered(outcomes: Outcomes) -> Outcomes:
    """Without the verdicts of the rule that asks which tests were there when somebody approved."""
    return {key: outcome for key, outcome in outcomes.items() if key[0] != "APP-09"}


def _independent(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether neither event says anything about the other: another approver, another suite, or unrelated."""
    kinds = {first["do"], second["do"]}
    if "of" in second and second["of"] == first.get("as"):
        return False
    if kinds <= DECISIONS:
        return (
            "withdraw" not in kinds and None not in (first.get("by"), second.get("by")) and first["by"] != second["by"]
        )
    if kinds == {"run"}:
        return str(first.get("suite", "unit")) != str(second.get("suite", "unit"))
    return "run" in kinds and bool(kinds & (DECISIONS | {"prompt", "grant", "key"}))


def _swaps(scenario: Scenario) -> Iterator[tuple[dict[str, Any], ...]]:
    events = scenario.events
    if any(event["do"] == "join" for event in events):
        # Two who turn out to be one take back what they said themselves: their decisions are not independent.
        return
    for place in range(len(events) - 1):
        if _independent(events[place], events[place + 1]):
            yield (*events[:place], events[place + 1], events[place], *events[place + 2 :])


def test_the_order_of_independent_events_changes_no_verdict() -> None:
    """Swapping two neighbours that do not concern each other leaves every verdict as it was."""
    swapped = 0
    for scenario in CORPUS:
        expected: Outcomes | None = None
        for events in _swaps(scenario):
            expected = expected or _unordered(_outcomes(told(scenario), scenario))
            story = stage(scenario)
            story.play(events)
            assert _unordered(_outcomes(story, scenario)) == expected
            swapped += 1
    assert swapped >= 10


@settings(max_examples=60)
@given(st.permutations(AFTER_THE_PUSH))
def test_any_order_of_independent_events_gives_the_same_verdicts(order: list[dict[str, Any]]) -> None:
    """However runs, decisions of several people and a prompt about one revision arrive, the verdicts are the same."""
    scenario = Scenario("order", "", (), {})
    push = {"do": "diff", "by": "Dana", "rev": 1, "content": "one", "ai": "assisted"}
    land = {"do": "merge", "by": "Dana", "rev": 1}
    told_so, told_thus = Story({}), Story({})
    told_so.play([push, *AFTER_THE_PUSH, land])
    told_thus.play([push, *order, land])
    assert _outcomes(told_thus, scenario) == _outcomes(told_so, scenario)


@pytest.mark.parametrize("scenario", CORPUS[:40], ids=lambda scenario: scenario.id)
def test_a_verdict_replays(scenario: Scenario) -> None:
    """Two worlds told the same story give the same assessment, sentence for sentence."""
    assert told(scenario).assess(scenario.subject, as_of=scenario.as_of) == told(scenario).assess(
        scenario.subject, as_of=scenario.as_of
    )


_NAMES = st.sampled_from(["Dana", "Rob", "Rita", "Sam"])
_REVISIONS = st.integers(1, 3)
_MAILS = st.sampled_from([f"{name}@acme.example" for name in ("dana", "rob", "rita", "sam", "ghost")])
_FORGE_IDS = st.sampled_from(["id-dana", "id-rob", "id-rita", "id-ghost"])
_CONTENTS = st.sampled_from(["one", "two"])

_STEPS = st.one_of(
    st.fixed_dictionaries(
        {"do": st.just("diff"), "by": _NAMES, "rev": _REVISIONS, "content": _CONTENTS},
        optional={
            "author_mail": _MAILS,
            "co_author_mails": st.lists(_MAILS, max_size=1),
            "account": _FORGE_IDS,
            "pusher": st.sampled_from(["CI", "Copi", "Rob"]),
            "ai": st.sampled_from(["none", "assisted", "undeclared"]),
        },
    ),
    st.fixed_dictionaries({"do": st.sampled_from(["approve", "reject"]), "by": _NAMES, "rev": _REVISIONS}),
    st.fixed_dictionaries(
        {"do": st.just("forge"), "account": _FORGE_IDS, "rev": _REVISIONS},
        optional={"decision": st.sampled_from(["approve", "reject"])},
    ),
    st.fixed_dictionaries({"do": st.just("forge"), "by": _NAMES, "rev": _REVISIONS}),
    st.fixed_dictionaries(
        {"do": st.just("card"), "of": _NAMES, "mails": st.lists(_MAILS, max_size=2, unique=True)},
        optional={"forge": _FORGE_IDS},
    ),
    st.fixed_dictionaries(
        {"do": st.just("merge"), "by": _NAMES, "rev": _REVISIONS},
        optional={"content": _CONTENTS, "binding": st.sampled_from(["manifest", "none", "recomputed"])},
    ),
    st.fixed_dictionaries({"do": st.just("prompt")}, optional={"by": _NAMES}),
    st.fixed_dictionaries(
        {"do": st.just("run"), "rev": _REVISIONS, "failures": st.integers(0, 1), "attempt": st.integers(1, 3)}
    ),
    st.fixed_dictionaries({"do": st.just("disable"), "who": st.sampled_from(["Rita", "Sam"])}),
    st.fixed_dictionaries({"do": st.just("join"), "who": _NAMES, "into": _NAMES}),
    st.fixed_dictionaries({"do": st.just("split"), "who": _NAMES}),
    st.fixed_dictionaries(
        {"do": st.just("revise"), "by": _NAMES, "rev": _REVISIONS},
        optional={"files": st.sampled_from([{"payments/x": ["", "a"]}, {"docs/x": ["", "b"], "a.py": ["", "one"]}])},
    ).map(lambda step: {"files": {"b.py": ["", "two"]}} | step),
    st.fixed_dictionaries(
        {"do": st.just("sign"), "by": _NAMES, "rev": _REVISIONS},
        optional={
            "role": st.just("reviewer"),
            "answers": st.just({"errors": "yes"}),
            "looked_seconds": st.sampled_from([5, 600]),
            "decision": st.sampled_from(["approve", "abstain"]),
        },
    ),
    st.fixed_dictionaries(
        {"do": st.just("tick"), "account": _FORGE_IDS, "rev": _REVISIONS},
        optional={
            "decision": st.sampled_from(["reject", "abstain"]),
            "review": st.sampled_from(["r-1", "r-2"]),
            "state": st.just("dismissed"),
            "late": st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {"do": st.just("entrust"), "to": _NAMES, "role": st.just("reviewer")},
        optional={
            "paths": st.sampled_from([["docs/", "a.py"], ["payments/**"]]),
            "risks": st.sampled_from([["default"], ["high"]]),
        },
    ),
    st.fixed_dictionaries({"do": st.just("identify"), "of": _NAMES, "subject": st.sampled_from(["u-1", "u-2"])}),
    st.fixed_dictionaries({"do": st.just("state"), "by": _NAMES, "risk": st.sampled_from(["high", "low"])}),
    st.fixed_dictionaries({"do": st.just("suggest"), "by": _NAMES}, optional={"applied": st.just("7 r1 one")}),
    st.fixed_dictionaries({"do": st.just("push"), "by": _NAMES, "change": st.just("7"), "after": st.just("7 r1 one")}),
    st.fixed_dictionaries(
        {"do": st.just("advise")}, optional={"session": st.sampled_from(["s-1", "s-9"]), "initiator": _NAMES}
    ),
)

_EVERYTHING: dict[str, Any] = {
    "approver_classes": {"default": {"reviewer": 1}},
    "checklists": {"default": [{"id": "errors", "text": "Errors are handled"}]},
    "owners": [{"paths": ["payments/**"], "role": "reviewer"}],
    "risks": [{"name": "high", "paths": ["payments/**"]}, {"ai": ["assisted"], "files_over": 1, "name": "medium"}],
    "rules": {rule.id: {} for rule in RULES} | {"SOD-13": {"least": 2}, "ID-03": {"verified_identities": True}},
}
"""A policy that asks for everything there is."""


def _play_what_is_possible(story: Story, steps: list[dict[str, Any]]) -> None:
    story.play([{"do": "diff", "by": "Dana", "rev": 1, "content": "one"}])
    for step in steps:
        # A step about a revision that is not there, or by somebody who has left, does not happen.
        with suppress(AuthorityError, ConflictError, KeyError):
            story.play([step])


@settings(max_examples=100)
@given(
    st.lists(_STEPS, max_size=9),
    st.randoms(use_true_random=False),
    st.sampled_from(["7", "period"]),
    st.sampled_from([None, "reviewer"]),
)
def test_erasure_is_one_way_in_any_story(
    steps: list[dict[str, Any]], chance: random.Random, subject: str, role: str | None
) -> None:
    """In stories with accounts that move, are shared and are unknown, erasures too only make verdicts not evaluable.

    Every rule is on.
    """
    scenario = Scenario("random", "", (), {}, subject=subject)
    story = Story(_EVERYTHING | {"approver_role": role})
    _play_what_is_possible(story, steps)
    records = story.world.records()
    order = _commitments(records)
    chance.shuffle(order)
    before = _outcomes(story, scenario)
    for end in (1, 2, 4, 8, 16):
        after = _outcomes(story, scenario, without(records, order[:end]))
        _check_erasure(before, after)
        before = after
