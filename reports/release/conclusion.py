"""The conclusion: outcomes counted by objective, then everything that failed or cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import (
    Bullets,
    Figure,
    Figures,
    Heading,
    Line,
    Paragraph,
    Section,
    line,
    say_count_line,
    say_line,
    words,
)
from reports.release.against import failed_runs, unplaced_heads
from reports.release.cards import MOST_CARDS, card, findings, further
from reports.release.done import beside
from reports.release.entries import shown_entries
from reports.release.excepted import looked_at
from reports.release.objectives import objectives
from reports.release.places import place
from reports.release.view import MARKS, View
from reports.say import say, say_count
from reports.wording import SHORT, number, share

if TYPE_CHECKING:
    from reports.parts import Block

ANCHOR: Final = "conclusion"
FAILURES: Final = "failures"
"""Anchor of the cards."""


def tally(view: View) -> tuple[tuple[Outcome, int], ...]:
    """How many verdicts came out how, gravest first."""
    return tuple((outcome, len(view.by_outcome(outcome))) for outcome in MARKS)


def conclusion(view: View) -> Section:
    """The section."""
    found = findings(view)
    shown = shown_entries(view)
    blocks: list[Block] = [_figures(view), *objectives(view), *_beside(view)]
    blocks.append(Heading(words(say("What failed, then what cannot be told, the gravest first")), FAILURES))
    if found:
        blocks += (card(view, one, nth, shown) for nth, one in enumerate(found[:MOST_CARDS], start=1))
    else:
        blocks.append(Paragraph(line(say("Nothing failed, and nothing that the policy asks for was left open."))))
    if len(found) > MOST_CARDS:
        blocks.append(further(view, found[MOST_CARDS:]))
    return Section(
        ANCHOR,
        "2",
        words(say("Conclusion")),
        words(say("Which rules held for this release, and which did not?")),
        _lede(view),
        tuple(blocks),
    )


def _lede(view: View) -> Line:
    counts = dict(tally(view))
    told = say_count(
        "{count} verdict: {failed} Fail, {untold} Cannot tell, {passed} Pass, {rest} Not applicable.",
        "{count} verdicts: {failed} Fail, {untold} Cannot tell, {passed} Pass, {rest} Not applicable.",
        len(view.verdicts),
        failed=number(counts[Outcome.FAIL]),
        untold=number(counts[Outcome.NOT_EVALUABLE]),
        passed=number(counts[Outcome.PASS]),
        rest=number(counts[Outcome.NOT_APPLICABLE]),
    )
    return line(" ".join(filter(None, (told, excepted_failures(view)))))


def excepted_failures(view: View) -> str:
    """How many failures stand beside declared exceptions, and how many of these nobody reviewed; else nothing."""
    failed = view.by_outcome(Outcome.FAIL)
    beside_one = [verdict for verdict in failed if verdict.excepted_by]
    if not beside_one:
        return ""
    found = beside(view, beside_one)
    many = share(len(beside_one), len(failed))
    without = sum(not looked_at(item) for item in found)
    if not without:
        return say_count(
            "{many} failures stand beside {count} declared exception, which was reviewed afterwards.",
            "{many} failures stand beside {count} declared exceptions, each of which was reviewed afterwards.",
            len(found),
            many=many,
        )
    if len(found) == 1:
        return say("{many} failures stand beside 1 declared exception, which is not reviewed.", many=many)
    exceptions = say_count("{count} declared exception", "{count} declared exceptions", len(found))
    return say_count(
        "{many} failures stand beside {exceptions}, {count} of them not reviewed.",
        "{many} failures stand beside {exceptions}, {count} of them not reviewed.",
        without,
        many=many,
        exceptions=exceptions,
    )


def released_commit(view: View) -> str:
    """That the released commit itself belongs to no recorded change, where it does not; else nothing."""
    heads = unplaced_heads(view)
    if not heads:
        return ""
    return say_count(
        "The released commit itself, {commits}, was landed by no recorded change.",
        "{count} released commits, {commits}, were landed by no recorded change.",
        len(heads),
        commits=", ".join(one.commit.id[:SHORT] for one in heads),
    )


def _beside(view: View) -> list[Block]:
    """What the records show and no rule judged, or judged under another name: a sentence each."""
    failed = failed_runs(view)
    told: list[Line] = []
    if head := released_commit(view):
        told.append((*line(head, " "), *say_line("See {section}.", section=place("completeness"))))
    if failed:
        told.append(
            say_count_line(
                "{count} test run on the released commit or its tree failed. It belongs to no change, so no rule "
                "judges it; see {section}.",
                "{count} test runs on the released commit or its tree failed. They belong to no change, so no rule "
                "judges them; see {section}.",
                failed,
                section=place("tests"),
            )
        )
    return [Bullets(tuple(told))] if told else []


def _figures(view: View) -> Figures:
    clean = [
        change
        for change in view.changes
        if not change.of(Outcome.FAIL) and not change.of(Outcome.NOT_EVALUABLE) and change.of(Outcome.PASS)
    ]
    approved = [
        change
        for change in view.changes
        if any(verdict.rule == "SOD-01" and verdict.outcome is Outcome.PASS for verdict in change.verdicts)
    ]
    whole = words(say("of {count}", count=number(len(view.changes))))
    found = view.verification
    return Figures(
        (
            Figure(words(number(len(view.changes))), words(say("changes in the release"))),
            Figure(words(number(len(clean))), words(say("with every rule that applies passed")), whole),
            Figure(words(number(len(approved))), words(say("approved by independent people (SOD-01)")), whole),
            Figure(
                words(number(found.signature_count)),
                words(say("signatures that verify, of the entries attached")),
                words(say("of {count}", count=number(found.entry_count))),
            ),
        )
    )
