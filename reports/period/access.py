"""Access: who could approve and deploy, when that list was looked at, and how keys came and went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.documents import ReviewedGrant, parse_access_list
from ledger.dossier.people import Directory
from ledger.errors import FormatError
from ledger.events.roster import KeyEnd, KeyRevoke, PrincipalDisable, RoleEnd
from ledger.records import Absent
from ledger.roster.state import person_behind
from reports.holders import allowed, why_ended
from reports.parts import Heading, Line, Mark, Row, Section, Table, line, words
from reports.period.keys import key_blocks, keys_held, keys_moved, people_blocks
from reports.period.shown import cut, held_from, ruled
from reports.period.span import of_period
from reports.period.system import grants_of
from reports.release.said import (
    absence,
    columns,
    joined,
    ledger_time,
    named,
    quiet,
    short_principal,
    status,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.dossier.facts import ApprovalFact
    from ledger.records import Record
    from ledger.roster.state import Key
    from reports.parts import Block
    from reports.period.view import PeriodView
    from reports.text import Text

ANCHOR: Final = "access"
MOST: Final = 25
"""Rows printed of each table; the rest is counted."""
RULES: Final = ("ADM-01", "ADM-04", "ID-02", "ID-03", "ID-04", "SOD-11")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An access review of the period."""

    fact: ApprovalFact
    grants: tuple[ReviewedGrant, ...] | Absent
    """What its list holds."""

    @property
    def ended(self) -> int:
        """Grants that it ended."""
        return 0 if isinstance(self.grants, Absent) else sum(item.decision == "end" for item in self.grants)


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody whose key, role or principal ended because they left, or who was disabled."""

    principal: str
    records: tuple[Record, ...]
    open_grants: int
    """Roles still in force at the end of the period."""
    open_keys: int


def reviews(view: PeriodView) -> tuple[Reviewed, ...]:
    """The access reviews of the period."""
    found: list[Reviewed] = []
    for fact in view.dossier.surroundings.access_reviews:
        content = view.dossier.records.content(fact.record.event.context.content("access-list"))
        grants: tuple[ReviewedGrant, ...] | Absent
        if isinstance(content, Absent):
            grants = content
        else:
            try:
                grants = parse_access_list(content.data)
            except FormatError:
                grants = Absent("unreadable")
        found.append(Reviewed(fact, grants))
    return tuple(found)


def leavers(view: PeriodView) -> tuple[Left, ...]:
    """Everybody of whom an act of the period says that they left, or who was disabled in it."""
    settings = [setting for part in view.parts for setting in part.policy.rules if setting.rule.id == "ADM-04"]
    # Whoever left by the words of one policy left, whichever project that policy is of.
    told = {reason for item in settings for reason in cast("list[str]", item.settings["leaving_reasons"])}
    reasons = told if settings else {"left"}
    acts: dict[str, list[Record]] = {}
    for record in view.dossier.records.entries:
        body = record.event.body
        if not of_period(view.dossier, record):
            continue
        leaving = isinstance(body, KeyEnd | KeyRevoke | RoleEnd) and body.reason in reasons
        if (leaving or isinstance(body, PrincipalDisable)) and isinstance(
            body, KeyEnd | KeyRevoke | RoleEnd | PrincipalDisable
        ):
            acts.setdefault(body.principal, []).append(record)
    roster, end = view.dossier.records.roster, view.dossier.end
    found: list[Left] = []
    for principal, records in acts.items():
        known = roster.principals.get(principal)
        disabled = known is not None and known.until is not None and known.until <= end
        keys = [key for key in roster.keys.values() if key.principal == principal]
        grants = [grant for grant in roster.grants if grant.principal == principal]
        found.append(
            Left(
                principal,
                tuple(records),
                0 if disabled else sum(item.until is None or item.until > end for item in grants),
                0 if disabled else sum(item.until is None or item.until > end for item in keys),
            )
        )
    return tuple(found)


def access(view: PeriodView) -> Section:
    """The section."""
    done, moved, gone = reviews(view), keys_moved(view), leavers(view)
    return Section(
        ANCHOR,
        "16",
        words(say("Access, keys and leavers")),
        words(say("Who could approve and deploy, when was that looked at, and what was taken away?")),
        _lede(done, moved, gone),
        (
            ruled(
                view,
                RULES,
                say("What the rules about access found for the period"),
                say("No rule about access of a period is on in this policy."),
            ),
            *allowed(view.dossier.records.roster, view.dossier.end, _name_of(view), _approvers(view)),
            *_reviews(view, done),
            *_leavers(view, gone),
            *_grants(view),
            *key_blocks(view, moved),
            *keys_held(view),
            *people_blocks(view),
        ),
    )


def _took_place(done: tuple[Reviewed, ...]) -> str:
    """How many access reviews there were, and what came of them."""
    if not done:
        return say("No access review took place.")
    ended = sum(item.ended for item in done)
    return say_count(
        "{count} access review took place and ended {grants}.",
        "{count} access reviews took place and ended {grants}.",
        len(done),
        grants=say_count("{count} grant", "{count} grants", ended) if ended else say("no grant"),
    )


def _lede(done: tuple[Reviewed, ...], moved: tuple[tuple[Key, str, int], ...], gone: tuple[Left, ...]) -> Line:
    return line(
        _took_place(done),
        " ",
        say_count("Keys began or ended {count} time.", "Keys began or ended {count} times.", len(moved)),
        " ",
        say_count(
            "{count} person, agent or service left or was disabled.",
            "{count} people, agents and services left or were disabled.",
            len(gone),
        )
        if gone
        else say("Nobody is recorded as having left."),
    )


def _name_of(view: PeriodView) -> Callable[[str], Text]:
    people = Directory(view.dossier.records)
    return lambda principal: named(people.principal(principal))


def _approvers(view: PeriodView) -> list[tuple[str, str | None]]:
    """The role that each policy asks of approvers; its name where there are several."""
    several = len(view.parts) > 1
    return [
        (part.policy.name if several else "", cast("str | None", part.policy.shared["approver_role"]))
        for part in view.parts
    ]


def _reviews(view: PeriodView, done: tuple[Reviewed, ...]) -> list[Block]:
    body = tuple(
        Row(
            (
                line(number(item.fact.record.index), " ", quiet(ledger_time(item.fact.record))),
                line(view.project_name(str(item.fact.record.event.context.project))),
                line(named(item.fact.approver)),
                line(absence(item.grants.state))
                if isinstance(item.grants, Absent)
                else line(say_count("{count} grant", "{count} grants", len(item.grants))),
                line(number(item.ended)),
                line(item.fact.approval.decision if item.fact.withdrawn_by is None else say("withdrawn")),
            )
        )
        for item in done
    )
    shown, rest = cut(body, MOST, "approvals")
    return [
        Table(
            columns(
                (say("Entry, ledger time"), 24),
                (say("Project"), 20),
                (say("Reviewed by"), 22),
                (say("Looked at"), 12),
                (say("Ended"), 8),
                (say("Decision"), 14),
            ),
            shown,
            words(say("No access review is recorded in the period.")),
            words(say("Access reviews")),
            "small",
        ),
        *rest,
    ]


def _leavers(view: PeriodView, gone: tuple[Left, ...]) -> list[Block]:
    body: list[Row] = []
    for item in gone:
        party = view.dossier.parties.get(item.principal)
        left = item.open_grants + item.open_keys
        body.append(
            Row(
                (
                    line(short_principal(item.principal) if party is None else named(party)),
                    joined(
                        [line(_end_words(record), quiet(f" {ledger_time(record)}")) for record in item.records], "; "
                    ),
                    line(status(Mark.PASS, say("None")))
                    if not left
                    else line(status(Mark.FAIL, say_count("{count} key or role", "{count} keys or roles", left))),
                ),
                hit=bool(left),
            )
        )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns((say("Who"), 26), (say("What ended, entry and time"), 54), (say("Still in force"), 20)),
            shown,
            words(say("Nobody left and nobody was disabled in the period.")),
            words(say("Leavers")),
            "small",
        ),
        *rest,
    ]


def _end_words(record: Record) -> str:
    match record.event.body:
        case RoleEnd():
            return say("a role, entry {entry},", entry=number(record.index))
        case PrincipalDisable():
            return say("everything, entry {entry},", entry=number(record.index))
        case _:
            return say("a key, entry {entry},", entry=number(record.index))


def _grants(view: PeriodView) -> list[Block]:
    roster = view.dossier.records.roster
    body: list[Row] = []
    for grant in grants_of(view):
        party = view.dossier.parties.get(person_behind(roster, grant.principal, view.dossier.end))
        ended = grant.until is not None and grant.until <= view.dossier.end
        why = why_ended(view.dossier.records, grant)
        body.append(
            Row(
                (
                    line(capture(grant.role, limit=60)),
                    line(short_principal(grant.principal) if party is None else named(party)),
                    line(say("everywhere"))
                    if grant.projects is None
                    else joined(
                        [
                            line(view.project_name(project))
                            for project in grant.projects
                            if project in view.dossier.projects
                        ]
                    ),
                    line(_scope(grant.paths, grant.risks)),
                    line(held_from(view, grant.since)),
                    joined([line(held_from(view, grant.until)), *([line(why)] if why else [])])
                    if grant.until is not None and ended
                    else line(quiet(say("in force"))),
                )
            )
        )
    shown, rest = cut(body, MOST, "entries")
    return [
        Heading(words(say("Roles held in the period"))),
        Table(
            columns(
                (say("Role"), 12),
                (say("Who"), 20),
                (say("Where"), 11),
                (say("For"), 11),
                (say("From, UTC"), 23),
                (say("Until, UTC"), 23),
            ),
            shown,
            words(say("Nobody held a role that reaches these projects.")),
            None,
            "dense",
        ),
        *rest,
    ]


def _scope(paths: tuple[str, ...] | None, risks: tuple[str, ...] | None) -> str:
    parts = [*(paths or ()), *(say("risk {risk}", risk=risk) for risk in risks or ())]
    return ", ".join(parts) or say("everything")
