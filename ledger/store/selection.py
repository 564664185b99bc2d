"""Which entries a bundle holds: streams with their ranges at a position, and what these refer to (design §5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from ledger.bundle import BundleSubject, Period, StreamRange
from ledger.canonical import parse
from ledger.digests import Digest, from_raw, raw
from ledger.entry import LEDGER_STREAM
from ledger.errors import ConflictError, FormatError, LedgerError, NotFoundError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.events.statement import Event, read_payload, references
from ledger.events.work import Diff, Merge, Release
from ledger.store import schema
from ledger.store.contents import content_bytes
from ledger.store.entries import entry_where, has_envelope, stream_names
from ledger.store.nodes import chunks
from ledger.store.placing import held_sizes
from ledger.store.projection import Facet, change_value, text_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from ledger.events.context import ContentRef
    from ledger.events.work import Source
    from ledger.store.checkpoints import StoredCheckpoint

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)

_entry = schema.entry.c
_trace = schema.trace.c


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
    event = _event_of(connection, found.index)
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
        first = _first_of_source(connection, event.body, source, event.context.content(source.commits), found.index)
        if first is not None:
            at = _stream_index(connection, numbers[source.project], first)
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
    digests: dict[bytes, None] = {}
    for some in chunks(indexes):
        for (payload,) in connection.execute(select(_entry.payload).where(_entry.idx.in_(some))):
            event = read_payload(bytes(payload))
            if isinstance(event, Event):
                digests.update(dict.fromkeys(raw(digest) for digest, _ in references(event)))
    found: set[int] = set()
    for some_digests in chunks(list(digests)):
        found.update(
            idx for (idx,) in connection.execute(select(_entry.idx).where(_entry.envelope_digest.in_(some_digests)))
        )
    return found


def _event_of(connection: Connection, index: int) -> Event:
    payload = connection.execute(select(_entry.payload).where(_entry.idx == index)).scalar_one()
    event = read_payload(bytes(payload))
    if not isinstance(event, Event):
        raise FormatError("unknown-kind", "an event of a kind or version that this server does not know")
    return event


def _stream_index(connection: Connection, number: int, first: int) -> int:
    """The stream index of the first entry of a stream at or after the index ``first``."""
    return int(
        connection.execute(
            select(_entry.stream_index)
            .where(_entry.stream == number, _entry.idx >= first)
            .order_by(_entry.stream_index)
            .limit(1)
        ).scalar_one()
    )


def _first_of_source(
    connection: Connection, release: Release, source: Source, listed: ContentRef | None, index: int
) -> int | None:
    previous = _previous_release(connection, release, source, index)
    commits = _commit_ids(connection, listed)
    found = [] if previous is None else [previous]
    found += _on_commit(connection, source.project, source.commit)
    included: set[str] = set()
    for index_of_landing, changes in _included_landings(connection, source.project, commits, previous):
        # A landing of no recorded change is evidence too: that nothing was recorded about it.
        found.append(index_of_landing)
        included.update(changes)
    for change in included:
        first = connection.execute(
            select(func.min(_trace.idx)).where(
                _trace.facet == int(Facet.CHANGE), _trace.value == change_value(source.project, change)
            )
        ).scalar()
        if first is not None:
            found.append(first)
    return min(found, default=None)


def _on_commit(connection: Connection, project: str, commit: str) -> list[int]:
    """Indexes of the project's entries that name the commit among their subjects: its landing, tests that ran on it."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == project)).scalar_one()
    named = select(_trace.idx).where(_trace.facet == int(Facet.COMMIT), _trace.value == bytes.fromhex(commit))
    of_project = select(_entry.idx).where(_entry.stream == number, _entry.idx.in_(named))
    return [int(idx) for (idx,) in connection.execute(of_project)]


def _previous_release(connection: Connection, release: Release, source: Source, index: int) -> int | None:
    """The index of the latest earlier release of the product whose source ended where this one begins."""
    if source.previous is None:
        return None
    kind, commit = schema.trace.alias(), schema.trace.alias()
    for (idx,) in connection.execute(
        select(commit.c.idx)
        .join(kind, kind.c.idx == commit.c.idx)
        .where(
            commit.c.facet == int(Facet.COMMIT),
            commit.c.value == bytes.fromhex(source.previous),
            commit.c.idx < index,
            kind.c.facet == int(Facet.KIND),
            kind.c.value == text_value(Release.KIND),
        )
        .order_by(commit.c.idx.desc())
    ).all():
        body = _event_of(connection, idx).body
        if (
            isinstance(body, Release)
            and body.product == release.product
            and any((item.project, item.commit) == (source.project, source.previous) for item in body.sources)
        ):
            return int(idx)
    return None


def _commit_ids(connection: Connection, listed: ContentRef | None) -> frozenset[str]:
    """The commits in a commit list (format §4.6); none if it is not held, or not of its shape."""
    if listed is None or not held_sizes(connection, [raw(listed.commitment)]):
        return frozenset()
    try:
        value = parse(content_bytes(connection, listed.commitment), max_bytes=MAX_CONTENT_BYTES)
    except LedgerError:
        return frozenset()
    commits = value.get("commits") if isinstance(value, dict) else None
    return frozenset(
        identifier
        for commit in (commits if isinstance(commits, list) else [])
        if isinstance(commit, dict) and isinstance(identifier := commit.get("id"), str)
    )


def _included_landings(
    connection: Connection, project: str, commits: frozenset[str], previous: int | None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Landings that brought commits of the release: index of the merge event, and the changes that it names."""
    for index in _merges(connection, project, commits, previous):
        event = _event_of(connection, index)
        body = event.body
        if not isinstance(body, Merge):
            continue
        # Of a landing that the release cuts in two, the tip is not in the list but other commits are.
        if body.commit not in commits and (
            body.commit_count == 1 or commits.isdisjoint(_commit_ids(connection, event.context.content("commits")))
        ):
            continue
        named = (event.context.about.change, _change_of_diff(connection, body))
        yield index, tuple(change for change in named if change is not None)


def _merges(connection: Connection, project: str, commits: frozenset[str], previous: int | None) -> list[int]:
    """Indexes of merges of ``project`` whose tip is one of ``commits``, and of all since the release before."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == project)).scalar_one()
    of_project = select(_entry.idx).where(_entry.stream == number, _entry.kind == Merge.KIND)
    indexes: set[int] = set()
    for some in chunks([bytes.fromhex(commit) for commit in commits if _OBJECT.fullmatch(commit)]):
        tips = select(_trace.idx).where(_trace.facet == int(Facet.COMMIT), _trace.value.in_(some))
        indexes.update(idx for (idx,) in connection.execute(of_project.where(_entry.idx.in_(tips))))
    if commits:
        since = select(_trace.idx).where(
            _trace.facet == int(Facet.KIND),
            _trace.value == text_value(Merge.KIND),
            _trace.idx > (-1 if previous is None else previous),
        )
        indexes.update(idx for (idx,) in connection.execute(of_project.where(_entry.idx.in_(since))))
    return sorted(indexes)


def _change_of_diff(connection: Connection, body: Merge) -> str | None:
    if body.diff is None:
        return None
    payload = connection.execute(select(_entry.payload).where(_entry.envelope_digest == raw(body.diff))).scalar()
    event = None if payload is None else read_payload(bytes(payload))
    return event.context.about.change if isinstance(event, Event) and isinstance(event.body, Diff) else None
