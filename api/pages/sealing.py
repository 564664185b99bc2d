"""With what the server seals the packs that it prints: the ledger's own key, where there is one that is enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import LedgerError
from ledger.sealfiles import enrolled_certificate, read_seal_files
from ledger.stamping import authority_of
from reports.packs import Sealing
from reports.sealing import SealKey, spki_of

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.digests import Digest
    from ledger.roster.state import Roster
    from ledger.settings import LedgerSettings


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Why nothing is sealed."""

    error: LedgerError


def certificate_now(settings: LedgerSettings, roster: Roster, position: int) -> Digest | Unsealed:
    """The certificate under which packs are sealed at ``position``, or why they are not: a pack is one all the same."""
    try:
        files = read_seal_files(settings)
        return enrolled_certificate(roster, spki_of(SealKey(files.private_pem, files.certificates_pem)), position).id
    except LedgerError as error:
        return Unsealed(error)


def sealing_at(settings: LedgerSettings, moment: datetime) -> Sealing:
    """The key, and the time-stamp authority that the settings name.

    Raises:
        NotFoundError: ``no-seal-key``. AuthorityError: ``key-file-open``. FormatError: ``bad-seal-key``, ``bad-url``.
    """
    files = read_seal_files(settings)
    return Sealing(SealKey(files.private_pem, files.certificates_pem), moment, authority_of(settings))
