"""The scope: which projects, repositories and environments, from when to when, and what of it changed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.roster import ProjectDeclare, ProjectDescribe, ProjectEnd
from ledger.rules.asking import FRAMEWORK_NAMES
from reports.parts import Facts, Heading, Line, Row, Section, Table, line, words
from reports.period.shown import cut
from reports.period.span import of_period, read_days
from reports.release.said import NONE, code, columns, digest_line, joined, ledger_time, quiet, rows, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import moment, moment_in, number, zone_sentence

if TYPE_CHECKING:
    from ledger.records import Record
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "scope"
MOST: Final = 60
"""Projects, environments and acts printed, each; the rest is counted."""
_DAY: Final = timedelta(days=1)


def environments(view: PeriodView) -> dict[tuple[str, str], int]:
    """Environments and services that deployments or observations of the period name, with the deployments in each."""
    around = view.dossier.surroundings
    found = Counter((item.deploy.environment, item.deploy.service) for item in around.deployments)
    for item in around.observations:
        found.setdefault((item.body.environment, item.body.service), 0)
    return dict(sorted(found.items()))


def scope_acts(view: PeriodView) -> tuple[Record, ...]:
    """Acts of the period that changed which projects there are."""
    kinds = ProjectDeclare | ProjectDescribe | ProjectEnd
    return tuple(
        record
        for record in view.dossier.records.entries
        if of_period(view.dossier, record)
        and isinstance(body := record.event.body, kinds)
        and body.project in view.dossier.projects
    )


def new_environments(view: PeriodView) -> tuple[tuple[str, str], ...] | None:
    """Environments of the period that the baseline does not know; None: there is no baseline to compare with."""
    if view.baseline is None:
        return None
    around = view.baseline.surroundings
    known = {(item.deploy.environment, item.deploy.service) for item in around.deployments}
    known |= {(item.body.environment, item.body.service) for item in around.observations}
    return tuple(place for place in environments(view) if place not in known)


def beyond(view: PeriodView) -> tuple[str, ...]:
    """In one sentence what of the span asked for is not shown; nothing where days were not asked for, or all is."""
    asked = read_days(view.asked)
    if asked is None or view.begins_at is None or view.ends_at is None:
        return ()
    start, end = asked.bounds(view.settings.zone)
    first, last = moment(view.begins_at), moment(view.ends_at)
    early = view.begins_at >= start + _DAY
    late = view.ends_at < end - _DAY
    if view.settings.generated_at < end:
        told = (
            say(
                "Nothing of the period is recorded before {first}, and it is not over: the last entry shown is of "
                "{last}.",
                first=first,
                last=last,
            )
            if early
            else say("The period is not over: the last entry shown is of {last}.", last=last)
        )
    elif early and late:
        told = say("In the period nothing is recorded before {first} or after {last}.", first=first, last=last)
    elif early:
        told = say("In the period nothing is recorded before {first}.", first=first)
    elif late:
        told = say("In the period nothing is recorded after {last}.", last=last)
    else:
        return ()
    return (told,)


def scope(view: PeriodView) -> Section:
    """The section."""
    places = environments(view)
    acts = scope_acts(view)
    return Section(
        ANCHOR,
        "2",
        words(say("Scope")),
        words(say("What is this about, from when to when, and did the scope change?")),
        _lede(view, len(places), len(acts)),
        (
            Facts(rows(*_facts(view))),
            *_projects(view),
            *_environments(view, places),
            *_acts(view, acts),
        ),
    )


def _lede(view: PeriodView, places: int, acts: int) -> Line:
    return line(
        say_count("{count} project is in scope.", "{count} projects are in scope.", len(view.dossier.projects)),
        " ",
        say_count(
            "At {count} place something was deployed or seen to run.",
            "At {count} places something was deployed or seen to run.",
            places,
        ),
        " ",
        say_count("{count} act changed the scope.", "{count} acts changed the scope.", acts)
        if acts
        else say("No act of the period changed which projects there are."),
    )


def _facts(view: PeriodView) -> list[tuple[str, Line]]:
    dossier, settings = view.dossier, view.settings
    positions = say(
        "positions {first} to {end}: entries {first} to {last}",
        first=number(dossier.first),
        end=number(dossier.end),
        last=number(dossier.end - 1),
    )
    pairs: list[tuple[str, Line]] = []
    if settings.organisation:
        pairs.append((say("Organisation"), line(capture(settings.organisation, limit=120))))
    pairs.append((say("Period"), line(strong(view.span), quiet(f" {positions}"))))
    pairs += [(say("Beyond what is shown"), line(strong(said))) for said in beyond(view)]
    if view.begins_at is not None and view.ends_at is not None:
        zone, name = settings.zone, settings.zone_name
        pairs += [
            (say("First entry of it"), line(moment_in(view.begins_at, zone, name))),
            (say("Last entry of it"), line(moment_in(view.ends_at, zone, name))),
            (say("Time zone"), line(zone_sentence(view.begins_at, view.ends_at, zone, name))),
        ]
    frameworks = {name for part in view.parts for name in cast("list[str]", part.policy.shared["frameworks"])}
    named = ", ".join(name for key, name in FRAMEWORK_NAMES.items() if key in frameworks)
    pairs += [
        (
            say("Frameworks"),
            line(named)
            if named
            else line(quiet(say_count("the policy names none", "the policies name none", len(view.parts)))),
        ),
        (
            say("Baseline"),
            line(quiet(say("none: delivery measures stand alone")))
            if view.baseline is None
            else line(view.baseline_span),
        ),
        (
            say("Not in scope"),
            line(
                say(
                    "Whatever is not recorded in the streams of these projects: other repositories, changes of "
                    "infrastructure made by hand, and systems that send nothing."
                )
            ),
        ),
    ]
    return pairs


def repositories(view: PeriodView) -> dict[str, tuple[str, ...]]:
    """Immutable repository ids that releases of the period name, by project."""
    found: dict[str, dict[str, None]] = {project: {} for project in view.dossier.projects}
    for release in view.dossier.releases:
        for source in release.release.sources:
            found.setdefault(source.project, {})[source.repository] = None
    return {project: tuple(ids) for project, ids in found.items()}


def _projects(view: PeriodView) -> list[Block]:
    ids = repositories(view)
    body: list[Row] = []
    for project in view.dossier.projects:
        known = view.dossier.records.roster.projects.get(project)
        landed = sum(change.facts.project == project for change in view.changes)
        released = sum(
            any(source.project == project for source in release.release.sources) for release in view.dossier.releases
        )
        body.append(
            Row(
                (
                    line(view.project_name(project), quiet(f" {project[:14]}")),
                    joined([line(code(capture(item, limit=120))) for item in ids[project]], "; ")
                    or line(quiet(say("named by no release of the period"))),
                    line(quiet(NONE))
                    if known is None
                    else joined([line(code(capture(ref, limit=80))) for ref in known.protected_refs]),
                    line(number(landed)),
                    line(number(released)),
                )
            )
        )
    shown, rest = cut(body, MOST, "changes")
    return [
        Table(
            columns(
                (say("Project"), 26),
                (say("Repository, by its immutable id"), 30),
                (say("Protected refs"), 24),
                (say("Changes"), 10),
                (say("Releases"), 10),
            ),
            shown,
            words(say("No project.")),
            words(say("Projects")),
            "small",
        ),
        *rest,
    ]


def _environments(view: PeriodView, places: dict[tuple[str, str], int]) -> list[Block]:
    fresh = new_environments(view)
    body = tuple(
        Row(
            (
                line(capture(environment, limit=80)),
                line(capture(service, limit=80)),
                line(number(many)),
                line(quiet(say("not compared")))
                if fresh is None
                else line(strong(say("new")) if (environment, service) in fresh else say("known before")),
            )
        )
        for (environment, service), many in places.items()
    )
    shown, rest = cut(body, MOST, "deployments")
    return [
        Table(
            columns(
                (say("Environment"), 26), (say("Service"), 34), (say("Deployments"), 18), (say("Against baseline"), 22)
            ),
            shown,
            words(say("No deployment and no observation is recorded in the period.")),
            words(say("Environments and services")),
            "small",
        ),
        *rest,
    ]


def _acts(view: PeriodView, acts: tuple[Record, ...]) -> list[Block]:
    body = tuple(
        Row(
            (
                line(number(record.index)),
                line(ledger_time(record)),
                line(view.project_name(_project(record))),
                line(_act(record)),
                digest_line(record.envelope),
            )
        )
        for record in acts
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Heading(words(say("Changes of scope"))),
        Table(
            columns(
                (say("Entry"), 9),
                (say("Ledger time, UTC"), 21),
                (say("Project"), 26),
                (say("Act"), 26),
                (say("Event"), 18),
            ),
            shown,
            words(say("No project was declared, described anew or ended in the period.")),
            None,
            "small",
        ),
        *rest,
    ]


def _project(record: Record) -> str:
    body = record.event.body
    return body.project if isinstance(body, ProjectDeclare | ProjectDescribe | ProjectEnd) else ""


def _act(record: Record) -> str:
    match record.event.body:
        case ProjectDeclare():
            return say("declared")
        case ProjectDescribe():
            return say("described anew")
        case _:
            return say("ended")
