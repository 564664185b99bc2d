"""Which SSH key is meant: one of the agent's, else one whose files lie in ``~/.ssh``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError, UnavailableError, escaped
from ledger.keys import PublicKey, check_public_key, key_id
from ledger.signers.agent import AgentSigner, agent_path, identities
from ledger.signers.keygen import KeygenSigner
from ledger.signers.naming import FINGERPRINT_HEAD, PUBLIC_SUFFIX
from ledger.sshsig import SshKey, fingerprint, parse_line, write_key

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from ledger.digests import Digest
    from ledger.keys import Signer
    from ledger.signers.agent import Identity

MAX_LINE_BYTES: Final = 16_384

_USUAL_FILES: Final = ("id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk")
_MOST_SHOWN: Final = 8


def ssh_signer(
    wanted: str, environ: Mapping[str, str], enrolled: Callable[[], Container[Digest]] = frozenset
) -> tuple[Signer, str]:
    """The signer that ``wanted`` means (see ``ledger.signers.naming``), and where it was found.

    A key that the agent holds is asked of the agent; another is signed with by ``ssh-keygen``. Among several, the only
    one whose key id is ``enrolled`` is meant, which is asked only then.

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
    if path is None or not held:
        return _usual_file(environ, enrolled)
    number = _only([(item.key, item.comment) for item in held], enrolled)
    return AgentSigner(path, held[number].key), _words(held[number])


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


def _usual_file(environ: Mapping[str, str], enrolled: Callable[[], Container[Digest]]) -> tuple[Signer, str]:
    folder = Path(environ.get("HOME") or "~").expanduser() / ".ssh"
    found: list[tuple[Path, SshKey]] = []
    for name in _USUAL_FILES:
        file = folder / (name + PUBLIC_SUFFIX)
        if file.is_file() and file.with_suffix("").is_file():
            try:
                found.append((file, read_public(file)))
            except FormatError:
                continue
    if found:
        return _of_file(*found[_only([(key, str(file)) for file, key in found], enrolled)])
    raise NotFoundError(
        "no-ssh-key",
        "no ssh-agent holds a key that the ledger admits, and there is none in ~/.ssh",
        remedy="Name one: --key FILE.pub. Ed25519, ECDSA P-256 and security keys are admitted, RSA is not.",
    )


def _words(item: Identity) -> str:
    return f"ssh-agent, {fingerprint(item.key)} {escaped(item.comment, 64)}".rstrip()


def _only(found: Sequence[tuple[SshKey, str]], enrolled: Callable[[], Container[Digest]]) -> int:
    """The number of the one key that is meant, of keys with where they are."""
    numbers = list(range(len(found)))
    if len(found) > 1:
        known = enrolled()
        numbers = [number for number in numbers if key_id(PublicKey("sshsig", write_key(found[number][0]))) in known]
    if len(numbers) == 1:
        return numbers[0]
    names = {fingerprint(key): where for key, where in found[:_MOST_SHOWN]}
    raise NotFoundError(
        "which-ssh-key",
        "there are several SSH keys to choose from",
        details=names,
        remedy=f"Name one: --key {next(iter(names))}, or --key FILE.pub. evidence connect --key remembers it.",
    )
