"""SARIF files: levels, kinds, suppressions and invocations as the specification tells them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from ledger.capture.sarif import LevelCounts, RulePack, SarifRun, ScannedRevision, parse_sarif
from ledger.errors import FormatError
from tests.capture.damage import damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMIT = "9c1d" * 10


def result(rule_id: str = "KH001", /, **members: object) -> dict[str, object]:
    """One result as scanners write them."""
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/crane.c"}, "region": {"startLine": 3}}}
    return {"ruleId": rule_id, "message": {"text": "limit not checked"}, "locations": [place], **members}


def run(*results: Mapping[str, object], **members: object) -> dict[str, Any]:
    """A run of an invented scanner."""
    return {
        "tool": {
            "driver": {
                "name": "Keelhound",
                "version": "4.2 (build 77)",
                "semanticVersion": "4.2.0",
                "rules": [
                    {"id": "KH001", "defaultConfiguration": {"level": "error"}},
                    {"id": "KH002", "defaultConfiguration": {"enabled": True}},
                    {"id": "KH003", "defaultConfiguration": {"level": "note"}},
                    {"id": "KH004"},
                ],
            },
            "extensions": [
                {"name": "harbour/rules", "version": "12", "rules": [{"id": "H1"}, {"id": "KH001"}]},
                {"name": "harbour/empty"},
            ],
        },
        "invocations": [{"executionSuccessful": True, "exitCode": 0}],
        "versionControlProvenance": [
            {"repositoryUri": "https://ci:secret@git.harbour.example/crane.git", "revisionId": COMMIT, "branch": "main"}
        ],
        "results": list(results),
        **members,
    }


def parse(*runs: Mapping[str, object], **members: object) -> tuple[SarifRun, ...]:
    """What the reader makes of a file with these runs."""
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": list(runs)} | members
    return parse_sarif(json.dumps(log).encode())


def one(*results: Mapping[str, object], **members: object) -> SarifRun:
    """What the reader makes of one run."""
    (found,) = parse(run(*results, **members))
    return found


def test_a_run() -> None:
    """Tool, versions, rules, revision and success are read; credentials in addresses are not kept."""
    found = one(result())
    assert (found.tool, found.version, found.completed, found.scanned) == ("Keelhound", "4.2.0", True, True)
    assert found.rule_packs == (RulePack("Keelhound", "4.2.0", 4), RulePack("harbour/rules", "12", 2))
    assert found.revisions == (ScannedRevision("https://git.harbour.example/crane.git", COMMIT),)
    assert found.counts == LevelCounts(error=1, warning=0, note=0, none=0)


@pytest.mark.parametrize(
    ("rule_id", "members", "level"),
    [
        ("KH001", {}, "error"),
        ("KH001", {"level": "note"}, "note"),
        ("KH001", {"level": "none"}, "none"),
        ("KH001", {"level": "error", "kind": "fail"}, "error"),
        ("KH002", {}, "warning"),
        ("KH003", {}, "note"),
        ("KH003/sub/2", {}, "note"),
        ("KH003x", {}, "warning"),
        ("KH004", {}, "warning"),
        ("unknown", {}, "warning"),
        ("unknown", {"ruleIndex": -1}, "warning"),
        ("unknown", {"ruleIndex": 2}, "note"),
        ("x", {"rule": {"index": 0}}, "error"),
        ("x", {"rule": {"id": "KH003"}}, "note"),
        ("x", {"rule": {"index": 1, "toolComponent": {"index": 0}}}, "warning"),
        ("x", {"rule": {"id": "KH001", "toolComponent": {"index": 0}}}, "warning"),
        ("KH001", {"rule": {"guid": "11111111-1111-1111-8888-111111111111"}}, "error"),
        ("KH001", {"provenance": {"invocationIndex": -1}}, "error"),
        ("KH001", {"provenance": {"invocationIndex": 0}}, "note"),
        ("KH004", {"provenance": {"invocationIndex": 0}}, "warning"),
    ],
)
def test_levels(rule_id: str, members: dict[str, Any], level: str) -> None:
    """A level that is absent comes from the invocation's configuration of the rule, else the rule, else is warning."""
    override = {"descriptor": {"id": "KH001"}, "configuration": {"level": "note"}}
    invocation = {"executionSuccessful": True, "ruleConfigurationOverrides": [override]}
    found = one(result(rule_id, **members), invocations=[invocation])
    assert {name for name in ("error", "warning", "note", "none") if getattr(found.counts, name)} == {level}


def test_only_failures_are_findings() -> None:
    """Results of other kinds are none, whatever level they claim; what a person must decide is counted apart."""
    kinds = ("pass", "open", "review", "informational", "notApplicable")
    found = one(*(result(kind=kind, level="error") for kind in kinds))
    assert (found.counts, found.undecided_count) == (LevelCounts(0, 0, 0, 0), 2)


def test_what_is_gone_is_no_finding() -> None:
    """A result of the baseline that is absent now is not counted; new, unchanged and updated ones are."""
    states = ("new", "unchanged", "updated", "absent")
    assert one(*(result(baselineState=state) for state in states)).counts.error == 3


@pytest.mark.parametrize(
    ("suppressions", "outcome"),
    [
        (None, "stands"),
        ([], "stands"),
        ([{"kind": "inSource"}], "unjustified"),
        ([{"kind": "external", "justification": " \n"}], "unjustified"),
        ([{"kind": "external", "status": "accepted", "justification": "test data"}], "justified"),
        ([{"kind": "inSource"}, {"kind": "external", "justification": "test data"}], "justified"),
        ([{"kind": "external", "status": "underReview", "justification": "please"}], "stands"),
        ([{"kind": "external", "status": "rejected", "justification": "no"}], "stands"),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], "stands"),
    ],
)
def test_suppressions(suppressions: list[dict[str, object]] | None, outcome: str) -> None:
    """What is set aside is counted with and without reason; what is contested stands."""
    found = one(result(suppressions=suppressions))
    assert (found.counts.error, found.justified_count, found.unjustified_count) == (
        int(outcome == "stands"),
        int(outcome == "justified"),
        int(outcome == "unjustified"),
    )


@pytest.mark.parametrize(
    ("invocations", "completed", "errors"),
    [
        (None, None, 0),
        ([], None, 0),
        ([{}], None, 0),
        ([{"executionSuccessful": True}, {}], None, 0),
        ([{"executionSuccessful": True}, {"executionSuccessful": True}], True, 0),
        ([{"executionSuccessful": True}, {"executionSuccessful": False}, {}], False, 0),
        (
            [
                {
                    "executionSuccessful": True,
                    "toolExecutionNotifications": [
                        {"level": "error", "message": {"text": "cannot parse"}},
                        {"message": {"text": "slow"}},
                    ],
                    "toolConfigurationNotifications": [{"level": "error", "message": {"text": "no such rule"}}],
                }
            ],
            True,
            2,
        ),
    ],
)
def test_invocations(invocations: object, completed: bool | None, errors: int) -> None:  # noqa: FBT001
    """A run that failed says so, and so does one that met errors; nothing told is nothing known."""
    found = one(invocations=invocations)
    assert (found.completed, found.error_count) == (completed, errors)


def test_no_results_are_not_the_same_as_none_found() -> None:
    """An empty list of results is a scan that found nothing; without a list nothing was scanned."""
    assert one().scanned
    assert not one(results=None).scanned


def test_several_runs() -> None:
    """Each run is told by itself, in order; a file without runs holds no scan."""
    second = {"tool": {"driver": {"name": "Bilge"}}, "results": [{"message": {"text": "x"}}]}
    first, other = parse(run(result()), second)
    assert (first.tool, first.counts.error) == ("Keelhound", 1)
    assert other == SarifRun(
        "Bilge", None, (), None, 0, scanned=True, counts=LevelCounts(0, 1, 0, 0), undecided_count=0, justified_count=0,
        unjustified_count=0, revisions=(),
    )  # fmt: skip
    assert parse() == ()


@pytest.mark.parametrize(
    ("log", "where"),
    [
        ({}, ""),
        ([], ""),
        ({"version": "2.1.0"}, ""),
        ({"version": "2.1.0", "runs": None}, "/runs"),
        ({"version": "2.0.0", "runs": []}, "/version"),
        ({"version": 2.1, "runs": []}, "/version"),
        ({"version": "2.1.0", "runs": {}}, "/runs"),
        ({"version": "2.1.0", "runs": [{}]}, "/runs/0/tool"),
        ({"version": "2.1.0", "runs": [run(result(level="fatal"))]}, "/runs/0/results/0/level"),
        ({"version": "2.1.0", "runs": [run(result(kind="bug"))]}, "/runs/0/results/0/kind"),
        ({"version": "2.1.0", "runs": [run(result(ruleIndex=4))]}, "/runs/0/results/0"),
        ({"version": "2.1.0", "runs": [run(result(ruleIndex=-2))]}, "/runs/0/results/0/ruleIndex"),
        ({"version": "2.1.0", "runs": [run(result(suppressions=[{"status": "yes"}]))]}, "/runs/0/results/0/supp"),
        ({"version": "2.1.0", "runs": [run(result(provenance={"invocationIndex": 1}))]}, "/runs/0/results/0/prov"),
        ({"version": "2.1.0", "runs": [run(externalPropertyFileReferences={"results": [{}]})]}, "/runs/0/external"),
        ({"version": "2.1.0", "runs": [run()], "inlineExternalProperties": [{"results": []}]}, "/inline"),
        ({"version": "2.1.0", "runs": [run(invocations=[{"executionSuccessful": "yes"}])]}, "/runs/0/invocations/0"),
    ],
)
def test_what_is_refused(log: object, where: str) -> None:
    """What is no whole SARIF 2.1.0 file is refused at its place."""
    with pytest.raises(FormatError) as caught:
        parse_sarif(json.dumps(log).encode())
    assert caught.value.where.startswith(where)
    assert caught.value.slug == "foreign-document"


_RICH = {
    "version": "2.1.0",
    "runs": [
        run(
            result(level=None, provenance={"invocationIndex": 0}),
            result(suppressions=[{"kind": "external", "status": "accepted", "justification": "x"}], kind="fail"),
            {"rule": {"index": 0, "toolComponent": {"index": 0}}, "message": {"text": "x"}},
        )
    ],
}


@given(damaged(_RICH))
def test_any_damage_gives_runs_or_a_format_error(value: object) -> None:
    """With any one value replaced by another, the reader returns or raises FormatError, never anything else."""
    try:
        parse_sarif(json.dumps(value).encode())
    except FormatError:
        return
