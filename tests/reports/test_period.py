"""What a period pack says: complete, in the right words, and every number from its table."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import replace
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from ledger.canonical import encode
from ledger.dossier.build import build_period
from ledger.events.context import About
from ledger.events.governance import BlockingVerdict, GateDecision
from ledger.events.roster import PolicySet
from ledger.events.shape import OpenObject
from ledger.rules.assess import assess_period
from ledger.rules.policy import policy_in_force
from ledger.rules.verdict import Outcome, summed_up
from ledger.verify.findings import Finding
from reports.html import render_html
from reports.parts import Card, Facts, Figures, Mark, Matrix, Row, Shares, Table, Timeline, line
from reports.period.bypasses import bypasses
from reports.period.controls import controls_of
from reports.period.deviations import MOST_CARDS, deviations_of
from reports.period.document import anchors_in, period_document
from reports.period.exceptions import exceptions
from reports.period.questions import questions
from reports.period.reconciliations import compared
from reports.period.result import result
from reports.period.shown import cut
from reports.period.span import fits, period_name, read_days
from reports.period.strata import divisions
from reports.registers import registers
from tests.reports import period_story, period_views, release_story
from tests.reports.plain import plain, said, table
from tests.reports.test_html import ELEMENTS, Elements

if TYPE_CHECKING:
    from reports.parts import Document, Section
    from reports.period.view import PeriodView

GOLD = Path(__file__).parents[1] / "gold"
BOTH = pytest.mark.parametrize("name", ["quarter", "empty"])


def view(name: str) -> PeriodView:
    """The view of a story."""
    return {"quarter": period_views.quarter, "empty": period_views.empty}[name]()


@cache
def document(name: str) -> Document:
    """Its document."""
    return period_document(view(name))


def section(name: str, anchor: str) -> Section:
    """A section of it."""
    return next(item for item in document(name).sections if item.anchor == anchor)


def numbers(text: str) -> list[int]:
    """The numbers of a sentence, in order."""
    return [int(item.replace(",", "")) for item in re.findall(r"\d[\d,]*", text)]


def lede(name: str, anchor: str) -> list[int]:
    """The numbers of a section's opening sentence."""
    return numbers(said(section(name, anchor).lede))


def hits(found: Table) -> int:
    """Rows that need attention."""
    return sum(row.hit for row in found.rows)


def test_text_is_the_gold_text() -> None:
    """The pack says, word for word, what was read and found right; write the file anew after reading a change."""
    assert plain(document("quarter")) == (GOLD / "period-quarter.txt").read_text("utf-8")


def test_a_review_that_is_owed_is_not_called_missing_for_ever() -> None:
    """An exception that nobody reviewed reads "Never" where that is a failure, and is open where it is not due yet."""
    whole = view("quarter")
    owing = tuple(
        replace(verdict, outcome=Outcome.NOT_EVALUABLE)
        if verdict.rule == "EXC-02" and verdict.outcome is Outcome.FAIL
        else verdict
        for verdict in whole.verdicts
    )
    for seen, words in ((whole, "[! Never]"), (replace(whole, verdicts=owing), "[? Not yet]")):
        rows = table(exceptions(seen), "Exceptions").rows
        assert [said(row.cells[-1]) for row in rows if row.hit] == [words]


def test_nobody_reads_of_a_review_that_nobody_gave() -> None:
    """With one exception unreviewed, no other rule's pass answers the question who looked at exceptions afterwards."""
    whole = view("quarter")
    passed = replace(whole, verdicts=tuple(item for item in _flawless(whole).verdicts if item.rule != "EXC-02"))
    answer = said(table(questions(passed, frozenset()), "No.").rows[13].cells[2])
    assert answer.startswith("In part: ")
    assert answer.endswith("1 exception was not reviewed")


def _flawless(whole: PeriodView) -> PeriodView:
    """The view with what failed, what no change explains and where git differed left out."""
    differ = {item.record.index for item in compared(whole) if item.differs}
    kept = tuple(record for record in whole.dossier.records.entries if record.index not in differ)
    dossier = replace(whole.dossier, unplaced=(), records=replace(whole.dossier.records, entries=kept))
    return replace(whole, dossier=dossier, verdicts=whole.by_outcome(Outcome.PASS))


def test_no_answer_is_yes_for_a_period_that_goes_on() -> None:
    """Judged before its last day is over, every yes says up to which day, on the reader's clock."""
    whole = _flawless(view("quarter"))
    answers = [said(row.cells[1]) for row in table(result(whole), "Question").rows]
    assert answers == ["[✓ Yes]"] * len(answers)
    early = replace(whole, carried=replace(whole.carried, as_of="2026-06-29T22:30:00.000Z"))
    for zone, day in (("UTC", "2026-06-29"), ("Asia/Tokyo", "2026-06-30")):
        there = replace(early, settings=replace(early.settings, zone=ZoneInfo(zone), zone_name=zone))
        found = [said(row.cells[1]) for row in table(result(there), "Question").rows]
        assert found == [f"{answer} up to {day}" for answer in answers]
        assert "The period ends with 2026-06-30. The answers hold for what was recorded up to 2026-06-29 22:30:00Z" in (
            plain(replace(document("quarter"), sections=(result(there),)))
        )


@pytest.mark.parametrize(("name", "most"), [("quarter", 120), ("quarter", 2), ("empty", 120)])
def test_references_lead_somewhere(name: str, most: int) -> None:
    """Every link has exactly one target, however many changes are printed."""
    found = view(name)
    if most < len(found.changes):
        found = replace(found, printed=frozenset(range(1, most + 1)))
    parser = Elements()
    parser.feed(render_html(period_document(found)))
    targets = [attributes["id"] for _, attributes in parser.found if "id" in attributes]
    assert len(targets) == len(set(targets))
    assert {tag for tag, _ in parser.found} <= ELEMENTS
    for tag, attributes in parser.found:
        if tag == "a":
            assert (attributes["href"] or "")[1:] in targets


@BOTH
def test_every_question_has_its_page(name: str) -> None:
    """Each of the 26 questions is asked once and leads to a place of the same pack."""
    known = anchors_in(document(name).sections)
    found = table(section(name, "questions"), "No.").rows
    assert [numbers(said(row.cells[0])) for row in found] == [[place] for place in range(1, 27)]
    for row in found:
        assert said(row.cells[3]).rpartition("->")[2] in known


@BOTH
def test_sections_are_numbered_in_order(name: str) -> None:
    """Numbers have no gap; only sheets of the sample stand outside of them."""
    found = [item.number for item in document(name).sections]
    assert [item for item in found if not item.startswith("S")] == [
        str(place) for place in range(1, 1 + sum(not item.startswith("S") for item in found))
    ]


@BOTH
def test_result_counts_what_the_assessment_holds(name: str) -> None:
    """Cover, result and the table of rules count the same verdicts, and the figures what landed."""
    of_view, page = view(name), section(name, "result")
    counts = {outcome: len(of_view.parts[0].assessment.by_outcome(outcome)) for outcome in Outcome}
    assert dict(document(name).conclusion.tally) == {
        Mark.FAIL: counts[Outcome.FAIL],
        Mark.CANNOT_TELL: counts[Outcome.NOT_EVALUABLE],
        Mark.PASS: counts[Outcome.PASS],
        Mark.NOT_APPLICABLE: counts[Outcome.NOT_APPLICABLE],
    }
    assert lede(name, "result")[-2:] == [counts[Outcome.FAIL], counts[Outcome.NOT_EVALUABLE]]
    figures = next(block for block in page.blocks if isinstance(block, Figures))
    assert [int(str(item.value)) for item in figures.items] == [
        len(of_view.dossier.changes),
        sum(
            {verdict.outcome for verdict in change.verdicts} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
            and any(verdict.outcome is Outcome.PASS for verdict in change.verdicts)
            for change in of_view.changes
        ),
        len({verdict.rule for verdict in of_view.parts[0].assessment.by_outcome(Outcome.FAIL)}),
        len(of_view.dossier.releases),
        len(of_view.dossier.surroundings.deployments),
    ]
    rules = table(section(name, "results"), "Verdicts rule by rule").rows
    sums = [sum(numbers(said(row.cells[place]))[0] for row in rules[:-1]) for place in range(1, 6)]
    assert sums == [numbers(said(cell))[0] for cell in rules[-1].cells[1:]]
    assert sums[:4] == [
        counts[outcome] for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE, Outcome.PASS, Outcome.NOT_APPLICABLE)
    ]
    assert lede(name, "results") == [sum(counts.values()), *sums[:4]]


def test_a_question_is_not_answered_by_rules_alone() -> None:
    """A landing without a change, or a ref on which git differs, is enough not to know every change."""
    row = table(section("quarter", "result"), "Question").rows[0]
    assert "[! Not always]" in said(row.cells[1])
    assert "1 landing of no recorded change; git differs on 1 of 2 refs compared" in said(row.cells[2])
    nobody = period_document(replace(view("quarter"), dossier=replace(view("quarter").dossier, unplaced=())))
    page = next(item for item in nobody.sections if item.anchor == "result")
    assert "[! Not always]" in said(table(page, "Question").rows[0].cells[1])


@BOTH
def test_populations_can_be_drawn_again(name: str) -> None:
    """Counts and total digests are those of the entries of the kind in the period, counted here without a dossier."""
    of_view = view(name)
    page = section(name, "populations")
    rows = table(page, "The five populations").rows
    printed = {said(row.cells[0]): (numbers(said(row.cells[1]))[0], said(row.cells[2])) for row in rows}
    assert lede(name, "populations") == [count for count, _ in printed.values()]
    for population, kind in (("Releases", "release"), ("Deployments", "deploy"), ("Exceptions", "exception")):
        entries = sorted(
            record.envelope
            for record in of_view.dossier.records.entries
            if of_view.dossier.first <= record.index < of_view.dossier.end and record.event.kind == kind
        )
        total = hashlib.sha256("".join(f"{envelope}\n" for envelope in entries).encode()).hexdigest()
        assert printed[population] == (len(entries), total[:12])
    assert printed["Changes"][0] == len(of_view.dossier.changes)
    roster, first, end = of_view.dossier.records.roster, of_view.dossier.first, of_view.dossier.end
    grants = [one for one in roster.grants if one.since < end and (one.until is None or one.until > first)]
    lines = sorted({one.envelope for one in grants})
    total = hashlib.sha256("".join(f"{envelope}\n" for envelope in lines).encode()).hexdigest()
    assert printed["Grants of roles"] == (len(grants), total[:12])
    genesis = sum(one.envelope == of_view.dossier.records.entries[0].envelope for one in grants)
    assert f"Given by genesis (entry 0), which is one event: {genesis}; by an event" in plain(document(name))


@BOTH
def test_reconciliations_count_their_rows(name: str) -> None:
    """The opening sentence and the large numbers count the rows that differ."""
    page = section(name, "reconciliations")
    figures = next(block for block in page.blocks if isinstance(block, Figures))
    git = table(page, "Entry")
    unplaced = table(page, "Landed without")
    running = table(page, "Deployed or running")
    silent = table(page, "What a silent source")
    assert [int(str(item.value)) for item in figures.items] == [
        hits(git),
        len(unplaced.rows),
        len(running.rows),
        hits(silent),
    ]
    released = table(page, "Commit lists of releases")
    first = [len(git.rows), hits(git)] if git.rows else []
    assert lede(name, "reconciliations") == [*first, len(unplaced.rows), hits(released), len(released.rows)]


@BOTH
def test_register_and_index_count_their_rows(name: str) -> None:
    """Every change has a row, every deployment has one, and both are counted in words as they are in rows."""
    of_view = view(name)
    if of_view.changes:
        rows = table(section(name, "register"), "Change").rows
        released = sum("not released" not in said(row.cells[5]) for row in rows)
        failed = sum("[! Fail]" in said(row.cells[6]) for row in rows)
        untold = sum("Cannot tell" in said(row.cells[6]) and "Fail" not in said(row.cells[6]) for row in rows)
        assert lede(name, "register") == [len(rows), failed, untold, released]
        stated = table(section(name, "register"), "Text").rows
        assert all(sum(numbers(said(cell))[0] for cell in row.cells[1:]) == len(rows) for row in stated)
    deployed = table(section(name, "deployments"), "Entry").rows
    named = sum("Names none" not in said(row.cells[3]) for row in deployed)
    assert lede(name, "deployments") == [len(deployed), named]


def test_what_is_left_out_of_the_register_is_said() -> None:
    """With fewer rows than changes the section says how many of how many, and every count stays that of all."""
    of_view = replace(view("quarter"), printed=frozenset({1, 5}))
    page = next(item for item in period_document(of_view).sections if item.anchor == "register")
    assert len(table(page, "Change").rows) == 2
    assert numbers(said(page.lede))[0] == len(of_view.changes)
    assert f"2 of {len(of_view.changes)} changes" in said(page.blocks[0].line)  # type: ignore[union-attr]


def test_cut_tables_say_so() -> None:
    """Rows beyond the limit are counted in words that name the register, those that need attention are kept first."""
    rows = [Row((line(str(place)),), hit=place in (7, 1_100)) for place in range(1_200)]
    assert cut(rows, 1_200, "changes") == (tuple(rows), ())
    kept, note = cut(rows, 3, "changes")
    assert kept == (rows[0], rows[7], rows[1_100])
    assert said(note[0].line).startswith("Printed: 3 of 1,200 rows, ")  # type: ignore[union-attr]
    assert "“changes”" in said(note[0].line)  # type: ignore[union-attr]


def test_every_register_that_is_named_exists() -> None:
    """Where a table is cut, the register named for the rest is one that lies beside the pack."""
    of_view = view("quarter")
    known = {item.name for item in registers(of_view.dossier, of_view.verdicts)}
    named = {
        str(call.args[2].value)
        for path in (Path(__file__).parents[2] / "reports" / "period").glob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "cut"
        and isinstance(call.args[2], ast.Constant)
    }
    listed = re.findall(r"register “([a-z-]+)”", plain(document("quarter")))
    assert named
    assert named | set(listed) <= known


def test_every_change_is_in_one_part_of_each_division() -> None:
    """The parts of a division are all of the population, none twice, and the table counts them."""
    of_view = view("quarter")
    rows = iter(table(section("quarter", "strata"), "Division").rows)
    for _, parts in divisions(of_view):
        members = [change.number for _, changes in parts for change in changes]
        assert sorted(members) == [change.number for change in of_view.changes]
        for _, changes in parts:
            row = next(rows)
            failed = sum(any(one.outcome is Outcome.FAIL for one in change.verdicts) for change in changes)
            assert [numbers(said(cell))[0] for cell in row.cells[2:4]] == [len(changes), failed]
    assert next(rows, None) is None
    kinds = [change.strata.type for change in of_view.changes]
    assert lede("quarter", "strata") == [
        len(kinds),
        kinds.count("emergency"),
        sum(change.strata.assistance == "used" for change in of_view.changes),
    ]


def test_trend_adds_up_to_the_population() -> None:
    """The months of the trend are those of the period, and their changes are all changes."""
    of_view, page = view("quarter"), section("quarter", "results")
    trend = table(page, "By UTC month")
    assert [str(column.head) for column in trend.columns[1:]] == ["2026-04", "2026-05", "2026-06"]
    landed = [numbers(said(cell))[0] for cell in trend.rows[0].cells[1:]]
    assert sum(landed) == len(of_view.changes)
    assert landed == [
        sum(change.landed_at.strftime("%Y-%m") == month for change in of_view.changes) for month in of_view.months
    ]
    bars = next(block for block in page.blocks if isinstance(block, Shares))
    assert [numbers(str(item.value))[1] for item in bars.items] == landed
    failures = table(page, "Failures by rule and month")
    of_changes = sum(len(change.of(Outcome.FAIL)) for change in of_view.changes)
    assert of_changes == sum(sum(numbers(said(cell))) for row in failures.rows for cell in row.cells[1:])


@BOTH
def test_every_failed_rule_has_a_card_with_its_extent(name: str) -> None:
    """A rule that failed has a card or a row, with how many verdicts failed of those in which it spoke of something."""
    of_view, page = view(name), section(name, "deviations")
    extents = {str(block.title).split()[0]: said(block.rows[1][1]) for block in page.blocks if isinstance(block, Card)}
    if len(deviations_of(of_view)) > MOST_CARDS:
        assert len(extents) == MOST_CARDS
        further = table(page, "Further rules").rows
        extents |= {said(row.cells[0]).split()[0]: said(row.cells[2]) for row in further}
    failed = of_view.parts[0].assessment.by_outcome(Outcome.FAIL)
    assert set(extents) == {verdict.rule for verdict in failed}
    for rule, extent in extents.items():
        own = [verdict for verdict in of_view.verdicts if verdict.rule == rule]
        judged = sum(verdict.outcome is not Outcome.NOT_APPLICABLE for verdict in own)
        count = sum(verdict.outcome is Outcome.FAIL for verdict in own)
        assert extent.startswith(f"{count} of {judged}")
    untold = len(of_view.parts[0].assessment.by_outcome(Outcome.NOT_EVALUABLE))
    excepted = sum(bool(verdict.excepted_by) for verdict in failed)
    if failed:
        assert lede(name, "deviations") == [len(extents), len(failed), excepted, untold]
    rows = table(section(name, "management"), "Response").rows
    assert [said(row.cells[0]).split()[0] for row in rows] == (
        [item.rule for item in deviations_of(of_view)] or ["none"]
    )


def test_controls_are_tested_on_every_item() -> None:
    """A control counts every verdict of its rules that are on, and has a tick only where none of them is off."""
    of_view = view("quarter")
    rows = table(section("quarter", "controls"), "Control").rows
    tested, _, _, untested = lede("quarter", "controls")
    assert len(rows) == len(controls_of(of_view)) == tested + untested
    assert tested == sum(bool(item.control.on) for item in controls_of(of_view))
    for row, item in zip(rows, controls_of(of_view), strict=True):
        own = [verdict for verdict in of_view.verdicts if verdict.rule in item.control.on]
        judged = [verdict for verdict in own if verdict.outcome is not Outcome.NOT_APPLICABLE]
        if judged:
            passed = sum(verdict.outcome is Outcome.PASS for verdict in judged)
            assert said(row.cells[3]) == f"{passed} of {len(judged)}"
        assert row.hit == any(verdict.outcome is Outcome.FAIL for verdict in own)
        assert "Pass" not in said(row.cells[4]) or not item.control.off


def test_duties_are_counted_as_they_were_held() -> None:
    """Matrix, conflicts and the opening sentence count the same, and whoever approved their own work is marked."""
    page = section("quarter", "duties")
    matrix = next(block for block in page.blocks if isinstance(block, Matrix))
    clashes = table(page, "Approvals by somebody")
    assert lede("quarter", "duties") == [len(matrix.rows), hits(clashes), len(clashes.rows) - hits(clashes)]
    assert len(clashes.rows) > hits(clashes), "an approver of whom it cannot be told is listed too"
    assert [str(row.head) for row in matrix.rows if row.hit] == ["Youssef El-Amrani"]
    decided = table(page, "What it says")
    assert sum(numbers(said(row.cells[3]))[0] for row in decided.rows) == sum(
        len(change.facts.approvals) for change in view("quarter").changes
    ) + sum(len(release.approvals) for release in view("quarter").dossier.releases)


def test_exceptions_are_whole_with_the_time_to_review() -> None:
    """Every exception has a row; who looked at it and after how long, or that nobody did; bypasses stand beside."""
    page = section("quarter", "exceptions")
    rows = table(page, "Exceptions").rows
    bypassed = [block for block in page.blocks if isinstance(block, Table)][-1].rows
    assert [said(row.cells[6]) for row in rows] == ["10 h 58 min", "[! Never]"]
    reviewed = sum("Never" not in said(row.cells[6]) for row in rows)
    words = [said(row.cells[4]) for row in bypassed]
    undeclared, untold = words.count("[! Not declared]"), words.count("[? Cannot tell]")
    assert lede("quarter", "exceptions") == [
        len(rows),
        reviewed,
        undeclared,
        words.count("an exception stands"),
        *([untold] if untold else []),
    ]


def _shut(mode: str) -> PeriodView:
    """A period in which a gate of ``mode`` answered that it was shut, of an entry that no verdict failed on."""
    company = period_story.found()
    company.first = len(company.world.entries)
    period_story.change(company, "payments", "1", "Haruka", "Marta")
    answer = GateDecision(
        company.world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        (BlockingVerdict("fail", "APP-01"),),
        (),
        "merge",
        mode,
        "blocked",
        company.world.policy_digest,
        len(company.world.entries),
    )
    about = About(change="1", revision=1)
    company.world.work("payments", answer, company.ci, company.ci, [company.world.content("assessment", b"{}")], about)
    company.end = len(company.world.entries)
    return period_views.view_of(company)


def test_a_shut_gate_that_was_opened_is_shown_as_opened() -> None:
    """The row of an answer Shut names the next answer of the same gate about the same, where that is Open."""
    of_view = _shut("enforce")
    around = of_view.dossier.surroundings
    (shut,) = around.gates
    last = of_view.dossier.records.entries[-1]
    for opened, change, told in (("allowed", "1", True), ("blocked", "1", False), ("allowed", "2", False)):
        context = replace(shut.record.event.context, about=About(change=change, revision=1))
        record = replace(
            last, leaf=replace(last.leaf, index=last.index + 1), event=replace(last.event, context=context)
        )
        later = replace(shut, record=record, body=replace(shut.body, outcome=opened))
        there = replace(of_view.dossier, surroundings=replace(around, gates=(shut, later)))
        (row,) = [one for one in bypasses(replace(of_view, dossier=there)) if one.record is shut.record]
        assert row.what.endswith(f", then opened by entry {record.index}") == told


@pytest.mark.parametrize(("mode", "stands"), [("observe", "the gate only watched"), ("enforce", "no bypass by EXC-05")])
def test_a_shut_gate_is_a_bypass_only_by_the_rule(mode: str, stands: str) -> None:
    """Where EXC-05 did not fail, no row says that something was not declared, and none is counted."""
    of_view = _shut(mode)
    page = next(item for item in period_document(of_view).sections if item.anchor == "exceptions")
    row = [block for block in page.blocks if isinstance(block, Table)][-1].rows[-1]
    assert said(row.cells[4]) == stands
    assert not row.hit
    failed = sum(one.rule == "EXC-05" and one.outcome is Outcome.FAIL for one in of_view.verdicts)
    assert failed == 0
    assert said(page.lede).endswith("No bypass of a protection or of a gate that could stop something is known.")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "2026-01-01 to 2026-12-31",
            ["Nothing of the period is recorded before 2026-04-01", "it is not over: the last entry"],
        ),
        ("2026-04-01 to 2026-07-31", ["The period is not over: the last entry shown is of"]),
        ("2026-01-01 to 2026-06-29", ["In the period nothing is recorded before 2026-04-01"]),
        ("2026-04-01 to 2026-06-30", ["In the period nothing is recorded after 2026-06-29"]),
        ("", []),
        ("2026-13-01 to 2026-14-01", []),
    ],
)
def test_a_span_beyond_the_entries_is_said(asked: str, told: list[str]) -> None:
    """Cover and scope say where the days asked for reach beyond what is recorded, and nothing where they do not."""
    found = period_document(replace(view("quarter"), asked=asked))
    page = next(item for item in found.sections if item.anchor == "scope")
    facts = next(block for block in page.blocks if isinstance(block, Facts))
    for pairs in (found.facts, facts.rows):
        sentences = [said(value) for name, value in pairs if str(name) == "Beyond what is shown"]
        assert len(sentences) == bool(told)
        assert all(part in sentences[0] for part in told)


SPAN = re.compile(r"2026-04-01 to 2026-06-(?:29|30)")


@pytest.mark.parametrize("asked", ["2026-04-01 to 2026-06-30", ""])
def test_a_period_is_spelled_in_one_way(asked: str) -> None:
    """Title, cover, scope, populations and plan name the same first and last day, with the positions beside them."""
    of_view = replace(view("quarter"), asked=asked)
    found = period_document(of_view)
    # Without days asked for they are those of the first and the last entry.
    days = asked or "2026-04-01 to 2026-06-29"
    assert str(found.subject) == days
    fine = f"positions {of_view.dossier.first} to {of_view.dossier.end}"
    places = [said(value) for name, value in found.facts if str(name) == "Period"]
    for anchor in ("scope", "populations", "sampling"):
        page = next(item for item in found.sections if item.anchor == anchor)
        facts = [block for block in page.blocks if isinstance(block, Facts)]
        places += [said(value) for block in facts for name, value in block.rows if str(name) == "Period"]
    assert len(places) == 4
    assert all(place.startswith(days) and fine in place for place in places)
    assert set(SPAN.findall(plain(found))) == {days}


def test_days_are_those_of_the_readers_clock() -> None:
    """A period of positions begins on the day that the reader's clock showed, and its files are named so."""
    of_view = view("quarter")
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    far = replace(of_view, asked="", settings=replace(of_view.settings, zone=kiritimati, zone_name=kiritimati.key))
    assert of_view.begins_at is not None
    there = of_view.begins_at.astimezone(kiritimati).date()
    assert far.span.startswith(str(there))
    assert period_name(of_view.dossier, "", kiritimati).startswith(f"period-{there}-to-")


@pytest.mark.parametrize(
    ("asked", "fit"),
    [
        ("2026-04-01 to 2026-06-30", True),
        ("2026-04-01 to 2026-06-29", True),
        ("2026-04-02 to 2026-06-30", False),
        ("2026-04-01 to 2026-06-28", False),
        ("2026-03-01 to 2026-06-30", False),
    ],
)
def test_records_speak_against_days_that_are_not_the_periods(asked: str, *, fit: bool) -> None:
    """Days that leave out an entry of the period, or reach over entries before it, are not those of the period."""
    days = read_days(asked)
    assert days is not None
    assert fits(view("quarter").dossier, days, UTC) is fit


def test_the_run_sheet_can_be_run_as_it_stands() -> None:
    """The commands name the bundle, the anchor, the recorded comparison and the size of the plan.

    Long ones are broken before the project, as a shell joins them again.
    """
    of_view = view("quarter")
    broken = plain(document("quarter"))
    assert "\\ " in broken
    page = " ".join(broken.replace("\\ ", " ").split())
    for item in compared(of_view):
        entry, project = item.record.index, item.record.event.context.project
        bundle = f"evidence reconcile --bundle {of_view.carried.name} --anchor ledger.pub"
        assert f"{bundle} --repeat {entry} --project {project} --repo YOUR-CLONE" in page
    assert "--sample 10 --auditor-number YOUR-NUMBER --anchor ledger.pub" in page
    assert summed_up(of_view.verdicts) in page


def test_sources_that_promised_nothing_are_told_as_the_rule_tells() -> None:
    """A project of which nobody sends heartbeats is not applicable where POP-06 is."""
    of_view = _shut("observe")
    page = next(item for item in period_document(of_view).sections if item.anchor == "reconciliations")
    rows = table(page, "What a silent source").rows
    outcome = next(one.outcome for one in of_view.verdicts if one.rule == "POP-06")
    assert outcome is Outcome.NOT_APPLICABLE
    assert len(rows) == len(of_view.dossier.projects)
    assert all(said(row.cells[5]).endswith("Not applicable]") for row in rows)


def test_access_keys_and_leavers_are_listed() -> None:
    """Reviews, key lifecycle and leavers of the story are there and counted."""
    page = section("quarter", "access")
    done, moved = table(page, "Access reviews").rows, table(page, "Key lifecycle").rows
    gone = table(page, "Leavers").rows
    assert lede("quarter", "access") == [len(done), len(moved), len(gone)]
    assert "access reviews took place and ended no grant." in said(section("quarter", "access").lede)
    assert said(section("empty", "access").lede).startswith("No access review took place. ")
    assert "1 time, and no look showed something else than the one before." in said(section("empty", "policies").lede)
    assert [said(row.cells[0]) for row in gone] == ["Lars Leaver"]
    assert {said(row.cells[2]).split()[0] for row in moved} == {"ended", "enrolled", "rotated"}
    assert len(table(page, "Name").rows) == len(view("quarter").dossier.records.roster.principals)


def test_policies_and_protections_show_what_changed() -> None:
    """Both policies of each project are printed, which of them judges, and the look that found less protection."""
    page = section("quarter", "policies")
    spans = table(page, "Policies in force").rows
    assert [said(row.cells[4]) for row in spans] == ["no", "yes"] * 2
    changed = table(page, "Changes of protection").rows
    assert [said(row.cells[2]) for row in changed] == ["approvals: 0, was 1"]
    looks = len(view("quarter").dossier.surroundings.snapshots)
    assert lede("quarter", "policies") == [2, 2, looks, len(changed)]


def test_a_first_policy_replaces_none() -> None:
    """Where a policy came into force and there was none before, it is told as set, as the timeline rings it."""
    company = period_story.found()
    company.first, company.end = 0, len(company.world.entries)
    of_view = period_views.view_of(company)
    page = next(item for item in period_document(of_view).sections if item.anchor == "policies")
    ringed = next(block for block in page.blocks if isinstance(block, Timeline)).happenings
    assert sum(item.lane == 0 for item in ringed) == 1
    assert "1 was set in the period, none replaced." in said(page.lede)


def test_administration_lists_acts_packs_and_what_is_gone() -> None:
    """Acts, packs and contents that are not at hand are counted as they are listed."""
    page = section("quarter", "administration")
    acts, packs = table(page, "Acts on the roster").rows, table(page, "Packs made").rows
    gone = table(page, "What is not at hand").rows
    assert lede("quarter", "administration") == [len(acts), len(packs), len(gone)]
    assert [said(row.cells[3]) for row in gone] == ["commits"]
    assert len(packs) == 1
    assert len(acts) == 5


def test_an_empty_quarter_says_so() -> None:
    """A period in which nothing landed has every section, each with words, and passes nothing off as good."""
    found = document("empty")
    assert {item.anchor for item in document("quarter").sections if not item.number.startswith("S")} == {
        item.anchor for item in found.sections
    }
    assert all(said(item.lede) and str(item.question) for item in found.sections)
    text = plain(found)
    assert "No recorded change landed in the period." in text
    assert "No exception was declared in the period" in text
    assert "none: delivery measures stand alone" in text
    assert "Every rule that applies passed" not in text


def test_the_baseline_is_named() -> None:
    """Delivery measures name the period that they are set beside."""
    of_view = view("quarter")
    assert of_view.baseline is not None
    assert f"positions {of_view.baseline.first} to {of_view.baseline.end}" in plain(document("quarter"))


def test_captured_text_stays_text() -> None:
    """A name, a subject and a reason that hold markup or turn the line around print as what they are."""
    company = period_story.found()
    company.people["Mallory"] = company.world.person(release_story.HOSTILE_NAME, "reviewer")
    company.first = len(company.world.entries)
    subject = "</td><script>alert(2)</script>"
    period_story.change(company, "payments", "1", "Mallory", None, exception="INC-1", subject=subject)
    period_story.access_review(company, "payments", "Mallory")
    company.end = len(company.world.entries)
    html = render_html(period_document(period_views.view_of(company)))
    assert "<script" not in html.partition("</head>")[2]
    assert "\u202e" not in html
    parser = Elements()
    parser.feed(html)
    assert {tag for tag, _ in parser.found} <= ELEMENTS


def test_records_that_do_not_verify_are_told_first() -> None:
    """If a check failed, the cover says so and what was found stands before everything else."""
    of_view = view("quarter")
    finding = Finding("V12", "entry 12", "bad-signature", "the signature does not verify", {})
    broken = period_document(replace(of_view, verification=replace(of_view.verification, failures=(finding,))))
    assert str(broken.conclusion.headline) == "The records do not verify"
    found = broken.front[0]
    assert isinstance(found, Table)
    assert "the signature does not verify" in said(found.rows[0].cells[2])


@cache
def divided() -> PeriodView:
    """The quarter, in which a second policy was set for one of the two projects afterwards; nothing is sampled."""
    company = period_story.quarter()
    rules = {
        rule: setting for rule, setting in period_story.POLICY["rules"].items() if rule not in ("SOD-01", "POP-06")
    }
    other = {**period_story.POLICY, "name": "lenient", "frameworks": ["soc2"], "rules": rules}
    second = sorted(company.world.projects.values())[1]
    company.world.act(PolicySet(OpenObject(encode(other)), (second,)))
    return period_views.view_of(company, asked="2026-04-01 to 2026-06-30")


def test_each_project_is_judged_by_its_own_policy() -> None:
    """Verdicts over a project are those that a period of it alone gets, and each rule is asked where it is on."""
    of_view = divided()
    assert [part.policy.name for part in of_view.parts] == ["company-2", "lenient"]
    assert [part.projects for part in of_view.parts] == [(project,) for project in of_view.dossier.projects]
    for part in of_view.parts:
        dossier = of_view.dossier
        alone = build_period(dossier.records, part.projects, dossier.first, dossier.end)
        expected = assess_period(alone, policy_in_force(dossier.records, part.projects[0]), part.assessment.as_of)
        own = part.assessment.verdicts
        assert [(one.rule, one.outcome, one.sentence) for one in own] == [
            (one.rule, one.outcome, one.sentence) for one in expected.verdicts
        ]
    first, second = of_view.dossier.projects
    asked = {one.subject for one in of_view.verdicts if one.rule == "SOD-01"}
    assert any(f"change {first}/" in subject for subject in asked)
    assert not any(f"change {second}/" in subject for subject in asked)
    assert len({part.assessment.subject for part in of_view.parts}) == 2


def test_a_pack_says_which_policy_judged_what() -> None:
    """Cover, policies and method name each policy with its project; the history says which one judges where."""
    of_view = divided()
    found = period_document(of_view)
    names = [(part.policy.name, of_view.project_name(part.projects[0]).plain) for part in of_view.parts]
    (cover,) = [said(value) for name, value in found.facts if str(name) == "Policies"]
    page = next(item for item in found.sections if item.anchor == "policies")
    facts = next(block for block in page.blocks if isinstance(block, Facts))
    judging = [said(value) for name, value in facts.rows if str(name) == "Judged by it"]
    spans = table(page, "Policies in force in the period").rows
    told = plain(found)
    for (policy, project), scope in zip(names, judging, strict=True):
        assert f"{policy} " in cover
        assert f"for {project}" in cover
        assert f"every change and release of {project}" in scope
        assert f"Policy {policy}: judges {project}" in told
    # What was set after the period's end judges, and was in force at no time of the period.
    lenient = of_view.project_name(of_view.dossier.projects[1]).plain
    assert [said(row.cells[4]) for row in spans if said(row.cells[0]) == lenient] == ["no", "no"]
    counts = {outcome: sum(one.outcome is outcome for one in of_view.verdicts) for outcome in Outcome}
    assert dict(found.conclusion.tally)[Mark.FAIL] == counts[Outcome.FAIL]
    rules = table(next(item for item in found.sections if item.anchor == "results"), "Verdicts rule by rule").rows
    assert numbers(said(rules[-1].cells[1]))[0] == counts[Outcome.FAIL]
    parser = Elements()
    parser.feed(render_html(found))
    targets = {attributes["id"] for _, attributes in parser.found if "id" in attributes}
    assert all((each["href"] or "")[1:] in targets for tag, each in parser.found if tag == "a")
