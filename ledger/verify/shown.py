"""The entries a bundle shows, read line by line so that one damaged line hides no other (V01, V04, V09)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.bundle import MAX_LINE_BYTES
from ledger.canonical import JSON, encode, parse_canonical
from ledger.entry import Leaf, leaf_digest, read_leaf
from ledger.envelope import Envelope, open_envelope
from ledger.errors import FormatError, LedgerError
from ledger.events.shape import array, base64_bytes
from ledger.events.statement import Event, Unknown, read_payload

if TYPE_CHECKING:
    from ledger.events.context import Context
    from ledger.verify.findings import Collector

_MEMBERS: Final = frozenset({"envelope", "inclusion", "leaf"})


@dataclass(slots=True)
class Shown:
    """One entry of the bundle, as far as it can be read."""

    leaf: Leaf
    leaf_digest: bytes
    inclusion: tuple[bytes, ...]
    envelope: Envelope | None
    """None: not an envelope (V09)."""
    statement: Event | Unknown | None
    """None: not an event (V10)."""
    sound: bool = True
    """Whether no check of this entry has failed so far."""

    @property
    def place(self) -> str:
        """The entry's name in findings."""
        return f"entry {self.leaf.index}"

    @property
    def event(self) -> Event | None:
        """Its event, if the kind is known."""
        return self.statement if isinstance(self.statement, Event) else None

    @property
    def context(self) -> Context | None:
        """Its context, also of an unknown kind that has one."""
        return None if self.statement is None else self.statement.context


def _members(value: JSON) -> dict[str, JSON]:
    if not isinstance(value, dict) or set(value) != _MEMBERS:
        raise FormatError("bad-bundle", "a line has exactly envelope, inclusion and leaf")
    return value


def _hash(value: JSON, where: str) -> bytes:
    return base64_bytes(value, where, length=32)


_path = array(_hash, most=64)


def read_entries(data: bytes, collector: Collector) -> tuple[Shown, ...]:
    """The entries of ``entries.jsonl`` whose leaf can be read, in the order of their lines."""
    shown: list[Shown] = []
    lines = data.split(b"\n")
    if lines.pop() != b"":
        collector.fail("V01", "entries.jsonl", FormatError("bad-bundle", "the last line does not end"))
    for number, line in enumerate(lines, start=1):
        place = f"entries.jsonl line {number}"
        try:
            value = parse_canonical(line, max_bytes=MAX_LINE_BYTES)
            members = _members(value)
            inclusion: tuple[bytes, ...] = _path(members["inclusion"], "/inclusion")
        except FormatError as error:
            collector.fail("V01", place, error)
            continue
        try:
            leaf = read_leaf(members["leaf"], "/leaf")
        except FormatError as error:
            collector.fail("V04", place, error)
            continue
        entry = Shown(leaf, leaf_digest(leaf), inclusion, None, None)
        _read_event(entry, members["envelope"], collector)
        shown.append(entry)
    return tuple(shown)


def _read_event(entry: Shown, value: JSON, collector: Collector) -> None:
    try:
        entry.envelope = open_envelope(encode(value))  # type: ignore[arg-type]  # parse_canonical lets no float pass
        _check_digest(entry.envelope, entry.leaf)
    except LedgerError as error:
        entry.sound = False
        collector.fail("V09", entry.place, error)
    if entry.envelope is None:
        return
    try:
        entry.statement = read_payload(entry.envelope.payload)
    except LedgerError as error:
        entry.sound = False
        collector.fail("V10", entry.place, error)


def _check_digest(envelope: Envelope, leaf: Leaf) -> None:
    if envelope.digest != leaf.envelope:
        raise FormatError(
            "other-envelope",
            "the envelope is not the one the leaf names",
            details={"found": envelope.digest, "expected": leaf.envelope},
        )
