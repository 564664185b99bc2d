"""What a verification found: failures by check, notes, and the records that held."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.bundle import Index
    from ledger.records import Records

CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "V01": "archive",
        "V02": "anchor",
        "V03": "checkpoint",
        "V04": "leaf",
        "V05": "inclusion",
        "V06": "chain",
        "V07": "stream",
        "V08": "roster count",
        "V09": "envelope",
        "V10": "event",
        "V11": "ledger id",
        "V12": "signature",
        "V13": "authority",
        "V14": "acts",
        "V15": "event id",
        "V16": "contents",
        "V17": "references",
        "V18": "manifest",
        "V19": "subject",
    }
)
"""Number and short name of every check, as ``docs/verification.md`` explains them."""

CLOSING: Final = "Integrity only; rules: see `evidence check`"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault."""

    check: str
    """``V01`` to ``V19``."""
    place: str
    """``entry 12``, ``contents/ab…``, ``checkpoint``, ``bundle.json``."""
    slug: str
    message: str
    details: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader must know that is no fault."""

    slug: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All that the checks found."""

    failures: tuple[Finding, ...]
    notes: tuple[Note, ...]
    index: Index | None
    """The bundle's index, if it could be read."""
    records: Records | None
    """The entries that passed every check of their own; None if not even the roster could be read."""
    checkpoint_size: int | None
    checkpoint_root: bytes | None
    entry_count: int
    signature_count: int
    """Signatures that verified."""

    @property
    def intact(self) -> bool:
        """Whether no check failed and there was something to check."""
        return not self.failures and self.entry_count > 0 and self.records is not None


@dataclass(slots=True)
class Collector:
    """Gathers findings while the checks run."""

    failures: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def fail(self, check: str, place: str, error: LedgerError) -> None:
        """Adds a fault under its check."""
        message = (
            f"at {error.where}: {error.message}" if isinstance(error, FormatError) and error.where else error.message
        )
        self.failures.append(Finding(check, place, error.slug, message, error.details))

    def note(self, slug: str, place: str, message: str) -> None:
        """Adds a note."""
        self.notes.append(Note(slug, place, message))
