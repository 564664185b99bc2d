"""Where SQLite and PostgreSQL need different words: types and functions in the schema's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        # 64-bit in a STRICT table
        "<integer>": "INTEGER",
        "<data>": "BLOB",
        "<length>": "length",
        "<table>": "STRICT",
        "<narrow>": "STRICT, WITHOUT ROWID",
    },
    "postgresql": {
        "<integer>": "BIGINT",
        "<data>": "BYTEA",
        "<length>": "octet_length",
        "<table>": "",
        "<narrow>": "",
    },
}
"""``<table>`` ends an ordinary table, ``<narrow>`` one that is little more than its primary key."""


def run(connection: Connection, statement: str) -> None:
    """Runs a statement of the schema, spelled in the words of the connection's database, exactly as it stands."""
    for name, word in _WORDS[connection.dialect.name].items():
        statement = statement.replace(name, word)
    # Without parameters a percent sign in a function's body is a percent sign.
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
