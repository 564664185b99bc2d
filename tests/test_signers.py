"""Signers that are other programs: a real ssh-agent and a real ssh-keygen, and answers that no agent would give."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger.checkpoint import open_checkpoint, sign_checkpoint
from ledger.errors import AuthorityError, FormatError, LedgerError, NotFoundError, SignatureError, UnavailableError
from ledger.keyfile import write_key_file
from ledger.keys import PublicKey, sign, verify
from ledger.signers.agent import AgentSigner, Identity, identities, log_key_at
from ledger.signers.choosing import ssh_signer
from ledger.signers.keygen import KeygenSigner
from ledger.signers.logkey import choose_log_key, open_log_key
from ledger.sshsig import fingerprint, parse_key, wire_string, write_key
from tests.cli.agents import PROGRAMS, agent, make_ssh_key
from tests.sshkeys import EmulatedKey
from tests.world import seed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="needs OpenSSH")

SORTS = ("ed25519", "ecdsa")


@pytest.mark.parametrize("sort", SORTS)
def test_an_agent_signs_events(sort: str, tmp_path: Path) -> None:
    """What the agent signs holds every time, though half of its ECDSA signatures come with the higher s."""
    key = make_ssh_key(tmp_path / "key", sort)
    with agent() as running:
        assert identities(running.path) == ()
        running.add(tmp_path / "key")
        assert identities(running.path) == (Identity(key, "key@test"),)
        signer, source = ssh_signer("ssh", {"SSH_AUTH_SOCK": running.path})
        assert isinstance(signer, AgentSigner)
        assert signer.public == PublicKey("sshsig", write_key(key))
        assert source == f"ssh-agent, {fingerprint(key)} key@test"
        for number in range(12):
            verify(signer.public, sign(signer, b"%d" % number), b"%d" % number)
        running.forget()
        with pytest.raises(AuthorityError) as caught:
            signer.sign(b"m")
        assert caught.value.slug == "ssh-agent-refused"
    with pytest.raises(UnavailableError) as gone:
        signer.sign(b"m")
    assert gone.value.slug == "ssh-agent-unreachable"


@pytest.mark.parametrize("sort", SORTS)
def test_a_key_file_is_signed_with_by_ssh_keygen(sort: str, tmp_path: Path) -> None:
    """Without an agent, with an empty one, and where its socket is left over, the file beside the .pub signs."""
    key = make_ssh_key(tmp_path / "key", sort)
    named = str(tmp_path / "key.pub")
    with agent() as running:
        for environ in ({}, {"SSH_AUTH_SOCK": running.path}, {"SSH_AUTH_SOCK": str(tmp_path / "gone")}):
            signer, source = ssh_signer(named, environ)
            assert isinstance(signer, KeygenSigner)
            assert source == str(tmp_path / "key")
            verify(signer.public, signer.sign(b"m"), b"m")
        running.add(tmp_path / "key")
        for wanted in (named, fingerprint(key)):
            assert isinstance(ssh_signer(wanted, {"SSH_AUTH_SOCK": running.path})[0], AgentSigner)


def test_a_passphrase_that_nobody_types_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ssh-keygen cannot open the file, nothing is signed; where it is not installed, that is said."""
    make_ssh_key(tmp_path / "key", passphrase="never typed")
    signer, _ = ssh_signer(str(tmp_path / "key.pub"), {})
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    with pytest.raises(AuthorityError) as caught:
        signer.sign(b"m")
    assert caught.value.slug == "ssh-keygen-failed"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError) as missing:
        signer.sign(b"m")
    assert missing.value.slug == "no-ssh-keygen"


def test_a_public_key_beside_another_private_one_signs_nothing(tmp_path: Path) -> None:
    """Neither ssh-keygen nor we take a signature by another key than the one that was named."""
    make_ssh_key(tmp_path / "key")
    make_ssh_key(tmp_path / "other")
    (tmp_path / "key.pub").write_text((tmp_path / "other.pub").read_text())
    signer, _ = ssh_signer(str(tmp_path / "key.pub"), {})
    with pytest.raises((AuthorityError, SignatureError)):
        signer.sign(b"m")


def test_a_passphrase_is_asked_for_at_the_terminal(tmp_path: Path) -> None:
    """At a terminal ssh-keygen asks whoever sits there, and signs once they have typed it."""
    key = make_ssh_key(tmp_path / "key", passphrase="correct horse")
    program = (
        "import sys; from ledger.signers.choosing import ssh_signer\n"
        "signer, _ = ssh_signer(sys.argv[1], {})\n"
        "open(sys.argv[2], 'wb').write(signer.sign(b'm'))\n"
    )
    ours, theirs = os.openpty()
    words = [sys.executable, "-c", program, str(tmp_path / "key.pub"), str(tmp_path / "out")]
    process = subprocess.Popen(
        words,
        cwd=Path(__file__).parent.parent,
        env={name: text for name, text in os.environ.items() if "ASKPASS" not in name and name != "SSH_AUTH_SOCK"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # ssh-keygen asks at the controlling terminal, whatever its stdin is.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 -- no thread runs here
    )
    os.close(theirs)
    told = b""
    while b"passphrase" not in told:
        told += os.read(ours, 1024)
    os.write(ours, b"correct horse\n")
    with contextlib.suppress(OSError):  # a terminal whose last process ended gives EIO
        while os.read(ours, 1024):
            pass
    assert process.wait() == 0
    os.close(ours)
    verify(PublicKey("sshsig", write_key(key)), (tmp_path / "out").read_bytes(), b"m")


def test_among_several_keys_one_is_named(tmp_path: Path) -> None:
    """With several keys in the agent, or in ~/.ssh, nothing is guessed; RSA keys are passed over."""
    home = {"HOME": str(tmp_path)}
    with pytest.raises(NotFoundError) as none:
        ssh_signer("ssh", home)
    assert none.value.slug == "no-ssh-key"
    first = make_ssh_key(tmp_path / ".ssh" / "id_ed25519")
    assert isinstance(ssh_signer("ssh", home)[0], KeygenSigner)
    second = make_ssh_key(tmp_path / ".ssh" / "id_ecdsa", "ecdsa")
    with pytest.raises(NotFoundError) as several:
        ssh_signer("ssh", home)
    assert several.value.slug == "which-ssh-key"
    assert set(several.value.details) == {fingerprint(first), fingerprint(second)}
    with pytest.raises(FormatError):
        make_ssh_key(tmp_path / "rsa", "rsa")
    with agent() as running:
        environ = {**home, "SSH_AUTH_SOCK": running.path}
        running.add(tmp_path / "rsa")
        running.add(tmp_path / ".ssh" / "id_ecdsa")
        assert ssh_signer("ssh", environ)[0].public.key == write_key(second)
        running.add(tmp_path / ".ssh" / "id_ed25519")
        with pytest.raises(NotFoundError) as many:
            ssh_signer("ssh", environ)
        assert many.value.slug == "which-ssh-key"
        assert ssh_signer(fingerprint(first), environ)[0].public.key == write_key(first)
        with pytest.raises(NotFoundError):
            ssh_signer("SHA256:" + "A" * 43, environ)
    with pytest.raises(NotFoundError) as unread:
        ssh_signer(str(tmp_path / "none.pub"), {})
    assert unread.value.slug == "no-key-file"


def test_an_agent_signs_checkpoints(tmp_path: Path) -> None:
    """A log key in an agent signs plain notes; without it the log is told to be unreachable, not wrong."""
    key = make_ssh_key(tmp_path / "log")
    public = PublicKey("ed25519", key.point)
    with agent() as running:
        environ = {"SSH_AUTH_SOCK": running.path}
        with pytest.raises(NotFoundError):
            log_key_at(running.path, public)
        running.add(tmp_path / "log")
        for wanted in (fingerprint(key), str(tmp_path / "log.pub")):
            assert choose_log_key(wanted, "ssh-agent", environ) == public
        signer = open_log_key("ssh-agent", tmp_path, public, environ)
        assert open_log_key(f"ssh-agent:{running.path}", tmp_path, public, {}) == signer
        note = sign_checkpoint("ledger.acme.example", 7, bytes(32), signer)
        assert open_checkpoint(note, "ledger.acme.example", public).size == 7
        running.forget()
        with pytest.raises(UnavailableError) as caught:
            sign_checkpoint("ledger.acme.example", 7, bytes(32), signer)
        assert caught.value.slug == "log-key-unreachable"
    with pytest.raises(UnavailableError):
        signer.sign(b"m")
    with pytest.raises(UnavailableError):
        open_log_key("ssh-agent", tmp_path, public, {})


def test_a_log_key_in_its_file_is_the_ledgers(tmp_path: Path) -> None:
    """The file's key signs if it is the one that the anchor names."""
    key = write_key_file(tmp_path / "log.key", seed("log"))
    assert open_log_key("file", tmp_path, key.public, {}).public == key.public
    with pytest.raises(LedgerError) as caught:
        open_log_key("file", tmp_path, EmulatedKey("ed25519", seed("x")).public, {})
    assert caught.value.slug == "other-log-key"


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A socket that gives these answers, one a connection, as they stand."""
    with tempfile.TemporaryDirectory(prefix="agent-") as folder, socket.socket(socket.AF_UNIX) as listening:
        path = str(Path(folder) / "s")
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path
        finally:
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x00",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff" + bytes(64),
        b"\x00\x00\x00\x40" + bytes(8),
        wire_string(b"\x05"),
        wire_string(b"\x0c"),
        wire_string(b"\x0c\xff\xff\xff\xff"),
        wire_string(b"\x0c\x00\x00\x00\x01\x00\x00\x00\x09x"),
    ],
)
def test_what_no_agent_says_is_an_error_of_ours(answer: bytes) -> None:
    """Whatever answers at the socket, a LedgerError says so."""
    with answering(answer) as path, pytest.raises((FormatError, UnavailableError)):
        identities(path)


def test_an_agents_wrong_signature_is_refused() -> None:
    """A signature for other bytes, by another key, or none at all, is not handed on."""
    key = EmulatedKey("sk-ed25519", seed("sk"))
    other = key.blob(b"other")
    inner = other[other.index(wire_string(b"sha512")) + 10 :]
    for answer in (b"\x0e" + inner, b"\x0e" + wire_string(b"x"), b"\x0e", b"\x0e" + inner + b"\x00"):
        with answering(wire_string(answer)) as path, pytest.raises((SignatureError, FormatError)):
            AgentSigner(path, parse_key(key.wire)).sign(b"m")


def test_a_security_key_in_an_agent_signs() -> None:
    """The agent's answer for a security key carries its flags and counter, and becomes the blob that holds."""
    for sort in ("sk-ed25519", "sk-ecdsa"):
        key = EmulatedKey(sort, seed("sk"), flags=5, counter=41)
        blob = key.blob(b"m", high=sort == "sk-ecdsa")
        inner = blob[blob.index(wire_string(b"sha512")) + 10 :]
        with answering(wire_string(b"\x0e" + inner)) as path:
            assert AgentSigner(path, parse_key(key.wire)).sign(b"m") == key.sign(b"m")
