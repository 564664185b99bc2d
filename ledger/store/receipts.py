"""Receipts: a leaf with the proof that a signed checkpoint covers it (format §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.checkpoint import LogProof, write_proof
from ledger.merkle import inclusion_proof
from ledger.receipt import Receipt
from ledger.store.nodes import compute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ledger.entry import Leaf
    from ledger.merkle import ReadNode
    from ledger.store.checkpoints import StoredCheckpoint
    from ledger.store.nodes import NodeCache


def prove(connection: Connection, cache: NodeCache, indexes: Sequence[int], size: int) -> tuple[tuple[bytes, ...], ...]:
    """The inclusion path of each of ``indexes`` in the tree of ``size`` leaves."""

    def paths(read: ReadNode) -> tuple[tuple[bytes, ...], ...]:
        return tuple(inclusion_proof(index, size, read) for index in indexes)

    return compute(connection, cache, paths)


def receipts(
    connection: Connection, cache: NodeCache, leaves: Sequence[Leaf], checkpoint: StoredCheckpoint
) -> tuple[Receipt, ...]:
    """A receipt for each of ``leaves`` under ``checkpoint``, which covers them."""
    proofs = prove(connection, cache, [leaf.index for leaf in leaves], checkpoint.size)
    return tuple(
        Receipt(leaf, write_proof(LogProof(leaf.index, path, checkpoint.note)).decode("utf-8"))
        for leaf, path in zip(leaves, proofs, strict=True)
    )
