"""The receipt: what a server answers for an envelope it took, and what its sender checks (format §5.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import encode, parse_canonical
from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, parse_proof
from ledger.checkpoint.proof import MAX_PROOF_BYTES
from ledger.entry import LEDGER_STREAM, MAX_LEAF_BYTES, Leaf, leaf_digest, read_leaf
from ledger.errors import ChainError, FormatError
from ledger.events.shape import write_object
from ledger.merkle import verify_inclusion

if TYPE_CHECKING:
    from ledger.anchor import Anchor
    from ledger.canonical import JSON
    from ledger.parcel import Parcel

MAX_RECEIPT_BYTES: Final = 2 * MAX_PROOF_BYTES + MAX_LEAF_BYTES
"""A proof grows by an escape for each line end."""

_EPOCH = re.compile(r"(?:[2-9]|[1-9][0-9]{1,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an envelope stands in the log, and the proof of it."""

    leaf: Leaf
    proof: str
    """A C2SP tlog-proof."""

    @property
    def data(self) -> bytes:
        """Its canonical JSON."""
        return encode({"leaf": write_object(self.leaf), "proof": self.proof})


def parse_receipt(data: bytes) -> Receipt:
    """The receipt in ``data``; ``check_receipt`` says whether it is worth anything.

    Raises:
        FormatError: at the place of the fault.
    """
    return read_receipt(parse_canonical(data, max_bytes=MAX_RECEIPT_BYTES))


def read_receipt(value: JSON) -> Receipt:
    """``value`` as a receipt.

    Raises:
        FormatError: at the place of the fault.
    """
    if not isinstance(value, dict) or set(value) != {"leaf", "proof"}:
        raise FormatError("bad-receipt", "a receipt has exactly leaf and proof")
    proof = value["proof"]
    if not isinstance(proof, str):
        raise FormatError("bad-receipt", "a proof is a string", where="/proof")
    return Receipt(read_leaf(value["leaf"], "/leaf"), proof)


def check_receipt(receipt: Receipt, parcel: Parcel, anchor: Anchor) -> Checkpoint:
    """The checkpoint under which the ledger of ``anchor`` includes ``parcel``.

    Not checked: that this checkpoint fits those seen before; the client does.

    Raises:
        ChainError: ``receipt-differs`` where the leaf is not of what was sent, or a proof that does not hold.
        SignatureError, FormatError: the checkpoint is not the log's, or the proof not of the form.
    """
    context, envelope = parcel.event.context, parcel.envelope
    sent = {
        "envelope": envelope.digest,
        "kind": parcel.event.kind,
        "key_id": envelope.key_id,
        "stream": context.project or LEDGER_STREAM,
        "about": context.about,
    }
    for name, value in sent.items():
        if getattr(receipt.leaf, name) != value:
            raise ChainError("receipt-differs", f"the receipt is not for what was sent: {name}")
    proof = parse_proof(receipt.proof.encode("utf-8"))
    if proof.index != receipt.leaf.index:
        raise ChainError("receipt-differs", "the proof is of another entry than the leaf")
    checkpoint = open_known_checkpoint(proof.checkpoint, anchor)
    verify_inclusion(leaf_digest(receipt.leaf), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint


def open_known_checkpoint(note: bytes, anchor: Anchor) -> Checkpoint:
    """The checkpoint in ``note``, signed by the log of ``anchor`` under the origin of genesis or of an epoch.

    That the epoch was declared, only the roster shows.

    Raises:
        FormatError: the note's; ChainError: ``other-origin``; SignatureError: the log did not sign it.
    """
    origin = parse_checkpoint(note)[0].origin
    return open_checkpoint(note, origin if epoch_of(origin, anchor) else anchor.origin, anchor.log_key)


def epoch_of(origin: str, anchor: Anchor) -> int:
    """Number of the epoch that ``origin`` belongs to: 1 for that of genesis, 0 for another log's."""
    if origin == anchor.origin:
        return 1
    name, _, number = origin.rpartition("/")
    return int(number) if name == anchor.origin and _EPOCH.fullmatch(number) else 0
