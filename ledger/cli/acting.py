"""Acts of an administrator: signed with their key, delivered at once, told in words and as a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger.cli.words import in_words
from ledger.documents import parse_card
from ledger.errors import AuthorityError, LedgerError
from ledger.events.context import Actor
from ledger.making import new_context, seal_event
from ledger.roster.acts import needed
from ledger.roster.state import is_administrator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.events.roster import Act
    from ledger.making import NewContent

BATCH = 50
"""Acts in one delivery."""


@dataclass(frozen=True, slots=True)
class Step:
    """An act to be signed now."""

    act: Act
    contents: tuple[NewContent, ...] = ()

    @property
    def card(self) -> Card | None:
        """The name card that goes with it."""
        return next((parse_card(item.salted.data) for item in self.contents if item.name == "card"), None)


@dataclass(frozen=True, slots=True)
class Done:
    """An act that is in the log."""

    envelope: Digest
    index: int
    waits: bool
    """Whether it takes a second administrator before it holds."""
    words: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        state = "waiting" if self.waits else "in-force"
        return {"envelope": self.envelope, "index": self.index, "state": state, "act": list(self.words)}

    def lines(self) -> list[str]:
        """As people read it."""
        first, *rest = self.words
        ending = f"waits for a second administrator: evidence acts approve {self.envelope[7:19]}"
        lines = [f"{first}.", *(f"  {line}" for line in rest)]
        return [*lines, f"  entry {self.index}; {ending}" if self.waits else f"  entry {self.index}"]


def perform(session: Session, known: Directory, steps: Sequence[Step]) -> tuple[Done, ...]:
    """Each step signed by the administrator's key and taken by the server.

    Raises:
        AuthorityError: the key at hand is no administrator's.
        LedgerError: the server's problem with the first act that it refused; those before it are in the log.
    """
    held = session.held_key()
    signer = session.signer(known, held)
    if not is_administrator(known.roster, signer.principal, known.position):
        raise AuthorityError(
            "not-an-administrator",
            "your key is enrolled, but not an administrator's",
            details={"key_id": signer.id},
            remedy="Name an administrator's key with --key, or ask one: evidence people list",
        )
    done: list[Done] = []
    for start in range(0, len(steps), BATCH):
        batch = steps[start : start + BATCH]
        parcels = [
            seal_event(
                new_context(Actor(principal=signer.principal), step.contents, ledger=session.anchor.ledger),
                step.act,
                step.contents,
                held.signing,
            )
            for step in batch
        ]
        for step, parcel, answer in zip(batch, parcels, session.deliver(parcels), strict=True):
            if isinstance(answer, LedgerError):
                raise answer
            words = tuple(in_words(step.act, step.card, known))
            waits = needed(known.roster, step.act) > 1
            done.append(Done(parcel.envelope.digest, answer.leaf.index, waits, words))
    return tuple(done)


def tell(session: Session, done: Sequence[Done]) -> None:
    """Prints what was done, as the command's answer."""
    session.output.answer(
        {"acts": [item.document() for item in done]}, [line for item in done for line in item.lines()]
    )
