"""The suite's own surroundings: what its fixtures promise to every other test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_each_database_is_fresh_and_writable(database_url: str) -> None:
    """A test gets an empty database of the kind it asked for, on both engines."""
    engine = sqlalchemy.create_engine(database_url)
    try:
        assert sqlalchemy.inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE t (n integer)"))
            connection.execute(sqlalchemy.text("INSERT INTO t VALUES (1)"))
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("SELECT n FROM t")).scalar_one() == 1
    finally:
        engine.dispose()


def test_chromium_shows_a_page(chromium: Browser) -> None:
    """A test gets a real browser that reads what it is given."""
    page = chromium.new_page()
    page.set_content("<title>Evidence</title>")
    assert page.title() == "Evidence"
    page.close()
