"""Day one, before anybody signs: history and reviews brought after the fact, marked so, worth what the policy says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.events.work import Approval, Merge
from tests.cli.shop import clone, open_shop, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.capture.conftest import Sandbox
    from tests.cli.running import Said, User
    from tests.cli.shop import Shop


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own for each test: a backfill is about a whole branch."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """A branch with a first commit, a merged request 7, a squashed request 8, and a commit that names none."""
    sandbox = clone(tmp_path / "repo")
    sandbox.branch("seven")
    sandbox.commit({b"a.txt": b"seven\n"}, "Work on seven")
    sandbox.git("checkout", "--quiet", "main")
    sandbox.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #7 from ivy/seven", "seven")
    sandbox.branch("eight")
    sandbox.commit({b"b.txt": b"one\n"}, "Work on eight")
    sandbox.commit({b"b.txt": b"two\n"}, "More work on eight")
    sandbox.git("update-ref", "refs/pull/8/head", "eight")
    sandbox.git("checkout", "--quiet", "main")
    sandbox.git("merge", "--quiet", "--squash", "eight")
    sandbox.git("commit", "--quiet", "-m", "Eight things (#8)")
    sandbox.commit({b"c.txt": b"three\n"}, "Straight onto main")
    return sandbox


def backfilled(shop: Shop, repo: Sandbox) -> tuple[User, Said]:
    """The history since the first commit, brought by the pipeline's key."""
    ci = within(shop.ci, repo)
    first = str(repo.git("rev-list", "--max-parents=0", "main").strip(), "ascii")
    return ci, ci.ok("backfill", "git", "--ref", "refs/heads/main", "--from", first, "--json")


def review(number: int, state: str, commit: str, login: str, account: int) -> dict[str, Any]:
    """A review as GitHub's endpoint tells it."""
    return {
        "id": number,
        "user": {"login": login, "id": account, "type": "User", "html_url": f"https://github.com/{login}"},
        "body": "Looks right.",
        "state": state,
        "html_url": f"https://github.com/acme/shop/pull/8#pullrequestreview-{number}",
        "pull_request_url": "https://api.github.com/repos/acme/shop/pulls/8",
        "commit_id": commit,
        "submitted_at": "2026-03-01T10:00:00Z",
        "author_association": "MEMBER",
    }


def test_history_is_brought_once_and_marked_late(shop: Shop, repo: Sandbox) -> None:
    """Every landing is recorded late, bound by content where a request is named, and a second run brings nothing."""
    ci, said = backfilled(shop, repo)
    events = [shop.entry(item["index"]) for item in said.document["events"]]
    assert [event.kind for event in events] == ["diff", "diff", "merge", "merge", "merge"]
    assert all(event.context.late for event in events)
    merges = [event for event in events if isinstance(event.body, Merge)]
    assert [event.context.about.change for event in merges] == ["7", "8", None]
    assert [event.body.binding for event in merges if isinstance(event.body, Merge)] == ["manifest", "manifest", "none"]
    again = ci.ok("backfill", "git", "--ref", "refs/heads/main", "--from", "main~3", "--json")
    assert again.document["events"] == []


def test_late_landings_pass_no_rule_about_order(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Reviews of what the reviewer saw count for the content, and never for having been there before."""
    ci, _ = backfilled(shop, repo)
    head = str(repo.git("rev-parse", "eight").strip(), "ascii")
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps([review(1, "APPROVED", head, "ray", 202), review(2, "COMMENTED", head, "zoe", 203)]))
    shop.house.ada.ok("people", "link", "Ray Reviewer", "github.com:202")
    said = ci.ok("record", "reviews", str(path), "--change", "8", "--late", "--json")
    decisions = [shop.entry(item["index"]).body for item in said.document["events"]]
    assert [(body.decision, body.attested_by) for body in decisions if isinstance(body, Approval)] == [
        ("approve", "forge"),
        ("abstain", "forge"),
    ]
    verdicts = {item["rule"]: item for item in ci.evidence("check", "8", "--all", "--json").document["verdicts"]}
    assert verdicts["SOD-01"]["outcome"] == "pass", verdicts["SOD-01"]["sentence"]
    assert verdicts["APP-05"]["outcome"] == "not-evaluable"


def test_reviews_are_recorded_once_per_state(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """The same file again records nothing; a review that was dismissed since ends the approval it was."""
    ci, _ = backfilled(shop, repo)
    head = str(repo.git("rev-parse", "eight").strip(), "ascii")
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps([review(1, "APPROVED", head, "ray", 202)]))
    words = ("record", "reviews", str(path), "--change", "8", "--json")
    assert len(ci.ok(*words).document["events"]) == 1
    assert ci.ok(*words).document["events"] == []
    shop.house.ada.ok("people", "link", "Ray Reviewer", "github.com:202")
    path.write_text(json.dumps([review(1, "DISMISSED", head, "ray", 202)]))
    assert len(ci.ok(*words).document["events"]) == 1
    verdicts = {item["rule"]: item for item in ci.evidence("check", "8", "--all", "--json").document["verdicts"]}
    assert verdicts["SOD-01"]["outcome"] == "fail"


def test_what_cannot_be_placed_is_not_guessed(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """GitLab names no commit: without --head nothing is recorded and it says so; a wrong file says what it is."""
    ci = within(shop.ci, repo)
    path = tmp_path / "approvals.json"
    person = {"id": 5, "username": "ray", "name": "Ray", "web_url": "https://gitlab.acme.example/ray"}
    path.write_text(json.dumps({"iid": 9, "approved_by": [{"user": person}]}))
    said = ci.ok("record", "reviews", str(path))
    assert "name it with --head" in said.err
    placed = ci.ok(
        "record", "reviews", str(path), "--head", str(repo.git("rev-parse", "main").strip(), "ascii"), "--json"
    )
    assert shop.event(placed).context.about.change == "9"
    path.write_text(json.dumps({"message": "Not Found", "documentation_url": "https://docs.example"}))
    assert ci.evidence("record", "reviews", str(path), "--change", "9").status == exitcodes.ERROR
