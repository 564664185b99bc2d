"""Texts that go with an event: told on the command line or in a file, and masked as prompts are.

A text is never read from a file because of how it begins: a title that a stranger chose must not name one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click

from ledger.cli.output import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.capture.secrets import Masked
    from ledger.cli.output import Output
    from ledger.making import NewContent

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MAX_TEXT_BYTES: Final = 64 * 1024 * 1024


def text_options(**meanings: str) -> Callable[[Decorated], Decorated]:
    """Adds for each name, underscores as hyphens, the options ``--name TEXT`` and ``--name-file FILE``."""

    def add(command: Decorated) -> Decorated:
        for name, meaning in reversed(meanings.items()):
            option = "--" + name.replace("_", "-")
            command = click.option(
                f"{option}-file", type=click.File("rb"), metavar="FILE|-", help=f"The same from a file ({option})."
            )(command)
            command = click.option(option, metavar="TEXT", help=meaning)(command)
        return command

    return add


def told_texts(told: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """The texts that were told, by the name of their content; a name is that of the options with hyphens.

    Raises:
        click.UsageError: one is told twice.
    """
    found: dict[str, str] = {}
    for name in names:
        key = name.replace("-", "_")
        text, file = told.get(key), told.get(f"{key}_file")
        if text is not None and file is not None:
            raise click.UsageError(f"--{name} and --{name}-file say the same: give one")
        if file is not None:
            found[name] = read_text(file)
        elif text is not None:
            found[name] = text
    return found


def read_text(file: BinaryIO) -> str:
    """What an opened file holds, as text."""
    return file.read(MAX_TEXT_BYTES).decode("utf-8", "replace")


def text_contents(texts: Mapping[str, str], out: Output) -> tuple[NewContent, ...]:
    """A content for each text, by its name, without the secrets found in it; what was masked is noted."""
    from ledger.capture.secrets import mask_secrets
    from ledger.making import new_content

    masked = {name: mask_secrets(text) for name, text in texts.items()}
    note_masked(masked.values(), out)
    return tuple(new_content(name, item.text.encode("utf-8", "replace"), "text/plain") for name, item in masked.items())


def note_masked(masked: Iterable[Masked], out: Output) -> int:
    """How many secrets were masked, which is told with their kinds."""
    found = tuple(masked)
    total = sum(item.total for item in found)
    if total:
        kinds = ", ".join(sorted({kind for item in found for kind, _ in item.counts}))
        out.note(f"masked before signing: {plural(total, 'secret')} ({kinds})")
    return total
