"""Contents beside the log: taken in as a stream, kept compressed in chunks, given back as a stream."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, literal, select
from sqlalchemy.exc import DBAPIError

from ledger.digests import SALT_BYTES, Commitment, raw
from ledger.errors import ChainError, ConflictError, FormatError, UnavailableError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.store import schema
from ledger.store.database import reading, writing
from ledger.store.nodes import chunks
from ledger.store.placing import held_sizes
from ledger.store.projection import Facet
from ledger.store.writing import write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import IO

    from sqlalchemy.engine import Connection, Engine

    from ledger.digests import Digest

CHUNK_BYTES: Final = 256 * 1024
"""Bytes of a content in one row, before compression."""

_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What the ledger has of a content."""

    commitment: Digest
    state: str
    """``held``, ``withheld`` (its signer keeps it), ``erased`` or ``missing``."""
    size_bytes: int | None
    """None for withheld and missing ones: only the events that name them say."""
    salt: bytes | None
    """32 bytes, exactly for held ones."""
    pieces: Callable[[], Iterator[bytes]]
    """Its bytes in pieces; none unless held."""


def put_content(
    engine: Engine,
    salt: bytes,
    pieces: Iterable[bytes],
    *,
    expected: Digest | None = None,
    size_bytes: int | None = None,
) -> Digest:
    """The commitment of the content in ``pieces``, durable on return. Putting it again changes nothing.

    The bytes wait compressed in a nameless temporary file until all have come, so that no transaction is open while a
    sender is slow, and a content is never half there.

    Raises:
        FormatError: ``bad-salt``, ``content-too-large``; ``commitment-mismatch`` or ``content-size`` if they are not
            what the caller expected.
        ConflictError: ``content-erased``.
        UnavailableError: ``contents-unwritable``, ``database-unreachable``.
    """
    if len(salt) != SALT_BYTES:
        raise FormatError("bad-salt", "a salt has 32 bytes", details={"found": len(salt)})
    state = Commitment(salt)
    try:
        with TemporaryFile() as spool:
            size, lengths = _spool(spool, pieces, state)
            digest = state.digest()
            if expected is not None and digest != expected:
                raise FormatError(
                    "commitment-mismatch",
                    "salt and bytes are not those of the commitment",
                    details={"expected": expected, "found": digest},
                )
            if size_bytes is not None and size != size_bytes:
                raise FormatError(
                    "content-size",
                    "the content has another size than announced",
                    details={"expected": size_bytes, "found": size},
                )
            spool.seek(0)
            with writing(engine) as connection:
                _store(connection, raw(digest), salt, size, lengths, spool)
    except (DBAPIError, OSError) as error:
        raise UnavailableError("contents-unwritable", "the content could not be stored; send it again") from error
    return digest


def _spool(spool: IO[bytes], pieces: Iterable[bytes], state: Commitment) -> tuple[int, list[int]]:
    size = 0
    lengths: list[int] = []
    waiting = bytearray()
    for piece in pieces:
        size += len(piece)
        if size > MAX_CONTENT_BYTES:
            raise FormatError("content-too-large", "a content has at most 64 MiB")
        state.update(piece)
        waiting += piece
        while len(waiting) >= CHUNK_BYTES:
            lengths.append(spool.write(zlib.compress(waiting[:CHUNK_BYTES], _LEVEL)))
            del waiting[:CHUNK_BYTES]
    if waiting:
        lengths.append(spool.write(zlib.compress(bytes(waiting), _LEVEL)))
    return size, lengths


def _store(
    connection: Connection, commitment: bytes, salt: bytes, size: int, lengths: Sequence[int], spool: IO[bytes]
) -> None:
    content = schema.content
    if connection.dialect.name == "postgresql":
        # Two senders of one content: the second waits here for the first and then finds the content there.
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(%(key)s)", {"key": int.from_bytes(commitment[:8], "big", signed=True)}
        )
    if (
        connection.execute(select(literal(1)).where(schema.erasure.c.commitment == commitment)).one_or_none()
        is not None
    ):
        raise ConflictError("content-erased", "the content was erased and is not taken in again")
    if connection.execute(select(literal(1)).where(content.c.commitment == commitment)).one_or_none() is not None:
        return
    connection.execute(insert(content).values(commitment=commitment, size_bytes=size, chunk_count=len(lengths)))
    for number, length in enumerate(lengths):
        write_rows(connection, schema.content_chunk, [(commitment, number, spool.read(length))])
    connection.execute(insert(schema.content_salt).values(commitment=commitment, salt=salt))


def find_content(engine: Engine, commitment: Digest) -> StoredContent:
    """What the ledger has of the content; absence is a state, never an error."""
    with reading(engine) as connection:
        state = states(connection, [commitment])[commitment]
        key = raw(commitment)
        size = connection.execute(
            select(schema.content.c.size_bytes).where(schema.content.c.commitment == key)
        ).scalar_one_or_none()
        salt = connection.execute(
            select(schema.content_salt.c.salt).where(schema.content_salt.c.commitment == key)
        ).scalar_one_or_none()
    if state != "held":
        return StoredContent(commitment, state, size, None, _nothing)
    return StoredContent(commitment, state, size, bytes(salt or b""), lambda: _pieces(engine, key))


def states(connection: Connection, commitments: Sequence[Digest]) -> Mapping[Digest, str]:
    """``held``, ``withheld``, ``erased`` or ``missing`` for each of ``commitments``."""
    keys = {raw(commitment): commitment for commitment in commitments}
    found = dict.fromkeys(commitments, "missing")
    for some in chunks(list(keys)):
        for (value,) in connection.execute(
            select(schema.trace.c.value)
            .where(schema.trace.c.facet == int(Facet.WITHHELD), schema.trace.c.value.in_(some))
            .distinct()
        ):
            found[keys[bytes(value)]] = "withheld"
        for (value,) in connection.execute(
            select(schema.erasure.c.commitment).where(schema.erasure.c.commitment.in_(some))
        ):
            found[keys[bytes(value)]] = "erased"
    for key in held_sizes(connection, [key for key, at in keys.items() if found[at] != "erased"]):
        found[keys[key]] = "held"
    return found


def content_bytes(connection: Connection, commitment: Digest) -> bytes:
    """All bytes of a held content.

    Raises:
        ChainError: ``content-damaged``.
    """
    rows = connection.execute(
        select(schema.content_chunk.c.data)
        .where(schema.content_chunk.c.commitment == raw(commitment))
        .order_by(schema.content_chunk.c.number)
    )
    return b"".join(expand(bytes(data)) for (data,) in rows)


def expand(data: bytes) -> bytes:
    """The bytes of a chunk.

    Raises:
        ChainError: ``content-damaged``: not a zlib stream, or longer than a chunk is.
    """
    # A chunk that somebody put there must not fill the memory.
    state = zlib.decompressobj()
    try:
        piece = state.decompress(data, CHUNK_BYTES + 1)
    except zlib.error:
        piece = b""
    if not state.eof or state.unused_data or len(piece) > CHUNK_BYTES:
        raise ChainError("content-damaged", "a stored content cannot be read", remedy="Run evidence fsck.")
    return piece


def _pieces(engine: Engine, commitment: bytes) -> Iterator[bytes]:
    chunk = schema.content_chunk.c
    number = 0
    while True:
        # One short read a piece: a slow reader holds no transaction open.
        with reading(engine) as connection:
            data = connection.execute(
                select(chunk.data).where(chunk.commitment == commitment, chunk.number == number)
            ).scalar_one_or_none()
        if data is None:
            return
        yield expand(bytes(data))
        number += 1


def _nothing() -> Iterator[bytes]:
    return iter(())
