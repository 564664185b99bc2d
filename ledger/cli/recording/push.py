"""``evidence record push``: a ref moved, whoever moved it, with or without the protection's leave."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ledger.cli.output import clean
from ledger.cli.recording.choices import by_option, recording_options, repository_option

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.cli.recording.forgeevent import SeenPush
    from ledger.events.forge import Push


@click.command()
@click.option("--ref", metavar="REF", help="What moved, in full: refs/heads/main; in CI from the environment.")
@click.option("--before", metavar="SHA", help="Where it pointed before; in CI from the environment.")
@click.option("--after", metavar="SHA", help="Where it points now; in CI from the environment.")
@click.option("--created", is_flag=True, help="The ref is new: there is no before.")
@click.option("--deleted", is_flag=True, help="The ref is gone: there is no after.")
@click.option("--forced", is_flag=True, help="Commits were dropped from it; looked up in the clone where it is one.")
@click.option("--bypass", metavar="NAME", help="The protection that the forge says was passed over.")
@click.option("--change", metavar="ID", help="The change that it was for, if known.")
@by_option
@repository_option
@recording_options
@click.pass_context
def push(
    ctx: click.Context,
    *,
    ref: str | None,
    before: str | None,
    after: str | None,
    created: bool,
    deleted: bool,
    forced: bool,
    bypass: str | None,
    change: str | None,
    by: str | None,
    repo: Path,
    require_server: bool,
) -> None:
    """Record that a ref moved. Who pushed is whom the forge authenticated, not whom the commits name.

    \b
    Running it again for the same move records nothing.

    \b
    In a pipeline:   evidence record push
    By hand:         evidence record push --ref refs/heads/main --before 1f0c... --after 9ab4... --by github.com:583231
    """
    from ledger.cli.recording.delivery import hand_in, tell_again
    from ledger.cli.recording.earlier import earlier_pushes
    from ledger.cli.recording.forgeevent import SeenPush, seen_push
    from ledger.cli.recording.named import exact_token, format_of, named_commit
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_label
    from ledger.events.context import About
    from ledger.events.forge import Push

    if (created and before is not None) or (deleted and after is not None):
        raise click.UsageError("a new ref has no --before, one that is gone no --after")
    with open_recorder(ctx) as recorder:
        seen = seen_push(recorder) if ref is None else SeenPush(ref)
        if seen.ref is None:
            raise click.UsageError("--ref is required: the environment does not tell of a push")
        old = "" if created else before or seen.before
        new = "" if deleted else after or seen.after
        if old is None or new is None:
            missing = "--before SHA or --created" if old is None else "--after SHA or --deleted"
            raise click.UsageError(f"{missing} is required: the environment does not tell")
        old, new = (named_commit(commit, repo) if commit else None for commit in (old, new))
        if old == new:
            raise click.UsageError("nothing moved: before and after are the same")
        body = Push(
            object_format=format_of(new or old or ""),
            ref=exact_token(seen.ref, "--ref"),
            after=new,
            before=old,
            bypass=as_label(bypass),
            forced=True if forced or _dropped(seen, old, new, repo) else None,
        )
        words = _words(body)
        recorded = [item for item in earlier_pushes(recorder, body) if item.event.body == body]
        if recorded:
            tell_again(recorder, recorded[-1], words)
            return
        actor, account = recorder.actor(by, started=True)
        parcel = recorder.seal(body, account, actor, about=About(change=change))
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server, further={"ref": body.ref})


def _dropped(seen: SeenPush, before: str | None, after: str | None, repo: Path) -> bool:
    """Whether commits fell off the ref: as the environment says, else as the clone shows; false where nobody can."""
    if seen.forced is not None:
        return seen.forced
    if before is None or after is None:
        return False
    from ledger.capture.git import open_repository
    from ledger.capture.history import is_ancestor
    from ledger.errors import LedgerError

    with suppress(LedgerError, OSError), open_repository(repo) as repository:
        return not is_ancestor(repository, before, after)
    return False


def _words(body: Push) -> str:
    ref = clean(body.ref, 80)
    if body.after is None:
        moved = f"deletion of {ref}"
    else:
        moved = f"{'forced ' if body.forced else ''}push of {body.after[:12]} to {ref}"
    return moved if body.bypass is None else f"{moved}, passing over {body.bypass}"
