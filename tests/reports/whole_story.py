"""A second release with all that a pack may have to show: requests, scans, gates, a bypass, an incident, silence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.canonical import Encodable, encode
from ledger.digests import digest_bytes
from ledger.events.context import NOTHING, About
from ledger.events.evidence import ComparedRef, Reconciliation
from ledger.events.forge import ChangeState, ControlSnapshot, Protection, Push, Request
from ledger.events.governance import BlockingVerdict, DeclaredException, GateDecision
from ledger.events.operation import Build, Findings, Heartbeat, Incident, Observation, Scan, Suppressed, Suspect
from ledger.events.roster import MACHINE_KINDS, RoleEnd
from ledger.events.work import (
    Approval,
    Artifact,
    Basis,
    Contract,
    Prompt,
    PromptScan,
    Run,
    Seen,
    SuiteRun,
    Tool,
    Totals,
)
from tests.reports.release_story import POLICY, Company, clean_change, found
from tests.world import World, git_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.events.bodies import WorkBody
    from ledger.events.context import ContentRef
    from ledger.records import Record
    from tests.world import Change, Member

PROJECT = "payments"
MAIN = "refs/heads/main"
BUILT = digest_bytes(b"4.13.0")

_MORE = (
    *("ID-03", "SOD-05", "SOD-06", "SOD-07", "SOD-08", "SOD-11", "APP-06", "CHG-03", "CHG-04", "CHG-05"),
    *("TST-03", "TST-07", "AI-03", "AI-04", "REL-02", "REL-03", "REL-04", "DEP-04", "INC-01", "INC-02"),
    *("EXC-01", "EXC-02", "EXC-03", "EXC-05", "POP-06", "LED-05", "LED-06", "ADM-01", "ADM-03"),
)
WHOLE_POLICY = {
    **POLICY,
    "frameworks": ["soc2", "pci-dss", "21cfr11"],
    "name": "payments-whole",
    "rules": {**POLICY["rules"], **{rule: {"on": True, "severity": "medium"} for rule in _MORE}},  # type: ignore[dict-item]
}


def whole() -> tuple[World, Record]:
    """The release 4.13.0, its predecessor before it, and what was seen of it afterwards."""
    company = _found()
    first = _before(company)
    landed = [_asked_for(company), _at_night(company)]
    release = company.world.release(PROJECT, "4.13.0", landed, company["Marta"], company.ci, previous=_tip(first))
    _operate(company, release)
    _afterwards(company, release)
    return company.world, release


def _found() -> Company:
    world = World(admins_required=2)
    world.project(PROJECT)
    world.policy(WHOLE_POLICY)
    forge = [{"id": "41", "login": "marta-z", "system": "forge.example"}]
    people = {
        "Marta": world.person("Marta Żeleńska", accounts=forge),
        "Youssef": world.person("Youssef El-Amrani", "reviewer", "approver"),
        "Haruka": world.person("Haruka Sató 佐藤 遥", "reviewer", "release-approver"),
        "Noa": world.person("Noa Ben-David נועה", "auditor"),
    }
    ci = world.machine("Build runner", MACHINE_KINDS)
    agent = world.machine(
        "Code agent", ("prompt", "diff"), sort="agent", responsible=people["Marta"], mails=["code@acme.example"]
    )
    return Company(world, people, ci, agent, ci)


def _tell(
    company: Company,
    body: WorkBody,
    actor: Member,
    about: About = NOTHING,
    texts: Sequence[tuple[str, str]] = (),
    by: Member | None = None,
) -> Record:
    contents = [company.world.content(name, text.encode(), "text/plain") for name, text in texts]
    return company.world.work(PROJECT, body, actor, by or company.ci, contents, about)


def _tip(release: Record) -> str:
    return str(release.event.body.sources[0].commit)  # type: ignore[union-attr]


def _before(company: Company) -> Record:
    world = company.world
    change = world.diff(PROJECT, "20", company["Marta"], company.ci, {"ledger.py": "1"})
    world.run(PROJECT, change.tree, change.head, company.ci, change="20")
    world.approve(PROJECT, change, company["Youssef"])
    landed = world.merge(PROJECT, change, company["Marta"], company.ci)
    release = world.release(PROJECT, "4.12.0", [landed], company["Marta"], company.ci)
    world.approve_release(PROJECT, release, company["Haruka"])
    held = next(grant for grant in world.roster.grants if grant.role == "approver")
    world.act(RoleEnd(held.envelope, held.principal, "left-the-team"))
    world.person("Ольга Ждан", "reviewer")
    company.people["Ольга"] = world.members["Ольга Ждан"]
    guarded = Protection(
        protected=True,
        ref=MAIN,
        admins_included=True,
        approvals=1,
        bypass_count=0,
        checks=2,
        deletion=False,
        force_push=False,
        stale_dismissed=True,
    )
    weaker = replace(guarded, bypass_count=1, admins_included=False)
    _tell(company, ControlSnapshot((guarded,)), company.ci, texts=(("settings", "{}"),))
    _tell(company, ControlSnapshot((weaker,)), company.ci, texts=(("settings", "{}"),))
    for _ in range(3):
        _tell(company, Heartbeat(4, 600, "forge"), company.ci)
    _tell(company, Heartbeat(1, 86_400, "ci"), company.ci)
    return release


def _asked_for(company: Company) -> Record:
    """A change as it should be: asked for, explained, prompted with a look for secrets, tested twice, scanned."""
    world, marta = company.world, company["Marta"]
    about = About(change="21")
    request = Request("PAY-88", "open", "tracker")
    state = ChangeState((request,), "opened", "normal", returns_to="payments@4.12.0", risk="low", target=MAIN)
    _tell(
        company,
        state,
        marta,
        about,
        (
            ("reason", "Banks ask for a second netting window."),
            ("impact", "Settlement runs twice a day."),
            ("security-impact", "None: no new data leaves the system."),
            ("fallback", "Turn the second window off in the settings."),
        ),
    )
    asked = world.prompt(
        PROJECT, "21", marta, company.ci, text="Add a second netting window.", session="s-21", agent=company.agent
    )
    body = asked.event.body
    assert isinstance(body, Prompt)
    scanned = replace(body, turn=2, scan=PromptScan(0, 2, "masker", "1.4"))
    kept = [
        world.content("prompt", b"Use the sandbox account ****.", "text/plain"),
        world.content("output", b"The window opens at noon.", "text/plain", state="withheld"),
    ]
    second = world.work(PROJECT, scanned, company.agent, company.ci, kept, about)
    change = world.diff(
        PROJECT,
        "21",
        marta,
        company.ci,
        {"window.py": "2"},
        ai="assisted",
        prompts=[asked, second],
        commits=[world.commit("Second netting window", marta, tree=git_id("tree of 21"))],
        tree=git_id("tree of 21"),
    )
    _gate(company, change, ("SOD-01",))
    runs = [world.run(PROJECT, change.tree, change.head, company.ci, change="21", passed=95, failures=1)]
    contract = Run(
        2,
        change.head,
        "ci",
        "contracts",
        Totals(0, 0, 1, 12, 0, 12),
        change.tree,
        "contract",
        Contract("settlement-api", digest_bytes(b"settlement-api 3")),
        tool=Tool("runner"),
    )
    runs += [
        world.run(PROJECT, change.tree, change.head, company.ci, change="21", passed=96, attempt=2),
        _tell(
            company,
            SuiteRun("PASSED", contract),
            company.ci,
            About(change="21", tree=change.tree),
            (("report", "<testsuite/>"),),
        ),
    ]
    code = Scan(
        "yes", Findings(0, 1, 0, 2), (), Suppressed(1, 1), "code", Tool("linter", "7"), change.head, change.tree
    )
    _tell(company, code, company.ci, about, (("report", "{}"),))
    world.approve(
        PROJECT, change, company["Youssef"], tests=runs, prompts=[asked, second], comment="Read with the runbook."
    )
    _gate(company, change, ())
    return world.merge(PROJECT, change, marta, company.ci)


def _gate(company: Company, change: Change, shut_by: tuple[str, ...], *, excepted: tuple[str, ...] = ()) -> Record:
    world = company.world
    body = GateDecision(
        "2026-03-02T12:00:00.000Z",
        tuple(BlockingVerdict("fail", rule) for rule in shut_by),
        excepted,
        "merge",
        "enforce",
        "blocked" if shut_by else "allowed",
        world.policy_digest,
        len(world.entries),
    )
    about = About(change=change.id, revision=change.revision, tree=change.tree)
    return _tell(company, body, company.ci, about, (("assessment", "{}"),))


def _at_night(company: Company) -> Record:
    """A change past a shut gate under an exception, pushed over a protection, that nobody has approved."""
    world, noa = company.world, company["Noa"]
    change = world.diff(
        PROJECT,
        "22",
        noa,
        company.ci,
        {"payout.py": "stop"},
        commits=[world.commit("Stop the duplicate payouts", noa, tree=git_id("tree of 22"))],
        tree=git_id("tree of 22"),
    )
    world.run(PROJECT, change.tree, change.head, company.ci, change="22")
    _gate(company, change, ("SOD-01", "APP-01"))
    body = DeclaredException(
        cause="emergency",
        expires_at="2026-03-03T02:00:00Z",
        rules=("SOD-01", "APP-01", "APP-05", "EXC-05"),
        commit=change.head,
        incident="INC-77",
        manifest=change.manifest,
        policy=world.policy_digest,
        tree=change.tree,
    )
    about = About(change="22", revision=1, tree=change.tree)
    declared = _tell(company, body, noa, about, (("reason", "Payouts went out twice."),), noa)
    landed = world.merge(PROJECT, change, noa, company.ci)
    over = Push("sha1", MAIN, _landed(landed), git_id("base"), "required-review", forced=True)
    _tell(company, over, noa, About(change="22"))
    for meaning, name in (("authorisation", "Youssef"), ("review", "Haruka")):
        basis = Basis(exception=declared.envelope, policy=world.policy_digest)
        said = Approval("person", basis, "approve", meaning, "exception", Seen((), ()))
        _tell(company, said, company[name], about, by=company[name])
    return landed


def _landed(record: Record) -> str:
    return str(record.event.body.commit)  # type: ignore[union-attr]


def _operate(company: Company, release: Record) -> None:
    world = company.world
    about = About(release="payments@4.13.0")
    artifact = Artifact("payments.tar.gz", BUILT)
    build = Build((artifact,), "https://ci.example/runner@1", _tip(release), "sha1", "provenance")
    _tell(company, build, company.ci, texts=(("provenance", "{}"),))
    world.approve_release(PROJECT, release, company["Haruka"])
    decision = GateDecision(
        "2026-03-02T13:00:00.000Z",
        (),
        (),
        "deploy",
        "enforce",
        "allowed",
        world.policy_digest,
        len(world.entries),
        release.envelope,
    )
    _tell(company, decision, company.ci, about, (("assessment", "{}"),))
    world.deploy(PROJECT, release, company.ci, company.ci)
    seen = Observation("production", (artifact,), "payments-api", release=release.envelope, verification="passed")
    _tell(company, seen, company.ci, about, (("report", "ok"),))
    _tell(
        company,
        replace(seen, running=(Artifact("payments.tar.gz", digest_bytes(b"hand")),), verification=None),
        company.ci,
        about,
    )


def _afterwards(company: Company, release: Record) -> None:
    world, noa = company.world, company["Noa"]
    about = About(release="payments@4.13.0")
    suspects = (Suspect("22", release.envelope),)
    opened = Incident("change", "INC-78", "high", "opened", suspects, "23", "production", "payments-api")
    _tell(company, opened, noa, about, (("summary", "Statements are late since the night."),), noa)
    ref = ComparedRef(3, 1, 2, MAIN, 0, git_id("head"), git_id("base"))
    told: dict[str, Encodable] = {"missing": [git_id("head")], "ref": MAIN, "unknown": []}
    found = encode({"refs": [told], "v": 1})
    kept = [world.content("reconciliation", found)]
    world.work(
        PROJECT, Reconciliation(0, (ref,), digest_bytes(found), len(world.entries)), company.ci, company.ci, kept
    )
    access = Approval(
        "person",
        Basis(roster=len(world.entries), policy=world.policy_digest),
        "approve",
        "review",
        "access",
        Seen((), ()),
    )
    listed = world.content("access-list", encode({"grants": [], "v": 1}))
    world.work(PROJECT, access, noa, noa, [listed])


def unread() -> tuple[World, Record]:
    """A release of two changes of which much was withheld by its signer, erased since, or left out of the bundle."""
    company = found()
    world, ci = company.world, company.ci
    landed = [clean_change(company, "11", "Marta", "Haruka")]
    kept = [
        world.content("prompt", b"Round fees to the cent.", "text/plain", state="withheld"),
        world.content("output", b"", "text/plain", state="withheld"),
    ]
    prompt = next(item for item in world.records_list if _has(item, "prompt"))
    assert isinstance(prompt.event.body, Prompt)
    body = replace(prompt.event.body, session="s-12")
    asked = world.work(PROJECT, body, company["Youssef"], ci, kept, About(change="12"))
    change = world.diff(PROJECT, "12", company["Youssef"], ci, {"fees.py": "12"}, ai="assisted", prompts=[asked])
    world.run(PROJECT, change.tree, change.head, ci, change="12")
    world.approve(PROJECT, change, company["Ольга"], comment="See the ticket.")
    landed.append(world.merge(PROJECT, change, company["Youssef"], ci))
    world.erase(change.diff.event.context.content("commits"))
    world.erase(prompt.event.context.content("prompt"))
    _lose(world, prompt.event.context.content("output"))
    _lose(world, next(item for item in world.records_list if _has(item, "comment")).event.context.content("comment"))
    card = next(item for item in world.records_list if item.event.kind == "principal" and _names(world, item, "Noa"))
    world.erase(card.event.context.content("card"))
    release = world.release(PROJECT, "4.12.0", landed, company["Marta"], ci)
    world.approve_release(PROJECT, release, company["Haruka"])
    return world, release


def _lose(world: World, content: ContentRef | None) -> None:
    assert content is not None
    world.contents[content.commitment] = replace(world.contents[content.commitment], state="missing")


def _has(record: Record, name: str) -> bool:
    return record.event.context.content(name) is not None


def _names(world: World, record: Record, name: str) -> bool:
    card = record.event.context.content("card")
    return card is not None and name.encode() in world.contents[card.commitment].data
