"""OSCAL assessment results: another implementation reads them, and they say what the verdicts say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ledger.digests import digest_bytes
from ledger.rules.assess import assess_release
from ledger.rules.catalogue import RULES
from ledger.rules.policy import policy_in_force
from ledger.rules.verdict import Outcome
from reports.oscal import Attached, assessment_results
from tests.reports.test_registers import MADE_AT, troubled
from tests.reports.test_release_packs import AS_OF

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.rules.verdict import Assessment

PACK = digest_bytes(b"pack")

READ = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
found = AssessmentResults.oscal_read(Path(sys.argv[1]))
one = found.results[0]
version = found.metadata.oscal_version
print(len(one.observations), len(one.findings or ()), len(one.assessment_log.entries), version.root.root)
"""


def made() -> tuple[bytes, Assessment, int]:
    """The document of the troubled release, its assessment, and how many entries it rests on."""
    dossier, _ = troubled()
    policy = policy_in_force(dossier.records, dossier.sources[0].source.project)
    assessment = assess_release(dossier, policy, AS_OF)
    data = assessment_results(
        (assessment,),
        dossier.records,
        dossier.parties,
        rules={rule.id: rule.title for rule in RULES},
        pack_id=PACK,
        title="Evidence pack",
        bundle=Attached("x.evidence.zip", digest_bytes(b"bundle"), 1),
        made_at=MADE_AT,
    )
    return data, assessment, len(dossier.records.entries)


def document() -> Any:  # noqa: ANN401 -- a parsed document
    """The parsed document."""
    return json.loads(made()[0])["assessment-results"]


@pytest.mark.slow
def test_trestle_reads_it(tmp_path: Path) -> None:
    """compliance-trestle accepts the document whole, and counts in it what we wrote."""
    data, assessment, entries = made()
    (tmp_path / "assessment-results.json").write_bytes(data)
    # In a process of its own: it warns when it is imported, and warnings fail these tests.
    read = subprocess.run(
        (sys.executable, "-W", "ignore", "-c", READ, str(tmp_path / "assessment-results.json")),
        capture_output=True,
        text=True,
        check=True,
    )
    deviations = [one for one in assessment.verdicts if one.outcome in {Outcome.FAIL, Outcome.NOT_EVALUABLE}]
    assert read.stdout.split() == [str(len(assessment.verdicts)), str(len(deviations)), str(entries), "1.2.1"]


def test_it_says_what_the_verdicts_say() -> None:
    """Each verdict is an observation with its outcome; exactly those that failed or cannot be told are findings."""
    _, assessment, _ = made()
    result = document()["results"][0]
    said = [{item["name"]: item["value"] for item in one["props"]} for one in result["observations"]]
    assert [(one["rule"], one["outcome"], one["severity"]) for one in said] == [
        (one.rule, one.outcome.value, one.severity) for one in assessment.verdicts
    ]
    reasons = {"fail": Outcome.FAIL, "other": Outcome.NOT_EVALUABLE}
    found = [(one["target"]["target-id"], reasons[one["target"]["status"]["reason"]]) for one in result["findings"]]
    assert found == [(one.rule, one.outcome) for one in assessment.verdicts if one.outcome in reasons.values()]
    assert {outcome for _, outcome in found} == set(reasons.values())


def test_every_uuid_is_there_once_and_every_reference_has_its_place() -> None:
    """No two objects share a uuid, and what a finding or an observation points to exists."""
    ids: list[str] = []
    references: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                if name == "uuid":
                    ids.append(item)
                elif name.endswith("-uuid"):
                    references.append(item)
                elif name == "href" and item.startswith("#"):
                    references.append(item[1:])
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document())
    assert len(set(ids)) == len(ids)
    assert references
    assert set(references) <= set(ids)


def test_it_is_made_again_to_the_byte() -> None:
    """Nothing in it is drawn by chance or read from a clock."""
    assert made()[0] == made()[0]
