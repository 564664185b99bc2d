"""Checks of the log itself: anchor, checkpoint, leaves, inclusion, chain and streams (V02 to V08)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.digests import from_raw
from ledger.entry import FIRST, LEDGER_STREAM
from ledger.errors import ChainError, LedgerError
from ledger.events.roster import Genesis
from ledger.merkle import verify_inclusion
from ledger.roster.state import Roster, origin_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.anchor import Anchor
    from ledger.bundle import Index
    from ledger.verify.findings import Collector
    from ledger.verify.shown import Shown


def check_anchor(anchor: Anchor, index: Index, shown: Sequence[Shown], collector: Collector) -> None:
    """V02: the bundle is of the ledger that the anchor names."""
    if index.ledger != anchor.ledger:
        collector.fail(
            "V02", "bundle.json", _other("other-ledger", "the bundle is of another ledger", index.ledger, anchor.ledger)
        )
    first = shown[0] if shown and shown[0].leaf.index == 0 else None
    if first is None:
        collector.fail("V02", "entry 0", ChainError("no-genesis", "genesis is not among the entries"))
        return
    found = from_raw(first.leaf_digest)
    if found != anchor.ledger:
        collector.fail(
            "V02", "entry 0", _other("other-genesis", "another genesis than the anchor's", found, anchor.ledger)
        )
    event = first.event
    if event is not None and isinstance(event.body, Genesis):
        core = event.body.core
        if core.log_key != anchor.log_key or core.origin != anchor.origin:
            collector.fail("V02", "entry 0", ChainError("other-log-key", "genesis names another log key or origin"))


def check_checkpoint(
    note: bytes, anchor: Anchor, roster: Roster | None, position: int, collector: Collector
) -> Checkpoint | None:
    """V03: the checkpoint, signed by the log key under the origin of its size; None if it cannot be trusted."""
    origins = [anchor.origin]
    if roster is not None:
        origins += [started.epoch.origin for started in roster.epochs]
    failure: LedgerError | None = None
    for origin in reversed(origins):
        try:
            checkpoint = open_checkpoint(note, origin, anchor.log_key)
        except LedgerError as error:
            failure = failure or error
            continue
        if roster is not None and origin_at(roster, checkpoint.size) != origin:
            failure = ChainError("other-origin", "the checkpoint's origin is not the one of its size")
            break
        if checkpoint.size < position:
            failure = ChainError(
                "checkpoint-too-small",
                "the checkpoint does not cover the position",
                details={"size": checkpoint.size, "position": position},
            )
            break
        return checkpoint
    if failure is not None:
        collector.fail("V03", "checkpoint", failure)
    return None


def check_leaves(shown: Sequence[Shown], position: int, collector: Collector) -> None:
    """V04, V06: indexes ascend below the position; neighbours link; times never fall."""
    for entry in shown:
        if entry.leaf.index >= position:
            collector.fail("V04", entry.place, ChainError("beyond-position", "the entry lies behind the position"))
    for before, after in pairwise(shown):
        if after.leaf.index <= before.leaf.index:
            collector.fail("V04", after.place, ChainError("not-ascending", "indexes do not ascend"))
            continue
        if after.leaf.index == before.leaf.index + 1 and after.leaf.previous != before.leaf_digest.hex():
            collector.fail(
                "V06", after.place, ChainError("broken-chain", "previous is not the digest of the entry before")
            )
        if after.leaf.received_at < before.leaf.received_at:
            collector.fail("V06", after.place, ChainError("time-falls", "received earlier than an entry before"))
    if shown and shown[0].leaf.index == 0 and shown[0].leaf.previous != FIRST:
        collector.fail("V06", shown[0].place, ChainError("broken-chain", "the first entry has 64 zeros before it"))


def check_inclusion(shown: Sequence[Shown], checkpoint: Checkpoint, collector: Collector) -> None:
    """V05: every leaf is in the checkpoint's tree at its index."""
    for entry in shown:
        try:
            verify_inclusion(entry.leaf_digest, entry.leaf.index, checkpoint.size, entry.inclusion, checkpoint.root)
        except LedgerError as error:
            entry.sound = False
            collector.fail("V05", entry.place, error)


def check_streams(index: Index, shown: Sequence[Shown], collector: Collector) -> None:
    """V07: every range is whole and linked; every entry stands in a range or among the linked ones."""
    linked = set(index.linked)
    ranges = {item.stream: item for item in index.streams}
    by_stream: dict[str, list[Shown]] = {}
    for entry in shown:
        reach = ranges.get(entry.leaf.stream)
        inside = reach is not None and reach.from_ <= entry.leaf.stream_index < reach.to
        if inside == (entry.leaf.index in linked):
            collector.fail(
                "V07",
                entry.place,
                ChainError("not-in-range", "an entry stands either in a range or among the linked ones"),
            )
        if inside:
            by_stream.setdefault(entry.leaf.stream, []).append(entry)
    missing = linked - {entry.leaf.index for entry in shown}
    if missing:
        collector.fail(
            "V07",
            "bundle.json",
            ChainError("linked-missing", "a linked entry is not shown", details={"index": min(missing)}),
        )
    for stream, reach in ranges.items():
        entries = by_stream.get(stream, [])
        found = [entry.leaf.stream_index for entry in entries]
        if found != list(range(reach.from_, reach.to)):
            collector.fail(
                "V07",
                f"stream {stream}",
                ChainError(
                    "stream-gap",
                    "the range is not whole",
                    details={"from": reach.from_, "to": reach.to, "found_count": len(found)},
                ),
            )
        for before, after in pairwise(entries):
            if after.leaf.stream_previous != before.leaf_digest.hex():
                collector.fail(
                    "V07",
                    after.place,
                    ChainError("broken-stream", "stream_previous is not the digest of the stream's entry before"),
                )
        if entries and entries[0].leaf.stream_index == 0 and entries[0].leaf.stream_previous != FIRST:
            collector.fail(
                "V07",
                entries[0].place,
                ChainError("broken-stream", "the first entry of a stream has 64 zeros before it"),
            )


def check_roster_counts(index: Index, shown: Sequence[Shown], collector: Collector) -> None:
    """V08: each leaf counts the ledger-stream entries before it, so that none of them can be left out."""
    counted = 0
    for entry in shown:
        if entry.leaf.roster != counted:
            collector.fail(
                "V08",
                entry.place,
                ChainError(
                    "roster-count",
                    "the leaf counts other ledger-stream entries than are shown before it",
                    details={"leaf": entry.leaf.roster, "shown": counted},
                ),
            )
        if entry.leaf.stream == LEDGER_STREAM:
            counted += 1
    last = shown[-1] if shown else None
    if last is None or last.leaf.index + 1 != index.position or last.leaf.index in index.linked:
        collector.fail(
            "V08", "bundle.json", ChainError("bad-position", "the position is not just after an entry of a range")
        )


def _other(slug: str, message: str, found: str, expected: str) -> ChainError:
    return ChainError(slug, message, details={"found": found, "expected": expected})
