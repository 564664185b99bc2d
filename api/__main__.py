"""Starts the server: ``python -m api --ledger DIR``. The command ``evidence serve`` does the same."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from api.app import create_app
from api.settings import load_settings
from ledger.errors import AuthorityError, LedgerError
from ledger.exitcodes import DONE, ERROR, INTERRUPTED, NOT_ALLOWED

if TYPE_CHECKING:
    from socket import socket

LOG: Final = logging.getLogger("uvicorn.error")
"""Where uvicorn says at which address it listens."""

DRAIN_SECONDS = 20
"""How long requests under way may take once the server is told to stop; a refused or lost one is sent again."""


class _Announced(uvicorn.Server):
    """A server that says where its pages are once it listens."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listening in self.servers[:1]:
            host, port = listening.sockets[0].getsockname()[:2]
            at = f"[{host}]" if ":" in host else host
            LOG.info("Pages for a browser: http://%s:%d/ (releases, packs made, trace)", at, port)


def main(arguments: list[str] | None = None) -> int:
    """Exit status of the server, once it ends."""
    parser = argparse.ArgumentParser(prog="python -m api", description="Serve a ledger over HTTP.")
    parser.add_argument("--ledger", type=Path, required=True, help="the ledger's directory, made by evidence init")
    parser.add_argument("--host", help="address to listen at; by default what ledger.toml says, else 127.0.0.1")
    parser.add_argument("--port", type=int, help="port to listen at; 0 for any free one")
    given = parser.parse_args(arguments)
    try:
        settings = load_settings(given.ledger, host=given.host, port=given.port)
        app = create_app(settings)
    except LedgerError as error:
        remedy = f"\n{error.remedy}" if error.remedy else ""
        sys.stderr.write(f"{error.slug}: {error}{remedy}\n")
        return NOT_ALLOWED if isinstance(error, AuthorityError) else ERROR
    server = _Announced(
        uvicorn.Config(
            app,
            host=settings.ledger.host,
            port=settings.ledger.port,
            lifespan="on",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            log_level="info",
        )
    )
    # The signal that ended it is raised once more after everything is drained; by then it has done its work.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        server.run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit:
        # What uvicorn says of an address in use, or not this machine's, stands above.
        sys.stderr.write("The server cannot listen there. Choose another port: evidence serve DIRECTORY --port 0\n")
        return ERROR
    return DONE if server.started else ERROR


if __name__ == "__main__":
    raise SystemExit(main())
