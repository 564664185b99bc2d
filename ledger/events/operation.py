"""Kinds of project streams that machines and operations tell: scans, builds, what runs, incidents (format §4.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ledger.errors import FormatError
from ledger.events.shape import (
    array,
    claimed_time,
    count,
    digest,
    label,
    member,
    nested,
    object_id,
    one_of,
    printable,
    read_object,
    shaped,
    token,
)
from ledger.events.work import Artifact, Tool

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.digests import Digest


@dataclass(frozen=True, slots=True)
class Findings:
    """Open findings by level (SARIF 2.1.0 §3.27.10)."""

    error: int = member(count())
    none: int = member(count())
    note: int = member(count())
    warning: int = member(count())


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Findings that somebody set aside."""

    justified: int = member(count())
    unjustified: int = member(count())


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner found."""

    KIND: ClassVar = "scan"
    complete: str = member(one_of("yes", "no", "unknown"))
    """Whether the tool says that it ran to its end."""
    counts: Findings = member(nested(Findings))
    prompts: tuple[Digest, ...] = member(array(digest, most=256, distinct=True))
    """Envelope digests of the prompts that were scanned."""
    suppressed: Suppressed = member(nested(Suppressed))
    target: str = member(one_of("code", "dependencies", "secrets", "image", "prompts"))
    tool: Tool = member(nested(Tool))
    commit: str | None = member(object_id, optional=True)
    tree: str | None = member(object_id, optional=True)


@dataclass(frozen=True, slots=True)
class Build:
    """Artifacts were made of a commit."""

    KIND: ClassVar = "build"
    artifacts: tuple[Artifact, ...] = member(array(nested(Artifact), least=1, most=256, distinct=True))
    builder: str = member(printable)
    commit: str = member(object_id)
    object_format: str = member(one_of("sha1", "sha256"))
    source: str = member(one_of("provenance", "observed"))
    """By what it is known: a provenance statement, or somebody watched."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What somebody saw running."""

    KIND: ClassVar = "observation"
    environment: str = member(label)
    running: tuple[Artifact, ...] = member(array(nested(Artifact), most=256, distinct=True))
    service: str = member(token)
    failed: int | None = member(count(), optional=True)
    """Deployments and restarts seen to fail since the last observation."""
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    verification: str | None = member(one_of("passed", "failed"), optional=True)
    """Of the release, after its deployment."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What an incident may have come from."""

    change: str | None = member(token, optional=True)
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""


@shaped(ref=Suspect, minProperties=1)
def _suspect(value: JSON, where: str) -> Suspect:
    suspect = read_object(Suspect, value, where)
    if suspect.change is None and suspect.release is None:
        raise FormatError("bad-incident", "a suspect names a change, a release or both", where=where)
    return suspect


@dataclass(frozen=True, slots=True)
class Incident:
    """Something went wrong in production."""

    KIND: ClassVar = "incident"
    cause: str = member(one_of("change", "other", "unknown"))
    incident: str = member(token)
    """As its tracker numbers it."""
    severity: str = member(label)
    state: str = member(one_of("opened", "updated", "closed"))
    suspects: tuple[Suspect, ...] = member(array(_suspect, most=64, distinct=True))
    corrective: str | None = member(token, optional=True)
    """The change that mends it."""
    environment: str | None = member(label, optional=True)
    service: str | None = member(token, optional=True)
    started_at: str | None = member(claimed_time, optional=True)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A source is alive, and says how much it sent."""

    KIND: ClassVar = "heartbeat"
    event_count: int = member(count())
    interval_seconds: int = member(count(least=1))
    """It will speak again within this time."""
    source: str = member(token)
    cursor: str | None = member(token, optional=True)
    since: str | None = member(claimed_time, optional=True)
