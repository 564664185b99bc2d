"""Merges done again: what git makes of two commits, and what a landed merge holds beyond that (rule CHG-02).

Squashed, rebased and picked commits have no second parent to merge again; how they hold an approved change is found in
``landing``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ledger.capture.changes import read_manifest
from ledger.capture.commits import parents_of, tree_of
from ledger.capture.git import read_view
from ledger.capture.history import merge_base
from ledger.errors import FormatError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from ledger.capture.git import Repository
    from ledger.manifest import Manifest

MergeOutcome: TypeAlias = Literal["clean", "conflict", "unrelated", "octopus", "no-merge"]
"""What doing a commit's merge again gave: a tree; conflicts; parents that share no history; or nothing to do again,
since the commit has more than two parents, or fewer."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Two commits merged without a working tree."""

    tree: str | None
    """The tree that git makes of them; None where they conflict."""
    conflicts: tuple[bytes, ...]
    """Paths that git leaves to a person, ascending; empty exactly where there is a tree."""


@dataclass(frozen=True, slots=True)
class RepeatedMerge:
    """The merge of one landed commit, done again."""

    outcome: MergeOutcome
    landed: str
    """Tree of the commit itself."""
    tree: str | None
    """Tree that git makes of its two parents; None unless ``clean``."""
    conflicts: tuple[bytes, ...]
    """Paths that somebody had to resolve, ascending; empty unless ``conflict``. Whoever resolved them contributed."""
    added: Manifest | None
    """What the landed tree holds beyond ``tree``: without entries, the merge added nothing. None unless ``clean``."""


def attempt_merge(repository: Repository, ours: str, theirs: str) -> Attempt:
    """What git makes of merging two commits that share history.

    No merge driver and no attribute takes part, so a conflict that such a one would have solved stays a conflict.

    Raises:
        UnavailableError: ``git-too-old`` before git 2.38; ``git-failed``, also for histories that share nothing.
    """
    words = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
    try:
        code, said = read_view(repository, *words, accepted=(0, 1))
    except UnavailableError as error:
        # 129: usage. Older versions know merge-tree without this option.
        if error.details.get("exit_code") != 129:
            raise
        raise UnavailableError(
            "git-too-old", "this git cannot merge without a working tree", remedy="install git 2.38 or later"
        ) from None
    tree, *paths = said.removesuffix(b"\0").split(b"\0")
    if code == 0:
        return Attempt(tree.decode("ascii"), ())
    found = tuple(sorted({path for path in paths if path}))
    if not found:
        raise FormatError("git-bad-output", "git merge-tree tells of conflicts and names none")
    return Attempt(None, found)


def recompute_merge(repository: Repository, ours: str, theirs: str) -> str | None:
    """Tree that git makes of merging two commits; None where they conflict. Raises as ``attempt_merge``."""
    return attempt_merge(repository, ours, theirs).tree


def repeat_merge(repository: Repository, commit: str) -> RepeatedMerge:
    """The merge that ``commit`` is, done again from its parents as they stand in the clone.

    A merge made with options, such as a preferred side, shows as one that added something.

    Raises:
        NotFoundError: ``git-object-missing``.
        UnavailableError: ``git-shallow`` where the clone is cut off between the parents and their common ancestor;
            ``git-too-old``, ``git-failed``.
        FormatError: an object that is damaged.
    """
    parents, landed = parents_of(repository, commit), tree_of(repository, commit)
    if len(parents) != 2:
        return RepeatedMerge("octopus" if len(parents) > 2 else "no-merge", landed, None, (), None)
    ours, theirs = parents
    try:
        merge_base(repository, ours, theirs)
    except NotFoundError as error:
        if error.slug != "git-no-merge-base":
            raise
        return RepeatedMerge("unrelated", landed, None, (), None)
    attempt = attempt_merge(repository, ours, theirs)
    if attempt.tree is None:
        return RepeatedMerge("conflict", landed, None, attempt.conflicts, None)
    return RepeatedMerge("clean", landed, attempt.tree, (), read_manifest(repository, attempt.tree, landed))
