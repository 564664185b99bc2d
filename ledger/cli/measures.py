"""``evidence measures``: how changes flowed in a period, beside a named baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

import click

from ledger.cli.options import client_options, output
from ledger.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.cli.releases import FetchedBundle
    from ledger.dossier.facts import Party, PeriodDossier
    from ledger.measures.people import Concentration
    from ledger.measures.period import Measures
    from ledger.measures.values import Change, Measure
    from ledger.rules.policy import PolicyRules

Compared = tuple["Measure", "Measure | None", "Change"]


@click.command()
@click.option("--from", "start", metavar="DAY|TIME|POSITION", help="The first day (UTC), or where it begins.")
@click.option(
    "--to", "end", metavar="DAY|TIME|POSITION", help="Its last day, in it; or where it ends; default: latest entry."
)
@click.option("--baseline-from", metavar="DAY|TIME|POSITION", help="The period to compare with: its first day.")
@click.option(
    "--baseline-to", metavar="DAY|TIME|POSITION", help="Its last day; by default it ends where the period begins."
)
@click.option("--in", "projects", multiple=True, metavar="PROJECT", help="Only these projects; repeat for more.")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    default=("production",),
    show_default=True,
    metavar="NAME",
    help="What counts as production; repeat for more.",
)
@client_options
@click.pass_context
def measures(
    ctx: click.Context,
    start: str | None,
    end: str | None,
    baseline_from: str | None,
    baseline_to: str | None,
    projects: tuple[str, ...],
    environments: tuple[str, ...],
) -> None:
    """Delivery in numbers: lead and review times, rework, deployments, failures, and on whom approval rests.

    Each with its population and what could not be measured; docs/measures.md defines them. Nobody's work is ranked.

    \b
    Examples:
      evidence measures --from 2026-07-01 --to 2026-09-30
      evidence measures --from 2026-07-01 --to 2026-09-30 --baseline-from 2026-04-01
    """
    from ledger.cli.releases import fetch_period
    from ledger.cli.session import open_session
    from ledger.measures.period import compared
    from ledger.rules.ofbundle import policies_of

    if start is None and end is None:
        raise click.UsageError("name a period with --from and --to")
    with_baseline = baseline_from is not None or baseline_to is not None
    with open_session(ctx) as session:
        known = session.directory() if projects else None
        wanted = [] if known is None else [known.project(name).id for name in projects]
        bundle = fetch_period(session, start, end, wanted)
        # Without an end of its own it ends where the period begins.
        until = baseline_to or (None if bundle.period is None else str(bundle.period[0]))
        ends = ("--baseline-from", "--baseline-to")
        other = fetch_period(session, baseline_from, until, wanted, options=ends) if with_baseline else None
    dossier = _period(bundle)
    earlier = None if other is None else _period(other)
    policies = policies_of(dossier.records, dossier)
    now = _measured(bundle, dossier, policies, environments)
    # Both by one policy: else a change of rules would look like a change of work.
    before = None
    if other is not None and earlier is not None:
        policies = policies_of(dossier.records, earlier) | policies
        before = _measured(other, earlier, policies, environments)
    found = compared(now, before)
    output(ctx).answer(
        _document(now, before, found, policies, environments),
        _lines((dossier, earlier), now, found, policies),
    )


def _period(bundle: FetchedBundle) -> PeriodDossier:
    from ledger.dossier.facts import PeriodDossier
    from ledger.rules.ofbundle import dossier_of

    index = bundle.verification.index
    found = None if index is None else dossier_of(index, bundle.records)
    if not isinstance(found, PeriodDossier):
        raise TypeError("a bundle of a period was asked for")
    return found


def _measured(
    bundle: FetchedBundle, dossier: PeriodDossier, policies: Mapping[str, PolicyRules], environments: tuple[str, ...]
) -> Measures:
    from ledger.cli.releases import as_of_now
    from ledger.measures.period import measure_period

    return measure_period(dossier, policies, as_of_now(bundle.records), environments)


def _document(
    now: Measures,
    before: Measures | None,
    found: Sequence[Compared],
    policies: Mapping[str, PolicyRules],
    environments: tuple[str, ...],
) -> dict[str, Any]:
    """The measures as ``--json`` prints them: spans in seconds, proportions in thousandths, rates in tenths a week."""
    return {
        "projects": list(now.projects),
        "from": now.first,
        "to": now.end,
        "baseline": None if before is None else {"from": before.first, "to": before.end},
        "policies": {project: policy.digest for project, policy in policies.items()},
        "environments": list(environments),
        "measures": [
            _measure(measure)
            | {
                "baseline": None if other is None else _measure(other),
                "difference": {"direction": change.direction, "by": change.by},
            }
            for measure, other, change in found
        ],
        "concentration": _concentration(now.concentration),
        "baseline_concentration": None if before is None else _concentration(before.concentration),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    from ledger.measures.values import Proportion, Spread, Tally

    match measure:
        case Tally():
            return {
                "id": measure.id,
                "sort": "tally",
                "count": measure.count,
                "days": measure.days,
                "per_week_tenths": measure.per_week_tenths,
            }
        case Spread():
            told: dict[str, Any] = {
                "sort": "spread",
                "unit": measure.unit,
                "median": measure.median,
                "percentile_90": measure.high,
            }
        case Proportion():
            told = {"sort": "proportion", "part": measure.part, "permille": measure.permille}
        case _:
            assert_never(measure)
    missing = {item.reason: item.count for item in measure.missing}
    return {
        "id": measure.id,
        **told,
        "population": measure.population,
        "measured": measure.measured,
        "missing": missing,
    }


def _concentration(found: Concentration) -> dict[str, Any]:
    return {
        "population": found.population,
        "approved": found.approved,
        "approvals": found.approvals,
        "top_1": found.top(1),
        "top_3": found.top(3),
        "one_eligible": found.one_eligible,
        "none_eligible": found.none_eligible,
        "unknown_eligible": found.unknown_eligible,
        "roles": list(found.roles),
        "missing": {item.reason: item.count for item in found.missing},
        "approvers": [
            {
                "principal": item.principal,
                "changes": item.changes,
                "alone": item.alone,
                "only_eligible": item.only_eligible,
            }
            for item in found.approvers
        ],
    }


def _lines(
    periods: tuple[PeriodDossier, PeriodDossier | None],
    now: Measures,
    found: Sequence[Compared],
    policies: Mapping[str, PolicyRules],
) -> Iterator[str]:
    from ledger.measures.values import Tally
    from reports.period.measured import change_words, name_of, not_measured, population_words, value_words
    from reports.period.span import span_of

    dossier, before = periods
    against = "" if before is None else f", beside {span_of(before)}"
    names = list(dict.fromkeys(clean(policy.name) for policy in policies.values()))
    yield f"{span_of(dossier)}{against}, {'policy' if len(names) == 1 else 'policies'} {', '.join(names)}"
    yield ""
    for measure, other, change in found:
        yield f"{name_of(measure.id):<30} {value_words(measure)}  ({population_words(measure)})"
        if not isinstance(measure, Tally) and measure.missing:
            yield f"{'':<30} not measurable: {not_measured(measure.missing)}"
        if other is not None:
            yield f"{'':<30} before: {value_words(other)}; {change_words(measure, other, change)}"
    yield ""
    yield from _people(now.concentration, dossier.parties)


def _people(found: Concentration, parties: Mapping[str, Party]) -> Iterator[str]:
    if not found.approvals:
        yield "No approval of a change that landed counts, so approval rests on nobody."
        return
    yield (
        f"Approval rests on: the person with the most gave {found.top(1)} of {found.approvals} approvals that count, "
        f"the three with the most {found.top(3)}."
    )
    for item in found.approvers:
        party = parties.get(item.principal)
        name = item.principal[:10] if party is None or party.name is None else clean(party.name)
        only = f", only they could approve {item.only_eligible}" if item.only_eligible else ""
        yield f"  {name}: {item.changes} of {found.population} changes, {item.alone} of them alone{only}"
