"""Several processes on one log, and processes that are killed.

``EVIDENCE_APPENDS`` (events of each of 8 processes) and ``EVIDENCE_KILLS`` (rounds) make the runs longer than in the
suite: the acceptance runs are 1000 and 50.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.store.entries import MOST
from tests.store.worker import SHARED

if TYPE_CHECKING:
    from ledger.store import Store
    from tests.store.ledgers import Ledger

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PROCESSES = 8
APPENDS = int(os.environ.get("EVIDENCE_APPENDS", "60"))
KILLS = int(os.environ.get("EVIDENCE_KILLS", "3"))


def start(ledger: Ledger, number: int, count: int) -> subprocess.Popen[bytes]:
    """A worker process."""
    arguments = [ledger.database_url, ledger.checkpoint_url, str(number), str(count)]
    return subprocess.Popen([sys.executable, "-m", "tests.store.worker", *arguments], cwd=ROOT, stdout=subprocess.PIPE)


def acknowledged(output: bytes) -> dict[str, int]:
    """Event ids with their index; only whole lines count, since a killed process may have been writing one."""
    lines = output.decode().split("\n")[:-1]
    return {event_id: int(index) for event_id, index in (line.split(" ") for line in lines)}


def check_whole(store: Store, acks: dict[str, int]) -> None:
    """Every acknowledged event is where its receipt said, indexes have no gap, no event stands twice."""
    stored: dict[str, int] = {}
    size = store.size()
    for start_at in range(0, size, MOST):
        for entry in store.entries(start_at, MOST):
            assert entry.event_id not in stored
            assert entry.index == len(stored)
            stored[entry.event_id] = entry.index
    assert len(stored) == size
    assert acks.items() <= stored.items()
    assert list(store.fsck()) == []


def test_eight_processes_make_one_log(ledger: Ledger) -> None:
    """With racing retries and shared events: no gap, no duplicate, one leaf an event, whoever sent it."""
    with ledger.open() as store:
        ledger.deliver(store)
        before = store.size()
    workers = [start(ledger, number, APPENDS) for number in range(PROCESSES)]
    outputs = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    acks: dict[str, int] = {}
    for output in outputs:
        for event_id, index in acknowledged(output).items():
            assert acks.setdefault(event_id, index) == index
    with ledger.open() as store:
        assert store.size() == before + PROCESSES * APPENDS + SHARED
        assert len(acks) == PROCESSES * APPENDS + SHARED
        check_whole(store, acks)


def test_a_killed_process_loses_nothing_acknowledged(ledger: Ledger) -> None:
    """After kill -9 in the middle of appending every acknowledged event is there and the log is whole."""
    chance = random.Random(7)
    with ledger.open() as store:
        ledger.deliver(store)
    acks: dict[str, int] = {}
    for number in range(KILLS):
        workers = [start(ledger, 2 * number + which, 1_500) for which in (0, 1)]
        for worker in workers:
            # The first line shows that it is appending; then it dies somewhere.
            assert worker.stdout is not None
            acks.update(acknowledged(worker.stdout.readline()))
        time.sleep(chance.uniform(0, 0.3))
        for worker in workers:
            worker.kill()
        for worker in workers:
            acks.update(acknowledged(worker.communicate()[0]))
        if number in (0, KILLS - 1):
            with ledger.open() as store:
                check_whole(store, acks)
    assert acks
