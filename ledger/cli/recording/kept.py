"""Contents that stay: of an earlier event, taken over into a new one, and withheld ones, left with their signer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ledger.errors import AuthorityError, NotFoundError, UnavailableError
from ledger.making import NewContent

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.recorder import Recorder


def kept_contents(
    recorder: Recorder, earlier: Earlier, names: Collection[str]
) -> tuple[dict[str, NewContent], frozenset[str]]:
    """Contents of an earlier event by name, under the salt that they have, and the names of those not to be had.

    One that was erased, or that its signer keeps, is neither: nobody can state it again. The same salt makes it the
    same content, so that one erasure goes for both events.

    Raises:
        ChainError: the server answered with other bytes than were committed to.
    """
    if earlier.index is None:
        parcel = recorder.outbox.spool.read(earlier.event.context.event_id)
        held = {item.commitment: item for item in parcel.contents}
    else:
        held = {}
    kept: dict[str, NewContent] = {}
    lost = set()
    for reference in earlier.event.context.contents:
        if reference.name not in names or reference.state != "stored":
            continue
        try:
            salted = held.get(reference.commitment) or recorder.session.client.content(reference.commitment)
        except NotFoundError:
            continue
        except (AuthorityError, UnavailableError):
            lost.add(reference.name)
            continue
        kept[reference.name] = NewContent(reference.name, reference.media_type, salted)
    return kept, frozenset(lost)


def keep_withheld(recorder: Recorder, content: NewContent) -> Path:
    """The file of the signer's in which a withheld content stays, and nowhere else."""
    from ledger.digests import raw

    folder = recorder.session.settings.config / "withheld"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / raw(content.salted.commitment).hex()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:  # noqa: PTH123 -- a descriptor, not a path
        # As the outbox keeps contents: 32 bytes of salt, then the bytes.
        file.write(content.salted.salt + content.salted.data)
        file.flush()
        os.fsync(file.fileno())
    return path
