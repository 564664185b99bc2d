"""Incidents that name the release or one of its changes, who approved what they name, and what only exceptions name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.stated import text_of
from reports.parts import Break, Heading, Paragraph, Row, Table, line, say_line, words
from reports.release.said import (
    NAME,
    NONE,
    absence,
    columns,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ApprovalFact, Told
    from ledger.events.operation import Incident, Suspect
    from reports.parts import Block, Line
    from reports.release.view import View

INCIDENTS: Final = "incidents"
"""Anchor of the incidents."""


def open_incidents(view: View) -> int:
    """How many of the incidents that suspect the release or one of its changes nobody closed."""
    found = view.dossier.incidents
    closed = {item.body.incident for item in found if item.body.state == "closed"}
    return len({item.body.incident for item in found} - closed)


def incidents(view: View) -> tuple[Block, ...]:
    """Incidents that suspect the release or one of its changes, and approvals behind what is suspected."""
    found = view.dossier.incidents
    numbers = dict.fromkeys(item.body.incident for item in found)
    closed = {item.body.incident for item in found if item.body.state == "closed"}
    return (
        Heading(words(say("Incidents")), INCIDENTS),
        Paragraph(
            line(
                say_count(
                    "{count} incident names this release or one of its changes as a possible cause; closed: {closed}.",
                    "{count} incidents name this release or one of its changes as a possible cause; closed: {closed}.",
                    len(numbers),
                    closed=number(len(closed)),
                )
                if found
                else say("No recorded incident names this release or one of its changes as a possible cause.")
            )
        ),
        *_named_only(view, frozenset(numbers)),
        *(
            (
                Table(
                    columns(
                        (say("Incident"), 13),
                        (say("State, severity"), 14),
                        (say("Possible cause"), 21),
                        (say("Approved by"), 20),
                        (say("What happened"), 20),
                        (say("Corrected by"), 12),
                    ),
                    tuple(_incident(view, item) for item in found),
                    words(say("None.")),
                    None,
                    "dense",
                ),
            )
            if found
            else ()
        ),
    )


def _named_only(view: View, recorded: frozenset[str]) -> tuple[Block, ...]:
    """The incidents that an exception gives as its ground and of which no event is recorded here."""
    declared = (*view.dossier.exceptions, *(item for change in view.changes for item in change.facts.exceptions))
    every = {item.body.incident for item in view.dossier.surroundings.incidents} | recorded
    names = dict.fromkeys(
        item.exception.incident
        for item in declared
        if item.exception.incident is not None and item.exception.incident not in every
    )
    if not names:
        return ()
    said = say_count(
        "The exceptions name an incident as their ground of which no event is recorded: {incidents}.",
        "The exceptions name {count} incidents as their ground of which no event is recorded: {incidents}.",
        len(names),
        incidents=capture(", ".join(names), limit=300),
    )
    return (Paragraph(line(strong("! "), said)),)


def _incident(view: View, item: Told[Incident]) -> Row:
    body = item.body
    suspected = [_suspect(view, one) for one in body.suspects]
    return Row(
        (
            line(capture(body.incident, limit=NAME), quiet(f" {entry(item.record)}")),
            line(
                *((strong("! "),) if body.state != "closed" else ()),
                body.state,
                ", ",
                body.severity,
                Break(),
                quiet(ledger_time(item.record)),
            ),
            joined(suspected, "; ") or line(quiet(say("nothing is named"))),
            joined(_approved(view, body), "; ") or line(quiet(NONE)),
            _told(view, item),
            _corrected(view, body.corrective),
        ),
        hit=body.state != "closed",
        anchor=entry_anchor(item.record.index),
    )


def _corrected(view: View, change: str | None) -> Line:
    """The change that the incident names as its correction."""
    if change is None:
        return line(quiet(say("no change is named")))
    known = next((one for one in view.changes if one.facts.id == change), None)
    if known is None:
        return line(say("change {change}, not of this release", change=change))
    return line(link(known.anchor("r"), known.label, page=True) if view.shows(known) else known.label)


def _approved(view: View, body: Incident) -> list[Line]:
    """Who approved each suspect, told apart: an approval of the release is none of the change."""
    found = [
        say_line("{change}: {people}", change=change.label, people=_standing(change.facts.approvals))
        for change in view.changes
        if any(one.change == change.facts.id for one in body.suspects)
    ]
    if any(one.release == view.dossier.record.envelope for one in body.suspects):
        found.append(say_line("the release: {people}", people=_standing(view.dossier.approvals)))
    return found


def _standing(facts: Iterable[ApprovalFact]) -> Line:
    names = dict.fromkeys(
        named(fact.approver) for fact in facts if fact.approval.decision == "approve" and fact.standing
    )
    return joined([line(name) for name in names]) or line(quiet(say("nobody")))


def _suspect(view: View, one: Suspect) -> Line:
    parts: list[Line] = []
    if one.change is not None:
        known = next((change for change in view.changes if change.facts.id == one.change), None)
        parts.append(
            line(say("change {change}, not of this release", change=one.change))
            if known is None
            else line(link(known.anchor("a"), known.label, page=True) if view.shows(known) else known.label)
        )
    if one.release is not None:
        own = one.release == view.dossier.record.envelope
        parts.append(line(say("this release") if own else say("another release")))
    return joined(parts)


def _told(view: View, item: Told[Incident]) -> Line:
    for name in ("summary", "review", "reason"):
        text = text_of(view.dossier.records, item.record, name)
        if isinstance(text, Absent):
            return line(strong(absence(text.state)))
        if text is not None:
            return line(capture(text, limit=200))
    return line(quiet(say("no text stated")))
