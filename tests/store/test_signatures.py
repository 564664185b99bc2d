"""Signatures of every scheme are kept: from genesis on, and in ledgers made before there was more than one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.store.database import connect, reading, upgrade, writing
from tests.sshkeys import SORTS, EmulatedKey
from tests.store.ledgers import tell
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from tests.store.ledgers import Ledger


def test_a_ledger_of_people_with_ssh_keys(found: Callable[[World], Ledger]) -> None:
    """Genesis, acts and approvals signed with each sort of SSH key are admitted, kept whole, and read again by fsck."""
    people = dict(zip(("Ada Admin", "Bo Admin", "Cem Author", "Dee Reviewer"), SORTS, strict=True))
    world = World(admins_required=2, keys={name: EmulatedKey(sort, seed(name)) for name, sort in people.items()})
    world.project("payments")
    world.person("Cem Author")
    world.person("Dee Reviewer", "reviewer")
    world.machine("ci", ["prompt", "diff", "test", "merge", "release", "deploy"])
    world.policy({"v": 1})
    tell(world)
    ledger = found(world)
    with ledger.open() as store:
        receipts = ledger.deliver(store)
        assert {receipt.leaf.key_id for receipt in receipts} >= {
            world.records_list[0].leaf.key_id,
            next(
                key.id for key in world.roster.keys.values() if key.principal == world.members["Dee Reviewer"].principal
            ),
        }
        assert [store.entry(index).envelope for index in range(len(world.entries))] == [
            envelope.data for _, envelope in world.entries
        ]
        assert list(store.fsck()) == []


def test_an_earlier_ledger_takes_longer_signatures(database_url: str) -> None:
    """The revision widens the condition for new entries, leaves the old ones alone, and refuses other sizes still."""
    engine = connect(database_url, create=True)
    with writing(engine) as connection:
        upgrade(connection, "0003")
        connection.execute(text("INSERT INTO stream VALUES (0, 'ledger')"))
        _insert(connection, 0, 64)
        before = _rows(connection)
    with pytest.raises(DBAPIError), writing(engine) as connection:
        _insert(connection, 1, 300)
    with writing(engine) as connection:
        upgrade(connection, "0004")
    with writing(engine) as connection:
        assert _rows(connection) == before
        _insert(connection, 1, 300)
        _insert(connection, 2, 1_024)
        _insert(connection, 3, 64)
    for size in (0, 63, 1_025):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            _insert(connection, 4, size)
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    engine.dispose()


def _insert(connection: Connection, index: int, size: int) -> None:
    def digest(number: int) -> bytes:
        return bytes([number + 1]) * 32

    row = {
        "idx": index,
        "leaf_digest": digest(index),
        "previous": digest(index - 1) if index else bytes(32),
        "stream": 0,
        "stream_index": index,
        "stream_previous": bytes(32),
        "roster_count": index,
        "kind": "genesis",
        "key_id": bytes(32),
        "about": "{}",
        "envelope_digest": digest(index + 100),
        "received_at": 0,
        "event_id": bytes([index]) * 16,
        "payload": b"{}",
        "signature": bytes(size),
    }
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO entry ({names}) VALUES ({values})"), row)  # noqa: S608 -- names from above


def _rows(connection: Connection) -> list[Any]:
    return [tuple(map(_plain, row)) for row in connection.execute(text("SELECT * FROM entry ORDER BY idx"))]


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
