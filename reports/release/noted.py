"""Notes of a verification in the words of print: what is no fault, but has to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.digests import Digest
from ledger.dossier.people import Directory
from reports.parts import Line, Row, Table, line, words
from reports.release.repeating import exchanged
from reports.release.said import columns, entry, joined, named
from reports.say import say, to_say
from reports.text import capture
from reports.wording import SHORT, number

if TYPE_CHECKING:
    from ledger.records import Records
    from ledger.verify.findings import Verification
    from reports.text import Text

_NOTED: Final = {
    "one-administrator": to_say("One administrator alone can change who may do what in this ledger."),
    "stream-end": to_say("A bundle cannot exclude that the project has entries after the last one shown."),
}
"""Notes whose words need an explanation for whoever reads no code."""
_MOST_PLACES: Final = 3
"""Places named of one note; the rest is counted."""


def notes(found: Verification) -> Table:
    """The notes, those of one sort and message on one row."""
    grouped: dict[tuple[str, str], list[str]] = {}
    named_places = _Places(found.records)
    for note in found.notes:
        grouped.setdefault((note.slug, note.message), []).append(named_places.said(note.place))
    return Table(
        columns((say("Note"), 22), (say("Where"), 30), (say("What a reader must know"), 48)),
        tuple(
            Row(
                (
                    line(slug.replace("-", " ")),
                    _listed(places),
                    line(say(_NOTED[slug]) if slug in _NOTED else capture(message, limit=300)),
                )
            )
            for (slug, message), places in grouped.items()
        )
        + _exchanged(found),
        words(say("The verification left no note.")),
        words(say("Notes of the verification: no faults, but to be known")),
        "small",
    )


def _exchanged(found: Verification) -> tuple[Row, ...]:
    """The note that the command adds where the verifier inside is another one, with what to do."""
    if not exchanged(found):
        return ()
    return (
        Row(
            (
                line(say("verifier exchanged")),
                line(say("verify.py in the bundle")),
                line(say("It is not the one that this version publishes: use the published one.")),
            )
        ),
    )


class _Places:
    """Where notes are about, in the words of print: contents by event, projects and keys by name."""

    __slots__ = ("_contents", "_people", "_records")

    def __init__(self, records: Records | None) -> None:
        self._records = records
        self._people = None if records is None else Directory(records)
        self._contents = {
            content.commitment: (content.name, record)
            for record in (() if records is None else records.entries)
            for content in record.event.context.contents
        }

    def said(self, place: str) -> str:
        """The place, in words where it is known."""
        sort, _, value = place.partition(" ")
        if place == "genesis":
            return say("entry 0, which founded the ledger")
        if sort == "content" and (found := self._contents.get(Digest(value))) is not None:
            return say("{content} of {entry}", content=found[0], entry=entry(found[1]))
        if sort == "stream" and self._people is not None:
            return say("project {project}", project=self._people.project_name(value) or value)
        if sort == "key" and self._records is not None and (key := self._records.roster.keys.get(Digest(value))):
            return say("key {id} of {name}", id=_short(value), name=self._name(key.principal))
        return f"{sort} {_short(value)}" if value.startswith("sha256:") else place

    def _name(self, principal: str) -> Text:
        return words(principal) if self._people is None else named(self._people.principal(principal))


def _listed(places: list[str]) -> Line:
    shown = joined([line(capture(place, limit=160)) for place in places[:_MOST_PLACES]])
    more = len(places) - _MOST_PLACES
    return (*shown, *line(say(" and {count} more", count=number(more)))) if more > 0 else shown


def _short(digest: str) -> str:
    """The first digits of a digest, without its algorithm."""
    return digest.partition(":")[2][:SHORT]
