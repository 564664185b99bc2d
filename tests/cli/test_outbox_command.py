"""``evidence outbox``: what waits is listed, delivered, taken in from elsewhere, and tried again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from tests.cli.running import User
from tests.cli.shop import clone, only, open_shop, report, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for the module."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture
def ci(shop: Shop, tmp_path: Path) -> User:
    """The pipeline in a clone, which has recorded before."""
    user = within(shop.ci, clone(tmp_path / "repo"))
    report(user.folder)
    user.ok("record", "test", "junit.xml", "--suite", "unit")
    return user


def spool(shop: Shop, ci: User, outbox: Path, suite: str = "unit") -> str:
    """The id of an event recorded while the server is down."""
    words = ("record", "test", "junit.xml", "--suite", suite, "--change", "7", "--json", "--outbox", str(outbox))
    return str(only(ci.ok(*words, server=shop.closed, project=shop.project))["event_id"])


def test_what_waits_is_listed_and_delivered(shop: Shop, ci: User, tmp_path: Path) -> None:
    """By id, kind and subject; after a flush nothing is left; a server that is down leaves it with exit 5."""
    event_id, box = spool(shop, ci, tmp_path / "box"), ("--outbox", str(tmp_path / "box"))
    listed = ci.ok("outbox", "list", "--json", *box).document
    assert [(item["event_id"], item["kind"], item["about"]) for item in listed["waiting"]] == [
        (event_id, "test", "change 7")
    ]
    text = ci.ok("outbox", "list", *box).out
    assert event_id in text
    assert "1 event waiting" in text
    down = ci.evidence("outbox", "flush", "--timeout", "0.2", "--json", *box, server=shop.closed)
    assert (down.status, down.document["waiting_count"]) == (exitcodes.UNREACHABLE, 1)
    flushed = ci.ok("outbox", "flush", "--json", *box).document
    assert [item["event_id"] for item in flushed["delivered"]] == [event_id]
    assert ci.ok("outbox", "list", "--json", *box).document["waiting"] == []


def test_an_artifact_of_a_pipeline_is_taken_in(shop: Shop, ci: User, tmp_path: Path) -> None:
    """Somebody else's copy of an outbox is delivered as it was signed; what is damaged is named and left."""
    event_id = spool(shop, ci, tmp_path / "box")
    shutil.copytree(tmp_path / "box", tmp_path / "artifact")
    damaged = tmp_path / "artifact" / "x" / "pending" / "y"
    damaged.mkdir(parents=True)
    (damaged / "envelope.json").write_text("{}")
    ray = User(shop.ray.home, ci.folder)
    said = ray.evidence("outbox", "import", str(tmp_path / "artifact"), "--json")
    assert said.status == exitcodes.ERROR
    assert said.document["taken"] == [event_id]
    assert [item["folder"] for item in said.document["faulty"]] == ["y"]
    assert [item["event_id"] for item in ray.ok("outbox", "flush", "--json").document["delivered"]] == [event_id]


def test_what_was_refused_lies_aside_until_it_is_tried_again(shop: Shop, ci: User, tmp_path: Path) -> None:
    """An event that the key may not sign is refused with its reason, and does not stop the others."""
    quill, box = User(shop.quill.home, ci.folder), ("--outbox", str(tmp_path / "box"))
    quill.ok("outbox", "list")
    (tmp_path / "p.txt").write_text("x")
    quill.ok("record", "prompt", "--text", str(tmp_path / "p.txt"), "--tool", "quill", "--initiator", "unknown", *box)
    event_id = spool(shop, quill, tmp_path / "box")
    flushed = quill.evidence("outbox", "flush", "--json", *box)
    assert flushed.status == exitcodes.ERROR
    assert [(item["event_id"], item["reason"]) for item in flushed.document["refused"]] == [
        (event_id, "kind-not-allowed")
    ]
    listed = quill.ok("outbox", "list", "--json", *box).document
    assert listed["refused"] == [{"event_id": event_id, "reason": "kind-not-allowed"}]
    assert quill.ok("outbox", "retry", event_id, "--json", *box).document["state"] == "waiting"
    assert len(quill.ok("outbox", "list", "--json", *box).document["waiting"]) == 1
    unknown = quill.evidence("outbox", "retry", "nothing", "--json", *box)
    assert (unknown.status, unknown.problem["slug"]) == (exitcodes.ERROR, "no-such-event")
