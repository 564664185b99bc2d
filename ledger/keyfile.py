"""Private keys as files of one line, readable by their owner alone. Errors hold paths and modes, no part of a key."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from ledger.errors import AuthorityError, ConflictError, FormatError, NotFoundError
from ledger.keys import SigningKey, format_private_key, parse_private_key

if TYPE_CHECKING:
    from pathlib import Path

MAX_KEY_FILE_BYTES: Final = 4_096


def read_key_file(path: Path) -> SigningKey:
    """The private key in the file at ``path``.

    Raises:
        NotFoundError: ``no-key-file``.
        AuthorityError: ``key-file-open`` where others than its owner may read or change it.
        FormatError: ``bad-key`` and the other faults of ``ledger.keys.parse_private_key``.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NotFoundError(
            "no-key-file",
            "the private key file cannot be opened",
            details={"path": str(path), "cause": type(error).__name__},
            remedy="Name another with --key, or make one: evidence key new",
        ) from None
    try:
        # What is judged is what is read: the file that was opened, not what its path names by now.
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise FormatError("bad-key", "a private key is a plain file", details={"path": str(path)})
        refuse_open_to_others(path, mode)
        data = os.read(handle, MAX_KEY_FILE_BYTES)
    finally:
        os.close(handle)
    return parse_private_key(data.decode("ascii", "replace"))


def refuse_open_to_others(path: Path, mode: int) -> None:
    """Nothing, if ``mode``, that of a private key's file as it was opened, leaves it to its owner alone.

    Raises:
        AuthorityError: ``key-file-open``.
    """
    if stat.S_IMODE(mode) & 0o077:
        raise AuthorityError(
            "key-file-open",
            "others than its owner may read or change the private key file",
            details={"path": str(path), "mode": f"{stat.S_IMODE(mode):04o}"},
            remedy=f"chmod 600 {path}",
        )


def write_key_file(path: Path, seed: bytes) -> SigningKey:
    """The key of ``seed``, after its new file at ``path`` (mode 0600) is on the disk.

    Raises:
        ConflictError: ``file-exists``; nothing is ever overwritten.
    """
    key = SigningKey(seed)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ConflictError(
            "file-exists",
            "a file of this name exists, and a private key is never overwritten",
            details={"path": str(path)},
            remedy="Choose another name: evidence key new --name NAME",
        ) from None
    with open(handle, "w", encoding="ascii") as file:  # noqa: PTH123 -- a descriptor, not a path
        file.write(format_private_key(seed))
        file.flush()
        os.fsync(file.fileno())
    return key
