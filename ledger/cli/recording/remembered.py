"""What this machine remembers of a roster so that it can sign without asking: whose a key is, which id a project has.

Whose a key is never changes, since a key is enrolled once, ever; a project's name may, so names are forgotten after a
day. What is remembered is trusted for nothing: a server judges every event by the roster itself.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import encode, parse
from ledger.digests import raw
from ledger.errors import FormatError
from ledger.events.shape import principal_id, project_id

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.canonical import JSON, Encodable
    from ledger.cli.directory import Directory
    from ledger.digests import Digest

NAME_SECONDS: Final = 24 * 3600
MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Me:
    """Whose key signs."""

    principal: str
    type: str
    """``person``, ``agent`` or ``service``; ``unknown`` where only the id was told."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Keys and projects of one ledger, as last seen."""

    path: Path
    keys: dict[str, Me]
    projects: dict[str, str]
    """Id by name, casefolded."""
    learned_at: float
    """POSIX seconds."""

    def project(self, text: str) -> str | None:
        """The id of a project, from its id or its remembered name."""
        with suppress(FormatError):
            return str(project_id(text, ""))
        return self.projects.get(text.strip().casefold())

    @property
    def fresh(self) -> bool:
        """Whether names are still believed to be current."""
        return time.time() - self.learned_at < NAME_SECONDS


def recall(cache: Path, ledger: Digest) -> Remembered:
    """What was remembered; nothing where the file is not there or is damaged."""
    path = cache / "recording" / (raw(ledger).hex()[:16] + ".json")
    try:
        value = parse(path.read_bytes(), max_bytes=MAX_BYTES)
    except (OSError, FormatError):
        value = None
    table = value if isinstance(value, dict) else {}
    keys = {name: me for name, item in _items(table.get("keys")) if (me := _me(item)) is not None}
    projects = {name: item for name, item in _items(table.get("projects")) if isinstance(item, str)}
    learned = table.get("learned_at")
    return Remembered(path, keys, projects, float(learned) if isinstance(learned, int) else 0.0)


def remember(cache: Path, ledger: Digest, known: Directory) -> None:
    """Nothing; the keys and projects of ``known`` are kept for the next time, where the folder can be written."""
    path = recall(cache, ledger).path
    roster = known.roster
    document: dict[str, Encodable] = {
        "keys": {
            key.id: {"principal": key.principal, "type": roster.principals[key.principal].type}
            for key in roster.keys.values()
            if key.until is None
        },
        "learned_at": int(time.time()),
        "projects": {
            known.project_name(item.id).casefold(): item.id for item in roster.projects.values() if item.until is None
        },
    }
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
            file.write(encode(document))
        staged.replace(path)


def _items(value: JSON) -> list[tuple[str, JSON]]:
    return list(value.items()) if isinstance(value, dict) else []


def _me(value: JSON) -> Me | None:
    if not isinstance(value, dict):
        return None
    try:
        return Me(str(principal_id(value.get("principal"), "")), str(value.get("type")))
    except FormatError:
        return None
