"""Who is behind an account or a principal id: parties, from name cards and merges (format §4.6, §6.1, §6.3).

A party is a person: the principal at the end of the chain of merges in force at the dossier's position, so that two
principals that turned out to be one count once, decide as one and cannot approve for each other.

An account belongs to whoever's card claimed it where it was seen. If no card did and every card of that time can be
read, it belongs to whoever's card claims it since, or claimed it until they left. A card that cannot be read may claim
anything, so it is remembered beside every account that was looked up while it was in force: erasing a card can make an
answer unknown and never another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.documents import GIT, CommitPerson, account_key, parse_account, parse_card
from ledger.documents import Card as CardDocument
from ledger.dossier.facts import Account, Party
from ledger.errors import FormatError
from ledger.records import Absent, Content, Record, Records
from ledger.roster.state import person_behind, roles_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.roster.state import Card, Grant, Principal, Project

AccountKey = tuple[str, str]

Sameness = Literal["yes", "no", "unknown"]
"""Whether two parties are one principal. Never a boolean: what cannot be told is neither."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A card's hold on something, as a range of positions."""

    person: str
    since: int
    until: int | None
    replaced: int | None
    """Position from which another card of the same principal says what it claims; None: none does."""

    def holds(self, position: int) -> bool:
        return self.since <= position and (self.until is None or position < self.until)

    def hints(self, now: int) -> bool:
        """Whether it says at ``now`` whose account it is that nobody claimed where it was seen.

        A card that came later does, and the last card of somebody who had left. One that was replaced does not, since
        whoever took an account off a card said that it is not theirs.
        """
        return self.since <= now and (self.replaced is None or now < self.replaced)


def read_card(content: Content) -> CardDocument | Absent:
    """The card that a content holds; ``Absent`` with ``unreadable`` if it holds something else."""
    if isinstance(content, Absent):
        return content
    try:
        return parse_card(content.data)
    except FormatError:
        return Absent("unreadable")


class Directory:
    """Everybody in the roster of ``records``, with what their cards claimed and when."""

    __slots__ = ("_claims", "_hidden", "_members", "_parties", "_persons", "_records")

    def __init__(self, records: Records) -> None:
        self._records = records
        self._claims: dict[AccountKey, list[_Claim]] = {}
        self._hidden: list[_Claim] = []
        self._persons: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._parties: dict[str, Party] = {}
        for principal in records.roster.principals.values():
            person = person_behind(records.roster, principal.id, records.position)
            self._persons[principal.id] = person
            self._members.setdefault(person, []).append(principal.id)
            for number, card in enumerate(principal.cards):
                replaced = principal.cards[number + 1].since if number + 1 < len(principal.cards) else None
                ends = [end for end in (replaced, principal.until) if end is not None]
                claim = _Claim(person, card.since, min(ends) if ends else None, replaced)
                self._take(claim, read_card(records.content(card.content)))

    def _take(self, claim: _Claim, card: CardDocument | Absent) -> None:
        if isinstance(card, Absent):
            self._hidden.append(claim)
            return
        for account in card.accounts:
            self._claims.setdefault(account_key(account.system, account.id, account.mail), []).append(claim)

    def person(self, identifier: str) -> str:
        """The principal that stands for a principal at the dossier's position: itself, unless it was merged."""
        return self._persons.get(identifier, identifier)

    def principal(self, identifier: str) -> Party:
        """The party of a principal that an event names: the person behind it, by that one's own card."""
        # Records are those of one position and never change, so a card is read once however many events name somebody.
        if identifier not in self._parties:
            self._parties[identifier] = self._party(identifier)
        return self._parties[identifier]

    def _party(self, identifier: str) -> Party:
        known = self._records.roster.principals.get(self.person(identifier))
        if known is None:
            return Party(identifier, None, None, "missing")
        name, state = self._name(known)
        return Party(known.id, known.type, name, state)

    def grants(self, person: str, project: str | None, at: int) -> tuple[Grant, ...]:
        """Grants in force at the position ``at`` for ``project``, of every principal that is one with ``person``."""
        members = self._members.get(person, (person,))
        return tuple(grant for one in members for grant in roles_at(self._records.roster, one, project, at))

    def account(self, account: Account, positions: Iterable[int]) -> Party:
        """The party behind an account that was seen at ``positions``."""
        at = set(positions)
        claims = self._claims.get(account_key(account.system, account.id, account.mail), [])
        found = {claim.person for claim in claims if any(map(claim.holds, at))}
        veiled = {claim.person for claim in self._hidden if any(map(claim.holds, at))}
        if not found and not veiled:
            now = self._records.position
            found = {claim.person for claim in claims if claim.hints(now)}
            veiled = {claim.person for claim in self._hidden if claim.hints(now)}
        claimants, hidden = tuple(sorted(found)), tuple(sorted(veiled - found))
        if len(claimants) != 1:
            return Party(None, None, None, "unresolved", account, bool(hidden), claimants, hidden)
        known = self.principal(claimants[0])
        return Party(
            known.principal, known.type, known.name, known.name_state, account, bool(hidden), claimants, hidden
        )

    def actor(self, record: Record) -> Party:
        """The party that acted in an event."""
        actor = record.event.context.actor
        if actor.principal is not None:
            return self.principal(actor.principal)
        reference = None if actor.account is None else record.event.context.content(actor.account)
        content = self._records.content(reference)
        if isinstance(content, Absent):
            return Party(None, None, None, content.state)
        try:
            found = parse_account(content.data)
        except FormatError:
            return Party(None, None, None, "unreadable")
        return self.account(Account(found.system, found.id, found.login, found.mail), (record.index,))

    def project_name(self, project: str) -> str | None:
        """The name on the project's latest card, if it can be read."""
        known = self._records.roster.projects.get(project)
        return None if known is None else self._name(known)[0]

    def _name(self, known: Principal | Project) -> tuple[str | None, str]:
        card: Card | None = None
        for item in known.cards:
            if item.since <= self._records.position:
                card = item
        if card is None:
            return None, "missing"
        read = read_card(self._records.content(card.content))
        return (None, read.state) if isinstance(read, Absent) else (read.name, "held")


def commit_account(person: CommitPerson) -> Account:
    """The account by which a commit names somebody."""
    return Account(GIT, mail=person.mail, name=person.name)


def sure(party: Party) -> bool:
    """Whether the party is one principal and no unreadable card could make it another."""
    return party.principal is not None and (party.account is None or not party.hidden)


def compare(one: Party, other: Party) -> Sameness:
    """Whether two parties are one principal, by principals alone.

    ``yes`` as soon as one principal stands behind both, also where an account has several claimants: whoever claims to
    have written something cannot be taken for somebody who did not. ``no`` takes parties that are resolved and no
    unreadable card that could join them.
    """
    if one.account is not None and other.account is not None and _key(one.account) == _key(other.account):
        return "yes"
    first, second = _behind(one), _behind(other)
    if first & second:
        return "yes"
    if not first or not second:
        return "unknown"
    veiled, veiled_other = set(one.hidden), set(other.hidden)
    return "unknown" if veiled & second or veiled_other & first or veiled & veiled_other else "no"


def _behind(party: Party) -> set[str]:
    if party.account is not None:
        return set(party.claimants)
    return set() if party.principal is None else {party.principal}


def _key(account: Account) -> AccountKey:
    return account_key(account.system, account.id, account.mail)
