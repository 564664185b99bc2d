"""Objects of a git repository, read through one long-lived ``git cat-file --batch``, each checked against its id."""

from __future__ import annotations

import hashlib
import re
from typing import IO, TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.capture.gitrun import read_exactly, start
from ledger.errors import FormatError, NotFoundError, UnavailableError
from ledger.manifest import ID_DIGITS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence
    from typing import Self

    from ledger.manifest import ObjectFormat

ObjectKind: TypeAlias = Literal["blob", "commit", "tag", "tree"]

MAX_WHOLE_BYTES: Final = 32 * 1024 * 1024
"""Largest object that is held in memory at once: a commit, a tag, a text file. Blobs are digested in pieces."""

_REMEMBERED = 500_000
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)


def is_object_id(text: str, object_format: ObjectFormat) -> bool:
    """Whether ``text`` is a whole object id of that format, in lower case."""
    return len(text) == ID_DIGITS[object_format] and _HEX.fullmatch(text) is not None


class ObjectReader:
    """A running ``git cat-file --batch``, started at the first question and ended by ``close``.

    One process answers everything: a process per object would cost milliseconds each. Every object is hashed as it is
    read, since git does not do so itself and a damaged or forged object store would otherwise be believed.
    """

    __slots__ = ("_environment", "_format", "_process", "_sha256_of", "_words")

    def __init__(self, words: Sequence[str], environment: dict[str, str], object_format: ObjectFormat) -> None:
        self._words = [*words, "cat-file", "--batch"]
        self._environment = environment
        self._format: ObjectFormat = object_format
        self._process: subprocess.Popen[bytes] | None = None
        self._sha256_of: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def read(self, object_id: str, kind: ObjectKind) -> bytes:
        """The bytes of the object.

        Raises:
            NotFoundError: ``git-object-missing``.
            FormatError: ``git-object-kind``, ``git-object-too-large`` (over ``MAX_WHOLE_BYTES``) or
                ``git-object-corrupt``.
        """
        found, size, pieces = self._ask(object_id)
        if size > MAX_WHOLE_BYTES:
            self.close()
            raise FormatError(
                "git-object-too-large",
                f"a git {found} is too large to be read whole",
                details={"object": object_id, "size_bytes": size, "limit_bytes": MAX_WHOLE_BYTES},
            )
        data = b"".join(pieces)
        _require_kind(object_id, found, kind)
        return data

    def sha256(self, blob: str) -> str:
        """SHA-256 of a blob's content, 64 hexadecimal digits. The content is never whole in memory.

        Raises:
            NotFoundError: ``git-object-missing``.
            FormatError: ``git-object-kind`` or ``git-object-corrupt``.
        """
        known = self._sha256_of.get(blob)
        if known is not None:
            return known
        found, _size, pieces = self._ask(blob)
        state = hashlib.sha256()
        for piece in pieces:
            state.update(piece)
        _require_kind(blob, found, "blob")
        if len(self._sha256_of) >= _REMEMBERED:
            self._sha256_of.clear()
        return self._sha256_of.setdefault(blob, state.hexdigest())

    def close(self) -> None:
        """The process ended; a later question starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def _ask(self, object_id: str) -> tuple[str, int, Iterator[bytes]]:
        """Kind, size and pieces of an object; the pieces must be read to the end before the next question."""
        if not is_object_id(object_id, self._format):
            raise ValueError("not a whole object id of this repository's format")
        questions, answers = self._streams()
        try:
            questions.write(object_id.encode("ascii") + b"\n")
            questions.flush()
        except BrokenPipeError:
            self.close()
            raise UnavailableError("git-failed", "git cat-file ended early") from None
        header = answers.readline().split()
        if len(header) == 2 and header[1] == b"missing":
            raise NotFoundError(
                "git-object-missing",
                "the repository does not hold an object that its history names",
                details={"object": object_id},
                remedy="clone again without --filter and without --depth",
            )
        if len(header) != 3 or header[0].decode("ascii", "replace") != object_id or not header[2].isdigit():
            self.close()
            raise UnavailableError("git-failed", "git cat-file gave no object", details={"object": object_id})
        kind, size = header[1].decode("ascii"), int(header[2])
        return kind, size, self._pieces(answers, object_id, kind, size)

    def _pieces(self, answers: IO[bytes], object_id: str, kind: str, size: int) -> Iterator[bytes]:
        # object id = H(kind || " " || decimal size || 0x00 || content), H = SHA-1 or SHA-256 as the repository says
        state = hashlib.new(self._format, usedforsecurity=self._format == "sha256")
        state.update(f"{kind} {size}\0".encode("ascii"))
        for piece in read_exactly(answers, size):
            state.update(piece)
            yield piece
        answers.readline()
        if state.hexdigest() != object_id:
            self.close()
            raise FormatError(
                "git-object-corrupt",
                f"a git {kind} does not have the id it is stored under",
                details={"object": object_id, "computed": state.hexdigest()},
                remedy="run git fsck and clone again",
            )

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = start(self._words, environment=self._environment)
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process was started without pipes")
        return self._process.stdin, self._process.stdout


def _require_kind(object_id: str, found: str, kind: ObjectKind) -> None:
    if found != kind:
        raise FormatError(
            "git-object-kind", f"a git object is a {found} where a {kind} is named", details={"object": object_id}
        )
