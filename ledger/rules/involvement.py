"""Whether an assistant had a part in a change, as far as the evidence goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.records import Absent
from ledger.rules.contributors import by_party, contributions, gaps, is_assistant_trailer
from ledger.rules.wording import counted

if TYPE_CHECKING:
    from ledger.rules.shape import ChangeCase, NamedRecord


@dataclass(frozen=True, slots=True)
class AssistantUse:
    """Whether an assistant had a part in a change, as far as the evidence goes."""

    state: Literal["used", "none", "unknown"]
    reasons: tuple[str, ...]
    """What speaks for ``used``, or why it is ``unknown``."""
    inputs: tuple[NamedRecord, ...]


def assistant_use(case: ChangeCase) -> AssistantUse:
    """Whether an assistant was used, by declarations, prompts, agents and traces; ``none`` only when all is read."""
    inputs: list[NamedRecord] = [("diff", item.record) for item in case.change.revisions]
    inputs += [("prompt", item.record) for item in case.change.prompts]
    evidence = [
        f"revision {item.number} is declared {item.diff.ai.involvement}"
        for item in case.change.revisions
        if item.diff.ai.involvement in {"assisted", "generated"}
    ]
    evidence += traces(case)
    if evidence:
        return AssistantUse("used", tuple(evidence), tuple(inputs))
    doubts = _hidden_traces(case)
    last = case.change.last_revision
    if last is None:
        doubts.append("no revision of the change is recorded")
    elif last.diff.ai.involvement != "none" or last.diff.ai.source != "declared":
        doubts.append(f"revision {last.number} does not declare whether an assistant was used")
    if doubts:
        return AssistantUse("unknown", tuple(doubts), tuple(inputs))
    return AssistantUse("none", (), tuple(inputs))


def traces(case: ChangeCase) -> tuple[str, ...]:
    """Clauses that name traces of an assistant beyond what the diffs declare."""
    change = case.change
    found: list[str] = []
    if change.prompts:
        found.append(f"{counted(len(change.prompts), 'prompt is', 'prompts are')} recorded")
    for revision in change.revisions:
        commits = () if isinstance(revision.commits, Absent) else revision.commits
        if revision.diff.ai.traces or any(commit.ai_traces for commit in commits):
            found.append(f"commits of revision {revision.number} carry traces of an assistant")
    if any(is_assistant_trailer(case, item) for item in change.contributions):
        found.append("a commit names an assistant as co-author")
    types = case.records.roster.principals
    if any(
        identifier in types and types[identifier].type == "agent"
        for item in contributions(case)
        for identifier in (item.party.claimants or (item.party.principal or "",))
    ):
        found.append("an agent contributed")
    return tuple(found)


def _hidden_traces(case: ChangeCase) -> list[str]:
    """Clauses that say where traces of an assistant could be that nobody can read."""
    types = case.records.roster.principals
    found = list(gaps(case))
    for item, duties in by_party(contributions(case)):
        veiled = any(types[identifier].type == "agent" for identifier in item.party.hidden)
        if veiled or (item.party.principal is None and not item.party.claimants):
            found.append(f"whether the {duties} in entry {item.record.index} is an agent is not known")
    return found
