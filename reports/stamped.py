"""RFC 3161 time stamps in seals: that somebody's clock saw a signature, and whose clock it says it was."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError
from reports.der import FIELD_0, GENERALIZED_TIME, INTEGER, OCTETS, OID, SEQUENCE, SET, Node, parse_der

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("2a864886f70d010910022f")
RSA_SHA256: Final = bytes.fromhex("2a864886f70d01010b")
ECDSA_SHA256: Final = bytes.fromhex("2a8648ce3d040302")
SHA256_ALGORITHM: Final = bytes.fromhex("300d06096086480165030402010500")
"""AlgorithmIdentifier of SHA-256 with NULL parameters, as our seals write it."""

_SIGNING_CERTIFICATE: Final = bytes.fromhex("2a864886f70d010910020c")
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_NULL: Final = b"\x05\x00"
_DIGESTS: Final = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_RSA: Final = {
    bytes.fromhex("2a864886f70d010101"): None,
    RSA_SHA256: "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
}
"""RSA with PKCS#1 v1.5; None: the digest is told by the SignerInfo's own field."""
_ECDSA: Final = {
    ECDSA_SHA256: "sha256",
    bytes.fromhex("2a8648ce3d040303"): "sha384",
    bytes.fromhex("2a8648ce3d040304"): "sha512",
}
_GENERAL_TIME: Final = re.compile(rb"(\d{14})(?:\.\d{0,5}[1-9])?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp that holds in itself; whether its authority is to be trusted is for `vouched_for`."""

    at: datetime
    """The authority's clock, to the second, UTC."""
    chain: tuple[bytes, ...]
    """DER of the authority's certificate, then of those in the token that issued it."""


def read_stamp(token: bytes, imprint: bytes) -> Stamp:
    """The time stamp in ``token``, if it is one over the SHA-256 digest ``imprint``.

    Checked: the token's signature by a certificate for time stamping that its signed attributes name, and that the
    other certificates in it, if there are any, are those up to a root. Not checked: whether to trust that root.

    Raises:
        FormatError: ``bad-time-stamp``.
    """
    try:
        return _read(token, imprint)
    except FormatError as error:
        raise _bad(error.message) from None
    except Exception:  # noqa: BLE001 - a hostile certificate makes the library raise anything
        raise _bad("the token cannot be read") from None


def vouched_for(stamp: Stamp, roots_pem: bytes) -> bool:
    """Whether one of the roots issued the authority's certificate, at the time stamped.

    Raises:
        FormatError: ``bad-timestamp-root``: these are no certificates in PEM.
    """
    from cryptography import x509  # noqa: PLC0415

    try:
        roots = x509.load_pem_x509_certificates(roots_pem)
    except ValueError:
        raise FormatError("bad-timestamp-root", "not certificates in PEM") from None
    chain = [x509.load_der_x509_certificate(one) for one in stamp.chain]
    for above in range(1, len(chain) + 1):
        # The chain up to here, then a root; a root that stands in the token itself counts as itself.
        issuers = [root for root in roots if root in chain[above - 1 : above] or _issued(chain[above - 1], root)]
        if issuers:
            used = {*chain[:above], issuers[0]}
            return all(one.not_valid_before_utc <= stamp.at <= one.not_valid_after_utc for one in used)
    return False


def useful_certificates(given: Sequence[bytes], authority: tuple[bytes, int]) -> tuple[bytes, ...]:
    """Which of a token's certificates `read_stamp` takes: the authority's, and those up to a root, if all are there.

    ``authority`` is the DER of its issuer's name and its serial number. What is left out was not signed: nobody can
    check those bytes, so none of them go into a pack.

    Raises:
        ValueError: no certificate can be read.
    """
    from cryptography import x509  # noqa: PLC0415

    rest = [x509.load_der_x509_certificate(one) for one in given]
    chain = [one for one in rest if (one.issuer.public_bytes(), one.serial_number) == authority][:1]
    while chain and (above := [one for one in rest if one not in chain and _issued(chain[-1], one)]):
        chain.append(above[0])
    whole = chain if chain and _issued(chain[-1], chain[-1]) else chain[:1]
    return tuple(map(_der, whole))


def _read(token: bytes, imprint: bytes) -> Stamp:
    content_type, wrapped = _pair(parse_der(token).children(SEQUENCE))
    (signed,) = wrapped.children(FIELD_0)
    parts = signed.children(SEQUENCE)
    if content_type.of(OID) != SIGNED_DATA or len(parts) != 5 or parts[0].of(INTEGER) != b"\x03":
        raise _bad("not the signed data of a time stamp with the authority's certificates")
    _, algorithms, content, given, signers = parts
    (signer,) = signers.children(SET)
    fields = signer.children(SEQUENCE)
    if len(fields) != 6 or fields[0].of(INTEGER) != b"\x01":
        raise _bad("not one signature with signed attributes and nothing unsigned")
    _, identifier, digest_algorithm, attributes, algorithm, signature = fields
    if [one.raw for one in algorithms.children(SET)] != [digest_algorithm.raw]:
        raise _bad("two digest algorithms")
    content_type, octets = _pair(content.children(SEQUENCE))
    (inside,) = octets.children(FIELD_0)
    info = inside.of(OCTETS)
    digest = _digest_name(digest_algorithm)
    chain = _chain(given, identifier)
    told = _attributes(attributes)
    named = told.get(SIGNING_CERTIFICATE_V2) or told.get(_SIGNING_CERTIFICATE)
    if (
        content_type.of(OID) != _TST_INFO
        or told[CONTENT_TYPE].of(OID) != _TST_INFO
        or told[MESSAGE_DIGEST].of(OCTETS) != hashlib.new(digest, info).digest()
        or named is None
        or not _names(named, chain[0], version_2=SIGNING_CERTIFICATE_V2 in told)
    ):
        raise _bad("the token's signature is not about this time stamp or not by this authority")
    _check_signature(chain[0], algorithm, digest, signature.of(OCTETS), b"\x31" + attributes.raw[1:])
    return Stamp(_time(info, imprint), tuple(map(_der, chain)))


def _time(info: bytes, imprint: bytes) -> datetime:
    """When this imprint was stamped."""
    version, policy, stamped, _serial, time = parse_der(info).children(SEQUENCE)[:5]
    algorithm, octets = _pair(stamped.children(SEQUENCE))
    found = _GENERAL_TIME.fullmatch(time.of(GENERALIZED_TIME))
    if version.of(INTEGER) != b"\x01" or policy.tag != OID or found is None:
        raise _bad("not the information of a time stamp")
    if _digest_name(algorithm) != "sha256" or octets.of(OCTETS) != imprint:
        raise _bad("the time stamp is of something else")
    return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _chain(given: Node, identifier: Node) -> list[Certificate]:
    """The authority's certificate and those that issued it; each one that is given is among them."""
    from cryptography import x509  # noqa: PLC0415

    rest = [x509.load_der_x509_certificate(one.raw) for one in given.children(FIELD_0)]
    issuer, serial = (part.raw for part in _pair(identifier.children(SEQUENCE)))
    chain = [one for one in rest if (one.issuer.public_bytes(), one.serial_number) == (issuer, _integer(serial))]
    if len(chain) != 1:
        raise _bad("the authority's certificate is not in the token")
    usage = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not usage.critical or list(usage.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise _bad("the authority's certificate is not for time stamping alone (RFC 3161, 2.3)")
    rest.remove(chain[0])
    while above := [one for one in rest if _issued(chain[-1], one)]:
        chain.append(above[0])
        rest.remove(above[0])
    if rest or (len(chain) > 1 and not _issued(chain[-1], chain[-1])):
        # Otherwise there were bytes in the file that nothing checks.
        raise _bad("a certificate in the token is not of the chain from the authority to a root")
    return chain


def _issued(certificate: Certificate, by: Certificate) -> bool:
    """Whether ``by`` is an authority's and signed ``certificate``."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        if not by.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True


def _attributes(attributes: Node) -> dict[bytes, Node]:
    """The one value of each signed attribute, by its type."""
    told: dict[bytes, Node] = {}
    for one in attributes.children(FIELD_0):
        kind, values = _pair(one.children(SEQUENCE))
        (value,) = values.children(SET)
        if kind.of(OID) in told:
            raise _bad("an attribute stands twice")
        told[kind.content] = value
    if not {CONTENT_TYPE, MESSAGE_DIGEST} <= told.keys():
        raise _bad("the signed attributes are not whole")
    return told


def _names(value: Node, certificate: Certificate, *, version_2: bool) -> bool:
    """Whether a signingCertificate attribute names this certificate first (RFC 2634, 5.4; RFC 5035, 4)."""
    first = value.children(SEQUENCE)[0].children(SEQUENCE)[0].children(SEQUENCE)
    digest = "sha256" if version_2 else "sha1"
    if version_2 and first[0].tag == SEQUENCE:
        digest, first = _digest_name(first[0]), first[1:]
    return first[0].of(OCTETS) == hashlib.new(digest, _der(certificate), usedforsecurity=False).digest()


def _check_signature(certificate: Certificate, algorithm: Node, digest: str, signature: bytes, signed: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415

    named = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    kind, *parameters = algorithm.children(SEQUENCE)
    public, oid = certificate.public_key(), kind.of(OID)
    try:
        if isinstance(public, rsa.RSAPublicKey) and oid in _RSA and [one.raw for one in parameters] == [_NULL]:
            public.verify(signature, signed, padding.PKCS1v15(), named[_RSA[oid] or digest])
        elif isinstance(public, ec.EllipticCurvePublicKey) and oid in _ECDSA and not parameters:
            public.verify(signature, signed, ec.ECDSA(named[_ECDSA[oid]]))
        else:
            raise _bad("a signature algorithm that is not read here")
    except InvalidSignature:
        raise _bad("the token's signature is wrong") from None


def _digest_name(algorithm: Node) -> str:
    kind, *parameters = algorithm.children(SEQUENCE)
    if kind.of(OID) not in _DIGESTS or [one.raw for one in parameters] not in ([], [_NULL]):
        raise _bad("a digest algorithm that is not read here")
    return _DIGESTS[kind.content]


def _der(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    return certificate.public_bytes(serialization.Encoding.DER)


def _integer(raw: bytes) -> int:
    return int.from_bytes(parse_der(raw).of(INTEGER), "big", signed=True)


def _pair(nodes: tuple[Node, ...]) -> tuple[Node, Node]:
    if len(nodes) != 2:
        raise _bad("two values are expected")
    return nodes[0], nodes[1]


def _bad(message: str) -> FormatError:
    return FormatError("bad-time-stamp", message)
