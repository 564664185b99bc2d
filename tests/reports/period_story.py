"""A quarter of an invented company in two projects: what went well, and each thing a period pack must be able to show.

The month before it is there too, as the baseline that delivery measures are set beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ledger.digests import digest_bytes
from ledger.documents import ReviewedGrant, encode_access_list
from ledger.events.context import NOTHING, About
from ledger.events.evidence import Pack, PackFile
from ledger.events.forge import ChangeState, ControlSnapshot, Protection, Push, Request
from ledger.events.governance import Correction, DeclaredException, GateDecision
from ledger.events.operation import Heartbeat, Incident, Observation, Suspect
from ledger.events.roster import MACHINE_KINDS, KeyEnd, KeyRotate, PrincipalDisable, RoleEnd
from ledger.events.work import Approval, Artifact, Basis, Deploy, Release, Seen
from ledger.keys import SigningKey, key_id, sign
from ledger.reconciling import ClonedRef, compare, told_refs
from ledger.roster.acts import key_preimage
from ledger.roster.state import in_force
from tests.policies import CORE_POLICY
from tests.world import World, git_id, seed

if TYPE_CHECKING:
    from ledger.records import Record
    from tests.world import Change, Member

MAIN = "refs/heads/main"
GUARDED = {"approvals": 1, "checks": 2, "force_push": False, "deletion": False, "bypass_count": 0}

POLICY: dict[str, Any] = {
    **CORE_POLICY,
    "name": "company",
    "frameworks": ["soc2", "iso27001"],
    "risks": [{"name": "high", "paths": ["**/auth/**"]}],
    "rules": {
        **CORE_POLICY["rules"],  # type: ignore[dict-item]
        "APP-05": {"environments": ["production"], "on": True, "release_approvals": 1, "severity": "high"},
        **{
            rule: {"on": True, "severity": "medium"}
            for rule in (
                *("CHG-03", "CHG-07", "DEP-01", "EXC-01", "EXC-02", "EXC-03", "EXC-04", "EXC-05", "INC-01", "INC-02"),
                *("ADM-01", "ADM-02", "ADM-03", "ADM-04", "LED-05", "LED-06", "POP-01", "POP-06", "SOD-08"),
            )
        },
    },
}


@dataclass
class Company:
    """The people and machines of the story, and the world they act in."""

    world: World
    people: dict[str, Member]
    ci: Member
    agent: Member
    bot: Member
    baseline: int = 0
    """Position at which the month before begins."""
    first: int = 0
    """Position at which the quarter begins."""
    end: int = 0
    """Position at which it ends."""
    landed: dict[str, list[Record]] = field(default_factory=dict)
    """Landings since the last release, by project."""
    tips: dict[str, str] = field(default_factory=dict)
    """Commit of the last release, by project."""

    def __getitem__(self, name: str) -> Member:
        """A person by first name."""
        return self.people[name]

    def at(self, month: int, day: int, hour: int = 9, minute: int = 0) -> None:
        """Time passes until then."""
        then = datetime(2026, month, day, hour, minute, tzinfo=UTC)
        if then < self.world.now:
            raise ValueError("time does not run backwards")
        self.world.now = then


def found() -> Company:
    """The company, before anything was made."""
    world = World(admins_required=2)
    for project in ("payments", "statements"):
        world.project(project)
    world.policy(POLICY)
    names = ("Marta Żeleńska", "Youssef El-Amrani", "Haruka Sató 佐藤 遥", "Ольга Ждан", "Lars Leaver")
    people = {name.split()[0]: world.person(name, "reviewer") for name in names}
    people["Noa"] = world.person("Noa Ben-David נועה")
    ci = world.machine("Build runner", MACHINE_KINDS)
    agent = world.machine(
        "Code agent", ("prompt", "diff"), sort="agent", responsible=people["Marta"], mails=["code@acme.example"]
    )
    bot = world.machine("Dependency bot", ("diff", "change"), mails=["dependency@acme.example"])
    return Company(world, people, ci, agent, bot)


def change(
    company: Company,
    project: str,
    number: str,
    author: str,
    approver: str | None,
    *,
    kind: str = "normal",
    asked: bool = True,
    ai: str = "none",
    path: str = "",
    failures: int = 0,
    bot: bool = False,
    review_hours: int = 5,
    exception: str | None = None,
    second: str | None = None,
    subject: str = "",
) -> Record:
    """A change from its request to main; the answer is its landing, which the next release of the project takes."""
    world, ci = company.world, company.ci
    who = company.bot if bot else company[author]
    requests = (Request(f"REQ-{number}", "open", "tracker"),) if asked else ()
    opened = ChangeState(requests, "opened", kind, target=MAIN)
    texts = [
        world.content("title", (subject or f"Window {number}").encode(), "text/plain"),
        world.content("reason", f"The desk asked for window {number}.".encode(), "text/plain"),
    ]
    world.work(project, opened, who, ci, texts, About(change=number))
    prompts = (
        [world.prompt(project, number, who, ci, text=f"Write window {number}.", session=number, agent=company.agent)]
        if ai in ("assisted", "generated")
        else []
    )
    tree = git_id(f"tree of {project} {number}")
    # Committed an hour and a half before it was recorded, as the author's clock says.
    written = {**who.person, "at": (world.now - timedelta(minutes=90)).isoformat(timespec="seconds")}
    made = world.diff(
        project,
        number,
        who,
        ci,
        {path or f"src/window{number}.py": number},
        ai=ai,
        prompts=prompts,
        commits=[world.commit(subject or f"Window {number}", who, tree=tree, author_person=written)],
        tree=tree,
    )
    if exception is not None:
        _declare(company, project, made, who, exception)
    world.tick(40)
    ran = world.run(project, made.tree, made.head, ci, change=number, passed=80 - failures, failures=failures)
    world.tick(review_hours * 60)
    if approver is not None:
        comment = "Read line by line."
        world.approve(project, made, company[approver], tests=[ran], prompts=prompts, comment=comment)
    if second is not None:
        world.approve(project, made, company[second], tests=[ran], prompts=prompts)
    by = company[author]
    squashed = {**by.person, "at": world.now.isoformat(timespec="seconds")}
    commits = [world.commit(f"Land {number}", by, tree=made.tree, author_person=squashed)]
    landed = world.merge(project, made, by, ci, method="squash", commits=commits)
    world.work(project, Push("sha1", MAIN, commits[0]["id"], git_id("before")), by, ci, (), About(change=number))
    company.landed.setdefault(project, []).append(landed)
    return landed


def _declare(company: Company, project: str, made: Change, who: Member, incident: str) -> Record:
    world = company.world
    body = DeclaredException(
        cause="emergency",
        expires_at=(world.now + timedelta(days=2)).isoformat(timespec="seconds"),
        rules=("SOD-01", "APP-01", "APP-05"),
        commit=made.head,
        incident=incident,
        manifest=made.manifest,
        policy=world.policy_digest,
        tree=made.tree,
    )
    reason = world.content("reason", f"Payouts of {incident} went out twice at night.".encode(), "text/plain")
    about = About(change=made.id, revision=1, tree=made.tree)
    return world.work(project, body, who, who, [reason], about)


def review_exception(company: Company, by: str) -> Record:
    """Somebody looks at the latest exception afterwards."""
    world = company.world
    declared = next(record for record in reversed(world.records_list) if record.event.kind == "exception")
    basis = Basis(exception=declared.envelope, policy=world.policy_digest)
    body = Approval("person", basis, "approve", "review", "exception", Seen((), ()))
    project = next(name for name, known in world.projects.items() if known == declared.event.context.project)
    return world.work(project, body, company[by], company[by], (), declared.event.context.about)


def released(company: Company, project: str, version: str, approver: str | None = "Haruka") -> Record:
    """A release of what landed since the one before, approved and deployed."""
    world = company.world
    merges = company.landed.pop(project, [])
    release = world.release(
        project, version, merges, company["Marta"], company.ci, previous=company.tips.get(project), product=project
    )
    body = release.event.body
    if not isinstance(body, Release):
        raise TypeError(body)
    company.tips[project] = body.sources[0].commit
    if approver is not None:
        world.tick(30)
        world.approve_release(project, release, company[approver])
    return release


def deployed(company: Company, project: str, release: Record, *, status: str = "succeeded") -> None:
    """A deployment of a release, and what was seen to run afterwards."""
    world = company.world
    body = release.event.body
    if not isinstance(body, Release):
        raise TypeError(body)
    about = About(release=release.event.context.about.release)
    service = f"{project}-api"
    as_of = world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = GateDecision(
        as_of, (), (), "deploy", "enforce", "allowed", world.policy_digest, len(world.entries), release.envelope
    )
    world.work(project, answer, company.ci, company.ci, [world.content("assessment", b"{}")], about)
    world.work(
        project,
        Deploy(body.artifacts, "production", service, status, release.envelope),
        company.ci,
        company.ci,
        (),
        about,
    )
    world.tick(20)
    if status == "succeeded":
        seen = Observation("production", body.artifacts, service, None, release.envelope, "passed")
        world.work(project, seen, company.ci, company.ci, (), about)


def watch(company: Company, project: str, **told: Any) -> None:  # noqa: ANN401 -- members of a protection
    """The collector says that it is alive, and how main is protected."""
    world, ci = company.world, company.ci
    world.work(project, Heartbeat(3, 36 * 86_400, "forge"), ci, ci)
    settings = [world.content("settings", b"{}")]
    snapshot = ControlSnapshot((Protection(protected=True, ref=MAIN, **{**GUARDED, **told}),))
    world.work(project, snapshot, ci, ci, settings)


def access_review(company: Company, project: str, by: str, *, ends: str | None = None) -> None:
    """Somebody decided who keeps which role."""
    world = company.world
    position = len(world.entries)
    ended = None if ends is None else company[ends].principal
    listed = tuple(
        ReviewedGrant("end" if grant.principal == ended else "keep", grant.envelope, grant.principal, grant.role)
        for grant in world.roster.grants
        if in_force(grant.since, grant.until, position)
        and (grant.projects is None or world.projects[project] in grant.projects)
    )
    basis = Basis(policy=world.policy_digest, roster=position)
    body = Approval("person", basis, "approve", "review", "access", Seen((), ()))
    contents = [world.content("access-list", encode_access_list(listed))]
    world.work(project, body, company[by], company[by], contents)


def incident(company: Company, project: str, state: str, name: str, release: Record, corrective: str | None) -> None:
    """Something went wrong with a release."""
    world = company.world
    suspects = (Suspect(release=release.envelope),)
    body = Incident("change", name, "high", state, suspects, corrective, "production", f"{project}-api")
    contents = [world.content("review", b"Cause found.", "text/plain")] if state == "closed" else []
    world.work(project, body, company["Ольга"], company["Ольга"], contents, NOTHING)


def compared(company: Company, project: str, *, missing: int = 0) -> None:
    """Somebody compared a clone with what the ledger tells of the quarter so far."""
    world, end = company.world, len(company.world.entries)
    told = told_refs(world.records(), world.projects[project], [MAIN], company.first, end)
    unknown = tuple(git_id(f"{place} that nobody recorded in {project}") for place in range(missing))
    held = (*told[0].commits, *unknown)
    clone = ClonedRef(MAIN, git_id(f"start of {project}"), git_id(f"head of {project}"), held, frozenset())
    found = compare(world.projects[project], company.first, end, told, (clone,))
    contents = [world.content("reconciliation", found.document)]
    world.work(project, found.body, company["Noa"], company["Noa"], contents)


def packed(company: Company, project: str, release: Record) -> None:
    """A pack of a release was made."""
    world = company.world
    file = PackFile("application/pdf", "release.evidence.pdf", digest_bytes(b"pdf"), 9)
    as_of = world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    identifier = digest_bytes(f"pack of {release.envelope}".encode())
    body = Pack(as_of, digest_bytes(b"bundle"), (file,), identifier, len(world.entries), release=release.envelope)
    about = About(release=release.event.context.about.release)
    world.work(project, body, company["Noa"], company["Noa"], (), about)


def month_before(company: Company) -> None:
    """March: three changes and a release, without assistants."""
    company.baseline = len(company.world.entries)
    company.at(3, 4)
    for number, author, approver in (("1", "Marta", "Haruka"), ("2", "Youssef", "Ольга"), ("3", "Lars", "Marta")):
        change(company, "payments", number, author, approver, review_hours=20)
        company.world.tick(3 * 1_440)
    company.at(3, 27)
    deployed(company, "payments", released(company, "payments", "4.9.0"))
    company.at(3, 30)
    watch(company, "payments")
    watch(company, "statements")


def quarter() -> Company:
    """April to June, with the month before."""
    company = found()
    month_before(company)
    company.at(4, 1, 8)
    company.first = len(company.world.entries)
    _april(company)
    _may(company)
    _june(company)
    company.end = len(company.world.entries)
    return company


def _april(company: Company) -> None:
    for project in ("payments", "statements"):
        watch(company, project)
    company.at(4, 2)
    change(company, "payments", "11", "Marta", "Haruka", ai="assisted")
    company.at(4, 3)
    change(company, "payments", "12", "Youssef", "Ольга", ai="generated")
    company.at(4, 7)
    change(company, "statements", "51", "Haruka", "Marta")
    company.at(4, 9)
    change(company, "payments", "13", "Youssef", "Marta", bot=True, kind="bot", asked=False, path="requirements.lock")
    company.at(4, 10, 22)
    change(company, "payments", "14", "Ольга", None, kind="emergency", exception="INC-311", review_hours=0)
    company.at(4, 11)
    review_exception(company, "Noa")
    company.at(4, 14)
    access_review(company, "payments", "Noa")
    access_review(company, "statements", "Noa")
    company.at(4, 15)
    first = released(company, "payments", "5.0.0")
    company.at(4, 16)
    deployed(company, "payments", first)
    company.at(4, 17)
    incident(company, "payments", "opened", "INC-318", first, "15")
    change(company, "payments", "15", "Marta", "Youssef", kind="revert", review_hours=1, subject="Revert window 12")
    company.at(4, 17, 18)
    deployed(company, "payments", released(company, "payments", "5.0.1"))
    incident(company, "payments", "closed", "INC-318", first, "15")
    company.at(4, 22)
    change(company, "statements", "52", "Marta", "Haruka", ai="assisted")
    company.at(4, 24)
    change(company, "payments", "16", "Haruka", "Youssef", kind="standard")
    company.at(4, 28)
    deployed(company, "statements", released(company, "statements", "2.0.0"))
    company.at(4, 29)
    change(company, "payments", "17", "Lars", "Marta", path="src/auth/login.py")


def _may(company: Company) -> None:
    world = company.world
    company.at(5, 2)
    for project in ("payments", "statements"):
        watch(company, project)
    company.at(5, 4)
    _leaver(company)
    company.at(5, 6)
    change(company, "payments", "18", "Youssef", "Youssef", ai="generated")
    company.at(5, 8)
    change(company, "statements", "53", "Ольга", "Marta", failures=2)
    company.at(5, 11)
    _rotate(company, "Haruka")
    company.at(5, 12)
    change(company, "payments", "19", "Marta", "Haruka", ai="undeclared")
    company.at(5, 13)
    world.merge("payments", None, company["Youssef"], company.ci, method="push", label="Hotfix on main")
    company.at(5, 15)
    rules = {**POLICY["rules"], "TST-02": {"on": True, "severity": "high"}}
    world.policy({**POLICY, "name": "company-2", "rules": rules})
    company.at(5, 18)
    second = released(company, "payments", "5.1.0")
    company.at(5, 19)
    deployed(company, "payments", second, status="failed")
    company.at(5, 20)
    deployed(company, "payments", second)
    company.at(5, 21)
    change(company, "statements", "54", "Haruka", "Ольга", ai="assisted")
    company.at(5, 22)
    change(company, "payments", "20", "Marta", "Haruka", path="src/auth/token.py", ai="assisted", second="Ольга")
    company.at(5, 26, 23)
    change(company, "payments", "21", "Youssef", None, kind="emergency", exception="INC-340", review_hours=0)
    company.at(5, 28)
    change(company, "statements", "55", "Marta", "Haruka")


def _june(company: Company) -> None:
    world = company.world
    company.at(6, 1)
    watch(company, "payments", approvals=0)
    watch(company, "statements")
    company.at(6, 2)
    for number, author, approver in (("22", "Marta", "Haruka"), ("23", "Ольга", "Haruka"), ("24", "Youssef", "Haruka")):
        change(company, "payments", number, author, approver, ai="assisted")
        world.tick(2 * 1_440)
    company.at(6, 10)
    change(company, "payments", "25", "Marta", "Haruka", asked=False)
    company.at(6, 11)
    change(company, "statements", "56", "Ольга", "Marta", ai="assisted")
    company.at(6, 12)
    erased = change(company, "payments", "26", "Haruka", "Ольга")
    world.erase(_diff_of(world, "26").event.context.content("commits"))
    values = [world.content("values", b"It landed a minute earlier.", "text/plain")]
    world.work("payments", Correction(erased.envelope, "wrong-commit-time"), company.ci, company.ci, values)
    company.at(6, 15)
    third = released(company, "payments", "5.2.0", approver=None)
    deployed(company, "payments", third)
    company.at(6, 18)
    change(company, "payments", "27", "Youssef", "Marta", bot=True, kind="bot", asked=False, path="requirements.lock")
    company.at(6, 22)
    strange = Deploy((Artifact("hand-made.tar.gz", digest_bytes(b"hand")),), "production", "payments-api", "succeeded")
    world.work("payments", strange, company["Youssef"], company.ci)
    company.at(6, 24)
    change(company, "statements", "57", "Marta", "Haruka", ai="assisted")
    company.at(6, 26)
    deployed(company, "statements", released(company, "statements", "2.1.0"))
    company.at(6, 29)
    watch(company, "statements")
    compared(company, "payments", missing=1)
    compared(company, "statements")
    packed(company, "payments", third)


def _diff_of(world: World, number: str) -> Record:
    return next(
        record
        for record in world.records_list
        if record.event.kind == "diff" and record.event.context.about.change == number
    )


def _leaver(company: Company) -> None:
    world, lars = company.world, company["Lars"]
    world.act(KeyEnd(key_id(lars.key.public), lars.principal, "left"))
    grant = next(item for item in world.roster.grants if item.principal == lars.principal)
    world.tick(90)
    world.act(RoleEnd(grant.envelope, lars.principal, "left"))
    world.act(PrincipalDisable(lars.principal))


def _rotate(company: Company, name: str) -> None:
    world, member = company.world, company[name]
    fresh = SigningKey(seed(f"second key of {name}"))
    preimage = key_preimage(world.ledger, member.principal, fresh.public)
    world.act(
        KeyRotate(
            key_id(member.key.public),
            fresh.public,
            member.principal,
            sign(fresh, preimage),
            sign(member.key, preimage),
            custody="hardware",
        )
    )
    company.people[name] = type(member)(member.name, member.principal, fresh, member.mail)


def empty() -> Company:
    """A quarter in which nothing happened but that the collector was alive."""
    company = found()
    company.at(4, 1, 8)
    company.first = len(company.world.entries)
    watch(company, "payments")
    company.end = len(company.world.entries)
    return company
