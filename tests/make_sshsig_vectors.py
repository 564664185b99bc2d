"""Makes ``tests/vectors/sshsig/cases.json`` anew, from fixed seeds: python -m tests.make_sshsig_vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ledger import sshsig
from ledger.keys import SigningKey
from tests.sshkeys import SORTS, EmulatedKey, mpint, string

CASES: Final = Path(__file__).parent / "vectors" / "sshsig" / "cases.json"
MESSAGE: Final = b"DSSEv1 28 application/vnd.in-toto+json 2 {}"
N: Final = sshsig.P256_ORDER


def key_of(sort: str) -> EmulatedKey:
    """The key of that sort in all cases."""
    return EmulatedKey(sort, bytes([11 + list(SORTS).index(sort)]) * 32)


def _split(pair: bytes) -> tuple[int, int]:
    size = int.from_bytes(pair[:4], "big")
    return int.from_bytes(pair[4 : 4 + size], "big"), int.from_bytes(pair[8 + size :], "big")


def _good() -> list[tuple[str, str, EmulatedKey, bytes]]:
    cases = []
    for sort in SORTS:
        key = key_of(sort)
        for hash_name in ("sha512", "sha256"):
            made = replace(key, hash_name=hash_name)
            cases.append((f"{sort}-{hash_name}", "sound", made, made.blob(MESSAGE)))
        if key.is_device:
            for flags, words in ((0, "not touched"), (4, "verified only"), (5, "touched and verified")):
                made = replace(key, flags=flags)
                cases.append((f"{sort}-flags-{flags}", f"sound: {words}; policies decide", made, made.blob(MESSAGE)))
            made = replace(key, counter=2**32 - 1, application=b"ssh:work laptop")
            cases.append(
                (f"{sort}-application", "sound: an application of its own, the last counter", made, made.blob(MESSAGE))
            )
    return cases


def _bad_everywhere(sort: str) -> list[tuple[str, str, EmulatedKey, bytes]]:
    key = key_of(sort)
    good = key.blob(MESSAGE)
    at = good.index(string(b"evidence-ledger")) + 4 + 15
    other = EmulatedKey(sort, bytes([99]) * 32)
    sha1 = replace(key, hash_name="sha1").blob(MESSAGE)
    return [
        (f"{sort}-other-message", "signed for other bytes", key, key.blob(MESSAGE + b"!")),
        (f"{sort}-git", "signed for git", key, key.blob(MESSAGE, namespace=b"git")),
        (f"{sort}-file", "signed for files", key, key.blob(MESSAGE, namespace=b"file")),
        (
            f"{sort}-namespace-longer",
            "the namespace only begins so",
            key,
            key.blob(MESSAGE, namespace=b"evidence-ledger2"),
        ),
        (f"{sort}-sha1", "hash SHA-1", key, sha1),
        (f"{sort}-version-2", "version 2 of the blob", key, good[:9] + b"\x02" + good[10:]),
        (f"{sort}-reserved", "something in the reserved field", key, good[:at] + string(b"x") + good[at + 4 :]),
        (f"{sort}-trailing", "a byte behind the blob", key, good + b"\x00"),
        (f"{sort}-cut", "the last byte is missing", key, good[:-1]),
        (f"{sort}-empty", "nothing", key, b""),
        (
            f"{sort}-value-trailing",
            "a byte behind the signature's value",
            key,
            key.blob(MESSAGE, value=lambda raw: raw + b"\x00"),
        ),
        (f"{sort}-other-key", "a sound signature by another key, under this one", key, other.blob(MESSAGE)),
        (
            f"{sort}-key-swapped",
            "the blob names this key and another signed",
            key,
            other.blob(MESSAGE, public=key.wire),
        ),
        (
            f"{sort}-key-lies",
            "the blob names another key than the one that signed",
            key,
            key.blob(MESSAGE, public=other.wire),
        ),
        (f"{sort}-bare", "the signature of the scheme ed25519 alone", key, SigningKey(key.seed).sign(MESSAGE)),
        (f"{sort}-armored", "the text of a .sig file", key, sshsig.format_armor(good).encode()),
    ]


def _bad_ecdsa(sort: str) -> list[tuple[str, str, EmulatedKey, bytes]]:
    key = key_of(sort)

    def made(name: str, why: str, change: Any) -> tuple[str, str, EmulatedKey, bytes]:  # noqa: ANN401 -- of r and s
        return f"{sort}-{name}", why, key, key.blob(MESSAGE, value=lambda raw: change(*_split(raw)))

    def longer(number: int) -> bytes:
        return string(b"\x00" + mpint(number)[4:])

    return [
        (
            f"{sort}-high-s",
            "n - s in place of s: OpenSSH takes it, the ledger does not",
            key,
            key.blob(MESSAGE, high=True),
        ),
        made("s-plus-n", "s + n", lambda r, s: mpint(r) + mpint(s + N)),
        made("r-plus-n", "r + n", lambda r, s: mpint(r + N) + mpint(s)),
        made("r-zero", "r is 0", lambda _r, s: string(b"") + mpint(s)),
        made("s-zero", "s is 0", lambda r, _s: mpint(r) + string(b"")),
        made("r-padded", "a zero byte too many before r", lambda r, s: longer(r) + mpint(s)),
        made("s-padded", "a zero byte too many before s", lambda r, s: mpint(r) + longer(s)),
        made("r-negative", "r as a negative number", lambda r, s: string(b"\xff" + mpint(r)[5:]) + mpint(s)),
        made("swapped", "s before r", lambda r, s: mpint(s) + mpint(r)),
        made(
            "der",
            "the pair in DER, as X.509 has it",
            lambda r, s: b"\x30\x46\x02\x21" + mpint(r)[4:] + b"\x02\x21" + mpint(s)[4:],
        ),
    ]


def _bad_device(sort: str) -> list[tuple[str, str, EmulatedKey, bytes]]:
    key = key_of(sort)
    good = key.blob(MESSAGE)
    plain = EmulatedKey(sort.removeprefix("sk-"), key.seed)
    raw = plain.blob(MESSAGE)
    inner = raw[raw.index(string(b"sha512")) + 10 + 4 + 64 + 4 :]
    value = inner[4 + len(SORTS[plain.sort]) :]
    forged = string(SORTS[sort].encode()) + value + b"\x01\x00\x00\x00\x07"
    return [
        (f"{sort}-flags-added", "user verified is claimed after signing", key, good[:-5] + b"\x05" + good[-4:]),
        (f"{sort}-flags-taken", "user present is taken away after signing", key, good[:-5] + b"\x00" + good[-4:]),
        (f"{sort}-counter", "another counter than was signed", key, good[:-1] + b"\x08"),
        (f"{sort}-flags-unknown", "a flag that is not admitted, signed", key, replace(key, flags=0x41).blob(MESSAGE)),
        (
            f"{sort}-no-device",
            "the private key signed by itself, without a device's words",
            key,
            sshsig.write_signature(key.wire, "sha512", forged),
        ),
        (
            f"{sort}-no-flags",
            "flags and counter are missing",
            key,
            sshsig.write_signature(key.wire, "sha512", forged[:-5]),
        ),
        (
            f"{sort}-other-application",
            "signed for another application",
            key,
            replace(key, application=b"ssh:other").blob(MESSAGE, public=key.wire),
        ),
    ]


def cases() -> list[dict[str, Any]]:
    """All signature cases, as the file has them."""
    found = [(item, True) for item in _good()]
    for sort in SORTS:
        bad = _bad_everywhere(sort)
        bad += _bad_ecdsa(sort) if sort.endswith("ecdsa") else []
        bad += _bad_device(sort) if sort.startswith("sk-") else []
        found += [(item, False) for item in bad]
    return [
        {
            "name": name,
            "why": why,
            "public_hex": key.wire.hex(),
            "message_hex": MESSAGE.hex(),
            "signature_hex": blob.hex(),
            "signature_holds": holds,
            "flags": key.flags if key.is_device and holds else None,
        }
        for (name, why, key, blob), holds in found
    ]


def keys() -> list[dict[str, Any]]:
    """All key cases."""
    ed, ec, sk = key_of("ed25519"), key_of("ecdsa"), key_of("sk-ed25519")
    x, y = ec.point[1:33], ec.point[33:]
    p256 = string(b"ecdsa-sha2-nistp256") + string(b"nistp256")
    ed_head = string(b"ssh-ed25519")
    compressed = bytes([2 + (y[-1] & 1)]) + x
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    # x = 5 is on the curve, and x + p still has 32 bytes
    small_x = 5
    y5 = pow(
        small_x**3 - 3 * small_x + 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        (prime + 1) // 4,
        prime,
    )
    at_five = y5.to_bytes(32, "big")
    listed: list[tuple[str, str, bytes, bool]] = [
        *((sort, "sound", key_of(sort).wire, True) for sort in SORTS),
        (
            "p256-small-x",
            "sound: a point whose x is 5",
            p256 + string(b"\x04" + small_x.to_bytes(32, "big") + at_five),
            True,
        ),
        (
            "p256-x-plus-p",
            "the same point with x + p",
            p256 + string(b"\x04" + (small_x + prime).to_bytes(32, "big") + at_five),
            False,
        ),
        ("application-128", "sound: the longest application", replace(sk, application=b"ssh:" + b"a" * 124).wire, True),
        ("application-129", "an application too long", replace(sk, application=b"ssh:" + b"a" * 125).wire, False),
        ("application-web", "an application of the web", replace(sk, application=b"webauthn.example.com").wire, False),
        ("application-control", "a newline in the application", replace(sk, application=b"ssh:\n").wire, False),
        ("application-empty", "no application", replace(sk, application=b"").wire, False),
        ("ed25519-trailing", "a byte behind the key", ed.wire + b"\x00", False),
        ("ed25519-short", "31 bytes", ed_head + string(ed.point[:31]), False),
        ("ed25519-zero", "a point of small order", ed_head + string(bytes(32)), False),
        ("ed25519-neutral", "the neutral point", ed_head + string(b"\x01" + bytes(31)), False),
        ("ed25519-not-canonical", "y is p + 1", ed_head + string((2**255 - 19 + 1).to_bytes(32, "little")), False),
        (
            "sk-ed25519-zero",
            "a point of small order",
            string(sshsig.SK_ED25519.encode()) + string(bytes(32)) + string(b"ssh:"),
            False,
        ),
        ("p256-compressed", "a compressed point", p256 + string(compressed), False),
        ("p256-hybrid", "a point in hybrid form", p256 + string(bytes([6 + (y[-1] & 1)]) + x + y), False),
        ("p256-infinity", "the neutral point", p256 + string(b"\x00"), False),
        (
            "p256-off-curve",
            "a point of no curve",
            p256 + string(b"\x04" + x + (int.from_bytes(y, "big") ^ 1).to_bytes(32, "big")),
            False,
        ),
        ("p256-zeros", "zeros", p256 + string(b"\x04" + bytes(64)), False),
        (
            "p256-curve-named-p384",
            "another curve's name",
            string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(ec.point),
            False,
        ),
        (
            "p384",
            "ECDSA on P-384",
            string(b"ecdsa-sha2-nistp384") + string(b"nistp384") + string(b"\x04" + bytes(96)),
            False,
        ),
        ("rsa", "RSA", string(b"ssh-rsa") + mpint(65537) + mpint(2**2047 + 1), False),
        ("dsa", "DSA", string(b"ssh-dss") + mpint(23) * 4, False),
        ("certificate", "a certificate's name", string(b"ssh-ed25519-cert-v01@openssh.com") + string(ed.point), False),
        ("bare", "the 32 bytes alone", ed.point, False),
        ("empty", "nothing", b"", False),
        ("length-lies", "a length beyond the end", b"\xff\xff\xff\xff" + ed.wire[4:], False),
    ]
    return [
        {"name": name, "why": why, "public_hex": wire.hex(), "key_admitted": good} for name, why, wire, good in listed
    ]


def main() -> None:
    """Writes the file."""
    CASES.parent.mkdir(parents=True, exist_ok=True)
    CASES.write_text(json.dumps({"keys": keys(), "signatures": cases()}, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
