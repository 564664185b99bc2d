"""Drawings tell the truth: every mark in its own column, every outcome in the tally."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reports import drawing
from reports.parts import Happening, Mark, Timeline, words

START = datetime(2026, 1, 1, tzinfo=UTC)
HAPPENINGS = st.lists(
    st.builds(
        Happening,
        st.integers(0, 60 * 24 * 400).map(lambda minutes: START + timedelta(minutes=minutes)),
        st.integers(0, 5),
        st.booleans(),
    ),
    min_size=1,
    max_size=120,
)


@given(HAPPENINGS)
def test_every_happening_is_drawn_once_in_its_own_column(happenings: list[Happening]) -> None:
    """Marks and numbers add up, and no mark stands outside the column of its days."""
    timeline = Timeline(words("x"), tuple(words(str(lane)) for lane in range(6)), tuple(happenings), words("none"))
    strip = drawing.strip(timeline)
    assert len(strip.points) + sum(number.count for number in strip.numbers) == len(happenings)
    assert sum(p.hit for p in strip.points) + sum(n.hits for n in strip.numbers) == sum(h.hit for h in happenings)
    assert len(strip.columns) <= drawing.DAYS
    edges = [(column.x, column.x + column.width) for column in strip.columns]
    assert edges[-1][1] <= drawing.WIDTH + 0.1
    for point in strip.points:
        assert any(low - 0.1 <= point.x <= high + 0.1 for low, high in edges)
    for lane in range(6):
        places = sorted(point.x for point in strip.points if point.lane == lane)
        assert all(right - left >= drawing.STEP - 0.1 for left, right in itertools.pairwise(places))


@given(st.lists(st.tuples(st.sampled_from(Mark), st.integers(0, 300)), max_size=5, unique_by=lambda pair: pair[0]))
def test_tally_stays_in_its_frame_and_shows_each_mark(tally: list[tuple[Mark, int]]) -> None:
    """Each outcome that occurs has a box, all boxes fit, and few outcomes have one box each."""
    boxes = drawing.squares(tally)
    total = sum(count for _, count in tally)
    assert {box.mark for box in boxes} == {mark for mark, count in tally if count}
    assert all(box.width > 2 and box.x + box.width <= drawing.TALLY_WIDTH for box in boxes)
    if total <= drawing.SQUARES:
        assert len(boxes) == total
