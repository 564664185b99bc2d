"""The time zone setting: UTC decides everywhere, and the reader's clock stands beside it where people signed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.parts import Signature
from tests.reports import release_story
from tests.reports.plain import plain, said
from tests.reports.test_release import SETTINGS, document_of

if TYPE_CHECKING:
    from reports.parts import Document

SIGNED = re.compile(
    r"(?P<claimed>\S+ \S+ \S+)  ledger (?P<utc>\S+ \S+)Z(?: \((?P<local>[^,]*), (?P<zone>[^)]*)\))?, entry \d+"
)


@cache
def printed(zone: str) -> Document:
    """The clean release for a reader in ``zone``."""
    settings = replace(SETTINGS, zone=UTC if zone == "UTC" else ZoneInfo(zone), zone_name=zone)
    return document_of(*release_story.clean(), settings).document


def signed(document: Document) -> list[re.Match[str]]:
    """What each signature block says of its time."""
    blocks = [block for section in document.sections for block in section.blocks if isinstance(block, Signature)]
    found = [match for block in blocks if (match := SIGNED.fullmatch(said(block.rows[0][1]))) is not None]
    assert len(found) == len(blocks) > 0
    return found


@pytest.mark.parametrize("zone", ["Europe/Oslo", "Pacific/Kiritimati", "America/St_Johns"])
def test_signature_blocks_have_the_readers_clock_beside_utc(zone: str) -> None:
    """Each block gives ledger time in UTC and the same instant on the reader's clock, dated where that differs."""
    for block in signed(printed(zone)):
        utc = datetime.fromisoformat(f"{block['utc']}+00:00")
        *day, clock, offset = block["local"].split(" ")
        local = utc.astimezone(ZoneInfo(zone))
        assert (day, clock) == ([] if local.date() == utc.date() else [f"{local:%Y-%m-%d}"], f"{local:%H:%M:%S}")
        assert block["zone"] == zone
        assert datetime.fromisoformat(f"{local:%Y-%m-%d} {clock}{offset}") == utc


def test_a_reader_in_utc_reads_each_time_once() -> None:
    """No block repeats UTC as a second clock."""
    assert all(block["local"] is None for block in signed(printed("UTC")))
    assert "+00:00, UTC" not in plain(printed("UTC"))


def test_a_zone_changes_no_fact() -> None:
    """Without what the reader's clock adds, packs for two zones say the same."""
    texts = set()
    for zone in ("UTC", "Europe/Oslo"):
        text = re.sub(r" \([^()]*, Europe/Oslo\)", "", plain(printed(zone)))
        text = re.sub(r"All times are in UTC\.(?: In Europe/Oslo [^.]*\.)?", "", text)
        texts.add(text.replace("Europe/Oslo", "UTC"))
    assert len(texts) == 1
