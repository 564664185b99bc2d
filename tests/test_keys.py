"""Keys: one id, one text, and one rule of which signatures hold, whoever implements it."""

from __future__ import annotations

import hashlib
import json
import pickle
from base64 import b64encode
from pathlib import Path
from typing import TypeAlias, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.digests import digest_bytes
from ledger.errors import FormatError, SignatureError
from ledger.keys import (
    PublicKey,
    SigningKey,
    check_public_key,
    format_private_key,
    format_public_key,
    key_id,
    parse_private_key,
    parse_public_key,
    public_key_digest,
    sign,
    verify,
)

VECTORS = Path(__file__).parent / "vectors" / "ed25519"

# A reader written from the prose of format §2.1 alone: slow, complete, and without any library.
Point: TypeAlias = tuple[int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)
SMALL = {
    bytes.fromhex(text)
    for text in (
        "01" + "00" * 31,
        "00" * 32,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
}


class Case(TypedDict):
    """One case of the vectors; their README says what the verdicts mean."""

    name: str
    why: str
    public_hex: str
    message_hex: str
    signature_hex: str
    signature_holds: bool
    key_admitted: bool


CASES: list[Case] = json.loads((VECTORS / "cases.json").read_text("utf-8"))


def case_name(case: Case) -> str:
    """What the test run calls it."""
    return case["name"]


def add(one: Point, two: Point) -> Point:
    """The sum of two points."""
    x1, y1, x2, y2 = *one, *two
    product = D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times(scalar: int, point: Point) -> Point:
    """The point added to itself, ``scalar`` times in all."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def decoded(data: bytes) -> Point | None:
    """The point whose one encoding is ``data``."""
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    for root in (x, P - x if x else x):
        if root & 1 == data[31] >> 7:
            return root, y
    return None


def encoded(point: Point) -> bytes:
    """The encoding of a point."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or NEUTRAL


def prose_admits(key: bytes) -> bool:
    """Format §2.1, public key."""
    point = decoded(key)
    return point is not None and point != NEUTRAL and times(L, point) == NEUTRAL


def cleared(data: bytes) -> bytes:
    """The encoding without its top bit."""
    return data[:31] + bytes([data[31] & 0x7F])


def prose_holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Format §2.1, signature."""
    if len(signature) != 64:
        return False
    first, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if scalar >= L or {cleared(first), cleared(key)} & SMALL:
        return False
    point = decoded(key)
    if point is None:
        return False
    k = int.from_bytes(hashlib.sha512(first + key + message).digest(), "little") % L
    negative = ((P - point[0]) % P, point[1])
    return encoded(add(times(scalar, BASE), times(k, negative))) == first


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """What keys.verify says."""
    try:
        verify(PublicKey("ed25519", key), signature, message)
    except SignatureError:
        return False
    return True


def admitted(key: bytes) -> bool:
    """What keys.check_public_key says."""
    try:
        check_public_key(PublicKey("ed25519", key), "/key")
    except FormatError:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_acceptance_vectors(case: Case) -> None:
    """verify, check_public_key and a reader written from the prose give the recorded verdicts."""
    key, signature, message = (bytes.fromhex(case[part]) for part in ("public_hex", "signature_hex", "message_hex"))
    assert holds(key, signature, message) == prose_holds(key, signature, message) == case["signature_holds"]
    assert admitted(key) == prose_admits(key) == case["key_admitted"]
    if not case["key_admitted"]:
        with pytest.raises(FormatError):
            parse_public_key("ed25519:" + b64encode(key).decode())


def test_vectors_hold_every_verdict() -> None:
    """The vectors have admitted keys with both verdicts, and refused keys with both."""
    assert {(case["signature_holds"], case["key_admitted"]) for case in CASES} == {
        (True, True),
        (False, True),
        (True, False),
        (False, False),
    }


@settings(max_examples=20)
@given(st.binary(min_size=32, max_size=32))
def test_random_keys_are_admitted_as_the_prose_says(key: bytes) -> None:
    """Any 32 bytes are admitted by check_public_key exactly if the prose admits them."""
    assert admitted(key) == prose_admits(key)


@given(st.binary(min_size=32, max_size=32), st.binary(), st.data())
def test_sign_and_verify_there_and_back(seed: bytes, message: bytes, data: st.DataObject) -> None:
    """A signature holds for its message; with any one bit of it flipped it does not."""
    key = SigningKey(seed)
    signature = sign(key, message)
    assert len(signature) == 64
    assert sign(SigningKey(seed), message) == signature
    assert holds(key.public.key, signature, message)
    bit = data.draw(st.integers(0, 511))
    flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    assert not holds(key.public.key, flipped, message)
    assert not holds(key.public.key, signature, message + b"\x00")


@given(st.binary(min_size=32, max_size=32))
def test_key_texts_there_and_back(seed: bytes) -> None:
    """Public and private texts read back as the same key."""
    key = SigningKey(seed)
    assert parse_public_key(format_public_key(key.public), "/key") == key.public
    again = parse_private_key(format_private_key(seed))
    assert again.public == key.public
    assert parse_private_key(format_private_key(seed).removesuffix("\n")).public == key.public
    assert sign(again, b"m") == sign(key, b"m")


def test_ids_are_the_written_preimages() -> None:
    """The key id covers scheme and key; the digest of the log key covers the key alone."""
    public = SigningKey(bytes(32)).public
    assert key_id(public) == digest_bytes(b"ed25519\x00" + public.key)
    assert public_key_digest(public) == digest_bytes(public.key)


def test_a_private_key_does_not_print_or_travel() -> None:
    """Neither repr, str, format nor pickle gives the seed away."""
    seed = bytes(range(32))
    key = SigningKey(seed)
    shown = f"{key!r} {key} {key:}"
    for secret in (seed.hex(), b64encode(seed).decode(), repr(seed)):
        assert secret not in shown
    assert not hasattr(key, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(key)


GOOD = b64encode(SigningKey(bytes(32)).public.key).decode()


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("", "bad-key"),
        (GOOD, "bad-key"),
        ("ed25519:", "bad-key"),
        ("ed25519:" + b64encode(bytes(31)).decode(), "bad-key"),
        ("ed25519:" + b64encode(bytes(33)).decode(), "bad-key"),
        ("ed25519:" + GOOD[:-1], "bad-base64"),
        ("ed25519: " + GOOD, "bad-base64"),
        ("ed25519:" + GOOD + "\n", "bad-base64"),
        ("Ed25519:" + GOOD, "unsupported-scheme"),
        ("sshsig:" + GOOD, "bad-key"),
        ("webauthn:" + GOOD, "unsupported-scheme"),
        (":" + GOOD, "unsupported-scheme"),
        ("ed25519:" + b64encode(bytes(32)).decode(), "weak-key"),
    ],
)
def test_other_key_texts_are_refused(text: str, slug: str) -> None:
    """A public key has one text; other schemes are refused by name."""
    with pytest.raises(FormatError) as caught:
        parse_public_key(text, "/key")
    assert (caught.value.slug, caught.value.where) == (slug, "/key")


@given(st.text() | st.text().map("ed25519:".__add__) | st.text().map("evidence-ledger-private-key-v1:ed25519:".__add__))
def test_key_parsers_raise_format_errors_only(text: str) -> None:
    """Whatever the text, a key or a FormatError that repeats nothing of it."""
    for parser in (parse_public_key, parse_private_key):
        try:
            parser(text)
        except FormatError as error:
            message = str(error)
        else:
            message = ""
        assert len(text) < 8 or text not in message


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_wrong_sizes_are_mistakes(size: int) -> None:
    """A seed or key of another size than 32 bytes is a ValueError."""
    for make in (SigningKey, format_private_key, lambda key: PublicKey("ed25519", key)):
        with pytest.raises(ValueError, match="32 bytes"):
            make(bytes(size))
