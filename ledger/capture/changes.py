"""What a change changes: its manifest, trees and line counts, read from a repository (format §4.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ledger.capture.commits import parents_of, tree_of
from ledger.capture.git import read_view
from ledger.capture.history import commit_range, merge_base
from ledger.errors import FormatError
from ledger.manifest import ABSENT_MODE, SUBMODULE_MODE, Manifest, ManifestEntry, encode_manifest, manifest_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.capture.git import Repository
    from ledger.digests import Digest

EMPTY_TREE: Final = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
"""Object id of the tree without entries, by object format: the side before a root commit."""

# Only the comparison of trees entry by entry: nothing here depends on configuration, attributes or git's version.
_RAW: Final = (
    "diff-tree",
    "-r",
    "--raw",
    "-z",
    "--no-renames",
    "--no-abbrev",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=none",
)
_RECORD = re.compile(rb":([0-7]{6}) ([0-7]{6}) ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*\0([^\0]+)\0")
_PAIR = re.compile(rb"([0-9a-f]+) ([0-9a-f]+)\n")
_COUNT = re.compile(rb"(\d+)\t(\d+)\t")


@dataclass(frozen=True, slots=True)
class LineCounts:
    """How many lines differ, for a reader's feeling of size; nothing is bound to it."""

    added: int
    removed: int
    """Both by git's Myers comparison without rename detection; files that git takes for binary count nothing."""


@dataclass(frozen=True, slots=True)
class ChangeRead:
    """One revision of a change, as it stands in a clone."""

    base: str
    """Commit of the target branch that was named."""
    head: str
    """Last commit of the change."""
    merge_base: str
    """Best common ancestor of both; of several the one ``history.merge_base`` prefers."""
    other_merge_bases: tuple[str, ...]
    """The other best common ancestors; not empty only in a criss-cross history."""
    tree: str
    """Object id of the head's tree."""
    manifest: Manifest
    manifest_bytes: bytes
    """The manifest in its one byte form."""
    digest: Digest
    """The manifest's digest."""
    commits: tuple[str, ...]
    """Ids of the commits from the merge base to the head, parents first."""
    lines: LineCounts


def read_change(repository: Repository, base: str, head: str) -> ChangeRead:
    """The change that ``head`` makes to ``base`` (commit ids), compared from their merge base.

    Raises:
        NotFoundError: ``git-no-merge-base``, ``git-object-missing``.
        UnavailableError: ``git-shallow``.
        FormatError: ``too-long``, ``bad-manifest``, or an object that is damaged.
    """
    parted = merge_base(repository, base, head)
    old, new = tree_of(repository, parted.commit), tree_of(repository, head)
    manifest = read_manifest(repository, old, new)
    data = encode_manifest(manifest)
    return ChangeRead(
        base=base,
        head=head,
        merge_base=parted.commit,
        other_merge_bases=parted.others,
        tree=new,
        manifest=manifest,
        manifest_bytes=data,
        digest=manifest_digest(data),
        commits=commit_range(repository, head, previous=parted.commit),
        lines=line_counts(repository, old, new),
    )


def read_manifest(repository: Repository, old_tree: str, new_tree: str) -> Manifest:
    """What differs between two trees; raises as ``read_manifests``."""
    return next(read_manifests(repository, ((old_tree, new_tree),)))


def read_manifests(repository: Repository, pairs: Iterable[tuple[str, str]]) -> Iterator[Manifest]:
    """What differs between the trees of each pair, in the order of the pairs; one process for all of them.

    Raises:
        NotFoundError: ``git-object-missing``.
        FormatError: ``bad-manifest`` where a tree names a path twice, or an object that is damaged.
        UnavailableError: ``git-failed``.
    """
    for differences in _differences(repository, tuple(pairs)):
        entries = sorted((_entry(repository, *raw) for raw in differences), key=lambda entry: entry.path)
        for before, entry in pairwise(entries):
            if before.path == entry.path:
                raise FormatError("bad-manifest", "a tree of the repository names one path twice")
        yield Manifest(repository.object_format, tuple(entries))


def line_counts(repository: Repository, old_tree: str, new_tree: str) -> LineCounts:
    """Lines added and removed between two trees.

    Raises:
        UnavailableError: ``git-failed``.
    """
    numbers = ["--numstat" if word == "--raw" else word for word in _RAW]
    _code, said = read_view(repository, *numbers, "--diff-algorithm=myers", old_tree, new_tree)
    added = removed = 0
    for record in said.split(b"\0"):
        # A binary file has hyphens in place of numbers.
        if found := _COUNT.match(record):
            added += int(found[1])
            removed += int(found[2])
    return LineCounts(added, removed)


def tree_before(repository: Repository, commit: str) -> str:
    """Tree of the commit's first parent; the empty tree for a root commit."""
    parents = parents_of(repository, commit)
    return tree_of(repository, parents[0]) if parents else EMPTY_TREE[repository.object_format]


def _differences(
    repository: Repository, pairs: tuple[tuple[str, str], ...]
) -> Iterator[list[tuple[bytes, str, str, str, str]]]:
    """Per pair the (path, old mode, old id, new mode, new id) that git reports."""
    different = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
    questions = "".join(f"{old} {new}\n" for old, new in different).encode("ascii")
    said = read_view(repository, *_RAW, "--stdin", stdin=questions)[1] if different else b""
    found: dict[tuple[str, str], list[tuple[bytes, str, str, str, str]]] = {}
    at = 0
    current: list[tuple[bytes, str, str, str, str]] = []
    while at < len(said):
        if record := _RECORD.match(said, at):
            old_mode, new_mode, old_id, new_id, path = record.groups()
            current.append((path, _mode(old_mode), old_id.decode(), _mode(new_mode), new_id.decode()))
            at = record.end()
        elif header := _PAIR.match(said, at):
            current = found.setdefault((header[1].decode(), header[2].decode()), [])
            at = header.end()
        else:
            raise FormatError("git-bad-output", "git diff-tree wrote something else than differences")
    for pair in pairs:
        if pair in found:
            yield found[pair]
        elif pair[0] == pair[1]:
            yield []
        else:
            raise FormatError("git-bad-output", "git diff-tree left out a pair of trees")


def _entry(
    repository: Repository, path: bytes, old_mode: str, old_id: str, new_mode: str, new_id: str
) -> ManifestEntry:
    has_content = new_mode not in (ABSENT_MODE, SUBMODULE_MODE)
    sha256 = repository.objects.sha256(new_id) if has_content else None
    return ManifestEntry(path, old_mode, old_id, new_mode, new_id, sha256)


def _mode(octal: bytes) -> str:
    # Old trees hold modes such as 100664; versions of git differ in whether they show them as they check them out.
    number = int(octal, 8)
    if number & 0o170000 == 0o100000:
        return "100755" if number & 0o100 else "100644"
    return octal.decode("ascii")
