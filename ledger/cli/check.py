"""``evidence check``: the rules of the policy in force over a release or change, with reasons."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.options import client_options, output, project_option, settings
from ledger.cli.output import clean, paint, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.cli.assessing import Assessed
    from ledger.dossier.facts import Party
    from ledger.rules.verdict import Input, Verdict

WORDS: Final = {
    "pass": "pass",
    "fail": "FAIL",
    "not-evaluable": "cannot tell",
    "not-applicable": "not applicable",
}
"""Outcomes as they are printed."""

_ORDER: Final = ("fail", "not-evaluable", "pass", "not-applicable")
_COLOURS: Final = {"fail": "red", "not-evaluable": "yellow", "pass": "green"}


def ledger_moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A ledger time from any time with an offset, as people write it; None: none was given."""
    del ctx, parameter
    if value is None:
        return None
    from ledger.errors import FormatError
    from ledger.events.shape import claimed_time, instant

    try:
        moment = instant(claimed_time(value, "--as-of"))
    except FormatError:
        raise click.BadParameter("a time such as 2026-11-21T09:30:00Z is expected") from None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@click.command()
@click.argument("target", metavar="RELEASE|CHANGE|BUNDLE", required=False)
@click.option("--from", "start", metavar="DAY|TIME|POSITION", help="A period: its first day (UTC), or where it begins.")
@click.option("--to", "end", metavar="DAY|TIME|POSITION", help="Its last day, in it; or where it ends.")
@click.option("--all", "everything", is_flag=True, help="Also what passed and what did not apply.")
@click.option(
    "--as-of",
    metavar="TIME",
    callback=ledger_moment,
    help="Judge as of this time, e.g. 2026-11-21T09:30:00Z; left out: now, for a period past its end.",
)
@project_option
@client_options
@click.pass_context
def check(
    ctx: click.Context, target: str | None, start: str | None, end: str | None, as_of: str | None, *, everything: bool
) -> None:
    """Assess a release, a change, a period or a bundle file against the policy in force.

    \b
    Examples:
      evidence check payments@4.2.0
      evidence check 117 --project payments-api
      evidence check --from 2026-07-01 --to 2026-09-30
      evidence check payments-4.2.0.evidence.zip --anchor ledger.pub

    Exit 0: nothing blocks; rules of low severity only advise. 3: another rule failed, or under a strict policy cannot
    be told.
    """
    from ledger.rules.assess import blocking

    if (target is None) == (start is None and end is None):
        raise click.UsageError("name a release, a change or a bundle file; or a period with --from and --to")
    found = _assess(ctx, target, as_of, (start, end))
    blocked = blocking(found.assessment, found.policy)
    output(ctx).answer(assessed_document(found) | {"blocked": bool(blocked)}, _lines(found, everything=everything))
    if blocked:
        ctx.exit(exitcodes.NEGATIVE)


def _assess(ctx: click.Context, target: str | None, as_of: str | None, ends: tuple[str | None, str | None]) -> Assessed:
    from ledger.cli.assessing import change_now, of_bundle
    from ledger.cli.releases import (
        as_of_its_end,
        as_of_what_follows,
        bundle_in,
        fetch_period,
        fetch_release,
        open_bundle,
    )
    from ledger.cli.session import open_session

    if target is not None and Path(target).is_file():
        bundle = open_bundle(bundle_in(Path(target).read_bytes()), settings(ctx).anchor_line)
        return of_bundle(bundle, as_of or as_of_its_end(bundle))
    with open_session(ctx) as session:
        if target is None:
            bundle = fetch_period(session, *ends)
            return of_bundle(bundle, as_of or (None if ends[1] is None else as_of_what_follows(session, bundle)))
        if "@" in target:
            return of_bundle(fetch_release(session, target), as_of)
        return change_now(session, session.project_id(session.directory()), target, as_of)


def sentence_of(verdict: Verdict, parties: Mapping[str, Party]) -> str:
    """A verdict's sentence with names; captured text, which whoever prints it cleans."""
    from ledger.rules.wording import with_names

    return with_names(verdict.sentence, parties)


def assessed_document(found: Assessed) -> dict[str, Any]:
    """An assessment as ``--json`` prints it."""
    assessment = found.assessment
    return {
        "subject": assessment.subject,
        "ledger": found.records.ledger,
        "position": assessment.position,
        "policy": assessment.policy,
        "as_of": assessment.as_of,
        "verdicts": [
            {
                "rule": verdict.rule,
                "subject": verdict.subject,
                "outcome": verdict.outcome.value,
                "severity": verdict.severity,
                "sentence": sentence_of(verdict, found.parties),
                "missing": list(verdict.missing),
                "precondition": verdict.precondition,
                "inputs": _inputs(verdict.inputs),
                "excepted_by": _inputs(verdict.excepted_by),
                "parameters": dict(verdict.parameters),
            }
            for verdict in assessment.verdicts
        ],
    }


def _inputs(inputs: tuple[Input, ...]) -> list[dict[str, Any]]:
    return [{"name": item.name, "envelope": item.envelope, "index": item.index} for item in inputs]


def verdict_lines(verdict: Verdict, parties: Mapping[str, Party]) -> list[str]:
    """A verdict as people read it at a terminal."""
    outcome = verdict.outcome.value
    word = f"{WORDS[outcome]:<14}"
    mark = paint(word, _COLOURS[outcome]) if outcome in _COLOURS else word
    excepted = ""
    if verdict.excepted_by:
        entries = ", ".join(str(item.index) for item in verdict.excepted_by)
        excepted = f"; excepted by entry {entries}"
    elif verdict.severity == "low" and outcome in _ORDER[:2]:
        excepted = "; advises only"
    return [
        f"{mark} {verdict.rule}  {clean(verdict.subject)}{excepted}",
        f"               {clean(sentence_of(verdict, parties), 2_000)}",
    ]


def _lines(found: Assessed, *, everything: bool) -> list[str]:
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.verdict import Outcome
    from reports.period.span import span_of

    assessment = found.assessment
    what = f"period {span_of(found.dossier)}" if isinstance(found.dossier, PeriodDossier) else assessment.subject
    head = f"{clean(what)}, policy {clean(found.policy.name)}, position {assessment.position:,}"
    lines = [head, ""]
    for outcome in _ORDER if everything else _ORDER[:2]:
        for verdict in assessment.by_outcome(Outcome(outcome)):
            lines += verdict_lines(verdict, found.parties)
    counts = {outcome: len(assessment.by_outcome(Outcome(outcome))) for outcome in _ORDER}
    excepted = sum(bool(verdict.excepted_by) for verdict in assessment.by_outcome(Outcome.FAIL))
    advises = sum(verdict.severity == "low" for verdict in assessment.by_outcome(Outcome.FAIL))
    marks = [f"{count} {word}" for count, word in ((excepted, "excepted"), (advises, "advise only")) if count]
    failed = plural(counts["fail"], "failure") + (f" ({', '.join(marks)})" if marks else "")
    told = f"{counts['not-evaluable']} cannot be told, {counts['pass']} passed"
    return [*lines, "", f"{failed}, {told}, {counts['not-applicable']} not applicable"]
