"""What was noted in review on paths of a content, by somebody who took no part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.people import compare, sure
from ledger.rules.contributors import took_part
from ledger.rules.reporters import own_word
from ledger.rules.stated import is_late
from ledger.rules.wording import party_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.dossier.facts import Told
    from ledger.events.forge import ReviewNote
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes on some paths of a content."""

    independent: tuple[Told[ReviewNote], ...]
    """By people who took no part."""
    unclear: tuple[str, ...]
    """Clauses about those of whom that cannot be told."""


def notes_on(case: ChangeCase, content: Judged, chosen: Callable[[bytes], bool]) -> Notes:
    """Notes on the chosen paths of ``content``: those on a commit that holds it, or that name none and came after it.

    An assistant's advice is no review, and a question or finding is one only once it is resolved.
    """
    independent: list[Told[ReviewNote]] = []
    unclear: list[str] = []
    for item in case.change.notes:
        note = item.body
        if note.path is None or not chosen(note.path.encode()) or note.advisory:
            continue
        if note.note != "comment" and not note.resolved:
            continue
        if not _of(item, content):
            continue
        if note.commit is None and is_late(item.record):
            unclear.append(
                f"what the note of entry {item.record.index} was about is open, as it was only recorded afterwards"
            )
            continue
        if sure(item.actor) and item.actor.type != "person":
            continue
        signer = own_word(case, item.record)
        if signer is not None and compare(signer, item.actor) != "yes":
            who = party_words(signer, "somebody")
            unclear.append(f"the note of entry {item.record.index} is {who}'s word, who took part in the change")
            continue
        part, _, reasons = took_part(case, item.actor)
        if part == "no" and sure(item.actor):
            independent.append(item)
        elif part != "yes":
            who = party_words(item.actor, f"whoever noted something in entry {item.record.index}")
            unclear.append(f"whether {who} took no part in the change is open")
            unclear += reasons if sure(item.actor) else ()
    return Notes(tuple(independent), tuple(dict.fromkeys(unclear)))


def _of(item: Told[ReviewNote], content: Judged) -> bool:
    if item.body.commit is not None:
        return item.body.commit in content.commits
    return content.revision is not None and item.record.index > content.revision.record.index
