"""The roster at any position, replayed from the ledger's own stream and never taken on trust.

Every entry is checked again as it was at admission: bytes, leaf digest, signature, authority. A row that somebody
wrote into the database therefore gives nobody a key or a role; it stops the replay.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from ledger.digests import from_raw
from ledger.entry import LEDGER_STREAM, leaf_digest
from ledger.envelope import check_signature, open_envelope
from ledger.errors import ChainError, LedgerError, NotFoundError
from ledger.events.roster import Genesis
from ledger.events.statement import Event, read_payload
from ledger.roster.acts import advance, found
from ledger.roster.authority import authorise
from ledger.store.rows import Entry, entry_of_row
from ledger.store.schema import entry

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ledger.roster.state import Roster

_STRIDE: Final = 64
"""Every so many entries a roster is kept, so that an old position costs at most as many replayed entries."""
_PAGE: Final = 500


class Rosters:
    """Rosters of one ledger; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._latest: Roster | None = None
        self._kept: dict[int, Roster] = {}

    @property
    def latest(self) -> Roster:
        """The newest roster known to this process; ``reach`` must have run once."""
        if self._latest is None:
            raise ValueError("no roster was read yet")
        return self._latest

    def reach(self, connection: Connection, count: int) -> Roster:
        """The roster after ``count`` entries of the ledger's own stream.

        Raises:
            ChainError: ``ledger-stream-broken``: an entry is missing, or is not what an administrator signed.
        """
        with self._lock:
            latest = self._latest
            if latest is not None and latest.count == count:
                return latest
            start = latest if latest is not None and latest.count < count else self._below(count)
            roster = self._replay(connection, start, count)
            self._keep(roster)
            return roster

    def at(self, connection: Connection, position: int) -> Roster:
        """The roster of ``position``: after the ledger-stream entries with lower indexes.

        Raises:
            NotFoundError: ``no-such-position``.
            ChainError: ``ledger-stream-broken``.
        """
        last = connection.execute(
            select(entry.c.roster_count, entry.c.stream).where(entry.c.idx == position - 1)
        ).one_or_none()
        if last is None:
            raise NotFoundError("no-such-position", "the log is not that long", details={"position": position})
        count = last.roster_count + (last.stream == 0)
        return self.reach(connection, count)

    def grew(self, roster: Roster) -> None:
        """Takes in the roster after an entry of the ledger's own stream that is committed now."""
        with self._lock:
            self._keep(roster)

    def _keep(self, roster: Roster) -> None:
        if self._latest is None or roster.count > self._latest.count:
            self._latest = roster
        if roster.count % _STRIDE == 0:
            self._kept[roster.count] = roster

    def _below(self, count: int) -> Roster | None:
        kept = [at for at in self._kept if at <= count]
        return self._kept[max(kept)] if kept else None

    def _replay(self, connection: Connection, start: Roster | None, count: int) -> Roster:
        roster = start
        at = 0 if roster is None else roster.count
        while at < count:
            rows = connection.execute(
                select(entry)
                .where(entry.c.stream == 0, entry.c.stream_index >= at, entry.c.stream_index < min(count, at + _PAGE))
                .order_by(entry.c.stream_index)
            ).all()
            if not rows:
                break
            for row in rows:
                try:
                    roster = _after(roster, entry_of_row(row, LEDGER_STREAM), at)
                except LedgerError as error:
                    raise _broken(at) from error
                if roster.count % _STRIDE == 0:
                    self._kept[roster.count] = roster
                at += 1
        if roster is None or roster.count != count:
            raise _broken(at)
        return roster


def _broken(stream_index: int) -> ChainError:
    return ChainError(
        "ledger-stream-broken",
        "the ledger's own stream is not what was admitted to it",
        details={"stream_index": stream_index},
        remedy="Run evidence fsck; nothing is admitted until the stream is whole.",
    )


def _after(roster: Roster | None, stored: Entry, expected: int) -> Roster:
    leaf = stored.leaf
    envelope = open_envelope(stored.envelope)
    if leaf_digest(leaf) != stored.leaf_digest or envelope.digest != leaf.envelope or leaf.stream_index != expected:
        raise _broken(expected)
    event = read_payload(envelope.payload)
    if not isinstance(event, Event):
        raise _broken(expected)
    if roster is None:
        if not isinstance(event.body, Genesis):
            raise _broken(expected)
        roster = found(from_raw(stored.leaf_digest), envelope.digest, event.context, event.body)
        check_signature(envelope, roster.keys[envelope.key_id].public)
        return roster
    key = authorise(roster, leaf.index, envelope.key_id, event)
    check_signature(envelope, key.public)
    return advance(roster, leaf.index, envelope.digest, key.principal, event)
