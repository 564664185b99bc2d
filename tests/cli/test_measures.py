"""`evidence measures`: delivery of a served ledger's period, in words and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.shop import clone, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.shop import Shop

POLICY = """v: 1
name: quarter
strict: false
rules:
  SOD-01: { on: true, severity: high }
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop in which one change was reviewed and landed, after a quiet beginning."""
    root = tmp_path_factory.mktemp("shop")
    with open_shop(root) as found:
        file = root / "quarter.yaml"
        file.write_text(POLICY)
        found.house.ada.ok("policy", "set", str(file))
        repo = clone(root / "repo")
        ci = within(found.ci, repo)
        ci.ok("record", "heartbeat", "--source", "forge", "--count", "1", "--interval", "1h")
        repo.branch("feature")
        repo.commit({b"a.txt": b"2\n"}, "Feature")
        ci.ok("record", "diff", "--base", "main", "--change", "81", "--ai", "none", "--by", "Ivy Author")
        ci.ok("record", "test", report(root), "--suite", "unit", "--change", "81")
        within(found.ray, repo).ok("approve", "81", "--yes")
        repo.git("checkout", "--quiet", "main")
        before = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
        repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "feature")
        ci.ok(
            "record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--by", "Ivy Author"
        )
        yield found


def size(shop: Shop) -> int:
    """How many entries the ledger has."""
    found: int = shop.ray.ok("status", "--json").document["size"]
    return found


def by_id(document: Any) -> dict[str, Any]:  # noqa: ANN401 -- what a command printed
    """The measures of a document by name."""
    return {item["id"]: item for item in document["measures"]}


def test_a_period_is_measured(shop: Shop) -> None:
    """One change landed and was approved by somebody else: counted, with nothing to compare it with."""
    said = shop.ray.ok("measures", "--from", "0", "--to", str(size(shop)), "--json").document
    found = by_id(said)
    assert (said["from"], said["to"], said["baseline"]) == (0, size(shop), None)
    assert found["landings"]["count"] == 1
    assert found["first-approval"]["population"] == found["first-approval"]["measured"] == 1
    assert found["lead-to-production"]["missing"] == {"not-deployed": 1}
    assert (found["assisted"]["part"], found["assisted"]["measured"]) == (0, 1)
    assert {item["difference"]["direction"] for item in said["measures"]} == {"nothing"}
    (approver,) = said["concentration"]["approvers"]
    assert (approver["principal"], approver["changes"], approver["alone"]) == (shop.principal("Ray Reviewer"), 1, 1)


def test_a_baseline_stands_beside(shop: Shop) -> None:
    """Against a period in which nothing landed: shown, and too little to compare."""
    end = size(shop)
    words = ("measures", "--from", str(end - 4), "--to", str(end), "--baseline-from", "0", "--in", "shop")
    said = shop.ray.ok(*words, "--json").document
    assert said["baseline"] == {"from": 0, "to": end - 4}
    assert by_id(said)["landings"]["baseline"]["count"] == 0
    assert said["baseline_concentration"]["population"] == 0
    printed = shop.ray.ok(*words).out
    assert f"(positions 0 to {end - 4})" in printed
    assert "nothing to compare" in printed
    assert "Ray Reviewer: 1 of 1 changes, 1 of them alone" in printed


def test_a_period_must_be_named(shop: Shop) -> None:
    """Without a beginning or an end the command says how it is used."""
    assert shop.ray.evidence("measures").status == 2
