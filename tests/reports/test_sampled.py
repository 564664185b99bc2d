"""The sampling plan and its sheets: fixed before the number, drawn by it, a page an item, results by the rules."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.errors import FormatError
from ledger.rules.assess import release_subject
from ledger.rules.shape import owed
from ledger.rules.verdict import Outcome
from ledger.sampling import Sampling, population_list
from reports.parts import Facts, Listing, Mark, Notes, Section, Table
from reports.period.attributes import OF_RELEASE, RULES, attributes, held_by, records_of, release_verdicts
from reports.period.sample import plan_of, population, sample_of, stratum_of
from reports.period.sampled import MOST_ITEMS, sampling_plan
from reports.period.sheets import sample_sheets
from tests.reports.period_views import NUMBER, empty, quarter
from tests.reports.plain import said, table

if TYPE_CHECKING:
    from reports.period.attributes import Attribute

ROOT = Path(__file__).parent.parent.parent


def fact(section: Section, label: str) -> str:
    """A labelled line of the section's facts, digests in full."""
    (facts,) = [block for block in section.blocks if isinstance(block, Facts)]
    ((_, value),) = [pair for pair in facts.rows if str(pair[0]) == label]
    return "".join(item.digits.hexadecimal if hasattr(item, "digits") else said((item,)) for item in value)


def test_the_population_is_everything_that_landed() -> None:
    """Each change is one item by its first landing, and so is a landing of no recorded change."""
    view = quarter()
    found = population(view)
    assert len(found) == len(view.changes) + len(view.dossier.unplaced)
    assert len(view.dossier.unplaced) == 1
    for change in view.changes:
        first = min(change.facts.landings, key=lambda landing: landing.record.index)
        assert found[first.record.envelope] == (stratum_of(change), change)


def test_every_stratum_of_the_quarter_is_drawn_from() -> None:
    """Emergencies and unrecorded landings wholly, every other one at least once; the plan's size is what is drawn."""
    view = quarter()
    drawn = sample_of(view)
    assert drawn is not None
    strata = {stratum.name: stratum for stratum in drawn.plan.strata}
    assert strata["emergency"].whole
    assert strata["emergency"].size == strata["emergency"].population == 2
    assert strata["unrecorded"].whole
    assert min(stratum.size for stratum in strata.values()) >= 1
    assert len(drawn.chosen) == drawn.plan.size


def test_whoever_reads_the_print_draws_the_same(tmp_path: Path) -> None:
    """From the printed root, size, number and population, the program of docs/sampling.md draws the printed sample."""
    view = quarter()
    section = sampling_plan(view)
    script = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "sampling.md").read_text(), re.DOTALL)
    assert script is not None
    listed = table(section, "The population")
    lines = [
        f"sha256:{row.cells[2][0].digits.hexadecimal} {said(row.cells[1])}"  # type: ignore[union-attr]
        for row in listed.rows
    ]
    file = tmp_path / "population.txt"
    file.write_text("\n".join(["evidence-ledger/population/v1", *sorted(lines), ""]))
    assert file.read_bytes() == population_list(plan_of(view).items)
    words = [str(file), fact(section, "Checkpoint root"), fact(section, "Checkpoint size").replace(",", ""), NUMBER]
    ran = subprocess.run(
        [sys.executable, "-c", script[1], *words, "10", "emergency", "unrecorded"],
        check=True,
        capture_output=True,
        text=True,
    )
    result = table(section, "The sample")
    printed = ["sha256:" + row.cells[3][0].digits.hexadecimal for row in result.rows]  # type: ignore[union-attr]
    assert ran.stdout.split() == printed


def test_before_the_number_the_plan_says_what_to_do() -> None:
    """Checkpoint, population with its digest, and the command that draws; no sample and no sheet."""
    view = replace(quarter(), sampling=None)
    section = sampling_plan(view)
    assert sample_sheets(view) == ()
    assert "Not drawn yet" in said(section.lede)
    assert fact(section, "Auditor's number") == "not given yet"
    assert fact(section, "Population digest") == plan_of(view).digest[7:]
    (command,) = [block for block in section.blocks if isinstance(block, Listing)]
    assert command.text.plain == "evidence pack quarter.evidence.pdf --auditor-number NUMBER --anchor ledger.pub"


def test_a_size_that_was_asked_for_stays_in_the_command() -> None:
    """Whoever draws with the printed command draws under the printed plan."""
    view = replace(quarter(), sampling=Sampling(None, 7))
    (command,) = [block for block in sampling_plan(view).blocks if isinstance(block, Listing)]
    assert " --sample 7 " in command.text.plain
    assert plan_of(view).asked == 7


def test_nothing_is_drawn_by_a_checkpoint_before_the_end() -> None:
    """A root that does not cover the period could still be chosen, so it draws nothing."""
    view = quarter()
    early = replace(view, verification=replace(view.verification, checkpoint_size=view.dossier.end - 1))
    assert sample_of(early) is None
    assert "does not reach the period's end" in said(sampling_plan(early).lede)
    assert sample_sheets(early) == ()


def test_a_number_that_is_none_is_refused() -> None:
    """A text outside the form draws nothing silently: it is refused."""
    with pytest.raises(FormatError):
        sample_of(replace(quarter(), sampling=Sampling("\u0661", 3)))


def test_an_empty_period_has_nothing_to_draw_from() -> None:
    """The plan says so, and asks nobody for a number."""
    section = sampling_plan(empty())
    assert "Nothing landed" in said(section.lede)
    assert not [block for block in section.blocks if isinstance(block, Listing)]
    assert sample_sheets(empty()) == ()


def test_every_sampled_item_has_its_sheet() -> None:
    """One section an item, in the order of the plan's table, each with room for the auditor's hand, once."""
    view = quarter()
    drawn = sample_of(view)
    assert drawn is not None
    sheets = sample_sheets(view)
    assert [sheet.anchor for sheet in sheets] == [f"sheet{place}" for place in range(1, len(drawn.chosen) + 1)]
    linked = [row.cells[0][0].anchor for row in table(sampling_plan(view), "The sample").rows]  # type: ignore[union-attr]
    assert linked == [sheet.anchor for sheet in sheets]
    for sheet in sheets:
        assert not sheet.brief
        room = sum(isinstance(block, Notes) for block in sheet.blocks)
        assert room == ("Landing of entry" in str(sheet.title))
        assert room or set(said(table(sheet, "Attribute").rows[0].cells[4])) == {"_"}


def test_a_sheet_has_the_ten_attributes_with_their_evidence() -> None:
    """A to J, each with a result, what the evidence says, entry and digest or the word for none, and empty places."""
    view = quarter()
    sheet = next(sheet for sheet in sample_sheets(view) if "Change" in str(sheet.title))
    grid = table(sheet, "Attribute")
    assert [said(row.cells[0])[0] for row in grid.rows] == list("ABCDEFGHIJ")
    for row in grid.rows:
        assert said(row.cells[1]).startswith("[")
        assert said(row.cells[2])
        assert re.match(r"\d[\d,]* [0-9a-f]{12}|none", said(row.cells[3]))
        assert set(said(row.cells[4])) == set(said(row.cells[5])) == {"_"}


def test_results_are_those_of_the_rules() -> None:
    """Of every change, an attribute's mark is the gravest outcome of its rules, and its entries are theirs."""
    view = quarter()
    marks = {
        Outcome.FAIL: Mark.FAIL,
        Outcome.NOT_EVALUABLE: Mark.CANNOT_TELL,
        Outcome.PASS: Mark.PASS,
        Outcome.NOT_APPLICABLE: Mark.NOT_APPLICABLE,
    }
    compared = 0
    for change in view.changes:
        for found in attributes(view, change):
            if found.letter in OF_RELEASE or found.letter == "J":
                continue
            outcomes = {item.outcome for item in change.verdicts if item.rule in RULES[found.letter]}
            gravest = next((outcome for outcome in marks if outcome in outcomes), None)
            assert found.mark is (Mark.NOT_APPLICABLE if gravest is None else marks[gravest])
            inputs = {item.index for verdict in change.verdicts for item in (*verdict.inputs, *verdict.excepted_by)}
            assert {index for index, _ in found.evidence} <= inputs
            compared += gravest is not None
    assert compared > 100


def test_an_exception_stands_beside_the_result() -> None:
    """An emergency without approval fails its attributes still, and the sheet says that an exception covers it."""
    view = quarter()
    emergency = next(change for change in view.changes if change.facts.id == "14")
    found = {item.letter: item for item in attributes(view, emergency)}
    assert found["B"].mark is Mark.FAIL
    assert found["B"].word == "Fail, excepted"


def test_what_was_erased_is_not_kept() -> None:
    """A change with an erased content is kept in part, and the sheet says how much is at hand."""
    view = quarter()
    erased = next(change for change in view.changes if change.facts.id == "26")
    (kept,) = [item for item in attributes(view, erased) if item.letter == "J"]
    assert kept.mark is Mark.CANNOT_TELL
    assert "are at hand; the others were withheld, erased" in str(kept.told)


def test_a_landing_of_no_change_says_what_cannot_be_looked_at() -> None:
    """Its sheet names entry, commit and who landed it, and that nothing else is recorded."""
    view = quarter()
    sheet = next(sheet for sheet in sample_sheets(view) if "Landing of entry" in str(sheet.title))
    assert fact(sheet, "Landed by") == "Youssef El-Amrani"
    assert not [block for block in sheet.blocks if isinstance(block, Table)]


def test_a_large_population_is_cut_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a stated number the items are in a register, and the section says which."""
    monkeypatch.setattr("reports.period.sampled.MOST_ITEMS", 5)
    section = sampling_plan(quarter())
    assert len(table(section, "The population").rows) == 5
    whole = len(population(quarter()))
    assert f"Printed: 5 of {whole} rows" in said(section.blocks[-1].line)  # type: ignore[union-attr]
    assert MOST_ITEMS > 5


def test_a_sheet_says_what_its_attributes_do_not() -> None:
    """Verdicts of other rules, the release that two attributes are of, and that a whole stratum is taken, not drawn."""
    view = quarter()
    sheets = {str(sheet.title).split(": ")[1]: sheet for sheet in sample_sheets(view)}
    revert = next(change for change in view.changes if change.facts.id == "15")
    sheet = sheets[str(revert.label)]
    assert fact(sheet, "Other verdicts").startswith("[? Cannot tell] CHG-07")
    assert fact(sheet, "Release").startswith("payments@5.0.1, entry ")
    assert said(sheet.lede).startswith("Drawn from the stratum revert.")
    landing = next(sheet for title, sheet in sheets.items() if title.startswith("Landing of entry"))
    assert said(landing.lede).startswith("All of the stratum unrecorded is taken.")
    assert "[! Fail] EXC-05: " in fact(landing, "Verdicts that name it")
    assert "[? Cannot tell] EXC-04: " in fact(landing, "Verdicts that name it")
    assert "POP-01" not in fact(landing, "Verdicts that name it")
    assert fact(landing, "I Bypass or emergency handled").startswith("[! Fail] What landed in entry 189 ")
    assert fact(landing, "J Evidence kept").startswith("[✓ All at hand]")


def test_tests_on_the_same_content_are_told_by_the_rule_about_it() -> None:
    """TST-02 speaks of the content, TST-01 of the result alone."""
    view = quarter()
    change = next(change for change in view.changes if change.facts.id == "11")
    (found,) = [item for item in attributes(view, change) if item.letter == "F"]
    (told,) = [verdict for verdict in change.verdicts if verdict.rule == "TST-02"]
    assert found.told == view.sentence(told)


def test_no_sheet_ticks_what_is_owed() -> None:
    """While the review of an exception is owed, attribute I is open and says until when; what failed stays graver."""
    view = quarter()
    emergency = next(change for change in view.changes if change.facts.id == "14")
    told = owed("the review of entry 7, due by 2026-07-03 00:00Z, is missing", ())

    def found(outcome: Outcome) -> Attribute:
        verdicts = tuple(
            replace(item, outcome=told.outcome, sentence=told.sentence, precondition=told.precondition, excepted_by=())
            if item.rule == "EXC-02"
            else replace(item, outcome=outcome, excepted_by=())
            for item in emergency.verdicts
        )
        changed = replace(emergency, verdicts=verdicts)
        return next(item for item in attributes(view, changed) if item.letter == "I")

    open_ = found(Outcome.PASS)
    assert (open_.mark, open_.word, open_.rules) == (Mark.CANNOT_TELL, "Not yet", ("EXC-02",))
    assert str(open_.told) == "Not due yet: the review of entry 7, due by 2026-07-03 00:00Z, is missing."
    assert found(Outcome.FAIL).mark is Mark.FAIL


def test_what_is_deployed_is_not_judged_by_how_it_was_built() -> None:
    """Attribute H is REL-04's; what other rules found of the release, provenance too, stands beside its name."""
    view = quarter()
    change = next(change for change in view.changes if change.facts.id == "11")
    (release,) = held_by(view, change)
    like = next(item for item in view.verdicts if item.subject == release_subject(release))
    ran = replace(like, rule="REL-04", outcome=Outcome.PASS)
    built = replace(like, rule="REL-02", outcome=Outcome.NOT_EVALUABLE)
    judged = replace(view, verdicts=(*view.verdicts, ran, built))
    (found,) = [item for item in attributes(judged, change) if item.letter == "H"]
    assert (found.mark, found.rules) == (Mark.PASS, ("REL-04",))
    assert built in release_verdicts(judged, change)
    assert ran not in release_verdicts(judged, change)


def test_a_sheet_counts_every_entry_about_its_change() -> None:
    """Answers of gates, pushes and decisions about exceptions are among the entries that the sheet counts."""
    whole = quarter()
    for change in whole.changes:
        facts, counted = change.facts, {record.index for record in records_of(change)}
        about = {item.record.index for item in facts.gates} | {item.record.index for item in facts.pushes}
        about |= {item.record.index for item in facts.notes} | {item.record.index for item in facts.incidents}
        about |= {fact.record.index for item in facts.exceptions for fact in item.decisions}
        assert counted.issuperset(about)
    assert any(change.facts.pushes for change in whole.changes)
