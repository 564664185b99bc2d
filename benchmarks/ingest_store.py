"""What the store costs beside its database: appending, bytes on disk, inclusion proofs.

    python -m benchmarks.ingest_store [--rounds 5] [--events 4000] [--proof-entries 100000] [--postgresql URL]

Contenders take turns within a round on fresh tables; figures are medians of per-round ratios. SQLite is measured per
second of CPU time, PostgreSQL by wall time, since the server's work is in other processes.

- ``rows``: our writing of placed batches of 100 (all tables, guards, head) against the bare driver with the same rows,
  tables and guards: ``sqlite3.executemany``, or ``psycopg`` binary COPY. What the layer itself costs.
- ``whole``: everything that happens under the head lock (look-ups, authority, leaves, nodes, projection, writing)
  against the bare driver putting the envelope rows alone into one table with three indexes. What a design costs.
- ``bytes``: growth of the SQLite file per event, all indexes and nodes, divided by the bytes of the envelopes.
- ``proof``: median time of an inclusion proof from stored nodes, none cached, against verifying the same proof.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.envelope import seal
from ledger.events.context import About
from ledger.events.statement import Event, write_payload
from ledger.events.work import Run, SuiteRun, Totals
from ledger.merkle import Frontier, inclusion_proof, verify_inclusion
from ledger.store import create
from ledger.store.database import connect, reading, sqlite_path, upgrade, writing
from ledger.store.heads import advance_head, read_head, root_at, tip_for
from ledger.store.nodes import compute
from ledger.store.opening import read_submission
from ledger.store.placing import Batch, place
from ledger.store.rosters import Rosters
from ledger.store.rows import milliseconds
from ledger.store.schema import entry, node, stream, trace
from ledger.store.writing import node_rows, write_batch, write_rows
from tests.world import World, git_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Engine

    from ledger.store.placing import Submission

BATCH = 100
BARE = """
CREATE TABLE bare (idx {integer} PRIMARY KEY, event_id {data} UNIQUE, digest {data} UNIQUE, stream {integer},
                   stream_index {integer}, body {data}, UNIQUE (stream, stream_index))
"""


@dataclass(frozen=True)
class Source:
    """A founded world and events ready to be placed."""

    world: World
    submissions: list[Submission]


def make_source(count: int) -> Source:
    """Test events of about 2 KiB, sealed and opened."""
    world = World()
    world.project("shop")
    machine = world.machine("Robot", ["test"])
    submissions = []
    for number in range(count):
        contents = [
            world.content(name, b"%d" % number, "application/xml", "withheld") for name in ("report", "log", "coverage")
        ]
        about = About(change=str(number // 10), revision=1, tree=git_id(f"tree {number // 4}"))
        context = world.context(machine, contents, project="shop", about=about)
        totals = Totals(0, 0, 0, 10, 0, 10)
        run = Run(1, git_id(f"commit {number // 4}"), "ci", "unit", totals, about.tree or "")
        event = Event(context, SuiteRun("PASSED", run))
        submissions.append(read_submission(seal(write_payload(event), machine.key).data))
    return Source(world, submissions)


def fresh(source: Source, url: str, folder: Path) -> Engine:
    """A ledger with everything that the world recorded, and none of the events."""

    def sign(checkpoint: Checkpoint) -> bytes:
        return sign_checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, source.world.log_key)

    checkpoints = folder / f"checkpoints-{time.monotonic_ns()}.db"
    if url.startswith("postgresql"):
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()
    world = source.world
    contents = [(item.salt, item.data) for item in world.contents.values() if item.state == "held"]
    # The ledger id follows from the genesis leaf, and the events were signed for the world's.
    now = milliseconds(world.entries[0][0].received_at)
    create(url, f"sqlite:///{checkpoints}", world.entries[0][1].data, contents, signer=sign, clock=lambda: now)
    engine = connect(url)
    rosters, tip = Rosters(), None
    for _, envelope in world.entries[1:]:
        with writing(engine) as connection:
            head = read_head(connection, lock=True)
            tip = tip_for(connection, head, tip)
            roster = rosters.reach(connection, head.roster_count)
            batch = place(connection, [read_submission(envelope.data)], tip, roster, now)
            finish(connection, batch, head)
            tip = batch.tip
    return engine


def finish(connection: Any, batch: Batch, head: Any) -> None:  # noqa: ANN401
    """Writes a placed batch."""
    batch.tip = replace(batch.tip, head=replace(batch.tip.head, root=batch.tip.frontier.root()))
    write_batch(connection, batch)
    advance_head(connection, head, batch.tip.head)


def batches(submissions: Sequence[Submission]) -> list[Sequence[Submission]]:
    """Runs of a hundred."""
    return [submissions[at : at + BATCH] for at in range(0, len(submissions), BATCH)]


def whole(source: Source, engine: Engine, clock: Callable[[], float]) -> tuple[float, list[Batch]]:
    """Seconds under the lock for all events, and the batches."""
    rosters, tip, done = Rosters(), None, []
    with reading(engine) as connection:
        rosters.reach(connection, read_head(connection).roster_count)
    started = clock()
    for some in batches(source.submissions):
        with writing(engine) as connection:
            head = read_head(connection, lock=True)
            tip = tip_for(connection, head, tip)
            batch = place(connection, some, tip, rosters.reach(connection, head.roster_count), 1_800_000_000_001)
            if any(isinstance(outcome, Exception) for outcome in batch.outcomes):
                raise RuntimeError("an event was refused")
            finish(connection, batch, head)
        tip = batch.tip
        done.append(batch)
    return clock() - started, done


def layer(engine: Engine, done: Sequence[Batch], clock: Callable[[], float]) -> float:
    """Seconds of our writing of batches that were placed before."""
    started = clock()
    for batch in done:
        with writing(engine) as connection:
            head = read_head(connection, lock=True)
            write_batch(connection, batch)
            advance_head(connection, head, batch.tip.head)
    return clock() - started


def raw_rows(engine: Engine, done: Sequence[Batch], clock: Callable[[], float]) -> float:
    """Seconds of the bare driver with the same rows."""
    tables = [
        [
            (table.name, len(table.columns), rows)
            for table, rows in (
                (stream, batch.streams),
                (entry, batch.entries),
                (node, node_rows(batch.nodes)),
                (trace, sorted(batch.traces)),
            )
        ]
        for batch in done
    ]
    heads = [batch.tip.head for batch in done]
    update = "UPDATE head SET size = {0}, root = {0}, last_leaf = {0}, last_received_at = {0}, roster_count = {0}"
    values = [(item.size, item.root, item.last_leaf, item.last_received_at, item.roster_count) for item in heads]
    path = sqlite_path(engine)
    if path is not None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        started = clock()
        for rows, value in zip(tables, values, strict=True):
            connection.execute("BEGIN IMMEDIATE")
            for name, width, some in rows:
                connection.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * width)})", some)  # noqa: S608
            connection.execute(update.format("?"), value)
            connection.execute("COMMIT")
        taken = clock() - started
        connection.close()
        return taken
    return _raw_copy(engine, tables, update, values, clock)


def _raw_copy(engine: Engine, tables: Any, update: str, values: Any, clock: Callable[[], float]) -> float:  # noqa: ANN401
    kinds = {"BIGINT": "int8", "BLOB": "bytea", "VARCHAR": "text"}
    types = {
        table.name: [kinds[str(column.type)] for column in table.columns] for table in (stream, entry, node, trace)
    }
    raw = engine.raw_connection()
    driver: Any = raw.driver_connection
    started = clock()
    for rows, value in zip(tables, values, strict=True):
        with driver.cursor() as cursor:
            for name, _, some in rows:
                with cursor.copy(f"COPY {name} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(types[name])
                    for row in some:
                        copy.write_row(row)
            cursor.execute(update.format("%s"), value)
        driver.commit()
    taken = clock() - started
    raw.close()
    return taken


def bare(engine: Engine, done: Sequence[Batch], clock: Callable[[], float]) -> float:
    """Seconds of the bare driver for the envelopes alone, in one table with three indexes."""
    rows = [
        [
            (row[0], row[12], row[10], row[3], row[4], item.envelope.data)
            for row, (_, item) in zip(batch.entries, batch.placed.values(), strict=True)
        ]
        for batch in done
    ]
    path = sqlite_path(engine)
    if path is not None:
        connection = sqlite3.connect(path.with_suffix(f".bare{time.monotonic_ns()}"), isolation_level=None)
        for pragma in ("page_size = 8192", "journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(BARE.format(integer="INTEGER", data="BLOB"))
        started = clock()
        for some in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO bare VALUES (?,?,?,?,?,?)", some)
            connection.execute("COMMIT")
        taken = clock() - started
        connection.close()
        return taken
    raw = engine.raw_connection()
    driver: Any = raw.driver_connection
    with driver.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute(BARE.format(integer="BIGINT", data="BYTEA"))
    driver.commit()
    started = clock()
    for some in rows:
        with driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "bytea", "int8", "int8", "bytea"])
            for row in some:
                copy.write_row(row)
        driver.commit()
    taken = clock() - started
    raw.close()
    return taken


def file_bytes(engine: Engine) -> int:
    """Size of the SQLite file with everything moved out of its log."""
    path = sqlite_path(engine)
    if path is None:
        raise ValueError("only a SQLite file has a size")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def append_ratios(source: Source, url: Callable[[], str], folder: Path, rounds: int) -> dict[str, object]:
    """Medians over the rounds for one database."""
    sqlite = url().startswith("sqlite")
    clock = time.process_time if sqlite else time.perf_counter
    count = len(source.submissions)
    found: dict[str, list[float]] = {"rows": [], "whole": [], "whole_us_per_event": [], "bytes": []}
    for _ in range(rounds):
        engine = fresh(source, url(), folder)
        before = file_bytes(engine) if sqlite else 0
        taken, done = whole(source, engine, clock)
        if sqlite:
            stored = sum(len(item.envelope.data) for item in source.submissions)
            found["bytes"].append((file_bytes(engine) - before) / stored)
        envelopes = bare(engine, done, clock)
        engine.dispose()
        engine = fresh(source, url(), folder)
        ours = layer(engine, done, clock)
        engine.dispose()
        engine = fresh(source, url(), folder)
        raw = raw_rows(engine, done, clock)
        engine.dispose()
        found["rows"].append(raw / ours)
        found["whole"].append(envelopes / taken)
        found["whole_us_per_event"].append(taken / count * 1e6)
    return {name: round(statistics.median(values), 3) for name, values in found.items() if values}


def proof_ratios(folder: Path, size: int) -> dict[str, object]:
    """Inclusion proofs in a log of ``size`` entries, made without events: a proof reads nodes and leaf digests."""
    engine = connect(f"sqlite:///{folder / 'proofs.db'}", create=True)
    frontier, previous, filler = Frontier(), bytes(32), bytes(1_400)
    with writing(engine) as connection:
        upgrade(connection)
        write_rows(connection, stream, [(0, "ledger")])
    for start in range(0, size, 1_000):
        rows: list[tuple[Any, ...]] = []
        nodes: list[Any] = []
        for index in range(start, min(size, start + 1_000)):
            leaf = hashlib.sha256(b"%d" % index).digest()
            frontier, grown = frontier.grow(leaf)
            nodes.extend(grown)
            mark = hashlib.sha256(leaf).digest()
            rows.append((index, leaf, previous, 0, index, previous, min(index, 1), "test", mark, "{}", mark, 1,
                         mark[:16], filler, leaf + mark))  # fmt: skip
            previous = leaf
        with writing(engine) as connection:
            write_rows(connection, entry, rows)
            write_rows(connection, node, node_rows(nodes))
    root = frontier.root()
    chance = random.Random(1)  # noqa: S311 -- picks entries, not keys
    cold: list[float] = []
    check: list[float] = []
    with reading(engine) as connection:
        if root_at(connection, None, size) != root:
            raise RuntimeError("the stored nodes are not those of the tree")
        for _ in range(2_000):
            index = chance.randrange(size)

            def work(read: Any, index: int = index) -> tuple[bytes, ...]:  # noqa: ANN401
                return inclusion_proof(index, size, read)

            started = time.perf_counter()
            path = compute(connection, None, work)
            cold.append(time.perf_counter() - started)
            leaf = hashlib.sha256(b"%d" % index).digest()
            started = time.perf_counter()
            verify_inclusion(leaf, index, size, path, root)
            check.append(time.perf_counter() - started)
    engine.dispose()
    medians = [statistics.median(values) for values in (cold, check)]
    return {
        "entries": size,
        "cold_us": round(medians[0] * 1e6, 1),
        "verify_us": round(medians[1] * 1e6, 1),
        "ratio": round(medians[0] / medians[1], 2),
    }


def main() -> int:
    """Exit status; the figures go to standard output as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--proof-entries", type=int, default=100_000)
    parser.add_argument("--postgresql", help="URL of an empty database, whose schema public is dropped")
    given = parser.parse_args()
    source = make_source(given.events)
    mean = statistics.mean(len(item.envelope.data) for item in source.submissions)
    figures: dict[str, object] = {"events": given.events, "envelope_bytes": round(mean), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = iter(range(10_000))
        figures["sqlite"] = append_ratios(
            source, lambda: f"sqlite:///{folder / f'ledger-{next(made)}.db'}", folder, given.rounds
        )
        if given.postgresql:
            figures["postgresql"] = append_ratios(source, lambda: given.postgresql, folder, given.rounds)
        figures["proof"] = proof_ratios(folder, given.proof_entries)
    print(json.dumps(figures, indent=1))  # noqa: T201 -- a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
