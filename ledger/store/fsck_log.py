"""Reading the whole log again: every leaf, link, node, signature and authority, from stored bytes alone.

A fault is reported where it is and not again in everything that follows from it: after a damaged or missing row the
next row's own links say what stood there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, select

from ledger.digests import from_raw, raw
from ledger.entry import FIRST, LEDGER_STREAM, leaf_digest
from ledger.envelope import check_signature, open_envelope
from ledger.errors import LedgerError
from ledger.events.roster import Genesis
from ledger.events.statement import Event, read_payload, references
from ledger.merkle import Frontier
from ledger.roster.acts import advance, found
from ledger.roster.authority import authorise
from ledger.store import schema
from ledger.store.faults import Fault
from ledger.store.nodes import chunks, node_count
from ledger.store.placing import held_sizes
from ledger.store.projection import TraceRow, trace_rows
from ledger.store.rows import envelope_bytes, leaf_of_row
from ledger.store.writing import node_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from sqlalchemy import Row
    from sqlalchemy.engine import Connection

    from ledger.envelope import Envelope
    from ledger.merkle import Node
    from ledger.roster.state import Roster
    from ledger.store.heads import Head

_PAGE: Final = 500

_entry = schema.entry.c


@dataclass(slots=True)
class _Stream:
    """Where a stream stands while it is read."""

    next_index: int = 0
    previous: frozenset[str] = frozenset({FIRST})
    """Hex digests that the next entry may link to: as stored and as recomputed. Empty: unknown."""


@dataclass(slots=True)
class LogReader:
    """The state of one pass; ``run`` yields the faults, and afterwards the fields say what the log amounts to."""

    connection: Connection
    head: Head | None
    on_size: Callable[[int, bytes, Roster | None], Iterator[Fault]]
    """Called with each size, its recomputed root and the roster there, to compare checkpoints."""
    on_traces: Callable[[list[TraceRow]], None]
    """Called with the rows of the projection that a page of entries gives."""
    size: int = 0
    roster: Roster | None = None
    roster_broken: bool = False
    """Whether the roster could no longer be followed."""
    frontier: Frontier | None = field(default_factory=Frontier)
    """None once a leaf is unknown."""
    ledger: bytes | None = None
    last_leaf: bytes = b""
    last_received_at: int = 0
    roster_count: int = 0
    _previous: frozenset[str] = frozenset({FIRST})
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _nodes: list[Node] = field(default_factory=list)

    def run(self) -> Iterator[Fault]:
        """Every fault of streams, entries and nodes, in the order of the log."""
        yield from self._read_streams()
        page = self._page(-1)
        while page:
            following = self._page(page[-1].idx)
            yield from self._read_page(page, following[0] if following else None)
            page = following
        yield from self._read_end()

    def _page(self, after: int) -> Sequence[Row[Any]]:
        wanted = select(schema.entry).where(_entry.idx > after).order_by(_entry.idx).limit(_PAGE)
        return self.connection.execute(wanted).all()

    def _read_streams(self) -> Iterator[Fault]:
        used = {number for (number,) in self.connection.execute(select(_entry.stream).distinct())}
        rows = self.connection.execute(select(schema.stream).order_by(schema.stream.c.number)).all()
        for expected, (number, name) in enumerate(rows):
            if number != expected or (name == LEDGER_STREAM) != (number == 0) or name in self._names.values():
                yield Fault("stream", str(number), "stream-misplaced", "the stream's number or name is out of order")
            if number not in used:
                yield Fault("stream", str(number), "stream-unused", "no entry belongs to the stream")
            self._names[number] = name
        for number in sorted(used - set(self._names)):
            yield Fault("stream", str(number), "stream-missing", "entries belong to a stream without a row")

    def _read_page(self, page: Sequence[Row[Any]], following: Row[Any] | None) -> Iterator[Fault]:
        traces: list[TraceRow] = []
        events: list[tuple[int, Event]] = []
        for number, row in enumerate(page):
            after = page[number + 1] if number + 1 < len(page) else following
            yield from self._read_gap(row)
            event = yield from self._read_row(row, after)
            if event is not None:
                events.append((row.idx, event))
                key = None if self.roster is None else self.roster.keys.get(from_raw(bytes(row.key_id)))
                if key is not None:
                    traces.extend(trace_rows(row.idx, event, key.principal))
        self.on_traces(traces)
        yield from self._read_references(events)
        yield from self._read_contents(events)
        yield from self._compare_nodes()

    def _read_gap(self, row: Row[Any]) -> Iterator[Fault]:
        missing = row.idx - self.size
        if missing <= 0:
            return
        yield Fault("entry", _span(self.size, row.idx), "entry-missing", f"{missing} entries are missing")
        self._skip(missing, bytes(row.previous))

    def _skip(self, missing: int, last: bytes) -> None:
        # What the row after says of the last missing one keeps the tree whole if it was the only one.
        if missing == 1 and self.frontier is not None and len(last) == 32:
            self._grow(last)
        else:
            self.frontier = None
        self.size += missing
        self._previous = frozenset()
        for stream in self._streams.values():
            stream.previous = frozenset()

    def _read_row(self, row: Row[Any], after: Row[Any] | None) -> Generator[Fault, None, Event | None]:
        where = str(row.idx)
        name = self._names.get(row.stream, "")
        event: Event | None = None
        stored = bytes(row.leaf_digest)
        computed = stored
        try:
            envelope = open_envelope(
                envelope_bytes(bytes(row.payload), from_raw(bytes(row.key_id)), bytes(row.signature))
            )
            if raw(envelope.digest) != bytes(row.envelope_digest):
                yield Fault("entry", where, "envelope-altered", "the envelope is not that of its digest")
            leaf = leaf_of_row(row, name)
            computed = leaf_digest(leaf)
            if computed != stored:
                yield Fault("entry", where, "leaf-altered", "the leaf is not that of its digest")
            statement = read_payload(envelope.payload)
            if isinstance(statement, Event):
                event = statement
                yield from self._read_meaning(row, name, event, envelope)
        except (LedgerError, ValueError, OverflowError):
            yield Fault("entry", where, "entry-unreadable", "a column is not of its shape")
        yield from self._read_links(row, name)
        follows = bytes(after.previous) if after is not None else (self.head.last_leaf if self.head else b"")
        chosen = stored if follows == stored else computed
        self._grow(chosen)
        self.size = row.idx + 1
        self._previous = frozenset({stored.hex(), computed.hex()})
        self._streams[name].previous = self._previous
        self.last_leaf = stored
        if self.frontier is not None:
            yield from self.on_size(self.size, self.frontier.root(), self.roster)
        return event

    def _grow(self, leaf: bytes) -> None:
        if self.frontier is not None:
            self.frontier, nodes = self.frontier.grow(leaf)
            self._nodes.extend(nodes)

    def _read_meaning(self, row: Row[Any], name: str, event: Event, envelope: Envelope) -> Iterator[Fault]:
        where = str(row.idx)
        context = event.context
        if row.kind != event.kind or bytes(row.event_id) != UUID(context.event_id).bytes:
            yield Fault("entry", where, "entry-altered", "kind or event id are not those of the event")
        if name != (context.project or LEDGER_STREAM):
            yield Fault("entry", where, "entry-altered", "the stream is not that of the event")
            yield Fault("stream", str(row.stream), "stream-altered", f"its name is not that of entry {where}")
        if leaf_of_row(row, name).about != context.about:
            yield Fault("entry", where, "entry-altered", "about is not that of the event")
        if self.roster_broken:
            return
        try:
            self._follow_roster(row, event, envelope)
        except LedgerError as error:
            yield Fault("entry", where, error.slug, error.message)
            if context.project is None:
                self.roster_broken = True
                yield Fault("entry", where, "roster-unknown", "authority after this entry cannot be judged")

    def _follow_roster(self, row: Row[Any], event: Event, envelope: Envelope) -> None:
        digest = envelope.digest
        if row.idx == 0 and isinstance(event.body, Genesis):
            roster = found(from_raw(bytes(row.leaf_digest)), digest, event.context, event.body)
            self.ledger = bytes(row.leaf_digest)
            check_signature(envelope, roster.keys[envelope.key_id].public)
            self.roster = roster
        elif self.roster is not None:
            key = authorise(self.roster, row.idx, envelope.key_id, event)
            check_signature(envelope, key.public)
            if event.context.project is None:
                self.roster = advance(self.roster, row.idx, digest, key.principal, event)

    def _read_links(self, row: Row[Any], name: str) -> Iterator[Fault]:
        where = str(row.idx)
        if self._previous and bytes(row.previous).hex() not in self._previous:
            yield Fault("entry", where, "chain-broken", "previous is not the digest of the entry before")
        stream = self._streams.setdefault(name, _Stream())
        if row.stream_index != stream.next_index:
            yield Fault(
                "entry",
                where,
                "stream-broken",
                f"stream index {row.stream_index} stands where {stream.next_index} should",
            )
        elif stream.previous and bytes(row.stream_previous).hex() not in stream.previous:
            yield Fault(
                "entry", where, "stream-broken", "stream_previous is not the digest of the stream's entry before"
            )
        stream.next_index = row.stream_index + 1
        if row.roster_count != self.roster_count:
            yield Fault(
                "entry",
                where,
                "roster-count",
                f"{row.roster_count} entries of the ledger's own stream are counted where {self.roster_count} stand",
            )
            if row.roster_count > self.roster_count and not self.roster_broken:
                self.roster_broken = True
                yield Fault("entry", where, "roster-unknown", "authority from this entry on cannot be judged")
            if not self._previous:
                self.roster_count = row.roster_count
        if row.received_at < self.last_received_at:
            yield Fault("entry", where, "time-falls", "received_at is lower than that of the entry before")
        self.roster_count += name == LEDGER_STREAM
        self.last_received_at = row.received_at

    def _read_references(self, events: Sequence[tuple[int, Event]]) -> Iterator[Fault]:
        wanted = dict.fromkeys(raw(digest) for _, event in events for digest, _ in references(event))
        known: dict[bytes, tuple[int, str]] = {}
        for some in chunks(list(wanted)):
            for digest, idx, kind in self.connection.execute(
                select(_entry.envelope_digest, _entry.idx, _entry.kind).where(_entry.envelope_digest.in_(some))
            ):
                known[bytes(digest)] = (idx, kind)
        for index, event in events:
            for reference, kind in references(event):
                at = known.get(raw(reference))
                if at is None or at[0] >= index or (kind is not None and at[1] != kind):
                    yield Fault("entry", str(index), "reference-missing", f"no earlier entry is {reference}")

    def _read_contents(self, events: Sequence[tuple[int, Event]]) -> Iterator[Fault]:
        named = [
            (index, content)
            for index, event in events
            for content in event.context.contents
            if content.state == "stored"
        ]
        keys = list(dict.fromkeys(raw(content.commitment) for _, content in named))
        sizes = held_sizes(self.connection, keys)
        erased: set[bytes] = set()
        for some in chunks(keys):
            found_rows = self.connection.execute(
                select(schema.erasure.c.commitment).where(schema.erasure.c.commitment.in_(some))
            )
            erased.update(bytes(value) for (value,) in found_rows)
        for index, content in named:
            key = raw(content.commitment)
            if key in erased:
                continue
            if key not in sizes:
                yield Fault("content", content.commitment, "content-missing", f"entry {index} names it as stored")
            elif sizes[key] != content.size_bytes:
                yield Fault("content", content.commitment, "content-size", f"entry {index} says another size")

    def _compare_nodes(self) -> Iterator[Fault]:
        expected = dict(node_rows(self._nodes))
        self._nodes.clear()
        for some in chunks(sorted(expected)):
            stored = dict(
                self.connection.execute(
                    select(schema.node.c.number, schema.node.c.digest).where(schema.node.c.number.in_(some))
                ).all()
            )
            for number in some:
                if number not in stored:
                    yield Fault("node", str(number), "node-missing", "a node of a complete subtree is missing")
                elif bytes(stored[number]) != expected[number]:
                    yield Fault("node", str(number), "node-altered", "the node is not the digest of the two below it")

    def _read_end(self) -> Iterator[Fault]:
        if self.head is not None and self.head.size > self.size:
            missing = self.head.size - self.size
            yield Fault("entry", _span(self.size, self.head.size), "entry-missing", f"{missing} entries are missing")
            self._skip(missing, self.head.last_leaf)
            yield from self._compare_nodes()
        if self.frontier is None:
            yield Fault("node", "", "tree-unknown", "after missing entries nodes and roots cannot be recomputed")
        last = self.connection.execute(select(func.max(schema.node.c.number))).scalar()
        extra = -1 if last is None else last
        if extra >= node_count(self.size):
            yield Fault("node", _span(node_count(self.size), extra + 1), "node-extra", "nodes stand beyond the log")


def _span(start: int, end: int) -> str:
    return str(start) if end - start == 1 else f"{start}-{end - 1}"
