"""Records of one change, commit or release, asked of a server (``ledger.gathering``), each proved to be in its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import gathering
from ledger.entry import leaf_digest
from ledger.errors import ChainError
from ledger.gathering import LARGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.digests import Digest
    from ledger.entry import Leaf
    from ledger.records import Records


class ServerSource:
    """The server of a session as a source of entries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def ledger(self) -> Digest:
        """Ledger id."""
        return self._session.anchor.ledger

    def find(self, query: Mapping[str, str | int]) -> Iterator[tuple[Leaf, bytes]]:
        """Leaf and envelope of all entries that meet a query, ascending by index."""
        return self._session.client.find(query)

    def envelope(self, digest: Digest) -> bytes:
        """The envelope of that digest."""
        return self._session.client.envelope(digest)

    def content(self, commitment: Digest) -> bytes:
        """The bytes of a content, which match the commitment."""
        return self._session.client.content(commitment).data

    def prove(self, leaf: Leaf) -> None:
        """Nothing, if the server shows by a receipt that the leaf is in its log.

        Raises:
            ChainError: ``wrong-entry``, or what a receipt refuses.
        """
        shown = self._session.client.receipt(leaf.index).leaf
        if leaf_digest(shown) != leaf_digest(leaf):
            raise ChainError(
                "wrong-entry", "the server showed another entry than is in its log", details={"index": leaf.index}
            )


def gather_change(
    session: Session, known: Directory, project: str, change: str, *, without: frozenset[str] = LARGE
) -> Records:
    """Everything recorded about one change of a project (an id), see ``ledger.gathering.gather_change``."""
    return gathering.gather_change(ServerSource(session), known, project, change, without=without)


def gather_release(
    session: Session, known: Directory, project: str, release: str, *, without: frozenset[str] = LARGE
) -> Records:
    """The events about a release itself, see ``ledger.gathering.gather_release``."""
    return gathering.gather_release(ServerSource(session), known, project, release, without=without)


def position_now(session: Session) -> None:
    """Nothing; the session's next directory reaches at least up to what the server has acknowledged to anybody.

    Published checkpoints lag up to a second behind, and who decides must see what was recorded a moment ago.
    """
    told = session.client.get("/v1/ledger")
    position = told.get("position") if isinstance(told, dict) else None
    if isinstance(position, int):
        session.acknowledged = max(session.acknowledged, position)
