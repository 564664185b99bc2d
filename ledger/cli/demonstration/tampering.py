"""A clever forger: changes what a reviewer wrote, and makes every digest of the archive fit again."""

from __future__ import annotations

from dataclasses import replace

from ledger.bundle import INDEX_NAME, FileEntry, read_archive, read_index, write_archive
from ledger.canonical import encode
from ledger.digests import digest_bytes
from ledger.errors import NotFoundError
from ledger.events.shape import write_object


def tampered_copy(bundle: bytes, old: bytes, new: bytes) -> bytes:
    """``bundle`` with ``old`` replaced by ``new`` (of equal length) in the content that holds it, digests made anew.

    Raises:
        NotFoundError: ``no-such-content``.
    """
    members = read_archive(bundle)
    target = next((name for name, data in members.items() if name.startswith("contents/") and data == old), None)
    if target is None or len(old) != len(new):
        raise NotFoundError("no-such-content", "no content of the bundle has exactly these bytes")
    members[target] = new
    index = read_index(members[INDEX_NAME])
    files = tuple(
        FileEntry(item.name, digest_bytes(members[item.name]), len(members[item.name])) for item in index.files
    )
    members[INDEX_NAME] = encode(write_object(replace(index, files=files)))
    return write_archive(list(members.items()))
