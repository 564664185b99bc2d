"""Registers hold every row of what a pack is about, and files of them stay tables whatever is written in them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.dossier.build import build_period, build_release
from ledger.records import Absent
from ledger.rules.assess import assess_release
from ledger.rules.policy import policy_in_force
from reports.commas import write_csv
from reports.registers import Register, registers
from reports.workbook import write_workbook
from tests.reports import release_story
from tests.reports.test_release_packs import AS_OF

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier

SURROGATES = "".join(map(chr, range(0xD800, 0xE000)))
"""Halves of characters, which no text of ours holds."""
MADE_AT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


@cache
def troubled() -> tuple[ReleaseDossier, dict[str, Register]]:
    """The troubled release and its registers by name."""
    world, release = release_story.troubled()
    dossier = build_release(world.records(), release.envelope)
    policy = policy_in_force(dossier.records, dossier.sources[0].source.project)
    found = registers(dossier, assess_release(dossier, policy, AS_OF).verdicts)
    return dossier, {one.name: one for one in found}


def test_every_fact_of_the_dossier_has_its_row() -> None:
    """Registers have as many rows as the dossier has facts, and each points to the entry it came from."""
    dossier, found = troubled()
    expected = {
        "changes": len(dossier.changes),
        "revisions": sum(len(one.revisions) for one in dossier.changes),
        "landings": sum(len(one.landings) for one in dossier.changes),
        "duties": sum(len(one.contributions) for one in dossier.changes),
        "approvals": sum(len(one.approvals) for one in dossier.changes) + len(dossier.approvals),
        "tests": sum(len(one.runs) for one in dossier.changes),
        "prompts": sum(len(one.prompts) for one in dossier.changes),
        "releases": 1,
        "deployments": len(dossier.deployments),
        "entries": len(dossier.records.entries),
        "contents": sum(len(record.event.context.contents) for record in dossier.records.entries),
    }
    assert {name: len(found[name].rows) for name in expected} == expected
    assert min(expected[name] for name in ("changes", "approvals", "tests", "prompts")) > 1
    indexes = {record.index for record in dossier.records.entries}
    for one in found.values():
        if "entry" in one.columns:
            assert {row[one.columns.index("entry")] for row in one.rows} <= indexes


def test_what_is_not_at_hand_is_said_in_words() -> None:
    """A content that is withheld is a row with that word, not a gap."""
    dossier, found = troubled()
    held = {
        item.commitment: dossier.records.content(item)
        for record in dossier.records.entries
        for item in record.event.context.contents
    }
    absent = {key for key, value in held.items() if isinstance(value, Absent)}
    contents = found["contents"]
    state, commitment = contents.columns.index("state"), contents.columns.index("commitment")
    assert absent
    assert {row[commitment] for row in contents.rows if row[state] != "held"} == absent


def test_a_period_has_the_same_registers() -> None:
    """A release and a period fill the same registers, so that a reader learns them once."""
    dossier, found = troubled()
    records = dossier.records
    projects = tuple(sorted({one.source.project for one in dossier.sources}))
    period = registers(build_period(records, projects, 0, records.position), ())
    assert [(one.name, one.columns) for one in period] == [(one.name, one.columns) for one in found.values()]
    assert {one.name: len(one.rows) for one in period}["releases"] == 1


def test_the_workbook_says_what_the_registers_say() -> None:
    """Read back by another library, every sheet has the rows of its register, and the first sheet counts them."""
    _, found = troubled()
    made = write_workbook(tuple(found.values()), pack_id="sha256:" + "a" * 64, made_at=MADE_AT)
    book = openpyxl.load_workbook(io.BytesIO(made))
    assert book.sheetnames == ["about", *found]
    for one in found.values():
        rows = [tuple(row) for row in book[one.name].iter_rows(values_only=True)]
        assert rows == [one.columns, *one.rows]
    counted = {row[0]: row[2] for row in book["about"].iter_rows(min_row=6, values_only=True)}
    assert counted == {name: len(one.rows) for name, one in found.items()}
    assert made == write_workbook(tuple(found.values()), pack_id="sha256:" + "a" * 64, made_at=MADE_AT)


def test_nothing_becomes_a_formula_or_a_link() -> None:
    """Texts that look like formulas, numbers or addresses are text in the workbook and in the CSV file."""
    nasty = ('=HYPERLINK("http://example.invalid")', "+1", "-2", "@SUM(A1)", "007", "https://example.invalid", "\tx")
    one = Register("nasty", "Nasty texts", ("text",), tuple((text,) for text in nasty))
    book = openpyxl.load_workbook(io.BytesIO(write_workbook((one,), pack_id="p", made_at=MADE_AT)))
    cells = [row[0] for row in book["nasty"].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == list(nasty)
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    read = list(csv.reader(io.StringIO(write_csv(one).decode("utf-8-sig"), newline="")))
    assert [row[0][:1] for row in read[1:5]] == ["'"] * 4
    assert read[7] == ["'\tx"]


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_characters=SURROGATES), max_size=20), st.integers() | st.none()))
)
def test_csv_comes_back(rows: list[tuple[str, int | None]]) -> None:
    """What a CSV reader gives back is the register, but for the apostrophe before what looks like a formula."""
    one = Register("any", "Anything", ("a", "b"), tuple(rows))
    read = list(csv.reader(io.StringIO(write_csv(one).decode("utf-8-sig"), newline="")))
    assert read[0] == ["a", "b"]
    assert [row[0].removeprefix("'") for row in read[1:]] == [row[0].removeprefix("'") for row in rows]
    assert [row[1] for row in read[1:]] == ["" if row[1] is None else str(row[1]) for row in rows]


def test_a_row_without_a_cell_for_each_column_is_refused() -> None:
    """A register whose rows and heads differ is a programmer's mistake."""
    with pytest.raises(ValueError, match="one cell a column"):
        Register("x", "X", ("a", "b"), (("only one",),))
