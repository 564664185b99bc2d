"""Kinds of project streams about what was made of the ledger: packs, and comparisons with git (format §4.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ledger.errors import FormatError
from ledger.events.shape import array, count, digest, ledger_time, member, nested, object_id, shaped, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.canonical import JSON
    from ledger.digests import Digest
    from ledger.events.shape import Reader


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack."""

    media_type: str = member(token)
    name: str = member(token)
    sha256: Digest = member(digest)
    size_bytes: int = member(count())


@dataclass(frozen=True, slots=True)
class Span:
    """Entries between two positions."""

    from_: int = member(count())
    """Index of the first entry."""
    to: int = member(count())
    """Position after the last one."""


@dataclass(frozen=True, slots=True)
class ComparedRef:
    """What a clone and the ledger say of each other on one ref."""

    commit_count: int = member(count())
    """Commits of the clone between ``start`` and ``head``."""
    missing_count: int = member(count())
    """Those of them that the ledger does not tell."""
    recorded_count: int = member(count())
    """Those of them that it tells."""
    ref: str = member(token)
    unknown_count: int = member(count())
    """Commits that the ledger tells and the clone does not have."""
    head: str | None = member(object_id, optional=True)
    """None where the clone has no such ref."""
    start: str | None = member(object_id, optional=True)
    """The commit before the first that counts; None: the whole history counts."""


def _apart(cls: type[Any], key: Callable[[Any], str], what: str) -> Reader:
    """Reads 1 to 64 objects that differ in ``key``."""
    items = array(nested(cls), least=1, most=64)

    @shaped(type="array", items=nested(cls), minItems=1, maxItems=64)
    def read(value: JSON, where: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = items(value, where)
        if len({key(item) for item in found}) != len(found):
            raise FormatError("repeated-item", f"a {what} stands twice", where=where)
        return found

    return read


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack was made."""

    KIND: ClassVar = "pack"
    as_of: str = member(ledger_time)
    """The time as of which it was assessed."""
    bundle: Digest = member(digest)
    """SHA-256 of the bundle of which it was made."""
    files: tuple[PackFile, ...] = member(_apart(PackFile, lambda item: item.name, "name"))
    """The first is what people read."""
    pack_id: Digest = member(digest)
    """Digest of bundle and settings, as it is printed."""
    position: int = member(count(least=1))
    """That of the bundle."""
    period: Span | None = member(nested(Span), optional=True)
    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    sealed_by: Digest | None = member(digest, optional=True)
    """Certificate id; None where the pack has no seal."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A clone and the ledger were compared, between two positions."""

    KIND: ClassVar = "reconciliation"
    from_: int = member(count())
    refs: tuple[ComparedRef, ...] = member(_apart(ComparedRef, lambda item: item.ref, "ref"))
    result: Digest = member(digest)
    """SHA-256 of the content ``reconciliation``, which whoever has the same clone can compute."""
    to: int = member(count())
