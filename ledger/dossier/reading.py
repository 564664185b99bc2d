"""The entries of a ledger part in the order in which dossiers ask for them, and contents read into facts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.documents import ListedCommit, parse_commits
from ledger.dossier.facts import CommitFact, Landing, Surroundings
from ledger.dossier.people import Directory, commit_account
from ledger.errors import FormatError
from ledger.events.governance import Correction
from ledger.events.work import Approval, Attestation, Deploy, Diff, Merge, Prompt, Release, Run, SuiteRun
from ledger.manifest import Manifest, decode_manifest
from ledger.records import Absent, Record, Records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.digests import Digest

ChangeKey = tuple[str, str]
"""Project id and change id."""


@dataclass(slots=True)
class Entries:
    """Records by what they say, each list ascending by index."""

    records: Records
    people: Directory
    by_envelope: dict[Digest, Record] = field(default_factory=dict)
    diffs: defaultdict[ChangeKey, list[Record]] = field(default_factory=lambda: defaultdict(list))
    prompts: defaultdict[ChangeKey, list[Record]] = field(default_factory=lambda: defaultdict(list))
    approvals: defaultdict[ChangeKey, list[Record]] = field(default_factory=lambda: defaultdict(list))
    release_approvals: defaultdict[Digest, list[Record]] = field(default_factory=lambda: defaultdict(list))
    runs: defaultdict[ChangeKey, list[Record]] = field(default_factory=lambda: defaultdict(list))
    runs_on: defaultdict[tuple[str, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By project and tree."""
    runs_at: defaultdict[tuple[str, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By project and commit."""
    release_runs: defaultdict[tuple[str, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By project and the release they are about."""
    merges: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By project."""
    attestations: defaultdict[ChangeKey, list[Record]] = field(default_factory=lambda: defaultdict(list))
    told: defaultdict[tuple[str, str], list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By kind and project: kinds that speak for themselves, and access reviews as ``access``."""
    told_about: defaultdict[tuple[str, ChangeKey], list[Record]] = field(default_factory=lambda: defaultdict(list))
    """Those of them that are about a change."""
    exception_approvals: defaultdict[Digest, list[Record]] = field(default_factory=lambda: defaultdict(list))
    corrections: defaultdict[Digest, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By the event they correct."""
    releases: list[Record] = field(default_factory=list)
    deploys: defaultdict[Digest, list[Record]] = field(default_factory=lambda: defaultdict(list))
    """By the release they name."""
    lists: dict[Digest, tuple[CommitFact, ...] | Absent] = field(default_factory=dict)
    """Commit lists already read, by commitment."""
    landings: dict[str, dict[str | None, tuple[Landing, ...]]] = field(default_factory=dict)
    """Landings already placed, by project: the releases of a period share those of their projects."""
    around: dict[tuple[tuple[str, ...], int, int], Surroundings] = field(default_factory=dict)
    """Surroundings already read, by projects, first entry and end: the releases of a period share them too."""


def arrange(records: Records) -> Entries:
    """The entries of ``records``, sorted out in one pass."""
    entries = Entries(records, Directory(records))
    for record in records.entries:
        entries.by_envelope[record.envelope] = record
        _place(entries, record)
    return entries


def _place(entries: Entries, record: Record) -> None:  # noqa: C901, PLR0912 -- one case a kind
    context = record.event.context
    if context.project is None:
        return
    key = None if context.about.change is None else (context.project, context.about.change)
    match record.event.body:
        case Diff() if key is not None:
            entries.diffs[key].append(record)
        case Prompt() if key is not None:
            entries.prompts[key].append(record)
        case Approval(scope="change") if key is not None:
            entries.approvals[key].append(record)
        case Approval(scope="release", basis=basis) if basis.release is not None:
            entries.release_approvals[basis.release].append(record)
        case Approval(scope="exception", basis=basis) if basis.exception is not None:
            entries.exception_approvals[basis.exception].append(record)
        case Approval(scope="access"):
            entries.told["access", context.project].append(record)
        case SuiteRun(run=run):
            _place_run(entries, record, context.project, run)
        case Merge():
            entries.merges[context.project].append(record)
        case Attestation() if key is not None:
            entries.attestations[key].append(record)
        case Release():
            entries.releases.append(record)
        case Deploy(release=release):
            entries.told["deploy", context.project].append(record)
            if release is not None:
                entries.deploys[release].append(record)
        case _:
            entries.told[record.event.kind, context.project].append(record)
            if isinstance(record.event.body, Correction):
                entries.corrections[record.event.body.corrects].append(record)
            if key is not None:
                entries.told_about[record.event.kind, key].append(record)


def _place_run(entries: Entries, record: Record, project: str, run: Run) -> None:
    about = record.event.context.about
    entries.runs_on[project, run.tree].append(record)
    entries.runs_at[project, run.commit].append(record)
    if about.change is not None:
        entries.runs[project, about.change].append(record)
    if about.release is not None:
        entries.release_runs[project, about.release].append(record)


def read_commits(entries: Entries, record: Record, name: str) -> tuple[CommitFact, ...] | Absent:
    """The commit list that ``record`` holds under ``name``; ``Absent`` says why it cannot be read."""
    reference = record.event.context.content(name)
    if reference is None:
        return Absent("missing")
    if reference.commitment not in entries.lists:
        content = entries.records.content(reference)
        if isinstance(content, Absent):
            entries.lists[reference.commitment] = content
        else:
            try:
                entries.lists[reference.commitment] = tuple(map(_commit, parse_commits(content.data)))
            except FormatError:
                entries.lists[reference.commitment] = Absent("unreadable")
    return entries.lists[reference.commitment]


def read_manifest(entries: Entries, record: Record) -> Manifest | Absent:
    """The change manifest of a diff or merge; ``Absent`` says why it cannot be read."""
    content = entries.records.content(record.event.context.content("manifest"))
    if isinstance(content, Absent):
        return content
    try:
        return decode_manifest(content.data)
    except FormatError:
        return Absent("unreadable")


def read_text(entries: Entries, record: Record, name: str) -> str | Absent | None:
    """The text that ``record`` holds under ``name``; None if it has no such content. Whoever prints it filters it."""
    reference = record.event.context.content(name)
    if reference is None:
        return None
    content = entries.records.content(reference)
    return content if isinstance(content, Absent) else content.data.decode("utf-8", "replace")


def by_index(records: Iterable[Record]) -> tuple[Record, ...]:
    """The records without repetition, ascending by index."""
    return tuple(sorted({record.index: record for record in records}.values(), key=lambda record: record.index))


def _commit(commit: ListedCommit) -> CommitFact:
    return CommitFact(
        id=commit.id,
        tree=commit.tree,
        parents=commit.parents,
        author=commit_account(commit.author),
        author_at=commit.author.at,
        committer=commit_account(commit.committer),
        co_authors=tuple(map(commit_account, commit.co_authors)),
        ai_traces=commit.ai_traces,
        subject=commit.subject,
    )
