"""Options that the kinds of ``evidence record`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ledger.cli.options import client_options, outbox_option, project_option, signing_options

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def recording_options(command: Decorated) -> Decorated:
    """Adds server, project, key, outbox and ``--require-server``, which the command takes as ``require_server``."""
    command = outbox_option(signing_options(project_option(client_options(command))))
    return click.option("--require-server", is_flag=True, help="Exit 5 unless the server has it.")(command)


def repository_option(command: Decorated) -> Decorated:
    """Adds ``--repo``, which the command takes as ``repo``."""
    return click.option(
        "--repo",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        default=Path(),
        help="The clone; by default the one around the working folder.",
    )(command)


def fetch_option(command: Decorated) -> Decorated:
    """Adds ``--fetch``, which the command takes as ``fetch``."""
    return click.option("--fetch", is_flag=True, help="Fetch history that a shallow clone lacks from its remote.")(
        command
    )


def by_option(command: Decorated) -> Decorated:
    """Adds ``--by``, which the command takes as ``by``."""
    return click.option(
        "--by",
        metavar="WHO",
        help="Who did it: a name, an id, or an account such as github.com:583231 or git:ada@acme.example.",
    )(command)
