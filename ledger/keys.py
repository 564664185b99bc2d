"""Keys: their ids and texts, signing, and the one rule of which signatures count.

The only module that imports signing libraries. Nothing here draws random numbers: whoever makes a key passes its seed.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, NoReturn, Protocol

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_scalarmult_ed25519_noclamp,
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from ledger import sshsig
from ledger.canonical import decode_base64
from ledger.digests import Digest, digest_bytes, from_raw
from ledger.errors import FormatError, SignatureError

Scheme = Literal["ed25519", "sshsig"]
"""Signature schemes that verify. The format reserves ``webauthn``; keys of that are refused."""

KEY_BYTES: Final = 32
SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = crypto_sign_BYTES

_PRIVATE_HEAD: Final = "evidence-ledger-private-key-v1:"
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_ORDER_LESS_ONE: Final = (_ORDER - 1).to_bytes(32, "little")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked under. Bytes from outside go through ``check_public_key`` or a parser first."""

    scheme: Scheme
    """Of the key, never of an envelope."""
    key: bytes
    """For ``ed25519`` 32 bytes: the encoded point (RFC 8032 §5.1.5). For ``sshsig`` OpenSSH's wire form."""

    def __post_init__(self) -> None:
        if self.scheme == "ed25519" and len(self.key) != KEY_BYTES:
            raise ValueError("an ed25519 key has 32 bytes")

    @property
    def point(self) -> bytes:
        """The point alone: what one private key has in common under all schemes and forms (format §2)."""
        return self.key if self.scheme == "ed25519" else sshsig.parse_key(self.key).point


class Signer(Protocol):
    """Whatever signs: a private key at hand, or a program or device that holds one."""

    @property
    def public(self) -> PublicKey:
        """The key that its signatures verify under."""

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message`` by the rule of the key's scheme, as an envelope holds it."""


class Presence(NamedTuple):
    """What a security key says of its holder at the moment of signing."""

    present: bool
    """Somebody touched it."""
    verified: bool
    """It knew them, by PIN or fingerprint."""


class SigningKey:
    """A private key, made from its 32-byte seed. It prints as its key id, and refuses to be pickled."""

    __slots__ = ("_secret", "public")

    public: PublicKey
    """The key that its signatures verify under."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError("a seed has 32 bytes")
        point, self._secret = crypto_sign_seed_keypair(seed)
        self.public = PublicKey("ed25519", point)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over ``message`` (RFC 8032 §5.1.6): the same for the same bytes, always."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"SigningKey({key_id(self.public)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is written by format_private_key only")


def key_id(public: PublicKey) -> Digest:
    """The id under which events, leaves and the roster name ``public``."""
    # key id = sha256(scheme || 0x00 || key bytes), format §2
    return digest_bytes(public.scheme.encode("ascii") + b"\x00" + public.key)


def public_key_digest(public: PublicKey) -> Digest:
    """Digest of the bare 32 key bytes: the subject ``log-key`` of genesis (format §4.4). Not the key id."""
    # sha256(key bytes), format §4.4
    return from_raw(hashlib.sha256(public.key).digest())


def sign(key: Signer, message: bytes) -> bytes:
    """The signature of ``key`` over ``message``, for every kind of signer."""
    return key.sign(message)


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Nothing, if ``signature`` holds for ``message`` under ``public`` by the rule of its scheme, format §2.1 or §2.3.

    Whose key it is, and what it may sign, is the roster's to say.

    Raises:
        SignatureError: ``bad-signature``.
    """
    if public.scheme == "ed25519":
        good = _holds_ed25519(public.key, signature, message)
    else:
        good = _holds_sshsig(public.key, signature, message)
    if not good:
        raise SignatureError("bad-signature", "the signature does not hold", details={"key_id": key_id(public)})


def presence(public: PublicKey, signature: bytes) -> Presence | None:
    """What the security key of ``public`` says of its holder in ``signature``; None for keys that no device holds.

    The signature is *not* checked: ask after ``verify``.

    Raises:
        FormatError: ``bad-sshsig`` and the like, for a signature that could not have held.
    """
    if public.scheme == "ed25519" or sshsig.parse_key(public.key).application is None:
        return None
    device = sshsig.parse_signature(signature).device
    if device is None:
        raise FormatError("bad-sshsig", "the signature is by another sort of key")
    return Presence(bool(device.flags & sshsig.USER_PRESENT), bool(device.flags & sshsig.USER_VERIFIED))


def _holds_ed25519(point: bytes, signature: bytes, message: bytes) -> bool:
    # libsodium refuses S >= L, R and keys of small order, keys in another encoding than their own, and compares the
    # encoding of [S]B - [k]A with the bytes of R. Versions 1.0.18 to 1.0.20 agree on all of it (tests/vectors/ed25519).
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, point)
    except BadSignatureError:
        return False
    return True


def _holds_sshsig(wire: bytes, blob: bytes, message: bytes) -> bool:
    try:
        read = sshsig.parse_signature(blob)
    except FormatError:
        return False
    if read.public != wire:
        return False
    signed = sshsig.signed_bytes(message, read.hash_name)
    if read.key.application is not None and read.device is not None:
        signed = sshsig.device_bytes(read.key.application, read.device, signed)
    if read.ecdsa is not None:
        return sshsig.is_low(read.ecdsa[1]) and _holds_ecdsa(read.key.point, read.ecdsa, signed)
    return read.ed25519 is not None and _holds_ed25519(read.key.point, read.ed25519, signed)


def _holds_ecdsa(point: bytes, pair: tuple[int, int], message: bytes) -> bool:
    # Imported by whoever meets such a key: a pipeline that has none need not wait for it.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
        ECDSA,
        SECP256R1,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    # ECDSA on P-256 with SHA-256 (FIPS 186-5 §6.4.2); point, r and s were checked when they were read
    public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    try:
        public.verify(encode_dss_signature(*pair), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def check_public_key(public: PublicKey, where: str = "") -> None:
    """Nothing, if ``public`` is of a sort, shape and encoding that format §2 admits.

    An Ed25519 point is in the prime-order subgroup, not its neutral element, and encoded canonically.

    Raises:
        FormatError: ``weak-key``, ``bad-key`` or ``unsupported-scheme`` at ``where``.
    """
    point = public.key
    if public.scheme == "sshsig":
        key = sshsig.parse_key(public.key, where)
        if key.is_ecdsa:
            return
        point = key.point
    # [L-1]A = -A exactly for points of order L. libsodium's own check let A + (0, -1) through before CVE-2025-69277
    # was mended; since L-1 is even the product loses (0, -1) and differs from -A, in every version.
    if crypto_core_ed25519_is_valid_point(point):
        try:
            product = crypto_scalarmult_ed25519_noclamp(_ORDER_LESS_ONE, point)
        except RuntimeError:
            product = b""
        if product == point[:-1] + bytes([point[-1] ^ 0x80]):
            return
    raise FormatError("weak-key", "not a point of the prime-order subgroup in its one encoding", where=where)


def format_public_key(public: PublicKey) -> str:
    """The text of scheme, colon and base64, for files and people."""
    return f"{public.scheme}:{b64encode(public.key).decode('ascii')}"


def parse_public_key(text: str, where: str = "") -> PublicKey:
    """The key in its text form, checked by ``check_public_key``.

    Raises:
        FormatError: ``bad-key``, ``unsupported-scheme``, ``bad-base64`` or ``weak-key`` at ``where``.
    """
    scheme, encoded = _split(text, where)
    if scheme == "sshsig":
        public = PublicKey("sshsig", decode_base64(encoded, where))
    elif scheme == "ed25519":
        public = PublicKey("ed25519", _decode_32(encoded, where))
    else:
        raise FormatError("unsupported-scheme", "only keys of the schemes ed25519 and sshsig are admitted", where=where)
    check_public_key(public, where)
    return public


def format_private_key(seed: bytes) -> str:
    """The one line of a private key file, with its newline."""
    if len(seed) != SEED_BYTES:
        raise ValueError("a seed has 32 bytes")
    return f"{_PRIVATE_HEAD}ed25519:{b64encode(seed).decode('ascii')}\n"


def parse_private_key(text: str) -> SigningKey:
    """The key in a private key file; the newline may be missing, for a line that was copied into a secret store.

    Raises:
        FormatError: ``bad-key``, ``unsupported-scheme`` or ``bad-base64``; the message holds nothing of ``text``.
    """
    line = text.removesuffix("\n")
    if not line.startswith(_PRIVATE_HEAD):
        raise FormatError("bad-key", "not a private key file of this format")
    scheme, encoded = _split(line.removeprefix(_PRIVATE_HEAD), "")
    if scheme != "ed25519":
        raise FormatError("unsupported-scheme", "a private key file holds a key of the scheme ed25519")
    return SigningKey(_decode_32(encoded, ""))


def _split(text: str, where: str) -> tuple[str, str]:
    scheme, colon, encoded = text.partition(":")
    if not colon:
        raise FormatError("bad-key", "a key text is a scheme, a colon and base64", where=where)
    return scheme, encoded


def _decode_32(encoded: str, where: str) -> bytes:
    data = decode_base64(encoded, where)
    if len(data) != KEY_BYTES:
        raise FormatError("bad-key", "an ed25519 key has 32 bytes", where=where, details={"size_bytes": len(data)})
    return data
