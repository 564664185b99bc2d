"""Which SSH key is meant: one of the agent's, else one whose files lie in ``~/.ssh``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError, UnavailableError, escaped
from ledger.keys import PublicKey, check_public_key
from ledger.signers.agent import AgentSigner, agent_path, identities
from ledger.signers.keygen import KeygenSigner
from ledger.signers.naming import FINGERPRINT_HEAD, PUBLIC_SUFFIX
from ledger.sshsig import SshKey, fingerprint, parse_line, write_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.keys import Signer
    from ledger.signers.agent import Identity

MAX_LINE_BYTES: Final = 16_384

_USUAL_FILES: Final = ("id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk")
_MOST_SHOWN: Final = 8


def ssh_signer(wanted: str, environ: Mapping[str, str]) -> tuple[Signer, str]:
    """The signer that ``wanted`` means (see ``ledger.signers.naming``), and where it was found.

    A key that the agent holds is asked of the agent; another is signed with by ``ssh-keygen``.

    Raises:
        NotFoundError: ``no-ssh-key``, ``which-ssh-key`` or ``no-key-file``.
        UnavailableError: ``ssh-agent-unreachable``. FormatError: the file holds no key that is admitted.
    """
    path = agent_path(environ)
    try:
        held = () if path is None else identities(path)
    except UnavailableError:
        # Sockets outlive their agents; a file may still do.
        if wanted.startswith(FINGERPRINT_HEAD):
            raise
        held = ()
    if wanted.endswith(PUBLIC_SUFFIX):
        file = Path(wanted).expanduser()
        key = read_public(file)
        held = tuple(item for item in held if item.key == key)
        if not held:
            return _of_file(file, key)
    if wanted.startswith(FINGERPRINT_HEAD):
        held = tuple(item for item in held if fingerprint(item.key) == wanted)
        if not held:
            raise NotFoundError(
                "no-ssh-key",
                "no ssh-agent holds the key of that fingerprint",
                details={"fingerprint": wanted},
                remedy="Add it: ssh-add FILE. Or name its file: --key FILE.pub",
            )
    if path is not None and len(held) == 1:
        return AgentSigner(path, held[0].key), _words(held[0])
    if held:
        raise _which([(fingerprint(item.key), item.comment) for item in held])
    return _usual_file(environ)


def read_public(file: Path) -> SshKey:
    """The key in a ``.pub`` file.

    Raises:
        NotFoundError: ``no-key-file``. FormatError: it holds none that is admitted.
    """
    try:
        with file.open("rb") as opened:
            line = opened.read(MAX_LINE_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise NotFoundError(
            "no-key-file",
            "the file of the SSH public key cannot be read",
            details={"path": str(file), "cause": type(error).__name__},
            remedy="Name another: --key FILE.pub, or make one: ssh-keygen -t ed25519",
        ) from None
    key = parse_line(line, str(file))
    check_public_key(PublicKey("sshsig", write_key(key)), str(file))
    return key


def _of_file(file: Path, key: SshKey) -> tuple[Signer, str]:
    private = file.with_suffix("")
    if not private.is_file():
        raise NotFoundError(
            "no-ssh-key",
            "neither an ssh-agent nor a file beside the public key holds the private key",
            details={"path": str(private)},
            remedy="Add it to the agent: ssh-add",
        )
    return KeygenSigner(private, key), str(private)


def _usual_file(environ: Mapping[str, str]) -> tuple[Signer, str]:
    folder = Path(environ.get("HOME") or "~").expanduser() / ".ssh"
    found: list[tuple[Path, SshKey]] = []
    for name in _USUAL_FILES:
        file = folder / (name + PUBLIC_SUFFIX)
        if file.is_file() and file.with_suffix("").is_file():
            try:
                found.append((file, read_public(file)))
            except FormatError:
                continue
    if len(found) == 1:
        return _of_file(*found[0])
    if found:
        raise _which([(fingerprint(key), str(file)) for file, key in found])
    raise NotFoundError(
        "no-ssh-key",
        "no ssh-agent holds a key that the ledger admits, and there is none in ~/.ssh",
        remedy="Name one: --key FILE.pub. Ed25519, ECDSA P-256 and security keys are admitted, RSA is not.",
    )


def _words(item: Identity) -> str:
    return f"ssh-agent, {fingerprint(item.key)} {escaped(item.comment, 64)}".rstrip()


def _which(found: list[tuple[str, str]]) -> NotFoundError:
    return NotFoundError(
        "which-ssh-key",
        "there are several SSH keys to choose from",
        details=dict(found[:_MOST_SHOWN]),
        remedy=f"Name one: --key {found[0][0]}, or --key FILE.pub. evidence connect --key remembers it.",
    )
