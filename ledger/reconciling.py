"""What a clone and the ledger say of each other, ref by ref: the document that both sides compute (format §4.6).

One direction finds commits that landed and that nobody recorded, the other commits that the ledger tells and the clone
does not have. Which commits a clone holds is told by whoever read it; nothing here opens one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import Encodable, encode
from ledger.digests import Digest, digest_bytes
from ledger.documents import parse_commits
from ledger.errors import FormatError
from ledger.events.evidence import ComparedRef, Reconciliation
from ledger.events.work import Merge
from ledger.records import Absent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.documents import ListedCommit
    from ledger.records import Record, Records

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class ToldRef:
    """What merge events between two positions tell of one ref."""

    ref: str
    commits: Mapping[str, Digest]
    """Envelope digest of the first merge event that tells a commit, by the commit."""
    unread: tuple[Digest, ...]
    """Merge events whose commit list is not at hand, ascending by index: of them only the landed commit is told."""
    before: str | None
    """The commit on which the first of those landings was put, by first parents; None: none landed, or on nothing."""


@dataclass(frozen=True, slots=True)
class ClonedRef:
    """What a clone holds of one ref."""

    ref: str
    start: str | None
    """The commit before the first that counts; None: the whole history counts."""
    head: str | None
    """None: the clone has no such ref."""
    commits: tuple[str, ...]
    """Every commit that ``head`` reaches and ``start`` does not."""
    present: frozenset[str]
    """Of the commits that the ledger tells and that are not among ``commits``, those that ``start`` reaches: they lie
    before the comparison and are no difference."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree on a ref."""

    ref: str
    missing: tuple[str, ...]
    """Commits of the clone that the ledger does not tell, ascending."""
    unknown: tuple[tuple[str, Digest], ...]
    """Commits that the ledger tells and the clone does not have, ascending, with the event that tells each."""
    unread: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The whole comparison."""

    body: Reconciliation
    document: bytes
    """The content ``reconciliation``."""
    differences: tuple[Difference, ...]
    """Those refs on which something does not agree."""


def told_refs(records: Records, project: str, refs: Sequence[str], first: int, end: int) -> tuple[ToldRef, ...]:
    """What the entries from index ``first`` up to, not including, ``end`` tell of each of ``refs``."""
    landings = [
        (record, record.event.body)
        for record in records.entries
        if first <= record.index < end and record.leaf.stream == project and isinstance(record.event.body, Merge)
    ]
    return tuple(_told(records, ref, [(record, body) for record, body in landings if body.ref == ref]) for ref in refs)


def compare(project: str, first: int, end: int, told: Sequence[ToldRef], cloned: Iterable[ClonedRef]) -> Compared:
    """The comparison of each ref that the ledger tells of with what the clone holds of it."""
    by_ref = {item.ref: item for item in cloned}
    pairs = [(item, by_ref[item.ref]) for item in told]
    differences = tuple(_difference(item, clone) for item, clone in pairs)
    document = encode(
        {
            "from": first,
            "project": project,
            "refs": [_ref(*pair, found) for pair, found in zip(pairs, differences, strict=True)],
            "to": end,
            "v": VERSION,
        }
    )
    body = Reconciliation(
        from_=first,
        refs=tuple(
            ComparedRef(
                commit_count=len(clone.commits),
                missing_count=len(found.missing),
                recorded_count=len(clone.commits) - len(found.missing),
                ref=item.ref,
                unknown_count=len(found.unknown),
                head=clone.head,
                start=clone.start,
            )
            for (item, clone), found in zip(pairs, differences, strict=True)
        ),
        # result = sha256(the content), docs/format.md §4.4.2
        result=digest_bytes(document),
        to=end,
    )
    return Compared(body, document, tuple(item for item in differences if item.missing or item.unknown or item.unread))


def _told(records: Records, ref: str, landings: Sequence[tuple[Record, Merge]]) -> ToldRef:
    commits: dict[str, Digest] = {}
    unread: list[Digest] = []
    before: str | None = None
    for place, (record, body) in enumerate(landings):
        listed = _listed(records, record)
        if listed is None:
            unread.append(record.envelope)
        parents = {} if listed is None else {one.id: one.parents for one in listed}
        for commit in parents or (body.commit,):
            commits.setdefault(commit, record.envelope)
        if place == 0:
            before = body.parents[0]
            while before is not None and before in parents:
                before = next(iter(parents[before]), None)
    return ToldRef(ref, commits, tuple(unread), before)


def _listed(records: Records, record: Record) -> tuple[ListedCommit, ...] | None:
    content = records.content(record.event.context.content("commits"))
    try:
        return None if isinstance(content, Absent) else parse_commits(content.data)
    except FormatError:
        return None


def _difference(told: ToldRef, clone: ClonedRef) -> Difference:
    held = set(clone.commits)
    unknown = sorted(commit for commit in told.commits if commit not in held and commit not in clone.present)
    return Difference(
        told.ref,
        tuple(sorted(held - told.commits.keys())),
        tuple((commit, told.commits[commit]) for commit in unknown),
        told.unread,
    )


def _ref(told: ToldRef, clone: ClonedRef, found: Difference) -> Encodable:
    recorded = sorted(set(clone.commits) & told.commits.keys())
    said: dict[str, Encodable] = {
        "commit_count": len(clone.commits),
        "missing": list(found.missing),
        "recorded": [{"commit": commit, "envelope": told.commits[commit]} for commit in recorded],
        "ref": told.ref,
        "unknown": [{"commit": commit, "envelope": envelope} for commit, envelope in found.unknown],
        "unread": list(told.unread),
    }
    if clone.head is not None:
        said["head"] = clone.head
    if clone.start is not None:
        said["start"] = clone.start
    return said
