"""The server's own database as a source of entries, with a limit on what one request may read."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from api.entries import absent_content
from ledger.documents import parse_card
from ledger.entry import LEDGER_STREAM
from ledger.envelope import open_envelope
from ledger.errors import AuthorityError, ChainError, FormatError, NotFoundError, UnavailableError
from ledger.events.statement import Event, read_payload
from ledger.records import Record
from ledger.store import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.entry import Leaf
    from ledger.roster.state import Roster
    from ledger.store import Store

MOST_ENTRIES: Final = 5_000
"""Entries that one request reads; a change or incident of more is for ``evidence trace``."""
MOST_BYTES: Final = 32 << 20
"""Bytes of contents that one request reads; further ones count as not looked at."""
CARD_SECONDS: Final = 60.0
"""Names are read anew after this, so that an erased one is gone."""

_RENAMED: Final = {"project": "stream", "manifest": "sha256", "artifact": "sha256"}
_PAGE: Final = 500


class StoreSource:
    """Entries from the database of this server, for one request."""

    def __init__(self, store: Store, *, contents: bool) -> None:
        """``contents``: whether the visitor's token opens them; else none is read."""
        self._store = store
        self._contents = contents
        self._entries = 0
        self._bytes = 0

    @property
    def ledger(self) -> Digest:
        """Ledger id."""
        return self._store.ledger

    def find(self, query: Mapping[str, str | int]) -> Iterator[tuple[Leaf, bytes]]:
        """Leaf and envelope of all entries that meet a query, ascending by index.

        Raises:
            UnavailableError: ``too-much-to-show``.
        """
        if "event_id" in query:
            with suppress(NotFoundError):
                entry = self._store.entry_by_event(str(query["event_id"]))
                yield entry.leaf, entry.envelope
            return
        asked = {_RENAMED.get(name, name): value for name, value in query.items() if name not in {"after", "limit"}}
        wanted = Query(**asked)  # type: ignore[arg-type]  # names and values of GET /v1/events
        after: int | None = int(query.get("after", 0)) - 1
        while after is not None:
            page = self._store.list_entries(wanted, after, _PAGE)
            for entry in page.entries:
                self._count()
                yield entry.leaf, entry.envelope
            after = page.next

    def envelope(self, digest: Digest) -> bytes:
        """The envelope of that digest."""
        self._count()
        return self._store.entry_by_envelope(digest).envelope

    def content(self, commitment: Digest) -> bytes:
        """The bytes of a content.

        Raises:
            NotFoundError: ``content-erased``, ``content-missing`` or ``content-withheld``.
            AuthorityError: ``token-scope``: the visitor may not see contents, or has seen as many as one page reads.
        """
        if not self._contents or self._bytes > MOST_BYTES:
            raise AuthorityError("token-scope", "contents are not shown here")
        found = self._store.content(commitment)
        if found.state != "held":
            raise absent_content(found.state)
        data = b"".join(found.pieces())
        self._bytes += len(data)
        return data

    def prove(self, leaf: Leaf) -> None:
        """Nothing: this is the server's own word. What proves it to others is a pack or ``evidence trace``."""

    def _count(self) -> None:
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            raise UnavailableError(
                "too-much-to-show",
                "more is recorded of this than one page reads",
                details={"limit": MOST_ENTRIES},
                remedy="Ask on the command line: evidence trace. Or open the release, whose pack holds everything.",
            )


@dataclass(frozen=True, slots=True)
class KnownNow:
    """The roster at a position, the entries behind it, and names."""

    roster: Roster
    records: tuple[Record, ...]
    cards: Mapping[Digest, Card]
    position: int


class Knowing:
    """What every request needs of the ledger's own stream, read once and kept up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._records: tuple[Record, ...] = ()
        self._cards: Mapping[Digest, Card] = MappingProxyType({})
        self._cards_read = float("-inf")

    def now(self, *, contents: bool) -> KnownNow:
        """The roster now; without ``contents`` no name."""
        position = self._store.size()
        roster = self._store.roster_at(position)
        with self._lock:
            self._read_records(roster)
            if contents and time.monotonic() - self._cards_read > CARD_SECONDS:
                self._cards = MappingProxyType(dict(self._read_cards(roster)))
                self._cards_read = time.monotonic()
            cards = self._cards if contents else MappingProxyType({})
            records = self._records[: roster.count]
        return KnownNow(roster, records, cards, position)

    def _read_records(self, roster: Roster) -> None:
        found = list(self._records)
        while len(found) < roster.count:
            page = self._store.stream_entries(LEDGER_STREAM, len(found), _PAGE)
            for entry in page:
                envelope = open_envelope(entry.envelope)
                event = read_payload(envelope.payload)
                key = roster.keys.get(envelope.key_id)
                if not isinstance(event, Event) or key is None:
                    raise ChainError("ledger-stream-broken", "an entry of the ledger's own stream cannot be read")
                # Its signature was checked when the store replayed the roster.
                found.append(Record(entry.leaf, event, key))
            if not page:
                raise ChainError("ledger-stream-broken", "the ledger's own stream is shorter than its roster")
        self._records = tuple(found)

    def _read_cards(self, roster: Roster) -> Iterator[tuple[Digest, Card]]:
        named = [item.cards for item in roster.principals.values()] + [item.cards for item in roster.projects.values()]
        for cards in named:
            for card in cards[-1:]:
                found = self._store.content(card.content.commitment)
                if found.state == "held":
                    with suppress(FormatError):
                        yield card.content.commitment, parse_card(b"".join(found.pieces()))


def position_at(store: Store, moment: datetime) -> int:
    """The position of the first entry received at or after ``moment``; the log's size if there is none."""
    low, high = 0, store.size()
    while low < high:
        middle = (low + high) // 2
        # received_at never falls as the index rises (format §5.1).
        if datetime.fromisoformat(store.entry(middle).leaf.received_at) < moment:
            low = middle + 1
        else:
            high = middle
    return low
