"""Who may approve, release and deploy, and what a key may sign, told alike by the packs of releases and of periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.roster import COLLECTOR, PrincipalDisable, RoleEnd
from ledger.roster.state import in_force
from reports.parts import Line, Paragraph, Row, Table, line, words
from reports.release.said import columns, joined, quiet
from reports.say import say, say_count, to_say
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger.records import Records
    from ledger.roster.state import Grant, Key, Principal, Roster
    from reports.parts import Block
    from reports.text import Text

MOST_NAMES: Final = 12
"""Names printed in a cell; the rest is counted."""
KEPT: Final = {
    "device": to_say("file of its holder"),
    "hardware": to_say("security key"),
    "pipeline": to_say("pipeline"),
}


def kept_in(key: Key) -> Line:
    """Where the private key is kept, as whoever enrolled it declared."""
    if key.custody is None:
        return line(quiet(say("not declared")))
    return line(say(KEPT[key.custody]) if key.custody in KEPT else key.custody)


def may_sign(key: Key) -> str:
    """Every kind of event that a key may sign."""
    return say("anything that a person may") if key.kinds is None else ", ".join(key.kinds)


def with_keys(roster: Roster, position: int) -> tuple[Principal, ...]:
    """Everybody in force at ``position`` who holds a key in force there."""
    holders = {key.principal for key in roster.keys.values() if in_force(key.since, key.until, position)}
    return tuple(
        one for one in roster.principals.values() if one.id in holders and in_force(one.since, one.until, position)
    )


def why_ended(records: Records, grant: Grant) -> str:
    """Why a role ended, as the act says; empty where none is at hand."""
    for record in records.entries:
        match record.event.body:
            case RoleEnd(grant=ended, reason=reason) if ended == grant.envelope:
                return reason
            case PrincipalDisable(principal=principal) if (
                principal == grant.principal and record.index + 1 == grant.until
            ):
                return say("its holder was disabled")
            case _:
                pass
    return ""


def still_held(roster: Roster, principal: str, position: int) -> str:
    """What somebody holds at ``position`` yet, of whom something ended."""
    roles = sum(one.principal == principal and in_force(one.since, one.until, position) for one in roster.grants)
    keys = sum(one.principal == principal and in_force(one.since, one.until, position) for one in roster.keys.values())
    if not roles and not keys:
        return say("holds no role and no key any more")
    return say(
        "still holds {roles} and {keys}",
        roles=say_count("{count} role", "{count} roles", roles),
        keys=say_count("{count} key", "{count} keys", keys),
    )


def allowed(
    roster: Roster, position: int, name: Callable[[str], Text], approvers: Sequence[tuple[str, str | None]]
) -> tuple[Block, ...]:
    """Who may approve, release and deploy at ``position``.

    ``approvers`` holds, for each policy that judges, its name where there are several, and the role that it asks of
    approvers; None: anybody enrolled as a person.
    """
    held = with_keys(roster, position)
    people = [one for one in held if one.type == "person"]

    def signing(kind: str) -> list[Principal]:
        return [
            one
            for one in held
            if one.type == "service"
            and any(
                key.principal == one.id and in_force(key.since, key.until, position) and kind in (key.kinds or ())
                for key in roster.keys.values()
            )
        ]

    def holding(role: str) -> list[Principal]:
        holders = {
            one.principal for one in roster.grants if one.role == role and in_force(one.since, one.until, position)
        }
        return [one for one in people if one.id in holders]

    rows: list[Row] = []
    for policy, role in approvers:
        what = say("Approve, by the policy {policy}", policy=policy) if policy else say("Approve")
        if role is None:
            rows.append(
                _row(
                    what,
                    _names(name, people),
                    say("anybody enrolled as a person, with a key in force; no role is asked for"),
                )
            )
        else:
            rows.append(
                _row(
                    what,
                    _names(name, holding(role)),
                    say("people who hold the role {role} and a key in force", role=role),
                )
            )
    rows += [
        _row(
            say("Bring approvals that a forge attests"),
            _names(name, [*holding(COLLECTOR), *signing("approval")]),
            say("people with the role collector, and services whose key lists approvals"),
        ),
        _row(
            say("Record a release"),
            _names(name, [*people, *signing("release")]),
            say("people with a key in force, and services whose key lists releases"),
        ),
        _row(
            say("Record a deployment"),
            _names(name, [*people, *signing("deploy")]),
            say("people with a key in force, and services whose key lists deployments"),
        ),
    ]
    return (
        Table(
            columns((say("May"), 20), (say("Who, at this position"), 46), (say("Because"), 34)),
            tuple(rows),
            words(say("Nobody.")),
            words(say("Who may approve, release and deploy")),
            "small",
        ),
        Paragraph(
            line(
                say(
                    "This is from whom the ledger takes such an entry. Who can merge at the forge, or deploy to an "
                    "environment, is decided there and not recorded here."
                )
            ),
            small=True,
        ),
    )


def _row(what: str, who: Line, because: str) -> Row:
    return Row((line(what), who, line(because)))


def _names(name: Callable[[str], Text], found: Iterable[Principal]) -> Line:
    listed = list(dict.fromkeys(name(one.id) for one in found))
    shown = joined([line(one) for one in listed[:MOST_NAMES]])
    more = len(listed) - MOST_NAMES
    if more > 0:
        return (*shown, *line(say(" and {count} more", count=number(more))))
    return shown or line(quiet(say("nobody")))
