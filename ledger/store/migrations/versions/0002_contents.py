"""Contents beside the log, and their salts in a table of their own.

Bytes and salt can be removed, and only after an ``erasure`` row says so; what the ledger knows of a content (its
commitment and size) stays. Salts are apart from bytes so that a content is unreadable and unguessable in old backups
and locked object stores once its salt, of 32 bytes, is gone everywhere.
"""

from __future__ import annotations

from alembic import op

from ledger.store.dialect import run

revision = "0002"
down_revision = "0001"

_TABLES = (
    """
CREATE TABLE content (
    commitment <data> NOT NULL,
    size_bytes <integer> NOT NULL,
    chunk_count <integer> NOT NULL,
    -- one content a commitment: putting it again changes nothing
    CONSTRAINT content_pk PRIMARY KEY (commitment),
    CONSTRAINT content_commitment_size CHECK (<length>(commitment) = 32),
    -- format 4.3: at most 64 MiB
    CONSTRAINT content_size_range CHECK (size_bytes >= 0 AND size_bytes <= 67108864),
    CONSTRAINT content_chunk_count CHECK (chunk_count >= 0 AND (chunk_count = 0) = (size_bytes = 0))
) <narrow>
""",
    """
CREATE TABLE content_chunk (
    commitment <data> NOT NULL,
    number <integer> NOT NULL,
    data <data> NOT NULL,
    -- pieces of the content in order, each a zlib stream of its own
    CONSTRAINT content_chunk_pk PRIMARY KEY (commitment, number),
    CONSTRAINT content_chunk_known FOREIGN KEY (commitment) REFERENCES content (commitment),
    CONSTRAINT content_chunk_from_zero CHECK (number >= 0)
) <table>
""",
    """
CREATE TABLE content_salt (
    commitment <data> NOT NULL,
    salt <data> NOT NULL,
    -- one salt a commitment
    CONSTRAINT content_salt_pk PRIMARY KEY (commitment),
    CONSTRAINT content_salt_known FOREIGN KEY (commitment) REFERENCES content (commitment),
    -- format 4.3
    CONSTRAINT content_salt_size CHECK (<length>(salt) = 32)
) <narrow>
""",
    """
CREATE TABLE erasure (
    commitment <data> NOT NULL,
    erased_at <integer> NOT NULL,
    -- erased once; the row itself stays, so that erased is never mistaken for missing
    CONSTRAINT erasure_pk PRIMARY KEY (commitment),
    CONSTRAINT erasure_known FOREIGN KEY (commitment) REFERENCES content (commitment),
    CONSTRAINT erasure_erased_at_range CHECK (erased_at >= 0)
) <narrow>
""",
)


def _sqlite_guards() -> list[str]:
    guards = []
    for table, same in {
        "content": "commitment = NEW.commitment",
        "content_chunk": "commitment = NEW.commitment AND number = NEW.number",
        "content_salt": "commitment = NEW.commitment",
        "erasure": "commitment = NEW.commitment",
    }.items():
        guards += [
            f"""
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN
    -- bytes and salts are what their commitment says, or gone
    SELECT RAISE(ABORT, '{table}: never changed');
END
""",
            f"""
CREATE TRIGGER {table}_append BEFORE INSERT ON {table} BEGIN
    -- INSERT OR REPLACE would change a row
    SELECT RAISE(ABORT, '{table}: exists') WHERE EXISTS (SELECT 1 FROM {table} WHERE {same});
END
""",  # noqa: S608 -- both parts stand above
        ]
    guards += [
        f"""
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN
    -- what was known of a content stays known
    SELECT RAISE(ABORT, '{table}: append-only');
END
"""
        for table in ("content", "erasure")
    ]
    guards += [
        f"""
CREATE TRIGGER {table}_erased_first BEFORE DELETE ON {table} BEGIN
    -- no removal without its erasure row
    SELECT RAISE(ABORT, '{table}: not erased')
        WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE commitment = OLD.commitment);
END
"""  # noqa: S608 -- the names stand below
        for table in ("content_chunk", "content_salt")
    ]
    return guards


_ERASED_FIRST = """
CREATE FUNCTION ledger_erased_first() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- no removal without its erasure row
    IF NOT EXISTS (SELECT 1 FROM erasure WHERE commitment = OLD.commitment) THEN
        RAISE EXCEPTION '%: not erased', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$
"""


def _postgresql_guards() -> list[str]:
    guards = [_ERASED_FIRST]
    for table in ("content", "content_chunk", "content_salt", "erasure"):
        events = ["UPDATE", "TRUNCATE"]
        names = ["no_update", "no_truncate"]
        if table in {"content", "erasure"}:
            events.append("DELETE")
            names.append("no_delete")
        else:
            guards.append(
                f"CREATE TRIGGER {table}_erased_first BEFORE DELETE ON {table} FOR EACH ROW "
                "EXECUTE FUNCTION ledger_erased_first()"
            )
            names.append("erased_first")
        guards += [
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION ledger_refuse()"
            for event in events
        ]
        # session_replication_role = replica skips ordinary triggers, not these.
        guards += [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}" for name in names]
    return guards


def upgrade() -> None:
    """Makes the tables of contents, salts and erasures, and their guards."""
    connection = op.get_bind()
    guards = _sqlite_guards() if connection.dialect.name == "sqlite" else _postgresql_guards()
    for statement in (*_TABLES, *guards):
        run(connection, statement)
