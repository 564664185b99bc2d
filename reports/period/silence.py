"""Sources that speak: when each was heard, when it had said that it would speak again, and when it did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.verdict import Outcome
from reports.parts import Heading, Line, Mark, Row, Table, line, words
from reports.period.shown import cut
from reports.release.said import columns, parse_time, quiet, received, status
from reports.say import say
from reports.text import capture
from reports.wording import duration, moment, number

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.dossier.facts import Told
    from ledger.events.operation import Heartbeat
    from ledger.rules.ofbundle import Part
    from ledger.rules.policy import RuleSetting
    from reports.parts import Block
    from reports.period.view import PeriodView

MOST: Final = 25
"""Sources printed; the rest is counted."""
GRACE: Final = 300
"""Seconds by which a heartbeat may be late where the policy does not have POP-06 on, as its default is."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A source of a project, and the longest time in the period for which it said nothing."""

    project: str
    source: str
    heard: int
    """Heartbeats in the period; 0: the policy names the source, and it was never heard."""
    promised: timedelta | None
    """Within what it had said, before the longest silence, that it would speak again; None: never heard."""
    longest: timedelta | None
    since: datetime | None
    """When the longest silence began."""
    overdue: bool
    """Whether a silence was longer than promised, grace included."""


def silences(view: PeriodView) -> tuple[Silence, ...]:
    """Every source that sent a heartbeat in the period, and every one that the policy names."""
    groups: dict[tuple[str, str], list[Told[Heartbeat]]] = {}
    for item in view.dossier.surroundings.heartbeats:
        groups.setdefault((str(item.record.event.context.project), item.body.source), []).append(item)
    found = [_of(project, source, items, view) for (project, source), items in sorted(groups.items())]
    for part in view.parts:
        setting = _setting(part)
        expected = [] if setting is None else cast("list[str]", setting.settings["sources"])
        heard = {source for project, source in groups if project in part.projects}
        # Named for one project alone, the source is that project's; for several it may be any of them.
        project = part.projects[0] if len(view.parts) > 1 and len(part.projects) == 1 else ""
        found += [Silence(project, name, 0, None, None, None, overdue=True) for name in expected if name not in heard]
    return tuple(found)


def _setting(part: Part) -> RuleSetting | None:
    """POP-06 as a policy has it; None: it is off."""
    return next((item for item in part.policy.rules if item.rule.id == "POP-06"), None)


def _of(project: str, source: str, items: list[Told[Heartbeat]], view: PeriodView) -> Silence:
    setting = next((_setting(part) for part in view.parts if project in part.projects), None)
    grace = timedelta(seconds=GRACE if setting is None else cast("int", setting.settings["grace_seconds"]))
    starts = [received(item.record) for item in items]
    ends = [*starts[1:], max(parse_time(view.carried.as_of), starts[-1])]
    promised = [timedelta(seconds=item.body.interval_seconds) for item in items]
    spans = [end - start for start, end in zip(starts, ends, strict=True)]
    worst = max(range(len(items)), key=lambda place: spans[place] - promised[place])
    return Silence(
        project,
        source,
        len(items),
        promised[worst],
        spans[worst],
        starts[worst],
        overdue=spans[worst] > promised[worst] + grace,
    )


def _result(item: Silence) -> Line:
    # Of a source that was never heard POP-06 says no more than that it cannot be told.
    if not item.heard:
        return line(status(Mark.CANNOT_TELL))
    return line(status(Mark.FAIL, say("Silent"))) if item.overdue else line(status(Mark.PASS, say("In time")))


def _unpromised(view: PeriodView, project: str) -> Mark:
    """Of a project of which no source promised anything: not applicable, unless POP-06 is off or cannot be told."""
    found = [verdict for verdict in view.verdicts if verdict.rule == "POP-06"]
    own = (verdict.outcome for verdict in found if project in (view.of_itself(verdict) or ()))
    outcome = next(own, Outcome.NOT_EVALUABLE)
    return Mark.CANNOT_TELL if outcome is Outcome.NOT_EVALUABLE else Mark.NOT_APPLICABLE


def silence_blocks(view: PeriodView) -> list[Block]:
    """The table."""
    found = silences(view)
    mute = [project for project in view.dossier.projects if project not in {item.project for item in found}]
    body = [
        Row(
            (
                line(capture(item.source, limit=80)),
                line(view.project_name(item.project)) if item.project else line(quiet(say("any"))),
                line(number(item.heard)),
                line(duration(item.promised)) if item.promised is not None else line(quiet(say("never heard"))),
                line(duration(item.longest), " ", quiet(say("from {time}", time=moment(item.since))))
                if item.longest is not None and item.since is not None
                else line(quiet(say("the whole period"))),
                _result(item),
            ),
            hit=item.overdue,
        )
        for item in found
    ]
    body += [
        Row(
            (
                line(quiet(say("none"))),
                line(view.project_name(project)),
                line("0"),
                line(quiet(say("nothing promised"))),
                line(quiet(say("the whole period"))),
                line(status(_unpromised(view, project))),
            )
        )
        for project in mute
    ]
    shown, rest = cut(body, MOST, "entries")
    return [
        Heading(words(say("Silence of sources"))),
        Table(
            columns(
                (say("Source"), 15),
                (say("Project"), 18),
                (say("Heartbeats"), 12),
                (say("Promised within"), 14),
                (say("Longest silence"), 25),
                (say("Result"), 16),
            ),
            shown,
            words(say("No project is in scope.")),
            words(say("What a silent source saw meanwhile may be missing from every list")),
            "small",
        ),
        *rest,
    ]
