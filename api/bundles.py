"""Bundles: a release or a period with everything that it takes to verify it elsewhere (format §8)."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from fastapi.responses import Response, StreamingResponse

from api.answers import NO_STORE, read_parameter
from api.examples import BUNDLE
from ledger.bundle import write_bundle
from ledger.digests import Digest, parse_digest
from ledger.errors import FormatError, NotFoundError, UnavailableError
from ledger.events.shape import project_id, token
from ledger.standalone import published_verifier
from ledger.store import Query as Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.store import Cut, Store

MOST_AT_ONCE: Final = 2
"""Bundles made at the same time: each may hold a gibibyte of memory."""
PIECE_BYTES: Final = 1024 * 1024
MAX_COUNT: Final = 2**53 - 1


def bundle_routes(store: Store) -> APIRouter:
    """The routes that serve bundles."""
    router = APIRouter(prefix="/v1/bundles")
    room = BoundedSemaphore(MOST_AT_ONCE)

    def bundle(cut: Cut, name: str) -> Response:
        if not room.acquire(blocking=False):
            raise UnavailableError("queue-full", "as many bundles as this server makes at once are being made")
        try:
            data = write_bundle(store.export(cut), published_verifier())
        finally:
            room.release()
        headers = {
            "Cache-Control": NO_STORE,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(len(data)),
        }
        return StreamingResponse(_pieces(data), media_type="application/zip", headers=headers)

    @router.get(
        "/release/{release:path}",
        operation_id="getReleaseBundle",
        summary="The bundle of a release, by the envelope digest of its event or by `product@version`",
        tags=["bundles"],
        response_class=Response,
        responses=BUNDLE,
    )
    def release_bundle(
        release: Annotated[str, PathParameter(max_length=128)],
        position: Annotated[
            int | None, Query(ge=1, le=MAX_COUNT, description="As of this position; by default now")
        ] = None,
    ) -> Response:
        digest = release_digest(store, release)
        return bundle(store.cut_release(digest, position), f"release-{digest[7:19]}.zip")

    @router.get(
        "/period",
        operation_id="getPeriodBundle",
        summary="The bundle of all entries from one position to another",
        tags=["bundles"],
        response_class=Response,
        responses=BUNDLE,
    )
    def period_bundle(
        start: Annotated[int, Query(alias="from", ge=0, le=MAX_COUNT, description="First position")],
        end: Annotated[int, Query(alias="to", ge=1, le=MAX_COUNT, description="Position after the last entry")],
        project: Annotated[list[str] | None, Query(max_length=64, description="Project ids; by default all")] = None,
    ) -> Response:
        if start >= end:
            raise FormatError("bad-parameter", "the period is empty", where="to")
        if end > store.size():
            raise NotFoundError("no-such-position", "the log is not that long yet", details={"asked": end})
        projects = None if project is None else [str(read_parameter(project_id, item, "project")) for item in project]
        return bundle(store.cut_period(start, end, projects), f"period-{start}-{end}.zip")

    return router


def release_digest(store: Store, text: str) -> Digest:
    """Envelope digest of the release that ``text`` names; of several events for one name, the latest counts."""
    if text.startswith("sha256:"):
        digest = read_parameter(parse_digest, text, "release")
        assert digest is not None
        return digest
    name = read_parameter(token, text, "release")
    found: Digest | None = None
    after: int | None = -1
    while after is not None:
        page = store.list_entries(Wanted(kind="release", release=name), after=after, limit=1000)
        found = page.entries[-1].leaf.envelope if page.entries else found
        after = page.next
    if found is None:
        raise NotFoundError(
            "no-such-release",
            "the ledger holds no release of that name",
            remedy="See which there are: evidence log --kind release. Record one: evidence record release",
        )
    return found


def _pieces(data: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    for start in range(0, len(data), PIECE_BYTES):
        yield bytes(view[start : start + PIECE_BYTES])
