"""SSH keys and signatures: what holds is the format's, and OpenSSH's own program agrees in both directions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import sshsig
from ledger.envelope import check_signature, open_envelope, preauthentication, seal
from ledger.errors import FormatError, SignatureError
from ledger.keys import (
    Presence,
    PublicKey,
    SigningKey,
    check_public_key,
    format_public_key,
    key_id,
    parse_public_key,
    presence,
    verify,
)
from tests.make_sshsig_vectors import cases, key_of, keys
from tests.sshkeys import SORTS, EmulatedKey

RECORDED = json.loads((Path(__file__).parent / "vectors" / "sshsig" / "cases.json").read_text("ascii"))
KEYGEN = shutil.which("ssh-keygen")
needs_openssh = pytest.mark.skipif(KEYGEN is None, reason="needs ssh-keygen")
SORT = st.sampled_from(tuple(SORTS))


def name_of(case: dict[str, Any]) -> str:
    """What the test run calls it."""
    return str(case["name"])


def holds(public: PublicKey, blob: bytes, message: bytes) -> bool:
    """What keys.verify says."""
    try:
        verify(public, blob, message)
    except SignatureError:
        return False
    return True


def admitted(wire: bytes) -> bool:
    """What keys.check_public_key says."""
    try:
        check_public_key(PublicKey("sshsig", wire), "/key")
    except FormatError:
        return False
    return True


@pytest.mark.parametrize("case", RECORDED["signatures"], ids=name_of)
def test_signature_vectors(case: dict[str, Any]) -> None:
    """A signature holds exactly if the vector says so, and its flags are read out."""
    public = PublicKey("sshsig", bytes.fromhex(case["public_hex"]))
    blob = bytes.fromhex(case["signature_hex"])
    assert holds(public, blob, bytes.fromhex(case["message_hex"])) == case["signature_holds"]
    if case["signature_holds"]:
        flags = case["flags"]
        assert presence(public, blob) == (None if flags is None else Presence(bool(flags & 1), bool(flags & 4)))


@pytest.mark.parametrize("case", RECORDED["keys"], ids=name_of)
def test_key_vectors(case: dict[str, Any]) -> None:
    """A key is admitted exactly if the vector says so, also as a text."""
    wire = bytes.fromhex(case["public_hex"])
    assert admitted(wire) == case["key_admitted"]
    text = "sshsig:" + b64encode(wire).decode()
    if case["key_admitted"]:
        assert format_public_key(parse_public_key(text)) == text
        assert sshsig.write_key(sshsig.parse_key(wire)) == wire
    else:
        with pytest.raises(FormatError):
            parse_public_key(text)


def test_the_vectors_are_frozen() -> None:
    """What the script makes is what is recorded."""
    assert {"keys": keys(), "signatures": cases()} == RECORDED


@settings(max_examples=60)
@given(SORT, st.data())
def test_no_other_bytes_hold(sort: str, data: st.DataObject) -> None:
    """With any bit flipped, cut short anywhere, or with bytes behind it, a blob holds no more."""
    key = key_of(sort)
    blob = key.sign(b"m")
    assert holds(key.public, blob, b"m")
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    assert not holds(key.public, (int.from_bytes(blob, "big") ^ 1 << bit).to_bytes(len(blob), "big"), b"m")
    assert not holds(key.public, blob[: data.draw(st.integers(0, len(blob) - 1))], b"m")
    assert not holds(key.public, blob + data.draw(st.binary(min_size=1, max_size=80)), b"m")


@settings(max_examples=60)
@given(SORT, st.data())
def test_no_other_key_bytes_are_the_same_key(sort: str, data: st.DataObject) -> None:
    """A key with any bit flipped, cut, or followed by bytes is refused or is another key."""
    wire = key_of(sort).wire
    bit = data.draw(st.integers(0, len(wire) * 8 - 1))
    for other in (
        (int.from_bytes(wire, "big") ^ 1 << bit).to_bytes(len(wire), "big"),
        wire[: data.draw(st.integers(0, len(wire) - 1))],
        wire + data.draw(st.binary(min_size=1, max_size=80)),
    ):
        if admitted(other):
            assert sshsig.parse_key(other) != sshsig.parse_key(wire)
            assert not holds(PublicKey("sshsig", other), key_of(sort).sign(b"m"), b"m")


@given(st.binary(max_size=1_100) | st.binary(max_size=300).map(b"SSHSIG\x00\x00\x00\x01\x00\x00\x00\x33".__add__))
def test_readers_raise_format_errors_only(data: bytes) -> None:
    """Whatever the bytes: a FormatError, or for a signature that it does not hold."""
    for reader in (sshsig.parse_key, sshsig.parse_signature, sshsig.normalise):
        with pytest.raises(FormatError):
            reader(data)
    assert not holds(key_of("ecdsa").public, data, b"m")


@given(st.text(max_size=200) | st.text(max_size=80).map("ssh-ed25519 ".__add__))
def test_text_readers_raise_format_errors_only(text: str) -> None:
    """Whatever the text of a .pub or .sig file: a FormatError."""
    for reader in (sshsig.parse_line, sshsig.parse_armor):
        with pytest.raises(FormatError):
            reader(text)


@pytest.mark.parametrize("sort", SORTS)
def test_envelopes_are_sealed_and_opened_with_ssh_keys(sort: str) -> None:
    """An envelope sealed by any sort of key opens to the same bytes, and its signature holds."""
    key = key_of(sort)
    envelope = seal(b"{}", key)
    assert open_envelope(envelope.data) == envelope
    assert envelope.key_id == key_id(key.public)
    check_signature(envelope, key.public)
    with pytest.raises(SignatureError):
        check_signature(
            envelope, EmulatedKey(sort, bytes(32)).public if sort != "ed25519" else SigningKey(bytes(32)).public
        )


@pytest.mark.parametrize("size", [0, 1, 63, 1_025])
def test_signatures_of_other_sizes_are_no_envelope(size: int) -> None:
    """An envelope's signature has 64 to 1,024 bytes."""
    envelope = seal(b"{}", key_of("ecdsa"))
    written = b64encode(envelope.signature)
    with pytest.raises(FormatError):
        open_envelope(envelope.data.replace(written, b64encode(bytes(size))))
    for right in (64, 1_023, 1_024):
        assert len(open_envelope(envelope.data.replace(written, b64encode(bytes(right)))).signature) == right


def test_one_private_key_is_one_key() -> None:
    """The point is the same under both schemes and on a security key of another application."""
    seed = bytes([5]) * 32
    plain, device = EmulatedKey("ed25519", seed), EmulatedKey("sk-ed25519", seed, application=b"ssh:x")
    assert SigningKey(seed).public.point == plain.public.point == device.public.point
    assert len({key_id(SigningKey(seed).public), key_id(plain.public), key_id(device.public)}) == 3


@pytest.mark.parametrize("sort", ["ecdsa", "sk-ecdsa"])
def test_normalising_lowers_s_and_nothing_else(sort: str) -> None:
    """A blob with the higher s becomes the one with the lower; a low one stays; any other is left alone."""
    key = key_of(sort)
    high, low = key.blob(b"m", high=True), key.blob(b"m")
    assert high != low
    assert not holds(key.public, high, b"m")
    assert sshsig.normalise(high) == low == sshsig.normalise(low)
    other = key_of("ed25519").sign(b"m")
    assert sshsig.normalise(other) == other


def test_presence_is_of_security_keys_alone() -> None:
    """Keys that no device holds say nothing of their holder; a signature of another sort is refused."""
    assert presence(SigningKey(bytes(32)).public, bytes(64)) is None
    assert presence(key_of("ecdsa").public, key_of("ecdsa").sign(b"m")) is None
    with pytest.raises(FormatError):
        presence(key_of("sk-ecdsa").public, key_of("ecdsa").sign(b"m"))


# With OpenSSH's own program


def keygen(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """One run of ssh-keygen."""
    return subprocess.run(
        [str(KEYGEN), *(str(item) for item in arguments)], input=stdin, capture_output=True, check=False
    )


def openssh_accepts(folder: Path, public: PublicKey, blob: bytes, message: bytes) -> bool:
    """What `ssh-keygen -Y verify` says."""
    allowed, armored = folder / "allowed_signers", folder / "message.sig"
    line = sshsig.format_line(sshsig.parse_key(public.key))
    allowed.write_text(f'ada@acme.example namespaces="evidence-ledger" {line}\n')
    armored.write_text(sshsig.format_armor(blob))
    ran = keygen(
        *("-Y", "verify", "-n", "evidence-ledger", "-I", "ada@acme.example", "-f", allowed, "-s", armored),
        stdin=message,
    )
    return ran.returncode == 0


@needs_openssh
@pytest.mark.parametrize("case", [case for case in RECORDED["signatures"] if case["signature_holds"]], ids=name_of)
def test_openssh_accepts_what_holds(case: dict[str, Any], tmp_path: Path) -> None:
    """ssh-keygen accepts every sound signature of the vectors, emulated security keys among them."""
    public = PublicKey("sshsig", bytes.fromhex(case["public_hex"]))
    blob, message = bytes.fromhex(case["signature_hex"]), bytes.fromhex(case["message_hex"])
    assert openssh_accepts(tmp_path, public, blob, message)
    assert not openssh_accepts(tmp_path, public, blob, message + b"!")


@needs_openssh
@pytest.mark.parametrize("sort", ["ed25519", "ecdsa"])
def test_what_openssh_signs_holds(sort: str, tmp_path: Path) -> None:
    """Signatures of ssh-keygen hold once their s is low, and their armor and key lines read there and back."""
    path = tmp_path / "key"
    assert keygen("-q", "-t", sort, "-N", "", "-C", "ada's laptop", "-f", path).returncode == 0
    key = sshsig.parse_line(path.with_suffix(".pub").read_text())
    public = PublicKey("sshsig", sshsig.write_key(key))
    check_public_key(public)
    assert path.with_suffix(".pub").read_text().startswith(sshsig.format_line(key) + " ")
    highs = 0
    for number in range(16):
        message = preauthentication(b"{}%d" % number)
        for option in (["-O", "hashalg=sha256"] if number % 2 else [],):
            ran = keygen("-Y", "sign", "-q", "-n", "evidence-ledger", "-f", path, *option, stdin=message)
            blob = sshsig.parse_armor(ran.stdout.decode("ascii"))
            assert sshsig.format_armor(blob).encode("ascii") == ran.stdout
            lowered = sshsig.normalise(blob)
            highs += lowered != blob
            assert holds(public, lowered, message)
            assert holds(public, blob, message) == (lowered == blob)
            assert openssh_accepts(tmp_path, public, lowered, message)
    assert (highs == 0) == (sort == "ed25519")


@needs_openssh
@pytest.mark.parametrize("namespace", ["git", "file", "evidence-ledger-2"])
def test_what_openssh_signs_for_others_does_not_hold(namespace: str, tmp_path: Path) -> None:
    """A signature that somebody got for a commit or a file is none of an event."""
    path = tmp_path / "key"
    assert keygen("-q", "-t", "ed25519", "-N", "", "-f", path).returncode == 0
    blob = sshsig.parse_armor(
        keygen("-Y", "sign", "-q", "-n", namespace, "-f", path, stdin=b"m").stdout.decode("ascii")
    )
    public = PublicKey("sshsig", sshsig.write_key(sshsig.parse_line(path.with_suffix(".pub").read_text())))
    assert not holds(public, blob, b"m")


@needs_openssh
@pytest.mark.parametrize(("sort", "bits"), [("rsa", 2048), ("ecdsa", 384)])
def test_other_sorts_of_ssh_keys_are_refused_by_name(sort: str, bits: int, tmp_path: Path) -> None:
    """RSA and other curves are no keys of the ledger, and the error says which are."""
    path = tmp_path / "key"
    assert keygen("-q", "-t", sort, "-b", bits, "-N", "", "-f", path).returncode == 0
    with pytest.raises(FormatError) as caught:
        sshsig.parse_line(path.with_suffix(".pub").read_text(), "--ssh")
    assert (caught.value.slug, caught.value.where) == ("unsupported-scheme", "--ssh")


def test_a_line_is_of_its_own_key() -> None:
    """A .pub line that names another algorithm than its key, or holds two keys, is refused; a comment is not read."""
    line = sshsig.format_line(sshsig.parse_key(key_of("ecdsa").wire))
    assert sshsig.parse_line(f"{line} somebody's key\n") == sshsig.parse_key(key_of("ecdsa").wire)
    assert b64decode(line.split()[1]) == key_of("ecdsa").wire
    for wrong in (line.replace("ecdsa-sha2-nistp256", "ssh-ed25519"), f"{line}\n{line}\n", line.split()[0], ""):
        with pytest.raises(FormatError):
            sshsig.parse_line(wrong)


def test_a_device_signs_no_other_hash() -> None:
    """SHA-1 and unknown hashes are refused when read, by any key."""
    for sort in SORTS:
        with pytest.raises(FormatError):
            sshsig.parse_signature(replace(key_of(sort), hash_name="sha384").sign(b"m"))


def test_nobody_waits_for_ecdsa_who_meets_none() -> None:
    """The library for ECDSA is imported when such a key is met, and not before."""
    program = (
        "import sys; from ledger.keys import SigningKey, verify; from ledger.envelope import seal\n"
        "key = SigningKey(bytes(32)); verify(key.public, key.sign(b'm'), b'm')\n"
        "assert not any(name.startswith('cryptography') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent.parent, check=True)
