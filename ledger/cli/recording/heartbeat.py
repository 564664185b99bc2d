"""``evidence record heartbeat``: a source of evidence is alive, and says how much it sent."""

from __future__ import annotations

import re
from typing import Final

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options

_SPAN: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@click.command()
@click.option("--source", required=True, metavar="NAME", help="What is alive: a collector, a webhook, a pipeline.")
@click.option(
    "--count", "event_count", required=True, type=click.IntRange(0), help="Events that it sent since the last one."
)
@click.option("--interval", default="24h", show_default=True, metavar="SPAN", help="It speaks again within this time.")
@click.option("--cursor", metavar="TEXT", help="How far it has read at its own source.")
@click.option("--since", metavar="TIME", help="Since when it counts (RFC 3339); by default its last heartbeat.")
@recording_options
@click.pass_context
def heartbeat(
    ctx: click.Context,
    *,
    source: str,
    event_count: int,
    interval: str,
    cursor: str | None,
    since: str | None,
    require_server: bool,
) -> None:
    """Record that a source is alive, so that its silence shows. Run it on a schedule, also when there was nothing.

    \b
      evidence record heartbeat --source github-collector --count 12 --interval 1h --cursor 48151623
    """
    from ledger.cli.given import given_time
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.earlier import earlier_heartbeats
    from ledger.cli.recording.named import exact_token
    from ledger.cli.recording.recorder import open_recorder
    from ledger.events.operation import Heartbeat

    exact_token(source, "--source")
    if cursor is not None:
        exact_token(cursor, "--cursor")
    span = _SPAN.fullmatch(interval)
    if span is None:
        raise click.UsageError(f"--interval {interval!r} is not a number and s, m, h or d, such as 24h")
    told = None if since is None else given_time(since, "--since")
    with open_recorder(ctx) as recorder:
        earlier = earlier_heartbeats(recorder, source) if told is None else ()
        body = Heartbeat(
            event_count=event_count,
            interval_seconds=int(span[1]) * _SECONDS[span[2]],
            source=source,
            cursor=cursor,
            since=earlier[-1].event.context.occurred_at if earlier else told,
        )
        actor, account = recorder.actor(None, started=False)
        parcel = recorder.seal(body, account, actor)
        words = f"heartbeat of {clean(source, 80)} ({plural(event_count, 'event')} sent)"
        hand_in(ctx, recorder, [(parcel, words)], require_server=require_server)
