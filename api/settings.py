"""What a server is started with, read from a ledger directory, and the rule of who may reach it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.errors import AuthorityError, NotFoundError
from ledger.settings import SETTINGS_FILE, TOKENS_FILE, LedgerSettings, read_settings
from ledger.tokens import in_use, read_tokens

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """A ledger directory and how it is served."""

    directory: Path
    """Absolute."""
    ledger: LedgerSettings

    @property
    def tokens_path(self) -> Path:
        """The list of tokens; absent until the first is made."""
        return self.directory / TOKENS_FILE


def load_settings(directory: Path, *, host: str | None = None, port: int | None = None) -> ServerSettings:
    """The settings of a ledger directory; ``host`` and ``port`` come before what its file says.

    Raises:
        NotFoundError: ``no-ledger-here``.
        FormatError: ``bad-settings``.
        AuthorityError: ``tokens-required``, see ``check_access``.
    """
    directory = directory.absolute()
    try:
        toml = (directory / SETTINGS_FILE).read_bytes()
    except OSError:
        raise NotFoundError(
            "no-ledger-here", "this directory holds no readable ledger.toml", remedy="evidence init DIR"
        ) from None
    ledger = read_settings(toml, directory, os.environ)
    ledger = replace(ledger, host=ledger.host if host is None else host, port=ledger.port if port is None else port)
    settings = ServerSettings(directory, ledger)
    check_access(settings)
    return settings


def check_access(settings: ServerSettings) -> None:
    """Nothing, if others can reach the server only with a token; on loopback every local program may do everything.

    Raises:
        AuthorityError: ``tokens-required``: the address is not loopback and no token is in use.
        FormatError: ``tokens.json`` cannot be read.
    """
    if settings.ledger.loopback:
        return
    now = datetime.now(UTC)
    tokens = read_tokens(settings.tokens_path.read_bytes()) if settings.tokens_path.exists() else ()
    if not any(in_use(token, now) for token in tokens):
        raise AuthorityError(
            "tokens-required",
            "other machines could reach this address, and no token is in use",
            remedy="Make one with `evidence token create`, or listen at 127.0.0.1.",
        )
