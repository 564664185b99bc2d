"""The system and its process as the records show it: who holds which role, which tools reported, which assistants."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ledger.roster.state import in_force, person_behind
from reports.parts import Heading, Line, Notes, Paragraph, Row, Section, Table, line, words
from reports.period.checked import prompt_blocks, suite_blocks
from reports.period.shown import cut
from reports.period.span import of_period
from reports.release.said import NONE, code, columns, joined, named, quiet
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Party
    from ledger.roster.state import Grant
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "system"
MOST: Final = 40
"""Tools printed of each sort; the rest is counted."""
MOST_NAMES: Final = 12
"""Holders named of one role."""


@dataclass(slots=True)
class Assistant:
    """An assistant as prompts of the period name it."""

    prompts: int = 0
    changes: set[tuple[str, str]] = field(default_factory=set)
    initiators: set[str] = field(default_factory=set)


def grants_of(view: PeriodView) -> tuple[Grant, ...]:
    """Grants in force at some time in the period that reach a project of it, in the order in which they were made."""
    dossier = view.dossier
    return tuple(
        grant
        for grant in dossier.records.roster.grants
        if grant.since < dossier.end
        and (grant.until is None or grant.until > dossier.first)
        and (grant.projects is None or set(grant.projects) & set(dossier.projects))
    )


def assistants(view: PeriodView) -> dict[tuple[str, str, str], Assistant]:
    """Tool, version and model of every prompt of a change of the period."""
    found: dict[tuple[str, str, str], Assistant] = {}
    for change in view.changes:
        for item in change.facts.prompts:
            prompt = item.prompt
            model = None if prompt.model is None else prompt.model.responded or prompt.model.requested
            key = (prompt.tool.name, prompt.tool.version or "", model or "")
            known = found.setdefault(key, Assistant())
            known.prompts += 1
            known.changes.add((change.facts.project, change.facts.id))
            if item.initiator is not None and item.initiator.principal is not None:
                known.initiators.add(item.initiator.principal)
    return dict(sorted(found.items()))


def reporters(view: PeriodView) -> dict[tuple[str, str], Counter[str]]:
    """What tools sent in the period: producer name and version, with how many events of each kind."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for record in view.dossier.records.entries:
        if of_period(view.dossier, record) and record.event.context.project is not None:
            producer = record.event.context.producer
            found.setdefault((producer.name, producer.version), Counter())[record.event.kind] += 1
    return dict(sorted(found.items()))


def system(view: PeriodView) -> Section:
    """The section."""
    used = assistants(view)
    return Section(
        ANCHOR,
        "3",
        words(say("System, process, roles and tools")),
        words(say("How are changes made here, by whom, and with which tools and assistants?")),
        line(
            say_count("{count} tool sent events.", "{count} tools sent events.", len(reporters(view))),
            " ",
            say_count(
                "Changes were prompted with {count} assistant, by tool, version and model.",
                "Changes were prompted with {count} assistants, by tool, version and model.",
                len(used),
            )
            if used
            else say("No prompt to an assistant is recorded for a change of the period."),
        ),
        (
            Paragraph(
                line(
                    say(
                        "The description of the system is management's; what follows it here is what the records show. "
                        "A change is recorded from its request over its revisions, tests and approvals to its landing, "
                        "release and deployment, each by whoever did or saw it."
                    )
                )
            ),
            _roles(view),
            *_tools(view),
            *suite_blocks(view),
            *_assistants(view, used),
            *prompt_blocks(view),
            Heading(words(say("Description by management"))),
            Notes((words(say("Subject")), words(say("Description, or where it is kept")), words(say("Initials"))), 3),
        ),
    )


def _roles(view: PeriodView) -> Table:
    dossier = view.dossier
    by_role: dict[str, list[Grant]] = {}
    for grant in grants_of(view):
        by_role.setdefault(grant.role, []).append(grant)
    body: list[Row] = []
    for role, grants in sorted(by_role.items()):
        ever = {person_behind(dossier.records.roster, grant.principal, dossier.end): grant for grant in grants}
        still = {
            person_behind(dossier.records.roster, grant.principal, dossier.end)
            for grant in grants
            if in_force(grant.since, grant.until, dossier.end)
        }
        body.append(
            Row(
                (
                    line(capture(role, limit=60)),
                    line(number(len(ever))),
                    line(number(len(still))),
                    _names([view.dossier.parties.get(person) for person in ever]),
                )
            )
        )
    return Table(
        columns((say("Role"), 22), (say("Held in the period"), 14), (say("At its end"), 12), (say("Holders"), 52)),
        tuple(body),
        words(say("Nobody held a role that reaches these projects.")),
        words(say("Roles and who held them")),
        "small",
    )


def _names(parties: list[Party | None]) -> Line:
    found = [named(party) for party in parties if party is not None]
    shown = joined([line(name) for name in found[:MOST_NAMES]])
    if len(found) <= MOST_NAMES:
        return shown or line(quiet(NONE))
    return (*shown, *line(quiet(say(" and {more} more", more=number(len(found) - MOST_NAMES)))))


def _tools(view: PeriodView) -> list[Block]:
    body = tuple(
        Row(
            (
                line(capture(name, limit=60), quiet(f" {capture(version, limit=40)}")),
                line(number(sum(kinds.values()))),
                line(", ".join(f"{kind} {number(many)}" for kind, many in sorted(kinds.items()))),
            )
        )
        for (name, version), kinds in reporters(view).items()
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns((say("Tool that sent events"), 28), (say("Events"), 12), (say("Of which kinds"), 60)),
            shown,
            words(say("No tool sent an event of these projects in the period.")),
            words(say("Recording tools")),
            "small",
        ),
        *rest,
    ]


def _assistants(view: PeriodView, used: dict[tuple[str, str, str], Assistant]) -> list[Block]:
    body = tuple(
        Row(
            (
                line(capture(tool, limit=60), quiet(f" {capture(version, limit=40)}" if version else "")),
                line(code(capture(model, limit=60))) if model else line(quiet(say("not recorded"))),
                line(number(known.prompts)),
                line(number(len(known.changes))),
                _names([view.dossier.parties.get(person) for person in sorted(known.initiators)]),
            )
        )
        for (tool, version, model), known in used.items()
    )
    shown, rest = cut(body, MOST, "prompts")
    return [
        Table(
            columns(
                (say("Assistant"), 22),
                (say("Model"), 20),
                (say("Prompts"), 11),
                (say("Changes"), 11),
                (say("Asked by"), 36),
            ),
            shown,
            words(say("No prompt to an assistant is recorded for a change of the period.")),
            words(say("AI tools")),
            "small",
        ),
        *rest,
    ]
