"""Laws of verdicts over the whole corpus: what is elsewhere, who asks, in which order, and what is not there at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.dossier.build import build_period
from ledger.dossier.changes import change_facts
from ledger.dossier.facts import ChangeDossier, PeriodDossier, ReleaseDossier
from ledger.dossier.reading import arrange
from ledger.entry import LEDGER_STREAM
from ledger.errors import NotFoundError
from ledger.events.roster import MACHINE_KINDS
from ledger.policies.presets import PRESETS, preset
from ledger.records import Absent, Held, Records
from ledger.rules.assess import assess_change, assess_period, assess_release
from ledger.rules.catalogue import RULES
from ledger.rules.policy import PolicyRules, encode_policy, parse_policy
from ledger.rules.verdict import Assessment, Outcome
from tests.policies import CORE_POLICY
from tests.rules.story import END_OF_TIME, PROJECT, Scenario, Story, merged, scenarios, stage, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.records import Record
    from tests.world import Change, Member

ROOT = Path(__file__).parents[2]
CORPUS = tuple(scenarios())
EVERY_RULE: dict[str, Any] = {"rules": {rule.id: {"on": True, "severity": "high"} for rule in RULES}}
DEMANDING: dict[str, Any] = EVERY_RULE | {
    "approver_classes": {"default": {"reviewer": 1}},
    "checklists": {"default": [{"id": "errors", "text": "Errors are handled"}]},
    "owners": [{"paths": ["**"], "role": "owner"}],
    "risks": [{"name": "high", "paths": ["**"]}],
    "runbook": ["high", "default"],
    "suite_classes": {"default": [{"class": "unit", "contract": False}]},
    "suites": ["unit"],
}
LENIENT: dict[str, Any] = EVERY_RULE | {"forge_attested": "count", "suites": "any"}


def _policies() -> dict[str, PolicyRules]:
    """Every ready policy as it is and with every rule on, and policies that ask for all and for nothing."""
    ready = {name: json.loads(preset(name)) for name in PRESETS}
    laid = {f"{name}, every rule": merged(document, EVERY_RULE) for name, document in ready.items()}
    laid |= {"demanding": merged(CORE_POLICY, DEMANDING), "lenient": merged(CORE_POLICY, LENIENT)}
    return {name: parse_policy(encode_policy(document)) for name, document in {**ready, **laid}.items()}


POLICIES = _policies()


def _told(assessment: Assessment, period: bool) -> dict[tuple[str, str], tuple[Outcome, str]]:  # noqa: FBT001
    """Outcome and words by rule and subject; a period is called after its positions, which other events move."""
    return {
        (item.rule, "period" if period and item.subject == assessment.subject else item.subject): (
            item.outcome,
            item.precondition or "",
        )
        for item in assessment.verdicts
    }


# What is not there


def _nothing(story: Story) -> Iterator[ChangeDossier | ReleaseDossier | PeriodDossier]:
    """A change of which nothing is recorded, a release of nothing, and a period in which nothing was recorded of it."""
    project = story.world.projects[PROJECT]
    records = story.world.records()
    yield ChangeDossier(records, change_facts(arrange(records), (project, "7"), ()), {})
    other = story.world.project("another")
    end = len(story.world.entries)
    yield build_period(story.world.records(), [other], end - 1, end)
    story.play([{"do": "release", "version": "1.0", "artifacts": 0}])
    dossier = story.dossier("release")
    assert isinstance(dossier, ReleaseDossier)
    yield dossier


def _assess(dossier: ChangeDossier | ReleaseDossier | PeriodDossier, policy: PolicyRules) -> Assessment:
    match dossier:
        case ChangeDossier():
            return assess_change(dossier, policy, END_OF_TIME)
        case ReleaseDossier():
            return assess_release(dossier, policy, END_OF_TIME)
        case PeriodDossier():
            return assess_period(dossier, policy, END_OF_TIME)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_passes_on_nothing(name: str) -> None:
    """Whatever a policy asks for, a subject without events passes nothing but what is about the roster or itself."""
    for dossier in _nothing(Story({})):
        by_index = {record.index: record for record in dossier.records.entries}
        for verdict in _assess(dossier, POLICIES[name]).by_outcome(Outcome.PASS):
            rests_on = [by_index[item.index] for item in verdict.inputs]
            of_roster = isinstance(dossier, PeriodDossier) and {item.leaf.stream for item in rests_on} == {
                LEDGER_STREAM
            }
            itself = isinstance(dossier, ReleaseDossier) and {item.event.kind for item in rests_on} == {"release"}
            assert of_roster or (itself and verdict.rule in {"ID-01", "ID-02", "LED-05"}), (
                verdict.rule,
                verdict.sentence,
            )


def _rest(records: Records, gone: set[int]) -> Records:
    return replace(records, entries=tuple(record for record in records.entries if record.index not in gone))


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_what_a_pass_rests_on_is_needed(scenario: Scenario) -> None:
    """Whoever takes away what a pass rests on, again and again, is left without a pass, never with one on nothing."""
    story = told(scenario)
    whole = story.world.records()
    expected = {rule for rule, (outcome, _) in scenario.expect.items() if outcome == "pass" and "@" not in rule}
    for rule in sorted(expected):
        policy = replace(story.rules, rules=tuple(item for item in story.rules.rules if item.rule.id == rule))
        gone: set[int] = set()
        while True:
            try:
                dossier = story.dossier(scenario.subject, _rest(whole, gone))
            except (NotFoundError, IndexError):
                break
            passes = _assess(dossier, policy).by_outcome(Outcome.PASS)
            taken = {item.index for verdict in passes for item in verdict.inputs}
            assert all(verdict.inputs for verdict in passes)
            assert not taken & gone
            if not taken:
                break
            gone |= taken


# What is elsewhere


def _elsewhere(story: Story) -> Iterator[Record]:
    """Another project whose change has the same number, content, commits and tree, and fails in every way."""
    world = story.world
    other = world.projects.get("other") or world.project("other")
    stranger = world.person("Zoe Elsewhere")
    machine = world.machine("Zed", MACHINE_KINDS)
    assert other
    for key in sorted(story.revisions):
        known = story.revisions[key]
        manifest = known.diff.event.context.content("manifest")
        yield world.work(
            "other",
            known.diff.event.body,
            stranger,
            machine,
            [
                world.content("manifest", b"" if manifest is None else world.contents[manifest.commitment].data),
                world.commits(known.commits),
            ],
            known.diff.event.context.about,
        )
        yield from _badly(story, known, stranger, machine)


def _badly(story: Story, known: Change, stranger: Member, machine: Member) -> Iterator[Record]:
    world = story.world
    yield world.run("other", known.tree, known.head, machine, change=known.id, failures=3)
    yield world.approve("other", known, stranger, decision="reject")
    yield world.prompt("other", known.id, stranger, machine, session="s-1")
    yield world.merge(
        "other", known, stranger, machine, binding="none", files={"evil.py": "x"}, label=f"else {known.id}"
    )


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_another_project_changes_no_verdict(scenario: Scenario) -> None:
    """The same change number with the same content, trees and commits in another project is another change."""
    story = told(scenario)
    moment = story.assess(scenario.subject, as_of=scenario.as_of).as_of if scenario.as_of != "end" else END_OF_TIME
    before = story.assess(scenario.subject, as_of=moment)
    first = len(story.world.entries)
    assert list(_elsewhere(story)) or not story.revisions
    after = story.assess(scenario.subject, _since(story, first, scenario), as_of=moment)
    assert _told(after, scenario.subject == "period") == _told(before, scenario.subject == "period")


def _since(story: Story, first: int, scenario: Scenario) -> Records:
    """All records; for a period, which is about who there is too, without the acts of the roster since ``first``."""
    records = story.world.records()
    if scenario.subject != "period":
        return records
    acts = {item.index for item in records.entries if item.index >= first and item.leaf.stream == LEDGER_STREAM}
    return _rest(records, acts)


ANOTHER_RELEASE: Final[tuple[dict[str, Any], ...]] = (
    {"do": "release", "version": "0.1", "product": "another", "commits": [{"id": "another's"}], "as": "another"},
    {"do": "approve-release", "by": "Sam", "of": "another"},
    {"do": "deploy", "of": "another", "by": "CI", "environment": "production", "status": "failed"},
)
"""Of another product: it is approved by somebody who has no part in most stories, and its deployment fails."""


@pytest.mark.parametrize(
    "scenario", [item for item in CORPUS if item.subject != "period"], ids=lambda scenario: scenario.id
)
def test_another_release_changes_no_verdict(scenario: Scenario) -> None:
    """What was released before of another product says nothing of a change or of this product's release."""
    story = stage(scenario)
    story.play(ANOTHER_RELEASE)
    story.play(scenario.events)
    expected = told(scenario).assess(scenario.subject, as_of=scenario.as_of)
    found = story.assess(scenario.subject, as_of=scenario.as_of)
    # Words name entries, which stand three places further on.
    assert [(item.rule, item.subject, item.outcome) for item in found.verdicts] == [
        (item.rule, item.subject, item.outcome) for item in expected.verdicts
    ]


# In which order


_SPEAKS_OF: Final[Mapping[str, str]] = {
    "run": "suite {suite}",
    "suite": "suite {suite}",
    "scan": "scan {tool}",
    "prompt": "prompt {session} {change}",
    "ask": "prompt {session} {change}",
    "note": "note {by} {change}",
    "suggest": "note {by} {change}",
    "advise": "note {by} {change}",
    "state": "state {change}",
    "heartbeat": "source {source}",
    "incident": "incident {incident}",
    "build": "build",
    "approve": "decision {by} {change}",
    "reject": "decision {by} {change}",
    "forge": "decision {by} {change}",
    "grant": "role {to}",
    "entrust": "role {to}",
}
"""What an event speaks of, by its verb; verbs that are left out concern everything."""

_OF_OTHERS: Final = {"diff": "revision {change}", "revise": "revision {change}"}
"""Of revisions of other changes than the one that is judged."""


def _touched(event: Mapping[str, Any]) -> tuple[set[str], set[str]] | None:
    """What an event speaks of, and what its meaning depends on having been said before; None: on everything.

    A decision stands for what its signer could have seen, so all that was there by then belongs to it. What lands, is
    released, deployed, asked of a gate or excepted, is judged by what was there before. Time passes for everybody.
    """
    told_ = {"change": "7", "suite": "unit", "session": "s-1", "by": "Copi", "source": "forge", "incident": "INC-1"}
    told_ |= {"tool": "codescan"} | {name: str(value) for name, value in event.items()}
    speaks = _SPEAKS_OF.get(event["do"]) or (_OF_OTHERS.get(event["do"]) if told_["change"] != "7" else None)
    if speaks is None or {"late", "clock", "account", "key"} & set(event):
        return None
    needs = {str(item) for name in _LABELS for item in _texts(event.get(name))} | {f"revision {told_['change']}"}
    if speaks.startswith("decision"):
        needs |= {f"state {told_['change']}", "suite", "scan", "prompt", f"role {told_['by']}"}
    return {speaks.format(**told_)}, needs - {speaks.format(**told_)}


_LABELS: Final = ("of", "prompts", "reverts", "since", "grant", "landing", "scans", "tests")
"""Members that name earlier events by their labels."""


def _texts(value: object) -> list[object]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _exchangeable(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether neither of two neighbours speaks of what the other speaks of or depends on."""
    one, other = _touched(first), _touched(second)
    if one is None or other is None or first.get("as") in other[1]:
        return False
    (said, needs), (told_, wants) = one, other

    def apart(some: set[str], those: set[str]) -> bool:
        return not any(a == b or a.startswith(b + " ") for a in some for b in those)

    return apart(said, told_) and apart(said, wants) and apart(told_, needs)


def _exchanged() -> Iterator[tuple[Scenario, int]]:
    for scenario in CORPUS:
        if any(event["do"] in ("join", "split") for event in scenario.events):
            # Two who turn out to be one take back what they said themselves: their decisions are not independent.
            continue
        for place in range(len(scenario.events) - 1):
            if _exchangeable(scenario.events[place], scenario.events[place + 1]):
                yield scenario, place


EXCHANGED = tuple(_exchanged())


@pytest.mark.parametrize(("scenario", "place"), EXCHANGED, ids=lambda item: getattr(item, "id", item))
def test_neighbours_that_do_not_concern_each_other_may_change_places(scenario: Scenario, place: int) -> None:
    """Two neighbours of which neither speaks of the other's matter give the same verdicts in either order."""
    events = list(scenario.events)
    events[place], events[place + 1] = events[place + 1], events[place]
    story = stage(scenario)
    story.play(events)
    period = scenario.subject == "period"
    expected = _told(told(scenario).assess(scenario.subject, as_of=scenario.as_of), period)
    assert _told(story.assess(scenario.subject, as_of=scenario.as_of), period) == expected


def test_many_neighbours_may_change_places() -> None:
    """The law about neighbours speaks of something."""
    assert len(EXCHANGED) >= 30


# Who brings it, and how


@settings(max_examples=200)
@given(st.sampled_from(CORPUS), st.randoms(use_true_random=False), st.sampled_from(["withheld", "missing", "unknown"]))
def test_why_a_content_is_absent_decides_nothing(scenario: Scenario, chance: Any, state: str) -> None:  # noqa: ANN401
    """Withheld, missing and not shown contents leave the outcomes that erased ones leave."""
    story = told(scenario)
    records = story.world.records()
    held = sorted(key for key, value in records.contents.items() if isinstance(value, Held))
    gone = set(chance.sample(held, chance.randint(1, min(3, len(held)))))

    def without(reason: str) -> Records:
        absent = {key: Absent(reason) for key in gone}
        return replace(records, contents={**records.contents, **absent})

    period = scenario.subject == "period"
    erased = _told(story.assess(scenario.subject, without("erased")), period)
    assert _told(story.assess(scenario.subject, without(state)), period) == erased


_SEEDED = """
import sys
from ledger.digests import digest_bytes
from ledger.rules.document import encode_assessment
from tests.rules.story import scenarios, told
for scenario in tuple(scenarios())[::9]:
    print(scenario.id, digest_bytes(encode_assessment(told(scenario).assess(scenario.subject))))
"""


def test_verdicts_do_not_hang_on_how_sets_are_ordered() -> None:
    """Processes that hash texts differently, and so go through sets in other orders, write the same assessments."""
    said = {
        subprocess.run(
            [sys.executable, "-c", _SEEDED],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number)},
        ).stdout
        for number in (1, 2, 3)
    }
    assert len(said) == 1
    assert said.pop().count(b"\n") == len(CORPUS[::9])
