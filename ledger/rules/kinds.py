"""Kinds of parameter: what a policy may write for one, read here, and the same as JSON Schema for editors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.errors import FormatError
from ledger.events.shape import MAX_COUNT, array, count, label, one_of, token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import JSON
    from ledger.events.shape import Reader

MAX_ITEMS: Final = 64
"""Most items of a list in a policy."""
MAX_CLASSES: Final = 16
"""Most risk classes, `default` included."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter takes. Called, it reads a value at its place, or raises FormatError there."""

    reader: Reader
    schema: Mapping[str, JSON]
    """JSON Schema, draft 2020-12, of what the reader takes."""

    def __call__(self, value: JSON, where: str) -> JSON:
        """``value`` as rules read it."""
        return cast("JSON", self.reader(value, where))


def choice(*words: str) -> Kind:
    """One of ``words``."""
    return Kind(one_of(*words), {"enum": list(words)})


def at_least(least: int) -> Kind:
    """A whole number, ``least`` or more."""
    return Kind(count(least=least), {"type": "integer", "minimum": least, "maximum": MAX_COUNT})


def optional(kind: Kind) -> Kind:
    """What ``kind`` takes, or null: nothing is asked for."""

    def read(value: JSON, where: str) -> JSON:
        return None if value is None else kind(value, where)

    return Kind(read, {"anyOf": [{"type": "null"}, dict(kind.schema)]})


def list_of(kind: Kind, *, least: int = 0) -> Kind:
    """A list of ``least`` items or more, none of which stands twice."""
    read_items = array(kind, least=least, most=MAX_ITEMS)

    def read(value: JSON, where: str) -> JSON:
        items = list(read_items(value, where))
        if any(item in items[:number] for number, item in enumerate(items)):
            raise FormatError("repeated-item", "an item stands twice", where=where)
        return items

    schema: dict[str, JSON] = {"type": "array", "items": dict(kind.schema), "maxItems": MAX_ITEMS, "uniqueItems": True}
    return Kind(read, {**schema, "minItems": least} if least else schema)


def any_or(kind: Kind) -> Kind:
    """The word `any`, or what ``kind`` takes."""

    def read(value: JSON, where: str) -> JSON:
        return ANY if value == ANY else kind(value, where)

    return Kind(read, {"anyOf": [{"const": ANY}, dict(kind.schema)]})


def _flag(value: JSON, where: str) -> bool:
    if not isinstance(value, bool):
        raise FormatError("bad-policy", "true or false is required", where=where)
    return value


def _mail(value: JSON, where: str) -> str:
    # Addresses of machines only: a policy is public for ever. They are compared in lower case.
    mail = token(value, where) if isinstance(value, str) and "@" in value else ""
    if not mail or mail != mail.casefold():
        raise FormatError("bad-policy", "a mail address in lower case is required", where=where)
    return str(mail)


def _counts_by_class(value: JSON, where: str) -> dict[str, JSON]:
    if not isinstance(value, dict) or "default" not in value or len(value) > MAX_CLASSES:
        raise FormatError(
            "bad-policy", "an object from risk class to count with the member default is required", where=where
        )
    # None would be a rule that an empty set passes.
    return {
        str(label(name, where)): cast("JSON", count(least=1)(number, f"{where}/{name}"))
        for name, number in value.items()
    }


ANY: Final = "any"
"""The word for whatever there is, at least one."""

_LABEL_PATTERN: Final = "^[a-z][a-z0-9-]{0,63}$"
_TOKEN_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$"  # noqa: S105 -- a pattern, no password

FLAG: Final = Kind(_flag, {"type": "boolean"})
COUNT: Final = at_least(0)
LABEL: Final = Kind(label, {"type": "string", "pattern": _LABEL_PATTERN})
TOKEN: Final = Kind(token, {"type": "string", "pattern": _TOKEN_PATTERN})
LABELS: Final = list_of(LABEL, least=1)
TOKENS: Final = list_of(TOKEN, least=1)
MAILS: Final = list_of(
    Kind(_mail, {"type": "string", "pattern": "^(?=.*@)[a-z0-9][a-z0-9._:/@+-]{0,127}$"}),
)
COUNTS_BY_CLASS: Final = Kind(
    _counts_by_class,
    {
        "type": "object",
        "properties": {"default": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT}},
        "required": ["default"],
        "propertyNames": {"pattern": _LABEL_PATTERN},
        "additionalProperties": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
        "maxProperties": MAX_CLASSES,
    },
)
