"""Which approved change landed with which commit, found by content and never by what a message says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.capture.changes import EMPTY_TREE, read_manifest, read_manifests
from ledger.capture.commits import parents_of, read_commit, tree_of
from ledger.capture.git import read_view, resolve_commit
from ledger.capture.history import commit_range, is_ancestor, read_push
from ledger.capture.merges import recompute_merge
from ledger.errors import NotFoundError, UnavailableError
from ledger.manifest import encode_manifest, manifest_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.capture.git import Repository
    from ledger.capture.history import Push
    from ledger.digests import Digest

Bound: TypeAlias = Literal["manifest", "tree", "recomputed", "none"]
"""How a landing was found to be a change: equal manifest; else equal result tree; else the merge, done again, gives
the landed tree; else not at all."""

Method: TypeAlias = Literal["merge", "squash", "rebase", "fast-forward", "push"]
"""How the commits came to be, as far as they show it; a hint for readers."""

LONGEST_RUN: Final = 250
"""Most commits of one mainline that are tried as one rebased change."""
LONGEST_UNKNOWN_RUN: Final = 30
"""The same for a change whose own commits the clone does not hold, so that their number is unknown."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A revision of a change that may have landed."""

    name: str
    """What the caller calls it; returned with the binding, not read."""
    manifest: Digest
    """Digest of its change manifest."""
    tree: str
    """Result tree that was recorded with it."""
    head: str
    """Its last commit; the clone need not hold it."""
    base: str
    """Commit of the target branch it was compared with; the clone need not hold it."""


@dataclass(frozen=True, slots=True)
class Landing:
    """One change, or one commit that is none, as it came onto a reference."""

    commit: str
    """Last commit of it on the mainline."""
    parent: str | None
    """Mainline commit before its first; None if that is a root commit."""
    commits: tuple[str, ...]
    """Every commit that came with it, side branches too, parents first."""
    tree: str
    """Object id of the landed tree."""
    manifest_bytes: bytes
    """Manifest from ``parent`` to ``commit``, in its one byte form."""
    manifest: Digest
    """Its digest."""
    bound: Bound
    candidate: Candidate | None
    """The change that landed; None exactly where ``bound`` is ``none``."""
    method: Method


def bind_commits(
    repository: Repository, parent: str | None, commit: str, candidates: Iterable[Candidate]
) -> tuple[Bound, Candidate | None]:
    """The candidate that landed between ``parent`` and ``commit``, and how that shows.

    Nothing is bound where nothing changed: an empty manifest equals every other, and the tree of an empty commit is
    that of the change before it. Pass the candidates that have not landed yet; a change applied a second time, after
    a revert, is otherwise found again.

    Raises:
        NotFoundError: ``git-object-missing`` for ``parent`` or ``commit``.
        FormatError: ``too-long``, ``bad-manifest``.
    """
    offered = tuple(candidates)
    before = _tree_at(repository, parent)
    landed = tree_of(repository, commit)
    if before == landed:
        return "none", None
    digest = manifest_digest(encode_manifest(read_manifest(repository, before, landed)))
    for candidate in offered:
        if candidate.manifest == digest:
            return "manifest", candidate
    for candidate in offered:
        if candidate.tree == landed:
            return "tree", candidate
    if parent is not None:
        for candidate in offered:
            if _recomputes(repository, parent, candidate, landed):
                return "recomputed", candidate
    return "none", None


def read_landings(
    repository: Repository,
    before: str,
    after: str,
    candidates: Iterable[Candidate],
    *,
    known: Iterable[str] = (),
) -> tuple[Landing, ...]:
    """The landings of one update of a reference, oldest first; together they hold every new commit.

    A merge or squash is one commit of the mainline, a rebased change a run of them. Each candidate lands once.

    Raises:
        as ``history.read_push`` and ``bind_commits``.
    """
    push = read_push(repository, before, after, known=known)
    mainline = push.mainline
    first = next(iter(parents_of(repository, mainline[0])), None) if mainline else None
    positions = (first, *mainline)
    offered = list(candidates)
    found: list[Landing] = []
    end = len(mainline)
    while end:
        start, bound, candidate = _newest(repository, positions, end, tuple(offered))
        if candidate is not None:
            offered.remove(candidate)
        found.append(_landing(repository, push, positions[start], mainline[end - 1], end - start, bound, candidate))
        end = start
    return tuple(reversed(found))


def _newest(
    repository: Repository, positions: tuple[str | None, ...], end: int, offered: tuple[Candidate, ...]
) -> tuple[int, Bound, Candidate | None]:
    """Where the newest landing starts, how it is bound and to what; ``positions`` are the parent and the mainline."""
    commit = positions[end]
    if commit is None:
        raise ValueError("a mainline holds commits only")
    bound, candidate = bind_commits(repository, positions[end - 1], commit, offered)
    if bound == "manifest":
        return end - 1, bound, candidate
    starts = {other: _starts(repository, other, end) for other in offered}
    digests = _run_digests(repository, positions, end, sorted({at for run in starts.values() for at in run}))
    for other in offered:
        for start in starts[other]:
            if digests.get(start) == other.manifest:
                return start, "manifest", other
    # The last commit of a rebased change, alone, also merges cleanly with the change's own head: so longer runs are
    # tried even where one commit seems to do, and the longest that fits wins.
    landed = tree_of(repository, commit)
    for other in offered if candidate is None else (candidate,):
        for start in starts[other]:
            before = positions[start]
            if before is not None and _recomputes(repository, before, other, landed):
                return start, "tree" if bound == "tree" else "recomputed", other
    return end - 1, bound, candidate


def _starts(repository: Repository, candidate: Candidate, end: int) -> tuple[int, ...]:
    """Positions at which a rebased ``candidate`` of several commits may start, the longest run first."""
    try:
        longest = min(LONGEST_RUN, len(commit_range(repository, candidate.head, previous=candidate.base)))
    except (NotFoundError, UnavailableError):
        # Heads of squashed and rebased changes are often deleted and never fetched.
        longest = LONGEST_UNKNOWN_RUN
    return tuple(range(max(0, end - longest), end - 1))


def _run_digests(
    repository: Repository, positions: tuple[str | None, ...], end: int, starts: list[int]
) -> dict[int, Digest]:
    """Manifest digest from each start to ``end``, without those between which nothing changed."""
    trees = {at: _tree_at(repository, positions[at]) for at in (*starts, end)}
    pairs = [(trees[at], trees[end]) for at in starts]
    found = zip(starts, read_manifests(repository, pairs), strict=True)
    return {at: manifest_digest(encode_manifest(manifest)) for at, manifest in found if manifest.entries}


def _tree_at(repository: Repository, commit: str | None) -> str:
    return EMPTY_TREE[repository.object_format] if commit is None else tree_of(repository, commit)


def _recomputes(repository: Repository, parent: str, candidate: Candidate, landed: str) -> bool:
    try:
        tree_of(repository, candidate.head)
        if is_ancestor(repository, candidate.head, parent):
            # Already merged: merging it again gives the parent's tree, whatever else the commit holds.
            return False
        return recompute_merge(repository, parent, candidate.head) == landed
    except NotFoundError:
        return False


def _landing(
    repository: Repository,
    push: Push,
    parent: str | None,
    commit: str,
    length: int,
    bound: Bound,
    candidate: Candidate | None,
) -> Landing:
    tree = tree_of(repository, commit)
    data = encode_manifest(read_manifest(repository, _tree_at(repository, parent), tree))
    new = frozenset(push.commits)
    return Landing(
        commit=commit,
        parent=parent,
        commits=tuple(each for each in commit_range(repository, commit, previous=parent) if each in new),
        tree=tree,
        manifest_bytes=data,
        manifest=manifest_digest(data),
        bound=bound,
        candidate=candidate,
        method=_method(repository, commit, length, candidate),
    )


def _method(repository: Repository, commit: str, length: int, candidate: Candidate | None) -> Method:
    if len(parents_of(repository, commit)) > 1:
        return "merge"
    if candidate is None:
        return "push"
    if candidate.head == commit:
        return "fast-forward"
    if length > 1:
        return "rebase"
    try:
        same_message = read_commit(repository, candidate.head).message == read_commit(repository, commit).message
    except NotFoundError:
        return "squash"
    return "rebase" if same_message else "squash"


def first_parent_landing(repository: Repository, commit: str, tip: str = "HEAD") -> str | None:
    """The commit of the first-parent line of ``tip`` with which ``commit`` arrived there; None if it never did.

    That commit is what a merge event names; the ones it brought stand in its commit list.

    Raises:
        NotFoundError: ``tip`` or ``commit`` is not in this clone.
    """
    end = resolve_commit(repository, tip)
    line = read_view(repository, "rev-list", "--first-parent", end)[1].decode("ascii").split()
    if commit in line:
        return commit
    reached_by = set(
        read_view(repository, "rev-list", "--ancestry-path", end, f"^{resolve_commit(repository, commit)}")[1]
        .decode("ascii")
        .split()
    )
    return next((landed for landed in reversed(line) if landed in reached_by), None)
