"""``evidence outbox``: what waits on this machine for the server, and what the server refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger import exitcodes
from ledger.cli.options import client_options, outbox_option
from ledger.cli.output import clean, plural, table

if TYPE_CHECKING:
    from ledger.cli.session import Session
    from ledger.errors import LedgerError
    from ledger.outbox import Outbox


@click.group()
def outbox() -> None:
    """What waits on this machine for the server: list, flush, import, retry."""


@outbox.command("list")
@client_options
@outbox_option
@click.pass_context
def list_(ctx: click.Context) -> None:
    """What waits, and what the server refused."""
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        box = _open(session)
        status = box.status()
        waiting = [_described(box, event_id) for event_id in status.waiting]
        problems = _hook_problems(box)
        document = {
            "folder": str(box.spool.root),
            "waiting": waiting,
            "refused": [{"event_id": event_id, "reason": slug} for event_id, slug in status.refused],
            "failed_attempts": status.failures,
            "hook_problems": problems,
        }
        lines = table(
            ["event", "kind", "about", "recorded"],
            [[item["event_id"], item["kind"], item["about"], item["occurred_at"]] for item in waiting],
        )
        lines.append(f"{plural(len(waiting), 'event')} waiting in {clean(str(box.spool.root))}")
        if status.refused:
            lines += ["", *table(["refused", "why"], [list(item) for item in status.refused])]
            lines.append("try again when the cause is gone: evidence outbox retry EVENT")
        if problems:
            lines += ["", f"{plural(len(problems), 'prompt')} that a hook could not record, the last of them:"]
            lines += [f"  {clean(line)}" for line in problems[-3:]]
        session.output.answer(document, lines)


@outbox.command()
@client_options
@outbox_option
@click.option("--timeout", type=click.FloatRange(0.1), default=60.0, show_default=True, help="Seconds to try for.")
@click.pass_context
def flush(ctx: click.Context, *, timeout: float) -> None:
    """Deliver what waits. Put it at the end of every pipeline.

    Exit 0: nothing waits any more. 5: something still does. 1: the server refused something for good.
    """
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        box = _open(session)
        flushed = box.flush(session.client, timeout=timeout)
        stopped = flushed.stopped
        document = {
            "delivered": [
                {"event_id": event_id, "index": receipt.leaf.index} for event_id, receipt in flushed.delivered
            ],
            "refused": [_problem(event_id, error) for event_id, error in flushed.refused],
            "waiting_count": flushed.waiting,
            "stopped": None if stopped is None else stopped.slug,
        }
        lines = [f"delivered {plural(len(flushed.delivered), 'event')}, {flushed.waiting:,} waiting"]
        lines += [f"refused {event_id}: {clean(error.message)} [{error.slug}]" for event_id, error in flushed.refused]
        session.output.answer(document, lines)
        if flushed.refused:
            ctx.exit(exitcodes.ERROR)
        if flushed.waiting and stopped is not None:
            # Why, on stderr, with the exit status that goes with it.
            raise stopped
        if flushed.waiting:
            session.output.note("another process is delivering")
            ctx.exit(exitcodes.UNREACHABLE)


@outbox.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@client_options
@outbox_option
@click.pass_context
def import_(ctx: click.Context, *, folder: Path) -> None:
    """Take in a copy of another machine's outbox, such as a pipeline's artifact. Deliver it with: flush."""
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        box = _open(session)
        taken, faulty = box.import_folder(folder)
        document = {
            "taken": list(taken),
            "faulty": [{"folder": name, "reason": error.slug} for name, error in faulty],
        }
        lines = [f"took in {plural(len(taken), 'event')}; deliver: evidence outbox flush"]
        lines += [f"left {clean(name)}: {clean(error.message)} [{error.slug}]" for name, error in faulty]
        session.output.answer(document, lines)
        if faulty:
            ctx.exit(exitcodes.ERROR)


@outbox.command()
@click.argument("event")
@client_options
@outbox_option
@click.pass_context
def retry(ctx: click.Context, *, event: str) -> None:
    """Put a refused event back among those that wait, once the cause is gone."""
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        _open(session).restore(event)
        session.output.answer({"event_id": event, "state": "waiting"}, [f"{clean(event)} waits again"])


def _open(session: Session) -> Outbox:
    from ledger.outbox import Outbox
    from ledger.spool import default_root

    named = session.settings.outbox
    explicit = None if named is None else Path(named.text)
    return Outbox(default_root(session.anchor.ledger, os.environ, explicit=explicit))


def _described(box: Outbox, event_id: str) -> dict[str, Any]:
    from ledger.errors import LedgerError

    try:
        parcel = box.spool.read(event_id)
    except LedgerError as error:
        return {"event_id": event_id, "kind": "damaged", "about": error.slug, "occurred_at": ""}
    about = parcel.event.context.about
    change = None if about.change is None else f"change {about.change}"
    return {
        "event_id": event_id,
        "kind": parcel.event.kind,
        "about": about.release or change or (about.tree or "")[:12],
        "occurred_at": parcel.event.context.occurred_at,
    }


def _problem(event_id: str, error: LedgerError) -> dict[str, Any]:
    return {"event_id": event_id, "reason": error.slug, "detail": error.message}


def _hook_problems(box: Outbox) -> list[str]:
    from ledger.cli.recording.prompt import PROBLEMS_FILE

    try:
        with (box.spool.root / PROBLEMS_FILE).open(encoding="utf-8", errors="replace") as file:
            return file.read(1024 * 1024).splitlines()
    except OSError:
        return []
