"""The change manifest: what differs between merge base and head, and its one byte form (format §4.5)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.canonical import encode, parse_canonical
from ledger.digests import Digest, digest_bytes
from ledger.errors import FormatError, place

if TYPE_CHECKING:
    from ledger.canonical import JSON, Encodable

ObjectFormat: TypeAlias = Literal["sha1", "sha256"]
"""Digest algorithm of a git repository's object ids."""

MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
"""A manifest is a content, and contents end here."""

ABSENT_MODE: Final = "000000"
"""Mode of a side on which the path does not exist."""
SUBMODULE_MODE: Final = "160000"
"""Mode of a commit of another repository; its object id is not a blob's, so it has no content here."""

ID_DIGITS: Final = {"sha1": 40, "sha256": 64}
"""Hexadecimal digits of an object id, by object format."""

_MODES: Final = frozenset({"100644", "100755", "120000", SUBMODULE_MODE})
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_MEMBERS: Final = frozenset({"new_blob", "new_mode", "new_sha256", "old_blob", "old_mode"})


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One path that differs."""

    path: bytes
    """Path from the root of the tree, as git holds it; any bytes but NUL."""
    old_mode: str
    """Six octal digits at the merge base; ``000000`` if the path is not there."""
    old_blob: str
    """Object id at the merge base; zeros if the path is not there."""
    new_mode: str
    """Six octal digits at the head; ``000000`` if the path is not there."""
    new_blob: str
    """Object id at the head; zeros if the path is not there."""
    new_sha256: str | None
    """SHA-256 of the content at the head, 64 hexadecimal digits (of a symbolic link: its target); None for a deleted
    path and for a submodule."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All paths that differ between merge base and head."""

    object_format: ObjectFormat
    """Of the repository that the object ids are from."""
    entries: tuple[ManifestEntry, ...]
    """Ascending by the bytes of the path, no path twice."""


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes of ``manifest`` (format §4.5).

    Raises:
        FormatError: ``bad-manifest`` where the value is not one that ``decode_manifest`` would accept, ``too-long``.
    """
    _check(manifest)
    data = encode(
        {
            "entries": [_entry_value(entry) for entry in manifest.entries],
            "object_format": manifest.object_format,
            "v": 1,
        }
    )
    if len(data) > MAX_MANIFEST_BYTES:
        raise FormatError(
            "too-long",
            "the change manifest is longer than a content may be",
            details={"size_bytes": len(data), "limit_bytes": MAX_MANIFEST_BYTES},
        )
    return data


def manifest_digest(data: bytes) -> Digest:
    """The diff digest: that of the manifest's bytes, as ``encode_manifest`` made them."""
    # manifest digest = sha256(manifest bytes), format §4.5
    return digest_bytes(data)


def decode_manifest(data: bytes) -> Manifest:
    """The manifest that ``data`` spells; ``encode_manifest`` gives the same bytes again.

    Object ids are not looked up: whether such objects exist, and hold this, only a clone can tell.

    Raises:
        FormatError: ``bad-manifest``, or what ``canonical.parse_canonical`` refuses.
    """
    value = parse_canonical(data, max_bytes=MAX_MANIFEST_BYTES, max_depth=4)
    if not isinstance(value, dict) or set(value) != {"entries", "object_format", "v"}:
        raise FormatError("bad-manifest", "not an object with exactly entries, object_format and v")
    if value["v"] != 1 or isinstance(value["v"], bool):
        raise FormatError("bad-manifest", "not version 1", where="/v")
    entries = value["entries"]
    if not isinstance(entries, list):
        raise FormatError("bad-manifest", "not an array", where="/entries")
    manifest = Manifest(
        _object_format(value["object_format"]), tuple(_entry(entry, at) for at, entry in enumerate(entries))
    )
    _check(manifest)
    return manifest


def inverse_of(one: Manifest, other: Manifest) -> bool:
    """Whether ``other`` takes back exactly what ``one`` did: the same paths, with the sides exchanged.

    A manifest without entries takes nothing back, so it is no inverse, not even of another such one. Contents are
    compared by object id; whether the repository's objects hold what their ids say is for a clone to tell.
    """
    if not one.entries or one.object_format != other.object_format or len(one.entries) != len(other.entries):
        return False
    return all(
        (did.path, did.old_mode, did.old_blob, did.new_mode, did.new_blob)
        == (undid.path, undid.new_mode, undid.new_blob, undid.old_mode, undid.old_blob)
        for did, undid in zip(one.entries, other.entries, strict=True)
    )


def _entry_value(entry: ManifestEntry) -> Encodable:
    value: dict[str, Encodable] = {
        "new_blob": entry.new_blob,
        "new_mode": entry.new_mode,
        "new_sha256": entry.new_sha256,
        "old_blob": entry.old_blob,
        "old_mode": entry.old_mode,
    }
    try:
        value["path"] = entry.path.decode("utf-8")
    except UnicodeDecodeError:
        value["path_bytes"] = base64.b64encode(entry.path).decode("ascii")
    return value


def _entry(value: JSON, at: int) -> ManifestEntry:
    if not isinstance(value, dict) or set(value) not in (_MEMBERS | {"path"}, _MEMBERS | {"path_bytes"}):
        raise FormatError("bad-manifest", "not an object with exactly the members of an entry", where=_where(at))
    sha256 = value["new_sha256"]
    return ManifestEntry(
        path=_text(value["path"], at, "path").encode() if "path" in value else _path_bytes(value["path_bytes"], at),
        old_mode=_text(value["old_mode"], at, "old_mode"),
        old_blob=_text(value["old_blob"], at, "old_blob"),
        new_mode=_text(value["new_mode"], at, "new_mode"),
        new_blob=_text(value["new_blob"], at, "new_blob"),
        new_sha256=None if sha256 is None else _text(sha256, at, "new_sha256"),
    )


def _path_bytes(value: JSON, at: int) -> bytes:
    text = _text(value, at, "path_bytes")
    try:
        path = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("bad-manifest", "not base64", where=_where(at, "path_bytes")) from None
    if base64.b64encode(path).decode("ascii") != text:
        raise FormatError("bad-manifest", "not the one base64 of these bytes", where=_where(at, "path_bytes"))
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return path
    # Two spellings of one path would give one change two digests.
    raise FormatError("bad-manifest", "valid UTF-8, which is written as path", where=_where(at, "path_bytes"))


def _text(value: JSON, at: int, member: str) -> str:
    if not isinstance(value, str):
        raise FormatError("bad-manifest", "not a string", where=_where(at, member))
    return value


def _object_format(value: JSON) -> ObjectFormat:
    match value:
        case "sha1" | "sha256":
            return value
        case _:
            raise FormatError("bad-manifest", "neither sha1 nor sha256", where="/object_format")


def _check(manifest: Manifest) -> None:
    """None if every entry is of the shape and in its place, else raises at the first that is not."""
    if manifest.object_format not in ID_DIGITS:
        raise FormatError("bad-manifest", "neither sha1 nor sha256", where="/object_format")
    digits = ID_DIGITS[manifest.object_format]
    before = b""
    for at, entry in enumerate(manifest.entries):
        if not entry.path or b"\0" in entry.path:
            raise FormatError("bad-manifest", "empty, or holds a NUL", where=_where(at, "path"))
        if at and entry.path <= before:
            raise FormatError("bad-manifest", "not after the path before, by bytes", where=_where(at, "path"))
        before = entry.path
        _check_side(entry.old_mode, entry.old_blob, digits, at, "old")
        _check_side(entry.new_mode, entry.new_blob, digits, at, "new")
        # Also refuses an entry with both sides absent.
        if (entry.old_mode, entry.old_blob) == (entry.new_mode, entry.new_blob):
            raise FormatError("bad-manifest", "both sides are equal", where=_where(at))
        has_content = entry.new_mode not in (ABSENT_MODE, SUBMODULE_MODE)
        if has_content != (entry.new_sha256 is not None):
            raise FormatError(
                "bad-manifest", "present exactly for a file or symbolic link", where=_where(at, "new_sha256")
            )
        if entry.new_sha256 is not None and not _is_hex(entry.new_sha256, 64):
            raise FormatError("bad-manifest", "not 64 hexadecimal digits", where=_where(at, "new_sha256"))


def _check_side(mode: str, blob: str, digits: int, at: int, side: str) -> None:
    if mode != ABSENT_MODE and mode not in _MODES:
        raise FormatError("bad-manifest", "not a mode that git gives a path", where=_where(at, f"{side}_mode"))
    if not _is_hex(blob, digits):
        raise FormatError("bad-manifest", f"not {digits} hexadecimal digits", where=_where(at, f"{side}_blob"))
    if (mode == ABSENT_MODE) != (blob == "0" * digits):
        raise FormatError("bad-manifest", "zeros exactly where the mode is absent", where=_where(at, f"{side}_blob"))


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and _HEX.fullmatch(text) is not None


def _where(at: int, member: str | None = None) -> str:
    return place("entries", at) if member is None else place("entries", at, member)
