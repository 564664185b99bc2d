"""The JSON Schema of scenario files, made of the verbs that play them; run as a module it writes the file.

Another tool needs no Python: it reads ``tests/scenarios/scenario.schema.json``, which a test keeps equal to this.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from ledger.events.forge import Protection
from tests.rules.deciding import VERBS as DECIDING
from tests.rules.operations import VERBS as OPERATIONS
from tests.rules.story import FOLDER, Story
from tests.rules.working import VERBS as WORKING

FILE: Final = FOLDER / "scenario.schema.json"
COMMIT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A commit of a list; names are those of the cast.",
    "properties": {
        "id": {"type": "string"},
        "author": {"type": "string"},
        "author_mail": {"type": "string"},
        "committer": {"type": "string"},
        "committer_mail": {"type": "string"},
        "co_authors": {"type": "array", "items": {"type": "string"}},
        "co_author_mails": {"type": "array", "items": {"type": "string"}},
        "traces": {"type": "array", "items": {"type": "string"}},
        "parents": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id"],
    "additionalProperties": False,
}
PROTECTION: Final = {
    item.name: {"type": "boolean" if "bool" in str(item.type) else "integer"}
    for item in fields(Protection)
    if item.name not in ("protected", "ref")
}
OUTCOME: Final = {"enum": ["pass", "fail", "not-evaluable", "not-applicable"]}
COMMON: Final = {
    "as": {"type": "string", "description": "A label by which later events name this one."},
    "late": {"type": "boolean", "description": "An importer brought it after the fact."},
    "clock": {"type": "integer", "description": "Minutes by which the sender's clock is ahead."},
}


def verbs() -> dict[str, Callable[..., Any]]:
    """What each verb calls, by its name in scenarios."""
    own = {
        name.removeprefix("do_").replace("_", "-"): getattr(Story, name)
        for name in dir(Story)
        if name.startswith("do_")
    }
    return dict(sorted({**OPERATIONS, **WORKING, **DECIDING, **own}.items()))


def schema() -> dict[str, Any]:
    """The schema of a scenario file, read as JSON (TOML's tables as objects)."""
    text = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenarios of Evidence Ledger's rules",
        "type": "object",
        "properties": {"scenario": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/scenario"}}},
        "required": ["scenario"],
        "additionalProperties": False,
        "$defs": {
            "scenario": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
                    "title": text,
                    "policy": {"type": "object", "description": "Laid over base-policy.json."},
                    "subject": text,
                    "as_of": text,
                    "admins": {"enum": [1, 2]},
                    "dishonest": {"const": True},
                    "events": {"type": "array", "items": {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in verbs()]}},
                    "expect": {
                        "type": "object",
                        "minProperties": 1,
                        "propertyNames": {"pattern": "^[A-Z]+-[0-9]{2}(@.+)?$"},
                        "additionalProperties": {
                            "oneOf": [
                                OUTCOME,
                                {"type": "array", "prefixItems": [OUTCOME, text], "minItems": 2, "maxItems": 2},
                            ]
                        },
                    },
                    "excepted": {"type": "array", "items": text},
                },
                "required": ["id", "title", "events", "expect"],
                "additionalProperties": False,
            },
            "commit": COMMIT,
            **{name: _verb(name, played) for name, played in verbs().items()},
        },
    }


def _verb(name: str, played: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(played, _names(played))
    properties: dict[str, Any] = {"do": {"const": name}, **COMMON}
    required = ["do"]
    for parameter in inspect.signature(played).parameters.values():
        if parameter.name in ("self", "story"):
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            properties |= PROTECTION if name == "protect" else COMMIT["properties"]
            continue
        properties[parameter.name] = _type(hints[parameter.name])
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
    return {
        "type": "object",
        "description": inspect.getdoc(played),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _names(played: Callable[..., Any]) -> dict[str, Any]:
    """Names in annotations, which the modules of verbs import for type checkers alone."""
    known = dict(getattr(played, "__globals__", {}))
    return {"Iterable": Iterable, "Mapping": Mapping, "Record": object, "Story": object, **known}


def _type(hint: Any) -> dict[str, Any]:  # noqa: ANN401 -- a type as annotations spell it
    origin, arguments = get_origin(hint), [item for item in get_args(hint) if item is not type(None)]
    if origin in (Union, types.UnionType):
        return _type(arguments[0]) if len(arguments) == 1 else {"anyOf": [_type(item) for item in arguments]}
    if hint in (str, int, bool):
        return {"type": {str: "string", int: "integer", bool: "boolean"}[hint]}
    if origin in (list, Iterable):
        inner = arguments[0]
        return {"type": "array", "items": {"$ref": "#/$defs/commit"} if get_origin(inner) is Mapping else _type(inner)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    raise TypeError(f"no schema for {hint}")


def rendered() -> str:
    """The schema as its file has it."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(FILE).write_text(rendered(), "utf-8")
