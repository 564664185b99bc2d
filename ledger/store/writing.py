"""Rows of a batch into the tables, each table in one statement: executemany in SQLite, COPY in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.store import schema
from ledger.store.nodes import node_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from ledger.merkle import Node
    from ledger.store.placing import Batch
    from ledger.store.projection import TraceRow

_TYPES: Final = {"BIGINT": "int8", "BLOB": "bytea", "VARCHAR": "text"}


def write_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds ``rows``, whose values are in the order of the table's columns."""
    if not rows:
        return
    names = ", ".join(column.name for column in table.columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in table.columns)
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))  # noqa: S608
        return
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_TYPES[str(column.type)] for column in table.columns])
        for row in rows:
            copy.write_row(row)


def node_rows(nodes: Iterable[Node]) -> list[tuple[int, bytes]]:
    """Rows of the inner nodes among ``nodes``; leaf digests stand with their entries."""
    return [(node_number(node.level, node.index), node.digest) for node in nodes if node.level > 0]


def write_batch(connection: Connection, batch: Batch) -> None:
    """Adds everything that ``batch`` placed; the head is the caller's to advance."""
    write_rows(connection, schema.stream, batch.streams)
    write_rows(connection, schema.entry, batch.entries)
    write_rows(connection, schema.node, node_rows(batch.nodes))
    write_traces(connection, batch.traces)


def write_traces(connection: Connection, traces: list[TraceRow]) -> None:
    """Adds rows of the projection, in the order of its key, which costs a B-tree least."""
    write_rows(connection, schema.trace, sorted(traces))
