"""What a server does not take: every refusal is a problem document, none repeats what was sent, none is a crash."""

from __future__ import annotations

import json
import random
import socket
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from ledger.envelope import seal
from ledger.events.statement import write_payload
from ledger.keys import SigningKey
from tests.api.conftest import story
from tests.api.serving import plain
from tests.world import seed

if TYPE_CHECKING:
    from tests.api.serving import Plain, Served
    from tests.world import World

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/jsonl"}
BYTES = {"Content-Type": "application/octet-stream", "Content-Salt": b64encode(bytes(32)).decode()}


def problem(answer: Plain, *statuses: int) -> dict[str, Any]:
    """The problem document of an answer, which must be one."""
    assert answer.status in statuses, (answer.status, answer.body[:200])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    document: dict[str, Any] = json.loads(answer.body)
    assert {"detail", "error", "slug", "status", "title", "type"} <= set(document)
    assert document["status"] == answer.status
    assert document["type"] == f"/errors#{document['slug']}"
    return document


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nowhere", 404, "no-such-page"),
        ("GET", "/v1/events/", 404, "no-such-page"),
        ("DELETE", "/v1/events/0", 405, "method-not-allowed"),
        ("PUT", "/v1/events", 405, "method-not-allowed"),
        ("POST", "/v1/ledger", 405, "method-not-allowed"),
        ("GET", "/v1/events/x", 422, "bad-parameter"),
        ("GET", "/v1/events/-1", 422, "bad-parameter"),
        ("GET", "/v1/events/99999999999999999999", 422, "bad-parameter"),
        ("GET", "/v1/events?limit=0", 422, "bad-parameter"),
        ("GET", "/v1/events?limit=1001", 422, "bad-parameter"),
        ("GET", "/v1/events?commit=xyz-secret", 422, "bad-parameter"),
        ("GET", "/v1/events?manifest=sha256:0&artifact=x", 422, "bad-parameter"),
        ("GET", "/v1/events?event_id=019a9f6e-7c1a-7b3e-9d52-6f0a1b2c3d4e&kind=diff", 422, "bad-parameter"),
        ("GET", "/v1/envelopes/sha256:xyz-secret", 422, "bad-parameter"),
        ("GET", "/v1/envelopes/sha256:" + "0" * 64, 404, None),
        ("GET", "/v1/contents/sha256:" + "0" * 64, 404, "content-missing"),
        ("GET", "/v1/proofs/inclusion?index=5&size=3", 422, "bad-parameter"),
        ("GET", "/v1/proofs/consistency?old=1&new=100000", 404, "no-such-position"),
        ("GET", "/v1/proofs/consistency?old=5&new=3", 422, "bad-parameter"),
        ("GET", "/v1/proofs/consistency", 422, "bad-parameter"),
        ("GET", "/v1/bundles/release/no@such", 404, "no-such-release"),
        ("GET", "/v1/bundles/period?from=5&to=5", 422, "bad-parameter"),
        ("GET", "/v1/events/10000", 404, None),
    ],
)
def test_wrong_address(served: Served, method: str, path: str, status: int, slug: str | None) -> None:
    """A wrong path, method or parameter is told as a problem that does not repeat it."""
    document = problem(plain(served.port, method, path), status)
    assert slug is None or document["slug"] == slug
    assert "secret" not in json.dumps(document)


def test_wrong_media_type(served: Served) -> None:
    """What a browser's form can send is refused before it is read."""
    for path in ("/v1/events", "/v1/events:batch", "/v1/contents"):
        for media_type in ("text/plain", "multipart/form-data", ""):
            problem(plain(served.port, "POST", path, b"{}", {"Content-Type": media_type}), 415)


def test_too_long(served: Served, world: World) -> None:
    """A body beyond the limit is refused by its announced length, and by its bytes where none is announced."""
    problem(plain(served.port, "POST", "/v1/events", b"x" * 65_537, JSON), 413)
    problem(plain(served.port, "POST", "/v1/events:batch", b"{}\n" * 1001, LINES), 413)
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(b"11000\r\n" + b"x" * 0x11000 + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/contents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Salt: " + b64encode(bytes(32)) + b"\r\nContent-Length: 67108865\r\n\r\n"
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")


def test_bad_salt(served: Served) -> None:
    """A content without a proper salt is refused."""
    for salt in (
        "",
        "x",
        b64encode(bytes(31)).decode(),
        b64encode(bytes(33)).decode(),
        b64encode(bytes(32)).decode()[:-1],
    ):
        assert (
            problem(plain(served.port, "POST", "/v1/contents", b"x", {**BYTES, "Content-Salt": salt}), 422)["slug"]
            == "bad-salt"
        )


def rubbish(world: World) -> list[bytes]:
    """Bodies that no event is: random, deep, huge numbers, truncated, re-spelled, re-signed."""
    chooser = random.Random(7)
    good = world.entries[-1][1].data
    stranger = SigningKey(seed("stranger"))
    found = [chooser.randbytes(chooser.randrange(1, 400)) for _ in range(60)]
    found += [good[: chooser.randrange(len(good))] for _ in range(20)]
    found += [b"[" * 30_000, b'{"a":' * 10_000, b"1" * 60_000, b"1e999", b"NaN", b'"\\ud800"', b"\xef\xbb\xbf{}"]
    found += [b" " + good, good.replace(b":", b": ", 1), b'{"payload":"","payload":""}', b"null", b"{}", b""]
    found.append(seal(world.entries[-1][1].payload, stranger).data)
    found.append(seal(b"{}", world.members["Robot"].key).data)
    found.append(seal(b"\xff" * 100, world.members["Robot"].key).data)
    for _ in range(60):
        at = chooser.randrange(len(good))
        found.append(good[:at] + bytes([good[at] ^ (1 << chooser.randrange(7))]) + good[at + 1 :])
    return found


def test_rubbish_is_refused_and_nothing_breaks(served: Served, world: World) -> None:
    """Whatever is sent, the answer is a problem of the 400s that does not repeat it, and the log stays as it was."""
    before = plain(served.port, "GET", "/v1/ledger").body
    for body in rubbish(world):
        problem(plain(served.port, "POST", "/v1/events", body, JSON), 400, 403, 404, 409, 413, 422)
    assert plain(served.port, "GET", "/v1/ledger").body == before


def test_batch_answers_line_by_line(served: Served, world: World) -> None:
    """Good and bad lines are answered in order, each with a receipt or a problem, and bad ones fail no others."""
    bad = [body for body in rubbish(world) if b"\n" not in body and body and len(body) < 65_536][:40]
    good = [envelope.data for _, envelope in world.entries[1:9]]
    lines = []
    for number, body in enumerate(bad):
        lines += [body, good[number % len(good)]]
    answer = plain(served.port, "POST", "/v1/events:batch", b"\n".join(lines), LINES)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/jsonl"
    answered = [json.loads(line) for line in answer.body.splitlines()]
    assert len(answered) == len(lines)
    for number, item in enumerate(answered):
        if number % 2:
            assert item["leaf"]["index"] == 1 + (number // 2) % len(good)
        else:
            assert 400 <= item["status"] < 500


def test_truncated_and_empty_batches(served: Served, world: World) -> None:
    """A batch that ends within a line answers that line with a problem; an empty one is refused."""
    good = world.entries[1][1].data
    answer = plain(served.port, "POST", "/v1/events:batch", good + b"\n" + good[:100], LINES)
    first, second = [json.loads(line) for line in answer.body.splitlines()]
    assert first["leaf"]["index"] == 1
    assert second["slug"] == "invalid-json"
    problem(plain(served.port, "POST", "/v1/events:batch", b"", LINES), 400)


def test_missing_content_is_told(served: Served) -> None:
    """An event whose content was not sent is a conflict, and nothing is recorded."""
    later = story()
    later.run("shop", "a" * 40, "b" * 40, later.members["Robot"])
    before = plain(served.port, "GET", "/v1/ledger").body
    document = problem(plain(served.port, "POST", "/v1/events", later.entries[-1][1].data, JSON), 409)
    assert document["slug"] == "content-missing"
    assert plain(served.port, "GET", "/v1/ledger").body == before


def test_key_may_not_sign_this(served: Served) -> None:
    """An event by a key that is not enrolled for its kind is refused for its authority, and nothing is recorded."""
    later = story()
    event = later.run("shop", "a" * 40, "b" * 40, later.members["Robot"]).event
    before = plain(served.port, "GET", "/v1/ledger").body
    for key in (SigningKey(seed("stranger")), later.members["Ada Admin"].key):
        sealed = seal(write_payload(event), key)
        document = problem(plain(served.port, "POST", "/v1/events", sealed.data, JSON), 403, 409)
        assert document["error"] in {"AuthorityError", "ConflictError"}
    assert plain(served.port, "GET", "/v1/ledger").body == before


def test_slow_client_holds_nobody_up(served: Served, world: World) -> None:
    """While senders stop in the middle of their bodies, others are answered."""
    stuck = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", served.port), timeout=30)
        connection.sendall(
            b"POST /v1/contents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Salt: " + b64encode(bytes(32)) + b"\r\nContent-Length: 1000\r\n\r\nx"
        )
        stuck.append(connection)
    try:
        assert plain(served.port, "POST", "/v1/events", world.entries[1][1].data, JSON).status == 201
        assert plain(served.port, "GET", "/readyz").status == 200
    finally:
        for connection in stuck:
            connection.close()


def test_another_host_name_is_refused(served: Served) -> None:
    """Without tokens a request under another name is refused: a web page cannot read the ledger through a browser."""
    document = problem(plain(served.port, "GET", "/v1/ledger", headers={"Host": "evil.example.com"}), 421)
    assert document["slug"] == "wrong-host"
    for name in ("localhost", f"127.0.0.1:{served.port}", "[::1]:80"):
        assert plain(served.port, "GET", "/v1/ledger", headers={"Host": name}).status == 200
