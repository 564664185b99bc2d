"""JSON and base64 with one byte form: the RFC 8785 encoder, and strict parsers for what others send.

The ledger's own structures hold objects, arrays, strings, booleans, null and integers below 2^53; floats are left out
because their shortest decimal form is where implementations disagree. Foreign payloads are parsed strictly and kept
as the bytes they came in; they are never encoded again.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import isfinite
from typing import Final, NoReturn, TypeAlias

from ledger.errors import FormatError, place

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
"""What ``parse`` returns; floats only where the caller allowed them."""

Encodable: TypeAlias = "Mapping[str, Encodable] | Sequence[Encodable] | str | int | bool | None"
"""What ``encode`` accepts: tuples count as arrays."""

MAX_INTEGER: Final = 2**53 - 1
"""Largest magnitude of an integer: every JSON reader holds it exactly (RFC 7493 §2.2)."""

DEEPEST: Final = 128
"""No caller may allow deeper nesting than this: recursion over a parsed value stays far from Python's own limit."""

# A closing quote is optional so that every quote begins a match and the scan stays linear on unterminated strings.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Duplicate:
    """Stands where an object repeats a key."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key


class _Number:
    """Stands where a number is out of range, not a number, or a float nobody allowed."""

    __slots__ = ("fault",)

    def __init__(self, fault: str) -> None:
        self.fault = fault


class _Reader:
    """What json.loads calls back. A fault becomes a stand-in, since a callback does not know its place."""

    __slots__ = ("allow_floats", "faulty")

    def __init__(self, *, allow_floats: bool) -> None:
        self.allow_floats = allow_floats
        self.faulty = False

    def pairs(self, items: list[tuple[str, JSON]]) -> dict[str, JSON] | _Duplicate:
        members = dict(items)
        if len(members) == len(items):
            return members
        self.faulty = True
        return _Duplicate(_repeated(items))

    def integer(self, digits: str) -> int | _Number:
        if digits == "-0":
            return self.refused("negative zero")
        # 2^53-1 has 16 digits; longer ones are not converted, since int() is quadratic in the digits.
        if len(digits) <= 17 and -MAX_INTEGER <= (number := int(digits)) <= MAX_INTEGER:
            return number
        return self.refused("range")

    def fraction(self, digits: str) -> float | _Number:
        if not self.allow_floats:
            return self.refused("float")
        number = float(digits)
        return number if isfinite(number) else self.refused("range")

    def constant(self, _name: str) -> _Number:
        return self.refused("constant")

    def refused(self, fault: str) -> _Number:
        self.faulty = True
        return _Number(fault)


def encode(value: Encodable) -> bytes:
    """The one byte form of ``value`` (RFC 8785): UTF-8, keys in UTF-16 code unit order, no white space.

    Raises:
        ValueError: a float, an integer beyond 2^53-1, a key that is not a string, a lone surrogate, any other type,
            or nesting deeper than ``DEEPEST``. All of these are mistakes of the program, not of its input.
    """
    ordered = _ordered(value, DEEPEST)
    return json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def parse(data: bytes, *, max_bytes: int, max_depth: int = 16, allow_floats: bool = False) -> JSON:
    """The value that ``data`` spells in strict JSON (RFC 8259, RFC 7493): one reading for every reader.

    An array or object inside ``max_depth`` others is too deep. The bytes need not be canonical; see
    ``parse_canonical``.

    Raises:
        FormatError: whatever else is wrong with the input, with the place where the value has one.
    """
    if not 0 < max_depth <= DEEPEST:
        raise ValueError(f"max_depth must be 1 to {DEEPEST}")
    if len(data) > max_bytes:
        raise FormatError(
            "too-long", "longer than allowed here", details={"size_bytes": len(data), "limit_bytes": max_bytes}
        )
    text = _decode(data)
    _refuse_deep(data, max_depth)
    reader = _Reader(allow_floats=allow_floats)
    try:
        value: JSON = json.loads(
            text,
            object_pairs_hook=reader.pairs,
            parse_int=reader.integer,
            parse_float=reader.fraction,
            parse_constant=reader.constant,
        )
    except json.JSONDecodeError as error:
        raise FormatError(
            "invalid-json", f"not JSON at character {error.pos}", details={"character": error.pos}
        ) from None
    # Decoded UTF-8 holds no surrogates, so a lone one can only come from an escape: most inputs need no second look.
    if reader.faulty or _SURROGATE_ESCAPE.search(text):
        _refuse_faults(value, ())
    return value


def parse_canonical(data: bytes, *, max_bytes: int, max_depth: int = 16) -> JSON:
    """The value of ``data``, which is exactly what ``encode`` makes of that value.

    Raises:
        FormatError: as ``parse``, and ``not-canonical`` where the bytes are another spelling of the value.
    """
    value = parse(data, max_bytes=max_bytes, max_depth=max_depth)
    again = encode(value)  # type: ignore[arg-type]  # parse let no float through
    if again != data:
        first = next((at for at, (one, two) in enumerate(zip(data, again, strict=False)) if one != two), len(again))
        raise FormatError(
            "not-canonical",
            f"valid JSON, but not in its RFC 8785 form from byte {first}",
            details={"byte": first},
            remedy="encode the value with RFC 8785 and sign again",
        )
    return value


def decode_base64(text: str, where: str) -> bytes:
    """The bytes whose one base64 text is ``text``: standard alphabet, padded, spare bits zero.

    Raises:
        FormatError: ``bad-base64`` at ``where``.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise FormatError("bad-base64", "not base64 with padding", where=where) from None
    if b64encode(data).decode("ascii") != text:
        raise FormatError("bad-base64", "not the one base64 text of these bytes", where=where)
    return data


def _ordered(value: object, room: int) -> object:
    """``value`` with the keys of every object in UTF-16 code unit order, after all checks of ``encode``."""
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise ValueError("a string with a lone surrogate has no UTF-8 form")
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ValueError("an integer beyond 2^53-1 is not exact in every reader")
        return value
    if isinstance(value, Mapping | list | tuple):
        if room == 0:
            raise ValueError(f"nested deeper than {DEEPEST}")
        if isinstance(value, Mapping):
            return {key: _ordered(value[key], room - 1) for key in _sorted_keys(value)}
        return [_ordered(item, room - 1) for item in value]
    raise ValueError(f"{type(value).__name__} has no place in canonical JSON")


def _sorted_keys(members: Mapping[object, object]) -> list[str]:
    keys = [key for key in members if isinstance(key, str)]
    if len(keys) != len(members):
        raise ValueError("a key that is not a string")
    if all(map(str.isascii, keys)):
        return sorted(keys)
    try:
        # Big-endian UTF-16 compares as its code units do, which for U+E000 to U+FFFF against astral characters is
        # not the order of code points (RFC 8785 §3.2.3).
        return sorted(keys, key=lambda key: key.encode("utf-16-be"))
    except UnicodeEncodeError:
        raise ValueError("a key with a lone surrogate has no UTF-8 form") from None


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise FormatError("invalid-utf8", "begins with a byte order mark", details={"byte": 0})
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("invalid-utf8", f"not UTF-8 at byte {error.start}", details={"byte": error.start}) from None


def _refuse_deep(data: bytes, max_depth: int) -> None:
    # Before json.loads, which recurses per level. Brackets outside strings are all that nests; a fault that the scan
    # reads differently from the parser lies behind the point where the parser stops.
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    brackets = _STRING.sub(b"", data).translate(None, _NOT_BRACKETS)
    deepest = max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
    if deepest > max_depth:
        raise FormatError("too-deep", f"nested deeper than {max_depth}", details={"limit": max_depth})


def _repeated(items: list[tuple[str, JSON]]) -> str:
    seen: set[str] = set()
    for key, _value in items:
        if key in seen:
            return key
        seen.add(key)
    raise ValueError("no key is repeated")


def _refuse_faults(value: object, path: tuple[str | int, ...]) -> None:
    """None if ``value`` holds no stand-in and no lone surrogate, else raises at the first place in document order."""
    match value:
        case _Duplicate():
            raise FormatError("duplicate-key", "a key occurs twice in one object", where=place(*path, value.key))
        case _Number():
            _refuse_number(value.fault, place(*path))
        case str():
            if _SURROGATE.search(value):
                raise FormatError("lone-surrogate", "an escape gives half of a surrogate pair", where=place(*path))
        case dict():
            for key, member in value.items():
                _refuse_faults(key, (*path, key))
                _refuse_faults(member, (*path, key))
        case list():
            for index, item in enumerate(value):
                _refuse_faults(item, (*path, index))
        case _:
            return


def _refuse_number(fault: str, where: str) -> NoReturn:
    if fault == "float":
        raise FormatError("float-not-allowed", "only integers are allowed here", where=where)
    if fault == "negative zero":
        raise FormatError("negative-zero", "-0 is not an integer here", where=where)
    if fault == "constant":
        raise FormatError("invalid-json", "NaN and Infinity are not JSON", where=where)
    raise FormatError("number-out-of-range", "a number beyond what every reader holds exactly", where=where)
