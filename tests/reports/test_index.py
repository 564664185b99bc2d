"""Every entry that a pack prints can be found by its number, and what has no row is told."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

import pytest

from reports.parts import Paragraph, Reference, Row
from reports.release.index import stretches
from tests.reports import release_story, whole_story
from tests.reports.plain import indexed, said
from tests.reports.test_release import ALL, SETTINGS, Made, document_of, made, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.parts import Section


def anchors(value: object) -> Iterator[str]:
    """Every anchor that a part of a document leads to or has."""
    if isinstance(value, Reference | Row):
        yield value.anchor
    if isinstance(value, tuple):
        for item in value:
            yield from anchors(item)
    elif is_dataclass(value):
        for one in fields(value):
            yield from anchors(getattr(value, one.name))


def rows(section: Section) -> dict[int, list[str]]:
    """The rows of the index, by entry."""
    return {
        int(said(row.cells[0])): [said(cell) for cell in row.cells[1:]]
        for row in indexed(section).rows
        if said(row.cells[0]).isdecimal()
    }


def without_row(section: Section) -> list[int]:
    """The entries that the sentences after the index name as having none."""
    found: list[int] = []
    for block in section.blocks:
        if isinstance(block, Paragraph) and " without a row, " in (text := said(block.line)):
            ranges = text.partition(": ")[2].partition(";")[0]
            for begin, end in re.findall(r"(\d+)(?: to (\d+))?", ranges):
                found += range(int(begin), int(end or begin) + 1)
    return found


def index_of(one: Made) -> Section:
    """The section with the index."""
    return one.section("traceability")


@ALL
@pytest.mark.parametrize("most_changes", [120, 2])
def test_every_attached_entry_has_a_row_or_is_told_to_have_none(name: str, most_changes: int) -> None:
    """Rows and the named stretches are every attached entry once, and the sentence before counts both."""
    one = document_of(*told(name), replace(SETTINGS, most_changes=most_changes))
    listed, left = rows(index_of(one)), without_row(index_of(one))
    whole = [record.index for record in one.dossier.records.entries]
    assert sorted([*listed, *left]) == whole
    assert str(indexed(index_of(one)).caption).startswith(f"{len(listed)} of {len(whole)} attached entries have a row")


@ALL
def test_every_entry_with_a_place_is_in_the_index(name: str) -> None:
    """Whatever has the anchor of an entry, or leads to one, stands in the index with that anchor."""
    one = made(name)
    listed = rows(index_of(one))
    placed = {int(anchor[1:]) for anchor in anchors(one.document) if re.fullmatch(r"e\d+", anchor)}
    assert placed <= set(listed)
    assert all(listed[index][-1].endswith(f"->e{index}") for index in placed)


def test_what_speaks_against_a_release_is_in_the_index() -> None:
    """A push without a change, reviews of exceptions, comparisons and heartbeats have rows that lead to them."""
    loose = rows(index_of(made("troubled")))[55]
    assert loose[0] == "landing"
    assert loose[1].startswith("no change: commit ")
    assert loose[-1] == "Completeness ->e55"
    review = rows(index_of(made("excepted")))[35]
    assert (review[0], review[-1]) == ("decision: approved", "Exceptions and bypasses ->e35")
    whole = rows(index_of(made("whole")))
    kinds = {cells[0] for cells in whole.values()}
    assert {"heartbeat", "comparison with a clone", "build", "statement of a change", "state of a protection"} <= kinds


def test_decisions_say_which_way_they_went() -> None:
    """A rejection and a withdrawal are not called approvals."""
    listed = {cells[0] for cells in rows(index_of(made("troubled"))).values()}
    assert {"decision: approved", "decision: rejected", "decision: withdrew"} <= listed


def test_numbers_are_told_in_stretches() -> None:
    """Neighbours are one stretch, and more than there is room for are counted, not dropped."""
    assert stretches([0, 1, 2, 5, 7, 8], 9) == "0 to 2, 5, 7 to 8"
    assert stretches([0, 1, 2, 5, 7, 8], 2) == "0 to 2, 5 and 2 more"


def test_runs_on_the_released_commit_say_what_they_are_about() -> None:
    """A run that belongs to no change is about the released commit, or about its tree where another commit held it."""
    one = document_of(*release_story.history())
    listed = rows(index_of(one))
    assert [listed[item.record.index][1] for item in one.dossier.runs] == ["the released commit", "the released tree"]


def test_decisions_about_an_exception_are_not_read_as_decisions_about_its_change() -> None:
    """The row of such a decision names the exception by its entry."""
    one = document_of(*whole_story.whole())
    listed = rows(index_of(one))
    for change in one.dossier.changes:
        for item in change.exceptions:
            for fact in item.decisions:
                assert listed[fact.record.index][1] == f"the exception of entry {item.record.index}"
