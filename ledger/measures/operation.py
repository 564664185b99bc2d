"""What happened in production and at the gates: deployments, failures, incidents, exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.dossier.people import compare
from ledger.events.shape import instant
from ledger.measures.moments import ledger_moment, seconds_between
from ledger.measures.values import Tally, proportion, spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.digests import Digest
    from ledger.dossier.facts import DeployFact, ExceptionFact, Told
    from ledger.events.operation import Incident
    from ledger.measures.moments import Ground
    from ledger.measures.values import Proportion, Reason, Spread
    from ledger.records import Record

FAILED = ("failed", "rolled-back")


def landings(ground: Ground) -> Tally:
    """How often content landed on a protected branch."""
    dossier = ground.dossier
    found = [landing.record for change in dossier.changes for landing in change.landings]
    return _tally(ground, "landings", [*found, *(landing.record for landing in dossier.unplaced)])


def deployments(ground: Ground) -> Tally:
    """How often something was deployed to production successfully: DORA's deployment frequency."""
    found = [item.record for item in _production(ground) if item.deploy.status == "succeeded"]
    return _tally(ground, "deployments", found)


def change_failure(ground: Ground) -> Proportion:
    """Deployments to production that failed, were taken back or that an incident suspects: DORA's change fail rate."""
    groups: dict[tuple[str | None, str, Digest | None, int], list[DeployFact]] = {}
    for item in _production(ground):
        release = item.deploy.release
        # What names no release stands for itself: what else was told of it cannot be found.
        alone = item.record.index if release is None else 0
        key = (item.record.event.context.project, item.deploy.service, release, alone)
        groups.setdefault(key, []).append(item)
    releases, changes = _suspected(ground)
    found = (_failed(items, releases, changes, ground) for items in groups.values())
    return proportion("change-failure", found)


def time_to_restore(ground: Ground) -> Spread:
    """From an incident's opening in the period to its closing: DORA's time to restore."""
    return spread("time-to-restore", "seconds", map(_restored, _incidents(ground)))


def gates_blocked(ground: Ground, gate: str) -> Proportion:
    """Answers of a gate that were ``blocked``."""
    found = (item.body.outcome == "blocked" for item in ground.dossier.surroundings.gates if item.body.gate == gate)
    return proportion(f"{gate}-gate-blocked", found)


def exceptions(ground: Ground) -> Tally:
    """How often an exception was declared."""
    return _tally(ground, "exceptions", [item.record for item in ground.dossier.surroundings.exceptions])


def landed_under_exception(ground: Ground) -> Proportion:
    """Changes for which an exception was declared."""
    return proportion("landed-under-exception", (bool(change.exceptions) for change in ground.dossier.changes))


def exception_review(ground: Ground) -> Spread:
    """From the declaration of an exception to its review by another person."""
    found = (_reviewed(item) for item in ground.dossier.surroundings.exceptions)
    return spread("exception-review", "seconds", found)


def _tally(ground: Ground, identifier: str, records: Iterable[Record]) -> Tally:
    dossier = ground.dossier
    happened = {record.index: record for record in records}
    entries = dossier.records.entries
    shown = [record.leaf.received_at for record in entries if dossier.first <= record.index < dossier.end]
    length = (instant(shown[-1]) - instant(shown[0])).total_seconds() if shown else 0
    # Whoever names days asks for these days: nothing happened on those before the first entry, and that counts too.
    length = length if ground.seconds is None else ground.seconds
    days = {record.leaf.received_at[:10] for record in happened.values()}
    return Tally(identifier, len(happened), len(days), int(length))


def _production(ground: Ground) -> tuple[DeployFact, ...]:
    found = ground.dossier.surroundings.deployments
    return tuple(item for item in found if item.deploy.environment in ground.environments)


def _suspected(ground: Ground) -> tuple[set[Digest], set[tuple[str | None, str]]]:
    """Releases and changes that an incident suspects, unless its last word is that no change caused it."""
    releases: set[Digest] = set()
    changes: set[tuple[str | None, str]] = set()
    for items in _incidents(ground, opened=False):
        if items[-1].body.cause == "other":
            continue
        for item in items:
            for suspect in item.body.suspects:
                if suspect.release is not None:
                    releases.add(suspect.release)
                if suspect.change is not None:
                    changes.add((item.record.event.context.project, suspect.change))
    return releases, changes


def _failed(
    items: list[DeployFact], releases: set[Digest], changes: set[tuple[str | None, str]], ground: Ground
) -> bool | Reason:
    release = items[0].deploy.release
    if any(item.deploy.status in FAILED for item in items) or release in releases:
        return True
    if release is None:
        return "no-release-named"
    held = next((item for item in ground.dossier.releases if item.record.envelope == release), None)
    if held is not None and any((change.project, change.id) in changes for change in held.changes):
        return True
    return False if any(item.deploy.status == "succeeded" for item in items) else "still-open"


def _incidents(ground: Ground, *, opened: bool = True) -> list[list[Told[Incident]]]:
    """What was told of each incident in production; with ``opened`` of those whose opening the period holds."""
    groups: dict[tuple[str | None, str], list[Told[Incident]]] = {}
    for item in ground.dossier.surroundings.incidents:
        groups.setdefault((item.record.event.context.project, item.body.incident), []).append(item)
    return [
        items
        for items in groups.values()
        if any(item.body.environment is None or item.body.environment in ground.environments for item in items)
        and (not opened or items[0].body.state == "opened")
    ]


def _restored(items: list[Told[Incident]]) -> int | Reason:
    if items[-1].body.state != "closed":
        return "still-open"
    # One that was opened again is restored when it was closed for good.
    last_open = max(place for place, item in enumerate(items) if item.body.state != "closed")
    return seconds_between(ledger_moment(items[0].record), ledger_moment(items[last_open + 1].record))


def _reviewed(item: ExceptionFact) -> int | Reason:
    for fact in item.decisions:
        if fact.approval.meaning != "review":
            continue
        match compare(fact.approver, item.requester):
            case "no":
                return seconds_between(ledger_moment(item.record), ledger_moment(fact.record))
            case "unknown":
                return "unknown-person"
            case "yes":
                pass
    return "not-reviewed"
