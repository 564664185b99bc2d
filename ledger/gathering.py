"""Records of one change, commit or release, asked of a source and believed only as far as they were checked.

Every entry's envelope is opened, its signature checked under the roster and its leaf compared with the event; the
source proves that it is in the log (up to ``MOST_PROOFS`` entries, newest first). Contents are checked against their
commitments by the source. What a source leaves out is not seen here: only a bundle shows that a stream is whole.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from ledger.documents import encode_card, parse_commits
from ledger.entry import LEDGER_STREAM
from ledger.envelope import check_signature, open_envelope
from ledger.errors import AuthorityError, ChainError, FormatError, NotFoundError
from ledger.events.forge import ChangeState
from ledger.events.governance import DeclaredException
from ledger.events.statement import Event, read_payload, references
from ledger.events.work import Approval, Diff, Merge, Prompt, Release, SuiteRun
from ledger.keys import presence
from ledger.manifest import Manifest, decode_manifest, inverse_of
from ledger.records import Absent, Content, Held, Record, Records
from ledger.roster.authority import authorise
from ledger.roster.state import policy_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ledger.digests import Digest
    from ledger.documents import Card
    from ledger.entry import Leaf
    from ledger.events.context import ContentRef
    from ledger.roster.state import Roster

PAGE: Final = 200
MOST_PROOFS: Final = 500
"""Each proof is a question of its own; a change of more entries than this is judged from a bundle."""

LARGE: Final = frozenset({"output", "report", "system-prompt", "transcript"})
"""Names of contents that can be of any size: fetched only for who asks for them, and for rules that count again."""

MANIFEST: Final = "manifest"
"""Name of the content that says which files a diff or landing changed."""

UNASKED: Final = Absent("unknown")
"""A content that was not asked for, or that the source does not show."""


class Source(Protocol):
    """Where entries are asked for: a server, or the database of one."""

    @property
    def ledger(self) -> Digest:
        """Ledger id."""

    def find(self, query: Mapping[str, str | int]) -> Iterable[tuple[Leaf, bytes]]:
        """Leaf and envelope of all entries that meet a query, ascending by index.

        A query's names and values are those of ``GET /v1/events``.
        """

    def envelope(self, digest: Digest) -> bytes:
        """The envelope of that digest.

        Raises:
            NotFoundError: there is none.
        """

    def content(self, commitment: Digest) -> bytes:
        """The bytes of a content, which match the commitment.

        Raises:
            NotFoundError: ``content-erased``, ``content-missing`` or ``content-withheld``.
            AuthorityError: the source does not show contents.
        """

    def prove(self, leaf: Leaf) -> None:
        """Nothing, if the leaf is in the log.

        Raises:
            ChainError: it is not.
        """


class Known(Protocol):
    """The roster at a position, and what goes with it."""

    @property
    def roster(self) -> Roster:
        """As replayed from the ledger's own stream."""

    @property
    def records(self) -> tuple[Record, ...]:
        """The entries of that stream, oldest first."""

    @property
    def cards(self) -> Mapping[Digest, Card]:
        """Name cards by commitment; one that is not held is absent."""

    @property
    def position(self) -> int:
        """A count of entries; later ones are not looked at."""


def gather_change(
    source: Source, known: Known, project: str, change: str, *, without: frozenset[str] = LARGE
) -> Records:
    """Everything recorded about one change of a project (an id): enough for ``dossier.build.build_change``.

    That is: entries about the change, runs on the trees of its revisions and landings, merge events that brought its
    content, prompts and attestations that its events refer to, and the ledger's own stream. Where the policy asks: runs
    on what was there before, and for what takes something back the landings of the project.

    Raises:
        ChainError, SignatureError, AuthorityError: an entry does not hold. LedgerError: the source refuses.
    """
    found = _Gathering(source, known)
    _take_change(found, project, change)
    return found.records(without)


def gather_commit(
    source: Source, known: Known, commit: str, *, project: str | None = None, without: frozenset[str] = LARGE
) -> Records:
    """Everything recorded about the changes that a commit belongs to, and the releases that name it as their source.

    A commit belongs to a change by a diff, run or merge event that names it, else by the commit list of a merge event,
    for which the merge events of ``project`` (an id; None: of all) are looked through, newest first.

    Raises:
        as ``gather_change``.
    """
    found = _Gathering(source, known)
    query = {"commit": commit} | ({} if project is None else {"project": project})
    records = found.ask(query) or _landing_listing(found, commit, project)
    for key in dict.fromkeys(_changes_of(found, records)):
        _take_change(found, *key)
    return found.records(without)


def gather_release(
    source: Source, known: Known, project: str, release: str, *, without: frozenset[str] = LARGE
) -> Records:
    """The events about the release ``product@version`` of a project (an id): release, approvals, deployments.

    Not its changes: those are judged from a bundle, which is whole.

    Raises:
        as ``gather_change``.
    """
    found = _Gathering(source, known)
    for record in found.ask({"project": project, "release": release}):
        if isinstance(record.event.body, Release):
            found.ask({"reference": record.envelope})
    return found.records(without)


def gather_chosen(
    source: Source,
    known: Known,
    queries: Iterable[Mapping[str, str | int]],
    wanted: Callable[[Leaf, Event], bool],
    *,
    without: frozenset[str] = LARGE,
) -> tuple[Records, tuple[int, ...]]:
    """The listed entries that are ``wanted``, what they refer to and what was decided about them; and their indexes.

    Whether one is wanted is asked before it is checked; those that are not are not checked at all.

    Raises:
        as ``gather_change``.
    """
    found = _Gathering(source, known)
    chosen = {record.index: record for query in queries for record in found.ask(query, wanted)}
    for record in chosen.values():
        if isinstance(record.event.body, DeclaredException):
            found.ask({"reference": record.envelope})
        for digest, _ in references(record.event):
            found.envelope(digest)
    return found.records(without), tuple(sorted(chosen))


@dataclass(slots=True)
class _Gathering:
    """Records so far, each taken in once."""

    source: Source
    known: Known
    by_index: dict[int, Record] = field(default_factory=dict)
    by_envelope: dict[Digest, Record] = field(default_factory=dict)
    contents: dict[Digest, Content] = field(default_factory=dict)
    beside: set[int] = field(default_factory=set)
    """Indexes of landings of other changes, of which nothing but the manifest is read."""
    closed: bool = False
    """Whether the source turned out not to show contents."""

    def ask(
        self, query: Mapping[str, str | int], wanted: Callable[[Leaf, Event], bool] | None = None
    ) -> tuple[Record, ...]:
        """The records that the source lists for a query, without those of a kind that this program does not know."""
        listed = self.source.find({**query, "before": self.known.position, "limit": PAGE})
        taken = (self._take(leaf, data) for leaf, data in listed if wanted is None or _fits(leaf, data, wanted))
        return tuple(record for record in taken if record is not None)

    def envelope(self, digest: Digest) -> Record | None:
        """The record of an envelope that another one refers to; None where the source does not have it."""
        if digest in self.by_envelope:
            return self.by_envelope[digest]
        try:
            event = read_payload(open_envelope(self.source.envelope(digest)).payload)
        except NotFoundError:
            return None
        if isinstance(event, Event):
            # Listed by its event id, which goes with no other filter, it comes with its leaf.
            for leaf, data in self.source.find({"event_id": event.context.event_id}):
                if leaf.envelope == digest and leaf.index < self.known.position:
                    return self._take(leaf, data)
        return None

    def fetch(self, reference: ContentRef) -> Content:
        """The content behind a reference, and why it is not at hand where it is not."""
        commitment = reference.commitment
        if commitment not in self.contents:
            self.contents[commitment] = self._fetch(reference)
        return self.contents[commitment]

    def records(self, without: frozenset[str]) -> Records:
        """What was gathered, with its contents but those of the names in ``without``, proved to be in the log."""
        self._prove()
        entries = [*self.known.records, *(self.by_index[index] for index in sorted(self.by_index))]
        for record in entries:
            for reference in record.event.context.contents:
                unread = reference.name in without and not self._counted_again(record, reference)
                if unread or (record.index in self.beside and reference.name != MANIFEST):
                    self.contents.setdefault(reference.commitment, UNASKED)
                else:
                    self.fetch(reference)
        return Records(
            ledger=self.source.ledger,
            position=self.known.position,
            roster=self.known.roster,
            entries=tuple(sorted(entries, key=lambda record: record.index)),
            contents=dict(self.contents),
        )

    def _counted_again(self, record: Record, reference: ContentRef) -> bool:
        """Whether a rule of the policy in force reads the content: TST-08 reads the reports of runs."""
        project = record.event.context.project
        if reference.name != "report" or not isinstance(record.event.body, SuiteRun) or project is None:
            return False
        return self.asks(project, "TST-08")

    def asks(self, project: str, rule: str) -> bool:
        """Whether the policy in force for a project names a rule."""
        policy = policy_at(self.known.roster, project, self.known.position)
        return policy is not None and f'"{rule}":{{'.encode() in policy.data

    def manifest(self, record: Record) -> Manifest | None:
        """The change manifest of a diff or landing, where it can be read."""
        reference = record.event.context.content(MANIFEST)
        content = UNASKED if reference is None else self.fetch(reference)
        try:
            return decode_manifest(content.data) if isinstance(content, Held) else None
        except FormatError:
            return None

    def _take(self, leaf: Leaf, data: bytes) -> Record | None:
        if leaf.stream == LEDGER_STREAM:
            # The directory holds that stream, replayed.
            return None
        if leaf.index in self.by_index:
            return self.by_index[leaf.index]
        record = read_entry(self.known, leaf, data)
        if record is not None:
            self.by_index[leaf.index] = record
            self.by_envelope[record.envelope] = record
        return record

    def _fetch(self, reference: ContentRef) -> Content:
        if reference.state == "withheld":
            return Absent("withheld")
        if self.closed:
            return UNASKED
        card = self.known.cards.get(reference.commitment)
        if card is not None:
            # A card has one byte form.
            return Held(encode_card(card.name, card.accounts, url=card.url, identity=card.identity))
        try:
            return Held(self.source.content(reference.commitment))
        except NotFoundError as error:
            return Absent(error.slug.removeprefix("content-") if error.slug in _STATES else "missing")
        except AuthorityError:
            self.closed = True
            return UNASKED

    def _prove(self) -> None:
        for index in sorted(self.by_index, reverse=True)[:MOST_PROOFS]:
            self.source.prove(self.by_index[index].leaf)


_STATES: Final = frozenset({"content-erased", "content-missing", "content-withheld"})


def _fits(leaf: Leaf, data: bytes, wanted: Callable[[Leaf, Event], bool]) -> bool:
    event = read_payload(open_envelope(data).payload)
    return isinstance(event, Event) and wanted(leaf, event)


def read_entry(known: Known, leaf: Leaf, data: bytes) -> Record | None:
    """The record of a project stream's entry, signed by a key that might; None for a kind this program does not know.

    Checked as by V09 to V13 of format §9. Not checked: inclusion.

    Raises:
        ChainError: ``wrong-envelope``. SignatureError, AuthorityError, ConflictError: it should not be in the log.
    """
    envelope = open_envelope(data)
    event = read_payload(envelope.payload)
    if not isinstance(event, Event):
        return None
    context = event.context
    told = (leaf.envelope, leaf.key_id, leaf.kind, leaf.stream, leaf.about)
    if told != (envelope.digest, envelope.key_id, event.kind, context.project, context.about):
        raise ChainError("wrong-envelope", "an envelope is not the one its leaf names", details={"index": leaf.index})
    key = authorise(known.roster, leaf.index, envelope.key_id, event)
    check_signature(envelope, key.public)
    return Record(leaf, event, key, presence(key.public, envelope.signature))


def _take_change(found: _Gathering, project: str, change: str) -> None:
    waiting = deque(found.ask({"project": project, "change": change}))
    trees: set[str] = set()
    seen: set[int] = set()
    while waiting:
        record = waiting.popleft()
        if record.index in seen:
            continue
        seen.add(record.index)
        body = record.event.body
        if isinstance(body, Diff | Merge) and record.event.context.project == project:
            if body.tree not in trees:
                trees.add(body.tree)
                # Runs on that tree, and other revisions of the same content, which landings are told apart from.
                found.ask({"project": project, "tree": body.tree})
            found.ask({"project": project, "manifest": body.manifest, "kind": "diff"})
            _take_runs_before(found, project, (body.base,) if isinstance(body, Diff) else body.parents[:1])
        if isinstance(body, Diff):
            waiting += found.ask({"project": project, "manifest": body.manifest, "kind": "merge"})
            waiting += found.ask({"project": project, "tree": body.tree, "kind": "merge"})
            waiting += found.ask({"project": project, "reference": record.envelope, "kind": "merge"})
            # A merge of this very head landed the change, whatever else it holds.
            waiting += found.ask({"project": project, "commit": body.head, "kind": "merge"})
            found.ask({"project": project, "commit": body.head, "kind": "push"})
        if isinstance(body, Merge):
            # A push of what landed shows since when it was there, and a recorded head whose change it is.
            found.ask({"project": project, "commit": body.commit, "kind": "push"})
            for parent in body.parents[1:]:
                found.ask({"project": project, "commit": parent, "kind": "diff"})
        if isinstance(body, DeclaredException | Prompt):
            # Authorisations and reviews of an exception, and scans of a prompt, name it and no change.
            found.ask({"project": project, "reference": record.envelope})
        for digest, _ in references(record.event):
            found.envelope(digest)
    found.ask({"project": project, "kind": "correction"})
    _take_taken_back(found, project, change)


def _take_runs_before(found: _Gathering, project: str, commits: Iterable[str]) -> None:
    """Takes in runs on ``commits`` and on the trees that landed with them; TST-05 compares with them."""
    for commit in commits if found.asks(project, "TST-05") else ():
        found.ask({"project": project, "commit": commit, "kind": "test"})
        for record in found.ask({"project": project, "commit": commit, "kind": "merge"}):
            if isinstance(record.event.body, Merge):
                found.ask({"project": project, "tree": record.event.body.tree, "kind": "test"})


def _take_taken_back(found: _Gathering, project: str, change: str) -> None:
    """Takes in what a change that is said to be a revert may take back, and what was said of that; for CHG-07.

    A revert may name nothing, and what it takes back may have been a revert itself, so all landings are looked through.
    """
    own = [record for record in found.by_index.values() if record.event.context.about.change == change]
    if not found.asks(project, "CHG-07") or not any(map(_is_revert, own)):
        return
    known = set(found.by_index)
    landed = found.ask({"project": project, "kind": "merge"})
    found.beside |= {record.index for record in landed} - known
    mine = [manifest for record in own if (manifest := found.manifest(record)) is not None]
    for record in landed:
        other, about = found.manifest(record), record.event.context.about
        if other is not None and about.change is not None and any(inverse_of(other, manifest) for manifest in mine):
            found.ask({"project": project, "change": about.change})


def _is_revert(record: Record) -> bool:
    body = record.event.body
    said = isinstance(body, ChangeState) and body.type == "revert"
    return said or any(link.rel == "reverts" for link in record.event.context.links)


def _changes_of(found: _Gathering, records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    for record in records:
        context, body = record.event.context, record.event.body
        if context.project is None or isinstance(body, Release):
            continue
        if isinstance(body, Merge) and body.diff is not None:
            diff = found.envelope(body.diff)
            if diff is not None and diff.event.context.about.change is not None:
                yield context.project, diff.event.context.about.change
                continue
        if isinstance(body, Approval) and body.scope != "change":
            continue
        if context.about.change is not None:
            yield context.project, context.about.change


def _landing_listing(found: _Gathering, commit: str, project: str | None) -> tuple[Record, ...]:
    """The newest merge event whose commit list names ``commit``."""
    query = {"kind": "merge"} | ({} if project is None else {"project": project})
    other = _Gathering(found.source, found.known)
    for record in reversed(other.ask(query)):
        reference = record.event.context.content("commits")
        content = UNASKED if reference is None else other.fetch(reference)
        if isinstance(content, Held) and any(item.id == commit for item in parse_commits(content.data)):
            again = found.envelope(record.envelope)
            return () if again is None else (again,)
    return ()
