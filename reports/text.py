"""Captured text made safe to print: nothing invisible, nothing reordered, nothing endless.

Titles, names, comments and prompts are written by whoever is being audited. On paper they must not hide words (zero
width), turn sentences around (bidirectional overrides), stall the renderer (80 seconds for one letter with 50,000
marks on it, minutes for one word of 50,000 letters) or vanish as empty boxes. What is changed is shown as changed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from reports.coverage import covered
from reports.say import say, say_count

LIMIT: Final = 2_000
"""Characters printed of one captured text unless the caller asks for fewer."""
LINES: Final = 40
"""Lines printed of one captured text of several lines."""
MARKS: Final = 4
"""Combining marks printed in a row; no living script needs more on one letter."""
WORD: Final = 20
"""Characters of a word after which the line may be broken inside it."""

_GAPS: Final = re.compile(r"([ \n]+)")
_SEAMS: Final = frozenset("/\\._-:=&?,;@|+")
_SHOWN_AS_CODE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that draw nothing although their category says otherwise: fillers, joiners, variation selectors.
_INVISIBLE: Final = frozenset(
    map(
        chr,
        (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)),
    )
)
_MARK_CATEGORIES: Final = frozenset({"Mn", "Me"})
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})

Kind = Literal["plain", "code", "cut"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one text printed in one way."""

    kind: Kind
    """``plain`` as captured; ``code`` stands for characters not printed; ``cut`` says what was left out."""
    text: str
    """What is printed; line feeds occur only in ``plain``."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text that may be printed. `capture` makes it; templates place nothing else."""

    runs: tuple[Run, ...]
    """In reading order; two neighbours are never both plain."""

    @property
    def plain(self) -> str:
        """The same on one line without structure, for attributes and document titles."""
        return "".join(run.text for run in self.runs).replace("\n", " ")

    def __str__(self) -> str:
        return self.plain

    def __bool__(self) -> bool:
        return any(run.text for run in self.runs)

    def __html__(self) -> str:
        """HTML of the text: escaped, with places where long words may break."""
        inner = "".join(_run_html(run) for run in self.runs)
        if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for run in self.runs for character in run.text):
            return f"<bdi>{inner}</bdi>"
        return inner


def capture(value: str, *, limit: int = LIMIT, lines: int = 1, whole: str = "") -> Text:
    r"""``value`` as it may be printed.

    ``lines`` is how many lines may be printed; with 1, a line break is shown as ``\u{A}`` so that a title of two lines
    cannot pose as two titles. ``whole`` completes the sentence "the whole text is ..." when something is cut.
    The text is not normalised: two names that differ print as differing code points.
    """
    if limit < 1 or lines < 1:
        raise ValueError("at least one character and one line must be allowed")
    body = value.replace("\r\n", "\n").rstrip("\n")
    kept = body[:limit]
    if lines > 1:
        kept = "\n".join(kept.split("\n", lines)[:lines])
    # Nearly every text of a register is ASCII: every font draws all of it, and none of it is a mark.
    ordinary = kept != "" and kept.isascii() and kept.isprintable()
    runs = [Run("plain", kept)] if ordinary else _filtered(kept, line_breaks=lines > 1)
    if len(kept) < len(body):
        kept_count, whole_count = f"{len(kept):,}", f"{len(body):,}"
        if whole:
            told = say(
                "cut after {kept} of {all} characters; the whole text is {place}",
                kept=kept_count,
                all=whole_count,
                place=whole,
            )
        else:
            told = say("cut after {kept} of {all} characters", kept=kept_count, all=whole_count)
        note = f" [{told}]"
        # The note is filtered too: `whole` may name a file.
        runs.append(Run("cut", "".join(run.text for run in _filtered(note, line_breaks=False))))
    return Text(tuple(runs))


def _filtered(value: str, *, line_breaks: bool) -> list[Run]:
    runs: list[Run] = []
    plain: list[str] = []
    marks = 0
    surplus = 0

    def flush() -> None:
        if plain:
            runs.append(Run("plain", "".join(plain)))
            plain.clear()

    def flush_surplus() -> None:
        nonlocal surplus
        if surplus:
            flush()
            runs.append(
                Run("code", f"[{say_count('{count} more combining mark', '{count} more combining marks', surplus)}]")
            )
            surplus = 0

    for character in value:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARK_CATEGORIES else 0
        if marks > MARKS:
            surplus += 1
            continue
        flush_surplus()
        if character == "\n" and line_breaks:
            plain.append("\n")
        elif character == "\t":
            # Shown as space: a tab has no width of its own in a table cell.
            plain.append(" ")
        elif category in _SHOWN_AS_CODE or character in _INVISIBLE or not covered(character):
            flush()
            runs.append(Run("code", f"\\u{{{ord(character):X}}}"))
        else:
            plain.append(character)
    flush_surplus()
    flush()
    return runs


def _run_html(run: Run) -> str:
    if run.kind == "plain":
        return breakable(run.text)
    return f'<span class="{run.kind}">{escape(run.text)}</span><wbr>'


def breakable(value: str) -> str:
    """``value`` escaped for HTML, with ``<wbr>`` inside long words: the characters copied out are unchanged."""
    return "".join(_broken(word) if len(word) > WORD else escape(word) for word in _GAPS.split(value))


def _broken(word: str) -> str:
    out: list[str] = []
    since = 0
    for place, character in enumerate(word):
        # Never between a letter and its marks.
        if since >= WORD and not unicodedata.combining(character):
            out.append("<wbr>")
            since = 0
        out.append(escape(character))
        since += 1
        if character in _SEAMS and since > 3 and len(word) - place > 4:
            out.append("<wbr>")
            since = 0
    return "".join(out)
