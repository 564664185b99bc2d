"""Verbs of scenarios (tests/scenarios/README.md) for what forges, operations and people at night tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ledger.canonical import encode
from ledger.digests import Digest, digest_bytes
from ledger.documents import ReviewedGrant, encode_access_list
from ledger.events.context import NOTHING, About
from ledger.events.evidence import ComparedRef, Reconciliation
from ledger.events.forge import ControlSnapshot, Protection, Push
from ledger.events.governance import BlockingVerdict, Correction, DeclaredException, GateDecision
from ledger.events.operation import Build, Heartbeat, Incident, Observation, Suspect
from ledger.events.roster import KeyEnd
from ledger.events.work import Approval, Artifact, Basis, Deploy, Release, Seen
from ledger.keys import key_id
from ledger.roster.state import in_force
from tests.world import git_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.events.context import ContentRef
    from ledger.records import Record
    from tests.rules.story import Story

PROJECT = "app"
MAIN = "refs/heads/main"


def wait(story: Story, hours: int = 0, minutes: int = 0) -> None:
    """Time passes."""
    story.world.tick(hours * 60 + minutes)


def _person(story: Story, by: str, body: Any, about: About, contents: Iterable[ContentRef] = ()) -> Record:  # noqa: ANN401
    member = story.people[by]
    return story.world.work(PROJECT, body, member, member, tuple(contents), about)


def _machine(
    story: Story,
    body: Any,  # noqa: ANN401 -- any body
    about: About = NOTHING,
    contents: Iterable[ContentRef] = (),
    by: str = "Collector",
) -> Record:
    member = story.people[by]
    signer = member if by in ("CI", "Collector") else story.people["Collector"]
    return story.world.work(PROJECT, body, member, signer, tuple(contents), about)


def _text(story: Story, name: str, text: str | None) -> list[ContentRef]:
    return [] if text is None else [story.world.content(name, text.encode(), "text/plain")]


def exception(
    story: Story,
    by: str,
    rules: Iterable[str] = ("SOD-01",),
    rev: int | None = None,
    change: str = "7",
    of: str | None = None,
    cause: str = "emergency",
    incident: str = "INC-1",
    hours: int = 24,
    environment: str | None = None,
    commit: str | None = None,
) -> Record:
    """A declared exception: for a revision of a change, or for the release labelled ``of``."""
    until = story.world.now + timedelta(hours=hours)
    body = DeclaredException(
        cause=cause,
        expires_at=until.isoformat(timespec="seconds"),
        rules=tuple(rules),
        environment=environment,
        incident=incident or None,
        policy=story.world.policy_digest,
    )
    if of is not None:
        release = story.labels[of]
        about = About(release=release.event.context.about.release)
        body = replace(body, release=release.envelope)
    else:
        revision = story.revisions[change, rev or 1]
        about = About(change=change, revision=revision.revision, tree=revision.tree)
        head = revision.head if commit is None else git_id("commit " + commit)
        body = replace(body, commit=head, manifest=revision.manifest, tree=revision.tree)
    return _person(story, by, body, about, _text(story, "reason", "The shop is down."))


def authorise(story: Story, by: str, of: str, decision: str = "approve") -> Record:
    """Somebody lets an exception be used, or refuses it."""
    return _decided(story, by, of, decision, "authorisation")


def review(story: Story, by: str, of: str, decision: str = "approve") -> Record:
    """Somebody looks at an exception afterwards."""
    return _decided(story, by, of, decision, "review")


def _decided(story: Story, by: str, of: str, decision: str, meaning: str) -> Record:
    record = story.labels[of]
    basis = Basis(exception=record.envelope, policy=story.world.policy_digest)
    body = Approval("person", basis, decision, meaning, "exception", Seen((), ()))
    return _person(story, by, body, record.event.context.about)


def push(
    story: Story,
    by: str = "Dana",
    after: str | None = None,
    ref: str = MAIN,
    bypass: str | None = None,
    change: str | None = None,
    *,
    forced: bool = False,
) -> Record:
    """The forge saw a ref move: to what the label ``after`` landed, or to a commit of that name."""
    found = story.labels.get(after or "")
    body = None if found is None else found.event.body
    commit = str(getattr(body, "commit", None) or git_id(f"commit {after}"))
    pushed = Push("sha1", ref, commit, git_id("before"), bypass, True if forced else None)
    member = story.people[by]
    return story.world.work(PROJECT, pushed, member, story.people["Collector"], (), About(change=change))


def gate(
    story: Story,
    outcome: str = "allowed",
    at: str = "merge",
    change: str = "7",
    of: str | None = None,
    mode: str = "enforce",
    blocking: Iterable[str] = (),
    excepted: Iterable[str] = (),
    verdicts: Mapping[str, str] | None = None,
    position: int | None = None,
    signer: str = "CI",
) -> Record:
    """A gate answered; ``verdicts`` are those of its assessment, by rule and subject (``SOD-01@7``)."""
    project = story.world.projects[PROJECT]
    rules = tuple(blocking) or (("SOD-01",) if outcome == "blocked" else ())
    seen = len(story.world.entries) if position is None else position
    release = None if of is None else story.labels[of]
    about = About(change=change) if release is None else About(release=release.event.context.about.release)
    subject = f"change {project}/{change}" if release is None else f"release {about.release}"
    told = [
        {
            "excepted_by": [],
            "inputs": [],
            "missing": [],
            "outcome": result,
            "parameters": {},
            "rule": name.partition("@")[0],
            "sentence": "",
            "severity": "high",
            "subject": f"change {project}/{name.partition('@')[2]}" if "@" in name else subject,
        }
        for name, result in (verdicts or {}).items()
    ]
    as_of = story.world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    policy = story.world.policy_digest
    document = {"as_of": as_of, "policy": policy, "position": seen, "subject": subject, "v": 1, "verdicts": told}
    body = GateDecision(
        as_of=as_of,
        blocking=tuple(BlockingVerdict("fail", rule) for rule in rules),
        excepted=tuple(excepted),
        gate=at,
        mode=mode,
        outcome=outcome,
        policy=policy,
        position=seen,
        release=None if release is None else release.envelope,
    )
    who = story.people[signer]
    return story.world.work(PROJECT, body, who, who, [story.world.content("assessment", encode(document))], about)  # type: ignore[arg-type]


def build(
    story: Story,
    of: str | None = None,
    artifacts: Iterable[int] = (0,),
    commit: str | None = None,
    landing: str | None = None,
    source: str = "provenance",
) -> Record:
    """A build of the released artifacts of these numbers, of the release's commit, a landing's or another one."""
    named = tuple(_artifact(number) for number in artifacts)
    made = git_id(f"commit {commit}")
    if landing is not None:
        made = str(getattr(story.labels[landing].event.body, "commit", made))
    if of is not None and isinstance(release := story.labels[of].event.body, Release):
        made = release.sources[0].commit
    body = Build(named, "https://ci.example/builder", made, "sha1", source)
    return _machine(story, body, NOTHING, _text(story, "provenance", "{}" if source == "provenance" else None), "CI")


def _artifact(item: int | str) -> Artifact:
    if isinstance(item, int):
        return Artifact(f"shop-{item}.tar", digest_bytes(bytes([item])))
    return Artifact(item, digest_bytes(item.encode()))


def observe(
    story: Story,
    running: Iterable[int | str] = (0,),
    of: str | None = None,
    environment: str = "production",
    service: str = "payments-api",
    verification: str | None = None,
    failed: int | None = None,
) -> Record:
    """Somebody saw what runs: released artifacts by number, others by name; ``of``: as that release."""
    release = None if of is None else story.labels[of]
    body = Observation(
        environment,
        tuple(map(_artifact, running)),
        service,
        failed,
        None if release is None else release.envelope,
        verification,
    )
    about = NOTHING if release is None else About(release=release.event.context.about.release)
    return _machine(story, body, about)


def deployed(
    story: Story, artifacts: Iterable[int | str], environment: str = "production", status: str = "succeeded"
) -> Record:
    """A deployment that names no release."""
    return _machine(story, Deploy(tuple(map(_artifact, artifacts)), environment, "payments-api", status), by="CI")


def incident(
    story: Story,
    state: str = "opened",
    incident: str = "INC-1",
    cause: str = "unknown",
    change: str | None = None,
    of: str | None = None,
    corrective: str | None = None,
    environment: str | None = "production",
    review: str | None = None,
    reason: str | None = None,
) -> Record:
    """Something went wrong; ``change`` and the release ``of`` are suspected."""
    release: Digest | None = None if of is None else story.labels[of].envelope
    suspects = () if change is None and release is None else (Suspect(change, release),)
    body = Incident(cause, incident, "high", state, suspects, corrective, environment, "payments-api")
    return _machine(story, body, NOTHING, [*_text(story, "review", review), *_text(story, "reason", reason)])


def heartbeat(story: Story, source: str = "forge", interval: int = 3600, by: str = "Collector") -> Record:
    """A source is alive and will speak again within ``interval`` seconds."""
    return _machine(story, Heartbeat(1, interval, source), by=by)


def reconcile(
    story: Story,
    since: str | None = None,
    commits: int = 1,
    missing: int = 0,
    unknown: int = 0,
    ref: str = MAIN,
    by: str = "Collector",
) -> Record:
    """A clone was compared with everything recorded so far, since the label ``since`` or from the beginning."""
    first = 0 if since is None else story.labels[since].index
    compared = ComparedRef(commits, missing, commits - missing, ref, unknown, git_id("head"), git_id("start"))
    document = encode({"from": first, "missing": missing, "unknown": unknown, "v": 1})
    body = Reconciliation(first, (compared,), digest_bytes(document), len(story.world.entries))
    content = story.world.content("reconciliation", document, "application/json")
    return _machine(story, body, contents=[content], by=by)


def protect(
    story: Story,
    refs: Iterable[str] = (MAIN,),
    changed_by: str | None = None,
    *,
    protected: bool = True,
    **told: Any,  # noqa: ANN401 -- members of a protection
) -> Record:
    """Somebody saw how refs are protected."""
    body = ControlSnapshot(
        tuple(Protection(protected=protected, ref=ref, **told) for ref in refs),
        None if changed_by is None else story.people[changed_by].principal,
    )
    return _machine(story, body, NOTHING, [story.world.content("settings", b"{}")])


def correct(story: Story, of: str, by: str = "Collector") -> Record:
    """An earlier event stated something wrong; a name that labels nothing stands for one that is not in the ledger."""
    corrected = story.labels[of].envelope if of in story.labels else digest_bytes(of.encode())
    values = _text(story, "values", "It was Rita.")
    return _machine(story, Correction(corrected, "wrong-person"), NOTHING, values, by)


def access_review(
    story: Story, by: str, ends: Iterable[str] = (), leaves_out: Iterable[str] = (), roster: int | None = None
) -> Record:
    """Somebody decided who keeps which role; the grants of the labels ``ends`` are to end."""
    world = story.world
    position = len(world.entries) if roster is None else roster
    ended = {story.labels[label].envelope for label in ends}
    left_out = {story.labels[label].envelope for label in leaves_out}
    listed = tuple(
        ReviewedGrant("end" if grant.envelope in ended else "keep", grant.envelope, grant.principal, grant.role)
        for grant in world.roster.grants
        if in_force(grant.since, grant.until, position) and grant.envelope not in left_out
    )
    body = Approval(
        "person",
        Basis(policy=world.policy_digest, roster=position),
        "approve",
        "review",
        "access",
        Seen((), ()),
    )
    return _person(story, by, body, NOTHING, [world.content("access-list", encode_access_list(listed))])


def end_key(story: Story, of: str, reason: str = "left") -> Record:
    """The end of somebody's key."""
    member = story.people[of]
    return story.world.act(KeyEnd(key_id(member.key.public), member.principal, reason))


def policy_set(story: Story, name: str = "second") -> Record:
    """The policy is set again, under another name."""
    return story.world.policy({**story.policy, "name": name})


VERBS: dict[str, Callable[..., Any]] = {
    "wait": wait,
    "exception": exception,
    "authorise": authorise,
    "review": review,
    "push": push,
    "gate": gate,
    "build": build,
    "observe": observe,
    "deployed": deployed,
    "incident": incident,
    "heartbeat": heartbeat,
    "protect": protect,
    "reconcile": reconcile,
    "correct": correct,
    "access-review": access_review,
    "end-key": end_key,
    "policy": policy_set,
}
"""By their names in scenarios."""
