"""Blocks: what stands under each other in a section, from a paragraph to a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Literal

from reports.parts.inline import check_anchor

if TYPE_CHECKING:
    from datetime import datetime

    from reports.parts.inline import Line, Mark, Status
    from reports.text import Text


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
    below: bool = False
    """Whether it stands under the heading before it, one level lower."""

    def __post_init__(self) -> None:
        if self.anchor:
            check_anchor(self.anchor)


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
            check_anchor(self.anchor)


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
            check_anchor(self.anchor)


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
    untold: tuple[tuple[int, ...], ...] = ()
    """In the same places how often it cannot be told; empty: it always can."""

    def __post_init__(self) -> None:
        if tuple(map(len, self.counts)) != tuple(range(1, len(self.duties))):
            raise ValueError("row i has i+1 counts, one row fewer than duties")
        if self.untold and tuple(map(len, self.untold)) != tuple(map(len, self.counts)):
            raise ValueError("what cannot be told has the places of the counts")

    @property
    def cells(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Each count with how often it cannot be told, row by row."""
        untold = self.untold or tuple((0,) * len(row) for row in self.counts)
        return tuple(tuple(zip(row, open_, strict=True)) for row, open_ in zip(self.counts, untold, strict=True))


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
            check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Step:
    """One box of a trail."""

    label: Text
    lines: tuple[Line, ...]
    mark: Mark | None = None
    """What speaks against it: ``FAIL`` or ``CANNOT_TELL``; None: nothing."""


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
        if not 1 <= len(self.steps) <= 6:
            raise ValueError("a trail has one to six steps")
        if self.anchor:
            check_anchor(self.anchor)


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
