"""The one form of each sort of sealing key, and nothing else, is taken in."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ledger.digests import digest_bytes
from ledger.errors import FormatError
from ledger.sealkeys import SealingKey, certificate_id, parse_seal_key
from tests.later_kinds import SEAL_KEYS

RSA = SEAL_KEYS["RSA"]


def spki(modulus: int, exponent: int) -> bytes:
    """An RSA key of these numbers, as the reference writes it."""
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: str(curve.name))
def test_keys_of_both_curves_are_taken_in(curve: ec.EllipticCurve) -> None:
    """As another library writes them; compressed, explicit or on another curve they are refused."""
    public = ec.derive_private_key(7, curve).public_key()
    data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert parse_seal_key(data).bits == curve.key_size
    assert certificate_id(data) == digest_bytes(data)


@pytest.mark.parametrize("bits", [2_048, 3_072, 4_095, 4_096])
@pytest.mark.parametrize("exponent", [65_537, 2**31 + 1, 2**32 - 1])
def test_rsa_keys_of_common_lengths_are_taken_in(bits: int, exponent: int) -> None:
    """As another library writes them."""
    assert parse_seal_key(spki((1 << (bits - 1)) + 1, exponent)) == SealingKey("RSA", bits)


def test_keys_of_other_sorts_and_lengths_are_refused() -> None:
    """Each with what to do."""
    others = [
        spki((1 << 2_046) + 1, 65_537),
        spki((1 << 4_096) + 1, 65_537),
        spki((1 << 2_047) + 1, 3),
        spki((1 << 2_047) + 1, 2**32 + 1),
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        ec.derive_private_key(7, ec.SECP521R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        RSA.replace(b"\x02\x82\x01\x01", b"\x02\x83\x01\x01"),
        RSA[:-3] + b"\x01\x00\x00",
    ]
    for data in others:
        with pytest.raises(FormatError) as caught:
            parse_seal_key(data, "/key")
        assert (caught.value.slug, caught.value.where) == ("bad-seal-key", "/key")
        assert caught.value.remedy is not None


@pytest.mark.parametrize("sort", SEAL_KEYS)
def test_every_flipped_bit_outside_the_modulus_is_refused(sort: str) -> None:
    """A key has one form; nothing before, between or behind it, and no point beside its curve."""
    data = SEAL_KEYS[sort]
    inside = range(32, 33 + 256) if sort == "RSA" else range(0)
    for place in range(len(data)):
        if place in inside:
            continue
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            # Another odd exponent of the same length is another key.
            if sort == "RSA" and place >= len(data) - 3 and changed[-1] % 2 == 1 and 0 < changed[-3] < 0x80:
                assert parse_seal_key(bytes(changed)).algorithm == "RSA"
                continue
            with pytest.raises(FormatError):
                parse_seal_key(bytes(changed))
    for other in (data + b"\x00", data[:-1], b"\x00" + data, b""):
        with pytest.raises(FormatError):
            parse_seal_key(other)


@given(st.binary(max_size=80), st.integers(0, 40))
def test_only_format_errors_come_out_of_rubbish(tail: bytes, kept: int) -> None:
    """Whatever follows the beginning of a key."""
    try:
        parse_seal_key(RSA[:kept] + tail)
    except FormatError:
        return
    raise AssertionError(tail)
