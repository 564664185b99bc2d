"""What somebody with the database does: raw changes with every guard dropped."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection


@contextmanager
def unguarded(url: str) -> Iterator[Connection]:
    """A connection on which no trigger and no constraint stands in the way; the triggers are there again afterwards."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            guards = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in guards:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield connection
            for _, statement in guards:
                connection.exec_driver_sql(statement)
        else:
            tables = [
                name
                for (name,) in connection.execute(
                    text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
                ).all()
            ]
            for name in tables:
                connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER ALL")
            for table, name in connection.execute(
                text(
                    "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c'"
                    " AND connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
                )
            ).all():
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            yield connection
            for table, name in connection.execute(
                text(
                    "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal"
                    " AND (SELECT relnamespace FROM pg_class WHERE oid = tgrelid)"
                    " = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
                )
            ).all():
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        connection.commit()
    engine.dispose()
