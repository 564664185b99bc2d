"""The 26 questions that assessors ask, each with the verdicts of its rules and the page that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import Mark, Paragraph, Row, Section, Table, line, words
from reports.release.excepted import listed_exceptions, not_reviewed
from reports.release.objectives import counts, of_rules
from reports.release.said import columns, link, quiet, status, strong
from reports.release.view import MARKS
from reports.say import say, to_say

if TYPE_CHECKING:
    from reports.parts import Line
    from reports.release.view import View


ANCHOR: Final = "questions"
LOOKED_AT: Final = 14
"""The question who looked at exceptions afterwards: that they were declared in time is no answer to it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the rules that speak to it, and where its answer stands."""

    number: int
    asked: str
    where: str
    """What the page is called there."""
    anchor: str
    """Empty: no release pack answers it."""
    rules: tuple[str, ...] = ()


QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        1,
        to_say("Which written rules were in force, and who approved them?"),
        to_say("Rules and protections"),
        "policy",
        ("ADM-03",),
    ),
    Question(
        2,
        to_say("Give me every change. How do you know it is every one?"),
        to_say("Completeness"),
        "completeness",
        ("CHG-01", "REL-01"),
    ),
    Question(
        3,
        to_say("Who made this list, with which filter and time zone?"),
        to_say("How the lists were made"),
        "sheet",
        (),
    ),
    Question(
        4,
        to_say("Take me from a deployment back to its request."),
        to_say("From deployment to request"),
        "trace-back",
        ("REL-01", "REL-04", "CHG-03"),
    ),
    Question(
        5,
        to_say("Take me from a request forward to production."),
        to_say("From request to deployment"),
        "trace-forward",
        ("CHG-03", "REL-04"),
    ),
    Question(
        6,
        to_say("Who wrote, reviewed, approved, released, deployed: different people?"),
        to_say("Segregation of duties"),
        "duties",
        ("SOD-01", "SOD-02", "SOD-04", "SOD-05", "SOD-06", "SOD-07"),
    ),
    Question(
        7,
        to_say("Is this account the same human as that one?"),
        to_say("People and accounts"),
        "people",
        ("ID-03", "ID-04"),
    ),
    Question(
        8,
        to_say("Was it approved before it went live?"),
        to_say("Approved and landed"),
        "sides",
        ("APP-05",),
    ),
    Question(
        9,
        to_say("Was what went live what was approved?"),
        to_say("Approved and landed"),
        "sides",
        ("APP-01", "APP-02", "CHG-02", "CHG-06", "REL-04"),
    ),
    Question(10, to_say("What did the approval mean?"), to_say("Signatures"), "signatures", ("APP-06",)),
    Question(
        11,
        to_say("Was the approver entitled on that day?"),
        to_say("Approvals"),
        "approvals",
        ("SOD-11", "APP-07"),
    ),
    Question(
        12,
        to_say("Which tests ran on exactly this content, how often, where?"),
        to_say("Tests and scans"),
        "tests",
        ("TST-01", "TST-02", "TST-03", "TST-04", "TST-09"),
    ),
    Question(
        13,
        to_say("What was the impact on security, and the way back?"),
        to_say("What each change states"),
        "stated",
        ("CHG-04", "CHG-05"),
    ),
    Question(
        14,
        to_say("Show every emergency change, why, and who looked at it afterwards."),
        to_say("Exceptions and bypasses"),
        "exceptions",
        ("EXC-01", "EXC-02", "EXC-03"),
    ),
    Question(
        15,
        to_say("Show every bypass of the rules, declared or not."),
        to_say("Gates and bypasses"),
        "bypasses",
        ("EXC-05",),
    ),
    Question(
        16,
        to_say("Who can change the rules, and did they use it?"),
        to_say("Administration of the ledger"),
        "administration",
        ("SOD-09", "ADM-02", "ADM-03"),
    ),
    Question(
        17,
        to_say("Who could approve and deploy, who reviewed that list, what was removed?"),
        to_say("Roles and keys"),
        "roles",
        ("ADM-01", "ADM-04"),
    ),
    Question(
        18,
        to_say("Was an assistant used, which model, who asked, what came back?"),
        to_say("AI involvement"),
        "assistants",
        ("AI-01", "AI-02", "AI-03"),
    ),
    Question(
        19,
        to_say("Did whoever prompted approve it? Could the agent approve?"),
        to_say("Segregation of duties"),
        "duties",
        ("SOD-03", "SOD-04", "ID-06", "AI-07"),
    ),
    Question(
        20,
        to_say("Did secrets or personal data go into the prompts?"),
        to_say("Prompts looked through"),
        "prompt-scans",
        ("AI-04",),
    ),
    Question(
        21,
        to_say("Could anyone have altered this record since? Prove it without trusting you."),
        to_say("How to verify"),
        "verify",
        (),
    ),
    Question(
        22,
        to_say("What was removed from the record, by whom, on what ground?"),
        to_say("Withheld and erased"),
        "removed",
        (),
    ),
    Question(23, to_say("How did you choose the sample? May I choose?"), "", ""),
    Question(24, to_say("What failed, how far does it reach, what was done?"), to_say("Conclusion"), "conclusion", ()),
    Question(
        25,
        to_say("This incident: which release, which change, which approval?"),
        to_say("Incidents"),
        "incidents",
        ("INC-01", "INC-02"),
    ),
    Question(26, to_say("How long do you keep this?"), to_say("How long this is kept"), "retention", ()),
)
"""In the order in which assessors' guides have them."""


def questions(view: View) -> Section:
    """The section: every question, how the rules that speak to it came out, and its page."""
    answered = sum(bool(one.anchor) for one in QUESTIONS)
    return Section(
        ANCHOR,
        "Q",
        words(say("Questions")),
        words(say("On which page is each question that assessors ask answered?")),
        line(
            say(
                "{answered} of {whole} questions are answered in this pack, each on the page named.",
                answered=answered,
                whole=len(QUESTIONS),
            )
        ),
        (
            _table(view),
            Paragraph(
                line(
                    say(
                        "The verdicts are those of the rules that speak to the question; the mark is the gravest of "
                        "them. Rules that are asked of periods alone are judged in a period pack."
                    )
                ),
                small=True,
            ),
        ),
    )


def _table(view: View) -> Table:
    return Table(
        columns((say("No."), 5), (say("An assessor asks"), 46), (say("Verdicts"), 20), (say("Answered in"), 29)),
        tuple(
            Row((line(str(one.number)), line(strong(say(one.asked))), _verdicts(view, one), _where(view, one)))
            for one in QUESTIONS
        ),
        words(say("No question is listed.")),
        None,
        "dense",
    )


_OF_CHANGES: Final = {
    "prompt-scans": "assistants",
    "sides": "approvals",
    "signatures": "approvals",
    "stated": "register",
    "trace-back": "traceability",
    "trace-forward": "traceability",
}
"""Places that only a release with changes has, and the section that says so where there is none."""


def _where(view: View, one: Question) -> Line:
    if not one.anchor:
        return line(quiet(say("a period pack; here nothing was sampled")))
    anchor = _OF_CHANGES.get(one.anchor, one.anchor) if view.changeless else one.anchor
    return line(link(anchor, say(one.where), page=True))


def _verdicts(view: View, one: Question) -> Line:
    if not one.rules:
        return line(quiet(say("the page says it")) if one.anchor else quiet(say("not in a release pack")))
    verdicts = of_rules(view, one.rules)
    found = counts(verdicts)
    if not found.whole:
        on = any(setting.rule.id in one.rules for setting in view.policy.rules)
        return line(quiet(say("asked of periods") if on else say("no such rule is on")))
    mark, said = MARKS[found.worst], ""
    if one.number == LOOKED_AT and found.worst in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        said = not_reviewed((item for _, item in listed_exceptions(view)), verdicts)
        mark = Mark.NOT_APPLICABLE if said else mark
    if not found.asked:
        return line(status(mark, said))
    return line(status(mark, said), " ", quiet(say("{held} held", held=found.held)))
