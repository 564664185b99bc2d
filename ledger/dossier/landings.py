"""Landings: which change a merge event brought, found by content and never by a number in a message."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ledger.dossier.facts import Landing
from ledger.dossier.reading import ChangeKey, Entries, read_commits, read_manifest
from ledger.events.forge import Push
from ledger.events.work import Diff, Merge

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.records import Record


def landings_of(entries: Entries, project: str) -> dict[str | None, tuple[Landing, ...]]:
    """Landings of a project by change id, ascending by index; under None those that belong to no recorded change.

    A landing belongs to the change whose diff has its manifest, else its tree, else to that of the diff which the
    merge event says it recomputed; else, with no binding, to the change whose recorded head it merged, or which the
    merge event is about: then something else landed than was recorded.
    """
    if project not in entries.landings:
        entries.landings[project] = {change: tuple(found) for change, found in _placed(entries, project).items()}
    return entries.landings[project]


def landings_of_change(entries: Entries, key: ChangeKey) -> tuple[Landing, ...]:
    """The landings of one change, ascending by index."""
    return landings_of(entries, key[0]).get(key[1], ())


def _placed(entries: Entries, project: str) -> dict[str | None, list[Landing]]:
    by_manifest: defaultdict[Digest, list[Record]] = defaultdict(list)
    by_tree: defaultdict[str, list[Record]] = defaultdict(list)
    by_head: dict[str, Record] = {}
    for key, records in entries.diffs.items():
        if key[0] != project:
            continue
        for record in records:
            if isinstance(record.event.body, Diff):
                by_manifest[record.event.body.manifest].append(record)
                by_tree[record.event.body.tree].append(record)
                by_head[record.event.body.head] = record
    pushes = _pushes(entries, project)
    found: dict[str | None, list[Landing]] = {}
    for record in entries.merges[project]:
        merge = record.event.body
        if not isinstance(merge, Merge):
            continue
        diff, binding = _bound(entries, record, merge, by_manifest[merge.manifest], by_tree[merge.tree])
        merged = [by_head[parent] for parent in merge.parents[1:] if parent in by_head]
        belongs = diff or (merged[-1] if merged else record)
        change = belongs.event.context.about.change
        landing = Landing(
            record=record,
            merge=merge,
            commits=read_commits(entries, record, "commits"),
            merged_by=entries.people.actor(record),
            diff=diff,
            binding=binding,
            manifest=read_manifest(entries, record),
            pushed=_before(pushes.get((merge.ref, merge.commit)), record),
        )
        found.setdefault(change, []).append(landing)
    return found


def _pushes(entries: Entries, project: str) -> dict[tuple[str, str], Record]:
    """The first push of a commit to a ref, without what was only recorded afterwards."""
    found: dict[tuple[str, str], Record] = {}
    for record in entries.told["push", project]:
        body = record.event.body
        if isinstance(body, Push) and body.after is not None and record.event.context.late is not True:
            found.setdefault((body.ref, body.after), record)
    return found


def _before(push: Record | None, merge: Record) -> Record | None:
    return push if push is not None and push.index < merge.index else None


def _bound(
    entries: Entries, record: Record, merge: Merge, by_manifest: list[Record], by_tree: list[Record]
) -> tuple[Record | None, str]:
    for candidates, binding in ((by_manifest, "manifest"), (by_tree, "tree")):
        diff = _preferred(record, merge, candidates)
        if diff is not None:
            return diff, binding
    named = None if merge.diff is None else entries.by_envelope.get(merge.diff)
    if (
        merge.binding == "recomputed"
        and named is not None
        and isinstance(named.event.body, Diff)
        and named.event.context.project == record.event.context.project
    ):
        return named, "recomputed"
    return None, "none"


def _preferred(record: Record, merge: Merge, candidates: list[Record]) -> Record | None:
    """Of equal diffs the one the merge event names, else the latest of its change, else the latest before it."""
    if not candidates:
        return None
    named = [item for item in candidates if item.envelope == merge.diff]
    of_change = [item for item in candidates if item.event.context.about.change == record.event.context.about.change]
    # A diff recorded afterwards about something else must not take over content that had landed.
    before = [item for item in candidates if item.index < record.index]
    return (named or of_change or before or candidates)[-1]
