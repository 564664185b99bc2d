"""What a clone and the ledger do not tell alike, commit by commit, as the latest comparison of each ref recorded it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import parse
from ledger.errors import FormatError
from ledger.records import Absent
from reports.parts import Mark, Row, Table, line, words
from reports.period.shown import cut
from reports.release.said import absence, columns, digest_line, quiet, status
from reports.say import say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.canonical import JSON
    from reports.parts import Block, Line
    from reports.period.reconciliations import Compared
    from reports.period.view import PeriodView

MOST: Final = 25
"""Differences printed; the rest is counted."""
_OBJECT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
LARGEST: Final = 1 << 24
"""Bytes of a comparison that is read."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A commit that one side tells and the other does not."""

    of: Compared
    commit: str
    told_by: str
    """Envelope digest of the event that tells it; empty: the clone alone has it."""


def differences(view: PeriodView, of: Compared) -> tuple[Apart, ...] | Absent:
    """The commits on which a comparison says that the two sides differ; absent: what it says cannot be read."""
    content = view.dossier.records.content(of.record.event.context.content("reconciliation"))
    if isinstance(content, Absent):
        return content
    try:
        told = parse(content.data, max_bytes=LARGEST)
    except FormatError:
        return Absent("unreadable")
    refs = told.get("refs") if isinstance(told, dict) else None
    for ref in refs if isinstance(refs, list) else ():
        if isinstance(ref, dict) and ref.get("ref") == of.ref.ref:
            missing, unknown = _texts(ref.get("missing")), _pairs(ref.get("unknown"))
            if missing is not None and unknown is not None:
                return (
                    *(Apart(of, commit, "") for commit in missing),
                    *(Apart(of, commit, envelope) for commit, envelope in unknown),
                )
    # Its event is checked, its content is whoever compared wrote it.
    return Absent("unreadable")


def _texts(value: JSON) -> list[str] | None:
    if not isinstance(value, list):
        return None
    found = [item for item in value if isinstance(item, str) and _OBJECT.fullmatch(item)]
    return found if len(found) == len(value) else None


def _pairs(value: JSON) -> list[tuple[str, str]] | None:
    if not isinstance(value, list):
        return None
    found = [
        (item.get("commit"), item["envelope"])
        for item in value
        if isinstance(item, dict) and isinstance(item.get("envelope"), str)
    ]
    if _texts([commit for commit, _ in found]) is None:
        return None
    return [(str(commit), str(envelope)) for commit, envelope in found] if len(found) == len(value) else None


def difference_blocks(view: PeriodView, refs: tuple[Compared, ...]) -> list[Block]:
    """The table; nothing where no ref differs."""
    apart = [item for item in refs if item.differs]
    if not apart:
        return []
    known = {str(record.envelope): record.index for record in view.dossier.records.entries}
    body: list[Row] = []
    for of in apart:
        where = line(
            view.project_name(str(of.record.event.context.project)), quiet(f" {capture(of.ref.ref, limit=60)}")
        )
        found = differences(view, of)
        if isinstance(found, Absent):
            told = line(status(Mark.CANNOT_TELL, say("Which ones")), " ", absence(found.state))
            body.append(Row((where, line(number(of.record.index)), line(quiet(say("not at hand"))), told), hit=True))
            continue
        body += [
            Row(
                (where, line(number(of.record.index)), digest_line(item.commit, full=True), _told(item, known)),
                hit=True,
            )
            for item in found
        ]
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns(
                (say("Project, ref"), 22), (say("Compared in entry"), 12), (say("Commit"), 40), (say("Told by"), 26)
            ),
            shown,
            words(say("Nothing differs.")),
            words(say("Commits on which git and ledger differ, by the latest comparison of each ref")),
            "small",
        ),
        *rest,
    ]


def _told(item: Apart, known: Mapping[str, int]) -> Line:
    if not item.told_by:
        return line(say("the clone alone; nobody recorded it"))
    index = known.get(item.told_by)
    if index is None:
        return line(say("the ledger alone, in an entry that is not attached"))
    return line(say("the ledger alone, in entry {entry}", entry=number(index)))
