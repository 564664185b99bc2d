"""The head: the log's committed size and root, its lock, and what must be known to append behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select, update

from ledger.entry import FIRST
from ledger.errors import ChainError, UnavailableError
from ledger.merkle import Frontier, frontier_at
from ledger.store import schema
from ledger.store.nodes import NodeCache, compute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection


_READ: Final = select(schema.head).where(schema.head.c.id == 1)
_LOCK: Final = _READ.with_for_update()
_ADVANCE: Final = (
    update(schema.head)
    .where(
        schema.head.c.id == 1,
        schema.head.c.size == bindparam("expected_size"),
        schema.head.c.root == bindparam("expected_root"),
    )
    .values({column.name: bindparam(column.name) for column in schema.head.columns if column.name != "id"})
)


@dataclass(frozen=True, slots=True)
class Head:
    """The one row of ``schema.head``."""

    ledger: bytes
    """The 32 bytes of the ledger id."""
    size: int
    root: bytes
    last_leaf: bytes
    last_received_at: int
    """Milliseconds since 1970."""
    roster_count: int
    """Entries of the ledger's own stream."""
    checkpoint_store: bytes
    """16 bytes: the checkpoint store that this log belongs with."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Where a stream's next entry goes."""

    number: int
    known: bool
    """Whether the stream has its row."""
    next_index: int
    previous: str
    """Hex of the leaf digest of its last entry; 64 zeros if it has none."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Everything that the next entry follows from, at one size of the log."""

    head: Head
    frontier: Frontier
    streams: Mapping[str, StreamEnd]
    """Ends of the streams looked up so far."""
    stream_count: int


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """The head as committed; with ``lock`` it is this transaction's until its end.

    In SQLite ``ledger.store.database.writing`` holds the write lock already.

    Raises:
        UnavailableError: ``not-a-ledger``.
    """
    row = connection.execute(_LOCK if lock else _READ).one_or_none()
    if row is None:
        raise UnavailableError("not-a-ledger", "the database holds no ledger", remedy="Make one: evidence init")
    return Head(
        bytes(row.ledger),
        row.size,
        bytes(row.root),
        bytes(row.last_leaf),
        row.last_received_at,
        row.roster_count,
        bytes(row.checkpoint_store),
    )


def insert_head(connection: Connection, head: Head) -> None:
    """Founds the log."""
    connection.execute(insert(schema.head).values(id=1, **_columns(head)))


def advance_head(connection: Connection, expected: Head, new: Head) -> None:
    """Compare-and-swap: ``new`` in the place of ``expected``.

    Raises:
        ChainError: ``head-moved``: the lock did not hold, so nothing of this transaction may be committed.
    """
    swapped = connection.execute(
        _ADVANCE, {"expected_size": expected.size, "expected_root": expected.root, **_columns(new)}
    )
    if swapped.rowcount != 1:
        raise ChainError("head-moved", "the head moved under its lock", details={"expected": expected.size})


def _columns(head: Head) -> dict[str, bytes | int]:
    return {
        "ledger": head.ledger,
        "size": head.size,
        "root": head.root,
        "last_leaf": head.last_leaf,
        "last_received_at": head.last_received_at,
        "roster_count": head.roster_count,
        "checkpoint_store": head.checkpoint_store,
    }


def root_at(connection: Connection, cache: NodeCache | None, size: int) -> bytes:
    """The root of the first ``size`` leaves, from stored nodes."""
    return compute(connection, cache, lambda read: frontier_at(size, read)).root()


def tip_for(connection: Connection, head: Head, cached: Tip | None) -> Tip:
    """The tip at ``head``, the cached one if nobody wrote since.

    Raises:
        ChainError: ``head-diverged``: the head does not extend the cached one, or its root is not that of its nodes.
            A log that was put back, or that two machines hold copies of, must not be written on.
    """
    if cached is not None and cached.head == head:
        return cached
    if cached is not None:
        _check_extends(connection, cached.head, head)
    frontier = compute(connection, None, lambda read: frontier_at(head.size, read))
    if frontier.root() != head.root:
        raise _diverged("the head's root is not that of the stored nodes", head.size)
    count = connection.execute(select(schema.stream.c.number).order_by(schema.stream.c.number.desc()).limit(1)).scalar()
    return Tip(head, frontier, {}, 0 if count is None else count + 1)


def _check_extends(connection: Connection, cached: Head, head: Head) -> None:
    if head.ledger != cached.ledger or head.size < cached.size or head.roster_count < cached.roster_count:
        raise _diverged("the head is behind what this process has seen", head.size)
    # From the database, not from the cache of nodes: the cache would agree with itself.
    if root_at(connection, None, cached.size) != cached.root:
        raise _diverged("the log has another history than this process has seen", cached.size)


def _diverged(message: str, size: int) -> ChainError:
    return ChainError(
        "head-diverged",
        message,
        details={"size": size},
        remedy="Stop every writer, run evidence fsck, and compare with receipts held elsewhere before going on.",
    )


def find_stream(connection: Connection, name: str, free: int) -> StreamEnd:
    """The end of the stream ``name`` as committed; ``free`` is the number that a new stream gets."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == name)).scalar()
    if number is None:
        return StreamEnd(free, False, 0, FIRST)  # noqa: FBT003 -- a row of a table
    last = connection.execute(
        select(schema.entry.c.stream_index, schema.entry.c.leaf_digest)
        .where(schema.entry.c.stream == number)
        .order_by(schema.entry.c.stream_index.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return StreamEnd(number, True, 0, FIRST)  # noqa: FBT003 -- a row of a table
    return StreamEnd(number, True, last.stream_index + 1, bytes(last.leaf_digest).hex())  # noqa: FBT003


def empty_tip(ledger_time: int) -> Tip:
    """The tip before genesis, which takes its ledger id from the entry placed on it."""
    return Tip(Head(b"", 0, b"", b"", ledger_time, 0, b""), Frontier(), {}, 0)
