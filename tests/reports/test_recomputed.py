"""Whoever holds nothing but the print of a period pack comes to the same digests, seed, ranks and sample."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser

from reports.html import render_html
from reports.period.document import period_document
from tests.reports.period_views import quarter


class Printed(HTMLParser):
    """The rows of every table, and every piece of text, as a reader copies them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self._open = False

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each element."""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser for each end of an element."""
        self._open = self._open and tag not in ("td", "th")
        if tag not in ("span", "strong", "a", "bdi"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        """Called by the parser for text."""
        self.text += data
        if self._open:
            self.rows[-1][-1] += data


@cache
def printed() -> Printed:
    """The quarter's pack as printed."""
    found = Printed()
    found.feed(render_html(period_document(quarter())))
    return found


def cells(*heads: str) -> list[list[str]]:
    """The rows below a row of these headings, in its table."""
    rows = [[" ".join(cell.split()) for cell in row] for row in printed().rows]
    start = next(place for place, row in enumerate(rows) if row[: len(heads)] == list(heads))
    width = len(rows[start])
    below = rows[start + 1 :]
    end = next((place for place, row in enumerate(below) if len(row) != width or not row[0]), len(below))
    return below[:end]


def fact(label: str) -> str:
    """What stands behind a label."""
    text = " ".join(printed().text.split())
    found = re.search(rf"{re.escape(label)} ([0-9a-f]{{64}}|\S+)", text)
    assert found is not None
    return found[1]


def population() -> list[tuple[str, str]]:
    """Id and stratum of each item, as the steps of the pack spell them."""
    return [
        (f"sha256:{digest}", stratum)
        for _, stratum, digest in (row[:3] for row in cells("Item", "Stratum", "Item id"))
        if re.fullmatch("[0-9a-f]{64}", digest)
    ]


def test_the_population_digest_is_of_the_printed_list() -> None:
    """The head line, then id and stratum a line, sorted, each line ended by a line feed."""
    lines = sorted(f"{item} {stratum}" for item, stratum in population())
    text = "".join(f"{one}\n" for one in ("evidence-ledger/population/v1", *lines))
    assert hashlib.sha256(text.encode()).hexdigest() == fact("Population digest")


def test_seed_ranks_and_sample_come_from_the_print() -> None:
    """By the steps that the pack prints: places by share, ranks over the id as text, the smallest drawn."""
    size = int(fact("Checkpoint size").replace(",", ""))
    seed = hashlib.sha256(
        b"evidence-ledger/sample/v1\0"
        + bytes.fromhex(fact("Checkpoint root"))
        + size.to_bytes(8, "big")
        + b"\0"
        + fact("Auditor's number").encode()
    )
    assert seed.hexdigest() == fact("Seed")
    plan = {row[0]: row for row in cells("Stratum", "What is in it", "Population", "Drawn", "How")}
    members: dict[str, list[str]] = {}
    for item, stratum in population():
        members.setdefault(stratum, []).append(item)
    assert {name: int(row[2]) for name, row in plan.items()} == {name: len(of) for name, of in members.items()}
    shared = sorted(name for name, row in plan.items() if row[4] == "by share")
    places = dict.fromkeys(shared, 1)
    for _ in range(int(fact("that are taken whole:").strip(".")) - len(shared)):
        free = [name for name in shared if places[name] < len(members[name])]
        places[max(free, key=lambda name: Fraction(len(members[name]), 2 * places[name] + 1))] += 1
    for name, row in plan.items():
        assert int(row[3]) == places.get(name, len(members[name]))
    drawn = [
        item
        for name in sorted(members)
        for item in sorted(
            members[name], key=lambda item: hashlib.sha256(seed.digest() + b"\0" + item.encode()).digest()
        )[: int(plan[name][3])]
    ]
    shown = [row[3] for row in cells("Sheet", "Stratum", "Item", "Item id")]
    assert len(shown) == len(drawn)
    for item, short in zip(drawn, shown, strict=True):
        assert item.startswith(f"sha256:{short.rstrip('…')}")


def test_a_total_digest_comes_from_the_print() -> None:
    """Of changes that landed once: each id as text, sorted, each line ended by a line feed."""
    items = sorted(item for item, stratum in population() if stratum != "unrecorded")
    total = hashlib.sha256("".join(f"{item}\n" for item in items).encode()).hexdigest()
    assert {row[0]: row[2] for row in cells("Population", "Count", "Total digest")}["Changes"] == total


def test_the_steps_say_what_a_reader_cannot_guess() -> None:
    """Which bytes root, id and lines are, and how places are spread: without these, another sample is drawn."""
    text = " ".join(printed().text.split())
    for told in (
        "root is the 32 bytes that the 64 printed digits stand for",
        "the item id is text: sha256: and its 64 digits",
        "evidence-ledger/population/v1",
        "population / (2 * places it has + 1)",
        "every line, the last one too, ended by one line feed (0x0A)",
    ):
        assert told in text
