"""The index from entry number to page, and which of the attached entries it leaves out, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.entry import LEDGER_STREAM
from ledger.events.evidence import Pack, Reconciliation
from ledger.events.operation import Build, Heartbeat
from ledger.events.work import Approval, Merge
from reports.parts import Heading, Paragraph, Row, Table, line, say_line, words
from reports.release.entries import places
from reports.release.excepted import listed_exceptions
from reports.release.said import NAME, NONE, columns, digest_line, ledger_time, link, quiet
from reports.release.worth import DECIDED
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import View

ANCHOR: Final = "index"
MOST_RANGES: Final = 60
"""Stretches named of entries that no page shows; the rest is counted."""
_KINDS: Final = {
    "prompt": to_say("prompt"),
    "diff": to_say("revision"),
    "merge": to_say("landing"),
    "test": to_say("test run"),
    "scan": to_say("scan"),
    "exception": to_say("exception"),
    "decision": to_say("gate answer"),
    "push": to_say("push"),
    "release": to_say("release"),
    "deploy": to_say("deployment"),
    "observation": to_say("observation"),
    "incident": to_say("incident"),
    "build": to_say("build"),
    "heartbeat": to_say("heartbeat"),
    "reconciliation": to_say("comparison with a clone"),
    "change": to_say("statement of a change"),
    "control-snapshot": to_say("state of a protection"),
}
"""Kinds of events in the words of the sections; others stand as they are called in the records."""


def index(view: View) -> tuple[Record, ...]:
    """The records that have a row, by index."""
    found = places(view)
    return tuple(record for record in view.dossier.records.entries if record.index in found)


def index_blocks(view: View) -> tuple[Block, ...]:
    """Every entry that a page shows or names, then the stretches of those that have no row."""
    found = places(view)
    shown = index(view)
    whole = view.dossier.records.entries
    return (
        Heading(words(say("Index by entry")), ANCHOR),
        Table(
            columns(
                (say("Entry"), 6),
                (say("What"), 15),
                (say("About"), 18),
                (say("Ledger time, UTC"), 19),
                (say("Signed by"), 17),
                (say("Shown"), 25),
            ),
            tuple(_row(view, record, *found[record.index]) for record in shown),
            words(say("No entry is shown.")),
            words(
                say(
                    "{share} attached entries have a row, with the page that shows or names each",
                    share=share(len(shown), len(whole)),
                )
            ),
            "dense",
        ),
        *_rest(tuple(record for record in whole if record.index not in found)),
    )


def _row(view: View, record: Record, anchor: str, section: str) -> Row:
    return Row(
        (
            line(str(record.index)),
            line(_kind(record)),
            _about(view, record),
            line(ledger_time(record)),
            line(view.signer(record)),
            line(link(anchor, say(section), page=True)),
        )
    )


def _kind(record: Record) -> str:
    body = record.event.body
    if isinstance(body, Approval):
        return say("decision: {decision}", decision=say(DECIDED[body.decision]))
    if record.leaf.stream == LEDGER_STREAM:
        return say("act: {kind}", kind=record.event.kind)
    return say(_KINDS[record.event.kind]) if record.event.kind in _KINDS else record.event.kind


def _about(view: View, record: Record) -> Line:
    about = record.event.context.about
    body = record.event.body
    if isinstance(body, Approval) and body.basis.exception is not None:
        return line(_excepted(view, body.basis.exception))
    if about.change is not None:
        said = (
            say("change {change}, revision {revision}", change=about.change, revision=about.revision)
            if about.revision
            else say("change {change}", change=about.change)
        )
        return line(capture(said, limit=NAME))
    if about.release is not None:
        return line(capture(about.release, limit=NAME))
    return _speaks_of(view, record)


def _speaks_of(view: View, record: Record) -> Line:
    """What an event is about that names neither a change nor a release."""
    match record.event.body:
        case Merge() as body:
            said = say_line("no change: commit {commit}", commit=digest_line(body.commit))
        case Build() as body:
            said = say_line("commit {commit}", commit=digest_line(body.commit))
        case Reconciliation() as body:
            said = line(capture(", ".join(ref.ref for ref in body.refs), limit=NAME))
        case Heartbeat() as body:
            said = line(capture(say("source {source}", source=body.source), limit=NAME))
        case Approval() as body:
            said = line(_covered(body))
        case _:
            said = line(_released(view, record) or quiet(NONE))
    return said


def _excepted(view: View, envelope: str) -> str:
    """The exception that a decision is about, by its entry where that is attached."""
    named = (item.record.index for _, item in listed_exceptions(view) if item.record.envelope == envelope)
    found = next(named, None)
    return say("an exception") if found is None else say("the exception of entry {index}", index=found)


def _released(view: View, record: Record) -> str:
    """Whether a run or scan of no change was on the released commit, or on its tree in another; else nothing."""
    heads = {(source.source.project, source.source.commit) for source in view.dossier.sources}
    ran: dict[int, str] = {item.record.index: item.run.run.commit for item in view.dossier.runs}
    ran |= {item.record.index: item.body.commit or "" for item in view.dossier.scans}
    if record.index not in ran:
        return ""
    own = (record.event.context.project, ran[record.index]) in heads
    return say("the released commit") if own else say("the released tree")


def _covered(body: Approval) -> str:
    if body.basis.act is not None:
        return say("an act of administration")
    return say("who may do what") if body.basis.roster is not None else NONE


def _rest(records: Sequence[Record]) -> tuple[Block, ...]:
    """A sentence for each sort of entries without a row: how many, which, and where their sort is told."""
    groups: dict[str, list[int]] = {}
    for record in records:
        groups.setdefault(_sort(record), []).append(record.index)
    said = []
    for sort, told in (
        (
            "acts",
            to_say("{count} without a row, acts of administration and decisions about them: {entries}; see {page}."),
        ),
        ("heartbeats", to_say("{count} without a row, heartbeats that no page names: {entries}; see {page}.")),
        (
            "comparisons",
            to_say("{count} without a row, comparisons with a clone before the release before: {entries}; see {page}."),
        ),
        ("packs", to_say("{count} without a row, packs made of other releases: {entries}; see {page}.")),
        (
            "others",
            to_say("{count} without a row, which no page shows, most about other changes and releases: {entries}."),
        ),
    ):
        if sort in groups:
            anchor, section = _WHERE[sort]
            page = line(link(anchor, say(section), page=True)) if anchor else ()
            said.append(
                Paragraph(
                    say_line(
                        told,
                        count=say_count("{count} entry", "{count} entries", len(groups[sort])),
                        entries=stretches(groups[sort], MOST_RANGES if not anchor else len(groups[sort])),
                        page=page,
                    ),
                    small=True,
                )
            )
    return tuple(said)


_WHERE: Final = {
    "acts": ("administration", to_say("Administration of the ledger")),
    "heartbeats": ("completeness", to_say("Completeness")),
    "comparisons": ("completeness", to_say("Completeness")),
    "packs": ("statement", to_say("Statement")),
    "others": ("", ""),
}


def _sort(record: Record) -> str:
    body = record.event.body
    if record.leaf.stream == LEDGER_STREAM:
        return "acts"
    if isinstance(body, Heartbeat):
        return "heartbeats"
    if isinstance(body, Reconciliation):
        return "comparisons"
    if isinstance(body, Pack):
        return "packs"
    return "others"


def stretches(indexes: Sequence[int], most: int) -> str:
    """``0 to 25, 44``: ascending numbers as stretches, at most ``most`` of them; the rest is counted."""
    found: list[tuple[int, int]] = []
    for one in indexes:
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    shown = ", ".join(
        str(begin) if begin == end else say("{begin} to {end}", begin=begin, end=end) for begin, end in found[:most]
    )
    if len(found) <= most:
        return shown
    left = sum(end - begin + 1 for begin, end in found[most:])
    return say("{entries} and {count} more", entries=shown, count=number(left))
