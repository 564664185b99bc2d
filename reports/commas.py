"""A register as CSV (RFC 4180): UTF-8 with a byte order mark, so that spreadsheets read names in every script."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reports.registers import Cell, Register

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_csv(register: Register) -> bytes:
    """The file of ``register``: its heads, then a line a row.

    A text that a spreadsheet would take for a formula is written after an apostrophe: what is audited must not run on
    the auditor's machine.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(register.columns)
    writer.writerows([_cell(cell) for cell in row] for row in register.rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _cell(cell: Cell) -> str | int:
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_A_FORMULA) else cell
