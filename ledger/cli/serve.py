"""``evidence serve``: hands this process over to the server of a ledger's folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--host", metavar="ADDRESS", help="Address to listen at; by default what ledger.toml says.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen at; 0 for any free one.")
def serve(directory: Path, host: str | None, port: int | None) -> None:
    """Start the server of the ledger in DIRECTORY. Any address but loopback needs tokens: evidence token create."""
    import os
    import sys

    from ledger.cli.ledgerfolder import folder_anchor, folder_settings

    folder_settings(directory)
    folder_anchor(directory)
    # The server replaces this process: the command never imports it, and a supervisor's signals reach it directly.
    words = [sys.executable, "-m", "api", "--ledger", str(directory)]
    words += [] if host is None else ["--host", host]
    words += [] if port is None else ["--port", str(port)]
    sys.stdout.flush()
    os.execv(sys.executable, words)  # noqa: S606 -- this very interpreter, arguments as a list
