"""Approving, rejecting and withdrawing: what is shown is what is signed, by a person, about exactly one content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.capture.git import resolve_commit
from ledger.dossier.build import build_change
from ledger.events.work import Approval
from tests.cli.shop import clone, only, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.capture.changes import ChangeRead
    from ledger.capture.git import Repository
    from ledger.records import Records
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
    sandbox.commit({b"a.txt": b"2\n", b"\xe2\x80\xaeevil\x1b[31m.sh": b"#!/bin/sh\n"}, f"Feature of {tmp_path.name}")
    return sandbox


def told(shop: Shop, repo: Sandbox, tmp_path: Path, change: str) -> dict[str, dict[str, Any]]:
    """A change with a prompt, a revision and a run on its tree, as the commands said."""
    text = tmp_path / "prompt.txt"
    text.write_text("\n".join(f"line {number}" for number in range(1, 9)))
    ivy, ci = within(shop.ivy, repo), within(shop.ci, repo)
    prompt = ("record", "prompt", "--text", str(text), "--tool", "quill", "--change", change, "--json")
    diff = ("record", "diff", "--base", "main", "--change", change, "--json")
    test = ("record", "test", report(tmp_path), "--suite", "unit", "--change", change, "--json")
    return {"prompt": only(ivy.ok(*prompt)), "diff": only(ci.ok(*diff)), "test": only(ci.ok(*test))}


def approval(shop: Shop, said: Said) -> Approval:
    """The body of the approval that a command recorded."""
    body = shop.event(said).body
    assert isinstance(body, Approval)
    return body


def gathered(shop: Shop, change: str) -> Records:
    """What the gathering finds about a change."""
    from ledger.anchor import parse_anchor
    from ledger.cli.gathering import gather_change, position_now
    from ledger.cli.output import Output
    from ledger.cli.session import Session
    from ledger.cli.settings import find_settings
    from ledger.client import Client

    settings = find_settings({}, {"HOME": str(shop.ray.home)}, shop.ray.folder)
    anchor = parse_anchor(shop.anchor)
    with Client(shop.house.url, anchor) as client:
        session = Session(settings, Output(), anchor, client)
        position_now(session)
        return gather_change(session, session.directory(), shop.project, change)


def test_what_is_shown_is_what_is_signed(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Manifest, tree, policy, prompts and tests on screen are those of the basis and of the lists of seen."""
    done = told(shop, repo, tmp_path, "shown")
    ray = within(shop.ray, repo)
    said = ray.ok("approve", "shown", "--repo", ".", "--yes", "--json", "--comment", "Fine.", "--role", "approver")
    body = approval(shop, said)
    manifest = shop.entry(done["diff"]["index"]).body.manifest  # type: ignore[union-attr]
    assert (body.decision, body.attested_by, body.scope, body.role) == ("approve", "person", "change", "approver")
    assert (body.basis.manifest, body.basis.tree) == (manifest, repo.tree())
    assert (list(body.seen.prompts), list(body.seen.tests)) == (
        [done["prompt"]["envelope"]],
        [done["test"]["envelope"]],
    )
    for text in (
        str(manifest),
        repo.tree(),
        str(body.basis.policy),
        "Ray Reviewer",
        "made again from your clone: equal",
    ):
        assert text in said.err
    assert "unit attempt 1 PASSED, 2 of 2 tests passed, 0 skipped; on this very tree" in said.err
    assert "| line 3" in said.err
    assert "| line 4" not in said.err
    assert "and 5 more lines" in said.err
    assert shop.content(shop.event(said), "comment").data == b"Fine."
    assert said.document["basis"] == {"manifest": manifest, "policy": body.basis.policy, "tree": repo.tree()}


def test_nothing_captured_steers_the_terminal(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """A path with an escape sequence and a bidirectional override is shown with both written out."""
    told(shop, repo, tmp_path, "hostile")
    said = within(shop.ray, repo).ok("approve", "hostile", "--yes")
    assert "\\u202eevil\\x1b[31m.sh" in said.out
    assert "\x1b" not in said.out + said.err


def test_who_took_part_is_warned_and_not_stopped(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Author and asker may sign, and are told that it will not count."""
    told(shop, repo, tmp_path, "own")
    said = within(shop.ivy, repo).ok("approve", "own", "--yes", "--json")
    (first,) = said.document["warnings"]
    assert first.startswith("you took part in this change (author, committer, prompter")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--role", "security"), "you do not hold the role security here; you hold approver"),
        (("--meaning", "exception"), "the meaning exception is one of decisions about exceptions"),
        (("--meaning", "authorisation"), "the meaning authorisation is one of decisions about exceptions"),
        (("--answer", "nothing=yes"), "the policy's checklist has no item nothing: it asks nothing here"),
    ],
)
def test_what_a_signature_cannot_say_is_refused(
    shop: Shop, repo: Sandbox, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    """A role that is not held, a meaning of something else and an answer to no question are not signed."""
    told(shop, repo, tmp_path, "refused")
    said = within(shop.ray, repo).evidence("approve", "refused", "--yes", *words)
    assert said.status == exitcodes.USAGE
    assert why in said.err
    of_it = [item for item in gathered(shop, "refused").entries if item.event.context.about.change == "refused"]
    assert not any(isinstance(item.event.body, Approval) for item in of_it)


def test_meaning_and_role_are_shown_with_what_is_signed(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """What the signature means, and in which role, stands under the heading that says what it covers."""
    told(shop, repo, tmp_path, "means")
    said = within(shop.ray, repo).ok("approve", "means", "--yes", "--role", "approver", "--meaning", "responsibility")
    shown = said.out.split("Your signature covers exactly this:")[1]
    assert "means      responsibility, as approver" in shown


def test_nobody_reviews_their_own_exception(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Who asked for an exception is refused before anything is signed; an administrator's act is no exception."""
    told(shop, repo, tmp_path, "night")
    ivy = within(shop.ivy, repo)
    named = ("--change", "night", "--base", "main", "--rule", "SOD-01")
    entry = str(only(ivy.ok("exception", *named, "--reason", "x", "--yes", "--json"))["index"])
    own = ivy.evidence("approve", "--exception", entry, "--yes", "--json")
    assert (own.status, own.problem["slug"]) == (exitcodes.NOT_ALLOWED, "own-exception")
    strange = within(shop.ray, repo).evidence("approve", "--exception", entry, "--meaning", "release", "--yes")
    assert "review or authorisation" in strange.err
    act = within(shop.ray, repo).evidence("approve", "--exception", "1", "--yes", "--json")
    assert act.problem["slug"] == "no-such-entry"
    within(shop.ray, repo).ok("approve", "--exception", entry, "--yes")


@pytest.mark.parametrize("who", ["quill", "ci"])
def test_a_machine_never_decides(shop: Shop, repo: Sandbox, tmp_path: Path, who: str) -> None:
    """An agent's and a service's key are refused before anything is signed."""
    change = f"machine-{who}"
    told(shop, repo, tmp_path, change)
    said = within(getattr(shop, who), repo).evidence("approve", change, "--yes", "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.NOT_ALLOWED, "person-needed")


def test_a_clone_without_the_content_is_not_enough(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """With --repo the content is read again there, or nothing is signed."""
    told(shop, repo, tmp_path, "absent")
    other = clone(tmp_path / "other")
    said = within(shop.ray, repo).evidence("approve", "absent", "--repo", str(other.path), "--yes", "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.ERROR, "git-object-missing")


def test_another_content_than_recorded_is_not_signed(
    shop: Shop, repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline that recorded another manifest than its head has is found out by the reviewer's clone."""
    import ledger.capture.changes

    honest = ledger.capture.changes.read_change

    def lying(repository: Repository, base: str, head: str) -> ChangeRead:
        # The manifest of a harmless part, under the head of the whole.
        return replace(honest(repository, base, resolve_commit(repository, "feature~1")), head=head)

    repo.commit({b"harmful.txt": b"1\n"})
    with monkeypatch.context() as patched:
        patched.setattr(ledger.capture.changes, "read_change", lying)
        within(shop.ci, repo).ok("record", "diff", "--base", "main", "--change", "lied")
    ray = within(shop.ray, repo)
    said = ray.evidence("approve", "lied", "--repo", ".", "--yes", "--json")
    assert (said.status, said.problem["slug"]) == (exitcodes.NEGATIVE, "content-differs")


def test_nobody_is_asked_in_silence(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Without a terminal and without --yes nothing is signed."""
    told(shop, repo, tmp_path, "silent")
    said = within(shop.ray, repo).evidence("approve", "silent", "--json")
    assert said.status == exitcodes.USAGE
    assert gathered(shop, "silent").entries[-1].event.kind != "approval"


def test_an_earlier_revision_can_be_decided_about(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """By its number, with a warning; the signature covers that revision's content and no other."""
    first = told(shop, repo, tmp_path, "stale")["diff"]
    repo.commit({b"a.txt": b"3\n"})
    within(shop.ci, repo).ok("record", "diff", "--base", "main", "--change", "stale")
    said = within(shop.ray, repo).ok("reject", "stale", "--revision", "1", "--yes", "--json")
    body = approval(shop, said)
    assert (body.decision, body.basis.tree) == ("reject", first["about"]["tree"])
    assert only(said)["about"]["revision"] == 1
    assert said.document["warnings"] == ["a later revision is recorded: 2"]
    missing = within(shop.ray, repo).evidence("approve", "stale", "--revision", "9", "--yes", "--json")
    assert (missing.status, missing.problem["slug"]) == (exitcodes.ERROR, "no-such-revision")


def test_a_decision_is_withdrawn_by_whoever_made_it(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """It names the decision, repeats its basis, and after it none stands; nobody else can."""
    told(shop, repo, tmp_path, "taken-back")
    ray = within(shop.ray, repo)
    given = only(ray.ok("approve", "taken-back", "--yes", "--json"))
    for name in (given["envelope"], str(given["index"])):
        foreign = within(shop.ivy, repo).evidence("withdraw", name, "--yes", "--json")
        assert (foreign.status, foreign.problem["slug"]) == (exitcodes.NOT_ALLOWED, "not-your-decision")
    body = approval(shop, ray.ok("withdraw", "--change", "taken-back", "--yes", "--json"))
    assert (body.decision, body.withdraws) == ("withdraw", given["envelope"])
    facts = build_change(gathered(shop, "taken-back"), shop.project, "taken-back").change
    assert [item.standing for item in facts.approvals if item.approval.decision == "approve"] == [False]
    anew = ray.ok("approve", "taken-back", "--yes", "--json").document["warnings"]
    assert anew == []
    ray.ok("withdraw", "--change", "taken-back", "--yes")
    again = ray.evidence("withdraw", "--change", "taken-back", "--yes", "--json")
    assert (again.status, again.problem["slug"]) == (exitcodes.ERROR, "nothing-to-withdraw")


def test_a_release_is_approved_as_its_event(shop: Shop, repo: Sandbox) -> None:
    """The basis is the release event and the policy; its commits are shown."""
    ci, ray = within(shop.ci, repo), within(shop.ray, repo)
    released = only(ci.ok("record", "release", "--product", "shop", "--version", "3.0", "--previous", "main", "--json"))
    said = ray.ok("approve", "--release", "shop@3.0", "--yes", "--json")
    body = approval(shop, said)
    assert (body.scope, body.meaning, body.basis.release) == ("release", "release", released["envelope"])
    assert repo.head()[:12] in said.err
    withdrawn = approval(shop, ray.ok("withdraw", "--release", "shop@3.0", "--yes", "--json"))
    assert withdrawn.basis == body.basis
    missing = ray.evidence("approve", "--release", "shop@9", "--yes", "--json")
    assert (missing.status, missing.problem["slug"]) == (exitcodes.ERROR, "no-such-release")


def test_the_gathering_is_enough_for_a_dossier(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Revision, run on its tree, prompt bound to it, landing by content and contributors are all there."""
    told(shop, repo, tmp_path, "whole")
    before = repo.head("main")
    repo.switch("main")
    repo.git("merge", "--quiet", "--squash", "feature")
    repo.commit(message="Squash")
    ci = within(shop.ci, repo)
    ci.ok("record", "test", report(tmp_path), "--suite", "after")
    ci.ok("record", "merge", "--ref", "refs/heads/main", "--before", before)
    facts = build_change(gathered(shop, "whole"), shop.project, "whole").change
    assert [(item.number, len(item.prompts)) for item in facts.revisions] == [(1, 1)]
    assert {item.run.run.suite for item in facts.runs} == {"unit", "after"}
    assert [item.binding for item in facts.landings] == ["manifest"]
    assert "Ivy Author" in {item.party.name for item in facts.contributions}
