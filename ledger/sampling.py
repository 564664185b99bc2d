"""Which items an auditor looks at, drawn by a number that the auditor gives once the log's root is fixed.

Neither side can choose the sample: whoever keeps the ledger has printed checkpoint and population before the number is
known, and whoever gives the number cannot tell beforehand what it picks. Anybody repeats the draw from the printed
values alone (docs/sampling.md).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from ledger.digests import Digest, digest_bytes
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CUSTOMARY: Final = ((1, 1), (4, 2), (12, 4), (52, 10), (250, 25))
"""Largest population and sample size, row by row, after what auditors take for controls that work yearly, quarterly,
monthly, weekly and daily (docs/sampling.md); no standard fixes them."""
MOST_CUSTOMARY: Final = 40
"""Sample size of any larger population."""

POPULATION_HEAD: Final = "evidence-ledger/population/v1"
_SEED_PREFIX: Final = b"evidence-ledger/sample/v1\x00"
_NUMBER: Final = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?", re.ASCII)
_WORD: Final = re.compile(r"[!-~]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sampling:
    """What an auditor asks for."""

    number: str | None = None
    """The auditor's own number or text; None: not given yet, so that only the plan can be printed."""
    size: int | None = None
    """Items to draw from the strata that are not taken whole; None: as customary for so many."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that may be drawn."""

    id: str
    """What it is ranked by: an envelope digest, or another name of 1 to 256 printable ASCII characters, no space."""
    stratum: str
    """The group that it belongs to, and to no other."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """A group of the population, and how many of it are drawn."""

    name: str
    population: int
    size: int
    """How many are drawn, at least one."""
    whole: bool
    """Whether the plan takes all of it, however many there are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fixed before the number is known."""

    items: tuple[Item, ...]
    """The population, ascending by id."""
    digest: Digest
    """SHA-256 of the population's list (`population_list`)."""
    strata: tuple[Stratum, ...]
    """Those that hold anything, ascending by name."""
    asked: int
    """Items asked for from the strata that are not taken whole: given, or as customary."""

    @property
    def size(self) -> int:
        """How many items are drawn in all."""
        return sum(stratum.size for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample, with what it was drawn by."""

    plan: Plan
    seed: bytes
    """32 bytes."""
    chosen: tuple[Item, ...]
    """Stratum by stratum, each in order of rank."""


def auditors_number(text: str, where: str = "") -> str:
    """``text`` as an auditor's number: 1 to 64 printable ASCII characters, a space neither first nor last.

    Raises:
        FormatError: ``bad-auditor-number``.
    """
    if _NUMBER.fullmatch(text) is None:
        raise FormatError(
            "bad-auditor-number",
            "1 to 64 printable ASCII characters are required, neither beginning nor ending with a space",
            where=where,
            details={"length": len(text)},
            remedy="Give the auditor's number or words in plain letters, digits and signs, such as 7419.",
        )
    return text


def sample_seed(root: bytes, size: int, number: str) -> bytes:
    """The seed of a draw: 32 bytes, from the checkpoint's root and size and the auditor's number.

    Raises:
        FormatError: ``bad-auditor-number``.
    """
    # seed = sha256("evidence-ledger/sample/v1" || 0x00 || root[32] || size[8, big-endian] || 0x00 || number),
    # sampling §2
    if len(root) != 32:
        raise ValueError("a root has 32 bytes")
    told = auditors_number(number).encode("ascii")
    return hashlib.sha256(_SEED_PREFIX + root + size.to_bytes(8, "big") + b"\x00" + told).digest()


def item_rank(seed: bytes, identifier: str) -> bytes:
    """What items are ordered by: 32 bytes, the smallest drawn first."""
    # rank = sha256(seed[32] || 0x00 || item id), sampling §3
    return hashlib.sha256(seed + b"\x00" + identifier.encode("ascii")).digest()


def population_list(items: Iterable[Item]) -> bytes:
    """The population as one text: a head line, then ``<id> <stratum>`` line by line, ascending by bytes."""
    lines = sorted(f"{item.id} {item.stratum}" for item in items)
    return "\n".join([POPULATION_HEAD, *lines, ""]).encode("ascii")


def customary_size(population: int) -> int:
    """How many of so many items auditors customarily look at."""
    return next((size for most, size in CUSTOMARY if population <= most), MOST_CUSTOMARY)


def plan_sample(items: Iterable[Item], asked: int | None = None, whole: Collection[str] = ()) -> Plan:
    """The plan for a population: every stratum of ``whole`` whole, the others by their share, at least one of each.

    An item twice, a name that is not printable ASCII, or a negative size is a ValueError.
    """
    population = tuple(sorted(items, key=lambda item: item.id))
    if len({item.id for item in population}) != len(population):
        raise ValueError("an item stands in a population once")
    if any(_WORD.fullmatch(text) is None for item in population for text in (item.id, item.stratum)):
        raise ValueError("ids and strata are 1 to 256 printable ASCII characters without spaces")
    if asked is not None and asked < 0:
        raise ValueError("a size is not negative")
    counts = Counter(item.stratum for item in population)
    by_share = {name: count for name, count in counts.items() if name not in whole}
    rest = sum(by_share.values())
    wanted = asked if asked is not None else (customary_size(rest) if rest else 0)
    sizes = _allocated(by_share, wanted)
    strata = tuple(
        Stratum(name, counts[name], sizes.get(name, counts[name]), name not in by_share) for name in sorted(counts)
    )
    return Plan(population, digest_bytes(population_list(population)), strata, wanted)


def draw(plan: Plan, seed: bytes) -> Drawn:
    """The sample that ``seed`` picks under ``plan``."""
    chosen: list[Item] = []
    for stratum in plan.strata:
        ranked = sorted(
            (item for item in plan.items if item.stratum == stratum.name), key=lambda item: item_rank(seed, item.id)
        )
        chosen += ranked[: stratum.size]
    return Drawn(plan, seed, tuple(chosen))


def _allocated(counts: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many of each stratum: one, then each further place where it is due most (Sainte-Laguë, sampling §4).

    Place by place, so that a larger sample holds every item of a smaller one.
    """
    sizes = dict.fromkeys(sorted(counts), 1)
    for _ in range(min(wanted, sum(counts.values())) - len(sizes)):
        open_ = [name for name in sizes if sizes[name] < counts[name]]
        # max keeps the first of equals, and names ascend.
        due = max(open_, key=lambda name: Fraction(counts[name], 2 * sizes[name] + 1))
        sizes[due] += 1
    return sizes
