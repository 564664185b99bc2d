"""The triggers that refuse every change of what was recorded: that they are all there, and that they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_SQLITE: Final[Mapping[str, frozenset[str]]] = {
    "entry": frozenset({"entry_append", "entry_no_update", "entry_no_delete"}),
    "node": frozenset({"node_append", "node_no_update", "node_no_delete"}),
    "stream": frozenset({"stream_append", "stream_no_update", "stream_no_delete"}),
    "head": frozenset({"head_insert", "head_advance", "head_no_delete"}),
    "content": frozenset({"content_append", "content_no_update", "content_no_delete"}),
    "content_chunk": frozenset({"content_chunk_append", "content_chunk_no_update", "content_chunk_erased_first"}),
    "content_salt": frozenset({"content_salt_append", "content_salt_no_update", "content_salt_erased_first"}),
    "erasure": frozenset({"erasure_append", "erasure_no_update", "erasure_no_delete"}),
}
_POSTGRESQL: Final[Mapping[str, frozenset[str]]] = {
    "entry": frozenset({"entry_append", "entry_no_update", "entry_no_delete", "entry_no_truncate"}),
    "node": frozenset({"node_append", "node_no_update", "node_no_delete", "node_no_truncate"}),
    "stream": frozenset({"stream_append", "stream_no_update", "stream_no_delete", "stream_no_truncate"}),
    "head": frozenset({"head_advance", "head_no_delete", "head_no_truncate"}),
    "content": frozenset({"content_no_update", "content_no_delete", "content_no_truncate"}),
    "content_chunk": frozenset({"content_chunk_no_update", "content_chunk_erased_first", "content_chunk_no_truncate"}),
    "content_salt": frozenset({"content_salt_no_update", "content_salt_erased_first", "content_salt_no_truncate"}),
    "erasure": frozenset({"erasure_no_update", "erasure_no_delete", "erasure_no_truncate"}),
}

# What must fail in a ledger that has its genesis. Each row it would meet exists.
_FORBIDDEN: Final = (
    "UPDATE entry SET kind = 'genesis' WHERE idx = 0",
    "DELETE FROM entry WHERE idx = 0",
    "UPDATE stream SET name = 'ledger' WHERE number = 0",
    "DELETE FROM stream WHERE number = 0",
    "UPDATE head SET size = size",
    "DELETE FROM head",
)
_FORBIDDEN_SQLITE: Final = ("INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE idx = 0",)
_FORBIDDEN_POSTGRESQL: Final = ("TRUNCATE entry, node", "UPDATE node SET number = number", "DELETE FROM node")


def expected_guards(dialect: str) -> Mapping[str, frozenset[str]]:
    """Names of the guards by table, at the newest revision."""
    return _SQLITE if dialect == "sqlite" else _POSTGRESQL


def present_guards(connection: Connection) -> frozenset[tuple[str, str]]:
    """(table, trigger) pairs that are there and fire always."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        found = connection.execute(
            text(
                "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE NOT tgisinternal AND tgenabled = 'A'"
                " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
            )
        )
    return frozenset((str(table), str(name)) for table, name in found)


def missing_guards(connection: Connection) -> tuple[tuple[str, str], ...]:
    """(table, trigger) pairs that should be there."""
    expected = expected_guards(connection.dialect.name)
    wanted = {(table, name) for table, names in expected.items() for name in names}
    return tuple(sorted(wanted - present_guards(connection)))


def check_guards(connection: Connection) -> None:
    """Nothing, if every guard is there.

    Raises:
        ChainError: ``guards-missing``: somebody removed one, or a table was rebuilt without them.
    """
    missing = missing_guards(connection)
    if missing:
        raise ChainError(
            "guards-missing",
            "triggers that keep the log append-only are missing",
            details={"missing": ", ".join(name for _, name in missing)},
            remedy="Find out who removed them, run evidence fsck, then restore the database or its triggers.",
        )


def attempt_forbidden(connection: Connection) -> None:
    """Nothing, if the database refuses each forbidden statement; the caller rolls back whatever happens.

    Raises:
        ChainError: ``guards-broken``: one of them went through.
    """
    sqlite = connection.dialect.name == "sqlite"
    for statement in (*_FORBIDDEN, *(_FORBIDDEN_SQLITE if sqlite else _FORBIDDEN_POSTGRESQL)):
        try:
            with connection.begin_nested():
                connection.execute(text(statement))
        except DBAPIError:
            continue
        raise ChainError(
            "guards-broken",
            "the database let a forbidden statement through",
            details={"statement": statement},
            remedy="The log's triggers no longer work; run evidence fsck before anything else.",
        )
