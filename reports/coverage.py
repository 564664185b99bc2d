"""Which characters the bundled fonts can draw, so that nothing is printed as an empty box.

The table is measured from the fonts once and kept beside them (`fonts/coverage.txt`): reading the fonts themselves on
every render would cost more than the render of a short pack. A test measures again and compares.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from importlib.resources import files
from typing import Final

TABLE: Final = "coverage.txt"


@cache
def _ranges() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First and last code points of each covered range, both ascending."""
    first: list[int] = []
    last: list[int] = []
    for line in files("reports").joinpath("fonts", TABLE).read_text("ascii").split():
        low, _, high = line.partition("-")
        first.append(int(low, 16))
        last.append(int(high or low, 16))
    return tuple(first), tuple(last)


def covered(character: str) -> bool:
    """True if one of the bundled fonts has a glyph for ``character``."""
    first, last = _ranges()
    point = ord(character)
    place = bisect_right(first, point) - 1
    return place >= 0 and point <= last[place]
