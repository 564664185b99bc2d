"""Kinds of the ledger's own stream: who there is, with which keys and roles, under which policies (format §4.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from ledger.canonical import JSON, encode
from ledger.errors import FormatError
from ledger.events.shape import (
    OpenObject,
    array,
    base64_bytes,
    count,
    digest,
    ed25519_key,
    glob,
    label,
    member,
    nested,
    object_id,
    one_of,
    open_object,
    principal_id,
    project_id,
    public_key,
    shaped,
    signature,
    token,
    write_object,
)
from ledger.sealkeys import parse_seal_key

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.keys import PublicKey

ADMINISTRATOR: Final = "administrator"
"""The role whose holders sign acts."""

COLLECTOR: Final = "collector"
"""The role of a person who may bring approvals that a forge attests."""

MACHINE_KINDS: Final = (
    *("prompt", "diff", "test", "approval", "merge", "release", "deploy", "attestation"),
    *("change", "push", "review-note", "scan", "build", "observation", "incident"),
    *("control-snapshot", "heartbeat", "decision", "correction", "pack", "reconciliation"),
)
"""Kinds for which a service's or agent's key may be enrolled (format §7)."""

CUSTODIES: Final = ("hardware", "device", "pipeline")
"""Where a private key is held, as declared: on a security key, in a file of its holder's, or by a pipeline."""

MAX_POLICY_BYTES: Final = 49_152
"""Largest policy in canonical form."""

_projects = array(project_id, least=1, most=64, distinct=True)
_paths = array(glob, least=1, most=64, distinct=True)
_risks = array(label, least=1, most=16, distinct=True)
_kinds = array(one_of(*MACHINE_KINDS), least=1, most=32, distinct=True)
_custody = one_of(*CUSTODIES)


@shaped(type="string", pattern="^refs/[A-Za-z0-9._:/@+-]{1,123}$")
def _protected_ref(value: JSON, where: str) -> str:
    ref: str = token(value, where)
    if not ref.startswith("refs/"):
        raise FormatError("bad-text", "a ref starts with refs/", where=where)
    return ref


@shaped(type="string", pattern="^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")
def _origin(value: JSON, where: str) -> str:
    origin: str = token(value, where)
    if "+" in origin or "@" in origin:
        raise FormatError("bad-text", "an origin holds no + and no @", where=where)
    return origin


@shaped(enum=[1, 2])
def _admins_required(value: JSON, where: str) -> int:
    number: int = count(least=1)(value, where)
    if number > 2:
        raise FormatError("bad-count", "admins_required is 1 or 2", where=where)
    return number


@shaped(type="string", contentEncoding="base64")
def _seal_key(value: JSON, where: str) -> bytes:
    data = base64_bytes(value, where)
    parse_seal_key(data, where)
    return data


@dataclass(frozen=True, slots=True)
class FoundingAdministrator:
    """One of the people who found the ledger."""

    card: str = member(label)
    """Name of the content with their name card."""
    key: PublicKey = member(public_key)
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class Recovery:
    """An offline key that counts as one administrator and whose every use is printed."""

    key: PublicKey = member(ed25519_key)
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class GenesisCore:
    """What all founders sign."""

    administrators: tuple[FoundingAdministrator, ...] = member(array(nested(FoundingAdministrator), least=1, most=16))
    admins_required: int = member(_admins_required)
    """How many distinct administrators an act takes: 1 or 2."""
    log_key: PublicKey = member(ed25519_key)
    """Signs checkpoints and nothing else."""
    origin: str = member(_origin)
    recovery: Recovery | None = member(nested(Recovery), optional=True)


@dataclass(frozen=True, slots=True)
class Genesis:
    """Entry 0."""

    KIND: ClassVar = "genesis"
    core: GenesisCore = member(nested(GenesisCore))
    proofs: tuple[bytes, ...] = member(array(signature, least=1, most=17))
    """One signature a founder, then the recovery key's, over ``genesis_preimage``."""


def core_bytes(core: GenesisCore) -> bytes:
    """Canonical JSON of ``core``, of which the founders sign the digest."""
    return encode(write_object(core))


@dataclass(frozen=True, slots=True)
class ProjectDeclare:
    """A project begins: its stream, its protected refs, where its history starts to count."""

    KIND: ClassVar = "project"
    ACT: ClassVar = "declare"
    object_format: str = member(one_of("sha1", "sha256"))
    project: str = member(project_id)
    protected_refs: tuple[str, ...] = member(array(_protected_ref, least=1, most=32, distinct=True))
    start: str | None = member(object_id, optional=True)
    """Last commit before the ledger; None: the whole history counts."""


@dataclass(frozen=True, slots=True)
class ProjectDescribe:
    """A project gets another card."""

    KIND: ClassVar = "project"
    ACT: ClassVar = "describe"
    project: str = member(project_id)


@dataclass(frozen=True, slots=True)
class ProjectEnd:
    """A project takes no more entries."""

    KIND: ClassVar = "project"
    ACT: ClassVar = "end"
    project: str = member(project_id)


@dataclass(frozen=True, slots=True)
class PrincipalCreate:
    """A person, agent or service becomes known."""

    KIND: ClassVar = "principal"
    ACT: ClassVar = "create"
    principal: str = member(principal_id)
    type: str = member(one_of("person", "agent", "service"))
    responsible: str | None = member(principal_id, optional=True)
    """The person who answers for an agent or service."""


@dataclass(frozen=True, slots=True)
class PrincipalDescribe:
    """A principal gets another card: a new name, more accounts."""

    KIND: ClassVar = "principal"
    ACT: ClassVar = "describe"
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class PrincipalDisable:
    """A principal's keys and roles are no longer in force."""

    KIND: ClassVar = "principal"
    ACT: ClassVar = "disable"
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class PrincipalMerge:
    """Two principals turned out to be one (format §6.3)."""

    KIND: ClassVar = "principal"
    ACT: ClassVar = "merge"
    into: str = member(principal_id)
    """The principal that stands for both."""
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class PrincipalSplit:
    """A merged principal is one of its own again."""

    KIND: ClassVar = "principal"
    ACT: ClassVar = "split"
    principal: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class KeyEnrol:
    """A key begins."""

    KIND: ClassVar = "key"
    ACT: ClassVar = "enrol"
    key: PublicKey = member(public_key)
    principal: str = member(principal_id)
    proof: bytes = member(signature)
    """Signature by the new key over ``key_preimage``."""
    kinds: tuple[str, ...] | None = member(_kinds, optional=True)
    """Kinds a service's or agent's key may sign; None for a person."""
    projects: tuple[str, ...] | None = member(_projects, optional=True)
    """Projects it may sign for; None for a person."""
    custody: str | None = member(_custody, optional=True)
    """Where the private key is held, as declared."""


@dataclass(frozen=True, slots=True)
class KeyRotate:
    """A key begins and another of the same principal ends."""

    KIND: ClassVar = "key"
    ACT: ClassVar = "rotate"
    ends: Digest = member(digest)
    """Key id of the key that ends."""
    key: PublicKey = member(public_key)
    principal: str = member(principal_id)
    proof: bytes = member(signature)
    endorsement: bytes | None = member(signature, optional=True)
    """Signature by the old key over the same bytes."""
    kinds: tuple[str, ...] | None = member(_kinds, optional=True)
    projects: tuple[str, ...] | None = member(_projects, optional=True)
    custody: str | None = member(_custody, optional=True)


@dataclass(frozen=True, slots=True)
class KeyEnd:
    """A key ends in good order."""

    KIND: ClassVar = "key"
    ACT: ClassVar = "end"
    key_id: Digest = member(digest)
    principal: str = member(principal_id)
    reason: str = member(label)


@dataclass(frozen=True, slots=True)
class KeyRevoke:
    """A key ends because it may be in other hands."""

    KIND: ClassVar = "key"
    ACT: ClassVar = "revoke"
    compromised_since: int = member(count())
    """Position from which signatures by it no longer count in later verdicts."""
    key_id: Digest = member(digest)
    principal: str = member(principal_id)
    reason: str = member(label)


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A principal gets a role."""

    KIND: ClassVar = "role"
    ACT: ClassVar = "grant"
    principal: str = member(principal_id)
    role: str = member(label)
    projects: tuple[str, ...] | None = member(_projects, optional=True)
    """Where it holds; None: everywhere."""
    paths: tuple[str, ...] | None = member(_paths, optional=True)
    """Globs of the paths it is for; None: every path."""
    risks: tuple[str, ...] | None = member(_risks, optional=True)
    """Risk classes it is for; None: every one."""


@dataclass(frozen=True, slots=True)
class RoleEnd:
    """A grant ends."""

    KIND: ClassVar = "role"
    ACT: ClassVar = "end"
    grant: Digest = member(digest)
    """Envelope digest of the grant; of genesis for a founder's."""
    principal: str = member(principal_id)
    """Whose grant it is."""
    reason: str = member(label)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A policy comes into force."""

    KIND: ClassVar = "policy"
    ACT: ClassVar = "set"
    policy: OpenObject = member(open_object(max_bytes=MAX_POLICY_BYTES))
    """The SHA-256 of its canonical JSON is the policy digest."""
    projects: tuple[str, ...] | None = member(_projects, optional=True)
    """Where it holds; None: every project without a policy of its own."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The checkpoint store was lost; checkpoints go on under a new origin."""

    KIND: ClassVar = "epoch"
    known_lost: int = member(count())
    last_root: Digest = member(digest)
    last_size: int = member(count())
    number: int = member(count(least=2))
    origin: str = member(_origin)
    reason: str = member(label)


@dataclass(frozen=True, slots=True)
class CertificateEnrol:
    """Packs may be sealed with a key."""

    KIND: ClassVar = "certificate"
    ACT: ClassVar = "enrol"
    key: bytes = member(_seal_key)
    """SubjectPublicKeyInfo in DER; what X.509 certificate is around it, and in which name, is not told."""
    purpose: str = member(one_of("packs"))


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """Packs may no longer be sealed with a key."""

    KIND: ClassVar = "certificate"
    ACT: ClassVar = "end"
    certificate: Digest = member(digest)
    """Certificate id."""
    reason: str = member(label)


Act: TypeAlias = (
    ProjectDeclare
    | ProjectDescribe
    | ProjectEnd
    | PrincipalCreate
    | PrincipalDescribe
    | PrincipalDisable
    | PrincipalMerge
    | PrincipalSplit
    | KeyEnrol
    | KeyRotate
    | KeyEnd
    | KeyRevoke
    | RoleGrant
    | RoleEnd
    | PolicySet
    | Epoch
    | CertificateEnrol
    | CertificateEnd
)
"""What follows genesis in the ledger's own stream: it changes the roster once it is complete."""

RosterBody: TypeAlias = Genesis | Act


def check_genesis(body: Genesis, where: str) -> None:
    """Nothing, if genesis agrees with itself; its proofs are checked by ``ledger.roster``.

    Raises:
        FormatError: at the place of the fault.
    """
    core = body.core
    founders = core.administrators
    keys = [core.log_key.point, *(item.key.point for item in founders)]
    principals = [item.principal for item in founders]
    if core.recovery is not None:
        keys.append(core.recovery.key.point)
        principals.append(core.recovery.principal)
    if len(founders) < core.admins_required:
        raise FormatError("bad-genesis", "fewer administrators than admins_required", where=f"{where}/administrators")
    if len(set(keys)) != len(keys) or len(set(principals)) != len(principals):
        raise FormatError("bad-genesis", "a key or a principal stands twice", where=where)
    if len(body.proofs) != len(keys) - 1:
        raise FormatError("bad-genesis", "one proof a founder and one by the recovery key are required", where=where)
