"""``evidence token``: who may reach the server of a ledger's folder. A token opens a door; it signs nothing."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.options import output, output_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.tokens import Token

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def token() -> None:
    """Tokens for the server of a ledger's folder. They are kept there as digests; a running server takes changes up."""


@token.command()
@click.argument("directory", type=_FOLDER)
@click.option("--name", required=True, help="Whose it is: lower-case letters, digits and hyphens.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["ingest", "read", "contents"]),
    help="What it opens; repeat for more.",
)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="Days until it expires.")
@output_options
@click.pass_context
def create(ctx: click.Context, *, directory: Path, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token for the server of DIRECTORY and print it, this once.

    ingest: send events and contents. read: everything but contents. contents: the contents themselves.
    """
    import os
    from datetime import UTC, datetime, timedelta

    from ledger.tokens import SECRET_BYTES, add_token, new_token, write_tokens

    now = datetime.now(UTC)
    text, made = new_token(os.urandom(SECRET_BYTES), name, scopes, now=now, lifetime=timedelta(days=days))
    with _tokens(directory) as (path, tokens):
        first = not path.exists()
        _replace(path, write_tokens(add_token(tokens, made, now=now)))
    document = {"token": text, "id": made.id, "name": name, "scopes": list(made.scopes), "expires_at": made.expires_at}
    output(ctx).answer(document, [text])
    output(ctx).note(f"The line above is not shown again. It opens {', '.join(made.scopes)} until {made.expires_at}.")
    if first:
        output(ctx).note("From now on the server asks everybody for a token, on this machine too.")
    output(ctx).note(
        "Its holder sets EVIDENCE_LEDGER_TOKEN, or runs: evidence connect URL --anchor FILE --token-file FILE"
    )


@token.command("list")
@click.argument("directory", type=_FOLDER)
@output_options
@click.pass_context
def list_(ctx: click.Context, directory: Path) -> None:
    """The tokens of DIRECTORY's server, without their texts."""
    from datetime import UTC, datetime

    from ledger.cli.output import table
    from ledger.tokens import in_use

    now = datetime.now(UTC)
    with _tokens(directory) as (path, tokens):
        opened = not path.exists()
    rows = []
    for item in tokens:
        state = "in use" if in_use(item, now) else "revoked" if item.revoked_at else "expired"
        rows.append((item.id, item.name, " ".join(item.scopes), item.revoked_at or item.expires_at, state))
    names = ("id", "name", "scopes", "until", "state")
    document = {"tokens": [dict(zip(names, row, strict=True)) for row in rows]}
    lines = table(("ID", "NAME", "SCOPES", "UNTIL", "STATE"), rows)
    if opened:
        lines = ["No tokens: the server serves every program of this machine, and no other machine."]
    elif not any(in_use(item, now) for item in tokens):
        lines.append("No token is in use, so nobody reaches the server: evidence token create")
    output(ctx).answer(document, lines)


@token.command()
@click.argument("directory", type=_FOLDER)
@click.argument("name_or_id")
@output_options
@click.pass_context
def revoke(ctx: click.Context, directory: Path, name_or_id: str) -> None:
    """End the token NAME_OR_ID of DIRECTORY's server now."""
    from datetime import UTC, datetime

    from ledger.tokens import revoke_token, write_tokens

    with _tokens(directory) as (path, tokens):
        _replace(path, write_tokens(revoke_token(tokens, name_or_id, now=datetime.now(UTC))))
    output(ctx).answer({"revoked": name_or_id}, ["Revoked."])


@contextmanager
def _tokens(directory: Path) -> Iterator[tuple[Path, tuple[Token, ...]]]:
    """The file of tokens and what it holds, to this process alone until the block ends."""
    import fcntl

    from ledger.cli.ledgerfolder import folder_settings
    from ledger.settings import SETTINGS_FILE, TOKENS_FILE
    from ledger.tokens import read_tokens

    folder_settings(directory)
    path = directory / TOKENS_FILE
    with (directory / SETTINGS_FILE).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path, read_tokens(path.read_bytes()) if path.exists() else ()


def _replace(path: Path, data: bytes) -> None:
    """Puts a whole new file in the place of the old one: a server that reads meanwhile sees one or the other."""
    import os

    from ledger.cli.ledgerfolder import write_new

    staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    write_new(staged, data)
    staged.replace(path)
