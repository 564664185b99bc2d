"""Keys that a running ssh-agent holds: asked for over its socket (draft-ietf-sshm-ssh-agent), with nothing but that.

The agent may be a program, a desktop's keyring, or a forwarded connection; it may ask its owner before it signs, and a
security key waits to be touched. What comes back is verified before anybody uses it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.errors import AuthorityError, FormatError, LedgerError, NotFoundError, UnavailableError
from ledger.keys import PublicKey, check_public_key, verify
from ledger.sshsig import (
    ED25519,
    MalformedError,
    SshKey,
    WireReader,
    normalise,
    parse_key,
    signed_bytes,
    wire_string,
    write_key,
    write_signature,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET_VARIABLE: Final = "SSH_AUTH_SOCK"
HASH_NAME: Final = "sha512"
"""What OpenSSH hashes with too."""

LIST_SECONDS: Final = 10.0
TOUCH_SECONDS: Final = 120.0
"""How long somebody may take to touch the key or to answer the agent's question."""
SERVER_SECONDS: Final = 10.0
"""How long a server waits for the signature under a checkpoint; nobody is there to be asked."""

_MAX_ANSWER_BYTES: Final = 256 * 1024
_MAX_IDENTITIES: Final = 1_000
_REQUEST_IDENTITIES, _IDENTITIES, _SIGN, _SIGNATURE = 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Identity:
    """A key that the agent offers."""

    key: SshKey
    comment: str
    """Whatever its owner wrote; hostile text."""

    @property
    def public(self) -> PublicKey:
        """As the ledger names it."""
        return PublicKey("sshsig", write_key(self.key))


@dataclass(frozen=True, slots=True)
class AgentSigner:
    """A key of the agent that signs as the scheme ``sshsig`` says."""

    path: str
    """The agent's socket."""
    key: SshKey
    seconds: float = TOUCH_SECONDS

    @property
    def public(self) -> PublicKey:
        """The key that its signatures verify under."""
        return PublicKey("sshsig", write_key(self.key))

    def sign(self, message: bytes) -> bytes:
        """The SSHSIG blob over ``message``, with s in the lower half.

        Raises:
            UnavailableError: ``ssh-agent-unreachable``. AuthorityError: ``ssh-agent-refused``.
            SignatureError: what the agent gave does not hold. FormatError: it is no signature.
        """
        inner = _sign(self.path, self.key, signed_bytes(message, HASH_NAME), self.seconds)
        blob = normalise(write_signature(self.public.key, HASH_NAME, inner))
        verify(self.public, blob, message)
        return blob


@dataclass(frozen=True, slots=True)
class AgentLogKey:
    """An Ed25519 key of the agent that signs bytes as they are, as checkpoints are signed; not for a security key."""

    path: str
    """The agent's socket."""
    public: PublicKey
    """Of the scheme ``ed25519``."""
    seconds: float = SERVER_SECONDS

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes over ``message``.

        Raises:
            UnavailableError: ``log-key-unreachable``: the agent is gone, or does not sign with this key. A sender
                tries again later, and by then it may.
        """
        # An agent that signs Ed25519 signs the bytes themselves (RFC 8709 §6): no SSHSIG around a checkpoint.
        try:
            answer = WireReader(_sign(self.path, SshKey(ED25519, self.public.key, None), message, self.seconds))
            _, signature = answer.string(), answer.string()
            answer.end()
            verify(self.public, signature, message)
        except (LedgerError, MalformedError) as error:
            raise UnavailableError(
                "log-key-unreachable",
                "the ssh-agent that holds the log key does not sign with it",
                details={"path": self.path, "cause": error.slug if isinstance(error, LedgerError) else "malformed"},
                remedy="See that the agent runs and holds the key: ssh-add -l",
            ) from None
        return signature


def agent_path(environ: Mapping[str, str]) -> str | None:
    """The socket of the agent that this person runs; None where there is none."""
    return environ.get(SOCKET_VARIABLE) or None


def identities(path: str) -> tuple[Identity, ...]:
    """The keys that the agent holds and that the ledger admits, in the agent's order.

    Raises:
        UnavailableError: ``ssh-agent-unreachable``. FormatError: ``bad-agent-answer``.
    """
    answer = _ask(path, bytes([_REQUEST_IDENTITIES]), LIST_SECONDS)
    if answer[:1] != bytes([_IDENTITIES]):
        raise FormatError("bad-agent-answer", "the ssh-agent does not tell its keys")
    fields = WireReader(answer[1:])
    found = []
    try:
        count = int.from_bytes(fields.take(4), "big")
        pairs = [(fields.string(), fields.string()) for _ in range(min(count, _MAX_IDENTITIES))]
    except MalformedError:
        raise FormatError("bad-agent-answer", "the ssh-agent's list of keys cannot be read") from None
    for wire, comment in pairs:
        try:
            check_public_key(PublicKey("sshsig", wire))
        except FormatError:
            # RSA, certificates and the like: good for logging in, not for the ledger.
            continue
        found.append(Identity(parse_key(wire), comment.decode("utf-8", "replace")))
    return tuple(found)


def _sign(path: str, key: SshKey, data: bytes, seconds: float) -> bytes:
    # SIGN_REQUEST: type, string key, string data, uint32 flags; flags are for RSA alone
    request = bytes([_SIGN]) + wire_string(write_key(key)) + wire_string(data) + bytes(4)
    answer = _ask(path, request, seconds)
    if answer[:1] != bytes([_SIGNATURE]):
        raise AuthorityError(
            "ssh-agent-refused",
            "the ssh-agent did not sign: it does not hold the key, is locked, or its owner said no",
            remedy="See what it holds: ssh-add -l",
        )
    fields = WireReader(answer[1:])
    try:
        inner = fields.string()
        fields.end()
    except MalformedError:
        raise FormatError("bad-agent-answer", "the ssh-agent's signature cannot be read") from None
    return inner


def _ask(path: str, request: bytes, seconds: float) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(path)
            connection.sendall(wire_string(request))
            size = int.from_bytes(_receive(connection, 4), "big")
            if not 1 <= size <= _MAX_ANSWER_BYTES:
                raise FormatError("bad-agent-answer", "the ssh-agent's answer has no size that makes sense")
            return _receive(connection, size)
    except OSError as error:
        raise UnavailableError(
            "ssh-agent-unreachable",
            "the ssh-agent does not answer at its socket",
            details={"path": path, "cause": type(error).__name__},
            remedy="Start one and add your key: eval $(ssh-agent) && ssh-add",
        ) from None


def _receive(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionResetError("the agent closed its socket")
        received += part
    return bytes(received)


def log_key_at(path: str, public: PublicKey) -> AgentLogKey:
    """The signer of the log key ``public`` in the agent at ``path``, which must hold it now.

    Raises:
        NotFoundError: ``log-key-missing``. UnavailableError: ``ssh-agent-unreachable``.
    """
    held = [item.key for item in identities(path)]
    if SshKey(ED25519, public.key, None) not in held:
        raise NotFoundError(
            "log-key-missing",
            "the ssh-agent does not hold the log key that ledger.pub names",
            details={"path": path},
            remedy="Add it to the agent: ssh-add FILE",
        )
    return AgentLogKey(path, public)
