"""What a pack carries, taken out of the PDF again: the bundle, and other files by their names."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Final

from ledger.bundle import MAX_BUNDLE_BYTES
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING: Final = ".evidence.zip"
"""How the name of a bundle ends inside a pack."""


def attached_bundle(pdf: bytes) -> bytes:
    """The bytes of the one bundle attached to ``pdf``; nothing about them is checked here, `verify_bundle` does that.

    Raises:
        FormatError: ``bad-pack`` whatever the input: no PDF, a damaged one, none or several bundles inside, too long.
    """
    found = _files(pdf, lambda name: name.endswith(ENDING))
    if len(found) != 1:
        raise FormatError(
            "bad-pack",
            "a pack has exactly one bundle attached",
            details={"bundle_count": len(found)},
            remedy="Verify the bundle beside the pack instead.",
        )
    return found[0]


def attached_file(pdf: bytes, name: str) -> bytes | None:
    """The bytes of the file of that name attached to ``pdf``, unchecked; None: there is not exactly one.

    Raises:
        FormatError: ``bad-pack``: no PDF, a damaged one, or too long.
    """
    found = _files(pdf, lambda held: held == name)
    return found[0] if len(found) == 1 else None


def _files(pdf: bytes, wanted: Callable[[str], bool]) -> list[bytes]:
    if len(pdf) > 2 * MAX_BUNDLE_BYTES:
        raise FormatError("bad-pack", "a pack is at most twice as long as a bundle", details={"size_bytes": len(pdf)})
    try:
        return _read(pdf, wanted)
    except (Exception, RecursionError, MemoryError):  # noqa: BLE001 -- a hostile file makes the reader raise anything
        raise FormatError("bad-pack", "not a PDF that can be read") from None


def _read(pdf: bytes, wanted: Callable[[str], bool]) -> list[bytes]:
    # Costs a tenth of a second, which only commands that read packs should pay.
    from pypdf import PdfReader, apply_configuration  # noqa: PLC0415

    # It logs what it repairs, with texts of the file.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    # Unless told, it unpacks less than the largest bundle.
    with apply_configuration(
        maximum_declared_stream_length=MAX_BUNDLE_BYTES, zlib_maximum_output_length=MAX_BUNDLE_BYTES
    ):
        reader = PdfReader(io.BytesIO(pdf), strict=False)
        return [content for name, contents in reader.attachments.items() if wanted(name) for content in contents]
