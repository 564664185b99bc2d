"""People, keys and roles as of the release: who may do what since when, with which keys, and who reviewed the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import read_card
from ledger.records import Absent
from ledger.roster.state import in_force
from reports.holders import allowed, kept_in, may_sign, still_held, why_ended, with_keys
from reports.parts import Break, Heading, Paragraph, Row, Section, Table, line, say_count_line, words
from reports.release.governed import governance_of, scope_words
from reports.release.places import SECTIONS
from reports.release.said import (
    NAME,
    NONE,
    absence,
    columns,
    digest_line,
    joined,
    ledger_time,
    named,
    quiet,
    strong,
)
from reports.say import say, say_count, to_say
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
                "{people} took part, or hold a role or a key; {grants} and {keys} are in force at this position. "
                "{ended} ended {since}.",
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
                since=_begun(governance),
            )
        ),
        (
            Heading(words(say("People and accounts")), PEOPLE),
            *_people(governance, people),
            Heading(words(say("Roles and keys")), ROLES),
            *allowed(
                governance.records.roster,
                position,
                governance.name,
                (("", cast("str | None", view.policy.shared["approver_role"])),),
            ),
            *_roles(governance, grants),
            *_reviews(view),
            *_key_table(governance, keys),
        ),
    )


def _begun(governance: Governance) -> str:
    return say("since the previous release") if governance.since else say("since the ledger was founded")


def _principals(view: View, governance: Governance) -> tuple[Principal, ...]:
    """Whoever signed or acted in an attached event, holds a role or a key in force; people first."""
    roster = governance.records.roster
    wanted = {record.key.principal for record in governance.records.entries}
    wanted |= set(view.dossier.parties)
    wanted |= {grant.principal for grant in roster.grants}
    wanted |= {one.id for one in with_keys(roster, governance.records.position)}
    sorts = ("person", "agent", "service", "recovery")
    found = [roster.principals[one] for one in wanted if one in roster.principals]
    return tuple(sorted(found, key=lambda one: (sorts.index(one.type), governance.name(one.id).plain, one.id)))


def _people(governance: Governance, people: tuple[Principal, ...]) -> tuple[Block, ...]:
    return (
        Paragraph(
            line(
                say(
                    "One line is one principal, over all its keys and accounts. Its name card, which an administrator "
                    "recorded, says its name and which accounts are its own: two accounts on one line are the same "
                    "person. Where an administrator declared two lines to be the same person, the last column names "
                    "the other. Rules compare principals, never names."
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
                (say("Same person as"), 12),
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
                (say("Role"), 16),
                (say("Held by"), 21),
                (say("Where"), 15),
                (say("Since, UTC"), 19),
                (say("Until, UTC"), 29),
            ),
            tuple(
                Row(
                    (
                        line(one.role),
                        line(governance.name(one.principal)),
                        line(capture(scope_words(governance, one), limit=200)),
                        _since(governance, one.since),
                        _until(governance, one.principal, one.until, why_ended(governance.records, one)),
                    )
                )
                for one in grants[:MOST]
            ),
            words(say("Nobody holds a role.")),
            words(
                say("Roles in force, those new since the previous release marked, and those that ended since")
                if governance.since
                else say("Roles in force, and those that ended since the ledger was founded")
            ),
            "dense",
        ),
        *_rest(len(grants) - MOST),
    )


def _since(governance: Governance, position: int) -> Line:
    new = governance.since and position > governance.since
    said = line(governance.held_from(position))
    return (*said, *line(" ", strong(say("new")))) if new else said


def _until(governance: Governance, principal: str, position: int | None, why: str) -> Line:
    at = governance.records.position
    if position is None or position > at:
        return line(quiet(say("in force")))
    return line(
        say("{when}, {why}", when=governance.held_from(position), why=why) if why else governance.held_from(position),
        Break(),
        quiet(still_held(governance.records.roster, principal, at)),
    )


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
                (say("Key, whole"), 30),
                (say("Of"), 15),
                (say("Kept in, as declared"), 10),
                (say("May sign"), 18),
                (say("Since, UTC"), 13),
                (say("Until, UTC"), 14),
            ),
            tuple(
                Row(
                    (
                        digest_line(key.id, full=True),
                        line(governance.name(key.principal)),
                        kept_in(key),
                        line(may_sign(key)),
                        _since(governance, key.since),
                        _until(governance, key.principal, key.until, _why(key)),
                    )
                )
                for key in keys[:MOST]
            ),
            words(say("No key is in force.")),
            words(
                say("Keys in force, those new since the previous release marked, and those that ended since")
                if governance.since
                else say("Keys in force, and those that ended since the ledger was founded")
            ),
            "dense",
        ),
        *_rest(len(keys) - MOST),
        Paragraph(
            line(
                say(
                    "Where a key is kept is what whoever enrolled it declared: on a security key, which signs only "
                    "when touched, in a file of its holder, or by a pipeline."
                )
            ),
            small=True,
        ),
        *_sealing(governance),
    )


def _sealing(governance: Governance) -> tuple[Block, ...]:
    """The keys in force that seal packs: they are nobody's and sign no event, so they are in no table."""
    position = governance.records.position
    found = [
        digest_line(one.id, full=True)
        for one in governance.records.roster.certificates.values()
        if in_force(one.since, one.until, position)
    ]
    if not found:
        return ()
    return (
        Paragraph(
            say_count_line(
                "{count} key that seals packs is in force beside these. It signs no event: {keys}.",
                "{count} keys that seal packs are in force beside these. They sign no event: {keys}.",
                len(found),
                keys=joined(found),
            ),
            small=True,
        ),
    )


_ENDED: Final = {"end": to_say("ended"), "revoke": to_say("revoked"), "rotate": to_say("replaced by another")}


def _why(key: Key) -> str:
    """How a key ended and why, as the act says."""
    how = say(_ENDED[key.ended_by]) if key.ended_by in _ENDED else key.ended_by or ""
    return say("{how}: {reason}", how=how, reason=key.reason) if how and key.reason else how


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
