"""The scenario corpus: each story ends in the verdicts it names, with the words an auditor reads."""

from __future__ import annotations

import pytest

from ledger.rules.verdict import Outcome, Verdict
from ledger.rules.wording import with_names
from tests.rules.story import Scenario, Story, scenarios, told

CORPUS = tuple(scenarios())


def _found(story: Story, scenario: Scenario) -> dict[str, tuple[Verdict, str]]:
    dossier = story.dossier(scenario.subject)
    found: dict[str, tuple[Verdict, str]] = {}
    for verdict in story.assess(scenario.subject, as_of=scenario.as_of).verdicts:
        kind, _, name = verdict.subject.partition(" ")
        of_change = kind != "period" and scenario.subject in ("release", "period") and kind != scenario.subject
        key = f"{verdict.rule}@{name.rpartition('/')[2]}" if of_change else verdict.rule
        found[key] = (verdict, with_names(verdict.sentence, dossier.parties))
    return found


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_scenario(scenario: Scenario) -> None:
    """The story ends in exactly the verdicts it names."""
    found = _found(told(scenario), scenario)
    for rule, (outcome, words) in scenario.expect.items():
        verdict, sentence = found[rule]
        assert (verdict.outcome, rule, sentence) == (Outcome(outcome), rule, sentence)
        assert words in sentence
    excepted = {rule for rule, (verdict, _) in found.items() if verdict.excepted_by}
    assert scenario.excepted is None or excepted & set(scenario.expect) == set(scenario.excepted) & set(scenario.expect)
    assert not excepted - set(scenario.excepted or excepted)


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda scenario: scenario.id)
def test_sentences_can_be_printed(scenario: Scenario) -> None:
    """Every verdict has one closed sentence without placeholders or addresses, and its inputs."""
    for verdict, sentence in _found(told(scenario), scenario).values():
        assert sentence[-1] == "."
        assert sentence[0].isupper() or not sentence[0].isalpha()
        assert "{" not in sentence
        assert "@acme.example" not in sentence
        assert "  " not in sentence
        assert verdict.outcome is not Outcome.PASS or verdict.inputs
        assert bool(verdict.missing) == (verdict.outcome is Outcome.NOT_EVALUABLE)
        assert (verdict.precondition is not None) == (verdict.outcome is Outcome.NOT_APPLICABLE)
        assert [item.index for item in verdict.inputs] == sorted({item.index for item in verdict.inputs})


def test_ids_are_unique() -> None:
    """No two scenarios share an id."""
    assert len({scenario.id for scenario in CORPUS}) == len(CORPUS)
