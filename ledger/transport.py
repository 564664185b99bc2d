"""One HTTP conversation with a ledger server: requests with a deadline, answers with a limit.

Written over ``http.client`` of the standard library. ``evidence record`` runs in every step of a pipeline, and a larger
client library costs it three times the start-up (170 ms against 50) for what is not needed: no redirects are followed
(a server that moved is a matter for settings, and a redirect would carry the token elsewhere), no cookies, no second
protocol. Certificates are checked as OpenSSL is set up on the machine; ``SSL_CERT_FILE`` adds a private authority.
``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` are honoured.
"""

from __future__ import annotations

import http.client
import os
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import unquote, urlsplit

from ledger.errors import FormatError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self
    from urllib.parse import SplitResult

AGENT: Final = "evidence-ledger"
PIECE_BYTES: Final = 256 * 1024

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the server."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Transport:
    """Keeps one connection to one server and asks over it. Not for use by two threads at once."""

    def __init__(self, base_url: str, *, token: str | None = None) -> None:
        """Reads the address; connects at the first request.

        Raises:
            FormatError: ``bad-url``.
        """
        self._target = _split(base_url)
        self._token = token
        self._connection: http.client.HTTPConnection | None = None
        self._absolute = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float,
        max_bytes: int,
    ) -> Answer:
        """The server's answer, whatever its status.

        ``deadline`` is on the clock of ``time.monotonic``; looking up the server's name may overrun it, since the
        operating system offers no limit for that.

        Raises:
            UnavailableError: ``unreachable``, ``timeout`` or ``bad-answer``.
        """
        return self._exchange(method, path, None, body, headers or {}, deadline, max_bytes)

    def fetch(self, path: str, take: Callable[[bytes], None], *, deadline: float, max_bytes: int) -> Answer:
        """The answer to a GET request; if its status is 200, its body went to ``take`` in pieces and is empty here.

        Raises:
            UnavailableError: ``unreachable``, ``timeout`` or ``bad-answer``.
        """
        return self._exchange("GET", path, take, None, {}, deadline, max_bytes)

    def _exchange(
        self,
        method: str,
        path: str,
        take: Callable[[bytes], None] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        deadline: float,
        max_bytes: int,
    ) -> Answer:
        kept: list[bytes] = []
        try:
            response = self._answered(method, path, body, headers, deadline)
            accept = take if take is not None and response.status == 200 else kept.append
            for piece in self._pieces(response, deadline, max_bytes):
                accept(piece)
            # read1 of older Python leaves a response of known length open at its end, and the connection unusable.
            response.close()
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, b"".join(kept))

    def _answered(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: float
    ) -> http.client.HTTPResponse:
        reused = self._connection is not None
        try:
            try:
                return self._send(method, path, body, headers, deadline)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # A kept connection may have been closed meanwhile. Every request of the ledger can be sent twice:
                # the same envelope gets the same leaf, the same content the same place.
                if not reused:
                    raise
                self.close()
                return self._send(method, path, body, headers, deadline)
        except (OSError, http.client.HTTPException) as error:
            _unreachable(error)

    def _pieces(self, response: http.client.HTTPResponse, deadline: float, max_bytes: int) -> Iterator[bytes]:
        size = 0
        while True:
            try:
                self._limit(deadline)
                piece = response.read1(PIECE_BYTES)
            except (OSError, http.client.HTTPException) as error:
                _unreachable(error)
            size += len(piece)
            if size > max_bytes:
                raise UnavailableError(
                    "bad-answer", "the server's answer is longer than it may be", details={"limit_bytes": max_bytes}
                )
            if not piece:
                if response.length:
                    raise UnavailableError("unreachable", "the server's answer ended early")
                # read1 does not notice the end by itself, and a connection carries no request before that.
                response.close()
                return
            yield piece

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], deadline: float
    ) -> http.client.HTTPResponse:
        if self._connection is None:
            self._connection = self._connect(deadline)
        self._limit(deadline)
        sent = {"Accept": "application/json", "User-Agent": AGENT, **headers}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        self._connection.request(method, self._absolute + self._target.path + path, body, sent)
        self._limit(deadline)
        return self._connection.getresponse()

    def _limit(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._connection is not None:
            self._connection.timeout = left
            if self._connection.sock is not None:
                self._connection.sock.settimeout(left)

    def _connect(self, deadline: float) -> http.client.HTTPConnection:
        left = max(0.001, deadline - time.monotonic())
        target = self._target
        proxy = _proxy(target)
        through = proxy or target
        host, port = through.hostname or "", through.port
        if target.scheme == "https":
            import ssl  # noqa: PLC0415 -- 15 ms that plain loopback needs not

            secure = http.client.HTTPSConnection(host, port, timeout=left, context=ssl.create_default_context())
            if proxy is not None:
                secure.set_tunnel(target.hostname or "", target.port or 443, _proxy_credentials(proxy))
            return secure
        if proxy is not None:
            self._absolute = f"http://{target.netloc}"
        return http.client.HTTPConnection(host, port, timeout=left)


def _split(base_url: str) -> SplitResult:
    target = urlsplit(base_url.rstrip("/"))
    try:
        usable = target.scheme in ("http", "https") and bool(target.hostname) and (target.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or target.query or target.fragment or target.username is not None:
        raise FormatError(
            "bad-url", "the server's address is not of the form https://host[:port][/path]", where="server"
        )
    return target


def _proxy(target: SplitResult) -> SplitResult | None:
    host = target.hostname or ""
    if host in _LOOPBACK or _direct(host):
        return None
    # HTTP_PROXY in capitals could be set by a request header in a CGI program; only the small one counts for http.
    names = ("https_proxy", "HTTPS_PROXY") if target.scheme == "https" else ("http_proxy",)
    text = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if text is None:
        return None
    proxy = urlsplit(text if "://" in text else f"http://{text}")
    return proxy if proxy.hostname else None


def _direct(host: str) -> bool:
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for item in (part.strip().removeprefix("*").lstrip(".").lower() for part in listed.split(",")):
        if item and (host.lower() == item or host.lower().endswith("." + item)):
            return True
    return listed.strip() == "*"


def _proxy_credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode("utf-8")).decode("ascii")}


def _unreachable(error: Exception) -> NoReturn:
    # The error's own text may quote what a hostile server sent; its class says enough.
    if isinstance(error, TimeoutError):
        raise UnavailableError("timeout", "the server did not answer in time") from None
    raise UnavailableError(
        "unreachable", "the server cannot be reached", details={"cause": type(error).__name__}
    ) from None
