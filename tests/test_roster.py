"""Who may do what at a position, told as stories: each refusal has its reason, each effect its position."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ledger.digests import Digest, digest_bytes
from ledger.errors import AuthorityError, ConflictError, FormatError, LedgerError, SignatureError
from ledger.events.context import About, Actor
from ledger.events.evidence import Pack, Reconciliation, Span
from ledger.events.governance import DeclaredException, GateDecision
from ledger.events.roster import (
    MACHINE_KINDS as EVERY_MACHINE_KIND,
)
from ledger.events.roster import (
    CertificateEnd,
    CertificateEnrol,
    Genesis,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDisable,
    ProjectDeclare,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
)
from ledger.events.shape import OpenObject
from ledger.events.statement import Body, Event, read_payload, write_payload
from ledger.events.work import Approval, Basis, Seen
from ledger.keys import SigningKey, format_public_key, key_id, sign
from ledger.roster.acts import PUBLISHED_KEYS, found, genesis_preimage, key_preimage
from ledger.roster.authority import authorise, signer_at
from ledger.roster.state import Certificate, holds, is_administrator, origin_at, policy_at, roles_at
from ledger.sealkeys import certificate_id
from tests.every_kind import governed_world
from tests.later_kinds import SEAL_KEYS, later_kinds
from tests.sshkeys import SORTS, EmulatedKey
from tests.stories import MACHINE_KINDS, open_world
from tests.world import World, seed

if TYPE_CHECKING:
    from ledger.keys import Signer

SAMPLE_SEED = hashlib.sha256(b"evidence-ledger published sample key").digest()
SAMPLE = SigningKey(SAMPLE_SEED)


def _slug(caught: pytest.ExceptionInfo[LedgerError]) -> str:
    return caught.value.slug


def test_effects_hold_from_the_next_position_and_roles_by_position() -> None:
    """A role granted by entry i is held from i + 1, and not after its end."""
    world, cast = open_world()
    grant = world.grant(cast.author, "approver")
    end = world.act(RoleEnd(grant.envelope, cast.author.principal, "moved"))
    held = [holds(world.roster, cast.author.principal, "approver", None, at) for at in range(len(world.entries) + 1)]
    assert held == [grant.index < at <= end.index for at in range(len(world.entries) + 1)]
    assert not roles_at(world.roster, cast.author.principal, None, grant.index)


def test_a_grant_for_one_project_does_not_reach_another() -> None:
    """A scoped role holds where it was granted."""
    world, cast = open_world()
    other = world.project("billing")
    world.grant(cast.author, "approver", (other,))
    end = len(world.entries)
    assert holds(world.roster, cast.author.principal, "approver", other, end)
    assert not holds(world.roster, cast.author.principal, "approver", world.projects["payments"], end)
    assert not holds(world.roster, cast.author.principal, "approver", None, end)


@pytest.mark.parametrize("kind", ["role", "key", "principal", "project", "policy", "certificate"])
def test_nobody_but_an_administrator_signs_acts(kind: str) -> None:
    """Persons without the role, and services, change nothing in the roster."""
    world, cast = open_world()
    key = SigningKey(seed("fresh"))
    proof = sign(key, key_preimage(world.ledger, cast.author.principal, key.public))
    bodies: dict[str, Body] = {
        "role": RoleGrant(cast.author.principal, "administrator"),
        "key": KeyEnrol(key.public, cast.author.principal, proof),
        "principal": PrincipalDisable(cast.reviewer.principal),
        "project": ProjectEnd(world.projects["payments"]),
        "policy": PolicySet(OpenObject(b"{}")),
        "certificate": CertificateEnrol(SEAL_KEYS["P-256"], "packs"),
    }
    for member in (cast.author, cast.ci):
        with pytest.raises(AuthorityError) as caught:
            world.append(Event(world.context(member), bodies[kind]), member.key)
        assert _slug(caught) == "not-an-administrator"


def test_a_public_key_is_enrolled_once_ever() -> None:
    """Neither the same nor another principal gets a key again, nor the log key, nor a published one."""
    world, cast = open_world()
    world.act(KeyEnd(key_id(cast.reviewer.key.public), cast.reviewer.principal, "replaced"))
    for key, slug in (
        (cast.author.key, "key-enrolled"),
        (cast.reviewer.key, "key-enrolled"),
        (world.log_key, "key-enrolled"),
        (SAMPLE, "published-key"),
    ):
        with pytest.raises(LedgerError) as caught:
            world.enrol(cast.reviewer.principal, key)
        assert _slug(caught) == slug
    assert key_id(SAMPLE.public) in PUBLISHED_KEYS


@pytest.mark.parametrize("sort", SORTS)
def test_a_person_signs_with_ssh_keys(sort: str) -> None:
    """Each sort of SSH key is enrolled and rotated for a person, signs their events, and rotates away again."""
    world, cast = open_world()
    first, second = EmulatedKey(sort, seed("one")), EmulatedKey(sort, seed("two"))
    world.enrol(cast.reviewer.principal, first)
    preimage = key_preimage(world.ledger, cast.reviewer.principal, second.public)
    body = KeyRotate(
        key_id(first.public), second.public, cast.reviewer.principal, second.sign(preimage), first.sign(preimage)
    )
    for spoilt in (replace(body, proof=first.sign(preimage)), replace(body, endorsement=second.sign(preimage))):
        with pytest.raises(SignatureError):
            world.act(spoilt)
    entry = world.act(body)
    assert signer_at(world.roster, key_id(second.public), entry.index + 1).principal == cast.reviewer.principal


def test_only_persons_have_ssh_keys() -> None:
    """Neither a service nor the recovery principal gets one, by enrolment or by rotation."""
    world = World(recovery=True)
    project = world.project("payments")
    service, recovery = world.machine("ci", ["test"]), world.members["Recovery"]
    key = EmulatedKey("ecdsa", seed("fresh"))
    for member in (service, recovery):
        scope = world.roster.keys[key_id(member.key.public)]
        proof = key.sign(key_preimage(world.ledger, member.principal, key.public))
        enrol = KeyEnrol(key.public, member.principal, proof, kinds=scope.kinds, projects=scope.projects)
        rotate = KeyRotate(scope.id, key.public, member.principal, proof, kinds=scope.kinds, projects=scope.projects)
        for body in (enrol, rotate):
            with pytest.raises(ConflictError) as caught:
                world.act(body)
            assert _slug(caught) == "key-scheme"
    with pytest.raises(ConflictError) as caught:
        world.enrol(service.principal, key, kinds=("test",), projects=(project,))
    assert _slug(caught) == "key-scheme"


@pytest.mark.parametrize("sort", SORTS)
def test_a_ledger_is_founded_with_ssh_keys(sort: str) -> None:
    """Administrators may have SSH keys from genesis on; the log key and the recovery key are none."""
    ada = EmulatedKey(sort, seed("ada"))
    world = World(admins_required=2, recovery=True, keys={"Ada Admin": ada})
    world.project("payments")
    body = world.records_list[0].event.body
    assert isinstance(body, Genesis)
    proofs = (body.proofs[1], *body.proofs[1:])
    with pytest.raises(SignatureError):
        found(world.ledger, Digest(""), world.records_list[0].event.context, replace(body, proofs=proofs))
    payload = write_payload(world.records_list[0].event)
    for allowed in (world.log_key.public, world.members["Recovery"].key.public):
        text = format_public_key(allowed).encode()
        other = format_public_key(EmulatedKey(sort, seed("other")).public).encode()
        assert text in payload
        with pytest.raises(FormatError) as caught:
            read_payload(payload.replace(text, other))
        assert caught.value.slug == "unsupported-scheme"


@pytest.mark.parametrize("sort", ["ed25519", "sk-ed25519"])
def test_no_key_twice_under_two_schemes(sort: str) -> None:
    """A private key that is enrolled, the log's, or published is refused as an SSH key too, and the other way round."""
    world, cast = open_world()
    for private, slug in (("author", "key-enrolled"), ("log", "key-enrolled"), ("sample", "published-key")):
        known = {"author": seed("key " + cast.author.name), "log": seed("log"), "sample": SAMPLE_SEED}[private]
        key = EmulatedKey(sort, known)
        with pytest.raises(LedgerError) as caught:
            world.enrol(cast.reviewer.principal, key)
        assert _slug(caught) == slug, private
    fresh = seed("fresh")
    world.enrol(cast.reviewer.principal, EmulatedKey(sort, fresh))
    for again in (SigningKey(fresh), EmulatedKey("ed25519", fresh), EmulatedKey("sk-ed25519", fresh, b"ssh:other")):
        with pytest.raises(ConflictError) as caught:
            world.enrol(cast.author.principal, again)
        assert _slug(caught) == "key-enrolled"


def test_a_proof_of_possession_is_over_ledger_principal_and_key() -> None:
    """A proof made for another principal or another ledger enrols nothing."""
    world, cast = open_world()
    key = SigningKey(seed("fresh"))
    for preimage in (
        key_preimage(world.ledger, cast.author.principal, key.public),
        key_preimage(digest_bytes(b"other"), cast.reviewer.principal, key.public),
        key_preimage(world.ledger, cast.reviewer.principal, cast.author.key.public),
    ):
        with pytest.raises(SignatureError):
            world.act(KeyEnrol(key.public, cast.reviewer.principal, sign(key, preimage)))


def test_rotation_ends_one_key_and_begins_another() -> None:
    """The principal stays; the old key signs nothing more; the new one signs."""
    world, cast = open_world()
    key = SigningKey(seed("fresh"))
    preimage = key_preimage(world.ledger, cast.author.principal, key.public)
    old = key_id(cast.author.key.public)
    body = KeyRotate(old, key.public, cast.author.principal, sign(key, preimage), sign(cast.author.key, preimage))
    with pytest.raises(SignatureError):
        world.act(replace(body, endorsement=sign(key, preimage)))
    with pytest.raises(ConflictError):
        world.act(replace(body, ends=key_id(cast.reviewer.key.public)))
    entry = world.act(body)
    assert world.roster.keys[old].until == entry.index + 1
    with pytest.raises(AuthorityError) as caught:
        signer_at(world.roster, old, entry.index + 1)
    assert _slug(caught) == "key-ended"
    assert signer_at(world.roster, old, entry.index).principal == cast.author.principal
    assert signer_at(world.roster, key_id(key.public), entry.index + 1).principal == cast.author.principal


def test_a_revocation_names_a_position_that_has_been() -> None:
    """``compromised_since`` lies at or before the revocation and changes no admission."""
    world, cast = open_world()
    identifier = key_id(cast.author.key.public)
    with pytest.raises(ConflictError):
        world.act(KeyRevoke(10_000, identifier, cast.author.principal, "stolen"))
    before = world.diff("payments", "7", cast.author, cast.author, {"a.py": "1"})
    world.act(KeyRevoke(0, identifier, cast.author.principal, "stolen"))
    assert world.roster.keys[identifier].compromised_since == 0
    assert authorise(world.roster, before.diff.index, identifier, before.diff.event).id == identifier


def test_a_disabled_principal_signs_and_holds_nothing() -> None:
    """Disabling ends keys and roles at once."""
    world, cast = open_world()
    world.act(PrincipalDisable(cast.reviewer.principal))
    with pytest.raises(AuthorityError) as caught:
        signer_at(world.roster, key_id(cast.reviewer.key.public), len(world.entries))
    assert _slug(caught) == "principal-disabled"
    assert not holds(world.roster, cast.reviewer.principal, "reviewer", None, len(world.entries))


def test_the_last_administrators_cannot_be_removed() -> None:
    """No end, revocation or disabling leaves fewer administrators than acts take."""
    world = World(admins_required=2)
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    for body in (
        RoleEnd(world.roster.genesis, bo.principal, "left"),
        KeyEnd(key_id(bo.key.public), bo.principal, "left"),
        KeyRevoke(0, key_id(bo.key.public), bo.principal, "left"),
        PrincipalDisable(bo.principal),
    ):
        with pytest.raises(AuthorityError) as caught:
            world.act(body, by=ada)
        assert _slug(caught) == "too-few-administrators"
    world.person("Cy Admin", "administrator")
    world.act(PrincipalDisable(bo.principal), by=ada)
    assert not is_administrator(world.roster, bo.principal, len(world.entries))


def test_ends_take_one_administrator_and_begins_take_two() -> None:
    """In a two-person ledger an end holds at once, a begin waits for the second person."""
    world, cast = open_world(admins_required=2)
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    before = len(world.entries)
    world.act(PrincipalDisable(cast.reviewer.principal), by=ada)
    assert len(world.entries) == before + 1
    pending = world.append(Event(world.context(ada), RoleGrant(cast.author.principal, "approver")), ada.key)
    assert not holds(world.roster, cast.author.principal, "approver", None, len(world.entries))
    world.approve_act(pending, bo, "reject")
    with pytest.raises(ConflictError) as caught:
        world.approve_act(pending, bo)
    assert _slug(caught) == "no-such-act"


def test_an_act_that_became_impossible_cannot_be_completed() -> None:
    """What was possible when proposed is checked again when completed."""
    world, _ = open_world(admins_required=2)
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    body = PrincipalCreate("p_" + "1" * 32, "person")
    waiting = [world.append(Event(world.context(ada, [world._card("X", [])]), body), ada.key) for _ in range(2)]
    world.approve_act(waiting[0], bo)
    with pytest.raises(ConflictError) as caught:
        world.approve_act(waiting[1], bo)
    assert _slug(caught) == "principal-exists"


def test_the_recovery_key_counts_as_one_and_its_use_is_kept() -> None:
    """The recovery principal completes acts, signs nothing else, and every use is listed."""
    world, cast = open_world(admins_required=2, recovery=True)
    ada, spare = world.members["Ada Admin"], world.members["Recovery"]
    pending = world.append(Event(world.context(ada), RoleGrant(cast.author.principal, "approver")), ada.key)
    used = world.approve_act(pending, spare)
    assert holds(world.roster, cast.author.principal, "approver", None, len(world.entries))
    assert world.roster.recovery_uses == (used.index,)
    with pytest.raises(AuthorityError) as caught:
        world.diff("payments", "7", cast.author, spare, {"a.py": "1"})
    assert _slug(caught) == "kind-not-allowed"


def test_machine_keys_sign_their_kinds_in_their_projects_only() -> None:
    """A service's key reaches no further than its enrolment; an agent's signs prompts and diffs."""
    world, cast = open_world()
    reader = world.machine("Reader", ("test",))
    agent = world.machine("Agent", MACHINE_KINDS, sort="agent", responsible=cast.author)
    world.project("billing")
    change = world.diff("payments", "7", cast.author, agent, {"a.py": "1"})
    world.run("payments", change.tree, change.head, reader)
    for tell in (
        lambda: world.diff("payments", "8", cast.author, reader, {"a.py": "1"}),
        lambda: world.run("billing", change.tree, change.head, reader),
        lambda: world.run("payments", change.tree, change.head, agent),
    ):
        with pytest.raises(AuthorityError) as caught:
            tell()
        assert _slug(caught) == "kind-not-allowed"
    with pytest.raises(ConflictError) as refused:
        world.enrol(
            cast.author.principal, SigningKey(seed("x")), kinds=("test",), projects=tuple(world.projects.values())
        )
    assert _slug(refused) == "key-scope"


def test_approvals_of_people_are_signed_by_their_own_key() -> None:
    """Neither a service nor another person signs a person's approval; forge approvals need a collector."""
    world, cast = open_world()
    change = world.diff("payments", "7", cast.author, cast.ci, {"a.py": "1"})
    body = Approval(
        "person",
        Basis(manifest=change.manifest, tree=change.tree, policy=world.policy_digest),
        "approve",
        "review",
        "change",
        Seen((), ()),
    )
    about = About(change="7", revision=1)
    for signer, slug in ((cast.ci, "person-needed"), (cast.author, "actor-is-not-signer")):
        with pytest.raises(AuthorityError) as caught:
            world.append(Event(world.context(cast.reviewer, project="payments", about=about), body), signer.key)
        assert _slug(caught) == slug
    with pytest.raises(AuthorityError) as caught:
        world.forge_approval("payments", change, cast.reviewer, cast.author)
    assert _slug(caught) == "not-a-collector"
    world.grant(cast.author, "collector")
    world.forge_approval("payments", change, cast.reviewer, cast.author)
    world.forge_approval("payments", change, cast.reviewer, cast.ci)


def test_an_ended_project_takes_no_more_entries() -> None:
    """Its stream stays as it is."""
    world, cast = open_world()
    world.act(ProjectEnd(world.projects["payments"]))
    with pytest.raises(AuthorityError) as caught:
        world.diff("payments", "7", cast.author, cast.ci, {"a.py": "1"})
    assert _slug(caught) == "unknown-project"
    with pytest.raises(ConflictError):
        world.act(ProjectDeclare("sha1", world.projects["payments"], ("refs/heads/main",)), [world._card("again", [])])


def test_the_policy_of_a_project_is_its_own_latest_else_the_general_one() -> None:
    """Policies hold from their position on."""
    world, _ = open_world()
    project = world.projects["payments"]
    general = world.policy_digest
    position = len(world.entries)
    world.act(PolicySet(OpenObject(b'{"v":2}'), (project,)))
    own = policy_at(world.roster, project, len(world.entries))
    before = policy_at(world.roster, project, position)
    assert own is not None
    assert own.data == b'{"v":2}'
    assert before is not None
    assert before.digest == general
    assert policy_at(world.roster, project, 1) is None


def test_every_founder_signs_genesis() -> None:
    """A founder's proof that is not theirs, or of another core, founds nothing."""
    world = World(admins_required=2, recovery=True)
    record = world.records_list[0]
    body = record.event.body
    assert isinstance(body, Genesis)
    stranger = SigningKey(seed("stranger"))
    forged = sign(stranger, genesis_preimage(body.core))
    for number in range(3):
        proofs = (*body.proofs[:number], forged, *body.proofs[number + 1 :])
        with pytest.raises(SignatureError):
            found(world.ledger, record.envelope, record.event.context, replace(body, proofs=proofs))


def test_epochs_change_the_origin_of_later_checkpoints() -> None:
    """Numbers rise without gaps; the origin changes one past the act."""
    world = World()
    with pytest.raises(ConflictError):
        world.epoch(3, 1, 0)
    entry = world.epoch(2, 1, 0)
    assert origin_at(world.roster, entry.index) == world.origin
    assert origin_at(world.roster, entry.index + 1) == f"{world.origin}/2"
    assert isinstance(world.ledger, str)
    assert Digest(world.ledger) == world.roster.ledger


def test_a_role_for_paths_and_risks_is_kept_with_its_grant() -> None:
    """The roster says for what it was granted; whether a change is of that sort is for rules to say."""
    world, crew = governed_world()
    world.act(RoleGrant(crew.author.principal, "approver", None, ("docs/**",), ("low",)))
    grants = roles_at(world.roster, crew.author.principal, world.projects["payments"], len(world.entries))
    assert [(grant.role, grant.paths, grant.risks) for grant in grants] == [("approver", ("docs/**",), ("low",))]


def test_custody_is_kept_with_its_key() -> None:
    """Where the private half is held, as declared; None where nothing was."""
    world, crew = governed_world()
    key = SigningKey(seed("fresh"))
    proof = sign(key, key_preimage(world.ledger, crew.author.principal, key.public))
    world.act(KeyEnrol(key.public, crew.author.principal, proof, custody="hardware"))
    custodies = [world.roster.keys[key_id(each)].custody for each in (key.public, crew.author.key.public)]
    assert custodies == ["hardware", None]


# Who may sign the later kinds

_OF_PROJECT = [record.event for record in later_kinds()[0].records_list if record.event.context.project is not None]
AGENT_KINDS = {"prompt", "diff", "review-note"}


def _again(world: World, event: Event, actor: str | None = None) -> Event:
    """The event of the story, as if it happened in ``world`` now; acted by ``actor`` where one is given."""
    acting = event.context.actor if actor is None else Actor(principal=actor)
    context = replace(event.context, event_id=world.event_id(), ledger=world.ledger, actor=acting)
    return Event(context, event.body)


def _refusal(world: World, event: Event, key: Signer) -> str | None:
    """The slug with which a server refuses the event; None if it admits it."""
    try:
        authorise(world.roster, len(world.entries), key_id(key.public), event)
    except LedgerError as refused:
        return refused.slug
    return None


@pytest.mark.parametrize("kind", sorted({event.kind for event in _OF_PROJECT}))
def test_who_may_sign_a_kind(kind: str) -> None:
    """The table of format §7, for persons, agents and services."""
    world, _ = later_kinds()
    spare = world.machine("Spare", ("heartbeat",))
    plain = world.person("Pia Plain")
    person, agent, service = (world.members[name] for name in ("Ivy Author", "Helper", "Pack Maker"))
    for event in [each for each in _OF_PROJECT if each.kind == kind]:
        own = isinstance(event.body, DeclaredException)
        if isinstance(event.body, Approval):
            own = event.body.attested_by == "person"
        if own:
            assert _refusal(world, _again(world, event, person.principal), person.key) is None
            assert _refusal(world, _again(world, event, plain.principal), person.key) == "actor-is-not-signer"
            for machine in (agent, service, spare):
                assert _refusal(world, _again(world, event, machine.principal), machine.key) == "person-needed"
            continue
        seen_by_forge = isinstance(event.body, Approval)
        assert _refusal(world, _again(world, event), plain.key) == ("not-a-collector" if seen_by_forge else None)
        assert _refusal(world, _again(world, event), service.key) is None
        assert _refusal(world, _again(world, event), spare.key) == (None if kind == "heartbeat" else "kind-not-allowed")
        assert _refusal(world, _again(world, event), agent.key) == (None if kind in AGENT_KINDS else "kind-not-allowed")


def test_the_recovery_key_signs_nothing_of_a_project() -> None:
    """Whatever the kind, and though its principal is the actor."""
    world = World(recovery=True)
    world.project("payments")
    spare = world.members["Recovery"]
    for event in _OF_PROJECT:
        body = event.body
        if isinstance(body, GateDecision | Pack):
            body = replace(body, position=1)
        if isinstance(body, Pack) and body.period is not None:
            body = replace(body, period=Span(0, 1))
        if isinstance(body, Reconciliation):
            body = replace(body, from_=0, to=1)
        if isinstance(body, Approval) and body.scope == "access":
            body = replace(body, basis=replace(body.basis, roster=1))
        again = _again(world, Event(event.context, body), spare.principal)
        assert _refusal(world, again, spare.key) == "kind-not-allowed"


def test_machine_kinds_are_those_a_machine_may_sign() -> None:
    """A key may list every kind of a project but the exception, which only a person signs."""
    assert set(EVERY_MACHINE_KIND) == {event.kind for event in _OF_PROJECT} - {"exception"}


@pytest.mark.parametrize("ahead", [0, 1])
def test_what_was_looked_at_lies_in_the_past(ahead: int) -> None:
    """Access reviews, gate decisions, packs and comparisons name a position that the log has reached at the latest."""
    world, crew = governed_world()
    position = len(world.entries) + ahead
    access = next(event for event in _OF_PROJECT if isinstance(event.body, Approval) and event.body.scope == "access")
    decision = next(event for event in _OF_PROJECT if isinstance(event.body, GateDecision))
    assert isinstance(access.body, Approval)
    assert isinstance(decision.body, GateDecision)
    reviewed = Event(access.context, replace(access.body, basis=replace(access.body.basis, roster=position)))
    decided = Event(decision.context, replace(decision.body, position=position))
    expected = "bad-position" if ahead else None
    reviewer = crew.reviewer
    assert _refusal(world, _again(world, reviewed, reviewer.principal), reviewer.key) == expected
    assert _refusal(world, _again(world, decided), crew.ci.key) == expected
    for event in _OF_PROJECT:
        if isinstance(event.body, Pack | Reconciliation):
            body = event.body
            moved = replace(body, position=position) if isinstance(body, Pack) else replace(body, to=position)
            assert _refusal(world, _again(world, Event(event.context, moved)), reviewer.key) == expected


def test_a_certificate_holds_from_its_enrolment_to_its_end_and_never_again() -> None:
    """It takes as many administrators as other acts to enrol one, and one to end it; it is enrolled once, ever."""
    world, _ = open_world(admins_required=2)
    ada, bo = world.members["Ada Admin"], world.members["Bo Admin"]
    key = SEAL_KEYS["P-384"]
    identifier = certificate_id(key)
    enrol, end = CertificateEnrol(key, "packs"), CertificateEnd(identifier, "expired")
    proposals = [world.append(Event(world.context(ada), enrol), ada.key) for _ in range(2)]
    assert world.roster.certificates == {}
    enrolled = world.approve_act(proposals[0], bo)
    assert world.roster.certificates == {identifier: Certificate(identifier, key, enrolled.index + 1, None)}
    ended = world.append(Event(world.context(bo), end), bo.key)
    found = world.roster.certificates[identifier]
    assert (found.since, found.until, found.reason) == (enrolled.index + 1, ended.index + 1, "expired")
    with pytest.raises(ConflictError) as caught:
        world.approve_act(proposals[1], bo)
    assert _slug(caught) == "certificate-enrolled"
    for body, slug in ((enrol, "certificate-enrolled"), (end, "unknown-certificate")):
        with pytest.raises(ConflictError) as caught:
            world.act(body)
        assert _slug(caught) == slug
