"""``evidence record note``: something said in a review that decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ledger.cli.output import clean
from ledger.cli.recording.choices import by_option, recording_options, repository_option
from ledger.cli.recording.texts import text_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--change", metavar="ID", help="The change that was reviewed; by default the CI system's.")
@click.option(
    "--note",
    "note_",
    type=click.Choice(("comment", "question", "suggestion", "finding")),
    help="What it is; by default a suggestion if it was applied, else a comment.",
)
@text_options(body="What was said.")
@click.option("--commit", metavar="REF", help="The commit that was looked at.")
@click.option("--path", metavar="PATH", help="The file that it is about.")
@click.option("--line", type=click.IntRange(1), help="The line in that file.")
@click.option("--applied", metavar="COMMIT", help="The commit in which the suggestion was applied.")
@click.option("--resolved", is_flag=True, help="It was settled.")
@click.option("--agent", metavar="WHO", help="The assistant that reviewed: a name, an id or an account.")
@click.option("--session", metavar="ID", help="The session in which an assistant reviewed.")
@click.option("--initiator", metavar="WHO", help="Who asked the assistant for it.")
@click.option("--advisory", is_flag=True, help="It asks for nothing: a policy never counts it.")
@by_option
@repository_option
@recording_options
@click.pass_context
def note(ctx: click.Context, /, *, repo: Path, require_server: bool, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Record something said in a review that decides nothing; decisions are made with evidence approve.

    \b
    Secrets of known forms are masked before anything is written.

    \b
      evidence record note --change 7 --body "Why not round once?" --path src/rates.py --line 42
      evidence record note --change 7 --applied 9ab4c1d --body-file suggestion.txt --by github.com:583231
      evidence record note --change 7 --agent Reviewbot --session s-12 --initiator "Ray" --advisory --body-file -
    """
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.named import named_commit
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.texts import text_contents, told_texts
    from ledger.cli.recording.wording import as_token
    from ledger.events.context import About
    from ledger.events.forge import ReviewNote

    texts = told_texts(told, ("body",))
    if not texts:
        raise click.UsageError("--body TEXT or --body-file FILE is required")
    if told["line"] is not None and told["path"] is None:
        raise click.UsageError("--line is a line of a file: --path")
    if told["applied"] is not None and told["note_"] not in {None, "suggestion"}:
        raise click.UsageError("what is applied is a suggestion")
    if told["agent"] is not None and told["by"] is not None:
        raise click.UsageError("--agent and --by both say who it was: give one")
    with open_recorder(ctx) as recorder:
        change = told["change"] or recorder.ci.change
        if change is None:
            raise click.UsageError("--change is required: the environment does not tell")
        body = ReviewNote(
            note=told["note_"] or ("comment" if told["applied"] is None else "suggestion"),
            advisory=told["advisory"] or None,
            applied=None if told["applied"] is None else named_commit(told["applied"], repo),
            commit=None if told["commit"] is None else named_commit(told["commit"], repo),
            initiator=None if told["initiator"] is None else recorder.principal(told["initiator"]),
            line=told["line"],
            path=told["path"],
            resolved=told["resolved"] or None,
            session=as_token(told["session"]),
        )
        # Whoever started a pipeline has not said what its assistant says.
        actor, account = recorder.actor(told["agent"] or told["by"], started=False)
        contents = text_contents(texts, recorder.session.output)
        parcel = recorder.seal(body, [*contents, *account], actor, about=About(change=change))
        where = "" if body.path is None else f" on {clean(body.path, 80)}"
        words = f"{body.note}{where} of change {clean(change, 60)}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)
