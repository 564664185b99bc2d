"""The event that tells of a pack: digests of its files and its bundle, signed by whoever made it (kind ``pack``).

Its envelope, saved beside the pack, is a detached signature over all of them; its entry lets whoever holds a copy look
up whether it is one of the ledger's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.digests import digest_bytes
from ledger.dossier.facts import ReleaseDossier
from ledger.events.context import NOTHING, About, Actor
from ledger.events.evidence import Pack, PackFile, Span
from ledger.events.shape import token
from ledger.making import new_context, seal_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.digests import Digest
    from ledger.dossier.facts import PeriodDossier
    from ledger.keys import Signer
    from ledger.parcel import Parcel


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of a pack, as it is given to whoever reads it."""

    name: str
    """File name: a token."""
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackOf:
    """What a pack is of, as one project is told: a release, or a period."""

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


def subjects_of(dossier: ReleaseDossier | PeriodDossier) -> tuple[PackOf, ...]:
    """What is told of a pack's subject: a release in its own project, a period in each of its projects.

    The events of one pack have one body, so that a copy is found in whichever project somebody looks it up.
    """
    if isinstance(dossier, ReleaseDossier):
        project = str(dossier.record.event.context.project)
        return (PackOf(project, dossier.record.envelope, dossier.name),)
    return tuple(PackOf(project, period=(dossier.first, dossier.end)) for project in dossier.projects)


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


def seal_pack_event(ledger: Digest, body: Pack, subject: PackOf, principal: str, key: Signer) -> Parcel:
    """The event of ``principal``, signed by their ``key``; the bytes of its envelope are what lies beside the pack.

    Raises:
        FormatError: ``bad-pack-event``, ``bad-about``: the parts disagree.
    """
    about = NOTHING if subject.name is None else About(release=subject.name)
    context = new_context(Actor(principal=principal), ledger=ledger, project=subject.project, about=about)
    return seal_event(context, body, (), key)
