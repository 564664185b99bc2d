"""The page on policies: its table is what the ready policies take, its examples are read, its patterns match."""

from __future__ import annotations

import re

import pytest

from ledger.cli.policyfile import parse_yaml_policy
from ledger.globs import matches, parse_glob
from ledger.policies.presets import preset_yaml
from ledger.rules.advice import advice
from tests.rules import first_day
from tests.rules.policies_page import PAGE, between, page_with, rendered

TEXT = PAGE.read_text("utf-8")
PATTERN_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def test_the_table_is_what_the_ready_policies_take() -> None:
    """Nobody chooses by a row that is out of date: python -m tests.rules.policies_page writes it anew."""
    assert page_with(rendered()) == TEXT


def test_the_first_day_is_what_the_ready_policies_answer() -> None:
    """Every rule that shuts a gate on a first day is in the table: python -m tests.rules.first_day writes it anew."""
    assert between(first_day.BEGIN, first_day.END, first_day.rendered()) == TEXT
    told = {rule for rules in first_day.shut().values() for rule in rules}
    assert told == set(first_day.TELLING)


def patterns() -> list[tuple[str, str, str]]:
    """Pattern, paths that it matches, paths that it does not, from the page's table."""
    section = TEXT.split("## Patterns over paths\n")[1].split("\n## ")[0]
    return PATTERN_ROW.findall(section)


@pytest.mark.parametrize("row", patterns(), ids=lambda row: row[0])
def test_a_pattern_matches_what_the_page_says(row: tuple[str, str, str]) -> None:
    """Each path of the page's table is one that the pattern matches, or does not."""
    glob = parse_glob(row[0])
    for path in re.findall(r"`([^`]+)`", row[1]):
        assert matches(glob, path.encode()), path
    for path in re.findall(r"`([^`]+)`", row[2]):
        assert not matches(glob, path.encode()), path


def test_there_are_patterns() -> None:
    """The table has its rows, so that the test above compares something."""
    assert len(patterns()) >= 3


def test_the_example_of_values_is_read() -> None:
    """The members that the page shows fit into a policy, and nothing is told against them."""
    block = TEXT.split("```yaml\n")[1].split("```")[0]
    top, rules = block.split("rules:\n")
    text = preset_yaml("startup")
    names = re.findall(r"^(\w+):", top, re.MULTILINE)
    kept = re.sub(rf"^(?:{'|'.join(names)}):.*\n(?:[ #-].*\n)*", "", text, flags=re.MULTILINE)
    for rule in re.findall(r"^  ([A-Z]+-\d\d):", rules, re.MULTILINE):
        kept = re.sub(rf"^  {rule}:.*\n", "", kept, flags=re.MULTILINE)
    found = parse_yaml_policy(kept.replace("rules:\n", f"{top}rules:\n{rules}", 1))
    assert advice(found.rules) == ()
