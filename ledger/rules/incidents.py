"""Incidents in production: what they may have come from, and how they were closed: INC-01 and INC-02."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.rules.kinds import LABELS, at_least
from ledger.rules.shape import (
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    ReleaseCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import is_late, texts_missing
from ledger.rules.wording import at_utc, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import Told
    from ledger.events.operation import Incident
    from ledger.records import Record, Records

SUSPECTED: Final = "an incident in production is recorded"
CLOSED: Final = "an incident in production was closed"


def inc_01(case: PeriodCase) -> Finding:
    """INC-01: every incident in production names what it is suspected to come from, or says why nothing is."""
    found = _by_incident(case.dossier.surroundings.incidents, case.settings)
    if not found:
        return inapplicable(SUSPECTED)
    return gravest(_named(case, items) for items in found)


def _named(case: PeriodCase, items: Sequence[Told[Incident]]) -> Finding:
    hours = cast("int", case.settings["named_hours"])
    first, inputs = items[0], _inputs(items)
    due = instant(first.record.leaf.received_at) + timedelta(hours=hours)
    naming, unread = _naming(case.dossier.records, items)
    if naming is None:
        return _unnamed(case, first, inputs, unread)
    says = f"names {_suspects(naming)}" if naming.body.suspects else "says why nothing is suspected"
    told = f"Incident {first.body.incident} {says} (entry {naming.record.index})"
    late = [item.record for item in (first, naming) if is_late(item.record)]
    if naming is not first and late:
        return untold(map(_afterwards, late), inputs)
    if naming is first or instant(naming.record.leaf.received_at) <= due:
        return passed(f"{told}.", inputs)
    return (
        untold(unread, inputs)
        if unread
        else failed(f"{told}, later than within {counted(hours, 'hour', 'hours')}.", inputs)
    )


def _naming(records: Records, items: Sequence[Told[Incident]]) -> tuple[Told[Incident] | None, tuple[str, ...]]:
    """The first event that names something or says why nothing is; clauses on earlier ones that may have, unread."""
    unread: list[str] = []
    for item in items:
        if item.body.suspects:
            return item, tuple(unread)
        if item.body.cause == "other":
            empty, clauses = texts_missing(records, item.record, [("reason", "the reason")])
            if not empty and not clauses:
                return item, tuple(unread)
            unread += clauses
    return None, tuple(unread)


def _unnamed(case: PeriodCase, first: Told[Incident], inputs: Sequence[NamedRecord], unread: Sequence[str]) -> Finding:
    hours = cast("int", case.settings["named_hours"])
    due = instant(first.record.leaf.received_at) + timedelta(hours=hours)
    what = f"incident {first.body.incident}"
    missing = [*unread, *([_afterwards(first.record)] if is_late(first.record) else [])]
    if missing:
        return untold(missing, inputs)
    if instant(case.as_of) <= due:
        return untold((f"{what} names neither a release nor a change yet; that is due {at_utc(due)}",), inputs)
    return failed(
        f"Within {counted(hours, 'hour', 'hours')} {what} named neither a release nor a change, nor said why there is "
        "none.",
        inputs,
    )


def _suspects(item: Told[Incident]) -> str:
    changes = [f"change {suspect.change}" for suspect in item.body.suspects if suspect.change is not None]
    releases = ["a release"] * any(suspect.release is not None for suspect in item.body.suspects)
    return listed([*changes[:5], *releases])


def inc_02_period(case: PeriodCase) -> Finding:
    """INC-02: every closed incident was reviewed, and the change that mends it is named."""
    return _closed(case.dossier.records, case.dossier.surroundings.incidents, case.settings)


def inc_02_release(case: ReleaseCase) -> Finding:
    """INC-02 of a release: of the incidents that suspect it or one of its changes."""
    return _closed(case.dossier.records, case.dossier.incidents, case.settings)


def _closed(records: Records, incidents: Iterable[Told[Incident]], settings: Mapping[str, JSON]) -> Finding:
    found = [items for items in _by_incident(incidents, settings) if any(item.body.state == "closed" for item in items)]
    if not found:
        return inapplicable(CLOSED)
    return gravest(_settled(records, items) for items in found)


def _settled(records: Records, items: Sequence[Told[Incident]]) -> Finding:
    what, inputs = f"Incident {items[0].body.incident}", _inputs(items)
    last = items[-1]
    if len(items) > 1 and any(is_late(item.record) for item in items) and _open_when_reordered(items):
        late = next(item.record for item in items if is_late(item.record))
        return untold((f"whether {what.lower()} is closed is open, as {_afterwards(late)}",), inputs)
    if last.body.state != "closed":
        return inapplicable(CLOSED, inputs)
    empty: list[str] = []
    unread: list[str] = []
    # What was said of it before it was closed counts: a review is not written twice.
    stated = [texts_missing(records, item.record, [("review", "its review")]) for item in items]
    if not any(found == ((), ()) for found in stated):
        unread += [clause for _, clauses in stated for clause in clauses]
        empty += [] if unread else ["its review"]
    changes = [item.body.corrective for item in items if item.body.corrective is not None]
    if last.body.cause == "change" and not changes:
        empty.append("the change that mends it")
    if empty:
        return failed(f"{what} was closed in entry {last.record.index} without {listed(empty)}.", inputs)
    if unread:
        return untold(unread, inputs)
    mended = f"; change {changes[-1]} mends it" if changes else "; no change had caused it"
    mended = mended if changes or last.body.cause == "other" else ""
    return passed(f"{what} was closed in entry {last.record.index} with its review{mended}.", inputs)


def _open_when_reordered(items: Sequence[Told[Incident]]) -> bool:
    return any(item.body.state != "closed" for item in items)


def _by_incident(incidents: Iterable[Told[Incident]], settings: Mapping[str, JSON]) -> list[list[Told[Incident]]]:
    """What was told of each incident in the policy's environments, or in none that is named, by its first entry."""
    environments = cast("list[str]", settings["environments"])
    groups: dict[tuple[str | None, str], list[Told[Incident]]] = {}
    for item in incidents:
        groups.setdefault((item.record.event.context.project, item.body.incident), []).append(item)
    return [
        items
        for items in groups.values()
        if any(item.body.environment is None or item.body.environment in environments for item in items)
    ]


def _afterwards(record: Record) -> str:
    return f"entry {record.index} was only recorded afterwards"


def _inputs(items: Iterable[Told[Incident]]) -> list[NamedRecord]:
    return [("incident", item.record) for item in items]


_ENVIRONMENTS: Final = Parameter(
    "environments", ["production"], LABELS, "The environments of which incidents count; one that names none counts too."
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "INC-01",
        "Incidents name what they may come from",
        "Every recorded incident named in time a release or change that it may come from, or said why there is none.",
        parameters=(
            _ENVIRONMENTS,
            Parameter(
                "named_hours", 72, at_least(1), "Within how many hours an incident must say what it may come from."
            ),
        ),
        period=inc_01,
    ),
    Rule(
        "INC-02",
        "Incidents are closed with a review",
        "Every closed incident has its review and, where a change caused it, the change that mends it.",
        release=inc_02_release,
        parameters=(_ENVIRONMENTS,),
        period=inc_02_period,
    ),
)
