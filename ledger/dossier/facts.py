"""What a dossier holds, as values: people, changes with their revisions, approvals, tests, landings, and releases.

Nothing here says whether something is right: rules do. Everything points to the records it came from, and what could
not be read says why (``withheld``, ``erased``, ``missing``), so that absence reaches whoever prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.digests import Digest
    from ledger.events.evidence import Pack, Reconciliation
    from ledger.events.forge import ChangeState, ControlSnapshot, Push, ReviewNote
    from ledger.events.governance import Correction, DeclaredException, GateDecision
    from ledger.events.operation import Build, Heartbeat, Incident, Observation, Scan
    from ledger.events.work import Approval, Deploy, Diff, Merge, Prompt, Release, Source, SuiteRun
    from ledger.manifest import Manifest
    from ledger.records import Absent, Record, Records
    from ledger.roster.state import Grant


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """A name outside the ledger, as captured: a commit identity or a forge account."""

    system: str
    """``git`` or the forge's host name."""
    id: str | None = None
    """Immutable id at the forge."""
    login: str | None = None
    mail: str | None = None
    name: str | None = None
    """Name beside a commit identity; never used to find a principal."""


@dataclass(frozen=True, slots=True)
class Party:
    """A principal with its printed name, or an account that resolves to none."""

    principal: str | None
    """None: unresolved."""
    type: str | None
    """``person``, ``agent``, ``service``, ``recovery``; None: unresolved."""
    name: str | None
    """From the card in force at the dossier's position; None with ``name_state``."""
    name_state: str
    """``held``, ``withheld``, ``erased``, ``missing``, ``unreadable``; ``unresolved`` for an account."""
    account: Account | None = None
    """The account through which the party is known; None where the event names the principal itself, or where the
    account's own document could not be read."""
    candidates_hidden: bool = False
    """For an account: whether some card could not be read, so that it may belong to another known principal."""
    claimants: tuple[str, ...] = ()
    """For an account: every principal whose card in force claims it. One is the ordinary case; with more, none of them
    is ``principal``, and each counts as having acted."""
    hidden: tuple[str, ...] = ()
    """For an account: principals whose card in force could not be read, and who may therefore claim it too."""


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """An event of a kind that speaks for itself."""

    record: Record
    body: T
    actor: Party
    """Who acted, as the event says."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One way in which a party took part in a change."""

    party: Party
    duty: str
    """One of ``ledger.dossier.changes.DUTIES``."""
    record: Record
    """The first event that shows it."""
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class PromptFact:
    """A prompt of a change, and how well it is bound to a diff."""

    record: Record
    prompt: Prompt
    initiator: Party | None
    """None: unknown. A subagent's is that of its session."""
    agent: Party | None
    """The acting agent, if the actor is one."""
    strength: str | None
    """``recomputed``, ``observed``, ``declared``; None: about the change, bound to no diff."""


@dataclass(frozen=True, slots=True)
class CommitFact:
    """One commit of a commit list."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Account
    author_at: str | None
    committer: Account
    co_authors: tuple[Account, ...]
    ai_traces: tuple[str, ...]
    subject: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One recorded state of a change."""

    number: int
    record: Record
    diff: Diff
    actor: Party
    """Who pushed it, as its event says."""
    manifest: Manifest | Absent
    """``Absent`` here and below also with the state ``unreadable``: held bytes that are not of the form."""
    commits: tuple[CommitFact, ...] | Absent
    prompts: tuple[PromptFact, ...]
    """Those that the diff names and that are at hand."""
    base_only: bool
    """Whether its change manifest is that of the revision before: only the base moved, nobody contributed by it."""


@dataclass(frozen=True, slots=True)
class ApprovalFact:
    """A decision, by whom, with which roles, and whether it still stands at the dossier's position."""

    record: Record
    approval: Approval
    approver: Party
    key_revoked_since: int | None
    """``compromised_since`` of the key, if it was revoked before the dossier's position."""
    roles: tuple[str, ...]
    """Roles in force for the project when the approval entered the ledger, of all principals that are the approver."""
    grants: tuple[Grant, ...]
    """The grants behind ``roles``, with the paths and risk classes that they are for."""
    withdrawn_by: Record | None
    superseded_by: Record | None
    """A later decision (approve or reject) by the same approver in the same scope and subject. What a forge attests
    supersedes only what a forge attested; a person's own signature supersedes both."""
    perhaps_replaced_by: Record | None
    """A later decision or withdrawal that would end this one if its actor, whose account or card cannot be read, were
    this approver."""
    comment: str | Absent | None
    """None: there is none."""

    @property
    def standing(self) -> bool:
        """Whether it is the approver's latest word and not withdrawn."""
        return self.withdrawn_by is None and self.superseded_by is None


@dataclass(frozen=True, slots=True)
class ExceptionFact:
    """A declared departure, and what people decided about it."""

    record: Record
    exception: DeclaredException
    requester: Party
    reason: str | Absent
    decisions: tuple[ApprovalFact, ...]
    """Authorisations and later reviews, ascending by entry index."""


@dataclass(frozen=True, slots=True)
class RunFact:
    """A run of a suite."""

    record: Record
    run: SuiteRun
    reporter: Party
    """Whose key signed it."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Content of the change on a protected ref."""

    record: Record
    merge: Merge
    commits: tuple[CommitFact, ...] | Absent
    merged_by: Party
    diff: Record | None
    """The diff event whose content landed."""
    binding: str
    """By what the content was found to be that diff's: ``manifest``, ``tree``, ``recomputed`` (as the merge event says,
    since only a clone can repeat it), ``none``. The first two are compared here, whatever the event says."""
    manifest: Manifest | Absent
    """Of what landed, against what was there before."""
    pushed: Record | None
    """The first push that brought the commit to the ref, where it entered the ledger before the merge event."""

    @property
    def there_by(self) -> Record:
        """The entry by which it had landed: a merge event that comes late does not make approvals early."""
        return self.record if self.pushed is None else self.pushed


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Everything recorded about one change."""

    project: str
    id: str
    revisions: tuple[Revision, ...]
    """Ascending by entry index."""
    contributions: tuple[Contribution, ...]
    approvals: tuple[ApprovalFact, ...]
    """Ascending by entry index, all decisions, also those that no longer stand."""
    runs: tuple[RunFact, ...]
    """About the change, or on a tree of one of its revisions or landings."""
    landings: tuple[Landing, ...]
    """In a release: those that brought commits of the release."""
    prompts: tuple[PromptFact, ...]
    """Bound to one of its diffs, or about the change; ascending by entry index."""
    attestations: tuple[Record, ...]
    """Foreign statements and late events about the change; observed, never counted."""
    states: tuple[Told[ChangeState], ...]
    """What was said of the change as a whole; here and below ascending by entry index."""
    pushes: tuple[Told[Push], ...]
    """About the change, or of a head of one of its revisions."""
    notes: tuple[Told[ReviewNote], ...]
    scans: tuple[Told[Scan], ...]
    """About the change, on a tree of one of its revisions or landings, or of its prompts."""
    exceptions: tuple[ExceptionFact, ...]
    gates: tuple[Told[GateDecision], ...]
    incidents: tuple[Told[Incident], ...]
    """That suspect the change, or that it mends."""
    corrections: tuple[Told[Correction], ...]
    """Of any event here."""

    @property
    def last_revision(self) -> Revision | None:
        """The latest revision in ledger order."""
        return self.revisions[-1] if self.revisions else None


@dataclass(frozen=True, slots=True)
class CommitPlace:
    """Where a commit of the release belongs."""

    commit: CommitFact
    source: int
    """Index into the release's sources."""
    change: str | None
    """Id of the change that landed it; None: no recorded change."""
    direct_push: Record | None
    """The merge event that brought it where it belongs to no recorded change; a push only if its method says so."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One repository's part of a release."""

    source: Source
    project_name: str | None
    commits: tuple[CommitFact, ...] | Absent
    previous_release: Record | None
    """The earlier release of the product whose commit is ``source.previous``."""
    open_parents: tuple[str, ...]
    """Parents of listed commits that are neither listed nor the previous commit nor in an earlier release: old history
    that a side branch began at, or an omission."""
    omitted: tuple[Record, ...]
    """Landings of open parents, recorded after the landing of the previous commit: released, but not listed."""
    unread: tuple[Record, ...]
    """Landings and earlier releases whose commit list (with a path: or manifest) could not be read, and which might
    say more about open parents and unplaced commits."""
    breaks_off_at: str | None
    """The commit at which the line of first parents from the source's commit leaves the commit list, where neither the
    previous commit, an earlier release nor the declared start holds it: something before it may be left out. None: it
    reaches one of them or a root, the list cannot be read, or the source is of a path alone."""
    landed_outside: tuple[Record, ...]
    """Merge events of the project inside the bundle's range, between the previous and this release, whose commits the
    release's list does not name: the other direction of completeness."""


@dataclass(frozen=True, slots=True)
class DeployFact:
    """A deployment of the release."""

    record: Record
    deploy: Deploy
    deployed_by: Party


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was recorded around the changes of some projects; every list ascending by entry index."""

    pushes: tuple[Told[Push], ...]
    snapshots: tuple[Told[ControlSnapshot], ...]
    heartbeats: tuple[Told[Heartbeat], ...]
    access_reviews: tuple[ApprovalFact, ...]
    deployments: tuple[DeployFact, ...]
    """All of them, also those that name no release."""
    observations: tuple[Told[Observation], ...]
    incidents: tuple[Told[Incident], ...]
    exceptions: tuple[ExceptionFact, ...]
    gates: tuple[Told[GateDecision], ...]
    corrections: tuple[Told[Correction], ...]
    packs: tuple[Told[Pack], ...]
    reconciliations: tuple[Told[Reconciliation], ...]


@dataclass(frozen=True, slots=True)
class ReleaseDossier:
    """Everything recorded about one release."""

    records: Records
    record: Record
    release: Release
    released_by: Party
    sources: tuple[SourceFacts, ...]
    changes: tuple[ChangeFacts, ...]
    """In order of landing."""
    places: tuple[CommitPlace, ...]
    """Every commit of the release's commit lists, in their order."""
    approvals: tuple[ApprovalFact, ...]
    """Of the release itself."""
    runs: tuple[RunFact, ...]
    """On the commit at which a source ends or on its tree, or about the release, that belong to no included change;
    ascending by entry index."""
    deployments: tuple[DeployFact, ...]
    parties: Mapping[str, Party]
    """Every principal that occurs, by id."""
    builds: tuple[Told[Build], ...]
    """Of a commit at which a source ends, or of an artifact of the release; here and below ascending by index."""
    observations: tuple[Told[Observation], ...]
    """That name the release, or saw where it was deployed after its first deployment there."""
    scans: tuple[Told[Scan], ...]
    """On the content of the release, that belong to no included change."""
    incidents: tuple[Told[Incident], ...]
    """That suspect the release or an included change."""
    exceptions: tuple[ExceptionFact, ...]
    """For the release itself."""
    gates: tuple[Told[GateDecision], ...]
    """About the release itself."""
    packs: tuple[Told[Pack], ...]
    """Of the release, as far as recorded here: a pack's own event comes after its bundle."""
    surroundings: Surroundings
    """Of the projects that its sources come from, up to the dossier's position."""

    @property
    def name(self) -> str:
        """``<product>@<version>``."""
        return f"{self.release.product}@{self.release.version}"


@dataclass(frozen=True, slots=True)
class ChangeDossier:
    """One change on its own, before or after it landed."""

    records: Records
    change: ChangeFacts
    parties: Mapping[str, Party]


@dataclass(frozen=True, slots=True)
class PeriodDossier:
    """Everything recorded about some projects between two positions."""

    records: Records
    projects: tuple[str, ...]
    """Project ids, ascending."""
    first: int
    """Position at which the period begins: entries from this index on belong to it."""
    end: int
    """Position at which it ends; this index and later ones do not belong to it."""
    changes: tuple[ChangeFacts, ...]
    """Those that landed in the period, in order of landing, with the landings of the period."""
    unplaced: tuple[Landing, ...]
    """Landings of the period that belong to no recorded change."""
    releases: tuple[ReleaseDossier, ...]
    surroundings: Surroundings
    """Of the period alone."""
    parties: Mapping[str, Party]


Subject = ReleaseDossier | ChangeDossier | PeriodDossier
"""What rules are assessed on."""


def commitment_of(record: Record, name: str) -> Digest | None:
    """Commitment of the content of that name, for references in print."""
    content = record.event.context.content(name)
    return None if content is None else content.commitment
