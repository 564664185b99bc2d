"""How the record itself was kept: events that were made when they were sent, and corrections: LED-05 and LED-06."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.events.shape import instant
from ledger.rules.kinds import at_least
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    ReleaseCase,
    Rule,
    failed,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import is_late
from ledger.rules.wording import at_most, capital, counted, listed, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import ChangeFacts, ExceptionFact, PeriodDossier, ReleaseDossier, Told
    from ledger.events.governance import Correction
    from ledger.records import Record

RECORDED: Final = "an event is recorded that was not brought afterwards"
CORRECTED: Final = "an event was corrected"


def led_05_change(case: ChangeCase) -> Finding:
    """LED-05: the events of the change entered the ledger when they say that they happened."""
    return _contemporaneous(_of_change(case.change), case.settings)


def led_05_release(case: ReleaseCase) -> Finding:
    """LED-05 of a release: of its own events, without those of its changes."""
    return _contemporaneous(_of_release(case.dossier), case.settings)


def led_05_period(case: PeriodCase) -> Finding:
    """LED-05 of a period: of what was told around its changes and releases."""
    return _contemporaneous(_of_period(case.dossier), case.settings)


def _contemporaneous(events: Sequence[NamedRecord], settings: Mapping[str, JSON]) -> Finding:
    lag = timedelta(minutes=cast("int", settings["lag_minutes"]))
    ahead = timedelta(minutes=cast("int", settings["ahead_minutes"]))
    # Whoever brings history says so: such an event does not claim to have been sent when it happened.
    claiming = [(name, record) for name, record in events if not is_late(record)]
    if not claiming:
        if events:
            return untold((f"entry {record.index} was only recorded afterwards" for _, record in events), events)
        return inapplicable(RECORDED)
    apart = [
        (name, record, instant(record.leaf.received_at) - instant(record.event.context.occurred_at))
        for name, record in claiming
    ]
    wrong = [(name, record, gap) for name, record, gap in apart if gap > lag or gap < -ahead]
    if not wrong:
        number = counted(len(claiming), "event", "events")
        most = at_most(max(abs(gap) for _, _, gap in apart))
        return passed(f"Claimed and ledger time of {number} lie no further apart than allowed ({most}).", claiming)
    told = [
        f"entry {record.index} says that it happened {span(abs(gap))} "
        f"{'before' if gap > timedelta() else 'after'} it entered the ledger"
        for _, record, gap in wrong
    ]
    shown = told if len(told) <= 3 else [*told[:3], f"{len(told) - 3} more of the kind"]
    return failed(f"{capital(listed(shown))}.", [(name, record) for name, record, _ in wrong])


def _of_change(change: ChangeFacts) -> list[NamedRecord]:
    found: list[NamedRecord] = [("diff", item.record) for item in change.revisions]
    found += [("prompt", item.record) for item in change.prompts]
    found += [("approval", item.record) for item in change.approvals]
    found += [("test", item.record) for item in change.runs]
    found += [("merge", item.record) for item in change.landings]
    found += [("change", item.record) for item in change.states]
    found += _told((*change.pushes, *change.notes, *change.scans, *change.gates, *change.corrections))
    return found + _of_exceptions(change.exceptions)


def _of_release(dossier: ReleaseDossier) -> list[NamedRecord]:
    found: list[NamedRecord] = [("release", dossier.record)]
    found += [("approval", item.record) for item in dossier.approvals]
    found += [("deploy", item.record) for item in dossier.deployments]
    found += [("test", item.record) for item in dossier.runs]
    found += _told((*dossier.builds, *dossier.observations, *dossier.scans, *dossier.gates))
    return found + _of_exceptions(dossier.exceptions)


def _of_period(dossier: PeriodDossier) -> list[NamedRecord]:
    around = dossier.surroundings
    found: list[NamedRecord] = [("merge", landing.record) for landing in dossier.unplaced]
    found += [("deploy", item.record) for item in around.deployments]
    found += [("approval", item.record) for item in around.access_reviews]
    found += _told((*around.pushes, *around.snapshots, *around.heartbeats, *around.observations))
    found += _told((*around.incidents, *around.gates, *around.corrections))
    return found + _of_exceptions(around.exceptions)


def _told(items: Iterable[Told[Any]]) -> list[NamedRecord]:
    return [(item.record.event.kind, item.record) for item in items]


def _of_exceptions(items: Iterable[ExceptionFact]) -> list[NamedRecord]:
    found: list[NamedRecord] = []
    for item in items:
        found += [("exception", item.record), *(("approval", fact.record) for fact in item.decisions)]
    return found


def led_06_change(case: ChangeCase) -> Finding:
    """LED-06: what was corrected is at hand beside its correction."""
    return _beside(case.records.entries, case.change.corrections, whole=True)


def led_06_period(case: PeriodCase) -> Finding:
    """LED-06 of a period: of all its corrections."""
    dossier = case.dossier
    whole = whole_streams(dossier)
    return _beside(dossier.records.entries, dossier.surroundings.corrections, whole=whole)


def whole_streams(dossier: PeriodDossier) -> bool:
    """Whether the projects' streams are at hand from their first entry on, so that what is not there is nowhere."""
    first: dict[str, int] = {}
    for record in dossier.records.entries:
        first.setdefault(record.leaf.stream, record.leaf.stream_index)
    return all(first.get(project, 0) == 0 for project in dossier.projects)


def _beside(entries: Sequence[Record], corrections: Sequence[Told[Correction]], *, whole: bool) -> Finding:
    if not corrections:
        return inapplicable(CORRECTED)
    wanted = {item.body.corrects for item in corrections}
    at_hand = {record.envelope: record for record in entries if record.envelope in wanted}
    inputs: list[NamedRecord] = [("correction", item.record) for item in corrections]
    inputs += [("corrected", record) for record in at_hand.values()]
    dangling = [item.record.index for item in corrections if item.body.corrects not in at_hand]
    if dangling:
        told = [f"what entry {index} corrects is not at hand" for index in dangling]
        return failed(f"{capital(listed(told))}.", inputs) if whole else untold(told, inputs)
    pairs = [f"entry {item.record.index} corrects entry {at_hand[item.body.corrects].index}" for item in corrections]
    shown = pairs if len(pairs) <= 5 else [*pairs[:5], f"{len(pairs) - 5} more of the kind"]
    return passed(f"{capital(listed(shown))}; both stand, and rules go by the earlier one.", inputs)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LED-05",
        "Events are recorded when they happen",
        "No event claims to have happened much earlier or later than it entered the ledger.",
        led_05_change,
        led_05_release,
        parameters=(
            Parameter(
                "lag_minutes", 60, at_least(0), "How many minutes after it happened an event may enter the ledger."
            ),
            Parameter(
                "ahead_minutes", 5, at_least(0), "How many minutes a sender's clock may be ahead of the ledger's."
            ),
        ),
        period=led_05_period,
    ),
    Rule(
        "LED-06",
        "Corrections hide nothing",
        "Every corrected event is at hand beside its correction.",
        led_06_change,
        period=led_06_period,
    ),
)
