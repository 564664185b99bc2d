"""Events as whoever signs them makes them: ids, times, contents with salts, sealed into a parcel."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from ledger.digests import SALT_BYTES
from ledger.envelope import seal
from ledger.events.context import NOTHING, About, Actor, ContentRef, Context, Producer
from ledger.events.statement import Body, Event, write_payload
from ledger.parcel import SaltedContent, make_parcel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.digests import Digest
    from ledger.events.context import Link
    from ledger.keys import Signer
    from ledger.parcel import Parcel

PRODUCER_NAME: Final = "evidence"


@dataclass(frozen=True, slots=True)
class NewContent:
    """Bytes that an event of ours commits to, with their salt."""

    name: str
    media_type: str
    salted: SaltedContent
    state: str = "stored"
    """``stored``, or ``withheld`` where the bytes stay with the signer."""

    @property
    def reference(self) -> ContentRef:
        """As the event names it."""
        return ContentRef(self.salted.commitment, self.media_type, self.name, len(self.salted.data), self.state)


def new_content(name: str, data: bytes, media_type: str = "application/json", *, withheld: bool = False) -> NewContent:
    """``data`` under a fresh salt."""
    salted = SaltedContent(os.urandom(SALT_BYTES), data)
    return NewContent(name, media_type, salted, "withheld" if withheld else "stored")


def new_event_id() -> str:
    """A UUID of version 7 (RFC 9562 §5.7) of this millisecond."""
    random = int.from_bytes(os.urandom(10))
    millis = time.time_ns() // 1_000_000
    number = (millis & (2**48 - 1)) << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & (2**62 - 1)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_principal_id() -> str:
    """A random principal id."""
    return "p_" + os.urandom(16).hex()


def new_project_id() -> str:
    """A random project id."""
    return "prj_" + os.urandom(16).hex()


def local_time() -> str:
    """Now as a claimed time, with this machine's offset."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")


def new_context(
    actor: Actor,
    contents: Sequence[NewContent] = (),
    *,
    ledger: Digest | None,
    project: str | None = None,
    about: About = NOTHING,
    links: Sequence[Link] = (),
    occurred_at: str | None = None,
    run: str | None = None,
) -> Context:
    """A context for an event that happens now, unless ``occurred_at`` says when."""
    return Context(
        event_id=new_event_id(),
        about=about,
        occurred_at=occurred_at or local_time(),
        actor=actor,
        producer=Producer(PRODUCER_NAME, version("evidence-ledger"), run),
        contents=tuple(content.reference for content in contents),
        links=tuple(links),
        ledger=ledger,
        project=project,
    )


def seal_event(context: Context, body: Body, contents: Sequence[NewContent], key: Signer) -> Parcel:
    """The event of ``context`` and ``body`` signed by ``key``, with the contents that go along.

    Raises:
        FormatError: the parts do not fit each other or the format.
    """
    envelope = seal(write_payload(Event(context, body)), key)
    return make_parcel(envelope.data, [content.salted for content in contents if content.state == "stored"])
