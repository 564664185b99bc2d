"""A period in words: its first and its last day, both in it and on the reader's clock; positions are the fine print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from ledger.entry import LEDGER_STREAM
from reports.release.said import received
from reports.say import say
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from ledger.dossier.facts import PeriodDossier
    from ledger.records import Record

_ASKED: Final = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Days:
    """From a first to a last day; both belong to it, whole."""

    first: date
    last: date

    @property
    def asked(self) -> str:
        """As the settings of a pack hold them: ``2026-01-01 to 2026-03-31``, in every language."""
        return f"{self.first} to {self.last}"

    @property
    def stem(self) -> str:
        """How files of the period are named: ``period-2026-01-01-to-2026-03-31``."""
        return f"period-{self.first}-to-{self.last}"

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """When they begin and end on the clocks of ``zone``; the end itself no longer belongs to them."""
        start = datetime.combine(self.first, time(), zone)
        # No calendar goes beyond the last day of the year 9999.
        after = self.last + timedelta(days=self.last != date.max)
        return start, datetime.combine(after, time(), zone)


def read_days(asked: str) -> Days | None:
    """The days that a setting holds; None: it holds none, or none that there are in this order."""
    found = _ASKED.fullmatch(asked)
    if found is None:
        return None
    try:
        first, last = map(date.fromisoformat, found.groups())
    except ValueError:
        return None
    return Days(first, last) if first <= last else None


def of_period(dossier: PeriodDossier, record: Record) -> bool:
    """Whether an entry lies in the period and in a stream that the period is of: a project's, or the ledger's own."""
    inside = dossier.first <= record.index < dossier.end
    return inside and record.leaf.stream in (LEDGER_STREAM, *dossier.projects)


def covered(dossier: PeriodDossier) -> tuple[datetime, datetime] | None:
    """Ledger times of the first and the last entry of the period that is shown; None: it shows none."""
    return _ends([record for record in dossier.records.entries if of_period(dossier, record)])


def days_of(dossier: PeriodDossier, asked: str, zone: tzinfo) -> Days | None:
    """The days that were asked for, else those of the first and the last entry; None: it was asked for by neither."""
    return read_days(asked) or days_between(covered(dossier), zone)


def period_name(dossier: PeriodDossier, asked: str, zone: tzinfo) -> str:
    """File name of the bundle of a period: its days, or its positions where no day is known."""
    days = days_of(dossier, asked, zone)
    stem = f"period-{dossier.first}-{dossier.end}" if days is None else days.stem
    return f"{stem}.evidence.zip"


def days_between(ends: tuple[datetime, datetime] | None, zone: tzinfo = UTC) -> Days | None:
    """The days of two moments on the clocks of ``zone``."""
    return None if ends is None else Days(*(at.astimezone(zone).date() for at in ends))


def days_inside(dossier: PeriodDossier, first: int, end: int, zone: tzinfo) -> Days | None:
    """The days that another period of these positions covers; None: it is not whole in what is shown of this one."""
    if not (dossier.first <= first and end <= dossier.end):
        return None
    return days_between(
        _ends(
            [record for record in dossier.records.entries if of_period(dossier, record) and first <= record.index < end]
        ),
        zone,
    )


def fits(dossier: PeriodDossier, days: Days, zone: tzinfo) -> bool:
    """Whether the period can be of these days: what is shown of it was received on them, and nothing else in between.

    The first and the last day may belong to it in part, where it was asked for by times.
    """
    start, end = days.bounds(zone)
    whole_day = timedelta(days=1)
    for record in dossier.records.entries:
        at = received(record)
        if of_period(dossier, record) and not start <= at < end:
            return False
        if record.index < dossier.first and at >= start + whole_day:
            return False
        if record.index >= dossier.end and at < end - whole_day:
            return False
    return True


def days_said(days: Days) -> str:
    """``2026-01-01 to 2026-03-31``; one day alone where it is both."""
    if days.first == days.last:
        return str(days.first)
    return say("{first} to {last}", first=days.first, last=days.last)


def positions_said(first: int, end: int) -> str:
    """The fine print: the positions between which a period lies."""
    return say("positions {first} to {end}", first=number(first), end=number(end))


def span_said(days: Days | None, first: int, end: int) -> str:
    """The days with the positions behind them, in one line; the positions alone where no day is known."""
    positions = positions_said(first, end)
    return positions if days is None else say("{days} ({positions})", days=days_said(days), positions=positions)


def span_of(dossier: PeriodDossier, zone: tzinfo = UTC) -> str:
    """The days of the first and the last entry of a period, with its positions, in one line."""
    return span_said(days_between(covered(dossier), zone), dossier.first, dossier.end)


def _ends(shown: Sequence[Record]) -> tuple[datetime, datetime] | None:
    return (received(shown[0]), received(shown[-1])) if shown else None
