"""From an approval with a second account to a verdict that names it: people, as rules see them, end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.shop import clone, open_shop, within

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import User


def outcomes(user: User, change: str) -> dict[str, tuple[str, str]]:
    """Outcome and sentence by rule, as ``check`` says them."""
    found = user.evidence("check", change, "--all", "--json").document["verdicts"]
    return {item["rule"]: (item["outcome"], item["sentence"]) for item in found}


def test_a_second_account_is_caught_and_a_late_link_resolves(tmp_path: Path) -> None:
    """Unknown committer: cannot tell. Linked as listed: a pass. The approver turns out to be the committer: a fail."""
    with open_shop(tmp_path) as shop:
        ada = shop.house.ada
        ada.ok("people", "unlink", "Ivy Author", "git:bo@example.org")
        repo = clone(tmp_path / "repo")
        repo.branch("feature")
        repo.commit({b"a.txt": b"2\n"}, "feature")
        within(shop.ci, repo).ok("record", "diff", "--base", "main", "--change", "9", "--ai", "none")
        within(shop.ray, repo).ok("approve", "9", "--yes")
        assert outcomes(shop.ray, "9")["SOD-01"][0] == "not-evaluable"
        listed = ada.ok("people", "list", "--json").document["unresolved"]
        (open_one,) = [item for item in listed if item["account"].get("mail") == "bo@example.org"]
        assert open_one["commands"] == ["evidence people add 'Bo Example' bo@example.org"]
        ada.ok("people", "add", "Bo Example", "bo@example.org")
        assert outcomes(shop.ray, "9")["SOD-01"][0] == "pass"
        ada.ok("people", "merge", "Ray Reviewer", "--into", "Bo Example")
        outcome, sentence = outcomes(shop.ray, "9")["SOD-01"]
        assert outcome == "fail"
        assert "Bo Example approved but took part as committer" in sentence
        said = within(shop.ray, repo).ok("approve", "9", "--yes")
        assert "you took part in this change" in said.out + said.err
        ada.ok("people", "split", "Ray Reviewer")
        assert outcomes(shop.ray, "9")["SOD-01"][0] == "pass"
