"""The cover, the statement and the conclusion claim what the rules that are on found, and no more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.digests import digest_bytes
from ledger.rules.catalogue import RULES
from ledger.rules.plain import gate_words
from ledger.rules.policy import policy_in_force
from ledger.rules.shape import OWED
from ledger.rules.verdict import Outcome
from reports.parts import Card, Mark, Paragraph
from reports.release import conclusion
from reports.release.asked import Asked, asked, rule_names, told_of
from reports.release.controls import control_matrix
from reports.release.document import release_document
from reports.release.done import done
from reports.release.trails import EXCERPT, excerpt
from reports.release.view import Carried
from tests.reports.plain import plain, said, table
from tests.reports.test_departed import view_of
from tests.reports.test_release import AS_OF, SETTINGS, Made, made

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier
    from reports.parts import Document

ALL = pytest.mark.parametrize("name", ["clean", "empty", "excepted", "troubled", "whole", "withheld"])


def cards(name: str) -> tuple[Card, ...]:
    """The findings of a story."""
    return tuple(block for block in made(name).section("conclusion").blocks if isinstance(block, Card))


def rows(card: Card) -> dict[str, str]:
    """The rows of a card, by label."""
    return {str(label): said(value) for label, value in card.rows}


def facts(one: Made) -> dict[str, str]:
    """The facts on the cover."""
    return {str(label): said(value) for label, value in one.document.facts}


@ALL
def test_families_name_the_rules_that_were_asked(name: str) -> None:
    """A row of a family tells how many of its rules were asked; families without a verdict share a sentence."""
    one = made(name)
    found = table(one.section("conclusion"), "Verdicts by family of rules").rows[:-1]
    judged = {verdict.rule for verdict in one.assessment.verdicts}
    families = {rule.partition("-")[0] for rule in judged}
    assert {said(row.cells[0]).split()[0] for row in found} == families
    for row in found:
        family = said(row.cells[0]).split()[0]
        own = [rule.id for rule in RULES if rule.id.startswith(f"{family}-")]
        mine = [rule for rule in own if rule in judged]
        assert said(row.cells[1]).partition(" / ")[0] == f"{len(mine)} of {len(own)}: {rule_names(mine)}"
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    known = f"{len(policy.rules)} of {len(RULES)} known rules are on"
    assert known in plain(replace(one.document, sections=(one.section("conclusion"),)))
    assert known in said(one.document.conclusion.line)


@ALL
def test_the_cover_counts_the_rules_that_were_asked(name: str) -> None:
    """Rules that are asked of periods alone are not counted among those asked of the release."""
    one = made(name)
    many = len({verdict.rule for verdict in one.assessment.verdicts})
    assert f"{many} rules asked" in said(one.document.conclusion.line)
    assert re.search(
        rf"\b{many} rules? of the policy", plain(replace(one.document, sections=(one.section("statement"),)))
    )


def test_a_rule_that_failed_for_several_changes_has_one_card() -> None:
    """One card with a row a change; each rule of a card that several share has its own severity."""
    found = cards("troubled")
    independent = [card for card in found if str(card.title).startswith("SOD-01 ") and card.status.mark is Mark.FAIL]
    assert len(independent) == 1
    told = rows(independent[0])
    assert {"Change 12", "Change 13"} <= set(told)
    assert told["How far"].startswith("2 of the 9 changes to which it applies")
    shared = next(card for card in found if str(card.title).startswith("ID-04, SOD-01"))
    severities = rows(shared)["The rules"]
    assert "ID-04 Accounts resolve (severity medium)" in severities
    assert "SOD-01 Independent approval (severity high)" in severities


@ALL
def test_cards_say_how_far_and_what_was_done(name: str) -> None:
    """Each card says what it reaches and what was done; an exception is told with whether anybody reviewed it."""
    for card in cards(name):
        told = rows(card)
        assert told["How far"]
        done = told["What was done"]
        assert done.startswith("nothing is recorded") != bool(re.search(r"entry \d|names? it: ", done))
        assert ("† Excepted" in " ".join(told.values())) == bool(re.search("exceptions? w(as|ere) declared", done))


def test_every_event_of_a_card_is_named() -> None:
    """Events after the first eight are named by their entry; a push is no merge, and a prompt is called one."""
    placed = rows(next(card for card in cards("troubled") if str(card.title).startswith("CHG-01 ")))
    verdict = next(one for one in made("troubled").assessment.verdicts if one.rule == "CHG-01")
    assert {int(index) for index in re.findall(r"entry (\d+)", placed["Rests on"])} == {
        item.index for item in verdict.inputs
    }
    assert len(verdict.inputs) > 8
    assert "push (told by a merge event) in entry" in rows(cards("empty")[0])["Rests on"]
    prompted = rows(next(card for card in cards("troubled") if str(card.title).startswith("SOD-03 ")))
    assert "prompt in entry 31" in prompted["Rests on"]
    assert "prompter" not in prompted["Rests on"]


def test_a_released_commit_without_a_change_is_told() -> None:
    """That the released commit itself is the unrecorded one stands on the cover, in the conclusion and on the card."""
    one = made("troubled")
    assert "The released commit itself, f3fc4727e8e9, was landed by no recorded change." in said(
        one.document.conclusion.line
    )
    placed = rows(next(card for card in cards("troubled") if str(card.title).startswith("CHG-01 ")))
    assert "2 of " in placed["How far"]
    assert "the released commit itself, f3fc4727e8e9" in placed["How far"]
    assert "The released commit itself" not in said(made("whole").document.conclusion.line)


def test_a_failed_run_that_no_rule_judges_reaches_the_conclusion() -> None:
    """A run on the released commit that belongs to no change, and failed, is told beside the verdicts."""
    text = plain(replace(made("empty").document, sections=(made("empty").section("conclusion"),)))
    assert "1 test run on the released commit or its tree failed. It belongs to no change" in text


def test_exceptions_reach_the_cover_with_their_review() -> None:
    """How many failures stand beside exceptions, and that one of these was not reviewed, is said with the failures."""
    told = "6 of 6 failures stand beside 2 declared exceptions, 1 of them not reviewed."
    assert told in said(made("excepted").document.conclusion.line)
    assert told in said(made("excepted").section("conclusion").lede)
    assert "1 declared exception, which was reviewed afterwards." in said(made("whole").document.conclusion.line)


def test_exceptions_of_a_card_name_their_reviews() -> None:
    """Exceptions beside a card stand together, each with the entry of its review, or that it has none."""
    for card in cards("excepted"):
        assert rows(card)["What was done"] == (
            "2 exceptions were declared: Change 21: entry 33, reviewed by entry 35; Change 22: entry 38, not reviewed"
        )


def test_places_of_cards_are_called_what_they_are() -> None:
    """A finding about the release leads to a section by its name, also where no change is recorded."""
    for card in cards("empty"):
        assert rows(card)["Where"].startswith("The release itself; see ")
    assert rows(cards("empty")[0])["Where"].endswith("Completeness ->completeness")


def test_the_cover_says_what_was_not_stated() -> None:
    """Status, classification and who prepared the pack are told, as not stated where nobody did; nothing twice."""
    told = facts(made("clean"))
    assert told["Status"] == told["Classification"] == told["Prepared by"] == "not stated"
    assert "Not sealed" not in str(made("clean").document.notice)
    for word in ("position", "roster"):
        assert not any(word in value for value in told.values())


def _document(dossier: ReleaseDossier) -> Document:
    """The pack of a dossier by the verdicts of the clean story."""
    one = made("clean")
    return release_document(
        dossier,
        (one.assessment,),
        one.verification,
        policy=policy_in_force(one.dossier.records, one.world.projects["payments"]),
        settings=SETTINGS,
        carried=Carried(digest_bytes(b"pack"), "a.zip", digest_bytes(b""), 0, one.world.anchor.strip(), AS_OF),
    )


def test_the_cover_and_its_title_say_what_is_recorded() -> None:
    """Nobody reads of requests that no change names; a declared start is no start of history."""
    assert "asked for" not in str(made("troubled").document.subtitle)
    assert "asked for" not in str(made("whole").document.subtitle)
    assert "asked for" in str(
        _document(replace(made("whole").dossier, changes=made("whole").dossier.changes[:1])).subtitle
    )
    assert "no change is recorded" in str(made("empty").document.subtitle)
    one = made("clean")
    records = one.dossier.records
    start = "ab" * 20
    projects = {key: replace(project, start=start) for key, project in records.roster.projects.items()}
    dossier = replace(one.dossier, records=replace(records, roster=replace(records.roster, projects=projects)))
    document = _document(dossier)
    sources = next(said(value) for label, value in document.facts if str(label) == "Sources")
    assert "from the declared start of the project, abababababab" in sources
    assert "from the start of its history" in facts(one)["Sources"]


def test_who_recorded_is_told_by_program_and_by_key() -> None:
    """Programs with their events, and machines' keys apart from people's own, add up to every event."""
    text = plain(replace(made("troubled").document, sections=(made("troubled").section("statement"),)))
    told = next(line for line in text.splitlines() if line.startswith("Recorded by"))
    assert "with the program evidence 1.0 (50 events)" in told
    signed = told.partition("signed by ")[2].partition(";")[0]
    assert sum(map(int, re.findall(r"\((\d+)\)", signed))) == 50
    assert "people's own keys" in signed
    assert "26 more entries are of the ledger's own administration" in told


@ALL
def test_what_shuts_a_gate_is_said_in_one_way(name: str) -> None:
    """The method says of the gate what the page of the rules says."""
    one = made(name)
    policy = policy_in_force(one.dossier.records, one.world.projects["payments"])
    for anchor in ("method", "configuration"):
        assert gate_words(strict=policy.strict) in plain(replace(one.document, sections=(one.section(anchor),)))


def test_rules_of_periods_and_settings_are_told_in_words() -> None:
    """A rule that a release pack cannot ask is marked, and what is not set is not called null."""
    text = plain(replace(made("whole").document, sections=(made("whole").section("method"),)))
    assert "ADM-03 Policies are set by two / asked of periods alone" in text
    assert "Here: not set." in text
    assert "null" not in text


def test_a_set_of_rules_is_ticked_only_whole() -> None:
    """Runs of rules are named by their ends, and each group of a set is told."""
    assert rule_names(("SOD-01", "SOD-02", "SOD-03", "SOD-05", "SOD-06")) == "SOD-01 to SOD-03, SOD-05, SOD-06"
    one = made("troubled")
    found = asked(("SOD-01", "SOD-04", "SOD-06"), {"SOD-01", "SOD-04", "ADM-01"}, one.assessment.verdicts)
    assert (found.failed, found.untold, found.held, found.off) == (("SOD-01",), ("SOD-01",), ("SOD-04",), ("SOD-06",))
    passed = [verdict for verdict in one.assessment.verdicts if verdict.outcome is Outcome.PASS]
    assert said(told_of(asked(("SOD-04",), {"SOD-04"}, passed))) == "[✓ Pass] SOD-04"
    assert said(told_of(asked(("SOD-04",), {"SOD-04"}, passed), spoken_against=True)) == "In part: held SOD-04"
    assert said(told_of(asked(("SOD-04", "SOD-06"), {"SOD-04"}, passed))) == "In part: held SOD-04; off SOD-06"
    assert said(told_of(Asked((), (), (), (), (), (), ("SOD-06",), ()))) == "Not judged: off SOD-06"
    idle = asked(("LED-06", "LED-01"), {"LED-06"}, made("whole").assessment.verdicts)
    assert said(told_of(idle)).startswith("Not judged: nothing to speak of for LED-06")
    assert said(told_of(replace(idle, unknown=()))).endswith(" Not applicable] nothing to speak of for LED-06")


def test_a_row_that_fails_names_what_cannot_be_told_beside_it() -> None:
    """A rule that cannot be told is not hidden by one that failed in the same cell."""
    text = plain(replace(made("whole").document, sections=(made("whole").section("tests"),)))
    assert "[! Fail] TST-07; [? Cannot tell] TST-04" in text


def test_what_a_finding_rests_on_is_named_by_its_kind() -> None:
    """Each event has its kind, however many they are, and a rejection or a withdrawal is not called an approval."""
    rests = "; ".join(value for card in cards("troubled") for value in rows(card).values())
    assert "merge in entry 72, release in entry 73" in rests
    assert "rejection in entry 50" in rests
    assert "withdrawal in entry 52" in rests


def test_families_asked_of_periods_name_their_rules() -> None:
    """Rules that are off are not said to be judged in a period pack, and the last row counts what was asked."""
    text = plain(replace(made("whole").document, sections=(made("whole").section("conclusion"),)))
    assert (
        "Sources (POP-06; off POP-01), Administration (ADM-01, ADM-03; off ADM-02, ADM-04), and of the families above: "
        "INC-01." in text
    )
    assert "43 rules asked; 47 of 84 known rules are on" in text
    assert "0 asked" not in text


def test_an_attempt_that_nobody_recorded_is_told() -> None:
    """A suite of which attempt 2 alone is recorded is not said to have failed never before."""
    text = plain(replace(made("whole").document, sections=(made("whole").section("tests"),)))
    assert "0 / attempt 1 on this content is not recorded" in text


def test_an_exception_of_one_change_is_not_said_of_the_others() -> None:
    """Beside several changes each exception names its own, and that nothing is recorded for the others is told."""
    view = view_of("excepted")
    verdicts = tuple(verdict for verdict in view.by_outcome(Outcome.FAIL) if verdict.rule == "SOD-01")
    one = (verdicts[0], *(replace(verdict, excepted_by=()) for verdict in verdicts[1:]))
    assert said(done(view, one)) == (
        "an exception was declared: Change 21: entry 33, reviewed by entry 35; for the other change nothing is recorded"
    )


def test_one_exception_that_nobody_reviewed_is_not_counted_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one exception no share is told: it is not reviewed."""
    monkeypatch.setattr(conclusion, "looked_at", lambda _: False)
    assert conclusion.excepted_failures(view_of("whole")).endswith("1 declared exception, which is not reviewed.")


def test_an_excerpt_that_is_cut_says_so() -> None:
    """The beginning of a long prompt ends in an ellipsis, a whole one does not."""
    assert "A…" in plain(replace(made("troubled").document, sections=(made("troubled").section("traceability"),)))
    assert excerpt(b"Add  a\nwindow.") == "Add a window."
    assert excerpt(b"x" * EXCERPT) == "x" * EXCERPT
    assert excerpt(b"x" + b" " * 4 * EXCERPT + b"y") == "x…"


def test_a_list_that_cannot_be_read_is_no_list_without_traces() -> None:
    """Where a commit list is erased, of which change traces cannot be told is said, and nothing is denied of it."""
    section = made("withheld").section("assistants")
    text = plain(replace(made("withheld").document, sections=(section,)))
    assert "[? Cannot tell] whether other commits carry traces: the list of Change 12, revision 1, is erased." in text
    assert "No commit that could be read carries a trace of an assistant. Of 1 commit list" in said(section.lede)
    assert "No commit carries a trace of an assistant." in said(made("clean").section("assistants").lede)


def test_what_is_owed_is_not_among_what_had_nothing_to_speak_of() -> None:
    """The control matrix names a rule of which something is not due yet apart, and a mark is followed by no colon."""
    view = view_of("whole")
    owing = next(item for item in view.verdicts if item.rule == "EXC-02" and item.outcome is Outcome.PASS)
    verdicts = tuple(
        replace(verdict, outcome=Outcome.NOT_APPLICABLE, precondition=OWED) if verdict is owing else verdict
        for verdict in view.verdicts
    )
    section = control_matrix(replace(view, verdicts=verdicts))
    text = " ".join(said(block.line) for block in section.blocks if isinstance(block, Paragraph))
    assert "1 rule has something to speak of that is not due yet, and is not counted as held: EXC-02" in text
    assert "EXC-02" not in text.partition("nothing to speak of, and")[2]
    assert "Of 1 rule something is owed and not due yet." in said(section.lede)
    # A pass for one subject makes no rule held of which something is owed for another.
    assert said(control_matrix(replace(view, verdicts=(*verdicts, owing))).lede) == said(section.lede)
    idle = replace(owing, outcome=Outcome.NOT_APPLICABLE, precondition="anything")
    assert said(told_of(asked(["EXC-02"], ["EXC-02"], (idle,)))).endswith("] nothing to speak of for EXC-02")
