"""How ledger-stream entries change the roster: founding, proposing, completing (format §6.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from ledger.digests import Digest, digest_bytes, raw
from ledger.errors import AuthorityError
from ledger.events.roster import (
    ADMINISTRATOR,
    Act,
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    Genesis,
    GenesisCore,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectDeclare,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
    core_bytes,
)
from ledger.events.work import Approval
from ledger.keys import KEY_BYTES, PublicKey, key_id, verify
from ledger.roster.state import (
    RECOVERY,
    Card,
    Certificate,
    Grant,
    Key,
    Merged,
    Pending,
    Policy,
    Principal,
    Project,
    Roster,
    StartedEpoch,
    in_force,
)
from ledger.sealkeys import certificate_id

if TYPE_CHECKING:
    from ledger.events.context import ContentRef, Context
    from ledger.events.statement import Event

PUBLISHED_KEYS: Final = frozenset({Digest("sha256:72ac13db645522b42f41d3ed24420532526991d51f3eaabb71794752c01f1703")})
"""Key ids of Ed25519 keys whose private halves stand in the documentation; refused for ever."""


def is_published(key: PublicKey) -> bool:
    """Whether the private half of ``key`` stands in the documentation, under whichever scheme ``key`` is."""
    # In the form of an SSH key the same point has another key id.
    return len(key.point) == KEY_BYTES and key_id(PublicKey("ed25519", key.point)) in PUBLISHED_KEYS


def refuse_published(key: PublicKey) -> None:
    """Nothing, if the private half of ``key`` is nowhere in the documentation.

    Raises:
        AuthorityError: ``published-key``.
    """
    if is_published(key):
        raise AuthorityError(
            "published-key",
            "the private half of this key is published in the documentation",
            remedy="Make a key of your own: evidence key new",
        )


def genesis_preimage(core: GenesisCore) -> bytes:
    """The bytes every founder signs."""
    # "evidence-ledger/genesis/v1" || 0x00 || sha256(canonical JSON of core), format §4.4.1a
    return b"evidence-ledger/genesis/v1\x00" + raw(digest_bytes(core_bytes(core)))


def key_preimage(ledger: Digest, principal: str, key: PublicKey) -> bytes:
    """The bytes a new key signs to show that its holder has it and means this ledger and principal."""
    # "evidence-ledger/key/v1" || 0x00 || ledger id[32] || principal id || 0x00 || key id[32], format §4.4.1b
    return b"evidence-ledger/key/v1\x00" + raw(ledger) + principal.encode("ascii") + b"\x00" + raw(key_id(key))


def found(ledger: Digest, envelope: Digest, context: Context, body: Genesis) -> Roster:
    """The roster after genesis.

    Raises:
        SignatureError: a founder's proof does not verify.
        AuthorityError: a key is a published one.
    """
    core = body.core
    keys = [(item.principal, item.key) for item in core.administrators]
    principals = {
        item.principal: Principal(
            item.principal, "person", 1, None, None, _cards(context.content(item.card), 1, envelope)
        )
        for item in core.administrators
    }
    if core.recovery is not None:
        keys.append((core.recovery.principal, core.recovery.key))
        principals[core.recovery.principal] = Principal(core.recovery.principal, RECOVERY, 1, None, None, ())
    preimage = genesis_preimage(core)
    refuse_published(core.log_key)
    for (_, key), proof in zip(keys, body.proofs, strict=True):
        refuse_published(key)
        verify(key, proof, preimage)
    return Roster(
        ledger=ledger,
        core=core,
        count=1,
        principals=principals,
        keys={
            key_id(key): Key(key_id(key), key, principal, 1, None, None, None, None, None, None)
            for principal, key in keys
        },
        grants=tuple(Grant(envelope, item.principal, ADMINISTRATOR, None, 1, None) for item in core.administrators),
        projects={},
        policies=(),
        pending={},
        epochs=(),
        recovery_uses=(),
        certificates={},
    )


def needed(roster: Roster, act: Act) -> int:
    """How many distinct administrators ``act`` takes."""
    if isinstance(act, KeyEnd | KeyRevoke | RoleEnd | ProjectEnd | PrincipalDisable | CertificateEnd):
        return 1
    return roster.core.admins_required


def advance(roster: Roster, index: int, envelope: Digest, signer: str, event: Event) -> Roster:
    """The roster after the ledger-stream entry ``index``, which ``ledger.roster.authority.authorise`` let pass."""
    after = replace(roster, count=roster.count + 1)
    if roster.principals[signer].type == RECOVERY:
        after = replace(after, recovery_uses=(*after.recovery_uses, index))
    body = event.body
    if isinstance(body, Approval):
        if body.basis.act is None:
            raise ValueError("an approval of the ledger stream names its act")
        pending = roster.pending[body.basis.act]
        rest = {digest: item for digest, item in roster.pending.items() if digest != pending.envelope}
        if body.decision == "reject":
            return replace(after, pending=rest)
        approvers = (*pending.approvers, signer)
        if len(approvers) + 1 < needed(roster, pending.act):
            rest[pending.envelope] = replace(pending, approvers=approvers)
            return replace(after, pending=rest)
        return effect(replace(after, pending=rest), pending.act, index, pending.envelope, pending.card)
    if isinstance(body, Act):
        card = event.context.content("card")
        if needed(roster, body) == 1:
            return effect(after, body, index, envelope, card)
        waiting = Pending(envelope, index, body, signer, card, ())
        return replace(after, pending={**roster.pending, envelope: waiting})
    raise ValueError("only acts and approvals of acts follow genesis in the ledger stream")


def effect(  # noqa: C901, PLR0911, PLR0912  # one arm a kind
    roster: Roster, act: Act, index: int, envelope: Digest, card: ContentRef | None
) -> Roster:
    """The roster once ``act``, which was possible, is completed by the entry ``index``."""
    since = index + 1
    match act:
        case ProjectDeclare():
            declared = Project(
                act.project,
                since,
                None,
                act.object_format,
                act.protected_refs,
                act.start,
                _cards(card, since, envelope),
            )
            return replace(roster, projects={**roster.projects, act.project: declared})
        case ProjectDescribe():
            project = roster.projects[act.project]
            described = replace(project, cards=project.cards + _cards(card, since, envelope))
            return replace(roster, projects={**roster.projects, act.project: described})
        case ProjectEnd():
            ended = replace(roster.projects[act.project], until=since)
            return replace(roster, projects={**roster.projects, act.project: ended})
        case PrincipalCreate():
            created = Principal(act.principal, act.type, since, None, act.responsible, _cards(card, since, envelope))
            return replace(roster, principals={**roster.principals, act.principal: created})
        case PrincipalDescribe():
            principal = roster.principals[act.principal]
            known = replace(principal, cards=principal.cards + _cards(card, since, envelope))
            return replace(roster, principals={**roster.principals, act.principal: known})
        case PrincipalDisable():
            disabled = replace(roster.principals[act.principal], until=since)
            return replace(roster, principals={**roster.principals, act.principal: disabled})
        case PrincipalMerge():
            one = roster.principals[act.principal]
            merged = replace(one, merges=(*one.merges, Merged(act.into, since, None, envelope)))
            return replace(roster, principals={**roster.principals, act.principal: merged})
        case PrincipalSplit():
            one = roster.principals[act.principal]
            split = replace(one, merges=(*one.merges[:-1], replace(one.merges[-1], until=since)))
            return replace(roster, principals={**roster.principals, act.principal: split})
        case KeyEnrol() | KeyRotate():
            keys = dict(roster.keys)
            if isinstance(act, KeyRotate):
                keys[act.ends] = replace(keys[act.ends], until=since, ended_by="rotate")
            new = key_id(act.key)
            keys[new] = Key(
                new, act.key, act.principal, since, None, None, None, None, act.kinds, act.projects, act.custody
            )
            return replace(roster, keys=keys)
        case KeyEnd():
            over = replace(roster.keys[act.key_id], until=since, ended_by="end", reason=act.reason)
            return replace(roster, keys={**roster.keys, act.key_id: over})
        case KeyRevoke():
            # What became known later may reach further back; an earlier end of the key stays as it is.
            before = roster.keys[act.key_id]
            compromised = act.compromised_since
            if before.compromised_since is not None:
                compromised = min(compromised, before.compromised_since)
            revoked = replace(
                before,
                until=since if before.until is None else before.until,
                ended_by="revoke",
                reason=act.reason,
                compromised_since=compromised,
            )
            return replace(roster, keys={**roster.keys, act.key_id: revoked})
        case RoleGrant():
            grant = Grant(envelope, act.principal, act.role, act.projects, since, None, act.paths, act.risks)
            return replace(roster, grants=(*roster.grants, grant))
        case RoleEnd():
            return replace(
                roster,
                grants=tuple(
                    replace(grant, until=since) if is_grant(grant, act, index) else grant for grant in roster.grants
                ),
            )
        case PolicySet():
            policy = Policy(digest_bytes(act.policy.data), act.policy.data, act.projects, since, envelope)
            return replace(roster, policies=(*roster.policies, policy))
        case Epoch():
            return replace(roster, epochs=(*roster.epochs, StartedEpoch(act, since)))
        case CertificateEnrol():
            sealing = Certificate(certificate_id(act.key), act.key, since, None)
            return replace(roster, certificates={**roster.certificates, sealing.id: sealing})
        case CertificateEnd():
            gone = replace(roster.certificates[act.certificate], until=since, reason=act.reason)
            return replace(roster, certificates={**roster.certificates, gone.id: gone})
        case _:
            assert_never(act)


def _cards(content: ContentRef | None, since: int, envelope: Digest) -> tuple[Card, ...]:
    return () if content is None else (Card(content, since, envelope),)


def is_grant(grant: Grant, act: RoleEnd, position: int) -> bool:
    """Whether ``grant`` is the one in force that ``act`` ends."""
    return (
        grant.envelope == act.grant
        and grant.principal == act.principal
        and in_force(grant.since, grant.until, position)
    )
