"""``evidence record deploy``: a release, or artifacts, went to an environment."""

from __future__ import annotations

import click

from ledger.cli.output import clean
from ledger.cli.recording.choices import by_option, recording_options


@click.command()
@click.option("--environment", required=True, metavar="NAME", help="Where to: production, staging, ...")
@click.option("--service", required=True, metavar="NAME", help="What runs there.")
@click.option("--release", "release_name", metavar="PRODUCT@VERSION", help="What was deployed; or its envelope digest.")
@click.option(
    "--artifact", "artifacts", multiple=True, metavar="FILE|NAME=sha256:...", help="What was deployed; repeat."
)
@click.option(
    "--status",
    type=click.Choice(("started", "succeeded", "failed", "rolled-back")),
    default="succeeded",
    show_default=True,
    help="What became of it.",
)
@by_option
@recording_options
@click.pass_context
def deploy(
    ctx: click.Context,
    *,
    environment: str,
    service: str,
    release_name: str | None,
    artifacts: tuple[str, ...],
    status: str,
    by: str | None,
    require_server: bool,
) -> None:
    """Record a deployment.

    \b
      evidence record deploy --environment production --service shop --release shop@4.2.0
    """
    from ledger.cli.recording.artifacts import read_artifacts
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.named import named_release
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_label, as_token
    from ledger.events.context import About
    from ledger.events.work import Deploy

    if release_name is None and not artifacts:
        raise click.UsageError("either --release or --artifact is required")
    place, what = as_label(environment), as_token(service)
    if place is None or what is None:
        raise click.UsageError("--environment and --service have letters or digits")
    with open_recorder(ctx) as recorder:
        envelope, name = (None, None) if release_name is None else named_release(recorder, release_name)
        actor, account = recorder.actor(by, started=True)
        body = Deploy(read_artifacts(artifacts), place, what, status, envelope)
        parcel = recorder.seal(body, account, actor, about=About(release=name))
        words = f"deployment of {clean(name or what, 80)} to {clean(place)}: {status}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)
