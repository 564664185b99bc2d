"""The errors of the core: one class per thing a caller does next, one slug per cause.

Every slug has a heading in ``docs/errors.md``. Messages are read by people in logs and terminals that outlive an
erasure, so they hold fixed sentences, lengths, numbers and places; never a content, a secret or a string value taken
from the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY_LIMIT = 40
_PLACE_LIMIT = 240
_DETAIL_LIMIT = 256


class LedgerError(Exception):
    """What the ledger could not do: a slug, a sentence, the values compared, and what helps."""

    slug: str
    """Name of the cause: lower case words joined by hyphens, a heading of ``docs/errors.md``."""
    message: str
    """One sentence without the input's own text."""
    details: Mapping[str, str | int]
    """The values compared, by name; strings are escaped and clipped."""
    remedy: str | None
    """What the reader can do about it, or None."""

    def __init__(
        self,
        slug: str,
        message: str,
        *,
        details: Mapping[str, str | int] | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(slug, message)
        self.slug = slug
        self.message = message
        self.details = {
            name: escaped(value, _DETAIL_LIMIT) if isinstance(value, str) else value
            for name, value in (details or {}).items()
        }
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class FormatError(LedgerError):
    """The bytes are not of the form: whoever made them must make them again; sending them again is useless."""

    where: str
    """JSON-Pointer-like place of the fault; empty for the input as a whole."""

    def __init__(
        self,
        slug: str,
        message: str,
        *,
        where: str = "",
        details: Mapping[str, str | int] | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(slug, message, details=details, remedy=remedy)
        self.where = escaped(where, _PLACE_LIMIT)

    def __str__(self) -> str:
        return f"at {self.where}: {self.message}" if self.where else self.message


class SignatureError(LedgerError):
    """A signature does not hold for these bytes and this key: trust nothing under it."""


class ChainError(LedgerError):
    """A proof, root, link or number does not fit the log: stop, and compare with another holder of checkpoints."""


class ConflictError(LedgerError):
    """The ledger holds something else in this place: read it before sending anything again."""


class AuthorityError(LedgerError):
    """The key is not enrolled, has ended, or may not sign this: ask an administrator."""


class NotFoundError(LedgerError):
    """There is no such thing in this ledger at this position."""


class UnavailableError(LedgerError):
    """A server, queue or store cannot serve now: the same request may be sent again later."""


def place(*parts: str | int) -> str:
    """JSON Pointer of ``parts`` (RFC 6901), each key escaped and clipped, for ``FormatError.where``.

    A place holds keys and indexes only. Keys may be an attacker's, so each is cut to 40 characters of printable ASCII.
    """
    return "".join("/" + escaped(str(part).replace("~", "~0").replace("/", "~1"), _KEY_LIMIT) for part in parts)


def escaped(text: str, limit: int) -> str:
    """``text`` in printable ASCII, other characters as backslash escapes, at most ``limit`` characters.

    A terminal escape or a bidirectional override in a key must not reach a log line unescaped.
    """
    clipped = text[: limit + 1]
    if not (clipped.isascii() and clipped.isprintable()):
        clipped = "".join(_visible(character) for character in clipped)
    return clipped if len(clipped) <= limit else clipped[: limit - 3] + "..."


def _visible(character: str) -> str:
    if " " <= character <= "~":
        return character
    return character.encode("unicode_escape").decode("ascii")
