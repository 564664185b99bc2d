"""What somebody had a part in: entries that name their principals, and the latest ones of accounts that are theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.pages.listing import answer_of
from api.pages.sharing import change_of, event_of
from ledger.documents import parse_account
from ledger.dossier.facts import Account
from ledger.dossier.people import Directory
from ledger.errors import LedgerError, NotFoundError
from ledger.gathering import gather_chosen
from ledger.roster.state import person_behind, principals_of
from ledger.store import Query
from reports.pages.words import accounts_hidden, accounts_looked, change_of_kinds, entries_looked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.pages.known import KnownNow, StoreSource
    from api.pages.sharing import Change
    from ledger.store import Entry, Store
    from reports.pages.trace import Answer

MOST_NAMING: Final = 1_000
"""Latest entries that name one principal."""
MOST_SEEN: Final = 300
"""Latest revisions, landings and approvals each whose accounts are read: an account is a content, in no index."""


def list_parts(store: Store, source: StoreSource, known: KnownNow, asked: str, *, contents: bool) -> Answer:
    """The changes that somebody had a part in, the latest first; ``asked`` is a principal id or its beginning.

    Raises:
        NotFoundError: ``not-recorded``, ``ambiguous-name``: nobody, or several, have an id that begins so.
    """
    person = _person(known, asked)
    entries: dict[int, Entry] = {}
    notes: list[str] = []
    named = 0
    whole = True
    for one in principals_of(known.roster, person, known.position):
        found = store.latest_entries(Query(principal=one), MOST_NAMING)
        named += len(found)
        whole = whole and len(found) < MOST_NAMING
        entries |= {entry.index: entry for entry in found}
    notes.append(entries_looked(named, whole=whole))
    if contents:
        seen = list(_latest(store))
        people = Directory(gather_chosen(source, known, [], lambda _leaf, _event: False)[0])
        entries |= {entry.index: entry for entry in seen if _behind(entry, source, people) == person}
        notes.append(accounts_looked(len(seen)))
    else:
        notes.append(accounts_hidden())
    parts: dict[Change, dict[str, None]] = {}
    for index in sorted(entries, reverse=True):
        if (change := change_of(entries[index])) is not None:
            parts.setdefault(change, {})[entries[index].leaf.kind] = None
    if not parts:
        raise NotFoundError("not-recorded", " ".join(["no change names this person.", *notes]).removesuffix("."))
    others = [(f"{project}/{change}", change_of_kinds(change, kinds)) for (project, change), kinds in parts.items()]
    return answer_of(asked, others, notes)


def _person(known: KnownNow, asked: str) -> str:
    found = {
        person_behind(known.roster, name, known.position) for name in known.roster.principals if name.startswith(asked)
    }
    if not found:
        raise NotFoundError("not-recorded", "nobody in this ledger has an id that begins so")
    if len(found) > 1:
        raise NotFoundError(
            "ambiguous-name", "several people have an id that begins so", remedy="Give more of its digits."
        )
    return found.pop()


def _latest(store: Store) -> Iterator[Entry]:
    for kind in ("diff", "merge", "approval"):
        yield from store.latest_entries(Query(kind=kind), MOST_SEEN)


def _behind(entry: Entry, source: StoreSource, people: Directory) -> str | None:
    """Whose account an entry says acted; None: it names none, or it is nobody's who is known."""
    context = event_of(entry).context
    reference = None if context.actor.account is None else context.content(context.actor.account)
    if reference is None:
        return None
    try:
        read = parse_account(source.content(reference.commitment))
    except LedgerError:
        return None
    return people.account(Account(read.system, read.id, read.login, read.mail), (entry.index,)).principal
