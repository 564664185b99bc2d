"""Whether there is anything to verify: a line that is an anchor, a file that is a pack or a bundle (format §9).

Asked before the checks. Who mistyped a line, or took the wrong file, must not read that somebody altered records; and
whoever altered a pack must not get it called no pack, so a file counts as one by any mark that a pack or bundle has.
"""

from __future__ import annotations

import re
from typing import Final

from ledger.anchor import parse_anchor
from ledger.digests import parse_digest
from ledger.errors import FormatError

_PDF_HEAD: Final = b"%PDF-"
_PAGE_HEADS: Final = (b"<!doctype", b"<html")
_ZIP_HEADS: Final = (b"PK\x03\x04", b"PK\x05\x06")
# A local header of one of two members: both are gone only from what nobody can take for a bundle any more.
_MEMBER: Final = re.compile(rb"PK\x03\x04.{26}(?:bundle\.json|entries\.jsonl)", re.DOTALL)
# The attached bundle, or the time of a seal in the one way that seals write it (docs/packs.md, "Where things are").
_PACK_MARKS: Final = (b"/Type /EmbeddedFile/Subtype /application#2fzip/", b"/M (D\\072")
_PDF_END: Final = b"%%EOF"
_PDF_END_WITHIN: Final = 1024


def check_anchor_form(line: str) -> None:
    """Nothing, if ``line`` is an anchor's, without its line end.

    Raises:
        FormatError: ``bad-anchor``, with what the line is instead.
    """
    fault = _anchor_fault(line)
    if fault is not None:
        raise FormatError(
            "bad-anchor",
            f"the anchor line is not of its form: {fault}",
            remedy="Give the one line of ledger.pub exactly as the ledger's owner publishes it. Nothing was judged: "
            "this says nothing about the file, neither good nor bad.",
        )


def check_file_form(data: bytes) -> None:
    """Nothing, if ``data`` is a pack or bundle by any of its marks, however altered or cut.

    Raises:
        FormatError: ``not-a-bundle``, with what the file is instead.
    """
    fault = _file_fault(data)
    if fault is not None:
        raise FormatError(
            "not-a-bundle",
            f"this is not a pack or bundle: {fault}",
            remedy="Take the pack (.evidence.pdf) or the bundle (.evidence.zip) as it was published or sent, and get "
            "it again if it was cut short. Nothing was judged: this says nothing about any records, neither good nor "
            "bad.",
        )


def ends_early(pdf: bytes) -> bool:
    """Whether a PDF lacks the mark at its end, so that what stood there, such as a seal, may have been cut off."""
    return _PDF_END not in pdf[-_PDF_END_WITHIN:]


def cut_short() -> FormatError:
    """What is said of a pack of which so much is cut off that its bundle cannot be taken out."""
    return FormatError("bad-pack", "the file ends early, and the attached bundle cannot be taken out: get it again")


def _anchor_fault(line: str) -> str | None:
    if not line:
        return "it is empty"
    if "\n" in line:
        is_note = "\n\n" in line and "\n\u2014 " in line
        return "it is a checkpoint, which is another file" if is_note else f"it has {line.count(chr(10)) + 1} lines"
    words = line.split(" ")
    if len(words) != 2:
        return "it is not two words, a verifier key and a ledger id, with one space between"
    try:
        parse_digest(words[1], "ledger id")
    except FormatError:
        return "its ledger id is not sha256: and 64 digits of 0-9 and a-f"
    try:
        parse_anchor(line)
    except FormatError:
        return "its verifier key is not a name, a key id and a key that belong together"
    return None


def _file_fault(data: bytes) -> str | None:
    if not data:
        return "the file is empty"
    if data.startswith(_PDF_HEAD):
        return None if any(mark in data for mark in _PACK_MARKS) else _other_pdf(data)
    return None if _MEMBER.search(data) is not None else _other_file(data)


def _other_pdf(data: bytes) -> str:
    if ends_early(data):
        return "it is a PDF that ends early and holds no bundle; if it was a pack, it is incomplete"
    return "it is a PDF that holds no bundle as packs do"


def _other_file(data: bytes) -> str:
    if data[:256].lstrip().lower().startswith(_PAGE_HEADS):
        return "it is a web page, which carries no records"
    if data.startswith(_ZIP_HEADS):
        return "it is a ZIP archive, or the start of one, that holds no bundle"
    return f"its {len(data)} bytes are neither a PDF nor a ZIP archive"
