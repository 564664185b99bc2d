"""What sections of a period pack say is what the records hold: no less, no more, and of whom."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from ledger.measures.values import Missing, Proportion, Tally
from ledger.records import Held
from ledger.rules.verdict import Outcome
from reports.parts import Bullets, Card, Facts, Paragraph, Table
from reports.period import deviations as made
from reports.period.administration import packs_made
from reports.period.against import against
from reports.period.bypasses import past_shut, went_on
from reports.period.deviations import deviations, deviations_of
from reports.period.differences import Apart, difference_blocks, differences
from reports.period.document import period_document
from reports.period.exceptions import exceptions
from reports.period.measured import not_measured
from reports.period.measures import measured, measures_section
from reports.period.reconciliations import compared
from reports.period.shown import verdict_line
from tests.reports.period_views import quarter
from tests.reports.plain import said, table

if TYPE_CHECKING:
    from reports.parts import Document


@cache
def document() -> Document:
    """The quarter's pack."""
    return period_document(quarter())


@cache
def cards() -> dict[str, dict[str, str]]:
    """Of each deviation: what its card says under each label."""
    return {
        str(block.title).split()[0]: {str(label): said(told) for label, told in block.rows}
        for block in deviations(quarter()).blocks
        if isinstance(block, Card)
    }


def test_every_deviation_says_what_was_found_of_what() -> None:
    """Also the least severe ones: subject and sentence, not the name of the rule alone."""
    view = quarter()
    assert set(cards()) == {item.rule for item in deviations_of(view)}
    for item in deviations_of(view):
        first = cards()[item.rule]["What was found"]
        assert view.sentence(item.failed[0]).plain[:80] in first
        assert first.startswith(("Change", "Release", "The period itself"))


def test_deviations_beyond_the_cards_say_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table has them, with the limit and what each rule found."""
    monkeypatch.setattr(made, "MOST_CARDS", 2)
    view, section = quarter(), deviations(quarter())
    rows = table(section, "Further rules").rows
    beyond = deviations_of(view)[2:]
    assert len(rows) == len(beyond)
    for row, item in zip(rows, beyond, strict=True):
        assert view.sentence(item.failed[0]).plain[:80] in said(row.cells[3])


def test_a_cause_is_of_those_alone_that_have_an_exception() -> None:
    """Of the others nothing is recorded, and what an exception for another rule says is not denied."""
    for item in deviations_of(quarter()):
        cause, beside = cards()[item.rule]["Cause"], cards()[item.rule]["Beside it"]
        if not item.excepted:
            assert beside.startswith("No exception covers this rule for any of them.")
            assert cause.startswith("Not recorded")
            continue
        assert cause.startswith(f"For the {item.excepted} with an exception")
        others = len(item.failed) - item.excepted
        of_others = "Of 1 other nothing" if others == 1 else f"Of the other {others} nothing"
        assert (f"{of_others} is recorded" in cause) == (others > 0)


def test_what_was_mended_is_not_called_never_mended() -> None:
    """A revert of nobody knows what, and an incident whose release another change mended, leave changes open."""
    now, _ = measured(quarter())
    share = now.of("taken-back")
    assert isinstance(share, Proportion)
    # Change 15 is called a revert and names nothing; what it mended came with the release of the four before it.
    assert share.missing == (Missing("unnamed", 4),)
    assert "where it is not told which change was taken back or mended" in not_measured(share.missing)


def test_rates_count_over_the_printed_days() -> None:
    """91 days are 13 weeks, whatever was recorded on the first and the last of them; the days are said."""
    view = quarter()
    now, before = measured(view)
    count = len(view.changes) + len(view.dossier.unplaced)
    landings = now.of("landings")
    assert isinstance(landings, Tally)
    assert landings.seconds == 91 * 86_400
    assert landings.per_week_tenths == (20 * count + 13) // 26
    assert before is not None
    bullets = next(block for block in measures_section(view).blocks if isinstance(block, Bullets))
    assert any(
        "over the days 2026-04-01 to 2026-06-30" in said(item) and "over 2026-03-04 to 2026-03-30" in said(item)
        for item in bullets.items
    )


def test_questions_say_what_is_not_recorded() -> None:
    """A page that shows a part alone is not said to answer; a deployment of no known release is under its question."""
    section = next(one for one in document().sections if one.anchor == "questions")
    told = {int(said(row.cells[0])): said(row.cells[2]) for row in table(section, "No.").rows}
    for number in (3, 22, 23, 24, 26):
        assert told[number].startswith("shown in part: ")
    assert "DEP-01" in told[4]
    assert "1 deployment names no release" in told[4]
    assert told[21].startswith("[✓ Pass] ID-01, ID-02")
    complete = replace(quarter(), settings=replace(quarter().settings, prepared_by="Noa"))
    assert against(complete, 3) == ()


def test_approvals_say_what_was_signed_and_add_up() -> None:
    """The sentence of each decision, not its label; with those about exceptions and access they are all events."""
    view = quarter()
    section = next(one for one in document().sections if one.anchor == "duties")
    rows = table(section, "What it says").rows
    assert any("I reviewed exactly this content and approve it." in said(row.cells[0]) for row in rows)
    counted = sum(int(said(row.cells[3])) for row in rows)
    (told,) = [
        said(block.line)
        for block in section.blocks
        if isinstance(block, Paragraph) and "Beside them" in said(block.line)
    ]
    beside = [int(number) for number in re.findall(r"\d+", told)]
    events = [
        record
        for record in view.dossier.records.entries
        if view.dossier.first <= record.index < view.dossier.end and record.event.kind == "approval"
    ]
    assert counted + sum(beside) == len(events)


def test_every_rule_about_duties_is_counted() -> None:
    """Also SOD-08 and whatever else a policy has on."""
    section = next(one for one in document().sections if one.anchor == "duties")
    shown = {said(row.cells[0]).split()[0] for row in table(section, "What the rules about duties").rows}
    assert shown == {setting.rule.id for setting in quarter().rules if setting.rule.id.startswith("SOD")}


def test_a_ref_whose_protection_was_weakened_has_no_tick() -> None:
    """ADM-02 failed over it, so that it is protected at the last look is not Yes; how long nobody looked is said."""
    section = next(one for one in document().sections if one.anchor == "policies")
    rows = {said(row.cells[0]).split()[0]: row for row in table(section, "As the last look").rows}
    assert said(rows["payments"].cells[2]) == "[! Weakened]"
    assert rows["payments"].hit
    assert said(rows["statements"].cells[2]) == "[? Not all along]"
    # From the look on 1 April to that on 2 May, an hour later in the day.
    assert said(rows["payments"].cells[1]) == "3; 31 d 1 h, 7 d allowed; 3 times longer than that"


def test_the_earliest_entry_is_of_any_stream() -> None:
    """What is kept is told from the first entry shown, also where that is the ledger's own."""
    view = quarter()
    section = next(one for one in document().sections if one.anchor == "administration")
    facts = next(block for block in section.blocks if isinstance(block, Facts))
    kept = next(said(told) for label, told in facts.rows if str(label) == "Retention")
    assert view.dossier.records.entries[0].leaf.received_at[:10] in kept


def test_differences_with_git_are_named_one_by_one() -> None:
    """Which commit, whole, and which side tells it; what was compared agrees with what landed."""
    view = quarter()
    section = next(one for one in document().sections if one.anchor == "reconciliations")
    (row,) = table(section, "Commits on which").rows
    (of,) = [item for item in compared(view) if item.differs]
    (apart,) = [item for item in differences(view, of) if isinstance(item, Apart)]  # type: ignore[union-attr]
    assert said(row.cells[2]).startswith(apart.commit[:12])
    assert "the clone alone" in said(row.cells[3])
    landed = len(view.changes) + len(view.dossier.unplaced)
    assert sum(item.ref.recorded_count for item in compared(view)) == landed
    (loose,) = table(section, "Landed without").rows
    assert said(loose.cells[6]) == "on no list of a release of the period"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"refs":[{"missing":["<b>"],"ref":"refs/heads/main","unknown":[]}]}',
        b'{"refs":[{"missing":[1],"ref":"refs/heads/main","unknown":[]}]}',
    ],
)
def test_a_comparison_that_cannot_be_read_is_said_to_be(data: bytes) -> None:
    """Whatever whoever compared wrote: the row says that it cannot be told which commits differ."""
    view = quarter()
    (of,) = [item for item in compared(view) if item.differs]
    reference = of.record.event.context.content("reconciliation")
    assert reference is not None
    records = view.dossier.records
    contents = {**records.contents, reference.commitment: Held(data)}
    other = replace(view, dossier=replace(view.dossier, records=replace(records, contents=contents)))
    (block,) = difference_blocks(other, compared(other))
    assert isinstance(block, Table)
    (row,) = block.rows
    assert "[? Which ones]" in said(row.cells[3])


def test_packs_are_not_one_another() -> None:
    """No pack that is told of in this one bears its number, and each project has a repository of its own."""
    view = quarter()
    assert view.carried.pack_id not in {pack.pack_id for pack in packs_made(view)}
    sources = {(one.repository, one.project) for item in view.dossier.releases for one in item.release.sources}
    assert len({repository for repository, _ in sources}) == len({project for _, project in sources}) == 2


def test_what_cannot_be_told_and_no_question_asks_is_said() -> None:
    """The sentence below the six questions counts what of all that cannot be told is of none of their rules."""
    section = next(one for one in document().sections if one.anchor == "result")
    told = next(
        said(one.line) for one in section.blocks if isinstance(one, Paragraph) and "cannot be" in said(one.line)
    )
    covered = sum(
        int(found[1])
        for row in table(section, "Question").rows
        if (found := re.search(r"(\d+) cannot", said(row.cells[2])))
    )
    assert int(told.split()[0]) + covered == len(quarter().by_outcome(Outcome.NOT_EVALUABLE))


def test_an_exception_for_some_failures_is_said_of_so_many() -> None:
    """Three of the four failed verdicts on change 21 are excepted."""
    change = next(one for one in quarter().changes if one.facts.id == "21")
    assert "[† 3 of 4 excepted]" in said(verdict_line(change))


def test_a_deployment_of_no_release_is_told_beside_bypasses() -> None:
    """EXC-05 does not speak of it, so the section says where it is told; no gate that only watches is listed."""
    section = next(one for one in document().sections if one.anchor == "exceptions")
    told = " ".join(said(one.line) for one in section.blocks if isinstance(one, Paragraph))
    assert "1 deployment names no release: EXC-05 does not speak of it; it is told under DEP-01" in told
    assert "only watches" not in told


def test_failures_that_no_question_covers_are_said() -> None:
    """The six questions of the first page and the sentence below them make up all failed verdicts."""
    view = quarter()
    section = next(one for one in document().sections if one.anchor == "result")
    told = next(
        said(block.line)
        for block in section.blocks
        if isinstance(block, Paragraph) and "none of these questions asks" in said(block.line)
    )
    beyond = int(told.split()[0])
    rules = {rule.strip(" .") for rule in told.split(":")[1].split(",")}
    failed = view.by_outcome(Outcome.FAIL)
    assert sum(verdict.rule in rules for verdict in failed) == beyond
    covered = sum(
        int(found[1])
        for row in table(section, "Question").rows
        if (found := re.search(r"(\d+) failed", said(row.cells[2])))
    )
    assert covered + beyond == len(failed)


def test_what_went_on_past_a_shut_gate_is_told_though_the_gate_only_watched() -> None:
    """The section says no bypass of what could stop something, and beside it how often a Shut was passed by."""
    view = quarter()
    release = next(one for one in view.dossier.releases if one.gates and one.deployments)
    gate = release.gates[0]
    shut = replace(gate, body=replace(gate.body, outcome="blocked", mode="observe"))
    releases = tuple(
        replace(one, gates=(shut, *one.gates[1:])) if one is release else one for one in view.dossier.releases
    )
    told = replace(view, dossier=replace(view.dossier, releases=releases))
    assert went_on(past_shut(view)) == ""
    assert against(view, 15) == ("1 landing of no recorded change",)
    assert past_shut(told)[0][1].index == release.deployments[0].record.index
    assert went_on(past_shut(told)) == (
        "1 landing or deployment came after its gate had last answered Shut; for 1 of them the gate only watched."
    )
    assert against(told, 15)[-1] == "1 step was taken past a shut gate"
    section = exceptions(told)
    assert went_on(past_shut(told)) in said(section.lede)
    assert any(
        f"It is entry {release.deployments[0].record.index}." in said(block.line)
        for block in section.blocks
        if isinstance(block, Paragraph)
    )
