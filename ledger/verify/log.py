"""Checks of the log itself: anchor, checkpoint, leaves, inclusion, chain and streams (V02 to V08)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.digests import from_raw
from ledger.entry import FIRST, LEDGER_STREAM
from ledger.errors import ChainError, LedgerError
from ledger.events.roster import Genesis
from ledger.merkle import verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.anchor import Anchor
    from ledger.bundle import Index
    from ledger.digests import Digest
    from ledger.roster.state import Roster
    from ledger.verify.findings import Collector
    from ledger.verify.shown import Shown


_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,8}", re.ASCII)


def shown_ledger(shown: Sequence[Shown]) -> Digest | None:
    """The ledger id of the entries: the leaf digest of the first, if that is entry 0 (format §5.3)."""
    return from_raw(shown[0].leaf_digest) if shown and shown[0].leaf.index == 0 else None


def check_anchor(anchor: Anchor, index: Index, shown: Sequence[Shown], collector: Collector) -> None:
    """V02: the bundle is of the ledger that the anchor names. That it is of another is told once, at genesis."""
    found = shown_ledger(shown)
    if index.ledger not in (anchor.ledger, found):
        said = "the bundle says that it is of another ledger"
        collector.fail("V02", "bundle.json", _other("other-ledger", said, index.ledger, anchor.ledger))
    if found is None:
        collector.fail("V02", "entry 0", ChainError("no-genesis", "genesis is not among the entries"))
        return
    first = shown[0]
    if found != anchor.ledger:
        said = f"this is the ledger {found}, and the anchor line names another"
        collector.fail("V02", "entry 0", _other("other-genesis", said, found, anchor.ledger))
    event = first.event
    if event is not None and isinstance(event.body, Genesis):
        core = event.body.core
        if core.log_key != anchor.log_key or core.origin != anchor.origin:
            collector.fail("V02", "entry 0", ChainError("other-log-key", "genesis names another log key or origin"))


def check_checkpoint(
    note: bytes, anchor: Anchor, roster: Roster | None, position: int, collector: Collector
) -> Checkpoint | None:
    """V03: the checkpoint, signed by the log key under the origin of its size; None if it cannot be trusted."""
    try:
        claimed, _ = parse_checkpoint(note)
        number = _epoch_number(claimed.origin, anchor.origin)
        shown = (
            1
            if roster is None
            else max((item.epoch.number for item in roster.epochs if item.since <= claimed.size), default=1)
        )
        # Up to the position every epoch is shown (V08); only a larger size can hide one.
        if number < shown or (number > shown and claimed.size <= position) or claimed.extensions:
            raise ChainError(
                "other-origin", "the checkpoint's origin is not the one of its size, or it has further lines"
            )
        checkpoint = open_checkpoint(note, claimed.origin, anchor.log_key)
        if checkpoint.size < position:
            raise ChainError(
                "checkpoint-too-small",
                "the checkpoint does not cover the position",
                details={"size": checkpoint.size, "position": position},
            )
    except LedgerError as error:
        collector.fail("V03", "checkpoint", error)
        return None
    if number > shown:
        collector.note("later-epoch", "checkpoint", "of an epoch that began after the bundle's position")
    return checkpoint


def _epoch_number(origin: str, first: str) -> int:
    """Number of the epoch whose checkpoints have this origin; 1 before any (format §5.5)."""
    if origin == first:
        return 1
    number = origin.removeprefix(f"{first}/")
    if number == origin or _NUMBER.fullmatch(number) is None:
        raise ChainError("other-origin", "the checkpoint is of another log than the anchor's")
    return int(number)


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
        found = [entry.leaf.stream_index for entry in by_stream.get(stream, [])]
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
    _check_links(shown, collector)


def _check_links(shown: Sequence[Shown], collector: Collector) -> None:
    last: dict[str, Shown] = {}
    for entry in shown:
        leaf = entry.leaf
        before = last.get(leaf.stream)
        if before is not None and leaf.stream_index <= before.leaf.stream_index:
            collector.fail("V07", entry.place, ChainError("broken-stream", "stream indexes do not rise"))
        elif before is not None and _is_next(before, entry) and leaf.stream_previous != before.leaf_digest.hex():
            error = ChainError("broken-stream", "does not link to the stream's entry before")
            collector.fail("V07", entry.place, error)
        if leaf.stream_index == 0 and leaf.stream_previous != FIRST:
            collector.fail(
                "V07", entry.place, ChainError("broken-stream", "the first entry of a stream has 64 zeros before it")
            )
        last[leaf.stream] = entry


def _is_next(before: Shown, entry: Shown) -> bool:
    return entry.leaf.stream_index == before.leaf.stream_index + 1


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
