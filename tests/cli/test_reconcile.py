"""`evidence reconcile`: what a clone and a served ledger say of each other, in both directions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.digests import digest_bytes
from ledger.events.evidence import Reconciliation
from tests.capture.conftest import Sandbox
from tests.cli.shop import clone, open_shop, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.running import Said
    from tests.cli.shop import Shop

MAIN = "refs/heads/main"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of its own for each test: a reconciliation begins where the last one ended."""
    with open_shop(tmp_path / "shop") as found:
        yield found


def head(repo: Sandbox) -> str:
    """The commit that is checked out."""
    return str(repo.git("rev-parse", "HEAD").strip(), "ascii")


def landed(shop: Shop, repo: Sandbox, name: str, *, recorded: bool = True) -> str:
    """A commit that lands on main, with or without anybody recording it."""
    before = head(repo)
    repo.commit({f"{name}.txt".encode(): name.encode()}, name)
    if recorded:
        told = ("--ref", MAIN, "--before", before, "--after", "HEAD", "--by", "Ivy Author")
        within(shop.ci, repo).ok("record", "merge", *told)
    return head(repo)


def asked(shop: Shop, repo: Sandbox, *words: str, code: int = 0) -> Said:
    """What a reconciliation of the clone says."""
    said = within(shop.ci, repo).evidence("reconcile", "--json", *words)
    assert said.status == code, said.err
    return said


def test_a_clone_and_the_ledger_agree(shop: Shop, tmp_path: Path) -> None:
    """Every landing recorded: nothing differs, and the recorded event holds the digest of the very document."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    landed(shop, repo, "one")
    landed(shop, repo, "two")
    said = asked(shop, repo, "--start", f"{MAIN}={start}")
    assert said.document["agrees"]
    event = shop.event(said)
    assert isinstance(event.body, Reconciliation)
    (ref,) = event.body.refs
    assert (ref.commit_count, ref.recorded_count, ref.missing_count, ref.unknown_count) == (2, 2, 0, 0)
    assert (ref.start, ref.head) == (start, head(repo))
    document = shop.content(event, "reconciliation").data
    assert digest_bytes(document) == event.body.result
    assert json.loads(document) == said.document["reconciliation"]


def test_what_nobody_recorded_is_found(shop: Shop, tmp_path: Path) -> None:
    """A commit that landed without a record is named, the exit status says so, and the finding is recorded."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    landed(shop, repo, "one")
    silent = landed(shop, repo, "silent", recorded=False)
    said = asked(shop, repo, "--start", f"{MAIN}={start}", code=exitcodes.NEGATIVE)
    (ref,) = said.document["reconciliation"]["refs"]
    assert ref["missing"] == [silent]
    assert shop.event(said).body.refs[0].missing_count == 1  # type: ignore[union-attr]


def test_what_was_rewritten_is_found(shop: Shop, tmp_path: Path) -> None:
    """A recorded commit that a forced push took from the branch is named with the event that tells it."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    gone = landed(shop, repo, "gone")
    repo.git("reset", "--quiet", "--hard", start)
    kept = landed(shop, repo, "kept")
    said = asked(shop, repo, "--start", f"{MAIN}={start}", code=exitcodes.NEGATIVE)
    (ref,) = said.document["reconciliation"]["refs"]
    assert [item["commit"] for item in ref["unknown"]] == [gone]
    assert [item["commit"] for item in ref["recorded"]] == [kept]
    assert ref["missing"] == []


def test_the_next_one_begins_where_the_last_one_ended(shop: Shop, tmp_path: Path) -> None:
    """Without any option each run compares what is new, so that together they cover everything once."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    first = landed(shop, repo, "one")
    before = asked(shop, repo, "--start", f"{MAIN}={start}").document["reconciliation"]
    landed(shop, repo, "two")
    after = asked(shop, repo).document["reconciliation"]
    assert after["from"] == before["to"]
    assert after["refs"][0]["start"] == first
    assert after["refs"][0]["commit_count"] == 1


def test_who_only_compares_needs_no_key(shop: Shop, tmp_path: Path) -> None:
    """A dry run and a repetition record nothing, so nobody is asked for a private key."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    landed(shop, repo, "one")
    before = asked(shop, repo, "--start", f"{MAIN}={start}")
    guest = within(shop.house.user("guest"), repo)
    entry = str(before.document["events"][0]["index"])
    assert guest.ok("reconcile", "--repeat", entry, "--json").document["repeats"]
    dry = guest.ok("reconcile", "--from", "0", "--start", f"{MAIN}={start}", "--dry-run", "--json").document
    assert dry["agrees"]
    assert "events" not in dry


def test_an_auditor_computes_the_same_digest(shop: Shop, tmp_path: Path) -> None:
    """Offline, from a bundle and a clone of their own made later, the repeated comparison has the recorded digest."""
    repo = clone(tmp_path / "repo")
    start = head(repo)
    landed(shop, repo, "one")
    landed(shop, repo, "silent", recorded=False)
    recorded = asked(shop, repo, "--start", f"{MAIN}={start}", code=exitcodes.NEGATIVE)
    entry = str(recorded.document["events"][0]["index"])
    landed(shop, repo, "later")
    bundle = tmp_path / "all.evidence.zip"
    bundle.write_bytes(_bundle(shop))
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "own.git"))
    words = ("reconcile", "--bundle", str(bundle), "--repeat", entry, "--repo", str(tmp_path / "own.git"), "--json")
    said = shop.ray.ok(*words, "--server", shop.closed)
    assert said.document["repeats"]
    assert said.document["result"] == recorded.document["result"]
    # Another history has another digest, and the exit status says so.
    other = clone(tmp_path / "other")
    refused = shop.ray.evidence(
        "reconcile", "--bundle", str(bundle), "--repeat", entry, "--repo", str(other.path), "--json"
    )
    assert refused.status == exitcodes.ERROR
    assert refused.problem["slug"] == "git-object-missing"
    # A repository that shares no commit is said to be perhaps another one.
    foreign = Sandbox(tmp_path / "foreign", "sha1")
    foreign.path.mkdir()
    foreign.git("init", "--quiet", "--initial-branch=main")
    foreign.commit({b"z.txt": b"9\n"}, "of something else")
    refused = shop.ray.evidence("reconcile", "--bundle", str(bundle), "--repeat", entry, "--repo", str(foreign.path))
    assert refused.status == exitcodes.ERROR
    assert "it may be of another repository" in refused.err


def test_a_comparison_that_cannot_begin_says_what_to_give(shop: Shop, tmp_path: Path) -> None:
    """Where nothing landed in the entries, the first commit is asked for by the option that gives it."""
    repo = clone(tmp_path / "repo")
    landed(shop, repo, "one", recorded=False)
    refused = within(shop.ci, repo).evidence("reconcile", "--from", "3")
    assert refused.status == exitcodes.USAGE
    assert f"--start {MAIN}=COMMIT" in refused.err
    unknown = within(shop.ci, repo).evidence("reconcile", "--repeat", "1", "--json")
    assert unknown.status == exitcodes.ERROR
    assert unknown.problem["slug"] == "no-such-reconciliation"


def _bundle(shop: Shop) -> bytes:
    """The bundle of everything recorded so far."""
    from ledger.client import Client

    pieces: list[bytes] = []
    with Client(shop.house.url, shop.anchor) as client:
        size = client.get("/v1/ledger")
        assert isinstance(size, dict)
        client.bundle("period", pieces.append, {"from": 0, "to": int(str(size["position"]))})
    return b"".join(pieces)
