"""What commands need of a release or period: its bundle from the server, verified against the anchor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ledger.errors import ChainError, NotFoundError
from ledger.events.shape import claimed_time, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def fetch_release(session: Session, name: str) -> FetchedBundle:
    """The bundle of the release ``product@version`` or of that envelope digest, verified.

    Raises:
        NotFoundError: there is no such release.
        ChainError: ``bundle-not-intact``; what the server sent does not verify.
    """
    pieces: list[bytes] = []
    session.client.bundle(f"release/{name}", pieces.append)
    return open_bundle(b"".join(pieces), session.settings.anchor_line)


def fetch_period(session: Session, start: str | None, end: str | None, projects: Sequence[str] = ()) -> FetchedBundle:
    """The bundle of the entries from ``start`` up to, not including, ``end``, verified.

    Both are positions, or times: the first entry received at or after them. None: the beginning, the present end.

    Raises:
        FormatError: ``bad-time``. NotFoundError: ``no-such-period``.
        ChainError: ``bundle-not-intact``; what the server sent does not verify.
    """
    told = session.client.get("/v1/ledger")
    size = told.get("position") if isinstance(told, dict) else None
    if not isinstance(size, int):
        raise ChainError("bad-answer", "the server did not say how long its log is")
    first = 0 if start is None else _position(session, start, size)
    last = size if end is None else _position(session, end, size)
    if not first < last <= size:
        raise NotFoundError(
            "no-such-period",
            f"nothing is recorded there: it would begin at entry {first} and end before entry {last}, of {size}",
            details={"from": first, "to": last, "position": size},
        )
    pieces: list[bytes] = []
    query: dict[str, str | int | Sequence[str]] = {"from": first, "to": last}
    if projects:
        query["project"] = list(projects)
    session.client.bundle("period", pieces.append, query)
    return open_bundle(b"".join(pieces), session.settings.anchor_line)


def _position(session: Session, text: str, size: int) -> int:
    """The position that ``text`` says, or that of the first entry received at or after that time."""
    if text.isascii() and text.isdigit():
        return int(text)
    moment = instant(claimed_time(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text, ""))
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
        FormatError: ``bad-pack``.
    """
    if not data.startswith(b"%PDF-"):
        return data
    from reports.attached import attached_bundle

    return attached_bundle(data)


def open_bundle(data: bytes, anchor_line: str) -> FetchedBundle:
    """A bundle's records, once every check has passed.

    Raises:
        ChainError: ``bundle-not-intact``.
    """
    from ledger.verify.run import verify_bundle

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
