"""A ledger whose people, prompts and files are named to break out of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.digests import digest_bytes
from ledger.events.context import About
from ledger.events.evidence import Pack, PackFile
from tests.policies import CORE_POLICY
from tests.world import World

if TYPE_CHECKING:
    from ledger.records import Record
    from tests.world import Change

SCRIPT: Final = "<script>alert(1)</script>"
NAME: Final = f'Dev "{SCRIPT}" Eloper'
PROMPT: Final = f"Add a cart {SCRIPT} <img src=x onerror=alert(2)>"
PATH: Final = 'src/"><svg onload=alert(3)>.py'
PDF: Final = digest_bytes(b"the pdf")
PACK_ID: Final = digest_bytes(b"the pack")


@dataclass(frozen=True)
class Hostile:
    """The world, and what was recorded in it."""

    world: World
    prompt: Record
    change: Change
    landed: Record
    release: Record
    pack: Record


def hostile() -> Hostile:
    """Two changes of one prompt's session; both landed and were released, the second unapproved."""
    world = World()
    world.project("shop")
    dev = world.person(NAME)
    approver = world.person("Ap Prover", "approver")
    robot = world.machine("Robot", ["deploy", "diff", "merge", "pack", "prompt", "release", "test"])
    world.policy(CORE_POLICY)
    prompt = world.prompt("shop", "41", dev, robot, text=PROMPT)
    change = world.diff(
        "shop",
        "41",
        dev,
        robot,
        {PATH: "pass\n", "src/cart.py": "1\n", "src/till.py": "1\n"},
        ai="assisted",
        prompts=[prompt],
    )
    run = world.run("shop", change.tree, change.head, robot, change="41")
    world.approve("shop", change, approver, tests=[run], prompts=[prompt])
    landed = world.merge("shop", change, robot, robot)
    other = world.prompt("shop", "42", dev, robot, text="And another")
    later = world.diff("shop", "42", dev, robot, {"src/cart.py": "2\n"}, ai="assisted", prompts=[other, prompt])
    unapproved = world.merge("shop", later, robot, robot)
    release = world.release("shop", "1.0", [landed, unapproved], robot, robot)
    world.deploy("shop", release, robot, robot)
    as_of = world.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = Pack(
        as_of,
        digest_bytes(b"the bundle"),
        (PackFile("application/pdf", "payments-1.0.evidence.pdf", PDF, 7),),
        PACK_ID,
        len(world.entries),
        release=release.envelope,
    )
    pack = world.work("shop", body, robot, robot, (), About(release="payments@1.0"))
    return Hostile(world, prompt, change, landed, release, pack)
