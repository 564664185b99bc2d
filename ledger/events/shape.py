"""Closed objects read from strict JSON into dataclasses and written back, from one declaration of each member.

A member is declared once, as a dataclass field made by ``member``: its reader says what is accepted (format §1.1 and
§4). Reading refuses members that are not declared and members that are missing, and names the place.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar, cast

from ledger.canonical import JSON, Encodable, decode_base64, encode, parse_canonical
from ledger.digests import Digest, parse_digest
from ledger.errors import FormatError
from ledger.keys import SIGNATURE_BYTES, PublicKey, format_public_key, parse_public_key
from ledger.sshsig import MAX_SIGNATURE_BYTES

Reader: TypeAlias = Callable[[JSON, str], Any]
"""Takes a JSON value and its place; returns the value, or raises FormatError at that place."""

T = TypeVar("T")
R = TypeVar("R", bound=Reader)

MAX_COUNT: Final = 2**53 - 1

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}", re.ASCII)
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_PRINCIPAL = re.compile(r"p_[0-9a-f]{32}", re.ASCII)
_PROJECT = re.compile(r"prj_[0-9a-f]{32}", re.ASCII)
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_EVENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_GLOB = re.compile(r"[ -~]{1,256}", re.ASCII)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{3})?(?:Z|[+-](\d\d):(\d\d))",
    re.ASCII,
)


def shaped(**schema: Any) -> Callable[[R], R]:  # noqa: ANN401 -- JSON Schema's keywords
    """Notes on a reader what it accepts, for ``ledger.events.schema``: keywords of JSON Schema, without their ``$``.

    Where a schema stands inside another, the value is the reader or the class itself.
    """

    def note(reader: R) -> R:
        reader.__dict__["schema"] = schema
        return reader

    return note


@dataclass(frozen=True, slots=True)
class OpenObject:
    """An object whose members somebody else defines, as its canonical JSON."""

    data: bytes
    """Canonical JSON (format §1.2)."""


def member(reader: Reader, *, optional: bool = False) -> Any:  # noqa: ANN401  # takes the type of the field that it declares
    """A dataclass field whose JSON member is read by ``reader``; an optional one is None when absent."""
    if optional:
        return field(default=None, metadata={"reader": reader})
    return field(metadata={"reader": reader})


def read_object(cls: type[T], value: JSON, where: str, *, drop: frozenset[str] = frozenset()) -> T:
    """``value`` as an instance of the dataclass ``cls``; members in ``drop`` are somebody else's to read.

    Raises:
        FormatError: at the place of the first member that is missing, unknown or not of its shape.
    """
    if not isinstance(value, dict):
        raise FormatError("bad-shape", "an object is required", where=where)
    declared = _members(cls)
    for name in value:
        if name not in declared and name not in drop:
            raise FormatError("unknown-member", "a member that this version does not know", where=f"{where}/{name}")
    arguments: dict[str, Any] = {}
    for name, (attribute, reader, required) in declared.items():
        if name in value:
            arguments[attribute] = reader(value[name], f"{where}/{name}")
        elif required:
            raise FormatError("missing-member", "a required member is missing", where=f"{where}/{name}")
    return cls(**arguments)


def write_object(value: object) -> dict[str, Encodable]:
    """The JSON object of a dataclass declared with ``member``: optional members that are None are left out."""
    return {
        name: _write(item)
        for name, (attribute, _, _) in _members(type(value)).items()
        if (item := getattr(value, attribute)) is not None
    }


_declared: dict[type, Mapping[str, tuple[str, Reader, bool]]] = {}


def _members(cls: type) -> Mapping[str, tuple[str, Reader, bool]]:
    known = _declared.get(cls)
    if known is None:
        known = _declared[cls] = _read_declaration(cls)
    return known


def _read_declaration(cls: type) -> Mapping[str, tuple[str, Reader, bool]]:
    # A member whose name is a Python keyword has an underscore behind its attribute's name.
    return {
        item.name.rstrip("_"): (item.name, item.metadata["reader"], item.default is MISSING)
        for item in fields(cls)
        if "reader" in item.metadata
    }


def declared_members(cls: type) -> Mapping[str, tuple[Reader, bool]]:
    """Reader, and whether it is required, of each member that the dataclass ``cls`` declares."""
    return {name: (reader, required) for name, (_, reader, required) in _members(cls).items()}


def _write(value: object) -> Encodable:
    if isinstance(value, PublicKey):
        return format_public_key(value)
    if isinstance(value, OpenObject):
        return cast("Encodable", parse_canonical(value.data, max_bytes=len(value.data)))
    if is_dataclass(value):
        return write_object(value)
    if isinstance(value, tuple):
        return [_write(item) for item in value]
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return cast("Encodable", value)


def nested(cls: type[T]) -> Reader:
    """Reads a closed object into ``cls``."""

    @shaped(ref=cls)
    def read(value: JSON, where: str) -> T:
        return read_object(cls, value, where)

    return read


def array(item: Reader, *, most: int, least: int = 0, distinct: bool = False) -> Reader:
    """Reads an array of ``least`` to ``most`` items into a tuple; ``distinct`` refuses repetition."""

    @shaped(type="array", items=item, minItems=least, maxItems=most, uniqueItems=distinct)
    def read(value: JSON, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise FormatError("bad-shape", "an array is required", where=where)
        if not least <= len(value) <= most:
            raise FormatError(
                "bad-length", f"{least} to {most} items are allowed", where=where, details={"found": len(value)}
            )
        items = tuple(item(element, f"{where}/{number}") for number, element in enumerate(value))
        if distinct and len(set(items)) != len(items):
            raise FormatError("repeated-item", "an item stands twice", where=where)
        return items

    return read


def count(*, least: int = 0) -> Reader:
    """Reads an integer from ``least`` to 2^53 - 1."""

    @shaped(type="integer", minimum=least, maximum=MAX_COUNT)
    def read(value: JSON, where: str) -> int:
        if type(value) is not int or not least <= value <= MAX_COUNT:
            raise FormatError("bad-count", f"an integer from {least} to 2^53 - 1 is required", where=where)
        return value

    return read


def one_of(*words: str) -> Reader:
    """Reads one of the given words."""

    @shaped(enum=list(words))
    def read(value: JSON, where: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise FormatError("bad-word", f"one of {', '.join(words)} is required", where=where)
        return value

    return read


def _matching(pattern: re.Pattern[str], what: str) -> Reader:
    @shaped(type="string", pattern=f"^{pattern.pattern}$")
    def read(value: JSON, where: str) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise FormatError("bad-text", f"not {what}", where=where)
        return value

    return read


token: Final = _matching(_TOKEN, "a token (format §1.1)")
label: Final = _matching(_LABEL, "a label (format §1.1)")
principal_id: Final = _matching(_PRINCIPAL, "a principal id: p_ and 32 hex digits")
project_id: Final = _matching(_PROJECT, "a project id: prj_ and 32 hex digits")
object_id: Final = _matching(_OBJECT, "a git object id of 40 or 64 hex digits")
glob: Final = _matching(_GLOB, "a glob: 1 to 256 printable ASCII characters")
event_id: Final = _matching(_EVENT_ID, "a lower-case UUID of version 7")


@shaped(type="string", pattern="^sha256:[0-9a-f]{64}$")
def digest(value: JSON, where: str) -> Digest:
    """Reads a digest."""
    return parse_digest(value, where)


@shaped(type="string", pattern=f"^{_TIME.pattern}$".replace(r"\d", "[0-9]"))
def claimed_time(value: JSON, where: str) -> str:
    """Reads a claimed time (format §1.1) and leaves it as written: its offset is evidence."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise FormatError("bad-time", "not a time such as 2026-11-21T09:30:00+01:00", where=where)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    offset_hour, offset_minute = (int(part or 0) for part in match.groups()[7:])
    try:
        datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # checks the calendar, makes no instant
    except ValueError:
        year = 0
    if year < 1970 or offset_hour > 23 or offset_minute > 59:
        raise FormatError("bad-time", "no such date, time or offset", where=where)
    return cast("str", value)


@shaped(type="string", pattern="^[0-9-]{10}T[0-9:]{8}[.][0-9]{3}Z$")
def ledger_time(value: JSON, where: str) -> str:
    """Reads a ledger time (format §1.1): a claimed time in UTC with milliseconds."""
    time = claimed_time(value, where)
    # A claimed time of 24 characters that ends in Z is one with milliseconds, in UTC.
    if len(time) != 24 or not time.endswith("Z"):
        raise FormatError("bad-time", "a time such as 2026-11-21T09:30:00.000Z is required", where=where)
    return time


def instant(claimed: str) -> datetime:
    """The instant of a claimed or ledger time, for comparing and printing; the shape was checked when it was read."""
    return datetime.fromisoformat(claimed)


def base64_bytes(value: JSON, where: str, *, length: int | None = None) -> bytes:
    """Reads padded base64 with zero spare bits (format §1), of ``length`` bytes if given."""
    if not isinstance(value, str):
        raise FormatError("bad-base64", "base64 text is required", where=where)
    decoded = decode_base64(value, where)
    if length is not None and len(decoded) != length:
        raise FormatError("bad-base64", f"{length} bytes are required", where=where, details={"found": len(decoded)})
    return decoded


@shaped(type="string", contentEncoding="base64")
def signature(value: JSON, where: str) -> bytes:
    """Reads a signature of 64 to 1,024 bytes; which length it must have is its key's scheme to say (format §2)."""
    decoded = base64_bytes(value, where)
    if not SIGNATURE_BYTES <= len(decoded) <= MAX_SIGNATURE_BYTES:
        raise FormatError(
            "bad-base64",
            f"a signature has {SIGNATURE_BYTES} to {MAX_SIGNATURE_BYTES} bytes",
            where=where,
            details={"found": len(decoded)},
        )
    return decoded


@shaped(type="string", pattern="^(?:ed25519|sshsig):[A-Za-z0-9+/]+={0,2}$")
def public_key(value: JSON, where: str) -> PublicKey:
    """Reads a public key text (format §2)."""
    if not isinstance(value, str):
        raise FormatError("bad-key", "a public key text is required", where=where)
    return parse_public_key(value, where)


@shaped(type="string", pattern="^ed25519:[A-Za-z0-9+/]{43}=$")
def ed25519_key(value: JSON, where: str) -> PublicKey:
    """Reads a public key text of the scheme ``ed25519``."""
    read = public_key(value, where)
    if read.scheme != "ed25519":
        raise FormatError("unsupported-scheme", "a key of the scheme ed25519 is required here", where=where)
    return read


@shaped(type="string", pattern=r"^[^\u0000-\u001f\u007f-\u009f]{1,1024}$")
def path(value: JSON, where: str) -> str:
    """Reads a path inside a repository: 1 to 1,024 characters, none of them a control character."""
    if not isinstance(value, str) or not 1 <= len(value) <= 1024 or any(unicodedata.category(c) == "Cc" for c in value):
        raise FormatError("bad-text", "1 to 1,024 characters without control characters are required", where=where)
    return value


@shaped(type="boolean")
def flag(value: JSON, where: str) -> bool:
    """Reads true or false."""
    if not isinstance(value, bool):
        raise FormatError("bad-word", "true or false is required", where=where)
    return value


@shaped(type="string", pattern="^[ -~]{1,256}$")
def printable(value: JSON, where: str) -> str:
    """Reads 1 to 256 printable ASCII characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= 256 or not (value.isascii() and value.isprintable()):
        raise FormatError("bad-text", "1 to 256 printable ASCII characters are required", where=where)
    return value


@shaped(const=True)
def true(value: JSON, where: str) -> bool:
    """Reads the word true, the only value such a member may have."""
    if value is not True:
        raise FormatError("bad-word", "only true is allowed here", where=where)
    return True


def open_object(*, max_bytes: int) -> Reader:
    """Reads any object without fractions of at most ``max_bytes`` in canonical form."""

    @shaped(type="object")
    def read(value: JSON, where: str) -> OpenObject:
        if not isinstance(value, dict):
            raise FormatError("bad-shape", "an object is required", where=where)
        try:
            data = encode(cast("Encodable", value))
        except ValueError:
            raise FormatError("bad-number", "fractions are not allowed here", where=where) from None
        if len(data) > max_bytes:
            raise FormatError("too-long", f"at most {max_bytes} bytes", where=where, details={"found": len(data)})
        return OpenObject(data)

    return read
