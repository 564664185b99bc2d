"""Checkpoints: size and root of the log, signed (C2SP tlog-checkpoint, format §5.5)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import decode_base64
from ledger.checkpoint.note import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteKey,
    NoteSignature,
    cosign_note,
    parse_note,
    sign_note,
    signed_by,
    write_note,
)
from ledger.errors import ChainError, FormatError, place
from ledger.merkle import DIGEST_BYTES, EMPTY_ROOT, MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.keys import PublicKey, Signer

MAX_CHECKPOINT_BYTES: Final = 16_384
"""Longest note that is read as a checkpoint, all signatures included."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says. Only ``open_checkpoint`` says that the log signed it."""

    origin: str
    """Name of the log, or of its epoch."""
    size: int
    """Count of entries."""
    root: bytes
    """Root of the tree, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines that other logs write: kept, never understood, never written."""


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The three lines that are signed; a checkpoint that ``parse_checkpoint_text`` would not return is a ValueError."""
    # origin 0x0A size in decimal 0x0A base64(root) 0x0A, format §5.5
    if checkpoint.extensions:
        raise ValueError("extension lines are not covered by every cosignature, so none are written")
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode('ascii')}\n"
    try:
        same = parse_checkpoint_text(text) == checkpoint
    except FormatError as error:
        raise ValueError(str(error)) from None
    if not same:
        raise ValueError("an origin is one line")
    return text


def parse_checkpoint_text(text: str) -> Checkpoint:
    """The checkpoint in a note's text.

    Raises:
        FormatError: ``bad-checkpoint`` or ``bad-base64``, with the line.
    """
    *lines, after = text.split("\n")
    if after or len(lines) < 3 or not all(lines):
        raise FormatError("bad-checkpoint", "a checkpoint is origin, size and root, each on a line")
    origin, size, encoded, *extensions = lines
    if _SIZE.fullmatch(size) is None or int(size) > MAX_SIZE:
        raise FormatError("bad-checkpoint", "the size is a decimal number below 2^53", where=place("line", 2))
    root = decode_base64(encoded, place("line", 3))
    if len(root) != DIGEST_BYTES:
        raise FormatError("bad-checkpoint", "the root has 32 bytes", where=place("line", 3))
    if int(size) == 0 and root != EMPTY_ROOT:
        raise FormatError("bad-checkpoint", "the root of the empty tree is the SHA-256 of nothing", where="/line/3")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def parse_checkpoint(data: bytes) -> tuple[Checkpoint, Note]:
    """What the note in ``data`` says, and the note; *no* signature is checked.

    Raises:
        FormatError: ``bad-note``, ``bad-checkpoint``, ``bad-base64`` or ``too-long``.
    """
    note = parse_note(data, max_bytes=MAX_CHECKPOINT_BYTES)
    return parse_checkpoint_text(note.text), note


def sign_checkpoint(origin: str, size: int, root: bytes, key: Signer) -> bytes:
    """The note of the log ``origin`` with ``size`` and ``root``, signed by its ``key`` under the name ``origin``.

    Whoever calls this has made sure that no inconsistent checkpoint was ever signed.
    """
    text = checkpoint_text(Checkpoint(origin, size, root))
    return write_note(Note(text, (sign_note(text, origin, key),)))


def open_checkpoint(data: bytes, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint in ``data``, signed by the log ``origin`` with ``key``. Cosignatures are not looked at.

    Raises:
        FormatError: as ``parse_checkpoint``.
        ChainError: ``other-origin``.
        SignatureError: ``bad-signature`` or ``no-known-signature``.
    """
    checkpoint, note = parse_checkpoint(data)
    if checkpoint.origin != origin:
        raise ChainError(
            "other-origin",
            "the checkpoint is of another log",
            details={"expected": origin, "found": checkpoint.origin},
        )
    signed_by(note, (NoteKey(origin, ED25519, key),))
    return checkpoint


def cosign_checkpoint(data: bytes, name: str, key: Signer, time: int) -> NoteSignature:
    """The cosignature of the witness ``name`` at ``time`` (POSIX seconds) over the checkpoint in ``data``.

    The witness has checked before that the log signed it and that it extends what it saw last.

    Raises:
        FormatError: as ``parse_checkpoint``.
    """
    _checkpoint, note = parse_checkpoint(data)
    return cosign_note(note.text, name, key, time)


def cosigned_at(data: bytes, witnesses: Sequence[NoteKey]) -> tuple[tuple[NoteKey, int], ...]:
    """Which of ``witnesses`` cosigned the checkpoint in ``data``, and when (POSIX seconds); at least one.

    That a time is not in the future is the caller's to check, and how many witnesses are enough.

    Raises:
        FormatError: as ``parse_checkpoint``.
        SignatureError: ``bad-signature`` or ``no-known-signature``.
    """
    if any(key.kind != COSIGNATURE for key in witnesses):
        raise ValueError("a witness has a key for cosignatures")
    _checkpoint, note = parse_checkpoint(data)
    return tuple((key, int.from_bytes(found.signature[:8], "big")) for key, found in signed_by(note, witnesses))


def add_signatures(data: bytes, signatures: Sequence[NoteSignature]) -> bytes:
    """The checkpoint in ``data`` with further signature lines; a line that it already has is not repeated.

    Raises:
        FormatError: as ``parse_checkpoint``, and ``too-long`` if the result would be.
    """
    _checkpoint, note = parse_checkpoint(data)
    lines = tuple(dict.fromkeys((*note.signatures, *signatures)))
    longer = write_note(Note(note.text, lines))
    parse_checkpoint(longer)
    return longer
