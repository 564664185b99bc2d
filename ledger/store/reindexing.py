"""Rebuilding the projection from the entries alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from ledger.digests import from_raw
from ledger.errors import FormatError
from ledger.events.statement import Event, read_payload
from ledger.store import schema
from ledger.store.heads import read_head
from ledger.store.projection import TraceRow, trace_rows
from ledger.store.writing import write_traces

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ledger.roster.state import Roster

_PAGE: Final = 500


def reindex(connection: Connection, roster: Roster) -> int:
    """How many rows the projection has, dropped and written anew inside the connection's transaction.

    The head is locked meanwhile, so that no entry comes between. ``roster`` is the latest: whose a key is never
    changes.
    """
    read_head(connection, lock=True)
    connection.execute(delete(schema.trace))
    columns = schema.entry.c
    written, after = 0, -1
    while rows := connection.execute(
        select(columns.idx, columns.key_id, columns.payload)
        .where(columns.idx > after)
        .order_by(columns.idx)
        .limit(_PAGE)
    ).all():
        traces: list[TraceRow] = []
        for idx, key_id, payload in rows:
            event = read_payload(bytes(payload))
            key = roster.keys.get(from_raw(bytes(key_id)))
            if not isinstance(event, Event) or key is None:
                raise FormatError(
                    "unknown-kind",
                    "an entry cannot be read, so the projection cannot be rebuilt",
                    details={"index": idx},
                    remedy="Run evidence fsck.",
                )
            traces.extend(trace_rows(idx, event, key.principal))
        write_traces(connection, traces)
        written += len(traces)
        after = rows[-1].idx
    return written
