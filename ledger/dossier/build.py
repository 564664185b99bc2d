"""Dossiers from records: one release with all its changes, or one change on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.dossier.changes import change_facts, run_facts
from ledger.dossier.decisions import arrange_decisions
from ledger.dossier.facts import (
    ApprovalFact,
    ChangeDossier,
    ChangeFacts,
    DeployFact,
    Landing,
    Party,
    ReleaseDossier,
    RunFact,
)
from ledger.dossier.landings import landings_of_change
from ledger.dossier.reading import ChangeKey, Entries, arrange
from ledger.dossier.releases import place_source, runs_of_release
from ledger.errors import NotFoundError
from ledger.events.work import Deploy, Release

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    if not (facts.revisions or facts.approvals or facts.runs or facts.landings or facts.prompts or facts.attestations):
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
    body = record.event.body
    sources = tuple(place_source(entries, record, body, number) for number in range(len(body.sources)))
    landed: dict[ChangeKey, list[Landing]] = {}
    for source in sources:
        for change, landing in source.landings:
            known = landed.setdefault((source.facts.source.project, change), [])
            if landing.record.index not in {item.record.index for item in known}:
                known.append(landing)
    changes = tuple(
        change_facts(entries, key, landings)
        for key, landings in sorted(landed.items(), key=lambda item: item[1][0].record.index)
    )
    approvals = arrange_decisions(entries, entries.release_approvals[release])
    deployments = tuple(
        DeployFact(item, item.event.body, entries.people.actor(item))
        for item in entries.deploys[release]
        if isinstance(item.event.body, Deploy)
    )
    runs = _other_runs(entries, record, body, changes)
    released_by = entries.people.actor(record)
    others = [released_by, *(item.deployed_by for item in deployments), *_approvers(approvals)]
    others += [item.reporter for item in runs]
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
    )


def _other_runs(
    entries: Entries, record: Record, release: Release, changes: Iterable[ChangeFacts]
) -> tuple[RunFact, ...]:
    of_changes = {item.record.index for change in changes for item in change.runs}
    found = runs_of_release(entries, record, release)
    return run_facts(entries, (item for item in found if item.index not in of_changes))


def _approvers(approvals: Iterable[ApprovalFact]) -> list[Party]:
    return [item.approver for item in approvals]


def _parties(
    entries: Entries, changes: Iterable[ChangeFacts], others: Iterable[Party], signed: Iterable[Record] = ()
) -> dict[str, Party]:
    """Every principal that occurs, as itself rather than as one of its accounts, ascending by id."""
    found: set[str] = {record.key.principal for record in signed}
    parties = list(others)
    for change in changes:
        parties += [item.party for item in change.contributions] + _approvers(change.approvals)
        parties += [item.merged_by for item in change.landings] + [item.reporter for item in change.runs]
        parties += [item.actor for item in change.revisions]
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
