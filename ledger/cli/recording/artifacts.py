"""Artifacts named on a command line: a file, whose digest is computed, or NAME=sha256:..., for images and the like."""

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

_NAMED: Final = re.compile(r"(.+)[=@](sha256:[0-9a-f]{64})", re.ASCII)


def read_artifacts(given: Iterable[str]) -> tuple[Artifact, ...]:
    """The artifacts, in the order given."""
    return tuple(dict.fromkeys(map(_artifact, given)))


def _artifact(text: str) -> Artifact:
    named = _NAMED.fullmatch(text)
    if named is not None:
        return Artifact(_name(named[1]), parse_digest(named[2], "--artifact"))
    path = Path(text)
    if not path.is_file():
        raise click.UsageError(f"--artifact {text!r} is neither a file nor NAME=sha256:<64 hex digits>")
    with path.open("rb") as file:
        return Artifact(_name(path.name), from_raw(hashlib.file_digest(file, "sha256").digest()))


def _name(text: str) -> str:
    name = as_token(text)
    if name is None:
        raise click.UsageError("an artifact's name has letters or digits")
    return name
