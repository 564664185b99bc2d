"""Dossiers from records: one release with all its changes, or one change on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.dossier.changes import change_facts, run_facts
from ledger.dossier.decisions import arrange_decisions
from ledger.dossier.facts import (
    ApprovalFact,
    ChangeDossier,
    ChangeFacts,
    ExceptionFact,
    Landing,
    Party,
    PeriodDossier,
    ReleaseDossier,
    RunFact,
    Surroundings,
)
from ledger.dossier.landings import landings_of, landings_of_change
from ledger.dossier.reading import ChangeKey, Entries, arrange
from ledger.dossier.releases import place_source, release_trees, runs_of_release
from ledger.dossier.surroundings import (
    builds_of,
    deploy_facts,
    exception_facts,
    incidents_of_release,
    observations_of,
    scans_on,
    surroundings,
    told,
)
from ledger.errors import NotFoundError
from ledger.events.evidence import Pack
from ledger.events.governance import DeclaredException, GateDecision
from ledger.events.work import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized

    from ledger.digests import Digest
    from ledger.records import Record, Records


def build_change(records: Records, project: str, change: str) -> ChangeDossier:
    """Everything that ``records`` hold about one change, landed or not.

    Raises:
        NotFoundError: ``no-such-change``; no event of the project is about it.
    """
    entries = arrange(records)
    key = (project, change)
    landings = landings_of_change(entries, key)
    facts = change_facts(entries, key, landings)
    recorded: tuple[Sized, ...] = (
        *(facts.revisions, facts.approvals, facts.runs, facts.landings, facts.prompts, facts.attestations),
        *(facts.states, facts.pushes, facts.notes, facts.scans, facts.exceptions, facts.gates, facts.incidents),
    )
    if not any(map(len, recorded)):
        raise NotFoundError(
            "no-such-change",
            "no event of this project is about such a change",
            details={"project": project, "change": change, "position": records.position},
        )
    return ChangeDossier(records, facts, _parties(entries, (facts,), ()))


def build_release(records: Records, release: Digest) -> ReleaseDossier:
    """Everything that ``records`` hold about the release whose event has the envelope digest ``release``.

    Raises:
        NotFoundError: ``no-such-release``.
    """
    entries = arrange(records)
    record = entries.by_envelope.get(release)
    if record is None or not isinstance(record.event.body, Release):
        raise NotFoundError(
            "no-such-release",
            "no release event has this envelope digest here",
            details={"envelope": release, "position": records.position},
        )
    return _release(entries, record, record.event.body)


def _release(entries: Entries, record: Record, body: Release) -> ReleaseDossier:
    sources = tuple(place_source(entries, record, body, number) for number in range(len(body.sources)))
    landed: dict[ChangeKey, list[Landing]] = {}
    for source in sources:
        for change, landing in source.landings:
            known = landed.setdefault((source.facts.source.project, change), [])
            if landing.record.index not in {item.record.index for item in known}:
                known.append(landing)
    changes = _in_order(entries, landed)
    records, release = entries.records, record.envelope
    projects = sorted({source.project for source in body.sources} | {str(record.event.context.project)})
    approvals = arrange_decisions(entries, entries.release_approvals[release])
    deployments = deploy_facts(entries, entries.deploys[release])
    runs = _other_runs(entries, record, body, changes)

    def naming(kind: str, sort: type[DeclaredException | GateDecision | Pack]) -> Iterator[Record]:
        """What was told of the release by name, in any of its projects."""
        told_here = (item for project in projects for item in entries.told[kind, project])
        return (item for item in told_here if isinstance(what := item.event.body, sort) and what.release == release)

    of_changes = {item.record.index for change in changes for item in change.scans}
    around = surroundings(entries, projects, 0, records.position)
    released_by = entries.people.actor(record)
    others = [released_by, *(item.deployed_by for item in deployments), *_approvers(approvals)]
    others += [item.reporter for item in runs] + _told_by(around)
    signers = (record, *(item.record for item in approvals), *(item.record for item in deployments))
    return ReleaseDossier(
        records=records,
        record=record,
        release=body,
        released_by=released_by,
        sources=tuple(source.facts for source in sources),
        changes=changes,
        places=tuple(place for source in sources for place in source.places),
        approvals=approvals,
        runs=runs,
        deployments=deployments,
        parties=_parties(entries, changes, others, signers),
        builds=builds_of(entries, projects, body),
        observations=observations_of(entries, projects, release, deployments),
        scans=scans_on(entries, release_trees(entries, record, body), of_changes),
        incidents=incidents_of_release(entries, projects, release, {(change.project, change.id) for change in changes}),
        exceptions=exception_facts(entries, naming("exception", DeclaredException)),
        gates=told(entries, naming("decision", GateDecision), GateDecision),
        packs=told(entries, naming("pack", Pack), Pack),
        surroundings=around,
    )


def _in_order(entries: Entries, landed: Mapping[ChangeKey, Sequence[Landing]]) -> tuple[ChangeFacts, ...]:
    return tuple(
        change_facts(entries, key, landings)
        for key, landings in sorted(landed.items(), key=lambda item: item[1][0].record.index)
    )


def build_period(records: Records, projects: Sequence[str], first: int, end: int) -> PeriodDossier:
    """Everything that ``records`` hold about ``projects`` (ids) in entries from ``first`` up to, without, ``end``.

    A change belongs to the period in which it landed. Its revisions, approvals and runs are shown whole.

    Raises:
        NotFoundError: ``no-such-period``; it is empty, or ends after the position.
    """
    if not 0 <= first < end <= records.position:
        raise NotFoundError(
            "no-such-period",
            "a period begins before it ends, and ends at the position at the latest",
            details={"first": first, "end": end, "position": records.position},
        )
    entries = arrange(records)
    chosen = sorted(set(projects))
    landed: dict[ChangeKey, list[Landing]] = {}
    unplaced: list[Landing] = []
    for project in chosen:
        for change, landings in landings_of(entries, project).items():
            inside = [landing for landing in landings if first <= landing.record.index < end]
            if change is None:
                unplaced += inside
            elif inside:
                landed[project, change] = inside
    changes = _in_order(entries, landed)
    releases = tuple(
        _release(entries, record, record.event.body)
        for record in entries.releases
        if first <= record.index < end
        and record.event.context.project in chosen
        and isinstance(record.event.body, Release)
    )
    around = surroundings(entries, chosen, first, end)
    others = _told_by(around) + [landing.merged_by for landing in unplaced]
    # A period is also about who there is, and so about people who did nothing in it.
    others += [entries.people.principal(identifier) for identifier in records.roster.principals]
    parties = dict(_parties(entries, changes, others))
    for release in releases:
        parties.update(release.parties)
    return PeriodDossier(
        records=records,
        projects=tuple(chosen),
        first=first,
        end=end,
        changes=changes,
        unplaced=tuple(sorted(unplaced, key=lambda landing: landing.record.index)),
        releases=releases,
        surroundings=around,
        parties=dict(sorted(parties.items())),
    )


def _other_runs(
    entries: Entries, record: Record, release: Release, changes: Iterable[ChangeFacts]
) -> tuple[RunFact, ...]:
    of_changes = {item.record.index for change in changes for item in change.runs}
    found = runs_of_release(entries, record, release)
    return run_facts(entries, (item for item in found if item.index not in of_changes))


def _approvers(approvals: Iterable[ApprovalFact]) -> list[Party]:
    return [item.approver for item in approvals]


def _told_by(around: Surroundings) -> list[Party]:
    facts = (
        *(around.pushes, around.snapshots, around.heartbeats, around.observations),
        *(around.incidents, around.gates, around.corrections, around.packs, around.reconciliations),
    )
    found = [item.actor for items in facts for item in items]
    found += [item.deployed_by for item in around.deployments] + _approvers(around.access_reviews)
    return found + _of_exceptions(around.exceptions)


def _of_exceptions(exceptions: Iterable[ExceptionFact]) -> list[Party]:
    return [party for item in exceptions for party in (item.requester, *_approvers(item.decisions))]


def _parties(
    entries: Entries, changes: Iterable[ChangeFacts], others: Iterable[Party], signed: Iterable[Record] = ()
) -> dict[str, Party]:
    """Every principal that occurs, as itself rather than as one of its accounts, ascending by id."""
    found: set[str] = {record.key.principal for record in signed}
    parties = list(others)
    for change in changes:
        parties += [item.party for item in change.contributions] + _approvers(change.approvals)
        parties += [item.merged_by for item in change.landings] + [item.reporter for item in change.runs]
        parties += [item.actor for item in change.revisions] + _of_exceptions(change.exceptions)
        parties += [item.actor for items in (change.states, change.pushes, change.notes) for item in items]
        parties += [item.actor for items in (change.scans, change.gates, change.incidents) for item in items]
        parties += [item.actor for item in change.corrections]
        found.update(item.body.cutover.owner for item in change.states if item.body.cutover is not None)
        found.update(item.record.key.principal for item in change.revisions)
        found.update(item.record.key.principal for item in change.landings)
        found.update(item.record.key.principal for item in change.approvals)
        found.update(item.record.key.principal for item in change.prompts)
    for party in parties:
        found.update(party.claimants)
        found.update(party.hidden)
        if party.principal is not None:
            found.add(party.principal)
    return {identifier: entries.people.principal(identifier) for identifier in sorted(found)}
