"""Kinds that speak for themselves, read into facts: of a change, of a release, of whole projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ledger.dossier.decisions import arrange_decisions
from ledger.dossier.facts import DeployFact, ExceptionFact, Surroundings, Told
from ledger.dossier.reading import ChangeKey, Entries, by_index, read_text
from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ControlSnapshot, Push
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
from ledger.events.work import Deploy
from ledger.records import Absent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ledger.digests import Digest
    from ledger.dossier.facts import ApprovalFact, Landing, Revision
    from ledger.events.work import Release
    from ledger.records import Record

T = TypeVar("T")


def told(entries: Entries, records: Iterable[Record], cls: type[T]) -> tuple[Told[T], ...]:
    """Those of ``records`` whose body is a ``cls``, each once, ascending by index."""
    return tuple(
        Told(record, record.event.body, entries.people.actor(record))
        for record in by_index(records)
        if isinstance(record.event.body, cls)
    )


def exception_facts(entries: Entries, records: Iterable[Record]) -> tuple[ExceptionFact, ...]:
    """The exceptions among ``records`` with what people decided about each, ascending by index."""
    return tuple(
        ExceptionFact(
            record,
            record.event.body,
            entries.people.actor(record),
            Absent("missing") if (reason := read_text(entries, record, "reason")) is None else reason,
            arrange_decisions(entries, entries.exception_approvals[record.envelope]),
        )
        for record in by_index(records)
        if isinstance(record.event.body, DeclaredException)
    )


def deploy_facts(entries: Entries, records: Iterable[Record]) -> tuple[DeployFact, ...]:
    """The deployments among ``records``, ascending by index."""
    return tuple(
        DeployFact(record, record.event.body, entries.people.actor(record))
        for record in by_index(records)
        if isinstance(record.event.body, Deploy)
    )


def pushes_of(entries: Entries, key: ChangeKey, revisions: Collection[Revision]) -> tuple[Told[Push], ...]:
    """Pushes about a change, or of a head of one of its revisions."""
    heads = {revision.diff.head for revision in revisions}
    pushed = (
        record
        for record in entries.told["push", key[0]]
        if isinstance(record.event.body, Push) and record.event.body.after in heads
    )
    return told(entries, [*entries.told_about["push", key], *pushed], Push)


def scans_of(
    entries: Entries,
    key: ChangeKey,
    revisions: Collection[Revision],
    landings: Collection[Landing],
    prompts: Collection[Digest],
) -> tuple[Told[Scan], ...]:
    """Scans about a change, on a tree of one of its revisions or landings, or of its prompts."""
    trees = {revision.diff.tree for revision in revisions} | {landing.merge.tree for landing in landings}
    return told(
        entries,
        [*entries.told_about["scan", key], *_scans(entries, key[0], trees, prompts)],
        Scan,
    )


def _scans(entries: Entries, project: str, trees: Collection[str], prompts: Collection[Digest]) -> list[Record]:
    return [
        record
        for record in entries.told["scan", project]
        if isinstance(scan := record.event.body, Scan) and (scan.tree in trees or set(scan.prompts) & set(prompts))
    ]


def scans_on(
    entries: Entries, trees: Iterable[tuple[str, str]], passed_over: Collection[int]
) -> tuple[Told[Scan], ...]:
    """Scans on ``trees`` (project and tree), without those whose indexes are ``passed_over``."""
    found = [record for project, tree in trees for record in _scans(entries, project, {tree}, ())]
    return told(entries, (record for record in found if record.index not in passed_over), Scan)


def incidents_of_change(entries: Entries, key: ChangeKey) -> tuple[Told[Incident], ...]:
    """Incidents of the project that suspect the change, or that it mends, or that are about it."""
    found = list(entries.told_about["incident", key])
    for record in entries.told["incident", key[0]]:
        body = record.event.body
        if isinstance(body, Incident) and (
            body.corrective == key[1] or any(suspect.change == key[1] for suspect in body.suspects)
        ):
            found.append(record)
    return told(entries, found, Incident)


def incidents_of_release(
    entries: Entries, projects: Iterable[str], release: Digest, changes: Collection[ChangeKey]
) -> tuple[Told[Incident], ...]:
    """Incidents that suspect the release or one of its changes."""
    found = [
        record
        for project in projects
        for record in entries.told["incident", project]
        if isinstance(body := record.event.body, Incident)
        and any(
            suspect.release == release or (suspect.change is not None and (project, suspect.change) in changes)
            for suspect in body.suspects
        )
    ]
    return told(entries, found, Incident)


def builds_of(entries: Entries, projects: Iterable[str], release: Release) -> tuple[Told[Build], ...]:
    """Builds of a commit at which a source ends, or of an artifact of the release."""
    commits = {source.commit for source in release.sources}
    artifacts = {artifact.sha256 for artifact in release.artifacts}
    found = [
        record
        for project in projects
        for record in entries.told["build", project]
        if isinstance(body := record.event.body, Build)
        and (body.commit in commits or artifacts & {artifact.sha256 for artifact in body.artifacts})
    ]
    return told(entries, found, Build)


def observations_of(
    entries: Entries, projects: Iterable[str], release: Digest, deployments: Collection[DeployFact]
) -> tuple[Told[Observation], ...]:
    """Observations that name the release, or saw a service where it was deployed, afterwards."""
    first: dict[tuple[str, str], int] = {}
    for item in deployments:
        first.setdefault((item.deploy.service, item.deploy.environment), item.record.index)
    found = [
        record
        for project in projects
        for record in entries.told["observation", project]
        if isinstance(body := record.event.body, Observation)
        and (body.release == release or record.index > first.get((body.service, body.environment), record.index))
    ]
    return told(entries, found, Observation)


def corrections_of(entries: Entries, records: Iterable[Record]) -> tuple[Told[Correction], ...]:
    """Corrections of any of ``records``."""
    found = [item for record in by_index(records) for item in entries.corrections[record.envelope]]
    return told(entries, found, Correction)


def access_reviews(entries: Entries, records: Iterable[Record]) -> tuple[ApprovalFact, ...]:
    """Access reviews among ``records``, each with whether it stands, ascending by index.

    Each is of the project that it is in: whoever reviews the access of two has not taken the first review back.
    """
    of_project: dict[str, list[Record]] = {}
    for record in by_index(records):
        of_project.setdefault(record.leaf.stream, []).append(record)
    found = [fact for reviews in of_project.values() for fact in arrange_decisions(entries, reviews)]
    return tuple(sorted(found, key=lambda fact: fact.record.index))


def surroundings(entries: Entries, projects: Collection[str], first: int, end: int) -> Surroundings:
    """What was recorded around changes of ``projects`` in entries from ``first`` up to, not including, ``end``."""
    asked = (tuple(projects), first, end)
    if asked not in entries.around:
        entries.around[asked] = _read(entries, *asked)
    return entries.around[asked]


def _read(entries: Entries, projects: tuple[str, ...], first: int, end: int) -> Surroundings:
    def of(kind: str) -> list[Record]:
        return [record for project in projects for record in entries.told[kind, project] if first <= record.index < end]

    return Surroundings(
        pushes=told(entries, of("push"), Push),
        snapshots=told(entries, of("control-snapshot"), ControlSnapshot),
        heartbeats=told(entries, of("heartbeat"), Heartbeat),
        access_reviews=access_reviews(entries, of("access")),
        deployments=deploy_facts(entries, of("deploy")),
        observations=told(entries, of("observation"), Observation),
        incidents=told(entries, of("incident"), Incident),
        exceptions=exception_facts(entries, of("exception")),
        gates=told(entries, of("decision"), GateDecision),
        corrections=told(entries, of("correction"), Correction),
        packs=told(entries, of("pack"), Pack),
        reconciliations=told(entries, of("reconciliation"), Reconciliation),
    )
