"""Bypasses: what was pushed, forced, deleted or landed past a protection or a shut gate, as EXC-05 judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import Heading, Line, Mark, Paragraph, Row, Table, line, say_count_line, words
from reports.period.deviations import card_anchor
from reports.period.running import ANCHOR as RUNNING
from reports.period.shown import cut, tally
from reports.release.bypasses import went_past
from reports.release.gates import counted_rules, deployed_despite, landed_despite, only_watched, opened_by
from reports.release.said import columns, entry, ledger_time, link, listed_names, quiet, status, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import Party, Told
    from ledger.events.forge import Push
    from ledger.events.governance import GateDecision
    from ledger.records import Record
    from ledger.rules.verdict import Verdict
    from reports.parts import Block
    from reports.period.view import PeriodView

MOST: Final = 25
"""Rows printed; the rest is counted."""
MOST_NAMED: Final = 12
"""Entries named in a sentence; the rest is counted."""


class Standing(Enum):
    """What is known of a sign that something was passed over."""

    UNDECLARED = auto()
    """EXC-05 failed on it."""
    DECLARED = auto()
    """EXC-05 passed on an exception for it."""
    UNTOLD = auto()
    """EXC-05 could not be judged on it."""
    WATCHED = auto()
    """The gate that was shut only watched, so nothing was passed over."""
    CLEAR = auto()
    """Nothing is known to have gone past it, or the rule does not speak of it."""
    UNJUDGED = auto()
    """EXC-05 is off."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """A sign that something was passed over, as a forge, a gate or the ledger itself shows it."""

    record: Record
    what: str
    who: Party
    standing: Standing


def bypass_verdicts(view: PeriodView) -> tuple[Verdict, ...]:
    """What EXC-05 found, of the changes first, then of releases and of the period itself."""
    found = [verdict for verdict in view.verdicts if verdict.rule == "EXC-05"]
    # The period's verdict names every push; that of a change names its own, and so says more of each.
    return tuple(
        sorted(found, key=lambda verdict: (view.of_itself(verdict) is not None, view.subject(verdict) is None))
    )


def bypasses(view: PeriodView) -> tuple[Bypass, ...]:
    """Direct pushes, forced ones, deletions, protections passed over and shut gates, in the order of entries."""
    around = view.dossier.surroundings
    signs: list[tuple[Record, str, Party]] = [
        (item.record, say("landed by {method}, of no recorded change", method=item.merge.method), item.merged_by)
        for item in view.dossier.unplaced
    ]
    signs += [
        (item.record, say("pushed directly"), item.merged_by)
        for change in view.changes
        for item in change.facts.landings
        if item.merge.method == "push"
    ]
    signs += [(item.record, sign, item.actor) for item in around.pushes if (sign := _passed_over(item)) is not None]
    signs += [
        (item.record, _shut(around.gates, item), item.actor) for item in around.gates if item.body.outcome == "blocked"
    ]
    judged = bypass_verdicts(view)
    watched = {item.record.index for item in around.gates if only_watched(item)}
    return tuple(
        Bypass(record, what, who, Standing.WATCHED if record.index in watched else _standing(record, judged))
        for record, what, who in sorted(signs, key=lambda sign: sign[0].index)
    )


def _shut(gates: Iterable[Told[GateDecision]], item: Told[GateDecision]) -> str:
    """By which rules a gate was shut, and the answer that opened it, if the next one about the same did."""
    rules = counted_rules([one.rule for one in item.body.blocking])
    opened = opened_by((one for one in gates if _subject(one) == _subject(item)), item)
    if opened is None:
        return say("the {gate} gate was shut by {rules}", gate=item.body.gate, rules=rules)
    return say(
        "the {gate} gate was shut by {rules}, then opened by {entry}",
        gate=item.body.gate,
        rules=rules,
        entry=entry(opened),
    )


def _subject(item: Told[GateDecision]) -> tuple[str | None, str | None, str | None]:
    """What a gate answered about: a change of a project, or a release."""
    context = item.record.event.context
    return context.project, context.about.change, item.body.release


def past_shut(view: PeriodView) -> tuple[tuple[Told[GateDecision], Record], ...]:
    """Landings and first deployments after an answer Shut that no later one opened, with that answer, by entry."""
    found = [step for change in view.changes for step in landed_despite(change.facts)]
    found += [step for release in view.dossier.releases for step in deployed_despite(release)]
    return tuple(sorted(found, key=lambda step: step[1].index))


def pushed_past(view: PeriodView) -> tuple[Told[Push], ...]:
    """Pushes that passed over a protection, were forced or deleted a ref."""
    return tuple(item for item in view.dossier.surroundings.pushes if went_past(item.body))


def _standing(record: Record, judged: tuple[Verdict, ...]) -> Standing:
    """By the first verdict that names the entry among its inputs."""
    if not judged:
        return Standing.UNJUDGED
    of_it = next((one for one in judged if any(item.envelope == record.envelope for item in one.inputs)), None)
    if of_it is None:
        return Standing.CLEAR
    if of_it.outcome is Outcome.FAIL:
        return Standing.UNDECLARED
    if of_it.outcome is Outcome.NOT_EVALUABLE:
        return Standing.UNTOLD
    return Standing.DECLARED if any(item.name == "exception" for item in of_it.inputs) else Standing.CLEAR


def _passed_over(push: Told[Push]) -> str | None:
    """What a push passed over; None if nothing."""
    if push.body.bypass is not None:
        return say("passed over {protection}", protection=push.body.bypass)
    if push.body.forced:
        return say("pushed by force to {ref}", ref=push.body.ref)
    return say("deleted {ref}", ref=push.body.ref) if push.body.after is None else None


def bypass_blocks(view: PeriodView, passed: tuple[Bypass, ...]) -> list[Block]:
    """What EXC-05 found, and the table."""
    shown, rest = cut(
        tuple(
            Row(
                (
                    line(number(item.record.index)),
                    line(ledger_time(item.record)),
                    line(capture(item.what, limit=200)),
                    listed_names((item.who,)),
                    _stands(item.standing),
                ),
                hit=item.standing is Standing.UNDECLARED,
            )
            for item in passed
        ),
        MOST,
        "entries",
    )
    watching = (
        [say("A gate that only watches holds nothing up.")]
        if any(item.standing is Standing.WATCHED for item in passed)
        else []
    )
    return [
        Heading(words(say("Bypasses, declared or not"))),
        Paragraph(line(" ".join([_told(bypass_verdicts(view)), *watching]))),
        *_past_shut(past_shut(view)),
        *_unreleased(view),
        Table(
            columns(
                (say("Entry"), 9),
                (say("Ledger time, UTC"), 21),
                (say("What was seen"), 34),
                (say("By"), 20),
                (say("Exception"), 16),
            ),
            shown,
            words(
                say(
                    "No direct push, forced push, deletion, passed-over protection or shut gate is recorded in the "
                    "period."
                )
            ),
            None,
            "small",
        ),
        *rest,
    ]


def went_on(steps: tuple[tuple[Told[GateDecision], Record], ...]) -> str:
    """How many of `past_shut` there are, and of how many the gate only watched; empty: there are none."""
    if not steps:
        return ""
    said = say_count(
        "{count} landing or deployment came after its gate had last answered Shut",
        "{count} landings and deployments came after their gate had last answered Shut",
        len(steps),
    )
    watched = sum(only_watched(gate) for gate, _ in steps)
    if not watched:
        return f"{said}."
    return say("{steps}; for {watched} of them the gate only watched.", steps=said, watched=number(watched))


def _past_shut(steps: tuple[tuple[Told[GateDecision], Record], ...]) -> list[Block]:
    if not steps:
        return []
    entries = ", ".join(entry(use) for _, use in steps[:MOST_NAMED])
    rest = len(steps) - MOST_NAMED
    named = entries if rest <= 0 else say("{entries} and {count} more", entries=entries, count=number(rest))
    return [
        Paragraph(
            line(
                strong("! "),
                went_on(steps),
                " ",
                say_count("It is {entries}.", "They are {entries}.", len(steps), entries=named),
            )
        )
    ]


def _unreleased(view: PeriodView) -> list[Block]:
    """That deployments of no release, which no gate answered for, are no bypass to EXC-05, and where they are told."""
    many = sum(item.deploy.release is None for item in view.dossier.surroundings.deployments)
    if not many:
        return []
    if any(verdict.rule == "DEP-01" for verdict in view.by_outcome(Outcome.FAIL)):
        told = say_count_line(
            "{count} deployment names no release: EXC-05 does not speak of it; it is told under DEP-01, see {where}.",
            "{count} deployments name no release: EXC-05 does not speak of them; they are told under DEP-01, see "
            "{where}.",
            many,
            where=link(card_anchor("DEP-01"), say("Deviation"), page=True),
        )
    else:
        told = say_count_line(
            "{count} deployment names no release: EXC-05 does not speak of it, see {where}.",
            "{count} deployments name no release: EXC-05 does not speak of them, see {where}.",
            many,
            where=link(RUNNING, say("Reconciliations"), page=True),
        )
    return [Paragraph(told)]


def _told(judged: tuple[Verdict, ...]) -> str:
    if not judged:
        return say("Whether something was passed over undeclared was not judged: the rule EXC-05 is off.")
    counts = tally(judged)
    return say(
        "Rule EXC-05, on changes, releases and the period itself: {failed} failed, {untold} cannot be told, {passed} "
        "passed, {inapplicable} not applicable.",
        failed=number(counts[Outcome.FAIL]),
        untold=number(counts[Outcome.NOT_EVALUABLE]),
        passed=number(counts[Outcome.PASS]),
        inapplicable=number(counts[Outcome.NOT_APPLICABLE]),
    )


def _stands(standing: Standing) -> Line:
    if standing is Standing.UNDECLARED:
        return line(status(Mark.FAIL, say("Not declared")))
    if standing is Standing.UNTOLD:
        return line(status(Mark.CANNOT_TELL))
    if standing is Standing.DECLARED:
        return line(say("an exception stands"))
    if standing is Standing.WATCHED:
        return line(quiet(say("the gate only watched")))
    return line(quiet(say("not judged") if standing is Standing.UNJUDGED else say("no bypass by EXC-05")))
