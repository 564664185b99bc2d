"""Completeness: the release's commit lists against what the ledger holds, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent
from reports.parts import (
    Break,
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
from reports.release.governed import previous_position
from reports.release.population import MOST_COMMITS, how_landed, not_listed, population, unreconciled
from reports.release.register import once
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
    entry_anchor,
    ledger_time,
    link,
    quiet,
    rows,
    status,
    strong,
)
from reports.release.sheet import comparisons, differs, how_made, reconciliations, silence, silent
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Account, CommitPlace, SourceFacts
    from ledger.records import Record
    from reports.parts import Block
    from reports.release.population import Population
    from reports.release.view import View

ANCHOR: Final = "completeness"
SUBJECT: Final = 140
"""Characters printed of a commit's subject."""


def completeness(view: View) -> Section:
    """The section."""
    people = population(view)
    elsewhere = not_listed(view)
    gaps = unreconciled(view)
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
    blocks += reconciliations(view)
    blocks.append(_other_way(view, elsewhere))
    blocks.append(
        Table(
            columns((say("Source"), 16), (say("What could not be compared, and why"), 84)),
            tuple(Row((line(name), said), hit=True) for name, said in gaps),
            words(say("Nothing: every list was read, and every parent of a listed commit is accounted for.")),
            words(say("What could not be compared")),
            "small",
        )
    )
    blocks += silence(view)
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
        _lede(view, people, len(elsewhere), len(gaps)),
        tuple(blocks),
    )


def _lede(view: View, people: Population, elsewhere: int, gaps: int) -> Line:
    said = [
        say_count(
            "The release's lists name {count} commit: {placed} landed by a recorded change, {loose} landed without "
            "one, {strange} in nothing that is recorded.",
            "The release's lists name {count} commits: {placed} landed by a recorded change, {loose} landed without "
            "one, {strange} in nothing that is recorded.",
            people.whole,
            placed=number(len(people.placed)),
            loose=number(len(people.loose)),
            strange=number(len(people.strange)),
        )
    ]
    if people.loose:
        said.append(
            say_count(
                "Of what landed without a recorded change, {count} commit was pushed straight to the branch.",
                "Of what landed without a recorded change, {count} commits were pushed straight to the branch.",
                people.pushed,
            )
        )
    said.append(
        say_count(
            "Compared the other way round, {count} landing in the ledger is missing from the lists.",
            "Compared the other way round, {count} landings in the ledger are missing from the lists.",
            elsewhere,
        )
        if elsewhere
        else say("Compared the other way round, nothing that landed in the ledger is missing from the lists.")
    )
    if gaps:
        said.append(say_count("{count} point could not be compared.", "{count} points could not be compared.", gaps))
    if compared := comparisons(view):
        said.append(
            say_count(
                "A clone was compared with the ledger on {count} ref, {apart} of them with differences.",
                "A clone was compared with the ledger on {count} refs, {apart} of them with differences.",
                len(compared),
                apart=number(sum(differs(ref) for _, ref in compared)),
            )
        )
    if fell := silent(view):
        said.append(
            say_count(
                "{count} source was silent for longer than it had said.",
                "{count} sources were silent for longer than they had said.",
                fell,
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
                    line(quiet(say("the release event gives the project's id in its place")))
                    if facts.repository == facts.project
                    else line(code(facts.repository), " ", quiet(say("immutable id, as the release event gives it"))),
                ),
                *(((say("Only below"), line(code(facts.path))),) if facts.path is not None else ()),
                (
                    say("Released commit"),
                    (*digest_line(facts.commit, full=True), *line(", ", *belonging(view, place - 1))),
                ),
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
    placed: set[int] = set()
    for place in places:
        project = view.dossier.sources[place.source].source.project
        change = None if place.change is None else changes.get((project, place.change))
        where: Line
        if change is not None:
            where = (
                line(link(change.anchor("r"), change.label, page=True)) if view.shows(change) else line(change.label)
            )
        elif place.direct_push is not None:
            where = line(
                status(Mark.FAIL, say("Without a change")),
                f" {how_landed(place.direct_push)}, ",
                link(entry_anchor(place.direct_push.index), entry(place.direct_push)),
            )
        else:
            where = line(status(Mark.FAIL, say("Not recorded")))
        subject = place.commit.subject
        body.append(
            Row(
                (
                    digest_line(place.commit.id),
                    line(quiet(say("no subject")) if subject is None else capture(subject, limit=SUBJECT)),
                    _account(place.commit.author),
                    where,
                ),
                hit=change is None,
                anchor="" if place.direct_push is None else once(placed, place.direct_push.index),
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


def _account(account: Account) -> Line:
    """Name and address, the address on a line of its own: broken in its middle it reads as two."""
    if account.system != "git" or not account.name or not account.mail:
        return line(capture(account_words(account), limit=NAME))
    return line(capture(account.name, limit=NAME), Break(), capture(f"<{account.mail}>", limit=NAME))


def belonging(view: View, source: int) -> Line:
    """What brought the released commit of a source: its change, a landing without one, or nothing recorded."""
    ends_at = view.dossier.sources[source].source
    changes = {(change.facts.project, change.facts.id): change for change in view.changes}
    for place in view.dossier.places:
        if place.source != source or place.commit.id != ends_at.commit:
            continue
        if place.change is not None and (ends_at.project, place.change) in changes:
            return line(changes[ends_at.project, place.change].label)
        if place.direct_push is not None:
            said = say("{how}, {entry}", how=how_landed(place.direct_push), entry=entry(place.direct_push))
            return line(status(Mark.FAIL, say("Without a change")), f" {said}")
    return line(status(Mark.FAIL, say("Belongs to no recorded change")))


def _other_way(view: View, elsewhere: tuple[tuple[Record, bool], ...]) -> Table:
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
                        capture(
                            record.event.context.about.change or say("none: {how}", how=how_landed(record)), limit=TITLE
                        )
                    ),
                    digest_line(record.event.body.commit)
                    if isinstance(record.event.body, Merge)
                    else line(quiet(NONE)),
                    line(strong("! "), say("a parent of a listed commit: released, but not on the list"))
                    if omitted
                    else line(
                        say("landed between the previous release and this one; no commit of it is on the list")
                        if previous_position(view)
                        else say("landed up to this release; no commit of it is on the list")
                    ),
                ),
                hit=omitted,
            )
            for record, omitted in elsewhere
        ),
        words(
            say("Nothing: everything that landed in the ledger between the previous release and this one is listed.")
            if previous_position(view)
            else say("Nothing: everything that landed in the ledger up to this release is listed.")
        ),
        words(say("In the ledger, not on the lists")),
        "small",
    )
