"""What a release pack says: complete, in the right words, and every number from its table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger.canonical import encode
from ledger.digests import digest_bytes
from ledger.dossier.build import build_release
from ledger.events.roster import PolicySet
from ledger.events.shape import OpenObject
from ledger.rules.assess import assess_release
from ledger.rules.policy import policy_in_force
from ledger.rules.verdict import Assessment, Outcome
from ledger.rules.wording import with_names
from ledger.verify.run import verify_bundle
from reports.html import render_html
from reports.parts import Card, Document, Figures, Mark, Pairs, Signature, Table, Trail
from reports.release.document import release_document
from reports.release.method import method
from reports.release.view import Carried, PackSettings, bundle_name, look
from reports.text import capture
from tests.reports import release_story, whole_story
from tests.reports.plain import indexed, plain, said, table
from tests.reports.test_html import ELEMENTS, Elements, levels

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier
    from ledger.records import Record
    from ledger.verify.findings import Verification
    from reports.parts import Line, Section
    from tests.world import World

GOLD = Path(__file__).parents[1] / "gold"
AS_OF = "2026-03-02T16:00:00.000Z"
SETTINGS = PackSettings(
    datetime(2026, 3, 3, 7, 0, tzinfo=UTC), organisation="Tidewater Clearing AS", prepared_from="a simulated ledger"
)


@dataclass(frozen=True)
class Made:
    """A document with what it was made from."""

    world: World
    dossier: ReleaseDossier
    assessment: Assessment
    verification: Verification
    document: Document

    def section(self, anchor: str) -> Section:
        """A section by anchor."""
        return next(section for section in self.document.sections if section.anchor == anchor)


def document_of(world: World, release: Record, settings: PackSettings = SETTINGS) -> Made:
    """The document of a release of a simulated world, through its bundle."""
    bundle = world.bundle(release)
    verification = verify_bundle(bundle, world.anchor)
    assert verification.records is not None
    dossier = build_release(verification.records, release.envelope)
    policy = policy_in_force(dossier.records, world.projects["payments"])
    assessment = assess_release(dossier, policy, AS_OF)
    name = bundle_name(dossier.release.product, dossier.release.version)
    carried = Carried(digest_bytes(b"pack"), name, digest_bytes(bundle), len(bundle), world.anchor.strip(), AS_OF)
    document = release_document(dossier, (assessment,), verification, policy=policy, settings=settings, carried=carried)
    return Made(world, dossier, assessment, verification, document)


def told(name: str) -> tuple[World, Record]:
    """The world and release of a story."""
    stories = {
        "clean": release_story.clean,
        "empty": release_story.history,
        "excepted": release_story.excepted,
        "troubled": release_story.troubled,
        "whole": whole_story.whole,
        "withheld": whole_story.unread,
    }
    return stories[name]()


@cache
def made(name: str) -> Made:
    """The release of that story."""
    return document_of(*told(name))


BOTH = pytest.mark.parametrize("name", ["clean", "excepted", "troubled", "whole", "withheld"])
"""Every release that holds changes."""
ALL = pytest.mark.parametrize("name", ["clean", "empty", "excepted", "troubled", "whole", "withheld"])


@ALL
def test_text_is_the_gold_text(name: str) -> None:
    """The pack says, word for word, what was read and found right; write the file anew after reading a change."""
    assert plain(made(name).document) == (GOLD / f"release-{name}.txt").read_text("utf-8")


@ALL
def test_references_lead_somewhere(name: str) -> None:
    """Every link has exactly one target, whatever is printed."""
    story = told(name)
    for settings in (SETTINGS, replace(SETTINGS, most_changes=2)):
        html = render_html(document_of(*story, settings).document)
        parser = Elements()
        parser.feed(html)
        targets = [attributes["id"] for _, attributes in parser.found if "id" in attributes]
        assert len(targets) == len(set(targets))
        assert {tag for tag, _ in parser.found} <= ELEMENTS
        assert all(after <= before + 1 for before, after in pairwise(levels(html)))
        for tag, attributes in parser.found:
            if tag == "a":
                assert (attributes["href"] or "")[1:] in targets


@BOTH
def test_every_failure_and_doubt_is_told(name: str) -> None:
    """Each verdict that failed or cannot be told stands on a card with its rule, sentence and outcome."""
    one = made(name)
    cards = [block for block in one.section("conclusion").blocks if isinstance(block, Card)]
    told = [(card.status.mark, str(card.title), " ".join(said(row[1]) for row in card.rows)) for card in cards]
    for outcome, mark in ((Outcome.FAIL, Mark.FAIL), (Outcome.NOT_EVALUABLE, Mark.CANNOT_TELL)):
        for verdict in one.assessment.by_outcome(outcome):
            sentence = str(capture(with_names(verdict.sentence, one.dossier.parties)))
            assert any(was is mark and verdict.rule in title and sentence in text for was, title, text in told)
    marks = [card.status.mark for card in cards]
    assert marks == sorted(marks, key=[Mark.FAIL, Mark.CANNOT_TELL].index)


@BOTH
def test_numbers_in_sentences_are_those_of_the_tables(name: str) -> None:
    """What the opening sentence of each section counts is what its tables list."""
    one = made(name)

    def numbers(anchor: str) -> list[int]:
        return [int(item.replace(",", "")) for item in re.findall(r"\d[\d,]*", said(one.section(anchor).lede))]

    objectives = table(one.section("conclusion"), "Verdicts by family of rules")
    held, failed, untold, idle, excepted, whole = range(6)
    total = [_number(cell) for cell in objectives.rows[-1].cells[2:]]
    for place in (held, failed, untold, idle, excepted):
        assert total[place] == sum(_number(row.cells[place + 2]) for row in objectives.rows[:-1])
    assert numbers("conclusion")[:5] == [total[whole], total[failed], total[untold], total[held], total[idle]]
    assert total[held] + total[failed] + total[untold] + total[idle] == len(one.assessment.verdicts) == total[whole]
    assert total[excepted] == sum(bool(verdict.excepted_by) for verdict in one.assessment.verdicts)
    assert dict(one.document.conclusion.tally) == {
        Mark.FAIL: total[failed],
        Mark.CANNOT_TELL: total[untold],
        Mark.PASS: total[held],
        Mark.NOT_APPLICABLE: total[idle],
    }

    complete = one.section("completeness")
    without = [
        block
        for block in complete.blocks
        if isinstance(block, Table) and str(block.caption).startswith("Commits without")
    ]
    placed = len(table(complete, "Commits landed").rows)
    missing = sum(len(block.rows) for block in without)
    assert numbers("completeness")[0] == placed + missing
    assert numbers("completeness")[1] == placed
    assert sum(numbers("completeness")[2:4]) == missing
    rest = numbers("completeness")[4:]
    if numbers("completeness")[2]:
        pushed = sum("] pushed" in said(row.cells[3]) for block in without for row in block.rows)
        assert rest.pop(0) == pushed
    unlisted = len(table(complete, "In the ledger").rows)
    assert not unlisted or rest[0] == unlisted
    assert ("nothing that landed in the ledger is missing" in said(complete.lede)) == (not unlisted)
    figures = next(block for block in complete.blocks if isinstance(block, Figures))
    assert [int(str(item.value)) for item in figures.items] == numbers("completeness")[:4]

    rows = table(one.section("register"), "Change").rows
    failed = sum("[! Fail]" in said(row.cells[-1]) for row in rows)
    landed = table(one.section("register"), "Landings").rows
    loose = sum("Without a change" in said(row.cells[1]) for row in landed)
    assert numbers("register") == [
        len(rows),
        failed,
        sum("Cannot tell" in said(row.cells[-1]) and "Fail" not in said(row.cells[-1]) for row in rows),
        *([loose] if loose else []),
    ]

    signed = [block for block in one.section("approvals").blocks if isinstance(block, Signature)]
    assert numbers("approvals")[0] == len(signed)
    by_subject = table(one.section("approvals"), "Decisions on each change").rows
    assert sum(int(said(row.cells[1])) for row in by_subject) == len(signed)

    runs = table(one.section("tests"), "Test runs").rows
    assert numbers("tests")[:2] == [len(runs), sum("Failed" in said(row.cells[3]) for row in runs)]
    summary = table(one.section("tests"), "Runs for each change").rows
    assert sum(int(said(row.cells[1])) for row in summary) == len(runs)

    declared = [said(row.cells[1]) for row in table(one.section("assistants"), "Declarations").rows]
    used = sum(item in {"assisted", "generated"} for item in declared)
    assert numbers("assistants")[:3] == [used, declared.count("none"), len(declared) - used - declared.count("none")]

    trails = [block for block in one.section("traceability").blocks if isinstance(block, Trail)]
    assert numbers("traceability") == [len(trails), len(indexed(one.section("traceability")).rows)]


def _number(cell: Line) -> int:
    """The first number of a cell, 0 where there is none."""
    found = re.search(r"\d[\d,]*", said(cell))
    return 0 if found is None else int(found[0].replace(",", ""))


def test_planted_faults_are_all_in_the_words_of_print() -> None:
    """Each planted fault can be read on paper, in its own words."""
    text = plain(made("troubled").document)
    for sentence in (
        "The forge shows a tick; the approved revision was 2, merged was 3.",
        "Youssef El-Amrani approved but took part as prompter.",
        "A rejection stands: Ольга Ждан rejected the change",
        "[! Own work]",
        "Worth: not counted: it covers other content than revision 3",
        "Worth: withdrawn in entry",
        "a forge: the key of the collector that saw it",
        "[The text is erased; the signed commitment to it remains.]",
        "unresolved: Some One <someone@elsewhere.example>",
        "[! Not recorded]",
        "[! Without a change] pushed, entry",
        "attempt 3",
        "0 of 7 passed, 7 skipped; no case executed",
        "no run is recorded",
        "one administrator alone can change the roster of this ledger",
        "The printed pages are not covered by a signature; the attached records are.",
    ):
        assert sentence in text or sentence in str(made("troubled").document.notice), sentence


def test_the_pair_that_must_be_apart_is_counted_once() -> None:
    """One person approved what they had prompted; the pairs say one."""
    pairs = next(block for block in made("troubled").section("duties").blocks if isinstance(block, Pairs))
    assert pairs.counts == ((1,), (0, 0))
    clean = next(block for block in made("clean").section("duties").blocks if isinstance(block, Pairs))
    assert clean.counts == ((0,), (0, 0))


@ALL
def test_nothing_is_called_compliant(name: str) -> None:
    """A pack says which rule passed on which evidence; it never says that anybody is compliant."""
    assert "complian" not in plain(made(name).document).casefold()


@BOTH
def test_a_document_is_a_function_of_its_records(name: str) -> None:
    """The same story told twice makes equal documents."""
    assert document_of(*told(name)).document == made(name).document


def test_what_is_left_out_is_said_and_failures_stay() -> None:
    """With room for few changes, those with failures are printed, and each register says how many are not."""
    one = document_of(*release_story.troubled(), replace(SETTINGS, most_changes=5))
    rows = table(one.section("register"), "Change").rows
    assert [said(row.cells[0]) for row in rows] == [f"Change {number}" for number in (12, 13, 14, 15, 18)]
    for anchor in ("register", "duties", "approvals", "tests", "assistants", "traceability"):
        text = plain(replace(one.document, sections=(one.section(anchor),)))
        assert "Printed here: 5 of 9 changes" in text
    assert said(one.section("register").lede).startswith("9 changes")


@pytest.mark.parametrize("tested", [True, False])
def test_a_release_without_changes_is_said_in_sentences(*, tested: bool) -> None:
    """Sections about changes have a sentence each, begin no page, and keep what belongs to no change."""
    one = document_of(*release_story.history(tested=tested))
    for anchor in ("register", "duties", "approvals", "deployments", "traceability"):
        assert one.section(anchor).brief
    for anchor in ("register", "duties", "approvals"):
        assert one.section(anchor).blocks == ()
    assert bool(one.section("tests").blocks) == tested
    assert not any(one.section(anchor).brief for anchor in ("conclusion", "questions", "verify"))

    without = table(one.section("completeness"), "Commits without")
    assert [said(row.cells[3]).partition(",")[0] for row in without.rows] == [
        "[! Without a change] landed by merge",
        "[! Without a change] pushed",
    ]
    assert (
        "2 landed without one, 0 in nothing that is recorded. Of what landed without a recorded change, 1 commit was "
        "pushed straight to the branch." in said(one.section("completeness").lede)
    )

    traces = table(one.section("assistants"), "Commits with traces")
    assert [[said(cell) for cell in row.cells[1:]] for row in traces.rows] == [
        ["Generated glue", "Co-Authored-By: Code agent", "! no recorded change"]
    ]
    assert "1 commit carries traces of an assistant; of no recorded change: 1." in said(one.section("assistants").lede)


def test_runs_on_the_released_commit_are_printed() -> None:
    """A run on the commit or the tree of the release that belongs to no change is listed, counted and indexed."""
    one = document_of(*release_story.history())
    rows = table(one.section("tests"), "On the released commit").rows
    assert [said(row.cells[5]).partition(" / ")[0] for row in rows] == ["the released commit", "the released tree"]
    assert "2 runs on the released commit or its tree belong to no change, 1 of them failed" in said(
        one.section("tests").lede
    )
    index = indexed(one.section("traceability"))
    listed = {said(row.cells[0]): said(row.cells[2]) for row in index.rows}
    assert str(one.dossier.record.index) in listed
    assert [listed[said(row.cells[0])] for row in rows] == ["the released commit", "the released tree"]


def test_projects_with_different_policies_are_named() -> None:
    """Where the policy of a source's project is not the one that judged, the method names it; else it says nothing."""
    world, release = release_story.clean()
    other = world.project("billing")
    own: dict[str, Any] = {**release_story.POLICY, "name": "billing-rules"}
    world.act(PolicySet(OpenObject(encode(own)), (other,)))
    world.policy(release_story.POLICY)
    records = world.records()
    dossier = build_release(records, release.envelope)
    first = dossier.sources[0]
    second = replace(first, source=replace(first.source, project=other), project_name="billing")
    name = "The projects of this release"
    for sources, expected in (
        ((first,), None),
        ((first, second), [["payments", "judges every verdict"], ["billing", "does not judge"]]),
    ):
        text = _method(world, replace(dossier, sources=sources))
        if expected is None:
            with pytest.raises(LookupError):
                table(text, name)
        else:
            rows = table(text, name).rows
            assert [[said(row.cells[0]), said(row.cells[3]).partition(":")[0]] for row in rows] == expected


def _method(world: World, dossier: ReleaseDossier) -> Section:
    policy = policy_in_force(dossier.records, world.projects["payments"])
    carried = Carried(digest_bytes(b"pack"), "x.evidence.zip", digest_bytes(b""), 0, world.anchor.strip(), AS_OF)
    verification = verify_bundle(world.bundle(), world.anchor)
    return method(look(dossier, (), verification, policy, SETTINGS, carried))


@pytest.mark.parametrize("state", ["withheld", "missing", "erased"])
def test_each_absence_has_its_own_word(state: str) -> None:
    """A comment and a prompt that are not at hand say which way, and never nothing."""
    world, release = release_story.clean()
    for record in world.records_list:
        for content in record.event.context.contents:
            if content.name in {"prompt", "comment"}:
                world.contents[content.commitment] = replace(world.contents[content.commitment], state=state)
    text = plain(document_of(world, release).document)
    expected = {"withheld": "withheld by its signer", "missing": "missing from the bundle", "erased": "erased"}[state]
    assert f"[The text is {expected};" in text
    assert f"Comment: {expected}" in text
