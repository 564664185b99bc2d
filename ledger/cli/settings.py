"""Where a command finds its server, ledger, project, key and token: flags, then environment, then files.

The order is flags, ``EVIDENCE_LEDGER_*``, the project's ``.evidence-ledger.toml`` (searched from the working folder
upwards), the user's ``config.toml``, defaults. A project file comes with a clone and may be anybody's, so it names the
ledger and nothing personal: no key, no token, no folder to write in. The user file keeps tokens by server address,
so that a clone which names another server is never sent the token of the first.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import FormatError, NotFoundError
from ledger.signers.naming import ANY, FINGERPRINT_HEAD, PUBLIC_SUFFIX, names_ssh_key

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SERVER: Final = "http://127.0.0.1:8410"
PROJECT_FILE: Final = ".evidence-ledger.toml"
USER_FILE: Final = "config.toml"
MAX_FILE_BYTES: Final = 65_536
ANCHOR_BLANKS: Final = " \t\r\n"
"""What a mail or an editor may leave around an anchor line; it is taken off (format §5.3)."""

VARIABLES: Final[Mapping[str, str]] = {
    "server": "EVIDENCE_LEDGER_SERVER",
    "anchor": "EVIDENCE_LEDGER_ANCHOR",
    "project": "EVIDENCE_LEDGER_PROJECT",
    "key": "EVIDENCE_LEDGER_KEY",
    "token": "EVIDENCE_LEDGER_TOKEN",
    "outbox": "EVIDENCE_LEDGER_OUTBOX",
}
"""The environment variable of each setting."""

_PROJECT_NAMES: Final = frozenset({"server", "anchor", "project"})
_USER_NAMES: Final = frozenset({"server", "anchor", "project", "key", "outbox", "tokens"})
_PATHS: Final = frozenset({"anchor", "key", "outbox"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it was found."""

    text: str
    source: str
    """``flag``, the name of a variable, the path of a file, or ``default``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command was told, from all sources."""

    server: Setting
    """Address of the server."""
    anchor: Setting | None
    """Path of ``ledger.pub``, or its line."""
    project: Setting | None
    """Project id or name."""
    key: Setting | None
    """Path or name of a private key, or an SSH key's .pub file or fingerprint, or the word ``ssh``; from the
    environment also a private key's text, a secret."""
    token: Setting | None
    """A secret."""
    outbox: Setting | None
    """Folder of the outbox."""
    config: Path
    """The user's folder of settings and keys."""
    cache: Path
    """The user's folder of what can be fetched again."""

    def with_token(self, token: Setting) -> Settings:
        """The same with another token."""
        return replace(self, token=token)

    def with_ssh(self) -> Settings:
        """The same, signing with an SSH key: the one that is named, else whichever there is."""
        if self.key is None or (self.key.source != "flag" and not names_ssh_key(self.key.text)):
            return replace(self, key=Setting(ANY, "flag"))
        if names_ssh_key(self.key.text):
            return self
        return replace(self, key=Setting(self.key.text + PUBLIC_SUFFIX, "flag"))

    @property
    def anchor_line(self) -> str:
        """The line of ``ledger.pub``, without the blanks that a mail or an editor left around it.

        Raises:
            NotFoundError: ``no-anchor`` where none is named, or its file is not there.
        """
        if self.anchor is None:
            raise NotFoundError(
                "no-anchor",
                "no ledger is named: the line ledger.pub of whoever runs it is needed",
                remedy="evidence connect URL --anchor FILE, or --anchor FILE with this command",
            )
        if is_anchor_line(self.anchor.text):
            return self.anchor.text.strip(ANCHOR_BLANKS)
        return read_anchor(Path(self.anchor.text)).strip(ANCHOR_BLANKS)


def is_anchor_line(text: str) -> bool:
    """Whether ``text`` is the line itself and not the path of its file."""
    return " sha256:" in text


def config_folder(environ: Mapping[str, str]) -> Path:
    """The user's folder of settings and keys."""
    return _user_folder(environ, "XDG_CONFIG_HOME", ".config")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The user's folder of what can be fetched again."""
    return _user_folder(environ, "XDG_CACHE_HOME", ".cache")


def find_settings(flags: Mapping[str, str | None], environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of a command that runs in ``folder``; ``flags`` by the names of ``VARIABLES``, without a token.

    Raises:
        FormatError: ``bad-settings`` in one of the files.
    """
    config = config_folder(environ)
    found: dict[str, Setting] = {}
    tokens: Mapping[str, str] = {}
    user_file = config / USER_FILE
    if user_file.is_file():
        table, tokens = _read_file(user_file, _USER_NAMES)
        found |= table
    project_file = find_project_file(folder)
    if project_file is not None:
        table, _ = _read_file(project_file, _PROJECT_NAMES)
        found |= table
    found |= {name: Setting(environ[key], key) for name, key in VARIABLES.items() if environ.get(key)}
    found |= {name: Setting(value, "flag") for name, value in flags.items() if value}
    server = found.get("server", Setting(DEFAULT_SERVER, "default"))
    token = found.get("token")
    if token is None and (kept := tokens.get(server.text.rstrip("/"))) is not None:
        token = Setting(kept, str(user_file))
    return Settings(
        server=server,
        anchor=found.get("anchor"),
        project=found.get("project"),
        key=found.get("key"),
        token=token,
        outbox=found.get("outbox"),
        config=config,
        cache=cache_folder(environ),
    )


def stored_tokens(path: Path) -> Mapping[str, str]:
    """The tokens in the user's file, by server address; none where there is no file."""
    return _read_file(path, _USER_NAMES)[1] if path.is_file() else {}


def find_project_file(folder: Path) -> Path | None:
    """The nearest ``.evidence-ledger.toml`` in ``folder`` or above it."""
    for place in (folder, *folder.parents):
        if (place / PROJECT_FILE).is_file():
            return place / PROJECT_FILE
    return None


def _read_file(path: Path, allowed: frozenset[str]) -> tuple[dict[str, Setting], Mapping[str, str]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise _bad(path, "the settings file is not TOML") from None
    if len(data) > MAX_FILE_BYTES:
        raise _bad(path, "the settings file is too long")
    found: dict[str, Setting] = {}
    tokens: Mapping[str, str] = {}
    for name, value in table.items():
        if name not in allowed:
            known = name in VARIABLES
            raise _bad(
                path,
                "keys, tokens and folders are personal and do not belong in a project's file"
                if known
                else f"settings here are {', '.join(sorted(allowed))}",
                name,
            )
        if name == "tokens":
            tokens = _read_tokens(path, value)
        elif isinstance(value, str):
            found[name] = Setting(_absolute(name, value, path.parent), str(path))
        else:
            raise _bad(path, "a setting is a string", name)
    return found, tokens


def _read_tokens(path: Path, value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _bad(path, "tokens is a table of server addresses and tokens", "tokens")
    if path.stat().st_mode & 0o077:
        raise FormatError(
            "settings-open",
            "a settings file with tokens is readable by its owner alone",
            details={"path": str(path)},
            remedy=f"chmod 600 {path}",
        )
    return {address.rstrip("/"): token for address, token in value.items()}


def _absolute(name: str, value: str, folder: Path) -> str:
    """A path in a file counts from that file's folder; names of keys and anchor lines are no paths."""
    if name not in _PATHS or is_anchor_line(value):
        return value
    if name == "key" and ("/" not in value or value.startswith(FINGERPRINT_HEAD)):
        return value
    return str(folder / Path(value).expanduser())


def _user_folder(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    named = environ.get(variable)
    # The XDG specification tells to ignore a relative path.
    base = (
        Path(named) if named and Path(named).is_absolute() else Path(environ.get("HOME") or "~").expanduser() / fallback
    )
    return base / "evidence-ledger"


def read_anchor(path: Path) -> str:
    """What stands in an anchor's file, whatever it is.

    Raises:
        NotFoundError: ``no-anchor``: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise NotFoundError(
            "no-anchor",
            "the file of the ledger's public line cannot be read",
            details={"path": str(path), "cause": type(error).__name__},
            remedy="Name the file ledger.pub, or give its line in quotation marks.",
        ) from None


def _bad(path: Path, sentence: str, name: str = "") -> FormatError:
    return FormatError("bad-settings", sentence, where=name, details={"path": str(path)})
