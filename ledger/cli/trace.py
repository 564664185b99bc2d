"""``evidence trace``: from a commit, line, digest, release, change or incident to prompts and approvals."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.options import client_options, output, project_option
from ledger.cli.output import clean
from ledger.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.dossier.facts import Party
    from ledger.dossier.trace import TraceStep
    from ledger.leads import Start

_SPAN = re.compile(r"([0-9]+)([mhd])", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_PROMPT_SHOWN: Final = 160


@click.command()
@click.argument("target", required=False, metavar="[COMMIT|TREE|DIGEST|FILE:LINE|PRODUCT@VERSION|CHANGE|INCIDENT]")
@click.option(
    "--repo", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path(), help="The clone."
)
@click.option("--incident", metavar="ID", help="This incident, what it may have come from and exceptions for it.")
@click.option("--service", metavar="NAME", help="What was deployed and seen of this service, and what went wrong ...")
@click.option("--env", "environment", metavar="NAME", help="... in this environment ...")
@click.option("--at", metavar="TIME", help="... at this time (RFC 3339; now if not given) ...")
@click.option("--since", default="6h", show_default=True, metavar="SPAN", help="... and up to this long before.")
@project_option
@client_options
@click.pass_context
def trace(
    ctx: click.Context,
    *,
    target: str | None,
    repo: Path,
    incident: str | None,
    service: str | None,
    environment: str | None,
    at: str | None,
    since: str,
) -> None:
    """Trace an incident to its prompts, tests and approvals, in the order of the ledger.

    Each part says why it is shown. An entry stands once, in the first part
    that it belongs to; later parts name it by its number. What is named may
    also be a pack's number, a service and a time, a pasted stack trace, or the
    id of a person: whatever the page Trace of the server takes. A commit may be
    shortened to 4 digits; a line of a file, and a commit inside a landing, need
    the clone.

    \b
    Examples:
      evidence trace src/rates.py:42
      evidence trace 3f0c9d1
      evidence trace payments@4.2.0
      evidence trace INC-12
      evidence trace --incident INC-12
      evidence trace --service web --env production --at 2026-11-21T03:10:00Z --since 6h
    """
    from ledger.cli.gathering import ServerSource, position_now
    from ledger.cli.given import given
    from ledger.cli.recording.wording import as_label, as_token
    from ledger.cli.session import open_session
    from ledger.cli.tracing import starts_of
    from ledger.events.shape import token
    from ledger.leads import Place, incident_starts, place_starts

    # As recording writes them.
    place = Place(as_label(environment), as_token(service))
    if [target, incident, None if place == Place() else place].count(None) != 2:
        raise click.UsageError(
            "name one thing to trace: a commit, line, digest, release, change or incident; or --service, --env, --at"
        )
    with open_session(ctx) as session:
        position_now(session)
        directory = session.directory()
        if target is not None:
            starts = starts_of(session, directory, target, repo)
        elif incident is not None:
            with given("--incident", incident, "INC-12"):
                incident = token(incident, "--incident")
            starts = incident_starts(ServerSource(session), directory, incident)
        else:
            starts = place_starts(ServerSource(session), directory, place, _instant(at), _span(since))
        documents: list[dict[str, Any]] = []
        lines: list[str] = []
        shown: set[int] = set()
        for start in starts:
            steps, parties = _steps(session, directory, start)
            above = tuple(step.record.index for step in steps if step.record.index in shown)
            steps = tuple(step for step in steps if step.record.index not in shown)
            shown |= {step.record.index for step in steps}
            documents.append(_document(start, steps, above, parties))
            lines += [*_lines(start, steps, above), ""]
    output(ctx).answer({"traces": documents}, lines[:-1])


def _steps(session: Session, directory: Directory, start: Start) -> tuple[tuple[TraceStep, ...], Mapping[str, Party]]:
    from ledger.cli.gathering import gather_change
    from ledger.cli.releases import fetch_release
    from ledger.dossier.build import build_change, build_release
    from ledger.dossier.trace import trace_change, trace_release

    if start.steps:
        return start.steps, {who.principal: who for step in start.steps if (who := step.who) and who.principal}
    if start.release is not None:
        bundle = fetch_release(session, start.release)
        index = bundle.verification.index
        if index is None or index.subject.release is None:
            raise NotFoundError("no-such-release", "the server's bundle is not about a release")
        release = build_release(bundle.records, index.subject.release)
        return trace_release(release), release.parties
    if start.project is None or start.change is None:
        return (), {}
    records = gather_change(session, directory, start.project, start.change)
    change = build_change(records, start.project, start.change)
    return trace_change(change), change.parties


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    from ledger.cli.given import given_time
    from ledger.events.shape import instant

    return instant(given_time(text, "--at"))


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise FormatError(
            "bad-span",
            "a span is a number and m, h or d",
            where="--since",
            details={"value": text},
            remedy="Write --since so: 6h",
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _name(party: Party | None) -> str:
    if party is None:
        return ""
    if party.name is not None:
        return party.name
    account = party.account
    shown = None if account is None else account.mail or account.login or account.id
    return f"{shown or party.principal or 'somebody'} ({party.name_state})"


def _document(
    start: Start, steps: tuple[TraceStep, ...], above: tuple[int, ...], parties: Mapping[str, Party]
) -> dict[str, Any]:
    return {
        "found": start.found,
        "change": start.change,
        "release": start.release,
        "people": {identifier: party.name for identifier, party in parties.items()},
        "shown_above": list(above),
        "steps": [
            {
                "index": step.record.index,
                "received_at": step.record.leaf.received_at,
                "kind": step.kind,
                "change": step.change,
                "who": None if step.who is None else step.who.principal,
                "name": _name(step.who) or None,
                "what": step.what,
                "envelope": step.envelope,
                "prompt": step.prompt if isinstance(step.prompt, str) else None,
                "prompt_state": None if step.prompt is None or isinstance(step.prompt, str) else step.prompt.state,
            }
            for step in steps
        ],
    }


def _lines(start: Start, steps: tuple[TraceStep, ...], above: tuple[int, ...]) -> list[str]:
    lines = [clean(start.found)]
    for step in steps:
        change = f" #{step.change}" if step.change is not None else ""
        head = f"  {step.record.index:>6}  {step.record.leaf.received_at[:16].replace('T', ' ')}  {step.kind:<14}"
        lines.append(f"{head}{clean(change, 24):<8} {clean(_name(step.who), 60)} {clean(step.what)}".rstrip())
        if isinstance(step.prompt, str):
            lines.append(f"{'':34}asked: {clean(step.prompt.strip(), _PROMPT_SHOWN)}")
        elif step.prompt is not None:
            lines.append(f"{'':34}its text is {step.prompt.state}")
    if above:
        of_it = "also of it" if steps else "all of it"
        lines.append(f"  {of_it}, and shown above: {'entry' if len(above) == 1 else 'entries'} {_ranges(above)}")
    return lines


def _ranges(indexes: tuple[int, ...]) -> str:
    """``3, 7 to 9``, of ascending numbers."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == runs[-1][-1] + 1:
            runs[-1][1:] = [index]
        else:
            runs.append([index])
    return ", ".join(" to ".join(map(str, run)) for run in runs)
