"""The event that tells of a pack: digests of its files and its bundle, signed by whoever made it (kind ``pack``).

Its envelope, saved beside the pack, is a detached signature over all of them; its entry lets whoever holds a copy look
up whether it is one of the ledger's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.digests import digest_bytes
from ledger.errors import LedgerError
from ledger.events.context import NOTHING, About, Actor
from ledger.events.evidence import Pack, PackFile, Span
from ledger.events.shape import token
from ledger.making import new_context, seal_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.digests import Digest
    from ledger.parcel import Parcel
    from ledger.receipt import Receipt


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of a pack, as it is given to whoever reads it."""

    name: str
    """File name: a token."""
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PackOf:
    """What a pack is of: a release, or a period of one project."""

    project: str
    """Id of the project in whose stream it is told; a release's own."""
    release: Digest | None = None
    """Envelope digest of the release event."""
    name: str | None = None
    """``<product>@<version>``, exactly with ``release``."""
    period: tuple[int, int] | None = None
    """Positions at which it begins and ends; None for a release."""


@dataclass(frozen=True, slots=True)
class Made:
    """How a pack was made."""

    pack_id: Digest
    as_of: str
    """Ledger time as of which it was assessed."""
    position: int
    """That of its bundle."""
    certificate: Digest | None
    """Id of the certificate that sealed it; None: it has no seal."""


def pack_body(files: Sequence[MadeFile], bundle: bytes, subject: PackOf, made: Made) -> Pack:
    """What is told of a pack with these ``files``, the one that people read first, made of ``bundle``.

    Raises:
        FormatError: ``bad-text``; a file's name or media type is no token.
    """
    return Pack(
        as_of=made.as_of,
        bundle=digest_bytes(bundle),
        files=tuple(
            PackFile(
                token(item.media_type, "media_type"),
                token(item.name, "name"),
                digest_bytes(item.data),
                len(item.data),
            )
            for item in files
        ),
        pack_id=made.pack_id,
        position=made.position,
        period=None if subject.period is None else Span(*subject.period),
        release=subject.release,
        sealed_by=made.certificate,
    )


def pack_event(session: Session, known: Directory, body: Pack, subject: PackOf) -> Parcel:
    """The event, signed by the key at hand; the bytes of its envelope are what is saved beside the pack.

    Raises:
        AuthorityError: ``key-unknown`` and the like.
        FormatError: ``bad-pack-event``, ``bad-about``: the parts disagree.
    """
    held = session.held_key()
    actor = Actor(principal=session.signer(known, held).principal)
    about = NOTHING if subject.name is None else About(release=subject.name)
    context = new_context(actor, ledger=session.anchor.ledger, project=subject.project, about=about)
    return seal_event(context, body, (), held.signing)


def send_pack(session: Session, parcel: Parcel) -> Receipt:
    """The receipt of the event.

    Raises:
        AuthorityError: the key may not sign packs. UnavailableError: the server did not take it.
    """
    (outcome,) = session.deliver([parcel])
    if isinstance(outcome, LedgerError):
        raise outcome
    return outcome
