"""A served ledger that the tests of a module share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import User, house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.running import House


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A ledger with one administrator, Ada."""
    with house(tmp_path_factory.mktemp("alone")) as found:
        yield found


@pytest.fixture
def ada(tmp_path: Path) -> User:
    """Ada, without a ledger."""
    return User(tmp_path / "ada", tmp_path / "work")
