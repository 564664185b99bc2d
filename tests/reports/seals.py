"""Sealed packs for tests: keys of each sort, a bought-like chain, openssl's time-stamp authority, a small pack."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ledger.events.roster import CertificateEnd, CertificateEnrol
from ledger.sealkeys import certificate_id
from ledger.verify.run import verify_bundle
from reports.attached import attached_bundle
from reports.embedding import Attachment
from reports.render import render_pdf
from reports.sealed import PrintedPages, judge_pages
from reports.sealing import SealKey, new_seal_key, seal_pdf, spki_of
from tests.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def private_pem(self) -> bytes:
        """The key."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def issue(
    name: str, by: Issued | None = None, *, authority: bool = False, usage: str | None = None, sort: str = "rsa"
) -> Issued:
    """A certificate for ``name``, self-signed without ``by``."""
    key: CertificateIssuerPrivateKeyTypes
    if sort == "rsa":
        key = rsa.generate_private_key(65_537, 2_048)
    else:
        key = ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[sort])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)]), critical=True)
    return Issued(builder.sign(key if by is None else by.key, hashes.SHA256()), key)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def own_key() -> SealKey:
    """A key as `init` makes it."""
    return new_seal_key(world().ledger, WHEN - timedelta(days=30))


@cache
def bought_key(sort: str = "rsa") -> SealKey:
    """A key whose certificate an authority issued, through another one, as those that are bought."""
    root = issue("Acme Root", authority=True)
    between = issue("Acme Document Signing", root, authority=True)
    own = issue("Tidewater Ltd", between, sort=sort)
    # The key's own certificate is not the first on purpose.
    return SealKey(own.private_pem, root.pem + own.pem + between.pem)


@cache
def stamp_authority() -> tuple[Issued, Issued]:
    """The root and the signer of a time-stamp authority."""
    root = issue("Clock Root", authority=True)
    return root, issue("Clock", root, usage="1.3.6.1.5.5.7.3.8")


@cache
def rootless_authority() -> tuple[Issued, Issued]:
    """An authority that sends the certificate between its root and itself, and no root."""
    between = issue("Clock Middle", issue("Clock Root", authority=True), authority=True)
    return between, issue("Clock", between, usage="1.3.6.1.5.5.7.3.8")


def stamp(request: bytes) -> bytes:
    """The answer of openssl's time-stamp authority, of now."""
    return _answer(request, *stamp_authority())


def rootless_stamp(request: bytes) -> bytes:
    """The answer of the authority that sends no root."""
    return _answer(request, *rootless_authority())


def _answer(request: bytes, above: Issued, signer: Issued) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "signer.pem").write_bytes(signer.pem)
        (folder / "above.pem").write_bytes(above.pem)
        (folder / "key.pem").write_bytes(signer.private_pem)
        (folder / "request").write_bytes(request)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(
            "[tsa]\ndefault_tsa=one\n[one]\nserial=serial\ncrypto_device=builtin\nsigner_cert=signer.pem\n"
            "certs=above.pem\nsigner_key=key.pem\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\n"
            "accuracy=secs:1\nordering=yes\ntsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n"
        )
        subprocess.run(
            ("openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request", "-out", "answer"),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return (folder / "answer").read_bytes()


@cache
def world() -> World:
    """A small ledger, with no sealing key yet."""
    made = World()
    made.project("payments")
    return made


@cache
def enrolled(*keys: SealKey, end: bool = False) -> tuple[bytes, str]:
    """A bundle of a ledger that enrolled these keys (and ended the last), and its anchor."""
    made = World()
    made.project("payments")
    for key in keys:
        made.act(CertificateEnrol(spki_of(key), "packs"))
    if end:
        made.act(CertificateEnd(certificate_id(spki_of(keys[-1])), "lost"))
    # A ledger-stream entry ends the batch; the bundle is at a position just after one of a project.
    return made.bundle(), made.anchor


@cache
def printed(bundle: bytes) -> bytes:
    """One page with a bundle inside, not sealed."""
    return render_pdf(
        "<!doctype html><html lang=en><title>Evidence pack</title><body><h1>Evidence pack</h1><p>Nobody approved.</p>",
        identifier=b"EP-seal",
        created=WHEN,
        title="Evidence pack / #1 (first)",
        language="en",
        attachments=(
            Attachment("payments-1.evidence.zip", bundle, "application/zip", "The records", WHEN),
            Attachment("assessment.json", b"{}", "application/json", "What follows", WHEN, "Supplement"),
        ),
    )


@cache
def sealed(key: SealKey, stamping: Callable[[bytes], bytes] | None = None) -> bytes:
    """The page, sealed by a key that the ledger of its bundle enrolled."""
    return seal_pdf(printed(enrolled(key)[0]), key, signed_at=WHEN, stamp=stamping)


def judge(pdf: bytes, anchor: str) -> PrintedPages:
    """What is said of the pages, and nothing of the records."""
    bundle = attached_bundle(pdf)
    return judge_pages(pdf, bundle, verify_bundle(bundle, anchor))
