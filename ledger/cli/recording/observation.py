"""``evidence record observation``: what somebody saw running."""

from __future__ import annotations

from pathlib import Path

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, recording_options


@click.command()
@click.option("--environment", required=True, metavar="NAME", help="Where: production, staging, ...")
@click.option("--service", required=True, metavar="NAME", help="What runs there.")
@click.option(
    "--running", multiple=True, metavar="NAME=sha256:...|FILE", help="An artifact that was seen to run; repeat."
)
@click.option(
    "--release", "release_name", metavar="PRODUCT@VERSION", help="The release that was looked at; or its digest."
)
@click.option(
    "--verification", type=click.Choice(("passed", "failed")), help="Whether that release works after its deployment."
)
@click.option(
    "--failed", type=click.IntRange(0), help="Deployments and restarts seen to fail since the last observation."
)
@click.option("--report", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="What it was read from.")
@by_option
@recording_options
@click.pass_context
def observation(
    ctx: click.Context,
    *,
    environment: str,
    service: str,
    running: tuple[str, ...],
    release_name: str | None,
    verification: str | None,
    failed: int | None,
    report: Path | None,
    by: str | None,
    require_server: bool,
) -> None:
    """Record what runs, as an observer saw it: best by something that did not deploy it.

    \b
      evidence record observation --environment production --service web --running web=sha256:9f86...
      evidence record observation --environment production --service web --release shop@4.2.0 --verification passed
    """
    from ledger.cli.recording.artifacts import read_artifacts
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.named import named_release
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.wording import as_label, as_token
    from ledger.events.context import About
    from ledger.events.operation import Observation
    from ledger.making import new_content

    place, what = as_label(environment), as_token(service)
    if place is None or what is None:
        raise click.UsageError("--environment and --service have letters or digits")
    if verification is not None and release_name is None:
        raise click.UsageError("--verification is of a release: --release")
    seen = read_artifacts(running, "--running")
    with open_recorder(ctx) as recorder:
        envelope, name = (None, None) if release_name is None else named_release(recorder, release_name)
        contents = [] if report is None else [new_content("report", report.read_bytes(), "application/octet-stream")]
        actor, account = recorder.actor(by, started=False)
        body = Observation(place, seen, what, failed, envelope, verification)
        parcel = recorder.seal(body, [*contents, *account], actor, about=About(release=name))
        verified = "" if verification is None else f"; verification {verification}"
        words = f"{plural(len(seen), 'artifact')} of {clean(what, 80)} running in {clean(place)}{verified}"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)
