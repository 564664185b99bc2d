"""The gate and the pack agree: records of a verified bundle give the verdicts that the ledger itself gives."""

from __future__ import annotations

import pytest

from ledger.dossier.build import build_release
from ledger.rules.assess import assess_release
from ledger.verify.run import verify_bundle
from tests.rules.story import END_OF_TIME, Scenario, scenarios, told

RELEASES = tuple(scenario for scenario in scenarios() if scenario.subject == "release")


@pytest.mark.parametrize("scenario", RELEASES, ids=lambda scenario: scenario.id)
def test_a_bundle_gives_the_same_assessment(scenario: Scenario) -> None:
    """Written to a bundle, verified offline and assessed again, a release has the same verdicts, word for word."""
    story = told(scenario)
    release = [record for record in story.world.records_list if record.event.kind == "release"][-1]
    verification = verify_bundle(story.world.bundle(release), story.world.anchor)
    assert not verification.failures
    assert verification.records is not None
    dossier = build_release(verification.records, release.envelope)
    assert assess_release(dossier, story.rules, END_OF_TIME) == story.assess("release")
