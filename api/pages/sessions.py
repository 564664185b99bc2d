"""Who is signed in: a random id in a cookie, behind it the digest of a token; the token's text is kept nowhere."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ledger.digests import Digest

SECONDS: Final = 8 * 3600
"""A session ends after this, however often it was used; the token may end it earlier."""
MOST: Final = 1_000
"""Sessions at once; the oldest ends for one more."""

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Session:
    token: Digest
    ends: float


class Sessions:
    """The sessions of one server process. A restart ends them all."""

    def __init__(self, *, secure: bool) -> None:
        """``secure``: others can reach the server, so a browser may send the cookie over TLS only."""
        self._secure = secure
        # A name that only this very host can have set, and only over TLS (RFC 6265bis §4.1.3.2).
        self._name = "__Host-evidence" if secure else "evidence"
        self._secret = secrets.token_bytes(32)
        self._held: OrderedDict[bytes, _Session] = OrderedDict()
        self._lock = Lock()

    def begin(self, token: Digest) -> str:
        """The Set-Cookie value of a new session for a token."""
        identifier = secrets.token_hex(32)
        with self._lock:
            self._held[_key(identifier)] = _Session(token, time.monotonic() + SECONDS)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return self._cookie(identifier, SECONDS)

    def end(self, identifier: str | None) -> str:
        """The Set-Cookie value that forgets the cookie; its session is over."""
        if identifier is not None:
            with self._lock:
                self._held.pop(_key(identifier), None)
        return self._cookie("", 0)

    def identifier(self, cookies: str) -> str | None:
        """The id that the Cookie header ``cookies`` brings, if it is of the form."""
        for item in cookies.split(";"):
            name, _, value = item.strip().partition("=")
            if name == self._name and _ID.fullmatch(value):
                return value
        return None

    def token(self, identifier: str | None) -> Digest | None:
        """The token behind a session that has not ended."""
        if identifier is None:
            return None
        with self._lock:
            found = self._held.get(_key(identifier))
            if found is not None and found.ends <= time.monotonic():
                del self._held[_key(identifier)]
                return None
            return None if found is None else found.token

    def form_key(self, identifier: str | None) -> str:
        """What every form of the session's pages sends along: no page of another site can read it."""
        # form key = HMAC-SHA-256(secret of this process, session id), in hex
        return hmac.new(self._secret, (identifier or "").encode("ascii"), sha256).hexdigest()

    def fits(self, key: str, identifier: str | None) -> bool:
        """Whether a form of one of the session's own pages was sent."""
        return hmac.compare_digest(key.encode("utf-8", "surrogateescape"), self.form_key(identifier).encode("ascii"))

    def _cookie(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self._name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _key(identifier: str) -> bytes:
    # Kept as a digest: a memory dump holds no cookie that opens anything.
    return sha256(identifier.encode("ascii")).digest()
