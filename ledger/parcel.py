"""A signed event together with the contents it commits to: what is recorded, spooled and delivered as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.digests import Digest, commitment
from ledger.envelope import Envelope, open_envelope
from ledger.errors import ConflictError, FormatError
from ledger.events.statement import Event, read_payload

if TYPE_CHECKING:
    from collections.abc import Iterable

STORED: Final = "stored"
"""State of a content that goes to the server; ``withheld`` ones stay with their signer."""


@dataclass(frozen=True, slots=True)
class SaltedContent:
    """Bytes to be kept beside the log, with the salt that their commitment was made under."""

    salt: bytes
    """32 random bytes chosen by the signer."""
    data: bytes

    @property
    def commitment(self) -> Digest:
        """The commitment that the event names (format §4.3)."""
        return commitment(self.salt, self.data)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One envelope, the event in it, and every content that it says is stored."""

    envelope: Envelope
    event: Event
    contents: tuple[SaltedContent, ...]
    """In the order in which the event names them; none twice."""

    @property
    def event_id(self) -> str:
        """The UUIDv7 that the signer chose."""
        return self.event.context.event_id


def make_parcel(envelope: bytes, contents: Iterable[SaltedContent]) -> Parcel:
    """The parcel of an envelope's bytes and the contents that it names as stored.

    Not checked: the signature, and whether the key may sign this; the server does both.

    Raises:
        FormatError: the envelope or its payload is not of the form, or ``unknown-kind``.
        ConflictError: ``contents-differ`` where a stored content is not given, or a given one is not named or has
            another size.
    """
    opened = open_envelope(envelope)
    event = read_payload(opened.payload)
    if not isinstance(event, Event):
        raise FormatError("unknown-kind", "an event of a kind or version that this program does not know")
    given = {item.commitment: item for item in contents}
    named = {item.commitment: item for item in event.context.contents if item.state == STORED}
    if given.keys() != named.keys() or any(len(given[at].data) != named[at].size_bytes for at in named):
        raise ConflictError(
            "contents-differ",
            "the contents at hand are not those that the event names as stored",
            details={"named": len(named), "given": len(given)},
        )
    return Parcel(opened, event, tuple(given[at] for at in named))
