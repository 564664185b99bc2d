"""Everything read again: the log, contents, the projection, the head and every stored checkpoint (design §2)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, select, text
from sqlalchemy.exc import DBAPIError

from ledger.checkpoint import open_checkpoint
from ledger.digests import SALT_BYTES, Commitment, from_raw
from ledger.errors import ChainError, LedgerError, UnavailableError
from ledger.merkle import DIGEST_BYTES
from ledger.roster.state import origin_at
from ledger.store import schema
from ledger.store.checkpoint_schema import kept, latest
from ledger.store.contents import expand
from ledger.store.database import reading
from ledger.store.dialect import run
from ledger.store.faults import Fault
from ledger.store.fsck_log import LogReader
from ledger.store.guards import missing_guards
from ledger.store.heads import Head, read_head
from ledger.store.projection import Facet
from ledger.store.writing import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.engine import Connection, Engine

    from ledger.roster.state import Roster
    from ledger.store.checkpoints import CheckpointStore

_PAGE: Final = 500
_SHOWN: Final = 1000
"""Most faults of the projection that are listed; it can be rebuilt."""

_EXPECTED: Final = """
CREATE TEMPORARY TABLE trace_expected (
    facet <integer> NOT NULL,
    value <data> NOT NULL,
    idx <integer> NOT NULL,
    PRIMARY KEY (facet, value, idx)
)
"""
_expected: Final = Table(
    "trace_expected",
    MetaData(),
    Column("facet", BigInteger),
    Column("value", LargeBinary),
    Column("idx", BigInteger),
)


def fsck(engine: Engine, checkpoints: CheckpointStore) -> Iterator[Fault]:
    """Every fault, as it is found; none: everything holds.

    The database is read in one transaction, so that writers may go on.
    """
    # The checkpoints first: whatever was signed by then is in the log that is read after.
    signed = _Signed(checkpoints)
    yield from signed.read()
    try:
        with reading(engine) as connection:
            yield from _read_database(connection, signed)
    except (DBAPIError, UnavailableError):
        yield Fault("(database)", "", "database-damaged", "the database itself cannot be read to its end")


def _read_database(connection: Connection, signed: _Signed) -> Iterator[Fault]:
    for table, name in missing_guards(connection):
        yield Fault(table, name, "guard-missing", "a trigger that keeps the table append-only is missing")
    if connection.dialect.name == "sqlite":
        for (line,) in connection.execute(text("PRAGMA integrity_check")).all():
            if line != "ok":
                yield Fault("(database)", "", "database-damaged", "SQLite's own check of the file fails")
                break
    try:
        head: Head | None = read_head(connection)
    except UnavailableError:
        head = None
        yield Fault("head", "1", "head-missing", "there is no head")
    run(connection, "DROP TABLE IF EXISTS trace_expected")
    run(connection, _EXPECTED)
    log = LogReader(connection, head, signed.compare, lambda traces: write_rows(connection, _expected, sorted(traces)))
    yield from log.run()
    if head is not None:
        yield from _compare_head(head, log, signed)
    yield from signed.rest(log.size, log.ledger)
    yield from _read_stored_contents(connection)
    yield from _compare_projection(connection)
    run(connection, "DROP TABLE trace_expected")


def _compare_head(head: Head, log: LogReader, signed: _Signed) -> Iterator[Fault]:
    root = None if log.frontier is None else log.frontier.root()
    wrong = [
        name
        for name, found, expected in (
            ("ledger", head.ledger, log.ledger),
            ("size", head.size, log.size),
            ("root", head.root, root),
            ("last_leaf", head.last_leaf, log.last_leaf),
            ("last_received_at", head.last_received_at, log.last_received_at),
            ("roster_count", head.roster_count, log.roster_count),
            ("checkpoint_store", head.checkpoint_store, signed.store),
        )
        if expected is not None and found != expected
    ]
    for name in wrong:
        yield Fault("head", "1", "head-altered", f"{name} is not what the log, or the checkpoint store, says")


class _Signed:
    """The checkpoints that a store holds, compared one by one as the log is read."""

    def __init__(self, checkpoints: CheckpointStore) -> None:
        self._checkpoints = checkpoints
        self._waiting: deque[tuple[str, int, bytes, bytes | None]] = deque()
        self.store: bytes | None = None
        """The store's id; None if there is no store."""
        self._ledger: bytes | None = None

    def read(self) -> Iterator[Fault]:
        """Reads the store; its rows wait for the log to reach their size."""
        try:
            identity, agreed = self._checkpoints.agreed()
            self.store, self._ledger = identity.store, identity.ledger
            after = 0
            while page := self._checkpoints.published(after, _PAGE):
                self._waiting.extend((kept.name, item.size, item.root, item.note) for item in page)
                after = page[-1].size
            if agreed.size:
                self._waiting.append((latest.name, agreed.size, agreed.root, agreed.note))
        except UnavailableError as error:
            yield Fault("checkpoint_identity", "1", error.slug, error.message)
        sizes = [size for _, size, _, _ in self._waiting]
        if sizes != sorted(sizes):
            yield Fault(latest.name, "1", "checkpoint-behind", "the latest checkpoint is older than a published one")
            self._waiting = deque(sorted(self._waiting, key=lambda item: item[1]))

    def compare(self, size: int, root: bytes, roster: Roster | None) -> Iterator[Fault]:
        """Compares the checkpoints of ``size`` with the log's ``root`` there."""
        while self._waiting and self._waiting[0][1] <= size:
            table, signed_size, signed_root, note = self._waiting.popleft()
            if signed_size < size:
                yield Fault(table, str(signed_size), "checkpoint-unchecked", "no root is known at this size")
            elif signed_root != root:
                yield Fault(table, str(size), "checkpoint-diverged", "the log has another root at this size")
            elif note is not None and roster is not None:
                try:
                    found = open_checkpoint(note, origin_at(roster, size), roster.core.log_key)
                except LedgerError as error:
                    yield Fault(table, str(size), "checkpoint-unsigned", error.message)
                else:
                    if (found.size, found.root) != (size, root):
                        yield Fault(table, str(size), "checkpoint-altered", "the note says something else than its row")

    def rest(self, size: int, ledger: bytes | None) -> Iterator[Fault]:
        """What the log never reached, and a store of another ledger than the one that genesis founded."""
        if self._ledger is not None and ledger is not None and self._ledger != ledger:
            yield Fault("checkpoint_identity", "1", "checkpoint-store-foreign", "the store is of another ledger")
        for table, signed_size, _, _ in self._waiting:
            fault = "checkpoint-ahead" if signed_size > size else "checkpoint-unchecked"
            yield Fault(table, str(signed_size), fault, f"the log has {size} entries whose root could be compared")


def _read_stored_contents(connection: Connection) -> Iterator[Fault]:
    content, chunk, salt, erasure = schema.content, schema.content_chunk, schema.content_salt, schema.erasure
    after = b""
    while rows := connection.execute(
        select(content, salt.c.salt, erasure.c.erased_at)
        .outerjoin(salt, salt.c.commitment == content.c.commitment)
        .outerjoin(erasure, erasure.c.commitment == content.c.commitment)
        .where(content.c.commitment > after)
        .order_by(content.c.commitment)
        .limit(_PAGE)
    ).all():
        for row in rows:
            yield from _read_content(connection, row)
        after = bytes(rows[-1].commitment)
    for table in (chunk, salt, erasure):
        for (value,) in connection.execute(
            select(table.c.commitment).where(table.c.commitment.not_in(select(content.c.commitment))).distinct()
        ):
            yield Fault(table.name, _name(value), "content-unknown", "the row belongs to no content")


def _read_content(connection: Connection, row: Row[Any]) -> Iterator[Fault]:
    chunk = schema.content_chunk.c
    where = _name(row.commitment)
    numbers: list[int] = []
    size = 0
    state = Commitment(bytes(row.salt)) if row.salt is not None and len(row.salt) == SALT_BYTES else None
    for number, data in connection.execute(
        select(chunk.number, chunk.data).where(chunk.commitment == row.commitment).order_by(chunk.number)
    ):
        numbers.append(number)
        try:
            piece = expand(bytes(data))
        except ChainError:
            yield Fault("content_chunk", f"{where} {number}", "content-damaged", "the chunk cannot be expanded")
            continue
        size += len(piece)
        if state is not None:
            state.update(piece)
    if row.erased_at is not None:
        if numbers or row.salt is not None:
            yield Fault("erasure", where, "content-not-erased", "bytes or salt are still there")
        return
    whole = state is not None and state.digest() == where
    if numbers != list(range(row.chunk_count)):
        # If what is there is the whole content, the count is what was changed.
        table = "content" if whole and numbers == list(range(len(numbers))) else "content_chunk"
        yield Fault(table, where, "content-damaged", f"{len(numbers)} of {row.chunk_count} chunks are there")
    if size != row.size_bytes:
        yield Fault("content", where, "content-size", f"{size} bytes are there, {row.size_bytes} should be")
    if state is None:
        yield Fault("content_salt", where, "salt-missing", "the content cannot be shown to match its commitment")
    elif not whole:
        yield Fault("content", where, "content-damaged", "salt and bytes are not those of the commitment")


def _compare_projection(connection: Connection) -> Iterator[Fault]:
    columns = (schema.trace.c.facet, schema.trace.c.value, schema.trace.c.idx)
    expected = (_expected.c.facet, _expected.c.value, _expected.c.idx)
    for fault, query in (
        ("trace-missing", select(*expected).except_(select(*columns))),
        ("trace-extra", select(*columns).except_(select(*expected))),
    ):
        for facet, value, idx in connection.execute(query.limit(_SHOWN)):
            name = Facet(facet).name.lower() if facet in set(Facet) else str(facet)
            yield Fault("trace", f"{name} {bytes(value).hex()} {idx}", fault, "run evidence reindex")


def _name(commitment: bytes) -> str:
    data = bytes(commitment)
    return from_raw(data) if len(data) == DIGEST_BYTES else data.hex()
