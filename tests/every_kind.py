"""A story of every kind that a frozen bundle holds and both schemes of keys, told to a two-administrator world.

Kinds that came later are told by ``tests.later_kinds``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.canonical import encode
from ledger.digests import digest_bytes
from ledger.events.context import NOTHING, About, Actor, Link
from ledger.events.forge import ChangeState, ControlSnapshot, Cutover, Protection, Push, Request, ReviewNote
from ledger.events.governance import BlockingVerdict, Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Findings, Heartbeat, Incident, Observation, Scan, Suppressed, Suspect
from ledger.events.roster import KeyEnrol, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import (
    AiInvolvement,
    Approval,
    Artifact,
    Attestation,
    Basis,
    BoundPrompt,
    Capture,
    ChecklistAnswer,
    Contract,
    Diff,
    ForgeReview,
    Merge,
    Model,
    Prompt,
    PromptScan,
    Recomputed,
    Run,
    Seen,
    SuiteRun,
    Template,
    Tool,
    Totals,
    Usage,
)
from ledger.keys import SigningKey, sign
from ledger.roster.acts import key_preimage
from tests.sshkeys import EmulatedKey
from tests.stories import POLICY
from tests.world import World, git_id, seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.events.bodies import WorkBody
    from ledger.events.context import ContentRef
    from ledger.records import Record
    from tests.world import Change, Member

MACHINE_KINDS = (
    *("prompt", "diff", "test", "approval", "merge", "release", "deploy", "attestation"),
    *("change", "push", "review-note", "scan", "build", "observation", "incident"),
    *("control-snapshot", "heartbeat", "decision", "correction"),
)
"""What machines of this story may sign: the machine kinds there were when its bundle was frozen."""

PROJECT = "payments"
CHANGE = About(change="7")

KEYS = {
    "Bo Admin": EmulatedKey("ed25519", seed("key Bo")),
    "Ivy Author": EmulatedKey("sk-ed25519", seed("key Ivy"), flags=5, hash_name="sha256"),
    "Ray Reviewer": EmulatedKey("ecdsa", seed("key Ray")),
    "Nia Night": EmulatedKey("sk-ecdsa", seed("key Nia"), application=b"ssh:night"),
}
"""Keys of the scheme sshsig, one of each sort; everybody else has one of the scheme ed25519."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who plays in this story."""

    author: Member
    reviewer: Member
    night: Member
    ci: Member
    helper: Member
    """An agent."""


def governed_world() -> tuple[World, Crew]:
    """A two-administrator world with keys of both schemes, and one of each type of principal."""
    world = World(admins_required=2, keys=KEYS)
    world.project(PROJECT)
    world.policy(POLICY)
    author = world.person("Ivy Author")
    reviewer = world.person("Ray Reviewer", "reviewer")
    night = world.person("Nia Night", "collector")
    ci = world.machine("CI Runner", MACHINE_KINDS)
    helper = world.machine("Helper", MACHINE_KINDS, sort="agent", responsible=author)
    return world, Crew(author, reviewer, night, ci, helper)


def told(
    world: World,
    body: WorkBody,
    actor: Member | Actor,
    signer: Member,
    *names: str,
    about: About = NOTHING,
    late: bool = False,
    links: Sequence[Link] = (),
    contents: Sequence[ContentRef] = (),
) -> Record:
    """An event of the project, with a content of each of ``names``."""
    kept = [*contents, *(world.content(name, f"{name} of it".encode(), "text/plain") for name in names)]
    context = world.context(actor, kept, project=PROJECT, about=about, links=links)
    return world.append(Event(replace(context, late=True if late else None), body), signer.key)


def every_kind() -> tuple[World, Record]:
    """The whole story, with its release."""
    world, crew = governed_world()
    _tell_people(world, crew)
    _tell_watch(world, crew)
    change, prompt, scans = _tell_change(world, crew)
    excepted = _tell_gate(world, crew, change, prompt, scans)
    merged = _tell_landing(world, crew, change)
    release = world.release(PROJECT, "1.0", [merged], crew.author, crew.ci)
    _tell_operation(world, crew, release, change)
    _tell_afterwards(world, crew, release, excepted)
    return world, release


def _tell_people(world: World, crew: Crew) -> None:
    second = world.person("Ivy Other", mails=["ivy@home.example"])
    third = world.person("Ivy Third", mails=["ivy@old.example"])
    world.act(PrincipalMerge(into=second.principal, principal=third.principal))
    world.act(PrincipalMerge(into=crew.author.principal, principal=second.principal))
    world.act(PrincipalSplit(third.principal))
    world.act(PrincipalMerge(into=crew.author.principal, principal=third.principal))
    key = SigningKey(seed("key of Ray's phone"))
    proof = sign(key, key_preimage(world.ledger, crew.reviewer.principal, key.public))
    world.act(KeyEnrol(key.public, crew.reviewer.principal, proof, custody="device"))
    world.act(RoleGrant(crew.reviewer.principal, "approver", None, ("src/**", "*.py"), ("high", "medium")))


def _tell_watch(world: World, crew: Crew) -> None:
    ref = "refs/heads/main"
    told(world, Heartbeat(3, 3600, "forge", "c-1", "2026-03-02T07:00:00Z"), crew.ci, crew.ci)
    told(world, Heartbeat(0, 1, "ci"), crew.ci, crew.ci)
    guarded = Protection(
        protected=True,
        ref=ref,
        admins_included=False,
        approvals=1,
        bypass_count=0,
        checks=2,
        deletion=False,
        force_push=False,
        stale_dismissed=True,
    )
    shown = (guarded, Protection(protected=False, ref="refs/heads/next"))
    told(world, ControlSnapshot(shown, crew.night.principal), crew.ci, crew.ci, "settings")
    before, after = git_id("before"), git_id("after")
    account = world.content("account", encode({"account": {"id": "42", "system": "forge.example"}, "v": 1}))
    pusher = Actor(account="account")
    forced = Push("sha1", ref, after, before, "required-review", forced=True)
    told(world, forced, pusher, crew.ci, contents=[account])
    told(world, Push("sha1", "refs/heads/new", after), crew.author, crew.author, late=True)
    told(world, Push("sha1", "refs/heads/old", before=before), crew.author, crew.ci)


def _tell_change(world: World, crew: Crew) -> tuple[Change, Record, tuple[Record, Record]]:
    requests = (Request("T-1", "open", "tracker"), Request("T-2", "unresolved", "tracker"))
    stated = ("title", "reason", "impact", "security-impact", "fallback", "runbook", "stop-conditions")
    state = ChangeState(
        requests, "opened", "normal", Cutover(crew.night.principal), "payments@0.9", "high", "refs/heads/main"
    )
    told(world, state, crew.author, crew.ci, *stated, about=CHANGE)
    prompt = told(
        world,
        Prompt(
            Capture("complete", "hook"),
            "s-1",
            Tool("codepilot", "2.1"),
            "human",
            1,
            git_id("base"),
            digest_bytes(b"configuration"),
            "2026-03-02T09:10:00.250+01:00",
            crew.author.principal,
            Model("example", "m-1", "m-1"),
            "ask",
            PromptScan(0, 1, "masker", "1.0"),
            "2026-03-02T09:00:00+01:00",
            Template("refactor", "3"),
            Usage(10, 20),
        ),
        crew.helper,
        crew.helper,
        "prompt",
        "output",
        about=CHANGE,
    )
    scanned = Scan("yes", Findings(0, 0, 0, 0), (prompt.envelope,), Suppressed(0, 0), "prompts", Tool("masker", "1.0"))
    first = told(world, scanned, crew.ci, crew.ci, "report")
    change = _diff(world, crew, prompt)
    code = Scan("unknown", Findings(0, 1, 2, 3), (), Suppressed(1, 0), "code", Tool("linter"), change.head, change.tree)
    second = told(world, code, crew.ci, crew.ci, "report", about=CHANGE)
    found = ReviewNote(
        "finding",
        advisory=True,
        commit=change.head,
        initiator=crew.author.principal,
        line=3,
        path="src/zahlung/prüfen.py",
        session="s-2",
    )
    told(world, found, crew.helper, crew.helper, "body", about=CHANGE)
    applied = ReviewNote("suggestion", applied=change.head, path="a.py", resolved=True)
    told(world, applied, crew.reviewer, crew.reviewer, "body", about=CHANGE, late=True)
    return change, prompt, (first, second)


def _diff(world: World, crew: Crew, prompt: Record) -> Change:
    told_so_far = world.diff(PROJECT, "7", crew.author, crew.ci, {"a.py": "1"}, ai="assisted", prompts=[prompt])
    body = told_so_far.diff.event.body
    if not isinstance(body, Diff):
        raise TypeError(body)
    aimed = replace(
        body,
        ai=AiInvolvement("generated", "trailers", ("codepilot",)),
        prompts=(BoundPrompt(prompt.envelope, "recomputed"),),
        risk="high",
        target="refs/heads/main",
    )
    about = replace(told_so_far.diff.event.context.about, revision=2)
    record = told(world, aimed, crew.author, crew.author, about=about, contents=told_so_far.diff.event.context.contents)
    return replace(told_so_far, revision=2, diff=record)


def _tell_gate(
    world: World, crew: Crew, change: Change, prompt: Record, scans: tuple[Record, Record]
) -> tuple[Record, Record]:
    run = Run(
        1,
        change.head,
        "ci",
        "contracts",
        Totals(0, 0, 1, 3, 1, 4),
        change.tree,
        "contract",
        Contract("orders-api", digest_bytes(b"contract")),
        250,
        "2026-03-02T09:20:00Z",
        Tool("runner"),
    )
    tested = told(world, SuiteRun("WARNED", run), crew.ci, crew.ci, "report")
    about = About(change="7", revision=2, tree=change.tree)
    blocked = (BlockingVerdict("fail", "SOD-01"), BlockingVerdict("not-evaluable", "TST-02"))
    _decide(world, crew, about, blocked, ())
    exception = told(
        world,
        DeclaredException(
            "emergency",
            "2026-03-03T08:00:00Z",
            ("SOD-01", "TST-02"),
            change.head,
            "production",
            "INC-9",
            change.manifest,
            world.policy_digest,
            tree=change.tree,
        ),
        crew.night,
        crew.night,
        "reason",
        about=about,
    )
    _about_exception(world, crew.reviewer, exception, "authorisation")
    _decide(world, crew, about, (), ("SOD-01", "TST-02"))
    basis = Basis(
        commit=change.head,
        manifest=change.manifest,
        policy=world.policy_digest,
        ref="refs/heads/main",
        tree=change.tree,
    )
    answers = (ChecklistAnswer("yes", "read-whole"), ChecklistAnswer("not-applicable", "migration"))
    seen = Seen((prompt.envelope,), (tested.envelope,), tuple(scan.envelope for scan in scans))
    approval = Approval(
        "person",
        basis,
        "approve",
        "review",
        "change",
        seen,
        answers,
        role="reviewer",
        shown_at="2026-03-02T09:00:00+01:00",
    )
    told(world, approval, crew.reviewer, crew.reviewer, "comment", about=about)
    for decision, state in (("abstain", "commented"), ("approve", "approved")):
        shown = Approval(
            "forge",
            Basis(commit=change.head, ref="refs/heads/main"),
            decision,
            "review",
            "change",
            Seen((), ()),
            review=ForgeReview(f"r-{state}", state),
        )
        told(world, shown, crew.reviewer, crew.night, about=CHANGE, late=True)
    outage = DeclaredException("outage", "2026-03-03T08:00:00Z", ("LED-01",), tree=change.tree)
    return exception, told(world, outage, crew.author, crew.author, "reason", about=CHANGE)


def _decide(
    world: World, crew: Crew, about: About, blocking: tuple[BlockingVerdict, ...], excepted: tuple[str, ...]
) -> None:
    outcome = "blocked" if blocking else "allowed"
    position = len(world.entries)
    body = GateDecision(
        "2026-03-02T09:30:00.000Z",
        blocking,
        excepted,
        "merge",
        "enforce",
        outcome,
        world.policy_digest,
        position,
    )
    told(world, body, crew.ci, crew.ci, "assessment", about=about)


def _about_exception(world: World, by: Member, exception: Record, meaning: str) -> Record:
    basis = Basis(exception=exception.envelope, policy=world.policy_digest)
    body = Approval("person", basis, "approve", meaning, "exception", Seen((), ()))
    return told(world, body, by, by, about=exception.event.context.about)


def _tell_landing(world: World, crew: Crew, change: Change) -> Record:
    merged = world.merge(PROJECT, change, crew.reviewer, crew.ci, method="merge", binding="recomputed")
    body = merged.event.body
    if not isinstance(body, Merge):
        raise TypeError(body)
    for again in (Recomputed("clean", body.tree), Recomputed("conflict")):
        resolved = replace(body, parents=(git_id("base"), change.head), recomputed=again)
        context = merged.event.context
        told(world, resolved, crew.reviewer, crew.ci, about=context.about, contents=context.contents)
    return merged


def _tell_operation(world: World, crew: Crew, release: Record, change: Change) -> None:
    about = About(release="payments@1.0")
    artifacts = (Artifact("payments.tar.gz", digest_bytes(b"1.0")), Artifact("image", digest_bytes(b"image")))
    build = Build(artifacts, "https://ci.example/runner@1", change.head, "sha1", "provenance")
    told(world, build, crew.ci, crew.ci, "provenance")
    told(world, replace(build, source="observed"), crew.ci, crew.ci)
    world.approve_release(PROJECT, release, crew.reviewer)
    decision = GateDecision(
        "2026-03-02T10:00:00.000Z",
        (),
        (),
        "deploy",
        "observe",
        "allowed",
        world.policy_digest,
        1,
        release.envelope,
    )
    told(world, decision, crew.ci, crew.ci, "assessment", about=about)
    world.deploy(PROJECT, release, crew.ci, crew.ci)
    told(world, Observation("production", artifacts, "payments-api"), crew.ci, crew.ci)
    verified = Observation("production", (), "payments-api", 2, release.envelope, "failed")
    told(world, verified, crew.ci, crew.ci, "report", about=about)
    suspects = (Suspect("7", release.envelope), Suspect("8"), Suspect(release=release.envelope))
    opened = Incident(
        "change", "INC-9", "high", "opened", suspects, "9", "production", "payments-api", "2026-03-02T10:30:00Z"
    )
    told(world, opened, crew.night, crew.night, "summary", about=about)
    told(world, Incident("other", "INC-9", "low", "closed", ()), crew.night, crew.night, "reason", "review")


def _tell_afterwards(world: World, crew: Crew, release: Record, excepted: tuple[Record, Record]) -> None:
    about = About(release="payments@1.0")
    risk = DeclaredException("accepted-risk", "2026-04-02T08:00:00Z", ("REL-03",), release=release.envelope)
    accepted = told(world, risk, crew.author, crew.author, "reason", about=about)
    _about_exception(world, crew.reviewer, accepted, "authorisation")
    reviews = [_about_exception(world, crew.reviewer, exception, "review") for exception in excepted]
    withdrawal = Approval(
        "person",
        Basis(exception=excepted[1].envelope, policy=world.policy_digest),
        "withdraw",
        "review",
        "exception",
        Seen((), ()),
        withdraws=reviews[1].envelope,
    )
    told(world, withdrawal, crew.reviewer, crew.reviewer, about=CHANGE)
    access = Approval(
        "person",
        Basis(roster=len(world.entries), policy=world.policy_digest),
        "approve",
        "review",
        "access",
        Seen((), ()),
    )
    grants = world.content("access-list", encode({"grants": [], "v": 1}))
    told(world, access, crew.night, crew.night, contents=[grants])
    correction = Correction(release.envelope, "wrong-version")
    links = [Link(release.envelope, "corrects")]
    told(world, correction, crew.author, crew.ci, "values", "comment", links=links)
    brought = Attestation("application/json", "late", "statement", ())
    told(world, brought, crew.ci, crew.ci, "statement", late=True)
