"""Bypasses: what was pushed, forced, deleted or landed past a protection or a shut gate, declared or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.parts import Heading, Mark, Row, Table, line, words
from reports.period.shown import cut
from reports.release.said import columns, ledger_time, listed_names, status
from reports.say import say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Party, Told
    from ledger.events.forge import Push
    from ledger.records import Record
    from reports.parts import Block
    from reports.period.view import PeriodView

MOST: Final = 25
"""Rows printed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """A rule passed over, declared or not, as a forge, a gate or the ledger itself shows it."""

    record: Record
    what: str
    who: Party
    declared: bool
    """Whether an exception was declared for the change, so far as it is known of which."""


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
        (
            item.record,
            say(
                "the {gate} gate was shut by {rules}",
                gate=item.body.gate,
                rules=", ".join(one.rule for one in item.body.blocking),
            ),
            item.actor,
        )
        for item in around.gates
        if item.body.outcome == "blocked"
    ]
    excepted = {(change.facts.project, change.facts.id) for change in view.changes if change.facts.exceptions}
    return tuple(
        Bypass(record, what, who, (record.event.context.project, record.event.context.about.change) in excepted)
        for record, what, who in sorted(signs, key=lambda sign: sign[0].index)
    )


def _passed_over(push: Told[Push]) -> str | None:
    """What a push passed over; None if nothing."""
    if push.body.bypass is not None:
        return say("passed over {protection}", protection=push.body.bypass)
    if push.body.forced:
        return say("pushed by force to {ref}", ref=push.body.ref)
    return say("deleted {ref}", ref=push.body.ref) if push.body.after is None else None


def bypass_blocks(passed: tuple[Bypass, ...]) -> list[Block]:
    """The table."""
    shown, rest = cut(
        tuple(
            Row(
                (
                    line(number(item.record.index)),
                    line(ledger_time(item.record)),
                    line(capture(item.what, limit=200)),
                    listed_names((item.who,)),
                    line(say("an exception stands")) if item.declared else line(status(Mark.FAIL, say("Not declared"))),
                ),
                hit=not item.declared,
            )
            for item in passed
        ),
        MOST,
        "entries",
    )
    return [
        Heading(words(say("Bypasses, declared or not"))),
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
