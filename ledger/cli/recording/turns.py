"""Which turn of its session a prompt is, counted on this machine, since hooks are not told."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

KEPT_SECONDS: Final = 90 * 24 * 3600


def next_turn(cache: Path, session: str) -> int:
    """The number of the next turn of ``session``, from 1; 1 where the folder cannot be written."""
    folder = cache / "recording" / "turns"
    path = folder / hashlib.sha256(session.encode()).hexdigest()[:32]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Appending one byte is atomic: two prompts at the same moment never get the same length.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, b".")
            turn = os.lseek(handle, 0, os.SEEK_CUR)
        finally:
            os.close(handle)
    except OSError:
        return 1
    if turn == 1:
        _forget(folder)
    return turn


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink()
