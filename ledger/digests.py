"""Digests in their one text form, and salted commitments to contents."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NewType

from ledger.errors import FormatError

Digest = NewType("Digest", str)
"""``sha256:`` and 64 lower-case hexadecimal digits. Made by this module alone, so equal digests are equal strings."""

SALT_BYTES: Final = 32
"""Size of a content's salt."""

_TEXT = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_COMMITMENT_PREFIX: Final = b"evidence-ledger/content/v1\x00"


def digest_bytes(data: bytes) -> Digest:
    """SHA-256 of ``data``."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def parse_digest(text: object, where: str) -> Digest:
    """``text`` as a digest, if it is one in its only spelling.

    Raises:
        FormatError: ``bad-digest`` at ``where``.
    """
    if not isinstance(text, str) or _TEXT.fullmatch(text) is None:
        raise FormatError("bad-digest", "not sha256: and 64 lower-case hexadecimal digits", where=where)
    return Digest(text)


def raw(digest: Digest) -> bytes:
    """The 32 bytes of ``digest``."""
    return bytes.fromhex(digest[7:])


def from_raw(data: bytes) -> Digest:
    """The digest whose 32 bytes are ``data``; any other length is a ValueError."""
    if len(data) != 32:
        raise ValueError("a digest has 32 bytes")
    return Digest("sha256:" + data.hex())


class Commitment:
    """A commitment to a content that arrives in pieces: ``update`` with each, then ``digest``.

    The salt makes the commitment of a short or guessable content useless once salt and content are erased.
    """

    __slots__ = ("_state",)

    def __init__(self, salt: bytes) -> None:
        if len(salt) != SALT_BYTES:
            raise ValueError("a salt has 32 bytes")
        # commitment = sha256("evidence-ledger/content/v1" || 0x00 || salt[32] || content), format: contents
        self._state = hashlib.sha256(_COMMITMENT_PREFIX + salt)

    def update(self, piece: bytes) -> None:
        """Takes the next bytes of the content."""
        self._state.update(piece)

    def digest(self) -> Digest:
        """The commitment to all bytes taken so far."""
        return Digest("sha256:" + self._state.hexdigest())


def commitment(salt: bytes, content: bytes) -> Digest:
    """The commitment to ``content`` under a ``salt`` of 32 bytes; any other length is a ValueError."""
    whole = Commitment(salt)
    whole.update(content)
    return whole.digest()
