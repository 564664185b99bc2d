"""How facts are written in a pack: times, digests, counts and sizes, each in one way everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from ledger.rules.wording import at_utc
from reports.say import say

GROUP: Final = 8
"""Characters of a digest that share one ink."""
SHORT: Final = 12
"""Characters of a digest in its short form."""

_KEPT: Final = "\N{NO-BREAK SPACE}"
_HEX: Final = re.compile(r"(?:([a-z0-9]{1,12}):)?([0-9a-f]{16,128})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Digits:
    """A digest or git object id, ready to print in full or short."""

    algorithm: str
    """Name before the colon, such as ``sha256``; empty where the id carries none."""
    hexadecimal: str
    """16 to 128 lower-case hexadecimal digits."""

    @property
    def short(self) -> str:
        """The first twelve digits: enough to find it, never enough to rely on it."""
        return self.hexadecimal[:SHORT]

    @property
    def groups(self) -> tuple[str, ...]:
        """All digits in groups of eight.

        Groups differ in ink, not by gaps: a gap comes out of a PDF as a space and spoils what is copied.
        """
        return tuple(self.hexadecimal[place : place + GROUP] for place in range(0, len(self.hexadecimal), GROUP))


def digits(value: str) -> Digits:
    """``value`` (``sha256:`` and hexadecimal, or hexadecimal alone) as a printable digest; else ValueError."""
    found = _HEX.fullmatch(value)
    if found is None:
        raise ValueError("not a digest: optional algorithm and colon, then 16 to 128 lower-case hexadecimal digits")
    return Digits(found[1] or "", found[2])


def moment(at: datetime) -> str:
    """``at`` in UTC to the second, as ``2026-11-12 07:30:05Z``; fractions are dropped, a naive time is a ValueError."""
    return at_utc(_utc(at))


def minute(at: datetime) -> str:
    """``at`` in UTC to the minute, as ``2026-11-12 07:30``, for columns whose head says UTC."""
    return _utc(at).strftime("%Y-%m-%d %H:%M")


def day(at: datetime) -> str:
    """The UTC day of ``at``, as ``2026-11-12``."""
    return _utc(at).strftime("%Y-%m-%d")


def moment_in(at: datetime, zone: tzinfo, name: str) -> str:
    """``at`` in UTC and in the reader's zone: ``2026-11-12 07:30:05Z (08:30:05 +01:00, Europe/Oslo)``.

    The reader's date is written only where it differs, and nothing more than UTC for a reader whose zone that is.
    """
    utc, local = _utc(at), at.astimezone(zone)
    if name == "UTC":
        return moment(at)
    clock = "%H:%M:%S" if utc.date() == local.date() else "%Y-%m-%d %H:%M:%S"
    return f"{moment(at)} ({local.strftime(clock)} {_offset(local)}, {name})"


def zone_sentence(begin: datetime, end: datetime, zone: tzinfo, name: str) -> str:
    """The sentence, printed once, that says in which zone times are given and how the reader's differs."""
    offsets = sorted({_offset(_utc(at).astimezone(zone)) for at in (begin, end)})
    if offsets == ["+00:00"]:
        return say("All times are in UTC.")
    if len(offsets) == 1:
        return say(
            "All times are in UTC. In {zone} the clock showed UTC {offset} in this period.",
            zone=name,
            offset=offsets[0],
        )
    return say(
        "All times are in UTC. In {zone} the clock showed UTC {offset} or {other} in this period.",
        zone=name,
        offset=offsets[0],
        other=offsets[1],
    )


def number(value: int) -> str:
    """``value`` with a comma between thousands."""
    return f"{value:,}"


def count(value: int, one: str, many: str) -> str:
    """``value`` with its noun: ``1 change``, ``1,742 changes``."""
    return f"{value:,} {one if value == 1 else many}"


def share(part: int, whole: int) -> str:
    """``4 of 5``; more than the whole, or less than nothing, is a ValueError: such a sentence would be false."""
    if not 0 <= part <= whole:
        raise ValueError("a part is between nothing and the whole")
    return say("{part} of {whole}", part=number(part), whole=number(whole))


def duration(span: timedelta) -> str:
    """``span`` in its two largest units: ``10 h 31 min``, ``3 d 4 h``, ``45 s``; a negative one is a ValueError.

    The spaces do not break, so that no unit begins a line.
    """
    seconds = int(span.total_seconds())
    if seconds < 0:
        raise ValueError("a duration is not negative")
    units = (
        (seconds // 86_400, say("d")),
        (seconds // 3_600 % 24, say("h")),
        (seconds // 60 % 60, say("min")),
        (seconds % 60, say("s")),
    )
    first = next((place for place, (value, _) in enumerate(units) if value), len(units) - 1)
    told = [f"{value}{_KEPT}{unit}" for value, unit in units[first : first + 2] if value]
    return _KEPT.join(told) or f"0{_KEPT}{say('s')}"


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be printed")
    return at.astimezone(UTC)


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
