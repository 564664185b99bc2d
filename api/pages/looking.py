"""What the pages say of a release: its bundle read as an auditor would, judged, and kept for whoever looks next."""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Final

from ledger.bundle import write_bundle
from ledger.dossier.build import build_release
from ledger.errors import LedgerError, NotFoundError, UnavailableError
from ledger.rules.ofbundle import judge
from ledger.standalone import published_verifier
from ledger.verify.run import verify_bundle
from reports.pages.standing import Standing, standing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.digests import Digest
    from ledger.dossier.facts import ReleaseDossier
    from ledger.rules.ofbundle import Judged
    from ledger.store import Cut, Store
    from ledger.verify.findings import Verification

AT_ONCE: Final = 2
"""Bundles read at the same time: each may hold a gibibyte of memory."""
WAIT_SECONDS: Final = 10.0
"""How long a page waits for its turn."""
FRESH_SECONDS: Final = 60.0
"""A standing is not worked out again sooner, whatever was recorded meanwhile: it says of which position it is."""
LIST_SECONDS: Final = 2.0
"""How long a list waits for standings; what is not ready then is said to be under way."""
MOST_ENTRIES: Final = 20_000
"""Entries of a release that a page reads; a larger one is for ``evidence pack``."""
MOST_KEPT: Final = 4
MOST_KEPT_BYTES: Final = 64 << 20
"""Bundles kept for the next request, together."""
MOST_STANDINGS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Looked:
    """A release as its bundle shows it."""

    bundle: bytes
    verification: Verification
    dossier: ReleaseDossier | None
    """None: the records do not show it."""
    judged: Judged | None
    """None: without a dossier, or no policy was in force."""
    position: int
    """That of the bundle."""
    as_of: str
    """Ledger time of the verdicts."""

    @property
    def standing(self) -> Standing:
        """The verdicts as a list shows them."""
        assessment = None if self.judged is None else self.judged.parts[0].assessment
        return standing_of(self.dossier, assessment, self.verification, self.position, self.as_of)


class Looker:
    """Reads releases of one store; at most a few at a time."""

    def __init__(self, store: Store, anchor_line: str) -> None:
        self._store = store
        self._anchor_line = anchor_line
        self._room = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._kept: OrderedDict[tuple[Digest, int], tuple[float, Looked]] = OrderedDict()
        self._standings: OrderedDict[Digest, tuple[float, Standing | LedgerError]] = OrderedDict()
        self._under_way: dict[Digest, Future[None]] = {}
        self._worker = ThreadPoolExecutor(1, "standing")

    def close(self) -> None:
        """Begins nothing more, and waits for what is under way."""
        self._worker.shutdown(cancel_futures=True)

    def release(self, release: Digest, position: int | None = None, as_of: str | None = None) -> Looked:
        """The release at ``position`` (None: now), judged ``as_of`` a ledger time (None: now).

        Raises:
            NotFoundError: there is no such release. ConflictError: ``bad-position``, ``as-of-too-early``.
            UnavailableError: ``queue-full``, ``too-much-to-show``.
        """
        cut = self._store.cut_release(release, position)
        if len(cut.indexes) > MOST_ENTRIES:
            raise UnavailableError(
                "too-much-to-show",
                "more is recorded of this than one page reads",
                details={"limit": MOST_ENTRIES},
                remedy="Make the pack on the command line: evidence pack PRODUCT@VERSION",
            )
        key = (release, cut.position)
        with self._lock:
            made, kept = self._kept.get(key, (float("-inf"), None))
        if kept is not None and (kept.as_of == as_of or (as_of is None and time.monotonic() - made < FRESH_SECONDS)):
            return kept
        read = self._read(release, cut) if kept is None else kept
        found = _judged(read, as_of or ledger_now(_last(read.verification)))
        with self._lock:
            self._keep(key, found)
            self._remember(release, found.standing)
        return found

    def standings(self, releases: Iterable[Digest]) -> Mapping[Digest, Standing | LedgerError]:
        """The standings of ``releases``, or why there is none; those not soon found out are left out, and under way."""
        size = self._store.size()
        waiting: list[Future[None]] = []
        known: dict[Digest, Standing | LedgerError] = {}
        wanted = tuple(releases)
        with self._lock:
            for release in wanted:
                made, standing = self._standings.get(release, (float("-inf"), None))
                current = isinstance(standing, Standing) and standing.position == size
                stale = standing is None or (not current and time.monotonic() - made > FRESH_SECONDS)
                if stale and release not in self._under_way:
                    future = self._worker.submit(self._find_out, release)
                    self._under_way[release] = future
                if standing is None:
                    waiting.append(self._under_way[release])
        wait(waiting, timeout=LIST_SECONDS)
        with self._lock:
            for release in wanted:
                if release in self._standings:
                    known[release] = self._standings[release][1]
        return known

    def _find_out(self, release: Digest) -> None:
        try:
            self.release(release)
        except LedgerError as error:
            with self._lock:
                self._remember(release, error)
        finally:
            with self._lock:
                self._under_way.pop(release, None)

    def bundle(self, cut: Cut) -> bytes:
        """The bundle of a cut, as an auditor downloads it.

        Raises:
            UnavailableError: ``queue-full``.
        """
        with self._turn():
            return write_bundle(self._store.export(cut), published_verifier())

    def kept_bundle(self, release: Digest, position: int | None) -> bytes | None:
        """The bundle that somebody looked at, if it is still kept: its pack has the id that was on screen."""
        with self._lock:
            found = None if position is None else self._kept.get((release, position))
        return None if found is None else found[1].bundle

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=WAIT_SECONDS):
            raise UnavailableError("queue-full", "as many bundles as this server reads at once are being read")
        try:
            yield
        finally:
            self._room.release()

    def _read(self, release: Digest, cut: Cut) -> Looked:
        with self._turn():
            bundle = write_bundle(self._store.export(cut), published_verifier())
            verification = verify_bundle(bundle, self._anchor_line)
        dossier = None
        if verification.records is not None:
            try:
                dossier = build_release(verification.records, release)
            except NotFoundError:
                dossier = None
        return Looked(bundle, verification, dossier, None, cut.position, "")

    def _keep(self, key: tuple[Digest, int], looked: Looked) -> None:
        self._kept[key] = (time.monotonic(), looked)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT or sum(len(item.bundle) for _, item in self._kept.values()) > MOST_KEPT_BYTES:
            self._kept.popitem(last=False)

    def _remember(self, release: Digest, standing: Standing | LedgerError) -> None:
        self._standings[release] = (time.monotonic(), standing)
        self._standings.move_to_end(release)
        while len(self._standings) > MOST_STANDINGS:
            self._standings.popitem(last=False)


def ledger_now(last: str) -> str:
    """The present as a ledger time, never before ``last``."""
    return max(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), last)


def _last(verification: Verification) -> str:
    """When the last entry of the bundle was received."""
    return "" if verification.records is None else verification.records.entries[-1].leaf.received_at


def _judged(looked: Looked, as_of: str) -> Looked:
    judged = None
    if looked.dossier is not None:
        try:
            judged = judge(looked.dossier, as_of)
        except NotFoundError as error:
            if error.slug != "no-policy":
                raise
    return Looked(looked.bundle, looked.verification, looked.dossier, judged, looked.position, as_of)
