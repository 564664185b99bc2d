"""Whether sources spoke when they said they would: POP-06. What was never sent shows by reconciliation, not here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.rules.kinds import TOKEN, at_least, list_of
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
from ledger.rules.wording import counted, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import Told
    from ledger.events.operation import Heartbeat

_Source = tuple[str | None, str]
"""Project id and the source's name."""


def pop_06(case: PeriodCase) -> Finding:
    """POP-06: no source was silent for longer than it had said."""
    expected = cast("list[str]", case.settings["sources"])
    groups: dict[_Source, list[Told[Heartbeat]]] = {}
    for item in case.dossier.surroundings.heartbeats:
        groups.setdefault((item.record.event.context.project, item.body.source), []).append(item)
    if not groups and not expected:
        return inapplicable("a source sends heartbeats, or the policy names one")
    heard = {source for _, source in groups}
    findings = [
        untold((f"no heartbeat of {name} is recorded in the period",)) for name in expected if name not in heard
    ]
    findings += [_spoke(case, source, items) for (_, source), items in groups.items()]
    return gravest(findings)


def _spoke(case: PeriodCase, source: str, items: Sequence[Told[Heartbeat]]) -> Finding:
    grace = timedelta(seconds=cast("int", case.settings["grace_seconds"]))
    inputs: list[NamedRecord] = [("heartbeat", item.record) for item in items]
    in_order = [item for item in items if not is_late(item.record)]
    if not in_order:
        return untold((f"the heartbeats of {source} were only recorded afterwards",), inputs)
    ends = [instant(item.record.leaf.received_at) for item in in_order[1:]] + [instant(case.as_of)]
    for item, end in zip(in_order, ends, strict=True):
        due = instant(item.record.leaf.received_at) + timedelta(seconds=item.body.interval_seconds) + grace
        if end > due:
            silent = span(end - instant(item.record.leaf.received_at))
            promised = span(timedelta(seconds=item.body.interval_seconds))
            return failed(
                f"Source {source} was silent for {silent} after entry {item.record.index}, where it had said that it "
                f"would speak within {promised}; what it saw meanwhile may be missing.",
                inputs,
            )
    spoke = counted(len(in_order), "time", "times")
    since = f"from entry {in_order[0].record.index} on"
    return passed(f"Source {source} spoke {spoke}, and {since} was never silent for longer than it had said.", inputs)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "POP-06",
        "No source fell silent",
        "Every source sent its heartbeats; none was silent for longer than it had said it would be.",
        parameters=(
            Parameter("sources", [], list_of(TOKEN), "The sources that must send heartbeats, beside those that do."),
            Parameter("grace_seconds", 300, at_least(0), "How many seconds later than said a heartbeat may arrive."),
        ),
        period=pop_06,
    ),
)
