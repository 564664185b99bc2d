"""What somebody asked to trace, read: an identifier, a place and a time, or lines of files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_ASKED: Final = 20_000
"""Characters that are read; a stack trace has its causes at its ends, so more are not refused but not read."""
MOST_LINES: Final = 12
"""Lines of files that are looked up."""
CAN_BE_ASKED: Final = (
    "Give a commit, tree or digest (or its beginning), a release such as payments@4.2.0, a change, an incident, "
    "a pack's number, a service (with a time: web 2026-11-21T03:10Z), a file and line, a stack trace, or a person's id."
)
"""What helps whoever asked for something else."""


@dataclass(frozen=True, slots=True)
class Digested:
    """A whole digest."""

    digest: str
    """``sha256:`` and 64 hex digits."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Hex digits: an object id, or the beginning of one or of a digest."""

    digits: str


@dataclass(frozen=True, slots=True)
class PackNumber:
    """What stands at the foot of a pack's pages."""

    digits: str
    """20 hex digits: the beginning of its id."""


@dataclass(frozen=True, slots=True)
class Named:
    """A word: a change, an incident, a service, or with ``@`` a release."""

    word: str


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """A change of one project."""

    project: str
    change: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody."""

    principal: str
    """A principal id, or its beginning."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with an assistant."""

    session: str


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model, as it was asked for or as it answered."""

    model: str


@dataclass(frozen=True, slots=True)
class ServiceAt:
    """A service at a time, perhaps in an environment."""

    words: tuple[str, ...]
    """One or two: service, environment."""
    at: datetime


@dataclass(frozen=True, slots=True)
class FileLines:
    """Lines of files."""

    places: tuple[tuple[str, int], ...]
    """Path and line, each once, as they stand in what was pasted; line 0: none was given."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing that could be looked up."""


Asked: TypeAlias = (
    Digested
    | Begun
    | PackNumber
    | Named
    | ProjectChange
    | Principal
    | Session
    | ModelName
    | ServiceAt
    | FileLines
    | Nothing
)

_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Asked]], ...]] = (
    (re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII), lambda found: Digested(f"sha256:{found[1]}")),
    # Fewer than seven decimal digits are rather the number of a change.
    (re.compile(r"(?![0-9]{1,6}$)[0-9a-f]{4,63}", re.ASCII), lambda found: Begun(found[0])),
    (re.compile(r"(?i:ep)-([0-9a-f]{20})", re.ASCII), lambda found: PackNumber(found[1])),
    (re.compile(r"p_[0-9a-f]{4,32}", re.ASCII), lambda found: Principal(found[0])),
    (
        re.compile(r"(?:change )?(prj_[0-9a-f]{32})/(\S{1,128})", re.ASCII),
        lambda found: ProjectChange(found[1], found[2]),
    ),
    (re.compile(r"session:\s?(\S{1,128})", re.ASCII), lambda found: Session(found[1])),
    (re.compile(r"model:\s?(\S{1,128})", re.ASCII), lambda found: ModelName(found[1])),
)
_WORD = re.compile(r"#?([A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127})", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?(?:[.,]\d{1,9})?\s?(Z|UTC|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_FILLERS: Final = frozenset({"in", "at", "on", "of"})
# Python's own form; then path:line, as most others write it (Go, JavaScript, Rust, Ruby, Java, grep), word by word.
# A path has a dot and an extension, so that times and addresses are not taken for one. Nothing here tries a place twice
# over unbounded lengths: whatever was pasted is read in linear time.
_PYTHON = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
_WORDS = re.compile(r"""[^\s"'`(),<>|=]{1,500}""")
_NUMBERED = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}:(\d{1,7})(?!\d)", re.ASCII)
_FILE = re.compile(r"[\w./\\@~+-]{1,400}\.[A-Za-z][A-Za-z0-9]{0,9}")


def read_asked(text: str) -> Asked:
    """What ``text`` asks for. Whatever the input, an answer; captured text is looked up, never run or fetched."""
    text = text[:MOST_ASKED].strip()
    if "\n" not in text:
        single = _single(text)
        if single is not None:
            return single
    places = tuple(dict.fromkeys(_places(text)))[:MOST_LINES]
    if places:
        return FileLines(places)
    if _FILE.fullmatch(text) and "/" in text:
        return FileLines(((text, 0),))
    word = _WORD.fullmatch(text)
    return Nothing() if word is None else Named(word[1])


def _single(text: str) -> Asked | None:
    for form, made in _FORMS:
        if found := form.fullmatch(text):
            return made(found)
    return _service_at(text)


def _service_at(text: str) -> ServiceAt | None:
    found = _TIME.search(text)
    if found is None:
        return None
    rest = [word for word in (text[: found.start()] + " " + text[found.end() :]).split() if word not in _FILLERS]
    if not 1 <= len(rest) <= 2 or not all(_WORD.fullmatch(word) for word in rest):
        return None
    zone = {None: "+00:00", "Z": "+00:00", "UTC": "+00:00"}.get(found[4], found[4])
    try:
        # The last moment of the day, minute or second that was named.
        at = datetime.fromisoformat(f"{found[1]}T{found[2] or '23:59'}:{found[3] or '59'}.999999{zone}")
    except ValueError:
        return None
    return ServiceAt(tuple(rest), at.astimezone(UTC))


def _places(text: str) -> Iterator[tuple[str, int]]:
    found = [(match.start(), match[1], int(match[2])) for match in _PYTHON.finditer(text)]
    for word in _WORDS.finditer(text):
        numbered = _NUMBERED.search(word[0])
        if numbered is not None and numbered.start() > 0:
            found.append((word.start(), word[0][: numbered.start(1) - 1], int(numbered[1])))
    for _, path, number in sorted(found):
        yield path.replace("\\", "/"), number


def same_file(asked: str, path: str) -> bool:
    """Whether a path of a manifest may be the file that was asked for: one of them ends with the whole other."""
    one, other = asked.strip("/").split("/"), path.split("/")
    shorter = min(len(one), len(other))
    return one[-shorter:] == other[-shorter:]
