"""The OpenAPI 3.1 document: the routes that FastAPI knows, the lean ones beside it, and problems as they are sent."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from api.access import scope_needed
from api.examples import (
    CONTENT_ANSWER_EXAMPLE,
    ENVELOPE_EXAMPLE,
    PROBLEM_EXAMPLE,
    RECEIPT_EXAMPLE,
    SCHEMAS,
    documented,
)
from api.ingest import BATCH_TYPES, CONTENT_TYPES, EVENT_TYPES, MAX_BATCH_BYTES, MAX_BATCH_LINES
from api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from fastapi import FastAPI

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_RECEIPT: Final = {"$ref": "#/components/schemas/Receipt"}

DESCRIPTION: Final = (
    "Signed evidence about software changes in an append-only log. Errors are RFC 9457 problem documents whose "
    "`slug` is a heading of docs/errors.md. Bytes are defined by docs/format.md. A token opens scopes: `ingest` to "
    "send, `read` to read, `contents` for contents and bundles; a server on loopback without tokens is open to the "
    "programs of its machine."
)


def _body(types: frozenset[str], schema: dict[str, Any], example: object = None) -> dict[str, Any]:
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"required": True, "content": dict.fromkeys(sorted(types), content)}


LEAN_PATHS: Final[dict[str, dict[str, Any]]] = {
    "/v1/events": {
        "post": {
            "operationId": "recordEvent",
            "summary": "Takes one envelope and answers with its receipt, once it is durable",
            "description": "The same bytes again get the same leaf. Contents go first.",
            "tags": ["events"],
            "requestBody": _body(EVENT_TYPES, {"$ref": "#/components/schemas/Envelope"}, ENVELOPE_EXAMPLE),
            "responses": {
                "201": documented(
                    "In the log", "application/json", _RECEIPT, RECEIPT_EXAMPLE, Location="Where the entry is read"
                )
            },
        }
    },
    "/v1/events:batch": {
        "post": {
            "operationId": "recordEvents",
            "summary": "Takes envelopes, one a line, and answers a receipt or a problem a line, in the same order",
            "description": f"At most {MAX_BATCH_LINES} lines and {MAX_BATCH_BYTES} bytes. A line that is refused "
            "does not fail the others: a problem has the member `slug`, a receipt the member `leaf`.",
            "tags": ["events"],
            "requestBody": _body(BATCH_TYPES, {"type": "string"}),
            "responses": {
                "200": documented("A line for each line", "application/jsonl", {"oneOf": [_RECEIPT, _PROBLEM]})
            },
        }
    },
    "/v1/contents": {
        "post": {
            "operationId": "putContent",
            "summary": "Takes a content of at most 64 MiB and answers with its commitment, once it is durable",
            "tags": ["contents"],
            "parameters": [
                {
                    "name": "Content-Salt",
                    "in": "header",
                    "required": True,
                    "description": "Base64 of the 32 random bytes under which the signer made the commitment",
                    "schema": {"type": "string", "contentEncoding": "base64"},
                }
            ],
            "requestBody": _body(CONTENT_TYPES, {"type": "string", "contentMediaType": "application/octet-stream"}),
            "responses": {
                "201": documented(
                    "Stored",
                    "application/json",
                    {
                        "type": "object",
                        "properties": {"commitment": {"type": "string"}, "size_bytes": {"type": "integer"}},
                        "required": ["commitment", "size_bytes"],
                    },
                    CONTENT_ANSWER_EXAMPLE,
                )
            },
        }
    },
}

_REFUSALS: Final = {
    "401": "A token is wanted, or this one is not known, ended or revoked",
    "403": "The token, or the key, may not do this",
    "404": "There is no such thing in this ledger",
    "422": "A parameter, or the bytes sent, are not of the form",
    "503": "Try again later",
}
_WRITE_REFUSALS: Final = {
    "400": "Not JSON in the one byte form",
    "408": "The body did not arrive in time",
    "409": "The ledger holds something else there, or a content or reference is missing",
    "413": "Too long",
    "415": "Another media type is wanted",
    "429": "The queue is full: try again after Retry-After",
}


def document(app: FastAPI, version: str) -> dict[str, Any]:
    """The OpenAPI document of the whole server."""
    made = get_openapi(
        title="Evidence Ledger",
        version=version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
    )
    for path, operations in deepcopy(LEAN_PATHS).items():
        made["paths"].setdefault(path, {}).update(operations)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    # FastAPI's own models of a refused request: this server never sends them.
    components = made.setdefault("components", {})
    components["schemas"] = dict(sorted(SCHEMAS.items()))
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "el_pat_..."}}
    made["paths"] = dict(sorted(made["paths"].items()))
    return made


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    needed = scope_needed(method.upper(), path)
    operation["security"] = [] if needed is None else [{}, {"token": [needed]}]
    if needed is None:
        return
    refusals = _REFUSALS | (_WRITE_REFUSALS if method == "post" else {})
    for status, description in sorted(refusals.items()):
        responses.setdefault(status, documented(description, MEDIA_TYPE, _PROBLEM, PROBLEM_EXAMPLE))
