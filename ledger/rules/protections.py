"""Whether refs stayed protected as they were: ADM-02."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
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
from ledger.rules.wording import capital, counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import Told
    from ledger.events.forge import ControlSnapshot, Protection

_Seen = tuple["Told[ControlSnapshot]", "Protection"]


def adm_02(case: PeriodCase) -> Finding:
    """ADM-02: every protected ref was seen protected all along, and never less than before."""
    refs = [
        (project, ref)
        for project in case.dossier.projects
        if (known := case.dossier.records.roster.projects.get(project)) is not None
        for ref in known.protected_refs
    ]
    if not refs:
        return inapplicable("the project has a protected ref")
    return gravest(_kept(case, project, ref) for project, ref in refs)


def _kept(case: PeriodCase, project: str, ref: str) -> Finding:
    seen: list[_Seen] = [
        (item, protection)
        for item in case.dossier.surroundings.snapshots
        if item.record.event.context.project == project
        for protection in item.body.refs
        if protection.ref == ref
    ]
    inputs: list[NamedRecord] = [("control-snapshot", item.record) for item, _ in seen]
    lapsed = [item for item, protection in seen if not protection.protected]
    if lapsed:
        return failed(f"{capital(ref)} was seen unprotected in entry {lapsed[0].record.index}.", inputs)
    in_order = [one for one in seen if not is_late(one[0].record)]
    for (_, before), (item, after) in pairwise(in_order):
        loosened = _loosened(before, after)
        if loosened:
            return failed(
                f"The protection of {ref} was loosened by entry {item.record.index}: {listed(loosened)}.", inputs
            )
    unseen = _unseen(case, ref, in_order)
    if unseen:
        return untold(unseen, inputs)
    looks = counted(len(in_order), "time", "times")
    return passed(f"{capital(ref)} was seen {looks}, protected each time and never less than before.", inputs)


def _unseen(case: PeriodCase, ref: str, seen: Sequence[_Seen]) -> list[str]:
    """Clauses on times in which nobody looked."""
    hours = cast("int", case.settings["snapshot_hours"])
    if not seen:
        return [f"nobody recorded in the period how {ref} is protected"]
    began = next((item for item in case.dossier.records.entries if item.index >= case.dossier.first), seen[0][0].record)
    looks = [(began, "the beginning of the period"), *((item.record, f"entry {item.record.index}") for item, _ in seen)]
    moments = [*(instant(record.leaf.received_at) for record, _ in looks), instant(case.as_of)]
    return [
        f"for more than {counted(hours, 'hour', 'hours')} after {since} nobody looked how {ref} is protected"
        for (_, since), (at, end) in zip(looks, pairwise(moments), strict=True)
        if end - at > timedelta(hours=hours)
    ]


def _loosened(before: Protection, after: Protection) -> list[str]:
    """In what ``after`` protects less than ``before``; what either of them does not tell is not compared."""
    found: list[str] = []
    for name, one, other in (
        ("approvals", before.approvals, after.approvals),
        ("checks", before.checks, after.checks),
    ):
        if one is not None and other is not None and other < one:
            found.append(f"{other} {name} instead of {one}")
    for words, was, now in (
        ("administrators are no longer included", before.admins_included, after.admins_included),
        ("approvals no longer end with a new push", before.stale_dismissed, after.stale_dismissed),
    ):
        if was is True and now is False:
            found.append(words)
    for words, was, now in (
        ("pushing by force is allowed", before.force_push, after.force_push),
        ("deleting is allowed", before.deletion, after.deletion),
    ):
        if was is False and now is True:
            found.append(words)
    one, other = before.bypass_count, after.bypass_count
    if one is not None and other is not None and other > one:
        found.append(f"{other} may pass it over instead of {one}")
    return found


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ADM-02",
        "Protection is continuous",
        "Every protected ref was seen protected throughout the period, and never less than before.",
        parameters=(
            Parameter(
                "snapshot_hours", 168, at_least(1), "How many hours may lie between two looks at the protection."
            ),
        ),
        period=adm_02,
    ),
)
