"""What is stated of a change as a whole, in which texts, and of which risk classes a policy asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ledger.records import Absent
from ledger.rules.judged import judged
from ledger.rules.risk import DEFAULT
from ledger.rules.shape import gravest, untold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.canonical import JSON
    from ledger.dossier.facts import Told
    from ledger.events.forge import ChangeState
    from ledger.records import Record, Records
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase, Finding

NOTHING_STATED = "nothing is stated of the change as a whole"


def statement(case: ChangeCase) -> Told[ChangeState] | None:
    """What was last said of the change as a whole; None if nothing was."""
    return case.change.states[-1] if case.change.states else None


def unsettled(case: ChangeCase) -> tuple[str, ...]:
    """Clauses that say why the latest statement is not known: there is none, or one came after the fact."""
    states = case.change.states
    if not states:
        return (NOTHING_STATED,)
    if len(states) == 1:
        return ()
    return tuple(
        f"which statement of the change is the latest is open, as that of entry {item.record.index} was only recorded "
        "afterwards"
        for item in states
        if is_late(item.record)
    )


def is_late(record: Record) -> bool:
    """Whether an importer brought the event after the fact, so that its place says nothing of when it happened."""
    return record.event.context.late is True


def text_of(records: Records, record: Record, name: str) -> str | Absent | None:
    """The text that an event has under ``name``, without space around it; None if it states none or an empty one."""
    reference = record.event.context.content(name)
    if reference is None or reference.size_bytes == 0:
        return None
    content = records.content(reference)
    if isinstance(content, Absent):
        return content
    return content.data.decode("utf-8", "replace").strip() or None


def texts_missing(
    records: Records, record: Record, names: Iterable[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of ``names`` (content, in words) the words of those that are not stated, and clauses on those nobody can read."""
    empty: list[str] = []
    unread: list[str] = []
    for name, words in names:
        text = text_of(records, record, name)
        if text is None:
            empty.append(words)
        elif isinstance(text, Absent):
            unread.append(f"{words} stated in entry {record.index} is {text.state}")
    return tuple(empty), tuple(unread)


def reaches(case: ChangeCase, name: str, lowest: str | None) -> bool:
    """Whether the risk class ``name`` is ``lowest`` or one that the policy lists above it; None: every class is."""
    if lowest in (None, DEFAULT):
        return True
    names = [str(item["name"]) for item in cast("list[dict[str, JSON]]", case.settings["risks"])]
    return name in (names[: names.index(lowest) + 1] if lowest in names else [lowest])


def each(case: ChangeCase, judge: Callable[[ChangeCase, Judged], Finding]) -> Finding:
    """The finding that decides when ``judge`` is asked about every content of the change that is judged."""
    contents = judged(case)
    if not contents:
        return untold(("no revision of the change is recorded",))
    return gravest(judge(case, content) for content in contents)
