"""The database refuses to change what was recorded."""

# ruff: noqa: S608 -- somebody with the database writes what they like

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from ledger.errors import ChainError
from ledger.store import Store
from ledger.store.database import connect, newest_revision, upgrade, writing
from ledger.store.guards import attempt_forbidden, expected_guards, present_guards
from tests.store.ledgers import tell

if TYPE_CHECKING:
    from tests.store.ledgers import Ledger

TABLES = ("entry", "node", "stream", "head", "content", "content_chunk", "content_salt", "erasure")

CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
)


def columns(table: str) -> tuple[str, ...]:
    """All columns of a table."""
    from ledger.store import schema

    return tuple(column.name for column in getattr(schema, table).columns)


def told(ledger: Ledger) -> None:
    """Fills the ledger with a story, and erases nothing."""
    tell(ledger.world)
    with ledger.open() as store:
        ledger.deliver(store)


def refused(url: str, statement: str) -> bool:
    """Whether the database refuses a statement on a plain connection; whatever happens is rolled back."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            try:
                done = connection.execute(text(statement))
            except DBAPIError:
                return True
            finally:
                transaction.rollback()
            return done.rowcount == 0
    finally:
        engine.dispose()


def test_rows_are_neither_updated_nor_deleted(ledger: Ledger) -> None:
    """UPDATE of any column and DELETE are refused in every table that records something."""
    told(ledger)
    for table in TABLES:
        for column in columns(table):
            assert refused(ledger.database_url, f"UPDATE {table} SET {column} = {column}"), (table, column)
        assert refused(ledger.database_url, f"DELETE FROM {table}"), table


def test_rows_are_not_replaced(ledger: Ledger) -> None:
    """INSERT OR REPLACE through any unique column, with SQLite's default settings, and TRUNCATE are refused."""
    told(ledger)
    url = ledger.database_url
    if url.startswith("postgresql"):
        for table in TABLES:
            assert refused(url, f"TRUNCATE {table} CASCADE"), table
        return
    names = columns("entry")
    for table in TABLES:
        assert refused(url, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"), table
    new = {"idx": "(SELECT max(idx) + 1 FROM entry)", "previous": "leaf_digest"}
    fresh = {"event_id": "randomblob(16)", "envelope_digest": "randomblob(32)", "stream_index": "stream_index + 1"}
    last = "FROM entry WHERE idx = (SELECT max(idx) FROM entry)"
    for clashing in fresh:
        chosen = {**new, **{name: value for name, value in fresh.items() if name != clashing}}
        picked = ", ".join(chosen.get(name, name) for name in names)
        statement = f"INSERT OR REPLACE INTO entry ({', '.join(names)}) SELECT {picked} {last}"
        assert refused(url, statement), clashing
    picked = ", ".join({**new, **fresh}.get(name, name) for name in names)
    assert not refused(url, f"INSERT OR REPLACE INTO entry ({', '.join(names)}) SELECT {picked} {last}")


def test_the_next_entry_follows_the_last(ledger: Ledger) -> None:
    """An entry with a gap, another previous, or an earlier time is refused by the database itself."""
    told(ledger)
    names = columns("entry")
    fresh = {
        "idx": "idx + 1",
        "previous": "leaf_digest",
        "event_id": "substr(envelope_digest, 1, 16)",
        "envelope_digest": "previous",
        "stream_index": "stream_index + 1",
    }
    wrong = ({"idx": "idx + 2"}, {"idx": "idx"}, {"previous": "previous"}, {"received_at": "received_at - 1"})
    for change in (*wrong, {}):
        chosen = {**fresh, **change}
        picked = ", ".join(chosen.get(name, name) for name in names)
        statement = (
            f"INSERT INTO entry ({', '.join(names)}) SELECT {picked} FROM entry"
            " WHERE idx = (SELECT max(idx) FROM entry)"
        )
        assert refused(ledger.database_url, statement) == bool(change), change


def test_contents_go_only_after_their_erasure(ledger: Ledger) -> None:
    """Bytes and salts can be deleted once an erasure row names them, and then the content shows as erased."""
    told(ledger)
    engine = connect(ledger.database_url)
    with writing(engine) as connection:
        commitment = connection.execute(text("SELECT commitment FROM content LIMIT 1")).scalar_one()
        connection.execute(text("INSERT INTO erasure VALUES (:c, 1)"), {"c": commitment})
        for table in ("content_chunk", "content_salt"):
            connection.execute(text(f"DELETE FROM {table} WHERE commitment = :c"), {"c": commitment})
    engine.dispose()
    from ledger.digests import from_raw

    with ledger.open() as store:
        found = store.content(from_raw(bytes(commitment)))
        assert (found.state, found.salt, list(found.pieces())) == ("erased", None, [])
        assert list(store.fsck()) == []


def test_guards_survive_every_revision(database_url: str) -> None:
    """After each revision every guard made so far is still there, and at the newest all expected ones are."""
    from alembic.script import ScriptDirectory

    from ledger.store.database import _configuration

    engine = connect(database_url, create=True)
    seen: frozenset[tuple[str, str]] = frozenset()
    revisions = [item.revision for item in ScriptDirectory.from_config(_configuration()).walk_revisions()]
    for revision in reversed(revisions):
        with writing(engine) as connection:
            upgrade(connection, revision)
            present = present_guards(connection)
            assert seen <= present
            seen = present
    assert revisions[0] == newest_revision()
    wanted = {(table, name) for table, names in expected_guards(engine.dialect.name).items() for name in names}
    assert seen == wanted
    engine.dispose()


def test_the_schema_is_what_queries_expect(ledger: Ledger) -> None:
    """Tables and columns that migrations made are those that queries use, and every constraint has a name."""
    from sqlalchemy import inspect

    from ledger.store.schema import METADATA

    engine = connect(ledger.database_url)
    inspector = inspect(engine)
    found = {
        name: [column["name"] for column in inspector.get_columns(name)]
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }
    if ledger.database_url.startswith("sqlite"):
        # The checkpoint store is another file.
        assert not any(name.startswith("checkpoint") for name in found)
    assert found == {table.name: [column.name for column in table.columns] for table in METADATA.tables.values()}
    for name in found:
        for constraint in (*inspector.get_check_constraints(name), *inspector.get_unique_constraints(name)):
            assert constraint["name"], name
    engine.dispose()


@pytest.mark.parametrize("table", TABLES)
def test_opening_notices_removed_guards(ledger: Ledger, table: str) -> None:
    """A ledger whose triggers were dropped is not opened."""
    engine = create_engine(ledger.database_url)
    with engine.begin() as connection:
        name = min(expected_guards(engine.dialect.name)[table])
        on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER {name}{on}"))
    engine.dispose()
    with pytest.raises(ChainError, match="triggers") as caught:
        Store(ledger.database_url, ledger.checkpoint_url)
    assert caught.value.slug == "guards-missing"


def test_opening_notices_hollow_guards(ledger: Ledger) -> None:
    """A trigger that is there and does nothing is found by trying what it should refuse."""
    engine = create_engine(ledger.database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER entry_no_update"))
            connection.execute(text("CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END"))
        else:
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RETURN NULL; END'"
            )
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION ledger_advance_head() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RETURN NEW; END'"
            )
    with engine.connect() as connection, connection.begin(), pytest.raises(ChainError) as caught:
        attempt_forbidden(connection)
    assert caught.value.slug == "guards-broken"
    engine.dispose()
    with pytest.raises(ChainError):
        ledger.open()


def test_replication_role_does_not_switch_guards_off(ledger: Ledger) -> None:
    """On PostgreSQL the guards fire even under session_replication_role = replica."""
    if not ledger.database_url.startswith("postgresql"):
        return
    engine = create_engine(ledger.database_url)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        attempt_forbidden(connection)
    engine.dispose()


def test_the_documented_writer_role_is_enough(ledger: Ledger) -> None:
    """With exactly the rights that docs/operations.md grants, events are admitted, searched and checked."""
    if not ledger.database_url.startswith("postgresql"):
        return
    page = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text()
    block = page.split("```sql\nCREATE ROLE ledger_writer", 1)[1].split("```", 1)[0]
    database = ledger.database_url.split("/@/", 1)[-1].split("@/", 1)[-1].split("?", 1)[0]
    role = "writer_" + database
    statements = ("CREATE ROLE ledger_writer" + block).replace("ledger_writer", role)
    statements = statements.replace("ON DATABASE ledger ", f"ON DATABASE {database} ")
    engine = create_engine(ledger.database_url)
    with engine.begin() as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.exec_driver_sql(statement)
    tell(ledger.world)
    url = ledger.database_url.replace("postgres@", f"{role}@")
    with Store(url, ledger.checkpoint_url, signer=ledger.sign, clock=ledger.clock) as store:
        ledger.deliver(store)
        assert store.reindex() > 0
        assert list(store.fsck()) == []
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    engine.dispose()
