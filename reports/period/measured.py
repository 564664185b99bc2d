"""Measures in words: names, values, why something could not be measured, and how two periods differ."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from ledger.measures.values import LEAST, Proportion, Spread, Tally
from reports.say import say, say_count
from reports.wording import duration, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.measures.values import Change, Measure, Missing, Reason, Unit


def name_of(identifier: str) -> str:
    """What the measure is called."""
    return _names()[identifier][0]


def question_of(identifier: str) -> str:
    """What exactly is counted, as a phrase under the name."""
    return _names()[identifier][1]


def _names() -> dict[str, tuple[str, str]]:
    # Inside a function: the language is chosen when a pack is made, not when this module is read.
    return {
        "deployments": (say("Deployment frequency"), say("successful deployments to production")),
        "lead-to-production": (
            say("Change lead time"),
            say("first commit or prompt to the first deployment to production"),
        ),
        "change-failure": (
            say("Change fail rate"),
            say(
                "deployments to production that failed, were rolled back or that an incident suspects; everything told "
                "of one release in one place is one deployment here"
            ),
        ),
        "time-to-restore": (say("Time to restore"), say("an incident's opening to its closing")),
        "landings": (say("Landings"), say("contents that landed on a protected branch")),
        "lead-to-landing": (say("Time to landing"), say("first commit or prompt to the landing")),
        "landing-to-production": (
            say("Landing to production"),
            say("landing to the first deployment to production that holds it"),
        ),
        "first-approval": (say("Time to first approval"), say("first revision to the first approval by somebody else")),
        "decision-on-revision": (
            say("Time to decision"),
            say("each revision to the first decision on it by somebody else"),
        ),
        "reworked": (say("Reworked after review"), say("changes with a revision after the first review")),
        "revisions-after-review": (
            say("Revisions after review"),
            say("revisions of a change that came after its first review"),
        ),
        "lines-changed": (say("Size of a change"), say("lines added and removed by its last revision")),
        "taken-back": (
            say("Taken back or mended"),
            say("changes that a later one reverted, or that another mended after an incident"),
        ),
        "reverts": (say("Reverts"), say("changes last said to take another one back")),
        "assisted": (say("Assistants"), say("changes in which an assistant had a part")),
        "merge-gate-blocked": (say("Merge gate"), say("answers that were: blocked")),
        "deploy-gate-blocked": (say("Deploy gate"), say("answers that were: blocked")),
        "exceptions": (say("Exceptions"), say("declared departures from rules")),
        "landed-under-exception": (say("Changes under exception"), say("changes for which an exception was declared")),
        "exception-review": (say("Time to review of exceptions"), say("declaration to review by another person")),
    }


def reason_words(missing: Missing) -> str:
    """How many could not be measured, and why."""
    return _reasons(number(missing.count))[missing.reason]


def _reasons(count: str) -> dict[Reason, str]:
    return {
        "clock": say("{count} end before they begin", count=count),
        "late": say("{count} only recorded afterwards", count=count),
        "no-start": say("{count} without a time of the first commit", count=count),
        "not-decided": say("{count} without a decision by others", count=count),
        "not-approved": say("{count} without an approval by others", count=count),
        "none-counts": say("{count} where others approved, and no approval counts", count=count),
        "not-deployed": say("{count} not in production by the end", count=count),
        "not-reviewed": say("{count} without a review", count=count),
        "still-open": say("{count} still open at the end", count=count),
        "no-release-named": say("{count} without a release", count=count),
        "undeclared": say("{count} where it cannot be told", count=count),
        "replaced": say("{count} replaced before a decision", count=count),
        "unread": say("{count} with a content that cannot be read", count=count),
        "no-revision": say("{count} without a recorded revision", count=count),
        "unnamed": say("{count} where it is not told which change was taken back or mended", count=count),
        "unknown-person": say("{count} where it cannot be told who approved", count=count),
    }


def not_measured(missing: Iterable[Missing]) -> str:
    """Every reason with its count; empty if everything was measured."""
    return "; ".join(map(reason_words, missing))


def value_words(measure: Measure) -> str:
    """What was measured; of nothing measured that is said."""
    match measure:
        case Spread(median=None) | Proportion(permille=None):
            return say("nothing measured")
        case Spread():
            return say(
                "median {median}; 90% within {high}",
                median=amount(measure.unit, measure.median or 0),
                high=amount(measure.unit, measure.high or 0),
            )
        case Proportion():
            return say(
                "{percent}% ({part} of {whole})",
                percent=tenths(measure.permille or 0),
                part=number(measure.part),
                whole=number(measure.measured),
            )
        case Tally(per_week_tenths=None):
            return say_count("{count} time in less than a week", "{count} times in less than a week", measure.count)
        case Tally():
            return say_count(
                "{count} time, {rate} a week",
                "{count} times, {rate} a week",
                measure.count,
                rate=tenths(measure.per_week_tenths or 0),
            )
        case _:
            assert_never(measure)


def population_words(measure: Measure) -> str:
    """How many items the measure speaks of, and of how many it could be taken."""
    match measure:
        case Tally():
            return say_count("on {count} day", "on {count} days", measure.days)
        case Spread() | Proportion():
            return say(
                "{measured} of {population}", measured=number(measure.measured), population=number(measure.population)
            )
        case _:
            assert_never(measure)


def change_words(measure: Measure, before: Measure | None, change: Change) -> str:
    """How the period differs from the baseline, with both populations; neutral, since neither way is always better."""
    if before is None:
        return say("no baseline named")
    if change.direction == "nothing":
        return say("nothing to compare")
    against = _against(measure, before)
    if change.direction == "too-few":
        return say("too few to compare (below {least} on a side): {against}", least=LEAST, against=against)
    if change.direction == "same":
        return say("no difference: {against}", against=against)
    return _differs(measure, change, against)


def _differs(measure: Measure, change: Change, against: str) -> str:
    more, by = change.direction == "more", change.by or 0
    match measure:
        case Spread():
            return _median_differs(measure.unit, by, against, more=more)
        case Proportion() if more:
            return say("{points} percentage points more: {against}", points=tenths(by), against=against)
        case Proportion():
            return say("{points} percentage points less: {against}", points=tenths(by), against=against)
        case Tally() if more:
            return say("{rate} a week more: {against}", rate=tenths(by), against=against)
        case Tally():
            return say("{rate} a week less: {against}", rate=tenths(by), against=against)
        case _:
            assert_never(measure)


def _median_differs(unit: Unit, by: int, against: str, *, more: bool) -> str:
    what = amount(unit, by)
    if unit == "seconds" and more:
        return say("median {what} longer: {against}", what=what, against=against)
    if unit == "seconds":
        return say("median {what} shorter: {against}", what=what, against=against)
    if more:
        return say("median {what} more: {against}", what=what, against=against)
    return say("median {what} fewer: {against}", what=what, against=against)


def _against(measure: Measure, before: Measure) -> str:
    if isinstance(measure, Tally) and isinstance(before, Tally):
        return say("{now} against {before}", now=number(measure.count), before=number(before.count))
    if isinstance(measure, Tally) or isinstance(before, Tally):
        raise TypeError("a measure is compared with itself")
    return say("{now} against {before} measured", now=number(measure.measured), before=number(before.measured))


def amount(unit: Unit, value: int) -> str:
    """A value of a spread with its unit."""
    match unit:
        case "seconds":
            return duration(timedelta(seconds=value))
        case "revisions":
            return say_count("{count} revision", "{count} revisions", value)
        case "lines":
            return say_count("{count} line", "{count} lines", value)
        case _:
            assert_never(unit)


def tenths(value: int) -> str:
    """Tenths with one digit after the point: 125 is ``12.5``."""
    return f"{value // 10:,}.{value % 10}"
