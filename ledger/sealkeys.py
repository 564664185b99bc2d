"""Public keys that seal packs: the one form in which they are enrolled, and the id that follows from it (format §2.4).

A sealing key signs PDF files and nothing in the log, so no signing library is needed to take one in: its bytes are
held against the forms that the format admits, and the point against its curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.digests import digest_bytes
from ledger.errors import FormatError
from ledger.sshsig import on_p256

if TYPE_CHECKING:
    from ledger.digests import Digest

_P256_HEAD: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_P384_HEAD: Final = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")
_RSA_ALGORITHM: Final = bytes.fromhex("300d06092a864886f70d0101010500")
_P384_PRIME: Final = 2**384 - 2**128 - 2**96 + 2**32 - 1
_P384_B: Final = int(
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef", 16
)
_RSA_BITS: Final = (2_048, 4_096)
_RSA_EXPONENTS: Final = (65_537, 2**32 - 1)
REMEDY: Final = "Packs are sealed with a key of the sort P-256, P-384, or RSA with 2,048 to 4,096 bits."


@dataclass(frozen=True, slots=True)
class SealingKey:
    """What sort of key a SubjectPublicKeyInfo holds."""

    algorithm: str
    """``P-256``, ``P-384`` or ``RSA``."""
    bits: int
    """Length of the curve's field, or of the modulus."""

    @property
    def words(self) -> str:
        """As people read it."""
        return f"RSA with {self.bits} bits" if self.algorithm == "RSA" else self.algorithm


def certificate_id(spki: bytes) -> Digest:
    """The id under which a sealing key is enrolled, whatever X.509 certificate is around it."""
    # certificate id = sha256(SubjectPublicKeyInfo in DER), format §2.4
    return digest_bytes(spki)


def parse_seal_key(spki: bytes, where: str = "") -> SealingKey:
    """The sealing key whose SubjectPublicKeyInfo is ``spki``, whole.

    Raises:
        FormatError: ``bad-seal-key`` at ``where``; of another sort, or not in the one form of its sort.
    """
    key = _curve_key(spki) or _rsa_key(spki)
    if key is None:
        raise FormatError("bad-seal-key", "not a public key that may seal packs", where=where, remedy=REMEDY)
    return key


def _curve_key(spki: bytes) -> SealingKey | None:
    if spki.startswith(_P256_HEAD) and on_p256(spki[len(_P256_HEAD) :]):
        return SealingKey("P-256", 256)
    if spki.startswith(_P384_HEAD) and _on_p384(spki[len(_P384_HEAD) :]):
        return SealingKey("P-384", 384)
    return None


def _on_p384(point: bytes) -> bool:
    if len(point) != 97 or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:49], "big"), int.from_bytes(point[49:], "big")
    # The cofactor is 1: every point of the curve generates the whole group.
    return max(x, y) < _P384_PRIME and (y * y - x * x * x + 3 * x - _P384_B) % _P384_PRIME == 0


def _rsa_key(spki: bytes) -> SealingKey | None:
    """The RSA key, if its two numbers, written in the one form of DER, give these bytes again."""
    numbers = _rsa_numbers(spki)
    if numbers is None:
        return None
    modulus, exponent = numbers
    bits = modulus.bit_length()
    sound = _RSA_BITS[0] <= bits <= _RSA_BITS[1] and modulus % 2 == 1
    if not sound or exponent % 2 == 0 or not _RSA_EXPONENTS[0] <= exponent <= _RSA_EXPONENTS[1]:
        return None
    pair = _tagged(0x30, _integer(modulus) + _integer(exponent))
    written = _tagged(0x30, _RSA_ALGORITHM + _tagged(0x03, b"\x00" + pair))
    return SealingKey("RSA", bits) if written == spki else None


def _rsa_numbers(spki: bytes) -> tuple[int, int] | None:
    outer = _inside(0x30, spki)
    if outer is None or not outer.startswith(_RSA_ALGORITHM):
        return None
    field = _inside(0x03, outer[len(_RSA_ALGORITHM) :])
    pair = None if field is None else _inside(0x30, field[1:])
    modulus = None if pair is None else _inside(0x02, pair)
    if pair is None or modulus is None:
        return None
    exponent = _inside(0x02, pair[len(_tagged(0x02, modulus)) :])
    return None if exponent is None else (int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))


def _inside(tag: int, data: bytes) -> bytes | None:
    """The bytes under ``tag`` at the front of ``data``; that the length is in its shortest form is not checked."""
    if len(data) < 2 or data[0] != tag:
        return None
    size, head = data[1], 2
    if size in (0x81, 0x82):
        head = size - 0x7F + 1
        size = int.from_bytes(data[2:head], "big")
    elif size >= 0x80:
        return None
    return data[head : head + size] if head + size <= len(data) else None


def _tagged(tag: int, data: bytes) -> bytes:
    size = len(data)
    if size < 0x80:
        return bytes([tag, size]) + data
    return bytes([tag, 0x81, size]) + data if size < 0x100 else bytes([tag, 0x82]) + size.to_bytes(2, "big") + data


def _integer(number: int) -> bytes:
    # DER: two's complement, so a zero byte before a set top bit, and no other
    return _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))
