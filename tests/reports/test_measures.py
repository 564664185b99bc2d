"""Delivery measures and approver concentration in print: words for everything, numbers of the measures alone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from ledger.measures.period import IDS
from ledger.measures.values import Change, Missing, Proportion, Reason, Spread, Tally, compare
from reports.parts import Bullets, Section, Shares, Table
from reports.period.measured import (
    change_words,
    name_of,
    not_measured,
    population_words,
    question_of,
    reason_words,
    tenths,
    value_words,
)
from reports.period.measures import _rests_on, concentration_section, measured, measures_section
from tests.reports.period_views import empty, quarter
from tests.reports.plain import said, spaced

PAGE = (Path(__file__).parent.parent.parent / "docs" / "measures.md").read_text()


def tables(section: Section) -> list[Table]:
    """The tables of a section."""
    return [block for block in section.blocks if isinstance(block, Table)]


@pytest.mark.parametrize("identifier", IDS)
def test_every_measure_has_its_words_and_its_definition(identifier: str) -> None:
    """A measure has a name, says what it counts, and is defined in docs/measures.md."""
    assert name_of(identifier)
    assert question_of(identifier)
    assert f"`{identifier}`" in PAGE


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_its_words_and_its_meaning(reason: Reason) -> None:
    """Why something could not be measured is said with its count, and explained in docs/measures.md."""
    assert reason_words(Missing(reason, 1_234)).startswith("1,234 ")
    assert f"| `{reason}` |" in PAGE


def test_every_measure_is_in_one_table_with_its_numbers() -> None:
    """What a row says is what was measured: value, baseline, difference, population, and what is missing."""
    view = quarter()
    now, before = measured(view)
    assert before is not None
    found = {said(row.cells[0]): row for table in tables(measures_section(view)) for row in table.rows}
    assert len(found) == len(IDS)
    for measure in now.all:
        row = found[f"{name_of(measure.id)} {question_of(measure.id)}"]
        other = before.of(measure.id)
        assert said(row.cells[1]) == spaced(value_words(measure))
        assert said(row.cells[2]) == spaced(value_words(other))
        change = compare(measure, other)
        few = change.direction == "too-few"
        assert said(row.cells[3]) == ("\N{EN DASH}" if few else spaced(change_words(measure, other, change)))
        assert said(row.cells[4]) == population_words(measure)
        reasons = "" if isinstance(measure, Tally) else not_measured(measure.missing)
        assert said(row.cells[5]) == (reasons or "\N{EN DASH}")


def test_the_first_sentence_counts_what_landed() -> None:
    """The number of changes in prose is that of the view, and the baseline is named by its days and positions."""
    view = quarter()
    told = said(measures_section(view).lede)
    assert view.baseline is not None
    assert f"{len(view.changes)} changes that landed" in told
    positions = f"(positions {view.baseline.first} to {view.baseline.end})"
    assert view.baseline_span.endswith(positions)
    assert f"The baseline is {view.baseline_span}, in which {len(view.baseline.changes)} changes" in told


def test_without_a_baseline_nothing_is_compared() -> None:
    """Where no baseline is named the pack says so, in the lede and in every row."""
    section = measures_section(replace(quarter(), baseline=None))
    assert "No baseline period was named" in said(section.lede)
    assert {said(row.cells[3]) for table in tables(section) for row in table.rows} == {"no baseline named"}


def test_rates_and_the_days_that_are_printed_of_them_agree() -> None:
    """A period that is not over counts over the days that had passed, and says so; one that is over, over all."""
    whole = quarter()
    early = replace(whole, carried=replace(whole.carried, as_of="2026-06-24T00:00:00.000Z"))
    for view, days, told in (
        (whole, 91, "over the days 2026-04-01 to 2026-06-30, also those"),
        (early, 84, "over the days 2026-04-01 to 2026-06-30 as far as they had passed by 2026-06-24 00:00:00Z, also"),
    ):
        found = measured(view)[0].of("landings")
        assert isinstance(found, Tally)
        assert found.seconds == days * 86_400
        (reading,) = [block for block in measures_section(view).blocks if isinstance(block, Bullets)]
        assert any(told in said(item) for item in reading.items)


def test_nobody_leads_who_shares_the_lead() -> None:
    """Where several gave equally many approvals, their number is said, and nobody's name."""
    view = quarter()
    rests = measured(view)[0].concentration
    one, two, *rest = rests.approvers
    level = replace(rests, approvers=(one, replace(two, changes=one.changes), *rest), approvals=100)
    assert said(_rests_on(view, level)).startswith(
        f"2 people gave the most approvals that count, {one.changes} of 100 each; "
    )


def test_shares_of_approvers_are_of_all_that_count() -> None:
    """Bars, table and first sentence say the same numbers, and the parts make up the whole."""
    view = quarter()
    rests = measured(view)[0].concentration
    section = concentration_section(view)
    (shares,) = [block for block in section.blocks if isinstance(block, Shares)]
    parts = [int(str(item.value).split(" ", 1)[0]) for item in shares.items]
    assert sum(parts) == rests.approvals
    assert {str(item.value).split(" ")[-1] for item in shares.items} == {str(rests.approvals)}
    told = said(section.lede)
    assert f"gave {max(parts)} of {rests.approvals} approvals" in told
    assert f"{sum(sorted(parts)[-3:])} of {rests.approvals}" in told
    (table,) = tables(section)
    assert [said(row.cells[1]) for row in table.rows] == [f"{part} of {len(view.changes)}" for part in parts]


def test_an_empty_quarter_has_words_for_it() -> None:
    """Where nothing landed, nothing is measured and nobody is depended on; both are said."""
    told = {said(row.cells[1]) for table in tables(measures_section(empty())) for row in table.rows}
    assert any(words == "nothing measured" for words in told)
    section = concentration_section(empty())
    assert "rests on nobody" in said(section.lede)
    (table,) = tables(section)
    assert table.rows == ()
    assert str(table.empty)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (
            Spread("first-approval", "seconds", 6, (60, 60, 120, 7_200, 7_200, 7_200), ()),
            Spread("first-approval", "seconds", 5, (60,) * 5, ()),
            "median 1 min longer: 6 against 5 measured",
        ),
        (
            Spread("lines-changed", "lines", 5, (1,) * 5, ()),
            Spread("lines-changed", "lines", 5, (3,) * 5, ()),
            "median 2 lines fewer: 5 against 5 measured",
        ),
        (
            Proportion("assisted", 1_000, 625, 1_000, ()),
            Proportion("assisted", 8, 4, 8, ()),
            "12.5 percentage points more: 1,000 against 8 measured",
        ),
        (Tally("landings", 14, 9, 14 * 86_400), Tally("landings", 10, 9, 7 * 86_400), "3.0 a week less: 14 against 10"),
        (Tally("landings", 14, 9, 86_400), Tally("landings", 10, 9, 7 * 86_400), "nothing to compare"),
        (
            Proportion("assisted", 5, 1, 5, ()),
            Proportion("assisted", 5, 1, 5, ()),
            "no difference: 5 against 5 measured",
        ),
        (
            Proportion("assisted", 4, 1, 4, ()),
            Proportion("assisted", 5, 1, 5, ()),
            "too few to compare (below 5 on a side): 4 against 5 measured",
        ),
    ],
)
def test_differences_are_said_with_both_populations(
    one: Spread | Proportion | Tally, other: Spread | Proportion | Tally, words: str
) -> None:
    """Neutral words, the size of the difference, and how many items stand behind each side."""
    assert spaced(change_words(one, other, compare(one, other))) == words


def test_a_difference_without_a_baseline_has_words() -> None:
    """No baseline is something else than nothing to compare."""
    one = Proportion("assisted", 5, 1, 5, ())
    assert change_words(one, None, Change("nothing", None)) == "no baseline named"


def test_tenths_have_one_digit() -> None:
    """Thousandths of a proportion are printed as percent with one digit."""
    assert [tenths(value) for value in (0, 5, 125, 1_000, 10_005)] == ["0.0", "0.5", "12.5", "100.0", "1,000.5"]


def test_no_person_is_named_among_the_measures() -> None:
    """The section on delivery names nobody: only approval is counted by person."""
    view = quarter()
    printed = " ".join(
        [said(measures_section(view).lede)]
        + [said(cell) for table in tables(measures_section(view)) for row in table.rows for cell in row.cells]
    )
    names = [party.name for party in view.dossier.parties.values() if party.name is not None]
    assert names
    assert not [name for name in names if re.search(re.escape(name), printed)]
