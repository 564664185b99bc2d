"""How a pack was made, read from the ``pack.json`` that its PDF carries, so that it can be made again alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ledger.canonical import parse
from ledger.digests import digest_bytes
from ledger.entry import ledger_time
from ledger.errors import FormatError
from reports.attached import attached_file
from reports.release.view import MOST_CHANGES

if TYPE_CHECKING:
    from ledger.canonical import JSON

LIST: Final = "pack.json"
"""Name of the attached file (docs/packs.md)."""
BASELINE: Final = "baseline.bundle"
MAX_LIST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class MadeAs:
    """What a pack was told; nothing of it is proven, and what is printed of it passes the filter of captured text."""

    as_of: str
    """Ledger time of its assessment."""
    asked: str
    """First and last day of its period; empty: a release, or a period asked for by positions."""
    zone: str
    language: str
    organisation: str
    classification: str
    prepared_by: str
    notice: str
    changes: int
    """Of a release, printed in full at most."""
    size: int | None
    """Of the sample; None: as customary."""
    number: str | None
    """The auditor's; None: none was given."""
    baseline: bytes | None = field(repr=False)
    """The bundle of the earlier period that measures are set beside."""


def made_as(pdf: bytes) -> MadeAs | None:
    """What the pack in ``pdf`` was told; None: it carries no list of that.

    Raises:
        FormatError: ``bad-pack``: no PDF that can be read, or a list that is none.
    """
    data = attached_file(pdf, LIST)
    if data is None:
        return None
    try:
        told = parse(data, max_bytes=MAX_LIST_BYTES)
    except FormatError:
        raise _refused() from None
    settings = told.get("settings") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(settings, dict):
        raise _refused()
    sampling = settings.get("sampling", {})
    if not isinstance(sampling, dict):
        raise _refused()
    size, changes = _count(sampling, "size", 0), _count(settings, "most_changes", MOST_CHANGES)
    try:
        as_of = ledger_time(_text(told, "as_of"), "as_of")
    except FormatError:
        raise _refused() from None
    return MadeAs(
        as_of=as_of,
        asked=_text(settings, "period"),
        zone=_text(settings, "zone"),
        language=_text(settings, "language"),
        organisation=_text(settings, "organisation"),
        classification=_text(settings, "classification"),
        prepared_by=_text(settings, "prepared_by"),
        notice=_text(settings, "notice"),
        changes=changes,
        size=size or None,
        number=_text(sampling, "number") or None,
        baseline=_baseline(pdf, _text(settings, "baseline")),
    )


def _baseline(pdf: bytes, digest: str) -> bytes | None:
    """The attached bundle of that digest; None: the pack has no baseline."""
    if not digest:
        return None
    data = attached_file(pdf, BASELINE)
    if data is None or digest_bytes(data) != digest:
        raise _refused()
    return data


def _count(told: dict[str, JSON], name: str, otherwise: int) -> int:
    value = told.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _refused()
    return value


def _text(told: dict[str, JSON], name: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise _refused()
    return value


def _refused() -> FormatError:
    return FormatError("bad-pack", "the list of settings that the pack carries cannot be read", where=LIST)
