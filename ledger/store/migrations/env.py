"""Runs the revisions on the connection that ``ledger.store.database`` hands over, or on the URL of ``alembic -x``."""

from __future__ import annotations

from alembic import context

from ledger.store.database import connect

_given = context.config.attributes.get("connection")
if _given is not None:
    context.configure(connection=_given, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
else:
    _engine = connect(context.get_x_argument(as_dictionary=True)["database"], create=True)
    with _engine.begin() as _connection:
        context.configure(connection=_connection, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
    _engine.dispose()
