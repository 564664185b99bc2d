"""Entries as rows and rows as entries, byte for byte.

Leaf and envelope have one byte form each (format §5.1, §3), so their members are the bytes: a leaf's digests are kept
as 32 bytes instead of 64 digits, and an envelope as its payload, key id and signature instead of Base64 around them.
That saves a third of an entry. ``place`` composes both again before it accepts an envelope, so nothing is stored that
would come back different.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ledger.canonical import parse_canonical
from ledger.digests import from_raw, raw
from ledger.entry import MAX_LEAF_BYTES, Leaf
from ledger.envelope import PAYLOAD_TYPE
from ledger.events.context import About
from ledger.events.shape import instant, read_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from ledger.digests import Digest

EntryRow: TypeAlias = "tuple[int, bytes, bytes, int, int, bytes, int, str, bytes, str, bytes, int, bytes, bytes, bytes]"
"""The columns of ``schema.entry`` in their order."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEAD: Final = b'{"payload":"'
_MIDDLE: Final = b'","payloadType":"' + PAYLOAD_TYPE.encode("ascii") + b'","signatures":[{"keyid":"'
_SIGNATURE: Final = b'","sig":"'
_TAIL: Final = b'"}]}'


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as stored."""

    leaf: Leaf
    leaf_digest: bytes
    """32 bytes."""
    envelope: bytes
    """Envelope bytes exactly as received."""
    event_id: str
    """UUIDv7 that the signer chose."""

    @property
    def index(self) -> int:
        """Position in the log."""
        return self.leaf.index


@lru_cache(maxsize=16)
def time_text(milliseconds: int) -> str:
    """A ledger time from milliseconds since 1970."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds(time: str) -> int:
    """Milliseconds since 1970 from a ledger time."""
    return (instant(time) - _EPOCH) // timedelta(milliseconds=1)


def envelope_bytes(payload: bytes, key_id: Digest, signature: bytes) -> bytes:
    """The bytes of the envelope that consists of these, as ``ledger.envelope.seal`` made them."""
    return b"".join(
        (
            _HEAD,
            b64encode(payload),
            _MIDDLE,
            key_id.encode("ascii"),
            _SIGNATURE,
            b64encode(signature),
            _TAIL,
        )
    )


def event_id_bytes(event_id: str) -> bytes:
    """The 16 bytes of an event id; anything but 32 hex digits and hyphens is a ValueError."""
    data = bytes.fromhex(event_id.replace("-", ""))
    if len(data) != 16:
        raise ValueError("a UUID has 16 bytes")
    return data


@dataclass(frozen=True, slots=True)
class Placement:
    """What of an entry's row its leaf does not hold in that form."""

    digest: bytes
    """Leaf digest."""
    stream: int
    """Number of the stream."""
    about: str
    """Canonical JSON."""
    received_at: int
    """Milliseconds since 1970."""
    event_id: bytes


def entry_row(leaf: Leaf, placement: Placement, payload: bytes, signature: bytes) -> EntryRow:
    """The row of an entry."""
    return (
        leaf.index,
        placement.digest,
        bytes.fromhex(leaf.previous),
        placement.stream,
        leaf.stream_index,
        bytes.fromhex(leaf.stream_previous),
        leaf.roster,
        leaf.kind,
        raw(leaf.key_id),
        placement.about,
        raw(leaf.envelope),
        placement.received_at,
        placement.event_id,
        payload,
        signature,
    )


def leaf_of_row(row: Sequence[object], stream: str) -> Leaf:
    """The leaf in an entry's row; ``stream`` is the name behind the row's stream number.

    Raises:
        FormatError: the row's ``about`` is not of its shape. Other faults of an edited row show in the leaf digest.
    """
    index, _, previous, _, stream_index, stream_previous, roster, kind, key_id, about, envelope, received_at = row[:12]
    return Leaf(
        v=1,
        index=index,  # type: ignore[arg-type]  # the columns' types are the schema's
        previous=bytes(previous).hex(),  # type: ignore[call-overload]
        stream=stream,
        stream_index=stream_index,  # type: ignore[arg-type]
        stream_previous=bytes(stream_previous).hex(),  # type: ignore[call-overload]
        roster=roster,  # type: ignore[arg-type]
        kind=kind,  # type: ignore[arg-type]
        key_id=from_raw(bytes(key_id)),  # type: ignore[call-overload]
        about=read_object(About, parse_canonical(str(about).encode("utf-8"), max_bytes=MAX_LEAF_BYTES), "/about"),
        envelope=from_raw(bytes(envelope)),  # type: ignore[call-overload]
        received_at=time_text(received_at),
    )


def entry_of_row(row: Sequence[object], stream: str) -> Entry:
    """The entry in a row; digests are taken as they stand (``fsck`` and ``verify`` recompute them)."""
    leaf = leaf_of_row(row, stream)
    payload, signature = bytes(row[13]), bytes(row[14])  # type: ignore[call-overload]
    return Entry(
        leaf=leaf,
        leaf_digest=bytes(row[1]),  # type: ignore[call-overload]
        envelope=envelope_bytes(payload, leaf.key_id, signature),
        event_id=str(UUID(bytes=bytes(row[12]))),  # type: ignore[call-overload]
    )
