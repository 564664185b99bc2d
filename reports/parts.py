"""The parts a pack is built of: a `Document` is a value, and one template prints any of them.

A builder turns a dossier into a `Document`; nothing here knows rules, ledgers or HTML. Every word that reaches a page
is a `Text`, so it went through the filter for hostile text; `line` and `words` do that for plain strings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from string import Formatter
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from reports.say import say, template, template_for, to_say
from reports.text import Text, capture

if TYPE_CHECKING:
    from datetime import datetime

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


# ---- within a line -------------------------------------------------------------------------------------------------


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
        _check_anchor(self.anchor)


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


# ---- blocks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``small`` for notes under tables."""

    part: ClassVar[str] = "paragraph"
    line: Line
    small: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section, listed in the bookmarks."""

    part: ClassVar[str] = "heading"
    text: Text
    anchor: str = ""

    def __post_init__(self) -> None:
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, row by row."""

    part: ClassVar[str] = "facts"
    rows: tuple[tuple[Text, Line], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One large number with what it counts."""

    value: Text
    label: Text
    of: Text | None = None
    """The whole, printed small: "of 13"."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Two to five large numbers in a row."""

    part: ClassVar[str] = "figures"
    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A table column."""

    head: Text
    width: int
    """Percent of the table's width; the widths of a table sum to 100."""
    align: Literal["left", "right", "center"] = "left"
    code: bool = False
    """True for monospaced cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """A table row. The first cell is the row's head."""

    cells: tuple[Line, ...]
    hit: bool = False
    """True draws the row as one that needs attention (tint and bar)."""
    anchor: str = ""

    def __post_init__(self) -> None:
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a repeated head."""

    part: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: Text
    """The sentence printed instead when there are no rows: absence is shown."""
    caption: Text | None = None
    size: Literal["normal", "small", "dense"] = "normal"

    def __post_init__(self) -> None:
        if sum(column.width for column in self.columns) != 100:
            raise ValueError("column widths must sum to 100")
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError("every row has one cell a column")


@dataclass(frozen=True, slots=True)
class Card:
    """One finding: title, status, and labelled paragraphs."""

    part: ClassVar[str] = "card"
    title: Text
    status: Status
    rows: tuple[tuple[Text, Line], ...]
    anchor: str = ""

    def __post_init__(self) -> None:
        if self.anchor:
            _check_anchor(self.anchor)


class Shape(Enum):
    """How a matrix cell is drawn."""

    NONE = "none"
    PERSON = "person"
    MACHINE = "machine"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A cell of a matrix; a conflict also carries "!", an unknown one "?"."""

    shape: Shape
    text: Text | None = None
    """A number or one or two words."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of a matrix."""

    head: Text
    sub: Text | None
    """Second line of the head, in grey: role, title."""
    cells: tuple[MatrixCell, ...]
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows against columns, in boxes: solid for a person, dashed for a machine, filled for a conflict."""

    part: ClassVar[str] = "matrix"
    caption: Text
    corner: Text
    columns: tuple[Text, ...]
    rows: tuple[MatrixRow, ...]
    empty: Text

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= 10:
            raise ValueError("a matrix has one to ten columns")
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError("every row has one cell a column")

    @property
    def head_width(self) -> int:
        """Percent of the width for the row heads: what the columns leave, at most 34."""
        return 100 - self.column_width * len(self.columns)

    @property
    def column_width(self) -> int:
        """Percent of the width of one column."""
        return max(7, min(12, 72 // len(self.columns)))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Half matrix of duties: how often one person held both."""

    part: ClassVar[str] = "pairs"
    caption: Text
    duties: tuple[Text, ...]
    counts: tuple[tuple[int, ...], ...]
    """Row i, for duty i+1, holds i+1 counts: with duties 0 to i."""

    def __post_init__(self) -> None:
        if tuple(map(len, self.counts)) != tuple(range(1, len(self.duties))):
            raise ValueError("row i has i+1 counts, one row fewer than duties")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as people read it: printed name, meaning, time (21 CFR 11.50), then key and what was signed."""

    part: ClassVar[str] = "signature"
    label: Text
    """What was signed: "Change 12, revision 3" or "Release"."""
    name: Text
    role: Text
    meaning: Line
    """In the signer's words or the first person."""
    rows: tuple[tuple[Text, Line], ...]
    """Time, key, basis, comment."""
    statuses: tuple[Status, ...] = ()
    anchor: str = ""

    def __post_init__(self) -> None:
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Step:
    """One box of a trail."""

    label: Text
    lines: tuple[Line, ...]
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """The steps of one change, left to right: prompt, diff, test, approval."""

    part: ClassVar[str] = "trail"
    title: Text
    meta: Line
    statuses: tuple[Status, ...]
    steps: tuple[Step, ...]
    anchor: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= 5:
            raise ValueError("a trail has one to five steps")
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Happening:
    """One mark of a timeline."""

    at: datetime
    lane: int
    """Place in the timeline's lanes, from 0."""
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened when, a lane for each kind; days are columns, within a day marks stand in order."""

    part: ClassVar[str] = "timeline"
    caption: Text
    lanes: tuple[Text, ...]
    happenings: tuple[Happening, ...]
    empty: Text


@dataclass(frozen=True, slots=True)
class Share:
    """A horizontal bar: so much of the whole, in percent, with its label; None where it is not known."""

    part: ClassVar[str] = "share"
    label: Text
    percent: int | None
    value: Text
    """What stands beside the bar."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Bars under each other."""

    part: ClassVar[str] = "shares"
    caption: Text
    items: tuple[Share, ...]
    empty: Text


@dataclass(frozen=True, slots=True)
class Quote:
    """Captured text of several lines, set apart, with where it comes from."""

    part: ClassVar[str] = "quote"
    text: Text
    source: Line


@dataclass(frozen=True, slots=True)
class Listing:
    """Commands and their output, in the monospaced face, line breaks kept."""

    part: ClassVar[str] = "listing"
    text: Text
    label: Text
    """Names the listing for a screen reader."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A numbered list."""

    part: ClassVar[str] = "steps"
    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without order."""

    part: ClassVar[str] = "bullets"
    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """Empty lines for the assessor's own hand."""

    part: ClassVar[str] = "notes"
    heads: tuple[Text, Text, Text]
    count: int = 5


@dataclass(frozen=True, slots=True)
class Legend:
    """How the five marks read, one line each."""

    part: ClassVar[str] = "legend"
    rows: tuple[tuple[Status, Line], ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Two or three columns of blocks."""

    part: ClassVar[str] = "beside"
    columns: tuple[tuple[Block, ...], ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.columns) <= 3:
            raise ValueError("two or three columns stand beside each other")


Block = (
    Paragraph
    | Heading
    | Facts
    | Figures
    | Table
    | Card
    | Matrix
    | Pairs
    | Signature
    | Trail
    | Timeline
    | Shares
    | Quote
    | Listing
    | Steps
    | Bullets
    | Notes
    | Legend
    | Beside
)


# ---- the whole -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section; it begins a page unless it is brief."""

    anchor: str
    number: str
    """``1``, ``2``, ``A``: printed before the title."""
    title: Text
    question: Text
    """What the section answers, as an assessor asks it; printed in the contents."""
    lede: Line
    """The answer, first."""
    blocks: tuple[Block, ...]
    brief: bool = False
    """True for a section with next to nothing to show: it follows the one before on the same page."""
    group: Text | None = None
    """The title in the contents under which it and its neighbours of the same group stand as one row."""

    def __post_init__(self) -> None:
        _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the cover says: a headline, the outcomes counted, and one sentence."""

    label: Text
    headline: Text
    tally: tuple[tuple[Mark, int], ...]
    """How many rules came out how; drawn as a bar and written in words."""
    line: Line


@dataclass(frozen=True, slots=True)
class Document:
    """A whole pack."""

    language: str
    """BCP 47, such as ``en``."""
    pack_id: Text
    """Printed on every page."""
    kind: Text
    """"Evidence pack", "Period report"."""
    subject: Text
    """What it is about: product and version. The largest words of the cover: capture it with a limit of about 120."""
    subtitle: Text
    issuer: Text
    """Who made it, at the top right of the cover."""
    conclusion: Conclusion
    facts: tuple[tuple[Text, Line], ...]
    """Document control, on the cover."""
    notice_tag: Text | None
    """Two words in a box at the foot of the cover: "Draft", "Sample data"."""
    notice: Text | None
    """The sentence beside it; its tag is repeated at the foot of every page."""
    created: datetime
    sections: tuple[Section, ...]
    front: tuple[Block, ...] = field(default=())
    """Printed under the contents: how to read the marks, what the pack is not."""

    def __post_init__(self) -> None:
        anchors = [section.anchor for section in self.sections]
        if len(set(anchors)) != len(anchors):
            raise ValueError("two sections have one anchor")


def _check_anchor(anchor: str) -> None:
    if _ANCHOR.fullmatch(anchor) is None:
        raise ValueError("an anchor is lower-case letters, digits and hyphens, a letter first")
