"""A trace on screen: the way from prompt to production, every event on it, and what else shares its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.pages.shell import Made, path_of, render_page
from reports.parts import Break, Column, Quiet, Row, Strong, Table, line, words
from reports.release.said import NONE, absence, named, parse_time
from reports.say import say, say_count
from reports.text import capture
from reports.wording import minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import Party
    from ledger.dossier.trace import TraceStep
    from ledger.leads import Start
    from reports.pages.shell import Shell
    from reports.parts import Inline, Line
    from reports.text import Text

MOST_STEPS: Final = 200
"""Events listed of one trail; the earliest of more are counted."""
MOST_IN_BOX: Final = 3
EXCERPT: Final = 90
"""Characters of an event in a box of the way."""
PROMPT: Final = 600
"""Characters printed of a prompt."""
ASKED: Final = 4_000
NAME: Final = 160


@dataclass(frozen=True, slots=True)
class Shared:
    """Something that a trail rests on, and how much else rests on it."""

    sort: str
    """``prompt``, ``session``, ``model``, ``approver``, ``exception``."""
    value: str
    """What it is, where it is no person."""
    who: Party | None
    """The approver."""
    changes: int
    """Other changes that share it."""
    query: str
    """What to ask for to see them."""
    among: int | None = None
    """How many prompts, decisions or entries were looked through, where there are more; None: the whole log."""


@dataclass(frozen=True, slots=True)
class Trailed:
    """What one start led to."""

    start: Start
    steps: tuple[TraceStep, ...]
    shared: tuple[Shared, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """A line of a file, and the changes that touched the file, newest first."""

    place: str
    """``src/rates.py:42``, as it was asked for."""
    changes: tuple[tuple[str, str], ...]
    """What to ask for, and how it is called."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that was found."""

    asked: str
    trails: tuple[Trailed, ...]
    others: tuple[tuple[str, str], ...]
    """What was found and is not laid out: what to ask for, and how it is called."""
    touched: tuple[Touched, ...]
    notes: tuple[str, ...]
    """Sentences of ours."""


@dataclass(frozen=True, slots=True)
class Box:
    """One station of the way."""

    label: Text
    lines: tuple[Line, ...]
    none: Text
    """What stands there where nothing does."""


@dataclass(frozen=True, slots=True)
class SharedRow:
    """One thing that other changes share, in print."""

    label: Text
    value: Text
    counted: Text
    path: str


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail in print."""

    heading: Text
    way: tuple[Box, ...]
    steps: Table
    earlier: Text | None
    shared: tuple[SharedRow, ...]
    unshared: Text | None
    """What no other change shares; None: there is nothing to share."""


@dataclass(frozen=True, slots=True)
class TouchedRow:
    """One line of a file in print."""

    place: Text
    changes: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class TracePage:
    """The whole page."""

    asked: Text
    trails: tuple[Trail, ...]
    others: tuple[Link, ...]
    touched: tuple[TouchedRow, ...]
    notes: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a trace."""

    path: str
    text: Text


def trace_page(answer: Answer | None, shell: Shell, *, refused: Text | None = None, asked: str = "") -> Made:
    """The search box, and what was found; ``refused`` says why nothing was."""
    contents = shell.shows_contents
    notes = [] if refused is None else [refused]
    if answer is not None:
        notes += [words(note) for note in answer.notes]
    if answer is not None and not contents:
        notes.append(words(say("Names, prompts and whatever else is a content are not shown with this token.")))
    view = TracePage(
        asked=capture(asked if answer is None else answer.asked, limit=ASKED, lines=400),
        trails=() if answer is None else tuple(_trail(one, contents=contents) for one in answer.trails),
        others=() if answer is None else tuple(_link(query, name) for query, name in answer.others),
        touched=()
        if answer is None
        else tuple(
            TouchedRow(capture(one.place, limit=300), tuple(_link(query, name) for query, name in one.changes))
            for one in answer.touched
        ),
        notes=tuple(notes),
    )
    return render_page("trace.html", shell, page=view)


def _link(query: str, name: str) -> Link:
    return Link(path_of("trace", q=query), capture(name, limit=NAME))


def _trail(found: Trailed, *, contents: bool) -> Trail:
    shown = found.steps[-MOST_STEPS:]
    left = len(found.steps) - len(shown)
    return Trail(
        heading=capture(found.start.found[:1].upper() + found.start.found[1:], limit=2 * NAME),
        way=_way(found, contents=contents),
        steps=_table(shown, contents=contents),
        earlier=words(
            say_count("{count} earlier event is not listed here.", "{count} earlier events are not listed here.", left)
        )
        if left
        else None,
        shared=tuple(_shared(one, contents=contents) for one in found.shared if one.changes),
        unshared=_unshared([one for one in found.shared if not one.changes], contents=contents),
    )


def _way(found: Trailed, *, contents: bool) -> tuple[Box, ...]:
    """The stations in order; those that not every change passes, and of an incident or a place all, only where met."""
    boxes = [(usual, _box(label, kinds, found.steps, contents=contents)) for label, kinds, usual in _stations()]
    whole = not found.start.steps
    return tuple(box for usual, box in boxes if box.lines or (usual and whole))


def _stations() -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Label, kinds, and whether it is on the way of every change."""
    return (
        (say("Prompt"), ("prompt",), True),
        (say("Diff"), ("diff",), True),
        (say("Test"), ("test",), True),
        (say("Approval"), ("approval",), True),
        (say("Exception"), ("exception",), False),
        (say("Landing"), ("merge",), True),
        (say("Release"), ("release",), True),
        (say("Deployment"), ("deploy", "observation"), True),
        (say("Incident"), ("incident",), False),
    )


def _box(label: str, kinds: tuple[str, ...], steps: Sequence[TraceStep], *, contents: bool) -> Box:
    here = [step for step in steps if step.kind in kinds]
    lines: list[Line] = []
    for step in here[-MOST_IN_BOX:]:
        said: list[Inline | Text | str] = [Strong(words(str(step.record.index))), " "]
        if step.who is not None:
            said += [who_words(step.who, contents=contents), ": "]
        told = step.prompt if isinstance(step.prompt, str) and contents else step.what
        said.append(capture(_short(told), limit=EXCERPT + 1))
        lines.append(line(*said))
    if len(here) > MOST_IN_BOX:
        many = len(here) - MOST_IN_BOX
        lines.insert(0, line(Quiet(words(say_count("{count} earlier", "{count} earlier", many)))))
    # Which release holds what landed stands in its commit list, a content.
    hidden = not contents and bool({"release", "deploy"} & set(kinds))
    return Box(words(label), tuple(lines), words(say("not shown with this token") if hidden else say("none recorded")))


def _short(text: str) -> str:
    joined = " ".join(text[: 4 * EXCERPT].split())
    return joined if len(joined) <= EXCERPT else joined[: EXCERPT - 1] + "…"


def who_words(party: Party, *, contents: bool) -> Text:
    """A party's name; without contents the id that stands for it."""
    if contents:
        return named(party)
    if party.principal is None:
        return words(say("somebody, not shown with this token"))
    return capture(f"{party.type or ''} {party.principal[:10]}".strip())


def _table(steps: Sequence[TraceStep], *, contents: bool) -> Table:
    several = len({step.change for step in steps if step.change is not None}) > 1
    return Table(
        (
            Column(words(say("Entry")), 7),
            Column(words(say("Ledger time, UTC")), 18),
            Column(words(say("Kind")), 12),
            Column(words(say("Who")), 17),
            Column(words(say("What")), 46),
        ),
        tuple(
            Row(
                (
                    line(str(step.record.index)),
                    line(minute(parse_time(step.record.leaf.received_at))),
                    line(step.kind),
                    line(NONE if step.who is None else who_words(step.who, contents=contents)),
                    _what(step, contents=contents, several=several),
                )
            )
            for step in steps
        ),
        words(say("No event is recorded.")),
        None,
        "small",
    )


def _what(step: TraceStep, *, contents: bool, several: bool) -> Line:
    said: list[Inline | Text | str] = []
    if several and step.change is not None:
        said += [Quiet(capture(say("change {change}", change=step.change), limit=NAME)), " "]
    said.append(capture(step.what, limit=400))
    if step.prompt is None:
        return line(*said)
    said.append(Break())
    if not contents:
        said.append(Quiet(words(say("Its text is not shown with this token."))))
    elif isinstance(step.prompt, Absent):
        said.append(Quiet(words(say("Its text is {state}.", state=absence(step.prompt.state)))))
    else:
        said += [Quiet(words(say("Asked:"))), " ", capture(step.prompt.strip(), limit=PROMPT, lines=12)]
    return line(*said)


def _shared(found: Shared, *, contents: bool) -> SharedRow:
    counted = say_count("{count} other change", "{count} other changes", found.changes)
    if found.among is not None:
        counted = say("{counted} among {what}", counted=counted, what=_looked(found.sort, found.among))
    return SharedRow(
        words(_sort(found.sort)),
        _value(found, contents=contents),
        words(counted),
        path_of("trace", q=found.query),
    )


def _unshared(found: Sequence[Shared], *, contents: bool) -> Text | None:
    if not found:
        return None
    listed = ", ".join(f"{_sort(one.sort)} {_value(one, contents=contents).plain}" for one in found)
    looked = ", ".join(dict.fromkeys(_looked(one.sort, one.among) for one in found if one.among is not None))
    said = (
        say("No other change shares: {things}. Looked through: {what}.", things=listed, what=looked)
        if looked
        else say("No other change shares: {things}.", things=listed)
    )
    return capture(said, limit=1_000)


def _looked(sort: str, count: int) -> str:
    """What was looked through for something that other changes may share, where that was not everything."""
    if sort in {"session", "model"}:
        return say_count("the latest {count} prompt", "the latest {count} prompts", count)
    if sort == "approver":
        return say_count(
            "the latest {count} decision of this person", "the latest {count} decisions of this person", count
        )
    return say_count("the first {count} entry that names it", "the first {count} entries that name it", count)


def _value(found: Shared, *, contents: bool) -> Text:
    return who_words(found.who, contents=contents) if found.who is not None else capture(found.value, limit=NAME)


def _sort(name: str) -> str:
    return {
        "prompt": say("prompt"),
        "session": say("session"),
        "model": say("model"),
        "approver": say("approver"),
        "exception": say("exception"),
    }[name]
