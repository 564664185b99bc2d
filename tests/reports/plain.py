"""A document as plain text, so that what a pack says can be read in a diff."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from reports.parts import (
    Break,
    Card,
    Fingerprint,
    Matrix,
    Reference,
    Row,
    Section,
    Signature,
    Status,
    Table,
    Trail,
)
from reports.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.parts import Document, Line


def said(line: Line) -> str:
    """A line as people read it; digests are cut as short ones are."""
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
    return "".join(out)


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


def _block(block: Any) -> Iterator[str]:
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
                yield from (f"    {step.label}: {'; '.join(map(said, step.lines))}" for step in block.steps)
            else:
                yield from (f"    {label}: {said(value)}" for label, value in block.rows)
        case Matrix():
            yield str(block.caption)
            yield " | ".join(map(str, (block.corner, *block.columns)))
            for row in block.rows:
                cells = [f"{cell.shape.value} {cell.text}" if cell.text else "." for cell in row.cells]
                yield ("! " if row.hit else "  ") + " | ".join([f"{row.head} ({row.sub})", *cells])
        case _:
            yield from _any(block)


def _any(value: Any) -> Iterator[str]:
    if isinstance(value, Text):
        yield str(value)
    elif (
        isinstance(value, tuple)
        and value
        and all(hasattr(item, "part") for item in value)
        and not isinstance(value[0], Row)
    ):
        inline = all(
            item.part in {"words", "status", "strong", "quiet", "code", "fingerprint", "reference", "break"}
            for item in value
        )
        if inline:
            yield said(value)
        else:
            for item in value:
                yield from _block(item)
    elif isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[0], Text) and isinstance(value[1], tuple):
            yield f"{value[0]}: {said(value[1])}"
        else:
            for item in value:
                yield from _any(item)
    elif isinstance(value, int):
        yield str(value)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _any(getattr(value, one.name))


def table(section: Section, caption: str) -> Table:
    """The table of a section whose caption, or first column's head, begins so."""
    for block in section.blocks:
        if isinstance(block, Table) and str(block.caption or block.columns[0].head).startswith(caption):
            return block
    raise LookupError(caption)
