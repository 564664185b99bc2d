"""How much of a bare signature check's speed is left when events come in over HTTP, checked and durable.

    python -m benchmarks.ingest_http [--rounds 5] [--batch-events 3000] [--single-events 1500]

Each round takes, one after the other and over the same sort of envelopes: a bare loop of PyNaCl verifications in this
process, batches of 100 envelopes a request, and single envelopes over 32 connections. What counts is events per second
of CPU time of the server process, divided by verifications per second of CPU time; medians over the rounds. Wall time
says little on a shared machine and is not used.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nacl.bindings import crypto_sign_open

from ledger.digests import digest_bytes
from ledger.envelope import open_envelope, preauthentication, seal
from ledger.events.context import About, ContentRef
from ledger.events.statement import Event, write_payload
from tests.api.serving import Served, found_ledger, parcels_of, serving
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.keys import SigningKey

CONNECTIONS = 32
BATCH = 100
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
CONTENTS = 4
"""Withheld contents of an event: they bring an envelope to the size of an ordinary one, about 2 KiB."""


def main() -> int:
    """Exit status; the figures go to standard output as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-events", type=int, default=3000)
    parser.add_argument("--single-events", type=int, default=1500)
    given = parser.parse_args()
    world = World()
    world.project("shop")
    world.machine("Robot", ["test", "prompt"])
    total = given.rounds * (given.batch_events + given.single_events)
    envelopes = make_envelopes(world, total)
    rounds: dict[str, list[float]] = {"bare_verify_per_cpu_s": [], "batch_per_cpu_s": [], "single_per_cpu_s": []}
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder)
        found_ledger(ledger, world)
        with serving(ledger) as served:
            post(served, [parcel.envelope.data for parcel in parcels_of(world)], contents_of=world)
            at = 0
            for number in range(given.rounds):
                rounds["bare_verify_per_cpu_s"].append(bare(envelopes[:2000], world.members["Robot"].key))
                some, at = envelopes[at : at + given.batch_events], at + given.batch_events
                rounds["batch_per_cpu_s"].append(len(some) / cpu_of(served, partial(post, served, some)))
                some, at = envelopes[at : at + given.single_events], at + given.single_events
                rounds["single_per_cpu_s"].append(len(some) / cpu_of(served, partial(post_all_singly, served, some)))
                shown = {name: round(taken[-1]) for name, taken in rounds.items()}
                sys.stderr.write(f"round {number + 1}: {shown}\n")
    ratios = {
        name: [taken / limit for taken, limit in zip(rounds[name], rounds["bare_verify_per_cpu_s"], strict=True)]
        for name in ("batch_per_cpu_s", "single_per_cpu_s")
    }
    document = {
        "envelope_bytes": len(envelopes[0]),
        "medians": {name: round(statistics.median(taken)) for name, taken in rounds.items()},
        "batch_ratio": spread(ratios["batch_per_cpu_s"]),
        "single_ratio": spread(ratios["single_per_cpu_s"]),
        "goals": {"batch_ratio": 0.70, "single_ratio": 0.40},
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return 0


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and largest."""
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "largest": round(max(values), 3),
    }


def make_envelopes(world: World, count: int) -> list[bytes]:
    """Prompts of a service, all different, whose contents stay with their signer."""
    robot = world.members["Robot"]
    first = world.prompt("shop", "pull/1", world.members["Ada Admin"], robot)
    world.entries.pop()
    world.records_list.pop()
    made = []
    for number in range(count):
        stem = hashlib.sha256(f"event {number}".encode()).hexdigest()
        contents = tuple(
            ContentRef(digest_bytes(f"{number} {at}".encode()), "text/plain", name, 1000 + at, "withheld")
            for at, name in enumerate(["prompt", "output", "system-prompt", "transcript"][:CONTENTS])
        )
        context = replace(
            first.event.context,
            event_id=f"019cad97-{stem[:4]}-7{stem[4:7]}-8{stem[7:10]}-{stem[10:22]}",
            about=About(change=f"pull/{number % 50}"),
            contents=contents,
        )
        made.append(seal(write_payload(Event(context, first.event.body)), robot.key).data)
    return made


def bare(envelopes: list[bytes], key: SigningKey) -> float:
    """Verifications per second of this process's CPU time, over the same bytes that the server checks."""
    signed = [item.signature + preauthentication(item.payload) for item in map(open_envelope, envelopes)]
    public = key.public.key
    start = time.process_time()
    for message in signed:
        crypto_sign_open(message, public)
    return len(signed) / (time.process_time() - start)


def cpu_of(served: Served, work: Callable[[], None]) -> float:
    """Seconds of CPU time that the server took while ``work`` ran."""
    before = _cpu(served)
    work()
    return _cpu(served) - before


def _cpu(served: Served) -> float:
    fields = Path(f"/proc/{served.process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def post(served: Served, envelopes: list[bytes], *, contents_of: World | None = None) -> None:
    """Sends envelopes in batches over one connection; every line must be answered with a receipt."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    for parcel in () if contents_of is None else parcels_of(contents_of):
        for content in parcel.contents:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Salt": b64encode(content.salt).decode("ascii"),
            }
            connection.request("POST", "/v1/contents", content.data, headers)
            connection.getresponse().read()
    for start in range(0, len(envelopes), BATCH):
        body = b"\n".join(envelopes[start : start + BATCH]) + b"\n"
        connection.request("POST", "/v1/events:batch", body, {"Content-Type": "application/jsonl"})
        answer = connection.getresponse().read()
        if answer.count(b'{"leaf":') != body.count(b"\n"):
            raise RuntimeError(answer[:500].decode())
    connection.close()


def post_all_singly(served: Served, envelopes: list[bytes]) -> None:
    """Sends envelopes one a request, and returns when all are answered."""
    asyncio.run(post_singly(served, envelopes))


async def post_singly(served: Served, envelopes: list[bytes]) -> None:
    """Sends envelopes one a request over some connections at once."""
    waiting = iter(envelopes)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for envelope in waiting:
            writer.write(HEAD % len(envelope) + envelope)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 201"):
                raise RuntimeError(answer.decode())
            length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


if __name__ == "__main__":
    raise SystemExit(main())
