"""Who may ask for what: tokens where there are any, local programs where there are none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ledger.errors import AuthorityError, FormatError
from ledger.settings import is_loopback
from ledger.tokens import SCOPES, Token, admitted, read_tokens, token_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

    from ledger.digests import Digest

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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at pages, and what they may see."""

    scopes: frozenset[str]
    token: Digest | None = None
    """SHA-256 of the token's text; None: a program of this machine on a server without tokens."""
    name: str = ""
    """The token's name, in words of the operator; empty without a token."""

    @property
    def reads_contents(self) -> bool:
        """Whether prompts, names and other contents may be shown."""
        return "contents" in self.scopes


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
        self._refresh()
        needed = scope_needed(scope["method"], scope["path"])
        if self._open:
            _check_host(scope["headers"])
            return
        if needed is None:
            return
        self._admit(_bearer(scope["headers"]), needed)

    def visitor(self, scope: Mapping[str, Any], signed_in: Digest | None) -> Visitor:
        """Who sends the request of this ASGI ``scope`` for a page; ``signed_in`` is the token behind its session.

        Raises:
            AuthorityError: ``token-missing``, ``wrong-host``, or what ``ledger.tokens.admitted`` refuses.
        """
        self._refresh()
        if self._open:
            _check_host(scope["headers"])
            return Visitor(frozenset(SCOPES))
        token = self._admit(_bearer(scope["headers"]) if signed_in is None else signed_in, "read")
        return Visitor(frozenset(token.scopes), token.digest, token.name)

    def sign_in(self, text: str) -> Digest:
        """What stands for the token ``text`` in a session, if it opens pages.

        Raises:
            AuthorityError: what ``ledger.tokens.admitted`` refuses.
        """
        self._refresh()
        return self._admit(token_digest(text.strip()), "read").digest

    @property
    def _open(self) -> bool:
        # A list that once existed and holds only ended tokens still closes the server.
        return self._stamp is None and self._loopback

    def _admit(self, digest: Digest, needed: str) -> Token:
        try:
            return admitted(self._tokens, digest, needed, now=datetime.now(UTC))
        except AuthorityError as error:
            if error.slug != "token-unknown":
                raise
            # A token made a moment ago is let in at once: the list is read again, if its file changed.
            self._reload()
            return admitted(self._tokens, digest, needed, now=datetime.now(UTC))

    def _refresh(self) -> None:
        if time.monotonic() - self._looked_at > RELOAD_SECONDS:
            self._reload()

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


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> Digest:
    given = [value for name, value in headers if name == b"authorization"]
    kind, _, text = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
    if kind.lower() != "bearer" or not text:
        raise AuthorityError(
            "token-missing",
            "this server wants a token",
            remedy="Send the header Authorization: Bearer el_pat_..., or set EVIDENCE_LEDGER_TOKEN.",
        )
    return token_digest(text.strip())


def _check_host(headers: Iterable[tuple[bytes, bytes]]) -> None:
    # Without tokens the one guard is that only local programs reach the port. A web page could still have its own
    # name resolve to 127.0.0.1 and read through the visitor's browser (DNS rebinding); its requests carry that name.
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "localhost")
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    if not is_loopback(name):
        raise AuthorityError("wrong-host", "a server without tokens answers to localhost only")
