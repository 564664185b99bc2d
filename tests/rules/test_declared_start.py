"""History before a project's declared start is no gap in its first release."""

from __future__ import annotations

import pytest

from ledger.dossier.build import build_release
from tests.stories import MACHINE_KINDS, POLICY
from tests.world import World, git_id


@pytest.mark.parametrize(("start", "open_parents"), [(git_id("old"), ()), (None, (git_id("old"),))])
def test_the_declared_start_is_known_history(start: str | None, open_parents: tuple[str, ...]) -> None:
    """A commit whose parent is the declared start leaves nothing unreconciled; without a declaration it does."""
    world = World()
    world.project("payments", start=start)
    world.policy(POLICY)
    author = world.person("Ivy Author")
    ci = world.machine("CI Runner", MACHINE_KINDS)
    change = world.diff("payments", "7", author, ci, {"a.py": "1"})
    landed = world.commit("first", author, parents=[git_id("old")], tree=change.tree)
    merged = world.merge("payments", change, author, ci, commits=[landed])
    release = world.release("payments", "1.0", [merged], author, ci)
    dossier = build_release(world.records(), release.envelope)
    assert dossier.sources[0].open_parents == open_parents
