"""What this machine has seen of a log: its latest checkpoint, so that a log which takes anything back is found out."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ledger.checkpoint import MAX_CHECKPOINT_BYTES
from ledger.digests import raw
from ledger.errors import ChainError, FormatError, SignatureError
from ledger.receipt import epoch_of, open_known_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger.anchor import Anchor
    from ledger.checkpoint import Checkpoint


class Memory:
    """The latest checkpoint of one ledger that this machine has checked; in a file, or for this process only."""

    def __init__(self, anchor: Anchor, folder: Path | None) -> None:
        self._anchor = anchor
        self._path = None if folder is None else folder / f"{raw(anchor.ledger).hex()[:16]}.checkpoint"
        self._note: bytes | None = None

    def latest(self) -> Checkpoint | None:
        """The latest checkpoint seen; None if there is none, or if its file is damaged."""
        note = self._note
        if self._path is not None:
            with suppress(OSError), self._path.open("rb") as file:
                note = file.read(MAX_CHECKPOINT_BYTES + 1)
        if note is None:
            return None
        try:
            return open_known_checkpoint(note, self._anchor)
        except (FormatError, SignatureError, ChainError):
            # A checkpoint that this log did not sign was never written here: the file is damaged, and proves nothing.
            return None

    def learn(self, checkpoint: Checkpoint, note: bytes, consistent: Callable[[Checkpoint, Checkpoint], None]) -> None:
        """Takes in a checkpoint whose signature was checked; ``consistent`` raises unless the second extends the first.

        A smaller one than the latest is no fault by itself, since servers sign one per commit group and publish one a
        second; but the log must be able to prove that both are of one tree.

        Raises:
            ChainError: the two are not of one tree, or the epoch went back.
        """
        with self._locked():
            seen = self.latest()
            if seen is not None:
                old, new = epoch_of(seen.origin, self._anchor), epoch_of(checkpoint.origin, self._anchor)
                if new < old:
                    raise ChainError("epoch-went-back", "the log signs under an origin it has left")
                # An epoch begins because a checkpoint store was lost; what went with it stands in the roster.
                if new == old:
                    smaller, larger = sorted((seen, checkpoint), key=lambda item: item.size)
                    if (smaller.size, smaller.root) != (larger.size, larger.root):
                        consistent(smaller, larger)
                    if checkpoint.size <= seen.size:
                        return
            self._keep(note)

    def _keep(self, note: bytes) -> None:
        self._note = note
        if self._path is None:
            return
        staged = self._path.with_suffix(f".{os.urandom(8).hex()}")
        with staged.open("xb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        staged.rename(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._path is None:
            yield
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
