"""The key that seals packs, as files that a ledger's settings name; commands and the server read them in one way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import ConflictError, FormatError, NotFoundError
from ledger.keyfile import refuse_open_to_others
from ledger.roster.state import in_force
from ledger.sealkeys import certificate_id

if TYPE_CHECKING:
    from ledger.roster.state import Certificate, Roster
    from ledger.settings import LedgerSettings

MAX_PEM_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class SealFiles:
    """What the two files hold, unread."""

    private_pem: bytes
    """A secret: never printed, logged or sent."""
    certificates_pem: bytes

    def __repr__(self) -> str:
        return "SealFiles(...)"


def read_seal_files(found: LedgerSettings) -> SealFiles:
    """The key with which packs of a ledger are sealed, from the files that its settings name.

    That its two halves belong together is seen when it is used, that it is enrolled by ``enrolled_certificate``.

    Raises:
        NotFoundError: ``no-seal-key``. AuthorityError: ``key-file-open``. FormatError: ``bad-seal-key``.
    """
    private = _read(Path(found.seal_key), private=True)
    return SealFiles(private, _read(Path(found.seal_certificates), private=False))


def enrolled_certificate(roster: Roster, spki: bytes, position: int) -> Certificate:
    """The certificate, in force at ``position``, under which a public key (SubjectPublicKeyInfo) is enrolled.

    Raises:
        ConflictError: ``unknown-certificate``.
    """
    identifier = certificate_id(spki)
    certificate = roster.certificates.get(identifier)
    if certificate is None or not in_force(certificate.since, certificate.until, position):
        raise ConflictError(
            "unknown-certificate",
            "the key that seals packs is not enrolled, or has ended",
            details={"certificate": identifier, "position": position},
            remedy="An administrator runs: evidence certificate enrol seal.pem",
        )
    return certificate


def _read(path: Path, *, private: bool) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NotFoundError(
            "no-seal-key",
            "the key that seals packs, or its certificate, cannot be opened",
            details={"path": str(path), "cause": type(error).__name__},
            remedy="Make one: evidence certificate new DIRECTORY",
        ) from None
    with open(handle, "rb") as file:  # noqa: PTH123 -- a descriptor, not a path
        # What is judged is what is read: the file that was opened, not what its path names by now.
        if private:
            refuse_open_to_others(path, os.fstat(handle).st_mode)
        data = file.read(MAX_PEM_BYTES + 1)
    if len(data) > MAX_PEM_BYTES:
        raise FormatError("bad-seal-key", "the file is too long", details={"path": str(path)})
    return data
