"""Who decided and took part, what was tested and asked: unknown is never nothing, and nobody's words are made up."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.events.context import About
from ledger.events.forge import Push
from ledger.events.roster import MACHINE_KINDS
from ledger.rules.verdict import Outcome
from reports.parts import Matrix, Pairs, Paragraph, Quote, Shape, Signature, Table
from reports.period.checked import prompt_blocks
from reports.period.duties import duties
from reports.release.said import ledger_time
from reports.release.verdicts import of_rules
from tests.reports import release_story
from tests.reports.period_views import quarter
from tests.reports.plain import plain, said, table
from tests.reports.test_release import BOTH, document_of, made
from tests.reports.test_sections import after, numbers, opening, rows_of
from tests.world import git_id

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.parts import Line, Row
    from tests.reports.test_release import Made


def labelled(block: Signature) -> dict[str, str]:
    """The rows of a signature block by label."""
    return {str(label): said(value) for label, value in block.rows}


def signatures(one: Made) -> list[Signature]:
    """The signature blocks of a pack."""
    return [block for block in one.section("approvals").blocks if isinstance(block, Signature)]


def verdict_heads(one: Made) -> list[str]:
    """The heads of the last columns of tables in the sections about changes."""
    return [
        str(block.columns[-1].head)
        for anchor in ("duties", "approvals", "tests", "assistants")
        for block in one.section(anchor).blocks
        if isinstance(block, Table)
    ]


def row_of(rows: tuple[Row, ...], first: str) -> list[str]:
    """The cells of the row that begins with these words."""
    return next([said(cell) for cell in row.cells] for row in rows if said(row.cells[0]) == first)


@BOTH
def test_nobody_is_given_words_that_a_forge_showed(name: str) -> None:
    """A block of a forge quotes nobody, names the collector's key and record, and tells nothing of what was seen."""
    for block in signatures(made(name)):
        facts = labelled(block)
        if facts["Attested by"].startswith("the person"):
            assert said(block.meaning).startswith("“I ")
            assert {"Signed", "Key"} <= set(facts)
            continue
        assert "“" not in said(block.meaning)
        assert said(block.meaning).startswith("The forge shows: ")
        assert {"Recorded by the collector", "Key of the collector"} <= set(facts)
        assert not {"Signed", "Key"} & set(facts)
        assert "seen: 0" not in facts["With"]
        assert "what was seen is not recorded" in facts["With"]


def test_a_forge_shows_what_was_decided() -> None:
    """A rejection that a forge shows reads as one, and no longer in the first person."""
    company = release_story.found()
    change = release_story.clean_change(company, "11", "Marta", "Haruka")
    world = company.world
    other = world.diff("payments", "12", company["Marta"], company.ci, {"a.py": "1"})
    world.forge_approval("payments", other, company["Noa"], company.collector, decision="reject")
    landed = world.merge("payments", other, company["Marta"], company.ci)
    release = world.release("payments", "4.12.0", [change, landed], company["Marta"], company.ci)
    (block,) = (one for one in signatures(document_of(world, release)) if "forge" in labelled(one)["Attested by"])
    assert said(block.meaning).startswith("The forge shows: rejected")


def test_an_unread_commit_list_leaves_the_approver_in_doubt() -> None:
    """Whose part cannot be told is in matrix, list, lede, pairs and row alike, as the rule's verdict has it."""
    one = made("withheld")
    section = one.section("duties")
    assert "Of 1 standing approval it cannot be told whether whoever gave it took part." in said(section.lede)
    assert "Who changed the code of 1 change is not wholly known." in said(section.lede)
    (matrix,) = (block for block in section.blocks if isinstance(block, Matrix))
    doubtful = [str(row.head) for row in matrix.rows if any(cell.shape is Shape.UNKNOWN for cell in row.cells)]
    assert doubtful == ["Ольга Ждан"]
    listed = table(section, "Approvals by somebody who took part").rows
    assert [said(row.cells[2]) for row in listed] == [
        "approved, and may have taken part: the commit list of revision 1 is erased"
    ]
    (pairs,) = (block for block in section.blocks if isinstance(block, Pairs))
    assert pairs.cells == (((0, 1),), ((0, 0), (0, 0)))
    (row,) = (row for row in table(section, "Who did what").rows if said(row.cells[0]) == "Change 12")
    assert said(row.cells[3]) == "Youssef El-Amrani / others cannot be told: the commit list of revision 1 is erased"


@BOTH
def test_conflicts_are_those_of_the_rules(name: str) -> None:
    """Where no approver is in conflict or doubt, no rule about who took part failed or cannot tell over an approval."""
    one = made(name)
    listed = {said(row.cells[0]) for row in table(one.section("duties"), "Approvals by somebody").rows}
    for row in table(one.section("duties"), "Who did what").rows:
        if re.search(r"SOD-0[23]", said(row.cells[-1])) and said(row.cells[4]) != "nobody":
            assert said(row.cells[0]) in listed


def test_an_approval_in_doubt_is_not_called_none() -> None:
    """Beside what landed stands the approval of which it cannot be told, with its entry and time."""
    rows = rows_of(after(made("withheld").section("approvals"), "Approved and landed"))
    (row,) = (row for row in rows if row[0] == "Change 12")
    assert row[1].startswith("manifest b54ce4a875e0")
    assert row[2] == "cannot be told whether it counts: / 2026-03-02 08:33:00Z / entry 34"


def test_what_a_forge_approved_can_be_held_against_what_landed() -> None:
    """An approved commit stands with the manifest and tree of the revision that it is the head of."""
    rows = rows_of(after(made("troubled").section("approvals"), "Approved and landed"))
    (row,) = (row for row in rows if row[0] == "Change 19")
    assert row[1].split(" / ")[:2] == row[3].split(" / ")[:2]
    assert "of revision 1, approved by its commit" in row[1]


def test_a_landing_names_push_and_merge() -> None:
    """Where a push brought the commit before the merge was recorded, both entries stand, and the push's time."""

    def told(after: str) -> tuple[Record, Record, Made]:
        company = release_story.found()
        world = company.world
        forge = world.machine("Forge", MACHINE_KINDS)
        change = world.diff("payments", "11", company["Marta"], company.ci, {"a.py": "1"})
        body = Push("sha1", "refs/heads/main", after, git_id("base"))
        pushed = world.work("payments", body, company["Marta"], forge, (), About(change="11"))
        landed = world.merge("payments", change, company["Marta"], company.ci)
        release = world.release("payments", "4.12.0", [landed], company["Marta"], company.ci)
        return pushed, landed, document_of(world, release)

    # The simulated world lands the same story by the same commit, so the first telling says what the second pushes.
    _, landed, _ = told(git_id("another"))
    pushed, landed, one = told(str(landed.event.body.commit))  # type: ignore[union-attr]
    (row,) = rows_of(after(one.section("approvals"), "Approved and landed"))
    assert row[4] == (
        f"{ledger_time(pushed)} / on the branch by entry {pushed.index}, recorded as a merge in entry {landed.index}"
    )


@BOTH
def test_agents_are_in_the_matrix(name: str) -> None:
    """Each agent that a change's row names has a row of the matrix, and is among the parties counted."""
    section = made(name).section("duties")
    (matrix,) = (block for block in section.blocks if isinstance(block, Matrix))
    heads = {str(row.head) for row in matrix.rows}
    named = {said(row.cells[2]) for row in table(section, "Who did what").rows} - {"none"}
    assert named <= heads
    assert numbers(said(section.lede))[0] == len(matrix.rows)


@BOTH
def test_a_verdict_column_says_which_rules_it_judges(name: str) -> None:
    """No column is headed only "Verdict"; what failed or cannot be told names its rules, and only a failure tints."""
    one = made(name)
    assert "Verdict" not in verdict_heads(one)
    for anchor, caption, family in (
        ("duties", "Who did what", "SOD"),
        ("approvals", "Decisions on each change", "APP"),
        ("tests", "Runs for each change", "TST"),
        ("assistants", "Declarations", "AI"),
    ):
        for row in table(one.section(anchor), caption).rows:
            cell = said(row.cells[-1])
            assert row.hit == ("Fail" in cell)
            subject = said(row.cells[0]).removeprefix("Change ")
            about = [item for item in one.assessment.verdicts if item.subject.endswith(f"/{subject}")]
            for verdict in of_rules(about, family):
                assert verdict.outcome is not Outcome.FAIL or verdict.rule in cell


def test_a_failure_over_an_approval_says_why() -> None:
    """Beside the name of whoever approved stands what keeps the approval from counting."""
    rows = table(made("troubled").section("duties"), "Who did what").rows
    assert row_of(rows, "Change 12")[4] == "Youssef El-Amrani [! Own work]"
    assert row_of(rows, "Change 13")[4] == "Haruka Sató 佐藤 遥 [! Stale]"
    assert row_of(rows, "Change 17")[4] == "Haruka Sató 佐藤 遥 [? Cannot tell]"


@BOTH
def test_standing_approvals_are_told_by_what_they_are_worth(name: str) -> None:
    """Those that count, those that do not and those in doubt are all that stand, as their blocks say."""
    one = made(name)
    found = re.search(
        r"(\d+) approvals? of (?:a change|changes) stands?: "
        r"(\d+) counting, (\d+) not counting, (\d+) that cannot be told",
        said(one.section("approvals").lede),
    )
    assert found is not None
    whole, valid, not_, unsure = map(int, found.groups())
    assert whole == valid + not_ + unsure
    words = [str(status.word) for block in signatures(one) for status in block.statuses]
    assert valid == words.count("Counts")
    assert unsure == words.count("Cannot tell")
    assert not_ == words.count("Own work") + words.count("Stale")


def test_decisions_shown_elsewhere_are_counted() -> None:
    """Decisions on exceptions and on who has access are named with the places that show them."""
    assert (
        "Not among these: 2 decisions on exceptions (Exceptions and bypasses ->exceptions), "
        "1 decision on who has access (Roles and keys ->roles)."
    ) in plain(made("whole").document)
    assert "Not among these" not in plain(made("troubled").document)


def test_changes_without_approval_and_releasers_with_a_part_are_in_the_lede() -> None:
    """What speaks against the release is said before the tables."""
    assert "Landed without any approval that stands: 2 of 3 changes." in said(made("excepted").section("duties").lede)
    section = made("troubled").section("duties")
    assert "1 person who approved the release had prompted or changed code in it." in said(section.lede)
    told = [said(block.line) for block in section.blocks if isinstance(block, Paragraph)]
    assert any("approved the release and had prompted or changed the code in 2 of 9" in text for text in told)
    assert "without any approval" not in said(made("clean").section("duties").lede)


def test_what_nobody_looked_through_is_not_counted_as_nothing() -> None:
    """Where nobody looked, what was masked or left in is not told; without a prompt there is no sentence."""
    blocks = after(made("troubled").section("assistants"), "Prompts looked through")
    assert said(blocks[0].line) == (  # type: ignore[union-attr]
        "Nobody looked through the prompts, so what was masked or left in is not told."
    )
    company = release_story.found()
    landed = release_story.clean_change(company, "11", "Marta", "Haruka", prompted=False)
    release = company.world.release("payments", "4.12.0", [landed], company["Marta"], company.ci)
    blocks = after(document_of(company.world, release).section("assistants"), "Prompts looked through")
    assert not any(isinstance(block, Paragraph) for block in blocks)


def test_attempts_after_failures_are_told() -> None:
    """A pass in attempt 3 after two failed runs is no flaky case, and is told as what it is."""
    blocks = after(made("troubled").section("tests"), "Run again")
    assert opening(blocks) == [1, 1, 0]
    assert rows_of(blocks) == [["Change 14", "“unit”", "3, 3", "! 2", "0", "[✓ Passed] in attempt 3"]]
    assert "only after failing" not in plain(made("troubled").document)


def test_tested_content_is_called_what_it_is() -> None:
    """A tree stands as a tree; a suite that passed and failed on one released tree is told; no "other" beside none."""
    one = document_of(*release_story.history())
    section = one.section("tests")
    for row in table(section, "On the released commit").rows:
        assert re.search(r" / tree [0-9a-f]{12} / commit [0-9a-f]{12}$", said(row.cells[5]))
    told = [said(block.line) for block in section.blocks if isinstance(block, Paragraph)]
    first, second = (said(row.cells[0]) for row in table(section, "On the released commit").rows)
    assert f"! On the same tree “unit” both passed and failed: entries {first}, {second}." in told
    assert not said(section.lede).startswith("0 ")
    assert "No test run on the released commit or its tree is recorded." in plain(made("troubled").document)
    assert "No other test run on the released commit or its tree is recorded." in plain(made("clean").document)


def test_changes_that_lack_a_scan_are_named() -> None:
    """Where a rule asks for scans, the changes without one are named; where none does, nothing is said of them."""
    assert "1 change has no scan, though TST-07 asks for one: Change 22." in plain(made("whole").document)
    assert "asks for one" not in plain(made("troubled").document)


@pytest.mark.parametrize(
    ("state", "told"), [("held", "kept, 5 B"), ("withheld", "withheld by its signer"), ("erased", "erased")]
)
def test_what_came_back_is_told(state: str, told: str) -> None:
    """Every prompt says what became of its answer; the answer's text stands where it is at hand, and nowhere else."""
    world, release = release_story.clean()
    for record in world.records_list:
        for content in record.event.context.contents:
            if content.name == "output":
                world.contents[content.commitment] = replace(world.contents[content.commitment], state=state)
    section = document_of(world, release).section("assistants")
    assert [said(row.cells[-1]) for row in table(section, "Prompts, and what").rows] == [told]
    answers = [str(block.text) for block in section.blocks if isinstance(block, Quote) and _answers(block.source)]
    assert answers == (["Done."] if state == "held" else [])


def _answers(source: Line) -> bool:
    return "answer to the prompt" in said(source)


@BOTH
def test_prompts_stand_in_one_table(name: str) -> None:
    """However many changes were prompted for, one table holds the prompts, and each text stands once."""
    section = made(name).section("assistants")
    tables = [block for block in section.blocks if isinstance(block, Table) and str(block.columns[-1].head) == "Answer"]
    assert len(tables) == 1
    asked = [said(block.source) for block in section.blocks if isinstance(block, Quote) and not _answers(block.source)]
    assert len(asked) == len(set(asked)) == len(tables[0].rows)


def test_a_squashed_commit_says_what_became_of_it() -> None:
    """A commit of a revision that the release does not list names the commit that landed instead."""
    (row,) = table(made("troubled").section("assistants"), "Commits with traces").rows
    assert re.fullmatch(r"Change 12, revision 1 / \(squashed into a0cbb02c3a92 on landing\)", said(row.cells[3]))
    lede = said(made("troubled").section("assistants").lede)
    assert "1 commit carries traces of an assistant, each in a recorded change." in lede


def test_periods_tell_agents_and_unread_prompts_as_releases_do() -> None:
    """The matrix of a quarter has the agent that answered; prompts nobody looked through are no zeros."""
    of_view = quarter()
    page = duties(of_view)
    (matrix,) = (block for block in page.blocks if isinstance(block, Matrix))
    place = [str(column) for column in matrix.columns].index("Agent")
    acting = {str(row.head) for row in matrix.rows if row.cells[place].shape is not Shape.NONE}
    assert acting == {
        str(item.party.name)
        for change in of_view.changes
        for item in change.facts.contributions
        if item.duty == "agent"
    }
    unseen = replace(
        of_view,
        changes=tuple(
            replace(
                change,
                facts=replace(
                    change.facts,
                    scans=(),
                    prompts=tuple(
                        replace(item, prompt=replace(item.prompt, scan=None)) for item in change.facts.prompts
                    ),
                ),
            )
            for change in of_view.changes
        ),
    )
    said_of = said(next(block.line for block in prompt_blocks(unseen) if isinstance(block, Paragraph)))
    assert "nobody looked through them for secrets: what was masked or left in is not told" in said_of
    assert "masked before sending: 0" not in said_of
