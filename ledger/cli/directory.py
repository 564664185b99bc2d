"""Who is who in a ledger: its roster, replayed from the signed entries of its own stream, with names from cards.

Nothing here is believed because the server says it. Each entry's envelope, signature, authority and link to the one
before is checked with the same core that the server uses, from genesis, whose leaf digest is the ledger id of the
anchor. The checkpoint's last entry says how many entries the stream has, so that a newer revocation cannot be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.digests import Digest, from_raw
from ledger.entry import FIRST, LEDGER_STREAM, leaf_digest
from ledger.envelope import check_signature, open_envelope
from ledger.errors import ChainError, NotFoundError
from ledger.events.roster import Genesis
from ledger.events.statement import Event, read_payload
from ledger.records import Record
from ledger.roster.acts import advance, found
from ledger.roster.authority import authorise
from ledger.roster.state import key_in_force, person_behind, principal_in_force, principals_of, roles_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.anchor import Anchor
    from ledger.documents import Card
    from ledger.entry import Leaf
    from ledger.roster.state import Key, Principal, Project, Roster

SHORT_ID: Final = 8
"""Hex digits of an id that people are shown."""
MOST_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True)
class Directory:
    """The roster at a position, with names as far as their cards are held."""

    roster: Roster
    records: tuple[Record, ...]
    """The entries of the ledger's own stream, oldest first."""
    cards: Mapping[Digest, Card]
    """By commitment; an erased or missing card is absent."""
    position: int
    names_closed: bool = False
    """Whether the token does not open contents, so that ids stand for all names not cached."""

    def principal(self, text: str, *, among: Iterable[Principal] | None = None) -> Principal:
        """The principal in force that ``text`` names: an id or the start of one, a name or a part of it, an account.

        Where it names several that were merged, the one that stands for them. ``among`` looks at these instead.

        Raises:
            NotFoundError: ``unknown-principal`` or ``ambiguous-name``, with the candidates' ids.
        """
        known = [
            item
            for item in (self.roster.principals.values() if among is None else among)
            if among is not None or principal_in_force(self.roster, item.id, self.position)
        ]
        for fits in (self._is_exactly, self._is_partly):
            matching = [item for item in known if fits(item, text.strip())]
            persons = {self.person(item.id) for item in matching}
            if len(persons) == 1 and len(matching) > 1:
                matching = [item for item in matching if item.id in persons] or matching
            if len(matching) == 1:
                return matching[0]
            if matching:
                raise _ambiguous([item.id for item in matching], "evidence people list")
        raise NotFoundError(
            "unknown-principal",
            "no principal of this name, account or id is in force",
            details={"asked_for": text},
            remedy="See who is known: evidence people list",
        )

    def person(self, principal: str) -> str:
        """The principal that stands for ``principal``: itself, unless it was merged."""
        return person_behind(self.roster, principal, self.position)

    def project(self, text: str) -> Project:
        """The declared project that ``text`` names: an id or the start of one, or its name.

        Raises:
            NotFoundError: ``unknown-project`` or ``ambiguous-name``.
        """
        known = [item for item in self.roster.projects.values() if item.until is None or item.until > self.position]
        wanted = text.strip()
        matching = [item for item in known if wanted == item.id]
        matching = matching or [item for item in known if self.project_name(item.id).casefold() == wanted.casefold()]
        matching = matching or [item for item in known if len(wanted) > 6 and item.id.startswith(wanted)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise _ambiguous([item.id for item in matching], "evidence project list")
        raise NotFoundError(
            "unknown-project",
            "no project of this name or id is declared",
            details={"asked_for": text},
            remedy="See which are: evidence project list. Declare it: evidence project declare NAME",
        )

    def name(self, principal: str) -> str:
        """The name on the latest card of a principal; its id where no card is held."""
        found_ = self.roster.principals.get(principal)
        if found_ is not None and found_.type == "recovery":
            return "recovery key"
        card = None if found_ is None else self.card(found_)
        return short_id(principal) if card is None else card.name

    def project_name(self, project: str) -> str:
        """The name on the latest card of a project; its id where no card is held."""
        found_ = self.roster.projects.get(project)
        card = None if found_ is None else self.card(found_)
        return short_id(project) if card is None else card.name

    def card(self, item: Principal | Project) -> Card | None:
        """The latest card of a principal or project; None where its content is not held."""
        return self.cards.get(item.cards[-1].content.commitment) if item.cards else None

    def roles(self, principal: str, project: str) -> tuple[str, ...]:
        """The roles in force for a project of every principal that is one with ``principal``, ascending."""
        held = {
            grant.role
            for one in principals_of(self.roster, principal, self.position)
            for grant in roles_at(self.roster, one, project, self.position)
        }
        return tuple(sorted(held))

    def keys_of(self, principal: str) -> tuple[Key, ...]:
        """The keys of a principal that are in force."""
        return tuple(
            key
            for key in self.roster.keys.values()
            if key.principal == principal and key_in_force(self.roster, key, self.position)
        )

    def key(self, text: str) -> Key:
        """The key that ``text`` names: a key id, or the start of its hex digits.

        Raises:
            NotFoundError: ``unknown-key`` or ``ambiguous-name``.
        """
        wanted = text.strip().removeprefix("sha256:")
        matching = [
            key for key in self.roster.keys.values() if len(wanted) >= SHORT_ID and key.id[7:].startswith(wanted)
        ]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise _ambiguous([key.id for key in matching], "evidence key list")
        raise NotFoundError(
            "unknown-key", "no key of this id was ever enrolled", remedy="See which are: evidence key list"
        )

    def _is_exactly(self, item: Principal, text: str) -> bool:
        card = self.card(item)
        if text == item.id:
            return True
        if card is None:
            return False
        accounts = {value for account in card.accounts for value in (account.mail, account.login, account.id) if value}
        return text.casefold() in {card.name.casefold(), *map(str.casefold, accounts)}

    def _is_partly(self, item: Principal, text: str) -> bool:
        card = self.card(item)
        if text.startswith("p_") and len(text) >= SHORT_ID and item.id.startswith(text):
            return True
        return card is not None and text.casefold() in card.name.casefold().split()


def short_id(identifier: str) -> str:
    """An id as people are shown it, long enough to be looked up again."""
    head, mark, digits = identifier.partition(":" if ":" in identifier else "_")
    return f"{head}{mark}{digits[:SHORT_ID]}"


def replay(anchor: Anchor, entries: Iterable[tuple[Leaf, bytes]]) -> tuple[Roster, tuple[Record, ...]]:
    """The roster after ``entries``, which are the ledger's own stream from genesis on, and each entry's meaning.

    Not checked: that the entries are in the log's tree, and that these are all; ``check_whole`` does both.

    Raises:
        ChainError: ``broken-stream``, ``other-ledger``, ``wrong-envelope`` or ``not-understood``.
        SignatureError, AuthorityError, ConflictError, FormatError: an entry that no honest server admits.
    """
    roster: Roster | None = None
    records: list[Record] = []
    previous = FIRST
    for number, (leaf, data) in enumerate(entries):
        if leaf.stream != LEDGER_STREAM or leaf.stream_index != number or leaf.stream_previous != previous:
            raise ChainError("broken-stream", "the ledger's own stream is not whole", details={"index": leaf.index})
        if leaf.roster != number:
            raise ChainError(
                "broken-stream", "an entry miscounts the ledger's own stream", details={"index": leaf.index}
            )
        previous = leaf_digest(leaf).hex()
        envelope = open_envelope(data)
        event = read_payload(envelope.payload)
        if envelope.digest != leaf.envelope or envelope.key_id != leaf.key_id:
            raise ChainError(
                "wrong-envelope", "an envelope is not the one its leaf names", details={"index": leaf.index}
            )
        if not isinstance(event, Event):
            raise ChainError(
                "not-understood",
                "an act of a kind that this program does not know: update it",
                details={"index": leaf.index},
            )
        if event.kind != leaf.kind:
            raise ChainError(
                "wrong-envelope", "an event is not of the kind its leaf names", details={"index": leaf.index}
            )
        if roster is None:
            if leaf.index != 0 or from_raw(leaf_digest(leaf)) != anchor.ledger or not isinstance(event.body, Genesis):
                raise ChainError(
                    "other-ledger", "the server's genesis is not that of ledger.pub", details={"index": leaf.index}
                )
            roster = found(anchor.ledger, envelope.digest, event.context, event.body)
            key = roster.keys[envelope.key_id]
            check_signature(envelope, key.public)
        else:
            key = authorise(roster, leaf.index, envelope.key_id, event)
            check_signature(envelope, key.public)
            roster = advance(roster, leaf.index, envelope.digest, key.principal, event)
        records.append(Record(leaf, event, roster.keys[envelope.key_id]))
    if roster is None:
        raise ChainError("broken-stream", "the server has no entry of the ledger's own stream")
    return roster, tuple(records)


def check_whole(roster: Roster, last: Leaf) -> None:
    """Nothing, if ``roster`` took in every ledger-stream entry up to ``last``, the last entry of a checkpoint.

    Raises:
        ChainError: ``roster-incomplete``.
    """
    count = last.roster + (1 if last.stream == LEDGER_STREAM else 0)
    if roster.count != count:
        raise ChainError(
            "roster-incomplete",
            "the server left out entries of the ledger's own stream",
            details={"found": roster.count, "expected": count},
        )


def _ambiguous(candidates: list[str], listing: str) -> NotFoundError:
    # Ids only: names are contents, and an error may stand in a log that outlives their erasure.
    return NotFoundError(
        "ambiguous-name",
        "several have this name",
        details={f"candidate_{number}": text for number, text in enumerate(candidates[:MOST_CANDIDATES], start=1)},
        remedy=f"Give an id; whose it is: {listing}",
    )
