"""What happened when: a lane for each sort of event, from prompts to deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports.parts import Happening, Timeline, words
from reports.release.population import loose_landings
from reports.release.said import received
from reports.say import say, to_say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ExceptionFact
    from ledger.records import Record
    from reports.release.view import View


_LANES: Final = (
    to_say("Prompt"),
    to_say("Diff"),
    to_say("Test"),
    to_say("Approval"),
    to_say("Landing"),
    to_say("Release"),
    to_say("Deployment"),
    to_say("Exception"),
)
PROMPT, DIFF, TEST, APPROVAL, LANDING, RELEASE, DEPLOYMENT, EXCEPTION = range(len(_LANES))


def moments(view: View) -> Timeline:
    """The timeline by ledger time; framed are landings of changes that did not hold, and those without a change."""
    placed: dict[tuple[int, int], Happening] = {}

    def mark(lane: int, records: Iterable[Record], *, hit: bool = False) -> None:
        for record in records:
            placed.setdefault((lane, record.index), Happening(received(record), lane, hit))

    for change in view.changes:
        facts = change.facts
        mark(PROMPT, (item.record for item in facts.prompts))
        mark(DIFF, (item.record for item in facts.revisions))
        mark(TEST, (item.record for item in facts.runs))
        mark(APPROVAL, (item.record for item in facts.approvals))
        mark(EXCEPTION, _told(facts.exceptions))
        open_ = bool(change.of(Outcome.FAIL) or change.of(Outcome.NOT_EVALUABLE))
        mark(LANDING, (item.there_by for item in facts.landings), hit=open_)
    mark(LANDING, (record for record, _ in loose_landings(view)), hit=True)
    mark(TEST, (run.record for run in view.dossier.runs))
    mark(RELEASE, (view.dossier.record,))
    mark(APPROVAL, (fact.record for fact in view.dossier.approvals))
    mark(EXCEPTION, _told(view.dossier.exceptions))
    mark(DEPLOYMENT, (item.record for item in view.dossier.deployments))
    # Where no exception was declared its lane would only ask what it is for; last, it moves no other lane's marks.
    lanes = _LANES if any(lane == EXCEPTION for lane, _ in placed) else _LANES[:EXCEPTION]
    return Timeline(
        words(
            say(
                "What happened when, by the ledger's time. With “!”: landings that belong to no change, or to one of "
                "which something failed or cannot be told; the conclusion says what."
            )
            if any(one.hit for one in placed.values())
            else say("What happened when, by the ledger's time.")
        ),
        tuple(words(say(lane)) for lane in lanes),
        tuple(placed[key] for key in sorted(placed)),
        words(say("Nothing happened that has a place in this pack.")),
    )


def _told(items: Iterable[ExceptionFact]) -> Iterable[Record]:
    for item in items:
        yield item.record
        yield from (fact.record for fact in item.decisions)
