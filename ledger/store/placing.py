"""What becomes of a batch of submissions behind a tip: rows to write, entries found again, and refusals.

Runs under the head lock, so what it reads holds until the commit. A submission that fails fails alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from ledger.digests import from_raw, raw
from ledger.entry import FIRST, LEDGER_STREAM, MAX_LEAF_BYTES, Leaf, about_text, leaf_bytes
from ledger.errors import ConflictError, FormatError, LedgerError
from ledger.events.statement import Event, read_payload, references, takes_back
from ledger.events.work import Approval
from ledger.merkle import leaf_hash
from ledger.roster.acts import advance
from ledger.roster.authority import authorise
from ledger.store import schema
from ledger.store.heads import Head, StreamEnd, Tip, find_stream
from ledger.store.nodes import chunks
from ledger.store.projection import TraceRow, trace_rows
from ledger.store.rows import (
    EntryRow,
    Placement,
    entry_row,
    envelope_bytes,
    event_id_bytes,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ledger.digests import Digest
    from ledger.envelope import Envelope
    from ledger.merkle import Node
    from ledger.roster.state import Roster


@dataclass(frozen=True, slots=True)
class Submission:
    """An envelope whose bytes and signature were checked, on its way to a place in the log."""

    envelope: Envelope
    digest: Digest
    """Envelope digest."""
    event: Event


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that has the event id of a submission."""

    index: int
    envelope: bytes
    """32 bytes of its envelope digest."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the log and the contents hold of all that a batch names."""

    events: Mapping[bytes, Found]
    """By the event id's 16 bytes."""
    kinds: Mapping[bytes, str]
    """Kind of each entry referred to, by envelope digest."""
    sizes: Mapping[bytes, int]
    """Size of each held content, by commitment."""
    withdrawn: Mapping[bytes, Event]
    """Events that approvals of the batch withdraw."""


@dataclass(slots=True)
class Batch:
    """The outcome of a batch, in the making."""

    tip: Tip
    roster: Roster | None
    entries: list[EntryRow] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    """Leaf digests and the inner nodes that they complete, in order."""
    streams: list[tuple[int, str]] = field(default_factory=list)
    traces: list[TraceRow] = field(default_factory=list)
    ends: dict[str, StreamEnd] = field(default_factory=dict)
    """Ends of the streams after the entries placed so far."""
    outcomes: list[Leaf | int | LedgerError] = field(default_factory=list)
    """One a submission taken up, in order: the new leaf, the index of the entry found again, or the refusal."""
    placed: dict[bytes, tuple[Found, Submission]] = field(default_factory=dict)
    """New entries of this batch by event id."""
    kinds: dict[bytes, str] = field(default_factory=dict)
    """New entries' kinds by envelope digest."""


def look_up(connection: Connection, submissions: Sequence[Submission]) -> Known:
    """What is known of everything that ``submissions`` name."""
    events: dict[bytes, Found] = {}
    wanted_events = [event_id_bytes(item.event.context.event_id) for item in submissions]
    columns = schema.entry.c
    for some in chunks(list(dict.fromkeys(wanted_events))):
        for event_id, idx, digest in connection.execute(
            select(columns.event_id, columns.idx, columns.envelope_digest).where(columns.event_id.in_(some))
        ):
            events[bytes(event_id)] = Found(idx, bytes(digest))
    kinds: dict[bytes, str] = {}
    referred = dict.fromkeys(raw(digest) for item in submissions for digest, _ in references(item.event))
    for some in chunks(list(referred)):
        for digest, kind in connection.execute(
            select(columns.envelope_digest, columns.kind).where(columns.envelope_digest.in_(some))
        ):
            kinds[bytes(digest)] = kind
    commitments = dict.fromkeys(
        raw(content.commitment)
        for item in submissions
        for content in item.event.context.contents
        if content.state == "stored"
    )
    return Known(events, kinds, held_sizes(connection, list(commitments)), _withdrawn(connection, submissions))


def held_sizes(connection: Connection, commitments: Sequence[bytes]) -> dict[bytes, int]:
    """Sizes in bytes of those of ``commitments`` that are held: stored whole, with their salt, and not erased."""
    sizes: dict[bytes, int] = {}
    content, salt = schema.content, schema.content_salt
    for some in chunks(commitments):
        for commitment, size in connection.execute(
            select(content.c.commitment, content.c.size_bytes)
            .join(salt, salt.c.commitment == content.c.commitment)
            .where(content.c.commitment.in_(some))
        ):
            sizes[bytes(commitment)] = size
    return sizes


def _withdrawn(connection: Connection, submissions: Sequence[Submission]) -> dict[bytes, Event]:
    found: dict[bytes, Event] = {}
    wanted = [
        raw(body.withdraws)
        for item in submissions
        if isinstance(body := item.event.body, Approval) and body.withdraws is not None
    ]
    columns = schema.entry.c
    for some in chunks(list(dict.fromkeys(wanted))):
        for digest, payload in connection.execute(
            select(columns.envelope_digest, columns.payload).where(columns.envelope_digest.in_(some))
        ):
            event = read_payload(bytes(payload))
            if isinstance(event, Event):
                found[bytes(digest)] = event
    return found


def place(connection: Connection, submissions: Sequence[Submission], tip: Tip, roster: Roster, now: int) -> Batch:
    """The batch that ``submissions`` make behind ``tip``; those without an outcome are left for the next one.

    An entry of the ledger's own stream ends its batch: it may change who can sign what comes after. ``now`` is the
    clock in milliseconds.
    """
    known = look_up(connection, submissions)
    batch = Batch(tip, roster, ends=dict(tip.streams))
    for submission in submissions:
        try:
            again = _found_again(batch, known, submission)
            outcome = _admit(connection, batch, known, roster, submission, now) if again is None else again
        except LedgerError as error:
            batch.outcomes.append(error)
            continue
        batch.outcomes.append(outcome)
        if isinstance(outcome, Leaf) and outcome.stream == LEDGER_STREAM:
            break
    return batch


def _found_again(batch: Batch, known: Known, submission: Submission) -> int | None:
    event_id = event_id_bytes(submission.event.context.event_id)
    found = known.events.get(event_id)
    if found is None and event_id in batch.placed:
        found = batch.placed[event_id][0]
    if found is None:
        return None
    if found.envelope != raw(submission.digest):
        raise ConflictError(
            "event-id-taken",
            "another event has this event id",
            details={"index": found.index, "envelope": from_raw(found.envelope)},
            remedy="Seal the event again under a new event id, if it is not the one at that index.",
        )
    return found.index


def _admit(
    connection: Connection, batch: Batch, known: Known, roster: Roster, submission: Submission, now: int
) -> Leaf:
    event = submission.event
    index = batch.tip.head.size
    key = authorise(roster, index, submission.envelope.key_id, event)
    _check_references(batch, known, event)
    check_contents(known, event)
    leaf = place_leaf(connection, batch, submission, now)
    batch.traces.extend(trace_rows(index, event, key.principal))
    if leaf.stream == LEDGER_STREAM:
        batch.roster = advance(roster, index, submission.digest, key.principal, event)
    return leaf


def place_leaf(connection: Connection, batch: Batch, submission: Submission, now: int) -> Leaf:
    """The leaf of ``submission`` at the end of ``batch``, which takes in its rows. Authority is the caller's to check.

    Raises:
        FormatError: ``too-long``; ``other-envelope`` if what would be stored is not what came.
    """
    envelope, event = submission.envelope, submission.event
    name = event.context.project or LEDGER_STREAM
    head = batch.tip.head
    end = batch.ends.get(name)
    if end is None:
        end = find_stream(connection, name, batch.tip.stream_count)
    # received_at never falls, whatever the clock does (format §5.1).
    received_at = max(now, head.last_received_at)
    leaf = Leaf(
        v=1,
        index=head.size,
        previous=head.last_leaf.hex() if head.size else FIRST,
        stream=name,
        stream_index=end.next_index,
        stream_previous=end.previous,
        roster=head.roster_count,
        kind=event.kind,
        key_id=envelope.key_id,
        about=event.context.about,
        envelope=submission.digest,
        received_at=time_text(received_at),
    )
    about = about_text(event.context.about)
    data = leaf_bytes(leaf, about)
    if len(data) > MAX_LEAF_BYTES:
        raise FormatError("too-long", f"a leaf has at most {MAX_LEAF_BYTES} bytes", details={"found": len(data)})
    if envelope_bytes(envelope.payload, envelope.key_id, envelope.signature) != envelope.data:
        raise FormatError("other-envelope", "the envelope is not in its one byte form")
    # leaf digest = sha256(0x00 || leaf bytes), format §5.2
    digest = leaf_hash(data)
    frontier, nodes = batch.tip.frontier.grow(digest)
    event_id = event_id_bytes(event.context.event_id)
    batch.entries.append(
        entry_row(
            leaf, Placement(digest, end.number, about, received_at, event_id), envelope.payload, envelope.signature
        )
    )
    batch.nodes.extend(nodes)
    if not end.known:
        batch.streams.append((end.number, name))
    batch.placed[event_id] = (Found(leaf.index, raw(submission.digest)), submission)
    batch.kinds[raw(submission.digest)] = event.kind
    batch.ends[name] = StreamEnd(end.number, True, end.next_index + 1, digest.hex())  # noqa: FBT003 -- a row of a table
    roster_count = head.roster_count + (name == LEDGER_STREAM)
    batch.tip = Tip(
        Head(head.ledger, head.size + 1, b"", digest, received_at, roster_count, head.checkpoint_store),
        frontier,
        batch.ends,
        batch.tip.stream_count + (not end.known),
    )
    return leaf


def _check_references(batch: Batch, known: Known, event: Event) -> None:
    for digest, kind in references(event):
        found = known.kinds.get(raw(digest)) or batch.kinds.get(raw(digest))
        if found is None:
            raise ConflictError(
                "reference-missing",
                "the event refers to an event that is not in this log",
                details={"envelope": digest},
                remedy="Send that event first.",
            )
        if kind is not None and found != kind:
            raise ConflictError(
                "reference-kind",
                "the event refers to an event of another kind than it must",
                details={"envelope": digest, "found": found, "expected": kind},
            )
    if isinstance(event.body, Approval) and event.body.withdraws is not None:
        _check_withdrawal(batch, known, event, raw(event.body.withdraws))


def _check_withdrawal(batch: Batch, known: Known, event: Event, digest: bytes) -> None:
    earlier = known.withdrawn.get(digest)
    if earlier is None:
        earlier = next((item.event for found, item in batch.placed.values() if found.envelope == digest), None)
    if earlier is None or not takes_back(event, earlier):
        raise ConflictError(
            "withdrawal-mismatch",
            "a withdrawal names an earlier approval by the same actor with the same scope, about and basis",
            details={"envelope": from_raw(digest)},
        )


def check_contents(known: Known, event: Event) -> None:
    """Nothing, if every content that the event says is stored is held in that size.

    Raises:
        ConflictError: ``content-missing`` or ``content-size``.
    """
    for content in event.context.contents:
        if content.state != "stored":
            continue
        size = known.sizes.get(raw(content.commitment))
        if size is None:
            raise ConflictError(
                "content-missing",
                "a content of the event is not held",
                details={"commitment": content.commitment, "name": content.name},
                remedy="Send the content first, or declare it withheld.",
            )
        if size != content.size_bytes:
            raise ConflictError(
                "content-size",
                "a content has another size than the event says",
                details={"commitment": content.commitment, "found": size, "expected": content.size_bytes},
            )
