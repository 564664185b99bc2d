"""How read answers look: canonical JSON, caching by what can still change, parameters read by the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from fastapi.responses import Response

from api.problems import bad_parameter
from ledger.canonical import encode
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.canonical import JSON, Encodable

T = TypeVar("T")

IMMUTABLE: Final = "private, max-age=31536000, immutable"
"""For what has one value for ever: entries, envelopes, proofs between given sizes, tiles. Never in a shared cache,
which would serve it to holders of no token."""
SHORT: Final = "private, max-age=1"
"""For the latest checkpoint, which is published once a second."""
NO_STORE: Final = "no-store"
"""For what grows, and for contents, whose erasure no cache would hear of."""


def json_answer(value: Encodable, *, cache: str = NO_STORE, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` in canonical JSON."""
    return bytes_answer(encode(value), "application/json", cache=cache, headers=headers)


def bytes_answer(
    data: bytes, media_type: str, *, cache: str = NO_STORE, headers: Mapping[str, str] | None = None
) -> Response:
    """``data`` as it is."""
    return Response(data, media_type=media_type, headers={"Cache-Control": cache, **(headers or {})})


def immutable(data: bytes, media_type: str, tag: str, if_none_match: str) -> Response:
    """``data`` that never changes, or 304 where the client names its ``tag``, a digest of it."""
    etag = f'"{tag}"'
    headers = {"Cache-Control": IMMUTABLE, "ETag": etag}
    known = {item.strip().removeprefix("W/") for item in if_none_match.split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def read_parameter(reader: Callable[[JSON, str], T], value: str | None, name: str) -> T | None:
    """``value`` as ``reader`` reads it; None where it is not given.

    Raises:
        FormatError: ``bad-parameter`` at ``name``.
    """
    if value is None:
        return None
    try:
        return reader(value, name)
    except FormatError:
        raise bad_parameter(name) from None
