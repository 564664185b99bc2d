"""Commands that errors and their page tell people to run exist, with the options that are named."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.main import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
_NAMED = re.compile(r"evidence ((?:[a-z][a-z-]*(?: |$))+)([^`;.&|\"]*)")
_OPTION = re.compile(r"--[a-z][a-z-]*")


def told() -> Iterator[tuple[str, str]]:
    """Where it stands, and each text that may name a command: in backticks on the page, and remedies in the sources."""
    page = " ".join((ROOT / "docs" / "errors.md").read_text().split())
    for found in re.findall(r"`(evidence [^`]*)`", page):
        yield "docs/errors.md", found
    for part in ("ledger", "api", "reports"):
        for path in sorted((ROOT / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "remedy" and isinstance(node.value, ast.Constant):
                    yield f"{path.relative_to(ROOT)}:{node.value.lineno}", str(node.value.value)


def missing(text: str) -> Iterator[str]:
    """What of the commands that a text names there is not."""
    for found in _NAMED.finditer(text):
        command: click.Command = evidence
        context = click.Context(evidence)
        for word in found[1].split():
            if not isinstance(command, click.Group):
                break
            inner = command.get_command(context, word)
            if inner is None:
                yield f"evidence {found[1]}"
                return
            command = inner
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        yield from (f"evidence {found[1]}{name}" for name in _OPTION.findall(found[0]) if name not in known)


def test_every_command_that_is_named_exists() -> None:
    """Nobody is sent to a command or an option that is not there."""
    texts = list(told())
    assert sum("evidence " in text for _, text in texts) > 100
    assert [(where, item) for where, text in texts for item in missing(text)] == []


def test_what_is_not_there_is_found() -> None:
    """The test itself sees a wrong command and a wrong option."""
    assert list(missing("evidence people lists")) == ["evidence people lists"]
    assert list(missing("See: evidence log --sort kind")) == ["evidence log --sort"]
