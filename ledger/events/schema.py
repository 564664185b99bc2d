"""The shapes of all kinds as one JSON Schema (draft 2020-12), from the same declarations that events are read by.

A schema tells shapes. How members must agree with each other, which subjects follow, and who may sign what, is told in
format §4 and §7 alone: what fits the schema may still be refused.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.events.context import Context
from ledger.events.shape import declared_members
from ledger.events.statement import KINDS, STATEMENT_TYPE, bodies_of, predicate_type
from ledger.events.work import SuiteRun

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final = "urn:evidence-ledger:events:v1:schema"

Schema = dict[str, Any]


def events_schema() -> Schema:
    """The schema of a statement of any kind; the predicate of one kind is ``#/$defs/<kind>``."""
    found: dict[str, Schema] = {}
    for kind in KINDS:
        found[kind] = _predicate(kind, found)
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        "title": "Evidence Ledger events, version 1",
        "description": "Shapes alone: docs/format.md is what holds.",
        "type": "object",
        "properties": {
            "_type": {"const": STATEMENT_TYPE},
            "subject": {"type": "array", "items": {"type": "object"}, "maxItems": 1024},
            "predicateType": {"enum": [predicate_type(kind) for kind in KINDS]},
            "predicate": {"type": "object"},
        },
        "required": ["_type", "subject", "predicateType", "predicate"],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"predicateType": {"const": predicate_type(kind)}}},
                "then": {"properties": {"predicate": {"$ref": f"#/$defs/{kind}"}}},
            }
            for kind in KINDS
        ],
        "$defs": dict(sorted(found.items())),
    }


def _predicate(kind: str, found: dict[str, Schema]) -> Schema:
    acts = [_body(cls, act, found) for act, cls in bodies_of(kind).items()]
    return acts[0] if len(acts) == 1 else {"oneOf": acts}


def _body(cls: type, act: str | None, found: dict[str, Schema]) -> Schema:
    schema = _object(cls, found)
    schema["properties"]["context"] = _reference(Context, found)
    schema["required"].append("context")
    if act is not None:
        schema["properties"]["act"] = {"const": act}
        schema["required"].append("act")
    if cls is SuiteRun:
        # A vetted predicate: further members are kept.
        schema["additionalProperties"] = True
    return schema


def _object(cls: type, found: dict[str, Schema]) -> Schema:
    members = declared_members(cls)
    return {
        "type": "object",
        "properties": {name: _schema(reader, found) for name, (reader, _) in members.items()},
        "required": [name for name, (_, required) in members.items() if required],
        "additionalProperties": False,
    }


def _reference(cls: type, found: dict[str, Schema]) -> Schema:
    if cls.__name__ not in found:
        found[cls.__name__] = _object(cls, found)
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _schema(value: object, found: dict[str, Schema]) -> Any:  # noqa: ANN401 -- JSON
    """A schema in which readers and classes stand, as one of JSON alone."""
    if isinstance(value, type) and is_dataclass(value):
        return _reference(value, found)
    if callable(value):
        noted: Mapping[str, Any] = value.__dict__["schema"]
        schema = {name: _schema(item, found) for name, item in noted.items() if name != "ref"}
        return schema | (_reference(noted["ref"], found) if "ref" in noted else {})
    if isinstance(value, dict):
        return {name: _schema(item, found) for name, item in value.items()}
    return value
