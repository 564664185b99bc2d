"""Where ``evidence trace`` starts: what the search box of the pages takes too, asked of the server and of a clone."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, assert_never

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
)
from ledger.capture.blame import blame_line, committed_line
from ledger.capture.git import open_repository, resolve_commit
from ledger.capture.landing import first_parent_landing
from ledger.cli.gathering import ServerSource
from ledger.cli.given import given_digest
from ledger.digests import Digest
from ledger.entry import LEDGER_STREAM
from ledger.envelope import open_envelope
from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.events.evidence import Pack
from ledger.events.statement import Event, read_payload
from ledger.events.work import Prompt
from ledger.leads import (
    SPANS,
    Start,
    about_starts,
    base_starts,
    digest_starts,
    incident_starts,
    object_starts,
    pack_starts,
    place_starts,
    possible_places,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session as Talk
    from ledger.entry import Leaf

_LINE: Final = re.compile(r"([^\n]+):([0-9]+)")


def starts_of(session: Talk, directory: Directory, target: str, repo: Path) -> list[Start]:
    """What ``target`` leads to; ``repo`` is the clone that lines, and commits that no event names, are looked for in.

    Raises:
        FormatError: ``nothing-asked``. NotFoundError: ``not-recorded`` and the like, or what the clone refuses.
    """
    return _Search(session, directory, target, repo).starts()


class _Search:
    """One question."""

    def __init__(self, session: Talk, directory: Directory, target: str, repo: Path) -> None:
        self._session = session
        self._directory = directory
        self._target = target
        self._repo = repo
        self._source = ServerSource(session)

    def starts(self) -> list[Start]:  # noqa: C901, PLR0911, PLR0912 -- one case a question
        if self._target.startswith("sha256:"):
            return self._of_digest(given_digest(self._target, "DIGEST"))
        asked = read_asked(self._target)
        line = _LINE.fullmatch(self._target)
        if line is not None and isinstance(asked, (FileLines, Named, Nothing)):
            return self._of_line(Path(line[1]), int(line[2]))
        match asked:
            case FileLines(places):
                return self._of_lines(places)
            case Digested(digest):
                return self._of_digest(Digest(digest))
            case Begun(digits):
                return self._of_object(digits) if len(digits) == 40 else self._begun(digits)
            case PackNumber(digits):
                return self._of_pack(digits)
            case ProjectChange(project, change):
                return [Start(f"change {change}", project=project, change=change)]
            case ServiceAt(words, at):
                return self._of_place(words, at)
            case Named(word):
                return self._named(word)
            case Principal(principal):
                person = self._directory.principal(principal, among=self._directory.roster.principals.values()).id
                return self._changes({"principal": person}, lambda _event: True)
            case Session(session):
                return self._changes({"kind": "prompt"}, lambda event: _of_prompt(event)[0] == session)
            case ModelName(model):
                return self._changes({"kind": "prompt"}, lambda event: model in _of_prompt(event)[1:])
            case Nothing():
                raise FormatError(
                    "nothing-asked",
                    "nothing here can be looked up",
                    details={"asked": self._target[:200]},
                    remedy=CAN_BE_ASKED,
                )
            case _:
                assert_never(asked)

    # Digests and objects

    def _of_digest(self, digest: Digest) -> list[Start]:
        found = pack_starts(self._source, self._directory, digest) or digest_starts(self._source, digest)
        found = found or self._of_envelope(digest)
        if not found and not self._target.startswith("sha256:"):
            # A git repository may name its objects by SHA-256 too.
            return self._of_object(digest[7:])
        if not found:
            raise NotFoundError(
                "not-recorded",
                "no event of this ledger has this digest or names it, and no pack with it is recorded",
                remedy="A pack was never recorded, or the file differs from what was recorded. See which are: "
                "evidence log --kind pack",
            )
        return found

    def _of_envelope(self, digest: Digest) -> list[Start]:
        """The change or release of the event with that envelope digest."""
        with suppress(NotFoundError):
            event = read_payload(open_envelope(self._source.envelope(digest)).payload)
            if isinstance(event, Event):
                return [_of_entry(leaf) for leaf, _ in self._source.find({"event_id": event.context.event_id})]
        return []

    def _of_object(self, identifier: str) -> list[Start]:
        """What is recorded of a commit or tree; for a commit inside a landing, what is recorded of the landing."""
        found = object_starts(self._source, identifier)
        if found:
            return found
        tip = self._landing_tip(identifier)
        found = [] if tip is None else about_starts(self._source, {"commit": tip}, f"it landed with commit {tip[:12]}")
        found = found or base_starts(self._source, identifier)
        if not found:
            raise NotFoundError(
                "not-recorded",
                "no event of this ledger names this commit or tree",
                details={"object": identifier},
                remedy="Give --repo the clone, so that the landing of an inner commit is found; or see: evidence log",
            )
        return found

    def _in_history(self, digits: str) -> str | None:
        """The commit of the clone that begins with these digits."""
        try:
            with open_repository(self._repo) as opened:
                return resolve_commit(opened, digits)
        except LedgerError:
            return None

    def _landing_tip(self, commit: str) -> str | None:
        try:
            with open_repository(self._repo) as opened:
                return first_parent_landing(opened, commit)
        except LedgerError:
            return None

    def _begun(self, digits: str) -> list[Start]:
        """What the ledger names that begins with these digits; else the commit of the clone that does."""
        names = self._identifiers(digits)
        found: list[Start] = []
        for name in names:
            if name.startswith("sha256:"):
                with suppress(NotFoundError):
                    found += self._of_digest(Digest(name))
            else:
                found += object_starts(self._source, name)
        if found:
            return list(dict.fromkeys(found))
        if (whole := self._in_history(digits)) is not None:
            with suppress(NotFoundError):
                return self._of_object(whole)
        found = [start for name in names for start in base_starts(self._source, name.removeprefix("sha256:"))]
        if not found:
            # An incident or a service may be called so.
            with suppress(NotFoundError):
                return self._named(digits)
            raise NotFoundError(
                "not-recorded",
                "no event of this ledger names a commit, tree or digest that begins so",
                details={"asked": digits},
                remedy="Give --repo the clone, so that the landing of an inner commit is found; or see: evidence log",
            )
        return list(dict.fromkeys(found))

    def _identifiers(self, digits: str) -> tuple[str, ...]:
        value = self._session.client.get(f"/v1/identifiers/{digits}")
        found = value.get("identifiers") if isinstance(value, dict) else None
        names = found if isinstance(found, list) else []
        return tuple(
            name for name in names if isinstance(name, str) and name.removeprefix("sha256:").startswith(digits)
        )

    def _of_pack(self, digits: str) -> list[Start]:
        for _, data in self._source.find({"kind": "pack"}):
            event = read_payload(open_envelope(data).payload)
            body = event.body if isinstance(event, Event) else None
            if isinstance(body, Pack) and body.pack_id[7:].startswith(digits):
                return pack_starts(self._source, self._directory, body.pack_id)
        raise NotFoundError(
            "not-recorded",
            "no pack of this number is recorded",
            details={"asked": self._target[:200]},
            remedy="See which are: evidence log --kind pack",
        )

    # Names

    def _named(self, word: str) -> list[Start]:
        if "@" in word:
            return [Start(f"release {word}", release=word)]
        query: dict[str, str | int] = {"change": word}
        if self._session.settings.project is not None:
            query["project"] = self._session.project_id(self._directory)
        streams = {leaf.stream for leaf, _ in self._source.find(query) if leaf.about.change == word}
        changes = [Start(f"change {word}", project=stream, change=word) for stream in sorted(streams)]
        # One number may be a change's and an incident's.
        found: list[Start] = []
        with suppress(NotFoundError):
            found += incident_starts(self._source, self._directory, word)
        led_to = {(start.project, start.change) for start in found}
        found += [start for start in changes if (start.project, start.change) not in led_to]
        if not found:
            with suppress(NotFoundError):
                return self._of_place((word,), datetime.now(UTC))
            raise NotFoundError(
                "not-recorded",
                "no change, incident or service of this name is recorded",
                details={"asked": word},
                remedy=f"See what is recorded: evidence log. {CAN_BE_ASKED}",
            )
        return found

    def _of_place(self, words: tuple[str, ...], at: datetime) -> list[Start]:
        places = possible_places(words)
        for span in SPANS:
            for place in places:
                with suppress(NotFoundError):
                    return place_starts(self._source, self._directory, place, at, span)
        raise NotFoundError(
            "no-deployment",
            f"nothing was recorded of this place in the {SPANS[-1].days} days before this time",
            details={"place": str(places[0]), "to": at.isoformat(timespec="seconds")},
            remedy="Check its name, ask for a later time, or leave the environment out.",
        )

    def _changes(self, query: dict[str, str | int], wanted: Callable[[Event], bool]) -> list[Start]:
        """The changes that the listed entries are about, each with their numbers, the latest first; not laid out."""
        found: dict[tuple[str, str], list[int]] = {}
        for leaf, data in self._source.find(query):
            event = read_payload(open_envelope(data).payload)
            if leaf.about.change is not None and isinstance(event, Event) and wanted(event):
                found.setdefault((leaf.stream, leaf.about.change), []).append(leaf.index)
        if not found:
            raise NotFoundError(
                "not-recorded",
                "no change of this ledger shares it",
                details={"asked": self._target[:200]},
                remedy=CAN_BE_ASKED,
            )
        latest = sorted(found.items(), key=lambda item: item[1][-1], reverse=True)
        return [Start(f"change {key[1]}: {_entries(indexes)}") for key, indexes in latest]

    # Lines of files

    def _of_line(self, file: Path, number: int) -> list[Start]:
        with open_repository(self._repo) as opened:
            path, line = committed_line(opened, self._repo / file if not file.is_absolute() else file, number)
            origin = blame_line(opened, path, line)
        return [
            Start(
                f"line {number} came with commit {origin.commit[:12]}; {start.found}",
                start.project,
                start.change,
                start.release,
            )
            for start in self._of_object(origin.commit)
        ]

    def _of_lines(self, places: tuple[tuple[str, int], ...]) -> list[Start]:
        """What is recorded of those lines, as of a stack trace, that are in the clone."""
        found: dict[Start, None] = {}
        for name, number in places:
            path = self._in_clone(Path(name))
            if path is not None and number:
                with suppress(NotFoundError):
                    found.update(dict.fromkeys(self._of_line(path, number)))
        if not found:
            lines = any(number for _, number in places)
            raise NotFoundError(
                "not-recorded",
                "no line named here is a committed line of this clone whose commit is recorded"
                if lines
                else "a file is traced by one of its lines, and none is named",
                details={"asked": places[0][0][:200]},
                remedy="Give --repo the clone; which changes touched a file shows the page Trace of the server."
                if lines
                else f"Name a line: evidence trace {places[0][0][:200]}:1",
            )
        return list(found)

    def _in_clone(self, path: Path) -> Path | None:
        """A file of the clone with the end of this path, the longest there is."""
        for first in range(len(path.parts)):
            inside = Path(*path.parts[first:])
            if (self._repo / inside).is_file():
                return inside
        return None


def _of_entry(leaf: Leaf) -> Start:
    about = leaf.about
    if leaf.stream != LEDGER_STREAM and about.change is not None:
        found = f"the {leaf.kind} of entry {leaf.index}: change {about.change}"
        return Start(found, project=leaf.stream, change=about.change)
    if about.release is not None:
        return Start(f"the {leaf.kind} of entry {leaf.index}: release {about.release}", release=about.release)
    return Start(f"the {leaf.kind} of entry {leaf.index}: it is about no change and no release")


def _of_prompt(event: Event) -> tuple[str | None, ...]:
    """Session and models of a prompt."""
    if not isinstance(event.body, Prompt):
        return (None,)
    model = event.body.model
    return (event.body.session, *((model.requested, model.responded) if model is not None else ()))


def _entries(indexes: Iterable[int]) -> str:
    several = list(indexes)
    return f"{'entry' if len(several) == 1 else 'entries'} {', '.join(map(str, several))}"
