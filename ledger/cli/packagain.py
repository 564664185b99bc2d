"""A pack made again from its own PDF: what the first one was told holds on, except for what is told anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from ledger.cli.packing import Wanted

KEPT = ("zone", "language", "organisation", "classification", "prepared_by", "notice", "changes", "as_of")
"""Options that hold on by their own names."""


def completed(wanted: Wanted, given: Collection[str]) -> Wanted:
    """``wanted``, with what the pack that it names was told in place of each option that was not ``given``.

    As it is, where it names no PDF of a pack that lists its settings.

    Raises:
        FormatError: ``bad-pack``.
    """
    path = None if wanted.subject is None else Path(wanted.subject)
    if path is None or not path.is_file():
        return wanted
    data = path.read_bytes()
    if not data.startswith(b"%PDF-"):
        return wanted
    from reports.again import made_as

    found = made_as(data)
    if found is None:
        return wanted
    told: dict[str, Any] = {name: getattr(found, name) for name in KEPT if name not in given}
    if "sample" not in given:
        told["sample"] = found.size
    if "auditor_number" not in given:
        told["auditor_number"] = found.number
    asked = found.asked if wanted.start is None and wanted.end is None else ""
    return replace(wanted, **told, asked=asked, baseline=found.baseline)
