"""``evidence connect``: remember a ledger, for this person or for everybody who clones a repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.options import output_options
from ledger.signers.naming import FINGERPRINT_HEAD

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.argument("url")
@click.option(
    "--anchor", required=True, metavar="FILE", help="The ledger's public line ledger.pub, or the line itself."
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with your token for the server.",
)
@click.option(
    "--key",
    metavar="NAME|FILE|SHA256:...|ssh",
    help="The key you sign with there; an SSH key by its .pub file or fingerprint, or the word ssh.",
)
@click.option("--project", metavar="NAME|ID", help="The project you work on.")
@click.option("--here", is_flag=True, help="Write .evidence-ledger.toml in this folder instead, to be committed.")
@click.option("--replace", is_flag=True, help="Also where another ledger was remembered.")
@output_options
@click.pass_context
def connect(
    ctx: click.Context,
    *,
    url: str,
    anchor: str,
    token_file: Path | None,
    key: str | None,
    project: str | None,
    here: bool,
    replace: bool,
) -> None:
    """Remember that the ledger of --anchor is served at URL, once its latest checkpoint was checked.

    Take the anchor from whoever runs the ledger, not from the server itself: it is what the server is checked against.
    """
    import os

    from ledger.anchor import format_anchor
    from ledger.cli.options import output
    from ledger.cli.session import read_anchor
    from ledger.cli.settings import PROJECT_FILE, USER_FILE, config_folder, find_settings, stored_tokens
    from ledger.client import Client

    if here and (token_file or key):
        raise click.UsageError("a project's file is for everybody who clones: it holds no token and no key")
    told = find_settings({"server": url, "anchor": anchor, "key": key, "project": project}, os.environ, Path.cwd())
    line = format_anchor(read_anchor(told)).strip()
    token = None if token_file is None else token_file.read_text(encoding="ascii", errors="replace").strip()
    with Client(
        url, line, token=token or (told.token.text if told.token else None), memory=told.cache / "checkpoints"
    ) as client:
        size = client.checkpoint().size
    values = {"server": url.rstrip("/"), "anchor": line, "project": project, "key": _absolute(key)}
    if here:
        path = Path.cwd() / PROJECT_FILE
        tokens: Mapping[str, str] = {}
    else:
        path = config_folder(os.environ) / USER_FILE
        tokens = dict(stored_tokens(path)) | ({values["server"] or "": token} if token else {})
    _write(path, values, tokens, line, replace=replace)
    document = {"path": str(path), "server": values["server"], "anchor": line, "size": size}
    output(ctx).answer(document, [f"Wrote {path}. The log at {url} is the one of the anchor; its size is {size}."])


def _absolute(key: str | None) -> str | None:
    if key is None or "/" not in key or key.startswith(FINGERPRINT_HEAD):
        return key
    return str(Path(key).expanduser().absolute())


def _write(
    path: Path, values: Mapping[str, str | None], tokens: Mapping[str, str], line: str, *, replace: bool
) -> None:
    """Replaces the file whole; what it said about the same ledger and is not said anew is kept."""
    import os
    import tomllib

    from ledger.cli.ledgerfolder import write_new
    from ledger.cli.suggesting import toml_text
    from ledger.errors import ConflictError

    merged = dict(values)
    if path.exists():
        old = tomllib.loads(path.read_text(encoding="utf-8"))
        if old.get("anchor", line) != line and not replace:
            raise ConflictError(
                "other-ledger-remembered",
                "the settings file remembers another ledger",
                details={"path": str(path)},
                remedy="Add --replace, or use --here in the folder of a repository.",
            )
        merged |= {name: value for name, value in old.items() if isinstance(value, str) and merged.get(name) is None}
    lines = [f"{name} = {toml_text(value)}" for name, value in merged.items() if value]
    if tokens:
        lines += ["", "[tokens]", *(f"{toml_text(address)} = {toml_text(text)}" for address, text in tokens.items())]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
    write_new(staged, ("\n".join(lines) + "\n").encode(), mode=0o600 if tokens else 0o644)
    staged.replace(path)
