"""Who may do what, what ended and why, and what is not at hand: told so that nobody has to guess."""

from __future__ import annotations

import pytest

from ledger.roster.state import key_in_force
from reports.holders import with_keys
from reports.parts import Fingerprint, Paragraph, Table, Words
from reports.release.document import OPENING
from tests.reports.plain import said, table
from tests.reports.test_period import section, view
from tests.reports.test_release import ALL, BOTH, made


@ALL
def test_everybody_with_a_key_in_force_is_in_the_table_of_people(name: str) -> None:
    """Whoever could sign is listed, also if nothing was signed and no role is held."""
    one = made(name)
    records = one.dossier.records
    shown = table(one.section("access"), "Name").rows
    assert len(shown) >= len(with_keys(records.roster, records.position))


@ALL
def test_keys_are_printed_whole(name: str) -> None:
    """Each key in force stands once with all its digits, and with every kind of event that it may sign."""
    one = made(name)
    records = one.dossier.records
    rows = {
        item.digits.hexadecimal: row
        for row in table(one.section("access"), "Keys in force").rows
        for item in row.cells[0]
        if isinstance(item, Fingerprint) and item.full
    }
    for key in records.roster.keys.values():
        if key_in_force(records.roster, key, records.position):
            told = said(rows[key.id[7:]].cells[3])
            assert told == ("anything that a person may" if key.kinds is None else ", ".join(key.kinds))


@ALL
def test_who_may_approve_release_and_deploy_is_answered(name: str) -> None:
    """Each of them has a row with names and the reason, whatever was approved, released or deployed."""
    rows = [[said(cell) for cell in row.cells] for row in table(made(name).section("access"), "Who may").rows]
    assert [row[0] for row in rows] == [
        "Approve",
        "Bring approvals that a forge attests",
        "Record a release",
        "Record a deployment",
    ]
    assert all(row[1] for row in rows)
    assert "Marta Żeleńska" in rows[0][1]


def test_a_period_answers_it_too() -> None:
    """A period's pack has the same table, at its end, and the keys in force there, whole."""
    page = section("quarter", "access")
    assert "Noa Ben-David" in said(table(page, "Who may").rows[0].cells[1])
    records, end = view("quarter").dossier.records, view("quarter").dossier.end
    held = [key for key in records.roster.keys.values() if key_in_force(records.roster, key, end)]
    assert len(table(page, "Keys in force at the end").rows) == len(held)


def test_an_ended_role_says_why_and_what_is_still_held() -> None:
    """Whoever lost a role: the reason as the act has it, and the keys they hold yet."""
    until = [said(row.cells[4]) for row in table(made("whole").section("access"), "Roles in force").rows]
    (ended,) = [one for one in until if one != "in force"]
    assert "left-the-team" in ended
    assert "still holds 1 role and 1 key" in ended


def test_a_first_release_has_none_before() -> None:
    """Where no release came before, nothing is said to be new since it."""
    one = made("troubled").section("access")
    told = [said(one.lede), *(str(block.caption) for block in one.blocks if isinstance(block, Table))]
    assert not any("previous release" in item for item in told)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("troubled", "Nobody looked through the prompts"), ("empty", None), ("whole", "passages were masked")],
)
def test_masking_is_told_where_somebody_looked(name: str, expected: str | None) -> None:
    """No passages are counted where nobody looked, and nothing is said where there is no prompt."""
    told = " ".join(said(block.line) for block in made(name).section("removed").blocks if isinstance(block, Paragraph))
    if expected is None:
        assert "masked" not in told
    else:
        assert expected in told
        assert "0 passages" not in told


def test_a_size_that_nobody_told_is_not_nothing() -> None:
    """A content withheld without a size reads so, and an erasure without a person stands in the first sentence."""
    one = made("withheld").section("removed")
    rows = [[said(cell) for cell in row.cells] for row in table(one, "Contents that cannot").rows]
    assert ["output size not told", "withheld by its signer"] in [row[2:4] for row in rows]
    assert not any(" 0 B" in cell for row in rows for cell in row)
    assert "Nobody is recorded who asked for an erasure" in said(one.lede)


def test_characters_that_are_not_printed_stay_marked_in_acts() -> None:
    """A hostile name within the sentence of an act is set apart as everywhere else."""
    acts = table(made("troubled").section("configuration"), "Acts").rows
    runs = [
        run
        for row in acts
        for item in row.cells[2]
        if isinstance(item, Words)
        for run in item.text.runs
        if "202E" in run.text
    ]
    assert runs
    assert all(run.kind == "code" for run in runs)


def test_an_act_about_an_erased_name_reads_as_a_sentence() -> None:
    """What stands for a name that cannot be read is in brackets, and its sort is said once."""
    acts = [said(row.cells[2]) for row in table(made("withheld").section("configuration"), "Acts").rows]
    unnamed = [one for one in acts if "name erased" in one]
    assert unnamed
    assert all("(person p_" in one and "erased)" in one and "(person)" not in one for one in unnamed)


def test_protections_are_told_in_words() -> None:
    """No bare numbers: what is demanded, who may pass it over, and what the last look found changed."""
    (row,) = [
        [said(cell) for cell in row.cells] for row in table(made("whole").section("configuration"), "As the").rows
    ]
    assert "approval" in row[2]
    assert "check" in row[2]
    assert "may pass it over" in row[4]
    assert "changed 1 time" in row[5]
    assert "times" not in row[5]
    assert "may pass it over: 1, was 0" in row[5]


@BOTH
def test_only_chief_sections_begin_a_page(name: str) -> None:
    """Sections flow on; those that a reader turns to begin a page."""
    assert {one.anchor for one in made(name).document.sections if not one.brief} == OPENING
