"""Measures the characters of the bundled fonts; reports/fonts/README.md says how the table is renewed."""

from __future__ import annotations

from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it ships no types

FONTS = Path(__file__).parents[2] / "reports" / "fonts"


def table() -> str:
    """The table of covered ranges, one hexadecimal range a line.

    A character counts only if its upright regular face has it: every style of the pack falls back to that one.
    """
    points: set[int] = set()
    for path in sorted(FONTS.glob("*.ttf")):
        if any(style in path.name for style in ("Bold", "Italic")):
            continue
        with TTFont(path, lazy=True) as font:
            points.update(font.getBestCmap())
    lines: list[str] = []
    ordered = sorted(points)
    start = 0
    for place, point in enumerate(ordered):
        if place + 1 == len(ordered) or ordered[place + 1] != point + 1:
            low = ordered[start]
            lines.append(f"{low:X}" if low == point else f"{low:X}-{point:X}")
            start = place + 1
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - this is the program
