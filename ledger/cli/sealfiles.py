"""The key that seals packs as files of a ledger's folder, and public keys out of certificates that were bought."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from ledger.cli.ledgerfolder import write_new
from ledger.errors import FormatError
from ledger.sealkeys import parse_seal_key
from ledger.settings import SEAL_CERTIFICATES_FILE, SEAL_KEY_FILE
from reports.der import FIELD_0, SEQUENCE, Node, parse_der
from reports.sealing import new_seal_key, spki_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ledger.digests import Digest

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


def _bad(message: str) -> FormatError:
    return FormatError(
        "bad-seal-key",
        message,
        remedy="Give the certificate in PEM, as its authority delivers it: P-256, P-384, or RSA of 2,048 bits up.",
    )
