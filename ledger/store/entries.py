"""Reading entries: by index, event id and envelope digest, by stream, and by what they concern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from ledger.digests import Digest, from_raw, raw
from ledger.errors import FormatError, NotFoundError
from ledger.store import schema
from ledger.store.nodes import chunks
from ledger.store.projection import Facet, change_value, principal_value, text_value
from ledger.store.rows import Entry, entry_of_row, event_id_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.engine import Connection

MOST: Final = 1000
"""Most entries of one answer."""

_entry = schema.entry.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What entries must concern, all of it; None is no condition."""

    stream: str | None = None
    """``ledger`` or a project id."""
    kind: str | None = None
    change: str | None = None
    """As its project numbers it; without ``stream`` in any project."""
    release: str | None = None
    """``<product>@<version>``."""
    tree: str | None = None
    """Git object id."""
    commit: str | None = None
    """Git object id."""
    sha256: Digest | None = None
    """Of a manifest, an artifact, or any other subject."""
    principal: str | None = None
    """Who signed, acted, was acted for or asked, or whom an act is about."""
    reference: Digest | None = None
    """Envelope digest of an event that they refer to."""
    incident: str | None = None
    """As its tracker numbers it; told by incidents and by exceptions for one."""
    content: Digest | None = None
    """Commitment of a content that they name, stored or withheld."""
    before: int | None = None
    """A position: only entries below it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A run of found entries, ascending by index."""

    entries: tuple[Entry, ...]
    next: int | None
    """What to pass as ``after`` for the next page; None: there is none."""


def stream_names(connection: Connection) -> dict[int, str]:
    """Names of all streams by number."""
    rows = connection.execute(select(schema.stream.c.number, schema.stream.c.name))
    return {row.number: row.name for row in rows}


def stream_number(connection: Connection, name: str) -> int | None:
    """The number of a stream that has entries."""
    return connection.execute(select(schema.stream.c.number).where(schema.stream.c.name == name)).scalar_one_or_none()


def stream_counts(connection: Connection) -> dict[str, int]:
    """How many entries each stream has."""
    names = stream_names(connection)
    counts = connection.execute(select(_entry.stream, func.max(_entry.stream_index)).group_by(_entry.stream))
    return {names[number]: last + 1 for number, last in counts}


def check_covered(index: int, size: int) -> None:
    """Nothing, if a checkpoint of ``size`` covers the entry at ``index``.

    Raises:
        NotFoundError: ``no-checkpoint``.
    """
    if index >= size:
        raise NotFoundError("no-checkpoint", "no checkpoint covers the entry yet", details={"index": index})


def entries_at(connection: Connection, indexes: Sequence[int]) -> Mapping[int, Entry]:
    """Those of the entries at ``indexes`` that exist, by index."""
    found: dict[int, Entry] = {}
    for some in chunks(list(dict.fromkeys(indexes))):
        for item in _read(connection, select(schema.entry).where(_entry.idx.in_(some)).order_by(_entry.idx)):
            found[item.index] = item
    return found


def entry_where(connection: Connection, condition: ColumnElement[bool]) -> Entry:
    """The one entry that meets ``condition``.

    Raises:
        NotFoundError: ``no-such-entry``.
    """
    found = _read(connection, select(schema.entry).where(condition).limit(1))
    if not found:
        raise NotFoundError("no-such-entry", "there is no such entry in this ledger")
    return found[0]


def has_index(index: int) -> ColumnElement[bool]:
    """The condition of standing at ``index``."""
    return _entry.idx == index


def has_event_id(event_id: str) -> ColumnElement[bool]:
    """The condition of having ``event_id``, a UUID.

    Raises:
        FormatError: ``bad-text``.
    """
    try:
        return _entry.event_id == event_id_bytes(event_id)
    except ValueError:
        raise FormatError("bad-text", "an event id is a UUID") from None


def has_envelope(envelope: Digest) -> ColumnElement[bool]:
    """The condition of having the envelope digest ``envelope``."""
    return _entry.envelope_digest == raw(envelope)


def entry_range(connection: Connection, start: int, count: int) -> tuple[Entry, ...]:
    """Entries from index ``start``, at most ``count`` and at most 1,000."""
    end = start + min(count, MOST)
    wanted = select(schema.entry).where(_entry.idx >= start, _entry.idx < end).order_by(_entry.idx)
    return _read(connection, wanted)


def stream_range(connection: Connection, stream: str, start: int, count: int) -> tuple[Entry, ...]:
    """Entries of ``stream`` from stream index ``start``, at most ``count`` and at most 1,000."""
    number = stream_number(connection, stream)
    if number is None:
        return ()
    end = start + min(count, MOST)
    return _read(
        connection,
        select(schema.entry)
        .where(_entry.stream == number, _entry.stream_index >= start, _entry.stream_index < end)
        .order_by(_entry.stream_index),
    )


def list_entries(connection: Connection, wanted: Query, after: int, limit: int) -> Page:
    """Entries with an index above ``after`` that meet ``wanted``, at most ``limit`` and at most 1,000.

    Raises:
        FormatError: ``bad-text``: a value of the query is not of its shape.
    """
    limit = max(1, min(limit, MOST))
    names = stream_names(connection)
    query = _wanted(wanted, after, names)
    if query is None:
        return Page((), None)
    found = _read(connection, query.order_by(_entry.idx).limit(limit + 1), names)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].index if more else None)


def latest_entries(connection: Connection, wanted: Query, limit: int) -> tuple[Entry, ...]:
    """The newest entries that meet ``wanted``, descending by index, at most ``limit`` and at most 1,000.

    Raises:
        FormatError: ``bad-text``: a value of the query is not of its shape.
    """
    names = stream_names(connection)
    query = _wanted(wanted, -1, names)
    if query is None:
        return ()
    return _read(connection, query.order_by(_entry.idx.desc()).limit(max(1, min(limit, MOST))), names)


def identifiers_starting(connection: Connection, digits: str, limit: int) -> tuple[str, ...]:
    """Git object ids, digests (``sha256:...``) and envelope digests that begin with hex ``digits``, at most ``limit``.

    Raises:
        FormatError: ``bad-text``: fewer than four digits, more than 64, or no hex digits.
    """
    if not 4 <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
        raise FormatError("bad-text", "an identifier begins with 4 to 64 lower-case hex digits")
    # The range from digits000... to digitsfff...: one stretch of the index for each facet.
    low, high = bytes.fromhex(f"{digits:0<64}"[:64]), bytes.fromhex(f"{digits:f<64}")
    low = low[: (len(digits) + 1) // 2]
    found: dict[str, None] = {}
    trace = schema.trace.c
    for facet, mark in ((Facet.COMMIT, ""), (Facet.TREE, ""), (Facet.SHA256, "sha256:")):
        query = (
            select(trace.value)
            .where(trace.facet == int(facet), trace.value >= low, trace.value <= high)
            .distinct()
            .limit(limit)
        )
        found.update((mark + bytes(value).hex(), None) for (value,) in connection.execute(query))
    envelopes = (
        select(_entry.envelope_digest)
        .where(_entry.envelope_digest >= low, _entry.envelope_digest <= high)
        .order_by(_entry.envelope_digest)
        .limit(limit)
    )
    found.update((from_raw(bytes(value)), None) for (value,) in connection.execute(envelopes))
    return tuple(found)[:limit]


def _wanted(wanted: Query, after: int, names: Mapping[int, str]) -> Select[Any] | None:
    """Entries above ``after`` that meet ``wanted``, in no order; None: its stream has none."""
    try:
        facets = _facets(wanted, names)
    except ValueError:
        raise FormatError("bad-text", "a value of the query is not of its shape") from None
    query = select(schema.entry).where(_entry.idx > after)
    if wanted.before is not None:
        query = query.where(_entry.idx < wanted.before)
    if wanted.stream is not None:
        number = next((number for number, name in names.items() if name == wanted.stream), None)
        if number is None:
            return None
        query = query.where(_entry.stream == number)
    for values in facets:
        query = query.where(_entry.idx.in_(_having(values, after, wanted.before)))
    return query


def _having(values: Sequence[tuple[Facet, bytes]], after: int, before: int | None) -> Select[Any]:
    """Indexes of entries that have one of ``values``."""
    trace = schema.trace.c
    by_facet: dict[Facet, list[bytes]] = {}
    for facet, value in values:
        by_facet.setdefault(facet, []).append(value)
    parts = []
    for facet, some in by_facet.items():
        for run in chunks(some):
            part = select(trace.idx).where(trace.facet == int(facet), trace.value.in_(run), trace.idx > after)
            parts.append(part if before is None else part.where(trace.idx < before))
    return parts[0] if len(parts) == 1 else parts[0].union(*parts[1:])  # type: ignore[return-value]  # used as IN


_PLAIN: Final[tuple[tuple[str, Facet, Callable[[Any], bytes]], ...]] = (
    ("kind", Facet.KIND, text_value),
    ("release", Facet.RELEASE, text_value),
    ("tree", Facet.TREE, bytes.fromhex),
    ("commit", Facet.COMMIT, bytes.fromhex),
    ("sha256", Facet.SHA256, raw),
    ("principal", Facet.PRINCIPAL, principal_value),
    ("reference", Facet.REFERENCE, raw),
    ("incident", Facet.INCIDENT, text_value),
)
"""Members of a query that are one facet each, and how their value is stored."""


def _facets(wanted: Query, names: Mapping[int, str]) -> list[list[tuple[Facet, bytes]]]:
    facets = [
        [(facet, stored(value))] for name, facet, stored in _PLAIN if (value := getattr(wanted, name)) is not None
    ]
    if wanted.change is not None:
        projects = [wanted.stream] if wanted.stream is not None else list(names.values())
        facets.append(
            [(Facet.CHANGE, change_value(name, wanted.change)) for name in projects if name.startswith("prj_")]
            # No project, no change: a value that no row has.
            or [(Facet.CHANGE, b"")]
        )
    if wanted.content is not None:
        facets.append([(Facet.CONTENT, raw(wanted.content)), (Facet.WITHHELD, raw(wanted.content))])
    return facets


def _read(connection: Connection, query: Select[Any], names: Mapping[int, str] | None = None) -> tuple[Entry, ...]:
    rows = connection.execute(query).all()
    known = names if names is not None else (stream_names(connection) if rows else {})
    return tuple(entry_of_row(row, known[row.stream]) for row in rows)
