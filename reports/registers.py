"""Every register of a pack as plain tables: what workbooks and CSV files hold, nothing shortened and nothing left out.

Pages print extracts; a register has all rows. A cell is a word, a number or nothing. Times are ISO 8601 in UTC, digests
and object ids are whole, each row names the entry it came from, and a content that is not at hand is said in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.facts import ReleaseDossier
from ledger.rules.wording import with_names
from reports import registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ledger.dossier.facts import ChangeFacts, DeployFact, ExceptionFact, PeriodDossier, Told
    from ledger.events.governance import GateDecision
    from ledger.events.operation import Incident, Observation
    from ledger.rules.verdict import Verdict

Cell = str | int | None
"""None: nothing to say."""


@dataclass(frozen=True, slots=True)
class Register:
    """A table that leaves nothing out."""

    name: str
    """``changes``: names the file and the sheet; lower-case letters and hyphens, at most 31 characters."""
    title: str
    """One sentence: what the rows are."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row has one cell a column")


def registers(dossier: ReleaseDossier | PeriodDossier, verdicts: Sequence[Verdict]) -> tuple[Register, ...]:
    """All registers of a release or a period, always the same ones in the same order; one without rows is there too."""
    changes, own = dossier.changes, _own(dossier)
    found: tuple[tuple[str, str, tuple[str, ...], Iterable[tuple[Cell, ...]]], ...] = (
        ("changes", "Changes, in order of landing", registered.CHANGES, _each(changes, registered.change)),
        ("revisions", "Recorded states of changes", registered.REVISIONS, _each(changes, registered.revisions)),
        ("landings", "Contents that reached a protected ref", registered.LANDINGS, _each(changes, registered.landings)),
        ("commits", "Commits of revisions and landings", registered.COMMITS, _each(changes, registered.commits)),
        ("duties", "Who took part in which change, and how", registered.DUTIES, _each(changes, registered.duties)),
        (
            "approvals",
            "Decisions on changes and releases, also those that no longer stand",
            registered.APPROVALS,
            (
                *_each(changes, registered.approvals),
                *(registered.approval(f"release {one.name}", item) for one in own.releases for item in one.approvals),
            ),
        ),
        ("tests", "Runs of test suites on those changes", registered.RUNS, _each(changes, registered.runs)),
        (
            "prompts",
            "Prompts to assistants, without their words",
            registered.PROMPTS,
            _each(changes, registered.prompts),
        ),
        (
            "scans",
            "Runs of scanners",
            registered.SCANS,
            (
                *_each(changes, registered.scans),
                *(registered.scan(f"release {one.name}", item) for one in own.releases for item in one.scans),
            ),
        ),
        (
            "exceptions",
            "Declared departures from rules",
            registered.EXCEPTIONS,
            map(registered.exception, _exceptions(dossier)),
        ),
        ("releases", "Releases", registered.RELEASES, map(registered.release, own.releases)),
        ("deployments", "Deployments", registered.DEPLOYMENTS, map(registered.deployment, own.deployments)),
        (
            "observations",
            "What was seen running",
            registered.OBSERVATIONS,
            map(registered.observation, own.observations),
        ),
        ("incidents", "Incidents", registered.INCIDENTS, map(registered.incident, own.incidents)),
        ("decisions", "What gates answered", registered.GATES, map(registered.gate, _gates(dossier))),
        (
            "principals",
            "People, agents and services that occur",
            registered.PARTIES,
            (registered.party(dossier.parties[name]) for name in sorted(dossier.parties)),
        ),
        (
            "verdicts",
            "Every rule over every subject",
            registered.VERDICTS,
            (registered.verdict(item, with_names(item.sentence, dossier.parties)) for item in verdicts),
        ),
        (
            "entries",
            "Entries of the bundle that verified, in the order of the log",
            registered.ENTRIES,
            map(registered.entry, dossier.records.entries),
        ),
        (
            "contents",
            "Contents that those entries commit to",
            registered.CONTENTS,
            (row for record in dossier.records.entries for row in registered.contents(dossier.records, record)),
        ),
    )
    return tuple(Register(name, title, columns, tuple(rows)) for name, title, columns, rows in found)


@dataclass(frozen=True, slots=True)
class _Own:
    """What a release holds itself and a period holds in its surroundings."""

    releases: tuple[ReleaseDossier, ...]
    deployments: tuple[DeployFact, ...]
    observations: tuple[Told[Observation], ...]
    incidents: tuple[Told[Incident], ...]


def _own(dossier: ReleaseDossier | PeriodDossier) -> _Own:
    if isinstance(dossier, ReleaseDossier):
        return _Own((dossier,), dossier.deployments, dossier.observations, dossier.incidents)
    around = dossier.surroundings
    return _Own(dossier.releases, around.deployments, around.observations, around.incidents)


def _exceptions(dossier: ReleaseDossier | PeriodDossier) -> tuple[ExceptionFact, ...]:
    """The exceptions of a release with its changes, or of a period; ascending by entry, each once."""
    found = {one.record.index: one for item in dossier.changes for one in item.exceptions}
    own = dossier.exceptions if isinstance(dossier, ReleaseDossier) else dossier.surroundings.exceptions
    found |= {one.record.index: one for one in own}
    return tuple(found[index] for index in sorted(found))


def _gates(dossier: ReleaseDossier | PeriodDossier) -> tuple[Told[GateDecision], ...]:
    """The gate decisions of a release with its changes, or of a period; ascending by entry, each once."""
    found = {one.record.index: one for item in dossier.changes for one in item.gates}
    own = dossier.gates if isinstance(dossier, ReleaseDossier) else dossier.surroundings.gates
    found |= {one.record.index: one for one in own}
    return tuple(found[index] for index in sorted(found))


def _each(
    changes: Iterable[ChangeFacts], rows: Callable[[ChangeFacts], Iterable[tuple[Cell, ...]]]
) -> Iterator[tuple[Cell, ...]]:
    return (row for change in changes for row in rows(change))
