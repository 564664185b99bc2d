"""From the outbox into the log: nothing lost, nothing twice, nothing believed that does not hold."""

from __future__ import annotations

import json
import shutil
import socketserver
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from ledger.client import Client
from ledger.envelope import seal
from ledger.errors import AuthorityError, ChainError, ConflictError, UnavailableError
from ledger.events.statement import write_payload
from ledger.outbox import Delivered, Outbox, Refused, Spooled
from ledger.parcel import make_parcel
from tests.api.conftest import story
from tests.api.serving import add_tokens, anchor_of, found_ledger, free_port, parcels_of, plain, serving, start
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger.parcel import Parcel
    from tests.api.serving import Served


@pytest.fixture
def world() -> World:
    """A story to deliver."""
    return story()


def envelopes_in(served: Served) -> list[str]:
    """Envelope digests of all entries, by index."""
    entries = json.loads(plain(served.port, "GET", "/v1/events?limit=1000").body)["entries"]
    assert [entry["leaf"]["index"] for entry in entries] == list(range(len(entries)))
    return [entry["leaf"]["envelope"] for entry in entries]


def test_delivers_in_order_and_empties_itself(world: World, tmp_path: Path) -> None:
    """What was spooled goes out in the order of recording, with contents, and the outbox is empty after."""
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    parcels = parcels_of(world)
    for parcel in parcels[:-1]:
        outbox.spool.add(parcel)
    with serving(tmp_path / "ledger") as served, Client(served.url, anchor_of(world)) as client:
        outcome = outbox.deliver(parcels[-1], client, budget=30)
        assert isinstance(outcome, Delivered)
        assert outcome.receipt.leaf.index == len(parcels)
        assert envelopes_in(served) == [envelope.digest for _, envelope in world.entries]
    assert outbox.status().waiting == ()
    assert outbox.status().refused == ()


def test_server_down_loses_nothing(world: World, tmp_path: Path) -> None:
    """With no server every event is spooled, at once after the first failure; a flush delivers all when it is back."""
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    port = free_port()
    parcels = parcels_of(world)
    with Client(f"http://127.0.0.1:{port}", anchor_of(world)) as client:
        for parcel in parcels:
            outcome = outbox.deliver(parcel, client, budget=1)
            assert isinstance(outcome, Spooled)
            assert isinstance(outcome.reason, UnavailableError)
            assert outcome.path.is_dir()
        assert outbox.status().failures >= 1
        flushed = outbox.flush(client, timeout=0.1)
        assert (flushed.delivered, flushed.waiting) == ((), len(parcels))
        with serving(tmp_path / "ledger", port=port) as served:
            flushed = outbox.flush(client, timeout=60)
            assert flushed.stopped is None
            assert [event_id for event_id, _ in flushed.delivered] == [parcel.event_id for parcel in parcels]
            assert envelopes_in(served)[1:] == [parcel.envelope.digest for parcel in parcels]


def many(count: int) -> World:
    """A ledger with ``count`` tests, each with a content."""
    world = World()
    world.project("shop")
    robot = world.machine("Robot", ["test"])
    for number in range(count):
        world.run("shop", "a" * 40, "b" * 40, robot, attempt=number + 1)
    return world


def test_killed_server_takes_each_event_once(tmp_path: Path) -> None:
    """Killed again and again in the middle of appends, the log ends up with every event exactly once."""
    world = many(120)
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    parcels = parcels_of(world)
    for parcel in parcels:
        outbox.spool.add(parcel)
    port = free_port()
    acknowledged: Counter[str] = Counter()
    with Client(f"http://127.0.0.1:{port}", anchor_of(world)) as client:
        for delay in (0.05, 0.15, 0.3):
            served = start(tmp_path / "ledger", port=port)
            killer = threading.Timer(delay, served.kill)
            killer.start()
            flushed = outbox.flush(client, timeout=delay + 0.2)
            acknowledged.update(event_id for event_id, _ in flushed.delivered)
            killer.join()
        with serving(tmp_path / "ledger", port=port) as served:
            flushed = outbox.flush(client, timeout=60)
            acknowledged.update(event_id for event_id, _ in flushed.delivered)
            assert flushed.refused == ()
            held = envelopes_in(served)
    assert set(acknowledged.values()) == {1}
    assert len(acknowledged) == len(parcels)
    assert sorted(held[1:]) == sorted(parcel.envelope.digest for parcel in parcels)


def test_drains_before_it_ends(tmp_path: Path) -> None:
    """A server that is told to stop answers what it has taken; what it answered is there afterwards."""
    world = many(150)
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    for parcel in parcels_of(world):
        outbox.spool.add(parcel)
    served = start(tmp_path / "ledger")
    with Client(served.url, anchor_of(world)) as client:
        stopper = threading.Timer(0.1, served.process.terminate)
        stopper.start()
        flushed = outbox.flush(client, timeout=2)
        stopper.join()
    assert served.process.wait(60) == 0
    with serving(tmp_path / "ledger") as again:
        held = set(envelopes_in(again))
    assert {receipt.leaf.envelope for _, receipt in flushed.delivered} <= held


def test_same_bytes_same_leaf_other_bytes_conflict(world: World, tmp_path: Path) -> None:
    """A retry is answered with the existing leaf; another event under the same id is refused."""
    found_ledger(tmp_path / "ledger", world)
    with serving(tmp_path / "ledger") as served, Client(served.url, anchor_of(world)) as client:
        parcels = parcels_of(world)
        first = [client.record(parcel) for parcel in parcels]
        assert [client.record(parcel).leaf for parcel in parcels] == [receipt.leaf for receipt in first]
        changed = clashing(world, parcels)
        with pytest.raises(ConflictError) as caught:
            client.record(changed)
        assert caught.value.slug == "event-id-taken"
        assert isinstance(Outbox(tmp_path / "outbox").deliver(changed, client, budget=30), Refused)


def clashing(world: World, parcels: tuple[Parcel, ...]) -> Parcel:
    """Another prompt with the event id of one that was recorded."""
    prompt = next(parcel for parcel in parcels if parcel.event.kind == "prompt")
    payload = prompt.envelope.payload.replace(b'"s-1"', b'"s-2"')
    return make_parcel(seal(payload, world.members["Robot"].key).data, prompt.contents)


def test_poison_moves_aside_and_the_rest_goes_on(world: World, tmp_path: Path) -> None:
    """An event that the server will never take is moved aside with its problem, and holds nothing up."""
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    parcels = parcels_of(world)
    orphan = next(parcel for parcel in parcels if parcel.event.kind == "prompt")
    kept = [parcel for parcel in parcels if parcel is not orphan]
    for parcel in kept:
        outbox.spool.add(parcel)
    with serving(tmp_path / "ledger") as served, Client(served.url, anchor_of(world)) as client:
        flushed = outbox.flush(client, timeout=60)
        assert flushed.stopped is None
        kinds = {parcel.event_id: parcel.event.kind for parcel in kept}
        refused = {kinds[event_id]: problem.slug for event_id, problem in flushed.refused}
        assert refused["diff"] == "reference-missing"
        assert len(flushed.delivered) == len(kept) - len(refused)
        # When the cause is gone, what was refused can go again.
        outbox.spool.add(orphan)
        for event_id, _ in outbox.status().refused:
            outbox.restore(event_id)
        assert outbox.flush(client, timeout=60).refused == ()
        assert sorted(envelopes_in(served)[1:]) == sorted(parcel.envelope.digest for parcel in parcels)


def test_reference_to_an_event_that_waits_is_no_poison(world: World, tmp_path: Path) -> None:
    """An event spooled before the one that it refers to waits for it."""
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    parcels = parcels_of(world)
    order = [parcel.event.kind for parcel in parcels]
    prompt, diff = order.index("prompt"), order.index("diff")
    # Made before the prompt that it rests on, to go by its id.
    event = parcels[diff].event
    early = replace(event, context=replace(event.context, event_id="019a0000-0000-7000-8000-000000000001"))
    hasty = make_parcel(seal(write_payload(early), world.members["Robot"].key).data, parcels[diff].contents)
    with serving(tmp_path / "ledger") as served, Client(served.url, anchor_of(world)) as client:
        for parcel in parcels[:prompt]:
            client.record(parcel)
        for parcel in (hasty, parcels[prompt]):
            outbox.spool.add(parcel)
        assert outbox.status().waiting[0] == hasty.event_id
        flushed = outbox.flush(client, timeout=60)
        assert flushed.refused == ()
        assert envelopes_in(served)[-2:] == [parcels[prompt].envelope.digest, hasty.envelope.digest]


def test_wrong_token_keeps_everything(world: World, tmp_path: Path) -> None:
    """A token that does not open the server stops the flush; nothing is given up."""
    found_ledger(tmp_path / "ledger", world)
    texts = add_tokens(tmp_path / "ledger", reader=("read",), sender=("ingest", "read"))
    outbox = Outbox(tmp_path / "outbox")
    parcels = parcels_of(world)[:3]
    for parcel in parcels:
        outbox.spool.add(parcel)
    with serving(tmp_path / "ledger") as served:
        for token in (None, texts["reader"]):
            with Client(served.url, anchor_of(world), token=token) as client:
                flushed = outbox.flush(client, timeout=5)
                assert isinstance(flushed.stopped, AuthorityError)
                assert flushed.waiting == 3
        with Client(served.url, anchor_of(world), token=texts["sender"]) as client:
            assert outbox.flush(client, timeout=30).waiting == 0


def test_two_flushers_deliver_once(tmp_path: Path) -> None:
    """Several processes over one outbox deliver everything, each event by one of them."""
    world = many(60)
    found_ledger(tmp_path / "ledger", world)
    parcels = parcels_of(world)
    root = tmp_path / "outbox"
    for parcel in parcels:
        Outbox(root).spool.add(parcel)
    delivered: Counter[str] = Counter()
    with serving(tmp_path / "ledger") as served:

        def flush() -> None:
            with Client(served.url, anchor_of(world)) as client:
                while Outbox(root).status().waiting:
                    flushed = Outbox(root).flush(client, timeout=30)
                    delivered.update(event_id for event_id, _ in flushed.delivered)
                    time.sleep(0.01)

        threads = [threading.Thread(target=flush) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(envelopes_in(served)) == len(parcels) + 1
    assert delivered == Counter(parcel.event_id for parcel in parcels)


@contextmanager
def between(served: Served, change: Callable[[str, bytes], bytes]) -> Iterator[str]:
    """The address of a proxy that passes requests on and changes answers."""

    class Handler(BaseHTTPRequestHandler):
        """Passes one request on."""

        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
            answer = plain(served.port, self.command, self.path, self.rfile.read(length), headers)
            body = change(self.path, answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _pass  # noqa: N815 -- names that the library looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
            """Says nothing."""

    class Proxy(socketserver.ThreadingMixIn, socketserver.TCPServer):
        """Answers on any free port."""

        daemon_threads = True

    with Proxy(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.server_address[1]}"
        finally:
            proxy.shutdown()
            thread.join()


def test_tampered_receipt_is_refused(world: World, tmp_path: Path) -> None:
    """A receipt that something in between altered stops the client; the event stays in the outbox."""
    found_ledger(tmp_path / "ledger", world)
    parcels = parcels_of(world)

    def altered(path: str, body: bytes) -> bytes:
        if not path.startswith("/v1/events"):
            return body
        return body.replace(b'"received_at":"2', b'"received_at":"3')

    outbox = Outbox(tmp_path / "outbox")
    with serving(tmp_path / "ledger") as served, between(served, altered) as url:
        with Client(url, anchor_of(world)) as client, pytest.raises(ChainError):
            outbox.deliver(parcels[0], client, budget=30)
        assert outbox.status().waiting == (parcels[0].event_id,)
        with Client(served.url, anchor_of(world)) as client:
            assert len(outbox.flush(client, timeout=30).delivered) == 1


def test_swapped_receipts_are_refused(world: World, tmp_path: Path) -> None:
    """Receipts that are genuine but for the other event of a batch are refused."""
    found_ledger(tmp_path / "ledger", world)
    parcels = parcels_of(world)[:2]

    def swapped(path: str, body: bytes) -> bytes:
        return b"\n".join(reversed(body.splitlines())) + b"\n" if path.endswith(":batch") else body

    with (
        serving(tmp_path / "ledger") as served,
        between(served, swapped) as url,
        Client(url, anchor_of(world)) as client,
    ):
        with pytest.raises(ChainError) as caught:
            client.deliver(parcels, deadline=time.monotonic() + 30)
        assert caught.value.slug == "receipt-differs"


def test_proxy_page_is_no_refusal(world: World, tmp_path: Path) -> None:
    """A page of something that is no ledger, whatever its status, gives no event up."""
    found_ledger(tmp_path / "ledger", world)
    outbox = Outbox(tmp_path / "outbox")
    page = b"<html>sign in</html>"
    with (
        serving(tmp_path / "ledger") as served,
        between(served, lambda _path, _body: page) as url,
        Client(url, anchor_of(world)) as client,
    ):
        outcome = outbox.deliver(parcels_of(world)[0], client, budget=5)
        assert isinstance(outcome, Spooled)
        assert isinstance(outcome.reason, UnavailableError)


def test_restored_copy_is_found_out(tmp_path: Path) -> None:
    """A server that goes on from an older copy of its ledger is refused by a client that saw the newer one."""
    world = many(8)
    parcels = parcels_of(world)
    ledger, memory = tmp_path / "ledger", tmp_path / "memory"
    found_ledger(ledger, world)
    with serving(ledger) as served, Client(served.url, anchor_of(world), memory=memory) as client:
        for parcel in parcels[:5]:
            client.record(parcel)
        assert served.stop() == 0
    shutil.copytree(ledger, tmp_path / "copy")
    with serving(ledger) as served, Client(served.url, anchor_of(world), memory=memory) as client:
        for parcel in parcels[5:]:
            client.record(parcel)
    with serving(tmp_path / "copy") as served, Client(served.url, anchor_of(world), memory=memory) as client:
        with pytest.raises(ChainError) as caught:
            client.checkpoint()
        assert caught.value.slug == "checkpoint-shrank"
        with pytest.raises(ChainError):
            client.record(parcels[5])


def test_other_ledgers_server_is_refused(world: World, tmp_path: Path) -> None:
    """A server of another ledger is refused, also one with the same log key and name."""
    found_ledger(tmp_path / "ledger", world)
    parcel = parcels_of(world)[0]
    anchor = replace(anchor_of(world), origin="ledger.example.com/other")
    with serving(tmp_path / "ledger") as served, Client(served.url, anchor) as client:
        with pytest.raises(ChainError):
            client.record(parcel)
        with pytest.raises(ChainError):
            client.checkpoint()
