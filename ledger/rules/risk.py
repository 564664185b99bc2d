"""The risk class of a judged content: the highest class of the policy that anything known of it puts it in.

Its paths, its size, an assistant's part in it and what somebody said of its risk each can.

A class that the policy does not list stands below all that it lists. What cannot be read is kept apart: the classes
above the one found that the content might be of, so that a rule can be certain wherever it would ask the same of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar, cast

from ledger.dossier.people import compare
from ledger.globs import Glob, Selected, parse_glob, select
from ledger.records import Absent
from ledger.rules.judged import Paths, paths_of
from ledger.rules.shape import gravest, untold
from ledger.rules.verdict import Outcome
from ledger.rules.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import Revision, Told
    from ledger.events.forge import ChangeState
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase, Finding

T = TypeVar("T")

_TRACED: Final = "revision {} carries traces of an assistant"

MAX_PATH_CHARACTERS: Final = 120
"""Most characters of a path in a sentence."""

DEFAULT: Final = "default"
"""What tables by risk class ask of a content that is of none of the classes they name."""


@dataclass(frozen=True, slots=True)
class RiskClass:
    """What is known of a content's risk class."""

    name: str | None
    """The class that it is at least of; None: of none."""
    because: tuple[str, ...]
    """Clauses that say why."""
    perhaps: tuple[str, ...]
    """Higher classes that it may be of, the highest first."""
    unread: tuple[str, ...]
    """Clauses that say what would decide that; none exactly if ``perhaps`` is empty."""
    only_stated: bool = False
    """Whether ``name`` is a class by somebody's word alone: then it asks for no less than ``default`` does."""

    @property
    def possible(self) -> tuple[str, ...]:
        """Every class that it may be of, the one that is known first; ``default`` for none."""
        return (self.name or DEFAULT, *reversed(self.perhaps))


def risk_class(case: ChangeCase, content: Judged) -> RiskClass:
    """The risk class of ``content`` by the policy's ``risks``; with none listed, the one that is stated."""
    classes = cast("list[dict[str, JSON]]", case.settings["risks"])
    names = [str(item["name"]) for item in classes]
    stated = _stated(case, content, names)
    paths = paths_of(content) if any("paths" in item for item in classes) else Paths((), ())
    perhaps: list[str] = []
    unread: list[str] = []
    for name, item in zip(names, classes, strict=True):
        said, doubts = _told(stated, name)
        because: list[str] = []
        for reasons, open_ends in (
            _by_paths(item, paths),
            _by_lines(item, content),
            _by_files(item, content),
            _by_assistant(item, case, content),
        ):
            because += reasons
            doubts += open_ends
        if said or because:
            unclear = tuple(dict.fromkeys(unread))
            return RiskClass(name, (*said, *because), tuple(perhaps), unclear, only_stated=not because)
        if doubts:
            perhaps.append(name)
            unread += doubts
    other, why = _unlisted(case, content, stated, names)
    return RiskClass(other, why, tuple(perhaps), tuple(dict.fromkeys(unread)), only_stated=other is not None)


def of_class(table: Mapping[str, T], name: str) -> T | None:
    """What a table by risk class asks at the class ``name``; None: nothing."""
    return table.get(name, table.get(DEFAULT))


def names_class(case: ChangeCase, chosen: Iterable[str], name: str) -> bool:
    """Whether a policy's list of classes holds ``name``; ``default`` in it stands for every class it does not list.

    Nobody escapes what is asked of ordinary changes by stating a class of which the policy has never heard.
    """
    known = {str(item["name"]) for item in cast("list[dict[str, JSON]]", case.settings["risks"])}
    return name in chosen or (name not in known and DEFAULT in chosen)


def asked(table: Mapping[str, T], risk: RiskClass) -> tuple[T | None, ...]:
    """What a table by risk class asks of a content, once for each class that it may be of, the known one first."""
    return tuple(of_class(table, name) for name in risk.possible)


def by_class(case: ChangeCase, content: Judged, judge: Callable[[str], Finding]) -> Finding:
    """What ``judge`` finds at the risk class of ``content``; where that is open, all that are possible must agree."""
    risk = risk_class(case, content)
    found = [judge(name) for name in risk.possible]
    if risk.only_stated:
        # Whoever states a class must not get away with less than stating none.
        found[0] = gravest((found[0], judge(DEFAULT)))
    if len({finding.outcome for finding in found}) == 1:
        # The highest class asks for most, so it says best what was enough, and the lowest what was not.
        return found[-1] if found[0].outcome is Outcome.PASS else found[0]
    missing = (clause for finding in found for clause in finding.missing)
    return untold((*missing, *risk.unread), (item for finding in found for item in finding.inputs))


@lru_cache(maxsize=1_024)
def pattern(text: str) -> Glob:
    """The pattern of a policy or a grant, which was read once before."""
    return parse_glob(text)


def touched(patterns: Iterable[str], paths: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of ``paths`` that one of ``patterns`` matches, and those that no pattern can read."""
    found = _selected(tuple(patterns), tuple(paths))
    return (*found.matched, *found.unreadable)


def covered(patterns: Iterable[str], paths: Sequence[bytes]) -> bool:
    """Whether ``patterns`` match every one of ``paths``, and there is one."""
    return bool(paths) and len(_selected(tuple(patterns), tuple(paths)).matched) == len(paths)


@lru_cache(maxsize=64)
def _selected(patterns: tuple[str, ...], paths: tuple[bytes, ...]) -> Selected:
    """As ``select``; every rule about a content asks for the same paths."""
    return select(map(pattern, patterns), paths)


def path_words(paths: Sequence[bytes]) -> str:
    """One to three paths for a sentence, and how many more there are."""
    shown = [f"“{_path_text(path)}”" for path in paths[:3]]
    if len(paths) > 3:
        shown.append(f"{len(paths) - 3} more")
    return listed(shown)


def _path_text(path: bytes) -> str:
    # Whoever makes a commit chooses its paths: none may break a line, turn its direction or pass for a name.
    text = path.decode("utf-8", "backslashreplace")
    told = "".join(item if item.isprintable() and item not in "{}" else f"\\u{ord(item):04x}" for item in text)
    return told if len(told) <= MAX_PATH_CHARACTERS else f"{told[:MAX_PATH_CHARACTERS]}…"


@dataclass(frozen=True, slots=True)
class _Stated:
    """A class that somebody said the content is of."""

    name: str
    index: int
    """Entry that says so."""
    lowered: int | None = None
    """Entry that says less, by somebody of whom it is not known whether they are another person."""


def _stated(case: ChangeCase, content: Judged, names: Sequence[str]) -> tuple[_Stated, ...]:
    """Classes stated for the content: by its diff, and by events of the change before it landed.

    What one person states stands until another one states less: nobody talks the risk of a change down alone.
    """
    revision = content.revision or case.change.last_revision
    found = (
        [] if revision is None or revision.diff.risk is None else [_Stated(revision.diff.risk, revision.record.index)]
    )
    standing: list[tuple[_Stated, Told[ChangeState]]] = []
    for state in case.change.states:
        if state.body.risk is None or not _counts(state, content):
            continue
        standing = [
            (kept, earlier) for said, earlier in standing if (kept := _after(said, earlier, state, names)) is not None
        ]
        standing.append((_Stated(state.body.risk, state.record.index), state))
    return (*found, *(said for said, _ in standing))


def _counts(state: Told[ChangeState], content: Judged) -> bool:
    late = state.record.event.context.late is True
    return late or content.landing is None or state.record.index < content.landing.record.index


def _after(said: _Stated, by: Told[ChangeState], later: Told[ChangeState], names: Sequence[str]) -> _Stated | None:
    """What remains of a stated class once ``later`` was said; None: nothing."""
    late = later.record.event.context.late is True
    # Somebody's own key does not make them two by naming another as who acted.
    same_key = by.record.leaf.key_id == later.record.leaf.key_id and later.record.key.projects is None
    if late or same_key or _rank(str(later.body.risk), names) <= _rank(said.name, names):
        return said
    match compare(by.actor, later.actor):
        case "no":
            return None
        case "yes":
            return said
        case _:
            return _Stated(said.name, said.index, later.record.index)


def _rank(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _told(stated: Sequence[_Stated], name: str) -> tuple[list[str], list[str]]:
    firm = [f"entry {item.index} states it" for item in stated if item.name == name and item.lowered is None]
    open_ends = [
        f"whether entry {item.lowered}, which states a lower risk, is by somebody else than entry {item.index} is open"
        for item in stated
        if item.name == name and item.lowered is not None
    ]
    return firm, open_ends


def _unlisted(
    case: ChangeCase, content: Judged, stated: Sequence[_Stated], names: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    """A stated class that the policy does not list: the diff's own word first, else the latest of the change."""
    others = [item for item in stated if item.name not in names]
    if not others:
        return None, ()
    revision = content.revision or case.change.last_revision
    own = [item for item in others if revision is not None and item.index == revision.record.index]
    chosen = (own or others)[-1]
    return chosen.name, (f"entry {chosen.index} states it",)


def _by_paths(item: Mapping[str, JSON], paths: Paths) -> tuple[list[str], list[str]]:
    patterns = cast("list[str] | None", item.get("paths"))
    if patterns is None:
        return [], []
    found = touched(patterns, paths.known)
    if found:
        return [f"it touches {path_words(found)}"], []
    return [], list(paths.unread)


def _by_lines(item: Mapping[str, JSON], content: Judged) -> tuple[list[str], list[str]]:
    limit = cast("int | None", item.get("lines_over"))
    if limit is None:
        return [], []
    if content.revision is None:
        return [], ["how many lines the landed content changes is not recorded"]
    lines = content.revision.diff.lines_added + content.revision.diff.lines_removed
    return ([f"it changes {counted(lines, 'line', 'lines')}"] if lines > limit else []), []


def _by_files(item: Mapping[str, JSON], content: Judged) -> tuple[list[str], list[str]]:
    limit = cast("int | None", item.get("files_over"))
    if limit is None:
        return [], []
    known = content.revision
    counts = [] if known is None else [known.diff.files_changed]
    open_ends: list[str] = []
    if content.landing is not None and (known is None or content.landing.merge.manifest != known.diff.manifest):
        landed = content.landing.manifest
        if isinstance(landed, Absent):
            open_ends.append(f"the change manifest of entry {content.landing.record.index} is {landed.state}")
        else:
            counts.append(len(landed.entries))
    files = max(counts, default=0)
    return ([f"it changes {counted(files, 'file', 'files')}"], []) if files > limit else ([], open_ends)


def _by_assistant(item: Mapping[str, JSON], case: ChangeCase, content: Judged) -> tuple[list[str], list[str]]:
    if item.get("ai") is None:
        return [], []
    sorts = set(cast("list[str]", item["ai"]))
    last = content.revision
    revisions = [one for one in case.change.revisions if last is None or one.record.index <= last.record.index]
    because: list[str] = []
    open_ends: list[str] = []
    for revision in revisions:
        said = revision.diff.ai.involvement
        possible = _involvements(revision)
        if possible <= sorts:
            because.append(
                f"revision {revision.number} is {said}" if said in sorts else _TRACED.format(revision.number)
            )
        elif said == "undeclared":
            open_ends.append(f"revision {revision.number} does not declare whether an assistant was used")
        elif possible & sorts and isinstance(revision.commits, Absent):
            open_ends.append(f"the commit list of revision {revision.number} is {revision.commits.state}")
    if not revisions:
        open_ends.append("no revision of the change is recorded")
    return because, open_ends


def _involvements(revision: Revision) -> set[str]:
    """How an assistant may have been involved: as declared; where traces contradict that, or might, also assisted."""
    ai = revision.diff.ai
    if ai.involvement in {"assisted", "generated"}:
        return {ai.involvement}
    if isinstance(revision.commits, Absent):
        traced = bool(ai.traces or revision.diff.prompts)
        return {"assisted"} if traced else {ai.involvement, "assisted"}
    # A trace shows no more than that an assistant was used at all.
    traced = bool(ai.traces or revision.diff.prompts or any(commit.ai_traces for commit in revision.commits))
    return {"assisted"} if traced else {ai.involvement}
