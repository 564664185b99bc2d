"""Whoever edits the database is found out, down to the row."""

# ruff: noqa: S608 -- somebody with the database writes what they like

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from ledger.digests import from_raw
from ledger.store import schema
from ledger.store.checkpoint_schema import identity, kept, latest
from tests.store.ledgers import tell
from tests.store.tampering import unguarded

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from ledger.store import Fault
    from tests.store.ledgers import Ledger

KEYS = {
    "stream": ("number",),
    "entry": ("idx",),
    "node": ("number",),
    "head": ("id",),
    "content": ("commitment",),
    "content_chunk": ("commitment", "number"),
    "content_salt": ("commitment",),
    "trace": ("facet", "value", "idx"),
}


def told(ledger: Ledger) -> None:
    """Fills the ledger with a story."""
    tell(ledger.world)
    with ledger.open() as store:
        ledger.deliver(store)


def faults(ledger: Ledger) -> list[Fault]:
    """What fsck finds."""
    from ledger.store.checkpoints import CheckpointStore
    from ledger.store.database import connect
    from ledger.store.fsck import fsck

    engine, store = connect(ledger.database_url), CheckpointStore(ledger.checkpoint_url)
    found = list(fsck(engine, store))
    store.close()
    engine.dispose()
    return found


def flipped(value: object) -> object:
    """Another value of the column's type and, for bytes, the same length."""
    if isinstance(value, bytes | memoryview):
        data = bytes(value)
        return data[:-1] + bytes([data[-1] ^ 1]) if data else b"\x01"
    if isinstance(value, int):
        return value + 1 if value != 1 else 2
    return {"ledger": "prj_" + "0" * 32, "{}": '{"release":"a@1"}'}.get(
        str(value), "test" if value != "test" else "diff"
    )


def names_row(fault: Fault, table: str, key: tuple[object, ...]) -> bool:
    """Whether a fault is about that row."""
    parts = [
        from_raw(bytes(part)) if isinstance(part, bytes | memoryview) and len(part) == 32 else part for part in key
    ]
    if fault.table != table:
        return False
    if table == "trace":
        return True
    first = str(parts[0])
    return fault.row == first or fault.row.startswith(f"{first} ") or (table == "content_chunk" and first in fault.row)


def middle(connection: Connection, table: Table) -> dict[str, Any]:
    """A row from the middle of a table."""
    order = ", ".join(KEYS[table.name])
    rows = connection.execute(text(f"SELECT * FROM {table.name} ORDER BY {order}")).mappings().all()
    return dict(rows[len(rows) // 2])


def where(table: str, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A condition on the key of a row."""
    return (
        " AND ".join(f"{name} = :key_{name}" for name in KEYS[table]),
        {f"key_{name}": row[name] for name in KEYS[table]},
    )


def test_an_honest_ledger_has_no_faults(ledger: Ledger) -> None:
    """Nothing is reported where nothing was done, as many times as one looks."""
    told(ledger)
    assert faults(ledger) == []
    assert faults(ledger) == []


@pytest.mark.parametrize("table", KEYS)
def test_a_flipped_column_is_found(ledger: Ledger, table: str) -> None:
    """A changed value in any column of any table is reported with its row, and nothing once it is put right."""
    told(ledger)
    target = getattr(schema, table)
    for column in target.columns.keys():  # noqa: SIM118 -- names, not columns
        with unguarded(ledger.database_url) as connection:
            row = middle(connection, target)
            value = flipped(row[column])
            if isinstance(value, int) and (column in KEYS[table] or column == "stream_index"):
                # The next row may have the value, so one beyond the end is taken.
                value = connection.execute(text(f"SELECT max({column}) + 5 FROM {table}")).scalar_one()
            condition, key = where(table, row)
            connection.execute(text(f"UPDATE {table} SET {column} = :new WHERE {condition}"), {**key, "new": value})
        found = faults(ledger)
        changed = {**row, column: value}
        keys = [tuple(item[name] for name in KEYS[table]) for item in (row, changed)]
        # Salt and bytes make one commitment: which of them was changed nobody can tell.
        shown = "content" if table == "content_salt" and column == "salt" else table
        assert any(names_row(fault, shown, key) for fault in found for key in keys), (table, column, found)
        with unguarded(ledger.database_url) as connection:
            condition, key = where(table, changed)
            connection.execute(
                text(f"UPDATE {table} SET {column} = :old WHERE {condition}"), {**key, "old": row[column]}
            )
    assert faults(ledger) == []


@pytest.mark.parametrize("table", KEYS)
def test_a_deleted_row_is_found(ledger: Ledger, table: str) -> None:
    """A row that is gone is reported with its key, wherever it stood, and nothing once it is back."""
    told(ledger)
    order = ", ".join(KEYS[table])
    for place in ("first", "middle", "last"):
        with unguarded(ledger.database_url) as connection:
            rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).mappings().all()
            row = dict(rows[{"first": 0, "middle": len(rows) // 2, "last": -1}[place]])
            condition, key = where(table, row)
            connection.execute(text(f"DELETE FROM {table} WHERE {condition}"), key)
        found = faults(ledger)
        assert any(names_row(fault, table, tuple(row[name] for name in KEYS[table])) for fault in found), (row, found)
        with unguarded(ledger.database_url) as connection:
            insert(connection, table, row)
    assert faults(ledger) == []


def insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    """Puts a row in."""
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)


@pytest.mark.parametrize("table", ["entry", "node", "content_chunk", "content_salt"])
def test_two_swapped_rows_are_found(ledger: Ledger, table: str) -> None:
    """Two rows that changed places are both reported."""
    told(ledger)
    key = KEYS[table][0]
    with unguarded(ledger.database_url) as connection:
        rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings().all()
        one, two = (dict(rows[len(rows) // 2 + step]) for step in (0, 1))
        for item in (one, two):
            condition, values = where(table, item)
            connection.execute(text(f"DELETE FROM {table} WHERE {condition}"), values)
        for at, item in ((one, two), (two, one)):
            insert(connection, table, {**item, **{name: at[name] for name in KEYS[table]}})
    found = faults(ledger)
    # A wrong salt and a wrong chunk show in the content they belong to.
    shown = "content" if table.startswith("content") else table
    for item in (one, two):
        assert any(names_row(fault, shown, (item[key],)) for fault in found), found


@pytest.mark.parametrize("table", ["entry", "node", "stream", "trace", "content_chunk", "content_salt", "erasure"])
def test_an_inserted_row_is_found(ledger: Ledger, table: str) -> None:
    """A row that nobody admitted is reported."""
    told(ledger)
    with unguarded(ledger.database_url) as connection:
        commitment = connection.execute(text("SELECT commitment FROM content LIMIT 1")).scalar_one()
        if table == "entry":
            row = middle(connection, schema.entry)
            last = connection.execute(text("SELECT max(idx) FROM entry")).scalar_one()
            row |= {"idx": last + 1, "event_id": b"\x01" * 16, "envelope_digest": b"\x02" * 32, "stream_index": 900}
        else:
            row = {
                "node": {"number": 10_000, "digest": b"\x01" * 32},
                "stream": {"number": 2, "name": "prj_" + "1" * 32},
                "trace": {"facet": 1, "value": b"diff", "idx": 0},
                "content_chunk": {"commitment": commitment, "number": 7, "data": zlib.compress(b"more")},
                "content_salt": {"commitment": b"\x03" * 32, "salt": b"\x04" * 32},
                "erasure": {"commitment": commitment, "erased_at": 1},
            }[table]
        insert(connection, table, row)
    found = faults(ledger)
    assert any(fault.table in (table, "content" if table.startswith("content") else table) for fault in found), found


CHECKPOINTS = (
    (identity.name, "store"),
    (identity.name, "ledger"),
    (latest.name, "size"),
    (latest.name, "root"),
    (latest.name, "note"),
    (kept.name, "size"),
    (kept.name, "root"),
    (kept.name, "note"),
)


@pytest.mark.parametrize(("table", "column"), CHECKPOINTS)
def test_a_changed_checkpoint_is_found(ledger: Ledger, table: str, column: str) -> None:
    """Stored checkpoints are compared with the log, one by one, with their signatures."""
    told(ledger)
    with unguarded(ledger.checkpoint_url) as connection:
        row = dict(connection.execute(text(f"SELECT * FROM {table} LIMIT 1")).mappings().one())
        value = row[column]
        new = bytes(value)[:-9] + b"AAAAAAA=\n" if column == "note" else flipped(value)
        if isinstance(new, int):
            new += 1000
        only = f"size = {row['size']}" if table == kept.name else "id = 1"
        connection.execute(text(f"UPDATE {table} SET {column} = :new WHERE {only}"), {"new": new})
    found = faults(ledger)
    # Which of the two ids was changed, the head's or the store's, nobody can tell.
    shown = {table, "head"} if table == identity.name else {table}
    assert any(fault.table in shown for fault in found), found


def test_a_rewritten_history_differs_from_what_was_signed(ledger: Ledger) -> None:
    """Cutting off the last entries with their nodes and setting the head back is found by the checkpoint store."""
    told(ledger)
    from ledger.store.database import connect, reading
    from ledger.store.heads import root_at
    from ledger.store.nodes import node_count

    engine = connect(ledger.database_url)
    size = 10
    with reading(engine) as connection:
        root = root_at(connection, None, size)
    engine.dispose()
    with unguarded(ledger.database_url) as connection:
        connection.execute(text("DELETE FROM entry WHERE idx >= :size"), {"size": size})
        connection.execute(text("DELETE FROM node WHERE number >= :count"), {"count": node_count(size)})
        connection.execute(text("DELETE FROM trace WHERE idx >= :size"), {"size": size})
        last = connection.execute(text("SELECT * FROM entry WHERE idx = :last"), {"last": size - 1}).mappings().one()
        connection.execute(
            text(
                "UPDATE head SET size = :size, root = :root, last_leaf = :leaf, last_received_at = :at,"
                " roster_count = :roster"
            ),
            {
                "size": size,
                "root": root,
                "leaf": last["leaf_digest"],
                "at": last["received_at"],
                "roster": last["roster_count"] + (last["stream"] == 0),
            },
        )
    found = faults(ledger)
    assert any(fault.fault == "checkpoint-ahead" for fault in found)
    assert not any(fault.table in ("entry", "node", "head") for fault in found)


def test_the_projection_is_rebuilt_identically(ledger: Ledger) -> None:
    """Dropping and rebuilding the projection gives the same rows, also after somebody emptied it."""
    told(ledger)
    engine = create_engine(ledger.database_url)

    def rows() -> list[tuple[int, bytes, int]]:
        with engine.connect() as connection:
            return [
                (facet, bytes(value), idx)
                for facet, value, idx in connection.execute(text("SELECT * FROM trace ORDER BY facet, value, idx"))
            ]

    before = rows()
    with ledger.open() as store:
        assert store.reindex() == len(before)
        assert rows() == before
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM trace"))
        assert store.reindex() == len(before)
    assert rows() == before
    engine.dispose()
