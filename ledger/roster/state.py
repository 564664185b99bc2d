"""The roster as values, and questions to it at a position (format §6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.events.roster import (
    ADMINISTRATOR,
    Epoch,
    GenesisCore,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.digests import Digest
    from ledger.events.context import ContentRef
    from ledger.events.roster import Act
    from ledger.keys import PublicKey

RECOVERY: Final = "recovery"
"""Type of the principal behind the offline recovery key."""


@dataclass(frozen=True, slots=True)
class Card:
    """A name card, as the commitment of the event that brought it."""

    content: ContentRef
    since: int
    """Position from which it is the current one."""
    envelope: Digest
    """The event that brought it."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A time during which a principal was taken for another one (format §6.3)."""

    into: str
    since: int
    until: int | None
    """Position at which it was split off again."""
    envelope: Digest


@dataclass(frozen=True, slots=True)
class Principal:
    """One person, agent or service, whatever keys and accounts it has."""

    id: str
    type: str
    """``person``, ``agent``, ``service`` or ``recovery``."""
    since: int
    until: int | None
    """Position at which it was disabled."""
    responsible: str | None
    cards: tuple[Card, ...]
    """Oldest first; empty for the recovery principal."""
    merges: tuple[Merged, ...] = ()
    """Oldest first; at most the last one holds."""


@dataclass(frozen=True, slots=True)
class Key:
    """An enrolled key and its life."""

    id: Digest
    public: PublicKey
    principal: str
    since: int
    until: int | None
    """Position at which it ended, was rotated away or revoked."""
    ended_by: str | None
    """``end``, ``rotate`` or ``revoke``."""
    reason: str | None
    compromised_since: int | None
    """Position from which its signatures no longer count in verdicts made after the revocation."""
    kinds: tuple[str, ...] | None
    projects: tuple[str, ...] | None
    custody: str | None = None
    """Where the private key is held, as declared: ``hardware``, ``device``, ``pipeline``."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held."""

    envelope: Digest
    """The event that granted it."""
    principal: str
    role: str
    projects: tuple[str, ...] | None
    """None: everywhere."""
    since: int
    until: int | None
    paths: tuple[str, ...] | None = None
    """Globs of the paths it is for; None: every path."""
    risks: tuple[str, ...] | None = None
    """Risk classes it is for; None: every one."""


@dataclass(frozen=True, slots=True)
class Project:
    """A repository line with a stream of its own."""

    id: str
    since: int
    until: int | None
    object_format: str
    protected_refs: tuple[str, ...]
    start: str | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that came into force."""

    digest: Digest
    data: bytes
    """Canonical JSON."""
    projects: tuple[str, ...] | None
    since: int
    envelope: Digest


@dataclass(frozen=True, slots=True)
class Certificate:
    """A key with which packs may be sealed, and its life."""

    id: Digest
    """SHA-256 of ``key``."""
    key: bytes
    """SubjectPublicKeyInfo in DER (format §2.4)."""
    since: int
    until: int | None
    """Position at which it ended."""
    reason: str | None = None
    """Why it ended."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An act that waits for another administrator."""

    envelope: Digest
    index: int
    act: Act
    signer: str
    """Principal who proposed it."""
    card: ContentRef | None
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartedEpoch:
    """A new origin after a lost checkpoint store."""

    epoch: Epoch
    since: int


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything the ledger stream says after ``count`` of its entries."""

    ledger: Digest
    """Ledger id."""
    core: GenesisCore
    count: int
    """Ledger-stream entries taken in."""
    principals: Mapping[str, Principal]
    keys: Mapping[Digest, Key]
    grants: tuple[Grant, ...]
    projects: Mapping[str, Project]
    policies: tuple[Policy, ...]
    pending: Mapping[Digest, Pending]
    epochs: tuple[StartedEpoch, ...]
    recovery_uses: tuple[int, ...]
    """Indexes of the entries that the recovery key signed."""
    certificates: Mapping[Digest, Certificate]
    """Every one that was ever enrolled, by certificate id."""

    @property
    def genesis(self) -> Digest:
        """Envelope digest of genesis, under which the founders hold their role."""
        return self.grants[0].envelope


def in_force(since: int, until: int | None, position: int) -> bool:
    """Whether what holds from ``since`` and ends at ``until`` holds at ``position`` (format §5.4)."""
    return since <= position and (until is None or position < until)


def principal_in_force(roster: Roster, principal: str, position: int) -> bool:
    """Whether the principal exists and is not disabled at ``position``."""
    found = roster.principals.get(principal)
    return found is not None and in_force(found.since, found.until, position)


def key_in_force(roster: Roster, key: Key, position: int) -> bool:
    """Whether the key and its principal are in force at ``position``."""
    return in_force(key.since, key.until, position) and principal_in_force(roster, key.principal, position)


def person_behind(roster: Roster, principal: str, position: int) -> str:
    """The principal that stands for ``principal`` at ``position``: the end of its chain of merges (format §6.3)."""
    found = principal
    while (known := roster.principals.get(found)) is not None:
        merged = [item for item in known.merges if in_force(item.since, item.until, position)]
        if not merged:
            break
        # Merging refuses a chain that leads back, so this ends.
        found = merged[-1].into
    return found


def principals_of(roster: Roster, principal: str, position: int) -> frozenset[str]:
    """Every principal that is one with ``principal`` at ``position``, itself included."""
    person = person_behind(roster, principal, position)
    return frozenset(item for item in roster.principals if person_behind(roster, item, position) == person) | {
        principal
    }


def roles_at(roster: Roster, principal: str, project: str | None, position: int) -> tuple[Grant, ...]:
    """Grants of ``principal`` in force at ``position`` that reach ``project`` (None: everywhere)."""
    if not principal_in_force(roster, principal, position):
        return ()
    return tuple(
        grant
        for grant in roster.grants
        if grant.principal == principal
        and in_force(grant.since, grant.until, position)
        and (grant.projects is None or project in grant.projects)
    )


def holds(roster: Roster, principal: str, role: str, project: str | None, position: int) -> bool:
    """Whether ``principal`` holds ``role`` for ``project`` at ``position``."""
    return any(grant.role == role for grant in roles_at(roster, principal, project, position))


def is_administrator(roster: Roster, principal: str, position: int) -> bool:
    """Whether ``principal`` counts as an administrator at ``position``; the recovery principal does."""
    found = roster.principals.get(principal)
    if found is None or not principal_in_force(roster, principal, position):
        return False
    return found.type == RECOVERY or (
        found.type == "person" and holds(roster, principal, ADMINISTRATOR, None, position)
    )


def administrators_with_keys(roster: Roster, position: int) -> frozenset[str]:
    """Distinct persons who could sign an act at ``position``."""
    return frozenset(
        person_behind(roster, key.principal, position)
        for key in roster.keys.values()
        if key_in_force(roster, key, position) and is_administrator(roster, key.principal, position)
    )


def policy_at(roster: Roster, project: str, position: int) -> Policy | None:
    """The policy in force for ``project`` at ``position``: its own latest, else the latest for all."""
    known = [policy for policy in roster.policies if policy.since <= position]
    own = [policy for policy in known if policy.projects is not None and project in policy.projects]
    general = [policy for policy in known if policy.projects is None]
    return own[-1] if own else (general[-1] if general else None)


def origin_at(roster: Roster, size: int) -> str:
    """The origin of checkpoints of ``size`` (format §5.5)."""
    origin = roster.core.origin
    for started in roster.epochs:
        if started.since <= size:
            origin = started.epoch.origin
    return origin
