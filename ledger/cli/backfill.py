"""``evidence backfill``: what happened before anybody recorded, brought after the fact and marked so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options, repository_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ledger.capture.commits import Commit
    from ledger.capture.git import Repository
    from ledger.capture.landing import Candidate, Landing
    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.context import Actor
    from ledger.making import NewContent
    from ledger.parcel import Parcel

MOST_LANDINGS: Final = 5_000
PULL_REFS: Final = ("refs/pull/{}/head", "refs/remotes/origin/pull/{}/head", "refs/merge-requests/{}/head")
"""Where a clone holds the last commit of a pull or merge request, if somebody fetched it."""


@click.group()
def backfill() -> None:
    """Bring what happened before anybody recorded. It stays marked as late: rules about order cannot tell of it."""


@backfill.command()
@click.option("--ref", metavar="REF", help="The branch; by default the first that the project protects.")
@click.option(
    "--from", "start", metavar="COMMIT", help="The last commit before; by default the project's declared start."
)
@click.option("--to", "end", metavar="COMMIT", help="The last commit; by default the branch's own.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, and record nothing.")
@repository_option
@recording_options
@click.pass_context
def git(
    ctx: click.Context,
    *,
    ref: str | None,
    start: str | None,
    end: str | None,
    dry_run: bool,
    repo: Path,
    require_server: bool,
) -> None:
    """Record the landings of a branch since the declared start, with the changes that their messages name.

    \b
    To have the commits that reviewers saw, fetch them first:
      git fetch origin 'refs/pull/*/head:refs/pull/*/head'
      evidence backfill git
      evidence record reviews reviews-7.json --change 7 --late

    A landing whose message names a pull or merge request becomes a change of that number, and the content decides
    whether it is bound; any other landing is recorded as one without a change. What is recorded already stays. Nothing
    here says who approved: bring reviews as well.
    """
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.capture.landing import read_landings
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.earlier import all_diffs, all_merges
    from ledger.cli.recording.merge import landing_words, seal_landing
    from ledger.cli.recording.recorder import open_recorder

    with open_recorder(ctx) as recorder, open_repository(repo) as repository:
        ref, before = _range(recorder, ref, start)
        tip = resolve_commit(repository, end or ref)
        first = repository.zero_id if before is None else resolve_commit(repository, before)
        diffs, merges = all_diffs(recorder), all_merges(recorder)
        landed = _landed(merges, ref)
        fresh = [item for item in read_landings(repository, first, tip, ()) if item.commit not in landed]
        if len(fresh) > MOST_LANDINGS:
            raise click.UsageError(f"{len(fresh)} landings are too many at once: name a later --from")
        parcels = _revisions(recorder, repository, fresh, diffs)
        found = [*diffs, *(_as_earlier(parcel) for parcel, _ in parcels)]
        candidates, by_envelope = _candidates(found), {item.envelope: item for item in found}
        bound = read_landings(repository, first, tip, candidates)
        for landing in bound:
            if landing.commit in landed:
                continue
            acted = _landed_by(recorder, repository, landing)
            parcel = seal_landing(recorder, repository, landing, ref, acted, by_envelope, frozenset(), late=True)
            parcels.append((parcel, landing_words(parcel, landing)))
        unbound = sum(landing.candidate is None and landing.commit not in landed for landing in bound)
        out = recorder.session.output
        further = {
            "ref": ref,
            "landing_count": len(bound),
            "recorded_before_count": len(landed),
            "unbound_count": unbound,
        }
        out.note(
            f"{clean(ref)}: {plural(len(bound), 'landing')}, {plural(unbound, 'of them', 'of them')} without a change; "
            "all of it marked late"
        )
        if dry_run or not parcels:
            lines = [f"would record {words}" for _, words in parcels] if dry_run else ["nothing new"]
            out.answer({"events": [], **further}, lines)
            return
        hand_in(ctx, recorder, parcels, require_server=require_server, further=further)


def _range(recorder: Recorder, ref: str | None, start: str | None) -> tuple[str, str | None]:
    """The branch, and the last commit before the history that counts."""
    known = recorder.known()
    project = None if known is None else known.roster.projects.get(recorder.project())
    if project is None:
        if ref is None or start is None:
            raise click.UsageError(
                "--ref and --from are required: the server cannot be asked what the project declares"
            )
        return ref, start
    return ref or project.protected_refs[0], start or project.start


def _landed(merges: Sequence[Earlier], ref: str) -> frozenset[str]:
    from ledger.events.work import Merge

    bodies = (item.event.body for item in merges)
    return frozenset(body.commit for body in bodies if isinstance(body, Merge) and body.ref == ref)


def _revisions(
    recorder: Recorder, repository: Repository, landings: Sequence[Landing], diffs: Sequence[Earlier]
) -> list[tuple[Parcel, str]]:
    """A revision for each landing whose message names a change of which none is recorded."""
    from ledger.capture.commits import read_commits
    from ledger.capture.hints import request_number

    known = {item.event.context.about.change for item in diffs}
    found: list[tuple[Parcel, str]] = []
    for landing in landings:
        (tip,) = read_commits(repository, (landing.commit,))
        number = request_number(tip.message)
        if number is None or number in known or landing.parent is None:
            continue
        known.add(number)
        head = _head(repository, number, tip)
        found.append((_revision(recorder, repository, number, landing.parent, head), f"change {number} at {head[:12]}"))
    return found


def _head(repository: Repository, number: str, tip: Commit) -> str:
    """The last commit of the request: as the clone holds it, else the merged side, else what landed."""
    from ledger.capture.git import resolve_commit
    from ledger.errors import NotFoundError

    for pattern in PULL_REFS:
        try:
            return resolve_commit(repository, pattern.format(number))
        except NotFoundError:
            continue
    return tip.parents[1] if len(tip.parents) == 2 else tip.id


def _revision(recorder: Recorder, repository: Repository, change: str, base: str, head: str) -> Parcel:
    from ledger.capture.changes import read_change
    from ledger.capture.commits import read_commits
    from ledger.cli.recording.commitlist import encode_listed
    from ledger.cli.recording.diff import revision_body
    from ledger.events.context import About
    from ledger.making import new_content

    read = read_change(repository, base, head)
    commits = tuple(read_commits(repository, read.commits))
    body = revision_body(repository, read, commits, None)
    (last,) = read_commits(repository, (head,))
    actor, account = _as_actor(recorder, last.author.contact.mail)
    contents = [new_content("manifest", read.manifest_bytes), new_content("commits", encode_listed(commits)), *account]
    about = About(change=change, revision=1, tree=read.tree)
    return recorder.seal(body, contents, actor, about=about, occurred_at=last.committer.at, late=True)


def _landed_by(recorder: Recorder, repository: Repository, landing: Landing) -> tuple[Actor, tuple[NewContent, ...]]:
    """Who landed it, as the commit says: the author of a merge commit, else the committer."""
    from ledger.capture.commits import read_commits

    (tip,) = read_commits(repository, (landing.commit,))
    person = tip.author if len(tip.parents) > 1 else tip.committer
    return _as_actor(recorder, person.contact.mail)


def _as_actor(recorder: Recorder, mail: str) -> tuple[Actor, tuple[NewContent, ...]]:
    from ledger.capture.ci import CiAccount
    from ledger.documents import GIT

    return recorder.actor(None, started=False, seen=CiAccount(GIT, mail, None))


def _as_earlier(parcel: Parcel) -> Earlier:
    from ledger.cli.recording.earlier import Earlier

    return Earlier(parcel.envelope.digest, parcel.event, None)


def _candidates(diffs: Sequence[Earlier]) -> tuple[Candidate, ...]:
    from ledger.capture.landing import Candidate
    from ledger.events.work import Diff

    return tuple(
        Candidate(item.envelope, body.manifest, body.tree, body.head, body.base)
        for item in diffs
        if isinstance(body := item.event.body, Diff)
    )
