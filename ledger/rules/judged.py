"""Which content a rule speaks about: what landed of a change, or its latest revision, and the paths it touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.manifest import Manifest
from ledger.records import Absent

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.dossier.facts import Landing, Revision
    from ledger.records import Record
    from ledger.rules.shape import ChangeCase, NamedRecord


@dataclass(frozen=True, slots=True)
class Judged:
    """The content that a rule speaks about: what landed, or the latest revision of a change that has not."""

    manifests: frozenset[Digest]
    trees: frozenset[str]
    commits: frozenset[str]
    """Commits that hold this content: heads of equal revisions and the commit that landed."""
    name: str
    """``revision 3`` or ``the landed content``."""
    landing: Landing | None
    revision: Revision | None
    """The revision whose content it is; None: of no recorded revision."""

    @property
    def inputs(self) -> tuple[NamedRecord, ...]:
        """The events that say what the content is."""
        found: list[NamedRecord] = []
        if self.revision is not None:
            found.append(("diff", self.revision.record))
        if self.landing is not None:
            found.append(("merge", self.landing.record))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths that a content touches, as far as its change manifests can be read."""

    known: tuple[bytes, ...]
    """Ascending by bytes, each once."""
    unread: tuple[str, ...]
    """Clauses that say which manifest cannot be read: then there may be more."""


def of_revision(case: ChangeCase, revision: Revision, landing: Landing | None = None) -> Judged:
    """The content of one revision."""
    manifests, trees = {revision.diff.manifest}, {revision.diff.tree}
    if landing is not None:
        manifests.add(landing.merge.manifest)
        trees.add(landing.merge.tree)
    heads = {
        item.diff.head for item in case.change.revisions if item.diff.manifest in manifests or item.diff.tree in trees
    }
    return Judged(
        frozenset(manifests),
        frozenset(trees),
        frozenset(heads | ({landing.merge.commit} if landing is not None else set())),
        f"revision {revision.number}",
        landing,
        revision,
    )


def of_landing(case: ChangeCase, landing: Landing) -> Judged:
    """The content that landed."""
    for revision in case.change.revisions:
        if landing.diff is not None and revision.record.index == landing.diff.index:
            return of_revision(case, revision, landing)
    return Judged(
        frozenset({landing.merge.manifest}),
        frozenset({landing.merge.tree}),
        frozenset({landing.merge.commit}),
        "the landed content",
        landing,
        None,
    )


def judged(case: ChangeCase) -> tuple[Judged, ...]:
    """What is judged of the change: each landing, else its latest revision; empty if there is neither."""
    if case.change.landings:
        return tuple(of_landing(case, landing) for landing in case.change.landings)
    last = case.change.last_revision
    return () if last is None else (of_revision(case, last),)


def paths_of(content: Judged) -> Paths:
    """The paths that ``content`` touches: those of its revision and those of its landing, where both are there.

    Both count because what was reviewed and what landed may differ in what the base already held.
    """
    found = manifests_of(content)
    known = [tuple(entry.path for entry in item.entries) for item in found if isinstance(item, Manifest)]
    unread = tuple(item for item in found if isinstance(item, str))
    # The paths of one manifest are in order already.
    return Paths(known[0] if len(known) == 1 else tuple(sorted({path for paths in known for path in paths})), unread)


def manifests_of(content: Judged) -> tuple[Manifest | str, ...]:
    """The change manifests of ``content``, each once; for one that cannot be read the clause that says why."""
    found: dict[Digest, Manifest | str] = {}
    sides: list[tuple[Digest, Record, Manifest | Absent]] = []
    if content.revision is not None:
        sides.append((content.revision.diff.manifest, content.revision.record, content.revision.manifest))
    if content.landing is not None:
        sides.append((content.landing.merge.manifest, content.landing.record, content.landing.manifest))
    for digest, record, manifest in sides:
        if isinstance(manifest, Absent):
            found.setdefault(digest, f"the change manifest of entry {record.index} is {manifest.state}")
        else:
            found[digest] = manifest
    return tuple(found.values())
