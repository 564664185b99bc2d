"""Incidents of the period, each led back to the release and the changes that it may have come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.assess import change_subject
from reports.parts import Line, Mark, Row, Section, Table, line, words
from reports.period.shown import change_line, cut
from reports.release.said import NONE, columns, joined, listed_names, quiet, received, status
from reports.say import say, say_count
from reports.text import capture
from reports.wording import duration, minute, number

if TYPE_CHECKING:
    from datetime import timedelta

    from ledger.dossier.facts import ChangeFacts, Told
    from ledger.events.operation import Incident
    from reports.period.view import PeriodView

ANCHOR: Final = "incidents"
MOST: Final = 30
"""Incidents printed; the rest is counted."""
MOST_CHANGES: Final = 4
"""Changes named beside one incident."""


@dataclass(frozen=True, slots=True)
class Case:
    """One incident, over every event of the period that tells of it."""

    project: str
    name: str
    events: tuple[Told[Incident], ...]

    @property
    def closed(self) -> Told[Incident] | None:
        """The event that closed it; None: it is open, as far as the period tells."""
        last = self.events[-1]
        return last if last.body.state == "closed" else None

    @property
    def lasted(self) -> timedelta | None:
        """From the first event to the one that closed it."""
        end = self.closed
        return None if end is None else received(end.record) - received(self.events[0].record)


def cases(view: PeriodView) -> tuple[Case, ...]:
    """The incidents of the period, in the order of their first event."""
    found: dict[tuple[str, str], list[Told[Incident]]] = {}
    for item in view.dossier.surroundings.incidents:
        found.setdefault((str(item.record.event.context.project), item.body.incident), []).append(item)
    return tuple(Case(project, name, tuple(events)) for (project, name), events in found.items())


def incidents(view: PeriodView) -> Section:
    """The section."""
    found = cases(view)
    shown, rest = cut(tuple(_row(view, case) for case in found), MOST, "incidents")
    still = sum(case.closed is None for case in found)
    return Section(
        ANCHOR,
        "",
        words(say("Incidents")),
        words(say("Which release, which change and which approval does an incident lead back to?")),
        line(_counted(len(found), still) if found else say("No incident is recorded in the period.")),
        (
            Table(
                columns(
                    (say("Incident"), 15),
                    (say("Opened, UTC; lasted"), 18),
                    (say("Severity, cause"), 14),
                    (say("Leads back to"), 37),
                    (say("Corrected by"), 16),
                ),
                shown,
                words(say("None.")),
                None,
                "small",
            ),
            *rest,
        )
        if found
        else (),
        brief=True,
    )


def _counted(found: int, still: int) -> str:
    if not still:
        return say_count(
            "{count} incident is recorded, and it is closed.",
            "{count} incidents are recorded, all of them closed.",
            found,
        )
    return say_count(
        "{count} incident is recorded; not closed: {open}.",
        "{count} incidents are recorded; not closed: {open}.",
        found,
        open=number(still),
    )


def _row(view: PeriodView, case: Case) -> Row:
    last, lasted = case.events[-1].body, case.lasted
    corrective = next((item.body.corrective for item in reversed(case.events) if item.body.corrective), None)
    mended = None if corrective is None else view.by_subject.get(f"change {case.project}/{corrective}")
    return Row(
        (
            line(capture(case.name, limit=60), " ", quiet(view.project_name(case.project))),
            (
                *line(minute(received(case.events[0].record)), "; "),
                *(line(status(Mark.CANNOT_TELL, say("Open"))) if lasted is None else line(duration(lasted))),
            ),
            line(capture(last.severity, limit=40), ", ", last.cause),
            _suspects(view, case),
            line(quiet(say("not named")))
            if corrective is None
            else change_line(view, mended)
            if mended is not None
            else line(say("change {change}", change=capture(corrective, limit=40))),
        ),
        hit=lasted is None,
    )


def _suspects(view: PeriodView, case: Case) -> Line:
    releases = {release.record.envelope: release for release in view.dossier.releases}
    parts: list[Line] = []
    suspects = dict.fromkeys(suspect for item in case.events for suspect in item.body.suspects)
    for suspect in suspects:
        if suspect.change is not None:
            known = view.by_subject.get(f"change {case.project}/{suspect.change}")
            parts.append(
                line(say("change {change}", change=capture(suspect.change, limit=40)))
                if known is None
                else change_line(view, known)
            )
        if suspect.release is None:
            continue
        release = releases.get(suspect.release)
        if release is None:
            parts.append(line(quiet(say("a release of an earlier period"))))
            continue
        held = [_with_approvers(view, change) for change in release.changes[:MOST_CHANGES]]
        if len(release.changes) > MOST_CHANGES:
            held.append(line(say("{more} more", more=number(len(release.changes) - MOST_CHANGES))))
        parts.append((*line(capture(release.name, limit=60), " ("), *joined(held), *line(")")))
    return joined(parts, "; ") or line(quiet(NONE))


def _with_approvers(view: PeriodView, change: ChangeFacts) -> Line:
    known = view.by_subject.get(change_subject(change))
    label = change_line(view, known) if known is not None else line(say("change {change}", change=change.id))
    approvers = [fact.approver for fact in change.approvals if fact.standing and fact.approval.decision == "approve"]
    return (
        *label,
        *line(" "),
        *line(quiet(say("approved by"))),
        *line(" "),
        *listed_names(approvers, none=say("nobody")),
    )
