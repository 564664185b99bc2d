"""What the last gates of a ledger said, remembered on this machine so that an exception can be declared offline."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import encode, parse
from ledger.digests import raw
from ledger.errors import FormatError
from ledger.events.shape import (
    array,
    claimed_time,
    count,
    digest,
    member,
    object_id,
    project_id,
    read_object,
    token,
    write_object,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.digests import Digest

KEPT: Final = 50
MOST_RULES: Final = 64
MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LastGate:
    """One answer of a gate."""

    at: str = member(claimed_time)
    """Ledger time."""
    policy: Digest = member(digest)
    project: str = member(project_id)
    rules: tuple[str, ...] = member(array(token, most=MOST_RULES))
    """Rules for which it stayed shut."""
    change: str | None = member(token, optional=True)
    envelope: Digest | None = member(digest, optional=True)
    """Envelope digest of the release event."""
    head: str | None = member(object_id, optional=True)
    """Commit of the revision that was judged."""
    manifest: Digest | None = member(digest, optional=True)
    release: str | None = member(token, optional=True)
    """``<product>@<version>``."""
    revision: int | None = member(count(), optional=True)
    tree: str | None = member(object_id, optional=True)


def remember_gate(cache: Path, ledger: Digest, gate: LastGate) -> None:
    """Nothing; the answer is kept for the next exception, where the folder can be written."""
    path = _path(cache, ledger)
    subject = (gate.project, gate.change, gate.head, gate.release)
    kept = [
        item for item in recall_gates(cache, ledger) if (item.project, item.change, item.head, item.release) != subject
    ]
    document = [write_object(item) for item in (*kept, gate)[-KEPT:]]
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
            file.write(encode(document))
        staged.replace(path)


def recall_gates(cache: Path, ledger: Digest) -> tuple[LastGate, ...]:
    """The answers that are remembered, oldest first; none where the file is not there or is damaged."""
    try:
        value = parse(_path(cache, ledger).read_bytes(), max_bytes=MAX_BYTES)
        return tuple(read_object(LastGate, item, "") for item in value) if isinstance(value, list) else ()
    except (OSError, FormatError):
        return ()


def _path(cache: Path, ledger: Digest) -> Path:
    return cache / "gates" / (raw(ledger).hex()[:16] + ".json")
