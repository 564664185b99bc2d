"""The 26 questions that assessors ask, each with the verdicts of its rules and the page that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.parts import Mark, Paragraph, Row, Section, Table, line, words
from reports.release.against import against
from reports.release.asked import Asked, asked, told_of
from reports.release.places import anchor_in, place
from reports.release.said import columns, joined, quiet, status, strong
from reports.say import say, say_count, to_say
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.parts import Line
    from reports.release.view import View


ANCHOR: Final = "questions"
UNALTERED: Final = 21
"""The question that the verification of the records answers."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the rules that speak to it, and where its answer stands."""

    number: int
    asked: str
    anchor: str
    """Empty: no release pack answers it."""
    rules: tuple[str, ...] = ()
    also: str = ""
    """A second place that its answer stands at."""
    further: tuple[str, ...] = ()
    """Rules that speak to it where the policy has them on, and whose absence takes nothing from its answer."""


QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        1,
        to_say("Which written rules were in force, and who approved them?"),
        "policy",
        ("ADM-03",),
    ),
    Question(
        2,
        to_say("Give me every change. How do you know it is every one?"),
        "completeness",
        ("CHG-01", "REL-01", "POP-01", "POP-06"),
    ),
    Question(
        3,
        to_say("Who made this list, with which filter and time zone?"),
        "sheet",
        (),
    ),
    Question(
        4,
        to_say("Take me from a deployment back to its request."),
        "trace-back",
        ("REL-01", "REL-04", "CHG-03"),
    ),
    Question(
        5,
        to_say("Take me from a request forward to production."),
        "trace-forward",
        ("CHG-03", "REL-04"),
    ),
    Question(
        6,
        to_say("Who wrote, reviewed, approved, released, deployed: different people?"),
        "duties",
        ("SOD-01", "SOD-02", "SOD-04", "SOD-05", "SOD-06", "SOD-07"),
        further=("ID-05",),
    ),
    Question(
        7,
        to_say("Is this account the same human as that one?"),
        "people",
        ("ID-03", "ID-04"),
        further=("CHG-12",),
    ),
    Question(
        8,
        to_say("Was it approved before it went live?"),
        "sides",
        ("APP-05", "APP-04", "REL-03"),
    ),
    Question(
        9,
        to_say("Was what went live what was approved?"),
        "sides",
        ("APP-01", "APP-02", "APP-04", "CHG-02", "CHG-06", "REL-02", "REL-04"),
        "deployments",
        ("APP-03", "APP-08", "CHG-07", "CHG-08", "CHG-09", "CHG-11", "DEP-02", "DEP-04"),
    ),
    Question(
        10,
        to_say("What did the approval mean?"),
        "signatures",
        ("APP-06",),
        further=("APP-09", "APP-10", "APP-11"),
    ),
    Question(
        11,
        to_say("Was the approver entitled on that day?"),
        "signatures",
        ("SOD-11", "APP-07"),
        further=("CHG-10",),
    ),
    Question(
        12,
        to_say("Which tests ran on exactly this content, how often, where?"),
        "tests",
        ("TST-01", "TST-02", "TST-03", "TST-04", "TST-05", "TST-06", "TST-09"),
        further=("TST-07", "TST-08", "TST-10"),
    ),
    Question(
        13,
        to_say("What was the impact on security, and the way back?"),
        "stated",
        ("CHG-04", "CHG-05"),
        further=("CHG-13",),
    ),
    Question(
        14,
        to_say("Show every emergency change, why, and who looked at it afterwards."),
        "exceptions",
        ("EXC-01", "EXC-02", "EXC-03"),
        further=("SOD-08",),
    ),
    Question(
        15,
        to_say("Show every bypass of the rules, declared or not."),
        "bypasses",
        ("EXC-05",),
    ),
    Question(
        16,
        to_say("Who can change the rules, and did they use it?"),
        "administration",
        ("SOD-09", "ADM-02", "ADM-03"),
    ),
    Question(
        17,
        to_say("Who could approve and deploy, who reviewed that list, what was removed?"),
        "roles",
        ("ADM-01", "ADM-04"),
    ),
    Question(
        18,
        to_say("Was an assistant used, which model, who asked, what came back?"),
        "assistants",
        ("AI-01", "AI-02", "AI-03"),
        further=("AI-09", "AI-10"),
    ),
    Question(
        19,
        to_say("Did whoever prompted approve it? Could the agent approve?"),
        "duties",
        ("SOD-03", "SOD-04", "ID-06", "AI-07"),
        further=("SOD-10", "AI-06", "AI-08"),
    ),
    Question(
        20,
        to_say("Did secrets or personal data go into the prompts?"),
        "prompt-scans",
        ("AI-04",),
    ),
    Question(
        21,
        to_say("Could anyone have altered this record since? Prove it without trusting you."),
        "verify",
        ("ID-01", "ID-02"),
        further=("LED-05", "LED-06"),
    ),
    Question(
        22,
        to_say("What was removed from the record, by whom, on what ground?"),
        "removed",
        (),
    ),
    Question(23, to_say("How did you choose the sample? May I choose?"), ""),
    Question(24, to_say("What failed, how far does it reach, what was done?"), "failures", ()),
    Question(
        25,
        to_say("This incident: which release, which change, which approval?"),
        "incidents",
        ("INC-01", "INC-02"),
    ),
    Question(26, to_say("How long do you keep this?"), "retention", ()),
)
"""In the order in which assessors' guides have them."""


def rules_of(one: Question, on: Collection[str]) -> tuple[str, ...]:
    """The rules that speak to a question by a policy that has ``on`` on."""
    return (*one.rules, *(rule for rule in one.further if rule in on))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a release pack can say to a question."""

    question: Question
    found: Asked
    against: tuple[str, ...]
    """Clauses of what the page shows beside the rules."""


def answers(view: View) -> tuple[Answer, ...]:
    """Every question with how its rules came out and what else its page shows."""
    on = frozenset(setting.rule.id for setting in view.policy.rules)
    return tuple(
        Answer(one, asked(rules_of(one, on), on, view.verdicts), against(view, one.number)) for one in QUESTIONS
    )


def questions(view: View) -> Section:
    """The section: every question, how the rules that speak to it came out, and its page."""
    found = answers(view)
    return Section(
        ANCHOR,
        "Q",
        words(say("Questions")),
        words(say("On which page is each question that assessors ask answered?")),
        _lede(found),
        (
            _table(view, found),
            Paragraph(
                line(
                    say(
                        "A tick stands only where every rule of the question is on, had something to speak of and "
                        "passed, and where nothing on the page speaks against it. “In part”: some rules held, others "
                        "are off, are asked of periods alone (a period pack judges them) or had nothing to speak of. "
                        "Some rules stand here only where the policy has them on."
                    )
                ),
                small=True,
            ),
        ),
    )


def _lede(found: tuple[Answer, ...]) -> Line:
    paged = [one for one in found if one.question.anchor]
    failed = [one for one in paged if one.found.failed]
    untold = [one for one in paged if one.found.untold and not one.found.failed]
    held = [one for one in paged if one.found.whole and not one.against]
    doubtful = [one for one in paged if one.against]
    return line(
        say_count(
            "{count} of {whole} questions has its page here.",
            "{count} of {whole} questions have their page here.",
            len(paged),
            whole=number(len(found)),
        ),
        " ",
        say(
            "A tick stands at {held}, where every rule that speaks to the question is on and held. A rule failed at "
            "{failed}; at {untold} more one cannot be told.",
            held=number(len(held)),
            failed=number(len(failed)),
            untold=number(len(untold)),
        ),
        " ",
        say_count(
            "At {count} something asked for is not recorded, or speaks against a tick, whatever the rules say.",
            "At {count} something asked for is not recorded, or speaks against a tick, whatever the rules say.",
            len(doubtful),
        ),
    )


def _table(view: View, found: tuple[Answer, ...]) -> Table:
    return Table(
        columns(
            (say("No."), 5),
            (say("An assessor asks"), 32),
            (say("What its rules found, and what its page shows"), 37),
            (say("Answered in"), 26),
        ),
        tuple(
            Row(
                (
                    line(str(one.question.number)),
                    line(strong(say(one.question.asked))),
                    _found(view, one),
                    _where(view, one.question),
                ),
                hit=bool(one.found.failed),
            )
            for one in found
        ),
        words(say("No question is listed.")),
        None,
        "dense",
    )


def _where(view: View, one: Question) -> Line:
    if not one.anchor:
        return line(quiet(say("a period pack; here nothing was sampled")))
    places = dict.fromkeys(anchor_in(view, anchor) for anchor in (one.anchor, one.also) if anchor)
    return joined([place(anchor) for anchor in places], "; ")


def _found(view: View, one: Answer) -> Line:
    if not one.question.anchor:
        return line(quiet(say("not in a release pack")))
    beside = line(strong("; ".join(one.against))) if one.against else ()
    if one.question.number == UNALTERED and not view.verification.intact:
        return line(status(Mark.FAIL, say("The records do not verify")))
    if not one.question.rules:
        return joined([line(quiet(say("a fact, not judged"))), *((beside,) if beside else ())], "; ")
    said = told_of(one.found, spoken_against=bool(one.against))
    return joined([said, *((beside,) if beside else ())], "; ")
