"""What commands need of a release or period: its bundle from the server, verified against the anchor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from ledger.cli.given import TIME_EXAMPLE, given
from ledger.errors import ChainError, FormatError, NotFoundError
from ledger.events.shape import claimed_time, instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from ledger.cli.session import Session
    from ledger.records import Records
    from ledger.verify.findings import Verification

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class FetchedBundle:
    """A bundle and what its verification found."""

    data: bytes
    verification: Verification
    records: Records

    @property
    def period(self) -> tuple[int, int] | None:
        """The positions between which the period lies that it is about; None: it is about a release."""
        index = self.verification.index
        found = None if index is None else index.subject.period
        return None if found is None else (found.from_, found.to)


def fetch_release(session: Session, name: str) -> FetchedBundle:
    """The bundle of the release ``product@version`` or of that envelope digest, verified.

    Raises:
        NotFoundError: there is no such release.
        ChainError: ``bundle-not-intact``; what the server sent does not verify.
    """
    pieces: list[bytes] = []
    session.client.bundle(f"release/{name}", pieces.append)
    return open_bundle(b"".join(pieces), session.settings.anchor_line)


def fetch_period(
    session: Session,
    start: str | None,
    end: str | None,
    projects: Sequence[str] = (),
    zone: tzinfo = UTC,
    options: tuple[str, str] = ("--from", "--to"),
) -> FetchedBundle:
    """The bundle of the entries from ``start`` to ``end``, verified.

    Days such as ``2026-03-31`` are whole days on the clocks of ``zone``, the last one included. Positions, and times
    with a clock, are where the period begins and ends; what stands at its end does not belong to it. None: the
    beginning, the present end. ``options`` are those that named them.

    Raises:
        FormatError: ``bad-time``. NotFoundError: ``no-such-period``.
        ChainError: ``bundle-not-intact``; what the server sent does not verify.
    """
    told = session.client.get("/v1/ledger")
    size = told.get("position") if isinstance(told, dict) else None
    if not isinstance(size, int):
        raise ChainError("bad-answer", "the server did not say how long its log is")
    first = 0 if start is None else _position(session, size, start, moment_of(start, zone, option=options[0]))
    last = size if end is None else _position(session, size, end, moment_of(end, zone, ends=True, option=options[1]))
    if not first < last <= size:
        raise NotFoundError(
            "no-such-period",
            f"nothing is recorded there: it would begin at entry {first} and end before entry {last}, of {size}",
            details={"from": first, "to": last, "position": size},
            remedy=_mend(start, end, first, last, size, options),
        )
    pieces: list[bytes] = []
    query: dict[str, str | int | Sequence[str]] = {"from": first, "to": last}
    if projects:
        query["project"] = list(projects)
    session.client.bundle("period", pieces.append, query)
    return open_bundle(b"".join(pieces), session.settings.anchor_line)


def _mend(start: str | None, end: str | None, first: int, last: int, size: int, options: tuple[str, str]) -> str:
    """What helps whoever asked for a period that holds nothing."""
    if first > last and start is not None and end is not None:
        return f"Give the earlier day first: {options[0]} {end} {options[1]} {start}"
    if first >= size:
        return f"The log ends before {options[0]}. Its latest entries: evidence log"
    return "Choose other days. When what was recorded: evidence log"


def moment_of(text: str, zone: tzinfo, *, ends: bool = False, option: str | None = None) -> datetime | None:
    """When a period begins or ends that was named by a day or a time; None: a position names it.

    A day begins a period with its midnight on the clocks of ``zone``, and ends it with the midnight after it.
    ``option`` named it: --from or --to, if none is given.

    Raises:
        FormatError: ``bad-time``.
    """
    if text.isascii() and text.isdigit():
        return None
    is_day = _DAY.fullmatch(text) is not None
    option = option or ("--to" if ends else "--from")
    with given(option, text, f"a day such as 2026-03-31, a time such as {TIME_EXAMPLE}, or a position such as 120"):
        claimed_time(f"{text}T00:00:00Z" if is_day else text, option)
    if not is_day:
        return instant(text)
    day = date.fromisoformat(text)
    # No calendar goes beyond the last day of the year 9999.
    return datetime.combine(day + timedelta(days=ends and day != date.max), time(), zone)


def days_asked(start: str | None, end: str | None, zone: tzinfo, bundle: FetchedBundle) -> str:
    """First and last day of a period that was asked for by days or times, as packs say them; empty: by positions.

    Left open, it begins on the day of its first entry and ends on the present day.

    Raises:
        FormatError: ``bad-time``.
    """
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.ofbundle import dossier_of
    from reports.period.span import covered, days_between

    begins = None if start is None else moment_of(start, zone)
    ends = datetime.now(UTC) if end is None else moment_of(end, zone, ends=True)
    index = bundle.verification.index
    dossier = None if index is None else dossier_of(index, bundle.records)
    if start is None and isinstance(dossier, PeriodDossier):
        shown = covered(dossier)
        begins = None if shown is None else shown[0]
    if begins is None or ends is None:
        return ""
    # What stands at the end does not belong to the period.
    days = days_between((begins, ends - timedelta(microseconds=1)), zone)
    return "" if days is None or days.last < days.first else days.asked


def _position(session: Session, size: int, text: str, moment: datetime | None) -> int:
    """The position that ``text`` says, or that of the first entry received at or after the moment that it says."""
    if moment is None:
        return int(text)
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        # received_at never falls as the index rises (format §5.1).
        if instant(session.client.entry(middle)[0].received_at) < moment:
            low = middle + 1
        else:
            high = middle
    return low


def bundle_in(data: bytes) -> bytes:
    """The bundle itself, or the one that a pack's PDF carries.

    Raises:
        FormatError: ``bad-pack``; ``not-a-bundle``, where nothing shows that it is a pack.
    """
    if not data.startswith(b"%PDF-"):
        return data
    from ledger.verify.form import check_file_form
    from reports.attached import attached_bundle

    try:
        return attached_bundle(data)
    except FormatError:
        check_file_form(data)
        raise


def open_bundle(data: bytes, anchor_line: str) -> FetchedBundle:
    """A bundle's records, once every check has passed.

    Raises:
        FormatError: ``bad-anchor``, ``not-a-bundle``: there is nothing to check.
        ChainError: ``bundle-not-intact``.
    """
    from ledger.verify.form import check_anchor_form, check_file_form
    from ledger.verify.run import verify_bundle

    check_anchor_form(anchor_line)
    check_file_form(data)
    verification = verify_bundle(data, anchor_line)
    if not verification.intact or verification.records is None:
        first = verification.failures[0]
        raise ChainError(
            "bundle-not-intact",
            "the bundle does not verify, so nothing is concluded from it",
            details={"check": first.check, "place": first.place, "failure_count": len(verification.failures)},
            remedy="See every failure: evidence verify FILE --anchor ledger.pub",
        )
    return FetchedBundle(data, verification, verification.records)


def as_of_now(records: Records) -> str:
    """The present as a ledger time, never before the last entry that is judged."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    last = records.entries[-1].leaf.received_at if records.entries else now
    return max(now, last)


def as_of_its_end(bundle: FetchedBundle) -> str | None:
    """The time of the last entry of a period; None for a release.

    A period is judged by what was recorded up to its end: by a later time, a review that came after the end and is
    not shown would seem to be overdue.
    """
    index = bundle.verification.index
    period = None if index is None else index.subject.period
    return None if period is None or not bundle.records.entries else bundle.records.entries[-1].leaf.received_at


def as_of_what_follows(session: Session, bundle: FetchedBundle) -> str | None:
    """The time of the first entry after a period: until then, what the period holds was all there was; None: now."""
    index = bundle.verification.index
    period = None if index is None else index.subject.period
    try:
        return None if period is None else session.client.entry(period.to)[0].received_at
    except NotFoundError:
        return None
