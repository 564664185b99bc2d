"""Ledgers on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from tests.store.ledgers import Ledger, small_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.world import World


@pytest.fixture
def checkpoint_url(database_url: str, tmp_path: Path) -> str:
    """A checkpoint store apart from the ledger: another file, or another schema."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'checkpoints.db'}"
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA checkpoints"))
    engine.dispose()
    return f"{database_url}&options=-csearch_path%3Dcheckpoints"


@pytest.fixture
def found(database_url: str, checkpoint_url: str) -> Callable[..., Ledger]:
    """Founds a ledger for a world, a small one if none is given."""

    def make(world: World | None = None) -> Ledger:
        return Ledger(database_url, checkpoint_url, world or small_world())

    return make


@pytest.fixture
def ledger(found: Callable[..., Ledger]) -> Ledger:
    """A ledger with genesis, for a small world."""
    return found()
