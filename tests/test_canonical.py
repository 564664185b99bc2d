"""Canonical JSON and digests: one byte form, one reading, and only FormatError for whatever is sent."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path
from typing import TypedDict

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import DEEPEST, MAX_INTEGER, Encodable, decode_base64, encode, parse, parse_canonical
from ledger.digests import Commitment, commitment, digest_bytes, from_raw, parse_digest, raw
from ledger.errors import FormatError

VECTORS = Path(__file__).parent / "vectors" / "canonical"
LIMIT = 1 << 20

scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(st.characters(codec="utf-8"))
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)
json_like = st.lists(
    st.sampled_from(
        [
            '"',
            "\\",
            "\\ud800",
            "\\udc00",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "0",
            "-",
            "1e9",
            "1.5",
            "NaN",
            "-Infinity",
            "true",
            "null",
            " ",
            "\n",
            '"a"',
            '"a":',
            "\u00e9",
            "\ufeff",
            "9" * 20,
            "\x00",
            "\U0001f600",
        ]
    ),
    max_size=30,
).map("".join)


class Case(TypedDict, total=False):
    """One recorded case; which fields it has is in the README of the vectors."""

    name: str
    input_hex: str
    canonical_hex: str
    slug: str
    where: str


def cases(name: str) -> list[Case]:
    """The cases of one file."""
    recorded: list[Case] = json.loads((VECTORS / name).read_text("utf-8"))
    return recorded


def case_name(case: Case) -> str:
    """What the test run calls it."""
    return case["name"]


def slug(data: bytes, *, max_bytes: int = LIMIT, max_depth: int = 16, allow_floats: bool = False) -> str:
    """The slug with which parse refuses ``data``."""
    with pytest.raises(FormatError) as caught:
        parse(data, max_bytes=max_bytes, max_depth=max_depth, allow_floats=allow_floats)
    return caught.value.slug


@given(values)
def test_encode_equals_the_reference_library(value: Encodable) -> None:
    """Every value of the subset has the bytes that the rfc8785 library gives it."""
    assert encode(value) == rfc8785.dumps(value)


@given(values)
def test_encode_and_parse_there_and_back(value: Encodable) -> None:
    """What encode writes, parse_canonical reads back as the same value."""
    data = encode(value)
    assert parse_canonical(data, max_bytes=len(data), max_depth=DEEPEST) == value


@given(values)
def test_another_spelling_is_parsed_but_not_canonical(value: Encodable) -> None:
    """White space changes nothing for parse, and is refused by parse_canonical."""
    data = json.dumps(value, indent=1).encode() + b"\n"
    assert parse(data, max_bytes=len(data), max_depth=DEEPEST) == value
    with pytest.raises(FormatError, match="RFC 8785") as caught:
        parse_canonical(data, max_bytes=len(data), max_depth=DEEPEST)
    assert caught.value.slug == "not-canonical"


@given(data=st.binary() | json_like.map(str.encode), floats=st.booleans())
def test_only_format_errors_come_out(*, data: bytes, floats: bool) -> None:
    """Whatever the bytes, parse returns a value or raises FormatError, and the parsers agree on the value."""
    try:
        value = parse(data, max_bytes=LIMIT, allow_floats=floats)
    except FormatError as error:
        message = str(error)
    else:
        message = "read"
        assert value == json.loads(data)
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("case", cases("accepted.json"), ids=case_name)
def test_accepted_vectors(case: Case) -> None:
    """The text parses, and the canonical form of its value is the recorded one."""
    data = bytes.fromhex(case["input_hex"])
    canonical = bytes.fromhex(case["canonical_hex"])
    assert encode(parse(data, max_bytes=LIMIT)) == canonical  # type: ignore[arg-type]
    assert parse_canonical(canonical, max_bytes=LIMIT) == parse(data, max_bytes=LIMIT)


@pytest.mark.parametrize("case", cases("refused.json"), ids=case_name)
def test_refused_vectors(case: Case) -> None:
    """The text is refused with the recorded slug at the recorded place."""
    with pytest.raises(FormatError) as caught:
        parse_canonical(bytes.fromhex(case["input_hex"]), max_bytes=LIMIT)
    assert (caught.value.slug, caught.value.where) == (case["slug"], case["where"])


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {"a": b""},
        {None: 1},
        {1, 2},
    ],
)
def test_encode_refuses_what_has_no_one_form(value: Encodable) -> None:
    """A programmer's mistake is a ValueError, at any depth."""
    for outer in (value, [value], {"k": (value,)}):
        with pytest.raises(ValueError, match=r"."):
            encode(outer)


def test_encode_refuses_a_value_inside_itself() -> None:
    """A cycle is a ValueError, not a RecursionError."""
    cycle: list[Encodable] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="nested"):
        encode(cycle)


@pytest.mark.parametrize("depth", [1, 2, 16, DEEPEST])
def test_depth_is_counted_in_arrays_and_objects(depth: int) -> None:
    """Exactly max_depth levels parse; one more is too-deep, in arrays and in objects."""
    for start, end in ((b"[", b"]"), (b'{"a":', b"}")):
        fits = start * depth + b"0" + end * depth
        assert parse_canonical(fits, max_bytes=LIMIT, max_depth=depth) is not None
        assert slug(start + fits + end, max_depth=depth) == "too-deep"


def test_deep_and_unterminated_inputs_are_refused_without_recursion() -> None:
    """A megabyte of brackets, quotes or backslashes is refused like any other input."""
    assert slug(b"[" * LIMIT) == "too-deep"
    assert slug(b'{"":' * (LIMIT // 4)) == "too-deep"
    assert slug(b"[" * 20 + b'"\\' * (LIMIT // 2 - 20)) == "too-deep"
    assert slug(b'"' + b'\\"' * (LIMIT // 2 - 20) + b"[" * 20) == "invalid-json"
    assert slug(b"9" * LIMIT) == "number-out-of-range"


def test_brackets_in_strings_do_not_nest() -> None:
    """Text full of brackets is not deep."""
    value: Encodable = ["[{" * 100, {'"[[[[\\': "\\[" * 50}]
    assert parse(encode(value), max_bytes=LIMIT, max_depth=2) == value


def test_floats_only_where_allowed() -> None:
    """allow_floats lets finite floats through and nothing else."""
    assert parse(b"[1.5,1e3,-0.0]", max_bytes=LIMIT, allow_floats=True) == [1.5, 1000.0, -0.0]
    assert slug(b"[1e999]", allow_floats=True) == "number-out-of-range"
    assert slug(b"[9007199254740992]", allow_floats=True) == "number-out-of-range"
    assert slug(b"[NaN]", allow_floats=True) == "invalid-json"


def test_length_is_checked_first() -> None:
    """A longer input is too-long whatever it holds."""
    assert slug(b"\xff\xff", max_bytes=1) == "too-long"
    assert parse(b"1", max_bytes=1) == 1


def test_max_depth_has_its_own_bounds() -> None:
    """A depth that Python's recursion could not carry is a programmer's mistake."""
    for depth in (0, DEEPEST + 1):
        with pytest.raises(ValueError, match="max_depth"):
            parse(b"1", max_bytes=1, max_depth=depth)


@given(st.binary())
def test_digest_text_there_and_back(data: bytes) -> None:
    """A digest's text, its 32 bytes and hashlib agree."""
    digest = digest_bytes(data)
    assert raw(digest) == hashlib.sha256(data).digest()
    assert from_raw(raw(digest)) == digest == parse_digest(str(digest), "/d")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "A" * 64,
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "a" * 64,
        None,
        7,
        b"sha256:",
        "sha256:" + "a" * 64 + "\n",
        "sha512:" + "a" * 64,
        " sha256:" + "a" * 64,
        "sha256:" + "\u0661" * 64,
    ],
)
def test_a_digest_has_one_spelling(text: object) -> None:
    """Anything but the one text form is refused at its place."""
    with pytest.raises(FormatError) as caught:
        parse_digest(text, "/envelope")
    assert (caught.value.slug, caught.value.where) == ("bad-digest", "/envelope")


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary()))
def test_a_commitment_does_not_depend_on_the_pieces(salt: bytes, pieces: list[bytes]) -> None:
    """In pieces or whole, the commitment is the SHA-256 of its written preimage."""
    content = b"".join(pieces)
    stream = Commitment(salt)
    for piece in pieces:
        stream.update(piece)
    preimage = b"evidence-ledger/content/v1" + b"\x00" + salt + content
    assert stream.digest() == commitment(salt, content) == digest_bytes(preimage)


def test_a_commitment_vector() -> None:
    """The commitment of `hello` under 32 bytes of 0x01 is the recorded one."""
    recorded = json.loads((VECTORS / "commitment.json").read_text("utf-8"))
    salt, content = bytes.fromhex(recorded["salt_hex"]), bytes.fromhex(recorded["content_hex"])
    assert commitment(salt, content) == recorded["commitment"]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_wrong_sizes_are_mistakes(size: int) -> None:
    """A salt or a raw digest of another size than 32 bytes is a ValueError."""
    with pytest.raises(ValueError, match="32 bytes"):
        commitment(bytes(size), b"")
    with pytest.raises(ValueError, match="32 bytes"):
        from_raw(bytes(size))


@given(st.binary())
def test_base64_there_and_back(data: bytes) -> None:
    """The padded standard text decodes to its bytes."""
    assert decode_base64(b64encode(data).decode(), "/x") == data


@given(st.text() | st.text("AQab+/=_-\n", max_size=12))
def test_base64_has_one_text(text: str) -> None:
    """What decodes is the encoding of the result; everything else is a FormatError at its place."""
    try:
        data = decode_base64(text, "/sig")
    except FormatError as error:
        found = (error.slug, error.where)
    else:
        found = ("bad-base64", "/sig")
        assert b64encode(data).decode() == text
    assert found == ("bad-base64", "/sig")


@pytest.mark.parametrize(
    "text", ["AB==", "AAB=", "AA", "AA=", "A", "AA==\n", " AA==", "AA==AA==", "-_==", "AA===", "\u00e9A=="]
)
def test_loose_base64_is_refused(text: str) -> None:
    """Spare bits, missing padding, white space and the URL alphabet are all refused."""
    with pytest.raises(FormatError):
        decode_base64(text, "/sig")
