"""Stories of dishonest servers: in each, one entry stands in the log that no honest server would have admitted.

The log key signed over it, so nothing but the named check of a verification finds it out (docs/format.md §9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.digests import digest_bytes
from ledger.events.context import NOTHING, About
from ledger.events.governance import BlockingVerdict, Correction, DeclaredException, GateDecision
from ledger.events.operation import Findings, Incident, Scan, Suppressed, Suspect
from ledger.events.roster import KeyEnrol, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Prompt, Seen, Tool
from ledger.keys import SigningKey, sign
from ledger.roster.acts import key_preimage
from tests.every_kind import KEYS, PROJECT, governed_world
from tests.sshkeys import EmulatedKey
from tests.world import World, git_id, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.events.bodies import WorkBody
    from ledger.events.context import ContentRef
    from ledger.events.statement import Body
    from ledger.keys import PublicKey, Signer
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


@dataclass(frozen=True)
class Misused:
    """A key of the scheme sshsig that signs as ``make`` does."""

    key: EmulatedKey
    make: Callable[[EmulatedKey, bytes], bytes]

    @property
    def public(self) -> PublicKey:
        """The key that the signatures say they are by."""
        return self.key.public

    def sign(self, message: bytes) -> bytes:
        """What ``make`` made of the message."""
        return self.make(self.key, message)


def _forced(
    world: World,
    body: WorkBody,
    actor: Member,
    key: Signer,
    *names: str,
    about: About = NOTHING,
    change: Callable[[Statement], object] = lambda _: None,
) -> Record:
    kept: Sequence[ContentRef] = [world.content(name, b"of it", "text/plain") for name in names]
    event = Event(world.context(actor, kept, project=PROJECT, about=about), body)
    return world.append_statement(event, key, change)


def _forced_act(world: World, body: Body, by: Member, change: Callable[[Statement], object] = lambda _: None) -> Record:
    return world.append_statement(Event(world.context(by), body), by.key, change)


def _in_governed(tell: Callable[[World, Crew], object]) -> Callable[[], World]:
    def story() -> World:
        world, crew = governed_world()
        tell(world, crew)
        return world

    return story


def _member(path: str, value: Any) -> Callable[[Statement], object]:  # noqa: ANN401 -- any JSON
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


# What an event may say


def _decision(world: World, *blocking: BlockingVerdict, position: int | None = None) -> GateDecision:
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
    body = _decision(world, BlockingVerdict("fail", "SOD-01"))
    _forced(world, body, crew.ci, crew.ci.key, "assessment", about=CHANGE, change=_member("outcome", "allowed"))


def _forge_checklist(world: World, crew: Crew) -> None:
    body = Approval("forge", Basis(commit=git_id("head")), "approve", "review", "change", Seen((), ()))
    answers = [{"answer": "yes", "item": "read-whole"}]
    _forced(world, body, crew.reviewer, crew.ci.key, about=CHANGE, change=_member("checklist", answers))


def _late_act(world: World, crew: Crew) -> None:
    body = RoleGrant(crew.author.principal, "approver")
    _forced_act(world, body, world.members["Ada Admin"], _member("context/late", value=True))


def _administrator_of_paths(world: World, crew: Crew) -> None:
    body = RoleGrant(crew.author.principal, "approver", paths=("docs/**",))
    _forced_act(world, body, world.members["Ada Admin"], _member("role", "administrator"))


EXCEPTION = DeclaredException("emergency", "2026-03-03T08:00:00Z", ("SOD-01",), manifest=digest_bytes(b"manifest"))


def _exception_for_nothing(world: World, crew: Crew) -> None:
    def change(statement: Statement) -> None:
        del statement["predicate"]["manifest"]
        ledger = {"digest": {"sha256": world.ledger.removeprefix("sha256:")}, "name": "ledger"}
        statement["subject"] = [ledger]

    _forced(world, EXCEPTION, crew.author, crew.author.key, "reason", about=CHANGE, change=change)


def _access(world: World, roster: int) -> Approval:
    return Approval(
        "person", Basis(roster=roster, policy=world.policy_digest), "approve", "review", "access", Seen((), ())
    )


def _access_without_list(world: World, crew: Crew) -> None:
    body = _access(world, 1)
    _forced(world, body, crew.reviewer, crew.reviewer.key, "access-list", change=_member("context/contents", []))


# Who may sign what


def _scan(target: str = "code") -> Scan:
    return Scan(
        "yes",
        Findings(0, 0, 0, 0),
        (),
        Suppressed(0, 0),
        target,
        Tool("linter"),
        git_id("head"),
        git_id("tree"),
    )


def _exception_by_service(world: World, crew: Crew) -> None:
    _forced(world, EXCEPTION, crew.ci, crew.ci.key, "reason", about=CHANGE)


def _exception_for_another(world: World, crew: Crew) -> None:
    _forced(world, EXCEPTION, crew.author, crew.reviewer.key, "reason", about=CHANGE)


def _access_of_the_future(world: World, crew: Crew) -> None:
    body = _access(world, len(world.entries) + 1)
    _forced(world, body, crew.reviewer, crew.reviewer.key, "access-list")


def _decision_of_the_future(world: World, crew: Crew) -> None:
    body = _decision(world, position=len(world.entries) + 1)
    _forced(world, body, crew.ci, crew.ci.key, "assessment", about=CHANGE)


def _scan_by_agent(world: World, crew: Crew) -> None:
    _forced(world, _scan(), crew.helper, crew.helper.key, "report")


# Acts


def _one_person_twice(world: World, crew: Crew) -> None:
    ada, other = world.members["Ada Admin"], world.person("Ada Other", "administrator")
    world.act(PrincipalMerge(into=ada.principal, principal=other.principal))
    body = PrincipalMerge(into=crew.author.principal, principal=crew.reviewer.principal)
    proposed = world.append(Event(world.context(ada), body), ada.key)
    approval = Approval("person", Basis(act=proposed.envelope), "approve", "approval", "roster", Seen((), ()))
    _forced_act(world, approval, other)


def _too_few_persons(world: World, _crew: Crew) -> None:
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    _forced_act(world, PrincipalMerge(into=ada.principal, principal=bo.principal), ada)


def _merge_leads_back(world: World, crew: Crew) -> None:
    world.act(PrincipalMerge(into=crew.author.principal, principal=crew.reviewer.principal))
    body = PrincipalMerge(into=crew.reviewer.principal, principal=crew.author.principal)
    _forced_act(world, body, world.members["Ada Admin"])


def _merge_of_two_types(world: World, crew: Crew) -> None:
    body = PrincipalMerge(into=crew.author.principal, principal=crew.helper.principal)
    _forced_act(world, body, world.members["Ada Admin"])


def _split_of_one(world: World, crew: Crew) -> None:
    _forced_act(world, PrincipalSplit(crew.author.principal), world.members["Ada Admin"])


def _ssh_key_of_a_service(world: World, crew: Crew) -> None:
    key = EmulatedKey("ed25519", seed("ssh key of CI"))
    proof = sign(key, key_preimage(world.ledger, crew.ci.principal, key.public))
    body = KeyEnrol(key.public, crew.ci.principal, proof, ("test",), tuple(world.projects.values()))
    _forced_act(world, body, world.members["Ada Admin"])


def _same_key_in_another_form(world: World, crew: Crew) -> None:
    key = SigningKey(KEYS["Ivy Author"].seed)
    proof = sign(key, key_preimage(world.ledger, crew.night.principal, key.public))
    _forced_act(world, KeyEnrol(key.public, crew.night.principal, proof), world.members["Ada Admin"])


# References


def _prompt_seen_as_scan(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    if not isinstance(prompt.event.body, Prompt):
        raise TypeError(prompt)
    basis = Basis(manifest=digest_bytes(b"manifest"), policy=world.policy_digest, tree=git_id("tree"))
    seen = Seen((prompt.envelope,), (), (prompt.envelope,))
    body = Approval("person", basis, "approve", "review", "change", seen)
    _forced(world, body, crew.reviewer, crew.reviewer.key, about=CHANGE)


def _exception_of_no_exception(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    basis = Basis(exception=prompt.envelope, policy=world.policy_digest)
    body = Approval("person", basis, "approve", "authorisation", "exception", Seen((), ()))
    _forced(world, body, crew.reviewer, crew.reviewer.key, about=CHANGE)


def _incident_of_no_release(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    body = Incident("change", "INC-9", "high", "opened", (Suspect(release=prompt.envelope),))
    _forced(world, body, crew.night, crew.night.key)


def _correction_of_nothing(world: World, crew: Crew) -> None:
    body = Correction(digest_bytes(b"nothing"), "wrong-version")
    _forced(world, body, crew.ci, crew.ci.key, "values")


# Signatures of the scheme sshsig


def _misused(name: str, make: Callable[[EmulatedKey, bytes], bytes]) -> Callable[[], World]:
    def tell(world: World, crew: Crew) -> None:
        signer = {"Ivy Author": crew.author, "Ray Reviewer": crew.reviewer}[name]
        _forced(world, EXCEPTION, signer, Misused(KEYS[name], make), "reason", about=CHANGE)

    return _in_governed(tell)


MISDEEDS = {
    "decision-contradicts": Misdeed(
        "V10", "a gate's decision says allowed while a verdict blocks", _in_governed(_decision_contradicts)
    ),
    "forge-checklist": Misdeed(
        "V10", "an approval attested by the forge answers a checklist", _in_governed(_forge_checklist)
    ),
    "late-act": Misdeed("V10", "an act says that it was brought late", _in_governed(_late_act)),
    "administrator-of-paths": Misdeed(
        "V10", "an administrator is granted for some paths only", _in_governed(_administrator_of_paths)
    ),
    "exception-for-nothing": Misdeed(
        "V10", "an exception for a change names no content of it", _in_governed(_exception_for_nothing)
    ),
    "access-without-list": Misdeed(
        "V10", "a review of access has no list of what was reviewed", _in_governed(_access_without_list)
    ),
    "ssh-other-namespace": Misdeed(
        "V12",
        "a signature by an SSH key was made for the namespace `file`",
        _misused("Ivy Author", lambda key, message: key.blob(message, namespace=b"file")),
    ),
    "ssh-high-s": Misdeed(
        "V12",
        "an ECDSA signature has its s in the upper half",
        _misused("Ray Reviewer", lambda key, message: key.blob(message, high=True)),
    ),
    "ssh-trailing-byte": Misdeed(
        "V12",
        "a byte follows the SSHSIG blob",
        _misused("Ivy Author", lambda key, message: key.blob(message) + b"\x00"),
    ),
    "ssh-unknown-flag": Misdeed(
        "V12",
        "a security key sets a flag of no meaning",
        _misused("Ivy Author", lambda key, message: replace(key, flags=0x41).blob(message)),
    ),
    "exception-by-service": Misdeed("V13", "a service signs an exception", _in_governed(_exception_by_service)),
    "exception-for-another": Misdeed(
        "V13", "a person signs an exception for which another asks", _in_governed(_exception_for_another)
    ),
    "access-of-the-future": Misdeed(
        "V13", "a review of access names a position after its own", _in_governed(_access_of_the_future)
    ),
    "decision-of-the-future": Misdeed(
        "V13", "a gate's decision names a position after its own", _in_governed(_decision_of_the_future)
    ),
    "scan-by-agent": Misdeed("V13", "an agent signs a scan", _in_governed(_scan_by_agent)),
    "one-person-twice": Misdeed(
        "V14",
        "a merge of principals is proposed and approved by one person, under two principals that were merged before",
        _in_governed(_one_person_twice),
    ),
    "too-few-persons": Misdeed(
        "V14", "a merge would leave one administrator where two are required", _in_governed(_too_few_persons)
    ),
    "merge-leads-back": Misdeed("V14", "two principals are merged into each other", _in_governed(_merge_leads_back)),
    "merge-of-two-types": Misdeed("V14", "an agent is merged into a person", _in_governed(_merge_of_two_types)),
    "split-of-one": Misdeed("V14", "a principal is split that was never merged", _in_governed(_split_of_one)),
    "ssh-key-of-a-service": Misdeed("V14", "an SSH key is enrolled for a service", _in_governed(_ssh_key_of_a_service)),
    "same-key-in-another-form": Misdeed(
        "V14",
        "the point of an enrolled SSH key is enrolled again, as a key of the scheme ed25519",
        _in_governed(_same_key_in_another_form),
    ),
    "prompt-seen-as-scan": Misdeed("V17", "a prompt stands among the scans seen", _in_governed(_prompt_seen_as_scan)),
    "exception-of-no-exception": Misdeed(
        "V17", "an approval authorises an exception that is a prompt", _in_governed(_exception_of_no_exception)
    ),
    "incident-of-no-release": Misdeed(
        "V17", "an incident suspects a release that is a prompt", _in_governed(_incident_of_no_release)
    ),
    "correction-of-nothing": Misdeed(
        "V17", "a correction corrects an event that is not there", _in_governed(_correction_of_nothing)
    ),
}
"""By name; a folder of tests/vectors/bundles has the same name after ``dishonest-``."""
