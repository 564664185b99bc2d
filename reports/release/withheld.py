"""What is not there: contents withheld, erased or missing, by event, with who and why; and how long it is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.dossier.people import Directory
from ledger.events.work import Prompt
from ledger.records import Absent
from reports.parts import Figure, Figures, Heading, Paragraph, Row, Section, Table, line, words
from reports.release.places import SECTIONS
from reports.release.said import absence, columns, digest_line, named, quiet, strong
from reports.say import say, say_count, to_say
from reports.wording import number, share

if TYPE_CHECKING:
    from ledger.events.context import ContentRef
    from ledger.records import Record
    from reports.parts import Line
    from reports.release.view import View

ANCHOR: Final = "removed"
RETENTION: Final = "retention"
"""Anchor of the retention statement."""
MOST: Final = 80
"""Contents listed; the rest is counted."""

_STATES: Final = ("erased", "withheld", "missing")
_WHY: Final = {
    "erased": to_say("removed after it was recorded; the record says neither who asked nor on what ground"),
    "withheld": to_say("never handed in: whoever signed the event declared so; no reason is recorded"),
    "missing": to_say("not in this bundle; nothing says why"),
}


@dataclass(frozen=True, slots=True)
class Gone:
    """A content of an event whose bytes are not at hand."""

    record: Record
    content: ContentRef
    state: str


def gone(view: View) -> tuple[Gone, ...]:
    """Every content of the attached events that is not at hand, erased ones first."""
    records = view.dossier.records
    found = [
        Gone(record, content, state.state)
        for record in records.entries
        for content in record.event.context.contents
        if isinstance(state := records.content(content), Absent)
    ]
    return tuple(sorted(found, key=lambda one: _STATES.index(one.state) if one.state in _STATES else len(_STATES)))


def removed(view: View) -> Section:
    """The section."""
    found = gone(view)
    whole = sum(len(record.event.context.contents) for record in view.dossier.records.entries)
    by_state = Counter(one.state for one in found)
    return Section(
        ANCHOR,
        "15",
        words(say(SECTIONS[ANCHOR])),
        words(say("What was removed or never handed in, by whom and on what ground, and how long is this kept?")),
        _lede(found, by_state, whole),
        (
            *(
                (
                    Figures(
                        (
                            Figure(
                                words(number(whole - len(found))),
                                words(say("contents at hand")),
                                words(say("of {count}", count=number(whole))),
                            ),
                            Figure(words(number(by_state["erased"])), words(say("erased"))),
                            Figure(words(number(by_state["withheld"])), words(say("withheld by their signers"))),
                            Figure(words(number(by_state["missing"])), words(say("missing from the bundle"))),
                        )
                    ),
                )
                if found
                else ()
            ),
            _table(view, found),
            *_rest(len(found) - MOST),
            Paragraph(
                line(
                    say(
                        "What is gone leaves its place: the event, its signature and the commitment, a digest that "
                        "the bytes would have to match, stay. A rule that needs the bytes reads “Cannot tell”; others "
                        "need the commitment alone. The event itself cannot be removed."
                    )
                ),
                small=True,
            ),
            Heading(words(say("Personal data"))),
            Paragraph(line(_personal(view))),
            Heading(words(say("How long this is kept")), RETENTION),
            Paragraph(
                line(
                    say(
                        "Entries are never removed: the ledger only appends. How long contents are kept is not "
                        "recorded: neither the policy nor an event states a retention schedule, so whoever runs the "
                        "ledger must be asked."
                    )
                )
            ),
        ),
    )


def _lede(found: tuple[Gone, ...], by_state: Counter[str], whole: int) -> Line:
    if not whole:
        return line(say("The attached events have no contents."))
    if not found:
        return line(
            say_count(
                "Nothing was removed: the {count} content of the attached events is at hand.",
                "Nothing was removed: all {count} contents of the attached events are at hand.",
                whole,
            )
        )
    told = say(
        "{held} contents of the attached events are at hand: {erased} erased, {withheld} withheld by their "
        "signers, {missing} missing from the bundle.",
        held=share(whole - len(found), whole),
        erased=number(by_state["erased"]),
        withheld=number(by_state["withheld"]),
        missing=number(by_state["missing"]),
    )
    if not by_state["erased"]:
        return line(told)
    return line(told, " ", strong(say("Nobody is recorded who asked for an erasure, nor on what ground.")))


def _table(view: View, found: tuple[Gone, ...]) -> Table:
    people = Directory(view.dossier.records)
    return Table(
        columns(
            (say("Entry"), 7),
            (say("Event"), 12),
            (say("Content"), 14),
            (say("What became of it"), 14),
            (say("Signed by"), 14),
            (say("Who removed it, and why"), 26),
            (say("Commitment"), 13),
        ),
        tuple(_row(people, one) for one in found[:MOST]),
        words(say("No content is withheld, erased or missing.")),
        words(say("Contents that cannot be read, event by event")),
        "dense",
    )


def _row(people: Directory, one: Gone) -> Row:
    return Row(
        (
            line(str(one.record.index)),
            line(one.record.event.kind),
            line(one.content.name, " ", quiet(_size(one))),
            line(strong(absence(one.state))),
            line(named(people.principal(one.record.key.principal))),
            line(say(_WHY.get(one.state, one.state))),
            digest_line(one.content.commitment),
        )
    )


def _size(one: Gone) -> str:
    """The size that was signed; a withheld content that states none is not thereby empty."""
    if one.state == "withheld" and not one.content.size_bytes:
        return say("size not told")
    return say("{size} bytes", size=number(one.content.size_bytes))


def _rest(count: int) -> tuple[Paragraph, ...]:
    if count <= 0:
        return ()
    said = say_count("{count} more such content is not printed.", "{count} more such contents are not printed.", count)
    return (Paragraph(line(said), small=True),)


def _personal(view: View) -> str:
    told = say(
        "Names, mail addresses, comments and prompts are contents: they can be erased without breaking a proof, and "
        "stand in this pack as far as they are at hand."
    )
    prompts = [body for record in view.dossier.records.entries if isinstance(body := record.event.body, Prompt)]
    scans = [body.scan for body in prompts if body.scan is not None]
    if not prompts:
        return told
    if not scans:
        looked = say("Nobody looked through the prompts, so what was masked or left in them is not told.")
    else:
        looked = say_count(
            "Before they were recorded, {looked} prompts were looked through; {count} passage was masked in them.",
            "Before they were recorded, {looked} prompts were looked through; {count} passages were masked in them.",
            sum(scan.masked for scan in scans),
            looked=share(len(scans), len(prompts)),
        )
    return f"{told} {looked}"
