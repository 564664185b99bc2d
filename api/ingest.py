"""The way in: events and contents, over plain ASGI.

A framework's routing and validation cost more than the signature check (three times the CPU of a single event), and
nothing here needs them: the body is the envelope, and the envelope has one byte form. Single events that arrive
together are handed to the store together: a commit costs the same for one event and for a hundred.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final

from api.asgi import (
    BODY_SECONDS,
    GoneError,
    Receive,
    Scope,
    Send,
    answer,
    answer_problem,
    header,
    media_type,
    read_body,
)
from api.problems import problem_bytes
from ledger.canonical import encode
from ledger.digests import SALT_BYTES
from ledger.entry import LEDGER_STREAM
from ledger.envelope import MAX_ENVELOPE_BYTES
from ledger.errors import AuthorityError, ConflictError, FormatError, LedgerError, UnavailableError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.store import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.digests import Digest
    from ledger.store import Store

LOG: Final = logging.getLogger("evidence_ledger.api")

EVENT_TYPES: Final = frozenset({"application/json", "application/vnd.dsse.envelope.v1+json"})
BATCH_TYPES: Final = frozenset({"application/jsonl", "application/x-ndjson"})
CONTENT_TYPES: Final = frozenset({"application/octet-stream"})
MAX_BATCH_LINES: Final = 1_000
BATCHES_AT_ONCE: Final = 16
"""Batches that wait for their commit at the same time, each in a thread; further ones queue."""
GROUPS_AT_ONCE: Final = 2
"""Groups of single events on their way: one is opened while the one before is written."""
GROUP: Final = 256
MOST_WAITING: Final = 4_096
"""Single events that wait for a group; further ones are told to come again."""
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024
CONTENT_SECONDS: Final = 300.0
"""For a whole content of 64 MiB over a slow line; a temporary file holds it meanwhile, not memory."""

_PIECE_BYTES: Final = 256 * 1024
_MEMORY_BYTES: Final = 1024 * 1024


class Ingest:
    """The routes ``POST /v1/events``, ``POST /v1/events:batch`` and ``POST /v1/contents``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches = ThreadPoolExecutor(BATCHES_AT_ONCE, "batch")
        self._threads = ThreadPoolExecutor(GROUPS_AT_ONCE, "group")
        self._waiting: list[tuple[bytes, asyncio.Future[Receipt | LedgerError]]] = []
        self._groups: set[asyncio.Task[None]] = set()
        self.routes = {
            "/v1/events": self._event,
            "/v1/events:batch": self._batch,
            "/v1/contents": self._content,
        }

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a POST request to one of ``routes``."""
        try:
            await self.routes[scope["path"]](scope, receive, send)
        except LedgerError as error:
            # The body may be half read: the connection cannot carry another request.
            await answer_problem(send, error, close=True)
        except GoneError:
            return

    async def _event(self, scope: Scope, receive: Receive, send: Send) -> None:
        _need_type(scope, EVENT_TYPES)
        body = bytearray()
        await read_body(scope, receive, body.extend, limit=MAX_ENVELOPE_BYTES, seconds=BODY_SECONDS)
        receipt = await self._together(bytes(body))
        if isinstance(receipt, LedgerError):
            await answer_problem(send, receipt)
            return
        location = f"/v1/events/{receipt.leaf.index}".encode("ascii")
        await answer(send, 201, b"application/json", receipt.data, ((b"location", location),))

    async def _batch(self, scope: Scope, receive: Receive, send: Send) -> None:
        _need_type(scope, BATCH_TYPES)
        body = bytearray()
        await read_body(scope, receive, body.extend, limit=MAX_BATCH_BYTES, seconds=BODY_SECONDS)
        lines = bytes(body).split(b"\n")
        if not lines[-1]:
            lines.pop()
        if not lines:
            raise FormatError("empty-batch", "a batch has at least one line")
        if len(lines) > MAX_BATCH_LINES:
            raise FormatError(
                "too-long", "a batch has too many lines", details={"found": len(lines), "limit": MAX_BATCH_LINES}
            )
        results = await asyncio.get_running_loop().run_in_executor(self._batches, self._append, lines)
        await answer(send, 200, b"application/jsonl", b"".join(map(_line, results)))

    async def _together(self, envelope: bytes) -> Receipt | LedgerError:
        """The receipt or refusal of one envelope, taken with all that arrive while the groups before are written.

        A client that hangs up cancels its own waiting, never the append.
        """
        if len(self._waiting) >= MOST_WAITING:
            return UnavailableError("queue-full", "too many events wait; send this one again later")
        waiter: asyncio.Future[Receipt | LedgerError] = asyncio.get_running_loop().create_future()
        self._waiting.append((envelope, waiter))
        if len(self._groups) < GROUPS_AT_ONCE:
            task = asyncio.create_task(self._write_groups())
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)
        return await waiter

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            results: Sequence[Receipt | LedgerError]
            try:
                lines = [envelope for envelope, _ in group]
                results = await loop.run_in_executor(self._threads, self._store.append_many, lines)
            except LedgerError as error:
                results = [error] * len(group)
            except Exception:
                LOG.exception("a group of events failed")
                results = [UnavailableError("ledger-unwritable", "writing failed; send the event again")] * len(group)
            for (_, waiter), result in zip(group, results, strict=True):
                if not waiter.done():
                    waiter.set_result(result)

    def _append(self, lines: list[bytes]) -> list[Receipt | LedgerError]:
        """A receipt or a refusal for each line. All are opened before any is queued, so that one commit takes them."""
        results = list(self._store.append_many(lines))
        if any(isinstance(item, Receipt) and item.leaf.stream == LEDGER_STREAM for item in results):
            # An act of this batch may have enrolled a key, or declared a project, that later lines rest on.
            refused = [at for at, item in enumerate(results) if isinstance(item, AuthorityError | ConflictError)]
            for at, item in zip(refused, self._store.append_many([lines[at] for at in refused]), strict=True):
                results[at] = item
        return results

    async def _content(self, scope: Scope, receive: Receive, send: Send) -> None:
        _need_type(scope, CONTENT_TYPES)
        salt = _salt(header(scope, b"content-salt"))
        with SpooledTemporaryFile(_MEMORY_BYTES) as file:
            # Whole before the store sees it: a slow sender must not hold a transaction open.
            await read_body(scope, receive, file.write, limit=MAX_CONTENT_BYTES, seconds=CONTENT_SECONDS)
            size = file.tell()
            file.seek(0)
            digest = await asyncio.to_thread(self._put, salt, file, size)
        body = encode({"commitment": digest, "size_bytes": size})
        await answer(send, 201, b"application/json", body, ((b"location", f"/v1/contents/{digest}".encode("ascii")),))

    def _put(self, salt: bytes, file: IO[bytes], size: int) -> Digest:
        def pieces() -> Iterator[bytes]:
            while piece := file.read(_PIECE_BYTES):
                yield piece

        return self._store.put_content(salt, pieces(), size_bytes=size)


def _line(result: Receipt | LedgerError) -> bytes:
    return (problem_bytes(result) if isinstance(result, LedgerError) else result.data) + b"\n"


def _need_type(scope: Scope, allowed: frozenset[str]) -> None:
    if media_type(scope) not in allowed:
        raise FormatError(
            "unsupported-media-type",
            "the body is not of a type that this address takes",
            remedy=f"Send Content-Type: {' or '.join(sorted(allowed))}",
        )


def _salt(text: str) -> bytes:
    try:
        salt = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        salt = b""
    if len(salt) != SALT_BYTES or b64encode(salt).decode("ascii") != text:
        raise FormatError("bad-salt", "the header Content-Salt holds base64 of 32 bytes", where="Content-Salt")
    return salt
