"""A ledger's folder on the operator's machine: made once, never over anything, and taken back if founding fails."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ledger.errors import ConflictError, NotFoundError
from ledger.settings import ANCHOR_FILE, SETTINGS_FILE, LedgerSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.anchor import Anchor
    from ledger.keys import Signer
    from ledger.store import CheckpointSigner, Store

_SETTINGS: Final = """\
# Settings of this ledger's server; EVIDENCE_LEDGER_LISTEN, _DATABASE_URL and _CHECKPOINT_URL come before them.
listen = "127.0.0.1:8410"
"""


@contextmanager
def new_folder(directory: Path, urls: tuple[str, str] | None, log_key: str | None = None) -> Iterator[Path]:
    """The new folder with ``ledger.toml`` in it; whatever was made in it is removed again if the block fails.

    ``log_key`` is the setting of that name; None: the log key lies in a file.

    Raises:
        ConflictError: ``folder-not-empty``.
    """
    made = not directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise ConflictError(
            "folder-not-empty",
            "the folder holds something, and nothing is ever overwritten",
            details={"path": str(directory)},
            remedy="Choose a new folder.",
        )
    try:
        named = "" if urls is None else f"database_url = {_quoted(urls[0])}\ncheckpoint_url = {_quoted(urls[1])}\n"
        named += "" if log_key is None else f"log_key = {_quoted(log_key)}\n"
        write_new(directory / SETTINGS_FILE, (_SETTINGS + named).encode())
        # Ledgers are founded in clones, and `git add --all` must not publish the log's private key.
        write_new(directory / ".gitignore", b"*\n!.gitignore\n!ledger.pub\n")
        yield directory
    except BaseException:
        for path in directory.iterdir():
            path.unlink()
        if made:
            directory.rmdir()
        raise


def write_new(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Writes a file that must not exist yet, to the disk.

    Raises:
        ConflictError: ``file-exists``.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise ConflictError(
            "file-exists", "a file of this name exists, and nothing is ever overwritten", details={"path": str(path)}
        ) from None
    with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def folder_settings(directory: Path) -> LedgerSettings:
    """What ``ledger.toml`` of the folder says.

    Raises:
        NotFoundError: ``no-ledger-here``; FormatError: ``bad-settings``.
    """
    try:
        toml = (directory / SETTINGS_FILE).read_bytes()
    except OSError:
        raise NotFoundError(
            "no-ledger-here",
            "this folder holds no readable ledger.toml",
            details={"path": str(directory)},
            remedy='Name a ledger\'s folder, or found one: evidence init DIRECTORY --origin NAME --admin "NAME <MAIL>"',
        ) from None
    return read_settings(toml, directory.absolute(), os.environ)


def folder_anchor(directory: Path) -> Anchor:
    """The anchor of the ledger in the folder.

    Raises:
        NotFoundError: ``no-ledger-here``; FormatError: the file is damaged.
    """
    from ledger.anchor import parse_anchor

    try:
        return parse_anchor((directory / ANCHOR_FILE).read_text(encoding="ascii", errors="replace"))
    except OSError:
        raise NotFoundError(
            "no-ledger-here",
            "this folder holds no ledger.pub",
            details={"path": str(directory)},
            remedy="A ledger that several found begins with a plan; finish it: evidence init DIRECTORY --finish",
        ) from None


def folder_signer(directory: Path) -> CheckpointSigner:
    """What signs checkpoints with the log key of the folder.

    Raises:
        LedgerError: see ``ledger.signers.logkey.open_log_key``.
    """
    from ledger.signers.logkey import open_log_key

    told, public = folder_settings(directory).log_key, folder_anchor(directory).log_key
    return signer_of(open_log_key(told, directory, public, os.environ))


def signer_of(log_key: Signer) -> CheckpointSigner:
    """What signs checkpoints with ``log_key``."""
    from ledger.checkpoint import Checkpoint, sign_checkpoint

    def signed(checkpoint: Checkpoint) -> bytes:
        return sign_checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, log_key)

    return signed


def open_store(directory: Path, *, writing: bool = False) -> Store:
    """The store of the ledger in the folder, which must be the one that its ``ledger.pub`` names.

    Raises:
        UnavailableError: the databases cannot be used; ChainError: ``other-ledger``.
    """
    from ledger.store import Store

    found = folder_settings(directory)
    anchor = folder_anchor(directory)
    signer = folder_signer(directory) if writing else None
    return Store(found.database_url, found.checkpoint_url, signer=signer, ledger=anchor.ledger)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
