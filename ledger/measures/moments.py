"""When something happened, as measures count it: by the ledger's clock, and not at all where that says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.events.shape import instant
from ledger.records import Absent
from ledger.rules.shape import ChangeCase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ledger.dossier.facts import ChangeFacts, PeriodDossier
    from ledger.measures.values import Reason
    from ledger.records import Record
    from ledger.rules.policy import PolicyRules


@dataclass(frozen=True, slots=True)
class Ground:
    """What measures are taken of."""

    dossier: PeriodDossier
    policies: Mapping[str, PolicyRules]
    """By project, those of the period's changes among them: say which approvals count and who may approve."""
    as_of: str
    """Ledger time."""
    environments: tuple[str, ...] = ("production",)
    """Names of the environments that count as production."""
    seconds: int | None = None
    """Length of the days that the period was named by; None: it counts from its first entry to its last."""


def case_of(ground: Ground, change: ChangeFacts) -> ChangeCase:
    """The change as rules read it."""
    return ChangeCase(ground.dossier.records, change, ground.policies[change.project].shared, ground.as_of)


def ledger_moment(record: Record) -> datetime | Reason:
    """When an entry entered the ledger; ``late`` for one that was only recorded afterwards, where that says nothing."""
    return "late" if record.event.context.late else instant(record.leaf.received_at)


def began_at(change: ChangeFacts) -> datetime | Reason:
    """When work on a change began: its earliest commit or prompt, by the clocks of whoever made them."""
    lists = [revision.commits for revision in change.revisions] + [landing.commits for landing in change.landings]
    if any(isinstance(commits, Absent) for commits in lists):
        return "unread"
    found = [
        instant(commit.author_at)
        for commits in lists
        if not isinstance(commits, Absent)
        for commit in commits
        if commit.author_at is not None
    ]
    found += [instant(item.prompt.started_at or item.record.event.context.occurred_at) for item in change.prompts]
    return min(found, default="no-start")


def landed_by(change: ChangeFacts) -> Record:
    """The entry by which the change first landed in the period."""
    return min((landing.there_by for landing in change.landings), key=lambda record: record.index)


def seconds_between(begin: datetime | Reason, end: datetime | Reason) -> int | Reason:
    """Whole seconds from one to the other; why not, where one is not known or they stand the wrong way round."""
    if isinstance(begin, str):
        return begin
    if isinstance(end, str):
        return end
    # Clocks of producers may be wrong, and a negative duration is no measurement of anything.
    return "clock" if end < begin else int((end - begin).total_seconds())
