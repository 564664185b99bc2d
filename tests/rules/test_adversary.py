"""Attempts to pass dishonestly (tests/scenarios/adversary.toml): no gate opens for them under the ready policies."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from ledger.policies.presets import preset
from ledger.rules.assess import assess_change, assess_release, blocking
from ledger.rules.policy import parse_policy
from tests.rules.story import END_OF_TIME, FOLDER, Scenario, Story, scenarios, told

if TYPE_CHECKING:
    from ledger.rules.verdict import Verdict

NAMES = {item["id"] for item in tomllib.loads((FOLDER / "adversary.toml").read_text("utf-8"))["scenario"]}
ATTACKS = tuple(item for item in scenarios() if item.id in NAMES and item.subject != "period")

OPEN_WHERE_DOUBT_OPENS = {
    "author-vouches-for-the-merge",
    "dismissed-by-nobody-knows-whom",
    "late-approval-shown-as-early",
    "late-merge-hides-the-order",
    "old-revision-recorded-again",
    "release-of-nothing",
    "release-skips-an-unrecorded-push",
}
"""What `startup` lets through because nothing is known to be wrong: untold, only SOD-01 shuts its gate."""
OPEN_SINCE_NOT_ASKED = {
    "author-deploys-in-the-pipelines-name",
    "checklist-answered-by-the-author",
    "grant-by-a-narrow-glob",
    "recorded-twice",
    "role-after-the-fact",
    "second-release-of-one-name",
    "self-lowered-risk-asks-for-less",
}
"""What is no attempt against `startup`, which asks for one approval, no role, no checklist and no approved release."""


def _shut_by(attack: Scenario, policy: str) -> tuple[Verdict, ...]:
    rules = parse_policy(preset(policy))
    dossier = told(attack).dossier(attack.subject)
    assess = assess_release if attack.subject == "release" else assess_change
    return blocking(assess(dossier, rules, END_OF_TIME), rules)  # type: ignore[arg-type]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda item: item.id)
@pytest.mark.parametrize("policy", ["regulated", "pci", "sox"])
def test_no_attack_opens_a_strict_gate(attack: Scenario, policy: str) -> None:
    """Under a demanding policy the gate stays shut."""
    assert _shut_by(attack, policy)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda item: item.id)
def test_what_opens_the_gate_of_two(attack: Scenario) -> None:
    """Under `startup` it stays shut too, but where all is merely untold or `startup` does not ask for it."""
    assert (not _shut_by(attack, "startup")) == (attack.id in OPEN_WHERE_DOUBT_OPENS | OPEN_SINCE_NOT_ASKED)


@pytest.mark.parametrize("policy", ["regulated", "pci", "sox"])
def test_an_author_alone_excepts_nothing(policy: str) -> None:
    """An exception from everything that shuts the gate, declared by the author alone, leaves it shut."""
    rules = parse_policy(preset(policy))
    story = Story({})
    story.play([{"do": "diff", "by": "Dana", "rev": 1, "content": "one"}])
    dossier = story.dossier("7")
    shut = [item.rule for item in blocking(assess_change(dossier, rules, END_OF_TIME), rules)]  # type: ignore[arg-type]
    story.play([{"do": "exception", "by": "Dana", "rev": 1, "rules": shut, "hours": 100_000}])
    now = story.world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    # At once, so that it is not merely its review that is overdue.
    assert blocking(assess_change(story.dossier("7"), rules, now), rules)  # type: ignore[arg-type]
