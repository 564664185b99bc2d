"""What somebody is about to sign, in words: exactly the content, prompts, tests and policy that it covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.cli.directory import short_id
from ledger.cli.output import clean, plural
from ledger.dossier.build import build_change
from ledger.dossier.telling import told_words
from ledger.errors import ChainError, FormatError, NotFoundError
from ledger.events.context import About
from ledger.events.work import Basis, Release, Seen
from ledger.manifest import ABSENT_MODE, Manifest
from ledger.records import Absent, Held
from ledger.roster.state import person_behind, policy_at
from ledger.rules.judged import of_revision
from ledger.rules.policy import parse_policy
from ledger.rules.risk import asked, risk_class
from ledger.rules.shape import ChangeCase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ledger.cli.directory import Directory
    from ledger.digests import Digest
    from ledger.dossier.facts import ChangeDossier, ChangeFacts, Party, PromptFact, Revision, RunFact
    from ledger.events.work import Diff
    from ledger.making import NewContent
    from ledger.manifest import ManifestEntry
    from ledger.records import Record, Records
    from ledger.roster.state import Key, Policy

MOST_SHOWN: Final = 500
"""Files, prompts, tests and commits are listed up to here; more are counted, and ``--json`` lists them."""
MOST_SEEN: Final = 256
PROMPT_LINES: Final = 3
NOUNS: Final = {"approve": "approval", "reject": "rejection"}
"""What a decision is called."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a decision is about: all that is signed, and how it is shown."""

    scope: str
    title: str
    """Such as ``revision 3 of change 7``."""
    project: str
    about: About
    basis: Basis
    seen: Seen
    lines: tuple[str, ...]
    """Fit for a terminal."""
    document: Mapping[str, Any]
    warnings: tuple[str, ...] = field(default=())
    checklist: tuple[tuple[str, str], ...] = field(default=())
    """Items that the policy wants answered: id and question."""
    contents: tuple[NewContent, ...] = field(default=())
    """What the decision carries beside a comment."""
    own_exception: bool = False
    """Whether whoever decides asked for this exception."""


def change_matter(
    records: Records, known: Directory, me: Key, project: str, change: str, *, revision: int | None, repo: Path | None
) -> Matter:
    """The recorded revision of a change, the last by default.

    With ``repo`` the manifest is made again from that clone, and must be the recorded one.

    Raises:
        NotFoundError: ``no-such-change``, ``no-such-revision``, ``no-policy``; ``manifest-not-held`` without ``repo``.
        ChainError: ``content-differs`` where the clone has another content.
    """
    dossier = build_change(records, project, change)
    facts = dossier.change
    chosen = _revision(facts.revisions, revision)
    diff = chosen.diff
    manifest = chosen.manifest if repo is None else _recomputed(repo, chosen)
    if isinstance(manifest, Absent):
        raise NotFoundError(
            "manifest-not-held",
            "the list of files is not at hand, so there is nothing to show",
            details={"state": manifest.state},
            remedy="Name a clone that has the change: --repo PATH",
        )
    policy = policy_for(known, project)
    prompts = facts.prompts[-MOST_SEEN:]
    runs = facts.runs[-MOST_SEEN:]
    scans = tuple(item for item in facts.scans if item.body.tree in (None, diff.tree))[-MOST_SEEN:]
    target = _target(facts, diff)
    last = facts.revisions[-1]
    which = "the last recorded" if chosen is last else f"NOT the last recorded, which is {last.number}"
    lines = [
        f"project    {_project(known, project)}",
        f"change     {clean(change, 120)}, revision {chosen.number} ({which})",
        _recorded(chosen.record, known),
        f"head       {diff.head}",
        f"merge base {diff.merge_base}",
        f"tree       {diff.tree}",
        f"manifest   {diff.manifest}" + ("" if repo is None else " (made again from your clone: equal)"),
        *([] if target is None else [f"for        {clean(target, 128)}"]),
        f"assistants {diff.ai.involvement}, {_source(diff.ai.source, diff.ai.traces)}",
        f"policy     {_policy_name(policy)}{policy.digest}",
        *_mine(known, me, project),
        "",
        f"{plural(len(manifest.entries), 'file')}, {diff.lines_added:,} lines added, {diff.lines_removed:,} removed:",
        *_shortened([f"  {_file(entry)}" for entry in manifest.entries], "file"),
        "",
        *_commits(chosen),
        "",
        f"{plural(len(prompts), 'prompt')}:" if prompts else "no prompt is recorded",
        *(line for item in prompts for line in _prompt(records, item)),
        "",
        f"{plural(len(runs), 'test run')}:" if runs else "no test run is recorded",
        *(f"  {_run(item, diff.tree)}" for item in runs),
        *(["", f"{plural(len(scans), 'scan')}:"] if scans else []),
        *(f"  entry {item.record.index}: {clean(told_words(item.body), 200)}" for item in scans),
    ]
    read_it = f"read it:   git diff {diff.merge_base} {diff.head}"
    seen = Seen(
        tuple(item.record.envelope for item in prompts),
        tuple(item.record.envelope for item in runs),
        tuple(item.record.envelope for item in scans) or None,
    )
    basis = Basis(manifest=diff.manifest, policy=policy.digest, ref=target, tree=diff.tree)
    return Matter(
        scope="change",
        title=f"revision {chosen.number} of change {clean(change, 120)}",
        project=project,
        about=About(change=change, revision=chosen.number, tree=diff.tree),
        basis=basis,
        seen=seen,
        lines=(*lines, "", read_it),
        document=_document(basis, seen) | {"files": [_file_document(entry) for entry in manifest.entries]},
        warnings=tuple(_change_warnings(dossier, chosen, me)),
        checklist=_checklist(dossier, chosen, policy),
    )


def _target(facts: ChangeFacts, diff: Diff) -> str | None:
    """The ref into which the change is to go, as its diff or else the latest word about it says."""
    stated = [item.body.target for item in facts.states if item.body.target is not None]
    return diff.target or (stated[-1] if stated else None)


def _checklist(dossier: ChangeDossier, revision: Revision, policy: Policy) -> tuple[tuple[str, str], ...]:
    """What the policy wants answered about a content of this risk, or of any that it may be of."""
    try:
        shared = parse_policy(policy.data).shared
    except FormatError:
        # Of a form that this version does not assess by.
        return ()
    records = dossier.records
    latest = max((record.leaf.received_at for record in records.entries), default="")
    case = ChangeCase(records, dossier.change, shared, latest)
    table = cast("dict[str, list[dict[str, str]]]", shared.get("checklists", {}))
    asked_for = asked(table, risk_class(case, of_revision(case, revision)))
    return tuple(dict.fromkeys((item["id"], item["text"]) for items in asked_for for item in items or ()))


def release_matter(records: Records, known: Directory, me: Key, project: str, release: str) -> Matter:
    """The recorded release of that name.

    Raises:
        NotFoundError: ``no-such-release``, ``no-policy``.
    """
    found = [record for record in records.entries if _is_release(record, project, release)]
    if not found:
        raise NotFoundError(
            "no-such-release", "no release of this name is recorded in this project", remedy="See: evidence log"
        )
    record = found[-1]
    body = record.event.body
    if not isinstance(body, Release):
        raise TypeError("a release event has a release")
    policy = policy_for(known, project)
    lines = [
        f"project    {_project(known, project)}",
        f"release    {clean(body.product)} {clean(body.version)}",
        _recorded(record, known),
        f"envelope   {record.envelope}",
        f"policy     {_policy_name(policy)}{policy.digest}",
        *_mine(known, me, project),
    ]
    for source in body.sources:
        since = "everything since the declared start" if source.previous is None else f"after {source.previous}"
        scope = f", only {clean(source.path)}" if source.path else ""
        lines += [
            "",
            f"source     {_project(known, source.project)}, repository {clean(source.repository)}{scope}",
            f"commit     {source.commit}, {plural(source.commit_count, 'commit')}: {since}",
            *_listed_commits(records, record, source.commits),
        ]
    lines += ["", f"{plural(len(body.artifacts), 'artifact')}" + (":" if body.artifacts else "")]
    lines += _shortened([f"  {clean(item.name)}  {item.sha256}" for item in body.artifacts], "artifact")
    basis, seen = Basis(policy=policy.digest, release=record.envelope), Seen((), ())
    warnings = [] if len(found) == 1 else [f"{len(found)} releases of this name are recorded; this is the last"]
    return Matter(
        scope="release",
        title=f"release {clean(body.product)}@{clean(body.version)}",
        project=project,
        about=About(release=release),
        basis=basis,
        seen=seen,
        lines=(*lines, "", f"rules:     evidence check {clean(release)}"),
        document=_document(basis, seen),
        warnings=tuple(warnings),
    )


def _is_release(record: Record, project: str, name: str) -> bool:
    context = record.event.context
    return isinstance(record.event.body, Release) and (context.project, context.about.release) == (project, name)


def _revision(revisions: Sequence[Revision], number: int | None) -> Revision:
    fitting = [item for item in revisions if number is None or item.number == number]
    if not fitting:
        raise NotFoundError(
            "no-such-revision",
            "this revision of the change is not recorded" if revisions else "no revision of the change is recorded",
            details={"recorded": ", ".join(str(item.number) for item in revisions) or "none"},
            remedy="Record it: evidence record diff",
        )
    return fitting[-1]


def _recomputed(repo: Path, revision: Revision) -> Manifest:
    """The manifest as this clone has it, whose digest is the recorded one."""
    from ledger.capture.changes import read_manifest
    from ledger.capture.commits import tree_of
    from ledger.capture.git import open_repository
    from ledger.manifest import encode_manifest, manifest_digest

    diff = revision.diff
    with open_repository(repo) as repository:
        tree = tree_of(repository, diff.head)
        manifest = read_manifest(repository, tree_of(repository, diff.merge_base), tree)
    digest = manifest_digest(encode_manifest(manifest))
    if (digest, tree) != (diff.manifest, diff.tree):
        raise ChainError(
            "content-differs",
            "the content in your clone is not the one that was recorded: do not sign",
            details={"recorded": diff.manifest, "found": digest},
        )
    return manifest


def policy_for(known: Directory, project: str) -> Policy:
    """The policy under which somebody decides in a project.

    Raises:
        NotFoundError: ``no-policy``.
    """
    policy = policy_at(known.roster, project, known.position)
    if policy is None:
        raise NotFoundError(
            "no-policy",
            "no policy is in force for this project, and an approval is given under one",
            remedy="An administrator sets one: evidence policy set",
        )
    return policy


def _policy_name(policy: Policy) -> str:
    try:
        return f"{clean(parse_policy(policy.data).name)}, "
    except FormatError:
        # Of a form that this version does not assess by; its digest still says which.
        return ""


def _mine(known: Directory, me: Key, project: str) -> Iterator[str]:
    yield f"you are    {clean(known.name(me.principal))} ({short_id(me.principal)}), key {short_id(me.id)}"
    yield f"your roles {', '.join(known.roles(me.principal, project)) or 'none'}"


def _recorded(record: Record, known: Directory) -> str:
    signer = clean(known.name(record.key.principal))
    return f"recorded   entry {record.index}, {record.leaf.received_at}, signed by {signer}"


def _project(known: Directory, project: str) -> str:
    return f"{clean(known.project_name(project))} ({short_id(project)})"


def _source(source: str, traces: Sequence[str]) -> str:
    said = {"declared": "as declared", "trailers": "as commits show", "none": "nobody said"}[source]
    return f"{said}; traces of {', '.join(traces)}" if traces else said


def _file(entry: ManifestEntry) -> str:
    path = clean(entry.path.decode("utf-8", "backslashreplace"), 400)
    if entry.old_mode == ABSENT_MODE:
        return f"+ {entry.new_mode}            {path}"
    if entry.new_mode == ABSENT_MODE:
        return f"- {entry.old_mode}            {path}"
    if entry.old_mode != entry.new_mode:
        return f"~ {entry.old_mode} -> {entry.new_mode}  {path}"
    return f"~ {entry.new_mode}            {path}"


def _file_document(entry: ManifestEntry) -> dict[str, str | None]:
    return {
        "path": entry.path.decode("utf-8", "backslashreplace"),
        "old_mode": entry.old_mode,
        "new_mode": entry.new_mode,
        "new_sha256": entry.new_sha256,
    }


def _commits(revision: Revision) -> list[str]:
    if isinstance(revision.commits, Absent):
        return [f"the commit list is {revision.commits.state}"]
    lines = [
        _commit(commit.id, commit.author.name or commit.author.mail, commit.subject) for commit in revision.commits
    ]
    return [f"{plural(len(lines), 'commit')}:", *_shortened(lines, "commit")]


def _listed_commits(records: Records, record: Record, name: str) -> list[str]:
    from ledger.documents import parse_commits

    content = records.content(record.event.context.content(name))
    if isinstance(content, Absent):
        return [f"  the commit list is {content.state}"]
    lines = [_commit(commit.id, commit.author.name, commit.subject) for commit in parse_commits(content.data)]
    return _shortened(lines, "commit")


def _commit(identifier: str, author: str | None, subject: str | None) -> str:
    return f"  {identifier[:12]}  {clean(author or '', 40)}  {clean(subject or '', 100)}"


def _prompt(records: Records, item: PromptFact) -> Iterator[str]:
    prompt, record = item.prompt, item.record
    asked = "unknown" if item.initiator is None else _party(item.initiator)
    yield (
        f"  entry {record.index}: asked by {asked} (set off by: {prompt.trigger}), {clean(prompt.tool.name)},"
        f" session {clean(prompt.session, 40)} turn {prompt.turn}; {item.strength or 'bound to no revision'}"
    )
    content = records.content(record.event.context.content("prompt"))
    if not isinstance(content, Held):
        yield f"    the text is {content.state}"
        return
    written = [line for line in content.data.decode("utf-8", "replace").splitlines() if line.strip()]
    for line in written[:PROMPT_LINES]:
        yield f"    | {clean(line, 160)}"
    if len(written) > PROMPT_LINES:
        yield f"    | and {plural(len(written) - PROMPT_LINES, 'more line')}: evidence show {record.index}"


def _party(party: Party) -> str:
    return clean(party.name or party.principal or "somebody unresolved", 60)


def _run(item: RunFact, tree: str) -> str:
    run, totals = item.run.run, item.run.run.totals
    where = "on this very tree" if run.tree == tree else f"on ANOTHER tree, {run.tree[:12]}"
    flaky = f", {totals.flaky:,} flaky" if totals.flaky else ""
    return (
        f"entry {item.record.index}: {clean(run.suite, 60)} attempt {run.attempt} {item.run.result},"
        f" {totals.passed:,} of {plural(totals.tests, 'test')} passed, {totals.skipped:,} skipped{flaky}; {where}"
    )


def _change_warnings(dossier: ChangeDossier, chosen: Revision, me: Key) -> Iterator[str]:
    facts = dossier.change
    myself = person_behind(dossier.records.roster, me.principal, dossier.records.position)
    if chosen is not facts.revisions[-1]:
        yield f"a later revision is recorded: {facts.revisions[-1].number}"
    duties = sorted({item.duty for item in facts.contributions if item.party.principal == myself})
    if duties:
        yield f"you took part in this change ({', '.join(duties)}): rules will not count your decision"
    claimed = [item for item in facts.contributions if myself in item.party.claimants and not item.party.principal]
    if claimed:
        yield "an account that you and others claim took part in this change: rules may not count your decision"
    for item in facts.approvals:
        decided = item.approval.decision != "withdraw" and item.standing
        if decided and item.approver.principal == myself:
            yield f"your {NOUNS[item.approval.decision]} in entry {item.record.index} stands; this one takes its place"
    if any(item.run.run.tree == chosen.diff.tree and item.run.result == "FAILED" for item in facts.runs):
        yield "a test run on this very tree failed"
    if facts.landings:
        yield f"the change has landed already, in entry {facts.landings[0].record.index}"


def _document(basis: Basis, seen: Seen) -> dict[str, Any]:
    members: dict[str, Digest | str | None] = {
        "manifest": basis.manifest,
        "policy": basis.policy,
        "ref": basis.ref,
        "release": basis.release,
        "tree": basis.tree,
    }
    return {
        "basis": {name: value for name, value in members.items() if value is not None},
        "seen": {"prompts": list(seen.prompts), "scans": list(seen.scans or ()), "tests": list(seen.tests)},
    }


def _shortened(lines: list[str], one: str) -> list[str]:
    if len(lines) <= MOST_SHOWN:
        return lines
    return [*lines[:MOST_SHOWN], f"  and {plural(len(lines) - MOST_SHOWN, 'more ' + one)}, covered as well"]
