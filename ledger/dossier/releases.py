"""One release: where each of its commits belongs, and what landed that it does not name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.facts import CommitFact, CommitPlace, Landing, SourceFacts
from ledger.dossier.landings import landings_of
from ledger.dossier.reading import Entries, by_index, read_commits, read_manifest
from ledger.events.work import Merge, Release, Source
from ledger.records import Absent, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.manifest import Manifest


@dataclass(frozen=True, slots=True)
class PlacedSource:
    """A source with its commits in their places."""

    facts: SourceFacts
    places: tuple[CommitPlace, ...]
    landings: tuple[tuple[str, Landing], ...]
    """Change ids with the landings that brought commits of this source, ascending by entry index."""


def place_source(entries: Entries, record: Record, release: Release, number: int) -> PlacedSource:
    """The source ``number`` of a release, with the change of each of its commits."""
    source = release.sources[number]
    commits = read_commits(entries, record, source.commits)
    listed = () if isinstance(commits, Absent) else commits
    by_change = landings_of(entries, source.project)
    every = sorted(
        ((change, landing) for change, landings in by_change.items() for landing in landings),
        key=lambda item: item[1].record.index,
    )
    ids = {commit.id for commit in listed}
    # Another landing, on another branch say, may hold one of the commits too; the one whose tip is listed goes first.
    brought: dict[str, tuple[str | None, Landing]] = {}
    for change, landing in sorted(every, key=lambda item: item[1].merge.commit not in ids):
        for commit in _commits_of(landing):
            brought.setdefault(commit, (change, landing))
    places = tuple(_place(commit, number, brought.get(commit.id)) for commit in listed)
    concerned = {landing.record.index for _, landing in (brought[item] for item in ids if item in brought)}
    previous = _previous_release(entries, record, release, source)
    landings = [landing for _, landing in every if landing.record.index < record.index]
    after = _landed_at(landings, source.previous, previous)
    earlier = [item for item in _earlier(entries, record) if _same_part(item.source, source)]
    before = {commit for item in earlier for commit in _listed_in(entries, item)}
    known = ids | before | {source.previous, _declared_start(entries, source)}
    open_parents = {parent for commit in listed for parent in commit.parents} - known
    return PlacedSource(
        SourceFacts(
            source=source,
            project_name=entries.people.project_name(source.project),
            commits=commits,
            previous_release=previous,
            open_parents=tuple(sorted(open_parents)),
            omitted=tuple(
                landing.record
                for landing in landings
                if landing.record.index > after.index
                and open_parents & _commits_of(landing)
                and (source.path is None or _touches(read_manifest(entries, landing.record), source.path))
            ),
            unread=_unread(entries, source, landings, after, earlier),
            breaks_off_at=_end_of_line(source, commits, known),
            landed_outside=tuple(
                landing.record
                for landing in landings
                if ids and landing.record.index > after.index and not ids & _commits_of(landing)
            ),
        ),
        places,
        tuple(
            (change, landing) for change, landing in every if change is not None and landing.record.index in concerned
        ),
    )


def runs_of_release(entries: Entries, record: Record, release: Release) -> tuple[Record, ...]:
    """Runs on the commit at which a source of the release ends, on its tree, or about the release, by index.

    The tree is that of the source's commit list and of what landed as that commit. Only the projects of the release
    count: a name such as ``shop@1.0`` is free for any other.
    """
    found: list[Record] = []
    name = f"{release.product}@{release.version}"
    for project in {record.event.context.project, *(source.project for source in release.sources)}:
        if project is not None:
            found += entries.release_runs[project, name]
    for source in release.sources:
        found += entries.runs_at[source.project, source.commit]
    for project, tree in release_trees(entries, record, release):
        found += entries.runs_on[project, tree]
    return by_index(found)


def release_trees(entries: Entries, record: Record, release: Release) -> tuple[tuple[str, str], ...]:
    """Project and tree of each commit at which a source of the release ends, as far as they are known."""
    return tuple(
        (source.project, tree) for source in release.sources for tree in sorted(_trees_of(entries, record, source))
    )


def _trees_of(entries: Entries, record: Record, source: Source) -> set[str]:
    commits = read_commits(entries, record, source.commits)
    listed = () if isinstance(commits, Absent) else commits
    trees = {commit.tree for commit in listed if commit.id == source.commit}
    bodies = (item.event.body for item in entries.merges[source.project])
    return trees | {body.tree for body in bodies if isinstance(body, Merge) and body.commit == source.commit}


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A source of an earlier release."""

    record: Record
    release: Release
    source: Source


@dataclass(frozen=True, slots=True)
class _After:
    """Where landings begin to be new to a release."""

    index: int
    """That of the landing of the previous commit; -1 for all."""
    certain: bool
    """Whether it rests on digests in events alone, so that no erased commit list could move it."""


def _commits_of(landing: Landing) -> set[str]:
    listed = () if isinstance(landing.commits, Absent) else landing.commits
    return {landing.merge.commit, *(commit.id for commit in listed)}


def _place(commit: CommitFact, number: int, brought: tuple[str | None, Landing] | None) -> CommitPlace:
    if brought is None:
        return CommitPlace(commit, number, None, None)
    change, landing = brought
    return CommitPlace(commit, number, change, landing.record if change is None else None)


def _earlier(entries: Entries, record: Record) -> list[_Earlier]:
    """Sources of earlier releases, the latest release first."""
    return [
        _Earlier(item, item.event.body, source)
        for item in reversed(entries.releases)
        if item.index < record.index and isinstance(item.event.body, Release)
        for source in item.event.body.sources
    ]


def _declared_start(entries: Entries, source: Source) -> str | None:
    """The last commit that the project's declaration leaves before the ledger; None: all of its history counts."""
    project = entries.records.roster.projects.get(source.project)
    return None if project is None else project.start


def _end_of_line(source: Source, commits: tuple[CommitFact, ...] | Absent, known: set[str | None]) -> str | None:
    """Where first parents lead out of the list to a commit that is not known; None: nowhere, or it cannot be told.

    Only the line of first parents: a side branch may well have begun at a commit older than the ledger.
    """
    if isinstance(commits, Absent) or source.path is not None:
        return None
    listed = {commit.id: commit for commit in commits}
    at = source.commit
    while (commit := listed.pop(at, None)) is not None:
        if not commit.parents:
            return None
        at = commit.parents[0]
    return None if at in known else at


def _same_part(one: Source, other: Source) -> bool:
    return (one.project, one.path) == (other.project, other.path)


def _previous_release(entries: Entries, record: Record, release: Release, source: Source) -> Record | None:
    return next(
        (
            item.record
            for item in _earlier(entries, record)
            if item.release.product == release.product
            and _same_part(item.source, source)
            and item.source.commit == source.previous
        ),
        None,
    )


def _listed_in(entries: Entries, earlier: _Earlier) -> set[str]:
    listed = read_commits(entries, earlier.record, earlier.source.commits)
    return {earlier.source.commit, *(() if isinstance(listed, Absent) else (commit.id for commit in listed))}


def _landed_at(landings: Sequence[Landing], previous: str | None, release: Record | None) -> _After:
    if previous is None:
        return _After(-1, certain=True)
    for landing in landings:
        if landing.merge.commit == previous:
            return _After(landing.record.index, certain=True)
    for landing in landings:
        if previous in _commits_of(landing):
            return _After(landing.record.index, certain=False)
    return _After(-1 if release is None else release.index, certain=False)


def _unread(
    entries: Entries, source: Source, landings: Sequence[Landing], after: _After, earlier: Sequence[_Earlier]
) -> tuple[Record, ...]:
    found = [
        landing.record
        for landing in landings
        if (landing.record.index > after.index or not after.certain)
        and (
            isinstance(landing.commits, Absent)
            or (source.path is not None and isinstance(read_manifest(entries, landing.record), Absent))
        )
    ]
    found += [
        item.record for item in earlier if isinstance(read_commits(entries, item.record, item.source.commits), Absent)
    ]
    return by_index(found)


def _touches(manifest: Manifest | Absent, path: str) -> bool:
    folder = path.rstrip("/").encode()
    return not isinstance(manifest, Absent) and any(
        entry.path == folder or entry.path.startswith(folder + b"/") for entry in manifest.entries
    )
