"""The seal of a pack read and judged (docs/packs.md, section "The seal"), without any PDF library.

A seal is what S01 to S11 there say and nothing else: whatever PDF readers would make of another file, it is refused.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from ledger.bundle import MAX_BUNDLE_BYTES
from ledger.errors import FormatError
from ledger.roster.state import in_force
from ledger.sealkeys import certificate_id, parse_seal_key
from ledger.verify.form import ends_early
from reports.der import (
    FIELD_0,
    FIELD_1,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    Node,
    parse_der_prefix,
)
from reports.stamped import (
    CONTENT_TYPE,
    ECDSA_SHA256,
    MESSAGE_DIGEST,
    RSA_SHA256,
    SHA256_ALGORITHM,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    Stamp,
    read_stamp,
)

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.roster.state import Certificate
    from ledger.verify.findings import Verification

State = Literal["sealed", "not sealed", "altered or not sealed by this ledger", "cannot tell"]

MOST_CERTIFICATES: Final = 8

_DATA: Final = bytes.fromhex("06092a864886f70d010701")
_STAMP_TOKEN: Final = bytes.fromhex("2a864886f70d010910020e")
_RANGE: Final = re.compile(rb"/ByteRange \[0 ([1-9][0-9]{0,11}) ([1-9][0-9]{0,11}) ([1-9][0-9]{0,11})\]")
_SUBFILTER: Final = b"/SubFilter /ETSI.CAdES.detached"
_MADE: Final = re.compile(rb"/M \(D\\072([0-9]{14})Z\)")
_DIGITS: Final = re.compile(rb"(?:[0-9A-F]{2})+")
_FILE_HEAD: Final = b"/Type /EmbeddedFile/Subtype /application#2fzip/"
_FILE_START: Final = re.compile(rb"[^\n]{0,400}/Filter /FlateDecode/Length ([1-9][0-9]{0,11})>>\nstream\n")


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal that covers the whole file and whose signature holds; whose key it is remains to be asked (S11)."""

    certificate: Digest
    """Certificate id: SHA-256 of the public key."""
    key: bytes
    """SubjectPublicKeyInfo in DER."""
    signed_at: datetime
    """The sealer's own clock, UTC."""
    stamp: Stamp | None
    """What a time-stamp authority says."""
    start: int
    """Where in the file the signature begins; what the pages rest on stands before it."""


@dataclass(frozen=True, slots=True)
class PrintedPages:
    """What is known of the pages in hand."""

    state: State
    reason: str
    """A sentence; for ``sealed`` it names the key."""
    seal: Seal | None
    """There if the signature itself holds, whoever's key it is."""


def read_seal(pdf: bytes) -> Seal:
    """The seal of ``pdf``: steps S01 to S09. Whether its key is the ledger's is for `judge_pages`.

    Raises:
        FormatError: ``not-sealed``: no signature is there; ``bad-seal`` whatever else is wrong, with the step.
    """
    if b"/ByteRange" not in pdf and b"/Type /Sig" not in pdf:
        raise FormatError("not-sealed", "the file carries no signature")
    try:
        return _read(pdf)
    except FormatError as error:
        if error.slug == "bad-seal":
            raise
        raise _bad("S03", "the signature is not in the form of a seal") from None
    except ValueError:
        # Unpacking a wrong number of values.
        raise _bad("S03", "the signature is not in the form of a seal") from None


def plain_bundle(pdf: bytes) -> bytes:
    """The bundle where every reader without a PDF library finds it: step S10's form.

    Give it the part of the file that stands before the signature.

    Raises:
        FormatError: ``bad-seal``.
    """
    start = pdf.find(_FILE_HEAD)
    if start < 0 or pdf.find(_FILE_HEAD, start + 1) >= 0:
        raise _bad("S10", "not exactly one bundle stands in the file")
    head = _FILE_START.match(pdf, start)
    if head is None or len(pdf) < head.end() + int(head[1]):
        raise _bad("S10", "the bundle is not in the form of a seal's")
    unpacker = zlib.decompressobj()
    try:
        bundle = unpacker.decompress(pdf[head.end() : head.end() + int(head[1])], MAX_BUNDLE_BYTES)
    except zlib.error:
        raise _bad("S10", "the bundle cannot be unpacked") from None
    if not unpacker.eof or unpacker.unused_data:
        raise _bad("S10", "the bundle is not as long as the file says")
    return bundle


def judge_pages(pdf: bytes, attached: bytes | None, verification: Verification) -> PrintedPages:
    """What can be said of the pages of ``pdf``: all steps.

    ``attached`` is the bundle as a PDF library found it, None if it found none, and ``verification`` is the bundle's.
    """
    seal = None
    try:
        seal = read_seal(pdf)
        if plain_bundle(pdf[: seal.start]) != attached:
            raise _bad("S10", "readers find different bundles in the file")
        records = verification.records
        if not verification.intact or records is None:
            return PrintedPages("cannot tell", "the records that name the ledger's sealing keys do not verify", seal)
        _check_enrolled(seal, records.roster.certificates.get(seal.certificate), records.position)
    except FormatError as error:
        if error.slug != "not-sealed":
            return PrintedPages("altered or not sealed by this ledger", _reason(error), seal)
        if ends_early(pdf):
            return PrintedPages("cannot tell", "S01: the file ends early, before any seal: get it again", None)
        return PrintedPages("not sealed", "the pages carry no seal, only the attached records are checked", None)
    return PrintedPages("sealed", "the whole file is signed with a key that this ledger enrolled", seal)


def _reason(error: FormatError) -> str:
    step = error.details.get("step")
    return error.message if step is None else f"{step}: {error.message}"


def _check_enrolled(seal: Seal, enrolled: Certificate | None, position: int) -> None:
    """S11."""
    if enrolled is None or enrolled.key != seal.key:
        raise _bad("S11", "the key of the seal is not enrolled in this ledger")
    if not in_force(enrolled.since, enrolled.until, position):
        raise _bad("S11", "the key of the seal was not in force in this ledger")


def _read(pdf: bytes) -> Seal:
    start, contents, made, covered = _contents(pdf)
    node = parse_der_prefix(contents)
    if contents[len(node.raw) :].strip(b"\x00"):
        raise _bad("S02", "something stands behind the signature")
    certificates, signer = _signed_data(node)
    fields = signer.children(SEQUENCE)
    own = _signer(certificates, fields)
    _check_attributes(fields[3], certificates, own, covered)
    spki = _spki(own)
    parse_seal_key(spki)
    signature = fields[5].of(OCTETS)
    _check_signature(spki, fields[4], signature, fields[3])
    stamp = _stamp(fields[6], signature) if len(fields) == 7 else None
    return Seal(certificate_id(spki), spki, made, stamp, start)


def _contents(pdf: bytes) -> tuple[int, bytes, datetime, bytes]:
    """S01, S02: where Contents begins, what it holds, when the seal was made, and SHA-256 of the rest of the file."""
    found = _RANGE.findall(pdf)
    if pdf.count(b"/ByteRange") != 1 or len(found) != 1:
        raise _bad("S01", "not exactly one signature over a range of bytes")
    start, end, rest = map(int, found[0])
    if not start < end or end + rest != len(pdf):
        raise _bad("S02", "the signature does not cover the whole file")
    digits, tail = pdf[start + 1 : end - 1], pdf[end:]
    made = _MADE.findall(tail)
    if (
        pdf[start : start + 1] != b"<"
        or pdf[end - 1 : end] != b">"
        or _DIGITS.fullmatch(digits) is None
        or tail.count(_SUBFILTER) != 1
        or len(made) != 1
    ):
        raise _bad("S02", "the signature leaves out more than its own value, or is of another sort")
    try:
        made_at = datetime.strptime(made[0].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise _bad("S02", "the time of sealing is none") from None
    # digest = sha256(bytes 0 to a || bytes b to b + c), docs/packs.md, S07
    return start, bytes.fromhex(digits.decode()), made_at, sha256(pdf[:start] + tail).digest()


def _signed_data(node: Node) -> tuple[tuple[Node, ...], Node]:
    """S03: the certificates and the one SignerInfo."""
    content_type, wrapped = node.children(SEQUENCE)
    (signed,) = wrapped.children(FIELD_0)
    version, algorithms, content, given, signers = signed.children(SEQUENCE)
    certificates = given.children(FIELD_0)
    (signer,) = signers.children(SET)
    if (
        content_type.of(OID) != SIGNED_DATA
        or version.of(INTEGER) != b"\x01"
        or algorithms.of(SET) != SHA256_ALGORITHM
        or content.of(SEQUENCE) != _DATA
        or not 1 <= len(certificates) <= MOST_CERTIFICATES
        or len({one.raw for one in certificates}) != len(certificates)
    ):
        raise _bad("S03", "the signature is not in the form of a seal")
    return certificates, signer


def _signer(certificates: tuple[Node, ...], fields: tuple[Node, ...]) -> Node:
    """S04: the certificate that the SignerInfo names."""
    version, identifier, algorithm = fields[:3]
    issuer, serial = identifier.children(SEQUENCE)
    named = [
        one
        for one in certificates
        if [part.raw for part in (_certificate(one)[3], _certificate(one)[1])] == [issuer.raw, serial.raw]
    ]
    if len(fields) not in (6, 7) or version.of(INTEGER) != b"\x01" or algorithm.raw != SHA256_ALGORITHM:
        raise _bad("S04", "the signer is not told in the form of a seal")
    if len(named) != 1:
        raise _bad("S04", "not exactly one certificate of the signer is there")
    return named[0]


def _certificate(one: Node) -> tuple[Node, ...]:
    """The fields of a version 3 certificate: version, serial, algorithm, issuer, validity, subject, key, ..."""
    fields = one.children(SEQUENCE)[0].children(SEQUENCE)
    if len(fields) < 7 or fields[0].tag != FIELD_0:
        raise _bad("S04", "a certificate is not of version 3")
    return fields


def _spki(certificate: Node) -> bytes:
    return _certificate(certificate)[6].raw


def _check_attributes(attributes: Node, certificates: tuple[Node, ...], own: Node, covered: bytes) -> None:
    """S05 to S07."""
    told: dict[bytes, Node] = {}
    listed = attributes.children(FIELD_0)
    for one in listed:
        kind, values = one.children(SEQUENCE)
        (told[kind.of(OID)],) = values.children(SET)
    in_order = [one.raw for one in listed] == sorted(one.raw for one in listed)
    if len(listed) != 3 or told.keys() != {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2} or not in_order:
        raise _bad("S05", "the signed attributes are not those of a seal")
    if told[CONTENT_TYPE].raw != _DATA:
        raise _bad("S05", "the signature is over something else than data")
    (identifiers,) = told[SIGNING_CERTIFICATE_V2].children(SEQUENCE)
    digests = [single.of(OCTETS) for (single,) in (one.children(SEQUENCE) for one in identifiers.children(SEQUENCE))]
    given = [sha256(one.raw).digest() for one in certificates]
    if sorted(digests) != sorted(given) or digests[0] != sha256(own.raw).digest():
        raise _bad("S06", "the certificates are not those that were signed with")
    if told[MESSAGE_DIGEST].of(OCTETS) != covered:
        raise _bad("S07", "the file was changed after it was sealed")


def _check_signature(spki: bytes, algorithm: Node, signature: bytes, attributes: Node) -> None:
    """S08."""
    # signed = 0x31 || the DER of the signed attributes without its first byte (RFC 5652, 5.4), docs/packs.md, S08
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - costs 50 ms, for whoever reads a seal
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415

    signed = b"\x31" + attributes.raw[1:]
    public = serialization.load_der_public_key(spki)
    try:
        if isinstance(public, ec.EllipticCurvePublicKey) and algorithm.of(SEQUENCE) == _oid(ECDSA_SHA256):
            public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public, rsa.RSAPublicKey) and algorithm.of(SEQUENCE) == _oid(RSA_SHA256) + b"\x05\x00":
            public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise _bad("S08", "the algorithm of the signature is none of a seal's")
    except InvalidSignature:
        raise _bad("S08", "the signature is wrong") from None


def _stamp(attributes: Node, signature: bytes) -> Stamp:
    """S09."""
    (attribute,) = attributes.children(FIELD_1)
    kind, values = attribute.children(SEQUENCE)
    (token,) = values.children(SET)
    if kind.of(OID) != _STAMP_TOKEN:
        raise _bad("S09", "something unsigned stands beside the signature")
    try:
        return read_stamp(token.raw, sha256(signature).digest())
    except FormatError as error:
        raise _bad("S09", f"the time stamp does not hold: {error.message}") from None


def _oid(content: bytes) -> bytes:
    return bytes((OID, len(content))) + content


def _bad(step: str, message: str) -> FormatError:
    return FormatError("bad-seal", message, details={"step": step})
