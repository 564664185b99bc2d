"""The commit that last wrote a line of a file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from ledger.capture.commits import tree_of
from ledger.capture.git import read_view, resolve_commit, shallow_boundary, shallow_error
from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.capture.git import Repository

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Larger files are not compared line by line."""

_CHECK: Final = "Check the number: lines count from 1."


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """Where a line of a file comes from."""

    commit: str
    """Commit that gave the line its present text."""
    path: bytes
    """Path of the file in that commit; another one if the file was renamed since."""
    line: int
    """Number of the line in that commit, from 1."""


def blame_line(repository: Repository, path: bytes, line: int, *, revision: str = "HEAD") -> LineOrigin:
    """The origin of a line (from 1) of the file at ``path`` (from the root) as of ``revision``.

    Raises:
        NotFoundError: ``git-no-such-line`` where the revision has no such file or line, or as ``git.resolve``.
        UnavailableError: ``git-shallow`` where the origin may lie beyond the cut.
    """
    commit = resolve_commit(repository, revision)
    if line < 1 or line > _count_lines(_content(repository, commit, path)):
        raise NotFoundError(
            "git-no-such-line",
            "the revision has no such line in this file",
            details={"file": os.fsdecode(path), "line": line},
            remedy=_CHECK,
        )
    _code, said = read_view(repository, "blame", "--porcelain", "-L", f"{line},{line}", commit, "--", os.fsdecode(path))
    header, *rest = said.split(b"\n")
    origin, number = header.split()[:2]
    if origin.decode("ascii") in shallow_boundary(repository):
        raise shallow_error(repository)
    # No line of a file can be mistaken for this header: the file's own text starts with a tab.
    name = next(field for field in rest if field.startswith(b"filename ")).removeprefix(b"filename ")
    return LineOrigin(origin.decode("ascii"), _unquoted(name), int(number))


def committed_line(repository: Repository, file: Path, line: int, *, revision: str = "HEAD") -> tuple[bytes, int]:
    """Path from the root, and number in ``revision``, of a line (from 1) of a file in the working tree.

    Differences of line ends do not count.

    Raises:
        NotFoundError: ``git-no-such-line`` where the line was changed or added since, or is in no file of the
            revision.
    """
    path = os.fsencode(os.path.relpath(os.path.realpath(file), repository.root))
    if path.startswith(b"../") or not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
        raise NotFoundError(
            "git-no-such-line",
            "not a readable file inside the working tree",
            details={"file": str(file)},
            remedy="Check the path; it is of a file in the clone that --repo names, else in this folder.",
        )
    now = _lines(file.read_bytes())
    then = _lines(_content(repository, resolve_commit(repository, revision), path))
    if not 1 <= line <= len(now):
        raise NotFoundError(
            "git-no-such-line",
            "the file has no such line",
            details={"file": str(file), "lines": len(now), "line": line},
            remedy=_CHECK,
        )
    number = _same_line(then, now, line - 1)
    if number is None:
        raise NotFoundError(
            "git-no-such-line",
            "the line is not committed in this form yet",
            details={"file": str(file), "line": line},
            remedy="Commit it, or name a line of the committed file.",
        )
    return path, number + 1


def _same_line(then: list[bytes], now: list[bytes], at: int) -> int | None:
    """Index in ``then`` of the line at index ``at`` of ``now``; None if it is not among the lines kept."""
    same = 0
    while same < min(len(then), len(now)) and then[same] == now[same]:
        same += 1
    if at < same:
        return at
    tail = 0
    while tail < min(len(then), len(now)) - same and then[-1 - tail] == now[-1 - tail]:
        tail += 1
    if at >= len(now) - tail:
        return at - len(now) + len(then)
    middle = SequenceMatcher(None, then[same : len(then) - tail], now[same : len(now) - tail])
    for block in middle.get_matching_blocks():
        if block.b <= at - same < block.b + block.size:
            return block.a + at - block.b
    return None


def _content(repository: Repository, commit: str, path: bytes) -> bytes:
    words = ("ls-tree", "-z", "--full-tree", tree_of(repository, commit), "--", os.fsdecode(path))
    found = re.match(rb"100[0-7]{3} blob ([0-9a-f]+)\t", read_view(repository, *words)[1])
    if found is None:
        raise NotFoundError(
            "git-no-such-line",
            "the revision has no file at this path",
            details={"file": os.fsdecode(path)},
            remedy="Commit the file, or check its path.",
        )
    return repository.objects.read(found[1].decode("ascii"), "blob")


def _lines(data: bytes) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in data.split(b"\n")]


def _count_lines(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def _unquoted(name: bytes) -> bytes:
    """A path as git's porcelain writes it: as it is, or in quotes with C escapes."""
    if not (name.startswith(b'"') and name.endswith(b'"')):
        return name
    simple = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

    def plain(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8)]) if escape.isdigit() else simple.get(escape, escape)

    return re.sub(rb"\\([0-7]{3}|.)", plain, name[1:-1], flags=re.DOTALL)
