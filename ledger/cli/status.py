"""``evidence status``: which ledger, how large, and what waits on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ledger.cli.options import client_options, outbox_option

if TYPE_CHECKING:
    from ledger.cli.session import Session


@click.command()
@outbox_option
@client_options
@click.pass_context
def status(ctx: click.Context) -> None:
    """Which ledger, how large, and what waits. Exit code 5: the server cannot be reached; 3: it does not hold."""
    from ledger.cli.output import clean, report_error
    from ledger.cli.session import open_session
    from ledger.errors import AuthorityError, LedgerError, UnavailableError

    with open_session(ctx) as session:
        anchor, told = session.anchor, session.settings
        document: dict[str, Any] = {"ledger": anchor.ledger, "origin": anchor.origin, "server": told.server.text}
        lines = [f"ledger      {anchor.origin}", f"ledger id   {anchor.ledger}"]
        lines.append(f"server      {clean(told.server.text)}  (from {clean(told.server.source)})")
        problem: LedgerError | None = None
        try:
            more, words = _server(session)
            document |= more
            lines += words
        except UnavailableError as error:
            problem = error
            document["reachable"] = False
            lines.append("            cannot be reached")
        except AuthorityError as error:
            problem = error
            document["reachable"] = True
            lines.append(f"            {error.message}")
        waiting, words = _outbox(session)
        document["outbox"] = waiting
        session.output.answer(document, lines + words)
        if problem is not None:
            from ledger.cli.main import exit_status

            report_error(problem, json=session.output.json)
            ctx.exit(exit_status(problem))


def _server(session: Session) -> tuple[dict[str, Any], list[str]]:
    from ledger.cli.output import plural
    from ledger.digests import from_raw
    from ledger.errors import AuthorityError, UnavailableError

    checkpoint = session.client.checkpoint()
    document: dict[str, Any] = {
        "reachable": True,
        "size": checkpoint.size,
        "root": from_raw(checkpoint.root),
        "checkpoint_origin": checkpoint.origin,
    }
    lines = [f"checkpoint  {plural(checkpoint.size, 'entry', 'entries')}, root {from_raw(checkpoint.root)}"]
    if checkpoint.origin != session.anchor.origin:
        lines.append(f"            signed as {checkpoint.origin}: a checkpoint store was lost before")
    try:
        session.client.get("/readyz")
        document["ready"] = True
        lines.append("            ready to take events")
    except UnavailableError as error:
        document |= {"ready": False, "not_ready": error.slug}
        lines.append(f"            takes no events now: {error.message}")
    try:
        known = session.directory()
    except AuthorityError as error:
        document["roster"] = error.slug
        lines.append(f"roster      not readable with this token: {error.message}")
        return document, lines
    roster = known.roster
    active = [one for one in roster.principals.values() if one.until is None]
    open_projects = [one for one in roster.projects.values() if one.until is None]
    document |= {
        "admins_required": roster.core.admins_required,
        "principals": len(active),
        "projects": len(open_projects),
        "pending_acts": len(roster.pending),
    }
    lines.append(
        f"roster      {plural(len(active), 'principal')}, {plural(len(open_projects), 'project')}; "
        f"an act takes {plural(roster.core.admins_required, 'administrator')}"
    )
    if roster.pending:
        lines.append(
            f"            {plural(len(roster.pending), 'act')} waiting for a second one: evidence acts pending"
        )
    return document, lines


def _outbox(session: Session) -> tuple[dict[str, Any], list[str]]:
    import os
    from pathlib import Path

    from ledger.cli.output import plural
    from ledger.outbox import Outbox
    from ledger.spool import default_root

    explicit = None if session.settings.outbox is None else Path(session.settings.outbox.text)
    root = default_root(session.anchor.ledger, os.environ, explicit=explicit)
    if not root.is_dir():
        return {"folder": str(root), "waiting": 0, "refused": 0}, ["outbox      nothing waits"]
    found = Outbox(root).status()
    document = {"folder": str(root), "waiting": len(found.waiting), "refused": len(found.refused)}
    lines = ["outbox      nothing waits"]
    if found.waiting:
        lines = [f"outbox      {plural(len(found.waiting), 'event')} waiting: evidence outbox flush"]
    if found.refused:
        lines.append(f"            {plural(len(found.refused), 'event')} refused: evidence outbox list")
    return document, lines
