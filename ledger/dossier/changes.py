"""One change: its revisions, everybody who contributed, its prompts, approvals, runs and landings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.documents import account_key
from ledger.dossier.decisions import arrange_decisions
from ledger.dossier.facts import (
    Account,
    ChangeFacts,
    CommitFact,
    Contribution,
    Landing,
    Party,
    PromptFact,
    Revision,
    RunFact,
    Told,
)
from ledger.dossier.people import compare
from ledger.dossier.reading import ChangeKey, Entries, by_index, read_commits, read_manifest
from ledger.dossier.surroundings import (
    corrections_of,
    exception_facts,
    incidents_of_change,
    pushes_of,
    scans_of,
    told,
)
from ledger.events.forge import ChangeState, Push, ReviewNote
from ledger.events.governance import GateDecision
from ledger.events.work import Diff, Prompt, SuiteRun
from ledger.records import Absent, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DUTIES = (
    "author",
    "committer",
    "co-author",
    "pusher",
    "opener",
    "suggester",
    "prompter",
    "agent",
    "resolver",
    "recorder",
)
"""Ways to take part in a change, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class _Trace:
    """An account seen in a commit."""

    account: Account
    duty: str
    record: Record
    commit: str


def change_facts(entries: Entries, key: ChangeKey, landings: Sequence[Landing]) -> ChangeFacts:
    """Everything recorded about the change ``key``, with the landings that the caller is concerned with."""
    prompts = _prompts(entries, key)
    revisions = _revisions(entries, key, prompts)
    states = told(entries, entries.told_about["change", key], ChangeState)
    pushes = pushes_of(entries, key, revisions)
    notes = told(entries, entries.told_about["review-note", key], ReviewNote)
    approvals = arrange_decisions(entries, entries.approvals[key])
    runs = _runs(entries, key, revisions, landings)
    said = _Said(states, pushes, notes)
    spoken_of = [item.record for item in revisions] + [item.record for item in approvals]
    spoken_of += [item.record for item in runs] + [item.record for item in landings]
    spoken_of += [item.record for item in prompts] + [item.record for item in states]
    spoken_of += [item.record for item in pushes] + [item.record for item in notes]
    return ChangeFacts(
        project=key[0],
        id=key[1],
        revisions=revisions,
        contributions=_contributions(entries, revisions, prompts, landings, said),
        approvals=approvals,
        runs=runs,
        landings=tuple(landings),
        prompts=prompts,
        attestations=tuple(entries.attestations[key]),
        states=states,
        pushes=pushes,
        notes=notes,
        scans=scans_of(entries, key, revisions, landings, {item.record.envelope for item in prompts}),
        exceptions=exception_facts(entries, entries.told_about["exception", key]),
        gates=told(entries, entries.told_about["decision", key], GateDecision),
        incidents=incidents_of_change(entries, key),
        corrections=corrections_of(entries, spoken_of),
    )


def _prompts(entries: Entries, key: ChangeKey) -> tuple[PromptFact, ...]:
    strengths: dict[int, str] = {}
    records = list(entries.prompts[key])
    for record in entries.diffs[key]:
        if isinstance(record.event.body, Diff):
            for bound in record.event.body.prompts:
                found = entries.by_envelope.get(bound.prompt)
                if found is not None:
                    strengths.setdefault(found.index, bound.strength)
                    records.append(found)
    facts = [
        _prompt(entries, record, record.event.body, strengths.get(record.index))
        for record in by_index(records)
        if isinstance(record.event.body, Prompt)
    ]
    of_session = {item.prompt.session: item.initiator for item in facts if item.initiator is not None}
    # A subagent is asked by an assistant; the person behind it is whoever asked in that session.
    return tuple(
        replace(item, initiator=of_session.get(item.prompt.session))
        if item.initiator is None and item.prompt.trigger == "subagent"
        else item
        for item in facts
    )


def _prompt(entries: Entries, record: Record, prompt: Prompt, strength: str | None) -> PromptFact:
    initiator = None if prompt.initiator is None else entries.people.principal(prompt.initiator)
    actor = entries.people.actor(record)
    return PromptFact(record, prompt, initiator, actor if actor.type == "agent" else None, strength)


def _revisions(entries: Entries, key: ChangeKey, prompts: Sequence[PromptFact]) -> tuple[Revision, ...]:
    by_envelope = {item.record.envelope: item for item in prompts}
    found: list[Revision] = []
    for record in entries.diffs[key]:
        diff = record.event.body
        if not isinstance(diff, Diff):
            continue
        bound = [
            replace(by_envelope[item.prompt], strength=item.strength)
            for item in diff.prompts
            if item.prompt in by_envelope
        ]
        revision = Revision(
            number=record.event.context.about.revision or 0,
            record=record,
            diff=diff,
            actor=entries.people.actor(record),
            manifest=read_manifest(entries, record),
            commits=read_commits(entries, record, "commits"),
            prompts=tuple(bound),
            base_only=bool(found) and found[-1].diff.manifest == diff.manifest,
        )
        found.append(revision)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a forge told of a change."""

    states: tuple[Told[ChangeState], ...]
    pushes: tuple[Told[Push], ...]
    notes: tuple[Told[ReviewNote], ...]


def _contributions(
    entries: Entries,
    revisions: Sequence[Revision],
    prompts: Sequence[PromptFact],
    landings: Sequence[Landing],
    said: _Said,
) -> tuple[Contribution, ...]:
    traces: list[_Trace] = []
    acted: list[Contribution] = []
    known: set[str] = set()
    for revision in revisions:
        commits = () if isinstance(revision.commits, Absent) else revision.commits
        # An unchanged manifest means that what is new since the revision before changed nothing in net effect:
        # whoever only brought the branch up to date did not contribute, and whoever did is in the revision before.
        if not revision.base_only:
            traces += _traces(commits, revision.record)
            acted += _actors(entries, revision.record, "pusher")
            acted += _recorder(entries, revision.record)
        else:
            traces += _traces([commit for commit in commits if commit.id in known], revision.record)
        known.update(commit.id for commit in commits)
    for landing in landings:
        if landing.binding == "none":
            # Content that no recorded revision holds was made by whoever landed it.
            commits = () if isinstance(landing.commits, Absent) else landing.commits
            traces += _traces(commits, landing.record)
            acted += _actors(entries, landing.record, "pusher" if landing.merge.method == "push" else "resolver")
    unchanged = {revision.diff.head for revision in revisions if revision.base_only}
    acted += _told_by_forge(entries, said, unchanged, {landing.merge.ref for landing in landings})
    acted += _prompted(entries, prompts)
    return _ordered([*_resolved(entries, traces), *acted])


def _told_by_forge(entries: Entries, said: _Said, unchanged: set[str], landed_on: set[str]) -> list[Contribution]:
    found: list[Contribution] = []
    for push in said.pushes:
        # Who presses the merge button moves the branch that it lands on, and contributes nothing by it.
        if push.body.after not in unchanged and push.body.ref not in landed_on:
            found += _actors(entries, push.record, "pusher")
    for state in said.states:
        if state.body.state == "opened":
            found += _actors(entries, state.record, "opener")
    for note in said.notes:
        if note.body.note == "suggestion" and note.body.applied is not None:
            found += _actors(entries, note.record, "suggester")
    return found


def _prompted(entries: Entries, prompts: Sequence[PromptFact]) -> list[Contribution]:
    found: list[Contribution] = []
    for item in prompts:
        if item.initiator is not None:
            found.append(Contribution(item.initiator, "prompter", item.record))
        if item.agent is not None:
            found.append(Contribution(item.agent, "agent", item.record))
        found += _on_behalf(entries, item.record)
    return found


def _actors(entries: Entries, record: Record, duty: str) -> list[Contribution]:
    actor = entries.people.actor(record)
    found = [Contribution(actor, duty, record)]
    if actor.type == "agent":
        found.append(Contribution(actor, "agent", record))
    return found + _on_behalf(entries, record)


def _recorder(entries: Entries, record: Record) -> list[Contribution]:
    """Who told with a key of their own what somebody else pushed: their word alone does not make it another's work."""
    signer, actor = entries.people.principal(record.key.principal), entries.people.actor(record)
    if signer.type != "person" or record.event.context.late or compare(signer, actor) == "yes":
        return []
    return [Contribution(signer, "recorder", record)]


def _on_behalf(entries: Entries, record: Record) -> list[Contribution]:
    behind = record.event.context.actor.on_behalf_of
    return [] if behind is None else [Contribution(entries.people.principal(behind), "prompter", record)]


def _traces(commits: Iterable[CommitFact], record: Record) -> list[_Trace]:
    found: list[_Trace] = []
    for commit in commits:
        found.append(_Trace(commit.author, "author", record, commit.id))
        found.append(_Trace(commit.committer, "committer", record, commit.id))
        found += [_Trace(account, "co-author", record, commit.id) for account in commit.co_authors]
    return found


def _resolved(entries: Entries, traces: Sequence[_Trace]) -> list[Contribution]:
    # One account in one duty is looked up at every position where it was seen: a card that changed hands in between
    # makes both its holders contributors, and a card that came late still names its account.
    groups: dict[tuple[tuple[str, str], str], list[_Trace]] = {}
    for trace in traces:
        account = trace.account
        groups.setdefault((account_key(account.system, account.id, account.mail), trace.duty), []).append(trace)
    return [
        Contribution(
            entries.people.account(group[0].account, (trace.record.index for trace in group)),
            duty,
            group[0].record,
            group[0].commit,
        )
        for (_, duty), group in groups.items()
    ]


def _ordered(contributions: Sequence[Contribution]) -> tuple[Contribution, ...]:
    seen: dict[tuple[Party, str], Contribution] = {}
    for item in sorted(contributions, key=lambda item: (DUTIES.index(item.duty), item.record.index)):
        seen.setdefault((item.party, item.duty), item)
    return tuple(seen.values())


def _runs(
    entries: Entries, key: ChangeKey, revisions: Sequence[Revision], landings: Sequence[Landing]
) -> tuple[RunFact, ...]:
    trees = {revision.diff.tree for revision in revisions} | {landing.merge.tree for landing in landings}
    records = list(entries.runs[key])
    for tree in trees:
        records += entries.runs_on[key[0], tree]
    return run_facts(entries, records)


def run_facts(entries: Entries, records: Iterable[Record]) -> tuple[RunFact, ...]:
    """The runs among ``records``, each once, ascending by index."""
    return tuple(
        RunFact(record, record.event.body, entries.people.principal(record.key.principal))
        for record in by_index(records)
        if isinstance(record.event.body, SuiteRun)
    )
