"""Keys: their ids and texts, signing, and the one rule of which signatures count.

The only module that imports a signing library. Nothing here draws random numbers: whoever makes a key passes its seed.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, cast

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_scalarmult_ed25519_noclamp,
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from ledger.canonical import decode_base64
from ledger.digests import Digest, digest_bytes, from_raw
from ledger.errors import FormatError, SignatureError

Scheme = Literal["ed25519"]
"""Signature schemes that verify. The format reserves ``sshsig`` and ``webauthn``; keys of those are refused."""

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
    """Always ``ed25519``; of the key, never of an envelope."""
    key: bytes
    """32 bytes: the encoded point (RFC 8032 §5.1.5)."""

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError("an ed25519 key has 32 bytes")


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


def sign(key: SigningKey, message: bytes) -> bytes:
    """The 64-byte signature over ``message`` (RFC 8032 §5.1.6): the same for the same key and bytes, always."""
    return crypto_sign(message, key._secret)[:SIGNATURE_BYTES]  # noqa: SLF001  # the secret leaves this module nowhere


def verify(public: PublicKey, signature: bytes, message: bytes) -> None:
    """Nothing, if ``signature`` holds for ``message`` under ``public`` by the rule of format §2.1.

    Whose key it is, and what it may sign, is the roster's to say.

    Raises:
        SignatureError: ``bad-signature``.
    """
    # libsodium refuses S >= L, R and keys of small order, keys in another encoding than their own, and compares the
    # encoding of [S]B - [k]A with the bytes of R. Versions 1.0.18 to 1.0.20 agree on all of it (tests/vectors/ed25519).
    if len(signature) == SIGNATURE_BYTES:
        try:
            crypto_sign_open(signature + message, public.key)
        except BadSignatureError:
            pass
        else:
            return
    raise SignatureError("bad-signature", "the signature does not hold", details={"key_id": key_id(public)})


def check_public_key(public: PublicKey, where: str = "") -> None:
    """Nothing, if ``public`` is in the prime-order subgroup, not its neutral element, and encoded canonically.

    Raises:
        FormatError: ``weak-key`` at ``where``.
    """
    # [L-1]A = -A exactly for points of order L. libsodium's own check let A + (0, -1) through before CVE-2025-69277
    # was mended; since L-1 is even the product loses (0, -1) and differs from -A, in every version.
    if crypto_core_ed25519_is_valid_point(public.key):
        try:
            product = crypto_scalarmult_ed25519_noclamp(_ORDER_LESS_ONE, public.key)
        except RuntimeError:
            product = b""
        if product == public.key[:-1] + bytes([public.key[-1] ^ 0x80]):
            return
    raise FormatError("weak-key", "not a point of the prime-order subgroup in its one encoding", where=where)


def format_public_key(public: PublicKey) -> str:
    """The text ``ed25519:`` and base64, for files and people."""
    return f"{public.scheme}:{b64encode(public.key).decode('ascii')}"


def parse_public_key(text: str, where: str = "") -> PublicKey:
    """The key in its text form, checked by ``check_public_key``.

    Raises:
        FormatError: ``bad-key``, ``unsupported-scheme``, ``bad-base64`` or ``weak-key`` at ``where``.
    """
    scheme, data = _parse_key(text, where)
    public = PublicKey(scheme, data)
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
    _scheme, seed = _parse_key(line.removeprefix(_PRIVATE_HEAD), "")
    return SigningKey(seed)


def _parse_key(text: str, where: str) -> tuple[Scheme, bytes]:
    scheme, colon, encoded = text.partition(":")
    if not colon:
        raise FormatError("bad-key", "a key text is a scheme, a colon and base64", where=where)
    if scheme != "ed25519":
        raise FormatError("unsupported-scheme", "only keys of the scheme ed25519 are admitted", where=where)
    data = decode_base64(encoded, where)
    if len(data) != KEY_BYTES:
        raise FormatError("bad-key", "an ed25519 key has 32 bytes", where=where, details={"size_bytes": len(data)})
    return cast("Scheme", scheme), data
