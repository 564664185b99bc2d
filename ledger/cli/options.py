"""Options that many commands share, and the settings and output that follow from them."""

from __future__ import annotations

import os
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ledger.cli.output import Output, clean
from ledger.cli.settings import Setting, Settings, find_settings
from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_FLAGS: Final = "ledger.cli.flags"


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401 -- Click's callback
    ctx.meta.setdefault(_FLAGS, {})
    if value is not None and value is not False:
        ctx.meta[_FLAGS][parameter.name] = value


def _option(*names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:  # noqa: ANN401 -- Click's attributes
    return click.option(*names, expose_value=False, callback=_remember, **attributes)


def output_options(command: Decorated) -> Decorated:
    """Adds ``--json`` and ``--quiet``; read them with ``output(ctx)``."""
    command = _option("--quiet", "-q", is_flag=True, help="No notes beside the answer.")(command)
    return _option("--json", is_flag=True, help="One JSON document instead of text.")(command)


def client_options(command: Decorated) -> Decorated:
    """Adds where the server and the ledger are, and ``output_options``; read them with ``settings(ctx)``."""
    command = output_options(command)
    command = _option(
        "--token-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="File with the server's token.",
    )(command)
    command = _option("--anchor", metavar="FILE", help="The ledger's public line ledger.pub, or the line itself.")(
        command
    )
    return _option("--server", metavar="URL", help="Address of the server.")(command)


def signing_options(command: Decorated) -> Decorated:
    """Adds ``--key`` and ``--ssh``."""
    command = _option("--ssh", is_flag=True, help="Sign with your SSH key, by ssh-agent or ssh-keygen.")(command)
    return _option(
        "--key",
        metavar="NAME|FILE|SHA256:...",
        help="Key to sign with: a name of yours, a file, an SSH key's .pub file or fingerprint.",
    )(command)


def project_option(command: Decorated) -> Decorated:
    """Adds ``--project``."""
    return _option("--project", metavar="NAME|ID", help="The project.")(command)


def outbox_option(command: Decorated) -> Decorated:
    """Adds ``--outbox``."""
    return _option("--outbox", metavar="FOLDER", help="Folder of what waits for the server.")(command)


def output(ctx: click.Context) -> Output:
    """How this run speaks."""
    flags = ctx.meta.get(_FLAGS, {})
    return Output(json=bool(flags.get("json")), quiet=bool(flags.get("quiet")))


def settings(ctx: click.Context) -> Settings:
    """What this run was told.

    Raises:
        FormatError: ``bad-settings``.
    """
    flags = ctx.meta.get(_FLAGS, {})
    named = {name: flags.get(name) for name in ("server", "anchor", "project", "key", "outbox")}
    found = find_settings(named, os.environ, Path.cwd())
    if flags.get("ssh"):
        found = found.with_ssh()
    token_file = flags.get("token_file")
    if token_file is None:
        return found
    token = token_file.read_text(encoding="ascii", errors="replace").strip()
    if not token:
        raise NotFoundError("no-token", "the token file is empty", details={"path": str(token_file)})
    return found.with_token(Setting(token, str(token_file)))


def ledger_moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A ledger time from any time with an offset, as people write it; None: none was given."""
    del ctx, parameter
    if value is None:
        return None
    from ledger.errors import FormatError
    from ledger.events.shape import claimed_time, instant

    try:
        moment = instant(claimed_time(value, "--as-of"))
    except FormatError:
        raise click.BadParameter(f"{clean(value, 64)!r} is no time such as 2026-11-21T09:30:00Z") from None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
