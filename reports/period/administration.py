"""Administration of the ledger in the period: acts, packs made, contents removed, corrections, how long it keeps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.roster.state import administrators_with_keys
from reports.parts import Facts, Heading, Line, Paragraph, Row, Section, Table, line, words
from reports.period.shown import cut, ruled
from reports.period.span import days_inside, of_period, span_said
from reports.release.governed import Governance, act_words
from reports.release.said import (
    NONE,
    absence,
    code,
    columns,
    digest_line,
    joined,
    ledger_time,
    listed_names,
    named,
    quiet,
    rows,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import moment, number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.context import ContentRef
    from ledger.events.evidence import Pack
    from ledger.records import Record
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "administration"
REMOVED: Final = "removed"
"""Anchor of what is not at hand."""
MOST: Final = 25
"""Rows printed of each table; the rest is counted."""
RULES: Final = ("LED-05", "LED-06")


def contents_of(view: PeriodView) -> tuple[tuple[Record, ContentRef, str], ...]:
    """Every content that an entry of the period commits to, with its state."""
    found: list[tuple[Record, ContentRef, str]] = []
    for record in view.dossier.records.entries:
        if of_period(view.dossier, record):
            for reference in record.event.context.contents:
                content = view.dossier.records.content(reference)
                found.append((record, reference, content.state if isinstance(content, Absent) else "held"))
    return tuple(found)


def administration(view: PeriodView) -> Section:
    """The section."""
    governance = Governance(view.dossier.records, view.dossier.first, view.dossier.end)
    contents = contents_of(view)
    gone = tuple(item for item in contents if item[2] != "held")
    packs = packs_made(view)
    return Section(
        ANCHOR,
        "18",
        words(say("Administration of the ledger")),
        words(say("Who can change the rules of the record, did they, and what was removed from it?")),
        line(
            say_count("{count} act changed the roster.", "{count} acts changed the roster.", len(governance.recent)),
            " ",
            say_count("{count} pack was made.", "{count} packs were made.", len(packs)),
            " ",
            say_count(
                "{count} content of the period is not at hand.",
                "{count} contents of the period are not at hand.",
                len(gone),
            ),
        ),
        (
            Facts(rows(*_facts(view))),
            *_acts(governance),
            *_packs(view),
            *_removed(contents, gone),
            *_corrections(view),
            ruled(
                view,
                RULES,
                say("What the rules about the record found for the period"),
                say("No rule about the keeping of the record is on in this policy."),
            ),
        ),
    )


def _facts(view: PeriodView) -> list[tuple[str, Line]]:
    roster, end = view.dossier.records.roster, view.dossier.end
    people = [view.dossier.parties.get(one) for one in sorted(administrators_with_keys(roster, end))]
    entries = view.dossier.records.entries
    used = sum(view.dossier.first <= index < end for index in roster.recovery_uses)
    oldest = next(iter(entries), None)
    return [
        (
            say("Administrators"),
            joined([line(named(party)) for party in people if party is not None]) or line(quiet(say("nobody"))),
        ),
        (
            say("An act takes"),
            line(
                say("one administrator, who acts alone")
                if roster.core.admins_required == 1
                else say(
                    "{count} administrators; one alone may end a key, a role, a project or a certificate, or disable "
                    "somebody",
                    count=roster.core.admins_required,
                )
            ),
        ),
        (
            say("Recovery key"),
            line(
                say("none")
                if roster.core.recovery is None
                else say_count("one; used {count} time in the period", "one; used {count} times in the period", used)
            ),
        ),
        (
            say("Losses and epochs"),
            line(
                say_count(
                    "{count} epoch since the ledger began", "{count} epochs since the ledger began", len(roster.epochs)
                )
                if roster.epochs
                else say("none since the ledger began")
            ),
        ),
        (
            say("Who read the ledger"),
            line(
                quiet(
                    say(
                        "not an entry of the ledger: reading is logged by the server, and that log is its operator's. "
                        "Packs that were made are listed below"
                    )
                )
            ),
        ),
        (
            say("Retention"),
            line(
                say(
                    "entries are never deleted; contents stay until an erasure, which leaves the entry and its proof. "
                    "How long contents must be kept is the organisation's rule; the earliest entry shown here is of "
                    "{time}.",
                    time=ledger_time(oldest) if oldest is not None else moment(view.settings.generated_at),
                )
            ),
        ),
    ]


def _acts(governance: Governance) -> list[Block]:
    alone = governance.records.roster.core.admins_required == 1
    body = tuple(
        Row(
            (
                line(number(act.record.index)),
                line(ledger_time(act.record)),
                act_words(governance, act.record),
                line(governance.signer(act.record)),
                joined([line(governance.signer(item)) for item in act.decisions])
                or line(
                    quiet(say("waits for another") if act.pending else NONE if alone else say("nobody: one suffices"))
                ),
            ),
            hit=act.pending,
        )
        for act in governance.recent
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns(
                (say("Entry"), 8),
                (say("Ledger time, UTC"), 20),
                (say("What was done"), 36),
                (say("By"), 18),
                (say("Decided by others"), 18),
            ),
            shown,
            words(say("Nobody changed people, keys, roles, projects or policies in the period.")),
            words(say("Acts on the roster")),
            "dense",
        ),
        *rest,
    ]


def packs_made(view: PeriodView) -> dict[Pack, list[Told[Pack]]]:
    """The packs that events of the period tell of, each with these events: one in each project that it is of."""
    found: dict[Pack, list[Told[Pack]]] = {}
    for item in view.dossier.surroundings.packs:
        found.setdefault(item.body, []).append(item)
    return found


def _packs(view: PeriodView) -> list[Block]:
    body: list[Row] = []
    for pack, told in packs_made(view).items():
        item = told[0]
        about = say("a release")
        if pack.period is not None:
            inside = days_inside(view.dossier, pack.period.from_, pack.period.to, view.settings.zone)
            about = span_said(inside, pack.period.from_, pack.period.to)
        elif item.record.event.context.about.release is not None:
            about = say("release {release}", release=item.record.event.context.about.release)
        body.append(
            Row(
                (
                    line(", ".join(number(one.record.index) for one in told), " ", quiet(ledger_time(item.record))),
                    line(capture(about, limit=80)),
                    digest_line(pack.pack_id),
                    line(say_count("{count} file", "{count} files", len(pack.files))),
                    line(quiet(say("not sealed"))) if pack.sealed_by is None else digest_line(pack.sealed_by),
                    listed_names((item.actor,)),
                )
            )
        )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns(
                (say("Entry, UTC"), 24),
                (say("About"), 22),
                (say("Pack"), 16),
                (say("Files"), 8),
                (say("Sealed with"), 14),
                (say("Made by"), 16),
            ),
            shown,
            words(
                say("No pack made in the period is recorded; the event of this one comes after the end of its bundle.")
            ),
            words(say("Packs made, which is what was exported")),
            "small",
        ),
        *rest,
    ]


def _removed(
    contents: tuple[tuple[Record, ContentRef, str], ...],
    gone: tuple[tuple[Record, ContentRef, str], ...],
) -> list[Block]:
    counts = Counter(state for _, _, state in contents)
    states = ("held", "withheld", "erased", "missing")
    said = say_count(
        "Entries of the period commit to {count} content: {held} held, {withheld} withheld by their signers, {erased} "
        "erased, {missing} missing from this bundle.",
        "Entries of the period commit to {count} contents: {held} held, {withheld} withheld by their signers, {erased} "
        "erased, {missing} missing from this bundle.",
        len(contents),
        **{state: number(counts[state]) for state in states},
    )
    body = tuple(
        Row(
            (
                line(number(record.index)),
                line(ledger_time(record)),
                line(record.event.kind),
                line(code(capture(reference.name, limit=60))),
                line(absence(state)),
                digest_line(reference.commitment),
            ),
            hit=state in ("erased", "missing"),
        )
        for record, reference, state in gone
    )
    shown, rest = cut(body, MOST, "contents")
    return [
        Heading(words(say("Withheld, erased, missing")), REMOVED),
        Paragraph(line(said)),
        Table(
            columns(
                (say("Entry"), 9),
                (say("Ledger time, UTC"), 21),
                (say("Event"), 16),
                (say("Content"), 18),
                (say("State"), 20),
                (say("Commitment"), 16),
            ),
            shown,
            words(say("Every content that the entries of the period commit to is at hand.")),
            words(say("What is not at hand")),
            "small",
        ),
        *rest,
        *(
            [Paragraph(line(say("By whom and on what ground a content was erased is not recorded.")), small=True)]
            if counts["erased"]
            else []
        ),
    ]


def _corrections(view: PeriodView) -> list[Block]:
    known = {record.envelope: record.index for record in view.dossier.records.entries}
    body = tuple(
        Row(
            (
                line(number(item.record.index), " ", quiet(ledger_time(item.record))),
                line(say("entry {entry}", entry=number(known[item.body.corrects])))
                if item.body.corrects in known
                else digest_line(item.body.corrects),
                line(capture(item.body.reason, limit=120)),
                listed_names((item.actor,)),
            )
        )
        for item in view.dossier.surroundings.corrections
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns((say("Entry, UTC"), 28), (say("Corrects"), 18), (say("Why"), 30), (say("By"), 24)),
            shown,
            words(say("No event of the period corrects an earlier one.")),
            words(say("Corrections: what was corrected stays and is shown beside it")),
            "small",
        ),
        *rest,
    ]
