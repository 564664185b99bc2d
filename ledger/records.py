"""Entries with their meaning: what verification, the database and the rules hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.digests import Digest
    from ledger.entry import Leaf
    from ledger.events.context import ContentRef
    from ledger.events.statement import Event
    from ledger.keys import Presence
    from ledger.roster.state import Key, Roster


@dataclass(frozen=True, slots=True)
class Record:
    """One entry that is in the log and was signed by an enrolled key allowed to sign it."""

    leaf: Leaf
    event: Event
    key: Key
    """The enrolled key that signed it."""
    presence: Presence | None = None
    """What the security key that holds the key said of its holder; None: no device holds it."""

    @property
    def envelope(self) -> Digest:
        """Envelope digest: how other events refer to this one."""
        return self.leaf.envelope

    @property
    def index(self) -> int:
        """Position in the log."""
        return self.leaf.index


@dataclass(frozen=True, slots=True)
class Held:
    """A content whose bytes are at hand and match their commitment."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Absent:
    """A content whose bytes are not at hand."""

    state: str
    """``withheld``, ``erased`` or ``missing``."""


Content: TypeAlias = Held | Absent


@dataclass(frozen=True, slots=True)
class Records:
    """A part of one ledger at a position."""

    ledger: Digest
    position: int
    """A count of entries; what is judged sees those before it."""
    roster: Roster
    entries: tuple[Record, ...]
    """Ascending by index."""
    contents: Mapping[Digest, Content]
    """By commitment."""

    def content(self, reference: ContentRef | None) -> Content:
        """The content behind a reference; one that no reference names is missing."""
        if reference is None:
            return Absent("missing")
        return self.contents.get(reference.commitment, Absent("missing"))
