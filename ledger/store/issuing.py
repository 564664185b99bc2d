"""Signing checkpoints: what is checked before, and in which order things become durable (design §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import ChainError, LedgerError, UnavailableError
from ledger.roster.state import origin_at
from ledger.store.checkpoints import Agreed, CheckpointStore, StoredCheckpoint
from ledger.store.database import reading
from ledger.store.heads import Head, read_head, root_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection, Engine

    from ledger.store.nodes import NodeCache
    from ledger.store.rosters import Rosters

_ATTEMPTS: Final = 1000
"""Races in a row that one writer may lose; each was won by another, so the log as a whole moves on."""


class CheckpointSigner(Protocol):
    """Holds the log key and signs checkpoints and nothing else."""

    def __call__(self, checkpoint: Checkpoint) -> bytes:
        """The signed note over exactly this checkpoint, under its origin as key name."""
        ...


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues checkpoints of one ledger."""

    engine: Engine
    store: CheckpointStore
    rosters: Rosters
    nodes: NodeCache
    signer: CheckpointSigner
    clock: Callable[[], int]
    """Milliseconds since 1970."""

    def issue(self, covering: int) -> StoredCheckpoint:
        """A stored checkpoint of at least ``covering`` entries, which are committed.

        Raises:
            ChainError: ``checkpoint-ahead`` or ``checkpoint-diverged``: the log is not a continuation of what was
                signed. ``bad-signer``: the signer signed something else or with another key.
            UnavailableError: ``checkpoint-store-missing``, ``-foreign``, ``-unwritable`` or ``-busy``.
        """
        for _ in range(_ATTEMPTS):
            # The store first, then the head: whatever was agreed on before is then part of the head that is read.
            found, agreed = self.store.agreed()
            if agreed.size >= covering and agreed.note is not None:
                return StoredCheckpoint(agreed.size, agreed.root, agreed.note)
            with reading(self.engine) as connection:
                head = read_head(connection)
                check_store(head, found.store, found.ledger)
                check_continues(connection, self.nodes, head, agreed)
                # A larger head, or one that somebody agreed on and has not signed.
                size, root = max((agreed.size, agreed.root), (head.size, head.root))
                roster = self.rosters.reach(connection, head.roster_count)
                if root != root_at(connection, self.nodes, size):
                    raise _diverged(size)
            if size > agreed.size and not self.store.agree(agreed, size, root):
                continue
            note = self._sign(Checkpoint(origin_at(roster, size), size, root))
            checkpoint = StoredCheckpoint(size, root, note)
            if self.store.keep(checkpoint, self.clock()) and size >= covering:
                return checkpoint
        raise UnavailableError("checkpoint-store-busy", "other writers were faster too often; send the event again")

    def _sign(self, checkpoint: Checkpoint) -> bytes:
        note = self.signer(checkpoint)
        try:
            signed = open_checkpoint(note, checkpoint.origin, self.rosters.latest.core.log_key)
        except LedgerError as error:
            raise _bad_signer() from error
        if signed != checkpoint:
            raise _bad_signer()
        return note


def check_store(head: Head, store: bytes, ledger: bytes) -> None:
    """Nothing, if the checkpoint store is the one that the head names.

    Raises:
        UnavailableError: ``checkpoint-store-foreign``.
    """
    if store != head.checkpoint_store or ledger != head.ledger:
        raise UnavailableError(
            "checkpoint-store-foreign",
            "the checkpoint store belongs with another ledger, or was replaced",
            details={"found": store.hex(), "expected": head.checkpoint_store.hex()},
            remedy="Point to the ledger's own checkpoint store. If it is lost: evidence recover DIRECTORY",
        )


def check_continues(connection: Connection, nodes: NodeCache | None, head: Head, agreed: Agreed) -> None:
    """Nothing, if the log as stored continues what was agreed on.

    Raises:
        ChainError: ``checkpoint-ahead``: the log is shorter, so it was put back. ``checkpoint-diverged``: it has
            another root at that size.
    """
    if agreed.size > head.size:
        raise ChainError(
            "checkpoint-ahead",
            "the log is shorter than its latest checkpoint",
            details={"size": head.size, "signed": agreed.size},
            remedy="The database was put back. Bring back the newer one, or start an epoch: evidence recover DIRECTORY",
        )
    if agreed.size and root_at(connection, nodes, agreed.size) != agreed.root:
        raise _diverged(agreed.size)


def _diverged(size: int) -> ChainError:
    return ChainError(
        "checkpoint-diverged",
        "the log's root is not the one that was signed",
        details={"size": size},
        remedy="Stop every writer and run evidence fsck: the log was altered or replaced.",
    )


def _bad_signer() -> ChainError:
    return ChainError(
        "bad-signer",
        "the signer did not sign this checkpoint with the log key",
        remedy="Use the log key of genesis; it stays the same in every epoch.",
    )
