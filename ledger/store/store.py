"""A ledger's database as the server and the command use it."""

from __future__ import annotations

from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from ledger.digests import from_raw
from ledger.errors import ChainError, LedgerError, UnavailableError
from ledger.merkle import consistency_proof
from ledger.store import entries
from ledger.store.checkpoints import CheckpointStore
from ledger.store.clock import system_clock
from ledger.store.contents import find_content, put_content, states
from ledger.store.database import connect, newest_revision, reading, revision_of, writing
from ledger.store.exporting import export
from ledger.store.fsck import fsck
from ledger.store.guards import attempt_forbidden, check_guards
from ledger.store.heads import read_head
from ledger.store.issuing import Issuer
from ledger.store.nodes import NodeCache, compute
from ledger.store.opening import open_submission
from ledger.store.receipts import prove, receipts
from ledger.store.reindexing import reindex
from ledger.store.rosters import Rosters
from ledger.store.selection import cut_period, cut_release
from ledger.store.sequencer import Sequencer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from ledger.bundle import Selection
    from ledger.digests import Digest
    from ledger.receipt import Receipt
    from ledger.roster.state import Roster
    from ledger.store.checkpoints import StoredCheckpoint
    from ledger.store.contents import StoredContent
    from ledger.store.entries import Page, Query
    from ledger.store.faults import Fault
    from ledger.store.issuing import CheckpointSigner
    from ledger.store.placing import Submission
    from ledger.store.rows import Entry
    from ledger.store.selection import Cut

TIMEOUT_SECONDS: Final = 30


class Store:
    """One ledger, for one process; safe to use from several threads.

    Reads see what is committed. Reads of entries and proofs do not check what the database says: a bundle goes
    through ``ledger.verify`` whoever made it, and ``fsck`` reads everything again.
    """

    ledger: Digest
    """Ledger id."""

    def __init__(
        self,
        database_url: str,
        checkpoint_url: str,
        *,
        signer: CheckpointSigner | None = None,
        ledger: Digest | None = None,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        """Opens a ledger that ``create`` made and checks that its guards work; ``signer`` None: for reading only.

        ``ledger`` is the ledger id that the caller knows from outside. A checkpoint store that is missing or foreign
        does not fail this: reads go on, and writes say so.

        Raises:
            UnavailableError: ``database-unreachable``, ``not-a-ledger``, ``schema-outdated``.
            ChainError: ``other-ledger``, ``guards-missing``, ``guards-broken``, ``ledger-stream-broken``.
        """
        self._engine = connect(database_url)
        self._checkpoints = CheckpointStore(checkpoint_url)
        self._rosters = Rosters()
        self._nodes = NodeCache()
        self._sequencer: Sequencer | None = None
        try:
            self.ledger = self._check(ledger)
            if signer is not None:
                self._attempt_forbidden()
        except DBAPIError as error:
            self._let_go()
            raise UnavailableError("database-unreachable", "the database does not answer as it should") from error
        except LedgerError:
            self._let_go()
            raise
        if signer is not None:
            issuer = Issuer(self._engine, self._checkpoints, self._rosters, self._nodes, signer, clock)
            # A process may have died between its commit and its checkpoint. What hinders it here hinders every append,
            # which says so; reading goes on.
            with suppress(LedgerError):
                issuer.issue(self.size())
            self._sequencer = Sequencer(self._engine, issuer, self._rosters, self._nodes, clock)

    def __enter__(self) -> Self:
        """Itself; ``close`` follows."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        self.close()

    def close(self) -> None:
        """Answers what was submitted, then lets go of both databases."""
        if self._sequencer is not None:
            self._sequencer.close()
        self._let_go()

    def _let_go(self) -> None:
        self._checkpoints.close()
        self._engine.dispose()

    def _check(self, expected: Digest | None) -> Digest:
        with reading(self._engine) as connection:
            revision = revision_of(connection)
            if revision is None:
                raise UnavailableError("not-a-ledger", "the database holds no ledger", remedy="Make one: evidence init")
            if revision != newest_revision():
                raise UnavailableError(
                    "schema-outdated",
                    "the database's schema is not the one that this version is written for",
                    details={"found": revision, "expected": newest_revision()},
                    remedy="evidence migrate DIRECTORY",
                )
            check_guards(connection)
            head = read_head(connection)
            found = from_raw(head.ledger)
            if expected is not None and found != expected:
                raise ChainError(
                    "other-ledger",
                    "the database holds another ledger",
                    details={"found": found, "expected": expected},
                )
            if self._rosters.reach(connection, head.roster_count).ledger != found:
                raise ChainError("other-ledger", "the head names another ledger than genesis founded")
            return found

    def _attempt_forbidden(self) -> None:
        with self._engine.connect() as connection:
            connection.execution_options(ledger_write=True)
            transaction = connection.begin()
            try:
                attempt_forbidden(connection)
            finally:
                transaction.rollback()

    # Writing

    @property
    def readonly(self) -> bool:
        """Whether it was opened without a signer."""
        return self._sequencer is None

    @property
    def roster(self) -> Roster:
        """The newest roster known to this process."""
        return self._rosters.latest

    def submit(self, envelope: bytes) -> Future[Receipt]:
        """The future receipt of ``envelope``. Its signature is checked here, in the caller's thread.

        The future raises ConflictError (``event-id-taken``, ``content-missing``, ``content-size``,
        ``reference-missing``, ``reference-kind``, ``withdrawal-mismatch``, and those of ``roster.authority``),
        AuthorityError, SignatureError, ChainError, and UnavailableError, after which the same bytes may be sent again.

        Raises:
            FormatError: at the place of the fault; ``unknown-kind``.
            AuthorityError: the key is not enrolled.
            SignatureError: ``bad-signature``.
            UnavailableError: ``read-only``, ``queue-full``, ``writes-stopped``, ``database-unreachable``.
            ChainError: why this process stopped writing.
        """
        sequencer = self._writer()
        return sequencer.submit([open_submission(self._engine, self._rosters, envelope)])[0]

    def append(self, envelope: bytes, timeout: float | None = TIMEOUT_SECONDS) -> Receipt:
        """The receipt of ``envelope``, which is durable then.

        Raises:
            LedgerError: as ``submit`` and its future; UnavailableError ``slow`` after ``timeout`` seconds.
        """
        return _result(self.submit(envelope), timeout)

    def append_many(
        self, envelopes: Sequence[bytes], timeout: float | None = TIMEOUT_SECONDS
    ) -> tuple[Receipt | LedgerError, ...]:
        """For each of ``envelopes``, in order, its receipt or why it was refused.

        Raises:
            UnavailableError: ``read-only``, ``queue-full``, ``writes-stopped``: none was taken.
        """
        sequencer = self._writer()
        opened = [self._open(envelope) for envelope in envelopes]
        good = [item for item in opened if not isinstance(item, LedgerError)]
        futures = iter(sequencer.submit(good))
        return tuple(item if isinstance(item, LedgerError) else _outcome(next(futures), timeout) for item in opened)

    def _open(self, envelope: bytes) -> Submission | LedgerError:
        try:
            return open_submission(self._engine, self._rosters, envelope)
        except LedgerError as error:
            return error

    def _writer(self) -> Sequencer:
        if self._sequencer is None:
            raise UnavailableError("read-only", "the ledger was opened for reading only")
        return self._sequencer

    def put_content(
        self,
        salt: bytes,
        pieces: Iterable[bytes],
        *,
        expected: Digest | None = None,
        size_bytes: int | None = None,
    ) -> Digest:
        """The commitment of the content in ``pieces``, durable on return; putting it again changes nothing.

        Raises:
            FormatError: ``bad-salt``, ``content-too-large``; ``commitment-mismatch`` or ``content-size`` if they are
                not what was expected.
            ConflictError: ``content-erased``.
            UnavailableError: ``contents-unwritable``, ``database-unreachable``.
        """
        return put_content(self._engine, salt, pieces, expected=expected, size_bytes=size_bytes)

    # Contents

    def content(self, commitment: Digest) -> StoredContent:
        """What the ledger has of a content; absence is a state, never an error."""
        return find_content(self._engine, commitment)

    def content_states(self, commitments: Sequence[Digest]) -> Mapping[Digest, str]:
        """``held``, ``withheld``, ``erased`` or ``missing`` for each of ``commitments``."""
        with reading(self._engine) as connection:
            return states(connection, commitments)

    # Entries

    def size(self) -> int:
        """How many entries are committed. A number, not a proof."""
        with reading(self._engine) as connection:
            return read_head(connection).size

    def entry(self, index: int) -> Entry:
        """The entry at ``index``.

        Raises:
            NotFoundError: ``no-such-entry``.
        """
        with reading(self._engine) as connection:
            return entries.entry_where(connection, entries.has_index(index))

    def entry_by_event(self, event_id: str) -> Entry:
        """The entry with an event id.

        Raises:
            FormatError: ``bad-text``.
            NotFoundError: ``no-such-entry``.
        """
        with reading(self._engine) as connection:
            return entries.entry_where(connection, entries.has_event_id(event_id))

    def entry_by_envelope(self, envelope: Digest) -> Entry:
        """The entry with an envelope digest.

        Raises:
            NotFoundError: ``no-such-entry``.
        """
        with reading(self._engine) as connection:
            return entries.entry_where(connection, entries.has_envelope(envelope))

    def entries(self, start: int, count: int) -> tuple[Entry, ...]:
        """Entries from index ``start``, at most ``count`` and at most 1,000."""
        with reading(self._engine) as connection:
            return entries.entry_range(connection, start, count)

    def stream_entries(self, stream: str, start: int, count: int) -> tuple[Entry, ...]:
        """Entries of ``stream`` from stream index ``start``, at most ``count`` and at most 1,000."""
        with reading(self._engine) as connection:
            return entries.stream_range(connection, stream, start, count)

    def list_entries(self, wanted: Query, after: int = -1, limit: int = 100) -> Page:
        """Entries with an index above ``after`` that meet ``wanted``, ascending, at most ``limit`` and 1,000.

        Raises:
            FormatError: ``bad-text``: a value of the query is not of its shape.
        """
        with reading(self._engine) as connection:
            return entries.list_entries(connection, wanted, after, limit)

    def latest_entries(self, wanted: Query, limit: int = 100) -> tuple[Entry, ...]:
        """The newest entries that meet ``wanted``, descending by index, at most ``limit`` and at most 1,000.

        Raises:
            FormatError: ``bad-text``: a value of the query is not of its shape.
        """
        with reading(self._engine) as connection:
            return entries.latest_entries(connection, wanted, limit)

    def identifiers_starting(self, digits: str, limit: int = 10) -> tuple[str, ...]:
        """Git object ids, digests and envelope digests in entries that begin with hex ``digits``, at most ``limit``.

        Raises:
            FormatError: ``bad-text``.
        """
        with reading(self._engine) as connection:
            return entries.identifiers_starting(connection, digits, limit)

    def streams(self) -> Mapping[str, int]:
        """How many entries each stream has."""
        with reading(self._engine) as connection:
            return entries.stream_counts(connection)

    def roster_at(self, position: int) -> Roster:
        """The roster of ``position``, replayed with all signatures checked.

        Raises:
            NotFoundError: ``no-such-position``.
            ChainError: ``ledger-stream-broken``.
        """
        with reading(self._engine) as connection:
            return self._rosters.at(connection, position)

    # Proofs

    def latest_checkpoint(self) -> StoredCheckpoint:
        """The latest signed checkpoint.

        Raises:
            NotFoundError: ``no-checkpoint``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        return self._checkpoints.latest()

    def checkpoint(self, size: int) -> StoredCheckpoint:
        """The stored checkpoint of ``size``: a published one (at most one a second), or the latest.

        Raises:
            NotFoundError: ``no-checkpoint``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        return self._checkpoints.at(size)

    def checkpoints(self, after_size: int = 0, limit: int = 100) -> tuple[StoredCheckpoint, ...]:
        """Published checkpoints larger than ``after_size``, ascending.

        Raises:
            UnavailableError: ``checkpoint-store-missing``.
        """
        return self._checkpoints.published(after_size, min(limit, entries.MOST))

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The inclusion path of entry ``index`` in the tree of the first ``size`` entries.

        An index not below the size is a ValueError.

        Raises:
            ChainError: ``node-missing``: also for a size that the log does not have.
        """
        with reading(self._engine) as connection:
            return prove(connection, self._nodes, [index], size)[0]

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first ``old`` of ``new`` entries are unchanged; sizes out of order are a ValueError.

        Raises:
            ChainError: ``node-missing``: also for a size that the log does not have.
        """
        with reading(self._engine) as connection:
            return compute(connection, self._nodes, lambda read: consistency_proof(old, new, read))

    def receipt(self, index: int) -> Receipt:
        """A receipt for entry ``index`` under the latest checkpoint.

        Raises:
            NotFoundError: ``no-such-entry``, ``no-checkpoint``; also if no checkpoint covers the entry yet.
            UnavailableError: ``checkpoint-store-missing``.
        """
        checkpoint = self._checkpoints.latest()
        with reading(self._engine) as connection:
            leaf = entries.entry_where(connection, entries.has_index(index)).leaf
            entries.check_covered(leaf.index, checkpoint.size)
            return receipts(connection, self._nodes, [leaf], checkpoint)[0]

    # Bundles

    def cut_release(self, release: Digest, position: int | None = None) -> Cut:
        """Which entries a bundle about a release holds; ``position`` None: as far as the latest checkpoint reaches.

        Raises:
            NotFoundError: ``no-such-entry``, ``no-checkpoint``.
            ConflictError: ``bad-position``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        checkpoint = self._checkpoints.latest()
        with reading(self._engine) as connection:
            return cut_release(connection, release, position, checkpoint)

    def cut_period(self, start: int, end: int, projects: Sequence[str] | None = None) -> Cut:
        """Which entries a bundle about the positions ``start`` to ``end`` holds; ``projects`` None: all.

        Raises:
            NotFoundError: ``no-checkpoint``.
            ConflictError: ``bad-position``.
            UnavailableError: ``checkpoint-store-missing``.
        """
        checkpoint = self._checkpoints.latest()
        with reading(self._engine) as connection:
            return cut_period(connection, start, end, projects, checkpoint)

    def export(self, cut: Cut) -> Selection:
        """Everything that ``ledger.bundle.write_bundle`` needs for ``cut``, contents as they are held now.

        Raises:
            ChainError: ``content-damaged``, ``node-missing``.
        """
        with reading(self._engine) as connection:
            return export(connection, self._nodes, cut)

    # Upkeep

    def reindex(self) -> int:
        """How many rows the projection has after it was dropped and rebuilt from the entries.

        Raises:
            FormatError: ``unknown-kind``: an entry cannot be read.
        """
        with writing(self._engine) as connection:
            head = read_head(connection, lock=True)
            return reindex(connection, self._rosters.reach(connection, head.roster_count))

    def fsck(self) -> Iterator[Fault]:
        """Every fault found by reading everything again; none: everything holds."""
        return fsck(self._engine, self._checkpoints)


def _result(future: Future[Receipt], timeout: float | None) -> Receipt:
    try:
        return future.result(timeout)
    except FutureTimeoutError:
        raise UnavailableError(
            "slow", "the event was not acknowledged in time; send it again and it will be found"
        ) from None


def _outcome(future: Future[Receipt], timeout: float | None) -> Receipt | LedgerError:
    try:
        return _result(future, timeout)
    except LedgerError as error:
        return error
