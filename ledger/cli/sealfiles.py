"""The key that seals packs as files of a ledger's folder, and public keys out of certificates that were bought."""

from __future__ import annotations

import binascii
import os
import re
import stat
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.cli.ledgerfolder import write_new
from ledger.errors import AuthorityError, ConflictError, FormatError, NotFoundError
from ledger.roster.state import in_force
from ledger.sealkeys import certificate_id, parse_seal_key
from ledger.settings import SEAL_CERTIFICATES_FILE, SEAL_KEY_FILE
from reports.der import FIELD_0, SEQUENCE, Node, parse_der
from reports.sealing import SealKey, new_seal_key, spki_of

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.digests import Digest
    from ledger.roster.state import Certificate, Roster
    from ledger.settings import LedgerSettings

MAX_PEM_BYTES: Final = 256 * 1024
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----")


def make_seal_key(directory: Path, ledger: Digest, now: datetime) -> bytes:
    """The public half (SubjectPublicKeyInfo) of a new key, after ``seal.key`` and ``seal.pem`` are on the disk.

    Raises:
        ConflictError: ``file-exists``; nothing is ever overwritten.
    """
    key = new_seal_key(ledger, now)
    write_new(directory / SEAL_CERTIFICATES_FILE, key.certificates_pem)
    try:
        write_new(directory / SEAL_KEY_FILE, key.private_pem)
    except BaseException:
        # Beside another key this certificate would be a wrong one.
        (directory / SEAL_CERTIFICATES_FILE).unlink()
        raise
    return spki_of(key)


def read_seal_key(found: LedgerSettings) -> SealKey:
    """The key with which packs of a ledger are sealed, from the files that its settings name.

    That its two halves belong together is seen when it is used, that it is enrolled by ``sealing_certificate``.

    Raises:
        NotFoundError: ``no-seal-key``. AuthorityError: ``key-file-open``. FormatError: ``bad-seal-key``.
    """
    return SealKey(_read(Path(found.seal_key), private=True), _read(Path(found.seal_certificates), private=False))


def sealing_certificate(roster: Roster, key: SealKey, position: int) -> Certificate:
    """The certificate, in force at ``position``, under which ``key`` is enrolled.

    Raises:
        ConflictError: ``unknown-certificate``. FormatError: ``bad-seal-key``.
    """
    identifier = certificate_id(spki_of(key))
    certificate = roster.certificates.get(identifier)
    if certificate is None or not in_force(certificate.since, certificate.until, position):
        raise ConflictError(
            "unknown-certificate",
            "the key that seals packs is not enrolled, or has ended",
            details={"certificate": identifier, "position": position},
            remedy="An administrator runs: evidence certificate enrol seal.pem",
        )
    return certificate


def public_key_in(pem: bytes) -> bytes:
    """The one key (SubjectPublicKeyInfo) in a PEM file: of a certificate, beside those that issued it; or on its own.

    Raises:
        FormatError: ``bad-seal-key``.
    """
    blocks = [(bytes(label), _decode(text)) for label, text in _BLOCK.findall(pem)]
    if any(label.endswith(b"PRIVATE KEY") for label, _ in blocks):
        raise _bad("the file holds a private key, which is nobody's but the sealer's; give the certificate")
    keys = [data for label, data in blocks if label == b"PUBLIC KEY"]
    certified = [_certificate(data) for label, data in blocks if label == b"CERTIFICATE"]
    issuers = [issuer for _, subject, issuer in certified if issuer != subject]
    found = keys + [key for key, subject, _ in certified if subject not in issuers]
    if len(found) != 1:
        raise _bad("the file does not hold exactly one certificate that issued none of the others")
    parse_seal_key(found[0])
    return found[0]


def _certificate(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Public key, subject and issuer of an X.509 certificate, each in DER; nothing else of it is read."""
    try:
        signed, *_ = parse_der(data).children(SEQUENCE)
        fields: tuple[Node, ...] = signed.children(SEQUENCE)
        # RFC 5280 §4.1: [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
        if fields and fields[0].tag == FIELD_0:
            fields = fields[1:]
        return fields[5].raw, fields[4].raw, fields[2].raw
    except (FormatError, IndexError, ValueError):
        raise _bad("a certificate in the file cannot be read") from None


def _decode(text: bytes) -> bytes:
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise _bad("the file is not PEM") from None


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
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        if private and mode & 0o077:
            raise AuthorityError(
                "key-file-open",
                "others than its owner may read or change the private key file",
                details={"path": str(path), "mode": f"{mode:04o}"},
                remedy=f"chmod 600 {path}",
            )
        data = file.read(MAX_PEM_BYTES + 1)
    if len(data) > MAX_PEM_BYTES:
        raise _bad("the file is too long")
    return data


def _bad(message: str) -> FormatError:
    return FormatError(
        "bad-seal-key",
        message,
        remedy="Give the certificate in PEM, as its authority delivers it: P-256, P-384, or RSA of 2,048 bits up.",
    )
