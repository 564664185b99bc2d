"""Connections to SQLite or PostgreSQL that are durable at commit, and the schema's revision."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger.errors import UnavailableError
from ledger.store.guards import check_guards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy.engine import Connection, Engine

BUSY_TIMEOUT_SECONDS: Final = 30
"""How long a connection waits for another writer."""

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_POOL: Final = 8
_OVERFLOW: Final = 56


def connect(url: str, *, create: bool = False) -> Engine:
    """An engine for ``url``; a SQLite file that does not exist is made only if ``create`` says so.

    Raises:
        UnavailableError: ``database-unreachable``: the URL names no file, or no SQLite or PostgreSQL database. Whether
            a server answers shows at the first connection.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnavailableError("database-unreachable", "the database's URL cannot be read") from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database:
            return _connect_sqlite(Path(parsed.database), create=create)
        case "postgresql":
            return _connect_postgresql(parsed.set(drivername="postgresql+psycopg"))
        case _:
            raise UnavailableError("database-unreachable", "the ledger is kept in a SQLite file or in PostgreSQL")


def sqlite_path(engine: Engine) -> Path | None:
    """The file behind ``engine``; None for PostgreSQL."""
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database.

    Raises:
        UnavailableError: ``database-unreachable``.
    """
    with _connected(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        try:
            with connection.begin():
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise _unreachable() from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is durable once the block has ended without an exception.

    In SQLite it holds the only write lock from the start, so nothing read inside can be overtaken.

    Raises:
        UnavailableError: ``database-unreachable``.
    """
    with _connected(engine) as connection:
        connection.execution_options(ledger_write=True)
        with connection.begin():
            yield connection


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except (DBAPIError, PoolTimeoutError) as error:
        raise _unreachable() from error
    with connection:
        yield connection


def _unreachable() -> UnavailableError:
    return UnavailableError("database-unreachable", "the database does not answer")


def _connect_sqlite(path: Path, *, create: bool) -> Engine:
    path = path.absolute()
    if not create and not path.is_file():
        raise UnavailableError(
            "database-unreachable", "the database file does not exist", remedy="Make a ledger: evidence init"
        )
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(_open_sqlite, path, create=create),
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
    )
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_sqlite(path: Path, *, create: bool) -> sqlite3.Connection:
    # mode=rw: a file that went away must show as missing, not come back empty.
    uri = f"{path.as_uri()}?mode={'rwc' if create else 'rw'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    # Page size and WAL are settled before the first table; later both are as the file says. At 4096 bytes only one
    # event of ordinary size fits a page. synchronous=FULL: with NORMAL a commit may be forgotten at power loss, after
    # its receipt went out. recursive_triggers: delete guards fire for REPLACE too.
    for pragma in (
        "page_size = 8192",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("ledger_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _connect_postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _settle_postgresql)
    return engine


def _settle_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 -- psycopg is not imported for SQLite
    # A role or database may have switched it off; a receipt promises the disk.
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    connection.commit()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return configuration


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Brings the schema to ``revision`` inside the connection's transaction."""
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def newest_revision() -> str:
    """The revision that this code is written for."""
    return str(ScriptDirectory.from_config(_configuration()).get_current_head())


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None if the database has no schema of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(url: str) -> None:
    """Nothing; afterwards the schema is the newest and every guard stands. Entries are never rewritten.

    Raises:
        UnavailableError: ``database-unreachable``, or ``not-a-ledger`` for a database that ``create`` never saw.
        ChainError: ``guards-missing``.
    """
    engine = connect(url)
    try:
        with writing(engine) as connection:
            if revision_of(connection) is None:
                raise UnavailableError("not-a-ledger", "the database holds no ledger", remedy="Make one: evidence init")
            upgrade(connection)
            check_guards(connection)
    finally:
        engine.dispose()


def secure_file(path: Path) -> None:
    """Makes an empty file that only its owner reads, if there is none: contents are not everybody's."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
