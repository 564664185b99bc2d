"""OpenSSH's forms of keys and signatures as far as the scheme ``sshsig`` admits them (format §2.2 and §2.3).

Reading, writing and the conditions on encodings; no cryptography but the equation of the curve P-256. What holds is
``ledger.keys`` to say. OpenSSH's own pages: PROTOCOL.sshsig, PROTOCOL.u2f; RFC 4251 §5, RFC 5656 §3.1.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ledger.canonical import decode_base64
from ledger.errors import FormatError

NAMESPACE: Final = "evidence-ledger"
"""What the signatures are for; one that OpenSSH made for git, for files or for another product counts nowhere."""

ED25519: Final = "ssh-ed25519"
ECDSA: Final = "ecdsa-sha2-nistp256"
SK_ED25519: Final = "sk-ssh-ed25519@openssh.com"
SK_ECDSA: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
ALGORITHMS: Final = (ED25519, ECDSA, SK_ED25519, SK_ECDSA)

MAX_SIGNATURE_BYTES: Final = 1_024

USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

_MAGIC: Final = b"SSHSIG"
_HEAD: Final = _MAGIC + b"\x00\x00\x00\x01"
_CURVE: Final = b"nistp256"
_APPLICATION: Final = re.compile(rb"ssh:[ -~]{0,124}")
_HASHES: Final = {"sha512": hashlib.sha512, "sha256": hashlib.sha256}
_ARMOR_HEAD: Final = "-----BEGIN SSH SIGNATURE-----"
_ARMOR_TAIL: Final = "-----END SSH SIGNATURE-----"
_ARMOR_WIDTH: Final = 70
MAX_ARMOR_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key in OpenSSH's wire form."""

    algorithm: str
    """One of ``ALGORITHMS``."""
    point: bytes
    """32 bytes for Ed25519, unchecked; for P-256 0x04 and both coordinates of 32 bytes, a point of the curve."""
    application: bytes | None
    """What a security key made it for, ``ssh:`` and more; None for a key that no device holds."""

    @property
    def is_ecdsa(self) -> bool:
        """Whether its signatures are pairs (r, s) on P-256."""
        return self.algorithm in (ECDSA, SK_ECDSA)


@dataclass(frozen=True, slots=True)
class Flags:
    """What a security key adds to a signature."""

    flags: int
    """Bit 0: user present, bit 2: user verified; no other."""
    counter: int
    """How often the device has signed, as far as it counts; 32 bits."""

    @property
    def data(self) -> bytes:
        """Five bytes, as signed and as written."""
        return bytes([self.flags]) + self.counter.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SshSignature:
    """An SSHSIG blob of our namespace, read; whether it holds is not checked."""

    public: bytes
    """Wire form of the key that it says made it."""
    key: SshKey
    hash_name: str
    """``sha512`` or ``sha256``."""
    ed25519: bytes | None
    """64 bytes, for Ed25519 keys."""
    ecdsa: tuple[int, int] | None
    """r and s, from 1 and below the order; s perhaps in the upper half (``normalise``)."""
    device: Flags | None
    """For keys that a security key holds."""


class MalformedError(ValueError):
    """Wire bytes are not of their form; whoever reads them says what they should have been."""


class WireReader:
    """Takes fields from the front of wire bytes (RFC 4251 §5); what is not there is a ``MalformedError``."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if size > len(self._data) - self._at:
            raise MalformedError("the bytes end inside a field")
        self._at += size
        return self._data[self._at - size : self._at]

    def string(self) -> bytes:
        """The bytes of the next string."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def end(self) -> None:
        """Nothing, if nothing is left."""
        if self._at != len(self._data):
            raise MalformedError("bytes after the last field")


def wire_string(data: bytes) -> bytes:
    """``data`` as a string of the wire."""
    # RFC 4251 §5: four bytes of length, big-endian, then the bytes
    return len(data).to_bytes(4, "big") + data


def _mpint(number: int) -> bytes:
    # RFC 4251 §5: two's complement, so a zero byte before a set top bit, and no other
    return wire_string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


@lru_cache(maxsize=4_096)
def parse_key(data: bytes, where: str = "") -> SshKey:
    """The key whose wire form is ``data``, whole. An Ed25519 point is *not* checked: see ``ledger.keys``.

    Raises:
        FormatError: ``bad-key`` at ``where``; ``unsupported-scheme`` for a sort of key that is not admitted.
    """
    try:
        key = _parse_key(data)
    except MalformedError as error:
        raise FormatError("bad-key", str(error), where=where) from None
    if key is None:
        raise FormatError(
            "unsupported-scheme",
            "SSH keys are admitted as Ed25519 or ECDSA P-256, and as either on a security key",
            where=where,
            remedy="Make one: ssh-keygen -t ed25519",
        )
    return key


def _parse_key(data: bytes) -> SshKey | None:
    fields = WireReader(data)
    name = fields.string()
    algorithm = next((item for item in ALGORITHMS if item.encode("ascii") == name), None)
    if algorithm is None:
        return None
    if algorithm in (ECDSA, SK_ECDSA) and fields.string() != _CURVE:
        raise MalformedError("the curve is nistp256")
    point = fields.string()
    application = fields.string() if algorithm in (SK_ED25519, SK_ECDSA) else None
    fields.end()
    if application is not None and _APPLICATION.fullmatch(application) is None:
        raise MalformedError("an application is ssh: and up to 124 printable characters")
    if algorithm in (ECDSA, SK_ECDSA) and not on_p256(point):
        raise MalformedError("not an uncompressed point of the curve P-256")
    if algorithm in (ED25519, SK_ED25519) and len(point) != 32:
        raise MalformedError("an Ed25519 point has 32 bytes")
    return SshKey(algorithm, point, application)


def on_p256(point: bytes) -> bool:
    """Whether these are the 65 bytes of an uncompressed point of P-256."""
    if len(point) != 65 or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    # The cofactor is 1: every point of the curve generates the whole group.
    return max(x, y) < _P256_PRIME and (y * y - x * x * x + 3 * x - _P256_B) % _P256_PRIME == 0


def write_key(key: SshKey) -> bytes:
    """The wire form of ``key``."""
    curve = wire_string(_CURVE) if key.is_ecdsa else b""
    application = b"" if key.application is None else wire_string(key.application)
    return wire_string(key.algorithm.encode("ascii")) + curve + wire_string(key.point) + application


def signed_bytes(message: bytes, hash_name: str) -> bytes:
    """What an SSH key signs for ``message``; a security key signs ``device_bytes`` of it instead."""
    # "SSHSIG" || string namespace || string "" || string hash name || string H(message), format §2.3
    digest = _HASHES[hash_name](message).digest()
    fields = (NAMESPACE.encode("ascii"), b"", hash_name.encode("ascii"), digest)
    return _MAGIC + b"".join(wire_string(item) for item in fields)


def device_bytes(application: bytes, device: Flags, signed: bytes) -> bytes:
    """What a security key signs when it is asked to sign ``signed``."""
    # SHA-256(application) || flags || counter (4 bytes, big-endian) || SHA-256(signed bytes), format §2.3
    return hashlib.sha256(application).digest() + device.data + hashlib.sha256(signed).digest()


def parse_signature(blob: bytes) -> SshSignature:
    """The signature in ``blob``, of whatever key that is admitted; nothing is verified.

    The upper half of s is let through for ``normalise``, which has to read it; ``ledger.keys.verify`` refuses it.

    Raises:
        FormatError: ``bad-sshsig``; ``bad-key`` or ``unsupported-scheme`` for the key inside.
    """
    try:
        return _parse_blob(blob)
    except MalformedError as error:
        raise FormatError("bad-sshsig", str(error)) from None


def _parse_blob(blob: bytes) -> SshSignature:
    if len(blob) > MAX_SIGNATURE_BYTES:
        raise MalformedError(f"an SSH signature has at most {MAX_SIGNATURE_BYTES} bytes")
    fields = WireReader(blob)
    if fields.take(len(_HEAD)) != _HEAD:
        raise MalformedError("not an SSH signature of version 1")
    public = fields.string()
    if fields.string() != NAMESPACE.encode("ascii"):
        raise MalformedError(f"the namespace is {NAMESPACE}")
    if fields.string():
        raise MalformedError("the reserved field is empty")
    hash_name = fields.string().decode("ascii", "replace")
    if hash_name not in _HASHES:
        raise MalformedError("the hash is sha512 or sha256")
    inner = fields.string()
    fields.end()
    key = parse_key(public)
    ed25519, ecdsa, device = _parse_inner(inner, key)
    return SshSignature(public, key, hash_name, ed25519, ecdsa, device)


def _parse_inner(inner: bytes, key: SshKey) -> tuple[bytes | None, tuple[int, int] | None, Flags | None]:
    fields = WireReader(inner)
    if fields.string() != key.algorithm.encode("ascii"):
        raise MalformedError("the signature is of its key's own algorithm")
    value = fields.string()
    device = None
    if key.application is not None:
        device = Flags(fields.take(1)[0], int.from_bytes(fields.take(4), "big"))
        if device.flags & ~(USER_PRESENT | USER_VERIFIED):
            raise MalformedError("flags other than user present and user verified")
    fields.end()
    if key.is_ecdsa:
        pair = WireReader(value)
        ecdsa = (_scalar(pair), _scalar(pair))
        pair.end()
        return None, ecdsa, device
    if len(value) != 64:
        raise MalformedError("an Ed25519 signature has 64 bytes")
    return value, None, device


def _scalar(fields: WireReader) -> int:
    data = fields.string()
    number = int.from_bytes(data, "big")
    if not 1 <= number < P256_ORDER or wire_string(data) != _mpint(number):
        raise MalformedError("r and s are from 1 to below the order, each in its one encoding")
    return number


def is_low(scalar: int) -> bool:
    """Whether s is the lower of the two that hold, s and n - s."""
    return scalar <= P256_ORDER // 2


def write_signature(public: bytes, hash_name: str, inner: bytes) -> bytes:
    """The blob around ``inner``, the signature as an agent or device gives it: its algorithm and its value."""
    # magic || version 1 || string key || string namespace || string "" || string hash name || string signature, §2.3
    fields = (public, NAMESPACE.encode("ascii"), b"", hash_name.encode("ascii"), inner)
    return _HEAD + b"".join(wire_string(item) for item in fields)


def normalise(blob: bytes) -> bytes:
    """The same signature with s in the lower half, as it must be sealed; others come back as they are.

    Whoever has one of (r, s) and (r, n - s) can write the other: with one of them admitted, an envelope has one form.
    OpenSSH writes either, by chance.

    Raises:
        FormatError: as ``parse_signature``.
    """
    read = parse_signature(blob)
    if read.ecdsa is None or is_low(read.ecdsa[1]):
        return blob
    r, s = read.ecdsa
    device = b"" if read.device is None else read.device.data
    value = _mpint(r) + _mpint(P256_ORDER - s)
    inner = wire_string(read.key.algorithm.encode("ascii")) + wire_string(value) + device
    return write_signature(read.public, read.hash_name, inner)


def format_armor(blob: bytes) -> str:
    """The text of a ``.sig`` file, as ``ssh-keygen -Y verify`` reads it."""
    text = b64encode(blob).decode("ascii")
    lines = [text[start : start + _ARMOR_WIDTH] for start in range(0, len(text), _ARMOR_WIDTH)]
    return "\n".join([_ARMOR_HEAD, *lines, _ARMOR_TAIL, ""])


def parse_armor(text: str) -> bytes:
    """The blob in the text of a ``.sig`` file.

    Raises:
        FormatError: ``bad-sshsig`` or ``bad-base64``.
    """
    lines = text.removesuffix("\n").split("\n")
    if len(text) > MAX_ARMOR_CHARACTERS or len(lines) < 3 or (lines[0], lines[-1]) != (_ARMOR_HEAD, _ARMOR_TAIL):
        raise FormatError("bad-sshsig", "not the text of an SSH signature")
    return decode_base64("".join(lines[1:-1]), "")


def fingerprint(key: SshKey) -> str:
    """The name by which OpenSSH prints a key: ``SHA256:`` and base64 without padding."""
    # SHA-256(wire form): `ssh-keygen -l`
    return "SHA256:" + b64encode(hashlib.sha256(write_key(key)).digest()).decode("ascii").rstrip("=")


def format_line(key: SshKey) -> str:
    """Algorithm and base64, as OpenSSH writes public keys in its files."""
    return f"{key.algorithm} {b64encode(write_key(key)).decode('ascii')}"


def parse_line(text: str, where: str = "") -> SshKey:
    """The key in the line of a ``.pub`` file: algorithm, base64, and perhaps a comment, which is not read.

    Raises:
        FormatError: ``bad-key``, ``bad-base64`` or ``unsupported-scheme`` at ``where``.
    """
    words = text.strip().split(None, 2)
    if len(words) < 2 or "\n" in text.strip():
        raise FormatError("bad-key", "not the one line of an SSH public key", where=where)
    key = parse_key(decode_base64(words[1], where), where)
    if words[0] != key.algorithm:
        raise FormatError("bad-key", "the line names another algorithm than its key", where=where)
    return key
