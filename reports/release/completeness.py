"""Completeness: the release's commit lists against what the ledger holds, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent
from reports.parts import Facts, Figure, Figures, Heading, Line, Mark, Paragraph, Row, Section, Table, line, words
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
    joined,
    ledger_time,
    link,
    quiet,
    rows,
    status,
)
from reports.text import capture
from reports.wording import count, number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitPlace, SourceFacts
    from ledger.records import Record
    from reports.parts import Block
    from reports.release.view import View

ANCHOR: Final = "completeness"
SUBJECT: Final = 140
"""Characters printed of a commit's subject."""
MOST_COMMITS: Final = 400
"""Commits printed; those without a change go first, and what is left out is counted."""


@dataclass(frozen=True, slots=True)
class Population:
    """The commits of the release by where they belong; ``placed``, ``loose`` and ``strange`` are all of it."""

    placed: tuple[CommitPlace, ...]
    """Landed by a recorded change."""
    loose: tuple[CommitPlace, ...]
    """Landed without a recorded change: pushed, or by a request that nobody recorded."""
    strange: tuple[CommitPlace, ...]
    """In nothing that is recorded."""

    @property
    def whole(self) -> int:
        """Commits on the lists."""
        return len(self.placed) + len(self.loose) + len(self.strange)

    @property
    def pushed(self) -> int:
        """Those of ``loose`` that were pushed, as their landing says."""
        return sum(is_push(place.direct_push) for place in self.loose)


def is_push(record: Record | None) -> bool:
    """Whether a landing was a push. Any other method speaks of a change, recorded or not."""
    return record is not None and isinstance(record.event.body, Merge) and record.event.body.method == "push"


def population(view: View) -> Population:
    """Where the commits of the release belong."""
    places = view.dossier.places
    return Population(
        tuple(place for place in places if place.change is not None),
        tuple(place for place in places if place.change is None and place.direct_push is not None),
        tuple(place for place in places if place.change is None and place.direct_push is None),
    )


def not_listed(view: View) -> tuple[tuple[Record, bool], ...]:
    """Landings in the ledger that are not on the release's lists, with whether a listed commit descends from them."""
    found: dict[int, tuple[Record, bool]] = {}
    for source in view.dossier.sources:
        found.update({record.index: (record, True) for record in source.omitted})
        for record in source.landed_outside:
            found.setdefault(record.index, (record, False))
    return tuple(sorted(found.values(), key=lambda item: (not item[1], item[0].index)))


def unreconciled(view: View) -> tuple[tuple[str, Line], ...]:
    """What could not be compared, source by source, with the reason."""
    found: list[tuple[str, Line]] = []
    for place, source in enumerate(view.dossier.sources, start=1):
        name = f"Source {place}"
        if isinstance(source.commits, Absent):
            found.append((name, line(f"The commit list is {absence(source.commits.state)}: nothing can be compared.")))
        elif len(source.commits) != source.source.commit_count:
            found.append(
                (
                    name,
                    line(
                        f"The event states {count(source.source.commit_count, 'commit', 'commits')}, "
                        f"its list holds {number(len(source.commits))}."
                    ),
                )
            )
        if source.source.previous is not None and source.previous_release is None:
            found.append(
                (
                    name,
                    line(
                        "No recorded release of this product ends at the previous commit: "
                        "what lies between is not shown to be whole."
                    ),
                )
            )
        if source.open_parents:
            found.append(
                (
                    name,
                    line(
                        f"{count(len(source.open_parents), 'parent', 'parents')} of listed commits "
                        f"{'is' if len(source.open_parents) == 1 else 'are'} neither listed nor in an earlier release: "
                        "old history that a side branch began at, or an omission. ",
                        *joined([digest_line(item) for item in source.open_parents[:6]]),
                        " and more" if len(source.open_parents) > 6 else "",
                    ),
                )
            )
        found += [
            (name, line(f"The commit list of {entry(record)} ({record.event.kind}) could not be read."))
            for record in source.unread
        ]
    return tuple(found)


def completeness(view: View) -> Section:
    """The section."""
    people = population(view)
    elsewhere = not_listed(view)
    gaps = unreconciled(view)
    blocks: list[Block] = [
        Figures(
            (
                Figure(words(number(people.whole)), words("commits on the lists of the release")),
                Figure(words(number(len(people.placed))), words("landed by a recorded change")),
                Figure(words(number(len(people.loose))), words("landed without a recorded change")),
                Figure(words(number(len(people.strange))), words("in nothing that is recorded")),
            )
        )
    ]
    if people.loose or people.strange:
        blocks += _listed(
            view,
            (*people.strange, *people.loose),
            "Commits without a recorded change",
            MOST_COMMITS,
        )
    blocks.append(_other_way(elsewhere))
    blocks.append(
        Table(
            columns(("Source", 16), ("What could not be reconciled", 84)),
            tuple(Row((line(name), said), hit=True) for name, said in gaps),
            words(
                "Everything could be compared: every list was read, and every parent of a listed commit is "
                "accounted for."
            ),
            words("Not reconciled"),
            "small",
        )
    )
    for place, source in enumerate(view.dossier.sources, start=1):
        blocks += _source(view, place, source)
    if people.placed or not people.whole:
        blocks += _listed(
            view,
            people.placed,
            "Commits landed by a recorded change, in the order of the lists",
            MOST_COMMITS - len(people.loose) - len(people.strange),
        )
    return Section(
        ANCHOR,
        "2",
        words("Completeness"),
        words("Is this every change of the release, and how is that known?"),
        _lede(people, len(elsewhere), len(gaps)),
        tuple(blocks),
    )


def _lede(people: Population, elsewhere: int, gaps: int) -> Line:
    first = (
        f"{count(people.whole, 'commit', 'commits')} on the release's lists: {number(len(people.placed))} landed by "
        f"recorded changes, {number(len(people.loose))} without one, {number(len(people.strange))} in nothing recorded."
    )
    if people.loose:
        first += f" Of those without one, {number(people.pushed)} came by a push."
    second = (
        f" The other way, {count(elsewhere, 'landing', 'landings')} in the ledger "
        f"{'is' if elsewhere == 1 else 'are'} not on them."
    )
    third = f" {count(gaps, 'point', 'points')} could not be reconciled." if gaps else ""
    return line(first + second + third)


def _source(view: View, place: int, source: SourceFacts) -> list[Block]:
    facts = source.source
    begin: Line
    if facts.previous is None:
        project = view.dossier.records.roster.projects.get(facts.project)
        begin = line("The start of its history: the event declares a first release")
        if project is not None and project.start is not None:
            begin = line("The declared start of the project, ", *digest_line(project.start))
    else:
        begin = line(*digest_line(facts.previous, full=True))
        if source.previous_release is not None:
            begin = (*begin, *line(quiet(f" end of the release in {entry(source.previous_release)}")))
    held = (
        line(quiet(absence(source.commits.state)))
        if isinstance(source.commits, Absent)
        else line(f"{number(len(source.commits))} read, {number(facts.commit_count)} stated")
    )
    return [
        Heading(words(f"Source {place}")),
        Facts(
            rows(
                (
                    "Project",
                    line(capture(source.project_name or "name not at hand", limit=NAME), " ", code(facts.project)),
                ),
                ("Repository", line(code(facts.repository), quiet(" immutable id, as the release event gives it"))),
                *((("Only below", line(code(facts.path))),) if facts.path is not None else ()),
                ("Released commit", digest_line(facts.commit, full=True)),
                ("After", begin),
                ("Commit list", held),
                (
                    "Filter",
                    line(
                        "none: the whole list of the release event"
                        if facts.path is None
                        else "commits that touch the path, as the release event lists them"
                    ),
                ),
                (
                    "Read at",
                    line(f"position {number(view.dossier.records.position)}, from {entry(view.dossier.record)}"),
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
                    f"{count(len(places) - len(shown), 'more such commit is', 'more such commits are')} not printed; "
                    "the whole list is a content of the release event in the attached bundle."
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
            where = line(status(Mark.FAIL, "No change"), f" {_how(place.direct_push)}, {entry(place.direct_push)}")
        else:
            where = line(status(Mark.FAIL, "Not recorded"))
        subject = place.commit.subject
        body.append(
            Row(
                (
                    digest_line(place.commit.id),
                    line(quiet("no subject") if subject is None else capture(subject, limit=SUBJECT)),
                    line(capture(account_words(place.commit.author), limit=NAME)),
                    where,
                ),
                hit=change is None,
            )
        )
    return Table(
        columns(
            ("Commit", 15), ("Subject, as captured", 31), ("Author, as the commit names them", 32), ("Belongs to", 22)
        ),
        tuple(body),
        words("No commit."),
        words(caption),
        "dense",
    )


def _how(record: Record) -> str:
    """How something landed without a recorded change."""
    if is_push(record) or not isinstance(record.event.body, Merge):
        return "pushed"
    return f"landed by {record.event.body.method}"


def _other_way(elsewhere: tuple[tuple[Record, bool], ...]) -> Table:
    return Table(
        columns(("Entry", 9), ("Ledger time, UTC", 21), ("Change", 16), ("Commit", 18), ("Why it is shown", 36)),
        tuple(
            Row(
                (
                    line(str(record.index)),
                    line(ledger_time(record)),
                    line(capture(record.event.context.about.change or f"none: {_how(record)}", limit=TITLE)),
                    digest_line(record.event.body.commit)
                    if isinstance(record.event.body, Merge)
                    else line(quiet(NONE)),
                    line(
                        "a parent of a listed commit: released, but not on the list"
                        if omitted
                        else "landed between the previous release and this one; no commit of it is on the list"
                    ),
                ),
                hit=omitted,
            )
            for record, omitted in elsewhere
        ),
        words("Everything that landed in the ledger between the previous release and this one is on the lists."),
        words("In the ledger, not on the lists"),
        "small",
    )
