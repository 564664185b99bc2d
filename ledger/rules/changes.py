"""Change integrity: CHG-01."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent, Record
from ledger.rules.shape import Finding, NamedRecord, ReleaseCase, Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import CommitPlace, ReleaseDossier


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
    unclaimed = [(place, place.direct_push) for place in dossier.places if place.direct_push is not None]
    strange = [place for place in dossier.places if place.change is None and place.direct_push is None]
    # Landings without a change are certain; commits found nowhere are so only when every list could be read.
    clauses = unread_landings(dossier)
    if strange and clauses:
        return untold(clauses, inputs)
    if unclaimed or strange:
        pushed = [place for place, record in unclaimed if _is_push(record)]
        landed = [place for place, record in unclaimed if not _is_push(record)]
        told = [
            _told(places, *words)
            for places, words in (
                (pushed, ("commit was pushed without a change", "commits were pushed without a change")),
                (landed, ("commit landed without a recorded change", "commits landed without a recorded change")),
                (strange, ("commit belongs to nothing that is recorded", "commits belong to nothing that is recorded")),
            )
            if places
        ]
        return failed(f"{capital('; '.join(told))}.", [*inputs, *(("merge", record) for _, record in unclaimed)])
    return passed(
        f"All {counted(len(dossier.places), 'commit', 'commits')} of the release belong to "
        f"{counted(len(dossier.changes), 'recorded change', 'recorded changes')}."
        if len(dossier.places) != 1
        else "The one commit of the release belongs to a recorded change.",
        inputs,
    )


def _is_push(record: Record) -> bool:
    """Whether a landing was a push; any other method names a change that was not recorded."""
    return isinstance(record.event.body, Merge) and record.event.body.method == "push"


def _told(places: Sequence[CommitPlace], one: str, many: str) -> str:
    return f"{counted(len(places), one, many)} ({listed(short(place.commit.id) for place in places[:5])})"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "CHG-01",
        "Every commit belongs to a change",
        "Every commit of the release was landed by a recorded change.",
        release=chg_01,
    ),
)
