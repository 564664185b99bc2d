"""How often work had to be done again: after a review, and after it landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.manifest import Manifest
from ledger.measures.flow import by_others, pushed
from ledger.measures.moments import case_of
from ledger.measures.values import proportion, spread
from ledger.rules.contributors import took_part

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ChangeFacts, Landing
    from ledger.events.operation import Incident
    from ledger.measures.moments import Ground
    from ledger.measures.values import Proportion, Reason, Spread

_Sides = tuple[tuple[bytes, str, str, str, str], ...]
"""Path, modes and object ids of every file of a change manifest."""

REVERTS = "reverts"


def revisions_after_review(ground: Ground) -> Spread:
    """Revisions of each change that came after somebody who took no part had first said something about it."""
    return spread(
        "revisions-after-review", "revisions", (_after_review(ground, change) for change in ground.dossier.changes)
    )


def reworked(ground: Ground) -> Proportion:
    """Changes of which any revision came after the first review."""
    found = (_after_review(ground, change) for change in ground.dossier.changes)
    return proportion("reworked", (item > 0 if isinstance(item, int) else item for item in found))


def size(ground: Ground) -> Spread:
    """Lines added and removed by the last revision of each change."""
    return spread("lines-changed", "lines", map(_lines, ground.dossier.changes))


def taken_back(ground: Ground) -> Proportion:
    """Changes that a later one took back, or that an incident suspects and another change mended."""
    inverses, unread = _inverses(ground)
    mended, perhaps = _mended(ground)
    named = _named_by_reverts(ground) | mended
    aimless = _aimless(ground)

    def told(change: ChangeFacts) -> bool | Reason:
        found = _taken_back(change, inverses, named, unread)
        if found is True:
            return True
        own, first = _key(change.project, change.id), change.landings[0].record.index
        later = any(key != own and index > first for index, key in aimless.get(change.project, ()))
        # A revert of nobody knows what may be of whatever its project landed before.
        return "unnamed" if later or own in perhaps else found

    return proportion("taken-back", map(told, ground.dossier.changes))


def reverts(ground: Ground) -> Proportion:
    """Changes that are said to take another one back, whether or not it can be found which."""
    found = (bool(change.states) and change.states[-1].body.type == "revert" for change in ground.dossier.changes)
    return proportion("reverts", found)


def _after_review(ground: Ground, change: ChangeFacts) -> int | Reason:
    if not change.revisions:
        return "no-revision"
    case = case_of(ground, change)
    first = change.revisions[0].record.index
    landed = min(landing.there_by.index for landing in change.landings)
    said = [(fact.record.index, sure) for fact, sure in by_others(ground, change)]
    parts = ((note.record.index, took_part(case, note.actor)[0]) for note in change.notes)
    said += [(index, part == "no") for index, part in parts if part != "yes"]
    reviewed, sure = min(((index, sure) for index, sure in said if first < index < landed), default=(None, True))
    if reviewed is None:
        return "not-reviewed"
    if not sure:
        return "unknown-person"
    return sum(reviewed < revision.record.index < landed for revision in pushed(change))


def _lines(change: ChangeFacts) -> int | Reason:
    last = change.last_revision
    return "no-revision" if last is None else last.diff.lines_added + last.diff.lines_removed


def _taken_back(change: ChangeFacts, inverses: dict[_Sides, int], named: set[str], unread: int) -> bool | Reason:
    told = {
        *(landing.record.envelope for landing in change.landings),
        *(revision.record.envelope for revision in change.revisions),
        *(state.record.envelope for state in change.states),
        _key(change.project, change.id),
    }
    if told & named:
        return True
    for landing in change.landings:
        if isinstance(landing.manifest, Manifest) and inverses.get(_sides(landing.manifest), -1) > landing.record.index:
            return True
    known = all(isinstance(landing.manifest, Manifest) for landing in change.landings)
    # Something of which nobody knows what it did may have taken back whatever landed before it.
    return False if known and unread < change.landings[0].record.index else "unread"


def _key(project: str | None, change: str) -> str:
    return f"{project} {change}"


def _inverses(ground: Ground) -> tuple[dict[_Sides, int], int]:
    """What each landing of the period takes back, with the last entry that did; the last whose manifest is unread."""
    dossier = ground.dossier
    landings: Iterable[Landing] = (
        *(landing for change in dossier.changes for landing in change.landings),
        *dossier.unplaced,
    )
    found: dict[_Sides, int] = {}
    unread = -1
    for landing in landings:
        if not isinstance(landing.manifest, Manifest):
            unread = max(unread, landing.record.index)
        elif landing.manifest.entries:
            sides = _sides(landing.manifest, inverse=True)
            found[sides] = max(found.get(sides, 0), landing.record.index)
    return found, unread


def _sides(manifest: Manifest, *, inverse: bool = False) -> _Sides:
    return tuple(
        (item.path, item.new_mode, item.new_blob, item.old_mode, item.old_blob)
        if inverse
        else (item.path, item.old_mode, item.old_blob, item.new_mode, item.new_blob)
        for item in manifest.entries
    )


def _named_by_reverts(ground: Ground) -> set[str]:
    """Envelopes that something which landed in the period says it takes back."""
    return set().union(*map(_links, ground.dossier.changes))


def _links(change: ChangeFacts) -> set[str]:
    """Envelopes that a change says it takes back."""
    return {
        link.envelope
        for record in (
            *(item.record for item in change.revisions),
            *(item.record for item in change.states),
            *(item.record for item in change.landings),
        )
        for link in record.event.context.links
        if link.rel == REVERTS
    }


def _aimless(ground: Ground) -> dict[str, list[tuple[int, str]]]:
    """By project: the last landing, with its change, of what is called a revert and of which it is not told of what."""
    dossier = ground.dossier
    known = {record.envelope for record in dossier.records.entries}
    landed = {
        _sides(landing.manifest): landing.record.index
        for landing in reversed([*(one for change in dossier.changes for one in change.landings), *dossier.unplaced])
        if isinstance(landing.manifest, Manifest)
    }
    found: dict[str, list[tuple[int, str]]] = {}
    for change in dossier.changes:
        links = _links(change)
        if not links and not (change.states and change.states[-1].body.type == "revert"):
            continue
        exact = any(
            isinstance(landing.manifest, Manifest)
            and landing.manifest.entries
            and landed.get(_sides(landing.manifest, inverse=True), landing.record.index) < landing.record.index
            for landing in change.landings
        )
        if not exact and not (links and links <= known):
            last = max(landing.record.index for landing in change.landings)
            found.setdefault(change.project, []).append((last, _key(change.project, change.id)))
    return found


def _mended(ground: Ground) -> tuple[set[str], set[str]]:
    """Changes, by project and id, that a mended incident suspects, and those of which one may be meant.

    A suspected release of several changes does not tell which of them was mended; of one change, it does.
    """
    releases = {release.record.envelope: release.changes for release in ground.dossier.releases}
    told: dict[tuple[str | None, str], list[Incident]] = {}
    for item in ground.dossier.surroundings.incidents:
        told.setdefault((item.record.event.context.project, item.body.incident), []).append(item.body)
    mended: set[str] = set()
    perhaps: set[str] = set()
    for (project, _), bodies in told.items():
        if all(body.corrective is None for body in bodies):
            continue
        for suspect in (suspect for body in bodies for suspect in body.suspects):
            if suspect.change is not None:
                mended.add(_key(project, suspect.change))
            elif suspect.release is not None:
                held = {_key(change.project, change.id) for change in releases.get(suspect.release, ())}
                (mended if len(held) == 1 else perhaps).update(held)
    return mended, perhaps
