"""Registers as one workbook (Office Open XML), a sheet a register; the only module that imports XlsxWriter."""

from __future__ import annotations

import io
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reports.registers import Register

MOST_ROWS: Final = 1_048_575
"""Rows a sheet takes under its heads."""
_LONGEST_CELL: Final = 32_767
_WIDEST: Final = 60


def write_workbook(registers: Sequence[Register], *, pack_id: str, made_at: datetime) -> bytes:
    """The workbook: a first sheet that says what it belongs to and counts the rows of each sheet, then the registers.

    The same arguments give the same bytes. Every text is written as text: nothing becomes a formula or a link, whatever
    it looks like. A register of more rows than a sheet takes is said to be cut on the first sheet and is whole as CSV.
    """
    # Costs a tenth of a second, which only workbooks should pay.
    import xlsxwriter  # noqa: PLC0415

    with TemporaryDirectory(prefix="evidence-sheets-") as folder:
        return _written(xlsxwriter, registers, pack_id, made_at, folder)


def _written(
    library: Any,  # noqa: ANN401 - it has no types
    registers: Sequence[Register],
    pack_id: str,
    made_at: datetime,
    folder: str,
) -> bytes:
    """The bytes. Sheets lie in ``folder`` while they are written: in memory they took three times the registers."""
    buffer = io.BytesIO()
    book = library.Workbook(
        buffer,
        {
            "tmpdir": folder,
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    book.set_properties({"title": "Registers of an evidence pack", "created": made_at.replace(tzinfo=None)})
    heads = book.add_format({"bold": True, "bottom": 1})
    first = book.add_worksheet("about")
    first.set_column(0, 0, 16)
    first.set_column(1, 3, 64)
    lines: list[tuple[str | int, ...]] = [
        ("Pack id", pack_id),
        ("Times", "Ledger times are UTC; claimed times carry the offset of the clock that claimed them"),
        ("Proof", "These sheets are readings. What proves them is the bundle of the same pack."),
        (),
        ("Sheet", "Rows are", "Rows"),
        *((one.name, one.title + _cut(one), len(one.rows)) for one in registers),
    ]
    for row, cells in enumerate(lines):
        for column, cell in enumerate(cells):
            first.write(row, column, cell, heads if cells[0] == "Sheet" else None)
    for one in registers:
        sheet = book.add_worksheet(one.name)
        for column in range(len(one.columns)):
            sheet.set_column(column, column, _width(one, column))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, min(len(one.rows), MOST_ROWS), len(one.columns) - 1)
        for column, head in enumerate(one.columns):
            sheet.write_string(0, column, head, heads)
        for row, values in enumerate(one.rows[:MOST_ROWS], start=1):
            for column, value in enumerate(values):
                if isinstance(value, int):
                    sheet.write_number(row, column, value)
                elif value is not None:
                    sheet.write_string(row, column, value[:_LONGEST_CELL])
    book.close()
    return buffer.getvalue()


def _cut(register: Register) -> str:
    return (
        "" if len(register.rows) <= MOST_ROWS else f"; only the first {MOST_ROWS:,} fit here, all are in the CSV file"
    )


def _width(register: Register, column: int) -> int:
    longest = max((len(str(row[column])) for row in register.rows[:200] if row[column] is not None), default=0)
    return min(max(longest, len(register.columns[column])) + 2, _WIDEST)
