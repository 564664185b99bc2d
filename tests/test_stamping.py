"""Time stamps are asked for as RFC 3161 §3.4 says, and an authority that answers anything else is told by name."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from ledger.errors import UnavailableError
from ledger.stamping import stamper

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def authority(status: int, media_type: str, body: bytes) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """The address of an authority on this machine that always answers so, and what it was asked."""
    asked: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Content-Type"], data))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the base class names it so
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa/v1?pool=2", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_response_comes_back_as_it_is() -> None:
    """The request is posted unchanged, with its media type, to the whole address; so is the answer."""
    with authority(200, "application/timestamp-reply", b"\x30\x00") as (url, asked):
        assert stamper(url)(b"\x30\x01\x00") == b"\x30\x00"
    assert asked == [("/tsa/v1?pool=2", "application/timestamp-query", b"\x30\x01\x00")]


@pytest.mark.parametrize(("status", "media_type"), [(500, "application/timestamp-reply"), (200, "text/html")])
def test_anything_else_is_no_time_stamp(status: int, media_type: str) -> None:
    """An error page is not taken for a time stamp, and the remedy names the setting."""
    with authority(status, media_type, b"<html>") as (url, _), pytest.raises(UnavailableError) as caught:
        stamper(url)(b"\x30\x00")
    assert caught.value.slug == "stamp-refused"
    assert "timestamp_url" in (caught.value.remedy or "")
