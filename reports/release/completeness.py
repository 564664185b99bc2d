"""Completeness: the release's commit lists against what the ledger holds, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent
from reports.parts import (
    Facts,
    Figure,
    Figures,
    Heading,
    Line,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
    line,
    say_line,
    words,
)
from reports.release.population import is_push, not_listed, population, unreconciled
from reports.release.said import (
    NAME,
    NONE,
    TITLE,
    absence,
    account_words,
    code,
    columns,
    digest_line,
    entry,
    ledger_time,
    link,
    quiet,
    rows,
    status,
)
from reports.release.sheet import how_made, reconciliations, silence
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitPlace, SourceFacts
    from ledger.records import Record
    from reports.parts import Block
    from reports.release.population import Population
    from reports.release.view import View

ANCHOR: Final = "completeness"
SUBJECT: Final = 140
"""Characters printed of a commit's subject."""
MOST_COMMITS: Final = 400
"""Commits printed; those without a change go first, and what is left out is counted."""


def completeness(view: View) -> Section:
    """The section."""
    people = population(view)
    elsewhere = not_listed(view)
    gaps = unreconciled(view)
    compared = reconciliations(view)
    heard = silence(view)
    blocks: list[Block] = [
        Figures(
            (
                Figure(words(number(people.whole)), words(say("commits on the lists of the release"))),
                Figure(words(number(len(people.placed))), words(say("landed by a recorded change"))),
                Figure(words(number(len(people.loose))), words(say("landed without a recorded change"))),
                Figure(words(number(len(people.strange))), words(say("in nothing that is recorded"))),
            )
        )
    ]
    if people.loose or people.strange:
        blocks += _listed(
            view,
            (*people.strange, *people.loose),
            say("Commits without a recorded change"),
            MOST_COMMITS,
        )
    blocks.append(compared)
    blocks.append(_other_way(elsewhere))
    blocks.append(
        Table(
            columns((say("Source"), 16), (say("What could not be reconciled"), 84)),
            tuple(Row((line(name), said), hit=True) for name, said in gaps),
            words(
                say(
                    "Everything could be compared: every list was read, and every parent of a listed commit is "
                    "accounted for."
                )
            ),
            words(say("Not reconciled")),
            "small",
        )
    )
    blocks += heard
    blocks += how_made(view)
    for place, source in enumerate(view.dossier.sources, start=1):
        blocks += _source(view, place, source)
    if people.placed or not people.whole:
        blocks += _listed(
            view,
            people.placed,
            say("Commits landed by a recorded change, in the order of the lists"),
            MOST_COMMITS - len(people.loose) - len(people.strange),
        )
    return Section(
        ANCHOR,
        "3",
        words(say("Completeness")),
        words(say("Is this every change of the release, and how is that known?")),
        _lede(people, len(elsewhere), len(gaps), compared, heard[0]),
        tuple(blocks),
    )


def _lede(people: Population, elsewhere: int, gaps: int, compared: Table, heard: Table) -> Line:
    said = [
        say_count(
            "{count} commit on the release's lists: {placed} landed by recorded changes, {loose} without one, "
            "{strange} in nothing recorded.",
            "{count} commits on the release's lists: {placed} landed by recorded changes, {loose} without one, "
            "{strange} in nothing recorded.",
            people.whole,
            placed=number(len(people.placed)),
            loose=number(len(people.loose)),
            strange=number(len(people.strange)),
        )
    ]
    if people.loose:
        said.append(say("Of those without one, {pushed} came by a push.", pushed=number(people.pushed)))
    said.append(
        say_count(
            "The other way, {count} landing in the ledger is not on them.",
            "The other way, {count} landings in the ledger are not on them.",
            elsewhere,
        )
    )
    if gaps:
        said.append(
            say_count("{count} point could not be reconciled.", "{count} points could not be reconciled.", gaps)
        )
    if compared.rows:
        said.append(
            say_count(
                "A clone was compared with the ledger on {count} ref, with differences on {apart}.",
                "A clone was compared with the ledger on {count} refs, with differences on {apart}.",
                len(compared.rows),
                apart=number(sum(row.hit for row in compared.rows)),
            )
        )
    if silent := sum(row.hit for row in heard.rows):
        said.append(
            say_count(
                "{count} source was silent for longer than it had said.",
                "{count} sources were silent for longer than they had said.",
                silent,
            )
        )
    return line(" ".join(said))


def _source(view: View, place: int, source: SourceFacts) -> list[Block]:
    facts = source.source
    begin: Line
    if facts.previous is None:
        project = view.dossier.records.roster.projects.get(facts.project)
        begin = line(say("The start of its history: the event declares a first release"))
        if project is not None and project.start is not None:
            begin = say_line("The declared start of the project, {commit}", commit=digest_line(project.start))
    else:
        begin = line(*digest_line(facts.previous, full=True))
        if source.previous_release is not None:
            end = say("end of the release in {entry}", entry=entry(source.previous_release))
            begin = (*begin, *line(" ", quiet(end)))
    held = (
        line(quiet(absence(source.commits.state)))
        if isinstance(source.commits, Absent)
        else line(
            say("{read} read, {stated} stated", read=number(len(source.commits)), stated=number(facts.commit_count))
        )
    )
    return [
        Heading(words(say("Source {number}", number=place))),
        Facts(
            rows(
                (
                    say("Project"),
                    line(capture(source.project_name or say("name not at hand"), limit=NAME), " ", code(facts.project)),
                ),
                (
                    say("Repository"),
                    line(code(facts.repository), " ", quiet(say("immutable id, as the release event gives it"))),
                ),
                *(((say("Only below"), line(code(facts.path))),) if facts.path is not None else ()),
                (say("Released commit"), digest_line(facts.commit, full=True)),
                (say("After"), begin),
                (say("Commit list"), held),
                (
                    say("Filter"),
                    line(
                        say("none: the whole list of the release event")
                        if facts.path is None
                        else say("commits that touch the path, as the release event lists them")
                    ),
                ),
            )
        ),
    ]


def _listed(view: View, places: tuple[CommitPlace, ...], caption: str, room: int) -> list[Block]:
    shown = places[: max(0, room)]
    blocks: list[Block] = [_commits(view, shown, caption)]
    if len(shown) < len(places):
        blocks.append(
            Paragraph(
                line(
                    say_count(
                        "{count} more such commit is not printed; the whole list is a content of the release event in "
                        "the attached bundle.",
                        "{count} more such commits are not printed; the whole list is a content of the release event "
                        "in the attached bundle.",
                        len(places) - len(shown),
                    )
                ),
                small=True,
            )
        )
    return blocks


def _commits(view: View, places: tuple[CommitPlace, ...], caption: str) -> Table:
    changes = {(change.facts.project, change.facts.id): change for change in view.changes}
    body: list[Row] = []
    for place in places:
        project = view.dossier.sources[place.source].source.project
        change = None if place.change is None else changes.get((project, place.change))
        where: Line
        if change is not None:
            where = (
                line(link(change.anchor("r"), change.label, page=True)) if view.shows(change) else line(change.label)
            )
        elif place.direct_push is not None:
            where = line(status(Mark.FAIL, say("No change")), f" {_how(place.direct_push)}, {entry(place.direct_push)}")
        else:
            where = line(status(Mark.FAIL, say("Not recorded")))
        subject = place.commit.subject
        body.append(
            Row(
                (
                    digest_line(place.commit.id),
                    line(quiet(say("no subject")) if subject is None else capture(subject, limit=SUBJECT)),
                    line(capture(account_words(place.commit.author), limit=NAME)),
                    where,
                ),
                hit=change is None,
            )
        )
    return Table(
        columns(
            (say("Commit"), 15),
            (say("Subject, as captured"), 31),
            (say("Author, as the commit names them"), 32),
            (say("Belongs to"), 22),
        ),
        tuple(body),
        words(say("No commit.")),
        words(caption),
        "dense",
    )


def _how(record: Record) -> str:
    """How something landed without a recorded change."""
    if is_push(record) or not isinstance(record.event.body, Merge):
        return say("pushed")
    return say("landed by {method}", method=record.event.body.method)


def _other_way(elsewhere: tuple[tuple[Record, bool], ...]) -> Table:
    return Table(
        columns(
            (say("Entry"), 9),
            (say("Ledger time, UTC"), 21),
            (say("Change"), 16),
            (say("Commit"), 18),
            (say("Why it is shown"), 36),
        ),
        tuple(
            Row(
                (
                    line(str(record.index)),
                    line(ledger_time(record)),
                    line(
                        capture(record.event.context.about.change or say("none: {how}", how=_how(record)), limit=TITLE)
                    ),
                    digest_line(record.event.body.commit)
                    if isinstance(record.event.body, Merge)
                    else line(quiet(NONE)),
                    line(
                        say("a parent of a listed commit: released, but not on the list")
                        if omitted
                        else say("landed between the previous release and this one; no commit of it is on the list")
                    ),
                ),
                hit=omitted,
            )
            for record, omitted in elsewhere
        ),
        words(say("Everything that landed in the ledger between the previous release and this one is on the lists.")),
        words(say("In the ledger, not on the lists")),
        "small",
    )
