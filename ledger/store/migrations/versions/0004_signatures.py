"""Signatures of 64 to 1,024 bytes: those of SSH keys are longer than an Ed25519 signature (format §2).

Entries stay where they are: only the condition on new ones changes. In SQLite a condition is part of the table's text,
and the usual way, a new table and a copy, would move every entry and lose every trigger on the way. The text itself is
changed instead, as https://www.sqlite.org/lang_altertable.html#otheralter describes for conditions.
"""

from __future__ import annotations

from alembic import op

from ledger.store.dialect import run

revision = "0004"
down_revision = "0003"

_BEFORE = "<length>(signature) = 64"
_AFTER = "<length>(signature) BETWEEN 64 AND 1024"

_SQLITE = f"""
UPDATE sqlite_schema SET sql = replace(sql, '{_BEFORE}', '{_AFTER}') WHERE type = 'table' AND name = 'entry'
"""  # noqa: S608 -- the conditions stand above

_POSTGRESQL = f"""
ALTER TABLE entry DROP CONSTRAINT entry_sizes, ADD CONSTRAINT entry_sizes CHECK (
    <length>(leaf_digest) = 32 AND <length>(previous) = 32 AND <length>(stream_previous) = 32
    AND <length>(key_id) = 32 AND <length>(envelope_digest) = 32
    AND <length>(event_id) = 16 AND {_AFTER}
)
"""


def upgrade() -> None:
    """Widens the condition on the sizes of an entry's parts."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        run(connection, _POSTGRESQL)
        return
    version = int(str(connection.exec_driver_sql("PRAGMA schema_version").scalar()))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    run(connection, _SQLITE)
    # Another connection would otherwise go on with the table's text as it read it before.
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
