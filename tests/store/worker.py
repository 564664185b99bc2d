"""A process that appends, told what by its arguments; prints every acknowledged event id with its index.

``python -m tests.store.worker <database url> <checkpoint url> <number> <count>``: ``count`` events of its own in
groups of random size, among them events that every worker sends, and retries of what it sent before. The world is
derived from names alone, so every worker has the same people, keys and shared events.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.envelope import open_envelope
from ledger.errors import UnavailableError
from ledger.events.statement import Event, read_payload
from ledger.store import Receipt, Store
from tests.store.ledgers import note, small_world

if TYPE_CHECKING:
    from tests.world import World

SHARED = 20
"""Events that every worker sends."""


def event_id(data: bytes) -> str:
    """The event id in envelope bytes."""
    event = read_payload(open_envelope(data).payload)
    if not isinstance(event, Event):
        raise TypeError("an event of a known kind was sealed")
    return event.context.event_id


def shared_events(world: World) -> list[bytes]:
    """The same bytes in every process."""
    world.counter = 1_000_000
    return [note(world, f"shared {number}") for number in range(SHARED)]


def main() -> None:
    """Appends, and says what was acknowledged."""
    database_url, checkpoint_url, number, count = sys.argv[1:5]
    chance = random.Random(int(number))
    world = small_world()
    shared = shared_events(world)
    world.counter = 10_000_000 * (int(number) + 1)
    own = [note(world, f"{number} {at}") for at in range(int(count))]
    waiting = own + shared
    chance.shuffle(waiting)

    def sign(checkpoint: Checkpoint) -> bytes:
        return sign_checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, world.log_key)

    sent: list[bytes] = []
    with Store(database_url, checkpoint_url, signer=sign) as store:
        while waiting:
            group = [waiting.pop() for _ in range(min(len(waiting), chance.choice((1, 1, 3, 10, 40))))]
            again = chance.sample(sent, min(len(sent), chance.choice((0, 0, 1, 5))))
            for data, outcome in zip((*group, *again), store.append_many([*group, *again], 120), strict=True):
                if isinstance(outcome, Receipt):
                    print(event_id(data), outcome.leaf.index, flush=True)  # noqa: T201
                elif isinstance(outcome, UnavailableError):
                    waiting.append(data)
                else:
                    raise outcome
            sent += group


if __name__ == "__main__":
    main()
