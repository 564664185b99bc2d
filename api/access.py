"""Who may ask for what: tokens where there are any, local programs where there are none."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ledger.errors import AuthorityError, FormatError
from ledger.settings import is_loopback
from ledger.tokens import Token, admitted, read_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

RELOAD_SECONDS: Final = 1.0
"""A token revoked on the server's machine is refused after at most this."""

_OPEN_PATHS: Final = frozenset({"/livez", "/readyz", "/version", "/openapi.json"})


def scope_needed(method: str, path: str) -> str | None:
    """The scope that a request needs; None for what tells nothing about the ledger.

    Whatever is not named here needs ``read``, also where nothing is: without a token all addresses look alike.
    """
    if path in _OPEN_PATHS:
        return None
    if method == "POST":
        return "ingest"
    if path.startswith(("/v1/contents", "/v1/bundles")):
        return "contents"
    return "read"


class Gate:
    """Lets requests pass or raises. Reads the list of tokens again when its file changes."""

    def __init__(self, path: Path, *, loopback: bool) -> None:
        self._path = path
        self._loopback = loopback
        self._tokens: tuple[Token, ...] = ()
        self._stamp: tuple[int, int] | None = None
        self._looked_at = 0.0
        self._reload()

    def check(self, scope: Mapping[str, Any]) -> None:
        """Nothing, if the request of this ASGI ``scope`` may pass.

        Raises:
            AuthorityError: ``token-missing``, ``wrong-host``, or what ``ledger.tokens.admitted`` refuses.
        """
        if time.monotonic() - self._looked_at > RELOAD_SECONDS:
            self._reload()
        needed = scope_needed(scope["method"], scope["path"])
        # A list that once existed and holds only ended tokens still closes the server.
        if self._stamp is None and self._loopback:
            _check_host(scope["headers"])
            return
        if needed is None:
            return
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        kind, _, text = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not text:
            raise AuthorityError(
                "token-missing",
                "this server wants a token",
                remedy="Send the header Authorization: Bearer el_pat_..., or set EVIDENCE_LEDGER_TOKEN.",
            )
        try:
            admitted(self._tokens, text.strip(), needed, now=datetime.now(UTC))
        except AuthorityError as error:
            if error.slug != "token-unknown":
                raise
            # A token made a moment ago is let in at once: the list is read again, if its file changed.
            self._reload()
            admitted(self._tokens, text.strip(), needed, now=datetime.now(UTC))

    def _reload(self) -> None:
        self._looked_at = time.monotonic()
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return
            self._tokens = read_tokens(self._path.read_bytes())
            self._stamp = stamp
        except FileNotFoundError:
            # Once there was a list, its absence opens nothing.
            self._tokens = ()
        except (OSError, FormatError):
            self._tokens = ()
            self._stamp = self._stamp or (0, 0)


def _check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    # Without tokens the one guard is that only local programs reach the port. A web page could still have its own
    # name resolve to 127.0.0.1 and read through the visitor's browser (DNS rebinding); its requests carry that name.
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "localhost")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    if not is_loopback(name):
        raise AuthorityError("wrong-host", "a server without tokens answers to localhost only")
