"""A document as plain text, so that what a pack says can be read in a diff."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from reports.parts import (
    Break,
    Card,
    Code,
    Fingerprint,
    Matrix,
    Quiet,
    Reference,
    Section,
    Signature,
    Status,
    Strong,
    Table,
    Trail,
    Words,
)
from reports.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.parts import Block, Document, Line, Step


def said(line: Line) -> str:
    """A line as people read it; digests are cut as short ones are, and spaces that do not break are spaces."""
    out: list[str] = []
    for item in line:
        match item:
            case Break():
                out.append(" / ")
            case Status():
                out.append(f"[{item.mark.sign} {item.word or item.mark.word}]")
            case Fingerprint():
                out.append(item.digits.short)
            case Reference():
                out.append(f"{item.text} ->{item.anchor}" if item.page else str(item.text))
            case _:
                out.append(str(item.text))
    return spaced("".join(out))


def spaced(text: str) -> str:
    """``text`` with each space that does not break as a space."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def plain(document: Document) -> str:
    """The whole document."""
    lines = [
        f"{document.kind}: {document.subject}",
        str(document.conclusion.headline),
        said(document.conclusion.line),
        "",
    ]
    lines += [f"{label}: {said(value)}" for label, value in document.facts]
    for block in document.front:
        lines += ["", *_block(block)]
    for section in document.sections:
        lines += ["", f"## {section.number} {section.title}", str(section.question), said(section.lede)]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            if block.caption is not None:
                yield str(block.caption)
            if not block.rows:
                yield f"({block.empty})"
                return
            yield " | ".join(str(column.head) for column in block.columns)
            for row in block.rows:
                yield ("! " if row.hit else "  ") + " | ".join(map(said, row.cells))
        case Card() | Signature() | Trail():
            title = getattr(block, "title", None) or f"{getattr(block, 'label', '')}: {getattr(block, 'name', '')}"
            marks = getattr(block, "statuses", None) or (getattr(block, "status", None),)
            yield f"* {title} {''.join(said((one,)) for one in marks if one is not None)}"
            if isinstance(block, Signature):
                yield f"    {block.role}: {said(block.meaning)}"
            if isinstance(block, Trail):
                yield from map(_step, block.steps)
            else:
                yield from (f"    {label}: {said(value)}" for label, value in block.rows)
        case Matrix():
            yield str(block.caption)
            yield " | ".join(map(str, (block.corner, *block.columns)))
            for person in block.rows:
                cells = [f"{cell.shape.value} {cell.text}" if cell.text else "." for cell in person.cells]
                yield ("! " if person.hit else "  ") + " | ".join([f"{person.head} ({person.sub})", *cells])
        case _:
            yield from _any(block)


def _step(step: Step) -> str:
    mark = "" if step.mark is None else f" {step.mark.sign} {step.mark.word}"
    return f"    {step.label}{mark}: {'; '.join(map(said, step.lines))}"


_INLINE = (Words, Status, Strong, Quiet, Code, Fingerprint, Reference, Break)


def _any(value: object) -> Iterator[str]:
    """Any other part: its texts, one under the other."""
    match value:
        case Text():
            yield str(value)
        case (Text() as label, tuple() as held):
            yield f"{label}: {said(held)}"
        case tuple() if value and all(isinstance(item, _INLINE) for item in value):
            yield said(value)
        case tuple():
            for item in value:
                yield from _block(item) if hasattr(item, "part") else _any(item)
        case int() if not isinstance(value, bool):
            yield str(value)
        case _ if is_dataclass(value):
            for one in fields(value):
                yield from _any(getattr(value, one.name))
        case _:
            pass


def table(section: Section, caption: str) -> Table:
    """The table of a section whose caption, or first column's head, begins so."""
    for block in section.blocks:
        if isinstance(block, Table) and str(block.caption or block.columns[0].head).startswith(caption):
            return block
    raise LookupError(caption)


def indexed(section: Section) -> Table:
    """The table of the index by entry."""
    return next(
        block for block in section.blocks if isinstance(block, Table) and "attached entries" in str(block.caption)
    )
