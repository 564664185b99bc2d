"""The control matrix: every rule over its whole population, then the controls of frameworks that they support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.catalogue import BY_ID
from ledger.rules.controls import CONTROLS, supported_by
from reports.parts import Break, Column, Heading, Paragraph, Row, Section, Table, line, words
from reports.release.asked import asked, counts, marked, told_of
from reports.release.objectives import of_rules
from reports.release.places import SECTIONS, place, place_of, places_of
from reports.release.said import NONE, joined, quiet, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.rules.controls import Supported
    from reports.parts import Block, Line
    from reports.release.asked import Asked, Counts
    from reports.release.view import View

ANCHOR: Final = "controls"
FRAMEWORKS: Final = "frameworks"
"""Anchor of the mapping."""


def control_matrix(view: View) -> Section:
    """The section."""
    rules = [setting.rule.id for setting in view.policy.rules]
    came_out = asked(rules, rules, view.verdicts)
    return Section(
        ANCHOR,
        "12",
        words(say(SECTIONS[ANCHOR])),
        words(say("Which controls does this support, on how many of how many items, and where is the evidence?")),
        _lede(came_out),
        (
            Paragraph(
                line(
                    say(
                        "Every rule was asked of every change, or of the release: the whole population, no sample. "
                        "“Held” counts the verdicts that passed, of those in which the rule had something to speak of. "
                        "The number after a mark counts verdicts; † counts those of them that stand beside a declared "
                        "exception, which changes no verdict (page named under Evidence)."
                    )
                )
            ),
            _rules(view),
            *_idle(came_out),
            Heading(words(say("What this supports in frameworks")), FRAMEWORKS),
            *_mapping(view),
        ),
    )


def _lede(came_out: Asked) -> Line:
    judged = {*came_out.failed, *came_out.untold, *came_out.held, *came_out.owed, *came_out.idle}
    parts = [
        line(
            say_count(
                "{count} rule was assessed: {held} held wherever it applies, {failed} failed somewhere, {untold} could "
                "not be told somewhere, {idle} had nothing to speak of.",
                "{count} rules were assessed: {held} held wherever they apply, {failed} failed somewhere, {untold} "
                "could not be told somewhere, {idle} had nothing to speak of.",
                len(judged),
                held=number(len(came_out.held)),
                failed=number(len(came_out.failed)),
                untold=number(len(came_out.untold)),
                idle=number(len(came_out.idle)),
            )
        )
    ]
    if came_out.owed:
        parts.append(
            line(
                say_count(
                    "Of {count} rule something is owed and not due yet.",
                    "Of {count} rules something is owed and not due yet.",
                    len(came_out.owed),
                )
            )
        )
    if both := len({*came_out.failed} & {*came_out.untold}):
        parts.append(
            line(
                say_count(
                    "{count} rule is among those that failed and those that could not be told.",
                    "{count} rules are among those that failed and those that could not be told.",
                    both,
                )
            )
        )
    if came_out.periods:
        parts.append(
            line(
                say_count(
                    "{count} more rule of the policy is asked of periods alone.",
                    "{count} more rules of the policy are asked of periods alone.",
                    len(came_out.periods),
                )
            )
        )
    return joined(parts, " ")


def _idle(found: Asked) -> tuple[Paragraph, ...]:
    """The rules without a row of evidence: those of which something is owed, and those with nothing to speak of."""
    said = []
    if found.owed:
        said.append(
            say_count(
                "{count} rule has something to speak of that is not due yet, and is not counted as held: {rules}.",
                "{count} rules have something to speak of that is not due yet, and are not counted as held: {rules}.",
                len(found.owed),
                rules=_titles(found.owed),
            )
        )
    if found.idle:
        said.append(
            say_count(
                "{count} rule had nothing to speak of, and is never counted as held: {rules}.",
                "{count} rules had nothing to speak of, and are never counted as held: {rules}.",
                len(found.idle),
                rules=_titles(found.idle),
            )
        )
    return tuple(Paragraph(line(capture(one, limit=20_000)), small=True) for one in said)


def _titles(rules: tuple[str, ...]) -> str:
    return "; ".join(f"{rule} {BY_ID[rule].title}" for rule in rules)


def _rules(view: View) -> Table:
    found = [(setting.rule.id, counts(of_rules(view, (setting.rule.id,)))) for setting in view.policy.rules]
    # Failures before gaps before successes; within each as the catalogue lists them.
    order = list(MARKS)
    ordered = sorted(found, key=lambda item: order.index(item[1].worst) if item[1].whole else len(order))
    chosen = bool(view.policy.shared["frameworks"])
    return Table(
        (
            Column(words(say("Rule")), 30 if chosen else 50),
            *((Column(words(say("Supports")), 22),) if chosen else ()),
            Column(words(say("Held")), 9, "right"),
            Column(words(say("Result")), 17),
            Column(words(say("Evidence")), 22 if chosen else 24),
        ),
        tuple(_rule(view, rule, one) for rule, one in ordered if one.asked),
        words(say("No rule was assessed, or none had anything to speak of.")),
        words(say("Rules, those that failed first")),
        "dense",
    )


def _rule(view: View, rule: str, found: Counts) -> Row:
    return Row(
        (
            line(strong(rule), " ", BY_ID[rule].title),
            *_supports(cast("list[str]", view.policy.shared["frameworks"]), rule),
            line(found.held),
            marked(found),
            joined(
                [place(place_of(view, rule)), *((place("exceptions"),) if found.excepted else ())],
                "; ",
            ),
        ),
        hit=bool(found.failed),
    )


def _supports(chosen: list[str], rule: str) -> tuple[Line, ...]:
    """The cell with controls of the chosen frameworks; no cell where none is chosen."""
    if not chosen:
        return ()
    names = [
        f"{FRAMEWORK_NAMES[control.framework]} {control.id}"
        for control in CONTROLS
        if rule in control.rules and control.framework in chosen
    ]
    said = "; ".join(_brief(name) for name in names[:2]) or NONE
    more = say("and {count} more", count=len(names) - 2) if len(names) > 2 else ""
    return (line(quiet(f"{said} {more}".strip())),)


def _brief(name: str) -> str:
    return name if len(name) < 34 else name.partition(";")[0].partition(",")[0]


def _mapping(view: View) -> tuple[Block, ...]:
    controls = supported_by(view.policy)
    if not controls:
        return (
            Paragraph(
                line(
                    say(
                        "The policy names no framework, so nothing is mapped. Its parameter “frameworks” can choose "
                        "among {frameworks}.",
                        frameworks=", ".join(FRAMEWORK_NAMES.values()),
                    )
                )
            ),
        )
    return (
        Paragraph(
            line(
                say(
                    "The words are ours; no standard is quoted. A rule that holds supports a control, it never "
                    "fulfils one: a control also asks for what no ledger records. A tick stands only where every "
                    "rule of the control is on and held; “In part” where others of its rules are off, are asked of "
                    "periods alone (a period pack judges them) or had nothing to speak of: what the control's words "
                    "say of those, nothing here shows."
                )
            ),
            small=True,
        ),
        Table(
            (
                Column(words(say("Control")), 14),
                Column(words(say("What it is about, and what evidence for it can show")), 32),
                Column(words(say("Held")), 8, "right"),
                Column(words(say("What its rules found")), 27),
                Column(words(say("Where the evidence is")), 19),
            ),
            tuple(_control(view, item) for item in controls),
            words(say("None.")),
            None,
            "dense",
        ),
    )


def _control(view: View, item: Supported) -> Row:
    control = item.control
    found = asked(control.rules, item.on, view.verdicts)
    tally = counts(of_rules(view, item.on))
    judged = [rule for rule in item.on if rule not in found.periods]
    places = list(places_of(view, judged))
    if tally.excepted and "exceptions" not in places:
        places.append("exceptions")
    return Row(
        (
            line(strong(FRAMEWORK_NAMES[control.framework]), " ", control.id),
            line(strong(control.subject), ". ", control.supports),
            line(tally.held),
            (
                *told_of(found),
                *(
                    line(
                        Break(),
                        say_count(
                            "† {count} verdict stands beside an exception",
                            "† {count} verdicts stand beside an exception",
                            tally.excepted,
                        ),
                    )
                    if tally.excepted
                    else ()
                ),
            ),
            joined([place(anchor) for anchor in places], "; ") or line(quiet(NONE)),
        ),
        hit=bool(found.failed),
    )
