"""What a part of a history shows: landings, commits, traces of assistants, and numbers that are only hints."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.capture.agents import ai_traces
from ledger.capture.commits import read_commits
from ledger.capture.hints import request_number
from ledger.capture.landing import read_landings
from ledger.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.capture.agents import AiTrace
    from ledger.capture.commits import Commit
    from ledger.capture.git import Repository
    from ledger.capture.landing import Landing
    from ledger.cli.trying.choosing import Chosen

MOST_PARENTS: Final = 16
"""Most parents of a landing that a merge event can name (format §4.4.2); it names at least one."""


@dataclass(frozen=True, slots=True)
class History:
    """A part of a history, read."""

    chosen: Chosen
    commits: tuple[Commit, ...]
    """Every commit of it, in the order of landing, parents first."""
    landings: tuple[Landing, ...]
    """Oldest first; together they hold every commit. None is bound to a change: history alone records none."""
    traces: Mapping[str, tuple[AiTrace, ...]]
    """Signs of assistants by commit id; only commits that have some."""
    hints: Mapping[str, str]
    """By the commit of a landing the number of a pull or merge request that its message names. A message is written by
    anybody, so nothing is bound by it."""

    def commit(self, identifier: str) -> Commit:
        """The commit of that id."""
        return next(commit for commit in self.commits if commit.id == identifier)

    @property
    def recordable(self) -> tuple[Landing, ...]:
        """The landings that a merge event can express."""
        parents = {commit.id: len(commit.parents) for commit in self.commits}
        return tuple(item for item in self.landings if 1 <= parents[item.commit] <= MOST_PARENTS)


@dataclass(frozen=True, slots=True)
class Counts:
    """A history in numbers."""

    commits: int
    landings: int
    merges: int
    """Landings with more than one parent."""
    names: int
    """Different names and addresses of authors, committers and co-authors as written; how many people is unknown."""
    co_authored: int
    """Commits with a co-author line."""
    signed: int
    """Commits that carry a signature, which nobody checked here."""
    traced: int
    """Commits with a trace of an assistant."""
    assistants: tuple[tuple[str, int], ...]
    """Label of each assistant and the commits that show it, most first."""
    hinted: int
    """Landings whose message names a pull or merge request."""
    unrecorded: int
    """Landings that no merge event can express: a first commit, or more than 16 parents."""


def read_history(repository: Repository, chosen: Chosen) -> History:
    """Everything of the chosen part.

    Raises:
        NotFoundError: ``empty-range``, ``git-object-missing``.
        UnavailableError: ``git-shallow``, ``git-failed``.
        FormatError: an object is damaged, or a manifest would be too long.
    """
    landings = read_landings(repository, chosen.previous or repository.zero_id, chosen.tip, ())
    if not landings:
        raise NotFoundError("empty-range", "nothing lies between the two revisions", remedy="Name another --from.")
    commits = tuple(read_commits(repository, (each for landing in landings for each in landing.commits)))
    by_id = {commit.id: commit for commit in commits}
    traces = {commit.id: found for commit in commits if (found := ai_traces(commit))}
    hints = {
        item.commit: number for item in landings if (number := request_number(by_id[item.commit].message)) is not None
    }
    return History(chosen, commits, landings, traces, hints)


def count(history: History) -> Counts:
    """The history in numbers."""
    names = {
        (contact.name, contact.mail.casefold())
        for commit in history.commits
        for contact in (commit.author.contact, commit.committer.contact, *commit.co_authors)
    }
    assistants = Counter(label for found in history.traces.values() for label in {trace.agent for trace in found})
    return Counts(
        commits=len(history.commits),
        landings=len(history.landings),
        merges=sum(item.method == "merge" for item in history.landings),
        names=len(names),
        co_authored=sum(bool(commit.co_authors) for commit in history.commits),
        signed=sum(commit.signed for commit in history.commits),
        traced=len(history.traces),
        assistants=tuple(sorted(assistants.items(), key=lambda item: (-item[1], item[0]))),
        hinted=len(history.hints),
        unrecorded=len(history.landings) - len(history.recordable),
    )
