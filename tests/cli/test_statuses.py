"""Commit statuses: push, blocked, approve, allowed, told to each forge as it documents it, without a human re-run."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.shop import clone, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.capture.conftest import Sandbox
    from tests.cli.shop import Shop

EXCHANGES = Path(__file__).parent.parent / "vectors" / "forges"


class Forge(HTTPServer):
    """Answers as an exchange says, and keeps what it was sent."""

    def __init__(self, exchange: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exchange = exchange
        self.sent: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []
        self.refuse: list[int] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Forge

    def do_POST(self) -> None:
        """Takes a status."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.sent.append((self.command, self.path, dict(self.headers), body))
        status = self.server.refuse.pop(0) if self.server.refuse else self.server.exchange["answer"]["status"]
        data = json.dumps(self.server.exchange["answer"]["body"]).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        """Nothing."""


@contextlib.contextmanager
def forge(exchange: dict[str, Any]) -> Iterator[Forge]:
    """A forge that listens until the end of the block."""
    server = Forge(exchange)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own for each test: statuses follow a whole project."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture
def repo(tmp_path: Path) -> Sandbox:
    """A clone on a branch with one commit more than main."""
    sandbox = clone(tmp_path / "repo")
    sandbox.branch("feature")
    sandbox.commit({b"a.txt": b"2\n"}, "Feature")
    return sandbox


@pytest.mark.parametrize("name", ["github-status", "gitlab-status"])
def test_push_blocked_approve_allowed(shop: Shop, repo: Sandbox, tmp_path: Path, name: str) -> None:
    """The status waits with the exact command, turns when somebody approves, and is posted once each."""
    exchange = json.loads((EXCHANGES / f"{name}.json").read_text("utf-8"))
    token = tmp_path / "status.token"
    token.write_text("status-token-1\n")
    ci = within(shop.ci, repo)
    head = str(repo.git("rev-parse", "HEAD"), "ascii")
    with forge(exchange) as served:
        words = ("statuses", "--forge", exchange["forge"], "--repository", exchange["repository"], "--once")
        following = (*words, "--api", served.url, "--forge-token-file", str(token))
        ci.ok("record", "diff", "--base", "main", "--change", "7", "--ai", "none", "--by", "Ivy Author")
        ci.ok("record", "test", report(tmp_path), "--suite", "unit", "--change", "7")
        ci.ok(*following)
        method, path, headers, body = served.sent[0]
        assert method == exchange["request"]["method"]
        assert path == exchange["request"]["path"].replace("{sha}", head)
        assert headers.items() >= exchange["request"]["headers"].items()
        assert sorted(body) == exchange["request"]["members"]
        assert body["state"] == exchange["states"]["waiting"]
        assert body["description"].endswith("; run: evidence approve 7 --revision 1")
        assert len(body["description"]) <= 140
        ci.ok(*following)
        assert len(served.sent) == 1
        within(shop.ray, repo).ok("approve", "7", "--yes")
        ci.ok(*following)
        assert [item[3]["state"] for item in served.sent] == [exchange["states"][word] for word in ("waiting", "open")]


def test_what_failed_is_no_waiting(shop: Shop, repo: Sandbox, tmp_path: Path) -> None:
    """Where more is wrong than a missing approval, the status is a failure; a forge that refuses is told of once."""
    exchange = json.loads((EXCHANGES / "github-status.json").read_text("utf-8"))
    token = tmp_path / "status.token"
    token.write_text("status-token-1\n")
    ci = within(shop.ci, repo)
    failing = '<testsuite name="unit"><testcase name="a"><failure/></testcase></testsuite>'
    with forge(exchange) as served:
        words = ("statuses", "--forge", "github", "--repository", "acme/shop", "--once", "--api", served.url)
        following = (*words, "--forge-token-file", str(token))
        ci.ok("record", "diff", "--base", "main", "--change", "8", "--ai", "none", "--by", "Ivy Author")
        ci.ok("record", "test", report(tmp_path, failing), "--suite", "unit", "--change", "8")
        served.refuse.append(404)
        said = ci.ok(*following)
        assert "forge-refused" in said.err
        assert served.sent[-1][3]["state"] == exchange["states"]["failed"]
