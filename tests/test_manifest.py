"""The change manifest's byte form."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.manifest import (
    Manifest,
    ManifestEntry,
    decode_manifest,
    encode_manifest,
    inverse_of,
    manifest_digest,
)

ZERO = "0" * 40
BLOB, OTHER, CONTENT = "1" * 40, "2" * 40, "a" * 64

_hex40 = st.text("0123456789abcdef", min_size=40, max_size=40).filter(lambda text: text != ZERO)
_hex64 = st.text("0123456789abcdef", min_size=64, max_size=64)
_paths = st.binary(min_size=1, max_size=30).map(lambda raw: raw.replace(b"\0", b"/"))
_sides = st.one_of(
    st.just(("000000", ZERO)), st.tuples(st.sampled_from(["100644", "100755", "120000", "160000"]), _hex40)
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Manifests of any shape that git can give."""
    entries = []
    for path in sorted(draw(st.sets(_paths, max_size=6))):
        old, new = draw(st.tuples(_sides, _sides).filter(lambda sides: sides[0] != sides[1]))
        content = draw(_hex64) if new[0] not in ("000000", "160000") else None
        entries.append(ManifestEntry(path, *old, *new, content))
    return Manifest("sha1", tuple(entries))


@given(manifests())
def test_round_trip(manifest: Manifest) -> None:
    """Decoding the bytes of a manifest gives it back, and encoding that gives the bytes back."""
    data = encode_manifest(manifest)
    assert decode_manifest(data) == manifest
    assert encode_manifest(decode_manifest(data)) == data
    assert manifest_digest(data) == "sha256:" + hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=200))
def test_any_bytes_give_only_format_errors(data: bytes) -> None:
    """Whatever the input, only FormatError is raised."""
    with pytest.raises(FormatError):
        decode_manifest(data)


def test_bytes_are_those_of_the_format() -> None:
    """A manifest with a text path and a path that is not UTF-8 has exactly the bytes of format §4.5."""
    manifest = Manifest(
        "sha1",
        (
            ManifestEntry("ä".encode(), "000000", ZERO, "100644", BLOB, CONTENT),
            ManifestEntry(b"\xff", "100644", BLOB, "000000", ZERO, None),
        ),
    )
    assert (
        encode_manifest(manifest)
        == (
            f'{{"entries":[{{"new_blob":"{BLOB}","new_mode":"100644","new_sha256":"{CONTENT}","old_blob":"{ZERO}","old_mode":"000000",'
            f'"path":"ä"}},{{"new_blob":"{ZERO}","new_mode":"000000","new_sha256":null,"old_blob":"{BLOB}","old_mode":"100644",'
            '"path_bytes":"/w=="}],"object_format":"sha1","v":1}'
        ).encode()
    )


def _changed(**members: object) -> bytes:
    entry: dict[str, object] = {
        "new_blob": BLOB,
        "new_mode": "100644",
        "new_sha256": CONTENT,
        "old_blob": OTHER,
        "old_mode": "100644",
        "path": "a",
    }
    entry |= members
    entry = {name: value for name, value in entry.items() if value is not ...}
    return _spelled({"entries": [entry], "object_format": "sha1", "v": 1})


def _spelled(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "data",
    [
        _changed(path=""),
        _changed(path="a\0b"),
        _changed(path=1),
        _changed(path=..., path_bytes="YQ=="),  # valid UTF-8 in the form for what is not
        _changed(path=..., path_bytes="/x=="),  # spare bits
        _changed(path=..., path_bytes="/w"),  # no padding
        _changed(path_bytes="/w=="),  # both
        _changed(path=...),  # none
        _changed(extra=1),
        _changed(new_mode="100664"),
        _changed(new_mode="40000"),
        _changed(new_mode="000000"),
        _changed(new_blob=ZERO),
        _changed(new_blob=BLOB.upper().replace("1", "A")),
        _changed(new_blob=BLOB[1:]),
        _changed(new_blob=BLOB + "\n"),
        _changed(new_sha256=None),
        _changed(new_sha256=CONTENT[1:]),
        _changed(new_mode="160000"),  # a submodule has no content here
        _changed(old_blob=BLOB),  # nothing differs
        _spelled({"entries": [], "object_format": "md5", "v": 1}),
        _spelled({"entries": [], "object_format": "sha1", "v": 2}),
        _spelled({"entries": [], "object_format": "sha1", "v": True}),
        _spelled({"entries": {}, "object_format": "sha1", "v": 1}),
        _spelled({"entries": [], "object_format": "sha1"}),
        b'{"entries": [],"object_format":"sha1","v":1}',
    ],
)
def test_other_shapes_are_refused(data: bytes) -> None:
    """A manifest of another shape, or spelled in another way, is refused."""
    with pytest.raises(FormatError):
        decode_manifest(data)


def test_the_unchanged_shape_is_accepted() -> None:
    """The shape that the refused ones depart from is itself accepted."""
    assert len(decode_manifest(_changed()).entries) == 1


def test_order_is_by_bytes_of_the_path_and_no_path_twice() -> None:
    """Entries out of order, or with one path twice, are refused on both ways."""
    entry = ManifestEntry(b"b", "000000", ZERO, "100644", BLOB, CONTENT)
    earlier = ManifestEntry(b"a", "000000", ZERO, "100644", BLOB, CONTENT)
    for entries in ((entry, entry), (entry, earlier)):
        with pytest.raises(FormatError) as caught:
            encode_manifest(Manifest("sha1", entries))
        assert caught.value.where == "/entries/1/path"


def turned(entry: ManifestEntry) -> ManifestEntry:
    """The entry that takes ``entry`` back."""
    content = CONTENT if entry.old_mode not in ("000000", "160000") else None
    return ManifestEntry(entry.path, entry.new_mode, entry.new_blob, entry.old_mode, entry.old_blob, content)


@given(manifests())
def test_what_takes_everything_back_is_the_inverse(manifest: Manifest) -> None:
    """Exchanging the sides of every entry gives the inverse, both ways, unless there is nothing to take back."""
    back = Manifest("sha1", tuple(turned(entry) for entry in manifest.entries))
    assert inverse_of(manifest, back) == inverse_of(back, manifest) == bool(manifest.entries)
    assert not inverse_of(manifest, manifest)


@given(manifests(), st.data())
def test_what_takes_back_less_or_more_is_no_inverse(manifest: Manifest, data: st.DataObject) -> None:
    """A revert that leaves a path out, adds one, or puts other content back is not pure."""
    back = tuple(turned(entry) for entry in manifest.entries)
    added = ManifestEntry(b"z" * 40, "000000", ZERO, "100644", BLOB, CONTENT)
    assert not inverse_of(manifest, Manifest("sha1", (*back, added)))
    assert not inverse_of(manifest, Manifest("sha256", back))
    if back:
        at = data.draw(st.integers(0, len(back) - 1))
        assert not inverse_of(manifest, Manifest("sha1", back[:at] + back[at + 1 :]))
        other = ManifestEntry(back[at].path, back[at].old_mode, "9" * 40, "100644", "8" * 40, CONTENT)
        assert not inverse_of(manifest, Manifest("sha1", (*back[:at], other, *back[at + 1 :])))
