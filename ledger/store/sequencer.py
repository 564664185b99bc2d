"""The one write path: a bounded queue, a thread that writes batches, and a thread that issues their checkpoints.

Any number of processes may run one; the head lock puts their batches in order. While a batch's checkpoint is being
made durable the next batch is already being written: under load the commit before is the batching window, and nobody
waits when there is no load.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger.entry import Leaf
from ledger.errors import LedgerError, UnavailableError
from ledger.receipt import Receipt
from ledger.store.database import reading, writing
from ledger.store.entries import entries_at
from ledger.store.heads import advance_head, read_head, tip_for
from ledger.store.issuing import check_continues, check_store
from ledger.store.placing import place
from ledger.store.receipts import receipts
from ledger.store.writing import write_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Engine

    from ledger.store.heads import Tip
    from ledger.store.issuing import Issuer
    from ledger.store.nodes import NodeCache
    from ledger.store.placing import Batch, Submission
    from ledger.store.rosters import Rosters

QUEUE: Final = 4_096
"""Most submissions of one process that wait for their receipt."""
BATCH: Final = 256
"""Most submissions of one transaction."""

_FATAL: Final = frozenset({"head-diverged", "head-moved"})
"""Errors after which a process writes no more."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A submission and who waits for its receipt."""

    submission: Submission
    future: Future[Receipt]


@dataclass(frozen=True, slots=True)
class _Committed:
    """A committed entry that needs a checkpoint before it is acknowledged."""

    entry: Leaf | int
    """The leaf, or the index of an entry that was there before."""
    future: Future[Receipt]


class Sequencer:
    """Writes for one process."""

    def __init__(
        self, engine: Engine, issuer: Issuer, rosters: Rosters, nodes: NodeCache, clock: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._issuer = issuer
        self._rosters = rosters
        self._nodes = nodes
        self._clock = clock
        self._tip: Tip | None = None
        self._agreed: tuple[int, bytes] | None = None
        self._stopped: LedgerError | None = None
        self._changed = Condition()
        self._queue: deque[_Waiting] = deque()
        self._committed: deque[_Committed] = deque()
        self._unanswered = 0
        self._closing = False
        self._writer_done = False
        self._threads = (
            Thread(target=self._write_loop, name="ledger-sequencer", daemon=True),
            Thread(target=self._checkpoint_loop, name="ledger-checkpoints", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def submit(self, submissions: Sequence[Submission]) -> tuple[Future[Receipt], ...]:
        """A future receipt for each of ``submissions``, which go into the queue together or not at all.

        Raises:
            UnavailableError: ``queue-full``, or ``writes-stopped`` while closing.
            ChainError: why this process stopped writing.
        """
        futures = tuple(Future[Receipt]() for _ in submissions)
        with self._changed:
            if self._stopped is not None:
                raise self._stopped
            if self._closing:
                raise UnavailableError("writes-stopped", "this process is stopping; send the event again")
            if self._unanswered + len(submissions) > QUEUE:
                raise UnavailableError(
                    "queue-full", "too many events wait; send this one again later", details={"queue": QUEUE}
                )
            self._unanswered += len(submissions)
            for future in futures:
                # Nobody takes back what may already be written.
                future.set_running_or_notify_cancel()
                future.add_done_callback(self._answered)
            self._queue.extend(_Waiting(*pair) for pair in zip(submissions, futures, strict=True))
            self._changed.notify_all()
        return futures

    def close(self) -> None:
        """Answers everything that was submitted, then stops."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _answered(self, _future: Future[Receipt]) -> None:
        with self._changed:
            self._unanswered -= 1

    # The writer's thread

    def _write_loop(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    self._writer_done = True
                    self._changed.notify_all()
                    return
                batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            left = self._write(batch)
            with self._changed:
                self._queue.extendleft(reversed(left))

    def _write(self, waiting: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Writes a batch and passes on what was committed; what is left comes first in the next batch."""
        try:
            batch = self._commit([item.submission for item in waiting])
        except IntegrityError as error:
            # A constraint refused what the checks let pass: find out which one, so that it fails alone.
            if len(waiting) > 1:
                return self._write_singly(waiting)
            _fail(waiting, _unwritable(error))
        except LedgerError as error:
            if error.slug in _FATAL:
                # Never go on behind a history that this process has not seen.
                with self._changed:
                    self._stopped = error
            _fail(waiting, error)
        except Exception as error:  # noqa: BLE001 -- a driver or a disk may raise anything; senders must hear of it
            # The outcome is unknown: the commit may have reached the disk. A retry finds out.
            _fail(waiting, _unwritable(error))
        else:
            return self._pass_on(waiting, batch)
        return ()

    def _pass_on(self, waiting: Sequence[_Waiting], batch: Batch) -> Sequence[_Waiting]:
        done = len(batch.outcomes)
        committed: list[_Committed] = []
        for item, outcome in zip(waiting[:done], batch.outcomes, strict=True):
            if isinstance(outcome, LedgerError):
                item.future.set_exception(outcome)
            else:
                committed.append(_Committed(outcome, item.future))
        with self._changed:
            self._committed.extend(committed)
            self._changed.notify_all()
        return waiting[done:]

    def _write_singly(self, waiting: Sequence[_Waiting]) -> Sequence[_Waiting]:
        for item in waiting:
            self._write([item])
        return ()

    def _commit(self, submissions: Sequence[Submission]) -> Batch:
        if self._stopped is not None:
            raise self._stopped
        store, agreed = self._issuer.store.agreed()
        with writing(self._engine) as connection:
            head = read_head(connection, lock=True)
            # Nothing is written that could not be signed for: neither without the store, nor behind a put-back log.
            check_store(head, store.store, store.ledger)
            tip = tip_for(connection, head, self._tip)
            if (agreed.size, agreed.root) != self._agreed:
                check_continues(connection, self._nodes, head, agreed)
            roster = self._rosters.reach(connection, head.roster_count)
            batch = place(connection, submissions, tip, roster, self._clock())
            if batch.entries:
                new = replace(batch.tip.head, root=batch.tip.frontier.root())
                batch.tip = replace(batch.tip, head=new)
                write_batch(connection, batch)
                advance_head(connection, head, new)
        # COMMIT POINT: the block above has ended without an exception, so entries and head are on the disk. Before it
        # nothing was promised to anybody; after it nothing may be forgotten.
        self._tip = batch.tip
        self._agreed = (agreed.size, agreed.root)
        self._nodes.add(batch.nodes)
        if batch.roster is not None:
            self._rosters.grew(batch.roster)
        return batch

    # The checkpoints' thread

    def _checkpoint_loop(self) -> None:
        while True:
            with self._changed:
                while not self._committed and not self._writer_done:
                    self._changed.wait()
                if not self._committed:
                    return
                committed = list(self._committed)
                self._committed.clear()
            try:
                self._acknowledge(committed)
            except LedgerError as error:
                _fail(committed, error)
            except Exception as error:  # noqa: BLE001 -- as above: the entries are there, their senders must retry
                _fail(committed, _unwritable(error))

    def _acknowledge(self, committed: Sequence[_Committed]) -> None:
        covering = 1 + max(item.entry.index if isinstance(item.entry, Leaf) else item.entry for item in committed)
        checkpoint = self._issuer.issue(covering)
        with reading(self._engine) as connection:
            again = [item.entry for item in committed if isinstance(item.entry, int)]
            known = entries_at(connection, again)
            leaves = [item.entry if isinstance(item.entry, Leaf) else known[item.entry].leaf for item in committed]
            done = receipts(connection, self._nodes, leaves, checkpoint)
        for item, receipt in zip(committed, done, strict=True):
            item.future.set_result(receipt)


def _fail(waiting: Sequence[_Waiting | _Committed], error: LedgerError) -> None:
    for item in waiting:
        if not item.future.done():
            item.future.set_exception(error)


def _unwritable(error: Exception) -> UnavailableError:
    if isinstance(error, DBAPIError):
        return UnavailableError(
            "ledger-unwritable", "the database could not be written; send the event again and it will be found"
        )
    return UnavailableError("ledger-unwritable", "writing failed; send the event again and it will be found")
