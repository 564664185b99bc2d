"""A real server over a real ledger directory, founded from the simulated world."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.anchor import Anchor, format_anchor
from ledger.checkpoint import sign_checkpoint
from ledger.keys import format_private_key
from ledger.parcel import Parcel, SaltedContent, make_parcel
from ledger.store import create
from ledger.tokens import Token, add_token, new_token, write_tokens
from tests.world import STARTED, World, seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.digests import Digest

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def anchor_of(world: World) -> Anchor:
    """The anchor of a world's ledger."""
    return Anchor(world.origin, world.log_key.public, world.ledger)


def contents_of(world: World, names: Sequence[Digest]) -> tuple[SaltedContent, ...]:
    """The stored contents of these commitments."""
    kept = (world.contents[name] for name in names)
    return tuple(SaltedContent(item.salt, item.data) for item in kept if item.state == "held")


def parcels_of(world: World) -> tuple[Parcel, ...]:
    """Everything the world recorded after genesis, as clients would send it."""
    found = []
    for record, (_, envelope) in zip(world.records_list[1:], world.entries[1:], strict=True):
        named = [item.commitment for item in record.event.context.contents]
        found.append(make_parcel(envelope.data, contents_of(world, named)))
    return tuple(found)


def found_ledger(folder: Path, world: World) -> None:
    """Writes the ledger directory of ``world`` with its genesis: the same ledger id as in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    genesis = world.records_list[0]
    key = world.log_key
    created = create(
        f"sqlite:///{folder / 'ledger.db'}",
        f"sqlite:///{folder / 'checkpoints.db'}",
        world.entries[0][1].data,
        [
            (item.salt, item.data)
            for item in contents_of(world, [item.commitment for item in genesis.event.context.contents])
        ],
        signer=lambda made: sign_checkpoint(made.origin, made.size, made.root, key),
        clock=lambda: int(STARTED.timestamp() * 1000),
    )
    assert created.ledger == world.ledger
    (folder / "ledger.toml").write_text("")
    (folder / "ledger.pub").write_text(format_anchor(anchor_of(world)))
    key_file = folder / "log.key"
    key_file.touch(mode=0o600)
    key_file.write_text(format_private_key(seed("log")))


def add_tokens(folder: Path, **scopes: tuple[str, ...]) -> dict[str, str]:
    """Makes a token of each name with its scopes, good for a day, and returns their texts."""
    made: tuple[Token, ...] = ()
    texts = {}
    for name, opened in scopes.items():
        now = datetime.now(UTC)
        texts[name], token = new_token(seed(f"token {name}"), name, opened, now=now, lifetime=timedelta(days=1))
        made = add_token(made, token, now=now)
    (folder / "tokens.json").write_bytes(write_tokens(made))
    return texts


def free_port() -> int:
    """A loopback port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True)
class Served:
    """A server process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Ends it as a loss of power would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end, and waits."""
        self.process.terminate()
        return self.process.wait(START_SECONDS)


@dataclass(frozen=True)
class Plain:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def plain(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Plain:
    """One request without any of our client's care."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Plain(response.status, {name.lower(): text for name, text in response.getheaders()}, response.read())
    finally:
        connection.close()


def start(folder: Path, *, port: int | None = None, arguments: Sequence[str] = ()) -> Served:
    """A server over ``folder`` that answers."""
    port = free_port() if port is None else port
    command = [sys.executable, "-m", "api", "--ledger", str(folder), "--port", str(port), *arguments]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)
    served = Served(port, process)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if plain(port, "GET", "/livez").status == 200:
                return served
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            served.kill()
            raise RuntimeError((folder / "server.log").read_text())
        time.sleep(0.05)


@contextmanager
def serving(folder: Path, *, port: int | None = None, arguments: Sequence[str] = ()) -> Iterator[Served]:
    """A server for as long as the block runs."""
    served = start(folder, port=port, arguments=arguments)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.kill()
