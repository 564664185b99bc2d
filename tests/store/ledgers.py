"""A ledger in a real database, fed from the simulated world with the world's own clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.envelope import seal
from ledger.events.statement import Event, write_payload
from ledger.events.work import Capture, Prompt, Tool
from ledger.store import Founded, Receipt, Store, create
from ledger.store.rows import milliseconds
from tests.world import World

if TYPE_CHECKING:
    from ledger.envelope import Envelope
    from ledger.events.context import Context
    from ledger.keys import Signer
    from ledger.records import Record


@dataclass
class Clock:
    """A clock that stands still until somebody sets it."""

    now: int = 0

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        return self.now


@dataclass
class Ledger:
    """A founded ledger and the world that sends to it."""

    database_url: str
    checkpoint_url: str
    world: World
    clock: Clock = field(default_factory=Clock)
    founded: Founded = field(init=False)
    delivered: int = 1

    def __post_init__(self) -> None:
        """Founds it with the world's genesis, at the world's time."""
        leaf, envelope = self.world.entries[0]
        self.clock.now = milliseconds(leaf.received_at)
        contents = [(item.salt, item.data) for item in self._contents(self.world.records_list[0].event.context)]
        self.founded = create(
            self.database_url, self.checkpoint_url, envelope.data, contents, signer=self.sign, clock=self.clock
        )

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """The log key's note."""
        return sign_checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, self.world.log_key)

    def open(self) -> Store:
        """The store, for writing."""
        return Store(self.database_url, self.checkpoint_url, signer=self.sign, clock=self.clock)

    def _contents(self, context: Context) -> list:  # type: ignore[type-arg]
        return [self.world.contents[item.commitment] for item in context.contents if item.state == "stored"]

    def put_contents(self, store: Store, record: Record) -> None:
        """Sends the contents of a record."""
        for item in self._contents(record.event.context):
            store.put_content(item.salt, [item.data])

    def deliver(self, store: Store) -> list[Receipt]:
        """Sends everything that the world recorded since the last time, each at its time."""
        receipts = []
        for record, (leaf, envelope) in list(zip(self.world.records_list, self.world.entries, strict=True))[
            self.delivered :
        ]:
            self.put_contents(store, record)
            self.clock.now = milliseconds(leaf.received_at)
            receipts.append(store.append(envelope.data))
            self.delivered += 1
        return receipts

    def envelope(self, record: Record) -> Envelope:
        """The envelope of a record of the world."""
        return self.world.entries[record.index][1]


def small_world(*, admins_required: int = 1) -> World:
    """A world with a project, an author, a reviewer and a CI service."""
    world = World(admins_required=admins_required)
    world.project("payments")
    world.person("Cem Author")
    world.person("Dee Reviewer", "reviewer")
    world.machine("ci", ["prompt", "diff", "test", "merge", "release", "deploy"])
    world.policy({"v": 1})
    return world


def tell(world: World, number: int = 1, previous: str | None = None) -> Record:
    """A change from prompt to release; returns the release."""
    author, reviewer, machine = (world.members[name] for name in ("Cem Author", "Dee Reviewer", "ci"))
    change = f"{number}"
    asked = world.prompt("payments", change, author, machine)
    made = world.diff("payments", change, author, machine, {f"a{number}.py": f"x = {number}"}, prompts=[asked])
    tested = world.run("payments", made.tree, made.head, machine, change=change)
    world.approve("payments", made, reviewer, tests=[tested], comment="Fine.")
    landed = world.merge("payments", made, author, machine)
    released = world.release("payments", f"1.{number}", [landed], author, machine, previous=previous)
    world.deploy("payments", released, author, machine)
    return released


def note(world: World, text: str = "x", *, key: Signer | None = None, event_id: str | None = None) -> bytes:
    """Envelope bytes of a prompt whose content is withheld; the world itself does not take it in."""
    author, machine = world.members["Cem Author"], world.members["ci"]
    context = world.context(
        author, [world.content("prompt", text.encode(), "text/plain", "withheld")], project="payments"
    )
    if event_id is not None:
        context = replace(context, event_id=event_id)
    body = Prompt(Capture("text-withheld", "hook"), "s-1", Tool("codepilot"), "human", 1, initiator=author.principal)
    return seal(write_payload(Event(context, body)), key or machine.key).data


def sealed(event: Event, key: Signer) -> bytes:
    """Envelope bytes of any event."""
    return seal(write_payload(event), key).data
