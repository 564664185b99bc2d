"""Which entries a bundle holds: streams with their ranges at a position, and what these refer to (design §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from ledger.bundle import BundleSubject, Period, StreamRange
from ledger.digests import Digest, from_raw, raw
from ledger.entry import LEDGER_STREAM
from ledger.errors import ConflictError, NotFoundError
from ledger.events.statement import Event, read_payload, references
from ledger.events.work import Diff, Merge, Release
from ledger.store import schema
from ledger.store.beginnings import (
    builds_of,
    event_of,
    first_of_landings,
    first_of_source,
    firsts_of_releases,
    landed_with_runs,
    stream_index,
)
from ledger.store.entries import entry_where, has_envelope, stream_names
from ledger.store.nodes import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ledger.store.checkpoints import StoredCheckpoint

_entry = schema.entry.c


@dataclass(frozen=True, slots=True)
class Cut:
    """What of the log a bundle holds."""

    ledger: Digest
    position: int
    """One past the highest index, whose entry belongs to one of ``streams``."""
    subject: BundleSubject
    streams: tuple[StreamRange, ...]
    """The ledger's own stream whole, then projects ascending."""
    linked: tuple[int, ...]
    """Indexes of entries outside those ranges that entries inside refer to, ascending."""
    indexes: tuple[int, ...]
    """Indexes of all entries, ascending."""
    checkpoint: StoredCheckpoint
    """Covers the position."""


def cut_release(connection: Connection, release: Digest, position: int | None, checkpoint: StoredCheckpoint) -> Cut:
    """The cut about a release at ``position``, the checkpoint's size if None.

    Streams: that of the release event and those of its sources, each from the release before, from the first entry on
    the released commit, from the first landing of a commit that one of the release's commit lists names, or from the
    first entry about a change that such a landing brought, whichever is earliest. A commit list that is not held
    includes nothing.

    Raises:
        NotFoundError: ``no-such-entry``: no release has that envelope digest.
        ConflictError: ``bad-position``: the release is not before ``position``, or the checkpoint is.
    """
    found = entry_where(connection, has_envelope(release))
    event = event_of(connection, found.index)
    if not isinstance(event.body, Release) or event.context.project is None:
        raise NotFoundError("no-such-entry", "there is no release with that envelope digest")
    end = _end(position, checkpoint)
    if found.index >= end:
        raise ConflictError("bad-position", "the release is not before that position", details={"position": end})
    names = stream_names(connection)
    numbers = {name: number for number, name in names.items()}
    starts = {event.context.project: found.leaf.stream_index}
    for source in event.body.sources:
        if source.project not in numbers:
            continue
        first = first_of_source(connection, event.body, source, event.context.content(source.commits), found.index)
        if first is not None:
            at = stream_index(connection, numbers[source.project], first)
            starts[source.project] = min(at, starts.get(source.project, at))
    return _cut(connection, BundleSubject(release=release), starts, end, checkpoint)


def cut_period(
    connection: Connection,
    start: int,
    end: int,
    projects: Sequence[str] | None,
    checkpoint: StoredCheckpoint,
) -> Cut:
    """The cut about the positions from ``start`` to ``end``: every project with an entry between, or ``projects``.

    A project's range starts before ``start`` where something that landed or was released in the period began earlier:
    at the first entry about such a change, on one of its trees or heads, or at one of its prompts, and for a release
    where that of its own cut would start. Rules over the period see what they would see of each alone.

    Where the last entries before ``end`` belong to none of these streams, the period of the cut ends at its position.

    Raises:
        ConflictError: ``bad-position``: the period is empty, or goes beyond the checkpoint.
    """
    end = _end(end, checkpoint)
    if not 0 <= start < end:
        raise ConflictError("bad-position", "a period begins before it ends", details={"from": start, "to": end})
    names = stream_names(connection)
    starts: dict[str, int] = {}
    for number, first in connection.execute(
        select(_entry.stream, func.min(_entry.stream_index))
        .where(_entry.idx >= start, _entry.idx < end)
        .group_by(_entry.stream)
    ):
        name = names[number]
        if name != LEDGER_STREAM and (projects is None or name in projects):
            starts[name] = first
    for name, number in [(name, number) for number, name in names.items() if name in starts]:
        earlier = first_of_landings(connection, name, number, start, end)
        if earlier is not None:
            starts[name] = min(starts[name], stream_index(connection, number, earlier))
    for name, at in firsts_of_releases(connection, names, sorted(starts), start, end):
        if projects is None or name in projects:
            starts[name] = min(at, starts.get(name, at))
    cut = _cut(connection, BundleSubject(period=Period(start, end)), starts, end, checkpoint)
    period = BundleSubject(period=Period(min(start, cut.position), min(end, cut.position)))
    return Cut(cut.ledger, cut.position, period, cut.streams, cut.linked, cut.indexes, cut.checkpoint)


def _end(position: int | None, checkpoint: StoredCheckpoint) -> int:
    if position is None:
        return checkpoint.size
    if not 1 <= position <= checkpoint.size:
        raise ConflictError(
            "bad-position",
            "the position is not covered by a signed checkpoint",
            details={"position": position, "size": checkpoint.size},
        )
    return position


def _cut(
    connection: Connection,
    subject: BundleSubject,
    starts: dict[str, int],
    end: int,
    checkpoint: StoredCheckpoint,
) -> Cut:
    numbers = {name: number for number, name in stream_names(connection).items()}
    streams: list[StreamRange] = []
    indexes: list[int] = []
    for name in (LEDGER_STREAM, *sorted(starts)):
        start = starts.get(name, 0)
        found = [
            idx
            for (idx,) in connection.execute(
                select(_entry.idx)
                .where(_entry.stream == numbers[name], _entry.stream_index >= start, _entry.idx < end)
                .order_by(_entry.stream_index)
            )
        ]
        if found:
            streams.append(StreamRange(start, name, start + len(found)))
            indexes += found
    inside = set(indexes)
    linked = sorted(_linked(connection, indexes) - inside)
    ledger = connection.execute(select(schema.head.c.ledger)).scalar_one()
    return Cut(
        ledger=from_raw(bytes(ledger)),
        position=max(indexes) + 1,
        subject=subject,
        streams=tuple(streams),
        linked=tuple(linked),
        indexes=tuple(sorted(inside.union(linked))),
        checkpoint=checkpoint,
    )


def _linked(connection: Connection, indexes: Sequence[int]) -> set[int]:
    """What entries refer to, and what their contents are compared with: the landing before, and the runs on it."""
    digests: dict[bytes, None] = {}
    compared: dict[str, set[str]] = {}
    released: dict[str, set[bytes]] = {}
    for some in chunks(indexes):
        for (payload,) in connection.execute(select(_entry.payload).where(_entry.idx.in_(some))):
            event = read_payload(bytes(payload))
            if isinstance(event, Event):
                digests.update(dict.fromkeys(raw(digest) for digest, _ in references(event)))
                if event.context.project is not None:
                    compared.setdefault(event.context.project, set()).update(_compared_with(event))
                if isinstance(event.body, Release) and event.context.project is not None:
                    artifacts = {raw(artifact.sha256) for artifact in event.body.artifacts}
                    released.setdefault(event.context.project, set()).update(artifacts)
    found: set[int] = set()
    for some_digests in chunks(list(digests)):
        found.update(
            idx for (idx,) in connection.execute(select(_entry.idx).where(_entry.envelope_digest.in_(some_digests)))
        )
    for project, commits in compared.items():
        found.update(idx for idx in landed_with_runs(connection, project, commits) if idx < max(indexes))
    for project, artifacts in released.items():
        found.update(idx for idx in builds_of(connection, project, artifacts) if idx < max(indexes))
    return found


def _compared_with(event: Event) -> tuple[str, ...]:
    match event.body:
        case Diff(base=base):
            return (base,)
        case Merge(parents=parents):
            return parents[:1]
        case _:
            return ()
