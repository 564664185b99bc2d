"""What a clone holds of a protected ref, for comparison with what the ledger tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.capture.git import resolve_commit
from ledger.capture.history import commit_range, is_ancestor
from ledger.errors import NotFoundError
from ledger.reconciling import ClonedRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.capture.git import Repository

_BRANCH: Final = "refs/heads/"


def ref_head(repository: Repository, ref: str, remote: str = "origin") -> str | None:
    """The commit that ``ref`` of the repository's origin points at, as this clone last saw it; None: it has none.

    What was fetched from the remote comes before a branch of the clone's own, which is somebody's work.
    """
    names = [ref]
    if ref.startswith(_BRANCH):
        names.insert(0, f"refs/remotes/{remote}/{ref.removeprefix(_BRANCH)}")
    for name in names:
        try:
            return resolve_commit(repository, name)
        except NotFoundError:
            continue
    return None


def read_ref(
    repository: Repository, ref: str, *, start: str | None, head: str | None, told: Iterable[str]
) -> ClonedRef:
    """What the clone holds of ``ref`` from ``start`` (exclusive; None: its roots) to ``head``.

    ``told`` are the commits that the ledger tells of the ref.

    Raises:
        NotFoundError: ``git-object-missing``: the clone does not have ``start`` or ``head``.
        UnavailableError: ``git-shallow``: the clone cannot tell.
    """
    if head is None:
        return ClonedRef(ref, start, None, (), frozenset())
    commits = commit_range(repository, head, previous=start)
    beyond = sorted(set(told) - set(commits))
    before = frozenset() if start is None else frozenset(item for item in beyond if _reaches(repository, item, start))
    return ClonedRef(ref, start, head, commits, before)


def _reaches(repository: Repository, commit: str, start: str) -> bool:
    try:
        return is_ancestor(repository, resolve_commit(repository, commit), start)
    except NotFoundError:
        return False
