"""What no verifier judges: lines that are no anchor, files that are no pack or bundle, with what each is instead."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOTE: Final = (
    "ledger.example.com/acme\n18\nqINwGkyGVZQpi5xv1HoXs7DWL9KLzW5aTRvS2vp2OkY=\n\n"
    "\u2014 ledger.example.com/acme Gis8TQAAAAA=\n"
)
_PAGE: Final = b"\n<!DOCTYPE html><html><title>Sign in</title><p>PK\x03\x04, bundle.json, entries.jsonl</html>"
_PDF: Final = b"%PDF-1.7\n1 0 obj\n<</Type /Catalog>>\nendobj\n/ByteRange [0 1 2 3]\ntrailer\n<<>>\n%%EOF\n"


def _zip(name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"<worksheet/>" * 99)
    return held.getvalue()


ANCHORS: Final[Mapping[str, tuple[Callable[[str], str], str]]] = {
    "nothing": (lambda _: "", "it is empty"),
    "blanks": (lambda _: " \r\n\t\n", "it is empty"),
    "two lines": (lambda line: line + "\n" + line, "it has 2 lines"),
    "a remark and the line": (lambda line: "Our ledger:\r\n\r\n" + line, "it has 3 lines"),
    "a checkpoint": (lambda _: _NOTE, "it is a checkpoint, which is another file"),
    "one word": (lambda line: line.split()[0], "it is not two words, "),
    "two blanks between": (lambda line: line.replace(" ", "  "), "it is not two words, "),
    "a tab between": (lambda line: line.replace(" ", "\t"), "it is not two words, "),
    "a word too many": (lambda line: line + " acme", "it is not two words, "),
    "a digit short": (lambda line: line[:-1], "its ledger id is not sha256: and 64 digits "),
    "a digit too many": (lambda line: line + "0", "its ledger id is not sha256: and 64 digits "),
    "capitals": (lambda line: line[:-64] + "A" * 64, "its ledger id is not sha256: and 64 digits "),
    "a letter for a digit": (lambda line: line[:-1] + "o", "its ledger id is not sha256: and 64 digits "),
    "another name": (lambda line: "x" + line, "its verifier key is not "),
    "a key cut short": (lambda line: " ".join((line.split()[0][:-1], line.split()[1])), "its verifier key is not "),
    "no key id": (lambda line: line.replace("+", "-", 1), "its verifier key is not "),
    "nonsense": (lambda line: "a+b+c " + line.split()[1], "its verifier key is not "),
    "a long name": (lambda line: "a" * 600 + line, "its verifier key is not "),
    "other letters": (lambda line: "\u0430" + line, "its verifier key is not "),
}
"""By name, the line made of a sound one, and how what is said of it begins."""

BLANKS: Final = ("{}\r\n", " {}", "{}\n", "\r\n{}\t\r\n\r\n")
"""What may stand around a line without harm."""

FILES: Final[Mapping[str, tuple[bytes, str]]] = {
    "nothing": (b"", "the file is empty"),
    "a byte": (b"P", "its 1 bytes are neither a PDF nor a ZIP archive"),
    "a text": (b"no bundle.json and no entries.jsonl\n", "its 36 bytes are neither a PDF nor a ZIP archive"),
    "a page": (_PAGE, "it is a web page, which carries no records"),
    "a spreadsheet": (_zip("xl/worksheets/sheet1.xml"), "it is a ZIP archive, or the start of one, "),
    "an empty archive": (b"PK\x05\x06" + bytes(18), "it is a ZIP archive, or the start of one, "),
    "a start of a bundle": (b"PK\x03\x04\x14\0\0\0", "it is a ZIP archive, or the start of one, "),
    "a PDF without a bundle": (_PDF, "it is a PDF that holds no bundle as packs do"),
    "a PDF that ends early": (_PDF[:60], "it is a PDF that ends early and holds no bundle"),
    "the start of a PDF": (b"%PDF-", "it is a PDF that ends early and holds no bundle"),
}
"""By name, the file, and how what is said of it begins."""
