"""The whole of a pack: a document of numbered sections, with what its cover says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.parts.inline import check_anchor

if TYPE_CHECKING:
    from datetime import datetime

    from reports.parts.blocks import Block
    from reports.parts.inline import Line, Mark
    from reports.text import Text


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
    """True for a section that follows the one before on the same page; only the chief ones begin a page."""
    group: Text | None = None
    """The title in the contents under which it and its neighbours of the same group stand as one row."""

    def __post_init__(self) -> None:
        check_anchor(self.anchor)


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
