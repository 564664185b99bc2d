"""What a measure is: a population, what could be measured of it, and why the rest could not.

Nothing here is a mean: one change that waited for half a year moves it and says nothing of the others. Of an empty
population nothing is said at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAST: Final = 5
"""Fewest items measured or counted on each side for a comparison; below, one more or less would turn it round."""

Reason = Literal[
    "clock",
    "late",
    "no-start",
    "not-decided",
    "not-approved",
    "none-counts",
    "not-deployed",
    "not-reviewed",
    "still-open",
    "no-release-named",
    "undeclared",
    "replaced",
    "unread",
    "no-revision",
    "unknown-person",
    "unnamed",
]
"""Why an item could not be measured; docs/measures.md says what each means."""

Unit = Literal["seconds", "revisions", "lines"]


@dataclass(frozen=True, slots=True)
class Missing:
    """Items that could not be measured, for one reason."""

    reason: Reason
    count: int
    """At least 1."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long, or how many, over all items that could be measured."""

    id: str
    unit: Unit
    population: int
    """Items that the measure speaks of."""
    values: tuple[int, ...]
    """Of those that could be measured, ascending."""
    missing: tuple[Missing, ...]
    """The others; with ``values`` they make up the population."""

    def __post_init__(self) -> None:
        _check(self.population, len(self.values), self.missing)

    @property
    def measured(self) -> int:
        """How many items could be measured."""
        return len(self.values)

    @property
    def median(self) -> int | None:
        """The 50th percentile; None: nothing could be measured."""
        return nearest_rank(self.values, 50)

    @property
    def high(self) -> int | None:
        """The 90th percentile; None: nothing could be measured."""
        return nearest_rank(self.values, 90)


@dataclass(frozen=True, slots=True)
class Proportion:
    """How many of those of which it can be told."""

    id: str
    population: int
    """Items that the measure speaks of."""
    part: int
    measured: int
    """Those of which it can be told."""
    missing: tuple[Missing, ...]

    def __post_init__(self) -> None:
        _check(self.population, self.measured, self.missing)
        if not 0 <= self.part <= self.measured:
            raise ValueError("a part is between nothing and the whole")

    @property
    def permille(self) -> int | None:
        """``part`` of ``measured`` in thousandths, rounded half up; None: of nothing it can be told."""
        return None if self.measured == 0 else (2_000 * self.part + self.measured) // (2 * self.measured)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something happened."""

    id: str
    count: int
    days: int
    """Days (UTC) on which it happened."""
    seconds: int
    """Length of what is counted over: the named days, else from the period's first entry to its last."""

    @property
    def per_week_tenths(self) -> int | None:
        """Tenths a week, rounded half up; None: the period is shorter than a week."""
        week = 7 * 86_400
        return None if self.seconds < week else (20 * self.count * week + self.seconds) // (2 * self.seconds)


Measure = Spread | Proportion | Tally

Direction = Literal["more", "less", "same", "too-few", "nothing"]


@dataclass(frozen=True, slots=True)
class Change:
    """How a measure differs from that of the baseline."""

    direction: Direction
    """``too-few``: fewer than `LEAST` measured on a side; ``nothing``: nothing measured on a side, or no baseline."""
    by: int | None
    """Seconds, revisions or lines of the median; thousandths of a proportion; tenths a week of a tally."""


def nearest_rank(ascending: Sequence[int], percent: int) -> int | None:
    """The smallest value with at least ``percent`` of all values at or below it; None of nothing.

    The nearest-rank method: always a value that was measured, never one between two.
    """
    if not 1 <= percent <= 100:
        raise ValueError("a percentile is between 1 and 100")
    return ascending[-(-percent * len(ascending) // 100) - 1] if ascending else None


def spread(identifier: str, unit: Unit, found: Iterable[int | Reason]) -> Spread:
    """A spread from one value or reason an item."""
    items = tuple(found)
    values = tuple(sorted(item for item in items if isinstance(item, int)))
    return Spread(identifier, unit, len(items), values, missing(item for item in items if not isinstance(item, int)))


def proportion(identifier: str, found: Iterable[bool | Reason]) -> Proportion:
    """A proportion from yes, no or a reason an item."""
    items = tuple(found)
    told = [item for item in items if isinstance(item, bool)]
    reasons = missing(item for item in items if not isinstance(item, bool))
    return Proportion(identifier, len(items), sum(told), len(told), reasons)


def missing(reasons: Iterable[Reason]) -> tuple[Missing, ...]:
    """Reasons counted, the most frequent first."""
    counts: dict[Reason, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return tuple(
        Missing(reason, count) for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def compare(now: Measure, before: Measure | None) -> Change:
    """How ``now`` differs from ``before``; two measures that are not of one sort and name are a ValueError."""
    if before is None:
        return Change("nothing", None)
    if type(now) is not type(before) or now.id != before.id:
        raise ValueError("a measure is compared with itself")
    one, other = _size(now), _size(before)
    if one is None or other is None:
        return Change("nothing", None)
    if min(_measured(now), _measured(before)) < LEAST:
        return Change("too-few", None)
    if one == other:
        return Change("same", 0)
    return Change("more" if one > other else "less", abs(one - other))


def _measured(measure: Measure) -> int:
    return measure.count if isinstance(measure, Tally) else measure.measured


def _size(measure: Measure) -> int | None:
    match measure:
        case Spread():
            return measure.median
        case Proportion():
            return measure.permille
        case Tally():
            return measure.per_week_tenths


def _check(population: int, measured: int, reasons: Iterable[Missing]) -> None:
    if measured + sum(item.count for item in reasons) != population:
        raise ValueError("what was measured and what was not make up the population")
