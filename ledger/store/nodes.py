"""Merkle nodes of complete subtrees by number, so that appending adds rows at the end and a proof re-hashes no leaf.

The node at ``(level, place)`` spans the leaves ``place * 2**level`` to ``(place + 1) * 2**level - 1``; level 0 are
leaf digests, kept with their entries. Nodes are numbered in the order in which leaves complete them: leaf 1 completes
number 0, leaf 3 numbers 1 and 2, and so on. The first n leaves complete n minus the one bits of n.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ledger.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection

    from ledger.merkle import Node, ReadNode

CHUNK: Final = 500
"""Most values of one IN list: longer ones make databases change their plans."""

T = TypeVar("T")

_CACHED: Final = 65_536
_DUMMY: Final = bytes(32)


def node_count(size: int) -> int:
    """How many inner nodes the first ``size`` leaves complete."""
    return size - size.bit_count()


def node_number(level: int, place: int) -> int:
    """The number of the inner node at ``(level, place)``, ``level`` from 1."""
    last = ((place + 1) << level) - 1
    return node_count(last) + level - 1


class NodeCache:
    """Nodes read or written lately. Nodes never change, so nothing in it can be stale; the oldest make room."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._lock = Lock()

    def add(self, nodes: Iterable[Node]) -> None:
        """Takes in nodes that are committed."""
        with self._lock:
            for node in nodes:
                self._nodes[node.level, node.index] = node.digest
            for key in list(self._nodes)[: max(0, len(self._nodes) - _CACHED)]:
                del self._nodes[key]

    def find(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Those of ``places`` that it has."""
        known = self._nodes
        return {at: digest for at in places if (digest := known.get(at)) is not None}


def compute(connection: Connection, cache: NodeCache | None, work: Callable[[ReadNode], T]) -> T:
    """What ``work`` makes of the stored nodes, all fetched at once.

    ``work`` runs twice: what it asks for does not depend on what it gets, so the first time tells which nodes to fetch.

    Raises:
        ChainError: ``node-missing``.
    """
    places: dict[tuple[int, int], None] = {}

    def note(level: int, place: int) -> bytes:
        places[level, place] = None
        return _DUMMY

    work(note)
    nodes = {} if cache is None else cache.find(places)
    nodes.update(_fetch(connection, [at for at in places if at not in nodes]))

    def read(level: int, place: int) -> bytes:
        digest = nodes.get((level, place))
        if digest is None:
            raise ChainError(
                "node-missing",
                "a stored node of the tree is missing",
                details={"level": level, "index": place},
                remedy="Run evidence fsck.",
            )
        return digest

    return work(read)


def _fetch(connection: Connection, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    indexes = {place: (0, place) for level, place in places if level == 0}
    numbers = {node_number(level, place): (level, place) for level, place in places if level > 0}
    found: dict[tuple[int, int], bytes] = {}
    for query, wanted in (
        ("SELECT idx, leaf_digest FROM entry WHERE idx", indexes),
        ("SELECT number, digest FROM node WHERE number", numbers),
    ):
        for some in chunks(list(wanted)):
            for key, digest in _rows_among(connection, query, some):
                found[wanted[key]] = bytes(digest)
    return found


def _rows_among(connection: Connection, query: str, keys: Sequence[int]) -> Iterable[Sequence[Any]]:
    # A proof is two such queries: asking the driver takes a fifth of the time that composing statements would.
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return list(driver.execute(f"{query} = ANY(%s)", [list(keys)]))
    # Padded to a power of two, so that few statements are ever prepared.
    width = 1 << (len(keys) - 1).bit_length()
    padded = (*keys, *[keys[-1]] * (width - len(keys)))
    return list(driver.execute(f"{query} IN ({','.join('?' * width)})", padded))


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """``values`` in runs of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
