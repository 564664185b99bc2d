"""Reconciliations: git against the ledger both ways, releases against what landed, deployments against what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.events.evidence import ComparedRef, Reconciliation
from reports.parts import Figure, Figures, Heading, Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.period.differences import difference_blocks
from reports.period.running import running_blocks, running_gaps
from reports.period.shown import cut
from reports.period.silence import silence_blocks, silences
from reports.period.span import of_period
from reports.release.said import (
    NONE,
    code,
    columns,
    digest_line,
    joined,
    ledger_time,
    listed_names,
    quiet,
    status,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Landing, ReleaseDossier
    from ledger.records import Record
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "reconciliations"
GIT: Final = "git-compared"
"""Anchor of the comparisons with git."""
MOST: Final = 25
"""Rows printed of each table; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a clone and the ledger said of each other on one ref."""

    record: Record
    body: Reconciliation
    ref: ComparedRef

    @property
    def differs(self) -> bool:
        """Whether either side tells something that the other does not."""
        return bool(self.ref.missing_count or self.ref.unknown_count)


@dataclass(frozen=True, slots=True)
class Listed:
    """The commit lists of a release against what landed."""

    release: ReleaseDossier
    placed: int
    """Commits that a recorded change landed."""
    loose: int
    """Commits that landed without one."""
    strange: int
    """Commits in nothing that is recorded."""
    omitted: int
    """Landings that listed commits descend from and that are not on the lists."""
    unread: int
    """Lists that could not be read."""

    @property
    def differs(self) -> bool:
        """Whether anything is not explained."""
        return bool(self.loose or self.strange or self.omitted or self.unread)


def comparisons(view: PeriodView) -> tuple[Compared, ...]:
    """Every comparison of a clone with the ledger that was recorded in the period."""
    return tuple(
        Compared(record, body, ref)
        for record in view.dossier.records.entries
        if of_period(view.dossier, record) and isinstance(body := record.event.body, Reconciliation)
        for ref in body.refs
    )


def compared(view: PeriodView) -> tuple[Compared, ...]:
    """The latest comparison of each protected ref."""
    latest = {(item.record.event.context.project, item.ref.ref): item for item in comparisons(view)}
    return tuple(latest.values())


def listed(view: PeriodView) -> tuple[Listed, ...]:
    """The releases of the period with what their commit lists say."""
    found: list[Listed] = []
    for release in view.dossier.releases:
        places = release.places
        placed = sum(place.change is not None for place in places)
        loose = sum(place.change is None and place.direct_push is not None for place in places)
        found.append(
            Listed(
                release,
                placed,
                loose,
                len(places) - placed - loose,
                len({record.index for source in release.sources for record in source.omitted}),
                sum(len(source.unread) for source in release.sources),
            )
        )
    return tuple(found)


def reconciliations(view: PeriodView) -> Section:
    """The section."""
    refs = compared(view)
    lists = listed(view)
    quiet_sources = silences(view)
    apart, loose, gaps = sum(item.differs for item in refs), len(view.dossier.unplaced), len(running_gaps(view))
    silent = sum(item.overdue for item in quiet_sources)
    return Section(
        ANCHOR,
        "6",
        words(say("Reconciliations")),
        words(say("Do git, the ledger, releases and what runs agree, and was any source silent?")),
        _lede(view, refs, lists),
        (
            Figures(
                (
                    Figure(
                        words(number(apart)),
                        words(
                            say_count(
                                "ref on which git and ledger differ", "refs on which git and ledger differ", apart
                            )
                        ),
                        words(say("of {whole} compared", whole=number(len(refs)))),
                    ),
                    Figure(
                        words(number(loose)),
                        words(
                            say_count("landing without a recorded change", "landings without a recorded change", loose)
                        ),
                    ),
                    Figure(words(number(gaps)), words(say("deployed or running without a release"))),
                    Figure(
                        words(number(silent)),
                        words(say_count("source silent for too long", "sources silent for too long", silent)),
                        words(say("of {whole} heard", whole=number(len(quiet_sources)))),
                    ),
                )
            ),
            *_git(view),
            *difference_blocks(view, refs),
            *_unplaced(view),
            *_lists(lists),
            *running_blocks(view),
            *_repositories(view),
            *silence_blocks(view),
        ),
    )


def _lede(view: PeriodView, refs: tuple[Compared, ...], lists: tuple[Listed, ...]) -> Line:
    first = (
        say_count(
            "{count} protected ref was compared with a clone of git; differing: {apart}.",
            "{count} protected refs were compared with a clone of git; differing: {apart}.",
            len(refs),
            apart=number(sum(item.differs for item in refs)),
        )
        if refs
        else say("No clone of git was compared with the ledger in the period.")
    )
    second = say_count(
        "{count} landing belongs to no recorded change.",
        "{count} landings belong to no recorded change.",
        len(view.dossier.unplaced),
    )
    third = say_count(
        "{apart} of {count} release holds commits that are not explained.",
        "{apart} of {count} releases hold commits that are not explained.",
        len(lists),
        apart=number(sum(item.differs for item in lists)),
    )
    return line(first, " ", second, " ", third)


def _git(view: PeriodView) -> list[Block]:
    found = comparisons(view)
    body = tuple(
        Row(
            (
                line(number(item.record.index)),
                line(
                    view.project_name(str(item.record.event.context.project)),
                    quiet(f" {capture(item.ref.ref, limit=60)}"),
                ),
                line(say("{first} to {end}", first=number(item.body.from_), end=number(item.body.to))),
                line(number(item.ref.commit_count)),
                line(number(item.ref.recorded_count)),
                line(status(Mark.FAIL, number(item.ref.missing_count))) if item.ref.missing_count else line("0"),
                line(status(Mark.FAIL, number(item.ref.unknown_count))) if item.ref.unknown_count else line("0"),
                digest_line(item.body.result),
            ),
            hit=item.differs,
        )
        for item in found
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Heading(words(say("Git to ledger, and back")), GIT),
        Table(
            columns(
                (say("Entry"), 8),
                (say("Project, ref"), 23),
                (say("Positions"), 13),
                (say("Commits in git"), 10),
                (say("Recorded"), 10),
                (say("Not recorded"), 11),
                (say("Not in git"), 10),
                (say("Digest of the comparison"), 15),
            ),
            shown,
            words(
                say(
                    "Nobody compared a clone with the ledger in the period: whether everything that landed in git was "
                    "recorded cannot be told from here. The run sheet says how to do it on any clone, also the "
                    "assessor's own."
                )
            ),
            None,
            "dense",
        ),
        *rest,
    ]


def _unplaced(view: PeriodView) -> list[Block]:
    body = tuple(
        Row(
            (
                line(number(item.record.index)),
                line(ledger_time(item.record)),
                line(view.project_name(str(item.record.event.context.project))),
                digest_line(item.merge.commit),
                line(item.merge.method),
                listed_names((item.merged_by,)),
                _falls_in(view, item),
            ),
            hit=True,
        )
        for item in view.dossier.unplaced
    )
    shown, rest = cut(body, MOST, "entries")
    return [
        Table(
            columns(
                (say("Entry"), 8),
                (say("Ledger time, UTC"), 19),
                (say("Project"), 14),
                (say("Commit"), 15),
                (say("Method"), 9),
                (say("By"), 15),
                (say("Released in"), 20),
            ),
            shown,
            words(say("Everything that landed in the period belongs to a recorded change.")),
            words(say("Landed without a recorded change")),
            "small",
        ),
        *rest,
    ]


def _falls_in(view: PeriodView, item: Landing) -> Line:
    """The releases of the period that list what landed, or that are known to hold it without listing it."""
    found: list[Line] = []
    for release in view.dossier.releases:
        if any(place.commit.id == item.merge.commit for place in release.places):
            found.append(line(capture(release.name, limit=60)))
        elif any(record.index == item.record.index for source in release.sources for record in source.omitted):
            found.append(line(capture(release.name, limit=60), " ", quiet(say("not on its list"))))
    return joined(found, "; ") or line(quiet(say("on no list of a release of the period")))


def _lists(lists: tuple[Listed, ...]) -> list[Block]:
    body = tuple(
        Row(
            (
                line(capture(item.release.name, limit=80), quiet(f" {item.release.record.index}")),
                line(number(item.placed)),
                line(status(Mark.FAIL, number(item.loose))) if item.loose else line("0"),
                line(status(Mark.FAIL, number(item.strange))) if item.strange else line("0"),
                line(status(Mark.FAIL, number(item.omitted))) if item.omitted else line("0"),
                line(status(Mark.CANNOT_TELL, number(item.unread))) if item.unread else line("0"),
            ),
            hit=item.differs,
        )
        for item in lists
    )
    shown, rest = cut(body, MOST, "releases")
    return [
        Table(
            columns(
                (say("Release, entry"), 30),
                (say("Commits landed by a change"), 15),
                (say("Landed without one"), 14),
                (say("In nothing recorded"), 14),
                (say("Contained, not listed"), 14),
                (say("Lists that cannot be read"), 13),
            ),
            shown,
            words(say("No release is recorded in the period.")),
            words(say("Commit lists of releases against what landed")),
            "small",
        ),
        Paragraph(
            line(
                say(
                    "“Contained, not listed” counts landings that a listed commit descends from and that the lists "
                    "leave out; a landing that no release is known to contain is not among them."
                )
            ),
            small=True,
        ),
        *rest,
    ]


def _repositories(view: PeriodView) -> list[Block]:
    """The forge's repositories against the scope: only what releases name is known."""
    found: dict[str, set[str]] = {}
    for release in view.dossier.releases:
        for source in release.release.sources:
            found.setdefault(source.repository, set()).add(source.project)
    outside = {
        repository: projects - set(view.dossier.projects)
        for repository, projects in found.items()
        if projects - set(view.dossier.projects)
    }
    body = tuple(
        Row(
            (
                line(code(capture(repository, limit=120))),
                line(", ".join(view.project_name(one).plain for one in sorted(projects & set(view.dossier.projects))))
                if projects & set(view.dossier.projects)
                else line(quiet(NONE)),
                line(status(Mark.FAIL, say("Outside the scope"))) if repository in outside else line(say("in scope")),
            ),
            hit=repository in outside,
        )
        for repository, projects in sorted(found.items())
    )
    shown, rest = cut(body, MOST, "releases")
    return [
        Table(
            columns((say("Repository that a release names"), 50), (say("Project"), 26), (say("Scope"), 24)),
            shown,
            words(say("No release of the period names a repository.")),
            words(say("Repositories against the scope")),
            "small",
        ),
        *rest,
        Paragraph(
            line(
                say(
                    "A list of all repositories of the forge is not recorded: whether one is left out of the scope has "
                    "to be compared there."
                )
            ),
            small=True,
        ),
    ]
