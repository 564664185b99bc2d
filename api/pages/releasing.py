"""Releases, one release, a period: opened from the store and handed to their views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from api.bundles import release_digest
from api.pages.known import position_at
from api.pages.looking import ledger_now
from api.pages.packs import days_of_entries
from api.pages.printing import Order, settings_at
from api.pages.sealing import Unsealed, certificate_now
from api.pages.sharing import event_of
from ledger.digests import digest_bytes
from ledger.entry import ledger_time
from ledger.errors import ConflictError, FormatError, NotFoundError
from ledger.events.work import Release
from ledger.store import Query
from reports.packs import identify
from reports.pages.notices import period_page
from reports.pages.release import Offer, offer_of, release_page, release_summary
from reports.pages.releases import Listed, days_of, period_choices, releases_page
from reports.pages.shell import path_of
from reports.pages.words import title
from reports.parts import words
from reports.period.span import Days, days_said, read_days, span_said
from reports.release.document import refused_document, release_document
from reports.release.view import Carried, bundle_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.pages.frame import Frame
    from api.pages.known import Knowing
    from api.pages.looking import Looked, Looker
    from api.pages.packs import PackFinder
    from ledger.digests import Digest
    from ledger.errors import LedgerError
    from ledger.settings import LedgerSettings
    from ledger.store import Entry, Store
    from reports.pages.releases import Choice
    from reports.pages.shell import Made
    from reports.pages.standing import Standing
    from reports.release.view import PackSettings

ON_PAGE: Final = 20
"""Releases of one page."""
MOST_SEARCHED: Final = 2_000
"""Releases that a search for a product looks through."""
MOST_IN_PERIOD: Final = 1_000
OLDEST: Final = timedelta(hours=1)
"""A form sent from a page older than this is refused: its pack would say a time long past."""
AHEAD: Final = timedelta(minutes=5)

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Span:
    """A period that was asked for."""

    first: int
    end: int
    days: Days
    """In UTC, both in it: as asked for, or those of its first and last entry."""
    by_days: bool
    """Whether it was asked for by days."""

    @property
    def asked(self) -> str:
        """As packs hold it; empty: it was asked for by positions."""
        return self.days.asked if self.by_days else ""


class Releasing:
    """The pages about releases and periods of one store."""

    def __init__(
        self,
        store: Store,
        looker: Looker,
        knowing: Knowing,
        packs: PackFinder,
        settings: LedgerSettings,
        anchor_line: str,
    ) -> None:
        self._store = store
        self._looker = looker
        self._knowing = knowing
        self._packs = packs
        self._settings = settings
        self._anchor_line = anchor_line

    # The list

    def listing(self, product: str, before: int | None, frame: Frame) -> Made:
        """The releases whose product contains ``product``, newest first, those before a position."""
        found, searched, older = self._search(product.strip(), before)
        names = self._project_names(contents=frame.contents)
        listed = [self._listed(entry, body, names) for entry, body in found]
        standings = self._looker.standings(one.envelope for one in listed)
        told: list[Standing | LedgerError | None] = [standings.get(one.envelope) for one in listed]
        shell = frame.shell(title("releases"), "releases", refresh_seconds=3 if None in told else None)
        return releases_page(
            listed,
            told,
            asked=product.strip(),
            older=older,
            begun=before is not None,
            choices=self._choices(),
            shell=shell,
            searched=searched,
        )

    def _search(self, product: str, before: int | None) -> tuple[list[tuple[Entry, Release]], int | None, int | None]:
        """What is listed; how many were looked through, if that was not all; the position before which others are."""
        found: list[tuple[Entry, Release]] = []
        looked = 0
        while looked < MOST_SEARCHED:
            page = self._store.latest_entries(Query(kind="release", before=before), _PAGE)
            for entry in page:
                looked += 1
                before = entry.index
                body = event_of(entry).body
                if isinstance(body, Release) and product.casefold() in body.product.casefold():
                    if len(found) == ON_PAGE:
                        return found, None, found[-1][0].index
                    found.append((entry, body))
            if len(page) < _PAGE:
                return found, None, None
        return found, looked, before

    def _listed(self, entry: Entry, body: Release, names: dict[str, str]) -> Listed:
        newest = self._store.latest_entries(Query(kind="release", release=f"{body.product}@{body.version}"), 1)
        later = newest[0].index if newest and newest[0].index != entry.index else None
        projects = dict.fromkeys(names.get(source.project, source.project) for source in body.sources)
        return Listed(
            entry.leaf.envelope,
            body.product,
            body.version,
            entry.index,
            entry.leaf.received_at,
            tuple(projects),
            later,
        )

    def _project_names(self, *, contents: bool) -> dict[str, str]:
        known = self._knowing.now(contents=contents)
        found = {}
        for project in known.roster.projects.values():
            card = known.cards.get(project.cards[-1].content.commitment) if project.cards else None
            if card is not None:
                found[project.id] = card.name
        return found

    def _choices(self) -> tuple[Choice, ...]:
        size = self._store.size()
        first, last = self._store.entry(0), self._store.entry(size - 1)
        return period_choices(_moment(first.leaf.received_at), max(_moment(last.leaf.received_at), datetime.now(UTC)))

    # One release

    def release(self, name: str, frame: Frame) -> Made:
        """The pack of a release on screen; without contents what can be said of it."""
        digest = release_digest(self._store, name)
        looked = self._looker.release(digest)
        made = self._packs.of_release(digest, contents=frame.contents)
        shell = frame.shell(name, "releases")
        if not frame.contents:
            return release_summary(name, looked.standing, made, shell)
        offer = offer_of(digest, looked.position, looked.as_of)
        settings = self._pack_settings(looked.as_of, frame)
        if looked.judged is None and looked.dossier is not None:
            raise NotFoundError("no-policy", "no policy was in force for the project of this release")
        carried = self._carried(looked, settings)
        if looked.dossier is None or looked.judged is None:
            document = refused_document(
                looked.verification, settings=settings, carried=carried, subject="Unreadable bundle"
            )
        else:
            document = release_document(
                looked.dossier,
                looked.judged.assessments,
                looked.verification,
                policy=looked.judged.parts[0].policy,
                settings=settings,
                carried=carried,
            )
        return release_page(document, offer, made, shell)

    def release_order(self, form: dict[str, str], frame: Frame) -> Order:
        """The pack that the form of a release's page asks for.

        Raises:
            NotFoundError: there is no such release. FormatError: ``bad-parameter``. ConflictError: ``page-too-old``.
        """
        as_of = _shown_at(form)
        digest = release_digest(self._store, form.get("release", ""))
        name = self._store.entry_by_envelope(digest).leaf.about.release or digest
        return Order(
            name,
            digest,
            None,
            _number(form, "position"),
            as_of,
            self._pack_settings(as_of, frame),
            unsealed=self._unsealed(),
        )

    def release_bundle(self, name: str, position: int | None) -> tuple[bytes, str]:
        """The bundle of a release, and its file name."""
        digest = release_digest(self._store, name)
        data = self._looker.bundle(self._store.cut_release(digest, position))
        about = self._store.entry_by_envelope(digest).leaf.about.release or digest[7:19]
        product, _, version = about.partition("@")
        return data, bundle_name(product, version)

    # A period

    def period(self, period: str, first_day: str, last_day: str, span: tuple[int, int] | None, frame: Frame) -> Made:
        """What a period holds, with its downloads."""
        found = self._span(period, first_day, last_day, span)
        last = self._store.entry(found.end - 1).leaf.received_at
        as_of = ledger_now(last)
        query: dict[str, str | int] = {"first": found.first, "end": found.end}
        if found.by_days:
            query["asked"] = found.asked
        order = (
            *((name, str(value)) for name, value in query.items()),
            ("as_of", as_of),
        )
        offer = Offer(path_of("bundles", **query), order, words("")) if frame.contents else None
        return period_page(
            found.days,
            (found.first, found.end),
            self._released(found),
            offer=offer,
            made=self._packs.of_period(found.first, found.end, contents=frame.contents),
            as_of=as_of,
            shell=frame.shell(days_said(found.days), "releases"),
        )

    def period_order(self, form: dict[str, str], frame: Frame) -> Order:
        """The pack that the form of a period's page asks for."""
        as_of = _shown_at(form)
        first, end = _number(form, "first"), _number(form, "end")
        asked = form.get("asked", "")
        settings = self._pack_settings(as_of, frame)
        days = self._days(first, end, asked)
        words = span_said(days, first, end)
        return Order(words, None, (first, end), None, as_of, settings, days.asked if asked else "", self._unsealed())

    def period_bundle(self, first: int, end: int, asked: str) -> tuple[bytes, str]:
        """The bundle of a period, and its file name; ``asked`` are the days that it was asked for, or empty."""
        data = self._looker.bundle(self._store.cut_period(first, end))
        return data, f"{self._days(first, end, asked).stem}.evidence.zip"

    def _days(self, first: int, end: int, asked: str) -> Days:
        """The days of a period: as asked for, where the log has these positions there; else those of its entries."""
        if not 0 <= first < end <= self._store.latest_checkpoint().size:
            raise NotFoundError(
                "no-such-period",
                "the period is empty, or the log does not reach that far",
                details={"from": first, "to": end},
                remedy="Choose other days.",
            )
        if not asked:
            return days_of_entries(self._store, first, end)
        days = read_days(asked)
        bounds = () if days is None else days.bounds(UTC)
        places = [position_at(self._store, at) for at in bounds]
        # The log may have grown since the page was shown.
        if days is None or places[0] != first or places[1] < end:
            raise FormatError("bad-parameter", "the days are not those of the period", where="asked")
        return days

    def _span(self, period: str, first_day: str, last_day: str, span: tuple[int, int] | None) -> Span:
        size = self._store.latest_checkpoint().size
        if span is not None:
            first, end, days = span[0], min(span[1], size), None
        else:
            if not period and (swapped := _wrong_order(first_day, last_day)) is not None:
                raise swapped
            days = days_of(period) if period else _days(first_day, last_day)
            if days is None:
                raise FormatError(
                    "bad-parameter",
                    "the days are not of their form",
                    where="period",
                    remedy="A quarter is written 2026-Q3, a day 2026-07-01. Choose one below the list of releases.",
                )
            first, end = (min(position_at(self._store, _midnight(day)), size) for day in days)
        if not first < end:
            raise NotFoundError(
                "no-such-period",
                "the period is empty, or the log does not reach that far",
                details={"from": first, "to": end, "position": size},
                remedy="Choose other days.",
            )
        if days is None:
            return Span(first, end, days_of_entries(self._store, first, end), by_days=False)
        return Span(first, end, Days(days[0], days[1] - timedelta(days=1)), by_days=True)

    def _released(self, span: Span) -> Sequence[str]:
        found: dict[str, None] = {}
        before: int | None = span.end
        while before is not None and len(found) < MOST_IN_PERIOD:
            page = self._store.latest_entries(Query(kind="release", before=before), _PAGE)
            inside = [entry for entry in page if entry.index >= span.first]
            found.update(dict.fromkeys(entry.leaf.about.release or entry.leaf.envelope for entry in inside))
            before = page[-1].index if len(inside) == _PAGE else None
        return tuple(found)

    # What both need

    def _pack_settings(self, as_of: str, frame: Frame) -> PackSettings:
        certificate = self._certificate()
        sealed_by = None if isinstance(certificate, Unsealed) else certificate
        name = "" if frame.visitor is None or not frame.visitor.name else f"the holder of token {frame.visitor.name}"
        return settings_at(_moment(as_of), name, sealed_by)

    def _certificate(self) -> Digest | Unsealed:
        known = self._knowing.now(contents=False)
        return certificate_now(self._settings, known.roster, known.position)

    def _unsealed(self) -> str:
        certificate = self._certificate()
        return certificate.error.message if isinstance(certificate, Unsealed) else ""

    def _carried(self, looked: Looked, settings: PackSettings) -> Carried:
        pack_id = identify(looked.bundle, self._anchor_line, looked.as_of, settings)
        name = "unreadable.evidence.zip"
        if looked.dossier is not None:
            name = bundle_name(looked.dossier.release.product, looked.dossier.release.version)
        digest: Digest = digest_bytes(looked.bundle)
        return Carried(pack_id, name, digest, len(looked.bundle), self._anchor_line.strip(), looked.as_of)


def _shown_at(form: dict[str, str]) -> str:
    """When the page was shown from which a form comes: the pack says the same moment."""
    text = form.get("as_of", "")
    try:
        ledger_time(text, "as_of")
    except FormatError:
        raise FormatError("bad-parameter", "a parameter is not of its form", where="as_of") from None
    if not -AHEAD <= datetime.now(UTC) - _moment(text) <= OLDEST:
        raise ConflictError(
            "page-too-old", "the page is from more than an hour ago", remedy="Open it again, and ask from there."
        )
    return text


def _number(form: dict[str, str], name: str) -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise FormatError("bad-parameter", "a parameter is not of its form", where=name)
    return int(text)


def _days(first: str, last: str) -> tuple[date, date] | None:
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
        return None if end < begin else (begin, end + timedelta(days=1))
    except (ValueError, OverflowError):
        return None


def _wrong_order(first: str, last: str) -> FormatError | None:
    """Why the days are refused, if they are days and the last is before the first."""
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return None
    if begin <= end:
        return None
    return FormatError(
        "bad-parameter",
        f"the last day, {end}, is before the first day, {begin}",
        where="to",
        remedy="Give the earlier day first.",
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
