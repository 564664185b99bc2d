"""Stories of events that say what no event may say, admitted all the same: V10 finds each of them out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.digests import digest_bytes
from ledger.events.context import NOTHING, About
from ledger.events.forge import ChangeState, Push
from ledger.events.governance import BlockingVerdict, Correction, DeclaredException, GateDecision
from ledger.events.operation import Findings, Scan, Suppressed
from ledger.events.roster import Epoch, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Merge, Seen, Tool
from tests.every_kind import PROJECT, governed_world
from tests.world import World, git_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.events.bodies import WorkBody
    from ledger.events.context import ContentRef
    from ledger.events.statement import Body
    from ledger.keys import Signer
    from ledger.records import Record
    from tests.every_kind import Crew
    from tests.world import Member

CHANGE = About(change="7")
Statement = dict[str, Any]


class Misdeed(NamedTuple):
    """What was done, and which check finds it."""

    check: str
    what: str
    """A sentence without its end."""
    story: Callable[[], World]


def forced(
    world: World,
    body: WorkBody,
    actor: Member,
    key: Signer,
    *names: str,
    about: About = NOTHING,
    change: Callable[[Statement], object] = lambda _: None,
) -> Record:
    """An event of the project with a content of each of ``names``, after ``change`` was at its statement."""
    kept: Sequence[ContentRef] = [world.content(name, b"of it", "text/plain") for name in names]
    event = Event(world.context(actor, kept, project=PROJECT, about=about), body)
    return world.append_statement(event, key, change)


def forced_act(world: World, body: Body, by: Member, change: Callable[[Statement], object] = lambda _: None) -> Record:
    """The same of an act."""
    return world.append_statement(Event(world.context(by), body), by.key, change)


def in_governed(tell: Callable[[World, Crew], object]) -> Callable[[], World]:
    """A story that is told to a governed world."""

    def story() -> World:
        world, crew = governed_world()
        tell(world, crew)
        return world

    return story


def member(path: str, value: Any) -> Callable[[Statement], object]:  # noqa: ANN401 -- any JSON
    """Sets a member of the predicate, or takes it away where the value is None."""

    def change(statement: Statement) -> None:
        at = statement["predicate"]
        *parents, last = path.split("/")
        for name in parents:
            at = at[name]
        if value is None:
            del at[last]
        else:
            at[last] = value

    return change


def _members(changes: Statement, *subject: tuple[str, str, str]) -> Callable[[Statement], object]:
    """Sets members of the predicate and, if any is given, the subjects: algorithm, value and name."""

    def change(statement: Statement) -> None:
        for path, value in changes.items():
            member(path, value)(statement)
        if subject:
            statement["subject"] = [
                {"digest": {algorithm: value.removeprefix("sha256:")}, "name": name}
                for algorithm, value, name in subject
            ]

    return change


def decision(world: World, *blocking: BlockingVerdict, position: int | None = None) -> GateDecision:
    """What a gate answered."""
    outcome = "blocked" if blocking else "allowed"
    at = len(world.entries) if position is None else position
    return GateDecision(
        "2026-03-02T09:30:00.000Z",
        blocking,
        (),
        "merge",
        "enforce",
        outcome,
        world.policy_digest,
        at,
    )


def _decision_contradicts(world: World, crew: Crew) -> None:
    body = decision(world, BlockingVerdict("fail", "SOD-01"))
    forced(world, body, crew.ci, crew.ci.key, "assessment", about=CHANGE, change=member("outcome", "allowed"))


def _forge_checklist(world: World, crew: Crew) -> None:
    body = Approval("forge", Basis(commit=git_id("head")), "approve", "review", "change", Seen((), ()))
    answers = [{"answer": "yes", "item": "read-whole"}]
    forced(world, body, crew.reviewer, crew.ci.key, about=CHANGE, change=member("checklist", answers))


def _late_act(world: World, crew: Crew) -> None:
    body = RoleGrant(crew.author.principal, "approver")
    forced_act(world, body, world.members["Ada Admin"], member("context/late", value=True))


def _administrator_of_paths(world: World, crew: Crew) -> None:
    body = RoleGrant(crew.author.principal, "approver", paths=("docs/**",))
    forced_act(world, body, world.members["Ada Admin"], member("role", "administrator"))


EXCEPTION = DeclaredException("emergency", "2026-03-03T08:00:00Z", ("SOD-01",), manifest=digest_bytes(b"manifest"))


def _exception_for_nothing(world: World, crew: Crew) -> None:
    def change(statement: Statement) -> None:
        del statement["predicate"]["manifest"]
        ledger = {"digest": {"sha256": world.ledger.removeprefix("sha256:")}, "name": "ledger"}
        statement["subject"] = [ledger]

    forced(world, EXCEPTION, crew.author, crew.author.key, "reason", about=CHANGE, change=change)


def access(world: World, roster: int) -> Approval:
    """A review of access at a position."""
    return Approval(
        "person", Basis(roster=roster, policy=world.policy_digest), "approve", "review", "access", Seen((), ())
    )


def _access_without_list(world: World, crew: Crew) -> None:
    body = access(world, 1)
    forced(world, body, crew.reviewer, crew.reviewer.key, "access-list", change=member("context/contents", []))


PUSH = Push("sha1", "refs/heads/main", git_id("after"), git_id("before"))


def _no_ledger_id(world: World, crew: Crew) -> None:
    forced(world, PUSH, crew.author, crew.ci.key, change=member("context/ledger", None))


def _type_too_long(world: World, crew: Crew) -> None:
    def change(statement: Statement) -> None:
        statement["predicateType"] = "urn:example:" + "x" * 245

    forced(world, PUSH, crew.author, crew.ci.key, change=change)


def found_again(world: World, change: Callable[[Statement], object] = lambda _: None) -> None:
    """Tells the founding once more."""
    genesis = world.records_list[0].event
    again = replace(genesis, context=replace(genesis.context, event_id=world.event_id()))
    world.append_statement(again, world.members["Ada Admin"].key, change)


def _genesis_of_a_ledger(world: World, _crew: Crew) -> None:
    found_again(world, member("context/ledger", world.ledger))


def epoch(world: World, **members: Any) -> None:  # noqa: ANN401 -- any JSON
    """Proposes the first epoch, with other members."""
    body = Epoch(0, digest_bytes(b"root"), 3, 2, f"{world.origin}/2", "disk-lost")
    forced_act(world, body, world.members["Ada Admin"], _members(members))


def _epoch_with_a_plus(world: World, _crew: Crew) -> None:
    epoch(world, origin=f"{world.origin}+x/2")


def _landing_of_nothing(world: World, crew: Crew) -> None:
    body = Merge(
        binding="none",
        commit=git_id("tip"),
        commit_count=1,
        manifest=digest_bytes(b"of it"),
        method="push",
        object_format="sha1",
        parents=(git_id("base"),),
        ref="refs/heads/main",
        tree=git_id("tree"),
    )
    about, change = About(tree=git_id("tree")), member("commit_count", 0)
    forced(world, body, crew.author, crew.ci.key, "manifest", "commits", about=about, change=change)


def _returns_to_no_release(world: World, crew: Crew) -> None:
    body = ChangeState((), "opened", "normal", returns_to="payments@0.9")
    forced(world, body, crew.author, crew.ci.key, about=CHANGE, change=member("returns_to", "payments"))


COMMIT, TREE = ("gitCommit", git_id("head"), "commit"), ("gitTree", git_id("tree"), "tree")


def scan() -> Scan:
    """A scan of the change's code."""
    return Scan(
        "yes",
        Findings(0, 0, 0, 0),
        (),
        Suppressed(0, 0),
        "code",
        Tool("linter"),
        git_id("head"),
        git_id("tree"),
    )


def _scan_of_no_prompts(world: World, crew: Crew) -> None:
    change = _members(
        {"target": "prompts", "commit": None, "tree": None},
        ("sha256", world.ledger, "ledger"),
    )
    forced(world, scan(), crew.ci, crew.ci.key, "report", change=change)


def _scan_of_prompts_and_code(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci).envelope
    change = _members({"prompts": [prompt]}, COMMIT, TREE, ("sha256", prompt, "prompt"))
    forced(world, scan(), crew.ci, crew.ci.key, "report", change=change)


def _scan_of_a_commit_without_tree(world: World, crew: Crew) -> None:
    forced(world, scan(), crew.ci, crew.ci.key, "report", change=_members({"tree": None}, COMMIT))


RELEASE = About(release="payments@1.0")


def _exception_for_release_and_commit(world: World, crew: Crew) -> None:
    release = world.release(PROJECT, "1.0", [], crew.author, crew.ci).envelope
    body = DeclaredException("accepted-risk", "2026-04-02T08:00:00Z", ("REL-03",), release=release)
    change = _members({"commit": git_id("head")}, COMMIT, ("sha256", release, "release"))
    forced(world, body, crew.author, crew.author.key, "reason", about=RELEASE, change=change)


def _about_both(world: World, body: WorkBody, by: Member, name: str) -> None:
    change = member("context/about", {"change": "7", "release": "payments@1.0"})
    forced(world, body, by, by.key, name, about=RELEASE, change=change)
    leaf, envelope = world.entries[-1]
    world.entries[-1] = (replace(leaf, about=About(change="7", release="payments@1.0")), envelope)


def _exception_for_release_and_change(world: World, crew: Crew) -> None:
    release = world.release(PROJECT, "1.0", [], crew.author, crew.ci).envelope
    body = DeclaredException("accepted-risk", "2026-04-02T08:00:00Z", ("REL-03",), release=release)
    _about_both(world, body, crew.author, "reason")


def _decision_about_both(world: World, crew: Crew) -> None:
    release = world.release(PROJECT, "1.0", [], crew.author, crew.ci).envelope
    _about_both(world, replace(decision(world), gate="deploy", release=release), crew.ci, "assessment")


def _decision_about_nothing(world: World, crew: Crew) -> None:
    change = member("context/about", {})
    forced(world, decision(world), crew.ci, crew.ci.key, "assessment", about=CHANGE, change=change)
    leaf, envelope = world.entries[-1]
    world.entries[-1] = (replace(leaf, about=NOTHING), envelope)


def _correction_without_values(world: World, crew: Crew) -> None:
    body = Correction(world.prompt(PROJECT, "7", crew.author, crew.ci).envelope, "wrong-version")
    forced(world, body, crew.ci, crew.ci.key, "values", change=member("context/contents", []))


def _exception_rejected_with_a_meaning_of_its_own(world: World, crew: Crew) -> None:
    exception = forced(world, EXCEPTION, crew.author, crew.author.key, "reason", about=CHANGE)
    basis = Basis(exception=exception.envelope, policy=world.policy_digest)
    body = Approval("person", basis, "reject", "review", "exception", Seen((), ()))
    forced(world, body, crew.reviewer, crew.reviewer.key, about=CHANGE, change=member("meaning", "objection"))


def _access_rejected_without_list(world: World, crew: Crew) -> None:
    body, change = replace(access(world, 1), decision="reject"), member("context/contents", [])
    forced(world, body, crew.reviewer, crew.reviewer.key, "access-list", change=change)


def _forge_approves_access_too(world: World, crew: Crew) -> None:
    body = Approval("forge", Basis(commit=git_id("head")), "approve", "review", "change", Seen((), ()))
    forced(world, body, crew.reviewer, crew.ci.key, about=CHANGE, change=member("basis/roster", 1))


MISWORDED = {
    "decision-contradicts": Misdeed(
        "V10", "a gate's decision says allowed while a verdict blocks", in_governed(_decision_contradicts)
    ),
    "forge-checklist": Misdeed(
        "V10", "an approval attested by the forge answers a checklist", in_governed(_forge_checklist)
    ),
    "late-act": Misdeed("V10", "an act says that it was brought late", in_governed(_late_act)),
    "administrator-of-paths": Misdeed(
        "V10", "an administrator is granted for some paths only", in_governed(_administrator_of_paths)
    ),
    "exception-for-nothing": Misdeed(
        "V10", "an exception for a change names no content of it", in_governed(_exception_for_nothing)
    ),
    "access-without-list": Misdeed(
        "V10", "a review of access has no list of what was reviewed", in_governed(_access_without_list)
    ),
    "no-ledger-id": Misdeed("V10", "an event does not say for which ledger it was signed", in_governed(_no_ledger_id)),
    "genesis-of-a-ledger": Misdeed(
        "V10", "a genesis names the ledger that it is said to found", in_governed(_genesis_of_a_ledger)
    ),
    "type-too-long": Misdeed("V10", "a predicate type has 257 characters", in_governed(_type_too_long)),
    "epoch-with-a-plus": Misdeed("V10", "the origin of an epoch holds a +", in_governed(_epoch_with_a_plus)),
    "landing-of-nothing": Misdeed("V10", "a merge landed no commits", in_governed(_landing_of_nothing)),
    "returns-to-no-release": Misdeed(
        "V10", "a change returns to something that is no release", in_governed(_returns_to_no_release)
    ),
    "scan-of-no-prompts": Misdeed("V10", "a scan of prompts names none", in_governed(_scan_of_no_prompts)),
    "scan-of-prompts-and-code": Misdeed("V10", "a scan of code names prompts", in_governed(_scan_of_prompts_and_code)),
    "scan-without-tree": Misdeed(
        "V10", "a scan of code names a commit and no tree", in_governed(_scan_of_a_commit_without_tree)
    ),
    "exception-for-release-and-commit": Misdeed(
        "V10", "an exception for a release names a commit", in_governed(_exception_for_release_and_commit)
    ),
    "exception-for-release-and-change": Misdeed(
        "V10", "an exception is about a release and a change", in_governed(_exception_for_release_and_change)
    ),
    "decision-about-both": Misdeed(
        "V10", "a gate's decision is about a release and a change", in_governed(_decision_about_both)
    ),
    "decision-about-nothing": Misdeed(
        "V10", "a gate's decision is about neither a release nor a change", in_governed(_decision_about_nothing)
    ),
    "correction-without-values": Misdeed(
        "V10", "a correction does not say what should have been stated", in_governed(_correction_without_values)
    ),
    "exception-rejected-oddly": Misdeed(
        "V10",
        "an approval rejects an exception with a meaning that is neither authorisation nor review",
        in_governed(_exception_rejected_with_a_meaning_of_its_own),
    ),
    "access-rejected-without-list": Misdeed(
        "V10", "a review of access rejects, and has no list", in_governed(_access_rejected_without_list)
    ),
    "forge-approves-access-too": Misdeed(
        "V10",
        "an approval of a change, attested by the forge, names a roster",
        in_governed(_forge_approves_access_too),
    ),
}
"""By name, as in ``tests.misdeeds.MISDEEDS``."""
