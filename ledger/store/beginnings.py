"""Where what a bundle is about begins: the first entries of changes, landings and releases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from ledger.canonical import parse
from ledger.digests import raw
from ledger.errors import FormatError, LedgerError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.events.operation import Build
from ledger.events.statement import Event, read_payload
from ledger.events.work import Diff, Merge, Release, SuiteRun
from ledger.store import schema
from ledger.store.contents import content_bytes
from ledger.store.nodes import chunks
from ledger.store.placing import held_sizes
from ledger.store.projection import Facet, change_value, text_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ledger.events.context import ContentRef
    from ledger.events.work import Source

_OBJECT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)

_entry = schema.entry.c
_trace = schema.trace.c


def event_of(connection: Connection, index: int) -> Event:
    """The event of an entry.

    Raises:
        FormatError: ``unknown-kind``.
    """
    payload = connection.execute(select(_entry.payload).where(_entry.idx == index)).scalar_one()
    event = read_payload(bytes(payload))
    if not isinstance(event, Event):
        raise FormatError("unknown-kind", "an event of a kind or version that this server does not know")
    return event


def stream_index(connection: Connection, number: int, first: int) -> int:
    """The stream index of the first entry of a stream at or after the index ``first``."""
    return int(
        connection.execute(
            select(_entry.stream_index)
            .where(_entry.stream == number, _entry.idx >= first)
            .order_by(_entry.stream_index)
            .limit(1)
        ).scalar_one()
    )


def first_of_source(
    connection: Connection, release: Release, source: Source, listed: ContentRef | None, index: int
) -> int | None:
    """The index of the first entry that tells of what a source of a release holds; None if nothing does."""
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


def firsts_of_releases(
    connection: Connection, names: Mapping[int, str], projects: Sequence[str], start: int, end: int
) -> Iterator[tuple[str, int]]:
    """Where the cuts of the releases of the period would start: projects with stream indexes."""
    numbers = {name: number for number, name in names.items()}
    for name in projects:
        for index in _of_kind(connection, numbers[name], Release.KIND, start, end):
            event = event_of(connection, index)
            if not isinstance(event.body, Release):
                continue
            for source in event.body.sources:
                if source.project in numbers:
                    listed = event.context.content(source.commits)
                    first = first_of_source(connection, event.body, source, listed, index)
                    if first is not None:
                        yield source.project, stream_index(connection, numbers[source.project], first)


def _of_kind(connection: Connection, number: int, kind: str, start: int, end: int) -> list[int]:
    of_kind = select(_entry.idx).where(
        _entry.stream == number, _entry.kind == kind, _entry.idx >= start, _entry.idx < end
    )
    return [int(idx) for (idx,) in connection.execute(of_kind)]


def first_of_landings(connection: Connection, project: str, number: int, start: int, end: int) -> int | None:
    """The index of the first entry that tells of a change which landed in the period; None if none did."""
    changes: set[str] = set()
    for index in _of_kind(connection, number, Merge.KIND, start, end):
        event = event_of(connection, index)
        if isinstance(event.body, Merge):
            named = (event.context.about.change, _change_of_diff(connection, event.body))
            changes.update(change for change in named if change is not None)
            changes.update(_changes_of_content(connection, number, event.body))
    found = [first for change in sorted(changes) for first in _firsts_of_change(connection, project, number, change)]
    return min(found, default=None)


def _changes_of_content(connection: Connection, number: int, landed: Merge) -> Iterator[str]:
    """The changes of which a revision holds what landed, whatever the merge event says."""
    for facet, value in ((Facet.SHA256, raw(landed.manifest)), (Facet.TREE, bytes.fromhex(landed.tree))):
        holding = select(_trace.idx).where(_trace.facet == int(facet), _trace.value == value)
        of_project = select(_entry.idx).where(
            _entry.stream == number, _entry.kind == Diff.KIND, _entry.idx.in_(holding)
        )
        for (index,) in connection.execute(of_project).all():
            change = event_of(connection, index).context.about.change
            if change is not None:
                yield change


def _firsts_of_change(connection: Connection, project: str, number: int, change: str) -> Iterator[int]:
    """First indexes of what dossiers read of a change: about it, on its trees and heads, and its prompts."""
    about = select(_trace.idx).where(_trace.facet == int(Facet.CHANGE), _trace.value == change_value(project, change))
    values: set[tuple[Facet, bytes]] = {(Facet.CHANGE, change_value(project, change))}
    diffs = select(_entry.idx).where(_entry.stream == number, _entry.kind == Diff.KIND, _entry.idx.in_(about))
    for (index,) in connection.execute(diffs).all():
        body = event_of(connection, index).body
        if isinstance(body, Diff):
            values |= {(Facet.TREE, bytes.fromhex(body.tree)), (Facet.COMMIT, bytes.fromhex(body.head))}
            digests = [raw(bound.prompt) for bound in body.prompts]
            for some in chunks(digests):
                yield from (
                    idx
                    for (idx,) in connection.execute(
                        select(_entry.idx).where(_entry.stream == number, _entry.envelope_digest.in_(some))
                    )
                )
    for facet, value in sorted(values):
        named = select(_trace.idx).where(_trace.facet == int(facet), _trace.value == value)
        first = connection.execute(
            select(func.min(_entry.idx)).where(_entry.stream == number, _entry.idx.in_(named))
        ).scalar()
        if first is not None:
            yield int(first)


def _on_commit(connection: Connection, project: str, commit: str) -> list[int]:
    """Indexes of the project's entries that name the commit among their subjects: its landing, tests that ran on it."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == project)).scalar_one()
    named = select(_trace.idx).where(_trace.facet == int(Facet.COMMIT), _trace.value == bytes.fromhex(commit))
    of_project = select(_entry.idx).where(_entry.stream == number, _entry.idx.in_(named))
    return [int(idx) for (idx,) in connection.execute(of_project)]


def landed_with_runs(connection: Connection, project: str, commits: Iterable[str]) -> set[int]:
    """Indexes of a project's landings of ``commits``, of runs on these, and of runs on the trees that landed."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == project)).scalar_one()
    found: set[int] = set()
    trees: set[bytes] = set()
    for some in chunks([bytes.fromhex(commit) for commit in sorted(commits)]):
        named = select(_trace.idx).where(_trace.facet == int(Facet.COMMIT), _trace.value.in_(some))
        for index, kind in connection.execute(
            select(_entry.idx, _entry.kind).where(
                _entry.stream == number, _entry.kind.in_((Merge.KIND, SuiteRun.KIND)), _entry.idx.in_(named)
            )
        ).all():
            body = event_of(connection, index).body if kind == Merge.KIND else None
            # A merge is found by the heads that it merged as well.
            if isinstance(body, Merge) and bytes.fromhex(body.commit) in some:
                trees.add(bytes.fromhex(body.tree))
            if kind != Merge.KIND or (isinstance(body, Merge) and bytes.fromhex(body.commit) in some):
                found.add(int(index))
    for some in chunks(sorted(trees)):
        on_tree = select(_trace.idx).where(_trace.facet == int(Facet.TREE), _trace.value.in_(some))
        runs = select(_entry.idx).where(_entry.stream == number, _entry.kind == SuiteRun.KIND, _entry.idx.in_(on_tree))
        found.update(int(index) for (index,) in connection.execute(runs))
    return found


def builds_of(connection: Connection, project: str, artifacts: Iterable[bytes]) -> set[int]:
    """Indexes of a project's builds of any of ``artifacts`` (SHA-256 digests), of whatever commit."""
    number = connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == project)).scalar_one()
    found: set[int] = set()
    for some in chunks(sorted(artifacts)):
        named = select(_trace.idx).where(_trace.facet == int(Facet.SHA256), _trace.value.in_(some))
        builds = select(_entry.idx).where(_entry.stream == number, _entry.kind == Build.KIND, _entry.idx.in_(named))
        found.update(int(index) for (index,) in connection.execute(builds))
    return found


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
        body = event_of(connection, idx).body
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
        event = event_of(connection, index)
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
