"""Commit lists as contents of events (format §4.6), read from a clone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.capture.agents import ai_traces
from ledger.capture.commits import read_commits
from ledger.documents import CommitPerson, ListedCommit, encode_commits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.capture.commits import Commit, Signature
    from ledger.capture.git import Repository


def list_commits(repository: Repository, ids: Iterable[str]) -> bytes:
    """The commit list of these commits, in their order; raises as ``capture.commits.read_commits``."""
    return encode_listed(tuple(read_commits(repository, ids)))


def encode_listed(commits: Sequence[Commit]) -> bytes:
    """The commit list of ``commits``, in their order."""
    return encode_commits(tuple(map(listed, commits)))


def listed(commit: Commit) -> ListedCommit:
    """The commit as a commit list holds it."""
    return ListedCommit(
        ai_traces=tuple(dict.fromkeys(trace.text for trace in ai_traces(commit))),
        author=_person(commit.author),
        co_authors=tuple(CommitPerson(contact.mail, contact.name) for contact in commit.co_authors),
        committer=_person(commit.committer),
        id=commit.id,
        parents=commit.parents,
        tree=commit.tree,
        subject=commit.subject,
    )


def _person(signature: Signature) -> CommitPerson:
    return CommitPerson(signature.contact.mail, signature.contact.name, signature.at)
