"""The verification of one bundle against one anchor (format §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.anchor import Anchor, parse_anchor
from ledger.bundle import (
    CHECKPOINT_NAME,
    ENTRIES_NAME,
    INDEX_NAME,
    Index,
    check_files,
    read_archive,
    read_index,
    salvage_archive,
)
from ledger.errors import ChainError, FormatError, escaped
from ledger.events.work import Release
from ledger.records import Records
from ledger.verify.findings import Collector, Verification
from ledger.verify.kept import check_contents, check_manifests, check_reconciliations
from ledger.verify.log import (
    check_anchor,
    check_checkpoint,
    check_inclusion,
    check_leaves,
    check_roster_counts,
    check_streams,
    shown_ledger,
)
from ledger.verify.meaning import (
    check_agreement,
    check_authority,
    check_event_ids,
    check_ledger_id,
    check_references,
    check_signatures,
    read_roster,
    sound_records,
)
from ledger.verify.shown import Shown, read_entries

if TYPE_CHECKING:
    from ledger.roster.state import Roster

MOST_OF_A_NAME: Final = 128
"""Characters of a member's name that a finding tells."""


def verify_bundle(data: bytes, anchor_line: str) -> Verification:
    """What the checks V01 to V19 find in the bundle ``data``, for the ledger that ``anchor_line`` names.

    Raises nothing for any input: every fault is a finding. Rules are not assessed here.
    """
    collector = Collector()
    try:
        anchor = parse_anchor(anchor_line)
    except FormatError as error:
        collector.fail("V02", "anchor", error)
        return _ended(collector)
    members = _read_members(data, collector)
    if members is None:
        return _ended(collector)
    try:
        index = read_index(members.get(INDEX_NAME, b""))
    except FormatError as error:
        collector.fail("V01", INDEX_NAME, error)
        return _ended(collector)
    for fault in check_files(index, members):
        collector.fail("V01", INDEX_NAME, fault)
    shown = read_entries(members.get(ENTRIES_NAME, b""), collector)
    if not shown:
        collector.fail("V01", ENTRIES_NAME, FormatError("bad-bundle", "the bundle holds no entry"))
        return _ended(collector, index)
    return _verify_entries(index, members, shown, anchor, collector)


def _read_members(data: bytes, collector: Collector) -> dict[str, bytes] | None:
    """The members, also what a damaged archive still has of them; None where there is too little to go on with."""
    try:
        return read_archive(data)
    except FormatError as error:
        collector.fail("V01", "archive", error)
        if error.slug != "bad-archive":
            return None
    members, faults = salvage_archive(data)
    enough = members.keys() >= {INDEX_NAME, ENTRIES_NAME}
    for name, fault in faults if enough else faults[:1]:
        collector.fail("V01", escaped(name, MOST_OF_A_NAME), fault)
    return members if enough else None


def without_bundle(fault: FormatError) -> Verification:
    """What is found of a pack whose bundle cannot be taken out: V01 fails, and there is nothing else to judge."""
    collector = Collector()
    collector.fail("V01", "PDF", fault)
    return _ended(collector)


def _verify_entries(
    index: Index, members: dict[str, bytes], shown: tuple[Shown, ...], anchor: Anchor, collector: Collector
) -> Verification:
    check_anchor(anchor, index, shown, collector)
    # By definition that of entry 0. V02 ties it to the anchor: a wrong anchor is one fault, not one for each entry.
    ledger = shown_ledger(shown) or anchor.ledger
    check_leaves(shown, index.position, collector)
    check_streams(index, shown, collector)
    check_roster_counts(index, shown, collector)
    for entry in shown:
        check_agreement(entry, collector)
        check_ledger_id(entry, ledger, collector)
    check_event_ids(shown, collector)
    check_references(shown, frozenset(index.linked), collector)
    roster = read_roster(shown, ledger, collector)
    checkpoint = check_checkpoint(members.get(CHECKPOINT_NAME, b""), anchor, roster, index.position, collector)
    if checkpoint is not None:
        check_inclusion(shown, checkpoint, collector)
    contents = check_contents(index, members, shown, collector)
    check_manifests(shown, contents, collector)
    check_reconciliations(shown, contents, collector)
    _check_subject(index, shown, collector)
    records = None
    signatures = 0
    if roster is not None:
        signatures = check_signatures(shown, roster, collector)
        check_authority(shown, roster, collector)
        _note_roster(roster, collector)
        if ledger == anchor.ledger:
            records = Records(ledger, index.position, roster, sound_records(shown, roster), contents)
    for item in index.streams[1:]:
        if item.stream == shown[-1].leaf.stream:
            continue
        collector.note(
            "stream-end",
            f"stream {item.stream}",
            "entries of this stream after the last one shown cannot be excluded by a bundle",
        )
    return Verification(
        failures=tuple(collector.failures),
        notes=tuple(collector.notes),
        index=index,
        records=records,
        checkpoint_size=None if checkpoint is None else checkpoint.size,
        checkpoint_root=None if checkpoint is None else checkpoint.root,
        entry_count=len(shown),
        signature_count=signatures,
    )


def _check_subject(index: Index, shown: tuple[Shown, ...], collector: Collector) -> None:
    """V19: the bundle's subject exists."""
    release, period = index.subject.release, index.subject.period
    if release is not None:
        found = any(
            entry.leaf.envelope == release and _is_release(entry) and entry.leaf.index not in index.linked
            for entry in shown
        )
        if not found:
            collector.fail("V19", INDEX_NAME, ChainError("no-subject", "the release it is about is not in its ranges"))
    if period is not None and not period.from_ < period.to <= index.position:
        collector.fail("V19", INDEX_NAME, ChainError("no-subject", "the period does not lie within the position"))


def _is_release(entry: Shown) -> bool:
    return entry.event is not None and isinstance(entry.event.body, Release)


def _note_roster(roster: Roster, collector: Collector) -> None:
    if roster.core.admins_required == 1:
        collector.note("one-administrator", "genesis", "one administrator alone can change the roster of this ledger")
    for key in roster.keys.values():
        if key.compromised_since is not None:
            collector.note(
                "key-revoked",
                f"key {key.id}",
                f"revoked ({key.reason}); its signatures from position {key.compromised_since} on no longer count",
            )
    for pending in roster.pending.values():
        collector.note("act-pending", f"entry {pending.index}", "waits for another administrator and has no effect")
    for index in roster.recovery_uses:
        collector.note("recovery-key-used", f"entry {index}", "signed by the offline recovery key")
    for started in roster.epochs:
        epoch = started.epoch
        collector.note(
            "epoch",
            epoch.origin,
            f"the checkpoint store was lost after size {epoch.last_size}; known lost entries: {epoch.known_lost}",
        )


def _ended(collector: Collector, index: Index | None = None) -> Verification:
    return Verification(tuple(collector.failures), tuple(collector.notes), index, None, None, None, 0, 0)
