"""Checks of the contents that a bundle keeps beside its entries (V16, V18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.bundle import CONTENT_PREFIX, Index
from ledger.digests import Digest, commitment, digest_bytes
from ledger.errors import ChainError, LedgerError
from ledger.events.evidence import Reconciliation
from ledger.events.work import Diff, Merge
from ledger.manifest import decode_manifest
from ledger.records import Absent, Content, Held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.bundle import ContentState
    from ledger.events.context import ContentRef
    from ledger.verify.findings import Collector
    from ledger.verify.shown import Shown


def check_contents(
    index: Index, members: Mapping[str, bytes], shown: Sequence[Shown], collector: Collector
) -> dict[Digest, Content]:
    """V16: the contents by commitment, held ones recomputed; those not held are noted by state."""
    named: dict[Digest, list[ContentRef]] = {}
    for entry in shown:
        for reference in () if entry.context is None else entry.context.contents:
            named.setdefault(reference.commitment, []).append(reference)
    listed = {item.commitment: item for item in index.contents}
    for absent in sorted(set(named) - set(listed)):
        collector.fail(
            "V16",
            f"content {absent}",
            ChainError("content-not-listed", "an entry names a content that the bundle does not list"),
        )
    contents: dict[Digest, Content] = {}
    for digest, item in listed.items():
        place = f"content {digest}"
        _check_listing(item, named.get(digest, []), place, collector)
        data = members.get(CONTENT_PREFIX + digest[7:])
        if item.state != "held" or item.salt is None:
            contents[digest] = Absent(item.state)
            collector.note(
                f"content-{item.state}", place, f"its bytes are {item.state}; what rests on them cannot be told"
            )
        elif data is None:
            contents[digest] = Absent("missing")
            gone = "it is missing: bundle.json says held, but the archive has no such member"
            collector.fail("V16", place, ChainError("content-missing", gone))
        elif len(data) != item.size_bytes or commitment(item.salt, data) != digest:
            contents[digest] = Absent("missing")
            differs = "its bytes do not match the commitment that was signed"
            collector.fail("V16", place, ChainError("content-differs", differs))
        else:
            contents[digest] = Held(data)
    return contents


def _check_listing(item: ContentState, references: Sequence[ContentRef], place: str, collector: Collector) -> None:
    """V16: what the bundle says of a content is what the entries that name it say."""
    if not references:
        collector.fail("V16", place, ChainError("content-not-named", "no entry of the bundle names this content"))
    if any(reference.size_bytes != item.size_bytes for reference in references):
        collector.fail("V16", place, ChainError("content-size", "its size is not the one that was signed"))
    if item.state == "withheld" and any(reference.state != "withheld" for reference in references):
        collector.fail("V16", place, ChainError("content-state", "its signer did not withhold it"))


def check_manifests(shown: Sequence[Shown], contents: Mapping[Digest, Content], collector: Collector) -> None:
    """V18: a held change manifest is the one that was signed."""
    for entry in shown:
        event = entry.event
        if event is None or not isinstance(event.body, Diff | Merge):
            continue
        reference = event.context.content("manifest")
        content = None if reference is None else contents.get(reference.commitment)
        if not isinstance(content, Held):
            continue
        try:
            if digest_bytes(content.data) != event.body.manifest:
                raise ChainError("other-manifest", "the manifest is not the one that the event names")
            manifest = decode_manifest(content.data)
            if isinstance(event.body, Diff) and len(manifest.entries) != event.body.files_changed:
                raise ChainError(
                    "other-manifest",
                    "the manifest has another count of paths than the event",
                    details={"manifest": len(manifest.entries), "event": event.body.files_changed},
                )
        except LedgerError as error:
            entry.sound = False
            collector.fail("V18", entry.place, error)


def check_reconciliations(shown: Sequence[Shown], contents: Mapping[Digest, Content], collector: Collector) -> None:
    """V18: a held comparison with a clone is the one that was signed."""
    for entry in shown:
        event = entry.event
        if event is None or not isinstance(event.body, Reconciliation):
            continue
        reference = event.context.content("reconciliation")
        content = None if reference is None else contents.get(reference.commitment)
        if isinstance(content, Held) and digest_bytes(content.data) != event.body.result:
            entry.sound = False
            error = ChainError("other-reconciliation", "the comparison is not the one that the event names")
            collector.fail("V18", entry.place, error)
