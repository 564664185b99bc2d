"""${message}: say here why."""

from __future__ import annotations

from alembic import op

from ledger.store.dialect import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """${message}."""
    run(op.get_bind(), "")
