"""Verification finds every fault, names its check, and accepts what is sound."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

import pytest

from ledger.bundle import BundleSubject, Period, Selection, read_archive, write_archive, write_bundle
from ledger.canonical import encode, parse
from ledger.checkpoint import sign_checkpoint
from ledger.digests import digest_bytes
from ledger.entry import Leaf, leaf_digest
from ledger.errors import AuthorityError, ConflictError
from ledger.events.context import About
from ledger.events.roster import KeyRevoke, PrincipalCreate, RoleGrant
from ledger.events.statement import Body, Event
from ledger.keys import key_id
from ledger.merkle import inclusion_proof, reader_of, root
from ledger.verify.findings import CHECKS, Verification
from ledger.verify.run import verify_bundle
from tests.stories import open_world, small_release, tell_release
from tests.world import VERIFIER, World


@cache
def _story() -> tuple[World, bytes]:
    world, release = small_release()
    return world, world.bundle(release)


def _checks(verification: Verification) -> set[str]:
    return {finding.check for finding in verification.failures}


def _resign(world: World, selection: Selection) -> Selection:
    """The selection with tree and checkpoint made anew by a dishonest holder of the log key."""
    digests = [leaf_digest(entry.leaf) for entry in selection.entries]
    reader = reader_of(digests)
    entries = tuple(
        replace(entry, inclusion=inclusion_proof(number, len(digests), reader))
        for number, entry in enumerate(selection.entries)
    )
    note = sign_checkpoint(world.origin, len(digests), root(digests), world.log_key)
    return replace(selection, entries=entries, checkpoint=note, position=len(digests))


def test_a_sound_bundle_is_intact() -> None:
    """Everything recorded comes back as records, and nothing fails."""
    world, bundle = _story()
    found = verify_bundle(bundle, world.anchor)
    assert found.failures == ()
    assert found.intact
    assert found.records is not None
    assert [record.leaf for record in found.records.entries] == [leaf for leaf, _ in world.entries]
    assert found.signature_count == len(world.entries)
    assert {note.slug for note in found.notes} == {"one-administrator"}


@pytest.mark.slow
def test_every_flipped_byte_is_caught_by_a_named_check() -> None:
    """No byte of a small bundle can be changed unseen (of a release's every 23rd; EVIDENCE_ALL_BYTES=1: all)."""
    founded = World()
    smallest, step = founded.bundle(), 1 if os.environ.get("EVIDENCE_ALL_BYTES") else 23
    whole = [(founded, smallest, place) for place in range(len(smallest))]
    for world, bundle, place in (*whole, *((*_story(), place) for place in range(0, len(_story()[1]), step))):
        changed = bytearray(bundle)
        changed[place] ^= 0x01
        found = verify_bundle(bytes(changed), world.anchor)
        assert not found.intact, place
        assert _checks(found) <= set(CHECKS), place
        assert found.failures, place


@pytest.mark.slow
def test_every_flipped_byte_is_caught_even_with_its_digests_made_anew() -> None:
    """Whoever rewrites the archive around a changed byte is caught by a check of the records themselves."""
    world, bundle = _story()
    members = read_archive(bundle)
    index = parse(members["bundle.json"], max_bytes=1 << 20)
    assert isinstance(index, dict)
    for name in list(members):
        # verify.py is no record: what it must be is published with each version.
        if name in {"bundle.json", "verify.py"}:
            continue
        for place in range(0, len(members[name]), 97):
            changed = bytearray(members[name])
            changed[place] ^= 0x01
            parts = {**members, name: bytes(changed)}
            files = [
                {"name": part, "sha256": digest_bytes(data), "size_bytes": len(data)}
                for part, data in parts.items()
                if part != "bundle.json"
            ]
            parts["bundle.json"] = encode({**index, "files": files})  # type: ignore[dict-item]
            found = verify_bundle(write_archive(list(parts.items())), world.anchor)
            assert not found.intact, (name, place)
            assert found.failures, (name, place)


def test_a_shadow_ledger_with_the_same_log_key_is_refused() -> None:
    """The log key alone makes no ledger: genesis is compared with the anchor."""
    world, _ = _story()
    shadow = World(recovery=True)
    assert shadow.log_key.public == world.log_key.public
    found = verify_bundle(shadow.bundle(), world.anchor)
    assert "V02" in _checks(found)


def test_another_log_key_is_refused() -> None:
    """A checkpoint by a key that the anchor does not name counts for nothing."""
    world, _ = _story()
    selection = world.selection()
    digests = [leaf_digest(entry.leaf) for entry in selection.entries]
    stranger = world.members["Ivy Author"].key
    forged = replace(selection, checkpoint=sign_checkpoint(world.origin, len(digests), root(digests), stranger))
    assert _checks(verify_bundle(write_bundle(forged, VERIFIER), world.anchor)) == {"V03"}


def test_an_approval_replayed_from_another_ledger_is_refused() -> None:
    """An approval names the ledger it was signed for."""
    world, cast = open_world()
    other, other_cast = open_world(recovery=True)
    change = other.diff("payments", "7", other_cast.author, other_cast.ci, {"a.py": "1"})
    signed = other.approve("payments", change, other_cast.reviewer)
    envelope = other.entries[signed.index][1]
    with pytest.raises(ConflictError, match="another ledger"):
        world.append(signed.event, cast.reviewer.key)
    leaf = world._leaf(signed.event, envelope)
    world.entries.append((leaf, envelope))
    world.records_list.append(replace(signed, leaf=leaf))
    found = verify_bundle(world.bundle(), world.anchor)
    assert "V11" in _checks(found)
    assert not found.intact


def test_a_service_cannot_grant_itself_a_role() -> None:
    """Acts are signed by administrators; a dishonest server that admits another is found out."""
    world, cast = open_world()
    body = RoleGrant(cast.ci.principal, "reviewer")
    event = Event(world.context(cast.ci), body)
    with pytest.raises(AuthorityError, match="only administrators"):
        world.append(event, cast.ci.key)
    world.append(event, cast.ci.key, force=True)
    found = verify_bundle(world.bundle(), world.anchor)
    assert "V13" in _checks(found)


def test_a_revoked_key_signs_nothing_afterwards() -> None:
    """What a key signed stays; what it signs after its revocation is refused, and found out if admitted."""
    world, cast = open_world()
    change = world.diff("payments", "7", cast.author, cast.ci, {"a.py": "1"})
    identifier = key_id(cast.reviewer.key.public)
    world.act(KeyRevoke(0, identifier, cast.reviewer.principal, "lost"))
    with pytest.raises(AuthorityError, match="revoked"):
        world.approve("payments", change, cast.reviewer)
    about = About(change="7", revision=1, tree=change.tree)
    body = _approval_body()
    world.append(
        Event(world.context(cast.reviewer, project="payments", about=about), body), cast.reviewer.key, force=True
    )
    assert "V13" in _checks(verify_bundle(world.bundle(), world.anchor))


def _approval_body() -> Body:
    other, other_cast = open_world()
    change = other.diff("payments", "7", other_cast.author, other_cast.ci, {"a.py": "1"})
    return other.approve("payments", change, other_cast.reviewer).event.body


def test_an_entry_left_out_is_found_out() -> None:
    """A stream with a hole, or a ledger stream that is not whole, fails."""
    world, _ = _story()
    selection = world.selection()
    for number in range(1, len(selection.entries) - 1):
        rest = selection.entries[:number] + selection.entries[number + 1 :]
        found = verify_bundle(write_bundle(replace(selection, entries=rest), VERIFIER), world.anchor)
        assert _checks(found) & {"V07", "V08"}, number


def test_a_rewritten_leaf_is_found_out_even_by_the_log_key() -> None:
    """Whoever holds the log key can make a new tree, not a new chain of the same entries."""
    world, _ = _story()
    selection = world.selection()
    first = selection.entries[3]
    moved = replace(first, leaf=replace(first.leaf, received_at="2026-03-02T08:59:59.000Z"))
    entries = (*selection.entries[:3], moved, *selection.entries[4:])
    found = verify_bundle(write_bundle(_resign(world, replace(selection, entries=entries)), VERIFIER), world.anchor)
    assert {"V06", "V07"} <= _checks(found)


@pytest.mark.parametrize(
    ("field", "value", "check"),
    [
        ("kind", "merge", "V10"),
        ("about", About(change="8"), "V10"),
        ("stream", "prj_" + "0" * 32, "V10"),
        ("roster", 0, "V08"),
        ("envelope", digest_bytes(b"other"), "V09"),
        ("key_id", digest_bytes(b"other"), "V10"),
    ],
)
def test_a_leaf_that_differs_from_its_event_is_found_out(field: str, value: object, check: str) -> None:
    """Every field of a leaf that repeats something is compared with what it repeats."""
    world, _ = _story()
    selection = world.selection()
    last = selection.entries[-1]
    changed = replace(last, leaf=replace(last.leaf, **{field: value}))  # type: ignore[arg-type]
    entries = (*selection.entries[:-1], changed)
    found = verify_bundle(write_bundle(_resign(world, replace(selection, entries=entries)), VERIFIER), world.anchor)
    assert check in _checks(found)


def test_contents_that_are_gone_are_noted_and_fail_nothing() -> None:
    """Erasure leaves the records intact and is said."""
    world, release = small_release()
    prompt = next(record for record in world.records_list if record.leaf.kind == "prompt")
    world.erase(prompt.event.context.content("prompt"))
    found = verify_bundle(world.bundle(release), world.anchor)
    assert found.intact
    assert "content-erased" in {note.slug for note in found.notes}


def test_an_altered_content_is_found_out() -> None:
    """A content's bytes are bound by the signature through its commitment."""
    world, release = small_release()
    selection = world.selection(BundleSubject(release=release.envelope))
    number = next(at for at, item in enumerate(selection.contents) if item.data == b"Please")
    item = replace(selection.contents[number], data=b"Pleaze")
    contents = (*selection.contents[:number], item, *selection.contents[number + 1 :])
    found = verify_bundle(write_bundle(replace(selection, contents=contents), VERIFIER), world.anchor)
    assert _checks(found) == {"V16"}


def test_a_subject_that_is_not_there_is_found_out() -> None:
    """A bundle about a release holds that release."""
    world, _ = _story()
    subjects = [BundleSubject(release=digest_bytes(b"none")), BundleSubject(period=Period(5, 10_000))]
    for subject in subjects:
        found = verify_bundle(write_bundle(world.selection(subject), VERIFIER), world.anchor)
        assert _checks(found) == {"V19"}


def test_acts_of_a_two_person_ledger_need_the_second_person() -> None:
    """A key enrolled by one administrator alone signs nothing."""
    world, cast = open_world(admins_required=2)
    _, release = tell_release(world, cast)
    found = verify_bundle(world.bundle(release), world.anchor)
    assert found.failures == ()
    assert found.notes == ()
    member = world._member("Eve Alone")
    event = Event(
        world.context(world.members["Ada Admin"], [world._card("Eve", [])]), PrincipalCreate(member.principal, "person")
    )
    pending = world.append(event, world.members["Ada Admin"].key)
    assert pending.envelope in world.roster.pending
    with pytest.raises(AuthorityError, match="another administrator"):
        world.approve_act(pending, world.members["Ada Admin"])
    with pytest.raises(ConflictError, match="no such principal"):
        world.enrol(member.principal, member.key)
    world.approve_act(pending, world.members["Bo Admin"])
    assert member.principal in world.roster.principals


def test_nothing_at_all_is_not_intact() -> None:
    """Rubbish, an empty archive and a wrong anchor are failures, never exceptions."""
    world, bundle = _story()
    for data in (b"", b"PK", b"x" * 1000, bundle[:-1], bundle + b"x", bundle[1:]):
        found = verify_bundle(data, world.anchor)
        assert not found.intact
        assert found.failures
    assert _checks(verify_bundle(bundle, "nonsense")) == {"V02"}
    assert isinstance(world.entries[0][0], Leaf)


def test_a_damaged_member_is_named_and_the_rest_is_judged() -> None:
    """One byte changed in the archive is told with its member, and every other check goes on."""
    world, bundle = _story()
    changed = bytearray(bundle)
    changed[bundle.index(b'"sig":"') + 7] ^= 0x01
    found = verify_bundle(bytes(changed), world.anchor)
    assert ("V01", "entries.jsonl") in {(finding.check, finding.place) for finding in found.failures}
    assert {"V01", "V09"} <= _checks(found)
    assert found.entry_count == len(world.entries)


def test_an_archive_that_ends_early_says_so_once() -> None:
    """What was cut off is one fault, not one for each member that stood behind."""
    world, bundle = _story()
    found = verify_bundle(bundle[: bundle.index(b"verify.py", len(bundle) // 2) - 40], world.anchor)
    assert [finding.message for finding in found.failures][1:] == [
        "the archive ends early, within this member: get it again"
    ]


def test_a_content_that_is_not_in_the_archive_is_called_missing() -> None:
    """Bytes that are not there are not said to differ from what was signed."""
    world, release = small_release()
    members = read_archive(world.bundle(release))
    gone = next(name for name in members if name.startswith("contents/"))
    found = verify_bundle(write_archive([(name, data) for name, data in members.items() if name != gone]), world.anchor)
    (finding,) = [item for item in found.failures if item.check == "V16"]
    assert (finding.slug, finding.place) == ("content-missing", f"content sha256:{gone[9:]}")
    assert "match" not in finding.message
    assert f"{gone} is missing" in " ".join(item.message for item in found.failures)


def test_a_bundle_of_another_ledger_is_one_failure() -> None:
    """A wrong ledger id in the anchor is told once, with the id that the bundle has; no records come of it."""
    world, bundle = _story()
    vkey, ledger = world.anchor.split()
    found = verify_bundle(bundle, f"{vkey} sha256:{'0' * 64}")
    assert [(finding.check, finding.place) for finding in found.failures] == [("V02", "entry 0")]
    assert ledger in found.failures[0].message
    assert not found.intact
    assert found.records is None
