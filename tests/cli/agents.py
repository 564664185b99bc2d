"""A real ssh-agent with real keys, for as long as a test takes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import sshsig

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def make_ssh_key(file: Path, sort: str = "ed25519", *, passphrase: str = "") -> sshsig.SshKey:
    """A new key pair at ``file`` and ``file.pub``, by ssh-keygen."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _run("ssh-keygen", "-q", "-t", sort, "-N", passphrase, "-C", f"{file.name}@test", "-f", str(file))
    return sshsig.parse_line(file.with_name(file.name + ".pub").read_text())


def _run(*words: str, **variables: str) -> None:
    subprocess.run(words, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, capture_output=True, check=True)
