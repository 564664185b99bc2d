"""JSON of others: several values in one file, marks, and faults with their places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.foreign import Part, host_of, read_value, read_values
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text('a"[]{}\\', max_size=4), inner)),
    max_leaves=8,
)
_pages = st.one_of(st.lists(_values, max_size=3), st.dictionaries(_texts, _values, max_size=3))


@given(st.lists(_pages, min_size=1, max_size=4), st.sampled_from(["", "\n", " \r\n\t"]), st.booleans())
def test_pages_one_behind_the_other(pages: list[object], between: str, ascii_only: bool) -> None:  # noqa: FBT001
    """Arrays and objects printed one behind the other come back one by one, whatever their strings hold."""
    data = between.join(json.dumps(page, ensure_ascii=ascii_only) for page in pages).encode()
    assert [part.value for part in read_values(data)] == pages


@given(st.binary(max_size=60))
def test_any_bytes_give_values_or_a_format_error(data: bytes) -> None:
    """Whatever the input, only FormatError is raised."""
    try:
        assert read_values(data)
    except FormatError:
        return


@pytest.mark.parametrize(
    ("data", "slug", "where"),
    [
        (b"", "foreign-document", ""),
        (b" \r\n", "foreign-document", ""),
        (b"<!DOCTYPE html><title>Sign in</title>", "foreign-document", ""),
        ('[{"id":1}]'.encode("utf-16"), "foreign-document", ""),
        (b'[{"id":1}][{"id":1,"id":2}]', "duplicate-key", "/1/0/id"),
        (b"[1][2", "invalid-json", ""),
        (b"[1]]", "invalid-json", ""),
        (b"]", "invalid-json", ""),
        (b'["\\ud800"]', "lone-surrogate", "/0"),
        (b"[NaN]", "invalid-json", "/0"),
        (b"[" * 100_000, "too-deep", ""),
        (b"[]" * 10_001, "too-long", ""),
        (b'["' + b"\\" * 100_000, "invalid-json", ""),
        (b'"' * 100_001, "invalid-json", ""),
        (b'{"a":1} and more', "invalid-json", ""),
    ],
)
def test_faults(data: bytes, slug: str, where: str) -> None:
    """Faults come with their place, and whatever the input, soon."""
    with pytest.raises(FormatError) as caught:
        read_values(data)
    assert (caught.value.slug, caught.value.where if where else "") == (slug, where)


def test_a_byte_order_mark_is_passed_over() -> None:
    """Tools of one platform begin their files with a mark; the value behind it is read."""
    assert read_value(b"\xef\xbb\xbf{}\r\n") == Part({}, "")


def test_one_value_is_one() -> None:
    """Where one value is required, a second one is refused."""
    with pytest.raises(FormatError):
        read_value(b"{}{}")


def test_members_are_of_their_types() -> None:
    """A member of another type is refused at its place; null counts as absent."""
    part = Part({"a": [True, -1, "x", 1.5], "b": None, "~/": "A" * 40}, "/0")
    assert part.get("b") is None
    assert part.need("~/").where == "/0/~0~1"
    assert part.need("~/").object_id() == "a" * 40
    flag, negative, text, fraction = part.need("a").items()
    wrong: tuple[Callable[[], object], ...] = (
        *(flag.count, negative.count, text.count, fraction.count, text.flag, flag.text, text.items, text.names),
        *(text.time, negative.time, text.object_id, negative.object_id),
    )
    for read in wrong:
        with pytest.raises(FormatError) as caught:
            read()
        assert caught.value.where.startswith("/0/a/")
    with pytest.raises(FormatError):
        part.need("b")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-04T10:11:12Z", "2026-03-04T10:11:12Z"),
        ("2026-03-04T10:11:12.5+01:00", "2026-03-04T10:11:12.500+01:00"),
        ("2026-03-04T10:11:12.123456789Z", "2026-03-04T10:11:12.123Z"),
    ],
)
def test_times(written: str, read: str) -> None:
    """Times keep their offset, and three digits of a fraction, cut and never rounded up."""
    assert Part(written, "").time() == read


def test_host_names() -> None:
    """The host of an address is in lower case and without port and credentials."""
    assert host_of("https://u:p@Git.Example.org:8443/a/b") == "git.example.org"
    assert host_of("not an address") is None
    assert host_of("http://[::1") is None
