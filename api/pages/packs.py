"""Packs of which the ledger has events: the latest, those of a release or period, and the one somebody holds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from api.pages.known import StoreSource
from api.pages.sharing import event_of
from ledger.digests import Digest
from ledger.dossier.reading import arrange
from ledger.errors import FormatError
from ledger.events.evidence import Pack
from ledger.gathering import gather_chosen
from ledger.store import Query
from reports.pages.packs import made_pack
from reports.period.span import Days, read_days
from reports.release.said import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.pages.known import Knowing
    from ledger.records import Record
    from ledger.store import Entry, Store
    from reports.pages.packs import MadePack

ON_PAGE: Final = 50
MOST_LOOKED: Final = 5_000
"""Latest packs among which an id or a number is looked for; a digest is found wherever it stands."""

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII | re.IGNORECASE)
_DAYS = re.compile(r"period-(\d{4}-\d\d-\d\d)-to-(\d{4}-\d\d-\d\d)\.", re.ASCII)
_NUMBER = re.compile(r"ep-([0-9a-f]{20})", re.ASCII | re.IGNORECASE)


class PackFinder:
    """Finds the pack events of one store."""

    def __init__(self, store: Store, knowing: Knowing) -> None:
        self._store = store
        self._knowing = knowing

    def latest(self, before: int | None, *, contents: bool) -> tuple[tuple[MadePack, ...], int | None]:
        """The latest packs before a position, newest first, and the position before which others are."""
        found = self._store.latest_entries(Query(kind="pack", before=before), ON_PAGE + 1)
        shown = found[:ON_PAGE]
        return self._made(shown, contents=contents), shown[-1].index if len(found) > ON_PAGE else None

    def of_release(self, release: Digest, *, contents: bool) -> tuple[MadePack, ...]:
        """The latest packs of a release."""
        return self._made(self._store.latest_entries(Query(kind="pack", reference=release), ON_PAGE), contents=contents)

    def of_period(self, first: int, end: int, *, contents: bool) -> tuple[MadePack, ...]:
        """The latest packs of periods that share a position with this one."""
        found = [
            entry
            for entry in self._store.latest_entries(Query(kind="pack"), 1_000)
            if isinstance(body := event_of(entry).body, Pack)
            and body.period is not None
            and body.period.from_ < end
            and first < body.period.to
        ]
        return self._made(found[:ON_PAGE], contents=contents)

    def held(self, asked: str, *, contents: bool) -> tuple[MadePack, ...]:
        """The packs with this id or number, or with a file of this digest; of the bundle too.

        Raises:
            FormatError: ``bad-parameter``: it is neither an id nor a number nor a digest.
        """
        text = asked.strip()
        number, digest = _NUMBER.fullmatch(text), _DIGEST.fullmatch(text)
        if number is not None:
            return self._made(self._by_id(number[1].lower()), contents=contents)
        if digest is None:
            raise FormatError(
                "bad-parameter",
                "this is no pack id, no number of a pack and no SHA-256",
                where="digest",
                remedy="A pack id or digest is sha256: and 64 hex digits, a number EP- and 20.",
            )
        wanted = Digest("sha256:" + digest[1].lower())
        found = self._store.latest_entries(Query(kind="pack", sha256=wanted), ON_PAGE)
        return self._made(found or self._by_id(wanted[7:]), contents=contents, asked=wanted)

    def with_file(self, asked: str) -> bool:
        """Whether a recorded pack has a file, or its bundle, of the digest that is asked for."""
        found = _DIGEST.fullmatch(asked.strip())
        if found is None:
            return False
        return bool(self._store.latest_entries(Query(kind="pack", sha256=Digest("sha256:" + found[1].lower())), 1))

    def _by_id(self, digits: str) -> tuple[Entry, ...]:
        found: list[Entry] = []
        before: int | None = None
        for _ in range(0, MOST_LOOKED, 1_000):
            page = self._store.latest_entries(Query(kind="pack", before=before), 1_000)
            found += [
                entry
                for entry in page
                if isinstance(body := event_of(entry).body, Pack) and body.pack_id[7:].startswith(digits)
            ]
            if len(page) < 1_000:
                break
            before = page[-1].index
        return tuple(found[:ON_PAGE])

    def _made(self, entries: Iterable[Entry], *, contents: bool, asked: Digest | None = None) -> tuple[MadePack, ...]:
        wanted = {entry.index for entry in entries}
        if not wanted:
            return ()
        source, known = StoreSource(self._store, contents=contents), self._knowing.now(contents=contents)
        query: dict[str, str | int] = {"kind": "pack", "after": min(wanted)}
        records, indexes = gather_chosen(source, known, [query], lambda leaf, _event: leaf.index in wanted)
        arranged = arrange(records)
        # A period's pack is told of in each of its projects, by events of one body.
        told: dict[Pack, list[Record]] = {}
        for record in reversed(records.entries):
            if record.index in indexes and isinstance(body := record.event.body, Pack):
                told.setdefault(body, []).append(record)
        return tuple(
            made_pack(
                found[::-1], pack, arranged.people.actor(found[0]), self._days(pack), contents=contents, asked=asked
            )
            for pack, found in told.items()
        )

    def _days(self, pack: Pack) -> Days | None:
        """The days by which a pack names its files, else those of its ends, in UTC; None: it is of a release."""
        if pack.period is None:
            return None
        covered = days_of_entries(self._store, pack.period.from_, pack.period.to)
        named = (_DAYS.match(item.name) for item in pack.files)
        asked = next((read_days(f"{found[1]} to {found[2]}") for found in named if found is not None), None)
        # Whoever made the pack chose the names, and days in a zone of their own.
        near = timedelta(days=1)
        fits = asked is not None and asked.first <= covered.first + near and covered.last <= asked.last + near
        return asked if fits else covered


def days_of_entries(store: Store, first: int, end: int) -> Days:
    """The days, in UTC, on which the entries at ``first`` and before ``end`` were received."""
    return Days(*(parse_time(store.entry(index).leaf.received_at).date() for index in (first, end - 1)))
