"""Kinds of project streams that a forge tells: changes, pushes, review notes and protections (format §4.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ledger.errors import FormatError
from ledger.events.context import release_name
from ledger.events.shape import (
    array,
    count,
    flag,
    label,
    member,
    nested,
    object_id,
    one_of,
    path,
    principal_id,
    shaped,
    token,
    true,
)

if TYPE_CHECKING:
    from ledger.canonical import JSON


@dataclass(frozen=True, slots=True)
class Request:
    """A ticket or order that asked for the change."""

    id: str = member(token)
    state: str = member(one_of("open", "closed", "unresolved"))
    """As the tracker showed it when the event was made; ``unresolved`` if it knows no such request."""
    system: str = member(label)


@dataclass(frozen=True, slots=True)
class Cutover:
    """Who runs the move to the new state; its runbook is a content of the event."""

    owner: str = member(principal_id)


@dataclass(frozen=True, slots=True)
class ChangeState:
    """What is said of a change as a whole; the latest one holds."""

    KIND: ClassVar = "change"
    requests: tuple[Request, ...] = member(array(nested(Request), most=32, distinct=True))
    state: str = member(one_of("opened", "updated", "closed", "reopened"))
    type: str = member(one_of("normal", "standard", "emergency", "bot", "revert"))
    cutover: Cutover | None = member(nested(Cutover), optional=True)
    returns_to: str | None = member(release_name, optional=True)
    """The release to which one falls back, as ``<product>@<version>``."""
    risk: str | None = member(label, optional=True)
    target: str | None = member(token, optional=True)
    """The ref into which the change is to go."""


@dataclass(frozen=True, slots=True)
class Push:
    """A ref moved."""

    KIND: ClassVar = "push"
    object_format: str = member(one_of("sha1", "sha256"))
    ref: str = member(token)
    after: str | None = member(object_id, optional=True)
    """None: the ref was deleted."""
    before: str | None = member(object_id, optional=True)
    """None: the ref was created."""
    bypass: str | None = member(label, optional=True)
    """The protection that was passed over, as the forge says."""
    forced: bool | None = member(true, optional=True)


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """Something said in a review that decides nothing."""

    KIND: ClassVar = "review-note"
    note: str = member(one_of("comment", "question", "suggestion", "finding"))
    advisory: bool | None = member(true, optional=True)
    applied: str | None = member(object_id, optional=True)
    """The commit in which a suggestion was applied."""
    commit: str | None = member(object_id, optional=True)
    initiator: str | None = member(principal_id, optional=True)
    """Who asked an assistant for its review."""
    line: int | None = member(count(least=1), optional=True)
    path: str | None = member(path, optional=True)
    resolved: bool | None = member(true, optional=True)
    session: str | None = member(token, optional=True)
    """The session in which an assistant reviewed."""


@dataclass(frozen=True, slots=True)
class Protection:
    """The protection of one ref; what the forge did not tell is None."""

    protected: bool = member(flag)
    ref: str = member(token)
    admins_included: bool | None = member(flag, optional=True)
    approvals: int | None = member(count(), optional=True)
    bypass_count: int | None = member(count(), optional=True)
    """How many people, teams or keys may pass the protection over."""
    checks: int | None = member(count(), optional=True)
    deletion: bool | None = member(flag, optional=True)
    force_push: bool | None = member(flag, optional=True)
    stale_dismissed: bool | None = member(flag, optional=True)


@shaped(type="array", items=nested(Protection), minItems=1, maxItems=64)
def _protections(value: JSON, where: str) -> tuple[Protection, ...]:
    found: tuple[Protection, ...] = array(nested(Protection), least=1, most=64)(value, where)
    if len({item.ref for item in found}) != len(found):
        raise FormatError("repeated-item", "a ref stands twice", where=where)
    return found


@dataclass(frozen=True, slots=True)
class ControlSnapshot:
    """How refs were protected when somebody looked."""

    KIND: ClassVar = "control-snapshot"
    refs: tuple[Protection, ...] = member(_protections)
    changed_by: str | None = member(principal_id, optional=True)
    """Who changed the protection, where the forge's audit log says so."""
