"""What stands within a line: words, marks, links; and lines made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from string import Formatter
from typing import TYPE_CHECKING, ClassVar, Final

from reports.say import say, template, template_for, to_say
from reports.text import Text, capture

if TYPE_CHECKING:
    from reports.wording import Digits

_ANCHOR: Final = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)


class Mark(Enum):
    """An outcome. Each prints as word, sign and outline, so that it reads the same in grey."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    CANNOT_TELL = "cannot-tell"
    NOT_APPLICABLE = "not-applicable"
    EXCEPTED = "excepted"

    @property
    def sign(self) -> str:
        """The sign before the word."""
        return _SIGNS[self]

    @property
    def word(self) -> str:
        """The word printed unless the status has its own."""
        return say(_WORDS[self])


_SIGNS: Final = {
    Mark.PASS: "✓",
    Mark.FAIL: "!",
    Mark.CANNOT_TELL: "?",
    Mark.NOT_APPLICABLE: "\N{EN DASH}",
    Mark.EXCEPTED: "†",
}
_WORDS: Final = {
    Mark.PASS: to_say("Pass"),
    Mark.FAIL: to_say("Fail"),
    Mark.CANNOT_TELL: to_say("Cannot tell"),
    Mark.NOT_APPLICABLE: to_say("Not applicable"),
    Mark.EXCEPTED: to_say("Excepted"),
}


@dataclass(frozen=True, slots=True)
class Status:
    """A mark in a line, with another word than its own where the question asks for one ("Yes, once")."""

    part: ClassVar[str] = "status"
    mark: Mark
    word: Text | None = None
    """Printed instead of the mark's own word."""


@dataclass(frozen=True, slots=True)
class Strong:
    """Words in bold."""

    part: ClassVar[str] = "strong"
    text: Text


@dataclass(frozen=True, slots=True)
class Quiet:
    """Words in grey: origin, role, unit."""

    part: ClassVar[str] = "quiet"
    text: Text


@dataclass(frozen=True, slots=True)
class Code:
    """Words in the monospaced face: paths, commands, numbers of packs."""

    part: ClassVar[str] = "code"
    text: Text


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A digest, short or in full."""

    part: ClassVar[str] = "fingerprint"
    digits: Digits
    full: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A link to another place of the same pack; ``page`` prints that place's page number after the words."""

    part: ClassVar[str] = "reference"
    anchor: str
    text: Text
    page: bool = False

    def __post_init__(self) -> None:
        check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line."""

    part: ClassVar[str] = "break"


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words."""

    part: ClassVar[str] = "words"
    text: Text


Inline = Words | Status | Strong | Quiet | Code | Fingerprint | Reference | Break
Line = tuple[Inline, ...]


def words(value: str | Text) -> Text:
    """``value`` as printable text."""
    return value if isinstance(value, Text) else capture(value)


def line(*items: str | Text | Inline) -> Line:
    """The items as one line; strings pass the filter."""
    return tuple(Words(words(item)) if isinstance(item, str | Text) else item for item in items)


def say_line(message: str, /, **values: object) -> Line:
    """``message`` in the language spoken, as a line; each ``{name}`` gives way to its value where that language has it.

    A value is a part of a line, a whole line, or what `say` takes.
    """
    return _filled(template(message), values)


def say_count_line(one: str, many: str, count: int, /, **values: object) -> Line:
    """The same for ``one`` or ``many`` by ``count``, which is ``{count}`` in both."""
    return _filled(template_for(one, many, count), {"count": f"{count:,}", **values})


def _filled(told: str, values: dict[str, object]) -> Line:
    found: list[Inline] = []
    for literal, name, _, _ in Formatter().parse(told):
        found += line(literal) if literal else ()
        if name is not None:
            value = values[name]
            found += (
                value if isinstance(value, tuple) else line(value if isinstance(value, Inline | Text) else str(value))
            )
    return tuple(found)


def check_anchor(anchor: str) -> None:
    """Nothing, if ``anchor`` can be a place of a pack; anything else is a ValueError."""
    if _ANCHOR.fullmatch(anchor) is None:
        raise ValueError("an anchor is lower-case letters, digits and hyphens, a letter first")
