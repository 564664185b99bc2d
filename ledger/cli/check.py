"""``evidence check``: the rules of the policy in force over a release or change, with reasons."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.options import client_options, ledger_moment, output, project_option, settings
from ledger.cli.output import clean, paint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

_FILE: Final = re.compile(r"\.(?:zip|pdf|html)$", re.IGNORECASE)
"""How names of bundles and packs end."""
_ORDER: Final = ("fail", "not-evaluable", "pass", "not-applicable")
_COLOURS: Final = {"fail": "red", "not-evaluable": "yellow", "pass": "green"}


@click.command()
@click.argument("target", metavar="RELEASE|CHANGE|BUNDLE", required=False)
@click.option("--from", "start", metavar="DAY|TIME|POSITION", help="A period: its first day (UTC), or where it begins.")
@click.option(
    "--to", "end", metavar="DAY|TIME|POSITION", help="Its last day, in it; or where it ends; default: latest entry."
)
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
    if target is not None and not Path(target).is_file() and (Path(target).is_dir() or _FILE.search(target)):
        # A change of that name is nobody's; the file is missing.
        raise click.UsageError(f"there is no file {clean(target, 200)!r}")
    found, asked = _assess(ctx, target, as_of, (start, end))
    blocked = any(blocking(part.assessment, part.policy) for part in found)
    output(ctx).answer(assessed_document(found) | {"blocked": blocked}, _lines(found, asked, everything=everything))
    if blocked:
        ctx.exit(exitcodes.NEGATIVE)


def _assess(
    ctx: click.Context, target: str | None, as_of: str | None, ends: tuple[str | None, str | None]
) -> tuple[tuple[Assessed, ...], str]:
    """What each policy judges; of a change or a release it is one. Then the days that were asked for; empty: none."""
    from ledger.cli.assessing import change_now, parts_of_bundle
    from ledger.cli.releases import (
        as_of_its_end,
        as_of_what_follows,
        bundle_in,
        days_asked,
        fetch_period,
        fetch_release,
        open_bundle,
    )
    from ledger.cli.session import open_session

    if target is not None and Path(target).is_file():
        bundle = open_bundle(bundle_in(Path(target).read_bytes()), settings(ctx).anchor_line)
        return parts_of_bundle(bundle, as_of or as_of_its_end(bundle)), ""
    with open_session(ctx) as session:
        if target is None:
            bundle = fetch_period(session, *ends)
            followed = None if ends[1] is None else as_of_what_follows(session, bundle)
            return parts_of_bundle(bundle, as_of or followed), days_asked(*ends, UTC, bundle)
        if "@" in target:
            return parts_of_bundle(fetch_release(session, target), as_of), ""
        return (change_now(session, session.project_id(session.directory()), target, as_of),), ""


def sentence_of(verdict: Verdict, parties: Mapping[str, Party]) -> str:
    """A verdict's sentence with names; captured text, which whoever prints it cleans."""
    from ledger.rules.wording import with_names

    return with_names(verdict.sentence, parties)


def assessed_document(found: Sequence[Assessed]) -> dict[str, Any]:
    """Assessments of one subject as ``--json`` prints them; with several ``policy`` is null and ``parts`` name them."""
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.assess import period_subject

    first, dossier = found[0], found[0].dossier
    subject, several = first.assessment.subject, len(found) > 1
    parts = [{"subject": part.assessment.subject, "policy": part.assessment.policy} for part in found]
    return {
        "subject": period_subject(dossier) if several and isinstance(dossier, PeriodDossier) else subject,
        "ledger": first.records.ledger,
        "position": first.assessment.position,
        "policy": None if several else first.assessment.policy,
        **({"parts": parts} if several else {}),
        "as_of": first.assessment.as_of,
        "verdicts": [
            {
                "rule": verdict.rule,
                "subject": verdict.subject,
                "outcome": verdict.outcome.value,
                "severity": verdict.severity,
                "sentence": sentence_of(verdict, part.parties),
                "missing": list(verdict.missing),
                "precondition": verdict.precondition,
                "inputs": _inputs(verdict.inputs),
                "excepted_by": _inputs(verdict.excepted_by),
                "parameters": dict(verdict.parameters),
            }
            for part in found
            for verdict in part.assessment.verdicts
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


def _lines(found: Sequence[Assessed], asked: str, *, everything: bool) -> list[str]:
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.verdict import Outcome, summed_up
    from reports.period.span import days_of, span_said

    first, what = found[0], found[0].assessment.subject
    if isinstance(dossier := first.dossier, PeriodDossier):
        what = f"period {span_said(days_of(dossier, asked, UTC), dossier.first, dossier.end)}"
    policies = ", ".join(clean(part.policy.name) for part in found)
    word = "policy" if len(found) == 1 else "policies"
    lines = [f"{clean(what)}, {word} {policies}, position {first.assessment.position:,}", ""]
    if len(found) > 1:
        lines += [f"{clean(part.policy.name)} judges {clean(part.assessment.subject)}" for part in found] + [""]
    for outcome in _ORDER if everything else _ORDER[:2]:
        for part in found:
            for verdict in part.assessment.by_outcome(Outcome(outcome)):
                lines += verdict_lines(verdict, part.parties)
    return [*lines, "", summed_up(verdict for part in found for verdict in part.assessment.verdicts)]
