"""Change integrity: CHG-01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.records import Absent
from ledger.rules.shape import Finding, NamedRecord, ReleaseCase, failed, inapplicable, passed, untold
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from ledger.dossier.facts import ReleaseDossier


def unread_lists(dossier: ReleaseDossier) -> tuple[str, ...]:
    """Clauses that say which commit list of the release cannot be read, or is not of the length the event states."""
    found: list[str] = []
    for number, source in enumerate(dossier.sources, start=1):
        stated = source.source.commit_count
        if isinstance(source.commits, Absent):
            found.append(f"the commit list of source {number} is {source.commits.state}")
        elif len(source.commits) != stated:
            found.append(f"the commit list of source {number} holds {len(source.commits)} of {stated} commits")
    return tuple(found)


def unread_landings(dossier: ReleaseDossier) -> tuple[str, ...]:
    """Clauses that say which landing might hold commits that were found in none; none if every commit was found."""
    open_sources = {place.source for place in dossier.places if place.change is None and place.direct_push is None}
    return tuple(
        f"the commit list of entry {record.index} could not be read"
        for number in sorted(open_sources)
        for record in dossier.sources[number].unread
    )


def chg_01(case: ReleaseCase) -> Finding:
    """CHG-01: every commit of the release belongs to a recorded change."""
    dossier = case.dossier
    inputs: list[NamedRecord] = [("release", dossier.record)]
    inputs += [("merge", landing.record) for change in dossier.changes for landing in change.landings]
    missing = unread_lists(dossier)
    if missing:
        return untold(missing, inputs)
    if not dossier.places:
        return inapplicable("the release holds a commit", inputs)
    pushed = [place for place in dossier.places if place.direct_push is not None]
    strange = [place for place in dossier.places if place.change is None and place.direct_push is None]
    # Found pushes are certain; commits found nowhere are so only when every list could be read.
    clauses = unread_landings(dossier)
    if strange and clauses:
        return untold(clauses, inputs)
    if pushed or strange:
        told = []
        if pushed:
            told.append(
                f"{counted(len(pushed), 'commit was', 'commits were')} pushed without a change "
                f"({listed(short(place.commit.id) for place in pushed[:5])})"
            )
        if strange:
            told.append(
                f"{counted(len(strange), 'commit belongs', 'commits belong')} to nothing that is recorded "
                f"({listed(short(place.commit.id) for place in strange[:5])})"
            )
        pushes: list[NamedRecord] = [("merge", place.direct_push) for place in pushed if place.direct_push is not None]
        return failed(f"{capital('; '.join(told))}.", [*inputs, *pushes])
    return passed(
        f"All {counted(len(dossier.places), 'commit', 'commits')} of the release belong to "
        f"{counted(len(dossier.changes), 'recorded change', 'recorded changes')}."
        if len(dossier.places) != 1
        else "The one commit of the release belongs to a recorded change.",
        inputs,
    )
