"""One server for all tests that only read, or send what no server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger.client import Client
from tests.api.serving import Served, anchor_of, found_ledger, parcels_of, serving
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


def story() -> World:
    """A ledger with one change, approved, tested and released."""
    world = World()
    world.project("shop")
    dev = world.person("Dev Eloper")
    approver = world.person("Ap Prover", "approver")
    robot = world.machine("Robot", ["prompt", "diff", "test", "merge", "release"])
    world.policy({"v": 1})
    prompt = world.prompt("shop", "pull/1", dev, robot, text="Add a cart")
    change = world.diff("shop", "pull/1", dev, robot, {"cart.py": "pass\n"}, ai="assisted", prompts=[prompt])
    world.run("shop", change.tree, change.head, robot, change="pull/1")
    world.approve("shop", change, approver)
    world.release("shop", "1.0", [], robot, robot, extra_commits=change.commits)
    return world


@pytest.fixture(scope="session")
def world() -> World:
    """What the shared server's ledger holds."""
    return story()


@pytest.fixture(scope="session")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The shared server, with the whole world delivered."""
    folder = tmp_path_factory.mktemp("ledger")
    found_ledger(folder, world)
    with serving(folder) as running:
        with Client(running.url, anchor_of(world)) as client:
            for parcel in parcels_of(world):
                client.record(parcel)
        yield running
