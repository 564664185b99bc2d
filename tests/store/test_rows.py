"""Rows give back the bytes that went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import encode
from ledger.digests import from_raw
from ledger.entry import Leaf, about_text, leaf_bytes
from ledger.envelope import seal
from ledger.events.context import About
from ledger.events.shape import write_object
from ledger.keys import SigningKey
from ledger.merkle import Frontier
from ledger.store.nodes import node_count, node_number
from ledger.store.rows import (
    Placement,
    entry_row,
    envelope_bytes,
    leaf_of_row,
    milliseconds,
    time_text,
)
from tests.world import seed

_token = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}", fullmatch=True)
_half = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,62}", fullmatch=True)
_count = st.integers(0, 2**53 - 1)
_data = st.binary(min_size=32, max_size=32)
_time = st.integers(0, 253_402_300_799_999)
_about = st.builds(
    About,
    change=st.none() | _token,
    release=st.none() | st.builds("{}@{}".format, _half, _half),
    revision=st.none() | st.integers(1, 2**53 - 1),
    tree=st.none() | st.binary(min_size=20, max_size=20).map(bytes.hex),
)
_leaf = st.builds(
    Leaf,
    v=st.just(1),
    index=_count,
    previous=_data.map(bytes.hex),
    stream=st.just("ledger") | st.binary(min_size=16, max_size=16).map(lambda data: "prj_" + data.hex()),
    stream_index=_count,
    stream_previous=_data.map(bytes.hex),
    roster=_count,
    kind=st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True),
    key_id=_data.map(from_raw),
    about=_about,
    envelope=_data.map(from_raw),
    received_at=_time.map(time_text),
)


@given(leaf=_leaf)
def test_the_form_gives_canonical_leaf_bytes(leaf: Leaf) -> None:
    """Whatever a leaf holds, filling in the form equals its canonical JSON."""
    assert leaf_bytes(leaf) == leaf_bytes(leaf, about_text(leaf.about)) == encode(write_object(leaf))


@given(leaf=_leaf)
def test_a_leaf_comes_back_from_its_row(leaf: Leaf) -> None:
    """There and back."""
    placement = Placement(b"\x01" * 32, 3, about_text(leaf.about), milliseconds(leaf.received_at), b"\x02" * 16)
    assert leaf_of_row(entry_row(leaf, placement, b"payload", b"\x03" * 64), leaf.stream) == leaf


@given(payload=st.binary(max_size=300))
def test_an_envelope_comes_back_from_its_parts(payload: bytes) -> None:
    """Payload, key id and signature are the envelope's bytes."""
    envelope = seal(payload, SigningKey(seed("rows")))
    assert envelope_bytes(envelope.payload, envelope.key_id, envelope.signature) == envelope.data


@given(moment=_time)
def test_times_come_back(moment: int) -> None:
    """Milliseconds to text and back."""
    assert milliseconds(time_text(moment)) == moment


def test_nodes_are_numbered_in_the_order_of_their_making() -> None:
    """Numbers are gapless, and the first n leaves complete as many as the count says."""
    frontier, number = Frontier(), 0
    for size in range(1, 1_100):
        frontier, made = frontier.grow(bytes(32))
        for node in made:
            if node.level > 0:
                assert node_number(node.level, node.index) == number
                number += 1
        assert number == node_count(size)
