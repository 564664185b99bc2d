"""JSON that forges and tools wrote for others, read member by member, each fault with its place and what to do.

Such documents have members by the dozen, and more with every version: what is not read is passed over, and ``null``
counts as absent. What is read must be of its type. Nothing is guessed for what is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from ledger.canonical import parse
from ledger.errors import FormatError, place
from ledger.events.shape import claimed_time, object_id

if TYPE_CHECKING:
    from ledger.canonical import JSON

MAX_FOREIGN_BYTES: Final = 64 * 1024 * 1024
"""Such a document is kept as a content, and contents end here."""
MAX_FOREIGN_DEPTH: Final = 64
MAX_PAGES: Final = 10_000
"""Most JSON values in one file."""
MAX_ITEMS: Final = 1_000_000

_TEXT_LIMIT: Final = 1000
_MARK: Final = b"\xef\xbb\xbf"
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
# Outside of strings only brackets tell where a value ends; the parser judges all the rest afterwards. A closing quote
# is optional so that the scan stays linear on strings without an end.
_NESTING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
# Programs write as many digits as their clocks have; in events there are three or none.
_FRACTION = re.compile(r"(?<=:[0-9]{2})\.([0-9]{1,9})(?=[Z+-])")


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a foreign document, and where it stands there."""

    value: JSON
    where: str
    """JSON Pointer of it."""

    def get(self, name: str) -> Part | None:
        """The member ``name`` of this object; None where it is absent or null."""
        value = self._members().get(name)
        return None if value is None else Part(value, self.where + place(name))

    def need(self, name: str) -> Part:
        """The member ``name`` of this object, which must have one."""
        part = self.get(name)
        if part is None:
            refuse("a member is missing here", self.where + place(name))
        return part

    def has(self, *names: str) -> bool:
        """Whether this is an object with all these members, ``null`` or not."""
        return isinstance(self.value, dict) and all(name in self.value for name in names)

    def items(self) -> tuple[Part, ...]:
        """The items of this array."""
        if not isinstance(self.value, list):
            refuse("an array is required here", self.where)
        if len(self.value) > MAX_ITEMS:
            raise FormatError("too-long", "an array has too many items", where=self.where, details={"limit": MAX_ITEMS})
        return tuple(Part(item, self.where + place(at)) for at, item in enumerate(self.value))

    def names(self) -> tuple[str, ...]:
        """The names of this object's members, in their order."""
        return tuple(self._members())

    def text(self, *, limit: int = _TEXT_LIMIT) -> str:
        """This string of at most ``limit`` characters."""
        if not isinstance(self.value, str) or len(self.value) > limit:
            refuse(f"a string of at most {limit} characters is required here", self.where)
        return self.value

    def count(self) -> int:
        """This integer from 0."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            refuse("an integer from 0 is required here", self.where)
        return self.value

    def flag(self) -> bool:
        """This true or false."""
        if not isinstance(self.value, bool):
            refuse("true or false is required here", self.where)
        return self.value

    def time(self) -> str:
        """This time, RFC 3339 with offset, as it is written; of a second's fraction three digits are kept."""
        text = _FRACTION.sub(_thousandths, self.value) if isinstance(self.value, str) else self.value
        return claimed_time(text, self.where)

    def object_id(self) -> str:
        """This object id of git, in lower case."""
        text = self.value.lower() if isinstance(self.value, str) else self.value
        return str(object_id(text, self.where))

    def _members(self) -> dict[str, JSON]:
        if not isinstance(self.value, dict):
            refuse("an object is required here", self.where)
        return self.value


def read_values(data: bytes) -> tuple[Part, ...]:
    """The JSON values that ``data`` holds one behind the other, as programs print the pages of a long answer.

    Raises:
        FormatError: ``foreign-document`` where there is none, or it is a web page or text of two bytes a character;
            ``too-long``; else as ``canonical.parse``, with places that begin with the number of the value if there
            are several.
    """
    if len(data) > MAX_FOREIGN_BYTES:
        raise FormatError(
            "too-long",
            "the document is too long",
            details={"size_bytes": len(data), "limit_bytes": MAX_FOREIGN_BYTES},
        )
    if data.startswith(_WIDE_MARKS):
        refuse(
            "the file is UTF-16, as PowerShell's > writes it", "", "write it as UTF-8: ... | Out-File -Encoding utf8"
        )
    # Tools of one platform write the mark, and RFC 8259 §8.1 lets readers pass over it.
    text = data.removeprefix(_MARK).strip(b" \t\r\n")
    if not text:
        refuse("the file is empty", "", "check that the program that should have written it succeeded")
    if text.startswith(b"<"):
        refuse("the file is a web page or XML, not JSON", "", "ask the address of the API, not that of the page")
    pages = _divided(text)
    values = []
    for number, page in enumerate(pages):
        root = place(number) if len(pages) > 1 else ""
        try:
            value = parse(page, max_bytes=MAX_FOREIGN_BYTES, max_depth=MAX_FOREIGN_DEPTH, allow_floats=True)
        except FormatError as error:
            # Several values have no place in common; the number of the one at fault is where its own places begin.
            error.where = root + error.where
            raise
        values.append(Part(value, root))
    return tuple(values)


def read_value(data: bytes) -> Part:
    """The one JSON value that ``data`` holds; raises as ``read_values``, and where there are several."""
    values = read_values(data)
    if len(values) > 1:
        refuse("the file holds several JSON values, one is required", "/1")
    return values[0]


def refuse_errors(part: Part) -> None:
    """None if ``part`` is no object by which a forge says that it does not answer.

    Raises:
        FormatError: ``foreign-document``.
    """
    told = any(part.has(*names) for names in (("message", "documentation_url"), ("error",), ("errors",)))
    if told or (part.has("message") and len(part.names()) <= 2):
        refuse(
            "this is the error document of the forge, not its answer",
            part.where,
            "ask again, with a token that may read this, and read what it says",
        )


def host_of(url: str) -> str | None:
    """The host name in an address, in lower case and without its port; None where there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def refuse(message: str, where: str, remedy: str | None = None) -> NoReturn:
    """Raises FormatError ``foreign-document``."""
    raise FormatError("foreign-document", message, where=where, remedy=remedy)


def _divided(text: bytes) -> list[bytes]:
    """``text`` cut behind each array or object that is inside no other."""
    pages = []
    start = depth = 0
    for token in _NESTING.finditer(text):
        mark = text[token.start()]
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
            if depth <= 0:
                pages.append(text[start : token.end()])
                start, depth = token.end(), 0
                if len(pages) > MAX_PAGES:
                    raise FormatError("too-long", "too many JSON values in one file", details={"limit": MAX_PAGES})
    if text[start:].strip(b" \t\r\n") or not pages:
        pages.append(text[start:])
    return pages


def _thousandths(fraction: re.Match[str]) -> str:
    return "." + fraction[1][:3].ljust(3, "0")
