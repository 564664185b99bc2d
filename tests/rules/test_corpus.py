"""The corpus as a whole: its form for other tools, the situations it must hold, and every rule from every side."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Final

import pytest
from jsonschema import Draft202012Validator

from ledger.rules.catalogue import BY_ID, RULES
from ledger.rules.verdict import Outcome
from tests.policies import CORE_POLICY
from tests.rules import scenario_schema
from tests.rules.named import NAMED
from tests.rules.story import FOLDER, scenarios

if TYPE_CHECKING:
    from pathlib import Path

CORPUS = tuple(scenarios())
FILES = sorted(FOLDER.glob("*.toml"))
README = (FOLDER / "README.md").read_text("utf-8")
LEAST = 150
"""A corpus of fewer scenarios has lost some."""

NEVER: Final = {
    ("ID-01", "fail"): "what fails to verify never becomes a record: verification names it, and no rule sees it",
    ("ID-04", "fail"): "an account resolves, or leaves it open who acted",
    ("APP-10", "pass"): "an effort that looks plausible is no reason to pass",
    ("CHG-12", "fail"): "a co-author whom nobody knows leaves it open who took part",
    ("ADM-01", "not-applicable"): "a period is of a project, and whoever may act there is reviewed",
    ("ADM-02", "not-applicable"): "a project declares at least one protected ref",
}
"""Outcomes that a rule cannot have, each with the reason."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_of_the_published_form(path: Path) -> None:
    """Every file of scenarios is what the JSON Schema beside it describes."""
    validator = Draft202012Validator(json.loads(scenario_schema.FILE.read_text("utf-8")))
    faults = [f"{list(item.path)}: {item.message}" for item in validator.iter_errors(tomllib.loads(path.read_text()))]
    assert not faults


def test_the_schema_is_that_of_the_verbs() -> None:
    """The published schema is the one that the verbs give; ``python -m tests.rules.scenario_schema`` writes it."""
    Draft202012Validator.check_schema(scenario_schema.schema())
    assert scenario_schema.FILE.read_text("utf-8") == scenario_schema.rendered()


def test_the_base_policy_is_frozen() -> None:
    """What scenarios lay their policies over stands beside them."""
    assert json.loads((FOLDER / "base-policy.json").read_text("utf-8")) == CORE_POLICY


def test_the_page_tells_every_verb() -> None:
    """The page about the corpus names every verb, every member of every verb, and every file."""
    for name, told in scenario_schema.schema()["$defs"].items():
        if name != "scenario":
            assert f"`{name}`" in README
            assert not [member for member in told["properties"] if f"`{member}`" not in README]
    assert not [path.name for path in FILES if f"`{path.name}`" not in README]


def test_every_named_situation_is_told() -> None:
    """Each situation that any engine of such rules must get right has its scenarios, and there are many beside."""
    ids = {scenario.id for scenario in CORPUS}
    assert not {name for names in NAMED.values() for name in names} - ids
    assert len(CORPUS) >= LEAST


def test_every_rule_is_seen_from_every_side() -> None:
    """Each rule has a scenario of every outcome that it can have; what is said to be impossible does not occur."""
    seen = {(re.sub("@.*", "", rule), outcome) for scenario in CORPUS for rule, (outcome, _) in scenario.expect.items()}
    wanted = {(rule.id, outcome.value) for rule in RULES for outcome in Outcome}
    assert wanted - seen == set(NEVER)
    assert not {rule for rule, _ in seen} - set(BY_ID)
