"""``evidence record scan``: what a scanner found, counted from its SARIF file, which is kept as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.output import clean, plural
from ledger.cli.recording.choices import recording_options, repository_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.capture.sarif import SarifRun
    from ledger.cli.output import Output
    from ledger.cli.recording.recorder import Recorder
    from ledger.digests import Digest
    from ledger.events.operation import Scan
    from ledger.making import NewContent

TARGETS = ("code", "dependencies", "secrets", "image", "prompts")


@click.command()
@click.argument("report", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--target", required=True, type=click.Choice(TARGETS), help="What was scanned.")
@click.option("--commit", metavar="REF", default="HEAD", show_default=True, help="Of what, in the clone.")
@click.option("--change", metavar="ID", help="The change; by default the CI system's.")
@click.option("--prompt", "prompts", multiple=True, metavar="ENVELOPE", help="A prompt that was scanned; repeat.")
@click.option("--session", "sessions", multiple=True, metavar="ID", help="A session whose prompts were scanned.")
@click.option("--withhold", is_flag=True, help="Send the report's commitment alone; it stays in a file of yours.")
@repository_option
@recording_options
@click.pass_context
def scan(
    ctx: click.Context,
    *,
    report: Path,
    target: str,
    commit: str,
    change: str | None,
    prompts: tuple[str, ...],
    sessions: tuple[str, ...],
    withhold: bool,
    repo: Path,
    require_server: bool,
) -> None:
    """Record a scan from its SARIF 2.1.0 report.

    \b
    Findings are counted by level; what somebody set aside is counted apart. The report is kept byte for byte. A report
    of several tools gives an event for each.

    \b
      evidence record scan results.sarif --target code
      evidence record scan prompts.sarif --target prompts --session 0b6f...
    """
    from ledger.capture.sarif import parse_sarif
    from ledger.cli.recording.delivery import hand_in
    from ledger.cli.recording.recorder import open_recorder
    from ledger.events.context import About

    if (target == "prompts") != bool(prompts or sessions):
        raise click.UsageError("--prompt or --session says which prompts were scanned: with --target prompts alone")
    data = report.read_bytes()
    tools = _by_tool(parse_sarif(data))
    with open_recorder(ctx) as recorder:
        out = recorder.session.output
        tested = None if target == "prompts" else _tested(repo, commit)
        _warn(out, tools, tested, data, withhold=withhold)
        scanned = _prompts(recorder, prompts, sessions)
        about = About(change=change or recorder.ci.change, tree=None if tested is None else tested[1])
        content = _report(recorder, data, withhold=withhold)
        actor, account = recorder.actor(None, started=False)
        parcels = []
        for runs in tools:
            body = _body(runs, target, tested, scanned)
            parcel = recorder.seal(body, [content, *account], actor, about=about)
            parcels.append((parcel, _words(body)))
        hand_in(ctx, recorder, parcels, require_server=require_server)


def _by_tool(runs: Sequence[SarifRun]) -> list[list[SarifRun]]:
    """The runs of each tool, in the order of the file."""
    from ledger.capture.foreign import refuse

    if not runs:
        refuse("the file holds no run, and none is no scan", "/runs", "let the scanner write SARIF again")
    found: dict[tuple[str, str | None], list[SarifRun]] = {}
    for run in runs:
        found.setdefault((run.tool, run.version), []).append(run)
    return list(found.values())


def _tested(repo: Path, commit: str) -> tuple[str, str]:
    """Commit and tree."""
    from ledger.capture.commits import tree_of
    from ledger.capture.git import open_repository, resolve_commit

    with open_repository(repo) as repository:
        found = resolve_commit(repository, commit)
        return found, tree_of(repository, found)


def _prompts(recorder: Recorder, envelopes: Sequence[str], sessions: Sequence[str]) -> tuple[Digest, ...]:
    from ledger.cli.recording.named import named_prompts
    from ledger.errors import NotFoundError

    found = named_prompts(recorder, envelopes, sessions)
    if sessions and recorder.known() is None:
        recorder.session.output.warn(
            "prompts on the server could not be looked up: those that wait here and those of --prompt are named"
            f" [{recorder.unreachable.slug}]"
        )
    if (envelopes or sessions) and not found:
        raise NotFoundError(
            "no-such-entry",
            "no prompt of these sessions is recorded",
            remedy="Record them first, or name them: --prompt ENVELOPE",
        )
    return found


def _report(recorder: Recorder, data: bytes, *, withhold: bool) -> NewContent:
    from ledger.cli.recording.kept import keep_withheld
    from ledger.making import new_content

    content = new_content("report", data, "application/sarif+json", withheld=withhold)
    if withhold:
        path = keep_withheld(recorder, content)
        recorder.session.output.note(f"withheld: the report is in {path} alone; whoever must see it needs that file")
    return content


def _body(runs: Sequence[SarifRun], target: str, tested: tuple[str, str] | None, prompts: tuple[Digest, ...]) -> Scan:
    from ledger.cli.recording.wording import as_token
    from ledger.events.operation import Findings, Scan, Suppressed
    from ledger.events.work import Tool

    told = {run.completed if run.scanned else False for run in runs}
    return Scan(
        complete="no" if False in told else "unknown" if None in told else "yes",
        counts=Findings(
            error=sum(run.counts.error for run in runs),
            none=sum(run.counts.none for run in runs),
            note=sum(run.counts.note for run in runs),
            warning=sum(run.counts.warning for run in runs),
        ),
        prompts=prompts,
        suppressed=Suppressed(
            justified=sum(run.justified_count for run in runs), unjustified=sum(run.unjustified_count for run in runs)
        ),
        target=target,
        tool=Tool(as_token(runs[0].tool) or "unnamed", as_token(runs[0].version)),
        commit=None if tested is None else tested[0],
        tree=None if tested is None else tested[1],
    )


def _warn(
    out: Output, tools: Sequence[Sequence[SarifRun]], tested: tuple[str, str] | None, data: bytes, *, withhold: bool
) -> None:
    """Says what makes this scan worth less than it may look, or tell more than it should."""
    from ledger.capture.secrets import mask_secrets

    runs = [run for each in tools for run in each]
    if not all(run.scanned for run in runs):
        out.warn("a run has no results at all: recorded as not complete, since that is no scan that found nothing")
    if errors := sum(run.error_count for run in runs):
        out.warn(f"the scanner met {plural(errors, 'error')}: what it could not read it has not scanned")
    if undecided := sum(run.undecided_count for run in runs):
        out.warn(f"{plural(undecided, 'result')} left to a person to decide on: in the report, in no count")
    other = {revision.revision for run in runs for revision in run.revisions if revision.revision is not None}
    if tested is not None and other and tested[0] not in other:
        out.warn(f"the report says that {clean(', '.join(sorted(other)), 100)} was scanned, not {tested[0][:12]}")
    if not withhold and (found := mask_secrets(data.decode("utf-8", "replace")).total):
        out.warn(f"the report itself seems to hold {plural(found, 'secret')}, and goes up as it is; see --withhold")


def _words(body: Scan) -> str:
    counts = body.counts
    return (
        f"scan of {body.target} by {clean(body.tool.name, 60)}: {plural(counts.error, 'error')},"
        f" {plural(counts.warning, 'warning')}, {plural(counts.note + counts.none, 'note')},"
        f" {body.suppressed.justified + body.suppressed.unjustified} set aside, complete: {body.complete}"
    )
