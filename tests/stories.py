"""Short stories told to a world, for tests of what comes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.world import World

if TYPE_CHECKING:
    from ledger.records import Record
    from tests.world import Change, Member

MACHINE_KINDS = ("prompt", "diff", "test", "approval", "merge", "release", "deploy", "attestation")

POLICY = {"name": "test", "rules": {}, "v": 1}


class Cast(NamedTuple):
    """Who plays in a story."""

    author: Member
    reviewer: Member
    ci: Member


def open_world(**settings: bool | int) -> tuple[World, Cast]:
    """A world with a project, a policy, an author, a reviewer and a CI service."""
    world = World(**settings)  # type: ignore[arg-type]
    world.project("payments")
    world.policy(POLICY)
    author = world.person("Ivy Author")
    reviewer = world.person("Ray Reviewer", "reviewer")
    ci = world.machine("CI Runner", MACHINE_KINDS)
    return world, Cast(author, reviewer, ci)


def tell_release(world: World, cast: Cast) -> tuple[Change, Record]:
    """One change prompted, tested, approved, merged, released and deployed."""
    asked = world.prompt("payments", "7", cast.author, cast.ci)
    change = world.diff("payments", "7", cast.author, cast.ci, {"a.py": "1"}, ai="assisted", prompts=[asked])
    tested = world.run("payments", change.tree, change.head, cast.ci, change="7")
    world.approve("payments", change, cast.reviewer, tests=[tested], prompts=[asked], comment="Good.")
    merged = world.merge("payments", change, cast.reviewer, cast.ci)
    release = world.release("payments", "1.0", [merged], cast.author, cast.ci)
    world.approve_release("payments", release, cast.reviewer)
    world.deploy("payments", release, cast.ci, cast.ci)
    return change, release


def small_release() -> tuple[World, Record]:
    """A world with one release in it."""
    world, cast = open_world()
    _, release = tell_release(world, cast)
    return world, release
