"""Founding a ledger: who founds it, the plan that every founder signs, and genesis from plan and signatures.

A plan is a file that goes from hand to hand: the core of genesis, the founders' name cards with their salts, and the
id and time of the event. Each founder signs the core with a key that never leaves their machine; whoever holds the
first administrator's key puts the signatures together and signs the envelope.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import JSON, encode, parse_canonical
from ledger.documents import GIT, Account, encode_card, parse_card
from ledger.envelope import seal
from ledger.errors import ConflictError, FormatError, NotFoundError, SignatureError
from ledger.events.context import Actor, Context
from ledger.events.roster import FoundingAdministrator, Genesis, GenesisCore, Recovery, check_genesis
from ledger.events.shape import (
    array,
    base64_bytes,
    claimed_time,
    event_id,
    label,
    member,
    nested,
    principal_id,
    read_object,
    signature,
    write_object,
)
from ledger.events.statement import Event, write_payload
from ledger.keys import PublicKey, key_id, parse_public_key, sign, verify
from ledger.making import NewContent, local_time, new_content, new_context, new_event_id, new_principal_id
from ledger.parcel import SaltedContent
from ledger.roster.acts import genesis_preimage, is_published

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.envelope import Envelope
    from ledger.keys import Signer

PLAN_FILE: Final = "genesis.plan.json"
MAX_PLAN_BYTES: Final = 1024 * 1024

_FOUNDER = re.compile(
    r"(?P<name>[^<>]+?)(?:\s*<(?P<mail>[^<>\s@]+@[^<>\s@]+)>)?(?:\s+(?P<key>(?:ed25519|sshsig):[A-Za-z0-9+/=]+))?"
)


@dataclass(frozen=True, slots=True)
class Founder:
    """An administrator as whoever founds the ledger writes them."""

    name: str
    mail: str | None
    public: PublicKey | None
    """None: a key is made or found on this machine."""


@dataclass(frozen=True, slots=True)
class PlannedCard:
    """A name card with its salt."""

    card: str = member(label)
    """Name of the content."""
    data: bytes = member(base64_bytes)
    salt: bytes = member(base64_bytes)


def _version(value: JSON, where: str) -> int:
    if type(value) is not int or value != 1:
        raise FormatError("unknown-version", "plan version 1 is required", where=where)
    return value


@dataclass(frozen=True, slots=True)
class GenesisPlan:
    """Everything of genesis but its signatures."""

    cards: tuple[PlannedCard, ...] = member(array(nested(PlannedCard), least=1, most=16))
    core: GenesisCore = member(nested(GenesisCore))
    event_id: str = member(event_id)
    occurred_at: str = member(claimed_time)
    v: int = member(_version)

    def names(self) -> tuple[str, ...]:
        """The founders' names, in the order of the core."""
        cards = {item.card: parse_card(item.data).name for item in self.cards}
        return tuple(cards[item.card] for item in self.core.administrators)

    def signers(self) -> tuple[tuple[str, PublicKey], ...]:
        """Principal and key of each whose signature genesis takes, in its order."""
        founders = tuple((item.principal, item.key) for item in self.core.administrators)
        recovery = self.core.recovery
        return founders if recovery is None else (*founders, (recovery.principal, recovery.key))


def parse_founder(text: str) -> Founder:
    """The founder in ``Name``, ``Name <mail>`` or ``Name <mail> ed25519:...`` (or ``sshsig:...``).

    Raises:
        FormatError: ``bad-founder`` or a fault of the key.
    """
    match = _FOUNDER.fullmatch(text.strip())
    if match is None:
        raise FormatError("bad-founder", 'an administrator is written "Name <mail>", or with a public key behind it')
    key = match["key"]
    return Founder(match["name"].strip(), match["mail"], None if key is None else parse_public_key(key))


def make_plan(
    origin: str,
    founders: Sequence[tuple[Founder, PublicKey]],
    *,
    admins_required: int,
    log_key: PublicKey,
    recovery: PublicKey | None,
) -> GenesisPlan:
    """A plan for a ledger of that ``origin`` (name of its log), with fresh ids and salts.

    Raises:
        FormatError: the parts make no genesis.
        ConflictError: ``published-key``.
    """
    keys = [key for _, key in founders] + ([] if recovery is None else [recovery])
    if any(is_published(key) for key in keys):
        raise ConflictError("published-key", "a key's private half is published; make one: evidence key new")
    cards = [
        new_content(f"card-{number}", encode_card(founder.name, _accounts(founder)))
        for number, (founder, _) in enumerate(founders, start=1)
    ]
    core = GenesisCore(
        administrators=tuple(
            FoundingAdministrator(card.name, key, new_principal_id())
            for card, (_, key) in zip(cards, founders, strict=True)
        ),
        admins_required=admins_required,
        log_key=log_key,
        origin=origin,
        recovery=None if recovery is None else Recovery(recovery, new_principal_id()),
    )
    plan = GenesisPlan(
        cards=tuple(PlannedCard(card.name, card.salted.data, card.salted.salt) for card in cards),
        core=core,
        event_id=new_event_id(),
        occurred_at=local_time(),
        v=1,
    )
    return parse_plan(write_plan(plan))


def write_plan(plan: GenesisPlan) -> bytes:
    """The plan's file, in canonical JSON."""
    return encode(write_object(plan)) + b"\n"


def parse_plan(data: bytes) -> GenesisPlan:
    """The plan in a file.

    Raises:
        FormatError: it is none, or its parts do not fit each other.
    """
    plan = read_object(GenesisPlan, parse_canonical(data.removesuffix(b"\n"), max_bytes=MAX_PLAN_BYTES), "")
    if {item.card for item in plan.cards} != {item.card for item in plan.core.administrators}:
        raise FormatError("bad-plan", "the plan's cards are not those of its administrators", where="/cards")
    for item in plan.cards:
        if len(item.salt) != 32:
            raise FormatError("bad-plan", "a salt has 32 bytes", where="/cards")
        parse_card(item.data)
    # Genesis checks itself only with its proofs, so as many as there will be stand in for them.
    check_genesis(Genesis(plan.core, (bytes(64),) * len(plan.signers())), "/core")
    return plan


def sign_plan(plan: GenesisPlan, key: Signer) -> str:
    """A founder's signature under the plan, as one line: their principal id and the signature.

    Raises:
        NotFoundError: ``not-a-founder``.
    """
    principal = next((principal for principal, public in plan.signers() if public == key.public), None)
    if principal is None:
        raise NotFoundError(
            "not-a-founder",
            "the plan does not name this key",
            details={"key_id": key_id(key.public)},
            remedy="Name the key that you gave to whoever made the plan: --key NAME",
        )
    return f"{principal} {b64encode(sign(key, genesis_preimage(plan.core))).decode('ascii')}"


def read_signatures(lines: Sequence[str]) -> Mapping[str, bytes]:
    """Signatures by principal id from lines that ``sign_plan`` made.

    Raises:
        FormatError: ``bad-founder-signature``.
    """
    found: dict[str, bytes] = {}
    for line in lines:
        words = line.split()
        if len(words) != 2:
            raise FormatError("bad-founder-signature", "a founder's signature is a principal id and base64")
        found[str(principal_id(words[0], ""))] = bytes(signature(words[1], ""))
    return found


def seal_genesis(
    plan: GenesisPlan, signatures: Mapping[str, bytes], first: Signer
) -> tuple[Envelope, tuple[SaltedContent, ...]]:
    """Genesis and its contents; ``first`` is the first administrator's key.

    Raises:
        NotFoundError: ``founder-missing``, with whose signature is not there, or ``not-first``.
        SignatureError: a signature does not hold for this plan.
    """
    if first.public != plan.core.administrators[0].key:
        raise NotFoundError(
            "not-first",
            "the envelope of genesis is signed by the first administrator of the plan, and this is another key",
            details={"needed": key_id(plan.core.administrators[0].key), "found": key_id(first.public)},
            remedy="Name it with --key.",
        )
    for principal in signatures.keys() - {principal for principal, _ in plan.signers()}:
        raise NotFoundError(
            "not-a-founder",
            "a signature is by somebody whom the plan does not name",
            details={"principal": principal},
            remedy="Each founder signs this very plan: evidence init --sign FILE",
        )
    preimage = genesis_preimage(plan.core)
    proofs: list[bytes] = []
    for principal, key in plan.signers():
        proof = signatures.get(principal)
        if proof is None:
            raise NotFoundError(
                "founder-missing",
                "a founder has not signed yet",
                details={"principal": principal, "key_id": key_id(key)},
                remedy="They run: evidence init --sign FILE, and you add --proof with the line it prints.",
            )
        try:
            verify(key, proof, preimage)
        except SignatureError:
            raise SignatureError(
                "bad-founder-signature",
                "a founder's signature does not hold for this plan",
                details={"principal": principal},
            ) from None
        proofs.append(proof)
    contents = tuple(
        NewContent(item.card, "application/json", SaltedContent(item.salt, item.data)) for item in plan.cards
    )
    actor = Actor(principal=plan.core.administrators[0].principal)
    drawn = new_context(actor, contents, ledger=None, occurred_at=plan.occurred_at)
    context = Context(
        event_id=plan.event_id,
        about=drawn.about,
        occurred_at=drawn.occurred_at,
        actor=drawn.actor,
        producer=drawn.producer,
        contents=drawn.contents,
        links=(),
    )
    payload = write_payload(Event(context, Genesis(plan.core, tuple(proofs))))
    return seal(payload, first), tuple(content.salted for content in contents)


def _accounts(founder: Founder) -> tuple[Account, ...]:
    return () if founder.mail is None else (Account(GIT, mail=founder.mail),)
