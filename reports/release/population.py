"""Where the commits of a release belong, what landed beside its lists, and what could not be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent
from reports.parts import line, say_count_line, say_line
from reports.release.said import absence, digest_line, entry, joined
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import CommitPlace
    from ledger.records import Record
    from reports.parts import Line
    from reports.release.view import View


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


MOST_COMMITS: Final = 100
"""Commits printed; those without a change go first, and what is left out is counted."""


def loose_landings(view: View) -> tuple[tuple[Record, bool], ...]:
    """Landings of the release that belong to no recorded change, by entry, with whether the pack has a row for each."""
    people = population(view)
    shown = {
        place.direct_push.index
        for place in people.loose[: max(0, MOST_COMMITS - len(people.strange))]
        if place.direct_push is not None
    }
    found = {place.direct_push.index: place.direct_push for place in people.loose if place.direct_push is not None}
    return tuple((found[index], index in shown) for index in sorted(found))


def how_landed(record: Record) -> str:
    """How something landed without a recorded change."""
    if is_push(record) or not isinstance(record.event.body, Merge):
        return say("pushed")
    return say("landed by {method}", method=record.event.body.method)


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
        name = say("Source {number}", number=place)
        if isinstance(source.commits, Absent):
            found.append(
                (
                    name,
                    line(
                        say(
                            "The commit list is {absence}: nothing can be compared.",
                            absence=absence(source.commits.state),
                        )
                    ),
                )
            )
        elif len(source.commits) != source.source.commit_count:
            found.append(
                (
                    name,
                    line(
                        say_count(
                            "The event states {count} commit, its list holds {listed}.",
                            "The event states {count} commits, its list holds {listed}.",
                            source.source.commit_count,
                            listed=number(len(source.commits)),
                        )
                    ),
                )
            )
        if source.source.previous is not None and source.previous_release is None:
            found.append(
                (
                    name,
                    line(
                        say(
                            "No recorded release of this product ends at the previous commit: what lies between is "
                            "not shown to be whole."
                        )
                    ),
                )
            )
        if source.open_parents:
            parents = joined([digest_line(item) for item in source.open_parents[:6]])
            found.append(
                (
                    name,
                    say_count_line(
                        "{count} parent of listed commits is neither listed nor in an earlier release: old history "
                        "that a side branch began at, or an omission. {parents}",
                        "{count} parents of listed commits are neither listed nor in an earlier release: old history "
                        "that a side branch began at, or an omission. {parents}",
                        len(source.open_parents),
                        parents=say_line("{parents} and more", parents=parents)
                        if len(source.open_parents) > 6
                        else parents,
                    ),
                )
            )
        found += [
            (
                name,
                line(
                    say(
                        "The commit list of {entry} ({kind}) could not be read.",
                        entry=entry(record),
                        kind=record.event.kind,
                    )
                ),
            )
            for record in source.unread
        ]
    return tuple(found)
