#!/usr/bin/env python3
"""A stand-alone verifier of Evidence Ledger bundles and packs (format version 1): one file, Python 3.9 or later.

    python3 verify.py BUNDLE.zip --anchor ledger.pub
    python3 verify.py PACK.pdf --anchor ledger.pub
    python3 verify.py BUNDLE.zip --anchor-line "ledger.example.com/acme+1a2b3c4d+AQ... sha256:404b..."
    python3 verify.py - --anchor ledger.pub --json < BUNDLE.zip

Exit code 0: records intact and, of a PDF, printed pages as they were sealed. 3: not so. 2: usage, or nothing was
judged, because there is no anchor, the anchor line is not of its form, or the file is no pack or bundle.
--records-only: the printed pages of a PDF do not count.

BEFORE YOU TRUST IT. This file travels inside the evidence that it judges, and whoever forged the one could have forged
the other. Compare its SHA-256 with the digest published for the release it came from (`sha256sum verify.py`), or run a
copy from elsewhere. The anchor must come from elsewhere too: from the ledger's owner, a contract, an earlier report.

It says whether the records are those that the ledger took, whole, unchanged, and signed by who was allowed to. It does
not say whether the rules of a project were kept (`evidence check` does), and it does not read the documents that events
carry along, except for the change manifests of V18.

It was written from docs/format.md and docs/packs.md alone and shares no code with the ledger. Sections follow the
former; "§" means it. S01 to S11 are the steps of the latter.
Checks V01 to V19 are those of §9. Every fault found is reported, each once, where it is first met.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import functools
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

Json = Any  # What JSON holds. Shapes (§1.3, below) are checked when the program runs, before anything is used.
Shape = Callable[[Json], None]  # Returns, or raises a Fault whose text goes on from the name of what was looked at.

_NAMES = (
    "archive,anchor,checkpoint,leaf,inclusion,chain,stream,roster count,envelope,event,ledger id,signature,authority"
)
_NAMES += ",acts,event id,contents,references,manifest,subject"
CHECKS = {f"V{number:02}": name for number, name in enumerate(_NAMES.split(","), 1)}
CLOSING = "Integrity only; rules: see `evidence check`"
NO_ANCHOR = (
    "No anchor, so nothing can be called intact. Ask the ledger's owner for the one line of ledger.pub by a way that "
    "does not pass through this bundle, and give it with --anchor FILE or --anchor-line TEXT."
)

WRONG_ANCHOR = (
    "Give the one line of ledger.pub exactly as the ledger's owner publishes it. Nothing was judged: this says nothing "
    "about the file, neither good nor bad."
)
WRONG_FILE = (
    "Take the pack (.evidence.pdf) or the bundle (.evidence.zip) as it was published or sent, and get it again if it "
    "was cut short. Nothing was judged: this says nothing about any records, neither good nor bad."
)


class Fault(ValueError):
    """Something is not as the format says. Whatever reads or checks below raises this, and nothing else."""


def require(holds: object, message: str) -> None:
    """Nothing, or a Fault with the message."""
    if not holds:
        raise Fault(message)


def show(value: object) -> str:
    """A short ASCII form of a value from the bundle, safe for a terminal: all captured text is hostile."""
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass
class Result:
    """What a verification found."""

    failures: list[tuple[str, str, str]] = field(default_factory=list)
    """Check ("V05"), place ("entry 12"), and what was found."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know; never a failure."""
    entries: int = 0
    """Entries shown."""
    signatures: int = 0
    """Envelope signatures that verified under an enrolled key."""
    checkpoint_size: int = 0
    """Tree size that the checkpoint states."""
    position: int | None = None
    """That of the bundle, where it could be read."""
    certificates: dict[str, Certificate] = field(default_factory=dict)
    """Keys that seal packs, by certificate id, as far as the roster could be read."""

    @property
    def intact(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    def fail(self, check: str, place: str, found: object) -> None:
        """Adds a failure."""
        self.failures.append((check, place, str(found).strip()))


# §1 Notation --------------------------------------------------------------------------------------------------------

COUNT_MAX = 2**53 - 1
DEPTH_MAX = 16
ZEROS = "0" * 64


def sha256(data: bytes) -> bytes:
    """The 32-byte digest."""
    return hashlib.sha256(data).digest()


def digest_of(data: bytes) -> str:
    """The digest in digest form."""
    return "sha256:" + sha256(data).hex()


def base64_bytes(text: Json) -> bytes:
    """Bytes of a base64 text: standard alphabet, padding, one line, zero spare bits."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (AttributeError, ValueError):
        raise Fault(" is not base64") from None
    # Two texts of the same bytes would be two envelopes with one meaning; only what re-encodes to itself is taken.
    require(base64.b64encode(data).decode("ascii") == text, " is not the one base64 of its bytes")
    return data


# §1.2 Strict and canonical JSON

# Strings (an unfinished one to the end, so that no input takes more than one pass) and brackets.
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def strict_json(data: bytes, *, limit: int | None = None, fractions: bool = False) -> Json:
    """The value that the bytes say in strict JSON.

    Raises:
        Fault: whatever else the bytes are. Its text goes on from a name, as in "bundle.json" + " is not UTF-8".
    """
    require(limit is None or len(data) <= limit, f" has {len(data)} bytes, more than {limit}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(" is not UTF-8") from None
    require(not text.startswith("\ufeff"), " begins with a byte-order mark")
    # The depth is measured before the parser, which recurses, sees the text. Where the text is no JSON this may measure
    # nonsense, but never lets anything deeper through than it measured.
    depth = 0
    for token in _NESTING.finditer(text):
        depth += 1 if token.group() in "[{" else -1 if token.group() in "]}" else 0
        require(depth <= DEPTH_MAX, f" is nested more than {DEPTH_MAX} deep")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=_integer,
            parse_float=_fraction if fractions else _no_fraction,
            parse_constant=_no_constant,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Fault(" has a lone surrogate") from None
    except Fault:
        raise
    except (ValueError, RecursionError):
        raise Fault(" is not JSON") from None
    return value


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    require(len(members) == len(pairs), " has an object with the same member twice")
    return members


def _integer(digits: str) -> int:
    require(len(digits) <= 17 and abs(int(digits)) <= COUNT_MAX, " has an integer beyond 2^53 - 1")
    require(digits != "-0", " has the number -0")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    require(abs(value) != float("inf"), " has a number that no double holds")
    return value


def _no_fraction(_digits: str) -> float:
    raise Fault(" has a number with a fraction or an exponent")


def _no_constant(name: str) -> float:
    raise Fault(f" has {name}, which is not JSON")


def canonical(value: Json) -> bytes:
    """Canonical JSON (RFC 8785) of objects, arrays, strings, booleans, null and integers."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _ordered(value: Json) -> Json:
    if isinstance(value, dict):
        # RFC 8785 §3.2.3 sorts by UTF-16 code units, which is not the order of code points.
        return {name: _ordered(value[name]) for name in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    require(not isinstance(value, float), " has a number with a fraction or an exponent")
    return value


def canonical_json(data: bytes, *, limit: int | None = None) -> Json:
    """The value of bytes that must be canonical."""
    value = strict_json(data, limit=limit)
    require(canonical(value) == data, " is not canonical JSON")
    return value


# §1.3 Closed objects. Shapes are written below as the format page writes them: objects are closed unless they hold
# "...", "?" marks a member that may be absent, "|" stands between literals, [item low..high] is an array, a bare word
# is the name of another shape (and of the member too, where no ":" follows).

SHAPES: dict[str, Shape] = {}
_SYMBOL = re.compile(r"'[^']*'|[{}\[\],:?|=;]|[^\s{}\[\],:?|=;']+")


def define(page: str) -> None:
    """Adds shapes, each "name = shape;"."""
    symbols = _SYMBOL.findall(page)[::-1]
    while symbols:
        name, _equals = symbols.pop(), symbols.pop()
        SHAPES[name] = _shape_of(symbols)
        symbols.pop()


def _shape_of(symbols: list[str]) -> Shape:
    symbol = symbols.pop()
    if symbol == "{":
        return _object_of(symbols)
    if symbol == "[":
        item, bounds, flag = _shape_of(symbols), symbols.pop(), symbols.pop()
        if flag == "distinct":
            symbols.pop()
        low, _, high = bounds.partition("..")
        return _array(item, int(low), int(high or COUNT_MAX), distinct_items=flag == "distinct")
    if symbol[0] == "'" or symbol.isdigit() or symbol == "true":
        values = [symbol]
        while symbols[-1] == "|":
            symbols.pop()
            values.append(symbols.pop())
        return _one_of([value == "true" or (int(value) if value.isdigit() else value[1:-1]) for value in values])
    return lambda value: check(symbol, value)


def _object_of(symbols: list[str]) -> Shape:
    shapes: dict[str, Shape] = {}
    required, is_open = [], False
    while (name := symbols.pop()) != "}":
        if name in (",", "..."):
            is_open = is_open or name == "..."
            continue
        if symbols[-1] == "?":
            symbols.pop()
        else:
            required.append(name)
        named = symbols[-1] != ":"
        symbols[-1:] = [*symbols[-1:], name] if named else []
        shapes[name] = _shape_of(symbols)

    def shape(value: Json) -> None:
        require(isinstance(value, dict), " is not an object")
        for name in required:
            require(name in value, f" has no member {name}")
        for name, member in value.items():
            require(is_open or name in shapes, f" has a member of no meaning: {show(name)}")
            if name in shapes:
                inside(f".{name}", shapes[name], member)

    return shape


def _array(item: Shape, low: int, high: int, *, distinct_items: bool) -> Shape:
    def shape(value: Json) -> None:
        require(isinstance(value, list), " is not an array")
        require(low <= len(value) <= high, f" has {len(value)} items, not {low} to {high}")
        for number, each in enumerate(value):
            inside(f"[{number}]", item, each)
        require(not distinct_items or distinct([canonical(each) for each in value]), " has the same item twice")

    return shape


def _one_of(known: list[object]) -> Shape:
    # The types are compared too: in Python, True == 1.
    def shape(value: Json) -> None:
        fits = any(type(value) is type(each) and value == each for each in known)
        require(fits, f" is {show(value)}, not one of {show(known)}")

    return shape


def text(pattern: str, name: str, also: Callable[[str], object] | None = None) -> Shape:
    """The shape of strings that fit a pattern whole."""
    expression = re.compile(pattern, re.DOTALL)

    def shape(value: Json) -> None:
        fits = isinstance(value, str) and expression.fullmatch(value) and (also is None or also(value))
        require(fits, f" is not {name}: {show(value)}")

    return shape


def integer(low: int = 0, high: int = COUNT_MAX) -> Shape:
    """The shape of integers from low to high."""

    def shape(value: Json) -> None:
        require(type(value) is int and low <= value <= high, f" is not an integer from {low} to {high}: {show(value)}")

    return shape


def encoded(low: int = 0, high: int = COUNT_MAX) -> Shape:
    """The shape of base64 of low to high bytes."""

    def shape(value: Json) -> None:
        size = len(base64_bytes(value))
        require(low <= size <= high, f" is base64 of {size} bytes, not {low} to {high}")

    return shape


def where(name: str, holds: Callable[[Json], object], otherwise: str) -> None:
    """Adds a condition to a shape."""
    shape = SHAPES[name]

    def both(value: Json) -> None:
        shape(value)
        require(holds(value), otherwise)

    SHAPES[name] = both


def inside(path: str, shape: Shape, value: Json) -> None:
    """Nothing, if the value has the shape, else a Fault that begins with the path."""
    try:
        shape(value)
    except Fault as fault:
        raise Fault(f"{path}{fault}") from None


def check(name: str, value: Json) -> None:
    """Nothing, if the value has the shape of that name, else a Fault."""
    SHAPES[name](value)


def distinct(values: Sequence[Json]) -> bool:
    """Whether no value comes twice."""
    return len(set(values)) == len(values)


def ascending(values: Sequence[Json]) -> bool:
    """Whether each value is above the one before."""
    return all(before < after for before, after in zip(values, values[1:]))


# §1.1 Texts of fixed shape


def _is_date(value: str) -> bool:
    try:
        return dt.date(int(value[0:4]), int(value[5:7]), int(value[8:10])).year >= 1970
    except ValueError:
        return False


_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_EVENT_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
SHAPES.update(
    {
        "digest": text(r"sha256:[0-9a-f]{64}", "a digest"),
        "hex": text(r"[0-9a-f]{64}", "64 hex digits"),
        "token": text(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}", "a token"),
        "label": text(r"[a-z][a-z0-9-]{0,63}", "a label"),
        "principal-id": text(r"p_[0-9a-f]{32}", "a principal id"),
        "project-id": text(r"prj_[0-9a-f]{32}", "a project id"),
        "event-id": text(_EVENT_ID, "an event id"),
        "object-id": text(r"[0-9a-f]{40}|[0-9a-f]{64}", "an object id"),
        "claimed-time": text(_MOMENT + r"(?:\.[0-9]{3})?" + _ZONE, "a claimed time", _is_date),
        "ledger-time": text(_MOMENT + r"\.[0-9]{3}Z", "a ledger time", _is_date),
        "count": integer(),
        "count-1": integer(1),
        "count-2": integer(2),
        "path": text(r"[^\x00-\x1f\x7f-\x9f]{1,1024}", "a path"),
        "glob": text(r"[ -~]{1,256}", "a glob"),
        "string": text(r".*", "a string"),
        "boolean": lambda value: require(isinstance(value, bool), f" is neither true nor false: {show(value)}"),
        "base64": encoded(),
    }
)

# §2 Keys ------------------------------------------------------------------------------------------------------------

SIGNATURE_MAX = 1_024
SHAPES["signature"] = encoded(64, SIGNATURE_MAX)

# Never enrolled (§6.1), in no scheme or form: its private half is published.
SAMPLE_KEY = "sha256:72ac13db645522b42f41d3ed24420532526991d51f3eaabb71794752c01f1703"


@dataclass(frozen=True)
class PublicKey:
    """A public key that is admitted."""

    scheme: str
    data: bytes
    """The key bytes."""
    algorithm: str
    """The first string of the wire form (§2.2); of the scheme ed25519 that of the same key there."""
    point: bytes
    """What is the same under every scheme and form."""
    application: bytes = b""
    """Of an sk- key."""

    @property
    def id(self) -> str:
        """The key id, (2)."""
        return key_id(self.scheme, self.data)

    @property
    def is_sample(self) -> bool:
        """Whether it is the published sample key, in whatever form."""
        return key_id("ed25519", self.point) == SAMPLE_KEY


def key_id(scheme: str, data: bytes) -> str:
    """The key id, (2)."""
    return digest_of(scheme.encode() + b"\x00" + data)


@functools.lru_cache(maxsize=1_024)
def _public_key(value: str) -> PublicKey:
    scheme, colon, encoding = value.partition(":")
    require(colon and scheme in ("ed25519", "sshsig"), " is not a public key of the scheme ed25519 or sshsig")
    data = base64_bytes(encoding)
    if scheme == "sshsig":
        return ssh_key(data)
    require(len(data) == 32 and may_be_enrolled(data), " is not admitted (format 2.1)")
    return PublicKey(scheme, data, "ssh-ed25519", data)


def public_key(value: Json) -> PublicKey:
    """The key of a text form, if it is admitted."""
    require(isinstance(value, str), " is not a public key")
    return _public_key(value)


def _is_public_key(value: Json) -> None:
    public_key(value)


SHAPES["public-key"] = _is_public_key


def signature_holds(public: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the signature holds for the message under the key, by the key's scheme."""
    if public.scheme == "ed25519":
        return ed25519_verify(public.data, message, signature)
    try:
        check_blob(public, message, signature)
    except Fault:
        return False
    return True


# Of a curve this takes an addition that holds for all points, equal and neutral ones too. A table of a point has in row
# i 0 to 15 times 16^i times the point: 960 additions once, and from then on a multiplication takes 64. A ledger has few
# keys and many signatures.

Point = tuple[int, ...]
Addition = Callable[[Point, Point], Point]
Table = tuple[tuple[Point, ...], ...]


def _table(point: Point, add: Addition, neutral: Point) -> Table:
    rows = []
    for _ in range(64):
        row = [neutral]
        for _ in range(15):
            row.append(add(row[-1], point))
        rows.append(tuple(row))
        point = add(row[-1], point)
    return tuple(rows)


def _times(rows: Table, scalar: int, add: Addition) -> Point:
    total = rows[0][0]
    for row in rows:
        if scalar & 15:
            total = add(total, row[scalar & 15])
        scalar >>= 4
    return total


# §2.1 Acceptance of Ed25519 signatures. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 §5.1.4).

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
D2 = 2 * D % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)
BASE = bytes([0x58]) + bytes([0x66]) * 31


def _add(left: Point, right: Point) -> Point:
    x1, y1, z1, t1 = left
    x2, y2, z2, t2 = right
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * t2 % P * D2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _decode(encoding: bytes) -> Point | None:
    y = int.from_bytes(encoding, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * ROOT_OF_MINUS_1 % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, "little")


def _is_neutral(point: Point) -> bool:
    return point[0] == 0 and point[1] == point[2]


@functools.lru_cache(maxsize=128)
def _multiples(encoding: bytes) -> Table | None:
    # None for a key that is not admitted.
    point = _decode(encoding)
    if point is None or _is_neutral(point):
        return None
    rows = _table(point, _add, NEUTRAL)
    return rows if _is_neutral(_times(rows, L, _add)) else None


# §2.1, condition 2: encodings, without the top bit, of the points of order 1, 2, 4 and 8.
_SMALL_ORDER = {number.to_bytes(32, "little") for number in (1, 0, P - 1, P, P + 1)} | {
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}


def may_be_enrolled(public32: bytes) -> bool:
    """Whether the key is admitted: the canonical encoding of a point of order L."""
    return _multiples(public32) is not None


def ed25519_verify(public32: bytes, message: bytes, signature64: bytes) -> bool:
    """Whether the key is admitted and the signature holds."""
    if len(signature64) != 64:
        return False
    rows, base = _multiples(public32), _multiples(BASE)
    r, s = signature64[:32], int.from_bytes(signature64[32:], "little")
    if rows is None or base is None or s >= L or r[:31] + bytes([r[31] & 127]) in _SMALL_ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(r + public32 + message).digest(), "little") % L
    x, y, z, t = _times(rows, h, _add)
    return _encode(_add(_times(base, s, _add), (-x % P, y, z, -t % P))) == r


# §2.2 Keys of the scheme sshsig. A point of P-256 is (X, Y, Z) with x = X/Z, y = Y/Z, and the neutral one (0, 1, 0).

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_NEUTRAL = (0, 1, 0)
P256_BASE = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_SSH_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_APPLICATION = re.compile(rb"ssh:[ -~]{0,124}")


def _addition(p: int, b: int) -> Addition:
    # Renes, Costello, Batina 2016, algorithm 1 for a = -3: complete on curves of prime order.
    def add(left: Point, right: Point) -> Point:
        x1, y1, z1 = left
        x2, y2, z2 = right
        xx, yy, zz = x1 * x2 % p, y1 * y2 % p, z1 * z2 % p
        xy, xz, yz = x1 * y2 + x2 * y1, (x1 * z2 + x2 * z1) % p, y1 * z2 + y2 * z1
        c = 3 * (b * zz - xz)
        d = 3 * (b * xz - xx - 3 * zz)
        e = 3 * (xx - zz)
        f, g = yy - c, yy + c
        return (xy * f - yz * d) % p, (g * f + e * d) % p, (yz * g + xy * e) % p

    return add


_p256_add = _addition(P256, P256_B)


@functools.lru_cache(maxsize=128)
def _p256_multiples(point: bytes) -> Table | None:
    # None where the 65 bytes are no point of the curve.
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    on_curve = x < P256 and y < P256 and (y * y - x * x * x + 3 * x - P256_B) % P256 == 0
    if len(point) != 65 or point[0] != 4 or not on_curve:
        return None
    return _table((x, y, 1), _p256_add, P256_NEUTRAL)


class Wire:
    """Bytes read from the front in the forms of OpenSSH. Each method raises a Fault where there are no such bytes."""

    def __init__(self, data: bytes) -> None:
        """All of it is to be read."""
        self.rest = data

    def take(self, size: int) -> bytes:
        """So many bytes."""
        require(len(self.rest) >= size, " ends too early")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def string(self) -> bytes:
        """A string."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def mpint(self) -> int:
        """A positive integer in its one form."""
        data = self.string()
        number = int.from_bytes(data, "big")
        require(
            number and number.to_bytes(number.bit_length() // 8 + 1, "big") == data, " has no mpint of the one form"
        )
        return number

    def expect(self, data: bytes, name: str) -> None:
        """Exactly these bytes."""
        require(self.rest.startswith(data), f" has another {name}")
        self.take(len(data))

    def end(self) -> None:
        """Nothing more."""
        require(not self.rest, " has bytes behind its end")


def ssh_string(data: bytes) -> bytes:
    """Bytes as a string of the wire form."""
    return len(data).to_bytes(4, "big") + data


def ssh_key(data: bytes) -> PublicKey:
    """The key of a wire form."""
    wire = Wire(data)
    algorithm = wire.string().decode("ascii", "backslashreplace")
    require(algorithm in _SSH_ALGORITHMS, f" is of an algorithm that is not admitted: {show(algorithm)}")
    if "ecdsa" in algorithm:
        wire.expect(ssh_string(b"nistp256"), "curve")
    point = wire.string()
    admitted = (
        _p256_multiples(point) is not None if "ecdsa" in algorithm else len(point) == 32 and may_be_enrolled(point)
    )
    require(admitted, " has a point that is not admitted (format 2.2)")
    application = wire.string() if algorithm.startswith("sk-") else b""
    fits = _APPLICATION.fullmatch(application) if algorithm.startswith("sk-") else True
    require(fits, " has an application that is not admitted")
    wire.end()
    return PublicKey("sshsig", data, algorithm, point, application)


# §2.3 Signatures of the scheme sshsig

NAMESPACE = b"evidence-ledger"
PRESENT_OR_VERIFIED = 0x01 | 0x04


def check_blob(public: PublicKey, message: bytes, blob: bytes) -> None:
    """Nothing, if the SSHSIG blob holds for the message under the key, else a Fault."""
    require(len(blob) <= SIGNATURE_MAX, f" has {len(blob)} bytes, more than {SIGNATURE_MAX}")
    wire = Wire(blob)
    wire.expect(b"SSHSIG\x00\x00\x00\x01", "preamble or version")
    wire.expect(ssh_string(public.data), "key")
    wire.expect(ssh_string(NAMESPACE), "namespace")
    wire.expect(ssh_string(b""), "reserved string")
    hash_name = wire.string()
    require(hash_name in (b"sha256", b"sha512"), " has another hash name")
    inner = Wire(wire.string())
    wire.end()
    # (2.3a): "SSHSIG" || string "evidence-ledger" || string "" || string hash name || string H(M)
    hashed = hashlib.new(hash_name.decode(), message).digest()
    signed = b"SSHSIG" + b"".join(map(ssh_string, (NAMESPACE, b"", hash_name, hashed)))
    inner.expect(ssh_string(public.algorithm.encode()), "algorithm")
    signature = inner.string()
    if public.algorithm.startswith("sk-"):
        flags, counter = inner.take(1), inner.take(4)
        require(not flags[0] & ~PRESENT_OR_VERIFIED, " has flags of no meaning")
        # (2.3b): SHA-256(application) || flags || counter || SHA-256(signed bytes)
        signed = sha256(public.application) + flags + counter + sha256(signed)
    inner.end()
    verify_point = p256_verify if "ecdsa" in public.algorithm else ed25519_verify
    require(verify_point(public.point, signed, signature), " does not hold")


def p256_verify(point65: bytes, message: bytes, signature: bytes) -> bool:
    """Whether (mpint r, mpint s) holds for the message under the point, with s in the lower half."""
    rows, base = _p256_multiples(point65), _p256_multiples(P256_BASE)
    wire = Wire(signature)
    r, s = wire.mpint(), wire.mpint()
    wire.end()
    if rows is None or base is None or r >= P256_N or s > (P256_N - 1) // 2:
        return False
    inverse, e = pow(s, -1, P256_N), int.from_bytes(sha256(message), "big")
    x, _, z = _p256_add(_times(base, e * inverse % P256_N, _p256_add), _times(rows, r * inverse % P256_N, _p256_add))
    return z != 0 and x * pow(z, -1, P256) % P256 % P256_N == r


# §2.4 Keys that seal packs

P384 = 2**384 - 2**128 - 2**96 + 2**32 - 1
P384_B = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF
P384_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
P384_BASE = (
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    1,
)
_SPKI_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_SPKI_P384 = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")


@dataclass(frozen=True)
class SealingKey:
    """A key that signs PDF files, and nothing in the log."""

    curve: int
    """256 or 384; 0 for RSA."""
    x: int
    """Of the point; n for RSA."""
    y: int
    """Of the point; e for RSA."""


def der(tag: int, data: bytes) -> bytes:
    """Bytes under a tag, in DER."""
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(data) < 128 else bytes([128 + len(size)]) + size) + data


def der_integer(number: int) -> bytes:
    """A positive integer in DER."""
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


class Der:
    """Values read from the front of DER. Each method raises a Fault where there is no such value."""

    def __init__(self, data: bytes) -> None:
        """All of it is to be read."""
        self.rest = data

    def value(self, tag: int) -> bytes:
        """The bytes of the next value, of that tag."""
        return self.whole(tag)[1]

    def whole(self, tag: int | None = None) -> tuple[bytes, bytes]:
        """The next value, with its head and without; of that tag, if one is given."""
        data = self.rest
        require(len(data) >= 2 and (tag is None or data[0] == tag), " is not of the form that DER has here")
        size, start = data[1], 2
        if size >= 128:
            start = 2 + (size & 127)
            size = int.from_bytes(data[2:start], "big")
        head, body = data[:start], data[start : start + size]
        require(len(body) == size and der(head[0], body) == head + body, " is not DER")
        self.rest = data[start + size :]
        return head + body, body

    def next_is(self, tag: int) -> bool:
        """Whether a value of that tag comes next."""
        return self.rest[:1] == bytes([tag])

    def end(self) -> None:
        """Nothing more."""
        require(not self.rest, " has bytes behind its end")


def check_der(data: bytes) -> None:
    """Nothing, if the bytes are values in DER, and what those hold that are made of values is too; else a Fault."""
    # A stack of our own: hostile bytes may be nested deeper than Python calls.
    open_readers = [Der(data)]
    while open_readers:
        reader = open_readers[-1]
        if not reader.rest:
            open_readers.pop()
            continue
        tag = reader.rest[0]
        require(tag & 0x1F != 0x1F, " has a tag of several bytes")
        body = reader.whole()[1]
        if tag & 0x20:
            open_readers.append(Der(body))


def sealing_key(spki: bytes) -> SealingKey:
    """The key of a SubjectPublicKeyInfo, if it is admitted."""
    for bits, prefix, p, b in ((256, _SPKI_P256, P256, P256_B), (384, _SPKI_P384, P384, P384_B)):
        if spki.startswith(prefix):
            point = spki[len(prefix) :]
            x, y = int.from_bytes(point[1 : 1 + bits // 8], "big"), int.from_bytes(point[1 + bits // 8 :], "big")
            require(len(point) == 1 + bits // 4 and point[0] == 4, " has a point of another form")
            on_curve = x < p and y < p and (y * y - x * x * x + 3 * x - b) % p == 0
            require(on_curve, " has a point that is not on the curve")
            return SealingKey(bits, x, y)
    reader = Der(spki)
    whole = Der(reader.value(0x30))
    reader.end()
    require(whole.rest.startswith(_RSA), " is of an algorithm that is not admitted")
    whole.rest = whole.rest[len(_RSA) :]
    bits_string = whole.value(3)
    whole.end()
    numbers = Der(bits_string[1:])
    pair = Der(numbers.value(0x30))
    numbers.end()
    n, e = (int.from_bytes(pair.value(2), "big") for _ in range(2))
    pair.end()
    # Written anew, it must be the same bytes: a zero byte first, integers positive and in their fewest bytes.
    again = der(0x30, _RSA + der(3, b"\x00" + der(0x30, der_integer(n) + der_integer(e))))
    require(again == spki, " is not in the one form of its key")
    require(n & 1 and 2_048 <= n.bit_length() <= 4_096, " has a modulus that is not admitted")
    require(e & 1 and 65_537 <= e < 2**32, " has an exponent that is not admitted")
    return SealingKey(0, n, e)


def _is_sealing_key(value: Json) -> None:
    sealing_key(base64_bytes(value))


SHAPES["sealing-key"] = _is_sealing_key

# §3 Envelope --------------------------------------------------------------------------------------------------------

PAYLOAD_TYPE = "application/vnd.in-toto+json"
define("""
envelope = {payload: base64, payloadType: 'application/vnd.in-toto+json',
            signatures: [{keyid: digest, sig: signature} 1..1]};
""")


def pae(payload: bytes) -> bytes:
    """The pre-authentication encoding that the signature covers, (3)."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


# §4 Events ----------------------------------------------------------------------------------------------------------

CONTENT_MAX = 67_108_864
ACTS = ("project", "principal", "key", "role", "policy", "epoch", "certificate")
AGENT_KINDS = ("prompt", "diff", "review-note")
SERVICE_KINDS = ("test", "approval", "merge", "release", "deploy", "attestation", "change", "push", "scan", "build")
OPERATION_KINDS = ("observation", "incident", "control-snapshot", "heartbeat", "decision", "correction")
PACK_KINDS = ("pack", "reconciliation")
MACHINE_KINDS = (*AGENT_KINDS, *SERVICE_KINDS, *OPERATION_KINDS, *PACK_KINDS)
KINDS = ("genesis", *ACTS, *MACHINE_KINDS, "exception")
TYPES = {f"urn:evidence-ledger:{kind}:v1": kind for kind in KINDS if kind != "test"}
TYPES["https://in-toto.io/attestation/test-result/v0.1"] = "test"
"""Kinds by predicate type."""

SHAPES["type-name"] = text(r".{0,256}", "a string of at most 256 characters")
define("""
statement = {_type: 'https://in-toto.io/Statement/v1', subject: [{...} 0..1024], predicateType: type-name,
             predicate: {...}};
""")

# §4.1 `context`, §4.2 `about`, §4.3 contents

SHAPES["content-size"] = integer(0, CONTENT_MAX)
define("""
context = {ledger?: digest, event_id: event-id, late?: true, project?: project-id, about, occurred_at: claimed-time,
           actor, producer: {name: token, version: token, run?: token}, contents, links};
actor = {principal?: principal-id, account?: label, on_behalf_of?: principal-id};
links = [{envelope: digest, rel: label} 0..256];
about = {change?: token, release?: release-name, revision?: count-1, tree?: object-id};
contents = [{commitment: digest, media_type: token, name: label, size_bytes: content-size,
             state: 'stored'|'withheld'} 0..64];
""")
_RELEASE_NAME = re.compile(r"[A-Za-z0-9][^@]*@[A-Za-z0-9][^@]*")
SHAPES["release-name"] = text(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}", "<product>@<version>", _RELEASE_NAME.fullmatch)
where("actor", lambda actor: ("principal" in actor) != ("account" in actor), " has not one of principal and account")
where("links", lambda links: distinct([(link["envelope"], link["rel"]) for link in links]), " has the same pair twice")
where("about", lambda about: "revision" not in about or "change" in about, " has a revision without a change")
where("contents", lambda contents: distinct([each["name"] for each in contents]), " has the same name twice")
where("context", lambda context: "late" not in context or "project" in context, ".late is for project streams only")
where(
    "context",
    lambda context: context["actor"].get("account") in (None, *[each["name"] for each in context["contents"]]),
    ".actor.account names none of the contents",
)


def commitment_of(salt: bytes, content: bytes) -> str:
    """The commitment, (4.3)."""
    return digest_of(b"evidence-ledger/content/v1\x00" + salt + content)


# §4.4 Kinds: shapes. An act has a shape for each value of `act`.


def _algorithms(value: Json) -> None:
    require(isinstance(value, dict) and 1 <= len(value) <= 8, " is not an object of 1 to 8 digests")
    for name, digits in value.items():
        require(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name), f" has no algorithm's name: {show(name)}")
        inside(f".{name}", SHAPES["hex-1-64"], digits)


SHAPES["algorithms"] = _algorithms
SHAPES["hex-1-64"] = text(r"(?:[0-9a-f]{2}){1,64}", "1 to 64 bytes in hex")
SHAPES["printable"] = text(r"[ -~]{1,256}", "1 to 256 printable ASCII characters")
SHAPES["machine-kind"] = _one_of(list(MACHINE_KINDS))
SHAPES["origin"] = text(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}", "a token without + and @")
SHAPES["name-part"] = text(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}", "a token without @")
SHAPES["ref"] = text(r"refs/[A-Za-z0-9._:/@+-]{0,123}", "a token that starts with refs/")
define("""
object_format = 'sha1'|'sha256';
tool = {name: token, version?: token};
artifacts = [{name: token, sha256: digest} 0..256 distinct];
projects = [project-id 1..64 distinct];
kinds = [machine-kind 1..32 distinct];
custody = 'hardware'|'device'|'pipeline';

genesis = {context, core: {administrators: [{card: label, key: public-key, principal: principal-id} 1..16],
                           admins_required: 1|2, log_key: public-key, origin,
                           recovery?: {key: public-key, principal: principal-id}},
           proofs: [signature 1..17]};
project.declare = {act: 'declare', context, project: project-id, object_format, protected_refs: [ref 1..32 distinct],
                   start?: object-id};
project.describe = {act: 'describe', context, project: project-id};
project.end = {act: 'end', context, project: project-id};
principal.create = {act: 'create', context, principal: principal-id, type: 'person'|'agent'|'service',
                    responsible?: principal-id};
principal.describe = {act: 'describe', context, principal: principal-id};
principal.disable = {act: 'disable', context, principal: principal-id};
principal.merge = {act: 'merge', context, principal: principal-id, into: principal-id};
principal.split = {act: 'split', context, principal: principal-id};
key.enrol = {act: 'enrol', context, principal: principal-id, key: public-key, proof: signature, projects?, kinds?,
             custody?};
key.rotate = {act: 'rotate', context, principal: principal-id, key: public-key, proof: signature, projects?, kinds?,
              custody?, ends: digest, endorsement?: signature};
key.end = {act: 'end', context, principal: principal-id, key_id: digest, reason: label};
key.revoke = {act: 'revoke', context, principal: principal-id, key_id: digest, reason: label,
              compromised_since: count};
role.grant = {act: 'grant', context, principal: principal-id, role: label, projects?, paths?: [glob 1..64 distinct],
              risks?: [label 1..16 distinct]};
role.end = {act: 'end', context, principal: principal-id, grant: digest, reason: label};
policy.set = {act: 'set', context, policy: {...}, projects?};
epoch = {context, known_lost: count, last_root: digest, last_size: count, number: count-2, origin,
         reason: label};
certificate.enrol = {act: 'enrol', context, key: sealing-key, purpose: 'packs'};
certificate.end = {act: 'end', context, certificate: digest, reason: label};

prompt = {base?: object-id, capture: {quality: 'complete'|'text-withheld'|'reconstructed',
                                      source: 'hook'|'transcript'|'telemetry'|'notes'|'manual'},
          configuration?: digest, context, ended_at?: claimed-time, initiator?: principal-id,
          model?: {provider: token, requested?: token, responded?: token}, permission_mode?: label,
          scan?: {findings: count, masked: count, tool: token, version: token}, session: token,
          started_at?: claimed-time, template?: {id: token, version: token}, tool,
          trigger: 'human'|'scheduled'|'subagent'|'unknown', turn: count-1,
          usage?: {input_tokens: count, output_tokens: count}};
diff = {ai: {involvement: 'none'|'assisted'|'generated'|'undeclared', source: 'declared'|'trailers'|'none',
             traces: [label 0..32 distinct]},
        base: object-id, commit_count: count, context, files_changed: count, head: object-id, lines_added: count,
        lines_removed: count, manifest: digest, merge_base: object-id, object_format,
        prompts: [{prompt: digest, strength: 'recomputed'|'observed'|'declared'} 0..256 distinct],
        risk?: label, target?: token, tree: object-id};
test = {context, result: 'PASSED'|'WARNED'|'FAILED', run, ...};
run = {attempt: count-1, class?: label, commit: object-id, contract?: {name: token, sha256: digest},
       duration_ms?: count, environment: label, started_at?: claimed-time, suite: token, tool?,
       totals: {errors: count, failures: count, flaky: count, passed: count, skipped: count, tests: count},
       tree: object-id};
approval = {attested_by: 'person'|'forge', basis,
            checklist?: [{answer: 'yes'|'no'|'not-applicable', item: label} 1..64],
            context, decision: 'approve'|'reject'|'abstain'|'withdraw', meaning: label,
            review?: {id: token, state: label}, role?: label, scope: 'change'|'release'|'exception'|'access'|'roster',
            seen: {prompts: [digest 0..256 distinct], scans?: [digest 0..256 distinct],
                   tests: [digest 0..256 distinct]},
            shown_at?: claimed-time, withdraws?: digest};
basis = {act?: digest, commit?: object-id, exception?: digest, manifest?: digest, policy?: digest, ref?: token,
         release?: digest, roster?: count-1, tree?: object-id};
merge = {binding: 'manifest'|'tree'|'recomputed'|'none', commit: object-id, commit_count: count-1, context,
         diff?: digest, manifest: digest, method: 'merge'|'squash'|'rebase'|'fast-forward'|'cherry-pick'|'push',
         object_format, parents: [object-id 1..16], recomputed?: {outcome: 'clean'|'conflict', tree?: object-id},
         ref: token, tree: object-id};
release = {artifacts, context, product: name-part, sources: [source 1..64 distinct], version: name-part};
source = {commit: object-id, commit_count: count, commits: label, path?: token, previous?: object-id,
          project: project-id, repository: token, start?: true};
deploy = {artifacts, context, environment: label, release?: digest, service: token,
          status: 'started'|'succeeded'|'failed'|'rolled-back'};
attestation = {context, media_type: token, predicate_type?: printable, reason: 'foreign'|'late', statement: label,
               subjects: [{digest: algorithms, name: token} 0..64]};

change = {context, cutover?: {owner: principal-id},
          requests: [{id: token, state: 'open'|'closed'|'unresolved', system: label} 0..32 distinct],
          returns_to?: release-name, risk?: label, state: 'opened'|'updated'|'closed'|'reopened', target?: token,
          type: 'normal'|'standard'|'emergency'|'bot'|'revert'};
push = {after?: object-id, before?: object-id, bypass?: label, context, forced?: true, object_format, ref: token};
review-note = {advisory?: true, applied?: object-id, commit?: object-id, context, initiator?: principal-id,
               line?: count-1, note: 'comment'|'question'|'suggestion'|'finding', path?, resolved?: true,
               session?: token};
scan = {commit?: object-id, complete: 'yes'|'no'|'unknown', context,
        counts: {error: count, none: count, note: count, warning: count}, prompts: [digest 0..256 distinct],
        suppressed: {justified: count, unjustified: count},
        target: 'code'|'dependencies'|'secrets'|'image'|'prompts', tool, tree?: object-id};
build = {artifacts, builder: printable, commit: object-id, context, object_format, source: 'provenance'|'observed'};
observation = {context, environment: label, failed?: count, release?: digest, running: artifacts, service: token,
               verification?: 'passed'|'failed'};
incident = {cause: 'change'|'other'|'unknown', context, corrective?: token, environment?: label, incident: token,
            service?: token, severity: label, started_at?: claimed-time, state: 'opened'|'updated'|'closed',
            suspects: [{change?: token, release?: digest} 0..64 distinct]};
exception = {cause: 'emergency'|'outage'|'accepted-risk', commit?: object-id, context, environment?: label,
             expires_at: claimed-time, incident?: token, manifest?: digest, policy?: digest, release?: digest,
             rules: [token 1..64 distinct], tree?: object-id};
control-snapshot = {changed_by?: principal-id, context,
                    refs: [{admins_included?: boolean, approvals?: count, bypass_count?: count, checks?: count,
                            deletion?: boolean, force_push?: boolean, protected: boolean, ref: token,
                            stale_dismissed?: boolean} 1..64]};
heartbeat = {context, cursor?: token, event_count: count, interval_seconds: count-1, since?: claimed-time,
             source: token};
decision = {as_of: ledger-time, blocking: [{outcome: 'fail'|'not-evaluable', rule: token} 0..256], context,
            excepted: [token 0..64 distinct], gate: 'merge'|'deploy', mode: 'observe'|'enforce',
            outcome: 'allowed'|'blocked', policy: digest, position: count-1, release?: digest};
correction = {context, corrects: digest, reason: label};
pack = {as_of: ledger-time, bundle: digest, context,
        files: [{media_type: token, name: token, sha256: digest, size_bytes: count} 1..64], pack_id: digest,
        period?: {from: count, to: count}, position: count-1, release?: digest, sealed_by?: digest};
reconciliation = {context, from: count,
                  refs: [{commit_count: count, head?: object-id, missing_count: count, recorded_count: count,
                          ref: token, start?: object-id, unknown_count: count} 1..64],
                  result: digest, to: count};
""")
where("source", lambda source: ("previous" in source) != ("start" in source), " has not one of previous and start")
where("policy.set", lambda act: len(canonical(act["policy"])) <= 49_152, ".policy has more than 49152 bytes")


def _act(kind: str) -> Shape:
    def shape(value: Json) -> None:
        name = f"{kind}.{value.get('act')}"
        require(name in SHAPES, f".act is {show(value.get('act'))}")
        check(name, value)

    return shape


SHAPES.update({kind: _act(kind) for kind in ACTS if kind != "epoch"})

# §4.4 Kinds: conditions. Each yields what must hold of a predicate of the right shape, with what is wrong otherwise.

Conditions = Iterator[tuple[object, str]]


def conditions(kind: str, p: Json) -> Conditions:
    """What must hold of a predicate of the right shape."""
    about = p["context"]["about"]
    yield ("ledger" in p["context"]) == (kind != "genesis"), "context.ledger is present in genesis, or absent elsewhere"
    if kind in ("genesis", *ACTS) or (kind == "approval" and p["scope"] == "roster"):
        yield "project" not in p["context"], "context.project is present in the ledger's own stream"
        yield about == {}, "context.about is not empty in the ledger's own stream"
    else:
        yield "project" in p["context"], "context.project is absent"
    held = _content_names(p)
    for name in _contents_named(kind, p):
        yield name in held, f"there is no content {show(name)}"
    if kind in _CONDITIONS:
        yield from _CONDITIONS[kind](p, about)


def _content_names(p: Json) -> set[str]:
    return {content["name"] for content in p["context"]["contents"]}


_CONTENTS = {
    "prompt": ["prompt"],
    "diff": ["manifest", "commits"],
    "test": ["report"],
    "merge": ["manifest", "commits"],
    "review-note": ["body"],
    "scan": ["report"],
    "exception": ["reason"],
    "control-snapshot": ["settings"],
    "decision": ["assessment"],
    "correction": ["values"],
    "reconciliation": ["reconciliation"],
}
"""Contents that a kind always has."""


def _contents_named(kind: str, p: Json) -> list[str]:
    if kind == "genesis":
        return [administrator["card"] for administrator in p["core"]["administrators"]]
    if kind in ("project", "principal") and p["act"] in ("declare", "create", "describe"):
        return ["card"]
    if kind == "release":
        return [source["commits"] for source in p["sources"]]
    if kind == "attestation":
        return [p["statement"]]
    return _CONTENTS.get(kind, [])


def _founders(core: Json) -> list[Json]:
    return [*core["administrators"], *([core["recovery"]] if "recovery" in core else [])]


def _of_genesis(p: Json, _about: Json) -> Conditions:
    core, founders = p["core"], _founders(p["core"])
    yield len(core["administrators"]) >= core["admins_required"], "core has fewer administrators than admins_required"
    yield distinct([founder["principal"] for founder in founders]), "core names a principal twice"
    log_key, keys = public_key(core["log_key"]), [public_key(founder["key"]) for founder in founders]
    yield distinct([key.point for key in (log_key, *keys)]), "core has a key twice"
    yield not any(key.is_sample for key in (log_key, *keys)), "core has the published sample key"
    yield log_key.scheme == "ed25519", "core.log_key is not of the scheme ed25519"
    yield "recovery" not in core or keys[-1].scheme == "ed25519", "core.recovery.key is not of the scheme ed25519"
    yield len(p["proofs"]) == len(founders), f"there are {len(p['proofs'])} proofs for {len(founders)} keys"
    actor = p["context"]["actor"].get("principal")
    yield actor == core["administrators"][0]["principal"], "the actor is not the first administrator"


def _of_role(p: Json, _about: Json) -> Conditions:
    scoped = p.keys() & {"projects", "paths", "risks"}
    yield p.get("role") != "administrator" or not scoped, "administrator is granted with projects, paths or risks"


def _of_key(p: Json, _about: Json) -> Conditions:
    yield ("projects" in p) == ("kinds" in p), "only one of projects and kinds is present"


def _of_diff(p: Json, about: Json) -> Conditions:
    yield {"change", "revision"} <= about.keys(), "context.about has no change and revision"
    yield about.get("tree") == p["tree"], "context.about.tree is not tree"
    yield (p["ai"]["involvement"] == "undeclared") == (p["ai"]["source"] == "none"), "ai contradicts itself"


def _of_test(p: Json, about: Json) -> Conditions:
    totals = p["run"]["totals"]
    parts = totals["passed"] + totals["failures"] + totals["errors"] + totals["skipped"]
    good = totals["tests"] > totals["skipped"] and totals["failures"] == totals["errors"] == 0
    yield totals["tests"] == parts, "run.totals do not add up"
    yield totals["flaky"] <= totals["tests"], "run.totals has more flaky cases than tests"
    yield p["result"] == "FAILED" or good, f"the result is {p['result']} against run.totals"
    yield about.get("tree", p["run"]["tree"]) == p["run"]["tree"], "context.about.tree is not run.tree"


_OF_A_CHANGE = {"commit", "manifest", "policy", "ref", "tree"}
_BASIS = {
    "release": {"release", "policy"},
    "exception": {"exception", "policy"},
    "access": {"roster", "policy"},
    "roster": {"act"},
}
"""The members of the basis by scope: these, no other, where the scope is not change."""


def _of_approval(p: Json, about: Json) -> Conditions:
    basis, scope, by_person = set(p["basis"]), p["scope"], p["attested_by"] == "person"
    items = [each["item"] for each in p.get("checklist", [])]
    yield ("withdraws" in p) == (p["decision"] == "withdraw"), f"decision {p['decision']} contradicts withdraws"
    yield by_person or not p.keys() & {"checklist", "shown_at"}, "checklist or shown_at is attested by the forge"
    yield not by_person or "review" not in p, "review is attested by a person"
    yield distinct(items), "checklist has the same item twice"
    if scope == "change":
        yield "change" in about, "context.about has no change"
        yield basis <= _OF_A_CHANGE, "basis has a member that is not meant for scope change"
        needed = {"manifest", "tree", "policy"} <= basis if by_person else basis & {"commit", "manifest", "tree"}
        yield needed, f"basis lacks what an approval attested by a {p['attested_by']} names"
    else:
        yield by_person, f"scope {scope} is not attested by a person"
        yield basis == _BASIS[scope], f"basis is not what scope {scope} names, that alone"
    if scope == "release":
        yield "release" in about, "context.about has no release"
    elif scope == "exception":
        yield p["meaning"] in ("authorisation", "review"), "meaning is neither authorisation nor review"
    elif scope == "access":
        yield "access-list" in _content_names(p), "there is no content 'access-list'"
    elif scope == "roster":
        yield p["decision"] in ("approve", "reject"), f"decision {p['decision']}, not meant for scope roster"


def _of_merge(p: Json, about: Json) -> Conditions:
    recomputed = p.get("recomputed", {"outcome": "conflict"})
    yield about.get("tree") == p["tree"], "context.about.tree is not tree"
    yield ("diff" in p) == (p["binding"] != "none"), f"binding is {p['binding']}, which diff contradicts"
    yield ("tree" in recomputed) == (recomputed["outcome"] == "clean"), "recomputed contradicts itself"
    yield "recomputed" not in p or len(p["parents"]) == 2, "recomputed without two parents"


def _of_release(p: Json, about: Json) -> Conditions:
    yield about.get("release") == p["product"] + "@" + p["version"], "context.about.release is not product@version"


def _of_change(p: Json, about: Json) -> Conditions:
    lack = {"fallback", "runbook", "stop-conditions"} - _content_names(p)
    yield "change" in about, "context.about has no change"
    yield "cutover" not in p or not lack, "cutover without the contents fallback, runbook and stop-conditions"


def _of_push(p: Json, _about: Json) -> Conditions:
    yield p.get("before") != p.get("after"), "before and after are absent or equal"


def _of_review_note(p: Json, about: Json) -> Conditions:
    yield "change" in about, "context.about has no change"
    yield "line" not in p or "path" in p, "line without path"


def _of_scan(p: Json, _about: Json) -> Conditions:
    is_of_prompts = p["target"] == "prompts"
    yield bool(p["prompts"]) == is_of_prompts, f"target is {p['target']}, which prompts contradicts"
    expected = set() if is_of_prompts else {"commit", "tree"}
    yield p.keys() & {"commit", "tree"} == expected, f"target is {p['target']}, which commit or tree contradicts"


def _of_build(p: Json, _about: Json) -> Conditions:
    yield p["artifacts"], "artifacts is empty"
    yield ("provenance" in _content_names(p)) == (p["source"] == "provenance"), "source contradicts the contents"


def _of_observation(p: Json, _about: Json) -> Conditions:
    yield "verification" not in p or "release" in p, "verification without release"


def _of_incident(p: Json, _about: Json) -> Conditions:
    yield all(p["suspects"]), "a suspect is neither a change nor a release"
    yield p["cause"] != "change" or p["suspects"], "cause is change without a suspect"


def _of_exception(p: Json, about: Json) -> Conditions:
    of_change = "change" in about and "release" not in about
    of_release = "release" in about and "change" not in about
    yield of_change or of_release, "context.about has not one of change and release"
    yield not of_change or p.keys() & {"manifest", "tree"}, "neither manifest nor tree of the change"
    yield ("release" in p) == of_release, "release and context.about.release are not both present or absent"
    yield not of_release or not p.keys() & {"commit", "manifest", "tree"}, "commit, manifest or tree beside a release"


def _of_control_snapshot(p: Json, _about: Json) -> Conditions:
    yield distinct([each["ref"] for each in p["refs"]]), "refs has the same ref twice"


def _of_decision(p: Json, about: Json) -> Conditions:
    yield ("change" in about) != ("release" in about), "context.about has not one of change and release"
    yield ("release" in p) == ("release" in about), "release and context.about.release are not both present or absent"
    yield (p["outcome"] == "allowed") == (not p["blocking"]), f"outcome is {p['outcome']}, which blocking contradicts"


def _of_pack(p: Json, about: Json) -> Conditions:
    period = p.get("period", {"from": 0, "to": 1})
    yield ("release" in p) != ("period" in p), "there is not one of release and period"
    yield period["from"] < period["to"] <= p["position"], "the period is of nothing, or goes beyond position"
    yield set(about) == ({"release"} if "release" in p else set()), "context.about is not the release alone, or nothing"
    yield distinct([file["name"] for file in p["files"]]), "files has the same name twice"


def _of_reconciliation(p: Json, _about: Json) -> Conditions:
    yield p["from"] < p["to"], "from is not below to"
    yield distinct([each["ref"] for each in p["refs"]]), "refs has the same ref twice"


_CONDITIONS: dict[str, Callable[[Json, Json], Conditions]] = {
    "genesis": _of_genesis,
    "role": _of_role,
    "key": _of_key,
    "diff": _of_diff,
    "test": _of_test,
    "approval": _of_approval,
    "merge": _of_merge,
    "release": _of_release,
    "change": _of_change,
    "push": _of_push,
    "review-note": _of_review_note,
    "scan": _of_scan,
    "build": _of_build,
    "observation": _of_observation,
    "incident": _of_incident,
    "exception": _of_exception,
    "control-snapshot": _of_control_snapshot,
    "decision": _of_decision,
    "pack": _of_pack,
    "reconciliation": _of_reconciliation,
}

# §4.4 Kinds: subjects

_ARTIFACTS = ("sha256", "artifacts.sha256", "artifacts.name")
_SUBJECTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "prompt": (("gitCommit", "base", "base"), ("gitTree", "context.about.tree", "tree")),
    "diff": (("gitCommit", "head", "head"), ("gitTree", "tree", "tree"), ("sha256", "manifest", "manifest")),
    "test": (("gitCommit", "run.commit", "commit"), ("gitTree", "run.tree", "tree")),
    "approval": (
        ("sha256", "basis.manifest", "manifest"),
        ("gitTree", "basis.tree", "tree"),
        ("gitCommit", "basis.commit", "commit"),
        ("sha256", "basis.release", "release"),
        ("sha256", "basis.exception", "exception"),
        ("sha256", "basis.act", "act"),
        ("sha256", "withdraws", "withdraws"),
    ),
    "merge": (("gitCommit", "commit", "commit"), ("gitTree", "tree", "tree"), ("sha256", "manifest", "manifest")),
    "release": (("gitCommit", "sources.commit", "source"), _ARTIFACTS),
    "deploy": (("sha256", "release", "release"), _ARTIFACTS),
    "push": (("gitCommit", "before", "before"), ("gitCommit", "after", "after")),
    "review-note": (("gitCommit", "commit", "commit"),),
    "scan": (("gitCommit", "commit", "commit"), ("gitTree", "tree", "tree"), ("sha256", "prompts", "prompt")),
    "build": (("gitCommit", "commit", "commit"), _ARTIFACTS),
    "observation": (("sha256", "running.sha256", "running.name"),),
    "incident": (("sha256", "suspects.release", "release"),),
    "exception": (
        ("sha256", "manifest", "manifest"),
        ("gitTree", "tree", "tree"),
        ("gitCommit", "commit", "commit"),
        ("sha256", "release", "release"),
    ),
    "decision": (
        ("sha256", "policy", "policy"),
        ("gitTree", "context.about.tree", "tree"),
        ("sha256", "release", "release"),
    ),
    "correction": (("sha256", "corrects", "corrects"),),
    "pack": (("sha256", "files.sha256", "files.name"), ("sha256", "bundle", "bundle")),
    "reconciliation": (("sha256", "result", "result"), ("gitCommit", "refs.head", "head")),
}
"""Algorithm, path of the value, and name or (with a dot) path of the names. No value, no subject."""


def values_at(value: Json, path: str) -> list[Json]:
    """What stands at a path of members, through arrays: none, one, or many."""
    values = [value]
    for name in path.split("."):
        values = [each[name] for each in values if name in each]
        values = [item for each in values for item in (each if isinstance(each, list) else [each])]
    return values


def subjects(kind: str, p: Json) -> list[Json]:
    """The subjects that follow from the predicate by the table of §4.4."""
    if kind == "attestation" and p["subjects"]:
        return list(p["subjects"])
    found: list[tuple[str, str, str]] = []
    for algorithm, path, name in _SUBJECTS.get(kind, ()):
        values = values_at(p, path)
        names = values_at(p, name) if "." in name else [name] * len(values)
        found += [(algorithm, *pair) for pair in zip(values, names)]
    if kind == "genesis":
        found = [("sha256", digest_of(public_key(p["core"]["log_key"]).data), "log-key")]
    if not found:
        found = [("sha256", p["context"]["ledger"], "ledger")]
    return [{"digest": {algorithm: value.rpartition(":")[2]}, "name": name} for algorithm, value, name in found]


@dataclass(frozen=True)
class Event:
    """What a payload says."""

    kind: str
    """Empty where format.md does not define the predicate type: the meaning is unknown."""
    predicate_type: str
    predicate: Json
    """Of the shape of §4.4 where the kind is known, else anything."""
    context: Json
    """Of the shape of §4.1, or None in an event of unknown meaning."""

    @property
    def stream(self) -> str:
        """The stream that the context names."""
        return str(self.context.get("project", "ledger"))


def read_event(payload: bytes) -> Event:
    """The event of a payload."""
    statement = strict_json(payload, fractions=True)
    check("statement", statement)
    predicate_type, predicate = statement["predicateType"], statement["predicate"]
    kind, context = TYPES.get(predicate_type, ""), predicate.get("context")
    if kind:
        # Fractions are for vetted and unknown predicates; no member of these two takes one.
        canonical([context, predicate.get("run")] if kind == "test" else statement)
    else:
        try:
            check("context", context)
        except Fault:
            context = None
        return Event(kind, predicate_type, predicate, context)
    inside(".predicate", SHAPES[kind], predicate)
    for holds, otherwise in conditions(kind, predicate):
        require(holds, f": {otherwise}")
    derived, given = subjects(kind, predicate), statement["subject"]
    require(given[: len(derived)] == derived, ".subject does not follow from the predicate")
    require(kind == "test" or len(given) == len(derived), ".subject has more than follows from the predicate")
    return Event(kind, predicate_type, predicate, context)


# §4.5 Change manifest

SHAPES["changed-path"] = text(r"[^\x00]+", "a path")
SHAPES["hex-or-null"] = lambda value: None if value is None else check("hex", value)
define("""
mode = '000000'|'100644'|'100755'|'120000'|'160000';
manifest = {entries: [{new_blob: object-id, new_mode: mode, new_sha256: hex-or-null, old_blob: object-id,
                       old_mode: mode, path?: changed-path, path_bytes?: base64} 0..], object_format, v: 1};
""")


def check_manifest(data: bytes) -> int:
    """The number of entries of a change manifest."""
    value = canonical_json(data, limit=CONTENT_MAX)
    check("manifest", value)
    digits = 40 if value["object_format"] == "sha1" else 64
    paths = []
    for number, entry in enumerate(value["entries"]):
        name = f".entries[{number}]"
        require(("path" in entry) != ("path_bytes" in entry), f"{name} has not one of path and path_bytes")
        require(len(entry["old_blob"]) == len(entry["new_blob"]) == digits, f"{name} has ids of another object format")
        require(_sides_agree(entry), f"{name} contradicts itself")
        path = base64_bytes(entry["path_bytes"]) if "path_bytes" in entry else entry["path"].encode("utf-8")
        fits = "path" in entry or (b"\x00" not in path and not _is_utf8(path))
        require(fits, f"{name}.path_bytes is valid UTF-8 or holds a zero byte")
        paths.append(path)
    require(ascending(paths), ".entries do not ascend by path")
    return len(paths)


def _sides_agree(entry: Json) -> bool:
    old: bool = entry["old_mode"] != "000000"
    new: bool = entry["new_mode"] != "000000"
    differ = (entry["old_blob"], entry["old_mode"]) != (entry["new_blob"], entry["new_mode"])
    blobs_agree = (set(entry["old_blob"]) != {"0"}) == old and (set(entry["new_blob"]) != {"0"}) == new
    has_content = new and entry["new_mode"] != "160000"
    return differ and blobs_agree and (entry["new_sha256"] is not None) == has_content


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# §5 The log ---------------------------------------------------------------------------------------------------------

# §5.1 Leaf

SHAPES["stream"] = text(r"ledger|prj_[0-9a-f]{32}", "a stream")
define("""
leaf = {v: 1, index: count, previous: hex, stream, stream_index: count, stream_previous: hex, roster: count,
        kind: label, key_id: digest, about, envelope: digest, received_at: ledger-time};
""")

# §5.2 Tree


def leaf_digest(leaf: bytes) -> bytes:
    """The leaf digest, (5.2)."""
    return sha256(b"\x00" + leaf)


def inclusion_ok(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf digest to the root of the tree of that size (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, number, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            node = sha256(b"\x01" + sibling + node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and node == root


# §5.3 Anchor


@dataclass(frozen=True)
class Anchor:
    """What a verifier knows beforehand."""

    origin: str
    log_key: bytes
    ledger: str
    """The ledger id."""


def read_anchor(line: str) -> Anchor:
    """The anchor that a line says, with or without its line end."""
    parts = line[:-1].split(" ") if line.endswith("\n") else line.split(" ")
    require(len(parts) == 2, "the anchor is not one line of a vkey, a space and a ledger id")
    fields = parts[0].split("+", 2)
    require(len(fields) == 3, "the vkey is not origin, key id and key")
    inside("the origin", SHAPES["origin"], fields[0])
    inside("the ledger id", SHAPES["digest"], parts[1])
    try:
        typed = base64_bytes(fields[2])
    except Fault as fault:
        raise Fault(f"the vkey's key{fault}") from None
    require(len(typed) == 33 and typed[0] == 1, "the vkey's key is not of Ed25519")
    require(fields[1] == note_key_id(fields[0], typed[1:]).hex(), "the vkey's key id is not that of its key")
    require(may_be_enrolled(typed[1:]), "the vkey's key is not admitted (format 2.1)")
    return Anchor(fields[0], typed[1:], parts[1])


# §5.5 Checkpoints


def note_key_id(name: str, public: bytes) -> bytes:
    """The first four bytes that C2SP signed-note gives a key."""
    return sha256(name.encode() + b"\n\x01" + public)[:4]


@dataclass(frozen=True)
class Checkpoint:
    """A signed note that states a tree."""

    text: bytes
    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...]
    """Key name, and note key id and signature."""


def read_checkpoint(data: bytes) -> Checkpoint:
    """The checkpoint of a note. Its signatures are not verified here."""
    require(len(data) <= 16_384, f"has {len(data)} bytes, more than 16384")
    require(_is_utf8(data), "is not UTF-8")
    body, blank, tail = data.decode("utf-8").partition("\n\n")
    require(blank and tail.endswith("\n"), "is not a text, a blank line and signature lines")
    lines = body.split("\n")
    require(len(lines) == 3, f"has {len(lines)} lines of text, not 3")
    origin, size, root = lines
    require(origin and not any(ord(letter) < 32 for letter in origin), "has no origin")
    require(re.fullmatch(r"0|[1-9][0-9]{0,15}", size) and int(size) <= COUNT_MAX, "has no size in decimal")
    try:
        top = base64_bytes(root)
    except Fault as fault:
        raise Fault(f"root{fault}") from None
    require(len(top) == 32, "has a root that is not of 32 bytes")
    signatures = []
    for line in tail[:-1].split("\n"):
        found = re.fullmatch("\u2014 ([^ +\\s]+) ([A-Za-z0-9+/=]+)", line)
        if found is None:
            raise Fault(f"has a line that is no signature: {show(line)}")
        try:
            signature = base64_bytes(found.group(2))
        except Fault as fault:
            raise Fault(f"signature{fault}") from None
        require(len(signature) > 4, "has a signature that is too short")
        signatures.append((found.group(1), signature))
    return Checkpoint((body + "\n").encode(), origin, int(size), top, tuple(signatures))


def checkpoint_signed(checkpoint: Checkpoint, log_key: bytes) -> None:
    """Nothing, if the log key signed and no signature by it is wrong; else a Fault. Unknown keys are ignored."""
    known = note_key_id(checkpoint.origin, log_key)
    ours = [each[4:] for name, each in checkpoint.signatures if name == checkpoint.origin and each[:4] == known]
    require(ours, "has no signature by the log key")
    for signature in ours:
        require(ed25519_verify(log_key, checkpoint.text, signature), "the log key's signature does not verify")


# §6 Roster ----------------------------------------------------------------------------------------------------------

NEVER = COUNT_MAX + 1


@dataclass
class Principal:
    """§6.1, with positions from which it holds and no longer holds, like the next four."""

    type: str
    start: int
    end: int = NEVER


@dataclass
class Key:
    """An enrolled key."""

    principal: str
    public: PublicKey
    projects: frozenset[str]
    kinds: frozenset[str]
    start: int
    end: int = NEVER
    compromised_since: int = NEVER


@dataclass
class Grant:
    """A role; without projects it is for all of them and the ledger."""

    principal: str
    role: str
    projects: frozenset[str] | None
    start: int
    end: int = NEVER


@dataclass
class Project:
    """A declared project."""

    start: int
    end: int = NEVER


@dataclass
class Merged:
    """That two principals are one person (§6.3)."""

    principal: str
    into: str
    start: int
    end: int = NEVER


@dataclass
class Certificate:
    """A key that seals packs (§2.4)."""

    key: bytes
    """The SubjectPublicKeyInfo."""
    start: int
    end: int = NEVER


Held = Union[Principal, Key, Grant, Project, Merged, Certificate]  # noqa: UP007 (Python 3.9)
"""What is in force between positions."""


@dataclass
class Roster:
    """§6.1. Policies are not kept: no check asks for them. Nor are paths and risks of grants: rules decide on them."""

    ledger: str
    origin: str
    required: int
    log_key: PublicKey
    principals: dict[str, Principal] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    grants: dict[tuple[str, str], Grant] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    merges: list[Merged] = field(default_factory=list)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    epochs: list[tuple[int, Json]] = field(default_factory=list)
    """Position from which it holds, and predicate."""
    pending: dict[str, tuple[Event, str]] = field(default_factory=dict)
    """Acts that wait for another administrator, with their signer, by envelope digest."""


def in_force(thing: Held | None, n: int) -> bool:
    """Whether it is in force at position n (§5.4)."""
    return thing is not None and thing.start <= n < thing.end


def has_role(roster: Roster, principal: str, role: str, project: str | None, n: int) -> bool:
    """Whether a principal holds a role, for a project or (None) for the ledger."""
    return any(
        grant.principal == principal
        and grant.role == role
        and in_force(grant, n)
        and (grant.projects is None or project in grant.projects)
        for grant in roster.grants.values()
    )


def is_administrator(roster: Roster, principal: str, n: int) -> bool:
    """Whether a principal may sign acts: an administrator who is a person, or the recovery principal."""
    # Only persons are granted that role.
    known = roster.principals[principal]
    return in_force(known, n) and (known.type == "recovery" or has_role(roster, principal, "administrator", None, n))


def administrators_left(roster: Roster, n: int) -> int:
    """How many persons could sign an act at position n."""
    holders = {key.principal for key in roster.keys.values() if in_force(key, n)}
    return len({person_behind(roster, each, n) for each in holders if is_administrator(roster, each, n)})


# §6.3 One person, several principals


def merge_of(roster: Roster, principal: str, n: int) -> Merged | None:
    """The merge of a principal into another that is in force at position n."""
    return next((each for each in roster.merges if each.principal == principal and in_force(each, n)), None)


def person_behind(roster: Roster, principal: str, n: int) -> str:
    """The end of a principal's chain of merges at position n. It ends: no merge that leads back takes effect."""
    while merge := merge_of(roster, principal, n):
        principal = merge.into
    return principal


def check_merge(roster: Roster, p: Json, n: int) -> None:
    """Nothing, if the two principals can be merged at position n, else a Fault."""
    one, other = roster.principals.get(p["principal"]), roster.principals.get(p["into"])
    require(in_force(one, n) and in_force(other, n), "a principal is not in force")
    require(one and other and one.type == other.type != "recovery", "the principals are not of one type, or recovery")
    require(merge_of(roster, p["principal"], n) is None, "the principal is merged already")
    # With equal principals too: the chain of the one leads to itself.
    require(person_behind(roster, p["into"], n) != p["principal"], "the principal would be merged into itself")


# §4.4.1 genesis


def genesis_faults(event: Event) -> Iterator[str]:
    """Which proofs of genesis do not verify."""
    core = event.predicate["core"]
    signed = b"evidence-ledger/genesis/v1\x00" + sha256(canonical(core))
    for number, (founder, proof) in enumerate(zip(_founders(core), event.predicate["proofs"])):
        if not signature_holds(public_key(founder["key"]), signed, base64_bytes(proof)):
            yield f"the proof of founder {number} does not verify"


def found(event: Event, envelope: str, ledger: str) -> Roster:
    """The roster that genesis makes."""
    core = event.predicate["core"]
    roster = Roster(ledger, core["origin"], core["admins_required"], public_key(core["log_key"]))
    for founder in _founders(core):
        public = public_key(founder["key"])
        roster.principals[founder["principal"]] = Principal("person" if "card" in founder else "recovery", 1)
        roster.keys[public.id] = Key(founder["principal"], public, frozenset(), frozenset(), 1)
    for founder in core["administrators"]:
        roster.grants[envelope, founder["principal"]] = Grant(founder["principal"], "administrator", None, 1)
    return roster


# §6.2 Acts


def takes_one(event: Event) -> bool:
    """Whether the act takes one administrator, whatever `admins_required` says."""
    return event.predicate.get("act") in ("end", "disable", "revoke")


def ended_by(roster: Roster, event: Event, n: int) -> Held | None:
    """What an `end`, `disable`, `revoke`, `rotate` or `split` ends, None for other acts."""
    p, act = event.predicate, event.predicate.get("act")
    ended: Held | None
    if event.kind == "project" and act == "end":
        ended = roster.projects.get(p["project"])
    elif act == "disable":
        ended = roster.principals.get(p["principal"])
    elif act == "split":
        ended = merge_of(roster, p["principal"], n)
    elif event.kind == "role" and act == "end":
        ended = roster.grants.get((p["grant"], p["principal"]))
    elif event.kind == "certificate" and act == "end":
        ended = roster.certificates.get(p["certificate"])
    elif event.kind == "key" and act in ("end", "revoke", "rotate"):
        ended = key = roster.keys.get(p["ends"] if act == "rotate" else p["key_id"])
        require(key is None or key.principal == p["principal"], "the key is not of the principal")
    else:
        return None
    can_end = in_force(ended, n) or (ended is not None and act == "revoke")
    require(can_end, f"{event.kind} {act}: what it ends is not in force")
    return ended


def check_possible(roster: Roster, event: Event, n: int) -> None:
    """Nothing, if the act is possible at position n (§6.2), else a Fault."""
    p, kind, act = event.predicate, event.kind, event.predicate.get("act")
    ended = ended_by(roster, event, n)
    if kind == "project" and act == "declare":
        require(p["project"] not in roster.projects, "the project id was used before")
    elif kind == "project" and act == "describe":
        require(in_force(roster.projects.get(p["project"]), n), "the project is not in force")
    elif kind == "principal" and act == "create":
        require(p["principal"] not in roster.principals, "the principal id was used before")
        responsible = roster.principals.get(p.get("responsible", ""))
        is_person = responsible is not None and responsible.type == "person" and in_force(responsible, n)
        require("responsible" not in p or is_person, "responsible is not a person in force")
    elif kind == "principal" and act == "describe":
        require(in_force(roster.principals.get(p["principal"]), n), "the principal is not in force")
    elif kind == "principal" and act == "merge":
        check_merge(roster, p, n)
    elif kind == "key" and act in ("enrol", "rotate"):
        _check_enrolment(roster, p, n)
    elif kind == "key" and act == "revoke":
        require(p["compromised_since"] <= n, "compromised_since is after this entry")
    elif kind == "role" and act == "grant":
        principal = roster.principals.get(p["principal"])
        require(in_force(principal, n), "the principal is not in force")
        is_person = principal is not None and principal.type == "person"
        require(p["role"] != "administrator" or is_person, "administrator is granted to no person")
    elif kind == "certificate" and act == "enrol":
        require(certificate_id(p) not in roster.certificates, "the certificate was enrolled before")
    elif kind == "epoch":
        number = len(roster.epochs) + 2
        require(p["number"] == number, f"the epoch has number {p['number']}, not {number}")
        require(p["origin"] == f"{roster.origin}/{number}", "the epoch's origin is not that of genesis with its number")
    for project in p.get("projects", []):
        require(in_force(roster.projects.get(project), n), f"the project {project} is not declared, or ended")
    left = COUNT_MAX
    if act == "merge":
        roster.merges.append(Merged(p["principal"], p["into"], n + 1))
        left = administrators_left(roster, n + 1)
        roster.merges.pop()
    elif ended is not None and takes_one(event):
        before, ended.end = ended.end, min(ended.end, n + 1)
        left = administrators_left(roster, n + 1)
        ended.end = before
    require(left >= roster.required, f"it would leave {left} administrators with a key, {roster.required} required")


def _check_enrolment(roster: Roster, p: Json, n: int) -> None:
    # proof: "evidence-ledger/key/v1" || 0x00 || ledger id || principal id || 0x00 || key id, (4.4.1b)
    principal, public = roster.principals.get(p["principal"]), public_key(p["key"])
    require(principal and in_force(principal, n), "the principal is not in force")
    is_machine = principal is not None and principal.type in ("agent", "service")
    is_person = principal is not None and principal.type == "person"
    require(
        ("projects" in p) == is_machine, "projects and kinds are for the keys of agents and services, and needed there"
    )
    require(public.scheme == "ed25519" or is_person, "a key of the scheme sshsig is for persons only")
    # The same point is the same key, under whatever scheme and form.
    taken = [roster.log_key.point, *[key.public.point for key in roster.keys.values()]]
    require(public.point not in taken, "the key was enrolled before, or is the log key")
    require(not public.is_sample, "the key is the published sample key")
    signed = b"evidence-ledger/key/v1\x00" + bytes.fromhex(roster.ledger[7:]) + p["principal"].encode()
    signed += b"\x00" + bytes.fromhex(public.id[7:])
    require(signature_holds(public, signed, base64_bytes(p["proof"])), "the proof does not verify")
    if "endorsement" in p:
        old = roster.keys[p["ends"]].public
        require(signature_holds(old, signed, base64_bytes(p["endorsement"])), "the endorsement does not verify")


def certificate_id(p: Json) -> str:
    """The certificate id of the key that an act enrols, (2.4)."""
    return digest_of(base64_bytes(p["key"]))


def take_effect(roster: Roster, event: Event, envelope: str, n: int) -> None:
    """Applies an act that is possible and complete; it holds from position n."""
    p, act = event.predicate, event.predicate.get("act")
    ended = ended_by(roster, event, n - 1)
    if ended is not None:
        ended.end = min(ended.end, n)
    if act == "disable":
        owned: list[Key | Grant] = [*roster.keys.values(), *roster.grants.values()]
        for each in owned:
            each.end = min(each.end, n if each.principal == p["principal"] else NEVER)
    if isinstance(ended, Key) and act == "revoke":
        ended.compromised_since = min(ended.compromised_since, p["compromised_since"])
    if act == "declare":
        roster.projects[p["project"]] = Project(n)
    elif act == "create":
        roster.principals[p["principal"]] = Principal(p["type"], n)
    elif act == "merge":
        roster.merges.append(Merged(p["principal"], p["into"], n))
    elif event.kind == "certificate" and act == "enrol":
        roster.certificates[certificate_id(p)] = Certificate(base64_bytes(p["key"]), n)
    elif act in ("enrol", "rotate"):
        public = public_key(p["key"])
        projects, kinds = frozenset(p.get("projects", [])), frozenset(p.get("kinds", []))
        roster.keys[public.id] = Key(p["principal"], public, projects, kinds, n)
    elif act == "grant":
        projects_or_all = frozenset(p["projects"]) if "projects" in p else None
        roster.grants[envelope, p["principal"]] = Grant(p["principal"], p["role"], projects_or_all, n)
    elif event.kind == "epoch":
        roster.epochs.append((n, p))


def admit_act(roster: Roster, event: Event, envelope: str, signer: str, n: int, *, verified: bool) -> None:
    """Judges an entry of the ledger's own stream by a signer without a fault of V13; it takes effect if verified."""
    require(event.kind != "genesis", "genesis is entry 0 and no other")
    if event.kind in ACTS:
        check_possible(roster, event, n)
        if verified and (roster.required == 1 or takes_one(event)):
            take_effect(roster, event, envelope, n + 1)
        elif verified:
            roster.pending[envelope] = (event, signer)
        return
    named = event.predicate["basis"]["act"]
    require(named in roster.pending, "it names no earlier act that is still incomplete")
    proposed, proposer = roster.pending[named]
    if event.predicate["decision"] == "approve":
        one_person = person_behind(roster, signer, n) == person_behind(roster, proposer, n)
        require(not one_person, "the person who signed the act approves it too")
        check_possible(roster, proposed, n)  # one approval completes it: admins_required is at most 2
    if verified:
        del roster.pending[named]
        if event.predicate["decision"] == "approve":
            take_effect(roster, proposed, named, n + 1)


# §7 Who may sign what -----------------------------------------------------------------------------------------------


def authority_faults(roster: Roster, event: Event | None, key: Key, n: int) -> Iterator[str]:
    """Why the signer may not sign this event at position n, as far as `admit_act` does not say it."""
    if event and event.kind == "genesis" and n == 0:
        if key is not next(iter(roster.keys.values())):
            yield "genesis is not signed by the key of the first administrator"
        return
    if not in_force(key, n):
        yield "the key is not in force, or its principal is not"
    if event is None or not event.kind or event.kind == "genesis":
        return
    actor_signs = event.context["actor"].get("principal") == key.principal
    if event.stream == "ledger":
        if not is_administrator(roster, key.principal, n):
            yield "the signer is no administrator"
        if not actor_signs:
            yield "the actor is not the signer"
        return
    principal, kind, p = roster.principals[key.principal], event.kind, event.predicate
    project = event.context["project"]
    if not in_force(roster.projects.get(project), n):
        yield "the project is not declared, or ended"
    for source in p["sources"] if kind == "release" else []:
        if source["project"] not in roster.projects:
            yield f"the project {source['project']} of a source is not declared"
    if kind == "approval" and p["basis"].get("roster", 0) > n:
        yield "basis.roster is after this entry"
    if kind in ("decision", "pack") and p["position"] > n:
        yield "position is after this entry"
    if kind == "reconciliation" and p["to"] > n:
        yield "to is after this entry"
    listed = project in key.projects and kind in key.kinds
    if kind == "exception" or (kind == "approval" and p["attested_by"] == "person"):
        if principal.type != "person" or not actor_signs:
            yield "an exception, and an approval attested by a person, is signed by the person who acts"
    elif principal.type == "person":
        if kind == "approval" and not has_role(roster, key.principal, "collector", project, n):
            yield "the signer is no collector for the project"
    elif principal.type == "service" or (principal.type == "agent" and kind in AGENT_KINDS):
        if not listed:
            yield "the key does not list the project and the kind"
    else:
        yield f"a principal of the type {principal.type} does not sign this kind"


# §8 Bundle ----------------------------------------------------------------------------------------------------------

BUNDLE_MAX = 2**30
MEMBERS_MAX = 65_535
INDEX_MAX = 16 * 2**20
LINE_MAX = 131_072

# §8.1 Archive bytes


def read_archive(data: bytes, result: Result) -> dict[str, bytes]:
    """The members in their order, as far as they can be read."""
    members: dict[str, bytes] = {}
    central: list[bytes] = []
    offset = 0
    if len(data) > BUNDLE_MAX:
        result.fail("V01", "archive", f"has {len(data)} bytes, more than {BUNDLE_MAX}")
        return members
    while data[offset : offset + 4] == b"PK\x03\x04" and offset + 30 <= len(data):
        size, name_length = struct.unpack_from("<18xIxxxxHxx", data, offset)
        start = offset + 30 + name_length
        raw_name, content = data[offset + 30 : start], data[start : start + size]
        if len(content) != size or len(raw_name) != name_length:
            result.fail("V01", "archive", f"ends within member {len(central)}")
            return members
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(content), size, size, name_length, 0)
        name = raw_name.decode("ascii", "backslashreplace")
        if data[offset + 4 : offset + 30] != common:
            result.fail(
                "V01", f"member {show(name)}", "the local header is not of the one form, or the CRC-32 is wrong"
            )
        if name in members:
            result.fail("V01", f"member {show(name)}", "there are two of this name")
        members.setdefault(name, content)
        central.append(b"PK\x01\x02\x14\x03" + common + struct.pack("<HHHII", 0, 0, 0, 0x81A40000, offset) + raw_name)
        offset = start + size
    directory = b"".join(central)
    count = len(central)
    if count > MEMBERS_MAX:
        result.fail("V01", "archive", f"has {count} members, more than {MEMBERS_MAX}")
        return members
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), offset, 0)
    if data[offset:] != directory + end:
        result.fail("V01", "archive", f"the bytes from {offset} on are not the one form of the central part")
    return members


# §8.2 Members

STATES = ("held", "withheld", "erased", "missing")
SHAPES["salt"] = encoded(32, 32)
define("""
bundle = {v: 1, ledger: digest, position: count-1, subject: {release?: digest, period?: {from: count, to: count}},
          streams: [{from: count, stream, to: count} 1..1025], linked: [count 0..],
          contents: [{commitment: digest, salt?, size_bytes: content-size,
                      state: 'held'|'withheld'|'erased'|'missing'} 0..],
          files: [{name: string, sha256: digest, size_bytes: count} 0..]};
line = {envelope: any, inclusion: any, leaf: any};
inclusion = [salt 0..64];
""")
SHAPES["any"] = lambda _value: None


def check_index(index: Json) -> None:
    """Nothing, if it is what bundle.json may say, else a Fault."""
    check("bundle", index)
    require(len(index["subject"]) == 1, ".subject is not a release or a period")
    streams, projects = index["streams"], [stream["stream"] for stream in index["streams"][1:]]
    first_is_ledger = (streams[0]["stream"], streams[0]["from"]) == ("ledger", 0) and "ledger" not in projects
    require(first_is_ledger and ascending(projects), ".streams is not ledger from 0, then projects ascending")
    require(all(stream["from"] < stream["to"] for stream in streams), ".streams has a range of nothing")
    require(ascending(index["linked"]), ".linked does not ascend")
    require(ascending([each["commitment"] for each in index["contents"]]), ".contents does not ascend by commitment")
    salted = all(("salt" in each) == (each["state"] == "held") for each in index["contents"])
    require(salted, ".contents has a salt for what is not held, or none for what is")


def read_index(members: dict[str, bytes], result: Result) -> Json:
    """What bundle.json says, or None; and V01 for the members against it."""
    names = list(members)
    held = [name for name in names if name.startswith("contents/")]
    if names != ["bundle.json", "checkpoint", "entries.jsonl", *sorted(held), "verify.py"]:
        result.fail("V01", "archive", "the members are not those of format 8 in their order")
    try:
        index = canonical_json(members["bundle.json"], limit=INDEX_MAX)
        check_index(index)
    except KeyError:
        return None
    except Fault as fault:
        result.fail("V01", "bundle.json", fault)
        return None
    listed = [file["name"] for file in index["files"]]
    if listed != names[1:]:
        result.fail("V01", "bundle.json", "files does not list the other members in archive order")
    for file in index["files"]:
        content = members.get(file["name"])
        if content is not None and (len(content), digest_of(content)) != (file["size_bytes"], file["sha256"]):
            result.fail("V01", f"member {show(file['name'])}", "size or digest is not that of bundle.json")
    expected = {"contents/" + each["commitment"][7:] for each in index["contents"] if each["state"] == "held"}
    for name in sorted(expected ^ set(held)):
        lack = (
            "bundle.json says held, but there is no member" if name in expected else "bundle.json does not call it held"
        )
        result.fail("V01", f"member {show(name)}", lack)
    return index


@dataclass
class Entry:
    """One line of entries.jsonl whose leaf is of the right shape."""

    place: str
    leaf: Json
    digest: bytes
    """Leaf digest."""
    index: int
    envelope_digest: str = ""
    """Empty where the envelope has another shape, and `event` is None then."""
    payload: bytes = b""
    key_id: str = ""
    signature: bytes = b""
    event: Event | None = None
    whole: bool = False
    """Whether it is inside one of the ranges of `streams`."""


def read_entries(data: bytes, position: int | None, checkpoint: Checkpoint | None, result: Result) -> list[Entry]:
    """The entries whose leaves can be used, ascending; and V04, V05, V09, V10 for each."""
    lines = data.split(b"\n")
    if lines.pop():
        result.fail("V01", "entries.jsonl", "the last line has no end")
    entries: list[Entry] = []
    result.entries = len(lines)
    for number, line in enumerate(lines, 1):
        place = f"line {number}"
        try:
            value = strict_json(line, limit=LINE_MAX)
            check("line", value)
            if canonical(value) != line:
                result.fail("V01", f"entries.jsonl {place}", "is not canonical JSON")
        except Fault as fault:
            result.fail("V01", f"entries.jsonl {place}", fault)
            continue
        entry = None
        try:
            leaf_bytes = canonical(value["leaf"])
            check("leaf", value["leaf"])
            require(len(leaf_bytes) <= 4_096, " has more than 4096 bytes")
            index = value["leaf"]["index"]
            place = f"entry {index}"
            entry = Entry(place, value["leaf"], leaf_digest(leaf_bytes), index)
            require(not entries or index > entries[-1].index, ": the index does not ascend")
            require(position is None or index < position, f": the index is not below the position {position}")
            entries.append(entry)
        except Fault as fault:
            result.fail("V04", place, f"leaf{fault}")
        try:
            check("inclusion", value["inclusion"])
            if entry and checkpoint:
                path, index = [base64_bytes(node) for node in value["inclusion"]], entry.index
                if not inclusion_ok(entry.digest, index, checkpoint.size, path, checkpoint.root):
                    result.fail("V05", place, "the path of inclusion does not lead to the checkpoint's root")
        except Fault as fault:
            result.fail("V01", f"entries.jsonl {place}", f"inclusion{fault}")
        read_envelope(value["envelope"], entry or Entry(place, None, b"", -1), result)
    return entries


def read_envelope(envelope: Json, entry: Entry, result: Result) -> None:
    """Fills an entry from its envelope: V09 and V10."""
    try:
        check("envelope", envelope)
        envelope_bytes = canonical(envelope)
        require(len(envelope_bytes) <= 65_536, " has more than 65536 bytes")
    except Fault as fault:
        result.fail("V09", entry.place, f"envelope{fault}")
        return
    entry.envelope_digest = digest_of(envelope_bytes)
    entry.payload = base64_bytes(envelope["payload"])
    entry.key_id = envelope["signatures"][0]["keyid"]
    entry.signature = base64_bytes(envelope["signatures"][0]["sig"])
    if entry.leaf is not None and entry.leaf["envelope"] != entry.envelope_digest:
        result.fail("V09", entry.place, "the leaf names another envelope digest")
    try:
        entry.event = event = read_event(entry.payload)
    except Fault as fault:
        result.fail("V10", entry.place, f"payload{fault}")
        return
    if entry.leaf is None:
        return
    said: dict[str, Json] = {"key_id": entry.key_id}
    if event.kind:
        said["kind"] = event.kind
    if event.context is not None:
        said.update(stream=event.stream, about=event.context["about"])
    for member, value in said.items():
        if entry.leaf[member] != value:
            result.fail("V10", entry.place, f"the leaf's {member} is not the event's")


# §9 Verification ----------------------------------------------------------------------------------------------------


def verify(bundle_bytes: bytes, anchor_line: str) -> Result:
    """Everything that is wrong with a bundle, whatever the bytes are; it raises nothing."""
    result = Result()
    members = read_archive(bundle_bytes, result)
    index = read_index(members, result)
    anchor = checkpoint = None
    try:
        anchor = read_anchor(anchor_line)
    except Fault as fault:
        result.fail("V02", "anchor", fault)
    try:
        checkpoint = read_checkpoint(members["checkpoint"]) if "checkpoint" in members else None
    except Fault as fault:
        result.fail("V03", "checkpoint", fault)
    position = result.position = index["position"] if index else None
    entries = read_entries(members.get("entries.jsonl", b""), position, checkpoint, result)
    if not result.entries:
        result.fail("V01", "entries.jsonl", "there are no entries")
    check_chain(entries, result)
    roster = check_signers(entries, anchor, result)
    check_anchor(index, entries, anchor, result)
    check_checkpoint(checkpoint, index, anchor, roster, result)
    if roster is not None:
        result.certificates = roster.certificates
        note_roster(roster, result)
    check_event_ids(entries, result)
    if index is not None:
        check_streams(index, entries, result)
        check_contents(index, entries, members, result)
        check_references(entries, result)
        check_subject(index, entries, result)
    result.failures.sort(key=lambda failure: failure[0])
    return result


def check_anchor(index: Json, entries: list[Entry], anchor: Anchor | None, result: Result) -> None:
    """V02, after the anchor itself was read."""
    first = entries[0] if entries and entries[0].index == 0 else None
    if first is None:
        result.fail("V02", "entry 0", "is not shown")
    if anchor is None:
        return
    shown = "sha256:" + first.digest.hex() if first else ""
    # That the bundle is of another ledger is one fault, told at genesis.
    if index is not None and index["ledger"] not in (anchor.ledger, shown):
        result.fail("V02", "bundle.json", "ledger is not the anchor's ledger id")
    if first is None:
        return
    if shown != anchor.ledger:
        result.fail("V02", first.place, f"this is the ledger {shown}, and the anchor line names another")
    if first.event is None:
        return
    if first.event.kind != "genesis":
        result.fail("V02", first.place, "is not genesis")
        return
    core = first.event.predicate["core"]
    if (public_key(core["log_key"]).data, core["origin"]) != (anchor.log_key, anchor.origin):
        result.fail("V02", first.place, "log key or origin is not the anchor's")


def check_checkpoint(
    checkpoint: Checkpoint | None, index: Json, anchor: Anchor | None, roster: Roster | None, result: Result
) -> None:
    """V03, after the note itself was read."""
    if checkpoint is None:
        return
    result.checkpoint_size = checkpoint.size
    if index is not None and checkpoint.size < index["position"]:
        result.fail("V03", "checkpoint", f"size {checkpoint.size} is below the position {index['position']}")
    if anchor is None:
        return
    # An epoch that began between the position and the size is not shown, so a higher number than those shown is taken.
    shown = sum(start <= checkpoint.size for start, _ in roster.epochs) if roster else 0
    named = re.fullmatch(re.escape(anchor.origin) + "/([1-9][0-9]{0,15})", checkpoint.origin)
    number = int(named.group(1)) if named else 0
    if not (number >= max(2, shown + 1) or (checkpoint.origin == anchor.origin and not shown)):
        result.fail(
            "V03", "checkpoint", f"{show(checkpoint.origin)} is not the origin of the ledger or of a later epoch"
        )
    elif number > shown + 1 and index is not None and checkpoint.size <= index["position"]:
        result.fail("V03", "checkpoint", f"it is of epoch {number}, whose entry would have to be shown")
    elif number > shown + 1:
        result.notes.append(f"checkpoint: it is of epoch {number}, whose entry is not shown")
    try:
        checkpoint_signed(checkpoint, anchor.log_key)
    except Fault as fault:
        result.fail("V03", "checkpoint", fault)


def check_chain(entries: list[Entry], result: Result) -> None:
    """V06; the links within streams, of V07; and the counts of V08."""
    last: Entry | None = None
    last_of: dict[str, Entry] = {}
    ledger_entries = 0
    for entry in entries:
        leaf, before = entry.leaf, last_of.get(entry.leaf["stream"])
        if entry.index == 0 and leaf["previous"] != ZEROS:
            result.fail("V06", entry.place, "previous is not 64 zeros")
        if last is not None and last.index + 1 == entry.index and leaf["previous"] != last.digest.hex():
            result.fail("V06", entry.place, "previous is not the leaf digest of the entry before")
        if last is not None and leaf["received_at"] < last.leaf["received_at"]:
            result.fail("V06", entry.place, "received_at is earlier than that of the entry before")
        if leaf["stream_index"] == 0 and leaf["stream_previous"] != ZEROS:
            result.fail("V07", entry.place, "stream_previous is not 64 zeros")
        if before is not None and leaf["stream_index"] <= before.leaf["stream_index"]:
            result.fail("V07", entry.place, "stream_index does not rise with the index")
        follows = before is not None and before.leaf["stream_index"] + 1 == leaf["stream_index"]
        if before is not None and follows and leaf["stream_previous"] != before.digest.hex():
            result.fail("V07", entry.place, "stream_previous is not the leaf digest of the stream's entry before")
        if leaf["roster"] != ledger_entries:
            result.fail(
                "V08", entry.place, f"roster is {leaf['roster']}, {ledger_entries} such entries are shown before"
            )
        ledger_entries += leaf["stream"] == "ledger"
        last = last_of[leaf["stream"]] = entry


def check_streams(index: Json, entries: list[Entry], result: Result) -> None:
    """V07 and V08 against bundle.json; marks the entries inside ranges."""
    ranges = {stream["stream"]: (stream["from"], stream["to"]) for stream in index["streams"]}
    inside: dict[str, set[int]] = {stream: set() for stream in ranges}
    for entry in entries:
        stream, number = entry.leaf["stream"], entry.leaf["stream_index"]
        start, end = ranges.get(stream, (0, 0))
        entry.whole = start <= number < end
        if entry.whole:
            inside[stream].add(number)
    for stream, (start, end) in ranges.items():
        if len(inside[stream]) != end - start:
            lack = end - start - len(inside[stream])
            result.fail("V07", f"stream {stream}", f"{lack} entries from {start} to {end - 1} are not shown")
        if stream != "ledger" and entries and entries[-1].leaf["stream"] != stream:
            result.notes.append(f"stream {stream}: entries after stream index {end - 1} cannot be excluded by a bundle")
    linked = [entry.index for entry in entries if not entry.whole]
    if linked != index["linked"]:
        result.fail("V07", "bundle.json", "linked does not name exactly the entries outside the ranges")
    if not entries:
        return
    last = entries[-1]
    if last.index + 1 != index["position"]:
        result.fail("V08", last.place, f"is the last one shown, but the position is {index['position']}")
    if not last.whole:
        result.fail("V08", last.place, "is the last one shown, but belongs to no stream of the bundle")
    ledger_entries = last.leaf["roster"] + (last.leaf["stream"] == "ledger")
    if ledger_entries != ranges["ledger"][1]:
        result.fail(
            "V08", last.place, f"the stream ledger has {ledger_entries} entries, {ranges['ledger'][1]} are listed"
        )


def check_signers(entries: list[Entry], anchor: Anchor | None, result: Result) -> Roster | None:
    """V11 to V14, entry by entry, and the roster that comes of it."""
    roster: Roster | None = None
    first = entries[0] if entries and entries[0].index == 0 else None
    # By definition that of entry 0 (§5.3). V02 ties it to the anchor: a wrong anchor is one fault, not hundreds.
    ledger = "sha256:" + first.digest.hex() if first else anchor.ledger if anchor else ""
    if first and first.event and first.event.kind == "genesis":
        roster = found(first.event, first.envelope_digest, ledger)
        for message in genesis_faults(first.event):
            result.fail("V14", first.place, message)
    elif entries:
        result.fail("V12", "ledger", "entry 0 is no genesis that can be read, so no signature could be judged")
    for entry in entries:
        event = entry.event
        if event is not None and not event.kind:
            result.notes.append(f"{entry.place}: unknown meaning, predicate type {show(event.predicate_type)}")
        if event is not None and event.context is not None and ledger:
            expected = None if event.kind == "genesis" else ledger
            if event.context.get("ledger") != expected:
                result.fail("V11", entry.place, f"context.ledger is not {expected or 'absent, as in genesis it is'}")
        if roster is not None and entry.signature:
            check_signer(roster, entry, result)
    return roster


def check_signer(roster: Roster, entry: Entry, result: Result) -> None:
    """V12, V13 and V14 of one entry. What has a fault in one of them, or in V11, changes nothing in the roster."""
    event, n, key = entry.event, entry.index, roster.keys.get(entry.key_id)
    if key is None:
        result.fail("V12", entry.place, f"the key {entry.key_id} is not enrolled")
        return
    verified = signature_holds(key.public, pae(entry.payload), entry.signature)
    if verified:
        result.signatures += 1
    else:
        result.fail("V12", entry.place, "the signature does not verify under the enrolled key")
    faults = list(authority_faults(roster, event, key, n))
    for message in faults:
        result.fail("V13", entry.place, message)
    if roster.principals[key.principal].type == "recovery":
        result.notes.append(f"{entry.place}: the recovery key was used, for {entry.leaf['kind']}")
    if faults or event is None or not event.kind or event.stream != "ledger" or n == 0:
        return
    try:
        verified = verified and event.context.get("ledger") == roster.ledger
        admit_act(roster, event, entry.envelope_digest, key.principal, n, verified=verified)
    except Fault as fault:
        result.fail("V14", entry.place, fault)


def note_roster(roster: Roster, result: Result) -> None:
    """What a reader should know of the roster at the end."""
    if roster.required == 1:
        result.notes.append("admins_required is 1: one administrator alone can change the roster")
    for start, p in roster.epochs:
        lost = f"the last checkpoint known had size {p['last_size']}, {p['known_lost']} entries are known to be lost"
        result.notes.append(f"epoch {p['number']} from position {start}: {lost}")
    for name, key in roster.keys.items():
        if key.compromised_since != NEVER:
            result.notes.append(f"key {name}: revoked, compromised since position {key.compromised_since}")
    for envelope, (event, _signer) in roster.pending.items():
        result.notes.append(f"act {envelope}: {event.kind}, waits for another administrator")


def check_event_ids(entries: list[Entry], result: Result) -> None:
    """V15."""
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.event is not None and entry.event.context is not None:
            first = seen.setdefault(entry.event.context["event_id"], entry.place)
            if first != entry.place:
                result.fail("V15", entry.place, f"has the event id of {first}")


def check_contents(index: Json, entries: list[Entry], members: dict[str, bytes], result: Result) -> None:
    """V16, and V18 for the manifests and reconciliations among the contents."""
    listed = {content["commitment"]: content for content in index["contents"]}
    named: set[str] = set()
    for entry in entries:
        event = entry.event
        for content in event.context["contents"] if event and event.context else []:
            named.add(content["commitment"])
            entry_listed = listed.get(content["commitment"])
            place = f"{entry.place} {content['name']}"
            if entry_listed is None:
                result.fail("V16", place, "bundle.json does not list this content")
                continue
            if entry_listed["size_bytes"] != content["size_bytes"]:
                result.fail("V16", place, "bundle.json states another size")
            if entry_listed["state"] == "withheld" and content["state"] != "withheld":
                result.fail("V16", place, "bundle.json says withheld, the signer did not")
            held = members.get("contents/" + content["commitment"][7:])
            judged = event is not None and event.kind in ("diff", "merge")
            if held is not None and judged and content["name"] == "manifest":
                check_held_manifest(event.predicate if event else {}, held, place, result)
            result_of = event.predicate if event and event.kind == content["name"] == "reconciliation" else None
            if held is not None and result_of and digest_of(held) != result_of["result"]:
                result.fail("V18", place, "its SHA-256 is not the event's result")
    for commitment, content in listed.items():
        place = f"content {commitment}"
        held = members.get("contents/" + commitment[7:])
        if commitment not in named:
            result.fail("V16", place, "no entry names it")
        if held is None or content["state"] != "held":
            continue
        if len(held) != content["size_bytes"] or commitment_of(base64_bytes(content["salt"]), held) != commitment:
            result.fail("V16", place, "the bytes held do not match commitment and size")
    for state in STATES[1:]:
        count = sum(content["state"] == state for content in listed.values())
        if count:
            result.notes.append(f"contents {state}: {count}")


def check_held_manifest(p: Json, held: bytes, place: str, result: Result) -> None:
    """V18 for one manifest."""
    if digest_of(held) != p["manifest"]:
        result.fail("V18", place, "its SHA-256 is not the event's manifest")
    try:
        count = check_manifest(held)
        require(p.get("files_changed", count) == count, f": it has {count} entries, not files_changed")
    except Fault as fault:
        result.fail("V18", place, f"manifest{fault}")


_REFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "diff": (("prompts.prompt", "prompt"),),
    "scan": (("prompts", "prompt"),),
    "approval": (
        ("seen.prompts", "prompt"),
        ("seen.tests", "test"),
        ("seen.scans", "scan"),
        ("basis.release", "release"),
        ("basis.exception", "exception"),
        ("basis.act", ""),
        ("withdraws", "approval"),
    ),
    "merge": (("diff", "diff"),),
    "deploy": (("release", "release"),),
    "observation": (("release", "release"),),
    "exception": (("release", "release"),),
    "decision": (("release", "release"),),
    "pack": (("release", "release"),),
    "incident": (("suspects.release", "release"),),
    "correction": (("corrects", ""),),
}
"""Paths of members that refer to events, and the kind that those must be of (empty: any)."""


def references(event: Event) -> Iterator[tuple[str, str, str]]:
    """What an event refers to: the member, the envelope digest, and the kind it must be of (empty: any)."""
    for path, kind in (("context.links.envelope", ""), *_REFERENCES.get(event.kind, ())):
        for digest in values_at(event.predicate, path):
            yield path, digest, kind


def check_references(entries: list[Entry], result: Result) -> None:
    """V17."""
    shown: dict[str, Entry] = {}
    for entry in entries:
        if entry.envelope_digest:
            shown.setdefault(entry.envelope_digest, entry)
    for entry in entries:
        event = entry.event
        if event is None or not event.kind:
            continue
        for member, digest, kind in references(event):
            target = shown.get(digest)
            if target is None and not entry.whole:
                result.notes.append(f"{entry.place}: {member} names an entry that is not in this bundle")
            elif target is None or target.index >= entry.index:
                result.fail("V17", entry.place, f"{member} names no entry of the bundle with a lower index")
            elif kind and target.event and target.event.kind != kind:
                result.fail("V17", entry.place, f"{member} names {target.place}, which is not of the kind {kind}")
            elif member == "withdraws" and target.event and not _withdraws(event, target.event):
                found = (
                    f"withdraws {target.place}, of another stream, actor, scope, about or basis, or itself a withdrawal"
                )
                result.fail("V17", entry.place, found)


def _withdraws(event: Event, target: Event) -> bool:
    def essence(each: Event) -> tuple[Json, ...]:
        p, context = each.predicate, each.context
        return each.stream, context["actor"].get("principal"), p["scope"], context["about"], p["basis"]

    return bool(target.predicate["decision"] != "withdraw") and essence(event) == essence(target)


def check_subject(index: Json, entries: list[Entry], result: Result) -> None:
    """V19."""
    period, release = index["subject"].get("period"), index["subject"].get("release")
    if period is not None and not period["from"] < period["to"] <= index["position"]:
        result.fail("V19", "bundle.json", f"the period is of nothing, or goes beyond the position {index['position']}")
    inside_ranges = [entry.event for entry in entries if entry.whole and entry.envelope_digest == release]
    if release is not None and not any(event and event.kind == "release" for event in inside_ranges):
        result.fail("V19", "bundle.json", "the subject is no release event inside a range")


# Packs (docs/packs.md, "The seal") -----------------------------------------------------------------------------------

SEALED, NOT_SEALED = "sealed", "not sealed"
ALTERED, CANNOT_TELL = "altered or not sealed by this ledger", "cannot tell"
FILE_MAX = BUNDLE_MAX + 2**28

_BYTE_RANGE = re.compile(rb"/ByteRange \[0 ([1-9][0-9]{0,15}) ([1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15})\]")
_SEALED_AT = re.compile(rb"/M \(D\\072([0-9]{14})Z\)")
_BUNDLE_STARTS = b"/Type /EmbeddedFile/Subtype /application#2fzip/"
_BUNDLE_LENGTH = re.compile(rb"/Filter /FlateDecode/Length ([1-9][0-9]{0,15})>>\Z")


def _oid(digits: str) -> bytes:
    return der(6, bytes.fromhex(digits))


_SIGNED_DATA, _DATA = _oid("2a864886f70d010702"), _oid("2a864886f70d010701")
_CONTENT_TYPE, _MESSAGE_DIGEST = _oid("2a864886f70d010903"), _oid("2a864886f70d010904")
_SIGNING_CERTIFICATE, _TIME_STAMP = _oid("2a864886f70d010910022f"), _oid("2a864886f70d010910020e")
_TST_INFO = _oid("2a864886f70d0109100104")
_SHA256 = der(0x30, _oid("608648016503040201") + der(5, b""))
_ECDSA = der(0x30, _oid("2a8648ce3d040302"))
_RSA_PKCS1 = der(0x30, _oid("2a864886f70d01010b") + der(5, b""))


@dataclass
class Pages:
    """What is said of the printed pages of a PDF."""

    state: str
    """SEALED, NOT_SEALED, ALTERED or CANNOT_TELL."""
    found: list[str]
    """Sentences."""


@dataclass(frozen=True)
class Seal:
    """What a seal says, S01 to S09 held."""

    certificate: str
    """Certificate id of the signer's key."""
    sealed_at: str
    """By the sealer's clock, UTC."""
    start: int
    """Where the signature begins: a."""
    stamped_at: str | None
    """What a time stamp, not checked, says."""


def only(data: bytes, sequence: bytes, start: int = 0) -> int:
    """Where the byte sequence stands, which must be once from the start given."""
    found = data.count(sequence, start)
    require(found == 1, f"{show(sequence.decode())} stands {found} times, not once")
    return data.index(sequence, start)


def _groups(form: re.Pattern[bytes], pdf: bytes, start: int) -> tuple[bytes, ...]:
    found = form.match(pdf, start)
    if found is None:
        raise Fault(f"what stands at byte {start} is not of the one form")
    return found.groups()


def read_seal(pdf: bytes) -> Seal:
    """The seal of a PDF, else a Fault that begins with the step that does not hold."""
    step = "S01"
    try:
        a, b, c = (int(number) for number in _groups(_BYTE_RANGE, pdf, only(pdf, b"/ByteRange")))
        require(0 < a < b, "/ByteRange is not of the one form")
        step = "S02"
        require(b + c == len(pdf), "the seal does not cover the file to its end")
        require(pdf[a : a + 1] == b"<" and pdf[b - 1 : b] == b">" and b > a + 1, "no signature stands in its gap")
        digits = pdf[a + 1 : b - 1]
        require(re.fullmatch(rb"(?:[0-9A-F]{2})+", digits), "the signature is not in hex digits")
        only(pdf, b"/SubFilter", b)
        only(pdf, b"/SubFilter /ETSI.CAdES.detached", b)
        moment = _moment(_groups(_SEALED_AT, pdf, only(pdf, b"/M (D\\072", b))[0].decode())
        step = "S03"
        digest = sha256(pdf[:a] + pdf[b:])
        reader = Der(bytes.fromhex(digits.decode()))
        whole = reader.value(0x30)
        require(not reader.rest.strip(b"\x00"), "bytes stand behind the signature")
        check_der(whole)
        certificates, signer_info = _signed_data(whole)
        step = "S04"
        require(signer_info.value(2) == b"\x01", "the version of SignerInfo is not 1")
        signer = _signer(certificates, signer_info.whole(0x30)[0])
        require(signer_info.value(0x30) == _SHA256[2:], "the signer's digest algorithm is not SHA-256")
        _head, attributes = signer_info.whole(0xA0)
        algorithm, _body = signer_info.whole(0x30)
        signature = signer_info.value(4)
        unsigned = signer_info.value(0xA1) if signer_info.next_is(0xA1) else None
        signer_info.end()
        step = "S05"
        values = _signed_attributes(attributes)
        step = "S06"
        _check_listed(values[_SIGNING_CERTIFICATE], signer, certificates)
        step = "S07"
        require(values[_MESSAGE_DIGEST] == der(4, digest), "the pages are not those that were sealed")
        step = "S08"
        spki = _spki(signer)
        # The signed attributes with tag 31 in place of A0.
        holds = seal_holds(sealing_key(spki), algorithm, der(0x31, attributes), signature)
        require(holds, "the signature does not hold")
        step = "S09"
        stamped_at = None if unsigned is None else _time_stamp(unsigned, signature)
    except Fault as fault:
        raise Fault(f"{step}: {str(fault).strip()}") from None
    # certificate id = SHA-256(SubjectPublicKeyInfo), (2.4)
    return Seal(digest_of(spki), moment, a, stamped_at)


def _moment(digits: str) -> str:
    try:
        moment = dt.datetime.strptime(digits + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        raise Fault("the time of sealing is none") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signed_data(content_info: bytes) -> tuple[list[bytes], Der]:
    # Certificates, and the one SignerInfo: S03.
    outer = Der(content_info)
    require(outer.whole(6)[0] == _SIGNED_DATA, "the content is not signedData")
    wrapped = Der(outer.value(0xA0))
    outer.end()
    inner = Der(wrapped.value(0x30))
    wrapped.end()
    require(inner.value(2) == b"\x01", "the version of signedData is not 1")
    require(inner.value(0x31) == _SHA256, "the digest algorithms are not SHA-256 alone")
    require(inner.value(0x30) == _DATA, "there is a content, or it is not of the type data")
    held, certificates = Der(inner.value(0xA0)), []
    while held.rest:
        certificates.append(held.whole(0x30)[0])
    require(1 <= len(certificates) <= 8 and distinct(certificates), "there are not 1 to 8 distinct certificates")
    infos = Der(inner.value(0x31))
    inner.end()
    signer_info = Der(infos.value(0x30))
    infos.end()
    return certificates, signer_info


def _names(certificate: bytes) -> tuple[bytes, bytes]:
    # (issuer and serial number as SignerInfo names them, SubjectPublicKeyInfo), RFC 5280 §4.1.
    outer = Der(certificate)
    whole = Der(outer.value(0x30))
    fields = Der(whole.value(0x30))
    if fields.next_is(0xA0):
        fields.value(0xA0)
    serial, _ = fields.whole(2)
    fields.value(0x30)
    issuer, _ = fields.whole(0x30)
    fields.value(0x30)
    fields.value(0x30)
    return der(0x30, issuer + serial), fields.whole(0x30)[0]


def _spki(certificate: bytes) -> bytes:
    return _names(certificate)[1]


def _signer(certificates: list[bytes], named: bytes) -> bytes:
    signers = [each for each in certificates if _names(each)[0] == named]
    require(len(signers) == 1, "the signer's certificate is not exactly one of those held")
    return signers[0]


def _attributes(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    # (whole, type, the one value)
    found, reader = [], Der(data)
    while reader.rest:
        whole, body = reader.whole(0x30)
        attribute = Der(body)
        kind, _ = attribute.whole(6)
        values = Der(attribute.value(0x31))
        attribute.end()
        value, _ = values.whole()
        values.end()
        found.append((whole, kind, value))
    return found


def _signed_attributes(data: bytes) -> dict[bytes, bytes]:
    attributes = _attributes(data)
    values = {kind: value for _, kind, value in attributes}
    expected = {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE}
    require(len(attributes) == 3 and set(values) == expected, "the signed attributes are not the three expected")
    require(ascending([whole for whole, _, _ in attributes]), "the signed attributes are not in DER order")
    require(values[_CONTENT_TYPE] == _DATA, "the signed content type is not data")
    return values


def _check_listed(value: bytes, signer: bytes, certificates: list[bytes]) -> None:
    # SEQUENCE { SEQUENCE OF SEQUENCE { OCTET STRING } }: digests and nothing else.
    others = sorted(sha256(each) for each in certificates if each != signer)
    outer = Der(value)
    listed = Der(outer.value(0x30))
    items, digests = Der(listed.value(0x30)), []
    listed.end()
    while items.rest:
        item = Der(items.value(0x30))
        digests.append(item.value(4))
        item.end()
    agree = digests[:1] == [sha256(signer)] and sorted(digests[1:]) == others
    require(agree, "signingCertificateV2 does not list the certificates, the signer's first")


def _time_stamp(unsigned: bytes, signature: bytes) -> str:
    attributes = _attributes(unsigned)
    only_one = len(attributes) == 1 and attributes[0][1] == _TIME_STAMP
    require(only_one, "the unsigned attributes are not one time stamp alone")
    info = Der(attributes[0][2])
    content = Der(info.value(0x30))
    require(content.whole(6)[0] == _SIGNED_DATA, "the time stamp is not signedData")
    wrapped = Der(content.value(0xA0))
    content.end()
    inner = Der(wrapped.value(0x30))
    wrapped.end()
    inner.value(2)
    inner.value(0x31)
    stamped = Der(inner.value(0x30))
    require(stamped.whole(6)[0] == _TST_INFO, "the time stamp holds no TSTInfo")
    octets = Der(stamped.value(0xA0))
    stamped.end()
    token = Der(octets.value(4))
    octets.end()
    fields = Der(token.value(0x30))
    token.end()
    fields.value(2)
    fields.value(6)
    imprint = Der(fields.value(0x30))
    algorithm = imprint.whole(0x30)[0]
    hashed = imprint.value(4)
    imprint.end()
    fields.value(2)
    stated = fields.value(0x18).decode("ascii", "replace")
    is_sha256 = algorithm in (_SHA256, der(0x30, _SHA256[2:-2]))
    require(is_sha256 and hashed == sha256(signature), "the time stamp is of another signature")
    return _moment(stated[:14]) if re.fullmatch(r"[0-9]{14}(?:\.[0-9]*[1-9])?Z", stated) else show(stated)


def seal_holds(key: SealingKey, algorithm: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature holds for the message under the key, by the one algorithm for its sort."""
    if key.curve == 0:
        # EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 ff... 00 DigestInfo
        size = (key.x.bit_length() + 7) // 8
        info = der(0x30, _SHA256 + der(4, sha256(message)))
        expected = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
        number = int.from_bytes(signature, "big")
        fits = algorithm == _RSA_PKCS1 and len(signature) == size and number < key.x
        return fits and pow(number, key.y, key.x).to_bytes(size, "big") == expected
    if algorithm != _ECDSA:
        return False
    reader = Der(signature)
    pair = Der(reader.value(0x30))
    reader.end()
    numbers = [pair.value(2), pair.value(2)]
    pair.end()
    r, s = (int.from_bytes(each, "big") for each in numbers)
    p, b, n = (P256, P256_B, P256_N) if key.curve == 256 else (P384, P384_B, P384_N)
    base = (int.from_bytes(P256_BASE[1:33], "big"), int.from_bytes(P256_BASE[33:], "big"), 1)
    if not (0 < r < n and 0 < s < n) or [der(2, each) for each in numbers] != [der_integer(r), der_integer(s)]:
        return False
    add, inverse, e = _addition(p, b), pow(s, -1, n), int.from_bytes(sha256(message), "big")
    ours = _multiplied(base if key.curve == 256 else P384_BASE, e * inverse % n, add)
    x, _, z = add(ours, _multiplied((key.x, key.y, 1), r * inverse % n, add))
    return z != 0 and x * pow(z, -1, p) % p % n == r


def _multiplied(point: Point, scalar: int, add: Addition) -> Point:
    total: Point = P256_NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def attached_bundle(pdf: bytes, end: int) -> bytes:
    """The one bundle that stands in a PDF, before the position given, else a Fault."""
    start = only(pdf, _BUNDLE_STARTS)
    stream = pdf.find(b"\nstream\n", start)
    head = _BUNDLE_LENGTH.search(pdf[start : max(stream, start)][-64:])
    if stream < 0 or head is None:
        raise Fault("the attached bundle is not of the one form")
    begin, size = stream + 8, int(head.group(1))
    require(begin + size <= end, "the attached bundle does not end before the seal")
    unpacker = zlib.decompressobj()
    try:
        bundle = unpacker.decompress(pdf[begin : begin + size], BUNDLE_MAX + 1)
    except zlib.error:
        raise Fault("the attached bundle cannot be unpacked") from None
    require(
        len(bundle) > BUNDLE_MAX or (unpacker.eof and not unpacker.unused_data),
        "the attached bundle is not all of its stream",
    )
    return bundle


CUT_SHORT = "the file ends early, and the attached bundle cannot be taken out: get it again"


def verify_pack(pdf: bytes, anchor_line: str) -> tuple[Result, Pages]:
    """What is wrong with the bundle in a PDF, and what is said of its printed pages."""
    seal, fault = None, ""
    try:
        seal = read_seal(pdf)
    except Fault as error:
        fault = str(error)
    try:
        result = verify(attached_bundle(pdf, seal.start if seal else len(pdf)), anchor_line)
        attached = True
    except Fault as error:
        result, attached = Result(), False
        result.fail("V01", "PDF", CUT_SHORT if ends_early(pdf) else error)
        fault = fault or f"S10: {error}"
    if b"/ByteRange" not in pdf and b"/Type /Sig" not in pdf:
        if ends_early(pdf):
            return result, Pages(CANNOT_TELL, ["S01: the file ends early, before any seal: get it again"])
        return result, Pages(NOT_SEALED, ["the pages carry no seal: only the records are covered"])
    if seal is None or not attached:
        return result, Pages(ALTERED, [fault])
    if not result.intact or result.position is None:
        found = "the records are not intact, so nothing says which keys are the ledger's"
        return result, Pages(CANNOT_TELL, [f"S10: {found}"])
    return result, _judged(seal, result.certificates.get(seal.certificate), result.position)


def _judged(seal: Seal, certificate: Certificate | None, position: int) -> Pages:
    # S11
    if certificate is None:
        return Pages(ALTERED, [f"S11: the certificate {seal.certificate} is not enrolled in this ledger"])
    if not in_force(certificate, position):
        return Pages(ALTERED, [f"S11: the certificate {seal.certificate} had ended at position {certificate.end}"])
    found = [
        f"as sealed by certificate {seal.certificate}, enrolled by entry {certificate.start - 1}",
        f"sealed at {seal.sealed_at} by the sealer's clock",
    ]
    if seal.stamped_at is not None:
        found.append(f"time stamp not checked; it says {seal.stamped_at}")
    return Pages(SEALED, found)


# What is not judged (§9) ----------------------------------------------------------------------------------------------

ANCHOR_BLANKS = " \t\r\n"
# Any mark of a bundle or pack makes it one: who altered it must not get it called something else.
_MEMBER = re.compile(rb"PK\x03\x04.{26}(?:bundle\.json|entries\.jsonl)", re.DOTALL)
_PACK_MARKS = (_BUNDLE_STARTS, b"/M (D\\072")


def not_judged(data: bytes, anchor_line: str) -> list[str]:
    """Why there is nothing to judge, and what to do about it; empty for an anchor line and a pack or bundle."""
    fault = anchor_fault(anchor_line)
    if fault is not None:
        return [f"the anchor line is not of its form: {fault}", WRONG_ANCHOR]
    fault = file_fault(data)
    return [] if fault is None else [f"this is not a pack or bundle: {fault}", WRONG_FILE]


def anchor_fault(line: str) -> str | None:
    """What a line is that is no anchor's, else None."""
    words, lines = line.split(" "), line.split("\n")
    if line == "":
        return "it is empty"
    if len(lines) > 1:
        is_note = "\n\n" in line and "\n\u2014 " in line
        return "it is a checkpoint, which is another file" if is_note else f"it has {len(lines)} lines"
    if len(words) != 2:
        return "it is not two words, a verifier key and a ledger id, with one space between"
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", words[1]):
        return "its ledger id is not sha256: and 64 digits of 0-9 and a-f"
    try:
        read_anchor(line)
    except Fault:
        return "its verifier key is not a name, a key id and a key that belong together"
    return None


def file_fault(data: bytes) -> str | None:
    """What a file is that has no mark of a pack or bundle, else None."""
    if data[:5] == b"%PDF-":
        if any(mark in data for mark in _PACK_MARKS):
            return None
        if ends_early(data):
            return "it is a PDF that ends early and holds no bundle; if it was a pack, it is incomplete"
        return "it is a PDF that holds no bundle as packs do"
    return None if _MEMBER.search(data) else _other_file(data)


def ends_early(pdf: bytes) -> bool:
    """Whether a PDF lacks the mark at its end, so that a seal may have been cut off."""
    return b"%%EOF" not in pdf[-1024:]


def _other_file(data: bytes) -> str:
    if data == b"":
        return "the file is empty"
    if re.match(rb"\s*<(?:!doctype|html)", data[:256], re.IGNORECASE):
        return "it is a web page, which carries no records"
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "it is a ZIP archive, or the start of one, that holds no bundle"
    return f"its {len(data)} bytes are neither a PDF nor a ZIP archive"


# The command --------------------------------------------------------------------------------------------------------


def report(result: Result, pages: Pages | None) -> str:
    """The lines that a person reads."""
    if result.intact:
        counts = f"{result.entries} entries, {result.signatures} signatures, checkpoint size {result.checkpoint_size}"
        lines = [f"records intact: {counts}"]
    else:
        count = len(result.failures)
        lines = [f"records NOT intact: {count} {'failure' if count == 1 else 'failures'}"]
    if pages is not None:
        lines.append(f"printed pages {pages.state}: {'; '.join(pages.found)}")
    lines += [f"{check} {CHECKS[check]}: {place}: {found}" for check, place, found in result.failures]
    lines += [f"note: {note}" for note in result.notes]
    return "\n".join([*lines, CLOSING])


def report_json(result: Result, pages: Pages | None) -> str:
    """The same for a program."""
    value = {
        "checkpoint_size": result.checkpoint_size,
        "closing": CLOSING,
        "entries": result.entries,
        "failures": [dict(zip(("check", "place", "message"), failure)) for failure in result.failures],
        "intact": result.intact,
        "notes": result.notes,
        "printed_pages": None if pages is None else {"found": pages.found, "state": pages.state},
        "signatures": result.signatures,
    }
    return json.dumps(value, indent=2, sort_keys=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 intact, 3 not intact, 2 usage or not judged."""
    parser = argparse.ArgumentParser(description="Verifies an Evidence Ledger bundle or pack.", epilog=NO_ANCHOR)
    parser.add_argument("bundle", metavar="FILE", help="the bundle (ZIP) or pack (PDF), or - for standard input")
    parser.add_argument("--anchor", metavar="FILE", help="the file ledger.pub, from outside the bundle")
    parser.add_argument("--anchor-line", metavar="TEXT", help="the line of that file")
    parser.add_argument("--records-only", action="store_true", help="of a PDF, let the printed pages not count")
    parser.add_argument("--json", action="store_true", help="write JSON")
    options = parser.parse_args(arguments)
    if (options.anchor is None) == (options.anchor_line is None):
        print(NO_ANCHOR if options.anchor is None else "Give --anchor or --anchor-line, not both.", file=sys.stderr)
        return 2
    try:
        line = options.anchor_line
        if line is None:
            line = Path(options.anchor).read_bytes()[:65_536].decode("utf-8", "replace")
        with sys.stdin.buffer if options.bundle == "-" else Path(options.bundle).open("rb") as source:
            data = source.read(FILE_MAX + 1)
    except (OSError, ValueError) as error:
        print(f"Cannot read: {str(error)!a}", file=sys.stderr)
        return 2
    if len(data) > FILE_MAX:
        print(f"Cannot read: it has more than {FILE_MAX} bytes", file=sys.stderr)
        return 2
    line = line.strip(ANCHOR_BLANKS)
    lacking = not_judged(data, line)
    if lacking:
        value = {"closing": CLOSING, "intact": None, "not_judged": lacking[0], "remedy": lacking[1]}
        print(json.dumps(value, indent=2, sort_keys=True) if options.json else "Not judged: " + ". ".join(lacking))
        return 2
    result, pages = verify_pack(data, line) if data.startswith(b"%PDF-") else (verify(data, line), None)
    print(report_json(result, pages) if options.json else report(result, pages))
    pages_hold = pages is None or pages.state == SEALED or options.records_only
    return 0 if result.intact and pages_hold else 3


if __name__ == "__main__":
    sys.exit(main())
