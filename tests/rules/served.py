"""Stories put into real databases and served over HTTP, for commands to be asked about them.

A server process and a founding for each story would take minutes. So one server in this process has a ledger under the
first part of each path, and every story begins as a copy of one ledger that holds the founding and the cast: the world
makes the same bytes each time, which is checked.
"""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import uvicorn
from sqlalchemy import create_engine, text

from api.app import Server, create_app
from api.settings import ServerSettings
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.digests import raw
from ledger.keys import format_private_key
from ledger.settings import LedgerSettings
from ledger.store import Store, create
from ledger.store.rows import milliseconds
from tests.api.serving import START_SECONDS, free_port
from tests.cli.running import User
from tests.rules.story import Story
from tests.store.ledgers import Clock
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.asgi import Receive, Scope, Send
    from tests.conftest import PostgresqlServer


class Databases(Protocol):
    """Where ledgers are kept, and how one is copied."""

    def new(self, name: str) -> tuple[str, str]:
        """The URLs of an empty ledger and its checkpoint store."""
        ...

    def copy(self, source: str, name: str) -> tuple[str, str]:
        """The URLs of a copy of what ``source`` names, which nobody has open."""
        ...


@dataclass(frozen=True)
class Files:
    """SQLite: a folder for each ledger."""

    folder: Path

    def new(self, name: str) -> tuple[str, str]:
        """See ``Databases``."""
        (self.folder / name).mkdir()
        return f"sqlite:///{self.folder / name / 'ledger.db'}", f"sqlite:///{self.folder / name / 'checkpoints.db'}"

    def copy(self, source: str, name: str) -> tuple[str, str]:
        """See ``Databases``."""
        shutil.copytree(self.folder / source, self.folder / name)
        return f"sqlite:///{self.folder / name / 'ledger.db'}", f"sqlite:///{self.folder / name / 'checkpoints.db'}"


@dataclass(frozen=True)
class Postgresql:
    """PostgreSQL: a database for each ledger, with its checkpoint store in a schema of its own."""

    server: PostgresqlServer

    def new(self, name: str) -> tuple[str, str]:
        """See ``Databases``."""
        self.server.administer(f'CREATE DATABASE "{name}"')
        url = self.server.url(name)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA checkpoints"))
        engine.dispose()
        return url, f"{url}&options=-csearch_path%3Dcheckpoints"

    def copy(self, source: str, name: str) -> tuple[str, str]:
        """See ``Databases``."""
        self.server.administer(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        url = self.server.url(name)
        return url, f"{url}&options=-csearch_path%3Dcheckpoints"


@dataclass(frozen=True)
class Holding:
    """A ledger with a story in it, and CI at a machine that is connected to it."""

    url: str
    ci: User


@dataclass
class Served:
    """One HTTP server in this process, with a ledger under each of its first path parts."""

    port: int
    databases: Databases
    servers: dict[str, Server] = field(default_factory=dict)
    casts: dict[int, tuple[str, Story]] = field(default_factory=dict)
    """By how many administrators an act takes: the ledger that holds the cast, and the story that it is of."""
    busy: int = 0
    """Requests under way; only the server's own thread counts them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request to the ledger that its path begins with."""
        _, name, rest = scope["path"].split("/", 2)
        inner = {**scope, "path": "/" + rest, "raw_path": b"/" + scope["raw_path"].split(b"/", 2)[2]}
        self.busy += 1
        try:
            await self.servers[name](inner, receive, send)
        finally:
            self.busy -= 1

    @contextmanager
    def holding(self, story: Story, folder: Path) -> Iterator[Holding]:
        """A ledger that holds what the story told, with its own files in ``folder``."""
        name = f"story_{seed(str(folder)).hex()[:16]}"
        database, checkpoints = self.databases.copy(self._cast(story), name)
        _deliver(
            database, checkpoints, story.world, story.began - story.world.admins_required, len(story.world.entries)
        )
        _erase(database, story.world)
        (folder / "ledger.pub").write_text(story.world.anchor)
        _write_key(folder / "log.key", "log")
        server = create_app(ServerSettings(folder, LedgerSettings(database, checkpoints, "127.0.0.1", self.port)))
        server.open()
        self.servers[name] = server
        url = f"http://127.0.0.1:{self.port}/{name}"
        try:
            user = User(folder / "home", folder / "work")
            (user.config / "keys").mkdir(parents=True)
            _write_key(user.config / "keys" / "default.key", "key CI")
            user.ok("connect", url, "--anchor", str(folder / "ledger.pub"))
            yield Holding(url, user)
        finally:
            # A client has its answer a moment before the server has let go of the connection to the database.
            while self.busy:
                time.sleep(0.005)
            del self.servers[name]
            server.close()

    def _cast(self, story: Story) -> str:
        """The name of a ledger with everything before the policy of ``story``."""
        admins = story.world.admins_required
        # The policy's act takes as many entries as administrators.
        end = story.began - admins
        if admins not in self.casts:
            name = f"cast_{admins}"
            plain = Story({}, admins=admins)
            database, checkpoints = self.databases.new(name)
            _found(database, checkpoints, plain.world)
            _deliver(database, checkpoints, plain.world, 1, end)
            self.casts[admins] = name, plain
        name, known = self.casts[admins]
        assert known.world.entries[:end] == story.world.entries[:end]
        return name


@contextmanager
def serving_here(databases: Databases) -> Iterator[Served]:
    """A server for as long as the block runs, without any ledger yet."""
    served = Served(free_port(), databases)
    server = uvicorn.Server(uvicorn.Config(served, port=served.port, lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield served
    finally:
        server.should_exit = True
        thread.join()


def _write_key(path: Path, name: str) -> None:
    path.touch(mode=0o600)
    path.write_text(format_private_key(seed(name)))


def _found(database: str, checkpoints: str, world: World) -> None:
    leaf, envelope = world.entries[0]
    stored = [world.contents[item.commitment] for item in world.records_list[0].event.context.contents]
    create(
        database,
        checkpoints,
        envelope.data,
        [(item.salt, item.data) for item in stored],
        signer=lambda made: _note(world, made),
        clock=Clock(milliseconds(leaf.received_at)),
    )


def _deliver(database: str, checkpoints: str, world: World, first: int, end: int) -> None:
    """Nothing; the entries from ``first`` up to ``end`` are in the ledger, each at its time and place."""
    clock = Clock()
    with Store(database, checkpoints, signer=lambda made: _note(world, made), clock=clock) as store:
        for record, (leaf, envelope) in zip(world.records_list[first:end], world.entries[first:end], strict=True):
            for item in record.event.context.contents:
                if item.state == "stored":
                    kept = world.contents[item.commitment]
                    store.put_content(kept.salt, [kept.data])
            clock.now = milliseconds(leaf.received_at)
            assert store.append(envelope.data).leaf == leaf


def _note(world: World, made: Checkpoint) -> bytes:
    return sign_checkpoint(made.origin, made.size, made.root, world.log_key)


def _erase(database: str, world: World) -> None:
    engine = create_engine(database)
    with engine.begin() as connection:
        for digest in [digest for digest, item in world.contents.items() if item.state == "erased"]:
            key = {"c": raw(digest)}
            connection.execute(text("INSERT INTO erasure VALUES (:c, 5)"), key)
            connection.execute(text("DELETE FROM content_chunk WHERE commitment = :c"), key)
            connection.execute(text("DELETE FROM content_salt WHERE commitment = :c"), key)
    engine.dispose()
