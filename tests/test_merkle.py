"""The Merkle tree: one root whichever way it is computed, and no proof that holds after a change."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ChainError, FormatError
from ledger.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    TILE_WIDTH,
    Frontier,
    Tile,
    consistency_proof,
    encode_entry_bundle,
    frontier_at,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_completed_by_append,
    parse_entry_bundle,
    parse_tile_path,
    reader_of,
    root,
    tile_bytes,
    tile_exists,
    tile_path,
    tiles_at,
    verify_consistency,
    verify_inclusion,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

VECTORS = Path(__file__).parent / "vectors" / "merkle"
LARGE = 65_537
LEAVES = tuple(leaf_hash(b"entry %d" % number) for number in range(LARGE))
READ = reader_of(LEAVES)
BOUNDARIES = (1, 2, 3, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 65_535, 65_536, 65_537)


class Inclusion(TypedDict):
    """A recorded inclusion path, in base64."""

    index: int
    size: int
    path: list[str]
    root: str


class Consistency(TypedDict):
    """A recorded consistency proof, in base64."""

    old: int
    new: int
    proof: list[str]


class Recorded(TypedDict):
    """One file of vectors."""

    leaves_hex: list[str]
    roots_hex: list[str]
    inclusion: list[Inclusion]
    consistency: list[Consistency]


@cache
def slow_root(start: int, end: int) -> bytes:
    """The Merkle tree hash as RFC 9162 §2.1.1 defines it."""
    if start == end:
        return EMPTY_ROOT
    if end - start == 1:
        return LEAVES[start]
    middle = start + slow_split(end - start)
    return node_hash(slow_root(start, middle), slow_root(middle, end))


def slow_split(count: int) -> int:
    """The largest power of two below ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def slow_path(index: int, start: int, end: int) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1."""
    if end - start == 1:
        return []
    middle = start + slow_split(end - start)
    if index < middle:
        return [*slow_path(index, start, middle), slow_root(middle, end)]
    return [*slow_path(index, middle, end), slow_root(start, middle)]


def slow_subproof(old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1, with absolute numbers."""
    if old == end:
        return [] if whole else [slow_root(start, end)]
    middle = start + slow_split(end - start)
    if old <= middle:
        return [*slow_subproof(old, start, middle, whole=whole), slow_root(middle, end)]
    return [*slow_subproof(old, middle, end, whole=False), slow_root(start, middle)]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], top: bytes) -> bool:
    """What verify_inclusion says."""
    try:
        verify_inclusion(leaf, index, size, proof, top)
    except ChainError:
        return False
    return True


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """What verify_consistency says."""
    try:
        verify_consistency(old, new, old_root, new_root, proof)
    except ChainError:
        return False
    return True


def flipped(digest: bytes) -> bytes:
    """The digest with one bit changed."""
    return digest[:-1] + bytes([digest[-1] ^ 1])


def damaged(proof: Sequence[bytes]) -> list[list[bytes]]:
    """The proof damaged in every simple way: one bit in each place, swapped, cut, lengthened, of wrong length."""
    whole = list(proof)
    bad = [[*whole[:at], flipped(item), *whole[at + 1 :]] for at, item in enumerate(whole)]
    bad += [[*whole[:at], item[:-1], *whole[at + 1 :]] for at, item in enumerate(whole)]
    bad += [[*whole[:at], *whole[at + 1 :]] for at in range(len(whole))]
    bad += [[*whole, EMPTY_ROOT], [EMPTY_ROOT, *whole], [*whole, b""], [*whole, *whole, EMPTY_ROOT]]
    if len(whole) > 1:
        bad.append([*whole[1:], whole[0]])
    return bad


@pytest.mark.parametrize("name", ["eight", "thirteen"])
def test_recorded_trees(name: str) -> None:
    """Roots, paths and proofs of the recorded trees come out, and verify."""
    recorded: Recorded = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    leaves = [leaf_hash(bytes.fromhex(item)) for item in recorded["leaves_hex"]]
    roots = [bytes.fromhex(item) for item in recorded["roots_hex"]]
    assert [root(leaves[:size]) for size in range(len(leaves) + 1)] == roots
    read = reader_of(leaves)
    for case in recorded["inclusion"]:
        path = tuple(map(b64decode, case["path"]))
        assert inclusion_proof(case["index"], case["size"], read) == path
        assert roots[case["size"]] == b64decode(case["root"])
        verify_inclusion(leaves[case["index"]], case["index"], case["size"], path, roots[case["size"]])
    for one in recorded["consistency"]:
        proof = tuple(map(b64decode, one["proof"]))
        assert consistency_proof(one["old"], one["new"], read) == proof
        verify_consistency(one["old"], one["new"], roots[one["old"]], roots[one["new"]], proof)


def test_frontier_equals_the_definition_for_every_small_size() -> None:
    """Appended one by one, from stored nodes, or by definition: the root is the same up to 300 leaves."""
    frontier = Frontier()
    for size in range(300):
        assert frontier.size == size
        assert frontier.root() == slow_root(0, size) == frontier_at(size, READ).root()
        assert frontier == frontier_at(size, READ)
        frontier = frontier.append(LEAVES[size])


def test_frontier_at_tile_boundaries() -> None:
    """Around 256 and 65,536 leaves the grown root equals the definition's."""
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES):
        if size in BOUNDARIES:
            assert frontier.root() == slow_root(0, size)
        frontier = frontier.append(leaf)
    assert frontier.root() == slow_root(0, LARGE) == root(LEAVES)


def test_an_append_completes_exactly_the_new_nodes() -> None:
    """The completed nodes of all appends are every complete subtree once, with its root."""
    frontier = Frontier()
    store: dict[tuple[int, int], bytes] = {}
    for index in range(513):
        frontier, completed = frontier.grow(LEAVES[index])
        places = [(node.level, node.index) for node in completed]
        assert places == [(0, index), *nodes_completed_by_append(index)]
        assert not set(places) & set(store)
        store |= {(node.level, node.index): node.digest for node in completed}
    assert set(store) == {(level, index) for level in range(10) for index in range(513 >> level)}
    assert all(digest == READ(*where) for where, digest in store.items())


def test_every_small_inclusion_path() -> None:
    """For every leaf of every tree up to 64 the path is the definition's, and verifies there and nowhere else."""
    for size in range(1, 65):
        top = slow_root(0, size)
        for index in range(size):
            path = inclusion_proof(index, size, READ)
            assert path == tuple(slow_path(index, 0, size))
            verify_inclusion(LEAVES[index], index, size, path, top)
            assert not included(LEAVES[index], index, size, path, flipped(top))
            assert not included(flipped(LEAVES[index]), index, size, path, top)
            assert not any(included(LEAVES[index], other, size, path, top) for other in range(size) if other != index)


def test_every_small_consistency_proof() -> None:
    """For every pair of sizes up to 64 the proof is the definition's, and verifies with these roots alone."""
    for new in range(65):
        for old in range(new + 1):
            proof = consistency_proof(old, new, READ)
            old_root, new_root = slow_root(0, old), slow_root(0, new)
            assert proof == (tuple(slow_subproof(old, 0, new, whole=True)) if old else ())
            verify_consistency(old, new, old_root, new_root, proof)
            assert not consistent(old, new, flipped(old_root), new_root, proof)
            if old:
                assert not consistent(old, new, old_root, flipped(new_root), proof)
            if 0 < old < new:
                assert not consistent(old, new, new_root, old_root, proof)


def test_damaged_proofs_do_not_verify() -> None:
    """Bit flips, missing, further, rotated and shortened digests fail for inclusion and consistency."""
    for old, new in ((1, 2), (3, 7), (4, 8), (5, 8), (6, 13), (7, 16), (8, 13), (64, 100), (256, 257), (255, 65_537)):
        path, top = inclusion_proof(old - 1, new, READ), slow_root(0, new)
        assert not any(included(LEAVES[old - 1], old - 1, new, bad, top) for bad in damaged(path))
        proof, before = consistency_proof(old, new, READ), slow_root(0, old)
        assert not any(consistent(old, new, before, top, bad) for bad in damaged(proof))


@pytest.mark.parametrize("size", BOUNDARIES)
def test_proofs_at_tile_boundaries(size: int) -> None:
    """Paths and proofs between the boundary sizes are the definition's and verify."""
    top = slow_root(0, size)
    for index in {0, size // 2, size - 1, *(b - 1 for b in BOUNDARIES if b <= size)}:
        path = inclusion_proof(index, size, READ)
        assert path == tuple(slow_path(index, 0, size))
        verify_inclusion(LEAVES[index], index, size, path, top)
        proof = consistency_proof(index + 1, size, READ)
        verify_consistency(index + 1, size, slow_root(0, index + 1), top, proof)


def test_random_large_proofs() -> None:
    """Random leaves and pairs of sizes up to 65,537 verify."""
    chosen = random.Random(6962)
    for _ in range(100):
        old, new = sorted(chosen.sample(range(1, LARGE + 1), 2))
        top = frontier_at(new, READ).root()
        verify_inclusion(LEAVES[old], old, new, inclusion_proof(old, new, READ), top)
        verify_consistency(old, new, frontier_at(old, READ).root(), top, consistency_proof(old, new, READ))


@given(
    st.integers(-2, 2**70), st.integers(-2, 2**70), st.lists(st.binary(max_size=33) | st.just(EMPTY_ROOT), max_size=70)
)
def test_any_numbers_end_in_chain_error(one: int, two: int, proof: list[bytes]) -> None:
    """Whatever the numbers and digests, verification ends, and never accepts what was not built."""
    assert not included(LEAVES[0], one, two, proof, LEAVES[1])
    assert not consistent(one, two, LEAVES[0], LEAVES[1], proof)


def test_consistency_from_nothing_and_with_itself() -> None:
    """From size 0, and between equal sizes, the proof is empty; a second root for the same size is refused."""
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    verify_consistency(0, 5, EMPTY_ROOT, slow_root(0, 5), ())
    verify_consistency(5, 5, slow_root(0, 5), slow_root(0, 5), ())
    assert not consistent(0, 5, LEAVES[0], slow_root(0, 5), ())
    assert not consistent(0, 0, LEAVES[0], LEAVES[0], ())
    assert not consistent(0, 5, EMPTY_ROOT, slow_root(0, 5), (EMPTY_ROOT,))
    assert not consistent(5, 5, slow_root(0, 5), slow_root(0, 5), (EMPTY_ROOT,))
    assert not consistent(5, 5, slow_root(0, 5), slow_root(0, 6), ())
    assert not consistent(5, 6, slow_root(0, 5), slow_root(0, 6), ())
    assert not consistent(6, 5, slow_root(0, 6), slow_root(0, 5), ())


def test_impossible_numbers_are_mistakes_of_the_prover() -> None:
    """A proof of a leaf or size that the tree does not have is a ValueError."""
    for index, size in ((5, 5), (-1, 5), (0, 0), (0, MAX_SIZE + 1)):
        with pytest.raises(ValueError, match="index"):
            inclusion_proof(index, size, READ)
    for old, new in ((6, 5), (-1, 5), (0, MAX_SIZE + 1)):
        with pytest.raises(ValueError, match="size"):
            consistency_proof(old, new, READ)
    with pytest.raises(ValueError, match="node"):
        Frontier(3, (EMPTY_ROOT,))
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier(1, (b"",))
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(b"")


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 5), "tile/0/005"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(1, 999), "tile/1/999"),
        (Tile(63, 1000), "tile/63/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 1_234_067, 255), "tile/0/x001/x234/067.p/255"),
        (Tile(None, 10**6, 9), "tile/entries/x001/x000/000.p/9"),
    ],
)
def test_tile_paths_there_and_back(tile: Tile, path: str) -> None:
    """A tile has the path that C2SP tlog-tiles gives it, and reads back."""
    assert tile_path(tile) == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/5",
        "tile/00/005",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/005",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/١٢٣",
        "tile/data/000",
        "tile/0/1000",
        "tile/0/x1000/000",
        "tile/0/../000",
        "tile/0/" + "x001/" * 6 + "000",
    ],
)
def test_other_tile_paths_are_refused(path: str) -> None:
    """A path has one spelling."""
    with pytest.raises(FormatError, match="not the path"):
        parse_tile_path(path)


@given(st.text() | st.text("tile/0123x.pentris", max_size=30).map("tile/".__add__))
def test_tile_paths_raise_format_errors_only(path: str) -> None:
    """Whatever the text, it is the path of the parsed tile or a FormatError."""
    try:
        tile = parse_tile_path(path)
    except FormatError:
        return
    assert tile_path(tile) == path


def test_tile_arithmetic() -> None:
    """Full tiles and partial widths are those of C2SP tlog-tiles at the check sizes."""
    assert tiles_at(0) == ()
    assert tiles_at(1) == ((0, 1),)
    assert tiles_at(256) == ((1, 0), (0, 1))
    assert tiles_at(257) == ((1, 1), (0, 1))
    assert tiles_at(65_536) == ((256, 0), (1, 0), (0, 1))
    assert tiles_at(70_000) == ((273, 112), (1, 17), (0, 1))


def test_tile_existence_follows_the_arithmetic() -> None:
    """A tile exists as tiles_at counts it; a partial one at every width reached, and no wider."""
    for size in (1, 255, 256, 257, 65_535, 65_536, 70_000):
        for level, (full, width) in enumerate(tiles_at(size)):
            assert full == 0 or tile_exists(Tile(level, full - 1), size)
            assert not tile_exists(Tile(level, full), size)
            assert not tile_exists(Tile(level, full, width + 1), size)
            assert width == 0 or tile_exists(Tile(level, full, width), size)
        assert not tile_exists(Tile(len(tiles_at(size)), 0, 1), size)
        assert tile_exists(Tile(None, 0, 1), size)


def test_tiles_hold_roots_of_full_tiles_below() -> None:
    """A digest of level 1 is the root over the 256 digests of its tile on level 0."""
    below = tile_bytes(Tile(0, 3), READ)
    digests = [below[at : at + 32] for at in range(0, len(below), 32)]
    assert digests == list(LEAVES[3 * TILE_WIDTH : 4 * TILE_WIDTH])
    assert tile_bytes(Tile(1, 0, 4), READ)[96:] == root(digests)
    with pytest.raises(ValueError, match="bundle"):
        tile_bytes(Tile(None, 0), READ)


@pytest.mark.parametrize(("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_impossible_tiles_are_mistakes(level: int, index: int, width: int) -> None:
    """A tile outside the layout is a ValueError."""
    with pytest.raises(ValueError, match="tile"):
        Tile(level, index, width)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entry_bundles_there_and_back(entries: list[bytes]) -> None:
    """What is bundled reads back; cut or lengthened by a byte it is refused."""
    data = encode_entry_bundle(entries)
    assert parse_entry_bundle(data) == tuple(entries)
    for bad in (data[:-1], data + b"\x00"):
        with pytest.raises(FormatError, match="not 1 to 256"):
            parse_entry_bundle(bad)


@given(st.binary(max_size=2000))
def test_entry_bundles_raise_format_errors_only(data: bytes) -> None:
    """Whatever the bytes, the entries encode to them or it is a FormatError."""
    try:
        entries = parse_entry_bundle(data)
    except FormatError:
        return
    assert encode_entry_bundle(entries) == data


def test_entry_bundle_limits() -> None:
    """The lengths are big-endian; an entry has at most 65,535 bytes and a bundle at most 256 entries."""
    assert encode_entry_bundle([b"entry 0"]) == bytes.fromhex("0007656e7472792030")
    assert parse_entry_bundle(encode_entry_bundle([bytes(65_535)])) == (bytes(65_535),)
    with pytest.raises(ValueError, match="65,535"):
        encode_entry_bundle([bytes(65_536)])
    with pytest.raises(FormatError):
        parse_entry_bundle(encode_entry_bundle([b""] * 257))
    with pytest.raises(FormatError):
        parse_entry_bundle(b"")
