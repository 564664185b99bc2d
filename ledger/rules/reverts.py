"""Changes that take another one back: CHG-07."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import FormatError
from ledger.events.forge import ChangeState
from ledger.events.work import Diff, Merge
from ledger.manifest import Manifest, decode_manifest, inverse_of
from ledger.records import Absent
from ledger.rules.counting import by_need
from ledger.rules.reviewed import shown_diffs, sort_approvals
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each, is_late, statement, unsettled
from ledger.rules.wording import capital, listed, person, required

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.digests import Digest
    from ledger.records import Record, Records
    from ledger.rules.judged import Judged

REVERTS = "reverts"
"""Relation of a link from what takes back to what it takes back: its landing, its diff or its change event."""


def chg_07(case: ChangeCase) -> Finding:
    """CHG-07: what is called a revert takes back exactly what landed; what takes back a revert is approved anew."""
    state = statement(case)
    own = [*(item.record for item in case.change.revisions), *(item.record for item in case.change.states)]
    inputs: list[NamedRecord] = [*shown_diffs(case), *(("change", item.record) for item in case.change.states)]
    links = _links(own)
    said = state is not None and state.body.type == "revert"
    if not links and not said:
        if any(item.body.type == "revert" for item in case.change.states) and unsettled(case):
            return untold(unsettled(case), inputs)
        return inapplicable("the change is said to take another one back", inputs)
    return each(case, lambda case, content: _pure(case, content, links, inputs))


def _pure(case: ChangeCase, content: Judged, links: tuple[Digest, ...], said: list[NamedRecord]) -> Finding:
    inputs = [*said, *content.inputs]
    manifest = _own_manifest(content)
    if isinstance(manifest, Absent):
        return untold((f"the change manifest of {content.name} is {manifest.state}",), inputs)
    landed = _landed_before(case, content)
    missing: list[str] = []
    if links:
        chosen, missing = _named(case, links, landed)
    else:
        chosen = landed
    found: Record | None = None
    unread: list[str] = []
    for record in chosen:
        other = _manifest_of(case.records, record)
        if isinstance(other, Absent):
            unread.append(f"the change manifest of the landing in entry {record.index} is {other.state}")
        elif inverse_of(other, manifest):
            found = record
    if found is not None:
        return _taken_back(case, content, found, landed, [*inputs, ("merge", found)])
    if links and not unread and not missing:
        return failed(
            f"{capital(content.name)} is called a revert and does not take back exactly what landed in "
            f"{listed(f'entry {record.index}' for record in chosen)}: it holds more, less or something else.",
            [*inputs, *(("merge", record) for record in chosen)],
        )
    return untold(missing or unread or ("no landing that it takes back exactly is among the records",), inputs)


def _taken_back(
    case: ChangeCase, content: Judged, original: Record, landed: Iterable[Record], inputs: list[NamedRecord]
) -> Finding:
    entry = f"entry {original.index}"
    if is_late(original):
        return untold((f"when what it takes back landed is open, as {entry} was only recorded afterwards",), inputs)
    again, doubts = _is_revert(case.records, original, landed)
    if doubts and not again:
        return untold(doubts, inputs)
    if not again:
        return passed(f"{capital(content.name)} takes back exactly what landed in {entry}.", inputs)
    return by_need(case, content, lambda needed: _applied_again(case, content, entry, needed, inputs))


def _applied_again(case: ChangeCase, content: Judged, entry: str, needed: int, inputs: list[NamedRecord]) -> Finding:
    told = f"What landed in {entry} was a revert itself, so {content.name} applies again what that had taken back"
    found = sort_approvals(case, content)
    inputs = [*inputs, *found.inputs]
    if len(found.people) >= needed:
        return passed(f"{told}; {listed(map(person, found.people))} approved it anew; {required(needed)}.", inputs)
    if found.possible >= needed:
        return untold(found.reasons, inputs)
    return failed(f"{told}, and too few people approved it anew; {required(needed)}.", inputs)


def _is_revert(records: Records, original: Record, landed: Iterable[Record]) -> tuple[bool, tuple[str, ...]]:
    """Whether a landing was itself a revert: by what was said of its change, or by an earlier one it takes back."""
    change, project = original.event.context.about.change, original.event.context.project
    said: list[ChangeState] = []
    for record in records.entries if change is not None else ():
        if record.event.context.project != project or record.event.context.about.change != change:
            continue
        if isinstance(record.event.body, ChangeState):
            said.append(record.event.body)
        if isinstance(record.event.body, Diff | ChangeState) and _links((record,)):
            return True, ()
    if said and said[-1].type == "revert":
        return True, ()
    manifest = _manifest_of(records, original)
    doubts: list[str] = []
    for record in landed:
        if record.index >= original.index:
            continue
        other = _manifest_of(records, record)
        if isinstance(other, Absent):
            doubts.append(f"the change manifest of the landing in entry {record.index} is {other.state}")
        elif isinstance(manifest, Manifest) and inverse_of(other, manifest):
            return True, ()
    return False, tuple(doubts)


def _links(records: Iterable[Record]) -> tuple[Digest, ...]:
    found = (link.envelope for record in records for link in record.event.context.links if link.rel == REVERTS)
    return tuple(dict.fromkeys(found))


def _landed_before(case: ChangeCase, content: Judged) -> tuple[Record, ...]:
    """Landings of the project before this content landed, or all so far, in ledger order."""
    end = case.records.position if content.landing is None else content.landing.record.index
    return tuple(
        record
        for record in case.records.entries
        if record.index < end
        and record.event.context.project == case.change.project
        and isinstance(record.event.body, Merge)
    )


def _named(case: ChangeCase, links: Iterable[Digest], landed: Iterable[Record]) -> tuple[tuple[Record, ...], list[str]]:
    """The landings of what links name, and clauses on what is not among the records."""
    known = {record.envelope: record for record in case.records.entries if record.envelope in links}
    found: list[Record] = []
    missing: list[str] = []
    for link in links:
        named = known.get(link)
        if named is None:
            missing.append("what the change is said to take back is not among the records")
            continue
        of = [record for record in landed if _lands(record, named)]
        found += of
        if not of:
            missing.append(f"no landing of what entry {named.index} tells of is recorded before it is taken back")
    return tuple(found), missing


def _lands(landing: Record, named: Record) -> bool:
    body, other = landing.event.body, named.event.body
    if landing.index == named.index:
        return True
    if not isinstance(body, Merge):
        return False
    if isinstance(other, Diff):
        return other.manifest == body.manifest or body.diff == named.envelope
    change = named.event.context.about.change
    return isinstance(other, ChangeState) and change is not None and landing.event.context.about.change == change


def _own_manifest(content: Judged) -> Manifest | Absent:
    if content.landing is not None:
        return content.landing.manifest
    return Absent("missing") if content.revision is None else content.revision.manifest


def _manifest_of(records: Records, record: Record) -> Manifest | Absent:
    content = records.content(record.event.context.content("manifest"))
    if isinstance(content, Absent):
        return content
    try:
        return decode_manifest(content.data)
    except FormatError:
        return Absent("unreadable")
