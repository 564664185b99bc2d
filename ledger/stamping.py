"""Time stamps of an authority over HTTP (RFC 3161 §3.4): a request in DER is posted, its response comes back in DER."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ledger.errors import UnavailableError
from ledger.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.settings import LedgerSettings

ASK_SECONDS: Final = 30.0
MAX_ANSWER_BYTES: Final = 256 * 1024
"""Responses hold a token with a few certificates: about 6 KB."""


def authority_of(found: LedgerSettings) -> Callable[[bytes], bytes] | None:
    """What asks the time-stamp authority that a ledger's settings name; None: they name none.

    Raises:
        FormatError: ``bad-url``.
    """
    return None if found.timestamp_url is None else stamper(found.timestamp_url)


def stamper(url: str) -> Callable[[bytes], bytes]:
    """What sends a request to the authority at ``url`` and answers with its response; neither is looked into here.

    Only the digest inside the request leaves this machine, never what was signed.

    Raises:
        FormatError: ``bad-url``. The returned function raises UnavailableError: ``unreachable``, ``timeout``,
            ``stamp-refused``.
    """
    base, slash, path = url.partition("://")[2].partition("/")
    transport = Transport(url.partition("://")[0] + "://" + base)

    def stamp(request: bytes) -> bytes:
        with transport:
            answer = transport.ask(
                "POST",
                slash + path or "/",
                body=request,
                headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
                deadline=time.monotonic() + ASK_SECONDS,
                max_bytes=MAX_ANSWER_BYTES,
            )
        sent = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status != 200 or sent != "application/timestamp-reply":
            raise UnavailableError(
                "stamp-refused",
                "the time-stamp authority did not answer with a time stamp",
                details={"status": answer.status, "media_type": sent[:80]},
                remedy="Check timestamp_url in ledger.toml, or leave it out: the seal then carries no time stamp.",
            )
        return answer.body

    return stamp
