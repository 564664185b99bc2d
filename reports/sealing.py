"""Packs sealed: one digital signature over the whole PDF, in the narrow form of docs/packs.md, section "The seal".

The only module that imports pyHanko, and only when a pack is sealed. `reports.sealed` reads what is made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import FormatError, LedgerError, UnavailableError
from ledger.sealkeys import parse_seal_key
from reports.sealed import plain_bundle, read_seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate
    from pyhanko.sign.signers import SimpleSigner

    from ledger.digests import Digest

LIFETIME: Final = timedelta(days=3_652)
"""Validity of a certificate made here: ten years. What counts is the enrolment in the ledger."""
FIELD: Final = "Seal"
"""Name of the signature field."""
DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"
"""Extended key usage of certificates that sign documents (RFC 9336)."""
MOST_CERTIFICATES: Final = 8

_STAMP_BYTES: Final = 16 * 1024
_SPARE_BYTES: Final = 2 * 1024


@dataclass(frozen=True, slots=True)
class SealKey:
    """A private key that seals packs, and the certificates that carry its public half."""

    private_pem: bytes
    """PKCS#8 in PEM, without a passphrase. Never printed, logged or sent."""
    certificates_pem: bytes
    """The key's own certificate and, in any order, those that issued it."""

    def __repr__(self) -> str:
        return "SealKey(...)"


def new_seal_key(ledger: Digest, now: datetime) -> SealKey:
    """A new P-256 key with a self-signed certificate, named after the ledger and nobody else.

    Which ledger it seals for is told by its enrolment alone, not by this name.
    """
    from cryptography import x509  # noqa: PLC0415 - costs a tenth of a second, for whoever makes keys
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Evidence Ledger pack seal {ledger[7:19]}")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    since = now.astimezone(UTC).replace(microsecond=0)
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(DOCUMENT_SIGNING)]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SealKey(pem, certificate.public_bytes(serialization.Encoding.PEM))


def spki_of(key: SealKey) -> bytes:
    """The key's public half as DER SubjectPublicKeyInfo: what is enrolled; its SHA-256 is the certificate id.

    Raises:
        FormatError: ``bad-seal-key``: no such key, of another sort, or not the one its certificates are for.
    """
    return _spki(_chain(key)[0])


def seal_pdf(pdf: bytes, key: SealKey, *, signed_at: datetime, stamp: Callable[[bytes], bytes] | None = None) -> bytes:
    """``pdf`` sealed with ``key``: its own bytes, then one revision with the seal, and nothing behind.

    ``stamp`` answers a DER TimeStampReq of RFC 3161 with the DER TimeStampResp; None: no time stamp. It is the caller
    who speaks with the authority. That the key is enrolled is not asked here: a verifier does.

    Raises:
        FormatError: ``bad-seal-key``; ``cannot-seal``: the PDF has a signature already, or is none of ours;
            ``bad-seal``: it does not carry exactly one bundle.
        UnavailableError: ``bad-time-stamp``: what the authority answered is no time stamp of what was asked.
    """
    chain = _chain(key)
    if signed_at > chain[0].not_valid_after_utc:
        # A verifier of ours would not mind; every PDF reader would.
        raise _bad_key("the seal's certificate has run out")
    if b"/ByteRange" in pdf or b"/Type /Sig" in pdf:
        raise FormatError("cannot-seal", "the PDF carries a signature already")
    room = _SPARE_BYTES + sum(len(_der(one)) for one in chain) + (_STAMP_BYTES if stamp else 0)
    try:
        sealed = _sealed(pdf, key, chain, signed_at, stamp, room)
        # What no verifier would take must not be handed out: two files of the type ZIP inside, or none.
        plain_bundle(sealed[: read_seal(sealed).start])
    except LedgerError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises anything at a PDF it cannot read
        # The library's own words may repeat the file's.
        raise FormatError("cannot-seal", "the PDF cannot be sealed", details={"error": type(error).__name__}) from None
    return sealed


def _sealed(
    pdf: bytes,
    key: SealKey,
    chain: tuple[Certificate, ...],
    signed_at: datetime,
    stamp: Callable[[bytes], bytes] | None,
    room: int,
) -> bytes:
    from asn1crypto import keys, x509  # type: ignore[import-untyped]  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415
    from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers import SimpleSigner, cms_embedder  # noqa: PLC0415
    from pyhanko.sign.signers.pdf_byterange import SignatureObject  # noqa: PLC0415
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    class Writer(IncrementalPdfFileWriter):
        """Leaves the metadata as printed: the library would set the clock's time, and write it anew in clear text."""

        def _update_meta(self) -> None:
            pass

    certificates = [x509.Certificate.load(_der(one)) for one in chain]
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(certificates[1:])
    signer = SimpleSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(_pkcs8(key)),
        cert_registry=registry,
    )
    writer = Writer(BytesIO(pdf))
    # The protocol of `PdfCMSEmbedder.write_cms`: field, signature dictionary, digest, signature.
    steps: Any = cms_embedder.PdfCMSEmbedder(new_field_spec=SigFieldSpec(FIELD, on_page=0)).write_cms(FIELD, writer)
    next(steps)
    placeholder = SignatureObject(
        timestamp=signed_at.astimezone(UTC), subfilter=SigSeedSubFilter.PADES, bytes_reserved=2 * room
    )
    lock = cms_embedder.SigMDPSetup("sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    steps.send(cms_embedder.SigObjSetup(placeholder, mdp_setup=lock))
    prepared, written = steps.send(cms_embedder.SigIOSetup("sha256"))
    # digest = sha256(every byte of the file but the value of Contents), docs/packs.md, S07
    attributes = _signed_attributes(certificates, prepared.document_digest)
    # signature = by the key, over the DER of the signed attributes, docs/packs.md, S08
    signature = signer.sign_raw(attributes.dump(), "sha256")
    steps.send(_signed_data(signer, attributes, signature, stamp).dump())
    sealed: bytes = written.getvalue()
    return sealed


def _signed_attributes(certificates: list[Any], digest: bytes) -> Any:  # noqa: ANN401 - the library has no types
    """S05, S06: with the digest of every certificate, so that all of them are under the signature."""
    from asn1crypto import cms, tsp  # noqa: PLC0415

    listed = tsp.SigningCertificateV2({"certs": [{"cert_hash": one.sha256} for one in certificates]})
    return cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [digest]},
            {"type": "signing_certificate_v2", "values": [listed]},
        ]
    )


def _signed_data(
    signer: SimpleSigner,
    attributes: Any,  # noqa: ANN401 - the library has no types
    signature: bytes,
    stamp: Callable[[bytes], bytes] | None,
) -> Any:  # noqa: ANN401 - the library has no types
    """S03, S04, S09. Put together here: the library's own way needs an event loop of its own, which a server has."""
    from asn1crypto import cms  # noqa: PLC0415

    told = signer.signer_info("sha256", attributes, signature)
    if stamp is not None:
        token = cms.ContentInfo.load(_stamped(signature, stamp))
        told["unsigned_attrs"] = cms.CMSAttributes([{"type": "signature_time_stamp_token", "values": [token]}])
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v1",
                "digest_algorithms": [told["digest_algorithm"]],
                "encap_content_info": {"content_type": "data"},
                "certificates": [signer.signing_cert, *signer.cert_registry],
                "signer_infos": [told],
            },
        }
    )


def _stamped(signature: bytes, stamp: Callable[[bytes], bytes]) -> bytes:
    """The token over ``signature``, if the authority gave one of it.

    Without a nonce: nobody can have asked for a stamp of this signature before it was made.
    """
    from asn1crypto import tsp  # noqa: PLC0415

    from reports.stamped import read_stamp  # noqa: PLC0415 - reads certificates, for whoever has an authority

    # imprint = sha256(the octets of the signature), docs/packs.md, S09
    imprint = sha256(signature).digest()
    asked = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
            "cert_req": True,
        }
    )
    try:
        answer = tsp.TimeStampResp.load(stamp(asked.dump()), strict=True)
        token = _lean(answer["time_stamp_token"])
        read_stamp(token, imprint)
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - an authority may answer anything
        raise UnavailableError(
            "bad-time-stamp",
            "what the time-stamp authority answered is no time stamp of what was asked",
            details={"error": type(error).__name__},
            remedy="Ask again later, or seal without a time stamp.",
        ) from None
    return token


def _lean(token: Any) -> bytes:  # noqa: ANN401 - the library has no types
    """The token without certificates that nobody could check; which are there is not signed."""
    from reports.stamped import useful_certificates  # noqa: PLC0415 - as in `_stamped`

    signed = token["content"]
    authority = signed["signer_infos"][0]["sid"].chosen
    given = [one.dump() for one in signed["certificates"]]
    useful = useful_certificates(given, (authority["issuer"].dump(), authority["serial_number"].native))
    signed["certificates"] = [one for one in signed["certificates"] if one.dump() in useful]
    lean: bytes = token.dump(force=True)
    return lean


def _chain(key: SealKey) -> tuple[Certificate, ...]:
    """The key's certificate, then those that issued it, as far as they are there."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        given = x509.load_pem_x509_certificates(key.certificates_pem)
        public = serialization.load_pem_private_key(key.private_pem, None).public_key()
        spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError):
        raise _bad_key("the seal's key or certificates cannot be read") from None
    parse_seal_key(spki)
    own = [one for one in given if _spki(one) == spki]
    if len(own) != 1:
        raise _bad_key("exactly one of the certificates is for the seal's key")
    chain, rest = own, [one for one in given if one is not own[0]]
    while issuers := [one for one in rest if one.subject == chain[-1].issuer]:
        chain.append(issuers[0])
        rest.remove(issuers[0])
    if rest or len({_der(one) for one in chain}) != len(chain) or len(chain) > MOST_CERTIFICATES:
        raise _bad_key("the certificates are not the one chain that issued the seal's certificate")
    return tuple(chain)


def _pkcs8(key: SealKey) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return serialization.load_pem_private_key(key.private_pem, None).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return certificate.public_bytes(serialization.Encoding.DER)


def _spki(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _bad_key(message: str) -> FormatError:
    return FormatError(
        "bad-seal-key",
        message,
        remedy="Give the private key (PKCS#8, PEM, no passphrase) and the certificates that were issued for it.",
    )
