"""People, keys and roles as of the release: who may do what since when, with which keys, and who reviewed the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import read_card
from ledger.records import Absent
from ledger.roster.state import in_force
from reports.parts import Break, Heading, Paragraph, Row, Section, Table, line, words
from reports.release.governed import governance_of, scope_words
from reports.release.places import SECTIONS
from reports.release.said import (
    NAME,
    NONE,
    absence,
    columns,
    digest_line,
    ledger_time,
    named,
    quiet,
    strong,
)
from reports.say import say, say_count
from reports.text import capture

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from ledger.roster.state import Grant, Key, Principal
    from reports.parts import Block, Inline, Line
    from reports.release.governed import Governance
    from reports.release.view import View
    from reports.text import Text

ANCHOR: Final = "access"
PEOPLE: Final = "people"
"""Anchor of people and accounts."""
ROLES: Final = "roles"
"""Anchor of roles and keys."""
MOST: Final = 120
"""Rows of each table; the rest is counted."""
ACCOUNTS: Final = 4
"""Accounts named of one person; the rest is counted."""


def access(view: View) -> Section:
    """The section."""
    governance = governance_of(view)
    people = _principals(view, governance)
    grants = _ordered(governance)
    keys = _keys(governance)
    position = governance.records.position
    return Section(
        ANCHOR,
        "14",
        words(say(SECTIONS[ANCHOR])),
        words(say("Who is who, who could approve and deploy, with which keys, and who looked at that list?")),
        line(
            say(
                "{people} took part or hold a role; {grants} and {keys} are in force at this position. {ended} ended "
                "{since}.",
                people=say_count(
                    "{count} person, agent or service", "{count} people, agents and services", len(people)
                ),
                grants=say_count(
                    "{count} role", "{count} roles", sum(in_force(one.since, one.until, position) for one in grants)
                ),
                keys=say_count(
                    "{count} key", "{count} keys", sum(in_force(one.since, one.until, position) for one in keys)
                ),
                ended=say_count(
                    "{count} role or key was",
                    "{count} roles and keys were",
                    sum(not in_force(one.since, one.until, position) for one in grants)
                    + sum(not in_force(one.since, one.until, position) for one in keys),
                ),
                since=say("since the previous release") if governance.since else say("before it"),
            )
        ),
        (
            Heading(words(say("People and accounts")), PEOPLE),
            *_people(governance, people),
            Heading(words(say("Roles and keys")), ROLES),
            *_roles(governance, grants),
            *_reviews(view),
            *_key_table(governance, keys),
        ),
    )


def _principals(view: View, governance: Governance) -> tuple[Principal, ...]:
    """Whoever signed or acted in an attached event, or holds a role, people first."""
    roster = governance.records.roster
    wanted = {record.key.principal for record in governance.records.entries}
    wanted |= set(view.dossier.parties)
    wanted |= {grant.principal for grant in roster.grants}
    sorts = ("person", "agent", "service", "recovery")
    found = [roster.principals[one] for one in wanted if one in roster.principals]
    return tuple(sorted(found, key=lambda one: (sorts.index(one.type), governance.name(one.id).plain, one.id)))


def _people(governance: Governance, people: tuple[Principal, ...]) -> tuple[Block, ...]:
    return (
        Paragraph(
            line(
                say(
                    "One line is one principal, over all its keys and accounts: two accounts on one line are the same "
                    "person, as the name card that an administrator recorded says. Rules compare principals, never "
                    "names."
                )
            ),
            small=True,
        ),
        Table(
            columns(
                (say("Name"), 24),
                (say("Sort"), 9),
                (say("Accounts, by the name card in force"), 36),
                (say("Since, UTC"), 19),
                (say("One with"), 12),
            ),
            tuple(_person(governance, one) for one in people[:MOST]),
            words(say("Nobody is known.")),
            None,
            "dense",
        ),
        *_rest(len(people) - MOST),
    )


def _person(governance: Governance, one: Principal) -> Row:
    person = governance.people.person(one.id)
    ended = one.until is not None and one.until <= governance.records.position
    since = line(governance.held_from(one.since))
    if ended and one.until is not None:
        since = (*since, *line(Break(), strong(say("disabled")), quiet(f" {governance.held_from(one.until)}")))
    return Row(
        (
            line(governance.name(one.id)),
            line(one.type),
            _accounts(governance, one),
            since,
            line(quiet(NONE)) if person == one.id else line(governance.name(person)),
        )
    )


def _accounts(governance: Governance, one: Principal) -> Line:
    if not one.cards:
        return line(quiet(say("no name card")))
    card = read_card(governance.records.content(one.cards[-1].content))
    if isinstance(card, Absent):
        return line(strong(say("name card {state}", state=absence(card.state))))
    said: list[Inline | Text] = []
    for account in card.accounts[:ACCOUNTS]:
        known = account.mail or account.login or account.id or ""
        said += (
            [Break(), capture(f"{known} ({account.system})", limit=NAME)]
            if said
            else [capture(f"{known} ({account.system})", limit=NAME)]
        )
    if len(card.accounts) > ACCOUNTS:
        said.append(quiet(say(" and {count} more", count=len(card.accounts) - ACCOUNTS)))
    return line(*said) if said else line(quiet(say("none")))


def _ordered(governance: Governance) -> tuple[Grant, ...]:
    return tuple(
        sorted(governance.grants(), key=lambda one: (one.role, governance.name(one.principal).plain, one.since))
    )


def _roles(governance: Governance, grants: tuple[Grant, ...]) -> tuple[Block, ...]:
    return (
        Table(
            columns(
                (say("Role"), 18),
                (say("Held by"), 23),
                (say("Where"), 20),
                (say("Since, UTC"), 20),
                (say("Until, UTC"), 19),
            ),
            tuple(
                Row(
                    (
                        line(one.role),
                        line(governance.name(one.principal)),
                        line(capture(scope_words(governance, one), limit=200)),
                        _since(governance, one.since),
                        _until(governance, one.until, None),
                    )
                )
                for one in grants[:MOST]
            ),
            words(say("Nobody holds a role.")),
            words(say("Roles in force, those new since the previous release marked, and those that ended since")),
            "dense",
        ),
        *_rest(len(grants) - MOST),
    )


def _since(governance: Governance, position: int) -> Line:
    new = governance.since and position > governance.since
    said = line(governance.held_from(position))
    return (*said, *line(" ", strong(say("new")))) if new else said


def _until(governance: Governance, position: int | None, why: str | None) -> Line:
    if position is None or position > governance.records.position:
        return line(quiet(say("in force")))
    return line(governance.held_from(position), "" if why is None else quiet(f", {why}"))


def _keys(governance: Governance) -> tuple[Key, ...]:
    """Keys in force, or that ended since the previous release; those of people first."""
    roster, position = governance.records.roster, governance.records.position
    found = [
        key
        for key in roster.keys.values()
        if in_force(key.since, key.until, position) or (key.until is not None and key.until > governance.since)
    ]

    def rank(key: Key) -> tuple[bool, str, int]:
        principal = roster.principals.get(key.principal)
        return principal is None or principal.type != "person", governance.name(key.principal).plain, key.since

    return tuple(sorted(found, key=rank))


def _key_table(governance: Governance, keys: tuple[Key, ...]) -> tuple[Block, ...]:
    return (
        Table(
            columns(
                (say("Key"), 15),
                (say("Of"), 20),
                (say("Held in, as declared"), 11),
                (say("May sign"), 15),
                (say("Since, UTC"), 20),
                (say("Until, UTC"), 19),
            ),
            tuple(
                Row(
                    (
                        digest_line(key.id),
                        line(governance.name(key.principal)),
                        line(quiet(say("not declared")) if key.custody is None else key.custody),
                        _may_sign(key),
                        _since(governance, key.since),
                        _until(governance, key.until, key.ended_by),
                    )
                )
                for key in keys[:MOST]
            ),
            words(say("No key is in force.")),
            words(say("Keys in force, those new since the previous release marked, and those that ended since")),
            "dense",
        ),
        *_rest(len(keys) - MOST),
    )


def _may_sign(key: Key) -> Line:
    if key.kinds is None:
        return line(say("what its holder may"))
    shown = ", ".join(key.kinds[:3])
    more = say(" and {count} more", count=len(key.kinds) - 3) if len(key.kinds) > 3 else ""
    return line(shown + more)


def _reviews(view: View) -> tuple[Block, ...]:
    reviews = view.dossier.surroundings.access_reviews
    return (
        Table(
            columns(
                (say("Entry"), 8),
                (say("Ledger time, UTC"), 20),
                (say("Reviewed by"), 26),
                (say("Decision"), 20),
                (say("Roster reviewed"), 26),
            ),
            tuple(_review(fact) for fact in reviews),
            words(say("Nobody reviewed who may do what: no access review is recorded up to this position.")),
            words(say("Access reviews")),
            "dense",
        ),
    )


def _review(fact: ApprovalFact) -> Row:
    position = fact.approval.basis.roster
    return Row(
        (
            line(str(fact.record.index)),
            line(ledger_time(fact.record)),
            line(named(fact.approver)),
            line(fact.approval.decision, "" if fact.standing else quiet(say(", no longer stands"))),
            line(quiet(say("not stated")) if position is None else say("at position {position}", position=position)),
        )
    )


def _rest(count: int) -> tuple[Block, ...]:
    if count <= 0:
        return ()
    said = say_count(
        "{count} more is not printed; all of them are in the attached bundle.",
        "{count} more are not printed; all of them are in the attached bundle.",
        count,
    )
    return (Paragraph(line(said), small=True),)
