"""The bundle: a self-contained part of a ledger as one ZIP archive with one byte form (format §8)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import JSON, encode, parse_canonical
from ledger.digests import Digest, digest_bytes
from ledger.entry import LEDGER_STREAM, Leaf
from ledger.errors import FormatError
from ledger.events.shape import (
    array,
    base64_bytes,
    count,
    digest,
    member,
    nested,
    one_of,
    project_id,
    read_object,
    write_object,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_BUNDLE_BYTES: Final = 1 << 30
MAX_INDEX_BYTES: Final = 16 << 20
MAX_LINE_BYTES: Final = 128 << 10
MAX_MEMBERS: Final = 65_535

INDEX_NAME: Final = "bundle.json"
CHECKPOINT_NAME: Final = "checkpoint"
ENTRIES_NAME: Final = "entries.jsonl"
VERIFIER_NAME: Final = "verify.py"
CONTENT_PREFIX: Final = "contents/"

# A local header: signature, version, flags, method, time, date, CRC-32, two sizes, lengths of name and extra field.
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ATTRIBUTES: Final = 0o100644 << 16


def _stream(value: JSON, where: str) -> str:
    return LEDGER_STREAM if value == LEDGER_STREAM else str(project_id(value, where))


def _name(value: JSON, where: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or not value.isascii():
        raise FormatError("bad-text", "a member name of at most 128 ASCII characters is required", where=where)
    return value


def _version(value: JSON, where: str) -> int:
    if type(value) is not int or value != 1:
        raise FormatError("unknown-version", "bundle version 1 is required", where=where)
    return value


def _salt(value: JSON, where: str) -> bytes:
    return base64_bytes(value, where, length=32)


@dataclass(frozen=True, slots=True)
class Period:
    """A range of positions."""

    from_: int = member(count())
    to: int = member(count())


@dataclass(frozen=True, slots=True)
class BundleSubject:
    """What the bundle is about: a release or a period."""

    release: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    period: Period | None = member(nested(Period), optional=True)


@dataclass(frozen=True, slots=True)
class StreamRange:
    """A part of a stream that is whole in the bundle: stream indexes ``from_`` to ``to`` - 1."""

    from_: int = member(count())
    stream: str = member(_stream)
    to: int = member(count())


@dataclass(frozen=True, slots=True)
class ContentState:
    """What the bundle has of a content."""

    commitment: Digest = member(digest)
    size_bytes: int = member(count())
    state: str = member(one_of("held", "withheld", "erased", "missing"))
    salt: bytes | None = member(_salt, optional=True)
    """Exactly for held ones."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A member of the archive."""

    name: str = member(_name)
    sha256: Digest = member(digest)
    size_bytes: int = member(count())


def _subject(value: JSON, where: str) -> BundleSubject:
    subject = read_object(BundleSubject, value, where)
    if (subject.release is None) == (subject.period is None):
        raise FormatError("bad-bundle", "a bundle is about a release or a period", where=where)
    return subject


@dataclass(frozen=True, slots=True)
class Index:
    """``bundle.json``."""

    v: int = member(_version)
    ledger: Digest = member(digest)
    position: int = member(count(least=1))
    subject: BundleSubject = member(_subject)
    streams: tuple[StreamRange, ...] = member(array(nested(StreamRange), least=1, most=1025))
    linked: tuple[int, ...] = member(array(count(), most=100_000, distinct=True))
    contents: tuple[ContentState, ...] = member(array(nested(ContentState), most=100_000))
    files: tuple[FileEntry, ...] = member(array(nested(FileEntry), most=MAX_MEMBERS))


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One line of ``entries.jsonl``."""

    leaf: Leaf
    envelope: bytes
    """Envelope bytes exactly as received."""
    inclusion: tuple[bytes, ...]
    """RFC 9162 path, leaf sibling first."""


@dataclass(frozen=True, slots=True)
class BundledContent:
    """A content on its way into a bundle."""

    commitment: Digest
    size_bytes: int
    state: str
    """``held``, ``withheld``, ``erased`` or ``missing``."""
    salt: bytes | None
    data: bytes | None
    """Salt and bytes exactly for held ones."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything a bundle is made of, but the verifier that travels with it."""

    ledger: Digest
    position: int
    subject: BundleSubject
    streams: tuple[StreamRange, ...]
    linked: tuple[int, ...]
    checkpoint: bytes
    """A signed note whose size is at least the position."""
    entries: tuple[BundleEntry, ...]
    """Ascending by index; inclusion paths lead to the checkpoint's root."""
    contents: tuple[BundledContent, ...]


def write_bundle(selection: Selection, verifier: bytes) -> bytes:
    """The archive's bytes: the same for the same selection and verifier.

    Raises:
        FormatError: ``too-long`` if it would exceed 1 GiB or 65,535 members.
    """
    contents = sorted(selection.contents, key=lambda item: item.commitment)
    members = [
        (CHECKPOINT_NAME, selection.checkpoint),
        (ENTRIES_NAME, b"".join(_line(entry) for entry in selection.entries)),
        *((_content_name(item.commitment), item.data) for item in contents if item.data is not None),
        (VERIFIER_NAME, verifier),
    ]
    index = Index(
        v=1,
        ledger=selection.ledger,
        position=selection.position,
        subject=selection.subject,
        streams=selection.streams,
        linked=selection.linked,
        contents=tuple(ContentState(item.commitment, item.size_bytes, item.state, item.salt) for item in contents),
        files=tuple(FileEntry(name, digest_bytes(data), len(data)) for name, data in members),
    )
    return write_archive([(INDEX_NAME, encode(write_object(index))), *members])


def _line(entry: BundleEntry) -> bytes:
    envelope = parse_canonical(entry.envelope, max_bytes=len(entry.envelope))
    paths = [b64encode(item).decode("ascii") for item in entry.inclusion]
    return encode({"envelope": envelope, "inclusion": paths, "leaf": write_object(entry.leaf)}) + b"\n"  # type: ignore[dict-item]


def _content_name(commitment: Digest) -> str:
    return CONTENT_PREFIX + commitment[7:]


def write_archive(members: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP archive of the one byte form of format §8.1.

    Raises:
        FormatError: ``too-long``.
    """
    total = sum(len(data) + 2 * len(name) + 76 for name, data in members) + 22
    if total > MAX_BUNDLE_BYTES or len(members) > MAX_MEMBERS:
        raise FormatError(
            "too-long",
            "a bundle has at most 1 GiB and 65535 members",
            details={"size_bytes": total, "member_count": len(members)},
            remedy="Choose a shorter period.",
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = _ATTRIBUTES
            archive.writestr(info, data)
    return out.getvalue()


def read_archive(data: bytes) -> dict[str, bytes]:
    """The members of an archive of the one byte form, in order.

    Raises:
        FormatError: ``bad-archive``, ``too-long``.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise FormatError("too-long", "a bundle has at most 1 GiB", details={"size_bytes": len(data)})
    members: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(data) or info.flag_bits != 0:
                    raise FormatError("bad-archive", "members are stored as they are", where=f"/{info.filename}")
                members.append((info.filename, archive.read(info)))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, OSError, OverflowError):
        raise FormatError("bad-archive", "not a ZIP archive, or a damaged one") from None
    if len({name for name, _ in members}) != len(members):
        raise FormatError("bad-archive", "two members have one name")
    # ZIP lets two readers see different things in one file; only the form that we would write is read.
    if write_archive(members) != data:
        raise FormatError("bad-archive", "the archive is not of the one byte form (format §8.1)")
    return dict(members)


def salvage_archive(data: bytes) -> tuple[dict[str, bytes], tuple[tuple[str, FormatError], ...]]:
    """The members that still stand in an archive that `read_archive` refuses, and the faults of single ones by name.

    They are read one behind the other, as we would write them; none of an archive that was cut short. They prove
    nothing: what is damaged stays refused.
    """
    members: dict[str, bytes] = {}
    faults: list[tuple[str, FormatError]] = []
    offset = 0
    for _ in range(MAX_MEMBERS):
        if offset + _LOCAL.size > len(data):
            break
        signature, _, flags, method, _, _, crc, size, _, *lengths = _LOCAL.unpack_from(data, offset)
        if signature != _LOCAL_SIGNATURE:
            break
        named, start = offset + _LOCAL.size, offset + _LOCAL.size + sum(lengths)
        name = data[named : named + lengths[0]].decode("ascii", "backslashreplace")
        content = data[start : start + size]
        if len(content) != size:
            # Told once: whatever stood behind it is not there for this reason.
            return {}, ((name, FormatError("bad-archive", "the archive ends early, within this member: get it again")),)
        if flags != 0 or method != zipfile.ZIP_STORED:
            faults.append((name, FormatError("bad-archive", "the member is not stored as it is")))
        else:
            if zlib.crc32(content) != crc:
                faults.append((name, FormatError("bad-archive", "the member is damaged: its CRC-32 is another")))
            members.setdefault(name, content)
        offset = start + size
    return members, tuple(faults)


def read_index(data: bytes) -> Index:
    """``bundle.json`` as values.

    Raises:
        FormatError: at the place of the fault.
    """
    index = read_object(Index, parse_canonical(data, max_bytes=MAX_INDEX_BYTES), "")
    _ascending([item.commitment for item in index.contents], "/contents")
    _ascending(index.linked, "/linked")
    names = [item.stream for item in index.streams]
    if names[0] != LEDGER_STREAM or index.streams[0].from_ != 0:
        raise FormatError("bad-bundle", "the ledger's own stream comes first and whole", where="/streams/0")
    _ascending(names[1:], "/streams")
    for number, item in enumerate(index.streams):
        if item.from_ >= item.to:
            raise FormatError("bad-bundle", "a range holds at least one entry", where=f"/streams/{number}")
    for number, content in enumerate(index.contents):
        if (content.salt is not None) != (content.state == "held"):
            raise FormatError("bad-bundle", "a held content has a salt, others have none", where=f"/contents/{number}")
    return index


def _ascending(items: Sequence[str] | Sequence[int], where: str) -> None:
    for number in range(1, len(items)):
        if items[number - 1] >= items[number]:  # type: ignore[operator]  # both sides come from one sequence
            raise FormatError("bad-bundle", "not ascending", where=f"{where}/{number}")


def check_files(index: Index, members: Mapping[str, bytes]) -> Iterable[FormatError]:
    """Every way in which the members differ from what ``index`` lists (format §8)."""
    held = [_content_name(item.commitment) for item in index.contents if item.state == "held"]
    wanted = [CHECKPOINT_NAME, ENTRIES_NAME, *held, VERIFIER_NAME]
    if list(members) != [INDEX_NAME, *wanted]:
        yield FormatError("bad-bundle", "the members are not those that format §8 names, in its order")
    if [item.name for item in index.files] != wanted:
        yield FormatError("bad-bundle", "the list of files is not that of format §8", where="/files")
    for number, item in enumerate(index.files):
        data = members.get(item.name)
        name = item.name if item.name in wanted else "a member"
        if data is None:
            yield FormatError(
                "bad-bundle", f"{name} is missing: the archive has no such member", where=f"/files/{number}"
            )
        elif len(data) != item.size_bytes or digest_bytes(data) != item.sha256:
            yield FormatError("bad-bundle", f"{name} differs from its size or digest", where=f"/files/{number}")
