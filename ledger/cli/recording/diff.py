"""``evidence record diff``: a revision of a change, read from the clone, with the prompts it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, fetch_option, recording_options, repository_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ledger.capture.changes import ChangeRead
    from ledger.capture.ci import CiContext
    from ledger.capture.commits import Commit
    from ledger.capture.git import Repository
    from ledger.cli.recording.earlier import Earlier
    from ledger.cli.recording.recorder import Recorder
    from ledger.events.context import Link
    from ledger.events.work import AiInvolvement, BoundPrompt, Diff
    from ledger.parcel import Parcel

MOST_PROMPTS: Final = 256
MOST_REVERTED: Final = 16
MOST_TRACES: Final = 32
SESSION_SUFFIXES: Final = ("-session", "-thread-id", "-session-id")
"""Ends of trailer keys whose value is an assistant's session."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line and the environment name."""

    base: str
    head: str
    change: str
    revision: int | None
    ai: str | None
    risk: str | None
    target: str | None
    prompts: tuple[str, ...]
    sessions: tuple[str, ...]
    by: str | None


@click.command()
@click.option("--base", metavar="REF", help="Commit of the target branch; in CI taken from the environment.")
@click.option("--head", metavar="REF", help="Last commit of the change; in CI from the environment, else HEAD.")
@click.option("--change", metavar="ID", help="The change; by default the CI system's.")
@click.option("--revision", type=click.IntRange(1), help="Which state of it; by default one after the last recorded.")
@click.option("--ai", type=click.Choice(("none", "assisted", "generated")), help="Part that an assistant had.")
@click.option("--prompt", "prompts", multiple=True, metavar="ENVELOPE", help="A prompt it came from; repeat for more.")
@click.option("--session", "sessions", multiple=True, metavar="ID", help="An assistant's session it came from.")
@click.option("--risk", metavar="CLASS", help="Class of risk, as your policy names it.")
@click.option("--target", metavar="REF", help="Where it is to go: main, or in full; in CI from the environment.")
@by_option
@repository_option
@fetch_option
@recording_options
@click.pass_context
def diff(
    ctx: click.Context,
    *,
    base: str | None,
    head: str | None,
    change: str | None,
    revision: int | None,
    ai: str | None,
    prompts: tuple[str, ...],
    sessions: tuple[str, ...],
    risk: str | None,
    target: str | None,
    by: str | None,
    repo: Path,
    fetch: bool,
    require_server: bool,
) -> None:
    """Record a revision of a change: exactly which content.

    \b
    What an assistant had to do with it is what --ai declares, else what commits show, else undeclared.

    \b
    In a pipeline:   evidence record diff
    By hand:         evidence record diff --base origin/main --head HEAD --change 7 --ai assisted
    """
    from ledger.capture.changes import read_change
    from ledger.capture.commits import read_commits
    from ledger.capture.git import open_repository, resolve_commit
    from ledger.capture.history import with_history
    from ledger.cli.recording.delivery import hand_in, tell_again
    from ledger.cli.recording.earlier import earlier_diffs
    from ledger.cli.recording.forgeevent import target_of
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_label

    with open_recorder(ctx) as recorder, open_repository(repo) as repository:
        wanted_change = change or recorder.ci.change or _missing("--change")
        wanted = _Wanted(
            base or _base_of(recorder.ci),
            head or _head_of(recorder.ci),
            wanted_change,
            revision,
            ai,
            as_label(risk),
            target_of(target, recorder.ci, wanted_change),
            prompts,
            sessions,
            by,
        )

        def read() -> ChangeRead:
            return read_change(
                repository, resolve_commit(repository, wanted.base), resolve_commit(repository, wanted.head)
            )

        found = with_history(repository, read, fetch=fetch)
        commits = tuple(read_commits(repository, found.commits))
        if not found.manifest.entries:
            recorder.session.output.warn("nothing differs between base and head: an empty revision is recorded")
        recorded = earlier_diffs(recorder, wanted.change) if wanted.revision is None else ()
        again = _recorded_already(recorded, found, wanted)
        if again is not None:
            told = f"revision {again.event.context.about.revision} of change {clean(wanted.change, 60)}"
            tell_again(recorder, again, told)
            return
        number = wanted.revision or _next_revision(recorder, recorded)
        parcel, bound = _seal(recorder, repository, wanted, found, commits, number)
        event = parcel.event.context.about
        words = (
            f"revision {event.revision} of change {clean(wanted.change, 60)} "
            f"({plural(len(found.manifest.entries), 'file')}, {plural(len(commits), 'commit')},"
            f" {plural(bound, 'prompt')})"
        )
        further = {"manifest": found.digest, "head": found.head, "merge_base": found.merge_base, "prompt_count": bound}
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further=further)


def _head_of(ci: CiContext) -> str:
    if ci.head_sha is not None:
        return ci.head_sha
    if ci.synthetic_merge:
        _missing(
            "--head", "this CI system builds a merge of its own and does not say which commit the change ends with"
        )
    return "HEAD"


def _base_of(ci: CiContext) -> str:
    if ci.base_sha is not None:
        return ci.base_sha
    if ci.base_ref is not None:
        return "refs/remotes/origin/" + ci.base_ref.removeprefix("refs/heads/")
    return _missing("--base")


def _missing(option: str, why: str = "the environment does not tell") -> str:
    raise click.UsageError(f"{option} is required: {why}")


def _recorded_already(recorded: Sequence[Earlier], found: ChangeRead, wanted: _Wanted) -> Earlier | None:
    """The last recorded revision, if it is this very state and says what is declared now."""
    from ledger.events.work import Diff

    if not recorded or not isinstance(body := recorded[-1].event.body, Diff):
        return None
    same = (body.head, body.merge_base, body.manifest) == (found.head, found.merge_base, found.digest)
    declares = wanted.ai in (None, body.ai.involvement if body.ai.source == "declared" else None)
    return recorded[-1] if same and declares and wanted.risk in (None, body.risk) else None


def _seal(
    recorder: Recorder,
    repository: Repository,
    wanted: _Wanted,
    found: ChangeRead,
    commits: Sequence[Commit],
    revision: int,
) -> tuple[Parcel, int]:
    from ledger.cli.recording.commitlist import encode_listed
    from ledger.events.context import About
    from ledger.making import new_content

    bound = _bind(recorder, wanted, commits)
    body = replace(
        revision_body(repository, found, commits, wanted.ai), prompts=bound, risk=wanted.risk, target=wanted.target
    )
    actor, account = recorder.actor(wanted.by, started=True)
    contents = [new_content("manifest", found.manifest_bytes), new_content("commits", encode_listed(commits)), *account]
    about = About(change=wanted.change, revision=revision, tree=found.tree)
    links = _reverts(recorder, commits)
    return recorder.seal(body, contents, actor, about=about, links=links), len(bound)


def revision_body(repository: Repository, found: ChangeRead, commits: Sequence[Commit], declared: str | None) -> Diff:
    """The diff event of a revision as the clone has it, bound to no prompt."""
    from ledger.events.work import Diff

    return Diff(
        ai=involvement(declared, commits),
        base=found.base,
        commit_count=len(commits),
        files_changed=len(found.manifest.entries),
        head=found.head,
        lines_added=found.lines.added,
        lines_removed=found.lines.removed,
        manifest=found.digest,
        merge_base=found.merge_base,
        object_format=repository.object_format,
        prompts=(),
        tree=found.tree,
    )


def _reverts(recorder: Recorder, commits: Sequence[Commit]) -> tuple[Link, ...]:
    """Links to the recorded landings that the commits say they take back; rules compare the content."""
    from ledger.capture.hints import reverted_commits
    from ledger.cli.recording.earlier import all_merges
    from ledger.events.context import Link
    from ledger.events.work import Merge

    named = {commit for each in commits for commit in reverted_commits(each.message)}
    if not named:
        return ()
    landed = (item for item in all_merges(recorder) if isinstance(item.event.body, Merge))
    return tuple(
        Link(item.envelope, "reverts")
        for item in landed
        if isinstance(item.event.body, Merge) and item.event.body.commit in named
    )[:MOST_REVERTED]


def _next_revision(recorder: Recorder, recorded: Sequence[Earlier]) -> int:
    from ledger.errors import UnavailableError

    if recorder.known() is None:
        raise UnavailableError(
            "revision-unknown",
            "the server cannot be asked how many revisions of this change are recorded, and a number is not guessed",
            details={"cause": recorder.unreachable.slug},
            remedy="Say which it is with --revision N, or run this again when the server answers.",
        )
    return max((item.event.context.about.revision or 0 for item in recorded), default=0) + 1


def _bind(recorder: Recorder, wanted: _Wanted, commits: Iterable[Commit]) -> tuple[BoundPrompt, ...]:
    """The prompts of the change: observed where a commit's trailer names their session, else declared."""
    from ledger.cli.given import given_digest
    from ledger.cli.recording.earlier import earlier_prompts
    from ledger.events.work import BoundPrompt, Prompt

    named = sessions_named(commits)
    strengths = {given_digest(text, "--prompt"): "declared" for text in wanted.prompts}
    for item in earlier_prompts(recorder, wanted.change, named | frozenset(wanted.sessions)):
        body = item.event.body
        observed = isinstance(body, Prompt) and body.session in named
        strengths[item.envelope] = "observed" if observed else strengths.get(item.envelope, "declared")
    if recorder.known() is None:
        recorder.session.output.warn(
            "prompts on the server could not be looked up, so only what waits here and --prompt is bound"
            f" [{recorder.unreachable.slug}]"
        )
    if len(strengths) > MOST_PROMPTS:
        left_out = len(strengths) - MOST_PROMPTS
        recorder.session.output.warn(f"{plural(left_out, 'older prompt')} left unbound: a diff binds {MOST_PROMPTS}")
    kept = list(strengths.items())[-MOST_PROMPTS:]
    return tuple(BoundPrompt(envelope, strength) for envelope, strength in kept)


def sessions_named(commits: Iterable[Commit]) -> frozenset[str]:
    """Sessions that trailers of the commits name, as prompts spell them."""
    from ledger.cli.recording.wording import as_token

    return frozenset(
        session
        for commit in commits
        for trailer in commit.trailers
        if trailer.key.lower().endswith(SESSION_SUFFIXES)
        # Some write the address of the session, whose last part is its id.
        for session in (as_token(trailer.value), as_token(trailer.value.rstrip("/").rpartition("/")[2]))
        if session is not None
    )


def involvement(declared: str | None, commits: Sequence[Commit]) -> AiInvolvement:
    """What is declared of assistants, else what the commits show."""
    from ledger.capture.agents import agent_of, ai_traces
    from ledger.events.work import AiInvolvement

    traces = tuple(dict.fromkeys(trace.agent for commit in commits for trace in ai_traces(commit)))[:MOST_TRACES]
    if declared is not None:
        return AiInvolvement(declared, "declared", traces)
    if not traces:
        return AiInvolvement("undeclared", "none", ())
    alone = all(agent_of(commit.author.contact) is not None for commit in commits)
    return AiInvolvement("generated" if alone else "assisted", "trailers", traces)
