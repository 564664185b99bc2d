"""Which prompts the section on assistants lists, and what it says of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.events.work import PromptScan
from reports.parts import Paragraph, Table
from reports.release import scans
from reports.release.assistants import prompts_of
from tests.reports.plain import said
from tests.reports.test_departed import view_of

if TYPE_CHECKING:
    import pytest

    from ledger.dossier.facts import PromptFact


def test_long_lists_begin_with_what_was_left_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more prompts than are listed, those with findings or never looked through stay, the rest is counted."""
    view = view_of("whole")
    one = prompts_of(view)[0]

    def made(index: int, scan: PromptScan | None) -> PromptFact:
        leaf = replace(one.record.leaf, index=index)
        return replace(one, record=replace(one.record, leaf=leaf), prompt=replace(one.prompt, scan=scan))

    clean, found = PromptScan(0, 0, "scanner", "1"), PromptScan(3, 0, "scanner", "1")
    monkeypatch.setattr(scans, "MOST_PROMPTS", 2)
    blocks = scans.prompt_scans(view, (made(900, clean), made(901, None), made(902, clean), made(903, found)))
    (listed,) = [block for block in blocks if isinstance(block, Table)]
    assert [said(row.cells[0]) for row in listed.rows] == ["901", "903"]
    last = blocks[-1]
    assert isinstance(last, Paragraph)
    assert said(last.line).startswith("2 more prompts")
