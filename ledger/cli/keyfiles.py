"""The keys of the person at the keyboard: files in the user's own folder, a text from the environment, SSH keys."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.keyfile import read_key_file, write_key_file
from ledger.keys import PublicKey, Signer, SigningKey, parse_private_key
from ledger.signers.agent import agent_path, identities
from ledger.signers.choosing import ssh_signer
from ledger.signers.naming import names_ssh_key
from ledger.sshsig import fingerprint, parse_key

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from ledger.cli.settings import Settings
    from ledger.digests import Digest

SUFFIX: Final = ".key"
DEFAULT_NAME: Final = "default"
PRIVATE_HEAD: Final = "evidence-ledger-private-key-"
"""Begins the text of every private key, of whatever version."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key to sign with."""

    signing: Signer
    source: str
    """Path of its file, the variable that held its text, or which key of an ssh-agent it is."""


@dataclass(frozen=True, slots=True)
class _Touched:
    """A key on a device, which says nothing at the terminal while it waits."""

    signer: Signer

    @property
    def public(self) -> PublicKey:
        """The key that its signatures verify under."""
        return self.signer.public

    def sign(self, message: bytes) -> bytes:
        """The device's signature, once somebody touched it."""
        click.echo("Touch your security key to sign.", err=True)
        return self.signer.sign(message)


def key_folder(config: Path) -> Path:
    """Where the user's private keys lie."""
    return config / "keys"


def make_key(config: Path, name: str) -> tuple[SigningKey, Path]:
    """A new key and its file ``keys/<name>.key``, readable by its owner alone.

    Raises:
        FormatError: ``bad-key-name``.
        ConflictError: ``file-exists``.
    """
    if _NAME.fullmatch(name) is None:
        raise FormatError("bad-key-name", "a key's name has letters, digits, dots, hyphens and underscores")
    folder = key_folder(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (name + SUFFIX)
    return write_key_file(path, os.urandom(32)), path


def list_keys(config: Path) -> tuple[Path, ...]:
    """The user's key files, by name."""
    folder = key_folder(config)
    return tuple(sorted(folder.glob("*" + SUFFIX))) if folder.is_dir() else ()


def signing_key(settings: Settings, enrolled: Callable[[], Container[Digest]] = frozenset) -> HeldKey:
    """The key to sign with: the one that is named, else the user's ``default`` one, else their only one.

    An SSH key is used where one is named (``ledger.signers.naming``), never by itself. Where several SSH keys could be
    meant, the only one that is ``enrolled`` is.

    Raises:
        NotFoundError: ``no-key``, ``which-key`` or ``no-key-file``; for SSH keys see ``ssh_signer``.
        AuthorityError: ``key-file-open``.
        FormatError: ``bad-key``, or ``key-on-command-line``.
    """
    named = settings.key
    if named is not None and named.text.startswith(PRIVATE_HEAD):
        if named.source == "flag":
            raise FormatError(
                "key-on-command-line",
                "the text of a private key on a command line is seen by every process of the machine",
                remedy="Give --key a file, or put the text into the variable EVIDENCE_LEDGER_KEY.",
            )
        return HeldKey(parse_private_key(named.text), named.source)
    if named is not None and names_ssh_key(named.text):
        signer, source = ssh_signer(named.text, os.environ, enrolled)
        return HeldKey(_Touched(signer) if parse_key(signer.public.key).application is not None else signer, source)
    path = locate(settings.config, named.text) if named is not None else _own(settings.config)
    return HeldKey(read_key_file(path), str(path))


def agent_keys() -> tuple[tuple[str, str, PublicKey], ...]:
    """Fingerprint, place and public key of each SSH key that the user's agent holds; none where there is no agent."""
    path = agent_path(os.environ)
    if path is None:
        return ()
    try:
        held = identities(path)
    except LedgerError:
        return ()
    return tuple((fingerprint(item.key), f"ssh-agent {item.comment}".rstrip(), item.public) for item in held)


def signer_of_file(path: Path) -> Signer:
    """The signer of a private key file, or of the SSH key whose ``.pub`` file is named.

    Raises:
        LedgerError: as ``read_key_file`` and ``ssh_signer``.
    """
    return ssh_signer(str(path), os.environ)[0] if names_ssh_key(str(path)) else read_key_file(path)


def locate(config: Path, name_or_path: str) -> Path:
    """The file that a key's name or path means; a name is looked for among the user's keys first."""
    if _NAME.fullmatch(name_or_path) is not None:
        kept = key_folder(config) / (name_or_path.removesuffix(SUFFIX) + SUFFIX)
        if kept.exists() or not Path(name_or_path).exists():
            return kept
    return Path(name_or_path).expanduser()


def _own(config: Path) -> Path:
    keys = list_keys(config)
    default = key_folder(config) / (DEFAULT_NAME + SUFFIX)
    if default in keys:
        return default
    if not keys:
        raise NotFoundError(
            "no-key",
            "you have no private key on this machine",
            remedy="Make one, then have it enrolled: evidence key new && evidence key request",
        )
    if len(keys) > 1:
        raise NotFoundError(
            "which-key",
            "you have several private keys",
            details={"keys": ", ".join(path.stem for path in keys)},
            remedy=f"Name one: --key {keys[0].stem}",
        )
    return keys[0]
