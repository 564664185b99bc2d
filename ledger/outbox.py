"""The outbox: what becomes of a signed event when the server may be down, slow, or of another opinion.

An event is spooled first, always, and only then offered to the server: a program that dies in between has lost
nothing. What waits goes out in the order of recording, since later events refer to earlier ones.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger.errors import (
    AuthorityError,
    ChainError,
    ConflictError,
    FormatError,
    LedgerError,
    NotFoundError,
    SignatureError,
    UnavailableError,
)
from ledger.spool import ENVELOPE_FILE, Pace, Spool, read_folder, unwritable

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.client import Client
    from ledger.parcel import Parcel
    from ledger.receipt import Receipt

BUDGET_SECONDS: Final = 2.0
"""How long recording waits for the server before it leaves the event to a later flush."""
FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 60.0
GROUP: Final = 50
"""Events offered in one request."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has it, and the receipt was checked."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Spooled:
    """It is on this machine's disk and waits."""

    path: Path
    """Its folder."""
    reason: LedgerError | None
    """Why it was not delivered; None if another process is delivering."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will not take it; it was moved aside, with the problem."""

    path: Path
    problem: LedgerError


Outcome: TypeAlias = Delivered | Spooled | Refused


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush came to."""

    delivered: tuple[tuple[str, Receipt], ...]
    """Event ids and receipts, in the order of delivery."""
    refused: tuple[tuple[str, LedgerError], ...]
    """Event ids that were moved aside, and why."""
    waiting: int
    """Events that still wait."""
    stopped: LedgerError | None
    """Why it ended before everything went out; None if all did, or if another process is delivering."""


@dataclass(frozen=True, slots=True)
class Status:
    """What lies in the outbox."""

    waiting: tuple[str, ...]
    """Event ids, oldest first."""
    refused: tuple[tuple[str, str], ...]
    """Event ids and slugs of their problems."""
    failures: int
    """Attempts in a row that reached no working server."""
    not_before: float
    """POSIX seconds before which no delivery is tried unasked."""


class Outbox:
    """One ledger's events that this machine recorded and its server may not have yet."""

    def __init__(self, root: Path) -> None:
        """Opens or makes the spool folder ``root``; see ``ledger.spool.default_root``.

        Raises:
            UnavailableError: ``spool-unwritable``.
        """
        self.spool = Spool(root)

    def deliver(self, parcel: Parcel, client: Client, *, budget: float = BUDGET_SECONDS) -> Outcome:
        """What became of ``parcel`` within ``budget`` seconds; older events go first.

        Raises:
            ConflictError: ``event-id-taken`` where another event with this id waits.
            UnavailableError: ``spool-unwritable``; then nothing is recorded.
            ChainError: the server's receipt or checkpoint does not hold. The event stays spooled.
        """
        path = self.spool.add(parcel)
        if self.spool.pace().not_before > time.time():
            # The server was down a moment ago: a pipeline of many steps must not pay the budget in each of them.
            return Spooled(path, UnavailableError("backing-off", "the server did not answer a moment ago"))
        flushed = self._flush(client, time.monotonic() + budget)
        for event_id, receipt in flushed.delivered:
            if event_id == parcel.event_id:
                return Delivered(receipt)
        for event_id, problem in flushed.refused:
            if event_id == parcel.event_id:
                return Refused(self.spool.root / "refused" / event_id, problem)
        return Spooled(path, flushed.stopped)

    def flush(self, client: Client, *, timeout: float) -> Flushed:
        """What became of everything that waits, trying for up to ``timeout`` seconds.

        A server that does not answer is tried again with growing waits; one that names a time is left alone for it.

        Raises:
            ChainError: a receipt or checkpoint does not hold. What waits stays.
        """
        deadline = time.monotonic() + timeout
        delivered: list[tuple[str, Receipt]] = []
        refused: list[tuple[str, LedgerError]] = []
        while True:
            flushed = self._flush(client, deadline)
            delivered += flushed.delivered
            refused += flushed.refused
            wait = self.spool.pace().not_before - time.time()
            retriable = isinstance(flushed.stopped, UnavailableError)
            if not retriable or time.monotonic() + max(0.0, wait) >= deadline:
                return Flushed(tuple(delivered), tuple(refused), flushed.waiting, flushed.stopped)
            time.sleep(max(0.0, wait))

    def status(self) -> Status:
        """What lies in the outbox."""
        pace = self.spool.pace()
        refused = tuple((event_id, self.spool.problem(event_id)) for event_id in self.spool.refused())
        return Status(self.spool.pending(), refused, pace.failures, pace.not_before)

    def restore(self, event_id: str) -> None:
        """Puts a refused event back among those that wait.

        Raises:
            NotFoundError: ``no-such-event``.
        """
        if event_id not in self.spool.refused():
            raise NotFoundError("no-such-event", "no refused event has this id")
        self.spool.restore(event_id)

    def import_folder(self, folder: Path) -> tuple[tuple[str, ...], tuple[tuple[str, LedgerError], ...]]:
        """Event ids taken in from a copy of another outbox, and names of its folders that could not be, with reasons.

        The copy is left as it is; taking the same one in twice is harmless. Only what waited there is taken, not what
        a server had refused.
        """
        taken: list[str] = []
        faulty: list[tuple[str, LedgerError]] = []
        for envelope in sorted(folder.rglob(ENVELOPE_FILE)):
            place = envelope.parent
            if place.parent.name in ("refused", "staging"):
                continue
            try:
                parcel = read_folder(place)
                self.spool.add(parcel)
            except (FormatError, ConflictError) as error:
                faulty.append((place.name, error))
            else:
                taken.append(parcel.event_id)
        return tuple(taken), tuple(faulty)

    def _flush(self, client: Client, deadline: float) -> Flushed:
        with self.spool.locked() as alone:
            if not alone:
                return Flushed((), (), len(self.spool.pending()), None)
            try:
                self.spool.sweep()
                return _Round(self.spool, client, deadline).run()
            except OSError as error:
                # What was delivered and could not be taken out is delivered again later, to the same leaf.
                raise unwritable(error) from None


class _Round:
    """One attempt at everything that waits, by the holder of the lock."""

    def __init__(self, spool: Spool, client: Client, deadline: float) -> None:
        self._spool = spool
        self._client = client
        self._deadline = deadline
        self._delivered: list[tuple[str, Receipt]] = []
        self._refused: list[tuple[str, LedgerError]] = []

    def run(self) -> Flushed:
        stopped: LedgerError | None = None
        try:
            self._offer_all()
        except UnavailableError as error:
            self._back_off(error)
            stopped = error
        except ChainError:
            raise
        except LedgerError as error:
            # The whole request was refused, for the token or the address and not for an event: everything stays.
            stopped = error
        else:
            self._spool.set_pace(Pace(0, 0.0))
        return Flushed(tuple(self._delivered), tuple(self._refused), len(self._spool.pending()), stopped)

    def _offer_all(self) -> None:
        waiting = list(self._spool.pending())
        while waiting:
            put_off: list[tuple[str, LedgerError]] = []
            before = len(self._delivered)
            for start in range(0, len(waiting), GROUP):
                put_off += self._offer(waiting[start : start + GROUP])
            if len(self._delivered) == before:
                # What these lack is neither on the server nor in this outbox: waiting longer changes nothing.
                for event_id, problem in put_off:
                    self._refuse(event_id, problem)
                return
            waiting = [event_id for event_id, _ in put_off]

    def _offer(self, event_ids: list[str]) -> list[tuple[str, LedgerError]]:
        parcels: list[Parcel] = []
        for event_id in event_ids:
            try:
                parcels.append(self._spool.read(event_id))
            except (FormatError, ConflictError) as error:
                self._refuse(event_id, error)
        put_off: list[tuple[str, LedgerError]] = []
        for parcel, answer in zip(parcels, self._client.deliver(parcels, deadline=self._deadline), strict=True):
            match answer:
                case UnavailableError():
                    raise answer
                case ChainError():
                    raise answer
                case FormatError() | SignatureError() | ConflictError(slug="event-id-taken"):
                    self._refuse(parcel.event_id, answer)
                case AuthorityError() | ConflictError() | NotFoundError():
                    # An event that waits may be what this one lacks: one it refers to, or an act that enrols its key.
                    put_off.append((parcel.event_id, answer))
                case LedgerError():
                    raise UnavailableError(
                        "bad-answer", "the server refuses for a reason unknown here", details={"slug": answer.slug}
                    )
                case _:
                    self._spool.remove(parcel.event_id)
                    self._delivered.append((parcel.event_id, answer))
        return put_off

    def _refuse(self, event_id: str, problem: LedgerError) -> None:
        self._spool.refuse(event_id, problem)
        self._refused.append((event_id, problem))

    def _back_off(self, error: UnavailableError) -> None:
        if self._delivered:
            # The server works; this attempt ran out of its time, or met a full queue.
            self._spool.set_pace(Pace(0, 0.0))
            return
        failures = self._spool.pace().failures + 1
        # Full jitter: machines that lost the server together must not come back together.
        ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 10))
        wait = random.uniform(ceiling / 2, ceiling)  # noqa: S311 -- spreads load, guards nothing
        asked = error.details.get("retry_after_seconds")
        if isinstance(asked, int):
            wait = max(wait, min(float(asked), LONGEST_WAIT_SECONDS))
        self._spool.set_pace(Pace(failures, time.time() + wait))
