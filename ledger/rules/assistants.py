"""Changes with assistants: AI-01 and AI-02."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ledger.records import Absent
from ledger.rules.contributors import by_party, contributions, gaps, is_assistant_trailer
from ledger.rules.kinds import choice
from ledger.rules.parameters import PEOPLE
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import counted, listed

STRENGTHS = ("declared", "observed", "recomputed")
"""How well a prompt is bound to a diff, the weakest first."""


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


def ai_01(case: ChangeCase) -> Finding:
    """AI-01: the change says whether an assistant was used, and nothing contradicts it."""
    last = case.change.last_revision
    if last is None:
        return untold(("no revision of the change is recorded",))
    use = assistant_use(case)
    ai = last.diff.ai
    if ai.involvement in {"assisted", "generated"}:
        how = "declared" if ai.source == "declared" else "shown by its trailers"
        return passed(f"Revision {last.number} is {how} as {ai.involvement} by an assistant.", use.inputs)
    if ai.involvement == "undeclared":
        return untold((f"revision {last.number} does not declare whether an assistant was used",), use.inputs)
    if use.state == "used":
        return failed(
            f"Revision {last.number} is declared to be made without an assistant, but {listed(use.reasons)}.",
            use.inputs,
        )
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    return passed(
        f"Revision {last.number} is declared to be made without an assistant, and nothing recorded contradicts it.",
        use.inputs,
    )


def ai_02(case: ChangeCase) -> Finding:  # noqa: PLR0911 -- one return an outcome, in the order they exclude each other
    """AI-02: the prompts of an assisted change are bound to its diff."""
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable("an assistant was used", use.inputs)
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    prompts = case.change.prompts
    if not prompts:
        return untold((f"{listed(use.reasons)}, and no prompt is recorded",), use.inputs)
    if any(len(item.prompts) < len(item.diff.prompts) for item in case.change.revisions):
        return untold(("a prompt that the diff names is not at hand",), use.inputs)
    bound = [item for item in prompts if item.strength is not None]
    if not bound:
        return failed("Prompts are recorded for the change, but no revision names them as its own.", use.inputs)
    wanted = str(case.settings["strength"])
    weak = [item for item in bound if STRENGTHS.index(item.strength or STRENGTHS[0]) < STRENGTHS.index(wanted)]
    if weak:
        return failed(
            f"{counted(len(weak), 'prompt is', 'prompts are').capitalize()} bound to the diff only as "
            f"{listed(item.strength or '' for item in weak)}; {wanted} was required.",
            use.inputs,
        )
    return passed(
        f"{counted(len(bound), 'prompt is', 'prompts are').capitalize()} bound to the diff, "
        f"{listed(item.strength or '' for item in bound)}.",
        use.inputs,
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "AI-01",
        "Assistants are declared",
        "The change says whether an assistant was used, and nothing recorded contradicts it.",
        ai_01,
        parameters=PEOPLE,
    ),
    Rule(
        "AI-02",
        "Prompts are bound to the diff",
        "Where an assistant was used, its prompts are recorded and bound to the diff.",
        ai_02,
        parameters=(
            *PEOPLE,
            Parameter(
                "strength",
                "declared",
                choice(*STRENGTHS),
                "The weakest binding that counts: `declared`, `observed` or `recomputed`.",
            ),
        ),
    ),
)
