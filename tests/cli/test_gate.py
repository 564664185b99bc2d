"""The gate and the exception, as pipelines and people at night run them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.digests import digest_bytes
from ledger.events.governance import DeclaredException, GateDecision
from ledger.events.work import Approval
from tests.cli.shop import clone, only, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.capture.conftest import Sandbox
    from tests.cli.running import Said
    from tests.cli.shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for the module; every test takes a change of its own."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """A clone on a branch with one commit more than main."""
    sandbox = clone(tmp_path / "repo")
    sandbox.branch("feature")
    sandbox.commit({b"a.txt": b"2\n"}, f"Feature of {tmp_path.name}")
    return sandbox


def pushed(shop: Shop, repo: Sandbox, tmp_path: Path, change: str) -> None:
    """A revision of a change, with a passing run."""
    ci = within(shop.ci, repo)
    ci.ok("record", "diff", "--base", "main", "--change", change, "--ai", "none", "--by", "Ivy Author")
    ci.ok("record", "test", report(tmp_path), "--suite", "unit", "--change", change)


def decided(shop: Shop, said: Said) -> GateDecision:
    """The decision that a gate recorded."""
    body = shop.entry(said.document["decision"]["index"]).body
    assert isinstance(body, GateDecision)
    return body


def test_push_blocked_approve_allowed(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A gate is shut until somebody else approved, tells who must do what, and records both answers."""
    pushed(shop, repo, tmp_path, "70")
    ci = within(shop.ci, repo)
    first = ci.evidence("gate", "70", "--at", "merge", "--json")
    assert first.status == exitcodes.NEGATIVE, first.err
    reason = next(item for item in first.document["reasons"] if item["rule"] == "SOD-01")
    assert reason["command"] == "evidence approve 70 --revision 1"
    assert "No independent person approved revision 1" in reason["sentence"]
    shut = decided(shop, first)
    assert (shut.outcome, shut.mode, shut.gate) == ("blocked", "enforce", "merge")
    assert shut.position <= first.document["decision"]["index"]
    within(shop.ray, repo).ok("approve", "70", "--yes")
    second = ci.ok("gate", "70", "--at", "merge", "--json")
    assert second.document["reasons"] == []
    assert decided(shop, second).blocking == ()


def test_what_is_not_recorded_does_not_pass(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A commit on top of what was approved keeps the gate shut until it is recorded."""
    pushed(shop, repo, tmp_path, "71")
    within(shop.ray, repo).ok("approve", "71", "--yes")
    repo.commit({b"a.txt": b"3\n"}, "One more")
    said = within(shop.ci, repo).evidence("gate", "71", "--at", "merge", "--json")
    assert said.status == exitcodes.NEGATIVE
    assert [item["rule"] for item in said.document["reasons"]] == ["head"]
    unknown = within(shop.ci, repo).evidence("gate", "no-such", "--at", "merge")
    assert unknown.status == exitcodes.NEGATIVE
    assert "Nothing about this change is recorded." in unknown.out


def test_observing_blocks_nothing(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """In observe mode the answer is told and recorded, and the exit status is 0."""
    pushed(shop, repo, tmp_path, "72")
    said = within(shop.ci, repo).ok("gate", "72", "--at", "merge", "--mode", "observe", "--json")
    assert (said.document["outcome"], decided(shop, said).mode) == ("blocked", "observe")


def test_an_outage_is_never_an_answer(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Where the ledger cannot be reached the gate exits 5, in both modes, and waiting does not turn it into 0."""
    pushed(shop, repo, tmp_path, "73")
    ci = within(shop.ci, repo)
    for mode in ("observe", "enforce"):
        words = ("gate", "73", "--at", "merge", "--mode", mode, "--server", shop.closed, "--wait", "1s")
        assert ci.evidence(*words).status == exitcodes.UNREACHABLE


def test_an_exception_at_night(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Declared offline after a gate was shut, it opens the gate, leaves the failure standing, and is reviewed later."""
    pushed(shop, repo, tmp_path, "74")
    ivy = within(shop.ivy, repo)
    assert within(shop.ci, repo).evidence("gate", "74", "--at", "merge").status == exitcodes.NEGATIVE
    # The gate ran on another machine; on hers it says so first.
    lost = ivy.evidence("exception", "--incident", "INC-9", "--reason", "payments are down", "--yes")
    assert lost.status == exitcodes.USAGE
    words = ("--incident", "INC-9", "--reason", "payments are down", "--yes", "--json")
    named = ("--change", "74", "--base", "main", "--rule", "SOD-01")
    away = ivy.ok("exception", *words, *named, "--server", shop.closed)
    assert only(away)["state"] == "spooled"
    ivy.ok("outbox", "flush")
    listed = ivy.ok("log", "--kind", "exception", "--json").document
    entry = listed["entries"][-1]["leaf"]["index"]
    body = shop.entry(entry).body
    assert isinstance(body, DeclaredException)
    assert (body.rules, body.incident, body.cause) == (("SOD-01",), "INC-9", "emergency")
    opened = within(shop.ci, repo).ok("gate", "74", "--at", "merge", "--json").document
    assert [item["rule"] for item in opened["excepted"]] == ["SOD-01"]
    verdicts = within(shop.ci, repo).ok("check", "74", "--json").document["verdicts"]
    kept = next(item for item in verdicts if item["rule"] == "SOD-01")
    assert kept["outcome"] == "fail"
    assert kept["excepted_by"][0]["index"] == entry
    review = shop.ray.ok("approve", "--exception", str(entry), "--meaning", "review", "--yes", "--json")
    signed = shop.event(review).body
    assert isinstance(signed, Approval)
    assert (signed.scope, signed.meaning) == ("exception", "review")


def test_an_exception_of_a_release_opens_its_gate(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """What a shut deploy gate prints opens it for changes that landed unapproved."""
    pushed(shop, repo, tmp_path, "88")
    ci = within(shop.ci, repo)
    before = str(repo.git("rev-parse", "main").strip(), "ascii")
    ci.ok("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--by", "Ivy Author")
    ci.ok("record", "release", "--product", "night", "--version", "1.0", "--first", "--repository", "1")
    ivy = within(shop.ivy, repo)
    said = ci.evidence("gate", "night@1.0", "--at", "deploy")
    assert said.status == exitcodes.NEGATIVE, said.err
    assert "evidence exception --release night@1.0 --incident ID --reason TEXT" in said.out
    words = ("--release", "night@1.0", "--incident", "INC-10", "--reason", "payments are down", "--yes")
    nothing = ivy.evidence("exception", *words, "--rule", "SOD-08")
    assert (nothing.status, "nothing excepts SOD-08" in nothing.err) == (exitcodes.USAGE, True)
    # On another machine than the gate's: the server says what shuts it.
    signed = ivy.ok("exception", *words)
    owed = re.search(r"evidence (approve --exception \d+ --meaning review)", signed.err)
    assert owed is not None, signed.err
    assert "evidence gate night@1.0 --at deploy" in signed.err
    opened = ci.ok("gate", "night@1.0", "--at", "deploy", "--json").document
    assert "SOD-01" in {item["rule"] for item in opened["excepted"]}
    shop.ray.ok(*owed[1].split(), "--yes")


def test_an_exception_is_for_one_content(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A new revision voids it."""
    pushed(shop, repo, tmp_path, "75")
    ivy = within(shop.ivy, repo)
    words = ("--reason", "x", "--yes", "--change", "75", "--base", "main", "--rule", "SOD-01")
    ivy.ok("exception", *words)
    assert within(shop.ci, repo).evidence("gate", "75", "--at", "merge").status == 0
    repo.commit({b"a.txt": b"4\n"}, "Something else")
    pushed(shop, repo, tmp_path, "75")
    assert within(shop.ci, repo).evidence("gate", "75", "--at", "merge").status == exitcodes.NEGATIVE


def test_a_release_at_the_deploy_gate(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """The deploy gate judges the whole release from its verified bundle."""
    pushed(shop, repo, tmp_path, "76")
    ci = within(shop.ci, repo)
    within(shop.ray, repo).ok("approve", "76", "--yes")
    repo.git("checkout", "--quiet", "main")
    before = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge 76", "feature")
    ci.ok("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--by", "Ivy Author")
    ci.ok("record", "release", "--product", "shop", "--version", "76.0", "--first", "--repository", "1")
    said = ci.evidence("gate", "shop@76.0", "--at", "deploy", "--json")
    body = decided(shop, said)
    assert body.release is not None
    assert shop.entry(said.document["decision"]["index"]).context.about.release == "shop@76.0"
    assert body.policy == said.document["policy"]
    assert (said.status == 0) == (body.outcome == "allowed")


def test_what_landed_opens_no_gate_for_what_came_after(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A further revision of a change that landed, which nobody approved, does not pass by what had landed."""
    pushed(shop, repo, tmp_path, "77")
    ci = within(shop.ci, repo)
    within(shop.ray, repo).ok("approve", "77", "--yes")
    repo.git("checkout", "--quiet", "main")
    before = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge 77", "feature")
    ci.ok("record", "merge", "--ref", "refs/heads/main", "--before", before, "--after", "HEAD", "--by", "Ivy Author")
    assert ci.evidence("gate", "77", "--at", "merge", "--head", "feature").status == 0
    repo.git("checkout", "--quiet", "feature")
    repo.commit({b"a.txt": b"something else\n"}, "After the merge")
    pushed(shop, repo, tmp_path, "77")
    said = ci.evidence("gate", "77", "--at", "merge", "--json")
    assert said.status == exitcodes.NEGATIVE
    assert {"SOD-01"} <= {item["rule"] for item in said.document["reasons"]}


def test_a_gate_that_knows_no_head_does_not_answer(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Outside a clone, where no CI system tells what is about to merge, there is no answer."""
    pushed(shop, repo, tmp_path, "78")
    within(shop.ray, repo).ok("approve", "78", "--yes")
    (tmp_path / "elsewhere").mkdir()
    away = shop.ci.evidence("gate", "78", "--at", "merge", "--repo", str(tmp_path / "elsewhere"))
    assert away.status == exitcodes.USAGE
    assert "--head" in away.err
    head = str(repo.git("rev-parse", "HEAD").strip(), "ascii")
    assert shop.ci.evidence("gate", "78", "--at", "merge", "--head", head).status == 0
    wrong = clone(tmp_path / "wrong")
    assert within(shop.ci, wrong).evidence("gate", "78", "--at", "merge").status == exitcodes.NEGATIVE


def test_a_change_whose_id_looks_like_a_release_is_no_release(shop: Shop, repo: Sandbox) -> None:
    """An id with an at sign is asked about at no gate rather than at another one; other spellings are other changes."""
    ci = within(shop.ci, repo)
    assert ci.evidence("gate", "feature@1.0", "--at", "merge").status == exitcodes.USAGE
    assert ci.evidence("gate", "070", "--at", "merge").status == exitcodes.NEGATIVE


def test_a_release_of_that_name_elsewhere_is_another_release(shop: Shop, repo: Sandbox) -> None:
    """Whoever records a release of the same name for another project opens no gate with it."""
    shop.house.ada.ok("project", "declare", "toy")
    ivy = within(shop.ivy, repo)
    words = ("--product", "shop", "--version", "79.0", "--first", "--repository", "1")
    ivy.ok("record", "release", *words, "--project", "toy")
    said = ivy.evidence("gate", "shop@79.0", "--at", "deploy", "--project", "shop", "--json")
    assert said.status == exitcodes.NEGATIVE
    assert "another project" in said.document["reasons"][0]["sentence"]


def test_access_is_reviewed(shop: Shop) -> None:
    """An access review signs every grant in force with what the reviewer decided."""
    from ledger.documents import parse_access_list

    said = shop.ray.ok("approve", "--access", "--project", "shop", "--yes", "--json")
    event = shop.event(said)
    assert isinstance(event.body, Approval)
    assert event.body.scope == "access"
    grants = parse_access_list(shop.content(event, "access-list").data)
    assert {item.role for item in grants} >= {"administrator", "approver"}
    assert {item.decision for item in grants} == {"keep"}
    assert digest_bytes(b"") not in {item.grant for item in grants}
