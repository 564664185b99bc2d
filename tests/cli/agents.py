"""A real ssh-agent with real keys, for as long as a test takes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import sshsig
from tests.sshkeys import string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sshkeys import EmulatedKey

PROGRAMS = all(shutil.which(name) for name in ("ssh-agent", "ssh-add", "ssh-keygen"))
"""Whether OpenSSH is installed."""


@dataclass(frozen=True)
class Agent:
    """A running agent."""

    path: str
    """Its socket."""

    def add(self, file: Path) -> None:
        """Hands it a private key."""
        _run("ssh-add", "-q", str(file), SSH_AUTH_SOCK=self.path)

    def forget(self) -> None:
        """Makes it drop all keys."""
        _run("ssh-add", "-q", "-D", SSH_AUTH_SOCK=self.path)


@contextlib.contextmanager
def agent() -> Iterator[Agent]:
    """An empty agent. Its socket lies in a short path: a socket's name has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        path = str(Path(folder) / "s")
        process = subprocess.Popen(
            ["ssh-agent", "-D", "-a", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            # It prints its variables once it listens.
            assert process.stdout is not None
            process.stdout.readline()
            yield Agent(path)
        finally:
            process.terminate()
            process.communicate()


@contextlib.contextmanager
def emulated_agent(key: EmulatedKey) -> Iterator[str]:
    """The socket of an agent that holds one emulated key, as an agent holds a security key that is plugged in."""

    class Answer(socketserver.BaseRequestHandler):
        """One request, one answer."""

        def handle(self) -> None:
            """Lists the key or signs with it (draft-ietf-sshm-ssh-agent §3)."""
            size = int.from_bytes(self.request.recv(4), "big")
            asked = self.request.recv(size, socket.MSG_WAITALL)
            if asked[0] == 11:
                answer = b"\x0c" + (1).to_bytes(4, "big") + string(key.wire) + string(b"emulated")
            else:
                assert asked[1:].startswith(string(key.wire))
                rest = asked[1 + len(string(key.wire)) :]
                assert rest.endswith(bytes(4))
                answer = b"\x0e" + string(key.inner(rest[4:-4], high=True))
            self.request.sendall(string(answer))

    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        path = str(Path(folder) / "s")
        with socketserver.ThreadingUnixStreamServer(path, Answer) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield path
            finally:
                server.shutdown()
                thread.join()


def make_ssh_key(file: Path, sort: str = "ed25519", *, passphrase: str = "") -> sshsig.SshKey:
    """A new key pair at ``file`` and ``file.pub``, by ssh-keygen."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _run("ssh-keygen", "-q", "-t", sort, "-N", passphrase, "-C", f"{file.name}@test", "-f", str(file))
    return sshsig.parse_line(file.with_name(file.name + ".pub").read_text())


def _run(*words: str, **variables: str) -> None:
    subprocess.run(words, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, capture_output=True, check=True)
