"""Appending: leaves, receipts, retries, refusals."""

# ruff: noqa: S608 -- somebody with the database writes what they like

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.checkpoint import parse_proof, verify_proof
from ledger.digests import Digest
from ledger.entry import leaf_bytes, leaf_digest
from ledger.errors import AuthorityError, ConflictError, FormatError, LedgerError, SignatureError, UnavailableError
from ledger.events.context import About
from ledger.events.roster import KeyEnd, KeyRevoke, RoleGrant
from ledger.events.statement import Event, read_payload
from ledger.events.work import Approval, Basis, Seen
from ledger.keys import SigningKey, key_id
from ledger.store import Receipt, Store
from ledger.store.database import connect, writing
from tests.store.ledgers import note, sealed, small_world, tell
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.store.ledgers import Ledger


def slug(outcome: Receipt | LedgerError) -> str:
    """Why a submission was refused."""
    assert isinstance(outcome, LedgerError), outcome
    return outcome.slug


def accepted(outcomes: Sequence[Receipt | LedgerError]) -> list[int]:
    """Indexes of what was admitted."""
    return [outcome.leaf.index for outcome in outcomes if isinstance(outcome, Receipt)]


def test_store_makes_the_leaves_that_the_format_says(ledger: Ledger) -> None:
    """The store's leaves are byte for byte those of the simulated world, whose core is written apart from it."""
    tell(ledger.world)
    with ledger.open() as store:
        receipts = ledger.deliver(store)
        for receipt, (leaf, envelope) in zip(receipts, ledger.world.entries[1:], strict=True):
            assert leaf_bytes(receipt.leaf) == leaf_bytes(leaf)
            assert store.entry(leaf.index).envelope == envelope.data
            proof = parse_proof(receipt.proof.encode())
            verify_proof(proof, leaf_digest(leaf), ledger.world.origin, ledger.world.log_key.public)
        assert list(store.fsck()) == []


def test_two_administrators_complete_an_act(found: Callable[..., Ledger]) -> None:
    """Where two administrators are required the store follows proposals and approvals like the roster itself."""
    ledger = found(small_world(admins_required=2))
    with ledger.open() as store:
        ledger.deliver(store)
        assert store.roster == ledger.world.roster
        assert list(store.fsck()) == []


def test_a_retry_gets_the_same_leaf(ledger: Ledger) -> None:
    """The same bytes again are answered with the existing leaf: at once, later, in one batch, by another process."""
    with ledger.open() as store, ledger.open() as other:
        ledger.deliver(store)
        data = note(ledger.world)
        first, *again = store.append_many([data] * 5)
        assert isinstance(first, Receipt)
        ledger.clock.now += 60_000
        again += [store.append(data), other.append(data)]
        assert {item.leaf for item in again if isinstance(item, Receipt)} == {first.leaf}
        assert store.size() == first.leaf.index + 1


def test_an_event_id_belongs_to_one_envelope(ledger: Ledger) -> None:
    """Other bytes under a taken event id are refused, within a batch and after; the first ones stay."""
    with ledger.open() as store:
        ledger.deliver(store)
        taken = ledger.world.event_id()
        one, two, three = (note(ledger.world, str(number), event_id=taken) for number in range(3))
        outcomes = store.append_many([one, two])
        assert isinstance(outcomes[0], Receipt)
        assert slug(outcomes[1]) == "event-id-taken"
        with pytest.raises(ConflictError) as caught:
            store.append(three)
        assert caught.value.slug == "event-id-taken"
        assert store.entry_by_event(taken).envelope == one


def test_faulty_submissions_fail_alone(ledger: Ledger) -> None:
    """Whatever is wrong with one of a batch, its neighbours are admitted without a gap."""
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        good = [note(world, str(number)) for number in range(4)]
        stranger = SigningKey(seed("stranger"))
        forged = note(world)
        forged = forged.replace(b'"sig":"', b'"sig":"AA', 1)[: len(forged) + 2]
        author = world.members["Cem Author"]
        missing = world.content("prompt", b"never sent", "text/plain")
        record = read_payload(ledger.envelope(world.records_list[1]).payload)
        assert isinstance(record, Event)
        body = Approval("person", Basis(tree="0" * 40, manifest=record.context.ledger, policy=record.context.ledger),
                        "approve", "review", "change", Seen((Digest("sha256:" + "ab" * 32),), ()))  # fmt: skip
        unknown = Event(world.context(author, project="payments", about=About(change="1", tree="0" * 40)), body)
        prompt = read_payload_of(good[0])
        unsent = replace(prompt, context=replace(prompt.context, event_id=world.event_id(), contents=(missing,)))
        outcomes = store.append_many(
            [
                good[0],
                note(world, key=stranger),
                good[1],
                b"{}",
                sealed(unknown, author.key),
                good[2],
                sealed(unsent, world.members["ci"].key),
                note(world, key=author.key),
                good[3],
            ]
        )
        assert [slug(outcomes[at]) for at in (1, 3, 4, 6)] == [
            "key-unknown",
            "bad-envelope",
            "reference-missing",
            "content-missing",
        ]
        placed = accepted(outcomes)
        assert placed == list(range(placed[0], placed[0] + 5))
        with pytest.raises((FormatError, SignatureError)):
            store.append(forged)
        assert list(store.fsck()) == []


def read_payload_of(data: bytes) -> Event:
    """The event in envelope bytes."""
    from ledger.envelope import open_envelope

    event = read_payload(open_envelope(data).payload)
    assert isinstance(event, Event)
    return event


def test_a_wrong_signature_is_refused_before_the_queue(ledger: Ledger) -> None:
    """A key id of somebody enrolled with a signature by another key never reaches the log."""
    from ledger.envelope import open_envelope
    from ledger.store.rows import envelope_bytes

    with ledger.open() as store:
        ledger.deliver(store)
        other = open_envelope(note(ledger.world, "other"))
        mine = open_envelope(note(ledger.world, "mine"))
        with pytest.raises(SignatureError):
            store.submit(envelope_bytes(mine.payload, mine.key_id, other.signature))


def test_a_revocation_overtakes_what_waits(ledger: Ledger) -> None:
    """An event that was submitted before its key was revoked and is sequenced after it is refused."""
    world = ledger.world
    with ledger.open() as store, ledger.open() as behind:
        ledger.deliver(store)
        machine, admin = world.members["ci"], world.members["Ada Admin"]
        before, after, later = (note(world, text) for text in ("before", "after", "later"))
        act = KeyRevoke(0, key_id(machine.key.public), machine.principal, "lost")
        revocation = sealed(Event(world.context(admin), act), admin.key)
        behind.append(before)
        first, second, third = store.append_many([note(world, "first"), revocation, after])
        assert isinstance(first, Receipt)
        assert isinstance(second, Receipt)
        assert slug(third) == "key-revoked"
        assert behind.roster.count < store.roster.count
        with pytest.raises(AuthorityError) as caught:
            behind.append(later)
        assert caught.value.slug == "key-revoked"
        # What was admitted before stays admitted: a retry finds it.
        assert behind.append(before).leaf.index < second.leaf.index
        assert list(store.fsck()) == []


def test_a_ledger_stream_entry_ends_its_batch(ledger: Ledger) -> None:
    """What follows an act in the queue is judged by the roster after it: a new key may sign right behind."""
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        machine, admin = world.members["ci"], world.members["Ada Admin"]
        end = sealed(
            Event(world.context(admin), KeyEnd(key_id(machine.key.public), machine.principal, "done")), admin.key
        )
        grant = sealed(
            Event(world.context(admin), RoleGrant(world.members["Cem Author"].principal, "reviewer")), admin.key
        )
        outcomes = store.append_many([grant, note(world, "a"), end, note(world, "b"), grant])
        assert [isinstance(item, Receipt) for item in outcomes] == [True, True, True, False, True]
        assert slug(outcomes[3]) == "key-ended"


def test_a_service_cannot_grant_itself_anything(ledger: Ledger) -> None:
    """An act signed by a service's key is refused, whoever it names as actor."""
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        machine = world.members["ci"]
        for actor in (machine, world.members["Ada Admin"]):
            act = Event(world.context(actor), RoleGrant(machine.principal, "collector"))
            with pytest.raises(AuthorityError):
                store.append(sealed(act, machine.key))


def test_events_of_another_ledger_are_refused(ledger: Ledger) -> None:
    """An event signed by the right key for a shadow ledger with the same people is refused here."""
    world = ledger.world
    shadow = World(origin="shadow.example.com/acme")
    with ledger.open() as store:
        ledger.deliver(store)
        event = read_payload_of(note(world))
        other = replace(event, context=replace(event.context, ledger=shadow.ledger))
        with pytest.raises(ConflictError) as caught:
            store.append(sealed(other, world.members["ci"].key))
        assert caught.value.slug == "other-ledger"
        with pytest.raises(LedgerError):
            store.append(shadow.entries[0][1].data)


def test_references_are_of_the_kind_required(ledger: Ledger) -> None:
    """A withdrawal names an approval by the same actor of the same thing; a deploy names a release."""
    world = ledger.world
    released = tell(world)
    with ledger.open() as store:
        ledger.deliver(store)
        author, reviewer = world.members["Cem Author"], world.members["Dee Reviewer"]
        approval = next(record for record in world.records_list if record.event.kind == "approval")
        body = approval.event.body
        assert isinstance(body, Approval)

        def withdrawal(by: object, names: Digest, about: About) -> bytes:
            member = world.members[str(by)]
            changed = replace(body, decision="withdraw", withdraws=names, seen=Seen((), ()))
            return sealed(Event(world.context(member, project="payments", about=about), changed), member.key)

        about = approval.event.context.about
        wrong = [
            withdrawal(author.name, approval.envelope, about),
            withdrawal(reviewer.name, released.envelope, about),
            withdrawal(reviewer.name, approval.envelope, replace(about, change="2")),
        ]
        assert [slug(item) for item in store.append_many(wrong)] == [
            "withdrawal-mismatch",
            "reference-kind",
            "withdrawal-mismatch",
        ]
        assert isinstance(store.append(withdrawal(reviewer.name, approval.envelope, about)), Receipt)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 513])
def test_batch_boundaries(ledger: Ledger, count: int) -> None:
    """Around the size of a batch nothing is lost, doubled or out of order."""
    with ledger.open() as store:
        ledger.deliver(store)
        start = store.size()
        sent = [note(ledger.world, str(number)) for number in range(count)]
        outcomes = store.append_many(sent)
        assert accepted(outcomes) == list(range(start, start + count))
        assert [store.entry(start + number).envelope for number in (0, count - 1)] == [sent[0], sent[-1]]
        for outcome in (outcomes[0], outcomes[-1]):
            assert isinstance(outcome, Receipt)
            proof = parse_proof(outcome.proof.encode())
            verify_proof(proof, leaf_digest(outcome.leaf), ledger.world.origin, ledger.world.log_key.public)
        assert list(store.fsck()) == []


def test_the_largest_event_fits(ledger: Ledger) -> None:
    """An envelope at the cap is stored and given back byte for byte; one byte of payload more is refused."""
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        machine = world.members["ci"]
        event = read_payload_of(note(world))
        from ledger.envelope import seal
        from ledger.events.statement import write_payload

        payload = write_payload(event)
        room = 65_536 - len(seal(b"", machine.key).data)
        widest = room // 4 * 3
        padded = payload + b" " * (widest - len(payload))
        data = seal(padded, machine.key).data
        assert 65_532 <= len(data) <= 65_536
        receipt = store.append(data)
        assert store.entry(receipt.leaf.index).envelope == data
        with pytest.raises(FormatError):
            seal(padded + b" ", machine.key)
        assert list(store.fsck()) == []


def test_received_at_never_falls(ledger: Ledger) -> None:
    """A clock that is put back does not make a leaf older than the one before."""
    with ledger.open() as store:
        ledger.deliver(store)
        last = store.append(note(ledger.world, "a")).leaf.received_at
        ledger.clock.now -= 3_600_000
        assert store.append(note(ledger.world, "b")).leaf.received_at == last


def test_a_full_queue_refuses(ledger: Ledger) -> None:
    """More than 4,096 unanswered events are refused with nothing taken, and what was taken is answered."""
    with ledger.open() as store:
        ledger.deliver(store)
        data = note(ledger.world)
        engine = connect(ledger.database_url)
        with writing(engine) as connection:
            connection.exec_driver_sql("SELECT * FROM head" + (" FOR UPDATE" if engine.name == "postgresql" else ""))
            futures = [store.submit(data) for _ in range(3)]
            with pytest.raises(UnavailableError) as caught:
                store.append_many([data] * 4_094)
            assert caught.value.slug == "queue-full"
        engine.dispose()
        assert len({future.result(30).leaf for future in futures}) == 1


def test_reading_only_refuses_to_write(ledger: Ledger) -> None:
    """Without a signer nothing is written."""
    with Store(ledger.database_url, ledger.checkpoint_url) as store:
        assert store.readonly
        with pytest.raises(UnavailableError) as caught:
            store.append(b"{}")
        assert caught.value.slug == "read-only"


def test_founding_twice_is_refused(ledger: Ledger, found: Callable[..., Ledger]) -> None:
    """A database that holds a ledger is not founded again."""
    with pytest.raises(ConflictError) as caught:
        found(World(origin="other.example.com/x"))
    assert caught.value.slug == "ledger-exists"
