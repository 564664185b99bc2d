"""Contents: streamed in and out, durable, idempotent, in every state."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from ledger.digests import commitment
from ledger.errors import ConflictError, FormatError, UnavailableError
from ledger.store.contents import CHUNK_BYTES
from tests.store.ledgers import note
from tests.store.tampering import unguarded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tests.store.ledgers import Ledger

SALT = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7])
def test_a_content_comes_back(ledger: Ledger, size: int) -> None:
    """Whatever its size and however it is cut, the same bytes come back under their commitment; twice is once."""
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    with ledger.open() as store:
        digest = store.put_content(SALT, [data[:100], data[100:]])
        assert digest == commitment(SALT, data)
        assert store.put_content(SALT, [data[at : at + 70_001] for at in range(0, size, 70_001)]) == digest
        found = store.content(digest)
        assert (found.state, found.salt, found.size_bytes) == ("held", SALT, size)
        assert b"".join(found.pieces()) == data
        assert list(store.fsck()) == []


def test_what_is_not_as_announced_is_refused(ledger: Ledger) -> None:
    """Another commitment, another size, a wrong salt and more than 64 MiB leave nothing behind."""
    with ledger.open() as store:
        ledger.deliver(store)
        good = commitment(SALT, b"x")
        for arguments, slug in (
            ({"expected": good}, "commitment-mismatch"),
            ({"size_bytes": 3}, "content-size"),
        ):
            with pytest.raises(FormatError) as caught:
                store.put_content(SALT, [b"yy"], **arguments)
            assert caught.value.slug == slug
        with pytest.raises(FormatError):
            store.put_content(b"short", [b"x"])

        def endless() -> Iterator[bytes]:
            while True:
                yield bytes(1 << 20)

        with pytest.raises(FormatError) as large:
            store.put_content(SALT, endless())
        assert large.value.slug == "content-too-large"
        assert store.content(good).state == "missing"
        assert store.content(commitment(SALT, b"yy")).state == "missing"


def test_absence_is_a_state(ledger: Ledger) -> None:
    """Withheld, missing and erased are told apart; what was erased is not taken in again."""
    with ledger.open() as store:
        ledger.deliver(store)
        withheld = ledger.world.content("prompt", b"kept", "text/plain", "withheld").commitment
        ledger.world.counter -= 1
        store.append(note(ledger.world, "kept"))
        held = store.put_content(SALT, [b"held"])
        erased = store.put_content(SALT, [b"erased"])
        from ledger.digests import raw

        with unguarded(ledger.database_url) as connection:
            key = {"c": raw(erased)}
            connection.execute(text("INSERT INTO erasure VALUES (:c, 5)"), key)
            connection.execute(text("DELETE FROM content_chunk WHERE commitment = :c"), key)
            connection.execute(text("DELETE FROM content_salt WHERE commitment = :c"), key)
        missing = commitment(SALT, b"never")
        states = store.content_states([withheld, held, erased, missing])
        assert [states[item] for item in (withheld, held, erased, missing)] == [
            "withheld",
            "held",
            "erased",
            "missing",
        ]
        with pytest.raises(ConflictError) as caught:
            store.put_content(SALT, [b"erased"])
        assert caught.value.slug == "content-erased"


def test_a_full_disk_acknowledges_nothing(ledger: Ledger) -> None:
    """When the database cannot grow, senders get 503-class errors, and with room again a retry succeeds."""
    if not ledger.database_url.startswith("sqlite"):
        return
    with ledger.open() as store:
        ledger.deliver(store)
        size = store.size()
        engine = store._engine
        with engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        from sqlalchemy import event

        def limit(driver: sqlite3.Connection, _record: object, _proxy: object) -> None:
            driver.execute(f"PRAGMA max_page_count = {pages}")

        event.listen(engine, "checkout", limit)
        # Larger than the room left on pages that are there.
        data = [note(ledger.world, str(number)) for number in range(200)]
        outcomes = store.append_many(data)
        assert {getattr(item, "slug", "acknowledged") for item in outcomes} == {"ledger-unwritable"}
        with pytest.raises(UnavailableError) as caught:
            store.put_content(SALT, [random.Random(1).randbytes(200_000)])
        assert caught.value.slug == "contents-unwritable"
        assert store.size() == size
        event.remove(engine, "checkout", limit)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        engine.dispose()
        assert [item.leaf.index for item in store.append_many(data) if not isinstance(item, Exception)] == list(
            range(size, size + 200)
        )
        assert list(store.fsck()) == []
