"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1: hashing, growing, proofs, and the C2SP tile layout.

Digests are raw 32 bytes here. A *node* is the root of a complete subtree: level l, index i covers the leaves
i * 2^l to (i + 1) * 2^l - 1; level 0 holds leaf digests. Nodes never change, so a store keeps them for ever.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.errors import ChainError, FormatError

DIGEST_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""
MAX_SIZE: Final = 2**53 - 1
"""Most leaves of a tree: sizes stay exact in every JSON reader, and proofs below 54 digests."""

ReadNode: TypeAlias = Callable[[int, int], bytes]
"""Gives the node at (level, index). Asked for complete subtrees only."""


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a complete subtree, in its place."""

    level: int
    """Height above the leaves; a leaf digest is on level 0."""
    index: int
    """Place on its level, from 0."""
    digest: bytes
    """32 bytes."""


def leaf_hash(data: bytes) -> bytes:
    """The leaf digest of ``data``, 32 bytes."""
    # leaf digest = sha256(0x00 || leaf bytes), format §5.2
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The digest of the node over ``left`` and ``right``, 32 bytes."""
    # node = sha256(0x01 || left || right), format §5.2
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed of a tree to append to it and to know its root: a compact range."""

    size: int = 0
    """Count of leaves."""
    nodes: tuple[bytes, ...] = ()
    """Roots of the complete subtrees that make up the tree, from the left: one for each bit set in ``size``."""

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.nodes) != self.size.bit_count():
            raise ValueError("a frontier has one node for each bit of its size")
        if any(len(node) != DIGEST_BYTES for node in self.nodes):
            raise ValueError("a node has 32 bytes")

    def append(self, leaf: bytes) -> Frontier:
        """The frontier after one more leaf digest."""
        return self.grow(leaf)[0]

    def grow(self, leaf: bytes) -> tuple[Frontier, tuple[Node, ...]]:
        """The frontier after one more leaf digest, and the nodes this completes: the leaf, then upward."""
        if len(leaf) != DIGEST_BYTES:
            raise ValueError("a leaf digest has 32 bytes")
        merged = leaf
        kept = len(self.nodes)
        completed = [Node(0, self.size, leaf)]
        for level, index in nodes_completed_by_append(self.size):
            kept -= 1
            merged = node_hash(self.nodes[kept], merged)
            completed.append(Node(level, index, merged))
        return Frontier(self.size + 1, (*self.nodes[:kept], merged)), tuple(completed)

    def root(self) -> bytes:
        """The root of the tree."""
        return _fold(self.nodes) if self.nodes else EMPTY_ROOT


def nodes_completed_by_append(index: int) -> tuple[tuple[int, int], ...]:
    """The (level, index) of the inner nodes that come into being with the leaf at ``index``, lowest first."""
    size = index + 1
    height = (size & -size).bit_length() - 1
    return tuple((level, (size >> level) - 1) for level in range(1, height + 1))


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf digests."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.root()


def frontier_at(size: int, read: ReadNode) -> Frontier:
    """The frontier of the first ``size`` leaves; its ``root()`` is the root at that size."""
    return Frontier(size, tuple(read(level, index) for level, index in _cover(0, size)))


def reader_of(leaves: Sequence[bytes]) -> ReadNode:
    """A node reader over all leaf digests of a tree, for who holds them in memory."""
    levels = [list(leaves)]
    while len(below := levels[-1]) > 1:
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def inclusion_proof(index: int, size: int, read: ReadNode) -> tuple[bytes, ...]:
    """The path of leaf ``index`` in the tree of ``size`` leaves, leaf sibling first (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError("the index is below the size")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: ReadNode) -> tuple[bytes, ...]:
    """The proof that the first ``old`` of ``new`` leaves are unchanged (RFC 9162 §2.1.4.1); empty for 0 and for all."""
    if not 0 <= old <= new <= MAX_SIZE:
        raise ValueError("the old size is not above the new one")
    if old == 0:
        return ()
    proof = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range_root(middle, end, read))
            end = middle
        else:
            proof.append(_range_root(start, middle, read))
            start = middle
    if start > 0:
        proof.append(_range_root(start, end, read))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Nothing, if ``leaf`` is the leaf digest at ``index`` of the tree with ``size`` leaves and ``root``.

    Raises:
        ChainError: ``bad-inclusion``, whatever is wrong: number, length or digest.
    """
    details = {"index": index, "size": size}
    if not 0 <= index < size <= MAX_SIZE:
        raise ChainError("bad-inclusion", "the index is not below the size of the tree", details=details)
    # Below the level where the path to the leaf leaves the tree's right edge every level has a sibling, above it only
    # those with a bit set. The length decides the shape, so it is checked before any digest.
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        raise ChainError("bad-inclusion", "the proof has the wrong length", details={**details, "found": len(proof)})
    _refuse_lengths("inclusion", (leaf, root, *proof))
    computed = leaf
    for level, sibling in enumerate(proof):
        right = level >= inner or (index >> level) & 1
        computed = node_hash(sibling, computed) if right else node_hash(computed, sibling)
    if computed != root:
        raise ChainError(
            "bad-inclusion", "the proof leads to another root", details={**details, "found": computed.hex()}
        )


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Nothing, if the tree of ``old`` leaves and ``old_root`` is the beginning of that of ``new`` and ``new_root``.

    From 0 the proof is empty and every tree is consistent, as C2SP tlog-witness has it; ``old_root`` must then be the
    empty tree's, since two different roots of one size are never consistent.

    Raises:
        ChainError: ``bad-consistency``, whatever is wrong: number, length or digest.
    """
    details = {"old": old, "new": new}
    if not 0 <= old <= new <= MAX_SIZE:
        raise ChainError("bad-consistency", "the old size is above the new one", details=details)
    _refuse_lengths("consistency", (old_root, new_root, *proof))
    if old in {0, new}:
        if proof:
            raise ChainError("bad-consistency", "a proof where none is needed", details=details)
        expected = new_root if old == new else EMPTY_ROOT
        if old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
            raise ChainError("bad-consistency", "two roots for one size", details=details)
        return
    # The old tree's last complete subtree is where both roots start from: given by the proof, unless it is the whole
    # old tree. `at` is its place on its level, `end` that of the new tree's last leaf.
    shift = (old & -old).bit_length() - 1
    at, end = (old - 1) >> shift, (new - 1) >> shift
    inner = (at ^ end).bit_length()
    given = 0 if at == 0 else 1
    if len(proof) != given + inner + (at >> inner).bit_count():
        raise ChainError("bad-consistency", "the proof has the wrong length", details={**details, "found": len(proof)})
    from_old = from_new = proof[0] if given else old_root
    for level, sibling in enumerate(proof[given:]):
        if level >= inner or (at >> level) & 1:
            from_old = node_hash(sibling, from_old)
            from_new = node_hash(sibling, from_new)
        else:
            from_new = node_hash(from_new, sibling)
    if from_old != old_root or from_new != new_root:
        which = "old" if from_old != old_root else "new"
        raise ChainError("bad-consistency", f"the proof leads to another {which} root", details=details)


def _refuse_lengths(proof: str, digests: Iterable[bytes]) -> None:
    if all(len(digest) == DIGEST_BYTES for digest in digests):
        return
    if proof == "inclusion":
        raise ChainError("bad-inclusion", "a digest has not 32 bytes")
    raise ChainError("bad-consistency", "a digest has not 32 bytes")


def _split(count: int) -> int:
    """The largest power of two below ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _cover(start: int, end: int) -> Iterable[tuple[int, int]]:
    """The complete subtrees of ``start`` to ``end``, from the left; ``start`` is a multiple of the largest."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_root(start: int, end: int, read: ReadNode) -> bytes:
    return _fold([read(level, index) for level, index in _cover(start, end)])


def _fold(nodes: Sequence[bytes]) -> bytes:
    folded = nodes[-1]
    for node in reversed(nodes[:-1]):
        folded = node_hash(node, folded)
    return folded


TILE_WIDTH: Final = 256
"""Digests in a full tile, entries in a full bundle (C2SP tlog-tiles)."""
MAX_BUNDLED_BYTES: Final = 65_535
"""Longest entry that an entry bundle can hold."""

_TILE_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """A run of digests on one tile level, or of entries: one immutable file of the C2SP layout."""

    level: int | None
    """0 to 63, tile levels of 8 tree levels each; None for an entry bundle."""
    index: int
    """Place on its level, from 0."""
    width: int = TILE_WIDTH
    """Digests or entries in it: 256 if full, else 1 to 255."""

    def __post_init__(self) -> None:
        if not 1 <= self.width <= TILE_WIDTH or self.index < 0 or not 0 <= (self.level or 0) <= 63:
            raise ValueError("no such tile")


def tile_path(tile: Tile) -> str:
    """The path of ``tile`` below the log's prefix, such as ``tile/0/x001/234.p/5``."""
    digits = str(tile.index)
    digits = digits.zfill(len(digits) + -len(digits) % 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    level = "entries" if tile.level is None else str(tile.level)
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{name}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile at ``path``, in the one spelling of ``tile_path``. Whether it exists is the size's to say.

    Raises:
        FormatError: ``bad-tile-path``.
    """
    found = _TILE_PATH.fullmatch(path)
    if found is not None:
        level = None if found[1] == "entries" else int(found[1])
        width = TILE_WIDTH if found[3] is None else int(found[3])
        index = int(found[2].replace("x", "").replace("/", ""))
        if 1 <= width <= TILE_WIDTH and tile_path(tile := Tile(level, index, width)) == path:
            return tile
    raise FormatError("bad-tile-path", "not the path of a tile or an entry bundle")


def tiles_at(size: int) -> tuple[tuple[int, int], ...]:
    """Count of full tiles and width of the partial one (or 0), by tile level from 0, in a tree of ``size`` leaves."""
    levels = []
    while size > 0:
        levels.append((size // TILE_WIDTH, size % TILE_WIDTH))
        size //= TILE_WIDTH
    return tuple(levels)


def tile_exists(tile: Tile, size: int) -> bool:
    """Whether a log of ``size`` leaves has ``tile``; a partial one also while its full tile exists."""
    width = size >> (8 * (tile.level or 0))
    return tile.index * TILE_WIDTH + tile.width <= width


def tile_bytes(tile: Tile, read: ReadNode) -> bytes:
    """The bytes of a digest tile: its digests side by side."""
    if tile.level is None:
        raise ValueError("an entry bundle holds entries, not digests")
    first = tile.index * TILE_WIDTH
    return b"".join(read(tile.level * 8, first + at) for at in range(tile.width))


def encode_entry_bundle(entries: Iterable[bytes]) -> bytes:
    """The bytes of an entry bundle: each entry after its length in two bytes, big-endian."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_BUNDLED_BYTES:
            raise ValueError("an entry bundle holds entries of at most 65,535 bytes")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def parse_entry_bundle(data: bytes) -> tuple[bytes, ...]:
    """The 1 to 256 entries of a bundle.

    Raises:
        FormatError: ``bad-entry-bundle``.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < TILE_WIDTH:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    if not entries or at != len(data):
        raise FormatError("bad-entry-bundle", "not 1 to 256 entries with their lengths", details={"byte": at})
    return tuple(entries)
