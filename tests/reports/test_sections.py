"""What the sections on controls, rules, people, gates, scans and absence say: every number is that of its table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.controls import supported_by
from ledger.rules.policy import policy_in_force
from ledger.rules.verdict import Outcome
from reports.parts import Bullets, Heading, Matrix, Paragraph, Table
from reports.release.withheld import MOST as MOST_GONE
from tests.reports.plain import plain, said, table
from tests.reports.test_release import BOTH, SETTINGS, Made, document_of, made, told

if TYPE_CHECKING:
    from reports.parts import Block, Section


def numbers(text: str) -> list[int]:
    """The whole numbers of a sentence."""
    return [int(item.replace(",", "")) for item in re.findall(r"(?<![\w-])\d[\d,]*(?![\w-])", text)]


def after(section: Section, heading: str) -> list[Block]:
    """The blocks from a heading to the next one."""
    found: list[Block] = []
    inside = False
    for block in section.blocks:
        if isinstance(block, Heading):
            inside = str(block.text).startswith(heading)
        elif inside:
            found.append(block)
    if not found:
        raise LookupError(heading)
    return found


def opening(blocks: list[Block]) -> list[int]:
    """Numbers of the first paragraph."""
    return numbers(said(next(block for block in blocks if isinstance(block, Paragraph)).line))


def rows_of(blocks: list[Block], place: int = 0) -> list[list[str]]:
    """The cells of a table among the blocks, as text."""
    found = [block for block in blocks if isinstance(block, Table)]
    return [[said(cell) for cell in row.cells] for row in found[place].rows]


def captioned(blocks: list[Block], caption: str) -> list[list[str]]:
    """The cells of the table with that caption; none where it is not printed."""
    return [
        [said(cell) for cell in row.cells]
        for block in blocks
        if isinstance(block, Table) and str(block.caption).startswith(caption)
        for row in block.rows
    ]


@BOTH
def test_controls_count_what_they_list(name: str) -> None:
    """The matrix counts its rows by what their marks say, both where a rule failed and could not be told."""
    section = made(name).section("controls")
    rows = table(section, "Rules, those that failed first").rows
    marks = [said(row.cells[-2]) for row in rows]
    whole, held, failed, untold, idle, *rest = numbers(said(section.lede))
    both = sum("! Fail" in mark and "? Cannot tell" in mark for mark in marks)
    assert rest[:1] == [both] if both else True
    of_periods = rest[bool(both) :]
    one = made(name)
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    assert whole + sum(of_periods) == len(policy.rules)
    assert whole == len(rows) + idle
    assert failed == sum("! Fail" in mark for mark in marks)
    assert untold == sum("? Cannot tell" in mark for mark in marks)
    assert held == sum("✓ Pass" in mark for mark in marks)
    said_idle = [said(block.line) for block in section.blocks if isinstance(block, Paragraph) and block.small]
    assert idle == sum(text.count(";") + 1 for text in said_idle if "never counted as held" in text)
    for row in rows:
        rule = said(row.cells[0]).split()[0]
        verdicts = [one for one in made(name).assessment.verdicts if one.rule == rule]
        asked = [one for one in verdicts if one.outcome is not Outcome.NOT_APPLICABLE]
        passed = sum(one.outcome is Outcome.PASS for one in asked)
        assert said(row.cells[-3]) == f"{passed} of {len(asked)}"
        for mark, outcome in (("! Fail", Outcome.FAIL), ("? Cannot tell", Outcome.NOT_EVALUABLE)):
            many = sum(one.outcome is outcome for one in asked)
            assert (f"[{mark}] {many}" in said(row.cells[-2])) == bool(many)
    assert marks == sorted(marks, key=lambda mark: "!?✓".index(mark[1]))


def test_no_control_is_ticked_while_a_rule_of_it_is_off() -> None:
    """A control names each of its rules by how it came out, and has a tick only where all of them held."""
    one = made("whole")
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    found = {verdict.rule for verdict in one.assessment.verdicts if verdict.outcome is Outcome.FAIL}
    for row, item in zip(
        rows_of(after(one.section("controls"), "What this supports")), supported_by(policy), strict=True
    ):
        assert "Pass" not in row[3] or not item.off
        assert ("[! Fail]" in row[3]) == bool(found & set(item.on))
    monitored = next(
        row
        for row in rows_of(after(one.section("controls"), "What this supports"))
        if row[0] == "SOC 2 CC5, CC7.1 to CC7.4"
    )
    assert "[! Fail] REL-04" in monitored[3]
    assert "off DEP-01" in monitored[3]


def test_every_control_of_the_chosen_frameworks_is_mapped() -> None:
    """The mapping has a row for each control of the frameworks that the policy names, and only for these."""
    one = made("whole")
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    mapped = rows_of(after(one.section("controls"), "What this supports"))
    assert [row[0] for row in mapped] == [
        f"{FRAMEWORK_NAMES[item.control.framework]} {item.control.id}" for item in supported_by(policy)
    ]
    assert not [row for row in mapped if "complian" in " ".join(row).casefold()]


@BOTH
def test_stated_changes_are_counted(name: str) -> None:
    """How many changes name a request, and of how many nothing is stated, is what the table shows."""
    one = made(name)
    blocks = after(one.section("register"), "What each change states")
    if not any(isinstance(block, Table) for block in blocks):
        assert opening(blocks) == [len(one.dossier.changes)]
        return
    rows = rows_of(blocks)
    named = sum("tracker:" in row[1] for row in rows)
    without = sum(row[1] == "not stated" for row in rows)
    assert opening(blocks) == [named, len(rows), without]


@BOTH
def test_approved_and_landed_are_counted(name: str) -> None:
    """How many changes were approved before they landed is the rows with an approval that came first."""
    blocks = after(made(name).section("approvals"), "Approved and landed")
    rows = rows_of(blocks)
    unsure = sum("cannot be told" in row[2] for row in rows)
    approved = [row for row in rows if row[2] != "none" and "cannot be told" not in row[2]]
    assert opening(blocks)[:2] == [len(approved), len(rows)]
    assert not unsure or opening(blocks)[2] == unsure
    for row in approved:
        first = min(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", row[2]))
        assert first < min(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", row[4]))


@BOTH
def test_scans_runs_and_prompts_are_counted(name: str) -> None:
    """The sentences about repeated runs, scans and prompts looked through count their tables' rows."""
    one = made(name)
    repeated = after(one.section("tests"), "Run again")
    rows = rows_of(repeated)
    mended = sum(numbers(row[3])[0] > 0 and "Passed" in row[5] for row in rows)
    assert opening(repeated) == [len(rows), mended, sum(numbers(row[4])[0] for row in rows)]
    scanned = after(one.section("tests"), "Scans")
    rows = rows_of(scanned)
    aside = sum(sum(numbers(row[4])) for row in rows)
    grave = sum("warning" in row[3] or "error" in row[3] for row in rows)
    assert not rows or opening(scanned) == [len(rows), grave, aside]
    prompts = after(one.section("assistants"), "Prompts looked through")
    rows = rows_of(prompts)
    seen = [row for row in rows if row[1] != "! not looked through"]
    masked = sum(numbers(row[2])[0] for row in rows if row[2] != "not told")
    assert not rows or opening(prompts)[:3] == ([len(seen), len(rows), masked] if seen else [])


@BOTH
def test_gates_and_bypasses_are_counted(name: str) -> None:
    """Answers, shut gates, bypassing pushes and undeclared bypasses are those of the three tables."""
    one = made(name)
    blocks = after(one.section("exceptions"), "Gates and bypasses")
    verdicts, pushes, answers = (captioned(blocks, name) for name in ("Past a gate", "Pushes past", "What gates"))
    told = [said(line) for block in blocks if isinstance(block, Bullets) for line in block.items]
    shut = sum("Shut" in row[3] for row in answers)
    went_on = sum("yet landed" in row[3] for row in answers)
    for many, sentence in (
        (len(pushes), f"{len(pushes)} push"),
        (len(answers), f"Gates answered {len(answers)} time"),
        (shut, f": {shut} Shut, {len(answers) - shut} Open."),
        (went_on, f"! {went_on} landing"),
    ):
        assert any(sentence in line for line in told) == bool(many)
    judged = next(line for line in told if "EXC-05" in line)
    if any(verdict.rule == "EXC-05" for verdict in one.assessment.verdicts):
        undeclared = sum("Undeclared" in row[1] for row in verdicts)
        declared = sum("Declared" in row[1] for row in verdicts)
        assert numbers(judged.replace("EXC-05", ""))[:2] == [undeclared, declared]
        assert ("cannot be told" in judged) == any("Cannot tell" in row[1] for row in verdicts)
    else:
        assert "was not judged" in judged


def test_a_declared_bypass_is_told_with_its_exception() -> None:
    """A push over a protection under an exception is listed as declared, and the push as past the protection."""
    blocks = after(made("whole").section("exceptions"), "Gates and bypasses")
    verdicts, pushes = captioned(blocks, "Past a gate"), captioned(blocks, "Pushes past")
    assert [row[1] for row in verdicts if row[0] == "Change 22"] == ["[† Declared]"]
    assert [row[3] for row in pushes] == ["! passed over required-review, by force"]


@BOTH
def test_people_roles_and_keys_are_counted(name: str) -> None:
    """Principals, roles and keys in force, and those that ended, are those of the tables."""
    section = made(name).section("access")
    people = rows_of(after(section, "People and accounts"))
    roles = [[said(cell) for cell in row.cells] for row in table(section, "Roles in force").rows]
    keys = [[said(cell) for cell in row.cells] for row in table(section, "Keys in force").rows]
    standing = [sum(row[-1] == "in force" for row in rows) for rows in (roles, keys)]
    ended = len(roles) + len(keys) - sum(standing)
    assert numbers(said(section.lede)) == [len(people), *standing, ended]


@BOTH
def test_administration_is_counted(name: str) -> None:
    """Who can change the rules, and how many acts there were, are those of facts and log."""
    section = made(name).section("configuration")
    acts = table(section, "Acts since").rows
    core = made(name).dossier.records.roster.core
    assert numbers(said(section.lede)) == [len(core.administrators), len(acts)]


@BOTH
def test_what_is_gone_is_listed_and_counted(name: str) -> None:
    """Every content that is not at hand has a row with its state; the sentence counts them by state."""
    section = made(name).section("removed")
    rows = table(section, "Contents that cannot be read").rows
    states = [said(row.cells[3]) for row in rows]
    if not rows:
        assert said(section.lede).startswith("Nothing was removed: all")
        return
    held, whole, erased, withheld, missing = numbers(said(section.lede))
    assert erased == states.count("erased")
    assert withheld == states.count("withheld by its signer")
    assert missing == states.count("missing from the bundle")
    assert whole - held == len(rows) < MOST_GONE


def test_what_is_withheld_reaches_every_section() -> None:
    """A name, a prompt, a commit list and a comment that are not at hand say so where they would stand."""
    one = made("withheld")
    text = plain(one.document)
    assert "name erased" in text
    assert "[The text is withheld by its signer;" in text
    assert "commit list erased" in text
    assert "Comment: missing from the bundle" in text
    untold = [item for item in one.assessment.verdicts if item.outcome is Outcome.NOT_EVALUABLE]
    assert untold
    assert not one.verification.failures


def test_reconciliations_heartbeats_and_observations_are_told() -> None:
    """What a clone lacks or has more, a silent source and another digest in production stand out in words."""
    one = made("whole")
    compared = table(one.section("completeness"), "A clone against the ledger").rows
    assert [row.hit for row in compared] == [True]
    assert "[! Differ]" in said(compared[0].cells[-1])
    sources = table(one.section("completeness"), "Sources and their silence").rows
    silent = {said(row.cells[0]): row.hit for row in sources}
    assert silent == {"ci": False, "forge": True}
    seen = rows_of(after(one.section("deployments"), "What was seen running"))
    assert [row[3] for row in seen] == [
        "[! Differs] 1 digest is not of the release",
        "[✓ Equal] 1 digest, of the release",
    ]
    incidents = rows_of(after(one.section("deployments"), "Incidents"))
    assert [row[0].split()[0] for row in incidents] == ["INC-78"]


@pytest.mark.parametrize("most", [1, 5])
def test_with_too_many_changes_counts_stay_whole(most: int) -> None:
    """A pack that prints few changes says of how many, and its sentences and matrices still count all of them."""
    whole = made("troubled")
    short = _short(most)
    text = plain(short.document)
    left = f"Printed here: {most} of {len(whole.dossier.changes)} changes"
    assert text.count(left) == 6
    all_changes = f"All {len(whole.dossier.changes)} changes are in the attached registers"
    assert f"{all_changes}, their records in the attached bundle." in text
    for anchor in ("conclusion", "completeness", "register", "duties", "approvals", "tests", "controls", "removed"):
        assert said(short.section(anchor).lede) == said(whole.section(anchor).lede)
    (matrix,) = (block for block in short.section("duties").blocks if isinstance(block, Matrix))
    assert matrix in whole.section("duties").blocks


def _short(most: int) -> Made:
    return document_of(*told("troubled"), replace(SETTINGS, most_changes=most))
