"""`evidence check --from --to`: a period of a served ledger, from its verified bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from tests.cli.shop import clone, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.capture.conftest import Sandbox
    from tests.cli.shop import Shop

POLICY = """v: 1
name: quarter
strict: false
forge_committers: [bo@example.org]
rules:
  SOD-01: { on: true, severity: high }
  APP-05: { on: true, severity: high }
  EXC-02: { on: true, severity: high }
  EXC-04: { on: true, severity: medium }
  EXC-05: { on: true, severity: medium }
  POP-06: { on: true, severity: medium }
  ADM-01: { on: true, severity: medium }
  ADM-03: { on: true, severity: medium }
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop with a policy that speaks of periods."""
    root = tmp_path_factory.mktemp("shop")
    with open_shop(root) as found:
        file = root / "quarter.yaml"
        file.write_text(POLICY)
        found.house.ada.ok("policy", "set", str(file))
        yield found


def size(shop: Shop) -> int:
    """How many entries the ledger has."""
    found: int = shop.ray.ok("status", "--json").document["size"]
    return found


def reviewed(shop: Shop, repo: Sandbox, tmp_path: Path, change: str) -> None:
    """A change with a revision, a run and an approval."""
    ci = within(shop.ci, repo)
    ci.ok("record", "diff", "--base", "main", "--change", change, "--ai", "none", "--by", "Ivy Author")
    ci.ok("record", "test", report(tmp_path), "--suite", "unit", "--change", change)
    within(shop.ray, repo).ok("approve", change, "--yes")


def landed(shop: Shop, repo: Sandbox) -> None:
    """The branch is merged into main."""
    repo.git("checkout", "--quiet", "main")
    before = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "feature")
    ci = within(shop.ci, repo)
    ci.ok("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--by", "Ivy Author")


def test_a_period_is_judged_as_of_its_end(shop: Shop, tmp_path: Path) -> None:
    """A change reviewed before the period and landed in it passes; what came after the period decides nothing in it."""
    repo = clone(tmp_path / "repo")
    repo.branch("feature")
    repo.commit({b"a.txt": b"2\n"}, "Feature")
    reviewed(shop, repo, tmp_path, "81")
    start = size(shop)
    within(shop.ci, repo).ok("record", "heartbeat", "--source", "forge", "--count", "1", "--interval", "1h")
    landed(shop, repo)
    end = size(shop)
    within(shop.ci, repo).ok("record", "heartbeat", "--source", "forge", "--count", "1", "--interval", "1h")
    words = ("check", "--from", str(start), "--to", str(end), "--all", "--json")
    said = within(shop.ray, repo).ok(*words).document
    assert said["subject"] == f"period {start}-{end}"
    assert said["as_of"] == shop_time(shop, end)
    outcomes = {(item["rule"], item["subject"].partition(" ")[0]): item["outcome"] for item in said["verdicts"]}
    assert outcomes["SOD-01", "change"] == outcomes["APP-05", "change"] == "pass"
    assert outcomes["EXC-04", "period"] == outcomes["POP-06", "period"] == "pass"
    assert outcomes["ADM-03", "period"] == "not-applicable"
    assert outcomes["ADM-01", "period"] == "not-evaluable"


def test_a_failure_in_a_period_is_told(shop: Shop, tmp_path: Path) -> None:
    """What fails in the period blocks, and the policy set by one administrator shows."""
    repo = clone(tmp_path / "repo")
    within(shop.ci, repo).ok("record", "heartbeat", "--source", "forge", "--count", "1", "--interval", "1h")
    said = within(shop.ray, repo).evidence("check", "--from", "0", "--to", str(size(shop)))
    assert said.status == exitcodes.NEGATIVE
    assert "was set by Ada Lindqvist alone" in said.out


def shop_time(shop: Shop, index: int) -> str:
    """When an entry entered the ledger."""
    found: str = shop.ray.ok("show", str(index), "--json").document["leaf"]["received_at"]
    return found
