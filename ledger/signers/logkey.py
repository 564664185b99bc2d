"""The log's own key: in its file, or held by an ssh-agent that is asked for every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import ChainError, NotFoundError, UnavailableError
from ledger.keyfile import read_key_file
from ledger.keys import PublicKey
from ledger.settings import IN_AGENT, IN_FILE, LOG_KEY_FILE
from ledger.signers.agent import agent_path, identities, log_key_at
from ledger.signers.choosing import read_public
from ledger.signers.naming import PUBLIC_SUFFIX
from ledger.sshsig import ED25519, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.keys import Signer


def open_log_key(told: str, directory: Path, public: PublicKey, environ: Mapping[str, str]) -> Signer:
    """The signer of checkpoints of the ledger in ``directory``, whose log key is ``public``; ``told`` as in settings.

    Raises:
        ChainError: ``other-log-key``: the file holds another key.
        NotFoundError: ``log-key-missing``: the agent does not hold it. UnavailableError: ``ssh-agent-unreachable``.
        NotFoundError, AuthorityError, FormatError: see ``ledger.keyfile.read_key_file``.
    """
    if told != IN_FILE:
        return log_key_at(_socket(told, environ), public)
    key = read_key_file(directory / LOG_KEY_FILE)
    if key.public != public:
        raise ChainError("other-log-key", "log.key is not the key that ledger.pub names")
    return key


def choose_log_key(wanted: str, told: str, environ: Mapping[str, str]) -> PublicKey:
    """The Ed25519 key of the agent that a new log shall have: ``wanted`` is its fingerprint or its ``.pub`` file.

    Raises:
        NotFoundError: ``log-key-missing``. UnavailableError: ``ssh-agent-unreachable``.
    """
    if wanted.endswith(PUBLIC_SUFFIX):
        wanted = fingerprint(read_public(Path(wanted).expanduser()))
    for item in identities(_socket(told, environ)):
        if item.key.algorithm == ED25519 and fingerprint(item.key) == wanted:
            return PublicKey("ed25519", item.key.point)
    raise NotFoundError(
        "log-key-missing",
        "the ssh-agent holds no Ed25519 key of that name",
        remedy="Add it to the agent: ssh-add FILE. A security key cannot sign for a log.",
    )


def _socket(told: str, environ: Mapping[str, str]) -> str:
    path = told.removeprefix(IN_AGENT).removeprefix(":") or agent_path(environ)
    if path is None:
        raise UnavailableError(
            "ssh-agent-unreachable",
            "the settings say that an ssh-agent holds the log key, and there is none",
            remedy='Start it, or name its socket: log_key = "ssh-agent:/run/evidence/agent.sock"',
        )
    return path
