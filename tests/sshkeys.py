"""SSH keys for tests, made from seeds: all four sorts, security keys emulated. They sign like the real ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ledger import sshsig
from ledger.keys import PublicKey, SigningKey, sign

if TYPE_CHECKING:
    from collections.abc import Callable

SORTS: Final = {
    "ed25519": sshsig.ED25519,
    "ecdsa": sshsig.ECDSA,
    "sk-ed25519": sshsig.SK_ED25519,
    "sk-ecdsa": sshsig.SK_ECDSA,
}
"""Short names of the sorts of keys."""


def string(data: bytes) -> bytes:
    """A string of RFC 4251."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive mpint of RFC 4251."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


@dataclass(frozen=True)
class EmulatedKey:
    """A key of one of ``SORTS``; a ``ledger.keys.Signer``."""

    sort: str
    seed: bytes
    """32 bytes."""
    application: bytes = b"ssh:"
    flags: int = sshsig.USER_PRESENT
    counter: int = 7
    hash_name: str = "sha512"

    @property
    def is_device(self) -> bool:
        """Whether a security key holds it."""
        return self.sort.startswith("sk-")

    @property
    def point(self) -> bytes:
        """Its point, as the wire form has it."""
        if self.sort.endswith("ed25519"):
            return SigningKey(self.seed).public.key
        numbers = self._ecdsa().public_key().public_numbers()
        return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    @property
    def wire(self) -> bytes:
        """OpenSSH's public key bytes."""
        curve = string(b"nistp256") if self.sort.endswith("ecdsa") else b""
        tail = string(self.application) if self.is_device else b""
        return string(SORTS[self.sort].encode()) + curve + string(self.point) + tail

    @property
    def public(self) -> PublicKey:
        """The key that its signatures verify under."""
        return PublicKey("sshsig", self.wire)

    def sign(self, message: bytes) -> bytes:
        """The blob over ``message``, with s in the lower half."""
        return self.blob(message)

    def blob(
        self,
        message: bytes,
        *,
        namespace: bytes = b"evidence-ledger",
        public: bytes | None = None,
        value: Callable[[bytes], bytes] = lambda value: value,
        high: bool = False,
    ) -> bytes:
        """The blob with whatever is wrong about it that a test asks for."""
        digest = hashlib.new(self.hash_name, message).digest()
        name = self.hash_name.encode()
        signed = b"SSHSIG" + string(namespace) + string(b"") + string(name) + string(digest)
        inner = self.inner(signed, value=value, high=high)
        head = b"SSHSIG" + (1).to_bytes(4, "big") + string(self.wire if public is None else public)
        return head + string(namespace) + string(b"") + string(name) + string(inner)

    def inner(
        self, signed: bytes, *, value: Callable[[bytes], bytes] = lambda value: value, high: bool = False
    ) -> bytes:
        """What an agent gives for ``signed``: algorithm, value, and a device's flags and counter."""
        device = b""
        if self.is_device:
            device = bytes([self.flags]) + self.counter.to_bytes(4, "big")
            signed = hashlib.sha256(self.application).digest() + device + hashlib.sha256(signed).digest()
        raw = self._pair(signed, high=high) if self.sort.endswith("ecdsa") else sign(SigningKey(self.seed), signed)
        return string(SORTS[self.sort].encode()) + string(value(raw)) + device

    def _ecdsa(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.seed, "big") % (sshsig.P256_ORDER - 1) + 1, ec.SECP256R1())

    def _pair(self, signed: bytes, *, high: bool) -> bytes:
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._ecdsa().sign(signed, algorithm))
        s = min(s, sshsig.P256_ORDER - s)
        return mpint(r) + mpint(sshsig.P256_ORDER - s if high else s)
