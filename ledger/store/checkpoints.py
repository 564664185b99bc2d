"""The checkpoint store: the one memory of which sizes and roots were ever signed, apart from the ledger.

It serves all writers. It is never restored from a backup: an old copy would let a second history be signed.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError

from ledger.errors import ConflictError, NotFoundError, UnavailableError
from ledger.merkle import EMPTY_ROOT
from ledger.store.checkpoint_schema import REVISION, identity, kept, latest, make_tables
from ledger.store.database import connect, reading, secure_file, sqlite_path, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

STORE_ID_BYTES: Final = 16

_SPACING: Final = 1000
"""Milliseconds between two published checkpoints."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which store this is."""

    store: bytes
    """16 random bytes, which the ledger's head names."""
    ledger: bytes
    """The 32 bytes of the ledger id."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The largest size that all writers agreed on."""

    size: int
    root: bytes
    note: bytes | None
    """The signed checkpoint; None until whoever won the race, or the next one, has signed it."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed checkpoint from the store."""

    size: int
    root: bytes
    """32 bytes. Use what the note says, under the log key; this is a copy."""
    note: bytes


def new_store_id() -> bytes:
    """The id of a store that is still to be made."""
    return secrets.token_bytes(STORE_ID_BYTES)


def make_store(url: str, store: bytes, ledger: bytes) -> None:
    """Makes a new, empty checkpoint store with the id ``store`` for ``ledger`` (32 bytes).

    It is made last, before the commit that binds it to the head: a ledger without its store could not be told from one
    that lost it, and whatever is refused must not leave a store behind.

    Raises:
        ConflictError: ``checkpoint-store-exists``: there is one at ``url`` already.
        UnavailableError: ``database-unreachable``, ``checkpoint-store-unwritable``.
    """
    engine = connect(url, create=True)
    try:
        path = sqlite_path(engine)
        if path is not None:
            secure_file(path)
        with writing(engine) as connection:
            if inspect(connection).has_table(identity.name):
                raise ConflictError(
                    "checkpoint-store-exists",
                    "there is a checkpoint store already",
                    remedy="Name another place. Remove it only if an interrupted init left it and no ledger uses it.",
                )
            make_tables(connection)
            connection.execute(insert(identity).values(id=1, revision=REVISION, store=store, ledger=ledger))
            connection.execute(insert(latest).values(id=1, size=0, root=EMPTY_ROOT, note=None))
    except (DBAPIError, OSError) as error:
        raise _unwritable() from error
    finally:
        engine.dispose()


class CheckpointStore:
    """Access to a checkpoint store that may be missing now and there again later."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = Lock()
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None

    def close(self) -> None:
        """Lets go of its connections."""
        with self._lock:
            self._drop()

    def identity(self) -> Identity:
        """Which store this is.

        Raises:
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._reading() as connection:
            return _identity(connection)

    def agreed(self) -> tuple[Identity, Agreed]:
        """Which store this is, and the largest size agreed on.

        Raises:
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._reading() as connection:
            row = connection.execute(select(latest)).one_or_none()
            if row is None:
                raise _missing()
            return _identity(connection), Agreed(
                row.size, bytes(row.root), None if row.note is None else bytes(row.note)
            )

    def agree(self, expected: Agreed, size: int, root: bytes) -> bool:
        """Compare-and-swap, durable on return: whether ``(size, root)`` took the place of ``expected``.

        Raises:
            UnavailableError: ``checkpoint-store-missing``, ``checkpoint-store-unwritable``.
        """
        with self._writing() as connection:
            swapped = connection.execute(
                update(latest)
                .where(latest.c.id == 1, latest.c.size == expected.size, latest.c.root == expected.root)
                .values(size=size, root=root, note=None)
            )
            return swapped.rowcount == 1

    def keep(self, checkpoint: StoredCheckpoint, now: int) -> bool:
        """Stores a signed checkpoint, durable on return: whether it still was the latest agreed on.

        At most one a second is also kept for good, which publishes it. ``now`` is the clock in milliseconds.

        Raises:
            UnavailableError: ``checkpoint-store-missing``, ``checkpoint-store-unwritable``.
        """
        with self._writing() as connection:
            row = connection.execute(select(latest).with_for_update()).one()
            if row.size != checkpoint.size or bytes(row.root) != checkpoint.root:
                return False
            if row.note is not None:
                return True
            connection.execute(update(latest).where(latest.c.id == 1).values(note=checkpoint.note))
            last = connection.execute(select(func.max(kept.c.kept_at))).scalar()
            if last is None or not 0 <= now - last < _SPACING:
                connection.execute(
                    insert(kept).values(size=checkpoint.size, root=checkpoint.root, note=checkpoint.note, kept_at=now)
                )
            return True

    def latest(self) -> StoredCheckpoint:
        """The latest signed checkpoint; while a larger one is being signed, the latest published one.

        Raises:
            NotFoundError: ``no-checkpoint``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._reading() as connection:
            row = connection.execute(select(latest)).one_or_none()
            if row is None or row.note is None:
                row = connection.execute(select(kept).order_by(kept.c.size.desc()).limit(1)).one_or_none()
            if row is None:
                raise NotFoundError("no-checkpoint", "no checkpoint was signed yet")
            return StoredCheckpoint(row.size, bytes(row.root), bytes(row.note))

    def at(self, size: int) -> StoredCheckpoint:
        """The stored checkpoint of ``size``: a published one, or the latest.

        Raises:
            NotFoundError: ``no-checkpoint``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._reading() as connection:
            row = connection.execute(select(kept).where(kept.c.size == size)).one_or_none()
            if row is None:
                row = connection.execute(
                    select(latest).where(latest.c.size == size, latest.c.note.is_not(None))
                ).one_or_none()
        if row is None:
            raise NotFoundError("no-checkpoint", "no checkpoint of that size is stored", details={"size": size})
        return StoredCheckpoint(row.size, bytes(row.root), bytes(row.note))

    def published(self, after_size: int, limit: int) -> tuple[StoredCheckpoint, ...]:
        """Published checkpoints larger than ``after_size``, ascending.

        Raises:
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._reading() as connection:
            rows = connection.execute(
                select(kept).where(kept.c.size > after_size).order_by(kept.c.size).limit(limit)
            ).all()
        return tuple(StoredCheckpoint(row.size, bytes(row.root), bytes(row.note)) for row in rows)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with reading(self.engine()) as connection:
                yield connection
        except (DBAPIError, UnavailableError) as error:
            raise _missing() from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self.engine()
        try:
            with writing(engine) as connection:
                yield connection
        except DBAPIError as error:
            raise _unwritable() from error
        except UnavailableError as error:
            raise _missing() from error

    def engine(self) -> Engine:
        """The engine behind the store, opened again if its file was replaced.

        Raises:
            UnavailableError: ``checkpoint-store-missing``.
        """
        with self._lock:
            if self._engine is not None and self._file != _file_of(sqlite_path(self._engine)):
                # SQLite would go on writing to a file that was deleted or moved away.
                self._drop()
            if self._engine is None:
                try:
                    self._engine = connect(self._url)
                except UnavailableError as error:
                    raise _missing() from error
                self._file = _file_of(sqlite_path(self._engine))
            return self._engine

    def _drop(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None
        self._file = None


def _identity(connection: Connection) -> Identity:
    row = connection.execute(select(identity)).one_or_none()
    if row is None or row.revision != REVISION:
        raise _missing()
    return Identity(bytes(row.store), bytes(row.ledger))


def _file_of(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return (found.st_dev, found.st_ino)


def _missing() -> UnavailableError:
    return UnavailableError(
        "checkpoint-store-missing",
        "the checkpoint store cannot be found or read; nothing is written without it",
        remedy="Bring the store back as it was, never from a backup. If it is lost: evidence recover DIRECTORY",
    )


def _unwritable() -> UnavailableError:
    return UnavailableError(
        "checkpoint-store-unwritable",
        "the checkpoint store cannot be written; send the event again later and it will be found",
    )
