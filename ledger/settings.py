"""The settings of a ledger directory: ``ledger.toml`` and ``EVIDENCE_LEDGER_*``. Values only; callers read the file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath

SETTINGS_FILE: Final = "ledger.toml"
ANCHOR_FILE: Final = "ledger.pub"
LOG_KEY_FILE: Final = "log.key"
SEAL_KEY_FILE: Final = "seal.key"
SEAL_CERTIFICATES_FILE: Final = "seal.pem"
TOKENS_FILE: Final = "tokens.json"
DEFAULT_LISTEN: Final = "127.0.0.1:8410"
IN_FILE: Final = "file"
"""The log key lies in ``log.key``."""
IN_AGENT: Final = "ssh-agent"
"""An ssh-agent holds the log key; a colon and the path of its socket may follow."""
MAX_SETTINGS_BYTES: Final = 65_536

_VARIABLES: Final = {
    "database_url": "EVIDENCE_LEDGER_DATABASE_URL",
    "checkpoint_url": "EVIDENCE_LEDGER_CHECKPOINT_URL",
    "listen": "EVIDENCE_LEDGER_LISTEN",
    "log_key": "EVIDENCE_LEDGER_LOG_KEY",
    "seal_key": "EVIDENCE_LEDGER_SEAL_KEY",
    "seal_certificates": "EVIDENCE_LEDGER_SEAL_CERTIFICATES",
    "pack_key": "EVIDENCE_LEDGER_PACK_KEY",
    "timestamp_url": "EVIDENCE_LEDGER_TIMESTAMP_URL",
}
_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where a ledger keeps its entries, and where its server listens."""

    database_url: str
    """SQLAlchemy URL of the entries."""
    checkpoint_url: str
    """SQLAlchemy URL of the checkpoint store: another file or database, never restored from a backup."""
    host: str
    """Address to listen at: an IP address or ``localhost``."""
    port: int
    log_key: str = IN_FILE
    """Who holds the log key: ``IN_FILE``, ``IN_AGENT``, or ``IN_AGENT`` with a colon and a socket."""
    seal_key: str = SEAL_KEY_FILE
    """Path of the private key that seals packs, in PEM."""
    seal_certificates: str = SEAL_CERTIFICATES_FILE
    """Path of its certificate in PEM, with those that issued it."""
    pack_key: str | None = None
    """Path of the private key with which the server records the packs that it prints; None: it records none."""
    timestamp_url: str | None = None
    """Where a time-stamp authority (RFC 3161) answers; None: seals carry the sealer's own time alone."""

    @property
    def loopback(self) -> bool:
        """Whether only programs of the same machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is an address of this machine alone; a name other than ``localhost`` is not."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(toml: bytes, directory: PurePath, environ: Mapping[str, str]) -> LedgerSettings:
    """The settings in the bytes of ``ledger.toml``; the environment comes before the file, the file before defaults.

    ``directory`` is the ledger's own, absolute: files lie there unless a URL says otherwise.

    Raises:
        FormatError: ``bad-settings`` at the name of the setting.
    """
    found = _table(toml)
    for name, variable in _VARIABLES.items():
        if environ.get(variable):
            found[name] = environ[variable]
    host, port = parse_listen(found.get("listen", DEFAULT_LISTEN))
    log_key = found.get("log_key", IN_FILE)
    if log_key not in (IN_FILE, IN_AGENT) and not log_key.startswith(IN_AGENT + ":/"):
        raise FormatError(
            "bad-settings", "the log key is in file, in ssh-agent, or in ssh-agent:/path/of/socket", where="log_key"
        )
    if ("seal_key" in found) != ("seal_certificates" in found):
        raise FormatError("bad-settings", "seal_key and seal_certificates name two files of one key", where="seal_key")
    stamps = found.get("timestamp_url")
    if stamps is not None and _URL.fullmatch(stamps) is None:
        raise FormatError("bad-settings", "a time-stamp authority has an http or https address", where="timestamp_url")
    return LedgerSettings(
        database_url=found.get("database_url", f"sqlite:///{directory / 'ledger.db'}"),
        checkpoint_url=found.get("checkpoint_url", f"sqlite:///{directory / 'checkpoints.db'}"),
        host=host,
        port=port,
        log_key=log_key,
        seal_key=str(directory / found.get("seal_key", SEAL_KEY_FILE)),
        seal_certificates=str(directory / found.get("seal_certificates", SEAL_CERTIFICATES_FILE)),
        pack_key=str(directory / found["pack_key"]) if "pack_key" in found else None,
        timestamp_url=stamps,
    )


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[ipv6]:port``.

    Raises:
        FormatError: ``bad-settings``.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise FormatError("bad-settings", "an address to listen at is written host:port", where="listen")
    return host, int(port)


def _table(toml: bytes) -> dict[str, str]:
    if len(toml) > MAX_SETTINGS_BYTES:
        raise FormatError("bad-settings", "the settings file is too long")
    try:
        table = tomllib.loads(toml.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise FormatError("bad-settings", "the settings file is not TOML") from None
    found: dict[str, str] = {}
    for name, value in table.items():
        if name not in _VARIABLES:
            raise FormatError("bad-settings", f"settings are {', '.join(_VARIABLES)}", where=name)
        if not isinstance(value, str):
            raise FormatError("bad-settings", "a setting is a string", where=name)
        found[name] = value
    return found
