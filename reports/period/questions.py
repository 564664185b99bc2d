"""The questions that assessors ask, each with what its rules found over the period and the page that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Line, Row, Section, Table, line, words
from reports.period.against import against
from reports.period.results import rule_anchor
from reports.release.asked import asked, counts, told_of
from reports.release.questions import QUESTIONS, rules_of
from reports.release.said import columns, joined, link, quiet, strong
from reports.say import say
from reports.wording import number

if TYPE_CHECKING:
    from reports.period.view import PeriodView

ANCHOR: Final = "questions"
OF_PERIODS: Final = {4: ("DEP-01",), 14: ("EXC-04",)}
"""Rules that speak to a question and are asked of periods alone, by the question's number."""


def questions(view: PeriodView, anchors: frozenset[str]) -> Section:
    """The section; ``anchors`` are those of the pack's sections and of what they hold."""
    on = frozenset(setting.rule.id for setting in view.rules)
    return Section(
        ANCHOR,
        "",
        words(say("Questions")),
        words(say("On which page is each question that assessors ask answered?")),
        line(
            say(
                "{whole} questions that assessors ask, each with what the rules found and the page that answers it.",
                whole=number(len(QUESTIONS)),
            )
        ),
        (
            Table(
                columns(
                    (say("No."), 5),
                    (say("An assessor asks"), 35),
                    (say("What its rules found"), 37),
                    (say("Answered in"), 23),
                ),
                tuple(
                    Row(
                        (
                            line(number(one.number)),
                            line(strong(say(one.asked))),
                            _verdicts(view, one.number, (*rules_of(one, on), *OF_PERIODS.get(one.number, ()))),
                            _where(view, one.number, one.rules, anchors),
                        )
                    )
                    for one in QUESTIONS
                ),
                words(say("No question is listed.")),
                None,
                "dense",
            ),
        ),
    )


def places() -> dict[int, tuple[str, str]]:
    """Where each question is answered, by its number: anchor and name. Without one: where its rules are counted."""
    return {
        1: ("policies", say("Policies and protections")),
        2: ("populations", say("Completeness of the populations")),
        3: ("populations", say("Completeness of the populations")),
        4: ("deployments", say("From production back to the request")),
        5: ("register", say("Change register")),
        6: ("duties", say("Segregation of duties")),
        7: ("people", say("Who is who")),
        10: ("meanings", say("What approvals say")),
        11: ("meanings", say("What approvals say")),
        12: ("tests", say("Tests and scans of changes")),
        13: ("stated", say("What the changes state")),
        14: ("exceptions", say("Exceptions and emergencies")),
        15: ("exceptions", say("Exceptions and emergencies")),
        16: ("administration", say("Administration of the ledger")),
        17: ("access", say("Access, keys and leavers")),
        18: ("system", say("System, process, roles and tools")),
        19: ("duties", say("Segregation of duties")),
        20: ("prompt-scans", say("Prompts looked through")),
        21: ("verify", say("How to verify")),
        22: ("removed", say("Withheld, erased, missing")),
        23: ("sampling", say("Sampling plan")),
        24: ("deviations", say("Deviations")),
        25: ("incidents", say("Incidents")),
        26: ("administration", say("Administration of the ledger")),
    }


def _where(view: PeriodView, asked: int, rules: tuple[str, ...], anchors: frozenset[str]) -> Line:
    found = places().get(asked)
    if found is not None and found[0] in anchors:
        return line(link(found[0], found[1], page=True))
    # What is judged change by change is answered by the rule's row; sample sheets and registers show the evidence.
    on = {setting.rule.id for setting in view.rules}
    rule = next((rule for rule in rules if rule in on), None)
    name = say("Whole-population results")
    return line(link("results" if rule is None else rule_anchor(rule), name, page=True))


def _verdicts(view: PeriodView, asked_: int, rules: tuple[str, ...]) -> Line:
    clauses = against(view, asked_)
    beside = [line(strong("; ".join(clauses)))] if clauses else []
    if not rules:
        told = say("shown in part") if clauses else say("a fact, not judged")
        return joined([line(quiet(told)), *beside], ": ")
    told_ = told_of(
        asked(rules, {setting.rule.id for setting in view.rules}, view.verdicts), spoken_against=bool(clauses)
    )
    parts = [told_]
    passed = counts(verdict for verdict in view.verdicts if verdict.rule in rules)
    if passed.asked:
        parts.append(line(quiet(say("{part} verdicts passed", part=passed.held))))
    return joined([*parts, *beside], "; ")
