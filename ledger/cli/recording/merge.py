"""``evidence record merge``: what a push brought onto a protected ref, each landing bound to its change by content."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, fetch_option, recording_options, repository_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ledger.capture.ci import CiContext
    from ledger.capture.git import Repository
    from ledger.capture.landing import Candidate, Landing
    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.context import Actor
    from ledger.events.work import Recomputed
    from ledger.making import NewContent
    from ledger.parcel import Parcel

STATE_FILE: Final = "landed.json"
"""In the outbox: landings handed in from this machine, so that a second run knows them without the server."""
MOST_KEPT: Final = 2_000
MAX_STATE_BYTES: Final = 1024 * 1024


@click.command()
@click.option("--ref", metavar="REF", help="The branch, in full: refs/heads/main; in CI from the environment.")
@click.option("--before", metavar="SHA", help="Where it pointed before the push; in CI from the environment.")
@click.option("--after", metavar="SHA", help="Where it points now; in CI from the environment.")
@click.option("--late", is_flag=True, help="It landed long ago: when it is recorded says nothing of when it happened.")
@by_option
@repository_option
@fetch_option
@recording_options
@click.pass_context
def merge(
    ctx: click.Context,
    *,
    ref: str | None,
    before: str | None,
    after: str | None,
    late: bool,
    by: str | None,
    repo: Path,
    fetch: bool,
    require_server: bool,
) -> None:
    """Record what a push brought onto a protected branch. Run it on every push to one.

    \b
    Every new commit is accounted for: each landing is bound to the recorded change whose content it has (equal
    manifest, else equal tree, else the merge done again), whatever its message says; the rest is recorded as a push
    without a change. Running it again records nothing twice.

    \b
    In a pipeline:   evidence record merge
    By hand:         evidence record merge --ref refs/heads/main --before ORIG_HEAD --after HEAD
    """
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.capture.history import read_push, with_history
    from ledger.capture.landing import read_landings
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.earlier import all_diffs, all_merges
    from ledger.cli.recording.recorder import open_recorder

    with open_recorder(ctx) as recorder, open_repository(repo) as repository:
        out = recorder.session.output
        ref, old_name, new_name = _named(recorder.ci, ref, before, after)
        if not _protected(recorder, ref):
            out.warn(f"nothing recorded: {clean(ref)} is no protected ref of the project (evidence project list)")
            out.answer({"events": []}, [])
            return
        diffs, merges = all_diffs(recorder), all_merges(recorder)
        candidates, elsewhere = _candidates(diffs, merges, ref)
        if recorder.known() is None:
            out.warn(
                "the server did not answer, so recorded changes could not be looked up: landings are bound to what"
                f" waits here; equal content is found again when evidence is read [{recorder.unreachable.slug}]"
            )

        def read() -> tuple[tuple[Landing, ...], int]:
            old, new = resolve_commit(repository, old_name), resolve_commit(repository, new_name)
            return read_landings(repository, old, new, candidates), len(read_push(repository, old, new).dropped)

        landings, dropped = with_history(repository, read, fetch=fetch)
        if dropped:
            out.warn(f"a forced update: {plural(dropped, 'commit')} that {clean(ref)} had before it no longer has")
        known = _recorded(merges, ref) | _remembered(recorder, ref)
        fresh = [landing for landing in landings if landing.commit not in known]
        if not fresh:
            line = f"nothing new: {plural(len(landings), 'landing')} on {clean(ref)} recorded before"
            out.answer({"events": [], "ref": ref, "recorded_before_count": len(landings)}, [line])
            return
        acted, by_envelope = recorder.actor(by, started=True), {item.envelope: item for item in diffs}
        parcels = []
        for landing in fresh:
            parcel = seal_landing(recorder, repository, landing, ref, acted, by_envelope, elsewhere, late=late)
            recorder.outbox.spool.add(parcel)
            parcels.append((parcel, landing_words(parcel, landing)))
        _remember(recorder, ref, [landing.commit for landing in fresh])
        further = {"ref": ref, "recorded_before_count": len(landings) - len(fresh)}
        hand_in(ctx, recorder, parcels, require_server=require_server, further=further)


def _named(ci: CiContext, ref: str | None, before: str | None, after: str | None) -> tuple[str, str, str]:
    """The branch, and what it pointed at before and after, from the command line or the environment."""
    if ref is None and ci.change is not None:
        raise click.UsageError("this is the pipeline of a change: a merge is recorded on the push that lands it")
    ref = ref or ci.ref or _missing("--ref")
    if not ref.startswith("refs/"):
        raise click.UsageError("--ref is the full name of a branch, such as refs/heads/main")
    before = before or ci.base_sha
    if before is None or not before.strip("0"):
        _missing("--before", "the branch is new, or the environment does not tell; name the commit it began at")
    return ref, before, after or ci.head_sha or "HEAD"


def _missing(option: str, why: str = "the environment does not tell") -> NoReturn:
    raise click.UsageError(f"{option} is required: {why}")


def _protected(recorder: Recorder, ref: str) -> bool:
    """Whether the project declares ``ref`` protected; true where nobody can tell."""
    known = recorder.known()
    project = None if known is None else known.roster.projects.get(recorder.project())
    return project is None or ref in project.protected_refs


def _candidates(
    diffs: Sequence[Earlier], merges: Sequence[Earlier], ref: str
) -> tuple[tuple[Candidate, ...], frozenset[Digest]]:
    """Recorded revisions of changes that did not land on ``ref`` yet, newest first, and diffs that landed elsewhere."""
    from ledger.capture.landing import Candidate
    from ledger.events.work import Diff, Merge

    change_of = {item.envelope: item.event.context.about.change for item in diffs}
    landed: set[str | None] = set()
    elsewhere: set[Digest] = set()
    for item in merges:
        body = item.event.body
        if isinstance(body, Merge) and body.diff is not None:
            if body.ref == ref:
                landed.add(change_of.get(body.diff))
            else:
                elsewhere.add(body.diff)
    found = tuple(
        Candidate(item.envelope, body.manifest, body.tree, body.head, body.base)
        for item in diffs
        if isinstance(body := item.event.body, Diff) and change_of[item.envelope] not in landed
    )
    return found, frozenset(elsewhere)


def seal_landing(
    recorder: Recorder,
    repository: Repository,
    landing: Landing,
    ref: str,
    acted: tuple[Actor, tuple[NewContent, ...]],
    diffs: dict[Digest, Earlier],
    elsewhere: frozenset[Digest],
    *,
    late: bool,
) -> Parcel:
    """The merge event of one landing; ``diffs`` by envelope digest, ``elsewhere`` those that landed on another ref."""
    from ledger.capture.commits import parents_of
    from ledger.cli.recording.commitlist import list_commits
    from ledger.digests import parse_digest
    from ledger.events.context import About
    from ledger.events.work import Merge
    from ledger.making import new_content

    diff = None if landing.candidate is None else parse_digest(landing.candidate.name, "")
    parents = parents_of(repository, landing.commit)
    picked = diff in elsewhere and landing.method in {"squash", "rebase"}
    body = Merge(
        binding=landing.bound,
        commit=landing.commit,
        commit_count=len(landing.commits),
        manifest=landing.manifest,
        method="cherry-pick" if picked else landing.method,
        object_format=repository.object_format,
        parents=parents,
        ref=ref,
        tree=landing.tree,
        diff=diff,
        recomputed=_again(recorder, repository, landing.commit),
    )
    bound = About() if (named := _named_by(diff, parents, diffs)) is None else named.event.context.about
    about = About(change=bound.change, revision=None if diff is None else bound.revision, tree=landing.tree)
    contents = [
        new_content("manifest", landing.manifest_bytes),
        new_content("commits", list_commits(repository, landing.commits)),
    ]
    return recorder.seal(body, [*contents, *acted[1]], acted[0], about=about, late=late)


def _named_by(diff: Digest | None, parents: Sequence[str], diffs: Mapping[Digest, Earlier]) -> Earlier | None:
    """The revision whose content landed, else the one whose very head was merged: then something else landed."""
    from ledger.events.work import Diff

    if diff is not None:
        return diffs[diff]
    merged = frozenset(parents[1:])
    found = [item for item in diffs.values() if isinstance(item.event.body, Diff) and item.event.body.head in merged]
    return found[0] if found else None


def _again(recorder: Recorder, repository: Repository, commit: str) -> Recomputed | None:
    """What git makes of a merge's two parents again; None for what is no such merge, or if nobody can tell."""
    from ledger.capture.merges import repeat_merge
    from ledger.errors import LedgerError
    from ledger.events.work import Recomputed

    try:
        found = repeat_merge(repository, commit)
    except LedgerError as error:
        recorder.session.output.warn(f"the merge {commit[:12]} could not be done again: {error.message} [{error.slug}]")
        return None
    match found.outcome:
        case "clean":
            return Recomputed("clean", found.tree)
        case "conflict":
            return Recomputed("conflict")
        case _:
            return None


def landing_words(parcel: Parcel, landing: Landing) -> str:
    """A landing in a few words: which commit, and of which change by what."""
    about = parcel.event.context.about
    commits = plural(len(landing.commits), "commit")
    if about.change is None:
        return f"{landing.commit[:12]} ({commits}), which belongs to no recorded change"
    if landing.candidate is None:
        change = clean(about.change, 60)
        return f"{landing.commit[:12]} ({commits}), which merges change {change} and lands something else"
    how = {
        "manifest": "equal content",
        "tree": "equal tree",
        "recomputed": "the merge done again gives the same",
    }[landing.bound]
    return (
        f"{landing.commit[:12]} ({commits}) as the {landing.method} of change {clean(about.change, 60)}"
        f" revision {about.revision}: {how}"
    )


def _recorded(merges: Iterable[Earlier], ref: str) -> frozenset[str]:
    from ledger.events.work import Merge

    bodies = (item.event.body for item in merges)
    return frozenset(body.commit for body in bodies if isinstance(body, Merge) and body.ref == ref)


def _remembered(recorder: Recorder, ref: str) -> frozenset[str]:
    """Commits whose landing on ``ref`` this machine handed in; believed only while the server cannot be asked."""
    if recorder.known() is not None:
        return frozenset()
    return frozenset(
        item.rpartition(" ")[2] for item in _state(recorder) if item.startswith(f"{_name(recorder, ref)} ")
    )


def _remember(recorder: Recorder, ref: str, commits: Iterable[str]) -> None:
    from ledger.canonical import encode

    kept = [*_state(recorder), *(f"{_name(recorder, ref)} {commit}" for commit in commits)]
    path = recorder.outbox.spool.root / STATE_FILE
    with suppress(OSError):
        staged = path.with_suffix(".new")
        staged.write_bytes(encode(list(dict.fromkeys(kept))[-MOST_KEPT:]))
        staged.replace(path)


def _name(recorder: Recorder, ref: str) -> str:
    return f"{recorder.project()} {ref}"


def _state(recorder: Recorder) -> list[str]:
    from ledger.canonical import parse
    from ledger.errors import FormatError

    try:
        value = parse((recorder.outbox.spool.root / STATE_FILE).read_bytes(), max_bytes=MAX_STATE_BYTES)
    except (OSError, FormatError):
        return []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
