"""The statement: what the pack shows, for whom, on what basis, and what it does not show."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.dossier.people import Directory
from ledger.entry import LEDGER_STREAM
from reports.parts import Beside, Bullets, Facts, Heading, Legend, Mark, Section, line, say_count_line, words
from reports.release.places import place
from reports.release.said import digest_line, entry, joined, ledger_time, named, quiet, rows, status
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from reports.parts import Block, Line
    from reports.release.view import View

ANCHOR: Final = "statement"
MOST_PACKS: Final = 4
"""Earlier packs named; the rest is counted."""
MOST_PRODUCERS: Final = 6
"""Producers named; the rest is counted."""


def statement(view: View) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "1",
        words(say("Statement")),
        words(say("What does this pack show, for whom, on what basis, and what does it not show?")),
        line(
            say(
                "What the ledger holds about {release}: as far as it is recorded, who asked for it, wrote it, prompted "
                "for it, tested, approved, released and deployed it; and how to check that none of it was altered.",
                release=capture(view.dossier.name, limit=120),
            )
        ),
        (
            Facts(
                rows(
                    (say("For whom"), line(say("whoever has to judge the release without access to its systems"))),
                    (say("On what basis"), _basis(view)),
                    (say("Recorded by"), _producers(view)),
                    (say("Complete"), _complete(view)),
                    (say("Packs before"), _packs(view)),
                )
            ),
            Beside((_marks(), _not_shown())),
        ),
    )


def _marks() -> tuple[Block, ...]:
    return (
        Heading(words(say("How to read the marks"))),
        Legend(
            (
                (status(Mark.PASS), line(say("the rule held, on evidence that is named"))),
                (status(Mark.FAIL), line(say("the rule did not hold"))),
                (
                    status(Mark.CANNOT_TELL),
                    line(say("evidence is missing, withheld, erased or unresolved; never counted as pass")),
                ),
                (
                    status(Mark.NOT_APPLICABLE),
                    line(say("there is nothing that the rule speaks of; never counted as pass")),
                ),
                (
                    status(Mark.EXCEPTED),
                    line(say("an exception was declared beside the verdict, which stays what it is")),
                ),
            )
        ),
    )


def _not_shown() -> tuple[Block, ...]:
    return (
        Heading(words(say("What this pack does not show"))),
        Bullets(
            (
                line(say("That a producer reported what really happened: what is recorded is its word, signed.")),
                line(say("That an approver read what they signed, or that the software is free of faults.")),
                line(say("What was never sent to the ledger, beyond what the lists and sources named here give away.")),
                line(say("An opinion. It names rules, verdicts and evidence; what follows from them is the reader's.")),
            )
        ),
    )


def _basis(view: View) -> Line:
    records = view.dossier.records
    verified = (
        say("every signature and proof among them verifies")
        if view.verification.intact
        else say("they do not verify: see the findings")
    )
    asked = len({verdict.rule for verdict in view.verdicts})
    more = len(view.policy.rules) - asked
    of_periods = say("; {count} more of its rules are of periods alone", count=number(more)) if more else ""
    return line(
        say_count(
            "{count} entry of the ledger up to position {position}, attached; {verified}. {asked} of the policy "
            "{policy}, put to every change or to the release{periods}.",
            "{count} entries of the ledger up to position {position}, attached; {verified}. {asked} of the policy "
            "{policy}, put to every change or to the release{periods}.",
            len(records.entries),
            asked=say_count("{count} rule", "{count} rules", asked),
            periods=of_periods,
            position=number(records.position),
            verified=verified,
            policy=capture(view.policy.name, limit=80),
        )
    )


def _producers(view: View) -> Line:
    """By which programs events were recorded, and whose keys signed them: machines and people's own."""
    entries = view.dossier.records.entries
    events = [record for record in entries if record.leaf.stream != LEDGER_STREAM]
    rest = len(entries) - len(events)
    if not events:
        return line(say("nobody: no event of a project is attached"))
    programs = Counter(
        f"{record.event.context.producer.name} {record.event.context.producer.version}" for record in events
    )
    directory = Directory(view.dossier.records)
    signers = [directory.principal(record.key.principal) for record in events]
    machines = Counter(str(named(party)) for party in signers if party.type != "person")
    own = sum(party.type == "person" for party in signers)
    told = _most(machines)
    if own:
        told.append(say("people's own keys ({count})", count=number(own)))
    said = say_count(
        "with the program {programs}; signed by {signers}",
        "with the programs {programs}; signed by {signers}",
        len(programs),
        programs=", ".join(_most(programs, events=True)),
        signers=", ".join(told),
    )
    administration = say_count(
        "{count} more entry is of the ledger's own administration",
        "{count} more entries are of the ledger's own administration",
        rest,
    )
    return line(capture(f"{said}; {administration}", limit=600) if rest else capture(said, limit=600))


def _most(found: Counter[str], *, events: bool = False) -> list[str]:
    shown = [
        f"{name} ({say_count('{count} event', '{count} events', many) if events else number(many)})"
        for name, many in found.most_common(MOST_PRODUCERS)
    ]
    if len(found) > MOST_PRODUCERS:
        shown.append(say("{count} more", count=len(found) - MOST_PRODUCERS))
    return shown


def _packs(view: View) -> Line:
    """Earlier packs of the release: what was handed out before can be looked up."""
    packs = view.dossier.packs
    if not packs:
        return line(say("none of this release is recorded at this position"))
    shown = [
        line(*digest_line(item.body.pack_id), quiet(f" {entry(item.record)}, {ledger_time(item.record)}"))
        for item in packs[-MOST_PACKS:]
    ]
    if len(packs) > MOST_PACKS:
        shown.insert(0, line(say_count("{count} earlier one", "{count} earlier ones", len(packs) - MOST_PACKS)))
    return joined(shown)


def _complete(view: View) -> Line:
    return say_count_line(
        "relative to {count} source named by the release event and to what the ledger holds of its project; how "
        "that was compared, and what could not be: {place}",
        "relative to {count} sources named by the release event and to what the ledger holds of their projects; how "
        "that was compared, and what could not be: {place}",
        len(view.dossier.release.sources),
        place=place("completeness"),
    )
