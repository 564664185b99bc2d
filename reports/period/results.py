"""Whole-population results: every rule over every item it speaks of, and how that went month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from ledger.rules.verdict import Outcome
from reports.parts import Column, Heading, Line, Paragraph, Row, Section, Share, Shares, Table, line, words
from reports.period.shown import counted, tally
from reports.release.said import quiet, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.rules.verdict import Verdict
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "results"
MOST_MONTHS: Final = 12
"""Months printed side by side; of a longer period the last ones."""


def rule_anchor(rule: str) -> str:
    """The anchor of a rule's row."""
    return f"rule-{rule.lower()}"


def results(view: PeriodView) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "9",
        words(say("Whole-population results")),
        words(say("How did every rule fare over every change, release and the period itself, month by month?")),
        _lede(view),
        (
            _rules(view),
            Paragraph(
                line(
                    say(
                        "Every verdict is one rule and one subject: a change, a release, or the period. “Excepted” "
                        "counts verdicts that failed or cannot be told and beside which an exception stands; they are "
                        "counted under their outcome too. What cannot be told is never counted as passed."
                    )
                ),
                small=True,
            ),
            *_trend(view),
        ),
    )


def _lede(view: PeriodView) -> Line:
    counts = tally(view.verdicts)
    return line(
        say_count(
            "{count} verdict over the whole population: {failed} failed, {untold} cannot be told, {passed} passed, "
            "{rest} do not apply.",
            "{count} verdicts over the whole population: {failed} failed, {untold} cannot be told, {passed} passed, "
            "{rest} do not apply.",
            len(view.verdicts),
            failed=number(counts[Outcome.FAIL]),
            untold=number(counts[Outcome.NOT_EVALUABLE]),
            passed=number(counts[Outcome.PASS]),
            rest=number(counts[Outcome.NOT_APPLICABLE]),
        )
    )


def _rules(view: PeriodView) -> Table:
    by_rule: dict[str, list[Verdict]] = {setting.rule.id: [] for setting in view.rules}
    for verdict in view.verdicts:
        by_rule.setdefault(verdict.rule, []).append(verdict)
    severities = {setting.rule.id: setting.severity for setting in view.rules}
    body = [
        _row(
            line(strong(rule), " ", BY_ID[rule].title, quiet(f" {severities.get(rule, '')}")),
            found,
            rule_anchor(rule),
        )
        for rule, found in by_rule.items()
    ]
    body.append(_row(line(strong(say("All"))), view.verdicts, ""))
    return Table(
        (
            Column(words(say("Rule, severity")), 40),
            *(Column(words(mark.word), 12, "right") for mark in MARKS.values()),
            Column(words(say("Excepted")), 12, "right"),
        ),
        tuple(body),
        words(say("No rule was assessed.")),
        words(say("Verdicts rule by rule")),
        "dense",
    )


def _row(head: Line, found: Sequence[Verdict], anchor: str) -> Row:
    counts = tally(found)
    excepted = sum(bool(verdict.excepted_by) for verdict in found)
    return Row(
        (
            head,
            *(counted(outcome, many) for outcome, many in counts.items()),
            line(number(excepted)),
        ),
        hit=bool(counts[Outcome.FAIL]) and bool(anchor),
        anchor=anchor,
    )


def _trend(view: PeriodView) -> list[Block]:
    months = view.months[-MOST_MONTHS:]
    if not months:
        return []
    left = len(view.months) - len(months)
    by_month = {month: [change for change in view.changes if change.month == month] for month in months}
    clean = {month: sum(change.gravest is Outcome.PASS for change in changes) for month, changes in by_month.items()}
    items = tuple(
        Share(
            words(month),
            100 * clean[month] // len(changes) if changes else None,
            words(share(clean[month], len(changes)) if changes else say("nothing landed")),
        )
        for month, changes in by_month.items()
    )
    width = 60 // len(months)
    first = 100 - width * len(months)
    rows = [
        _line(say("Changes landed"), [len(by_month[month]) for month in months]),
        _line(
            say("with a failure"),
            [sum(bool(change.of(Outcome.FAIL)) for change in by_month[month]) for month in months],
            Outcome.FAIL,
        ),
        _line(
            say("without a failure, but something cannot be told"),
            [sum(change.gravest is Outcome.NOT_EVALUABLE for change in by_month[month]) for month in months],
            Outcome.NOT_EVALUABLE,
        ),
        _line(say("with every rule that applies passed"), [clean[month] for month in months]),
        _line(
            say("with an assistant"),
            [sum(change.strata.assistance == "used" for change in by_month[month]) for month in months],
        ),
        _line(
            say("under an exception"),
            [sum(change.strata.excepted for change in by_month[month]) for month in months],
        ),
        _line(
            say("Failed verdicts about changes"),
            [sum(len(change.of(Outcome.FAIL)) for change in by_month[month]) for month in months],
            Outcome.FAIL,
        ),
    ]
    note: list[Block] = []
    if left:
        note.append(
            Paragraph(
                line(
                    say_count(
                        "{count} earlier month is not printed; its changes are in the attached register “changes”.",
                        "{count} earlier months are not printed; their changes are in the attached register “changes”.",
                        left,
                    )
                ),
                small=True,
            )
        )
    return [
        Heading(words(say("Trend by month"))),
        Shares(
            words(say("Changes with every rule that applies passed, by the UTC month in which they landed")),
            items,
            words(say("The period shows no entry.")),
        ),
        Table(
            (
                Column(words(say("By UTC month of landing")), first),
                *(Column(words(month), width, "right") for month in months),
            ),
            tuple(rows),
            words(say("The period shows no entry.")),
            None,
            "small",
        ),
        *note,
        *_failing(view, months, first, width),
    ]


def _line(label: str, values: Sequence[int], outcome: Outcome = Outcome.PASS) -> Row:
    return Row((line(label), *(counted(outcome, value) for value in values)))


def _failing(view: PeriodView, months: Sequence[str], first: int, width: int) -> list[Block]:
    """The rules that failed for changes, by month: where a control became better or worse."""
    counts: dict[str, dict[str, int]] = {}
    for change in view.changes:
        for verdict in change.of(Outcome.FAIL):
            of_rule = counts.setdefault(verdict.rule, {})
            of_rule[change.month] = of_rule.get(change.month, 0) + 1
    body = tuple(
        Row(
            (
                line(strong(rule), " ", BY_ID[rule].title),
                *(counted(Outcome.FAIL, of_rule[month]) if month in of_rule else line(number(0)) for month in months),
            )
        )
        for rule, of_rule in sorted(counts.items())
    )
    return [
        Table(
            (
                Column(words(say("Rule that failed for a change")), first),
                *(Column(words(month), width, "right") for month in months),
            ),
            body,
            words(say("No rule failed for a change of the period.")),
            words(say("Failures by rule and month")),
            "dense",
        )
    ]
