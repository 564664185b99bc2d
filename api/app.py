"""The server: one ASGI application that guards, takes events in over lean routes, and reads through FastAPI."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

from api.access import Gate
from api.asgi import answer_problem
from api.ingest import Ingest
from api.pages.app import Pages
from api.problems import SAFE_HEADERS, framework_error
from api.reading import reading_app
from api.settings import check_access
from ledger.anchor import parse_anchor
from ledger.checkpoint import sign_checkpoint
from ledger.errors import ChainError, LedgerError, NotFoundError, UnavailableError
from ledger.keys import parse_private_key
from ledger.settings import ANCHOR_FILE, IN_FILE, LOG_KEY_FILE
from ledger.signers.logkey import open_log_key
from ledger.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from api.asgi import App, Message, Receive, Scope, Send
    from api.settings import ServerSettings
    from ledger.anchor import Anchor
    from ledger.keys import Signer

LOG: Final = logging.getLogger("evidence_ledger.api")


class Server:
    """The ASGI application of one ledger. Opens its store when it starts, and drains what it took when it ends."""

    def __init__(self, settings: ServerSettings) -> None:
        check_access(settings)
        self._settings = settings
        self._gate = Gate(settings.tokens_path, loopback=settings.ledger.loopback)
        self._store: Store | None = None
        self._ingest: Ingest | None = None
        self._reading: App | None = None
        self._pages: Pages | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def open(self) -> None:
        """Opens the ledger of the directory.

        Raises:
            LedgerError: it holds none that can be served; the server must not start.
        """
        directory = self._settings.directory
        anchor = parse_anchor(_read(directory / ANCHOR_FILE))
        key = _log_key(self._settings, anchor)
        self._store = Store(
            self._settings.ledger.database_url,
            self._settings.ledger.checkpoint_url,
            signer=lambda made: sign_checkpoint(made.origin, made.size, made.root, key),
            ledger=anchor.ledger,
        )
        self._ingest = Ingest(self._store)
        self._reading = reading_app(self._store, anchor)
        self._pages = Pages(self._store, anchor, self._gate, self._settings.ledger)

    def close(self) -> None:
        """Waits for everything that was accepted, then closes the ledger."""
        if self._pages is not None:
            self._pages.close()
            self._pages = None
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> tuple[Ingest, App]:
        if self._ingest is None or self._reading is None:
            raise UnavailableError("not-started", "the server has not opened its ledger")
        return self._ingest, self._reading

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await asyncio.to_thread(self.open)
        except LedgerError as error:
            await send({"type": "lifespan.startup.failed", "message": f"{error.slug}: {error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                known = {name.lower() for name, _ in message["headers"]}
                extra = [item for item in SAFE_HEADERS if item[0] not in known]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        try:
            if self._pages is not None and self._pages.serves(scope):
                await self._pages(scope, receive, guarded)
                return
            self._gate.check(scope)
            ingest, reading = self._opened()
            if scope["method"] == "POST" and scope["path"] in ingest.routes:
                await ingest.serve(scope, receive, send)
            else:
                await reading(scope, receive, guarded)
        except LedgerError as error:
            await answer_problem(send, error, close=True)
        except Exception:
            # The traceback names our own lines; bodies are never part of a message here.
            LOG.exception("a request failed")
            if not started:
                await answer_problem(send, framework_error(500), close=True)


def create_app(settings: ServerSettings) -> Server:
    """The server of one ledger directory.

    Raises:
        AuthorityError: ``tokens-required``: others could reach it, and no token is in use.
    """
    return Server(settings)


def _log_key(settings: ServerSettings, anchor: Anchor) -> Signer:
    if settings.ledger.log_key != IN_FILE:
        return open_log_key(settings.ledger.log_key, settings.directory, anchor.log_key, os.environ)
    key = parse_private_key(_read(settings.directory / LOG_KEY_FILE))
    if key.public != anchor.log_key:
        raise ChainError("other-log-key", "log.key is not the key that ledger.pub names")
    return key


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(
            "no-ledger-here",
            f"{path.name} cannot be read in the ledger's directory",
            details={"cause": type(error).__name__},
        ) from None
