"""The public anchor ``ledger.pub``: the one line that a verifier takes from outside (format §5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.checkpoint import format_vkey, parse_vkey
from ledger.digests import Digest, parse_digest
from ledger.errors import FormatError

if TYPE_CHECKING:
    from ledger.keys import PublicKey

MAX_ANCHOR_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Anchor:
    """Which ledger is meant: its log's name and key, and its genesis."""

    origin: str
    log_key: PublicKey
    ledger: Digest
    """Ledger id: the leaf digest of genesis."""


def format_anchor(anchor: Anchor) -> str:
    """The line, with its newline."""
    return f"{format_vkey(anchor.origin, anchor.log_key)} {anchor.ledger}\n"


def parse_anchor(text: str) -> Anchor:
    """The anchor in one line; a missing newline at the end is forgiven, for lines that were copied by hand.

    Raises:
        FormatError: ``bad-anchor``, ``bad-digest`` or a fault of the verifier key.
    """
    line = text.removesuffix("\n")
    parts = line.split(" ")
    if len(line) > MAX_ANCHOR_BYTES or len(parts) != 2:
        raise FormatError(
            "bad-anchor",
            "an anchor is one line of two words, the log's verifier key and the ledger id",
            remedy="Ask whoever runs the ledger for the file ledger.pub.",
        )
    origin, log_key = parse_vkey(parts[0])
    return Anchor(origin, log_key, parse_digest(parts[1], "ledger id"))
