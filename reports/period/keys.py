"""Keys and principals: how keys came and went, and which accounts are one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import Directory, read_card
from ledger.records import Absent
from ledger.roster.state import key_in_force, person_behind
from reports.holders import kept_in, may_sign
from reports.parts import Heading, Line, Paragraph, Row, Table, line, words
from reports.period.shown import cut, held_from
from reports.release.said import (
    absence,
    code,
    columns,
    digest_line,
    joined,
    named,
    quiet,
    short_principal,
    sort_of,
)
from reports.say import say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.roster.state import Key
    from reports.parts import Block
    from reports.period.view import PeriodView

PEOPLE: Final = "people"
"""Anchor of the table of persons, agents and services."""
MOST: Final = 25
"""Rows printed of each table; the rest is counted."""


def keys_moved(view: PeriodView) -> tuple[tuple[Key, str, int], ...]:
    """Keys that began or ended in the period, with what happened and the position from which it held."""
    first, end = view.dossier.first, view.dossier.end
    found: list[tuple[Key, str, int]] = []
    for key in view.dossier.records.roster.keys.values():
        if first < key.since <= end:
            found.append((key, "enrolled", key.since))
        if key.until is not None and first < key.until <= end:
            found.append((key, key.ended_by or "end", key.until))
    return tuple(sorted(found, key=lambda item: (item[2], item[1])))


def key_blocks(view: PeriodView, moved: tuple[tuple[Key, str, int], ...]) -> list[Block]:
    """The table of keys."""
    words_of = {
        "enrolled": say("enrolled"),
        "end": say("ended"),
        "rotate": say("rotated away"),
        "revoke": say("revoked"),
    }
    body: list[Row] = []
    for key, what, position in moved:
        party = view.dossier.parties.get(key.principal)
        said: Line = line(words_of.get(what, what))
        if what != "enrolled" and key.reason is not None:
            said = (*said, *line(quiet(f" {key.reason}")))
        if what == "revoke" and key.compromised_since is not None:
            said = (
                *said,
                *line(quiet(say(", compromised since position {position}", position=number(key.compromised_since)))),
            )
        body.append(
            Row(
                (
                    line(held_from(view, position)),
                    line(short_principal(key.principal) if party is None else named(party)),
                    said,
                    digest_line(key.id),
                    kept_in(key),
                ),
                hit=what == "revoke",
            )
        )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns(
                (say("When, UTC"), 25),
                (say("Whose"), 23),
                (say("What"), 22),
                (say("Key id"), 17),
                (say("Kept in"), 13),
            ),
            shown,
            words(say("No key began or ended in the period.")),
            words(say("Key lifecycle")),
            "dense",
        ),
        *rest,
    ]


def keys_held(view: PeriodView) -> list[Block]:
    """Every key in force at the end of the period, whole, so that one can be compared with its holder's own."""
    roster, end = view.dossier.records.roster, view.dossier.end
    people = Directory(view.dossier.records)
    shown, rest = cut(
        [
            Row(
                (
                    digest_line(key.id, full=True),
                    line(named(people.principal(key.principal))),
                    kept_in(key),
                    line(may_sign(key)),
                )
            )
            for key in roster.keys.values()
            if key_in_force(roster, key, end)
        ],
        MOST,
        "principals",
    )
    return [
        Table(
            columns(
                (say("Key, whole"), 33),
                (say("Of"), 20),
                (say("Kept in, as declared"), 13),
                (say("May sign"), 34),
            ),
            shown,
            words(say("No key is in force.")),
            words(say("Keys in force at the end of the period")),
            "dense",
        ),
        *rest,
    ]


def people_blocks(view: PeriodView) -> list[Block]:
    """Who is who: one row a principal, with what its card claims, so that two accounts of one person are seen."""
    records = view.dossier.records
    body: list[Row] = []
    for principal in records.roster.principals.values():
        if principal.since > view.dossier.end or (
            principal.until is not None and principal.until <= view.dossier.first
        ):
            continue
        party = view.dossier.parties.get(principal.id)
        stands_for = person_behind(records.roster, principal.id, view.dossier.end)
        keys = [key for key in records.roster.keys.values() if key.principal == principal.id]
        card = read_card(records.content(principal.cards[-1].content)) if principal.cards else Absent("missing")
        accounts: Line
        if isinstance(card, Absent):
            accounts = line(quiet(absence(card.state)))
        else:
            accounts = joined(
                [
                    line(code(capture(f"{item.system}: {item.mail or item.login or item.id or ''}", limit=60)))
                    for item in card.accounts[:3]
                ]
            ) or line(quiet(say("claims none")))
            if len(card.accounts) > 3:
                accounts = (*accounts, *line(" ", say("and {more} more", more=number(len(card.accounts) - 3))))
        body.append(
            Row(
                (
                    line(short_principal(principal.id) if party is None else named(party)),
                    line(quiet(principal.type if party is None else sort_of(party))),
                    line(code(short_principal(principal.id)))
                    if stands_for == principal.id
                    else line(
                        code(short_principal(principal.id)),
                        " ",
                        say("is one with {principal}", principal=short_principal(stands_for)),
                    ),
                    line(number(len(keys))),
                    accounts,
                )
            )
        )
    shown, rest = cut(body, MOST, "principals")
    return [
        Heading(words(say("Who is who")), PEOPLE),
        Table(
            columns(
                (say("Name"), 23),
                (say("Sort"), 9),
                (say("Principal"), 19),
                (say("Keys ever enrolled"), 12),
                (say("Accounts that its card claims"), 37),
            ),
            shown,
            words(say("Nobody is enrolled.")),
            None,
            "dense",
        ),
        *rest,
        Paragraph(
            line(
                say(
                    "Rules compare principals, never names. Two accounts are one person exactly if one card claims "
                    "both, or an administrator joined their principals."
                )
            ),
            small=True,
        ),
    ]
