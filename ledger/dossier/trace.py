"""The trace of a release or change: everything recorded about it in ledger order, each step in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from ledger.dossier.facts import (
    ApprovalFact,
    ChangeDossier,
    ChangeFacts,
    DeployFact,
    ExceptionFact,
    Landing,
    Party,
    PromptFact,
    ReleaseDossier,
    Revision,
    RunFact,
    Told,
)
from ledger.dossier.reading import arrange
from ledger.dossier.surroundings import deploy_facts, exception_facts, told
from ledger.dossier.telling import counted, told_words
from ledger.events.evidence import Pack
from ledger.events.operation import Incident, Observation
from ledger.events.work import Release
from ledger.records import Absent, Held

if TYPE_CHECKING:
    from collections.abc import Collection

    from ledger.digests import Digest
    from ledger.events.evidence import Reconciliation
    from ledger.records import Content, Record, Records

Fact: TypeAlias = PromptFact | Revision | RunFact | ApprovalFact | Landing | DeployFact | ExceptionFact | Told[Any]


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One recorded event on the way from a prompt to production."""

    record: Record
    kind: str
    change: str | None
    """The change it belongs to; None for what concerns the release itself."""
    who: Party | None
    """Who acted; None: unknown."""
    what: str
    """A sentence without names, prompts or comments."""
    prompt: str | Absent | None
    """The captured prompt of a prompt event; None for other kinds. Captured text: whoever prints it filters it."""

    @property
    def envelope(self) -> Digest:
        """Envelope digest, by which the event can be asked for."""
        return self.record.envelope


def trace_release(dossier: ReleaseDossier) -> tuple[TraceStep, ...]:
    """Every step of the release and of its changes, ascending by position in the log."""
    release = dossier.release
    steps = [step for change in dossier.changes for step in _change_steps(dossier.records, change)]
    steps.append(
        TraceStep(
            dossier.record,
            "release",
            None,
            dossier.released_by,
            f"released {release.product} {release.version} from {counted(len(dossier.places), 'commit')}",
            None,
        )
    )
    facts: list[Fact] = [*dossier.runs, *dossier.approvals, *dossier.deployments, *dossier.scans, *dossier.builds]
    facts += [*dossier.observations, *dossier.incidents, *dossier.gates, *dossier.packs, *_compared(dossier)]
    facts += _with_decisions(dossier.exceptions)
    steps += [_step(dossier.records, None, fact) for fact in facts]
    return _ordered(steps)


def _compared(dossier: ReleaseDossier) -> list[Told[Reconciliation]]:
    """Comparisons with git between whose positions a change of the release landed."""
    landed = [landing.record.index for change in dossier.changes for landing in change.landings]
    return [
        item
        for item in dossier.surroundings.reconciliations
        if any(item.body.from_ <= index < item.body.to for index in landed)
    ]


def trace_change(dossier: ChangeDossier) -> tuple[TraceStep, ...]:
    """Every step of the change, ascending by position in the log."""
    return _ordered(_change_steps(dossier.records, dossier.change))


def trace_delivery(records: Records, indexes: Collection[int]) -> tuple[TraceStep, ...]:
    """Releases and deployments among these entries, ascending by position in the log."""
    entries = arrange(records)
    chosen = [record for record in records.entries if record.index in indexes]
    steps = [
        TraceStep(
            record,
            "release",
            None,
            entries.people.actor(record),
            f"released {record.event.body.product} {record.event.body.version}",
            None,
        )
        for record in chosen
        if isinstance(record.event.body, Release)
    ]
    return _ordered([*steps, *(_step(records, None, fact) for fact in deploy_facts(entries, chosen))])


def trace_operations(records: Records, indexes: Collection[int]) -> tuple[TraceStep, ...]:
    """Deployments, observations, incidents and exceptions among these entries, and what was decided about those."""
    entries = arrange(records)
    chosen = [record for record in records.entries if record.index in indexes]
    facts: list[Fact] = [*deploy_facts(entries, chosen), *told(entries, chosen, Observation)]
    facts += [*told(entries, chosen, Incident), *_with_decisions(exception_facts(entries, chosen))]
    return _ordered([_step(records, fact.record.event.context.about.change, fact) for fact in facts])


def trace_packs(records: Records, indexes: Collection[int]) -> tuple[TraceStep, ...]:
    """The making of each pack among these entries, ascending by position in the log."""
    chosen = [record for record in records.entries if record.index in indexes]
    return _ordered([_step(records, None, fact) for fact in told(arrange(records), chosen, Pack)])


def _ordered(steps: list[TraceStep]) -> tuple[TraceStep, ...]:
    # A run on the tree of two changes belongs to both; it is one event and stands once.
    unique = {(step.record.index): step for step in reversed(steps)}
    return tuple(unique[index] for index in sorted(unique))


def _change_steps(records: Records, change: ChangeFacts) -> list[TraceStep]:
    facts: list[Fact] = [*change.prompts, *change.revisions, *change.runs, *change.approvals, *change.landings]
    facts += [*change.states, *change.pushes, *change.notes, *change.scans, *change.gates, *change.incidents]
    facts += [*change.corrections, *_with_decisions(change.exceptions)]
    return [_step(records, change.id, fact) for fact in facts]


def _with_decisions(exceptions: tuple[ExceptionFact, ...]) -> list[Fact]:
    found: list[Fact] = []
    for item in exceptions:
        found.append(item)
        found += item.decisions
    return found


def _step(records: Records, change: str | None, fact: Fact) -> TraceStep:
    record, prompt = fact.record, None
    who: Party | None
    match fact:
        case PromptFact():
            who, what = fact.initiator, _prompt_words(fact)
            prompt = _text(records.content(record.event.context.content("prompt")))
        case Revision():
            who, what = fact.actor, _revision_words(fact)
        case RunFact():
            who, what = fact.reporter, _run_words(fact)
        case ApprovalFact():
            who, what = fact.approver, _approval_words(fact)
        case Landing():
            who, what = fact.merged_by, _landing_words(fact)
        case DeployFact():
            deploy = fact.deploy
            who = fact.deployed_by
            what = f"deployment of {deploy.service} to {deploy.environment}: {deploy.status}"
        case ExceptionFact():
            who, what = fact.requester, _exception_words(fact)
        case Told():
            who, what = fact.actor, told_words(fact.body)
        case _:
            assert_never(fact)
    return TraceStep(record, record.leaf.kind, change, who, what, prompt)


def _text(content: Content) -> str | Absent:
    return content.data.decode("utf-8", "replace") if isinstance(content, Held) else content


def _prompt_words(fact: PromptFact) -> str:
    prompt = fact.prompt
    model = "" if prompt.model is None else f", model {prompt.model.responded or prompt.model.requested or 'unknown'}"
    bound = "bound to no diff" if fact.strength is None else f"bound to the diff: {fact.strength}"
    return f"asked {prompt.tool.name}{model}, session {prompt.session} turn {prompt.turn} ({prompt.trigger}); {bound}"


def _revision_words(fact: Revision) -> str:
    diff = fact.diff
    base = ", only its base moved" if fact.base_only else ""
    return (
        f"revision {fact.number}: {counted(diff.files_changed, 'file')}, +{diff.lines_added} -{diff.lines_removed}, "
        f"head {diff.head[:12]}, AI {diff.ai.involvement}{base}"
    )


def _run_words(fact: RunFact) -> str:
    run, totals = fact.run.run, fact.run.run.totals
    return (
        f"{fact.run.result.lower()}: suite {run.suite}, attempt {run.attempt}, {totals.passed} of {totals.tests} "
        f"passed, {totals.failures + totals.errors} failed, on tree {run.tree[:12]}"
    )


def _approval_words(fact: ApprovalFact) -> str:
    approval = fact.approval
    verb = {
        "approve": "approved",
        "reject": "rejected",
        "abstain": "abstained on",
        "withdraw": "withdrew a decision on",
    }[approval.decision]
    about = fact.record.event.context.about
    if approval.scope == "release":
        subject = f"release {about.release}"
    elif approval.scope == "exception":
        subject = "the exception"
    else:
        subject = f"revision {about.revision}" if about.revision is not None else "the change"
    witness = "own signature" if approval.attested_by == "person" else "as the forge shows it"
    standing = ""
    if fact.withdrawn_by is not None:
        standing = ", withdrawn later"
    elif fact.superseded_by is not None:
        standing = ", superseded later"
    return f"{verb} {subject} ({approval.meaning}, {witness}){standing}"


def _exception_words(fact: ExceptionFact) -> str:
    exception = fact.exception
    incident = "" if exception.incident is None else f" for incident {exception.incident}"
    return (
        f"declared an exception from {', '.join(exception.rules)} ({exception.cause}){incident}, "
        f"until {exception.expires_at}"
    )


def _landing_words(fact: Landing) -> str:
    merge = fact.merge
    bound = "no recorded revision has this content" if fact.binding == "none" else f"content found by {fact.binding}"
    return f"landed as {merge.commit[:12]} on {merge.ref} by {merge.method}; {bound}"
