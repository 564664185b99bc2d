"""A server's refusal, read back into the error that it was: problem documents of RFC 9457 as values.

Only a problem document with a slug refuses anything for good. Whatever else stands in for the server, such as a proxy's
page, says that the ledger was not reached, so that no event is ever given up on the word of something in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.canonical import parse
from ledger.errors import (
    AuthorityError,
    ConflictError,
    FormatError,
    LedgerError,
    NotFoundError,
    SignatureError,
    UnavailableError,
    escaped,
)
from ledger.events.shape import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import JSON

PROBLEM_TYPE: Final = "application/problem+json"
MAX_PROBLEM_BYTES: Final = 65_536

_CLASSES: Final[Mapping[str, type[LedgerError]]] = {
    cls.__name__: cls
    for cls in (
        FormatError,
        SignatureError,
        ConflictError,
        AuthorityError,
        NotFoundError,
        UnavailableError,
        LedgerError,
    )
}
_TEXT_LIMIT: Final = 500


def read_refusal(status: int, media_type: str, body: bytes, retry_after: str = "") -> LedgerError:
    """The error behind an answer whose status is not of success."""
    if media_type.partition(";")[0].strip().lower() == PROBLEM_TYPE:
        try:
            return read_problem(parse(body, max_bytes=MAX_PROBLEM_BYTES), retry_after)
        except FormatError:
            pass
    return UnavailableError(
        "no-ledger-answers",
        "what answered is not a ledger server, or not one that works",
        details={"status": status} | _seconds(retry_after),
        remedy="Check the server's address, and what stands in front of it.",
    )


def read_problem(value: JSON, retry_after: str = "") -> LedgerError:
    """The error that a problem object states; its texts are the server's, escaped and clipped.

    Raises:
        FormatError: ``bad-problem``.
    """
    if not isinstance(value, dict) or not isinstance(status := value.get("status"), int):
        raise FormatError("bad-problem", "not a problem object with a status")
    try:
        slug = str(label(value.get("slug"), "/slug"))
    except FormatError:
        raise FormatError("bad-problem", "a problem names its slug", where="/slug") from None
    detail = _text(value.get("detail")) or slug
    remedy = _text(value.get("remedy")) or None
    given = value.get("details")
    details = {
        escaped(name, 40): item
        for name, item in (given.items() if isinstance(given, dict) else ())
        if isinstance(item, str) or type(item) is int
    }
    details |= _seconds(retry_after)
    if "where" in value:
        details["where"] = _text(value["where"])
    error = value.get("error")
    cls = _CLASSES.get(error, LedgerError) if isinstance(error, str) else LedgerError
    if status >= 500 or status in (408, 429):
        # A fault of the server is no judgement about what was sent.
        cls = UnavailableError
    return cls(slug, detail, details=details, remedy=remedy)


def _text(value: JSON) -> str:
    return escaped(value, _TEXT_LIMIT) if isinstance(value, str) else ""


def _seconds(retry_after: str) -> dict[str, str | int]:
    # The form with a date is for caches; ledger servers send seconds.
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= 6:
        return {"retry_after_seconds": int(retry_after)}
    return {}
