r"""Patterns over the paths of a repository: one dialect, matched in one pass over the path.

A pattern is a path whose segments, between slashes, may hold wildcards. It is anchored at the root of the repository
and is matched against whole paths, by Unicode code points, upper and lower case apart; a dot is an ordinary character.

| In a pattern | Stands for |
|---|---|
| ``*`` | any characters of one segment, none too |
| ``?`` | one character, not the slash |
| ``[a-z_]``, ``[!a-z_]`` | one of these characters; one other than these, not the slash |
| ``**`` as a whole segment | any number of segments, none too; at the end, everything below |
| ``/`` at the end | everything below: ``docs/`` is ``docs/**`` |
| ``\`` before a character | that character itself |

What means something in other dialects and nothing here is refused, never taken for itself: a slash or ``!`` at the
beginning, braces, ``**`` inside a segment, ``^`` at the beginning of a class, segments that no path of git has. A
pattern that silently matched nothing would take its paths out of a rule.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_GLOB_CHARACTERS: Final = 256
"""Longest pattern."""


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """What stands between brackets."""

    ranges: tuple[tuple[str, str], ...]
    """First and last character of each range."""
    negated: bool
    """Whether it stands for all other characters, except the slash."""

    def holds(self, character: str) -> bool:
        """Whether ``character``, which is no slash, is one it stands for."""
        return any(first <= character <= last for first, last in self.ranges) != self.negated


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern made ready by ``parse_glob``: an automaton whose states are the bits of integers."""

    text: str
    """As it was written."""
    prefix: str = field(repr=False, compare=False)
    """What every path that it matches begins with."""
    suffix: str = field(repr=False, compare=False)
    """What every path that it matches ends with."""
    run: str = field(repr=False, compare=False)
    """The longest text that every path that it matches holds somewhere."""
    literals: Mapping[str, int] = field(repr=False, compare=False)
    """By character, the states that it moves on by one."""
    classes: tuple[tuple[CharacterClass, int], ...] = field(repr=False, compare=False)
    """Classes with the state that each of their characters moves on by one."""
    any_one: int = field(repr=False, compare=False)
    """States that every character but the slash moves on by one."""
    stays: int = field(repr=False, compare=False)
    """States that stay at every character but the slash."""
    stays_always: int = field(repr=False, compare=False)
    """States that stay at every character."""
    returns: int = field(repr=False, compare=False)
    """States that a slash moves back by one."""
    skips_one: int = field(repr=False, compare=False)
    """States that count as the next one too."""
    skips_two: int = field(repr=False, compare=False)
    """States that count as the next but one too; from there ``skips_one`` may lead on."""
    end: int = field(repr=False, compare=False)
    """The state in which the whole pattern is matched."""


@dataclass(frozen=True, slots=True)
class Selected:
    """Which of some paths a set of patterns matches."""

    matched: tuple[bytes, ...]
    """Paths that at least one pattern matches, in the order given."""
    unreadable: tuple[bytes, ...]
    """Paths that are not UTF-8: no pattern matches them, and whoever asked must not take them for unaffected."""


def parse_glob(text: str, where: str = "") -> Glob:
    """The pattern that ``text`` spells.

    Raises:
        FormatError: ``bad-glob`` at ``where``, with the character (from 1) where it is known.
    """
    if not 1 <= len(text) <= MAX_GLOB_CHARACTERS:
        _refuse(f"a pattern has 1 to {MAX_GLOB_CHARACTERS} characters", where)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        _refuse("control characters have no place in a pattern", where)
    if text[0] == "/":
        _refuse("patterns begin at the root of the repository: leave the first slash out", where, 0)
    if text[0] == "!":
        _refuse("patterns cannot be negated; write \\! for the character", where, 0)
    builder = _Builder(where)
    segments = _segments(text + "**" if text.endswith("/") else text, where)
    at = 0
    for number, segment in enumerate(segments, start=1):
        last = number == len(segments)
        if segment == "**":
            builder.add_any_depth(last=last)
        else:
            builder.add_segment(segment, at)
            if not last:
                builder.add_literal("/")
        at += len(segment) + 1
    return builder.glob(text)


def matches(pattern: Glob, path: bytes) -> bool:
    """Whether ``pattern`` matches the whole of ``path`` (from the root, as git holds it); False where it is not UTF-8.

    The time grows with the length of the path, whatever the pattern.
    """
    text = _readable(path)
    return text is not None and _matches(pattern, text)


def select(patterns: Iterable[Glob], paths: Iterable[bytes]) -> Selected:
    """The ``paths`` that any of ``patterns`` matches, and those that cannot be read."""
    globs = tuple(patterns)
    matched, unreadable = [], []
    for path in paths:
        text = _readable(path)
        if text is None:
            unreadable.append(path)
        elif any(_matches(glob, text) for glob in globs):
            matched.append(path)
    return Selected(tuple(matched), tuple(unreadable))


def _readable(path: bytes) -> str | None:
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _matches(glob: Glob, text: str) -> bool:
    # Most paths end here, without a look at their characters.
    if not (text.startswith(glob.prefix) and text.endswith(glob.suffix) and glob.run in text):
        return False
    states = _closed(glob, 1)
    for character in text:
        moving = glob.literals.get(character, 0)
        staying = glob.stays_always
        returning = 0
        if character == "/":
            returning = glob.returns
        else:
            moving |= glob.any_one
            staying |= glob.stays
            for characters, state in glob.classes:
                if characters.holds(character):
                    moving |= state
        states = _closed(glob, (states & moving) << 1 | states & staying | (states & returning) >> 1)
        if not states:
            return False
    return bool(states & glob.end)


def _closed(glob: Glob, states: int) -> int:
    """``states`` with those that they count as."""
    states |= (states & glob.skips_two) << 2
    return states | (states & glob.skips_one) << 1


def _segments(text: str, where: str) -> list[str]:
    """The segments of ``text``; a slash in brackets or behind a backslash divides nothing, and is refused later."""
    segments = text.split("/")
    at = 0
    for before, segment in zip(["", *segments], segments, strict=False):
        if segment in {"", ".", ".."}:
            _refuse("no path has an empty segment, or one of one or two dots", where, at)
        if segment == before == "**":
            _refuse("** twice in a row is ** once", where, at)
        at += len(segment) + 1
    return segments


class _Builder:
    """The automaton under construction; each element takes the next one or two states."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._next = 0
        self._literals: dict[str, int] = {}
        self._classes: list[tuple[CharacterClass, int]] = []
        self._any_one = self._stays = self._stays_always = self._returns = self._skips_one = self._skips_two = 0
        self._prefix: str | None = None
        self._run = self._longest = ""

    def add_literal(self, character: str) -> None:
        self._literals[character] = self._literals.get(character, 0) | self._take()
        self._run += character

    def add_any_depth(self, *, last: bool) -> None:
        """``**``: at the end one or more segments, elsewhere any number of segments with the slash behind each."""
        self._break_run()
        if last:
            self._any_one |= self._take()
            state = self._take()
            self._stays_always |= state
            self._skips_one |= state
        else:
            boundary, inside = self._take(), self._take()
            self._any_one |= boundary
            self._stays |= inside
            self._returns |= inside
            self._skips_two |= boundary

    def add_segment(self, segment: str, start: int) -> None:
        at = 0
        while at < len(segment):
            character = segment[at]
            match character:
                case "*":
                    if segment[at + 1 : at + 2] == "*":
                        _refuse("** is a whole segment, or write * within one", self._where, start + at)
                    self._break_run()
                    state = self._take()
                    self._stays |= state
                    self._skips_one |= state
                case "?":
                    self._break_run()
                    self._any_one |= self._take()
                case "[":
                    self._break_run()
                    characters, at = self._class(segment, at + 1, start)
                    self._classes.append((characters, self._take()))
                case "\\":
                    at += 1
                    if at == len(segment):
                        _refuse("a backslash stands before the character it means", self._where, start + at - 1)
                    self.add_literal(segment[at])
                case "]" | "{" | "}":
                    _refuse(
                        "write a backslash before this character; alternatives are two patterns",
                        self._where,
                        start + at,
                    )
                case _:
                    self.add_literal(character)
            at += 1

    def glob(self, text: str) -> Glob:
        return Glob(
            text=text,
            prefix=self._run if self._prefix is None else self._prefix,
            suffix=self._run,
            run=max(self._longest, self._run, key=len),
            literals=self._literals,
            classes=tuple(self._classes),
            any_one=self._any_one,
            stays=self._stays,
            stays_always=self._stays_always,
            returns=self._returns,
            skips_one=self._skips_one,
            skips_two=self._skips_two,
            end=1 << self._next,
        )

    def _take(self) -> int:
        self._next += 1
        return 1 << (self._next - 1)

    def _break_run(self) -> None:
        """What was literal up to here is the prefix, if it is the first; what follows may be the suffix."""
        if self._prefix is None:
            self._prefix = self._run
        self._longest = max(self._longest, self._run, key=len)
        self._run = ""

    def _class(self, segment: str, at: int, start: int) -> tuple[CharacterClass, int]:
        """The class whose first character stands at ``at``, and where its bracket closes."""
        if segment[at : at + 1] == "^":
            _refuse("a negated class is written [!...]", self._where, start + at)
        negated = segment[at : at + 1] == "!"
        at += negated
        ranges: list[tuple[str, str]] = []
        while at < len(segment) and segment[at] != "]":
            first, at = self._member(segment, at, start)
            last = first
            if segment[at : at + 1] == "-":
                last, at = self._member(segment, at + 1, start)
            if last < first:
                _refuse("a range of characters runs backward", self._where, start + at - 1)
            ranges.append((first, last))
        if at >= len(segment):
            _refuse("a class is not closed in its segment", self._where, start + at - 1)
        if not ranges:
            _refuse("a class is empty", self._where, start + at)
        return CharacterClass(tuple(ranges), negated), at

    def _member(self, segment: str, at: int, start: int) -> tuple[str, int]:
        if segment[at : at + 1] == "\\":
            at += 1
        elif segment[at : at + 1] in {"[", "]", "-"}:
            _refuse("write a backslash before [, ] and - in a class", self._where, start + at)
        if at >= len(segment):
            _refuse("a class is not closed in its segment", self._where, start + at - 1)
        return segment[at], at + 1


def _refuse(message: str, where: str, at: int | None = None) -> NoReturn:
    details = {} if at is None else {"character": at + 1}
    raise FormatError("bad-glob", message, where=where, details=details)
