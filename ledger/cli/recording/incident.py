"""``evidence record incident``: something went wrong in production, and what it may have come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import by_option, recording_options
from ledger.cli.recording.texts import text_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.cli.recording.recorder import Recorder
    from ledger.events.operation import Incident, Suspect

TEXTS: Final = ("summary", "review", "reason")


@click.command()
@click.argument("identifier", metavar="ID")
@click.option("--state", type=click.Choice(("opened", "updated", "closed")), help="By default opened, then updated.")
@click.option("--severity", metavar="CLASS", help="As your tracker calls it; needed the first time.")
@click.option("--environment", metavar="NAME", help="Where: production, ...")
@click.option("--service", metavar="NAME", help="What was concerned.")
@click.option("--started-at", metavar="TIME", help="Since when (RFC 3339).")
@click.option(
    "--release", "releases", multiple=True, metavar="PRODUCT@VERSION", help="A release it may have come from; repeat."
)
@click.option("--change", "changes", multiple=True, metavar="ID", help="A change it may have come from; repeat.")
@click.option(
    "--cause", type=click.Choice(("change", "other", "unknown")), help="What it came from; by default unknown."
)
@click.option("--corrective", metavar="CHANGE", help="The change that mends it.")
@text_options(
    summary="What happened.",
    review="What was learnt from it.",
    reason="Why no change caused it.",
)
@by_option
@recording_options
@click.pass_context
def incident(ctx: click.Context, /, *, identifier: str, require_server: bool, **told: Any) -> None:  # noqa: ANN401 -- options by name
    """Record an incident: opened, updated, closed.

    \b
    What is not said again is taken over from what was recorded of it before, except the texts.

    \b
      evidence record incident INC-12 --severity high --environment production --service web --release shop@4.2.0
      evidence record incident INC-12 --state closed --cause change --corrective 118 --review-file review.md
    """
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.earlier import earlier_incidents
    from ledger.cli.recording.named import exact_token, named_release
    from ledger.cli.recording.recorder import open_recorder
    from ledger.cli.recording.texts import text_contents, told_texts
    from ledger.events.operation import Incident, Suspect

    exact_token(identifier, "the incident")
    texts = told_texts(told, TEXTS)
    with open_recorder(ctx) as recorder:
        recorded = [item.event.body for item in earlier_incidents(recorder, identifier)]
        before = next((body for body in reversed(recorded) if isinstance(body, Incident)), None)
        suspects = (
            *(Suspect(release=named_release(recorder, name)[0]) for name in told["releases"]),
            *(Suspect(change=exact_token(name, "--change")) for name in told["changes"]),
        )
        body = _body(recorder, identifier, told, suspects, before)
        contents = text_contents(texts, recorder.session.output)
        actor, account = recorder.actor(told["by"], started=False)
        parcel = recorder.seal(body, [*contents, *account], actor)
        words = (
            f"incident {clean(identifier, 60)} {body.state}, severity {body.severity}"
            f" ({plural(len(body.suspects), 'suspect')}, cause {body.cause})"
        )
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)


def _body(
    recorder: Recorder,
    identifier: str,
    told: Mapping[str, Any],
    suspects: tuple[Suspect, ...],
    before: Incident | None,
) -> Incident:
    from ledger.cli.given import given_time
    from ledger.cli.recording.wording import as_label, as_token
    from ledger.events.operation import Incident

    severity = as_label(told["severity"]) or (None if before is None else before.severity)
    if severity is None:
        why = "" if recorder.known() is not None else ": the server cannot be asked what was recorded before"
        raise click.UsageError(f"--severity is required{why}")
    named = tuple(dict.fromkeys((*(() if before is None else before.suspects), *suspects)))
    cause = told["cause"] or ("unknown" if before is None else before.cause)
    if cause == "change" and not named:
        raise click.UsageError("what a change caused names it: --change or --release")
    started = told["started_at"]
    return Incident(
        cause=cause,
        incident=identifier,
        severity=severity,
        state=told["state"] or ("opened" if before is None and recorder.known() is not None else "updated"),
        suspects=named,
        corrective=told["corrective"] or (None if before is None else before.corrective),
        environment=as_label(told["environment"]) or (None if before is None else before.environment),
        service=as_token(told["service"]) or (None if before is None else before.service),
        started_at=(None if before is None else before.started_at)
        if started is None
        else given_time(started, "--started-at"),
    )
