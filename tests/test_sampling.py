"""Samples: what is drawn follows from the printed values alone, and nobody can steer it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.sampling import (
    CUSTOMARY,
    MOST_CUSTOMARY,
    Item,
    auditors_number,
    customary_size,
    draw,
    item_rank,
    plan_sample,
    population_list,
    sample_seed,
)

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "vectors" / "sampling"
VECTORS = sorted(FOLDER.glob("*.json"))
NUMBERS = st.from_regex(r"[!-~](?:[ -~]{0,62}[!-~])?", fullmatch=True)
SEEDS = st.binary(min_size=32, max_size=32)
POPULATIONS = st.dictionaries(st.integers(0, 10_000).map(str), st.sampled_from("abcd"), max_size=40).map(
    lambda found: tuple(Item(*pair) for pair in found.items())
)


def vector(path: Path) -> dict[str, Any]:
    """A worked draw."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_worked_draws_hold(path: Path) -> None:
    """Population digest, seed and chosen items are those that another program worked out."""
    told = vector(path)
    plan = plan_sample((Item(*pair) for pair in told["items"]), told["asked"], told["whole"])
    seed = sample_seed(bytes.fromhex(told["root"]), told["size"], told["number"])
    assert plan.digest == told["population"]
    assert seed.hex() == told["seed"]
    assert [item.id for item in draw(plan, seed).chosen] == told["chosen"]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_page_s_own_program_draws_the_same(path: Path, tmp_path: Path) -> None:
    """The lines that docs/sampling.md gives an auditor print the chosen items from the population's list."""
    told = vector(path)
    script = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "sampling.md").read_text(), re.DOTALL)
    assert script is not None
    listing = tmp_path / "population.txt"
    listing.write_bytes(population_list(Item(*pair) for pair in told["items"]))
    words = [str(listing), told["root"], str(told["size"]), told["number"], str(told["asked"]), *told["whole"]]
    ran = subprocess.run([sys.executable, "-c", script[1], *words], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == told["chosen"]


def test_the_page_s_table_is_the_one_that_is_used() -> None:
    """docs/sampling.md names every customary size and where each begins."""
    page = (ROOT / "docs" / "sampling.md").read_text()
    starts = [1, *(most + 1 for most, _ in CUSTOMARY[:-1])]
    spans = [
        f"{start} to {most}" if start != most else str(most) for start, (most, _) in zip(starts, CUSTOMARY, strict=True)
    ]
    assert f"| {' | '.join(spans)} | more |" in page
    assert f"| Drawn | {' | '.join(str(size) for _, size in CUSTOMARY)} | {MOST_CUSTOMARY} |" in page


@given(POPULATIONS, st.integers(0, 60), SEEDS, st.sets(st.sampled_from("abcd")))
def test_nothing_is_drawn_twice_and_the_plan_is_kept(
    items: tuple[Item, ...], asked: int, seed: bytes, whole: set[str]
) -> None:
    """Every stratum gives what the plan says, each item once, whole strata all, and at least one of each."""
    plan = plan_sample(items, asked, whole)
    chosen = draw(plan, seed).chosen
    assert len(set(chosen)) == len(chosen) == plan.size
    assert set(chosen) <= set(items)
    drawn = Counter(item.stratum for item in chosen)
    assert drawn == {stratum.name: stratum.size for stratum in plan.strata}
    for stratum in plan.strata:
        assert 1 <= stratum.size <= stratum.population
        assert stratum.whole == (stratum.name in whole)
        assert not stratum.whole or stratum.size == stratum.population


@given(POPULATIONS, SEEDS)
def test_all_is_drawn_where_enough_is_asked_for(items: tuple[Item, ...], seed: bytes) -> None:
    """A sample of at least the population's size is the population."""
    assert set(draw(plan_sample(items, len(items)), seed).chosen) == set(items)


@given(POPULATIONS, st.integers(0, 60), st.data(), SEEDS)
def test_order_says_nothing(items: tuple[Item, ...], asked: int, data: st.DataObject, seed: bytes) -> None:
    """The same population in another order has the same digest and the same sample."""
    other = data.draw(st.permutations(items))
    one, two = plan_sample(items, asked), plan_sample(other, asked)
    assert one == two
    assert draw(one, seed) == draw(two, seed)


@given(POPULATIONS, st.integers(0, 30), st.integers(0, 30), SEEDS)
def test_a_larger_sample_holds_the_smaller(items: tuple[Item, ...], asked: int, more: int, seed: bytes) -> None:
    """Asking for more adds items and takes none away."""
    small = draw(plan_sample(items, asked), seed).chosen
    assert set(small) <= set(draw(plan_sample(items, asked + more), seed).chosen)


@given(POPULATIONS, POPULATIONS, SEEDS)
def test_other_strata_change_no_order(items: tuple[Item, ...], others: tuple[Item, ...], seed: bytes) -> None:
    """When another stratum grows, of a stratum the same items come first; only how many may differ."""
    known = {item.id for item in items}
    grown = [*items, *(Item(item.id, "z") for item in others if item.id not in known)]
    before, after = draw(plan_sample(items, 9), seed), draw(plan_sample(grown, 9), seed)
    for name in "abcd":
        one = [item for item in before.chosen if item.stratum == name]
        two = [item for item in after.chosen if item.stratum == name]
        shared = min(len(one), len(two))
        assert one[:shared] == two[:shared]


@settings(max_examples=20)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**53 - 1), NUMBERS, NUMBERS)
def test_every_part_of_the_seed_counts(root: bytes, size: int, number: str, other: str) -> None:
    """Another root, size or number is another seed."""
    seed = sample_seed(root, size, number)
    flipped = bytes([root[0] ^ 1]) + root[1:]
    assert sample_seed(flipped, size, number) != seed
    assert sample_seed(root, size + 1, number) != seed
    assert (sample_seed(root, size, other) == seed) == (other == number)


def test_every_item_has_the_same_chance() -> None:
    """Over many numbers, each of ten items is drawn about as often: 3 of 10 in 2,000 draws is about 600 each."""
    plan = plan_sample((Item(f"item-{number}", "a") for number in range(10)), 3)
    drawn = Counter(
        item.id for number in range(2_000) for item in draw(plan, sample_seed(bytes(32), 1, str(number))).chosen
    )
    assert len(drawn) == 10
    # Four standard deviations of a binomial of 2,000 draws at 0.3 are 82; the numbers are fixed, so this never varies.
    assert all(abs(count - 600) < 82 for count in drawn.values())


def test_the_population_s_list_is_what_its_digest_is_of() -> None:
    """The digest is that of the file an auditor would write, so that ``sha256sum`` gives it."""
    items = (Item("b", "ordinary"), Item("a", "emergency"))
    assert population_list(items) == b"evidence-ledger/population/v1\na emergency\nb ordinary\n"
    assert plan_sample(items).digest == "sha256:" + hashlib.sha256(population_list(items)).hexdigest()


def test_rank_is_the_digest_that_the_page_says() -> None:
    """The rank of an item is SHA-256 over seed, zero byte and id."""
    assert item_rank(bytes(32), "a") == hashlib.sha256(bytes(33) + b"a").digest()


@pytest.mark.parametrize("text", ["", " 7", "7 ", "7\n", "\u0667", "x" * 65, "a\tb"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """A text with more than one spelling on paper is no auditor's number."""
    with pytest.raises(FormatError) as caught:
        auditors_number(text, "--auditor-number")
    assert caught.value.slug == "bad-auditor-number"


@pytest.mark.parametrize("items", [(Item("a", "x"), Item("a", "y")), (Item("a b", "x"),), (Item("a", ""),)])
def test_a_population_that_could_be_read_in_two_ways_is_a_mistake(items: tuple[Item, ...]) -> None:
    """An item twice, or a name with a space, has no place in a population."""
    with pytest.raises(ValueError, match=r"once|ASCII"):
        plan_sample(items)


def test_sizes_grow_with_the_population() -> None:
    """The customary size never falls as the population grows, and is never more than there is."""
    sizes = [customary_size(count) for count in range(1, 1_000)]
    assert sizes == sorted(sizes)
    assert all(size <= count for count, size in enumerate(sizes, start=1))
