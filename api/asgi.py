"""The few ASGI moves that the lean routes need: read a body with limits, answer whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from api.problems import SAFE_HEADERS, problem_bytes, problem_headers, status_of
from ledger.errors import FormatError, LedgerError, UnavailableError

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_SECONDS: Final = 30.0
"""A sender who needs longer for a body of events is cut off: it holds memory meanwhile."""


class GoneError(Exception):
    """The client hung up: nobody is there to answer."""


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, empty if it is not sent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def media_type(scope: Scope) -> str:
    """The media type of the body, in lower case and without parameters."""
    return header(scope, b"content-type").partition(";")[0].strip().lower()


def refuse_long(scope: Scope, limit: int) -> None:
    """Nothing, if the announced length of the body is within ``limit`` bytes or not announced.

    Raises:
        FormatError: ``too-long``.
    """
    length = header(scope, b"content-length")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_long(limit)


async def read_body(
    scope: Scope, receive: Receive, take: Callable[[bytes], object], *, limit: int, seconds: float
) -> None:
    """Passes the body to ``take`` in pieces, at most ``limit`` bytes within ``seconds``.

    Raises:
        FormatError: ``too-long``. UnavailableError: ``slow-body``. GoneError: the client hung up.
    """
    refuse_long(scope, limit)
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                piece: bytes = message.get("body", b"")
                size += len(piece)
                if size > limit:
                    raise _too_long(limit)
                take(piece)
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        raise UnavailableError("slow-body", "the body did not arrive in time") from None


async def answer(
    send: Send, status: int, content_type: bytes, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Sends a whole answer that nobody may keep."""
    fixed = (
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
        *SAFE_HEADERS,
    )
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def answer_problem(send: Send, error: LedgerError, *, close: bool = False) -> None:
    """Sends the problem document of ``error``; ``close`` where part of the body was left unread."""
    body = problem_bytes(error)
    headers = [*problem_headers(error), (b"content-length", str(len(body)).encode("ascii"))]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _too_long(limit: int) -> FormatError:
    return FormatError(
        "too-long", "the request's body is longer than this address takes", details={"limit_bytes": limit}
    )
