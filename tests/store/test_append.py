"""Appending: leaves, receipts, retries, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.checkpoint import parse_proof, verify_proof
from ledger.entry import leaf_bytes, leaf_digest

from tests.store.ledgers import tell

if TYPE_CHECKING:
    from tests.store.ledgers import Ledger


def test_store_makes_the_leaves_that_the_format_says(ledger: Ledger) -> None:
    """The store's leaves are byte for byte those of the simulated world, whose core is written apart from it."""
    tell(ledger.world)
    with ledger.open() as store:
        receipts = ledger.deliver(store)
        for receipt, (leaf, envelope) in zip(receipts, ledger.world.entries[1:], strict=True):
            assert leaf_bytes(receipt.leaf) == leaf_bytes(leaf)
            assert store.entry(leaf.index).envelope == envelope.data
            proof = parse_proof(receipt.proof.encode())
            verify_proof(proof, leaf_digest(leaf), ledger.world.origin, ledger.world.log_key.public)
        assert list(store.fsck()) == []
