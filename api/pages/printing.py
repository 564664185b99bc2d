"""Packs printed for whoever asked on a page: one at a time, a short queue, results kept in memory for an hour.

In memory and not in files: a pack holds prompts and names, and a file would outlive their erasure unseen.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from api.pages.sealing import sealing_at
from api.pages.telling import tell_of
from api.problems import framework_error
from ledger.digests import digest_bytes
from ledger.errors import LedgerError, NotFoundError, UnavailableError
from reports.packs import PeriodWish, make_pack
from reports.release.view import PackSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.pages.looking import Looker
    from ledger.digests import Digest
    from ledger.settings import LedgerSettings
    from ledger.store import Store

LOG: Final = logging.getLogger("evidence_ledger.api")

DONE: Final = "done"
FAILED: Final = "failed"
MOST_WAITING: Final = 8
"""Orders that wait; further ones are told to come again."""
KEPT_SECONDS: Final = 3600.0
KEPT_BYTES: Final = 256 << 20
MOST_KEPT: Final = 64
"""Finished orders that are remembered; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class Order:
    """A pack that somebody asked for."""

    subject: str
    """What it is about, in words: ``payments@4.2.0``."""
    release: Digest | None
    """Envelope digest of the release event; None: the period."""
    period: tuple[int, int] | None
    """First position, and the position after the last entry."""
    position: int | None
    """Of the release's bundle; None: now."""
    as_of: str
    """Ledger time of the verdicts."""
    settings: PackSettings
    asked: str = ""
    """How the period was asked for."""
    unsealed: str = ""
    """Why nothing seals it; empty: the certificate of its settings does."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A pack that was made."""

    name: str
    """File name of the PDF."""
    pdf: bytes
    digest: Digest
    """SHA-256 of its bytes."""
    pack_id: Digest
    sealed_by: Digest | None
    """Certificate id; None: not sealed."""
    entries: tuple[int, ...]
    """Of the events that tell of it; none: it is not recorded."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order has come."""

    order: Order
    before: int
    """Orders before it; 0 with ``stage`` None: it is next."""
    stage: str | None
    """What is being done, in words; ``DONE`` or ``FAILED``; None: it waits."""
    seconds: int
    """Since its work began."""
    printed: Printed | None
    error: LedgerError | None


@dataclass(slots=True)
class _Job:
    order: Order
    stage: str | None = None
    began: float = 0.0
    ended: float = 0.0
    printed: Printed | None = None
    error: LedgerError | None = None


class Printer:
    """Prints the packs that are ordered, in order, in one thread."""

    def __init__(self, store: Store, looker: Looker, anchor_line: str, settings: LedgerSettings) -> None:
        self._store = store
        self._looker = looker
        self._anchor_line = anchor_line
        self._settings = settings
        self._changed = Condition()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._ended = False
        self._thread: Thread | None = None

    def order(self, order: Order) -> str:
        """The id under which the order is asked for. An order that stands already is not taken twice.

        Raises:
            UnavailableError: ``queue-full``.
        """
        with self._changed:
            self._forget()
            for identifier, job in self._jobs.items():
                if job.order == order and job.stage != FAILED:
                    return identifier
            if sum(job.stage is None for job in self._jobs.values()) >= MOST_WAITING:
                raise UnavailableError(
                    "queue-full", "as many packs as this server queues are waiting; ask again in a minute"
                )
            identifier = secrets.token_hex(16)
            self._jobs[identifier] = _Job(order)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="printer", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return identifier

    def progress(self, identifier: str) -> Progress:
        """How far the order of that id has come.

        Raises:
            NotFoundError: ``no-such-print``.
        """
        with self._changed:
            self._forget()
            job = self._jobs.get(identifier)
            if job is None:
                raise NotFoundError(
                    "no-such-print",
                    "nothing is printed under this address, or no longer",
                    remedy="Packs are kept for an hour. Open the release and ask for the PDF again.",
                )
            before = 0
            for other in self._jobs.values():
                if other is job:
                    break
                before += other.stage not in (DONE, FAILED)
            end = job.ended or time.monotonic()
            seconds = int(end - job.began) if job.began else 0
            return Progress(job.order, before, job.stage, seconds, job.printed, job.error)

    def close(self) -> None:
        """Takes no further order. What is being printed is given up with the process."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._next() is not None)
                job = self._next()
                if self._ended or job is None:
                    return
                job.stage, job.began = "reading the records", time.monotonic()
            self._do(job)

    def _next(self) -> _Job | None:
        return next((job for job in self._jobs.values() if job.stage is None), None)

    def _do(self, job: _Job) -> None:
        try:
            bundle = self._bundle(job.order)
            printed = print_pack(
                self._store,
                bundle,
                self._anchor_line,
                job.order,
                self._settings,
                lambda words: self._set(job, words),
            )
        except LedgerError as error:
            self._set(job, FAILED, error=error)
        except Exception:
            # The traceback names our own lines only.
            LOG.exception("a print failed")
            self._set(job, FAILED, error=framework_error(500))
        else:
            self._set(job, DONE, printed=printed)

    def _bundle(self, order: Order) -> bytes:
        if order.release is not None:
            kept = self._looker.kept_bundle(order.release, order.position)
            return kept or self._looker.bundle(self._store.cut_release(order.release, order.position))
        if order.period is None:
            raise ValueError("an order is about a release or a period")
        return self._looker.bundle(self._store.cut_period(*order.period))

    def _set(self, job: _Job, stage: str, *, printed: Printed | None = None, error: LedgerError | None = None) -> None:
        with self._changed:
            job.stage, job.printed, job.error = stage, printed, error
            if stage in (DONE, FAILED):
                job.ended = time.monotonic()

    def _forget(self) -> None:
        """Drops what is old, and the oldest beyond the limits; the newest result always stays."""
        now = time.monotonic()
        done = [(key, job) for key, job in self._jobs.items() if job.stage in (DONE, FAILED)]
        kept = kept_bytes = 0
        for key, job in reversed(done):
            size = 0 if job.printed is None else len(job.printed.pdf)
            kept, kept_bytes = kept + 1, kept_bytes + size
            if now - job.ended > KEPT_SECONDS or (kept > 1 and (kept > MOST_KEPT or kept_bytes > KEPT_BYTES)):
                del self._jobs[key]


def print_pack(
    store: Store, bundle: bytes, anchor_line: str, order: Order, settings: LedgerSettings, tell: Callable[[str], None]
) -> Printed:
    """The PDF of an order, made as ``evidence pack`` makes it, sealed and recorded where its settings name keys.

    Raises:
        UnavailableError: ``pdf-missing``: what prints PDFs is not installed.
        LedgerError: what ``make_pack`` refuses.
    """
    made = make_pack(
        bundle,
        anchor_line,
        as_of=order.as_of,
        settings=order.settings,
        wish=PeriodWish(asked=order.asked),
        seal=None if order.settings.sealed_by is None else sealing_at(settings, datetime.now(UTC)),
        tell=tell,
    )
    if made.pdf is None:
        raise UnavailableError("pdf-missing", "this server cannot print PDFs", remedy=made.pdf_missing_reason)
    entries: tuple[int, ...] = ()
    try:
        entries = tell_of(store, settings, made)
    except LedgerError as error:
        # Whoever waits for the pack gets it all the same; the operator reads here why it is not recorded.
        LOG.warning("a printed pack is not recorded: %s", error.slug)
    name = next(file.name for file in made.files if file.form == "pdf")
    return Printed(name, made.pdf, digest_bytes(made.pdf), made.pack_id, made.sealed_by, entries)


def settings_at(moment: datetime, prepared_by: str, sealed_by: Digest | None) -> PackSettings:
    """The settings of a pack asked for on a page."""
    return PackSettings(
        generated_at=moment.astimezone(UTC).replace(microsecond=0),
        prepared_from="the pages of the ledger's server",
        prepared_by=prepared_by,
        sealed_by=sealed_by,
    )
