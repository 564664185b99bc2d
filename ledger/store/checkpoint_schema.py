"""The separate, tiny database of checkpoints: its tables and guards, made once with the store.

It has no migrations: a store whose ``revision`` this code does not know is refused, and a new one is made by the epoch
procedure. Nothing rewrites what a checkpoint store remembers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table

from ledger.store.dialect import run

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

REVISION: Final = 1

_METADATA: Final = MetaData()

identity: Final = Table(
    "checkpoint_identity",
    _METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger),
    Column("store", LargeBinary),
    Column("ledger", LargeBinary),
)
"""One row: which store this is, and of which ledger."""

latest: Final = Table(
    "checkpoint_latest",
    _METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger),
    Column("root", LargeBinary),
    Column("note", LargeBinary),
)
"""One row: the largest size ever agreed on, its root, and its note once it is signed."""

kept: Final = Table(
    "checkpoint_kept",
    _METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary),
    Column("note", LargeBinary),
    Column("kept_at", BigInteger),
)
"""Published checkpoints, at most one a second."""

_TABLES: Final = (
    """
CREATE TABLE checkpoint_identity (
    id <integer> NOT NULL,
    revision <integer> NOT NULL,
    store <data> NOT NULL,
    ledger <data> NOT NULL,
    CONSTRAINT checkpoint_identity_pk PRIMARY KEY (id),
    -- a store belongs with one ledger
    CONSTRAINT checkpoint_identity_only_one CHECK (id = 1),
    CONSTRAINT checkpoint_identity_sizes CHECK (<length>(store) = 16 AND <length>(ledger) = 32)
) <table>
""",
    """
CREATE TABLE checkpoint_latest (
    id <integer> NOT NULL,
    size <integer> NOT NULL,
    root <data> NOT NULL,
    note <data>,
    CONSTRAINT checkpoint_latest_pk PRIMARY KEY (id),
    -- the row that all writers compare and swap
    CONSTRAINT checkpoint_latest_only_one CHECK (id = 1),
    CONSTRAINT checkpoint_latest_sizes CHECK (size >= 0 AND <length>(root) = 32)
) <table>
""",
    """
CREATE TABLE checkpoint_kept (
    size <integer> NOT NULL,
    root <data> NOT NULL,
    note <data> NOT NULL,
    kept_at <integer> NOT NULL,
    -- two roots for one size would be two histories
    CONSTRAINT checkpoint_kept_pk PRIMARY KEY (size),
    CONSTRAINT checkpoint_kept_sizes CHECK (size > 0 AND <length>(root) = 32 AND <length>(note) <= 16384)
) <table>
""",
)

_SQLITE_GUARDS: Final = (
    """
CREATE TRIGGER checkpoint_latest_advance BEFORE UPDATE ON checkpoint_latest BEGIN
    -- it grows, or a note is added to what was agreed on; it never goes back and never changes its root
    SELECT RAISE(ABORT, 'checkpoint_latest: does not advance')
        WHERE NEW.id IS NOT OLD.id OR NOT (
            (NEW.size > OLD.size AND NEW.note IS NULL)
            OR (NEW.size = OLD.size AND NEW.root = OLD.root AND OLD.note IS NULL)
        );
END
""",
    """
CREATE TRIGGER checkpoint_latest_insert BEFORE INSERT ON checkpoint_latest BEGIN
    -- REPLACE would forget
    SELECT RAISE(ABORT, 'checkpoint_latest: made once') WHERE EXISTS (SELECT 1 FROM checkpoint_latest);
END
""",
    """
CREATE TRIGGER checkpoint_latest_no_delete BEFORE DELETE ON checkpoint_latest BEGIN
    -- forgetting would allow a second history
    SELECT RAISE(ABORT, 'checkpoint_latest: cannot be deleted');
END
""",
    """
CREATE TRIGGER checkpoint_kept_append BEFORE INSERT ON checkpoint_kept BEGIN
    -- ascending, and nothing replaced
    SELECT RAISE(ABORT, 'checkpoint_kept: not the largest size')
        WHERE EXISTS (SELECT 1 FROM checkpoint_kept WHERE size >= NEW.size);
END
""",
    """
CREATE TRIGGER checkpoint_kept_no_update BEFORE UPDATE ON checkpoint_kept BEGIN
    -- published is published
    SELECT RAISE(ABORT, 'checkpoint_kept: append-only');
END
""",
    """
CREATE TRIGGER checkpoint_kept_no_delete BEFORE DELETE ON checkpoint_kept BEGIN
    -- published is published
    SELECT RAISE(ABORT, 'checkpoint_kept: append-only');
END
""",
    """
CREATE TRIGGER checkpoint_identity_insert BEFORE INSERT ON checkpoint_identity BEGIN
    -- REPLACE would rename the store
    SELECT RAISE(ABORT, 'checkpoint_identity: made once') WHERE EXISTS (SELECT 1 FROM checkpoint_identity);
END
""",
    """
CREATE TRIGGER checkpoint_identity_no_update BEFORE UPDATE ON checkpoint_identity BEGIN
    -- a store stays with its ledger
    SELECT RAISE(ABORT, 'checkpoint_identity: never changed');
END
""",
    """
CREATE TRIGGER checkpoint_identity_no_delete BEFORE DELETE ON checkpoint_identity BEGIN
    -- a store stays with its ledger
    SELECT RAISE(ABORT, 'checkpoint_identity: never changed');
END
""",
)

_POSTGRESQL_FUNCTIONS: Final = (
    """
CREATE FUNCTION checkpoint_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE FUNCTION checkpoint_advance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- it grows, or a note is added to what was agreed on; it never goes back and never changes its root
    IF NEW.id <> OLD.id OR NOT (
        (NEW.size > OLD.size AND NEW.note IS NULL)
        OR (NEW.size = OLD.size AND NEW.root = OLD.root AND OLD.note IS NULL)
    ) THEN
        RAISE EXCEPTION 'checkpoint_latest: does not advance' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
""",
    """
CREATE FUNCTION checkpoint_append() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- ascending
    IF EXISTS (SELECT 1 FROM checkpoint_kept WHERE size >= NEW.size) THEN
        RAISE EXCEPTION 'checkpoint_kept: not the largest size' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
""",
)


def _postgresql_guards() -> list[str]:
    guards = list(_POSTGRESQL_FUNCTIONS)
    for table, events in {
        "checkpoint_latest": ("delete", "truncate"),
        "checkpoint_kept": ("update", "delete", "truncate"),
        "checkpoint_identity": ("update", "delete", "truncate"),
    }.items():
        names = [f"{table}_no_{event}" for event in events]
        guards += [
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION checkpoint_refuse()"
            for event in events
        ]
        if table == "checkpoint_latest":
            guards.append(
                "CREATE TRIGGER checkpoint_latest_advance BEFORE UPDATE ON checkpoint_latest FOR EACH ROW "
                "EXECUTE FUNCTION checkpoint_advance()"
            )
            names.append("checkpoint_latest_advance")
        if table == "checkpoint_kept":
            guards.append(
                "CREATE TRIGGER checkpoint_kept_append BEFORE INSERT ON checkpoint_kept FOR EACH ROW "
                "EXECUTE FUNCTION checkpoint_append()"
            )
            names.append("checkpoint_kept_append")
        guards += [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name in names]
    return guards


def make_tables(connection: Connection) -> None:
    """Makes the tables and guards of a checkpoint store."""
    guards = _SQLITE_GUARDS if connection.dialect.name == "sqlite" else _postgresql_guards()
    for statement in (*_TABLES, *guards):
        run(connection, statement)
