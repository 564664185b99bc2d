"""Who wrote it by git's word, against who was seen to push it: ID-05."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ledger.documents import account_key
from ledger.dossier.people import compare
from ledger.records import Absent
from ledger.rules.contributors import unresolved
from ledger.rules.parameters import PEOPLE
from ledger.rules.shape import Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import capital, listed, party_words, person, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.dossier.facts import Account, CommitFact, Contribution, Party, Revision
    from ledger.records import Record
    from ledger.rules.shape import ChangeCase, Finding, NamedRecord


@dataclass(slots=True)
class _Found:
    """What the commits of all revisions come to."""

    agreeing: int = 0
    contrary: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    inputs: list[NamedRecord] = field(default_factory=list)


def id_05(case: ChangeCase) -> Finding:
    """ID-05: the claimed authors of the commits are those who were seen to push them, or name them as co-authors."""
    found = _Found()
    pushed = list(_pushed(case))
    if not case.change.revisions:
        return untold(("no revision of the change is recorded",))
    if not pushed:
        return inapplicable("a revision changes something", [("diff", item.record) for item in case.change.revisions])
    hidden = False
    for revision, commits in pushed:
        found.inputs.append(("diff", revision.record))
        pushers = _authenticated(case, revision)
        found.inputs += [("push", record) for _, record in pushers]
        if isinstance(commits, Absent):
            # What it held may have come with it, and not with a later revision that lists it too.
            hidden = True
            found.missing.append(f"the commit list of revision {revision.number} is {commits.state}")
        elif not pushers:
            found.missing.append(f"who pushed revision {revision.number} is not recorded apart from its commits")
        else:
            _compare(case, revision, commits, [party for party, _ in pushers], found, hidden=hidden)
    if found.contrary:
        return failed(f"{capital('; '.join(dict.fromkeys(found.contrary)))}.", found.inputs)
    if found.missing:
        return untold(found.missing, found.inputs)
    return passed("Whoever was seen to push each commit is its author, or named in it.", found.inputs)


def _pushed(case: ChangeCase) -> Iterator[tuple[Revision, tuple[CommitFact, ...] | Absent]]:
    """Each revision that changed something, with the commits that came with it."""
    known: set[str] = set()
    for revision in case.change.revisions:
        commits = revision.commits
        new = commits if isinstance(commits, Absent) else tuple(item for item in commits if item.id not in known)
        if not isinstance(commits, Absent):
            known.update(item.id for item in commits)
        # A rebase by a service moves the base and changes nothing: nobody's authorship is claimed by it.
        if isinstance(new, Absent) or (not revision.base_only and new):
            yield revision, new


def _authenticated(case: ChangeCase, revision: Revision) -> list[tuple[Party, Record]]:
    """Who was seen to push the revision: by a push event, or as the actor of its diff.

    A service that names itself in what it reports saw nobody.
    """
    found = [(item.actor, item.record) for item in case.change.pushes if item.body.after == revision.diff.head]
    of_diff, record = revision.actor, revision.record
    # As signed: a service that was merged into another one still names itself.
    if of_diff.type != "service" or record.event.context.actor.principal != record.key.principal:
        found.append((of_diff, revision.record))
    return found


def _compare(
    case: ChangeCase,
    revision: Revision,
    commits: tuple[CommitFact, ...],
    pushers: list[Party],
    found: _Found,
    *,
    hidden: bool,
) -> None:
    for commit in commits:
        named = _named(case, commit)
        for pusher in pushers:
            same = [compare(pusher, item.party) for item in named]
            if "yes" in same or (pusher.type == "agent" and _names_assistant(case, commit)):
                found.agreeing += 1
            elif "unknown" in same or pusher.principal is None:
                open_ones = [item for item in named if item.party.principal is None and not item.party.claimants]
                found.missing += [unresolved(item, item.duty) for item in open_ones] or [
                    f"whether {party_words(pusher, 'whoever pushed')} is named in commit {short(commit.id)} is open"
                ]
            elif not hidden:
                who = party_words(pusher, f"whoever pushed revision {revision.number}")
                authors = _people_words(case, commit)
                found.contrary.append(
                    f"{who} pushed commit {short(commit.id)} of revision {revision.number}, which names {authors} as "
                    "author and them nowhere"
                )


def _named(case: ChangeCase, commit: CommitFact) -> list[Contribution]:
    """The commit's author, co-authors and, unless a machine committed, committer, as contributors."""
    found: list[Contribution] = []
    for duty, accounts in (
        ("author", (commit.author,)),
        ("co-author", commit.co_authors),
        ("committer", (commit.committer,)),
    ):
        for account in accounts:
            item = _contribution(case, account, duty)
            if item is None or (duty == "committer" and item.party.type in {"agent", "service"}):
                continue
            found.append(item)
    return found


def _contribution(case: ChangeCase, account: Account, duty: str) -> Contribution | None:
    key = account_key(account.system, account.id, account.mail)
    for item in case.change.contributions:
        known = item.party.account
        if item.duty == duty and known is not None and account_key(known.system, known.id, known.mail) == key:
            return item
    return None


def _names_assistant(case: ChangeCase, commit: CommitFact) -> bool:
    """Whether the commit says that an assistant wrote it: by its traces or a co-author trailer."""
    listed_ones = case.settings["assistant_co_authors"]
    mails = listed_ones if isinstance(listed_ones, list) else []
    return bool(commit.ai_traces) or any((item.mail or "").casefold() in mails for item in commit.co_authors)


def _people_words(case: ChangeCase, commit: CommitFact) -> str:
    item = _contribution(case, commit.author, "author")
    if item is None or item.party.principal is None:
        return "somebody else"
    return listed((person(item.party.principal),))


ID_05: Final = Rule(
    "ID-05",
    "Authorship corroborated",
    "Whoever was seen to push a commit is its author, or is named in it.",
    id_05,
    parameters=PEOPLE,
)
