"""``evidence check``: the rules of the policy in force over a release or change, with reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import exitcodes
from ledger.cli.options import client_options, output, project_option, settings
from ledger.cli.output import clean, paint, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.dossier.facts import Party
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment, Verdict

WORDS: Final = {
    "pass": "pass",
    "fail": "FAIL",
    "not-evaluable": "cannot tell",
    "not-applicable": "not applicable",
}
"""Outcomes as they are printed."""

_ORDER: Final = ("fail", "not-evaluable", "pass", "not-applicable")
_COLOURS: Final = {"fail": "red", "not-evaluable": "yellow", "pass": "green"}


@click.command()
@click.argument("target", metavar="RELEASE|CHANGE|BUNDLE")
@click.option("--all", "everything", is_flag=True, help="Also what passed and what did not apply.")
@click.option("--as-of", metavar="TIME", help="Judge as of this ledger time, e.g. 2026-11-21T09:30:00.000Z.")
@project_option
@client_options
@click.pass_context
def check(ctx: click.Context, target: str, as_of: str | None, *, everything: bool) -> None:
    """Assess a release, a change or a bundle file against the policy in force.

    \b
    Examples:
      evidence check payments@4.2.0
      evidence check 117 --project payments-api
      evidence check payments-4.2.0.evidence.zip --anchor ledger.pub

    Exit 0: nothing blocks. 3: a rule failed, or under a strict policy cannot be told.
    """
    from ledger.rules.assess import blocking

    records, assessment, policy, parties = _assess(ctx, target, as_of)
    blocked = blocking(assessment, policy)
    say = output(ctx)
    say.answer(
        _document(records, assessment, parties, blocked=bool(blocked)),
        _lines(assessment, policy, parties, everything=everything),
    )
    if blocked:
        ctx.exit(exitcodes.NEGATIVE)


def _assess(
    ctx: click.Context, target: str, as_of: str | None
) -> tuple[Records, Assessment, PolicyRules, Mapping[str, Party]]:
    from ledger.cli.releases import as_of_now, bundle_in, fetch_release, open_bundle
    from ledger.cli.session import open_session
    from ledger.dossier.build import build_change, build_release
    from ledger.rules.assess import assess_change, assess_release
    from ledger.rules.policy import policy_in_force

    path = Path(target)
    if "@" in target or path.is_file():
        if path.is_file():
            bundle = open_bundle(bundle_in(path.read_bytes()), settings(ctx).anchor_line)
        else:
            with open_session(ctx) as session:
                bundle = fetch_release(session, target)
        index = bundle.verification.index
        if index is None or index.subject.release is None:
            raise click.UsageError("this bundle is about a period; rules are assessed on a release or a change")
        release = build_release(bundle.records, index.subject.release)
        policy = policy_in_force(bundle.records, release.sources[0].source.project)
        verdicts = assess_release(release, policy, as_of or as_of_now(bundle.records))
        return bundle.records, verdicts, policy, release.parties
    from ledger.cli.gathering import gather_change, position_now

    with open_session(ctx) as session:
        position_now(session)
        directory = session.directory()
        project = session.project_id(directory)
        records = gather_change(session, directory, project, target)
    change = build_change(records, project, target)
    policy = policy_in_force(records, project)
    return records, assess_change(change, policy, as_of or as_of_now(records)), policy, change.parties


def _sentence(verdict: Verdict, parties: Mapping[str, Party]) -> str:
    from ledger.rules.wording import with_names

    return with_names(verdict.sentence, parties)


def _document(
    records: Records, assessment: Assessment, parties: Mapping[str, Party], *, blocked: bool
) -> dict[str, Any]:
    return {
        "subject": assessment.subject,
        "ledger": records.ledger,
        "position": assessment.position,
        "policy": assessment.policy,
        "as_of": assessment.as_of,
        "blocked": blocked,
        "verdicts": [
            {
                "rule": verdict.rule,
                "subject": verdict.subject,
                "outcome": verdict.outcome.value,
                "severity": verdict.severity,
                "sentence": _sentence(verdict, parties),
                "missing": list(verdict.missing),
                "precondition": verdict.precondition,
                "inputs": [
                    {"name": item.name, "envelope": item.envelope, "index": item.index} for item in verdict.inputs
                ],
                "parameters": dict(verdict.parameters),
            }
            for verdict in assessment.verdicts
        ],
    }


def _lines(assessment: Assessment, policy: PolicyRules, parties: Mapping[str, Party], *, everything: bool) -> list[str]:
    from ledger.rules.verdict import Outcome

    lines = [f"{clean(assessment.subject)}, policy {clean(policy.name)}, position {assessment.position:,}", ""]
    shown = _ORDER if everything else _ORDER[:2]
    for outcome in shown:
        for verdict in assessment.by_outcome(Outcome(outcome)):
            word = f"{WORDS[outcome]:<14}"
            mark = paint(word, _COLOURS[outcome]) if outcome in _COLOURS else word
            lines.append(f"{mark} {verdict.rule}  {clean(verdict.subject)}")
            lines.append(f"               {clean(_sentence(verdict, parties), 2_000)}")
    counts = {outcome: len(assessment.by_outcome(Outcome(outcome))) for outcome in _ORDER}
    failed = plural(counts["fail"], "failure")
    told = f"{counts['not-evaluable']} cannot be told, {counts['pass']} passed"
    return [*lines, "", f"{failed}, {told}, {counts['not-applicable']} not applicable"]
