"""Accounts that were seen in the ledger and that no name card claims: where, how often, and what resolves each.

Asked of the server kind by kind, newest entries first, as far back as a bound of contents to fetch allows; the answer
says how far it looked. What contents said is kept for a day, so that the next look goes further back. The list is help
for an administrator and proves nothing: signatures and inclusion are not checked, and a server can leave entries out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.fetching import forget_old, read_cache, write_cache
from ledger.digests import raw
from ledger.documents import GIT, account_key, encode_card, parse_account, parse_commits
from ledger.dossier.facts import Account
from ledger.dossier.people import Directory as Resolver
from ledger.entry import LEDGER_STREAM
from ledger.envelope import open_envelope
from ledger.errors import AuthorityError, FormatError, NotFoundError
from ledger.events.statement import Event, read_payload
from ledger.events.work import Approval
from ledger.records import Absent, Content, Held, Records
from ledger.roster.state import policy_at
from ledger.rules.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.digests import Digest
    from ledger.entry import Leaf
    from ledger.events.context import ContentRef

KINDS: Final = ("diff", "merge", "release", "approval", "push", "review-note", "change", "deploy", "incident")
"""Kinds whose events name somebody by an account, in a commit list or as the actor."""

LISTING: Final = frozenset({"diff", "merge", "release"})
"""Kinds with commit lists."""

WINDOW: Final = 5_000
"""Entries asked for at a time, newest first."""
MOST_FETCHED: Final = 400
"""Contents fetched in one run unless all are asked for; what is cached is not counted."""
PAGE: Final = 1_000

_ACTING: Final[Mapping[str, str]] = {
    "approval": "approver",
    "change": "opener",
    "deploy": "deployer",
    "diff": "pusher",
    "incident": "reporter",
    "merge": "merger",
    "push": "pusher",
    "release": "releaser",
    "review-note": "reviewer",
}

_SETTINGS: Final[Mapping[str, str]] = {"committer": "forge_committers", "co-author": "assistant_co_authors"}
"""Duties in which a policy names addresses that are no person's doing."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    account: Account
    duty: str
    place: str
    """Commit id, or the entry's number where it was the actor: what is counted once."""
    index: int
    project: str


@dataclass(slots=True)
class Unresolved:
    """An account that leads to nobody, or to several."""

    account: Account
    names: Counter[str] = field(default_factory=Counter)
    """Names beside it in commits."""
    places: dict[str, set[str]] = field(default_factory=dict)
    """By duty, the commits or entries in which it was seen."""
    projects: set[str] = field(default_factory=set)
    first: int = 0
    last: int = 0
    claimants: tuple[str, ...] = ()
    """Persons whose cards claim it, if they are several."""
    hidden: tuple[str, ...] = ()
    """Persons whose card cannot be read, and who may have claimed it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look through the ledger found."""

    unresolved: tuple[Unresolved, ...]
    """Most often seen first."""
    start: int
    """Index of the first entry looked at."""
    end: int
    """Position up to which entries were looked at."""
    event_count: int
    unread_count: int
    """Commit lists and account documents that are not held."""


class _Reader:
    """Contents read into accounts, with a bound and a cache."""

    def __init__(self, session: Session, most: int | None) -> None:
        self._client = session.client
        self._path = session.settings.cache / "rosters" / raw(session.anchor.ledger).hex()[:16] / "accounts.json"
        self._most = most
        self._fetched = 0
        self.unread = 0
        forget_old(self._path)
        self._known: dict[str, list[list[Any]] | None] = {}
        for item in read_cache(self._path):
            if isinstance(item, dict) and isinstance(item.get("commitment"), str):
                said = item.get("said")
                self._known[item["commitment"]] = said if _is_said(said) else None

    def spent(self) -> bool:
        """Whether no more contents are to be fetched."""
        return self._most is not None and self._fetched >= self._most

    def said(self, reference: ContentRef) -> list[list[Any]]:
        """What a content says, a row an account; none where it is not held or is something else."""
        if reference.commitment not in self._known:
            self._known[reference.commitment] = self._fetch(reference)
        found = self._known[reference.commitment]
        if found is None:
            self.unread += 1
        return found or []

    def keep(self) -> None:
        """Writes the cache, if there is anything new."""
        if self._fetched:
            write_cache(self._path, [{"commitment": name, "said": said} for name, said in self._known.items()])

    def _fetch(self, reference: ContentRef) -> list[list[Any]] | None:
        if reference.state == "withheld":
            return None
        self._fetched += 1
        try:
            data = self._client.content(reference.commitment).data
            return list(_rows_of_account(data) if reference.name == "account" else _rows_of_commits(data))
        except (NotFoundError, FormatError):
            return None


def look(session: Session, known: Directory, *, everything: bool = False) -> Look:
    """The accounts of the newest entries, or of all, that lead to no one person.

    Raises:
        AuthorityError: the token does not open contents. LedgerError: the server refuses.
    """
    reader = _Reader(session, None if everything else MOST_FETCHED)
    sightings: list[_Sighting] = []
    events = 0
    start = end = known.position
    while start > 0 and not reader.spent():
        after = max(0, start - WINDOW)
        for leaf, event in reversed(_window(session, after, start)):
            if reader.spent():
                break
            sightings += _sightings(reader, leaf, event)
            events += 1
            start = leaf.index
        else:
            start = after
    reader.keep()
    return Look(_unresolved(session, known, sightings), start, end, events, reader.unread)


def _window(session: Session, after: int, before: int) -> list[tuple[Leaf, Event]]:
    found: list[tuple[Leaf, Event]] = []
    for kind in KINDS:
        query: dict[str, str | int] = {"kind": kind, "after": after, "before": before, "limit": PAGE}
        for leaf, data in session.client.find(query):
            event = read_payload(open_envelope(data).payload)
            if isinstance(event, Event) and leaf.stream != LEDGER_STREAM:
                found.append((leaf, event))
    return sorted(found, key=lambda item: item[0].index)


def _acted(event: Event) -> str:
    """The duty of an event's actor: who decided nothing in a review looked at it, and approved nothing."""
    if isinstance(event.body, Approval) and event.body.decision == "abstain":
        return "reviewer"
    return _ACTING[event.kind]


def _sightings(reader: _Reader, leaf: Leaf, event: Event) -> Iterator[_Sighting]:
    context = event.context
    acting = context.actor.account
    for reference in context.contents:
        listing = event.kind in LISTING and reference.media_type == "application/json"
        is_actor = acting is not None and reference.name == acting
        if not is_actor and not (listing and _is_listing(event, reference.name)):
            continue
        for duty, commit, system, identifier, login, mail, name in reader.said(reference):
            told = Account(system, identifier, login, mail, name)
            if is_actor and duty == "actor":
                yield _Sighting(told, _acted(event), f"entry {leaf.index}", leaf.index, leaf.stream)
            elif not is_actor:
                yield _Sighting(told, duty, commit, leaf.index, leaf.stream)


def _is_listing(event: Event, name: str) -> bool:
    """Whether the content of that name lists commits: the release's sources name theirs as they like."""
    from ledger.events.work import Release

    body = event.body
    return name in {source.commits for source in body.sources} if isinstance(body, Release) else name == "commits"


def _rows_of_account(data: bytes) -> Iterator[list[Any]]:
    account = parse_account(data)
    yield ["actor", "", account.system, account.id, account.login, account.mail, None]


def _rows_of_commits(data: bytes) -> Iterator[list[Any]]:
    for commit in parse_commits(data):
        people = [("author", commit.author), ("committer", commit.committer)]
        people += [("co-author", person) for person in commit.co_authors]
        for duty, person in people:
            yield [duty, commit.id, GIT, None, None, person.mail, person.name]


def _is_said(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, list)
        and len(row) == 7
        and all(isinstance(text, str) for text in row[:3])
        and all(text is None or isinstance(text, str) for text in row[3:])
        for row in value
    )


def _unresolved(session: Session, known: Directory, sightings: Iterable[_Sighting]) -> tuple[Unresolved, ...]:
    resolver = Resolver(_records(session, known))
    nobody = {project: _no_person(known, project) for project in known.roster.projects}
    answers: dict[tuple[tuple[str, str], int], tuple[bool, tuple[str, ...], tuple[str, ...]]] = {}
    found: dict[tuple[str, str], Unresolved] = {}
    for seen in sightings:
        account = seen.account
        key = account_key(account.system, account.id, account.mail)
        if account.system == GIT and key[1] in nobody.get(seen.project, {}).get(seen.duty, frozenset()):
            continue
        if (key, seen.index) not in answers:
            party = resolver.account(account, (seen.index,))
            answers[key, seen.index] = party.principal is not None, party.claimants, party.hidden
        resolved, claimants, hidden = answers[key, seen.index]
        if resolved:
            continue
        item = found.setdefault(key, Unresolved(account, first=seen.index, last=seen.index))
        item.first, item.last = min(item.first, seen.index), max(item.last, seen.index)
        item.places.setdefault(seen.duty, set()).add(seen.place)
        item.projects.add(seen.project)
        item.claimants = tuple(sorted({*item.claimants, *claimants}))
        item.hidden = tuple(sorted({*item.hidden, *hidden}))
        for name in (account.name, account.login):
            item.names.update([name] if name else [])
    return tuple(
        sorted(found.values(), key=lambda item: (-sum(map(len, item.places.values())), item.first, str(item.account)))
    )


def _no_person(known: Directory, project: str) -> dict[str, frozenset[str]]:
    """By duty, addresses that the policy in force says are no person's doing."""
    policy = policy_at(known.roster, project, known.position)
    settings: dict[str, Any] = {}
    if policy is not None:
        try:
            for rule in parse_policy(policy.data).rules:
                settings |= dict(rule.settings)
        except FormatError:
            settings = {}
    return {duty: frozenset(settings.get(name) or ()) for duty, name in _SETTINGS.items()}


def _records(session: Session, known: Directory) -> Records:
    """The roster with every card that is held, also replaced ones: who claimed what, when."""
    contents: dict[Digest, Content] = {}
    for principal in known.roster.principals.values():
        for card in principal.cards:
            contents[card.content.commitment] = _card(session, known, card.content)
    return Records(session.anchor.ledger, known.position, known.roster, (), contents)


def _card(session: Session, known: Directory, reference: ContentRef) -> Content:
    card = known.cards.get(reference.commitment)
    if card is not None:
        return Held(encode_card(card.name, card.accounts, url=card.url, identity=card.identity))
    try:
        return Held(session.client.content(reference.commitment).data)
    except (NotFoundError, AuthorityError) as error:
        return Absent(error.slug.removeprefix("content-"))
