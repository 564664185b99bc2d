"""What each family of rules is for, how its rules came out over the whole population, and where its evidence stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import FAMILIES
from ledger.rules.verdict import Outcome
from reports.parts import Column, Row, Table, line, words
from reports.release.said import NONE, link, quiet, strong
from reports.say import say, say_count, to_say
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.rules.verdict import Verdict
    from reports.parts import Line
    from reports.release.view import View

SECTIONS: Final = {
    "access": to_say("People, keys and roles"),
    "approvals": to_say("Approvals"),
    "assistants": to_say("AI involvement"),
    "completeness": to_say("Completeness"),
    "conclusion": to_say("Conclusion"),
    "configuration": to_say("Rules and protections"),
    "controls": to_say("Control matrix"),
    "deployments": to_say("Release and deployments"),
    "duties": to_say("Segregation of duties"),
    "exceptions": to_say("Exceptions and bypasses"),
    "incidents": to_say("Incidents"),
    "method": to_say("Method"),
    "register": to_say("Change register"),
    "removed": to_say("Withheld and erased"),
    "tests": to_say("Tests and scans"),
    "traceability": to_say("Traceability"),
    "verify": to_say("How to verify"),
}
"""Names of the places that others refer to, by anchor."""

OBJECTIVES: Final = {
    "ID": (to_say("Who acts is known, and signs with a key of their own"), "access"),
    "SOD": (to_say("Nobody approves, releases or deploys their own work alone"), "duties"),
    "APP": (to_say("What landed was approved before it landed, by who may"), "approvals"),
    "CHG": (to_say("Every commit belongs to a change that says what it is for"), "register"),
    "TST": (to_say("Exactly what landed was tested and scanned"), "tests"),
    "AI": (to_say("Use of assistants is declared, and its prompts are kept"), "assistants"),
    "REL": (to_say("The release is what was approved, built and runs"), "deployments"),
    "DEP": (to_say("Deployments are in time, recorded and verified"), "deployments"),
    "INC": (to_say("Incidents lead to a release and end with a review"), "incidents"),
    "EXC": (to_say("Departures from rules are declared, few and reviewed"), "exceptions"),
    "POP": (to_say("No source that should speak was silent"), "completeness"),
    "LED": (to_say("Events are recorded when they happen; corrections hide nothing"), "verify"),
    "ADM": (to_say("Rules, roles and protections are changed by several, and reviewed"), "configuration"),
}
"""Objective and place of the evidence, by rule family."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Verdicts by outcome."""

    failed: int
    untold: int
    passed: int
    inapplicable: int
    excepted: int
    """Of those that failed or cannot be told, how many stand beside an exception."""

    @property
    def whole(self) -> int:
        """All verdicts."""
        return self.asked + self.inapplicable

    @property
    def asked(self) -> int:
        """Verdicts whose rule had something to speak of: the population."""
        return self.failed + self.untold + self.passed

    @property
    def held(self) -> str:
        """``4 of 5``: passed, of the population."""
        return share(self.passed, self.asked) if self.asked else say("0 asked")

    @property
    def worst(self) -> Outcome:
        """The gravest outcome."""
        if self.failed:
            return Outcome.FAIL
        if self.untold:
            return Outcome.NOT_EVALUABLE
        return Outcome.PASS if self.passed else Outcome.NOT_APPLICABLE


def counts(verdicts: Iterable[Verdict]) -> Counts:
    """How ``verdicts`` came out."""
    found = tuple(verdicts)

    def of(outcome: Outcome) -> int:
        return sum(verdict.outcome is outcome for verdict in found)

    return Counts(
        of(Outcome.FAIL),
        of(Outcome.NOT_EVALUABLE),
        of(Outcome.PASS),
        of(Outcome.NOT_APPLICABLE),
        sum(bool(verdict.excepted_by) for verdict in found),
    )


def of_rules(view: View, rules: Iterable[str]) -> tuple[Verdict, ...]:
    """The verdicts of these rules."""
    wanted = frozenset(rules)
    return tuple(verdict for verdict in view.verdicts if verdict.rule in wanted)


def place(anchor: str) -> Line:
    """A link to a place of the pack with its page."""
    return line(link(anchor, say(SECTIONS[anchor]), page=True))


def place_of(rule: str) -> str:
    """The anchor of the place that shows a rule's evidence."""
    return "completeness" if rule in ("CHG-01", "REL-01") else OBJECTIVES[rule.partition("-")[0]][1]


def objectives(view: View) -> Table:
    """One row an objective: how many verdicts hold, of how many, and the page of the evidence."""
    body: list[Row] = []
    for family in FAMILIES:
        objective, anchor = OBJECTIVES[family]
        verdicts = [verdict for verdict in view.verdicts if verdict.rule.partition("-")[0] == family]
        found = counts(verdicts)
        body.append(
            Row(
                (
                    line(strong(family), " ", say(objective)),
                    *(_numbers(found) if verdicts else _off(view, family)),
                    place(anchor),
                ),
                hit=bool(found.failed),
            )
        )
    whole = counts(view.verdicts)
    body.append(
        Row(
            (
                line(strong(say("All"))),
                *_numbers(whole),
                line(strong(say_count("{count} verdict", "{count} verdicts", whole.whole))),
            )
        )
    )
    return Table(
        (
            Column(words(say("Control objective")), 31),
            Column(words(say("Held")), 11, "right"),
            Column(words(say("Fail")), 7, "right"),
            Column(words(say("Cannot tell")), 8, "right"),
            Column(words(say("Not applicable")), 10, "right"),
            Column(words(say("Excepted")), 9, "right"),
            Column(words(say("Evidence")), 24),
        ),
        tuple(body),
        words(say("No rule was assessed.")),
        words(say("Verdicts by control objective: one for each rule and change, or rule and release")),
        "small",
    )


def _numbers(found: Counts) -> tuple[Line, ...]:
    return (
        line(found.held),
        line(strong(f"! {number(found.failed)}") if found.failed else "0"),
        line(strong(f"? {number(found.untold)}") if found.untold else "0"),
        line(number(found.inapplicable)),
        line(f"† {number(found.excepted)}" if found.excepted else "0"),
    )


def _off(view: View, family: str) -> tuple[Line, ...]:
    """Cells of a family without verdicts: off in the policy, or asked of periods alone."""
    on = any(setting.rule.id.partition("-")[0] == family for setting in view.policy.rules)
    said = say("of periods") if on else say("off")
    return (line(quiet(said)), *(line(quiet(NONE)) for _ in range(4)))
