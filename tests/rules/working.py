"""Events of making a change, with every member that rules about content, tests and assistants read.

Each function is the verb of its name in a scenario (tests/scenarios/README.md): it takes the story and what the
scenario says, and returns the record. ``revise``, ``land``, ``suite`` and ``ask`` are the fuller forms of ``diff``,
``merge``, ``run`` and ``prompt``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from ledger.digests import Digest, digest_bytes
from ledger.events.context import About, Actor, Link
from ledger.events.forge import ChangeState, Cutover, Request, ReviewNote
from ledger.events.operation import Findings, Scan, Suppressed
from ledger.events.roster import KeyEnrol
from ledger.events.statement import Event
from ledger.events.work import (
    AiInvolvement,
    BoundPrompt,
    Capture,
    Contract,
    Diff,
    Merge,
    Model,
    Prompt,
    PromptScan,
    Recomputed,
    Run,
    SuiteRun,
    Template,
    Tool,
    Totals,
)
from ledger.keys import SigningKey, sign
from ledger.manifest import ABSENT_MODE, SUBMODULE_MODE, Manifest, ManifestEntry, encode_manifest
from ledger.roster.acts import key_preimage
from tests.world import ZEROS, Change, git_id, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.events.context import ContentRef
    from ledger.records import Record
    from tests.rules.story import Story

PROJECT = "app"
SUBMODULE = "submodule "
"""A text that begins so stands for a commit of another repository."""


def manifest_of(files: Mapping[str, list[str]]) -> tuple[bytes, Digest]:
    """The change manifest of paths, each with its text before and after; an empty text: the path is not there."""
    entries = tuple(
        ManifestEntry(path.encode(), *_side(before), *_side(after), _digest(after))
        for path, (before, after) in sorted(files.items(), key=lambda item: item[0].encode())
    )
    data = encode_manifest(Manifest("sha1", entries))
    return data, digest_bytes(data)


def _side(text: str) -> tuple[str, str]:
    if not text:
        return ABSENT_MODE, ZEROS
    return SUBMODULE_MODE if text.startswith(SUBMODULE) else "100644", git_id("blob " + text)


def _digest(text: str) -> str | None:
    return None if not text or text.startswith(SUBMODULE) else hashlib.sha256(text.encode()).hexdigest()


def _links(story: Story, reverts: str | None) -> tuple[Link, ...]:
    return () if reverts is None else (Link(story.labels[reverts].envelope, "reverts"),)


def revise(
    story: Story,
    by: str,
    rev: int,
    files: Mapping[str, list[str]],
    change: str = "7",
    tree: str | None = None,
    risk: str | None = None,
    lines: int = 1,
    ai: str = "none",
    prompts: Iterable[str] = (),
    base: str = "base",
    pusher: str | None = None,
    reverts: str | None = None,
    commits: Iterable[Mapping[str, Any]] | None = None,
    count: int | None = None,
    **told: Any,  # noqa: ANN401 -- members of a commit, as the scenario has them
) -> Record:
    """A revision whose files are said, each with what it held before and holds after."""
    data, digest = manifest_of(files)
    told_tree = git_id(f"tree {tree or digest}")
    listed = [{"id": f"{change} r{rev} {digest}", **told}] if commits is None else list(commits)
    items = tuple(story._commit(item, told_tree, by) for item in listed)
    body = Diff(
        ai=AiInvolvement(ai, "none" if ai == "undeclared" else "declared", ()),
        base=git_id(base),
        commit_count=len(items) if count is None else count,
        files_changed=len(files),
        head=items[-1]["id"],
        lines_added=lines,
        lines_removed=0,
        manifest=digest,
        merge_base=git_id(base),
        object_format="sha1",
        prompts=tuple(BoundPrompt(story.labels[label].envelope, "observed") for label in prompts),
        tree=told_tree,
        risk=risk,
    )
    context = story.world.context(
        story.people[pusher or by],
        [story.world.content("manifest", data), story.world.commits(items)],
        project=PROJECT,
        about=About(change=change, revision=rev, tree=told_tree),
        links=_links(story, reverts),
    )
    record = story.world.append(Event(context, body), story.people["CI"].key)
    story.revisions[change, rev] = Change(change, rev, body.head, told_tree, digest, record, items)
    return record


def land(
    story: Story,
    by: str,
    rev: int,
    change: str = "7",
    method: str = "merge",
    binding: str = "manifest",
    files: Mapping[str, list[str]] | None = None,
    tree: str | None = None,
    parents: Iterable[str] = ("base",),
    again: str | None = None,
    commits: Iterable[Mapping[str, Any]] | None = None,
    count: int | None = None,
    ref: str = "refs/heads/main",
) -> Record:
    """A landing whose parents are said, and what git made of them ``again``: same, other or conflict."""
    revision = story.revisions[change, rev]
    reference = revision.diff.event.context.content("manifest")
    data = story.world.contents[reference.commitment].data if reference is not None else b""
    digest = revision.manifest
    if files is not None:
        data, digest = manifest_of(files)
    landed = revision.tree if tree is None else git_id(f"tree {tree}")
    number = len(story.landed)
    items = [
        story._commit(item, landed, by)
        for item in ([{"id": f"{change} lands {number}"}] if commits is None else commits)
    ]
    outcomes = {
        "same": Recomputed("clean", landed),
        "other": Recomputed("clean", git_id("tree as git makes it")),
        "conflict": Recomputed("conflict"),
    }
    body = Merge(
        binding=binding,
        commit=items[-1]["id"],
        commit_count=len(items) if count is None else count,
        manifest=digest,
        method=method,
        object_format="sha1",
        parents=tuple(map(git_id, parents)),
        ref=ref,
        tree=landed,
        diff=None if binding == "none" else revision.diff.envelope,
        recomputed=None if again is None else outcomes[again],
    )
    contents = [story.world.content("manifest", data), story.world.commits(items)]
    record = story.world.work(
        PROJECT, body, story.people[by], story.people["CI"], contents, About(change=change, tree=landed)
    )
    story.landed.append(record)
    return record


def state(
    story: Story,
    by: str = "Dana",
    change: str = "7",
    state: str = "opened",
    type: str = "normal",  # noqa: A002 -- the member's own name
    requests: Iterable[str] = (),
    risk: str | None = None,
    returns_to: str | None = None,
    cutover: str | None = None,
    reverts: str | None = None,
    texts: Mapping[str, str] | None = None,
    withheld: Iterable[str] = (),
    signer: str = "CI",
) -> Record:
    """A statement of a change as a whole; ``requests`` as ``system:id:state``, ``texts`` by content."""
    told = {name.replace("_", "-"): text for name, text in (texts or {}).items()}
    contents: list[ContentRef] = [
        story.world.content(name, text.encode(), "text/plain", "withheld" if name in withheld else "stored")
        for name, text in told.items()
    ]
    body = ChangeState(
        requests=tuple(_request(item) for item in requests),
        state=state,
        type=type,
        cutover=None
        if cutover is None
        else Cutover(story.people[cutover].principal if cutover in story.people else cutover),
        returns_to=returns_to,
        risk=risk,
    )
    context = story.world.context(
        story.people[by], contents, project=PROJECT, about=About(change=change), links=_links(story, reverts)
    )
    return story.world.append(Event(context, body), story.people[signer].key)


def _request(text: str) -> Request:
    system, identifier, word = text.split(":")
    return Request(identifier, word, system)


def note(
    story: Story,
    by: str,
    path: str | None = None,
    change: str = "7",
    note: str = "comment",
    rev: int | None = None,
    account: str | None = None,
    *,
    advisory: bool = False,
    resolved: bool = False,
    signer: str = "Collector",
) -> Record:
    """Something said in a review, on a path and, with ``rev``, on that revision's head."""
    body = ReviewNote(
        note=note,
        advisory=advisory or None,
        commit=None if rev is None else story.revisions[change, rev].head,
        path=path,
        resolved=resolved or None,
    )
    contents = [story.world.content("body", b"Looked at it.", "text/plain")]
    actor = Actor(principal=story.people[by].principal) if account is None else Actor(account="account")
    if account is not None:
        contents.append(story._account(account))
    return story.world.work(PROJECT, body, actor, story.people[signer], contents, About(change=change))


def scan(
    story: Story,
    rev: int | None = None,
    change: str = "7",
    tool: str = "codescan",
    target: str = "code",
    error: int = 0,
    warning: int = 0,
    justified: int = 0,
    unjustified: int = 0,
    complete: str = "yes",
    prompts: Iterable[str] = (),
    tree: str | None = None,
    signer: str = "CI",
) -> Record:
    """What a scanner found on a revision, on another tree, or in prompts."""
    on = None if rev is None else story.revisions[change, rev]
    of_prompts = target == "prompts"
    body = Scan(
        complete=complete,
        counts=Findings(error, 0, 0, warning),
        prompts=tuple(story.labels[label].envelope for label in prompts),
        suppressed=Suppressed(justified, unjustified),
        target=target,
        tool=Tool(tool, "1.0"),
        commit=None if of_prompts else (git_id(f"commit {tree}") if on is None else on.head),
        tree=None if of_prompts else (git_id(f"tree {tree}") if on is None or tree is not None else on.tree),
    )
    contents = [story.world.content("report", b"{}", "application/sarif+json")]
    who = story.people[signer]
    return story.world.work(PROJECT, body, who, who, contents, About(change=change))


def suite(
    story: Story,
    rev: int | None = None,
    change: str | None = "7",
    suite: str = "unit",
    passed: int = 2,
    failures: int = 0,
    skipped: int = 0,
    attempt: int = 1,
    tree: str | None = None,
    commit: str | None = None,
    signer: str = "CI",
    environment: str = "ci",
    sort: str | None = None,
    contract: str | None = None,
    report: str = "same",
    media_type: str = "application/xml",
) -> Record:
    """A run with its report, which says the ``same`` counts, ``other`` ones, or holds something else (``broken``)."""
    on = story.revisions[change or "7", rev] if rev is not None else None
    tests = passed + failures + skipped
    where = on.tree if on is not None and tree is None else git_id(f"tree {tree}")
    run = Run(
        attempt=attempt,
        commit=on.head if on is not None and commit is None else git_id(commit or f"commit {tree}"),
        environment=environment,
        suite=suite,
        totals=Totals(0, failures, 0, passed, skipped, tests),
        tree=where,
        class_=sort,
        contract=None if contract is None else Contract(contract, digest_bytes(contract.encode())),
    )
    body = SuiteRun("PASSED" if tests > skipped and not failures else "FAILED", run)
    reports = {
        "same": _junit(passed, failures, skipped),
        "other": _junit(passed + 1, failures, skipped),
        "broken": b"<html/>",
    }
    who = story.people[signer]
    content = story.world.content("report", reports[report], media_type)
    return story.world.work(PROJECT, body, who, who, [content], About(change=change, tree=where))


def _junit(passed: int, failures: int, skipped: int) -> bytes:
    cases = ["<testcase name='ok'/>"] * passed
    cases += ["<testcase name='bad'><failure/></testcase>"] * failures
    cases += ["<testcase name='not'><skipped/></testcase>"] * skipped
    named = (case.replace("name='", f"name='{number} ", 1) for number, case in enumerate(cases))
    return f"<testsuite>{''.join(named)}</testsuite>".encode()


def ask(
    story: Story,
    by: str | None = "Dana",
    change: str = "7",
    agent: str | None = "Copi",
    session: str = "s-1",
    trigger: str = "human",
    tool: str = "codepilot",
    model: str = "m-1",
    requested: str = "m-1",
    mode: str = "ask",
    configuration: str | None = None,
    template: str | None = None,
    findings: int | None = None,
    masked: int = 0,
    signer: str = "CI",
    text: str = "Please",
    state: str = "stored",
) -> Record:
    """A prompt with its tool, model, permission mode, configuration, template (``id@version``) and scan.

    An empty ``model``, ``requested`` or ``mode`` is not recorded.
    """
    identifier, _, version = (template or "").partition("@")
    named = Model("example", requested or None, model or None) if requested or model else None
    initiator = None if by is None else story.people[by]
    body = Prompt(
        capture=Capture("complete", "hook"),
        session=session,
        tool=Tool(tool, "2.1"),
        trigger=trigger,
        turn=1,
        configuration=None if configuration is None else digest_bytes(configuration.encode()),
        initiator=None if initiator is None else initiator.principal,
        model=named,
        permission_mode=mode or None,
        scan=None if findings is None else PromptScan(findings, masked, "secrets", "1.0"),
        template=None if template is None else Template(identifier, version),
    )
    actor = story.people[agent] if agent is not None else initiator or story.people[signer]
    contents = [
        story.world.content("prompt", text.encode(), "text/plain", state),
        story.world.content("output", b"Done.", "text/plain"),
    ]
    return story.world.work(PROJECT, body, actor, story.people[signer], contents, About(change=change))


def enrol(story: Story, of: str, name: str, custody: str) -> Record:
    """Another key for somebody, with where it is held."""
    key = story.keys[name] = SigningKey(seed("extra " + name))
    principal = story.people[of].principal
    proof = sign(key, key_preimage(story.world.ledger, principal, key.public))
    return story.world.act(KeyEnrol(key.public, principal, proof, None, None, custody=custody))


VERBS: Final[Mapping[str, Callable[..., Record]]] = {
    item.__name__: item for item in (revise, land, state, note, scan, suite, ask, enrol)
}
"""By the word that scenarios use."""
