"""Errors as RFC 9457 problem documents: the only place where an error becomes a status.

``type`` is the heading of the error's slug in ``docs/errors.md``. A problem never repeats what was sent: messages hold
fixed sentences, numbers and places (see ``ledger.errors``), and the framework's own messages are not passed on.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ledger.canonical import encode
from ledger.errors import (
    AuthorityError,
    ChainError,
    ConflictError,
    FormatError,
    LedgerError,
    NotFoundError,
    SignatureError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import Encodable

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1
"""What a full queue asks for: a commit group takes milliseconds, so a second is ample."""

SAFE_HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
"""On every answer, so that no browser reads evidence as a page of another type."""

_BY_CLASS: Final = (
    (FormatError, 422),
    (SignatureError, 422),
    (AuthorityError, 403),
    (ConflictError, 409),
    (NotFoundError, 404),
    (UnavailableError, 503),
    (ChainError, 500),
)
_BY_SLUG: Final[Mapping[str, int]] = {
    # The bytes are no JSON of the one form, so nothing in them has a meaning yet.
    "duplicate-key": 400,
    "empty-batch": 400,
    "float-not-allowed": 400,
    "invalid-json": 400,
    "invalid-utf8": 400,
    "lone-surrogate": 400,
    "not-canonical": 400,
    "number-out-of-range": 400,
    "too-deep": 400,
    "token-expired": 401,
    "token-missing": 401,
    "token-revoked": 401,
    "token-unknown": 401,
    "method-not-allowed": 405,
    "slow-body": 408,
    "content-too-large": 413,
    "too-long": 413,
    "unsupported-media-type": 415,
    "wrong-host": 421,
    "queue-full": 429,
}


def status_of(error: LedgerError) -> int:
    """The HTTP status of an error."""
    by_slug = _BY_SLUG.get(error.slug)
    if by_slug is not None:
        return by_slug
    return next((status for cls, status in _BY_CLASS if isinstance(error, cls)), 500)


def problem(error: LedgerError) -> dict[str, Encodable]:
    """The problem object of an error."""
    status = status_of(error)
    members: dict[str, Encodable] = {
        "detail": error.message,
        "error": type(error).__name__,
        "slug": error.slug,
        "status": status,
        "title": error.slug.replace("-", " ").capitalize(),
        "type": f"/errors#{error.slug}",
    }
    if isinstance(error, FormatError) and error.where:
        members["where"] = error.where
    if error.details:
        members["details"] = dict(error.details)
    if error.remedy is not None:
        members["remedy"] = error.remedy
    return members


def problem_bytes(error: LedgerError) -> bytes:
    """The problem document of an error, on one line."""
    return encode(problem(error))


def problem_headers(error: LedgerError) -> tuple[tuple[bytes, bytes], ...]:
    """Headers that go with the problem document of an error."""
    headers = ((b"content-type", MEDIA_TYPE.encode("ascii")), (b"cache-control", b"no-store"), *SAFE_HEADERS)
    match status_of(error):
        case 401:
            return (*headers, (b"www-authenticate", b'Bearer realm="evidence-ledger"'))
        case 429 | 503:
            return (*headers, (b"retry-after", str(RETRY_AFTER_SECONDS).encode("ascii")))
        case _:
            return headers


def framework_error(status: int) -> LedgerError:
    """The error behind a status that the framework chose; its own text, which may quote the request, is dropped."""
    match status:
        case 404:
            return NotFoundError("no-such-page", "there is nothing at this address")
        case 405:
            return LedgerError("method-not-allowed", "this address does not take this method")
        case 413:
            return FormatError("too-long", "the request's body is longer than this address takes")
        case _ if 400 <= status < 500:
            return FormatError("bad-parameter", f"the request was refused: {HTTPStatus(status).phrase}")
        case _:
            return LedgerError("internal-error", "the server failed; its log says more")


def bad_parameter(where: str) -> FormatError:
    """The error of a parameter that is not of its form; ``where`` is its name."""
    return FormatError("bad-parameter", "a parameter is not of its form", where=where)
