"""Whether git and ledger agree in both directions: POP-01, by recorded comparisons with a clone (docs/reconcile.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.rules.kinds import at_least
from ledger.rules.shape import (
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import is_late
from ledger.rules.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import Landing, PeriodDossier, Told
    from ledger.events.evidence import ComparedRef, Reconciliation


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One ref of a recorded comparison."""

    told: Told[Reconciliation]
    ref: ComparedRef

    def covers(self, first: int, end: int) -> bool:
        """Whether it compared all entries from ``first`` up to, not including, ``end``."""
        return self.told.body.from_ <= first and end <= self.told.body.to


def pop_01(case: PeriodCase) -> Finding:
    """POP-01: what landed on protected refs and what is recorded were compared, and agree."""
    dossier = case.dossier
    findings = [
        finding
        for project in dossier.projects
        if (known := dossier.records.roster.projects.get(project)) is not None
        for ref in known.protected_refs
        if (finding := _of_ref(case, project, ref)) is not None
    ]
    if not findings:
        return inapplicable("something landed on a protected ref, or a clone was compared")
    return gravest(findings)


def _of_ref(case: PeriodCase, project: str, ref: str) -> Finding | None:
    """The finding of one ref; None where nothing landed and nothing was compared."""
    landings = [item for item in _landings(case.dossier, project) if item.merge.ref == ref]
    told = [
        _Comparison(item, one)
        for item in case.dossier.surroundings.reconciliations
        if item.record.event.context.project == project
        for one in item.body.refs
        if one.ref == ref
    ]
    if not landings and not told:
        return None
    inputs: list[NamedRecord] = [("merge", item.record) for item in landings]
    inputs += [("reconciliation", item.told.record) for item in told]
    if not told:
        return untold((f"no comparison of {ref} with a clone is recorded in the period",), inputs)
    in_order = [item for item in told if not is_late(item.told.record)]
    if not in_order:
        return untold((f"comparisons of {ref} with a clone were only recorded afterwards",), inputs)
    # What is recorded later is compared again: the last comparison that covers an earlier one takes its place.
    standing = [
        item
        for place, item in enumerate(in_order)
        if not any(later.covers(item.told.body.from_, item.told.body.to) for later in in_order[place + 1 :])
    ]
    differing = [item for item in standing if item.ref.missing_count or item.ref.unknown_count]
    if differing:
        return failed(f"{' '.join(map(_difference, differing))}", inputs)
    return _complete(case, ref, landings, standing, inputs)


def _complete(
    case: PeriodCase,
    ref: str,
    landings: Sequence[Landing],
    standing: Sequence[_Comparison],
    inputs: Sequence[NamedRecord],
) -> Finding:
    hours = cast("int", case.settings["reconciled_hours"])
    missing = [
        f"what landed in entry {item.record.index} on {ref} was compared with no clone"
        for item in landings
        if not any(one.covers(item.record.index, item.record.index + 1) for one in standing)
    ]
    reached = case.dossier.first
    for item in sorted(standing, key=lambda one: one.told.body.from_):
        if item.told.body.from_ > reached:
            missing.append(f"entries {reached} to {item.told.body.from_ - 1} were compared with no clone of {ref}")
        reached = max(reached, item.told.body.to)
    last = max(instant(item.told.record.leaf.received_at) for item in standing)
    if instant(case.as_of) - last > timedelta(hours=hours):
        last_hours = "hour" if hours == 1 else f"{hours} hours"
        missing.append(f"{ref} was not compared with a clone in the last {last_hours} of the period")
    if missing:
        return untold(missing, inputs)
    commits = sum(item.ref.commit_count for item in standing)
    comparisons = counted(len(standing), "comparison", "comparisons")
    return passed(
        f"By {comparisons} of {ref} with a clone, all {counted(commits, 'commit', 'commits')} are recorded and nothing "
        "recorded is missing from it.",
        inputs,
    )


def _landings(dossier: PeriodDossier, project: str) -> list[Landing]:
    found = [landing for change in dossier.changes for landing in change.landings]
    return [item for item in (*found, *dossier.unplaced) if item.record.event.context.project == project]


def _difference(item: _Comparison) -> str:
    found = []
    if item.ref.missing_count:
        found.append(f"{counted(item.ref.missing_count, 'commit', 'commits')} that nobody recorded")
    if item.ref.unknown_count:
        found.append(f"{counted(item.ref.unknown_count, 'recorded commit', 'recorded commits')} missing from it")
    return f"The comparison of entry {item.told.record.index} with a clone of {item.ref.ref} found {listed(found)}."


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "POP-01",
        "Git and ledger agree",
        "Every commit on a protected ref is recorded, and every recorded one is there, by comparison with a clone.",
        parameters=(
            Parameter(
                "reconciled_hours",
                168,
                at_least(1),
                "How many hours before the end of a period the last comparison with a clone may lie.",
            ),
        ),
        period=pop_01,
    ),
)
