"""The population divided: by type, assistant, risk, exception and project, and how each part fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.risk import DEFAULT
from ledger.rules.verdict import Outcome
from reports.parts import Column, Paragraph, Row, Section, Table, line, words
from reports.period.register import change_type
from reports.period.shown import counted
from reports.period.view import UNSTATED
from reports.release.said import quiet
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from reports.parts import Line
    from reports.period.view import PeriodChange, PeriodView

ANCHOR: Final = "strata"


def strata(view: PeriodView) -> Section:
    """The section."""
    emergencies = sum(change.strata.type == "emergency" for change in view.changes)
    assisted = sum(change.strata.assistance == "used" for change in view.changes)
    # The sampling plan takes them for emergencies too.
    excepted = sum(change.strata.excepted and change.strata.type != "emergency" for change in view.changes)
    return Section(
        ANCHOR,
        "10",
        words(say("Strata")),
        words(say("Do emergencies, bots, reverts, assisted or risky changes fare differently from the rest?")),
        line(say("No recorded change landed in the period, so there is nothing to divide."))
        if view.changeless
        else line(
            say_count(
                "Of {count} change, {emergencies} was called an emergency and {assisted} was made with an assistant.",
                "Of {count} changes, {emergencies} were called emergencies and {assisted} were made with an assistant.",
                len(view.changes),
                emergencies=number(emergencies),
                assisted=number(assisted),
            ),
            *(
                (
                    " ",
                    say_count(
                        "{count} more stands under an exception and counts as an emergency in the sampling plan.",
                        "{count} more stand under an exception and count as emergencies in the sampling plan.",
                        excepted,
                    ),
                )
                if excepted
                else ()
            ),
        ),
        ()
        if view.changeless
        else (
            _table(view),
            Paragraph(
                line(
                    say(
                        "Every change is in exactly one row of each division. Risk classes are the policy's; “perhaps "
                        "higher” are changes of which something that cannot be read might put them into a higher "
                        "class. A project stands for its team."
                    )
                ),
                small=True,
            ),
        ),
        brief=view.changeless,
    )


def divisions(view: PeriodView) -> tuple[tuple[str, tuple[tuple[Line, tuple[PeriodChange, ...]], ...]], ...]:
    """Each division of the population with its parts; the parts of a division are all of the population."""
    changes = view.changes
    types = ("normal", "standard", "emergency", "bot", "revert", UNSTATED)
    risks = sorted(
        {change.strata.risk for change in changes if not change.strata.risk_open},
        key=lambda name: (name == DEFAULT, name),
    )

    def of(matches: list[PeriodChange]) -> tuple[PeriodChange, ...]:
        return tuple(matches)

    return (
        (
            say("Type, as last said"),
            tuple(
                (line(change_type(sort)), of([item for item in changes if item.strata.type == sort])) for sort in types
            ),
        ),
        (
            say("Assistant"),
            (
                (line(say("used")), of([item for item in changes if item.strata.assistance == "used"])),
                (line(say("not used")), of([item for item in changes if item.strata.assistance == "none"])),
                (line(say("cannot tell")), of([item for item in changes if item.strata.assistance == "unknown"])),
            ),
        ),
        (
            say("Risk class"),
            (
                *(
                    (
                        line(say("none")) if name == DEFAULT else line(capture(name, limit=60)),
                        of([item for item in changes if item.strata.risk == name and not item.strata.risk_open]),
                    )
                    for name in risks
                ),
                (line(say("perhaps higher")), of([item for item in changes if item.strata.risk_open])),
            ),
        ),
        (
            say("Exception"),
            (
                (line(say("declared")), of([item for item in changes if item.strata.excepted])),
                (line(say("none")), of([item for item in changes if not item.strata.excepted])),
            ),
        ),
        (
            say("Project"),
            tuple(
                (line(view.project_name(project)), of([item for item in changes if item.facts.project == project]))
                for project in view.dossier.projects
            ),
        ),
    )


def _table(view: PeriodView) -> Table:
    body: list[Row] = []
    for division, parts in divisions(view):
        for place, (name, changes) in enumerate(parts):
            failed = sum(bool(change.of(Outcome.FAIL)) for change in changes)
            untold = sum(change.gravest is Outcome.NOT_EVALUABLE for change in changes)
            passed = sum(change.gravest is Outcome.PASS for change in changes)
            body.append(
                Row(
                    (
                        line(division) if not place else line(quiet(division)),
                        name,
                        line(number(len(changes))),
                        counted(Outcome.FAIL, failed),
                        counted(Outcome.NOT_EVALUABLE, untold),
                        line(number(passed)),
                        line(number(sum(len(change.of(Outcome.FAIL)) for change in changes))),
                    )
                )
            )
    return Table(
        (
            Column(words(say("Division")), 20),
            Column(words(say("Part")), 20),
            Column(words(say("Changes")), 10, "right"),
            Column(words(say("With a failure")), 13, "right"),
            Column(words(say("Something cannot be told")), 13, "right"),
            Column(words(say("All passed")), 11, "right"),
            Column(words(say("Failed verdicts")), 13, "right"),
        ),
        tuple(body),
        words(say("No change.")),
        None,
        "small",
    )
