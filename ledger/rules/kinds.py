"""Kinds of parameter: what a policy may write for one, read here, and the same as JSON Schema for editors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.errors import FormatError
from ledger.events.shape import MAX_COUNT, array, count, digest, label, one_of, token
from ledger.globs import MAX_GLOB_CHARACTERS, parse_glob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import JSON
    from ledger.events.shape import Reader

MAX_ITEMS: Final = 64
"""Most items of a list in a policy."""
MAX_CLASSES: Final = 16
"""Most risk classes, `default` included."""
MAX_LINE: Final = 300
"""Most characters of a line for people."""


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


def percent(least: int = 0) -> Kind:
    """A share of a hundred, ``least`` or more."""

    def read(value: JSON, where: str) -> JSON:
        if type(value) is not int or not least <= value <= 100:
            raise FormatError("bad-count", f"a share from {least} to 100 is required", where=where)
        return value

    return Kind(read, {"type": "integer", "minimum": least, "maximum": 100})


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


def members(required: Mapping[str, Kind], others: Mapping[str, Kind] | None = None, *, any_of: bool = False) -> Kind:
    """A closed object: ``required`` members and optional ``others``; ``any_of``: of the others one at least."""
    more = others or {}
    known = {**required, **more}

    def read(value: JSON, where: str) -> JSON:
        if not isinstance(value, dict):
            raise FormatError("bad-policy", "an object is required", where=where)
        for name in value:
            if name not in known:
                raise FormatError("bad-policy", "a member that this object does not have", where=f"{where}/{name}")
        for name in required:
            if name not in value:
                raise FormatError("bad-policy", "a required member is missing", where=f"{where}/{name}")
        if any_of and not any(name in value for name in more):
            raise FormatError("bad-policy", f"one of {', '.join(more)} is required", where=where)
        return {name: known[name](item, f"{where}/{name}") for name, item in value.items()}

    schema: dict[str, JSON] = {
        "type": "object",
        "properties": {name: dict(kind.schema) for name, kind in known.items()},
        "required": list(required),
        "additionalProperties": False,
    }
    return Kind(read, {**schema, "anyOf": [{"required": [name]} for name in more]} if any_of else schema)


def table(kind: Kind, *, key: Kind | None = None, default_required: bool = False, least: int = 0) -> Kind:
    """An object from risk class (or ``key``) to what ``kind`` takes; `default` is any other risk class, and none."""
    name_of = key or _CLASS_OR_DEFAULT

    def read(value: JSON, where: str) -> JSON:
        if not isinstance(value, dict) or not least <= len(value) <= MAX_CLASSES:
            raise FormatError("bad-policy", f"an object of {least} to {MAX_CLASSES} members is required", where=where)
        # A name that is none says more of the mistake than a missing default does.
        names = [str(name_of(name, where)) for name in value]
        if default_required and "default" not in value:
            raise FormatError("bad-policy", "the member default is required", where=where)
        return {name: kind(value[name], f"{where}/{name}") for name in names}

    schema: dict[str, JSON] = {
        "type": "object",
        "propertyNames": dict(name_of.schema),
        "additionalProperties": dict(kind.schema),
        "maxProperties": MAX_CLASSES,
    }
    if default_required:
        schema |= {"required": ["default"]}
    return Kind(read, {**schema, "minProperties": least} if least else schema)


def named_once(kind: Kind, member: str) -> Kind:
    """A list of objects that ``kind`` takes, no two with the same ``member``; JSON Schema cannot say the latter."""

    def read(value: JSON, where: str) -> JSON:
        items = cast("list[dict[str, JSON]]", listing(value, where))
        names = [item[member] for item in items]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise FormatError("repeated-item", f"the same {member} twice", where=f"{where}/{number}/{member}")
        return cast("JSON", items)

    listing = list_of(kind)
    return Kind(read, listing.schema)


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


def _glob(value: JSON, where: str) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise FormatError("bad-policy", "a pattern over paths in printable ASCII characters is required", where=where)
    return parse_glob(value, where).text


def _class_name(value: JSON, where: str) -> str:
    name = str(label(value, where))
    if name == "default":
        raise FormatError("bad-policy", "default stands for every other class and cannot be one itself", where=where)
    return name


def _class_or_default(value: JSON, where: str) -> str:
    try:
        return str(label(value, where))
    except FormatError:
        raise FormatError(
            "bad-policy",
            "names of risk classes are expected here, not paths: list the paths of a class in risks",
            where=where,
        ) from None


def _line(value: JSON, where: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_LINE or not value.isprintable():
        raise FormatError("bad-policy", f"1 to {MAX_LINE} printable characters are required", where=where)
    return value


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
_CLASS_OR_DEFAULT: Final = Kind(_class_or_default, LABEL.schema)
COUNTS_BY_CLASS: Final = table(at_least(1), default_required=True)
"""None asked for would be a rule that an empty set passes, so the least is one."""
CLASS: Final = Kind(_class_name, {"type": "string", "pattern": _LABEL_PATTERN, "not": {"const": "default"}})
"""The name of a risk class."""
GLOBS: Final = list_of(
    Kind(
        _glob,
        {"type": "string", "minLength": 1, "maxLength": MAX_GLOB_CHARACTERS, "pattern": "^(?![/!])[ -~]+$"},
    ),
    least=1,
)
"""Patterns over paths (ledger/globs.py says what they mean; JSON Schema cannot)."""
LINE: Final = Kind(_line, {"type": "string", "minLength": 1, "maxLength": MAX_LINE})
"""One line of text for people."""
DIGESTS: Final = list_of(Kind(digest, {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}), least=1)
