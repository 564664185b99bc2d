"""Files and images named on a command line: FILE or NAME=FILE, whose digest is computed, or NAME=sha256:..."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.recording.wording import as_token
from ledger.digests import from_raw, parse_digest
from ledger.events.work import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.digests import Digest

_NAMED: Final = re.compile(r"(.+)[=@](sha256:[0-9a-f]{64})", re.ASCII)


def read_artifacts(given: Iterable[str], option: str = "--artifact") -> tuple[Artifact, ...]:
    """The artifacts, in the order given."""
    return tuple(dict.fromkeys(Artifact(*named_digest(text, option)) for text in given))


def named_digest(text: str, option: str) -> tuple[str, Digest]:
    """The name, as a token, and the SHA-256 that ``NAME=sha256:...``, ``NAME=FILE`` or ``FILE`` gives.

    Raises:
        click.UsageError: it is none of these.
    """
    named = _NAMED.fullmatch(text)
    if named is not None:
        return _name(named[1], option), parse_digest(named[2], option)
    path, name = Path(text), Path(text).name
    if not path.is_file() and "=" in text:
        # A file may have the sign in its name; only then does it not end the name.
        name, _, rest = text.partition("=")
        path = Path(rest)
    if not path.is_file():
        raise click.UsageError(f"{option} {text!r} is neither [NAME=]FILE nor NAME=sha256:<64 hex digits>")
    with path.open("rb") as file:
        return _name(name, option), from_raw(hashlib.file_digest(file, "sha256").digest())


def _name(text: str, option: str) -> str:
    name = as_token(text)
    if name is None:
        raise click.UsageError(f"{option}: a name has letters or digits")
    return name
