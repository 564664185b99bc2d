"""The chain of each change in entry numbers: forward from its request to production, and back from each deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Heading, Paragraph, Row, Table, line, say_count_line, say_line, words
from reports.release.population import loose_landings, population
from reports.release.said import NAME, NONE, columns, entry_anchor, joined, ledger_time, link, quiet, strong
from reports.release.stated import requests_of, state_of
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import DeployFact
    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

FORWARD: Final = "trace-forward"
BACK: Final = "trace-back"
MOST_NAMED: Final = 20
"""Changes and requests named for a deployment; the rest is counted, and stands in the table before."""
MOST: Final = 6
"""Entries named in one cell; the rest is counted."""


def chains(view: View, shown: frozenset[int]) -> tuple[Block, ...]:
    """Both directions; ``shown`` are the entries that have a place in the pack."""
    excepted = any(change.facts.exceptions for change in view.printed)
    unasked = sum(not requests_of(change) for change in view.changes)
    release = _entries((view.dossier.record,), shown)
    deployed = _entries((item.record for item in view.dossier.deployments), shown)
    return (
        Heading(words(say("From request to deployment")), FORWARD),
        Table(
            columns(
                (say("Request"), 15 if excepted else 17),
                (say("Change"), 12),
                (say("Prompt"), 9 if excepted else 10),
                (say("Diff"), 9 if excepted else 11),
                (say("Test"), 9 if excepted else 11),
                (say("Approval"), 9 if excepted else 11),
                *(((say("Exception"), 9),) if excepted else ()),
                (say("Landing"), 10),
                (say("Release"), 9),
                (say("Deployment"), 9),
            ),
            tuple(_forward(view, change, shown, release, deployed, excepted=excepted) for change in view.printed),
            words(say("No change is recorded.")),
            words(
                say_count(
                    "{count} change, by the request it names; without one: {unasked}",
                    "{count} changes, each by the requests it names; without one: {unasked}",
                    len(view.changes),
                    unasked=number(unasked),
                )
            ),
            "dense",
        ),
        Paragraph(
            say_line(
                "Numbers are entries of the ledger; {index} tells the page of each.",
                index=link("index", say("Index by entry"), page=True),
            ),
            small=True,
        ),
        Heading(words(say("From deployment to request")), BACK),
        Table(
            columns(
                (say("Deployment"), 22),
                (say("Release"), 14),
                (say("Changes it brought"), 34),
                (say("Requests they name"), 30),
            ),
            tuple(_back(view, item, shown) for item in view.dossier.deployments),
            words(say("No deployment of this release is recorded.")),
            None,
            "dense",
        ),
    )


def _forward(
    view: View, change: ChangeView, shown: frozenset[int], release: Line, deployed: Line, *, excepted: bool
) -> Row:
    facts = change.facts
    state = state_of(change)
    requests = requests_of(change)
    asked = (
        line(capture(", ".join(requests), limit=NAME * 2))
        if requests
        else line(strong(say("none named")) if state is not None else quiet(say("not stated")))
    )
    return Row(
        (
            asked,
            line(link(change.anchor("x"), change.label, page=False) if view.shows(change) else change.label),
            _entries((item.record for item in facts.prompts), shown),
            _entries((item.record for item in facts.revisions), shown),
            _entries((item.record for item in facts.runs), shown),
            _entries((item.record for item in facts.approvals), shown),
            *((_entries(_departures(change), shown),) if excepted else ()),
            _entries((record for item in facts.landings for record in (item.there_by, item.record)), shown),
            release,
            deployed,
        )
    )


def _departures(change: ChangeView) -> Iterable[Record]:
    """The exceptions of a change, each with what was decided about it."""
    for item in change.facts.exceptions:
        yield item.record
        yield from (fact.record for fact in item.decisions)


def _outside(view: View, shown: frozenset[int]) -> list[Line]:
    """What a deployment brought beside the changes: landings without one, and commits in nothing recorded."""
    found: list[Line] = []
    loose = tuple(record for record, _ in loose_landings(view))
    strange = len(population(view).strange)
    if loose:
        found.append(
            say_count_line(
                "{mark} {count} landing without a change: {entries}",
                "{mark} {count} landings without a change: {entries}",
                len(loose),
                mark=strong("!"),
                entries=_entries(loose, shown),
            )
        )
    if strange:
        found.append(
            say_count_line(
                "{mark} {count} commit in nothing recorded",
                "{mark} {count} commits in nothing recorded",
                strange,
                mark=strong("!"),
            )
        )
    return found


def _back(view: View, item: DeployFact, shown: frozenset[int]) -> Row:
    parts = [
        line(link(one.anchor("r"), one.label, page=True) if view.shows(one) else one.label)
        for one in view.changes[:MOST_NAMED]
    ]
    if len(view.changes) > MOST_NAMED:
        parts.append(line(quiet(say("{count} more, as above", count=len(view.changes) - MOST_NAMED))))
    parts += _outside(view, shown)
    requests = list(dict.fromkeys(request for change in view.changes for request in requests_of(change)))
    named = ", ".join(requests[:MOST_NAMED])
    if len(requests) > MOST_NAMED:
        named = say("{requests} and {count} more, as above", requests=named, count=len(requests) - MOST_NAMED)
    return Row(
        (
            line(
                *_entries((item.record,), shown),
                capture(f" {item.deploy.environment}, {item.deploy.service}", limit=NAME),
                quiet(f" {ledger_time(item.record)}"),
            ),
            line(capture(view.dossier.name, limit=NAME), quiet(f" {view.dossier.record.index}")),
            joined(parts, "; ") or line(quiet(say("no recorded change"))),
            line(capture(named, limit=MOST_NAMED * 150)) if named else line(quiet(say("none is named"))),
        )
    )


def _entries(records: Iterable[Record], shown: frozenset[int]) -> Line:
    found = tuple({record.index: record for record in records}.values())
    parts = [
        line(link(entry_anchor(record.index), str(record.index)) if record.index in shown else str(record.index))
        for record in found[:MOST]
    ]
    if len(found) > MOST:
        parts.append(line(quiet(say("{count} more", count=len(found) - MOST))))
    return joined(parts) or line(quiet(NONE))
