"""What was deployed against what was seen to run, and deployments that lead back to no release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.parts import Heading, Line, Mark, Row, Table, line, words
from reports.period.shown import cut
from reports.release.said import columns, ledger_time, listed_names, quiet, status
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.dossier.facts import Party
    from ledger.records import Record
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "running"
MOST: Final = 25
"""Rows printed of each table; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A point in which deployments, releases and what runs do not agree."""

    record: Record
    place: str
    """Environment and service."""
    said: str
    who: Party


def running_gaps(view: PeriodView) -> tuple[Gap, ...]:
    """Deployments of no release, and observations of artifacts that no known deployment or release brought."""
    dossier = view.dossier
    around = dossier.surroundings
    known: set[Digest] = {item.sha256 for release in dossier.releases for item in release.release.artifacts}
    before = () if view.baseline is None else view.baseline.surroundings.deployments
    known |= {artifact.sha256 for item in (*before, *around.deployments) for artifact in item.deploy.artifacts}
    found = [
        Gap(
            item.record,
            _place(item.deploy.environment, item.deploy.service),
            say("a deployment that names no release"),
            item.deployed_by,
        )
        for item in around.deployments
        if item.deploy.release is None
    ]
    for seen in around.observations:
        strange = [artifact for artifact in seen.body.running if artifact.sha256 not in known]
        if strange:
            found.append(
                Gap(
                    seen.record,
                    _place(seen.body.environment, seen.body.service),
                    say_count(
                        "{count} running artifact that no known deployment brought",
                        "{count} running artifacts that no known deployment brought",
                        len(strange),
                    ),
                    seen.actor,
                )
            )
    return tuple(sorted(found, key=lambda gap: gap.record.index))


def unseen(view: PeriodView) -> tuple[tuple[str, str], ...]:
    """Environments and services to which something was deployed and which nobody observed afterwards."""
    around = view.dossier.surroundings
    last: dict[tuple[str, str], int] = {}
    for item in around.deployments:
        if item.deploy.status == "succeeded":
            last[item.deploy.environment, item.deploy.service] = item.record.index
    seen: dict[tuple[str, str], int] = {}
    for told in around.observations:
        seen[told.body.environment, told.body.service] = told.record.index
    return tuple(place for place, index in sorted(last.items()) if seen.get(place, -1) < index)


def running_blocks(view: PeriodView) -> list[Block]:
    """The tables."""
    around = view.dossier.surroundings
    late = set(unseen(view))
    places: dict[tuple[str, str], list[int]] = {}
    for item in around.deployments:
        places.setdefault((item.deploy.environment, item.deploy.service), [0, 0])[0] += 1
    for told in around.observations:
        places.setdefault((told.body.environment, told.body.service), [0, 0])[1] += 1
    body = tuple(
        Row(
            (
                line(capture(_place(*place), limit=120)),
                line(number(deployed)),
                line(number(observed)),
                _seen(place, deployed, late),
            ),
            hit=place in late,
        )
        for place, (deployed, observed) in sorted(places.items())
    )
    shown, rest = cut(body, MOST, "deployments")
    gaps = tuple(
        Row(
            (
                line(number(gap.record.index)),
                line(ledger_time(gap.record)),
                line(capture(gap.place, limit=120)),
                line(gap.said),
                listed_names((gap.who,)),
            ),
            hit=True,
        )
        for gap in running_gaps(view)
    )
    open_points, more = cut(gaps, MOST, "deployments")
    return [
        Heading(words(say("Deployments against what runs")), ANCHOR),
        Table(
            columns(
                (say("Environment, service"), 40),
                (say("Deployments"), 16),
                (say("Observations"), 16),
                (say("After the last deployment"), 28),
            ),
            shown,
            words(say("Nothing was deployed and nothing was observed in the period.")),
            None,
            "small",
        ),
        *rest,
        Table(
            columns(
                (say("Entry"), 9),
                (say("Ledger time, UTC"), 22),
                (say("Environment, service"), 26),
                (say("What does not agree"), 25),
                (say("Told by"), 18),
            ),
            open_points,
            words(say("Every deployment names a release, and everything seen to run was brought by one.")),
            words(say("Deployed or running without a release")),
            "small",
        ),
        *more,
    ]


def _place(environment: str, service: str) -> str:
    return f"{environment}, {service}"


def _seen(place: tuple[str, str], deployed: int, late: set[tuple[str, str]]) -> Line:
    if not deployed:
        return line(quiet(say("nothing was deployed here")))
    if place in late:
        return line(status(Mark.CANNOT_TELL, say("Not observed")))
    return line(say("observed"))
