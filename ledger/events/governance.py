"""Kinds of project streams about the rules themselves: exceptions, gate decisions, corrections (format §4.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ledger.events.shape import (
    array,
    claimed_time,
    count,
    digest,
    label,
    ledger_time,
    member,
    nested,
    object_id,
    one_of,
    token,
)

if TYPE_CHECKING:
    from ledger.digests import Digest


@dataclass(frozen=True, slots=True)
class DeclaredException:
    """A declared departure from rules, for one subject, until it expires."""

    KIND: ClassVar = "exception"
    cause: str = member(one_of("emergency", "outage", "accepted-risk"))
    expires_at: str = member(claimed_time)
    rules: tuple[str, ...] = member(array(token, least=1, most=64, distinct=True))
    commit: str | None = member(object_id, optional=True)
    environment: str | None = member(label, optional=True)
    incident: str | None = member(token, optional=True)
    manifest: Digest | None = member(digest, optional=True)
    policy: Digest | None = member(digest, optional=True)
    """The policy whose rules these are; None where it could not be learnt."""
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    tree: str | None = member(object_id, optional=True)


@dataclass(frozen=True, slots=True)
class BlockingVerdict:
    """A verdict for which a gate stayed shut."""

    outcome: str = member(one_of("fail", "not-evaluable"))
    rule: str = member(token)


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What a gate answered."""

    KIND: ClassVar = "decision"
    as_of: str = member(ledger_time)
    blocking: tuple[BlockingVerdict, ...] = member(array(nested(BlockingVerdict), most=256))
    excepted: tuple[str, ...] = member(array(token, most=64, distinct=True))
    """Rules that did not hold and for which an exception stood."""
    gate: str = member(one_of("merge", "deploy"))
    mode: str = member(one_of("observe", "enforce"))
    outcome: str = member(one_of("allowed", "blocked"))
    policy: Digest = member(digest)
    position: int = member(count(least=1))
    """The position at which it was assessed."""
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""


@dataclass(frozen=True, slots=True)
class Correction:
    """An earlier event stated something wrong; it stays, and this stands beside it."""

    KIND: ClassVar = "correction"
    corrects: Digest = member(digest)
    """Envelope digest of the earlier event."""
    reason: str = member(label)
