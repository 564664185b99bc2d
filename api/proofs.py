"""Proofs, checkpoints and tiles: what an auditor, a monitor or a witness asks for (format §5, C2SP tlog-tiles)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from api.answers import IMMUTABLE, SHORT, bytes_answer, json_answer
from api.examples import CONSISTENCY, INCLUSION, NOTE, TILE
from ledger.entry import leaf_bytes
from ledger.errors import FormatError, NotFoundError
from ledger.merkle import TILE_WIDTH, encode_entry_bundle, node_hash, parse_tile_path, tile_exists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.merkle import Tile
    from ledger.store import Store

NOTE_TYPE: Final = "text/plain; charset=utf-8"
TILE_TYPE: Final = "application/octet-stream"
MAX_COUNT: Final = 2**53 - 1

Size = Annotated[int, Query(ge=1, le=MAX_COUNT, description="Size of a tree: a count of entries")]


def proof_routes(store: Store) -> APIRouter:
    """The routes that serve proofs, checkpoints and tiles."""
    router = APIRouter()

    @router.get(
        "/v1/proofs/inclusion",
        operation_id="getInclusionProof",
        summary="The inclusion path of an entry in the tree of a size (RFC 9162 §2.1.3), leaf sibling first",
        tags=["proofs"],
        response_class=Response,
        responses=INCLUSION,
    )
    def inclusion(
        index: Annotated[int, Query(ge=0, le=MAX_COUNT, description="Index of the entry")], size: Size
    ) -> Response:
        _within(store, size)
        if index >= size:
            raise FormatError("bad-parameter", "the index lies outside the tree of that size", where="index")
        hashes = [_base64(item) for item in store.inclusion(index, size)]
        return json_answer({"hashes": hashes, "index": index, "size": size}, cache=IMMUTABLE)

    @router.get(
        "/v1/proofs/consistency",
        operation_id="getConsistencyProof",
        summary="The proof that the tree of one size begins with that of another (RFC 9162 §2.1.4)",
        tags=["proofs"],
        response_class=Response,
        responses=CONSISTENCY,
    )
    def consistency(old: Size, new: Size) -> Response:
        _within(store, new)
        if old > new:
            raise FormatError("bad-parameter", "old is above new", where="old")
        hashes = [_base64(item) for item in store.consistency(old, new)]
        return json_answer({"hashes": hashes, "new": new, "old": old}, cache=IMMUTABLE)

    def checkpoint() -> Response:
        return bytes_answer(store.latest_checkpoint().note, NOTE_TYPE, cache=SHORT)

    for path, operation_id in (("/v1/checkpoint", "getCheckpoint"), ("/checkpoint", "getTiledCheckpoint")):
        router.get(
            path,
            operation_id=operation_id,
            summary="The latest published checkpoint (C2SP tlog-checkpoint)",
            tags=["proofs"],
            response_class=Response,
            responses=NOTE,
        )(checkpoint)

    @router.get(
        "/tile/{place:path}",
        operation_id="getTile",
        summary="256 digests or leaves, or the last ones of the log: a tile or entry bundle (C2SP tlog-tiles)",
        tags=["proofs"],
        response_class=Response,
        responses=TILE,
    )
    def tile(
        place: Annotated[str, Path(max_length=64, description="`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`")],
    ) -> Response:
        wanted = parse_tile_path(f"tile/{place}")
        size = store.latest_checkpoint().size
        if not tile_exists(wanted, size):
            raise NotFoundError("no-such-position", "the log is not that long yet", details={"size": size})
        if wanted.level is None:
            entries = store.entries(wanted.index * TILE_WIDTH, wanted.width)
            data = encode_entry_bundle(leaf_bytes(entry.leaf) for entry in entries)
        else:
            data = b"".join(_digests(store, wanted))
        return bytes_answer(data, TILE_TYPE, cache=IMMUTABLE)

    return router


def _digests(store: Store, tile: Tile) -> Iterator[bytes]:
    first = tile.index * TILE_WIDTH
    if not tile.level:
        for entry in store.entries(first, tile.width):
            yield entry.leaf_digest
        return
    height = 8 * tile.level
    for place in range(first, first + tile.width):
        # A digest of this level is the root over 2^height leaves: what the path of the first leaf leads to below it.
        start, end = place << height, (place + 1) << height
        digest = store.entry(start).leaf_digest
        for sibling in store.inclusion(start, end)[:height]:
            digest = node_hash(digest, sibling)
        yield digest


def _within(store: Store, size: int) -> None:
    # Nothing is proved beyond what was signed: a number of the head that no checkpoint covers could still be lost.
    known = store.latest_checkpoint().size
    if size > known:
        raise NotFoundError(
            "no-such-position", "the log has no checkpoint of that size", details={"asked": size, "size": known}
        )


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
