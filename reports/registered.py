"""The rows of registers: one function a kind of fact, its columns beside it (``reports.registers`` puts them together).

Column heads are names for programs as much as for people, the same in every language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent, Held
from reports.release.said import absence, account_words, claimed, named, sort_of
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.dossier.facts import (
        ApprovalFact,
        ChangeFacts,
        DeployFact,
        ExceptionFact,
        Party,
        ReleaseDossier,
        Told,
    )
    from ledger.events.governance import GateDecision
    from ledger.events.operation import Incident, Observation, Scan
    from ledger.records import Record, Records
    from ledger.rules.verdict import Verdict

Cells = tuple[str | int | None, ...]

LONGEST: Final = 2_000
"""Characters of one captured text; what is cut says so."""

_AT: Final = ("entry", "ledger_time", "claimed_time")

CHANGES: Final = (
    *("project", "change", "title", "request", "kind", "risk", "revisions", "landings", "first_landed_entry"),
    *("first_landed_at", "assistant", "commits"),
)
REVISIONS: Final = (
    *("project", "change", "revision", *_AT, "head", "tree", "manifest", "files", "lines_added", "lines_removed"),
    *("commits", "assistant", "pushed_by", "envelope"),
)
LANDINGS: Final = (
    *("project", "change", *_AT, "ref", "commit", "tree", "manifest", "method", "found_by", "merged_by"),
    "envelope",
)
COMMITS: Final = ("project", "change", "entry", "commit", "tree", "author", "authored_at", "committer", "title")
DUTIES: Final = ("project", "change", "entry", "duty", "person", "sort", "principal", "commit")
APPROVALS: Final = (
    *("subject", *_AT, "person", "principal", "decision", "meaning", "role_stated", "roles_held", "attested_by"),
    *("standing", "comment", "commit", "tree", "manifest", "policy", "key_id", "envelope"),
)
RUNS: Final = (
    *("project", "change", *_AT, "suite", "class", "result", "attempt", "tests", "passed", "failures", "errors"),
    *("skipped", "flaky", "commit", "tree", "environment", "reported_by", "envelope"),
)
PROMPTS: Final = (
    *("project", "change", *_AT, "asked_by", "agent", "tool", "provider", "model", "session", "turn", "trigger"),
    *("permission_mode", "template", "captured", "bound", "secrets_masked", "secrets_left", "envelope"),
)
SCANS: Final = (
    *("subject", *_AT, "tool", "target", "complete", "errors", "warnings", "notes", "others"),
    *("justified", "unjustified", "commit", "tree", "envelope"),
)
EXCEPTIONS: Final = (
    *("project", *_AT, "asked_by", "cause", "rules", "incident", "expires_at", "reason", "decisions"),
    "envelope",
)
RELEASES: Final = ("project", *_AT, "release", "released_by", "changes", "sources", "artifacts", "envelope")
DEPLOYMENTS: Final = ("project", *_AT, "environment", "service", "status", "deployed_by", "release", "envelope")
OBSERVATIONS: Final = ("project", *_AT, "environment", "service", "running", "verification", "failed", "envelope")
INCIDENTS: Final = (
    *("project", *_AT, "incident", "state", "severity", "cause", "service", "started_at", "corrective"),
    "envelope",
)
GATES: Final = ("project", *_AT, "gate", "mode", "outcome", "blocking", "excepted", "policy", "position", "envelope")
PARTIES: Final = ("principal", "sort", "name", "name_state")
VERDICTS: Final = ("rule", "subject", "outcome", "severity", "sentence", "missing", "excepted_by", "entries")
ENTRIES: Final = ("entry", "stream", "kind", "ledger_time", "claimed_time", "signed_by", "key_id", "envelope")
CONTENTS: Final = ("entry", "kind", "content", "media_type", "size_bytes", "state", "commitment")


def change(item: ChangeFacts) -> Iterator[Cells]:
    """The change, in one row."""
    last = item.last_revision
    told = item.states[-1].body if item.states else None
    lists = [one.commits for one in item.revisions[-1:]] + [one.commits for one in item.landings]
    first = next((one[0] for one in lists if not isinstance(one, Absent) and one), None)
    landed = item.landings[0].record if item.landings else None
    yield (
        item.project,
        _text(item.id),
        None if first is None or first.subject is None else _text(first.subject),
        None if told is None else ", ".join(_text(f"{one.system} {one.id}") for one in told.requests) or None,
        None if told is None else told.type,
        None if last is None else last.diff.risk,
        len(item.revisions),
        len(item.landings),
        None if landed is None else landed.index,
        None if landed is None else landed.leaf.received_at,
        None if last is None else last.diff.ai.involvement,
        None if last is None else last.diff.commit_count,
    )


def revisions(item: ChangeFacts) -> Iterator[Cells]:
    """Its revisions."""
    for one in item.revisions:
        diff = one.diff
        yield (
            *_change(item),
            one.number,
            *_at(one.record),
            *(diff.head, diff.tree, diff.manifest, diff.files_changed, diff.lines_added, diff.lines_removed),
            *(diff.commit_count, diff.ai.involvement, _who(one.actor), one.record.envelope),
        )


def landings(item: ChangeFacts) -> Iterator[Cells]:
    """Where its content reached a protected ref."""
    for one in item.landings:
        merge = one.merge
        yield (
            *_change(item),
            *_at(one.record),
            *(_text(merge.ref), merge.commit, merge.tree, merge.manifest, merge.method, one.binding),
            *(_who(one.merged_by), one.record.envelope),
        )


def commits(item: ChangeFacts) -> Iterator[Cells]:
    """The commits of its revisions and landings, each where it first occurs."""
    seen: set[str] = set()
    told = [(one.record, one.commits) for one in item.revisions] + [(one.record, one.commits) for one in item.landings]
    for record, found in told:
        for commit in () if isinstance(found, Absent) else found:
            if commit.id not in seen:
                seen.add(commit.id)
                yield (
                    *_change(item),
                    record.index,
                    commit.id,
                    commit.tree,
                    _text(account_words(commit.author)),
                    commit.author_at,
                    _text(account_words(commit.committer)),
                    None if commit.subject is None else _text(commit.subject),
                )


def duties(item: ChangeFacts) -> Iterator[Cells]:
    """Who took part, and how."""
    for one in item.contributions:
        party = one.party
        yield (*_change(item), one.record.index, one.duty, _who(party), sort_of(party), party.principal, one.commit)


def approvals(item: ChangeFacts) -> Iterator[Cells]:
    """Decisions about it."""
    for one in item.approvals:
        yield approval(f"change {_text(item.id)}", one)


def approval(subject: str, item: ApprovalFact) -> Cells:
    """A decision."""
    said, basis = item.approval, item.approval.basis
    return (
        subject,
        *_at(item.record),
        _who(item.approver),
        item.approver.principal,
        said.decision,
        _text(said.meaning),
        said.role,
        ", ".join(item.roles) or None,
        said.attested_by,
        "yes" if item.standing else "no: withdrawn" if item.withdrawn_by is not None else "no: replaced",
        _words(item.comment),
        basis.commit,
        basis.tree,
        basis.manifest,
        basis.policy,
        item.record.leaf.key_id,
        item.record.envelope,
    )


def runs(item: ChangeFacts) -> Iterator[Cells]:
    """Runs on its content."""
    for one in item.runs:
        run, totals = one.run.run, one.run.run.totals
        yield (
            *_change(item),
            *_at(one.record),
            *(_text(run.suite), run.class_, one.run.result, run.attempt, totals.tests, totals.passed, totals.failures),
            *(totals.errors, totals.skipped, totals.flaky, run.commit, run.tree, run.environment),
            *(_who(one.reporter), one.record.envelope),
        )


def prompts(item: ChangeFacts) -> Iterator[Cells]:
    """What an assistant was asked for it, without the words."""
    for one in item.prompts:
        prompt = one.prompt
        yield (
            *_change(item),
            *_at(one.record),
            "unknown" if one.initiator is None else _who(one.initiator),
            None if one.agent is None else _who(one.agent),
            _text(prompt.tool.name),
            None if prompt.model is None else _text(prompt.model.provider),
            None if prompt.model is None else _text(prompt.model.responded or prompt.model.requested or ""),
            _text(prompt.session),
            *(prompt.turn, prompt.trigger, prompt.permission_mode),
            None if prompt.template is None else _text(f"{prompt.template.id} {prompt.template.version}"),
            prompt.capture.quality,
            one.strength,
            None if prompt.scan is None else prompt.scan.masked,
            None if prompt.scan is None else prompt.scan.findings,
            one.record.envelope,
        )


def scans(item: ChangeFacts) -> Iterator[Cells]:
    """Runs of scanners on it."""
    for one in item.scans:
        yield scan(f"change {_text(item.id)}", one)


def scan(subject: str, item: Told[Scan]) -> Cells:
    """A run of a scanner."""
    body, counts = item.body, item.body.counts
    return (
        subject,
        *_at(item.record),
        *(_text(body.tool.name), body.target, body.complete),
        *(counts.error, counts.warning, counts.note, counts.none),
        *(body.suppressed.justified, body.suppressed.unjustified, body.commit, body.tree, item.record.envelope),
    )


def exception(item: ExceptionFact) -> Cells:
    """A declared departure, with what was decided about it."""
    body = item.exception
    return (
        _project(item.record),
        *_at(item.record),
        _who(item.requester),
        body.cause,
        ", ".join(body.rules),
        body.incident,
        body.expires_at,
        _words(item.reason),
        "; ".join(
            f"{one.approval.decision} by {_who(one.approver)}, entry {one.record.index}" for one in item.decisions
        )
        or None,
        item.record.envelope,
    )


def release(item: ReleaseDossier) -> Cells:
    """A release."""
    return (
        _project(item.record),
        *_at(item.record),
        *(_text(item.name), _who(item.released_by), len(item.changes)),
        "; ".join(f"{one.source.project} {one.source.commit}" for one in item.sources),
        "; ".join(f"{_text(one.name)} {one.sha256}" for one in item.release.artifacts) or None,
        item.record.envelope,
    )


def deployment(item: DeployFact) -> Cells:
    """A deployment."""
    body = item.deploy
    return (
        _project(item.record),
        *_at(item.record),
        *(body.environment, _text(body.service or ""), body.status, _who(item.deployed_by), body.release),
        item.record.envelope,
    )


def observation(item: Told[Observation]) -> Cells:
    """What was seen running."""
    body = item.body
    return (
        _project(item.record),
        *_at(item.record),
        *(body.environment, _text(body.service)),
        "; ".join(f"{_text(one.name)} {one.sha256}" for one in body.running) or None,
        *(body.verification, body.failed, item.record.envelope),
    )


def incident(item: Told[Incident]) -> Cells:
    """One thing said of an incident."""
    body = item.body
    return (
        _project(item.record),
        *_at(item.record),
        *(_text(body.incident), body.state, body.severity, body.cause),
        None if body.service is None else _text(body.service),
        body.started_at,
        None if body.corrective is None else _text(body.corrective),
        item.record.envelope,
    )


def gate(item: Told[GateDecision]) -> Cells:
    """A gate's answer."""
    body = item.body
    return (
        _project(item.record),
        *_at(item.record),
        *(body.gate, body.mode, body.outcome),
        ", ".join(f"{one.rule} {one.outcome}" for one in body.blocking) or None,
        ", ".join(body.excepted) or None,
        *(body.policy, body.position, item.record.envelope),
    )


def party(item: Party) -> Cells:
    """A principal that occurs."""
    return item.principal, sort_of(item), None if item.name is None else _who(item), _absence(item.name_state)


def verdict(item: Verdict, sentence: str) -> Cells:
    """A rule's outcome, its sentence with names."""
    return (
        item.rule,
        _text(item.subject),
        item.outcome.value,
        item.severity,
        _text(sentence),
        "; ".join(map(_text, item.missing)) or None,
        ", ".join(f"entry {one.index}" for one in item.excepted_by) or None,
        ", ".join(f"{one.name} {one.index}" for one in item.inputs) or None,
    )


def entry(item: Record) -> Cells:
    """An entry of the log."""
    leaf = item.leaf
    return (
        item.index,
        leaf.stream,
        leaf.kind,
        leaf.received_at,
        claimed(item),
        item.key.principal,
        leaf.key_id,
        item.envelope,
    )


def contents(records: Records, item: Record) -> Iterator[Cells]:
    """What an entry commits to, and whether it is at hand."""
    for one in item.event.context.contents:
        found = records.content(one)
        state = "held" if isinstance(found, Held) else _absence(found.state)
        yield item.index, item.leaf.kind, _text(one.name), one.media_type, one.size_bytes, state, one.commitment


def _change(item: ChangeFacts) -> tuple[str, str]:
    return item.project, _text(item.id)


def _project(record: Record) -> str | None:
    return record.event.context.project


def _at(record: Record) -> tuple[int, str, str]:
    return record.index, record.leaf.received_at, claimed(record)


def _who(item: Party) -> str:
    return named(item).plain


def _absence(state: str) -> str:
    return absence(state)


def _text(value: str) -> str:
    """Captured text with nothing invisible in it."""
    return capture(value, limit=LONGEST).plain


def _words(value: str | Absent | None) -> str | None:
    if value is None:
        return None
    return absence(value.state) if isinstance(value, Absent) else _text(value)
