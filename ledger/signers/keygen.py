"""Keys that ``ssh-keygen`` signs with: files, with a passphrase or not, and security keys. It asks at the terminal."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.errors import AuthorityError, NotFoundError
from ledger.keys import PublicKey, verify
from ledger.sshsig import NAMESPACE, SshKey, normalise, parse_armor, write_key

PROGRAM: Final = "ssh-keygen"


@dataclass(frozen=True, slots=True)
class KeygenSigner:
    """A private key in OpenSSH's own file, which only its program opens."""

    path: Path
    """The private key's file."""
    key: SshKey

    @property
    def public(self) -> PublicKey:
        """The key that its signatures verify under."""
        return PublicKey("sshsig", write_key(self.key))

    def sign(self, message: bytes) -> bytes:
        """The SSHSIG blob over ``message``, with s in the lower half. Whoever runs it may have to type or touch.

        Raises:
            NotFoundError: ``no-ssh-keygen``. AuthorityError: ``ssh-keygen-failed``.
            SignatureError: the file holds another key than the public one beside it.
        """
        # From a file, not a pipe: only with stdin at the terminal does it ask there for passphrases and PINs.
        with tempfile.TemporaryDirectory(prefix="evidence-sign-") as folder:
            message_file = Path(folder) / "message"
            message_file.write_bytes(message)
            status = _run("-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(self.path), str(message_file))
            armored = message_file.with_suffix(".sig").read_text("ascii", "replace") if status == 0 else ""
        if status != 0:
            raise AuthorityError(
                "ssh-keygen-failed",
                "ssh-keygen did not sign",
                details={"path": str(self.path), "status": status},
                remedy="Its own words stand above: a wrong passphrase, a key not touched, or an OpenSSH before 8.2.",
            )
        blob = normalise(parse_armor(armored))
        verify(self.public, blob, message)
        return blob


def _run(*words: str) -> int:
    try:
        # What it asks and tells goes to the terminal and to stderr, never into a document on stdout.
        return subprocess.run([PROGRAM, *words], stdout=subprocess.DEVNULL, check=False).returncode
    except OSError:
        raise NotFoundError(
            "no-ssh-keygen",
            "the program ssh-keygen cannot be run, and no ssh-agent holds the key",
            remedy="Install OpenSSH 8.2 or newer, or add the key to an agent: ssh-add",
        ) from None
