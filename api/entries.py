"""Reading entries, envelopes and contents, each in the bytes it was stored in."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.answers import NO_STORE, bytes_answer, immutable, json_answer, read_parameter
from api.examples import CONTENT, ENTRY, ENVELOPE, IDENTIFIERS, PAGE, RECEIPT
from ledger.digests import Digest, parse_digest
from ledger.entry import LEDGER_STREAM, leaf_bytes
from ledger.errors import FormatError, NotFoundError
from ledger.events.shape import event_id as read_event_id
from ledger.events.shape import label, object_id, principal_id, project_id, token
from ledger.store import Query as Wanted

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.store import Entry, Store

ENVELOPE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
MAX_PAGE: Final = 1_000
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
"""A page ends early rather than grow beyond this; its Link header goes on from there."""
MAX_COUNT: Final = 2**53 - 1

IfNoneMatch = Annotated[str, Header(description="ETags that the client holds")]
Index = Annotated[int, Path(ge=0, le=MAX_COUNT, description="Index of the entry, from 0")]
DigestPath = Annotated[str, Path(description="`sha256:` and 64 hex digits")]


def entry_bytes(entry: Entry) -> bytes:
    """Canonical JSON of an entry: envelope, event id and leaf, in the bytes that were digested."""
    return b'{"envelope":%s,"event_id":"%s","leaf":%s}' % (
        entry.envelope,
        entry.event_id.encode("ascii"),
        leaf_bytes(entry.leaf),
    )


def entry_routes(store: Store) -> APIRouter:  # noqa: C901 -- six routes, each a few lines
    """The routes that read entries, envelopes and contents."""
    router = APIRouter(prefix="/v1")

    @router.get(
        "/events",
        operation_id="listEvents",
        summary="Entries for which every given filter holds, ascending by index",
        tags=["events"],
        response_class=Response,
        responses=PAGE,
    )
    def list_events(
        request: Request,
        event_id: Annotated[str | None, Query(description="Event id (UUIDv7); goes with no other filter")] = None,
        commit: Annotated[str | None, Query(description="Git commit")] = None,
        tree: Annotated[str | None, Query(description="Git tree")] = None,
        manifest: Annotated[str | None, Query(description="Digest of a change manifest")] = None,
        artifact: Annotated[str | None, Query(description="Digest of an artifact; not together with manifest")] = None,
        change: Annotated[str | None, Query(description="Change, as its forge numbers it")] = None,
        release: Annotated[str | None, Query(description="`product@version`")] = None,
        principal: Annotated[str | None, Query(description="Principal id: who signed, acted, or is acted upon")] = None,
        kind: Annotated[str | None, Query(description="Kind of event")] = None,
        project: Annotated[str | None, Query(description="Project id, or `ledger` for the ledger's own stream")] = None,
        reference: Annotated[str | None, Query(description="Envelope digest that the entries refer to")] = None,
        incident: Annotated[
            str | None,
            Query(description="Incident, as its tracker numbers it: the incident itself and exceptions for it"),
        ] = None,
        before: Annotated[
            int | None, Query(ge=0, le=MAX_COUNT, description="Only entries before this position")
        ] = None,
        after: Annotated[int, Query(ge=0, le=MAX_COUNT, description="Only entries from this position on")] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many entries")] = 100,
    ) -> Response:
        digest = read_parameter(parse_digest, manifest, "manifest")
        built = read_parameter(parse_digest, artifact, "artifact")
        if digest is not None and built is not None:
            raise _not_together("artifact")
        wanted = Wanted(
            stream=read_parameter(_stream, project, "project"),
            kind=read_parameter(label, kind, "kind"),
            change=read_parameter(token, change, "change"),
            release=read_parameter(token, release, "release"),
            tree=read_parameter(object_id, tree, "tree"),
            commit=read_parameter(object_id, commit, "commit"),
            sha256=digest or built,
            principal=read_parameter(principal_id, principal, "principal"),
            reference=read_parameter(parse_digest, reference, "reference"),
            incident=read_parameter(token, incident, "incident"),
            before=before,
        )
        if event_id is not None:
            if wanted != Wanted():
                raise _not_together("event_id")
            return _by_event_id(store, str(read_parameter(read_event_id, event_id, "event_id")))
        page = store.list_entries(wanted, after=after - 1, limit=limit)
        shown, cut = _within(page.entries)
        following = shown[-1].index + 1 if cut else None if page.next is None else page.next + 1
        headers = {}
        if following is not None:
            given = [item for item in request.query_params.multi_items() if item[0] not in {"after", "limit"}]
            query = urlencode([*given, ("after", following), ("limit", limit)])
            headers["Link"] = f'</v1/events?{query}>; rel="next"'
        return bytes_answer(_page(shown), "application/json", cache=NO_STORE, headers=headers)

    @router.get(
        "/events/{index}",
        operation_id="getEvent",
        summary="The entry at an index",
        tags=["events"],
        response_class=Response,
        responses=ENTRY,
    )
    def get_event(index: Index, if_none_match: IfNoneMatch = "") -> Response:
        entry = store.entry(index)
        return immutable(entry_bytes(entry), "application/json", entry.leaf_digest.hex(), if_none_match)

    @router.get(
        "/events/{index}/receipt",
        operation_id="getReceipt",
        summary="A receipt for the entry at an index, under the latest checkpoint",
        tags=["events"],
        response_class=Response,
        responses=RECEIPT,
    )
    def get_receipt(index: Index) -> Response:
        return bytes_answer(store.receipt(index).data, "application/json")

    @router.get(
        "/identifiers/{beginning}",
        operation_id="listIdentifiers",
        summary="Git object ids and digests in entries that begin with these digits, at most ten",
        tags=["events"],
        response_class=Response,
        responses=IDENTIFIERS,
    )
    def list_identifiers(
        beginning: Annotated[str, Path(pattern="^[0-9a-f]{4,64}$", description="4 to 64 hex digits")],
    ) -> Response:
        return json_answer({"identifiers": store.identifiers_starting(beginning)})

    @router.get(
        "/envelopes/{digest}",
        operation_id="getEnvelope",
        summary="The bytes of an envelope exactly as they were received",
        tags=["events"],
        response_class=Response,
        responses=ENVELOPE,
    )
    def get_envelope(digest: DigestPath, if_none_match: IfNoneMatch = "") -> Response:
        wanted = _digest(digest)
        entry = store.entry_by_envelope(wanted)
        return immutable(entry.envelope, ENVELOPE_TYPE, wanted[7:], if_none_match)

    @router.get(
        "/contents/{commitment}",
        operation_id="getContent",
        summary="The bytes of a content; the salt of its commitment is in the header Content-Salt",
        tags=["contents"],
        response_class=Response,
        responses=CONTENT,
    )
    def get_content(commitment: DigestPath) -> Response:
        found = store.content(_digest(commitment))
        if found.state != "held" or found.salt is None:
            raise absent_content(found.state)
        headers = {
            # Hostile bytes: no browser may show them as a page of this server.
            "Content-Disposition": "attachment",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Salt": b64encode(found.salt).decode("ascii"),
            "Cache-Control": NO_STORE,
        }
        if found.size_bytes is not None:
            headers["Content-Length"] = str(found.size_bytes)
        return StreamingResponse(found.pieces(), media_type="application/octet-stream", headers=headers)

    return router


def _by_event_id(store: Store, event_id: str) -> Response:
    found: tuple[Entry, ...] = ()
    with suppress(NotFoundError):
        found = (store.entry_by_event(event_id),)
    return bytes_answer(_page(found), "application/json")


def _page(entries: tuple[Entry, ...]) -> bytes:
    return b'{"entries":[%s]}' % b",".join(map(entry_bytes, entries))


def _within(entries: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], bool]:
    """The first entries that fit a page, at least one, and whether some did not."""
    size = 0
    for number, entry in enumerate(entries):
        size += len(entry.envelope)
        if number and size > MAX_PAGE_BYTES:
            return entries[:number], True
    return entries, False


def _stream(value: JSON, where: str) -> str:
    return LEDGER_STREAM if value == LEDGER_STREAM else str(project_id(value, where))


def _digest(text: str) -> Digest:
    found = read_parameter(parse_digest, text, "digest")
    assert found is not None
    return found


def absent_content(state: str) -> NotFoundError:
    """Why a content in that state cannot be read."""
    match state:
        case "withheld":
            return NotFoundError("content-withheld", "the signer kept the content and sent its commitment only")
        case "erased":
            return NotFoundError("content-erased", "the content was erased")
        case _:
            return NotFoundError("content-missing", "the content is not here")


def _not_together(name: str) -> FormatError:
    return FormatError("bad-parameter", "this parameter does not go with the others", where=name)
