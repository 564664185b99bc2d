"""The projection behind every search: which entries concern a commit, a change, a principal, a content.

A projection is rebuilt from entries alone (``ledger.store.projection``), so it has no guards: nothing rests on it.
"""

from __future__ import annotations

from alembic import op

from ledger.store.dialect import run

revision = "0003"
down_revision = "0002"

_TRACE = """
CREATE TABLE trace (
    facet <integer> NOT NULL,
    value <data> NOT NULL,
    idx <integer> NOT NULL,
    -- the whole row is the key: a search is one range of it, in the order of the log
    CONSTRAINT trace_pk PRIMARY KEY (facet, value, idx)
) <narrow>
"""


def upgrade() -> None:
    """Makes the table of the projection."""
    run(op.get_bind(), _TRACE)
