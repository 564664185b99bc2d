"""Everything a bundle is made of, read for a cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from ledger.bundle import BundledContent, BundleEntry, Selection
from ledger.digests import from_raw, raw
from ledger.envelope import open_envelope
from ledger.events.statement import Event, read_payload
from ledger.store import schema
from ledger.store.contents import content_bytes, states
from ledger.store.entries import entries_at
from ledger.store.nodes import chunks
from ledger.store.receipts import prove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from ledger.digests import Digest
    from ledger.store.nodes import NodeCache
    from ledger.store.rows import Entry
    from ledger.store.selection import Cut


def export(connection: Connection, nodes: NodeCache, cut: Cut) -> Selection:
    """Everything that ``ledger.bundle.write_bundle`` needs for ``cut``, contents as they are held now.

    Nothing is checked that ``ledger.verify`` checks: an altered database gives a bundle that fails.

    Raises:
        ChainError: ``content-damaged``, ``node-missing``.
    """
    found = entries_at(connection, cut.indexes)
    listed = [found[index] for index in cut.indexes]
    paths = prove(connection, nodes, cut.indexes, cut.checkpoint.size)
    return Selection(
        ledger=cut.ledger,
        position=cut.position,
        subject=cut.subject,
        streams=cut.streams,
        linked=cut.linked,
        checkpoint=cut.checkpoint.note,
        entries=tuple(BundleEntry(item.leaf, item.envelope, path) for item, path in zip(listed, paths, strict=True)),
        contents=tuple(_contents(connection, listed)),
    )


def _contents(connection: Connection, listed: Sequence[Entry]) -> Iterator[BundledContent]:
    sizes: dict[Digest, int] = {}
    for item in listed:
        event = read_payload(open_envelope(item.envelope).payload)
        if isinstance(event, Event):
            sizes.update((content.commitment, content.size_bytes) for content in event.context.contents)
    commitments = sorted(sizes)
    found = states(connection, commitments)
    salts = _salts(connection, [commitment for commitment in commitments if found[commitment] == "held"])
    for commitment in commitments:
        salt = salts.get(commitment)
        data = None if salt is None else content_bytes(connection, commitment)
        yield BundledContent(commitment, sizes[commitment], found[commitment], salt, data)


def _salts(connection: Connection, commitments: Sequence[Digest]) -> dict[Digest, bytes]:
    salts: dict[Digest, bytes] = {}
    columns = schema.content_salt.c
    for some in chunks([raw(commitment) for commitment in commitments]):
        for commitment, salt in connection.execute(
            select(columns.commitment, columns.salt).where(columns.commitment.in_(some))
        ):
            salts[from_raw(bytes(commitment))] = bytes(salt)
    return salts
