"""Which commits lie between two: release ranges, merge bases and pushes, never from a history that is cut off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from ledger.capture.commits import parents_of, read_commits
from ledger.capture.git import deepen, read_view, shallow_boundary, shallow_error
from ledger.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.capture.git import Repository

_Answer = TypeVar("_Answer")

_DEEPEN_STEPS: Final = (100, 1000, None)


@dataclass(frozen=True, slots=True)
class MergeBase:
    """Where two lines of history part."""

    commit: str
    """The best common ancestor; of several the one committed last, then the smallest id."""
    others: tuple[str, ...]
    """The other best common ancestors, ascending; not empty only in a criss-cross history."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one update of a reference brought."""

    before: str | None
    """Commit the reference pointed at; None for a new reference."""
    after: str
    """Commit it points at now."""
    commits: tuple[str, ...]
    """Every commit that is new on the reference, parents first."""
    mainline: tuple[str, ...]
    """Those of them reached from ``after`` by first parents alone, oldest first."""
    dropped: tuple[str, ...]
    """Commits the reference no longer reaches, parents first; not empty after a forced update."""


def commit_range(
    repository: Repository, commit: str, *, previous: str | None, path: str | None = None
) -> tuple[str, ...]:
    """Ids of the commits that ``commit`` reaches and ``previous`` does not, parents first; those that touch ``path``.

    ``previous`` None takes everything up to the roots. A merge counts as touching ``path`` if it differs there
    from a parent; no side branch is left out.

    Raises:
        UnavailableError: ``git-shallow`` where the clone cannot tell.
        NotFoundError: ``git-object-missing``.
    """
    _require_present(repository, (commit,) if previous is None else (commit, previous))
    _require_complete(repository, previous, (commit,))
    exclude = () if previous is None else (previous,)
    # Without --full-history git leaves out side branches whose outcome another branch already had.
    scope = () if path is None else ("--full-history", "--", path)
    return _listed(repository, commit, exclude=exclude, scope=scope)


def merge_base(repository: Repository, one: str, other: str) -> MergeBase:
    """The best common ancestor of two commits.

    Raises:
        NotFoundError: ``git-no-merge-base`` where the histories share nothing, ``git-object-missing``.
        UnavailableError: ``git-shallow``.
    """
    _require_present(repository, (one, other))
    code, said = read_view(repository, "merge-base", "--all", one, other, accepted=(0, 1))
    found = said.decode("ascii").split() if code == 0 else []
    if not found:
        if shallow_boundary(repository):
            raise shallow_error(repository)
        raise NotFoundError("git-no-merge-base", "the two commits have no common ancestor")
    by_id = sorted(found)
    if len(found) > 1:
        committed = {commit.id: _instant(commit.committer.at) for commit in read_commits(repository, by_id)}
        by_id.sort(key=committed.__getitem__, reverse=True)
    best = by_id[0]
    _require_complete(repository, best, (one, other))
    return MergeBase(best, tuple(sorted(by_id[1:])))


def read_push(repository: Repository, before: str, after: str, *, known: Iterable[str] = ()) -> Push:
    """What the update of a reference from ``before`` to ``after`` brought; a zero ``before`` is a new reference.

    ``known`` are commits of other references that count as already there; they matter for a new reference only.

    Raises:
        NotFoundError: ``git-object-missing``, also where a forced update's old commit was never fetched.
        UnavailableError: ``git-shallow``.
    """
    old = None if before == repository.zero_id else before
    if old is None:
        others = tuple(known)
        _require_present(repository, (after, *others))
        if shallow_boundary(repository):
            raise shallow_error(repository)
        new = _listed(repository, after, exclude=others)
        return Push(None, after, new, _mainline(repository, after, frozenset(new)), ())
    new = commit_range(repository, after, previous=old)
    dropped = commit_range(repository, old, previous=after)
    return Push(old, after, new, _mainline(repository, after, frozenset(new)), dropped)


def is_ancestor(repository: Repository, ancestor: str, commit: str) -> bool:
    """Whether ``commit`` reaches ``ancestor`` in this clone, or is it."""
    return read_view(repository, "merge-base", "--is-ancestor", ancestor, commit, accepted=(0, 1))[0] == 0


def with_history(
    repository: Repository, answer: Callable[[], _Answer], *, fetch: bool, remote: str = "origin"
) -> _Answer:
    """What ``answer`` returns, asked again with more history each time the clone turns out to be too shallow.

    Raises:
        UnavailableError: ``git-shallow`` where ``fetch`` is false or the remote has no more either.
    """
    for step in _DEEPEN_STEPS:
        try:
            return answer()
        except UnavailableError as error:
            if error.slug != "git-shallow" or not fetch:
                raise
        except NotFoundError as error:
            # A commit beyond the cut looks like one that never was.
            if error.slug != "git-object-missing" or not fetch or not shallow_boundary(repository):
                raise
        deepen(repository, allowed=fetch, commits=step, remote=remote)
    return answer()


def _require_complete(repository: Repository, base: str | None, tips: tuple[str, ...]) -> None:
    """None if what lies between ``base`` and ``tips`` is surely all there is, else raises ``git-shallow``.

    A cut-off history does not only hide commits; it also makes old commits look new, when the path by which the base
    reaches them is cut. A commit that descends from the base cannot be one of those, so in a shallow clone everything
    between must descend from it, and nothing between may be a boundary.
    """
    boundary = shallow_boundary(repository)
    if not boundary:
        return
    if base is None:
        raise shallow_error(repository)
    between = set[str]()
    for tip in tips:
        descendants = set(_listed(repository, tip, exclude=(base,), options=("--ancestry-path",)))
        reached = set(_listed(repository, tip, exclude=(base,)))
        if descendants != reached:
            raise shallow_error(repository)
        between |= reached
    if between & boundary:
        raise shallow_error(repository)


def _require_present(repository: Repository, commits: tuple[str, ...]) -> None:
    for commit in commits:
        repository.objects.read(commit, "commit")


def _listed(
    repository: Repository,
    tip: str,
    *,
    exclude: tuple[str, ...],
    options: tuple[str, ...] = (),
    scope: tuple[str, ...] = (),
) -> tuple[str, ...]:
    words = ("rev-list", "--topo-order", "--reverse", *options, tip, "--stdin", *scope)
    excluded = "".join(f"^{commit}\n" for commit in exclude).encode("ascii")
    return tuple(read_view(repository, *words, stdin=excluded)[1].decode("ascii").split())


def _mainline(repository: Repository, tip: str, new: frozenset[str]) -> tuple[str, ...]:
    chain: list[str] = []
    commit: str | None = tip
    while commit is not None and commit in new:
        chain.append(commit)
        commit = next(iter(parents_of(repository, commit)), None)
    return tuple(reversed(chain))


def _instant(at: str | None) -> float:
    return datetime.fromisoformat(at).timestamp() if at else 0.0
