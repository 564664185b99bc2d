"""What ``fsck`` finds: a table, a row, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not hold."""

    table: str
    row: str
    """The row's key: an index, a number, a commitment."""
    fault: str
    """Name of the fault: lower case words joined by hyphens."""
    found: str
    """One sentence without contents or names."""
