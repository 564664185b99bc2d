"""What answers look like, for the OpenAPI document: a schema and an example of each."""

from __future__ import annotations

from typing import Any, Final

DIGEST: Final = "sha256:3f1c1f5e4d0b9f0a7f2f8b0f6f3a9f0d3c5e7a1b2c4d6e8f0a1b2c3d4e5f6a7b"
HEX: Final = DIGEST[7:]
PRINCIPAL: Final = "p_5d41402abc4b2a76b9719d911017c592"
PROJECT: Final = "prj_7d793037a0760186574b0282f2f435e7"
EVENT_ID: Final = "019a9f6e-7c1a-7b3e-9d52-6f0a1b2c3d4e"
HASH_BASE64: Final = "wMEonwBgX419h4C59CZMc2zPuEzpFwjCsn5kJr/H2Kg="
CHECKPOINT: Final = (
    f"ledger.example.com/acme\n13\n{HASH_BASE64}\n\n"
    "\u2014 ledger.example.com/acme jd2QW/Dzpo5TZNW0zw3KIx7zK72g3JLGiVAsqcS+vmWRb1rW42y03Tvn1eFT2P/"
    "fHGk0qUimTl14mUmFuYv7/a6j2gA=\n"
)

LEAF_EXAMPLE: Final = {
    "about": {"change": "pull/41", "revision": 3, "tree": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
    "envelope": DIGEST,
    "index": 12,
    "key_id": DIGEST,
    "kind": "diff",
    "previous": HEX,
    "received_at": "2026-11-21T09:30:00.000Z",
    "roster": 9,
    "stream": PROJECT,
    "stream_index": 2,
    "stream_previous": HEX,
    "v": 1,
}
ENVELOPE_EXAMPLE: Final = {
    "payload": "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==",
    "payloadType": "application/vnd.in-toto+json",
    "signatures": [{"keyid": DIGEST, "sig": "A" * 86 + "=="}],
}
ENTRY_EXAMPLE: Final = {"envelope": ENVELOPE_EXAMPLE, "event_id": EVENT_ID, "leaf": LEAF_EXAMPLE}
RECEIPT_EXAMPLE: Final = {
    "leaf": LEAF_EXAMPLE,
    "proof": f"c2sp.org/tlog-proof@v1\nindex 12\n{HASH_BASE64}\n\n{CHECKPOINT}",
}
PROBLEM_EXAMPLE: Final = {
    "detail": "the event id is taken by other bytes",
    "error": "ConflictError",
    "slug": "event-id-taken",
    "status": 409,
    "title": "Event id taken",
    "type": "/errors#event-id-taken",
}
CONTENT_ANSWER_EXAMPLE: Final = {"commitment": DIGEST, "size_bytes": 1428}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(set(properties) - set(optional)),
    }


_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_DIGEST: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_HEX: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HASHES: Final = {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}}

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Leaf": _object(
        {
            "about": {"type": "object"},
            "envelope": _DIGEST,
            "index": _COUNT,
            "key_id": _DIGEST,
            "kind": _TEXT,
            "previous": _HEX,
            "received_at": {"type": "string", "format": "date-time"},
            "roster": _COUNT,
            "stream": _TEXT,
            "stream_index": _COUNT,
            "stream_previous": _HEX,
            "v": {"const": 1},
        }
    )
    | {"description": "An envelope's place in the log (format §5.1)", "examples": [LEAF_EXAMPLE]},
    "Envelope": _object(
        {
            "payload": {"type": "string", "contentEncoding": "base64"},
            "payloadType": {"const": "application/vnd.in-toto+json"},
            "signatures": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": _object({"keyid": _DIGEST, "sig": {"type": "string", "contentEncoding": "base64"}}),
            },
        }
    )
    | {
        "description": "A DSSE envelope in its one byte form (format §3), at most 65,536 bytes",
        "examples": [ENVELOPE_EXAMPLE],
    },
    "Entry": _object({"envelope": _ref("Envelope"), "event_id": _TEXT, "leaf": _ref("Leaf")})
    | {"examples": [ENTRY_EXAMPLE]},
    "Receipt": _object({"leaf": _ref("Leaf"), "proof": _TEXT})
    | {
        "description": "The leaf and a C2SP tlog-proof of its inclusion (format §5.6); check both",
        "examples": [RECEIPT_EXAMPLE],
    },
    "Problem": _object(
        {
            "detail": _TEXT,
            "details": {"type": "object", "description": "The values compared, by name"},
            "error": {"type": "string", "description": "Class of the error: what to do next"},
            "remedy": _TEXT,
            "slug": {"type": "string", "description": "Cause; a heading of docs/errors.md"},
            "status": {"type": "integer"},
            "title": _TEXT,
            "type": {"type": "string", "format": "uri-reference"},
            "where": {"type": "string", "description": "JSON Pointer, or the name of a parameter"},
        },
        optional=("details", "remedy", "where"),
    )
    | {"description": "RFC 9457 problem document", "examples": [PROBLEM_EXAMPLE]},
}


def documented(
    description: str, media_type: str, schema: dict[str, Any], example: object = None, **headers: str
) -> dict[str, Any]:
    """One documented answer; ``headers`` are names, with ``_`` for ``-``, and what they hold."""
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    answer: dict[str, Any] = {"description": description, "content": {media_type: content}}
    if headers:
        answer["headers"] = {
            name.replace("_", "-"): {"description": text, "schema": _TEXT} for name, text in headers.items()
        }
    return answer


def _ok(description: str, media_type: str, schema: dict[str, Any], example: object = None, **headers: str) -> Any:  # noqa: ANN401 -- the type of FastAPI's own parameter is int | str keys
    return {200: documented(description, media_type, schema, example, **headers)}


_JSON: Final = "application/json"
_BYTES: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
_UNCHANGED: Final = {304: {"description": "The client holds it already"}}
_ETAG: Final = "Digest of the entry or envelope; it never changes"

PAGE: Final = _ok(
    "One page",
    _JSON,
    _object({"entries": {"type": "array", "items": _ref("Entry")}}),
    {"entries": [ENTRY_EXAMPLE]},
    Link='`<...>; rel="next"` where there is more',
)
ENTRY: Final = _ok("The entry", _JSON, _ref("Entry"), ENTRY_EXAMPLE, ETag=_ETAG) | _UNCHANGED
RECEIPT: Final = _ok("The receipt", _JSON, _ref("Receipt"), RECEIPT_EXAMPLE)
ENVELOPE: Final = (
    _ok("The envelope", "application/vnd.dsse.envelope.v1+json", _ref("Envelope"), ENVELOPE_EXAMPLE, ETag=_ETAG)
    | _UNCHANGED
)
CONTENT: Final = _ok(
    "The bytes", "application/octet-stream", _BYTES, None, Content_Salt="Base64 of the 32 bytes of salt"
)
INCLUSION: Final = _ok(
    "The path",
    _JSON,
    _object({"hashes": _HASHES, "index": _COUNT, "size": _COUNT}),
    {"hashes": [HASH_BASE64], "index": 12, "size": 13},
)
CONSISTENCY: Final = _ok(
    "The proof",
    _JSON,
    _object({"hashes": _HASHES, "new": _COUNT, "old": _COUNT}),
    {"hashes": [HASH_BASE64], "new": 13, "old": 6},
)
NOTE: Final = _ok("A signed note", "text/plain", _TEXT, CHECKPOINT)
TILE: Final = _ok("The tile", "application/octet-stream", _BYTES)
LEDGER: Final = _ok(
    "The ledger",
    _JSON,
    _object({"admins_required": _COUNT, "anchor": _TEXT, "ledger": _DIGEST, "position": _COUNT, "roster": _COUNT}),
    {
        "admins_required": 2,
        "anchor": f"ledger.example.com/acme+8ddd905b+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs {DIGEST}\n",
        "ledger": DIGEST,
        "position": 13,
        "roster": 9,
    },
)
IDENTIFIERS: Final = _ok(
    "The identifiers",
    _JSON,
    _object({"identifiers": {"type": "array", "items": _TEXT, "maxItems": 10}}),
    {"identifiers": ["3f1c1f5e4d0b9f0a7f2f8b0f6f3a9f0d3c5e7a1b", DIGEST]},
)
_LIST: Final = {"type": "array", "items": {"type": "object"}}
ROSTER: Final = _ok(
    "The roster",
    _JSON,
    _object(
        {
            "admins_required": _COUNT,
            "certificates": _LIST,
            "epochs": _LIST,
            "grants": _LIST,
            "keys": _LIST,
            "ledger": _DIGEST,
            "pending": _LIST,
            "policies": _LIST,
            "position": _COUNT,
            "principals": _LIST,
            "projects": _LIST,
            "recovery_uses": {"type": "array", "items": _COUNT},
            "roster": _COUNT,
        }
    ),
    {
        "admins_required": 1,
        "certificates": [],
        "epochs": [],
        "grants": [
            {
                "envelope": DIGEST,
                "in_force": True,
                "paths": ["src/auth/**"],
                "principal": PRINCIPAL,
                "risks": ["high"],
                "role": "security-reviewer",
                "since": 7,
            }
        ],
        "keys": [],
        "ledger": DIGEST,
        "pending": [],
        "policies": [],
        "position": 13,
        "principals": [
            {
                "cards": [],
                "id": PRINCIPAL,
                "in_force": True,
                "merges": [],
                "person": PRINCIPAL,
                "since": 1,
                "type": "person",
            }
        ],
        "projects": [],
        "recovery_uses": [],
        "roster": 9,
    },
)
BUNDLE: Final = _ok("The archive", "application/zip", _BYTES)
LIVE: Final = _ok("It answers", _JSON, _object({"status": {"const": "live"}}), {"status": "live"})
_CHECKS: Final = _object({"checks": {"type": "object"}, "status": _TEXT})
READY: Final = _ok(
    "Ready", _JSON, _CHECKS, {"checks": {"checkpoints": "ok", "clock": "ok", "ledger": "ok"}, "status": "ready"}
) | {
    503: documented(
        "Not ready; the first check that is not ok says why",
        _JSON,
        _CHECKS,
        {"checks": {"checkpoints": "no-checkpoint", "clock": "ok", "ledger": "ok"}, "status": "not-ready"},
    )
}
VERSION: Final = _ok(
    "Versions", _JSON, _object({"format": _COUNT, "version": _TEXT}), {"format": 1, "version": "0.1.0"}
)
