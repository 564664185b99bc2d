"""Reading over HTTP: the bytes are those that were sent, and proofs hold."""

from __future__ import annotations

import json
from base64 import b64decode
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from ledger.anchor import format_anchor
from ledger.canonical import encode
from ledger.checkpoint import open_checkpoint
from ledger.client import Client, find_anchor
from ledger.digests import commitment, digest_bytes
from ledger.entry import leaf_digest, parse_leaf
from ledger.errors import ChainError, NotFoundError
from ledger.merkle import parse_entry_bundle, root, verify_consistency, verify_inclusion
from ledger.receipt import Receipt
from ledger.verify.run import verify_bundle
from tests.api.serving import anchor_of, found_ledger, parcels_of, plain, serving
from tests.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.serving import Plain, Served


def read(served: Served, path: str, **headers: str) -> Plain:
    """A GET without our client's care."""
    return plain(served.port, "GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})


def value(served: Served, path: str) -> Any:  # noqa: ANN401 -- JSON
    """The JSON of an answer that must be 200."""
    answer = read(served, path)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


def test_entries_are_those_that_were_sent(served: Served, world: World) -> None:
    """Every entry comes back with the envelope's bytes, in the order of the world, under a leaf of its own."""
    for index, (leaf, envelope) in enumerate(world.entries):
        found = value(served, f"/v1/events/{index}")
        assert encode(found["envelope"]) == envelope.data
        assert found["leaf"]["kind"] == leaf.kind
        assert read(served, f"/v1/envelopes/{envelope.digest}").body == envelope.data


def test_entry_never_changes(served: Served, world: World) -> None:
    """An entry has a tag, may be kept for ever, and is not sent again to who has it."""
    first = read(served, "/v1/events/3")
    assert "immutable" in first.headers["cache-control"]
    again = read(served, "/v1/events/3", If_None_Match=f'"x", {first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert read(served, "/v1/events/3", If_None_Match='"x"').body == first.body


def test_pages_follow_each_other(served: Served, world: World) -> None:
    """Following the links of any page size gives every entry once, ascending, and tells no total."""
    for limit in (1, 3, 100):
        path = f"/v1/events?limit={limit}"
        seen: list[int] = []
        while path:
            answer = read(served, path)
            page = json.loads(answer.body)
            assert set(page) == {"entries"}
            seen += [entry["leaf"]["index"] for entry in page["entries"]]
            link = answer.headers.get("link", "")
            path = link.partition(">")[0].removeprefix("<")
        assert seen == list(range(len(world.entries)))


def test_filters_find_and_leave_out(served: Served, world: World) -> None:
    """Each filter finds what concerns its value and nothing else."""
    by_kind = {record.event.kind: record for record in world.records_list}
    diff = by_kind["diff"]
    body: Any = diff.event.body
    project = world.projects["shop"]
    robot = world.members["Robot"].principal
    queries = {
        f"event_id={diff.event.context.event_id}": [diff.index],
        f"commit={body.head}": [diff.index, by_kind["test"].index, by_kind["release"].index],
        f"manifest={body.manifest}": None,
        "change=pull/1": None,
        "kind=diff": [diff.index],
        f"project={project}&kind=prompt": [by_kind["prompt"].index],
        f"principal={robot}&kind=diff": [diff.index],
        f"reference={by_kind['prompt'].envelope}": None,
        "kind=deploy": [],
        "event_id=019a9f6e-7c1a-7b3e-9d52-6f0a1b2c3d4e": [],
        f"kind=diff&before={diff.index}": [],
        f"kind=diff&after={diff.index}": [diff.index],
        f"kind=diff&after={diff.index + 1}": [],
        f"tree={body.tree}&kind=test": [by_kind["test"].index],
    }
    for query, expected in queries.items():
        found = [entry["leaf"]["index"] for entry in value(served, f"/v1/events?{query}")["entries"]]
        if expected is None:
            assert diff.index in found, query
            assert 0 not in found, query
        else:
            assert found == expected, query


def test_contents_match_their_commitments(served: Served, world: World) -> None:
    """A content comes with the salt under which its commitment is computed again, and cannot pass for a page."""
    for digest, stored in world.contents.items():
        answer = read(served, f"/v1/contents/{digest}")
        assert answer.body == stored.data
        assert commitment(b64decode(answer.headers["content-salt"]), answer.body) == digest
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"] == "attachment"
        assert answer.headers["cache-control"] == "no-store"


def test_proofs_lead_to_the_signed_root(served: Served, world: World) -> None:
    """Inclusion and consistency proofs hold under the served checkpoint, and the tiles give the same root."""
    anchor = anchor_of(world)
    note = read(served, "/checkpoint")
    assert note.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = open_checkpoint(note.body, anchor.origin, anchor.log_key)
    size = checkpoint.size
    bundle = read(served, f"/tile/entries/000.p/{size}").body
    leaves = [leaf_digest(parse_leaf(data)) for data in parse_entry_bundle(bundle)]
    assert root(leaves) == checkpoint.root
    assert read(served, f"/tile/0/000.p/{size}").body == b"".join(leaves)
    for index in range(size):
        proof = value(served, f"/v1/proofs/inclusion?index={index}&size={size}")
        path = [b64decode(item) for item in proof["hashes"]]
        verify_inclusion(leaves[index], index, size, path, checkpoint.root)
        proof = value(served, f"/v1/proofs/consistency?old={index + 1}&new={size}")
        path = [b64decode(item) for item in proof["hashes"]]
        verify_consistency(index + 1, size, root(leaves[: index + 1]), checkpoint.root, path)


@pytest.mark.parametrize(
    "path", ["000", "000.p/255", "001.p/1", "x001/000", "0", "000.p/0", "000.p/256", "../checkpoint"]
)
def test_tiles_that_are_not_there(served: Served, path: str) -> None:
    """A tile beyond the log, or another spelling, is a problem and no empty file."""
    answer = read(served, f"/tile/0/{path}")
    assert answer.status in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_roster_at_a_position(served: Served, world: World) -> None:
    """The roster tells who holds what at a position, and nothing of names."""
    now = value(served, "/v1/roster")
    assert now["roster"] == world.roster.count
    assert {item["id"] for item in now["principals"]} == set(world.roster.principals)
    assert {item["id"] for item in now["keys"]} == set(world.roster.keys)
    early = value(served, "/v1/roster?position=1")
    assert len(early["principals"]) == 1
    assert b"Ada" not in read(served, "/v1/roster").body
    assert read(served, "/v1/roster?position=999").status == 404


def test_ledger_names_its_anchor(served: Served, world: World) -> None:
    """The anchor of the ledger is told, and its id is proved by genesis alone."""
    told = value(served, "/v1/ledger")
    assert told["ledger"] == world.ledger
    assert told["position"] == len(world.entries)
    assert find_anchor(served.url, world.ledger) == anchor_of(world)
    with pytest.raises(ChainError):
        find_anchor(served.url, digest_bytes(b"another"))


def test_client_reads_what_it_can_check(served: Served, world: World) -> None:
    """Entries, envelopes, contents, receipts and checkpoints pass the client's checks."""
    with Client(served.url, anchor_of(world)) as client:
        assert client.checkpoint().size == len(world.entries)
        assert [leaf.index for leaf, _ in client.find({"limit": 4})] == list(range(len(world.entries)))
        leaf, envelope = client.entry(5)
        assert (leaf.index, envelope) == (5, world.entries[5][1].data)
        assert client.envelope(world.entries[5][1].digest) == envelope
        assert client.receipt(5).leaf == leaf
        digest, stored = next(iter(world.contents.items()))
        assert client.content(digest).data == stored.data
        with pytest.raises(NotFoundError) as caught:
            client.content(digest_bytes(b"nothing"))
        assert caught.value.slug == "content-missing"
        with pytest.raises(NotFoundError):
            client.entry(10_000)


def test_health_writes_nothing_and_tells_versions(served: Served) -> None:
    """Liveness, readiness and version answer without a word about the ledger's contents."""
    assert value(served, "/livez") == {"status": "live"}
    assert value(served, "/readyz") == {
        "checks": {"checkpoints": "ok", "clock": "ok", "ledger": "ok"},
        "status": "ready",
    }
    assert value(served, "/version")["format"] == 1


def test_bundles_verify(served: Served, world: World) -> None:
    """A release by name or digest, and a period, come as bundles that pass every check with the anchor alone."""
    release = world.records_list[-1]
    asked: list[tuple[str, dict[str, int]]] = [
        ("release/payments@1.0", {}),
        (f"release/{release.envelope}", {}),
        ("period", {"from": 0, "to": len(world.entries)}),
        ("period", {"from": 3, "to": 9}),
    ]
    made = []
    pieces: list[bytes] = []
    with Client(served.url, anchor_of(world)) as client:
        for path, query in asked:
            pieces.clear()
            client.bundle(path, pieces.append, query)
            made.append(b"".join(pieces))
            assert verify_bundle(made[-1], format_anchor(anchor_of(world))).failures == ()
        for path, query in (("release/payments@9.9", {}), ("period", {"from": 0, "to": 10_000})):
            with pytest.raises(NotFoundError):
                client.bundle(path, pieces.append, query)
    assert made[0] == made[1]


def test_tiles_of_a_longer_log(tmp_path: Path) -> None:
    """With more than 256 entries the full tile, the partial one, and the level above agree with the signed root."""
    world = World()
    world.project("shop")
    robot = world.machine("Robot", ["test"])
    for number in range(300):
        world.run("shop", "a" * 40, "b" * 40, robot, attempt=number + 1)
    found_ledger(tmp_path, world)
    with serving(tmp_path) as running, Client(running.url, anchor_of(world)) as client:
        assert all(isinstance(item, Receipt) for item in client.deliver(parcels_of(world), deadline=monotonic() + 60))
        checkpoint = client.checkpoint()
        rest = checkpoint.size - 256
        digests = read(running, "/tile/0/000").body + read(running, f"/tile/0/001.p/{rest}").body
        leaves = [digests[at : at + 32] for at in range(0, len(digests), 32)]
        assert root(leaves) == checkpoint.root
        assert read(running, "/tile/1/000.p/1").body == root(leaves[:256])
        bundled = parse_entry_bundle(read(running, "/tile/entries/000").body)
        assert [leaf_digest(parse_leaf(data)) for data in bundled] == leaves[:256]
        assert read(running, "/tile/1/000").status == 404


def test_the_beginning_of_a_digest_is_completed(served: Served, world: World) -> None:
    """Four digits on, to what entries name; anything else is refused."""
    digest = world.entries[-1][1].digest
    assert value(served, f"/v1/identifiers/{digest[7:19]}") == {"identifiers": [digest]}
    for wrong in ("abc", "xyz0", "0" * 65):
        assert read(served, f"/v1/identifiers/{wrong}").status == 422
