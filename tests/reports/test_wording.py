"""How facts are written: one form each, and nothing false."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import wording

AT = datetime(2026, 11, 12, 23, 30, 5, 999_000, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")


def test_times_are_utc_and_the_readers_zone_is_beside() -> None:
    """A time is given in UTC; the reader's clock follows, with its date where that differs."""
    assert wording.moment(AT.astimezone(OSLO)) == "2026-11-12 23:30:05Z"
    assert wording.minute(AT) == "2026-11-12 23:30"
    assert wording.day(AT) == "2026-11-12"
    assert (
        wording.moment_in(AT, OSLO, "Europe/Oslo") == "2026-11-12 23:30:05Z (2026-11-13 00:30:05 +01:00, Europe/Oslo)"
    )
    assert wording.moment_in(AT - timedelta(hours=3), OSLO, "Europe/Oslo").endswith("(21:30:05 +01:00, Europe/Oslo)")
    assert wording.moment_in(AT, UTC, "UTC") == wording.moment(AT)


def test_zone_sentence_names_both_offsets_of_a_period_over_a_clock_change() -> None:
    """A period over a change of clocks names both offsets; UTC readers get the short sentence."""
    spring = datetime(2026, 9, 1, tzinfo=UTC)
    assert wording.zone_sentence(spring, AT, OSLO, "Europe/Oslo").endswith("UTC +01:00 or +02:00 in this period.")
    assert wording.zone_sentence(spring, AT, UTC, "UTC") == "All times are in UTC."
    assert "-03:30" in wording.zone_sentence(AT, AT, ZoneInfo("America/St_Johns"), "St John's")


def test_a_time_without_zone_is_refused() -> None:
    """A naive time cannot be printed."""
    with pytest.raises(ValueError, match="zone"):
        wording.moment(AT.replace(tzinfo=None))


@given(st.binary(min_size=8, max_size=64))
def test_digest_groups_join_to_the_digest(data: bytes) -> None:
    """The groups of eight are the digest, whole and in order; the short form is its beginning."""
    found = wording.digits("sha256:" + data.hex())
    assert "".join(found.groups) == found.hexadecimal == data.hex()
    assert found.hexadecimal.startswith(found.short)
    assert found.algorithm == "sha256"
    assert wording.digits(data.hex()).algorithm == ""


@pytest.mark.parametrize("value", ["", "sha256:", "ABCDEF0123456789", "sha256:xyz", "12 34", "a" * 129])
def test_other_text_is_no_digest(value: str) -> None:
    """What is not a digest is refused, not printed as one."""
    with pytest.raises(ValueError, match="not a digest"):
        wording.digits(value)


def test_counts() -> None:
    """Counts carry their noun and thousands their comma; a share greater than its whole is refused."""
    assert wording.count(1, "change", "changes") == "1 change"
    assert wording.count(1742, "change", "changes") == "1,742 changes"
    assert wording.share(4, 5) == "4 of 5"
    with pytest.raises(ValueError, match="part"):
        wording.share(6, 5)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(hours=10, minutes=31), "10 h 31 min"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(hours=2), "2 h"),
    ],
)
def test_durations(span: timedelta, text: str) -> None:
    """A duration is written in its two largest units."""
    assert wording.duration(span) == text.replace(" ", "\N{NO-BREAK SPACE}")
