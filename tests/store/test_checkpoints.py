"""The checkpoint store: what is signed, what stops writers, and how a ledger goes on after a loss."""

# ruff: noqa: S608 -- somebody with the database writes what they like

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from ledger.checkpoint import open_checkpoint, parse_proof, sign_checkpoint
from ledger.digests import Digest, from_raw
from ledger.errors import ChainError, ConflictError, NotFoundError, UnavailableError
from ledger.events.roster import Epoch
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Seen
from ledger.merkle import verify_consistency
from ledger.store import Store, begin_epoch
from ledger.store.checkpoints import Agreed, CheckpointStore, StoredCheckpoint, make_store, new_store_id
from tests.store.ledgers import note, sealed, small_world, tell
from tests.store.tampering import unguarded
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.checkpoint import Checkpoint
    from tests.store.ledgers import Ledger

TABLES = ("checkpoint_latest", "checkpoint_kept", "checkpoint_identity")


def forget(ledger: Ledger, rename: bool = True) -> None:  # noqa: FBT001, FBT002
    """Takes the checkpoint store away, or brings it back."""
    if ledger.checkpoint_url.startswith("sqlite"):
        from pathlib import Path

        path = Path(ledger.checkpoint_url.removeprefix("sqlite:///"))
        away = path.with_suffix(".away")
        path.rename(away) if rename else away.rename(path)
        return
    engine = create_engine(ledger.database_url)
    before, after = ("checkpoints", "away") if rename else ("away", "checkpoints")
    with engine.begin() as connection:
        connection.execute(text(f"ALTER SCHEMA {before} RENAME TO {after}"))
    engine.dispose()


def new_store(ledger: Ledger) -> str:
    """The URL of a place for another checkpoint store."""
    if ledger.checkpoint_url.startswith("sqlite"):
        return ledger.checkpoint_url.replace("checkpoints.db", "checkpoints-2.db")
    engine = create_engine(ledger.database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA checkpoints2"))
    engine.dispose()
    return ledger.checkpoint_url.replace("checkpoints", "checkpoints2")


def test_checkpoints_are_signed_and_consistent(ledger: Ledger) -> None:
    """Every published checkpoint is signed by the log key and continues the one before."""
    tell(ledger.world)
    with ledger.open() as store:
        ledger.deliver(store)
        published = store.checkpoints()
        assert len(published) > 5
        for one, two in pairwise(published):
            opened = open_checkpoint(two.note, ledger.world.origin, ledger.world.log_key.public)
            assert (opened.size, opened.root) == (two.size, two.root)
            verify_consistency(one.size, two.size, one.root, two.root, store.consistency(one.size, two.size))
        assert store.latest_checkpoint().size == store.size()
        assert store.checkpoint(published[2].size) == published[2]
        with pytest.raises(NotFoundError):
            store.checkpoint(10_000)


def test_at_most_one_checkpoint_a_second_is_published(ledger: Ledger) -> None:
    """Receipts of one second rest on checkpoints that are stored, of which one is kept."""
    with ledger.open() as store:
        ledger.deliver(store)
        before = len(store.checkpoints())
        ledger.clock.now += 5_000
        receipts = [store.append(note(ledger.world, str(number))) for number in range(5)]
        assert len(store.checkpoints()) == before + 1
        assert parse_proof(receipts[-1].proof.encode()).checkpoint == store.latest_checkpoint().note


def test_the_checkpoint_store_forgets_nothing(ledger: Ledger) -> None:
    """Its own guards refuse to change, delete or go back."""
    with ledger.open() as store:
        ledger.deliver(store)
    engine = create_engine(ledger.checkpoint_url)
    changes = [f"DELETE FROM {table}" for table in TABLES]
    changes += [
        "UPDATE checkpoint_latest SET size = size - 1, note = NULL",
        "UPDATE checkpoint_latest SET root = note",
        "UPDATE checkpoint_kept SET kept_at = 0",
        "UPDATE checkpoint_identity SET store = store",
    ]
    changes += (
        [f"TRUNCATE {table}" for table in TABLES]
        if engine.dialect.name == "postgresql"
        else [f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" for table in TABLES]
    )
    from sqlalchemy.exc import DBAPIError

    for statement in changes:
        with engine.connect() as connection, connection.begin(), pytest.raises(DBAPIError):
            connection.execute(text(statement))
    engine.dispose()


def test_without_the_store_nothing_is_written(ledger: Ledger) -> None:
    """A missing store beside a ledger refuses writes, in a running process too; reads go on, and it can come back."""
    with ledger.open() as store:
        ledger.deliver(store)
        size = store.size()
        store.append(note(ledger.world, "before"))
        forget(ledger)
        data = note(ledger.world, "without")
        for _ in range(2):
            with pytest.raises(UnavailableError) as caught:
                store.append(data)
            assert caught.value.slug == "checkpoint-store-missing"
        assert store.size() == size + 1
        with ledger.open() as other, pytest.raises(UnavailableError):
            other.append(data)
        assert any(fault.fault == "checkpoint-store-missing" for fault in store.fsck())
        forget(ledger, rename=False)
        assert store.append(data).leaf.index == size + 1


def test_a_foreign_store_is_refused(ledger: Ledger) -> None:
    """A store of another ledger, or an empty new one in the old one's place, refuses writes."""
    with ledger.open() as store:
        ledger.deliver(store)
    forget(ledger)
    if ledger.checkpoint_url.startswith("postgresql"):
        engine = create_engine(ledger.database_url)
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA checkpoints"))
        engine.dispose()
    from ledger.digests import raw

    make_store(ledger.checkpoint_url, new_store_id(), raw(ledger.world.ledger))
    with ledger.open() as store:
        size = store.size()
        with pytest.raises(UnavailableError) as caught:
            store.append(note(ledger.world))
        assert caught.value.slug == "checkpoint-store-foreign"
        assert store.size() == size
        assert any(fault.table == "head" for fault in store.fsck())


def test_an_unwritable_store_acknowledges_nothing(ledger: Ledger) -> None:
    """If the checkpoint cannot be stored the sender is told to come again, and then finds the entry."""
    with ledger.open() as store:
        ledger.deliver(store)
        size = store.size()
        data = note(ledger.world)
        engine = create_engine(ledger.checkpoint_url)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.execute(
                    text(
                        "CREATE TRIGGER full BEFORE UPDATE ON checkpoint_latest BEGIN"
                        " SELECT RAISE(ABORT, 'disk full'); END"
                    )
                )
            else:
                connection.exec_driver_sql(
                    "ALTER TABLE checkpoint_latest ADD CONSTRAINT full_disk CHECK (size < 0) NOT VALID"
                )
        with pytest.raises(UnavailableError) as caught:
            store.append(data)
        assert caught.value.slug == "checkpoint-store-unwritable"
        assert store.size() == size + 1
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.execute(text("DROP TRIGGER full"))
            else:
                connection.exec_driver_sql("ALTER TABLE checkpoint_latest DROP CONSTRAINT full_disk")
        engine.dispose()
        receipt = store.append(data)
        assert receipt.leaf.index == size
        assert store.size() == size + 1


def test_racing_checkpointers_agree(ledger: Ledger) -> None:
    """Of many who compare and swap from the same state one wins, and no two roots of one size are ever stored."""
    store = CheckpointStore(ledger.checkpoint_url)
    _, agreed = store.agreed()
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: store.agree(agreed, 5 + number % 2, bytes([number]) * 32), range(16)))
    assert sum(won) == 1
    _, after = store.agreed()
    assert after.note is None
    winner = won.index(True)
    assert (after.size, after.root) == (5 + winner % 2, bytes([winner]) * 32)
    loser = StoredCheckpoint(after.size, bytes([winner + 1]) * 32, b"note")
    assert not store.keep(loser, 10**13)
    assert not store.agree(Agreed(agreed.size, agreed.root, None), 9, b"x" * 32)
    store.close()


def test_a_log_that_was_put_back_is_not_written_on(ledger: Ledger) -> None:
    """A database older than its checkpoint store refuses writes, whether another process runs or not."""
    if not ledger.database_url.startswith("sqlite"):
        return
    import shutil
    from pathlib import Path

    path = Path(ledger.database_url.removeprefix("sqlite:///"))
    with ledger.open() as store:
        ledger.deliver(store)
    shutil.copy(path, path.with_suffix(".old"))
    with ledger.open() as store:
        store.append(note(ledger.world, "later"))
    shutil.copy(path.with_suffix(".old"), path)
    with ledger.open() as store:
        with pytest.raises(ChainError) as caught:
            store.append(note(ledger.world, "again"))
        assert caught.value.slug == "checkpoint-ahead"
        assert any(fault.fault == "checkpoint-ahead" for fault in store.fsck())


def test_a_diverged_head_stops_the_process(ledger: Ledger) -> None:
    """A process that finds another history than it has seen never writes again."""
    tell(ledger.world)
    with ledger.open() as store:
        ledger.deliver(store)
        store.append(note(ledger.world, "seen"))
        with unguarded(ledger.database_url) as connection:
            connection.execute(text("UPDATE node SET digest = :d WHERE number = 3"), {"d": b"\x01" * 32})
            connection.execute(text("UPDATE node SET digest = :d WHERE number > 3"), {"d": b"\x01" * 32})
            connection.execute(text("UPDATE head SET root = :d"), {"d": b"\x02" * 32})
        for _ in range(2):
            with pytest.raises(ChainError) as caught:
                store.append(note(ledger.world, "unseen"))
            assert caught.value.slug == "head-diverged"


def test_only_the_log_key_signs(ledger: Ledger) -> None:
    """A signer with another key is found before its note is stored."""
    other = seed("another log key")
    from ledger.keys import SigningKey

    def sign(checkpoint: Checkpoint) -> bytes:
        return sign_checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, SigningKey(other))

    with ledger.open() as store:
        ledger.deliver(store)
    with Store(ledger.database_url, ledger.checkpoint_url, signer=sign, clock=ledger.clock) as store:
        with pytest.raises(ChainError) as caught:
            store.append(note(ledger.world))
        assert caught.value.slug == "bad-signer"


def epoch(world: World, last: StoredCheckpoint, root: Digest | None = None) -> bytes:
    """The epoch act that an administrator signs."""
    admin = world.members["Ada Admin"]
    act = Epoch(0, root or from_raw(last.root), last.size, 2, f"{world.origin}/2", "disk-lost")
    return sealed(Event(world.context(admin), act), admin.key)


def test_an_epoch_goes_on_after_a_loss(ledger: Ledger) -> None:
    """The ledger id stays, checkpoints go on under a new origin, and writers of the old store stop."""
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        last = store.latest_checkpoint()
        forget(ledger)
        place = new_store(ledger)
        with pytest.raises(ConflictError) as caught:
            begin_epoch(
                ledger.database_url, place, [epoch(world, last, world.ledger)], signer=ledger.sign, clock=ledger.clock
            )
        assert caught.value.slug == "epoch-mismatch"
        with pytest.raises(ConflictError):
            begin_epoch(ledger.database_url, place, [note(world)], signer=ledger.sign, clock=ledger.clock)
        leaves = begin_epoch(ledger.database_url, place, [epoch(world, last)], signer=ledger.sign, clock=ledger.clock)
        assert leaves[0].index == last.size
        forget(ledger, rename=False)
        with pytest.raises(UnavailableError) as refused:
            store.append(note(world, "old store"))
        assert refused.value.slug == "checkpoint-store-foreign"
    with Store(ledger.database_url, place, signer=ledger.sign, clock=ledger.clock) as store:
        assert store.ledger == ledger.founded.ledger
        receipt = store.append(note(world, "goes on"))
        proof = parse_proof(receipt.proof.encode())
        open_checkpoint(proof.checkpoint, f"{world.origin}/2", world.log_key.public)
        assert list(store.fsck()) == []


def test_an_epoch_takes_two_where_two_are_required(found: Callable[..., Ledger]) -> None:
    """Act and approval are admitted together or not at all."""
    ledger = found(small_world(admins_required=2))
    world = ledger.world
    with ledger.open() as store:
        ledger.deliver(store)
        last, size = store.latest_checkpoint(), store.size()
    place = new_store(ledger)
    act = epoch(world, last)
    with pytest.raises(ConflictError) as caught:
        begin_epoch(ledger.database_url, place, [act], signer=ledger.sign, clock=ledger.clock)
    assert caught.value.slug == "epoch-incomplete"
    with Store(ledger.database_url, ledger.checkpoint_url) as store:
        assert store.size() == size
    bo = world.members["Bo Admin"]
    from ledger.envelope import open_envelope

    body = Approval("person", Basis(act=open_envelope(act).digest), "approve", "approval", "roster", Seen((), ()))
    approval = sealed(Event(world.context(bo), body), bo.key)
    leaves = begin_epoch(ledger.database_url, place, [act, approval], signer=ledger.sign, clock=ledger.clock)
    assert [leaf.kind for leaf in leaves] == ["epoch", "approval"]
    with Store(ledger.database_url, place, signer=ledger.sign, clock=ledger.clock) as store:
        assert store.roster.epochs[-1].epoch.number == 2
        assert list(store.fsck()) == []
