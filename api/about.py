"""What a server says of its ledger and of itself."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.answers import json_answer
from api.examples import LEDGER, LIVE, READY, ROSTER, VERSION
from api.rosters import roster_value
from ledger.anchor import Anchor, format_anchor
from ledger.errors import LedgerError, NotFoundError
from ledger.events.shape import instant

if TYPE_CHECKING:
    from ledger.canonical import Encodable
    from ledger.store import Store

MAX_COUNT: Final = 2**53 - 1
CLOCK_SLACK_SECONDS: Final = 60
"""A clock further than this behind the last entry is wrong: times of entries would stand still until it catches up."""


def about_routes(store: Store, anchor: Anchor) -> APIRouter:
    """The routes about ledger, roster and health."""
    router = APIRouter()

    @router.get(
        "/v1/ledger",
        operation_id="getLedger",
        summary="Which ledger this is; compare the anchor with one obtained elsewhere",
        tags=["ledger"],
        response_class=Response,
        responses=LEDGER,
    )
    def ledger() -> Response:
        return json_answer(
            {
                "admins_required": store.roster.core.admins_required,
                "anchor": format_anchor(anchor),
                "ledger": store.ledger,
                "position": store.size(),
                "roster": store.roster.count,
            }
        )

    @router.get(
        "/v1/roster",
        operation_id="getRoster",
        summary="Principals, keys, grants, projects and policies at a position; by default now",
        tags=["ledger"],
        response_class=Response,
        responses=ROSTER,
    )
    def roster(
        position: Annotated[int | None, Query(ge=1, le=MAX_COUNT, description="A count of entries")] = None,
    ) -> Response:
        size = store.size()
        if position is not None and position > size:
            raise NotFoundError(
                "no-such-position", "the log is not that long yet", details={"asked": position, "size": size}
            )
        at = size if position is None else position
        return json_answer(roster_value(store.roster_at(at), at))

    @router.get(
        "/livez",
        operation_id="getLive",
        summary="The process answers",
        tags=["health"],
        response_class=Response,
        responses=LIVE,
    )
    def live() -> Response:
        return json_answer({"status": "live"})

    @router.get(
        "/readyz",
        operation_id="getReady",
        summary="The ledger can be read, its checkpoint store too, and the clock is sane; nothing is written",
        tags=["health"],
        response_class=Response,
        responses=READY,
    )
    def ready() -> Response:
        checks: dict[str, Encodable] = {}
        try:
            last = store.entry(store.size() - 1)
            checks["ledger"] = "ok"
            behind = instant(last.leaf.received_at).timestamp() - time.time()
            checks["clock"] = "ok" if behind < CLOCK_SLACK_SECONDS else "behind-the-last-entry"
        except LedgerError as error:
            checks["ledger"] = error.slug
        try:
            store.latest_checkpoint()
            checks["checkpoints"] = "ok"
        except LedgerError as error:
            checks["checkpoints"] = error.slug
        if set(checks.values()) == {"ok"}:
            return json_answer({"checks": checks, "status": "ready"})
        answer = json_answer({"checks": checks, "status": "not-ready"})
        answer.status_code = 503
        return answer

    @router.get(
        "/version",
        operation_id="getVersion",
        summary="Versions of the program and of the format it speaks",
        tags=["health"],
        response_class=Response,
        responses=VERSION,
    )
    def program_version() -> Response:
        return json_answer({"format": 1, "version": version("evidence-ledger")})

    return router
