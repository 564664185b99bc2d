"""Proof files: inclusion of one entry together with the checkpoint it rests on (C2SP tlog-proof)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import decode_base64
from ledger.checkpoint.checkpoint import MAX_CHECKPOINT_BYTES, Checkpoint, open_checkpoint, parse_checkpoint
from ledger.errors import FormatError, place
from ledger.merkle import DIGEST_BYTES, MAX_SIZE, verify_inclusion

if TYPE_CHECKING:
    from ledger.keys import PublicKey

MAX_PROOF_BYTES: Final = 65_536
MAX_PATH: Final = 63
"""Most digests of a path."""

_HEAD: Final = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof file's parts; only ``verify_proof`` says that they prove something."""

    index: int
    """Index of the entry."""
    path: tuple[bytes, ...]
    """Inclusion path, leaf sibling first, 32 bytes each."""
    checkpoint: bytes
    """The checkpoint with its signatures, as its note."""
    extra: bytes | None = None
    """What the maker added. Nothing signs it."""


def write_proof(proof: LogProof) -> bytes:
    """The bytes of ``proof``; one that ``parse_proof`` would not return is a ValueError."""
    lines = [_HEAD]
    if proof.extra is not None:
        lines.append(f"extra {b64encode(proof.extra).decode('ascii')}")
    lines.append(f"index {proof.index}")
    lines += [b64encode(digest).decode("ascii") for digest in proof.path]
    data = ("\n".join(lines) + "\n\n").encode("ascii") + proof.checkpoint
    try:
        parse_proof(data)
    except FormatError as error:
        raise ValueError(str(error)) from None
    return data


def parse_proof(data: bytes) -> LogProof:
    """The proof in ``data``, shape only; see ``verify_proof``.

    Raises:
        FormatError: ``bad-proof``, ``bad-base64``, ``too-long``, or a fault of the checkpoint.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise FormatError("too-long", "longer than a proof may be", details={"limit_bytes": MAX_PROOF_BYTES})
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank or not head.isascii() or len(checkpoint) > MAX_CHECKPOINT_BYTES:
        raise FormatError("bad-proof", "not ASCII lines, a blank line and a checkpoint")
    first, *lines = head.decode("ascii").split("\n")
    if first != _HEAD:
        raise FormatError("bad-proof", f"does not begin with {_HEAD}", where=place("line", 1))
    number = 2
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), place("line", number))
        number += 1
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None or int(index[1]) > MAX_SIZE:
        raise FormatError("bad-proof", "no line with the index", where=place("line", number))
    path = tuple(decode_base64(line, place("line", number + at)) for at, line in enumerate(lines[1:], start=1))
    if len(path) > MAX_PATH or any(len(digest) != DIGEST_BYTES for digest in path):
        raise FormatError("bad-proof", f"a path has at most {MAX_PATH} digests of 32 bytes")
    parse_checkpoint(checkpoint)
    return LogProof(int(index[1]), path, checkpoint, extra)


def verify_proof(proof: LogProof, leaf: bytes, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint under which ``leaf``, a leaf digest, is entry ``proof.index`` of the log ``origin`` with ``key``.

    The leaf digest is computed by the caller from bytes that came another way. Cosignatures are not looked at.

    Raises:
        FormatError: a fault of the checkpoint.
        SignatureError: the log did not sign it.
        ChainError: ``other-origin`` or ``bad-inclusion``.
    """
    checkpoint = open_checkpoint(proof.checkpoint, origin, key)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint
