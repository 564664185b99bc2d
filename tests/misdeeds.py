"""Stories of dishonest servers: in each, one entry stands in the log that no honest server would have admitted.

The log key signed over it, so nothing but the named check of a verification finds it out (docs/format.md §9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ledger.digests import digest_bytes
from ledger.events.governance import Correction
from ledger.events.operation import Incident, Suspect
from ledger.events.roster import KeyEnrol, PrincipalDisable, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.events.statement import Event
from ledger.events.work import Approval, Basis, Prompt, Seen
from ledger.keys import SigningKey, sign
from ledger.roster.acts import key_preimage
from tests.every_kind import KEYS, PROJECT
from tests.mispacked import MISPACKED
from tests.misworded import (
    CHANGE,
    EXCEPTION,
    MISWORDED,
    PUSH,
    Misdeed,
    access,
    decision,
    epoch,
    forced,
    forced_act,
    found_again,
    in_governed,
    member,
    scan,
)
from tests.sshkeys import EmulatedKey
from tests.world import World, git_id, seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.keys import PublicKey
    from tests.every_kind import Crew


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


def _event_of_another_ledger(world: World, crew: Crew) -> None:
    forced(world, PUSH, crew.author, crew.ci.key, change=member("context/ledger", digest_bytes(b"another")))


# Who may sign what


def _exception_by_service(world: World, crew: Crew) -> None:
    forced(world, EXCEPTION, crew.ci, crew.ci.key, "reason", about=CHANGE)


def _exception_for_another(world: World, crew: Crew) -> None:
    forced(world, EXCEPTION, crew.author, crew.reviewer.key, "reason", about=CHANGE)


def _access_of_the_future(world: World, crew: Crew) -> None:
    body = access(world, len(world.entries) + 1)
    forced(world, body, crew.reviewer, crew.reviewer.key, "access-list")


def _decision_of_the_future(world: World, crew: Crew) -> None:
    body = decision(world, position=len(world.entries) + 1)
    forced(world, body, crew.ci, crew.ci.key, "assessment", about=CHANGE)


def _scan_by_agent(world: World, crew: Crew) -> None:
    forced(world, scan(), crew.helper, crew.helper.key, "report")


def _forge_seen_by_a_reviewer(world: World, crew: Crew) -> None:
    body = Approval("forge", Basis(commit=git_id("head")), "approve", "review", "change", Seen((), ()))
    forced(world, body, crew.author, crew.reviewer.key, about=CHANGE)


def _impossible_act_of_nobody(world: World, crew: Crew) -> None:
    forced_act(world, RoleGrant("p_" + "0" * 32, "reviewer"), crew.author)


# Acts


def _genesis_again(world: World, _crew: Crew) -> None:
    found_again(world)


def _epoch_of_another_origin(world: World, _crew: Crew) -> None:
    epoch(world, origin="ledger.example.com/other/2")


def _epoch_out_of_turn(world: World, _crew: Crew) -> None:
    epoch(world, number=3, origin=f"{world.origin}/3")


def _one_person_disabled(world: World, crew: Crew) -> None:
    ada, other = world.members["Ada Admin"], world.person("Ada Other", "administrator")
    for each in (ada, other):
        world.act(PrincipalMerge(into=crew.night.principal, principal=each.principal))
    world.act(PrincipalDisable(crew.night.principal))
    body = RoleGrant(crew.author.principal, "approver")
    proposed = world.append(Event(world.context(ada), body), ada.key)
    approval = Approval("person", Basis(act=proposed.envelope), "approve", "approval", "roster", Seen((), ()))
    forced_act(world, approval, other)


def _one_person_twice(world: World, crew: Crew) -> None:
    ada, other = world.members["Ada Admin"], world.person("Ada Other", "administrator")
    world.act(PrincipalMerge(into=ada.principal, principal=other.principal))
    body = PrincipalMerge(into=crew.author.principal, principal=crew.reviewer.principal)
    proposed = world.append(Event(world.context(ada), body), ada.key)
    approval = Approval("person", Basis(act=proposed.envelope), "approve", "approval", "roster", Seen((), ()))
    forced_act(world, approval, other)


def _too_few_persons(world: World, _crew: Crew) -> None:
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    forced_act(world, PrincipalMerge(into=ada.principal, principal=bo.principal), ada)


def _merge_leads_back(world: World, crew: Crew) -> None:
    world.act(PrincipalMerge(into=crew.author.principal, principal=crew.reviewer.principal))
    body = PrincipalMerge(into=crew.reviewer.principal, principal=crew.author.principal)
    forced_act(world, body, world.members["Ada Admin"])


def _merge_of_two_types(world: World, crew: Crew) -> None:
    body = PrincipalMerge(into=crew.author.principal, principal=crew.helper.principal)
    forced_act(world, body, world.members["Ada Admin"])


def _split_of_one(world: World, crew: Crew) -> None:
    forced_act(world, PrincipalSplit(crew.author.principal), world.members["Ada Admin"])


def _ssh_key_of_a_service(world: World, crew: Crew) -> None:
    key = EmulatedKey("ed25519", seed("ssh key of CI"))
    proof = sign(key, key_preimage(world.ledger, crew.ci.principal, key.public))
    body = KeyEnrol(key.public, crew.ci.principal, proof, ("test",), tuple(world.projects.values()))
    forced_act(world, body, world.members["Ada Admin"])


def _same_key_in_another_form(world: World, crew: Crew) -> None:
    key = SigningKey(KEYS["Ivy Author"].seed)
    proof = sign(key, key_preimage(world.ledger, crew.night.principal, key.public))
    forced_act(world, KeyEnrol(key.public, crew.night.principal, proof), world.members["Ada Admin"])


# References


def _prompt_seen_as_scan(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    if not isinstance(prompt.event.body, Prompt):
        raise TypeError(prompt)
    basis = Basis(manifest=digest_bytes(b"manifest"), policy=world.policy_digest, tree=git_id("tree"))
    seen = Seen((prompt.envelope,), (), (prompt.envelope,))
    body = Approval("person", basis, "approve", "review", "change", seen)
    forced(world, body, crew.reviewer, crew.reviewer.key, about=CHANGE)


def _exception_of_no_exception(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    basis = Basis(exception=prompt.envelope, policy=world.policy_digest)
    body = Approval("person", basis, "approve", "authorisation", "exception", Seen((), ()))
    forced(world, body, crew.reviewer, crew.reviewer.key, about=CHANGE)


def _incident_of_no_release(world: World, crew: Crew) -> None:
    prompt = world.prompt(PROJECT, "7", crew.author, crew.ci)
    body = Incident("change", "INC-9", "high", "opened", (Suspect(release=prompt.envelope),))
    forced(world, body, crew.night, crew.night.key)


def _correction_of_nothing(world: World, crew: Crew) -> None:
    body = Correction(digest_bytes(b"nothing"), "wrong-version")
    forced(world, body, crew.ci, crew.ci.key, "values")


# Signatures of the scheme sshsig


def _misused(name: str, make: Callable[[EmulatedKey, bytes], bytes]) -> Callable[[], World]:
    def tell(world: World, crew: Crew) -> None:
        signer = {"Ivy Author": crew.author, "Ray Reviewer": crew.reviewer}[name]
        forced(world, EXCEPTION, signer, Misused(KEYS[name], make), "reason", about=CHANGE)

    return in_governed(tell)


_OTHERS = {
    "event-of-another-ledger": Misdeed(
        "V11", "an event was signed for another ledger", in_governed(_event_of_another_ledger)
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
    "exception-by-service": Misdeed("V13", "a service signs an exception", in_governed(_exception_by_service)),
    "exception-for-another": Misdeed(
        "V13", "a person signs an exception for which another asks", in_governed(_exception_for_another)
    ),
    "access-of-the-future": Misdeed(
        "V13", "a review of access names a position after its own", in_governed(_access_of_the_future)
    ),
    "decision-of-the-future": Misdeed(
        "V13", "a gate's decision names a position after its own", in_governed(_decision_of_the_future)
    ),
    "scan-by-agent": Misdeed("V13", "an agent signs a scan", in_governed(_scan_by_agent)),
    "forge-seen-by-a-reviewer": Misdeed(
        "V13", "a person who is no collector brings a review from the forge", in_governed(_forge_seen_by_a_reviewer)
    ),
    "impossible-act-of-nobody": Misdeed(
        "V13",
        "who is no administrator grants a role to nobody; that the grant is impossible as well needs no judgement",
        in_governed(_impossible_act_of_nobody),
    ),
    "genesis-again": Misdeed("V14", "a second genesis", in_governed(_genesis_again)),
    "epoch-of-another-origin": Misdeed(
        "V14", "an epoch begins under the origin of another ledger", in_governed(_epoch_of_another_origin)
    ),
    "epoch-out-of-turn": Misdeed("V14", "the first epoch has the number 3", in_governed(_epoch_out_of_turn)),
    "one-person-disabled": Misdeed(
        "V14",
        "two principals merged into one that was disabled since propose and approve an act: still one person",
        in_governed(_one_person_disabled),
    ),
    "one-person-twice": Misdeed(
        "V14",
        "a merge of principals is proposed and approved by one person, under two principals that were merged before",
        in_governed(_one_person_twice),
    ),
    "too-few-persons": Misdeed(
        "V14", "a merge would leave one administrator where two are required", in_governed(_too_few_persons)
    ),
    "merge-leads-back": Misdeed("V14", "two principals are merged into each other", in_governed(_merge_leads_back)),
    "merge-of-two-types": Misdeed("V14", "an agent is merged into a person", in_governed(_merge_of_two_types)),
    "split-of-one": Misdeed("V14", "a principal is split that was never merged", in_governed(_split_of_one)),
    "ssh-key-of-a-service": Misdeed("V14", "an SSH key is enrolled for a service", in_governed(_ssh_key_of_a_service)),
    "same-key-in-another-form": Misdeed(
        "V14",
        "the point of an enrolled SSH key is enrolled again, as a key of the scheme ed25519",
        in_governed(_same_key_in_another_form),
    ),
    "prompt-seen-as-scan": Misdeed("V17", "a prompt stands among the scans seen", in_governed(_prompt_seen_as_scan)),
    "exception-of-no-exception": Misdeed(
        "V17", "an approval authorises an exception that is a prompt", in_governed(_exception_of_no_exception)
    ),
    "incident-of-no-release": Misdeed(
        "V17", "an incident suspects a release that is a prompt", in_governed(_incident_of_no_release)
    ),
    "correction-of-nothing": Misdeed(
        "V17", "a correction corrects an event that is not there", in_governed(_correction_of_nothing)
    ),
}

MISDEEDS = MISWORDED | MISPACKED | _OTHERS
"""By name; a folder of tests/vectors/bundles has the same name after ``dishonest-``."""
