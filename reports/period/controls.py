"""The controls that the policy names, each with how it was tested over the whole population and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.controls import CONTROLS, Supported, supported_by
from ledger.rules.verdict import Outcome
from reports.parts import Break, Line, Paragraph, Row, Section, Table, line, say_line, words
from reports.period.shown import tally
from reports.release.asked import asked, rule_names, told_of
from reports.release.said import columns, link, quiet, strong
from reports.say import say, say_count
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.rules.controls import Control
    from ledger.rules.ofbundle import Part
    from reports.parts import Block
    from reports.period.view import PeriodView
    from reports.release.asked import Asked

ANCHOR: Final = "controls"


@dataclass(frozen=True, slots=True)
class Tested:
    """A control with what its rules found over every item of the period."""

    control: Supported
    counts: dict[Outcome, int]
    """Verdicts of the rules that are on."""
    found: Asked
    """All its rules by how they came out; those that are off are among them."""

    @property
    def applicable(self) -> int:
        """Verdicts in which a rule spoke of something."""
        return sum(many for outcome, many in self.counts.items() if outcome is not Outcome.NOT_APPLICABLE)


def controls_of(view: PeriodView) -> tuple[Tested, ...]:
    """The controls of the frameworks that the policy names, in their order."""
    by_control: dict[Control, list[tuple[Supported, Part]]] = {}
    for part in view.parts:
        for item in supported_by(part.policy):
            by_control.setdefault(item.control, []).append((item, part))
    return tuple(_tested(control, by_control[control]) for control in CONTROLS if control in by_control)


def _tested(control: Control, held: Sequence[tuple[Supported, Part]]) -> Tested:
    """The control over the projects whose policies name its framework; a rule is on where one of these has it on."""
    on = {rule for item, _ in held for rule in item.on}
    verdicts = [verdict for item, part in held for verdict in part.assessment.verdicts if verdict.rule in item.on]
    whole = Supported(
        control,
        tuple(rule for rule in control.rules if rule in on),
        tuple(rule for rule in control.rules if rule not in on),
    )
    return Tested(whole, tally(verdicts), asked(control.rules, on, verdicts))


def controls(view: PeriodView) -> Section:
    """The section."""
    found = controls_of(view)
    return Section(
        ANCHOR,
        "4",
        words(say("Controls and how they were tested")),
        words(say("Which controls were tested, by which procedure, and with which result?")),
        _lede(found),
        (
            Paragraph(
                say_line(
                    "{test} means: the rules were applied by software to every item of the period, not to a sample, "
                    "and anybody with the bundle repeats it. {examine} means: the pages named show the evidence "
                    "itself. {interview} is the assessor's own; nothing here replaces it.",
                    test=strong(say("Test")),
                    examine=strong(say("Examine")),
                    interview=strong(say("Interview")),
                )
            ),
            Paragraph(
                line(
                    say(
                        "A rule that passes supports a control; it never fulfils one, and nothing here quotes a "
                        "standard. A tick stands only where every rule of the control is on and held; “In part” where "
                        "others of its rules are off or had nothing to speak of: what the control's words say of "
                        "those, nothing here shows. An exception stands beside a verdict and changes none."
                    )
                ),
                small=True,
            ),
            *_table(found),
        ),
    )


def _lede(found: tuple[Tested, ...]) -> Line:
    if not found:
        return say_line(
            "The policy names no framework, so no control is listed; every rule is under {results}.",
            results=link("results", say("Whole-population results")),
        )
    held = sum(item.found.whole for item in found)
    failed = sum(bool(item.found.failed) for item in found)
    tested = sum(bool(item.control.on) for item in found)
    said = [
        say_count("{count} control was tested on every item.", "{count} controls were tested on every item.", tested),
        say(
            "Of them, every rule is on and passed for {held}, and at least one failed for {failed}.",
            held=number(held),
            failed=number(failed),
        ),
    ]
    if tested < len(found):
        said.append(
            say_count(
                "{count} more was not tested: none of its rules is on.",
                "{count} more were not tested: none of their rules is on.",
                len(found) - tested,
            )
        )
    return line(" ".join(said))


def _table(found: tuple[Tested, ...]) -> list[Block]:
    if not found:
        return []
    return [
        Table(
            columns(
                (say("Control"), 15),
                (say("What it is about"), 26),
                (say("Test procedure"), 24),
                (say("Verdicts passed"), 10),
                (say("Result"), 25),
            ),
            tuple(_row(item) for item in found),
            words(say("No control.")),
            None,
            "dense",
        )
    ]


def _row(item: Tested) -> Row:
    control = item.control.control
    parts: list[Line] = []
    if item.control.on:
        parts.append(line(strong(say("Test")), " ", rule_names(item.control.on)))
        parts.append(line(strong(say("Examine")), " ", _pages(item.control.on)))
    else:
        parts.append(line(quiet(say("none of its rules is on in this policy"))))
    parts.append(line(strong(say("Interview")), " ", say("by the assessor")))
    procedure = tuple(one for place, part in enumerate(parts) for one in ((Break(), *part) if place else part))
    passed = item.counts[Outcome.PASS]
    return Row(
        (
            line(strong(control.id), Break(), quiet(FRAMEWORK_NAMES[control.framework])),
            line(control.subject, Break(), quiet(control.supports)),
            procedure,
            line(share(passed, item.applicable)) if item.applicable else line(quiet(say("none applied"))),
            (
                *told_of(item.found),
                *(
                    line(Break(), say_count("{count} failed", "{count} failed", item.counts[Outcome.FAIL]))
                    if item.counts[Outcome.FAIL]
                    else ()
                ),
                *(
                    line(
                        Break(),
                        say_count(
                            "{count} cannot be told", "{count} cannot be told", item.counts[Outcome.NOT_EVALUABLE]
                        ),
                    )
                    if item.counts[Outcome.NOT_EVALUABLE]
                    else ()
                ),
            ),
        ),
        hit=bool(item.found.failed),
    )


def _pages(rules: tuple[str, ...]) -> str:
    """The sections whose pages show what the rules rest on, by the families of the rules."""
    families = {rule.partition("-")[0] for rule in rules}
    named = [
        (say("Change register"), {"CHG", "REL", "DEP", "TST", "AI", "APP"}),
        (say("Segregation of duties"), {"SOD"}),
        (say("Exceptions"), {"EXC"}),
        (say("Access"), {"ID", "ADM"}),
        (say("Completeness"), {"POP"}),
        (say("Administration of the ledger"), {"LED"}),
        (say("Deviations"), {"INC"}),
    ]
    return ", ".join(name for name, sorts in named if sorts & families)
