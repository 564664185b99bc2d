"""What rules of one sort say of a subject, in a table cell: those that failed or cannot be told; else the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.rules.verdict import Outcome
from reports.parts import line
from reports.release.said import joined, quiet, status
from reports.release.view import MARKS
from reports.say import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.rules.verdict import Verdict
    from reports.parts import Line


def of_rules(verdicts: Iterable[Verdict], *rules: str) -> tuple[Verdict, ...]:
    """The verdicts of these rules or families: ``APP-01``, ``SOD``."""
    return tuple(one for one in verdicts if one.rule in rules or one.rule.partition("-")[0] in rules)


def gravest(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Those of the gravest outcome; none if there are none."""
    found = {one.outcome for one in verdicts}
    return tuple(one for one in verdicts if one.outcome is next(outcome for outcome in MARKS if outcome in found))


def failing(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether one of them failed, so that the row stands out."""
    return any(one.outcome is Outcome.FAIL for one in verdicts)


def told(verdicts: tuple[Verdict, ...]) -> Line:
    """Each rule that failed, then each that cannot be told, by its id; else the gravest outcome."""
    found = gravest(verdicts)
    if not found:
        return line(quiet(say("no rule is on")))
    parts = [
        line(status(MARKS[outcome]), " ", ", ".join(rules))
        for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)
        if (rules := dict.fromkeys(one.rule for one in verdicts if one.outcome is outcome))
    ]
    return joined(parts, "; ") or line(status(MARKS[found[0].outcome]))
