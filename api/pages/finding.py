"""From what was asked to the trails it leads to: bounded work, over the search projection of the store."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, assert_never

from api.pages.known import StoreSource, position_at
from api.pages.listing import list_changes
from api.pages.persons import list_parts
from api.pages.sharing import Sharing, change_of, event_of
from ledger.asking import (
    CAN_BE_ASKED,
    Begun,
    Digested,
    FileLines,
    ModelName,
    Named,
    Nothing,
    PackNumber,
    Principal,
    ProjectChange,
    ServiceAt,
    Session,
    read_asked,
    same_file,
)
from ledger.digests import Digest
from ledger.documents import parse_commits
from ledger.dossier.build import build_change, build_release
from ledger.dossier.trace import trace_change, trace_delivery, trace_release
from ledger.entry import LEDGER_STREAM
from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.events.work import Deploy, Merge, Release
from ledger.gathering import gather_change, gather_chosen
from ledger.leads import (
    SPANS,
    Place,
    Start,
    base_starts,
    digest_starts,
    incident_starts,
    object_starts,
    place_starts,
    possible_places,
)
from ledger.manifest import decode_manifest
from ledger.records import Absent
from ledger.store import Query
from reports.pages.trace import Answer, Touched, Trailed
from reports.pages.words import (
    change_called,
    changes_hidden,
    led_by,
    led_by_commit,
    looked_back,
    looked_through,
    release_unread,
    releases_looked,
)

if TYPE_CHECKING:
    from api.pages.known import Knowing, KnownNow
    from api.pages.looking import Looker
    from ledger.dossier.trace import TraceStep
    from ledger.events.statement import Event
    from ledger.records import Record
    from ledger.store import Entry, Store

MOST_TRAILS: Final = 3
"""Trails laid out on one page; others are named."""
MOST_OTHERS: Final = 50
MOST_MANIFESTS: Final = 300
"""Latest landings and revisions whose manifests are looked through for a path."""
MOST_MANIFEST_BYTES: Final = 2 << 20
"""A longer one is passed over, and counted: reading a few of them would take the page's second."""
MOST_RELEASES: Final = 20
"""Releases after a landing that are looked through for its commit."""


class Finder:
    """Answers what is asked of one store."""

    def __init__(self, store: Store, knowing: Knowing, looker: Looker) -> None:
        self.store = store
        self.looker = looker
        self.sharing = Sharing(store)
        self._knowing = knowing

    def find(self, text: str, *, contents: bool) -> Answer:
        """What ``text`` leads to.

        Raises:
            NotFoundError: ``not-recorded`` and the like: nothing is recorded of it.
            UnavailableError: ``too-much-to-show``.
        """
        return _Search(self, text, contents=contents).answer()

    def known(self, *, contents: bool) -> KnownNow:
        """The roster now."""
        return self._knowing.now(contents=contents)


class _Search:
    """One question."""

    def __init__(self, finder: Finder, text: str, *, contents: bool) -> None:
        self._finder = finder
        self._store = finder.store
        self._text = text
        self._contents = contents
        self._source = StoreSource(self._store, contents=contents)
        self._known = finder.known(contents=contents)
        self._notes: list[str] = []
        self._unread = 0

    def answer(self) -> Answer:  # noqa: C901, PLR0911 -- one case a question
        asked = read_asked(self._text)
        match asked:
            case FileLines():
                return self._files(asked)
            case Session() | ModelName():
                return list_changes(self._finder.sharing, self._text, asked)
            case Principal():
                return list_parts(self._store, self._source, self._known, asked.principal, contents=self._contents)
            case Digested():
                return self._laid_out(self._by_digest(Digest(asked.digest)))
            case Begun():
                return self._laid_out(self._begun(asked.digits))
            case PackNumber():
                raise NotFoundError("not-recorded", "no pack of this number is recorded")
            case ProjectChange():
                return self._laid_out([_change_start(asked.project, asked.change)])
            case ServiceAt():
                return self._laid_out(self._place(asked))
            case Named():
                return self._laid_out(self._named(asked.word))
            case Nothing():
                raise FormatError(
                    "nothing-asked",
                    "nothing here can be looked up",
                    remedy=CAN_BE_ASKED,
                )
            case _:
                assert_never(asked)

    # What leads where

    def _by_digest(self, digest: Digest) -> list[Start]:
        found = digest_starts(self._source, digest)
        if found:
            return found
        with suppress(NotFoundError):
            entry = self._store.entry_by_envelope(digest)
            starts = [self._of_entry(entry)]
            if entry.leaf.kind == "prompt":
                # Every change that came from it, for whoever asks what else did.
                bound = self._store.list_entries(Query(reference=digest, kind="diff"), -1, MOST_OTHERS).entries
                keys = dict.fromkeys(key for item in bound if (key := change_of(item)) is not None)
                starts += [_change_start(*key) for key in keys if key != (starts[0].project, starts[0].change)]
            return starts
        # A git repository may name its objects by SHA-256 too.
        found = object_starts(self._source, digest[7:]) or base_starts(self._source, digest[7:])
        if found:
            return found
        raise NotFoundError(
            "not-recorded",
            "no event of this ledger has this digest or names it, and no pack with it is recorded",
            remedy="A pack was never recorded, or the file differs from what was recorded.",
        )

    def _of_entry(self, entry: Entry) -> Start:
        about, kind = entry.leaf.about, entry.leaf.kind
        if entry.leaf.stream != LEDGER_STREAM and about.change is not None:
            return Start(led_by(kind, entry.index, about.change, "change"), entry.leaf.stream, about.change)
        if about.release is not None:
            return Start(led_by(kind, entry.index, about.release, "release"), release=about.release)
        event = event_of(entry)
        if isinstance(event.body, Deploy):
            return self._around(Place(event.body.environment, event.body.service), _moment(entry.leaf.received_at))[0]
        return Start(led_by(kind, entry.index, "", ""))

    def _begun(self, digits: str) -> list[Start]:
        found: list[Start] = []
        for name in (names := self._store.identifiers_starting(digits, MOST_TRAILS + 1)):
            if name.startswith("sha256:"):
                with suppress(NotFoundError):
                    found += self._by_digest(Digest(name))
            else:
                found += object_starts(self._source, name)
        whole = len(digits) in (40, 64)
        if not found and whole:
            found = self._inside(digits)
        if not found:
            found = [start for name in names for start in base_starts(self._source, name.removeprefix("sha256:"))]
        if not found and digits.isdigit():
            found = self._named(digits)
        if not found:
            lists = f", nor do the commit lists of the latest {MOST_MANIFESTS} landings" if whole else ""
            raise NotFoundError(
                "not-recorded",
                f"no event of this ledger names this commit, tree or digest{lists}",
                remedy="For a commit inside a landing: evidence trace COMMIT --repo CLONE",
            )
        return list(dict.fromkeys(found))

    def _inside(self, commit: str) -> list[Start]:
        """The landing whose commit list names a commit, among the latest ones."""
        for entry in self._store.latest_entries(Query(kind="merge"), MOST_MANIFESTS):
            event = event_of(entry)
            if self._lists(event, "commits", commit):
                start = self._of_entry(entry)
                return [replace(start, found=led_by_commit(commit, start.found))]
        return []

    def _lists(self, event: Event, name: str, commit: str) -> bool:
        reference = event.context.content(name)
        if reference is None:
            return False
        try:
            return any(item.id == commit for item in parse_commits(self._source.content(reference.commitment)))
        except LedgerError:
            return False

    def _named(self, word: str) -> list[Start]:
        if "@" in word and self._store.latest_entries(Query(release=word), 1):
            return [Start(f"release {word}", release=word)]
        found: list[Start] = []
        streams = {entry.leaf.stream for entry in self._store.latest_entries(Query(change=word), 200)}
        found += [_change_start(stream, word) for stream in sorted(streams)]
        with suppress(NotFoundError):
            found += incident_starts(self._source, self._known, word)
        if not found:
            with suppress(NotFoundError):
                found += self._place(ServiceAt((word,), datetime.now(UTC)))
        if not found:
            raise NotFoundError("not-recorded", "no release, change, incident or service of this name is recorded")
        return list(dict.fromkeys(found))

    def _place(self, asked: ServiceAt) -> list[Start]:
        likely, other = possible_places(asked.words)
        with suppress(NotFoundError):
            return self._around(likely, asked.at)
        return self._around(other, asked.at)

    def _around(self, place: Place, at: datetime) -> list[Start]:
        for span in SPANS:
            try:
                after = position_at(self._store, at - span)
                found = place_starts(self._source, self._known, place, at, span, after=after)
            except NotFoundError:
                continue
            if span != SPANS[0]:
                self._notes.append(looked_back(span.days))
            return found
        raise NotFoundError(
            "no-deployment",
            f"nothing was recorded of this place in the {SPANS[-1].days} days before this time",
            remedy="Check its name, ask for a later time, or leave the environment out.",
        )

    # Laying out

    def _laid_out(self, starts: list[Start]) -> Answer:
        trails: list[Trailed] = []
        others: list[tuple[str, str]] = []
        for start in starts:
            if len(trails) < MOST_TRAILS:
                trails.append(self._trail(start))
            elif (query := _query(start)) is not None and len(others) < MOST_OTHERS:
                others.append((query, start.found))
        return Answer(self._text, tuple(trails), tuple(others), (), tuple(self._notes))

    def _trail(self, start: Start) -> Trailed:
        if start.steps:
            told = frozenset(filter(None, (change_of(step.record) for step in start.steps)))
            return Trailed(start, start.steps, self._finder.sharing.of(start.steps, told))
        if start.release is not None:
            return self._release(start, start.release)
        if start.project is None or start.change is None:
            return Trailed(start, (), ())
        records = gather_change(self._source, self._known, start.project, start.change)
        steps = trace_change(build_change(records, start.project, start.change))
        steps += self._delivery(steps)
        return Trailed(start, steps, self._finder.sharing.of(steps, frozenset({(start.project, start.change)})))

    def _release(self, start: Start, name: str) -> Trailed:
        listed = self._store.latest_entries(Query(kind="release", release=name), 1)
        if not listed:
            raise NotFoundError("no-such-release", "the ledger holds no release of that name")
        dossier = self._finder.looker.release(listed[0].leaf.envelope).dossier
        if dossier is not None and not self._contents:
            records = replace(dossier.records, contents=dict.fromkeys(dossier.records.contents, Absent("unknown")))
            dossier = build_release(records, listed[0].leaf.envelope)
            self._notes.append(changes_hidden())
        if dossier is None:
            self._notes.append(release_unread())
            return Trailed(start, (), ())
        steps = trace_release(dossier)
        own = frozenset((change.project, change.id) for change in dossier.changes)
        return Trailed(start, steps, self._finder.sharing.of(steps, own))

    def _delivery(self, steps: tuple[TraceStep, ...]) -> tuple[TraceStep, ...]:
        """The releases that hold what landed, and their deployments."""
        landed = [record for step in steps if isinstance((record := step.record).event.body, Merge)]
        if not landed:
            return ()
        wanted: set[Digest] = set()
        first = min(record.index for record in landed)
        releases = self._store.list_entries(Query(kind="release"), first, MOST_RELEASES).entries
        for entry in releases:
            event = event_of(entry)
            if any(self._holds(event, record) for record in landed):
                wanted.add(entry.leaf.envelope)
        if not wanted:
            if len(releases) == MOST_RELEASES:
                self._notes.append(releases_looked(MOST_RELEASES))
            return ()
        queries: list[dict[str, str | int]] = [{"kind": "release", "after": first}]
        queries += [{"kind": "deploy", "reference": one} for one in sorted(wanted)]
        gathered, indexes = gather_chosen(
            self._source, self._known, queries, lambda leaf, _event: leaf.kind == "deploy" or leaf.envelope in wanted
        )
        return trace_delivery(gathered, indexes)

    def _holds(self, event: Event, landing: Record) -> bool:
        body, merge = event.body, landing.event.body
        if not isinstance(body, Release) or not isinstance(merge, Merge):
            return False
        for source in body.sources:
            if source.project == landing.event.context.project and (
                source.commit == merge.commit or self._lists(event, source.commits, merge.commit)
            ):
                return True
        return False

    # Lines of files

    def _files(self, asked: FileLines) -> Answer:
        if not self._contents:
            raise NotFoundError(
                "not-recorded",
                "which files a change touched stands in contents, not shown with this token",
                remedy="Sign in with a token whose scopes include contents.",
            )
        touched: dict[str, dict[tuple[str, str], None]] = {path: {} for path, _ in asked.places}
        looked = 0
        for kind in ("merge", "diff"):
            for entry in self._store.latest_entries(Query(kind=kind), MOST_MANIFESTS):
                looked += 1
                key = change_of(entry)
                if key is None:
                    continue
                paths = self._touched(event_of(entry))
                for asked_path, changes in touched.items():
                    if any(same_file(asked_path, path) for path in paths):
                        changes[key] = None
        self._notes.append(looked_through(looked, self._unread))
        rows = tuple(
            Touched(
                f"{path}:{number}" if number else path,
                tuple((f"{key[0]}/{key[1]}", change_called(key[1])) for key in list(touched[path])[:5]),
            )
            for path, number in asked.places
        )
        newest = next((key for path, _ in asked.places for key in touched[path]), None)
        trails = () if newest is None else (self._trail(_change_start(*newest)),)
        return Answer(self._text, trails, (), rows, tuple(self._notes))

    def _touched(self, event: Event) -> tuple[str, ...]:
        reference = event.context.content("manifest")
        if reference is None or reference.size_bytes > MOST_MANIFEST_BYTES:
            self._unread += reference is not None
            return ()
        try:
            manifest = decode_manifest(self._source.content(reference.commitment))
        except LedgerError:
            self._unread += 1
            return ()
        return tuple(change.path.decode("utf-8", "replace") for change in manifest.entries)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _change_start(project: str, change: str) -> Start:
    return Start(change_called(change), project=project, change=change)


def _query(start: Start) -> str | None:
    if start.project is not None and start.change is not None:
        return f"{start.project}/{start.change}"
    return start.release
