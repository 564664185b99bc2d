"""What happened when: a lane for each sort of event, from prompts to deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.rules.verdict import Outcome
from reports.parts import Happening, Timeline, words
from reports.release.said import received
from reports.say import say

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.release.view import View


def moments(view: View) -> Timeline:
    """The timeline by ledger time; landings of changes with a failure are ringed."""
    placed: dict[tuple[int, int], Happening] = {}

    def mark(record: Record, lane: int, *, hit: bool = False) -> None:
        placed.setdefault((lane, record.index), Happening(received(record), lane, hit))

    for change in view.changes:
        facts = change.facts
        for lane, records in enumerate(
            (
                [item.record for item in facts.prompts],
                [item.record for item in facts.revisions],
                [item.record for item in facts.runs],
                [item.record for item in facts.approvals],
            )
        ):
            for record in records:
                mark(record, lane)
        for landing in facts.landings:
            mark(landing.record, 4, hit=bool(change.of(Outcome.FAIL)))
    for run in view.dossier.runs:
        mark(run.record, 2)
    mark(view.dossier.record, 5)
    for fact in view.dossier.approvals:
        mark(fact.record, 3)
    for item in view.dossier.deployments:
        mark(item.record, 6)
    return Timeline(
        words(say("What happened when, by the ledger's time.")),
        tuple(
            map(
                words,
                (
                    say("Prompt"),
                    say("Diff"),
                    say("Test"),
                    say("Approval"),
                    say("Landing"),
                    say("Release"),
                    say("Deployment"),
                ),
            )
        ),
        tuple(placed[key] for key in sorted(placed)),
        words(say("Nothing happened that has a place in this pack.")),
    )
