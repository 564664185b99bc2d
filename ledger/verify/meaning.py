"""Checks of what the entries say: event, signature, authority, acts, references (V10 to V15, V17)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ledger.entry import LEDGER_STREAM
from ledger.envelope import check_signature
from ledger.errors import AuthorityError, ChainError, ConflictError, FormatError, LedgerError, SignatureError
from ledger.events.roster import Genesis
from ledger.events.statement import Event, Unknown, references, takes_back
from ledger.events.work import Approval
from ledger.keys import presence
from ledger.records import Record
from ledger.roster.acts import advance, found
from ledger.roster.authority import authorise, signer_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.digests import Digest
    from ledger.roster.state import Roster
    from ledger.verify.findings import Collector
    from ledger.verify.shown import Shown


SIGNER_SLUGS: Final = frozenset(
    {
        "key-unknown",
        "key-ended",
        "key-revoked",
        "principal-disabled",
        "not-an-administrator",
        "actor-is-not-signer",
    }
)
"""Refusals of ledger-stream entries that are about who signed (V13); all others are about the act (V14)."""


def check_agreement(entry: Shown, collector: Collector) -> None:
    """V10: the leaf repeats the event's kind, stream and about, and the envelope's key id."""
    leaf, context = entry.leaf, entry.context
    faults = []
    if entry.envelope is not None and entry.envelope.key_id != leaf.key_id:
        faults.append("key_id")
    if context is not None:
        if (context.project or LEDGER_STREAM) != leaf.stream:
            faults.append("stream")
        if context.about != leaf.about:
            faults.append("about")
    if isinstance(entry.statement, Event) and entry.statement.kind != leaf.kind:
        faults.append("kind")
    for fault in faults:
        _fail(entry, collector, "V10", ChainError("leaf-differs", f"the leaf's {fault} is not the event's"))


def check_ledger_id(entry: Shown, ledger: Digest, collector: Collector) -> None:
    """V11: the event was signed for this ledger."""
    context = entry.context
    if context is None:
        return
    expected = None if entry.event is not None and isinstance(entry.event.body, Genesis) else ledger
    if context.ledger != expected:
        error = ConflictError("other-ledger", "the event was signed for another ledger")
        _fail(entry, collector, "V11", error)


def read_roster(shown: Sequence[Shown], ledger: Digest, collector: Collector) -> Roster | None:
    """The roster after all shown ledger-stream entries, checking V13 and V14 for each; None without a sound genesis."""
    roster: Roster | None = None
    for entry in shown:
        if entry.leaf.stream != LEDGER_STREAM or entry.event is None:
            continue
        event = entry.event
        try:
            if roster is None:
                if entry.leaf.index != 0 or not isinstance(event.body, Genesis):
                    raise ChainError("no-genesis", "the ledger stream does not begin with genesis")
                roster = found(ledger, entry.leaf.envelope, event.context, event.body)
                if entry.leaf.key_id not in roster.keys:
                    raise AuthorityError("key-unknown", "genesis is signed by none of its founders")
                if roster.keys[entry.leaf.key_id].principal != event.context.actor.principal:
                    raise AuthorityError("actor-is-not-signer", "genesis is signed by its first administrator")
                continue
            key = authorise(roster, entry.leaf.index, entry.leaf.key_id, event)
            roster = advance(roster, entry.leaf.index, entry.leaf.envelope, key.principal, event)
        except LedgerError as error:
            if error.slug != "other-ledger":
                # That is V11's, which is checked for every entry.
                _fail(entry, collector, "V13" if error.slug in SIGNER_SLUGS else "V14", error)
            if roster is not None:
                roster = replace(roster, count=roster.count + 1)
    return roster


def check_signatures(shown: Sequence[Shown], roster: Roster, collector: Collector) -> int:
    """V12: every envelope is signed by the enrolled key that its leaf names; returns how many verified."""
    verified = 0
    for entry in shown:
        if entry.envelope is None:
            continue
        key = roster.keys.get(entry.envelope.key_id)
        try:
            if key is None:
                raise SignatureError("key-unknown", "this ledger has not enrolled the key")
            check_signature(entry.envelope, key.public)
            verified += 1
        except LedgerError as error:
            _fail(entry, collector, "V12", error)
    return verified


def check_authority(shown: Sequence[Shown], roster: Roster, collector: Collector) -> None:
    """V13: every project-stream entry was signed by a key that might, at its position."""
    for entry in shown:
        try:
            if isinstance(entry.statement, Unknown):
                collector.note("unknown-kind", entry.place, "of an unknown kind or version: bytes checked, meaning not")
                signer_at(roster, entry.leaf.key_id, entry.leaf.index)
            elif entry.event is not None and entry.leaf.stream != LEDGER_STREAM:
                authorise(roster, entry.leaf.index, entry.leaf.key_id, entry.event)
        except LedgerError as error:
            if error.slug != "other-ledger":
                _fail(entry, collector, "V13", error)


def check_event_ids(shown: Sequence[Shown], collector: Collector) -> None:
    """V15: no event id twice."""
    seen: dict[str, Shown] = {}
    for entry in shown:
        if entry.context is None:
            continue
        if entry.context.event_id in seen:
            _fail(entry, collector, "V15", ConflictError("event-id-taken", "another entry has this event id"))
        seen.setdefault(entry.context.event_id, entry)


def check_references(shown: Sequence[Shown], linked: frozenset[int], collector: Collector) -> None:
    """V17: what an entry refers to is in the bundle, lies before it and is of the kind required."""
    by_envelope = {entry.leaf.envelope: entry for entry in shown}
    for entry in shown:
        if entry.event is None:
            continue
        for target, kind in references(entry.event):
            referred = by_envelope.get(target)
            if referred is None and entry.leaf.index in linked:
                collector.note("reference-outside", entry.place, "refers to an entry that this bundle does not hold")
                continue
            fault = _fault_of_reference(entry, referred, kind)
            if fault is not None:
                _fail(entry, collector, "V17", FormatError("unknown-reference", f"refers to {fault}"))
        _check_withdrawal(entry, entry.event, by_envelope, collector)


def _fault_of_reference(entry: Shown, referred: Shown | None, kind: str | None) -> str | None:
    if referred is None:
        return "an entry that is not shown"
    if referred.leaf.index >= entry.leaf.index:
        return "a later entry"
    if kind is not None and (referred.event is None or referred.event.kind != kind):
        return f"an entry that is no {kind}"
    return None


def _check_withdrawal(entry: Shown, event: Event, by_envelope: Mapping[Digest, Shown], collector: Collector) -> None:
    """A withdrawal takes back a decision of the same actor about the same thing (format §4.4.2)."""
    if not isinstance(event.body, Approval) or event.body.withdraws is None:
        return
    earlier = by_envelope.get(event.body.withdraws)
    if earlier is None or earlier.event is None or not isinstance(earlier.event.body, Approval):
        return
    if not takes_back(event, earlier.event):
        error = ConflictError("withdrawal-mismatch", "withdraws a decision by somebody else or about something else")
        _fail(entry, collector, "V17", error)


def sound_records(shown: Sequence[Shown], roster: Roster) -> tuple[Record, ...]:
    """The entries that passed every check of their own, with the key that signed each."""
    found: list[Record] = []
    for entry in shown:
        key = roster.keys.get(entry.leaf.key_id)
        if entry.sound and entry.event is not None and entry.envelope is not None and key is not None:
            found.append(Record(entry.leaf, entry.event, key, presence(key.public, entry.envelope.signature)))
    return tuple(found)


def _fail(entry: Shown, collector: Collector, check: str, error: LedgerError) -> None:
    entry.sound = False
    collector.fail(check, entry.place, error)
