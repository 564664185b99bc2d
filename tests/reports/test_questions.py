"""Each question that assessors ask is answered on the page that the pack names for it."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from ledger.canonical import encode
from ledger.digests import digest_bytes
from ledger.rules.assess import assess_release
from ledger.rules.catalogue import RULES
from ledger.rules.policy import parse_policy
from reports.html import render_html
from reports.parts import Heading
from reports.release.document import release_document
from reports.release.questions import QUESTIONS, rules_of
from reports.release.view import Carried
from reports.render import render_pdf
from tests.reports.plain import said, table
from tests.reports.release_story import POLICY
from tests.reports.test_release import AS_OF, SETTINGS, Made, document_of
from tests.reports.test_release import made as made_story
from tests.reports.whole_story import whole

ANSWERS: dict[int, tuple[str, ...]] = {
    1: ("payments-whole", "Set by Ada Admin", "Approved by Bo Admin"),
    2: ("refs/heads/main", "Differ"),
    3: ("as of 2026-03-02 16:00:00Z", "the reader's zone is UTC", "everything recorded about payments@4.13.0"),
    4: ("production, payments-api", "payments@4.13.0", "tracker:PAY-88"),
    5: ("tracker:PAY-88", "Change 21", "63, 64, 65"),
    6: ("Marta Żeleńska", "Youssef El-Amrani", "Haruka Sató", "Build runner", "Release approval"),
    7: ("marta@acme.example (git)", "marta-z (forge.example)"),
    8: ("2026-03-02 09:06", "2026-03-02 09:08", "2026-03-02 09:21:00Z"),
    9: ("manifest fec08ec4d495", "tree 8f67804d86b2", "no approval counts"),
    10: ("“I reviewed exactly this content and approve it.” approved, meaning: review", "Signed 2026-03-02 09:06:00"),
    11: ("Change 21, revision 1 Youssef El-Amrani reviewer",),
    12: ("“unit”, attempt 2", "“contracts”, attempt 2", "settlement-api", "the landed tree"),
    13: ("None: no new data leaves the system.", "back to payments@4.12.0", "Turn the second window off"),
    14: ("emergency, INC-77", "Payouts went out twice", "Youssef El-Amrani approved", "after it was declared"),
    15: ("passed over required-review, by force", "the merge gate was shut by SOD-01 and APP-01", "Declared"),
    16: (
        "Ada Admin, Bo Admin",
        "ended a role of Youssef El-Amrani: left-the-team",
        "granted the role reviewer to Ольга Ждан",
    ),
    17: ("approver", "2026-03-02, entry 45", "release-approver", "entry 51 new"),
    18: ("codepilot 2.1; example m-1", "Add a second netting window.", "Marta Żeleńska"),
    19: ("Prompt", "Code agent", "Youssef El-Amrani"),
    20: ("not looked through", "masker 1.4", "2 passages were masked"),
    21: ("evidence verify", "88, with 88 valid signatures", "Get ledger.pub from somewhere else"),
    22: ("withheld by its signer", "no reason is recorded"),
    24: (
        "How far",
        "1 of the 2 changes to which it applies",
        "What was done",
        "an exception was declared: entry 73, reviewed by entry",
    ),
    25: ("INC-78", "this release", "Change 22", "Statements are late since the night."),
    26: ("How long contents are kept is not recorded",),
}
"""Words that only an answer to the question has, for the story of the whole release."""


@cache
def made() -> Made:
    """The document of the story."""
    return document_of(*whole())


@cache
def pages(*options: str) -> tuple[str, ...]:
    """The text of each printed page, with single spaces."""
    pdf = render_pdf(
        render_html(made().document),
        identifier=b"questions-of-one",
        created=SETTINGS.generated_at,
        title="Questions",
        language="en",
        attachments=(),
        properties=(),
    )
    text = subprocess.run(("pdftotext", *options, "-", "-"), input=pdf, capture_output=True, check=True).stdout.decode()
    return tuple(" ".join(page.split()) for page in text.split("\f"))


def page_of(number: int) -> int:
    """The page that the list of questions names for a question, read from the printed list."""
    # In the order in which the cells were drawn: the reader's order guesses columns.
    listed = " ".join(page for page in pages("-raw") if "An assessor asks" in page)
    asked = QUESTIONS[number - 1].asked
    after = listed[listed.index(asked) + len(asked) :]
    found = re.search(r", page (\d+)", after)
    assert found is not None
    return int(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted(ANSWERS))
def test_the_page_named_answers_the_question(number: int) -> None:
    """On the page that the list names, or where its table goes on, stand the words of the answer."""
    begin = page_of(number) - 1
    page = " ".join(pages()[begin : begin + 2]).casefold()
    for fragment in ANSWERS[number]:
        assert " ".join(fragment.split()).casefold() in page, fragment


@pytest.mark.slow
def test_the_list_of_questions_is_short_and_says_what_it_leaves_to_periods() -> None:
    """All 26 questions stand on two pages at most; the one about samples says that a period pack answers it."""
    listed = [page for page in pages() if "An assessor asks" in page]
    assert len(listed) <= 2
    for one in QUESTIONS:
        assert any(one.asked in page for page in listed)
    assert any("a period pack; here nothing was sampled" in page for page in listed)
    assert sorted(ANSWERS) == [one.number for one in QUESTIONS if one.anchor]


def test_every_question_leads_to_a_place_of_the_pack() -> None:
    """The anchor of each question is a section's or a heading's."""
    document = made().document
    anchors = {section.anchor for section in document.sections}
    anchors |= {block.anchor for section in document.sections for block in section.blocks if isinstance(block, Heading)}
    assert {one.anchor for one in QUESTIONS if one.anchor} <= anchors
    assert [one.number for one in QUESTIONS] == list(range(1, 27))


def _answered(as_of: str, *rules: str) -> str:
    """What the list answers to the question about exceptions, by a policy that has these rules on alone."""
    story = made_story("excepted")
    wanted = {rule: {"on": True, "severity": "high"} for rule in rules}
    policy = parse_policy(encode({**POLICY, "rules": wanted}))  # type: ignore[dict-item]
    assessment = assess_release(story.dossier, policy, as_of)
    document = release_document(
        story.dossier,
        (assessment,),
        story.verification,
        policy=policy,
        settings=SETTINGS,
        carried=Carried(digest_bytes(b"pack"), "a.zip", digest_bytes(b""), 0, story.world.anchor.strip(), as_of),
    )
    listed = next(section for section in document.sections if section.anchor == "questions")
    return said(table(listed, "No.").rows[13].cells[2])


def test_nobody_reads_of_a_review_that_nobody_gave() -> None:
    """Of two exceptions one was not looked at: the question who did is not passed before that is due, nor after."""
    late = "2026-03-09T16:00:00.000Z"
    whole = ("EXC-01", "EXC-02", "EXC-03")
    told = "1 exception was not reviewed; 2 incidents named as ground are not recorded"
    assert _answered(AS_OF, *whole) == f"In part: held EXC-01, EXC-03; not due yet EXC-02; {told}"
    assert _answered(late, *whole) == f"[! Fail] EXC-02; held EXC-01, EXC-03; {told}"
    assert _answered(AS_OF, "EXC-01", "EXC-03") == f"In part: held EXC-01, EXC-03; off EXC-02; {told}"


def _found(name: str) -> dict[int, str]:
    """What the list says to each question, for a story."""
    story = made() if name == "whole" else made_story(name)
    listed = next(section for section in story.document.sections if section.anchor == "questions")
    return {int(said(row.cells[0])): said(row.cells[2]) for row in table(listed, "No.").rows}


@pytest.mark.parametrize("name", ["clean", "empty", "excepted", "troubled", "whole", "withheld"])
def test_a_tick_stands_where_every_rule_of_the_question_is_on_and_held(name: str) -> None:
    """No question is passed while one of its rules is off, is asked of periods alone, or had nothing to speak of."""
    story = made() if name == "whole" else made_story(name)
    found = {verdict.rule: set[str]() for verdict in story.assessment.verdicts}
    for verdict in story.assessment.verdicts:
        found[verdict.rule].add(verdict.outcome)
    told = _found(name)
    for one in QUESTIONS:
        rules = rules_of(one, found.keys())
        if "Pass" in told[one.number]:
            assert all(found.get(rule, set()) - {"not-applicable"} == {"pass"} for rule in rules), one.number
        for rule in rules:
            if {"fail"} & found.get(rule, set()):
                assert "[! Fail]" in told[one.number]


def test_every_rule_asked_of_a_change_or_a_release_speaks_to_a_question() -> None:
    """Whatever rule fails, a question says so: no rule that a release pack judges is without one."""
    every = {rule for one in QUESTIONS for rule in (*one.rules, *one.further)}
    asked = {rule.id for rule in RULES if rule.change is not None or rule.release is not None}
    assert asked <= every
    assert "[! Fail] APP-05, APP-04" in _found("troubled")[8]
    assert "TST-07" in _found("whole")[12]
    assert "REL-03" in _found("whole")[8]


def test_no_tick_where_an_exception_was_authorised_after_its_use() -> None:
    """What the page of a question shows of an exception, of a review or of builds is told beside its rules."""
    whole = _found("whole")
    assert "1 exception was authorised only after its use; 1 incident named as ground is not recorded" in whole[14]
    assert "Pass" not in whole[14]
    assert "nobody reviewed who may do what" in _found("clean")[17]
    assert "nobody reviewed who may do what" not in whole[17]
    assert "who asked for the lists is not recorded" in whole[3]
    empty = _found("empty")
    assert "no build is recorded" in empty[9]
    for number in (10, 11):
        assert "no decision on a change or on the release is recorded" in empty[number]
    assert "no change is recorded" in empty[13]


def test_what_a_page_shows_reaches_the_mark_of_its_question() -> None:
    """A clone that differs, a bypass, an answer that is gone and an open incident are told beside the rules."""
    told = _found("whole")
    for number, fact in (
        (2, "a clone differs on 1 ref; 1 source was silent too long"),
        (4, "without a request: 1 of 2 changes"),
        (15, "1 push went past a protection; 1 step was taken past a shut gate"),
        (18, "what came back is not at hand: 1 of 2 prompts"),
        (25, "1 incident is not closed"),
    ):
        assert fact in told[number]
        assert "Pass" not in told[number]
    assert "no deployment that succeeded is recorded" in _found("empty")[4]


def test_places_named_exist_where_no_change_is_recorded() -> None:
    """A question leads to a place by the name of what stands there, also in a release without changes."""
    listed = next(section for section in made_story("empty").document.sections if section.anchor == "questions")
    cells = [said(row.cells[3]) for row in table(listed, "No.").rows]
    assert cells[3] == cells[4] == "Traceability ->traceability"
    assert cells[12] == "Change register ->register"
