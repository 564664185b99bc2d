"""The client's judgement: receipts, checkpoints seen, refusals. What needs a server stands in tests/api."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor import Anchor
from ledger.checkpoint import LogProof, sign_checkpoint, write_proof
from ledger.digests import Digest
from ledger.entry import leaf_digest
from ledger.errors import (
    AuthorityError,
    ChainError,
    ConflictError,
    FormatError,
    LedgerError,
    SignatureError,
    UnavailableError,
)
from ledger.events.context import About
from ledger.keys import SigningKey
from ledger.memory import Memory
from ledger.merkle import consistency_proof, inclusion_proof, reader_of, root, verify_consistency
from ledger.parcel import Parcel, SaltedContent, make_parcel
from ledger.receipt import Receipt, check_receipt, epoch_of, open_known_checkpoint, parse_receipt
from ledger.refusals import read_problem, read_refusal
from ledger.transport import Transport
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def world() -> World:
    """A ledger with a project, a service and two tests."""
    made = World()
    made.project("shop")
    robot = made.machine("Robot", ["test", "prompt"])
    for number in range(3):
        made.run("shop", "a" * 40, "b" * 40, robot, attempt=number + 1)
    return made


def anchor_of(world: World) -> Anchor:
    """The world's anchor."""
    return Anchor(world.origin, world.log_key.public, world.ledger)


def parcel_of(world: World, index: int) -> Parcel:
    """What the sender of entry ``index`` had."""
    kept = [world.contents[item.commitment] for item in world.records_list[index].event.context.contents]
    return make_parcel(world.entries[index][1].data, [SaltedContent(item.salt, item.data) for item in kept])


def receipt_of(world: World, index: int, *, key: SigningKey | None = None, origin: str | None = None) -> Receipt:
    """The receipt an honest server gives, or one signed by another key or under another origin."""
    leaves = [leaf_digest(leaf) for leaf, _ in world.entries]
    note = sign_checkpoint(origin or world.origin, len(leaves), root(leaves), key or world.log_key)
    proof = LogProof(index, inclusion_proof(index, len(leaves), reader_of(leaves)), note)
    return Receipt(world.entries[index][0], write_proof(proof).decode())


def test_honest_receipt_holds(world: World) -> None:
    """A receipt of the log for what was sent gives the checkpoint it rests on, and survives its own bytes."""
    for index in range(1, len(world.entries)):
        receipt = receipt_of(world, index)
        assert parse_receipt(receipt.data) == receipt
        assert check_receipt(receipt, parcel_of(world, index), anchor_of(world)).size == len(world.entries)


def test_receipt_for_another_event_is_refused(world: World) -> None:
    """An honest receipt for something else is no receipt for this."""
    last = len(world.entries) - 1
    with pytest.raises(ChainError) as caught:
        check_receipt(receipt_of(world, last - 1), parcel_of(world, last), anchor_of(world))
    assert caught.value.slug == "receipt-differs"


@pytest.mark.parametrize(
    "change",
    [
        {"envelope": Digest("sha256:" + "0" * 64)},
        {"kind": "prompt"},
        {"key_id": Digest("sha256:" + "1" * 64)},
        {"stream": "ledger"},
        {"about": About(change="pull/9")},
    ],
)
def test_each_compared_member_counts(world: World, change: dict[str, object]) -> None:
    """Envelope, kind, key id, stream and about are each compared with what was sent."""
    last = len(world.entries) - 1
    receipt = receipt_of(world, last)
    altered = replace(receipt, leaf=replace(receipt.leaf, **change))  # type: ignore[arg-type]  # one member at a time
    with pytest.raises(ChainError) as caught:
        check_receipt(altered, parcel_of(world, last), anchor_of(world))
    assert caught.value.slug == "receipt-differs"


def test_altered_leaf_is_not_included(world: World) -> None:
    """A leaf whose time or number was changed no longer leads to the signed root."""
    last = len(world.entries) - 1
    receipt = receipt_of(world, last)
    altered = replace(receipt, leaf=replace(receipt.leaf, received_at="2026-03-02T08:00:00.001Z"))
    with pytest.raises(ChainError) as caught:
        check_receipt(altered, parcel_of(world, last), anchor_of(world))
    assert caught.value.slug == "bad-inclusion"


def test_receipt_of_another_log_is_refused(world: World) -> None:
    """A checkpoint by another key, or under another name, is none of this log's."""
    last = len(world.entries) - 1
    for receipt in (receipt_of(world, last, key=SigningKey(seed("shadow"))), receipt_of(world, last, origin="other")):
        with pytest.raises((SignatureError, ChainError)):
            check_receipt(receipt, parcel_of(world, last), anchor_of(world))


def test_every_byte_of_a_proof_counts(world: World) -> None:
    """No character of the index, path or checkpoint can be changed unnoticed."""
    last = len(world.entries) - 1
    receipt, parcel, anchor = receipt_of(world, last), parcel_of(world, last), anchor_of(world)
    for at in range(0, len(receipt.proof), 3):
        other = "A" if receipt.proof[at] != "A" else "B"
        altered = replace(receipt, proof=receipt.proof[:at] + other + receipt.proof[at + 1 :])
        with pytest.raises(LedgerError):
            check_receipt(altered, parcel, anchor)


def test_epochs_are_origins_of_the_same_log(world: World) -> None:
    """Only the name of genesis and that name with a number from 2 belong to the log."""
    anchor = anchor_of(world)
    assert epoch_of(world.origin, anchor) == 1
    assert epoch_of(world.origin + "/2", anchor) == 2
    for other in ("/1", "/0", "/02", "/x", "/", "/2/3", "x"):
        assert epoch_of(world.origin + other, anchor) == 0


def checkpoint_at(
    world: World, size: int, *, origin: str | None = None, shadow: bool = False
) -> tuple[Checkpoint, bytes]:
    """A checkpoint of the first ``size`` entries, or of other entries signed with the same key."""
    leaves = [leaf_digest(leaf) for leaf, _ in world.entries][:size]
    if shadow:
        leaves[-1] = bytes(32)
    note = sign_checkpoint(origin or world.origin, size, root(leaves), world.log_key)
    return open_known_checkpoint(note, anchor_of(world)), note


def prover(world: World) -> Callable[[Checkpoint, Checkpoint], None]:
    """The consistency proofs of an honest server."""
    leaves = [leaf_digest(leaf) for leaf, _ in world.entries]

    def consistent(old: Checkpoint, new: Checkpoint) -> None:
        proof = consistency_proof(old.size, new.size, reader_of(leaves)) if old.size != new.size else ()
        verify_consistency(old.size, new.size, old.root, new.root, proof)

    return consistent


def test_memory_keeps_the_largest(world: World, tmp_path: Path) -> None:
    """A later checkpoint replaces an earlier one, an earlier one that fits is no fault and changes nothing."""
    memory = Memory(anchor_of(world), tmp_path)
    for size, largest in ((2, 2), (5, 5), (3, 5), (5, 5), (6, 6)):
        memory.learn(*checkpoint_at(world, size), prover(world))
        seen = Memory(anchor_of(world), tmp_path).latest()
        assert seen is not None
        assert seen.size == largest


def test_memory_refuses_a_second_tree(world: World, tmp_path: Path) -> None:
    """Another root at the same size, or a tree that does not extend what was seen, is found out; the first stays."""
    memory = Memory(anchor_of(world), tmp_path)
    memory.learn(*checkpoint_at(world, 5), prover(world))
    for size in (4, 5, 6):
        with pytest.raises(ChainError):
            memory.learn(*checkpoint_at(world, size, shadow=True), prover(world))
    seen = memory.latest()
    assert seen == checkpoint_at(world, 5)[0]


def test_memory_follows_an_epoch_and_not_back(world: World, tmp_path: Path) -> None:
    """A new epoch may begin with fewer entries; the origin that it left is not believed again."""
    memory = Memory(anchor_of(world), tmp_path)
    memory.learn(*checkpoint_at(world, 5), prover(world))
    memory.learn(*checkpoint_at(world, 4, origin=world.origin + "/2"), prover(world))
    with pytest.raises(ChainError) as caught:
        memory.learn(*checkpoint_at(world, 6), prover(world))
    assert caught.value.slug == "epoch-went-back"


def test_damaged_memory_is_no_memory(world: World, tmp_path: Path) -> None:
    """A file that this log did not sign counts as nothing seen, and is replaced."""
    memory = Memory(anchor_of(world), tmp_path)
    memory.learn(*checkpoint_at(world, 5), prover(world))
    (file,) = tmp_path.glob("*.checkpoint")
    file.write_bytes(b"rubbish")
    assert memory.latest() is None or memory.latest() == checkpoint_at(world, 5)[0]
    assert Memory(anchor_of(world), tmp_path).latest() is None


@given(st.binary(max_size=300), st.integers(300, 599), st.sampled_from(["application/problem+json", "text/html", ""]))
def test_any_refusal_is_an_error(body: bytes, status: int, media_type: str) -> None:
    """Whatever a server or proxy answers, it becomes an error, and bytes that are no problem refuse nothing."""
    assert isinstance(read_refusal(status, media_type, body, "3"), UnavailableError)


def test_problem_keeps_class_and_slug() -> None:
    """A problem document is read back as the error it was made from."""
    value = {
        "status": 409,
        "slug": "event-id-taken",
        "error": "ConflictError",
        "detail": "taken",
        "details": {"index": 3},
    }
    error = read_refusal(409, "application/problem+json; charset=utf-8", json.dumps(value).encode())
    assert isinstance(error, ConflictError)
    assert (error.slug, error.message, error.details["index"]) == ("event-id-taken", "taken", 3)


def test_servers_fault_is_no_verdict() -> None:
    """A status of 5xx, 408 or 429 never refuses an event for good, whatever class the document names."""
    for status in (408, 429, 500, 503):
        error = read_problem({"status": status, "slug": "some-fault", "error": "FormatError", "detail": "x"}, "7")
        assert isinstance(error, UnavailableError)
        assert error.details["retry_after_seconds"] == 7


def test_problem_text_is_made_harmless() -> None:
    """Terminal escapes and endless texts of a hostile server do not reach the screen."""
    error = read_problem(
        {"status": 403, "slug": "nope", "error": "AuthorityError", "detail": "\x1b[2J" + "x" * 9999, "remedy": "\u202e"}
    )
    assert isinstance(error, AuthorityError)
    assert "\x1b" not in error.message
    assert len(error.message) <= 500
    assert error.remedy is not None
    assert error.remedy.isascii()


@given(
    st.dictionaries(
        st.sampled_from(["status", "slug", "error", "detail", "details", "where"]),
        st.none() | st.text() | st.integers() | st.lists(st.text()),
    )
)
def test_any_problem_object(value: dict[str, object]) -> None:
    """Whatever members a problem object has, reading it gives an error or raises FormatError."""
    try:
        assert isinstance(read_problem(value), LedgerError)  # type: ignore[arg-type]  # JSON of any shape
    except FormatError as error:
        assert error.slug == "bad-problem"  # noqa: PT017 -- both outcomes are allowed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger",
        "ftp://x",
        "http://",
        "https://h:99999",
        "https://h?x=1",
        "https://h#x",
        "https://u:p@h",
        "http:///p",
    ],
)
def test_bad_address_is_refused(url: str) -> None:
    """An address without scheme or host, with credentials, query or fragment is told before anything is sent."""
    with pytest.raises(FormatError) as caught:
        Transport(url)
    assert caught.value.slug == "bad-url"


def test_parcel_wants_exactly_its_contents(world: World) -> None:
    """A missing, altered or further content is noticed when the parcel is made."""
    parcel = parcel_of(world, len(world.entries) - 1)
    assert parcel.contents
    stranger = SaltedContent(bytes(32), b"x")
    altered = SaltedContent(parcel.contents[0].salt, parcel.contents[0].data + b" ")
    for contents in ((), (*parcel.contents, stranger), (altered, *parcel.contents[1:])):
        with pytest.raises(ConflictError) as caught:
            make_parcel(parcel.envelope.data, contents)
        assert caught.value.slug == "contents-differ"
