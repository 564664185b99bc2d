"""The two verifiers, written apart from each other, agree on what is intact and on which check fails."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger.bundle import BundleSubject, Period, write_bundle
from ledger.checkpoint import sign_checkpoint
from ledger.digests import digest_bytes
from ledger.entry import leaf_digest
from ledger.events.context import About
from ledger.events.roster import KeyRevoke, PrincipalCreate, PrincipalDisable, RoleGrant
from ledger.events.statement import Event
from ledger.keys import key_id
from ledger.merkle import root
from ledger.standalone import published_verifier
from ledger.verify.findings import CHECKS
from ledger.verify.run import verify_bundle
from tests.every_kind import every_kind
from tests.later_kinds import later_kinds
from tests.misdeeds import MISDEEDS
from tests.oddities import odd_but_sound
from tests.stories import open_world, small_release, tell_release
from tests.world import VERIFIER, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ledger.bundle import Selection

VECTORS = Path(__file__).parent / "vectors"


@cache
def standalone() -> ModuleType:
    """``verify.py`` as a module."""
    path = Path(importlib.util.find_spec("ledger").origin or "").parent / "standalone" / "verify.py"  # type: ignore[union-attr]
    spec = importlib.util.spec_from_file_location("standalone_verify", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["standalone_verify"] = module
    spec.loader.exec_module(module)
    return module


def both(bundle: bytes, anchor: str) -> tuple[set[str], set[str]]:
    """The checks that failed, by each verifier; their answers to "intact" agree."""
    ours = verify_bundle(bundle, anchor)
    theirs = standalone().verify(bundle, anchor)
    assert ours.intact == theirs.intact, (ours.failures, theirs.failures)
    return {finding.check for finding in ours.failures}, {failure[0] for failure in theirs.failures}


def _all_kinds() -> tuple[World, bytes]:
    world, record = every_kind()
    return world, world.bundle(record)


def _later() -> tuple[World, bytes]:
    world, record = later_kinds()
    return world, world.bundle(record)


def _odd() -> tuple[World, bytes]:
    world = odd_but_sound()
    return world, world.bundle()


def good_bundles() -> dict[str, Callable[[], tuple[World, bytes]]]:
    """Stories that end in sound bundles, by name."""

    def release() -> tuple[World, bytes]:
        world, record = small_release()
        return world, world.bundle(record)

    def two_administrators() -> tuple[World, bytes]:
        world, cast = open_world(admins_required=2, recovery=True)
        _, record = tell_release(world, cast)
        ada, spare = world.members["Ada Admin"], world.members["Recovery"]
        pending = world.append(Event(world.context(ada), RoleGrant(cast.author.principal, "approver")), ada.key)
        world.approve_act(pending, spare)
        world.append(Event(world.context(ada), RoleGrant(cast.ci.principal, "collector")), ada.key)
        return world, world.bundle(record)

    def revoked() -> tuple[World, bytes]:
        world, cast = open_world()
        change, record = tell_release(world, cast)
        world.act(KeyRevoke(3, key_id(cast.reviewer.key.public), cast.reviewer.principal, "lost"))
        world.act(KeyRevoke(1, key_id(cast.reviewer.key.public), cast.reviewer.principal, "stolen"))
        world.run("payments", change.tree, change.head, cast.ci)
        return world, world.bundle(record)

    def erased() -> tuple[World, bytes]:
        world, record = small_release()
        for entry in world.records_list[-6:]:
            for reference in entry.event.context.contents:
                world.erase(reference)
        return world, world.bundle(record)

    def new_epoch() -> tuple[World, bytes]:
        world, cast = open_world()
        world.epoch(2, 3, 1)
        _, record = tell_release(world, cast)
        return world, world.bundle(record)

    def withdrawn() -> tuple[World, bytes]:
        world, cast = open_world()
        change = world.diff("payments", "7", cast.author, cast.ci, {"a.py": "1"})
        approval = world.approve("payments", change, cast.reviewer)
        world.approve("payments", change, cast.reviewer, decision="withdraw", withdraws=approval)
        world.forge_approval("payments", change, cast.reviewer, cast.ci)
        return world, world.bundle()

    def founded() -> tuple[World, bytes]:
        world = World()
        return world, world.bundle()

    return {
        "release": release,
        "two-administrators": two_administrators,
        "revoked": revoked,
        "erased": erased,
        "new-epoch": new_epoch,
        "withdrawn": withdrawn,
        "founded": founded,
        "every-kind": _all_kinds,
        "odd-but-sound": _odd,
        "packs": _later,
    }


@pytest.mark.parametrize("name", list(good_bundles()))
def test_both_accept_what_is_sound(name: str) -> None:
    """Ledgers of every shape are intact to both."""
    world, bundle = good_bundles()[name]()
    assert both(bundle, world.anchor) == (set(), set())


def bad_bundle(name: str) -> tuple[World, bytes]:
    """A bundle that was tampered with."""
    world, _ = small_release()
    return world, write_bundle(BAD[name][1](world)(world.selection()), VERIFIER)


def _stranger_signs(world: World) -> Callable[[Selection], Selection]:
    def change(selection: Selection) -> Selection:
        digests = [leaf_digest(entry.leaf) for entry in selection.entries]
        note = sign_checkpoint(world.origin, len(digests), root(digests), world.members["Ivy Author"].key)
        return replace(selection, checkpoint=note)

    return change


def _without(number: int) -> Callable[[Selection], Selection]:
    return lambda selection: replace(selection, entries=selection.entries[:number] + selection.entries[number + 1 :])


def _last_leaf(**fields: Any) -> Callable[[Selection], Selection]:  # noqa: ANN401  # any field of a leaf
    def change(selection: Selection) -> Selection:
        last = selection.entries[-1]
        return replace(selection, entries=(*selection.entries[:-1], replace(last, leaf=replace(last.leaf, **fields))))

    return change


def _content(old: bytes, new: bytes) -> Callable[[Selection], Selection]:
    def change(selection: Selection) -> Selection:
        contents = tuple(replace(item, data=new) if item.data == old else item for item in selection.contents)
        return replace(selection, contents=contents)

    return change


BAD: dict[str, tuple[str, Callable[[World], Callable[[Selection], Selection]]]] = {
    "other-log-key": ("V03", _stranger_signs),
    "entry-left-out": ("V08", lambda _: _without(3)),
    "project-entry-left-out": ("V07", lambda _: _without(12)),
    "kind": ("V10", lambda _: _last_leaf(kind="merge")),
    "about": ("V10", lambda _: _last_leaf(about=About(change="8"))),
    "roster-count": ("V08", lambda _: _last_leaf(roster=1)),
    "previous": ("V06", lambda _: _last_leaf(previous="0" * 64)),
    "stream-previous": ("V07", lambda _: _last_leaf(stream_previous="0" * 64)),
    "time-falls": ("V06", lambda _: _last_leaf(received_at="2026-03-02T07:00:00.000Z")),
    "other-envelope": ("V09", lambda _: _last_leaf(envelope=digest_bytes(b"other"))),
    "not-in-the-tree": ("V05", lambda _: _last_leaf(received_at="2036-03-02T07:00:00.000Z")),
    "content": ("V16", lambda _: _content(b"Please", b"Pleaze")),
    "no-such-release": (
        "V19",
        lambda _: lambda selection: replace(selection, subject=BundleSubject(release=digest_bytes(b"none"))),
    ),
    "no-such-period": (
        "V19",
        lambda _: lambda selection: replace(selection, subject=BundleSubject(period=Period(0, 10_000))),
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_both_refuse_by_the_same_check(name: str) -> None:
    """What was tampered with fails the same named check in both."""
    check = BAD[name][0]
    world, bundle = bad_bundle(name)
    ours, theirs = both(bundle, world.anchor)
    assert check in ours
    assert check in theirs


def dishonest_bundle(name: str) -> tuple[World, bytes]:
    """A bundle of a ledger whose server admitted what it must not."""
    world, cast = open_world()
    DISHONEST[name][1](world, cast)
    return world, world.bundle()


def _forced(world: World, member: Any, body: Any) -> None:  # noqa: ANN401  # any member and body
    world.append(Event(world.context(member), body), member.key, force=True)


DISHONEST: dict[str, tuple[str, Callable[[World, Any], object]]] = {
    "service-grants-itself": (
        "V13",
        lambda world, cast: _forced(world, cast.ci, RoleGrant(cast.ci.principal, "reviewer")),
    ),
    "author-disables": (
        "V13",
        lambda world, cast: _forced(world, cast.author, PrincipalDisable(cast.reviewer.principal)),
    ),
    "principal-twice": (
        "V14",
        lambda world, cast: world.append(
            Event(
                world.context(world.members["Ada Admin"], [world.content("card", b"{}")]),
                PrincipalCreate(cast.author.principal, "person"),
            ),
            world.members["Ada Admin"].key,
            force=True,
        ),
    ),
    "last-administrator": (
        "V14",
        lambda world, _: _forced(
            world, world.members["Ada Admin"], PrincipalDisable(world.members["Ada Admin"].principal)
        ),
    ),
}


@pytest.mark.parametrize("name", list(DISHONEST))
def test_both_find_out_a_dishonest_server(name: str) -> None:
    """An entry that no honest server would admit fails the same check in both, though tree and log key are right."""
    check = DISHONEST[name][0]
    world, bundle = dishonest_bundle(name)
    ours, theirs = both(bundle, world.anchor)
    assert check in ours
    assert check in theirs


@pytest.mark.parametrize("name", list(MISDEEDS))
def test_both_find_out_a_misdeed_and_nothing_else(name: str) -> None:
    """The entry fails the named check in both, and both find the same checks failed."""
    world = MISDEEDS[name].story()
    ours, theirs = both(world.bundle(), world.anchor)
    # What an event that cannot be read names is named by no entry.
    assert ours - {"V16"} == theirs - {"V16"} == {MISDEEDS[name].check}
    assert ours == theirs


def test_verify_py_answers_before_it_lists() -> None:
    """The first line says whether the records are intact; what was found follows, counted in its number."""
    world, bundle = bad_bundle("content")
    result = standalone().verify(bundle, world.anchor)
    first, *rest = standalone().report(result, None).splitlines()
    assert first == "records NOT intact: 1 failure"
    assert rest[0].startswith("V16 contents: ")
    assert rest[-1] == standalone().CLOSING


def test_both_refuse_every_flipped_byte() -> None:
    """Each byte of the smallest bundle, flipped, is caught by a named check in both (all with EVIDENCE_ALL_BYTES=1)."""
    world = World()
    bundle = world.bundle()
    step = 1 if os.environ.get("EVIDENCE_ALL_BYTES") else 23
    for place in range(0, len(bundle), step):
        changed = bytearray(bundle)
        changed[place] ^= 0x01
        ours, theirs = both(bytes(changed), world.anchor)
        assert ours, place
        assert theirs, place
        assert (ours | theirs) <= set(CHECKS), place


def test_both_agree_on_other_anchors() -> None:
    """A shadow ledger with the same log key, and nonsense for an anchor."""
    world, bundle = good_bundles()["release"]()
    shadow = World(recovery=True)
    assert all("V02" in checks for checks in both(bundle, shadow.anchor))
    assert all(both(bundle, "nonsense"))
    assert world.log_key.public == shadow.log_key.public


def test_signature_vectors_hold_in_the_standalone_verifier() -> None:
    """Every Ed25519 case is decided as the written rule says."""
    cases = json.loads((VECTORS / "ed25519" / "cases.json").read_text())
    assert len(cases) > 40
    module = standalone()
    for case in cases:
        key, message, signature = (bytes.fromhex(case[f"{name}_hex"]) for name in ("public", "message", "signature"))
        admitted = module.may_be_enrolled(key)
        assert admitted == case["key_admitted"], case["name"]
        if admitted:
            assert module.ed25519_verify(key, message, signature) == case["signature_holds"], case["name"]


def test_ssh_vectors_hold_in_the_standalone_verifier() -> None:
    """Every SSH key and signature is decided as the written rule says."""
    cases = json.loads((VECTORS / "sshsig" / "cases.json").read_text())
    module = standalone()
    for case in cases["keys"]:
        assert (_ssh_key(module, case) is not None) == case["key_admitted"], case["name"]
    for case in cases["signatures"]:
        key = _ssh_key(module, case)
        message, signature = (bytes.fromhex(case[f"{name}_hex"]) for name in ("message", "signature"))
        assert module.signature_holds(key, message, signature) == case["signature_holds"], case["name"]


def _ssh_key(module: ModuleType, case: dict[str, Any]) -> Any:  # noqa: ANN401  # a value of verify.py
    try:
        return module.ssh_key(bytes.fromhex(case["public_hex"]))
    except module.Fault:
        return None


def test_it_runs_by_itself(tmp_path: Path) -> None:
    """One file, any folder, an isolated interpreter: exit 0 for intact, 3 for not, 2 without an anchor."""
    world, bundle = good_bundles()["release"]()
    (tmp_path / "verify.py").write_bytes(published_verifier())
    (tmp_path / "b.zip").write_bytes(bundle)
    (tmp_path / "bad.zip").write_bytes(bundle[:-1])
    (tmp_path / "ledger.pub").write_text(world.anchor)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "verify.py", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    good = run("b.zip", "--anchor", "ledger.pub")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "records intact" in good.stdout
    assert good.stdout.rstrip().endswith("Integrity only; rules: see `evidence check`")
    assert run("bad.zip", "--anchor", "ledger.pub").returncode == 3
    assert run("b.zip").returncode == 2
