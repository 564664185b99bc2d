"""Where the lines and boxes of a pack's drawings stand; templates only write the numbers down.

All lengths are in user units of the drawing's own view box.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.parts import Happening, Mark, Timeline

SQUARES: Final = 40
"""Outcomes drawn as one square each; above, a mark's part of the bar is in proportion."""
TALLY_WIDTH: Final = 430
CELL: Final = 26
"""Height of a lane of the timeline."""
LABELS: Final = 92
"""Width of the lane names."""
WIDTH: Final = 720
"""Width of the timeline."""
DAYS: Final = 14
"""Most columns of a timeline; beyond, a column is several days."""
SHAPES_EACH: Final = 9
"""Marks of a cell for which its column asks room."""
STEP: Final = 9
"""Least distance of two marks; where it does not fit, marks that fall together are one box with their number."""
BOX: Final = 26
"""Width of the stretch of a cell whose marks are one box."""
DATE: Final = 44
"""Width from which a column's label has its year."""


@dataclass(frozen=True, slots=True)
class Square:
    """One box of a tally."""

    x: float
    width: float
    mark: Mark


@dataclass(frozen=True, slots=True)
class Caption:
    """Words under a tally."""

    x: float
    text: str


def squares(tally: Sequence[tuple[Mark, int]]) -> tuple[Square, ...]:
    """Boxes of the bar on the cover: one an outcome while they fit, else one a mark with its share of the width."""
    counted = [(mark, count) for mark, count in tally if count]
    total = sum(count for _, count in counted)
    if total == 0:
        return ()
    if total <= SQUARES:
        width = min(30.0, TALLY_WIDTH / total)
        marks = [mark for mark, count in counted for _ in range(count)]
        return tuple(Square(round(place * width, 2), round(width - 2.5, 2), mark) for place, mark in enumerate(marks))
    found: list[Square] = []
    x = 0.0
    # A mark that occurs at all stays visible: at least eight units wide.
    spare = TALLY_WIDTH - 8 * len(counted)
    for mark, count in counted:
        width = 8 + spare * count / total
        found.append(Square(round(x, 2), round(width - 2.5, 2), mark))
        x += width
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Point:
    """A mark of the timeline."""

    x: float
    y: float
    lane: int
    hit: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A box of the timeline that shows how many marks it stands for, where they stand among the others."""

    x: float
    y: float
    count: int
    hits: int


@dataclass(frozen=True, slots=True)
class DayColumn:
    """A column of the timeline."""

    x: float
    width: float
    label: str
    gap: bool
    """True if days without anything lie between this column and the one before."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A timeline with every place worked out."""

    width: int
    height: int
    columns: tuple[DayColumn, ...]
    lanes: tuple[tuple[float, str], ...]
    """Middle of each lane, and its name."""
    points: tuple[Point, ...]
    numbers: tuple[Number, ...]
    days_each: int
    """Days in one column."""
    begin: str
    """First day (UTC) of anything drawn."""
    end: str
    """Last day."""


def strip(timeline: Timeline) -> Strip:
    """Places for a timeline: only days on which something happened are columns, gaps are marked.

    Within a column the marks of one lane stand in order from left to right; none stands in another day's column.
    """
    ordered = sorted(timeline.happenings, key=lambda happening: happening.at)
    days = sorted({_day(happening) for happening in ordered})
    span = (days[-1] - days[0]).days + 1 if days else 1
    days_each = 1 if len(days) <= DAYS else -(-span // DAYS)
    cells: defaultdict[date, list[Happening]] = defaultdict(list)
    for happening in ordered:
        offset = (_day(happening) - days[0]).days // days_each
        cells[days[0] + timedelta(days=offset * days_each)].append(happening)

    starts = sorted(cells)
    weights = [_weight(cells[start]) for start in starts]
    room = WIDTH - LABELS
    least = min(room / max(len(starts), 1), 34.0)
    spare = room - least * len(starts)
    columns: list[DayColumn] = []
    points: list[Point] = []
    numbers: list[Number] = []
    x = float(LABELS)
    for place, start in enumerate(starts):
        width = least + spare * weights[place] / sum(weights)
        gap = place > 0 and (start - starts[place - 1]).days > days_each
        columns.append(DayColumn(round(x, 2), round(width, 2), _label(start, days_each, width), gap))
        found = _placed(cells[start], x, width)
        points.extend(found[0])
        numbers.extend(found[1])
        x += width
    lanes = tuple((_middle(place), name.plain) for place, name in enumerate(timeline.lanes))
    return Strip(
        WIDTH,
        CELL * len(timeline.lanes) + 26,
        tuple(columns),
        lanes,
        tuple(points),
        tuple(numbers),
        days_each,
        days[0].isoformat() if days else "",
        days[-1].isoformat() if days else "",
    )


def _placed(happenings: Sequence[Happening], x: float, width: float) -> tuple[list[Point], list[Number]]:
    lanes: defaultdict[int, list[tuple[int, Happening]]] = defaultdict(list)
    for rank, happening in enumerate(happenings):
        lanes[happening.lane].append((rank, happening))
    points: list[Point] = []
    numbers: list[Number] = []
    for lane, ranked in lanes.items():
        # A mark that needs attention has a ring and a sign beside it.
        steps = [2 * STEP if happening.hit else STEP for _, happening in ranked]
        if sum(steps[:-1]) > width - 14:
            found = _boxed(lane, [(width * (rank + 0.5) / len(happenings), one) for rank, one in ranked], x, width)
            points.extend(found[0])
            numbers.extend(found[1])
            continue
        # The place in the whole day, then pushed apart within the lane so that no mark covers another.
        places = [7 + (width - 14) * (rank + 0.5) / len(happenings) for rank, _ in ranked]
        for place in range(1, len(places)):
            places[place] = max(places[place], places[place - 1] + steps[place - 1])
        surplus = max(0.0, places[-1] - (width - 7))
        for place in range(len(places) - 1, -1, -1):
            ceiling = places[place + 1] - steps[place] if place + 1 < len(places) else places[place] - surplus
            places[place] = min(places[place], ceiling)
        points.extend(
            Point(round(x + where, 2), _middle(lane), lane, happening.hit)
            for where, (_, happening) in zip(places, ranked, strict=True)
        )
    return points, numbers


def _boxed(
    lane: int, places: Sequence[tuple[float, Happening]], x: float, width: float
) -> tuple[list[Point], list[Number]]:
    """Marks that fall into one stretch of a full cell as a box with their number: order among the lanes is kept."""
    many = max(1, int(width // BOX))
    stretches: defaultdict[int, list[Happening]] = defaultdict(list)
    for where, happening in places:
        stretches[min(many - 1, int(where * many / width))].append(happening)
    points: list[Point] = []
    numbers: list[Number] = []
    for place, held in stretches.items():
        middle = round(x + width * (place + 0.5) / many, 2)
        if len(held) == 1:
            points.append(Point(middle, _middle(lane), lane, held[0].hit))
        else:
            numbers.append(Number(middle, _middle(lane), len(held), sum(one.hit for one in held)))
    return points, numbers


def _weight(happenings: Sequence[Happening]) -> int:
    lanes: defaultdict[int, int] = defaultdict(int)
    for happening in happenings:
        lanes[happening.lane] += 1
    return max(min(number, SHAPES_EACH) for number in lanes.values())


def _middle(lane: int) -> float:
    return 24 + CELL * lane + CELL / 2


def _day(happening: Happening) -> date:
    return happening.at.astimezone(UTC).date()


def _label(start: date, days_each: int, width: float) -> str:
    said = start.isoformat() if width >= DATE else start.strftime("%m-%d")
    return said if days_each == 1 else said + "…"
