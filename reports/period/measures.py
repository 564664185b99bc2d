"""Delivery in numbers beside a named baseline, and on how many people approval rests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.measures.period import IDS, KEYS, compared, measure_period
from ledger.measures.values import LEAST, Tally
from ledger.rules.ofbundle import policies_of
from reports.parts import Bullets, Heading, Line, Paragraph, Row, Section, Share, Shares, Table, line, words
from reports.period.measured import change_words, name_of, not_measured, population_words, question_of, value_words
from reports.period.span import covered, days_between, days_said
from reports.release.said import NONE, columns, named, parse_time, quiet, short_principal, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import moment, number, share

if TYPE_CHECKING:
    from ledger.measures.people import Approver, Concentration
    from ledger.measures.period import Measures
    from ledger.measures.values import Change, Measure
    from reports.parts import Block
    from reports.period.span import Days
    from reports.period.view import PeriodView
    from reports.text import Text

MEASURES: Final = "measures"
CONCENTRATION: Final = "concentration"
MOST_PEOPLE: Final = 30
"""Approvers printed one by one; the rest is counted."""
_FLOW: Final = IDS[4:9]
_AFTER: Final = IDS[9:]

Compared = tuple["Measure", "Measure | None", "Change"]


def measured(view: PeriodView) -> tuple[Measures, Measures | None]:
    """What was measured of the period and of its baseline, each project by the policy that judges it here."""
    policies = {project: part.policy for part in view.parts for project in part.projects}
    as_of = view.carried.as_of
    now = measure_period(view.dossier, policies, as_of, seconds=_length(view, view.days))
    before = view.baseline
    if before is None:
        return now, None
    judging = policies_of(view.dossier.records, before) | policies
    return now, measure_period(before, judging, as_of, seconds=_length(view, _baseline_days(view)))


def _baseline_days(view: PeriodView) -> Days | None:
    """The days that are printed of the baseline."""
    before = view.baseline
    return None if before is None else days_between(covered(before), view.settings.zone)


def _length(view: PeriodView, days: Days | None) -> int | None:
    """Seconds of the printed days that had passed when this pack was judged; None: no day is known."""
    if days is None:
        return None
    start, end = days.bounds(view.settings.zone)
    return max(0, int((min(end, parse_time(view.carried.as_of)) - start).total_seconds()))


def measures_section(view: PeriodView, section: str = "16") -> Section:
    """How changes flowed; ``section`` is its number."""
    now, before = measured(view)
    found = {measure.id: (measure, other, change) for measure, other, change in compared(now, before)}
    tables = (
        (say("DORA's four keys"), KEYS),
        (say("How changes flow and are reviewed"), _FLOW),
        (say("Rework, assistants, gates and exceptions"), _AFTER),
    )
    blocks: list[Block] = [_table(caption, [found[identifier] for identifier in ids]) for caption, ids in tables]
    return Section(
        MEASURES,
        section,
        words(say("Delivery measures")),
        words(say("How long do changes take, how often must they be mended, and is that different from before?")),
        _lede(now, before, view.baseline_span),
        (*blocks, Heading(words(say("How to read these numbers"))), _reading(view, before)),
    )


def concentration_section(view: PeriodView, section: str = "17") -> Section:
    """On whom approval rests; ``section`` is its number."""
    now, before = measured(view)
    found = now.concentration
    blocks: list[Block] = [_shares(view, found), _dependence(view, found), *_unapproved(found)]
    blocks += _beside_baseline(found, None if before is None else before.concentration)
    blocks.append(
        Paragraph(
            line(
                say(
                    "This is about dependence, not about merit: who approves much is asked much, and what would happen "
                    "without them is the question. No measure of delivery is counted by person."
                )
            ),
            small=True,
        )
    )
    return Section(
        CONCENTRATION,
        section,
        words(say("Who approval rests on")),
        words(say("Who is a single point of dependence?")),
        _rests_on(view, found),
        tuple(blocks),
    )


def _lede(now: Measures, before: Measures | None, baseline: str) -> Line:
    landed = now.concentration.population
    first = say_count(
        "Measured over {count} change that landed in the period.",
        "Measured over {count} changes that landed in the period.",
        landed,
    )
    if before is None:
        return line(first, " ", say("No baseline period was named, so nothing is compared."))
    told = say(
        "The baseline is {period}, in which {changes} landed.",
        period=baseline,
        changes=say_count("{count} change", "{count} changes", before.concentration.population),
    )
    return line(first, " ", told)


def _table(caption: str, rows: list[Compared]) -> Table:
    return Table(
        columns(
            (say("Measure"), 25),
            (say("This period"), 18),
            (say("Baseline"), 15),
            (say("Difference"), 18),
            (say("Measured"), 9),
            (say("Not measurable"), 15),
        ),
        tuple(_row(*row) for row in rows),
        words(say("Nothing is measured.")),
        caption=words(caption),
        size="small",
    )


def _row(measure: Measure, before: Measure | None, change: Change) -> Row:
    missing = "" if isinstance(measure, Tally) else not_measured(measure.missing)
    return Row(
        (
            line(strong(name_of(measure.id)), " ", quiet(question_of(measure.id))),
            line(value_words(measure)),
            line(quiet(NONE)) if before is None else line(value_words(before)),
            line(quiet(NONE)) if change.direction == "too-few" else line(change_words(measure, before, change)),
            line(population_words(measure)),
            line(missing) if missing else line(quiet(NONE)),
        )
    )


def _reading(view: PeriodView, before: Measures | None) -> Bullets:
    items = [
        say("Times are the ledger's, except the first commit and prompt, which are by their makers' clocks."),
        say(
            "The median is the value that half of the items do not exceed; nine of ten do not exceed the second one. "
            "Both are values that occurred (nearest rank). There is no mean: one long wait would move it."
        ),
        say("What could not be measured is counted beside each measure and is in none of its values."),
        say(
            "Changes that landed late in the period had less time to be deployed, to fail or to be taken back than "
            "those that landed early."
        ),
    ]
    items.append(_base(view, before))
    if before is not None:
        items.append(
            say(
                "Where there are fewer than {least} measured items on either side nothing is compared, and no "
                "difference is printed. A difference has no cause in it: "
                "other work, other people and other rules look the same here.",
                least=LEAST,
            )
        )
        items.append(
            say_count(
                "Both periods are measured by the policy that judges this one: {policies}.",
                "Both periods are measured by the policies that judge this one, each project by its own: {policies}.",
                len(view.parts),
                policies=", ".join(part.policy.name for part in view.parts),
            )
        )
    return Bullets(tuple(line(item) for item in items))


def _base(view: PeriodView, before: Measures | None) -> str:
    """Over which days rates are counted."""
    days, other = view.days, _baseline_days(view)
    if days is None:
        return say("Nothing was recorded in the period, so no rate is counted.")
    if before is None or other is None:
        return say(
            "How often a week is counted over the days {days}, also those without an entry.",
            days=_counted_days(view, days),
        )
    return say(
        "How often a week is counted over the days {days}, also those without an entry; of the baseline over {other}, "
        "from the day of its first entry to that of its last.",
        days=_counted_days(view, days),
        other=_counted_days(view, other),
    )


def _counted_days(view: PeriodView, days: Days) -> str:
    """The days that a rate is counted over; of days that are not over, up to when."""
    _, end = days.bounds(view.settings.zone)
    as_of = parse_time(view.carried.as_of)
    if end <= as_of:
        return days_said(days)
    return say("{days} as far as they had passed by {time}", days=days_said(days), time=moment(as_of))


def _person(view: PeriodView, principal: str) -> Text:
    party = view.dossier.parties.get(principal)
    return capture(short_principal(principal)) if party is None else named(party)


def _rests_on(view: PeriodView, found: Concentration) -> Line:
    gave = [item for item in found.approvers if item.changes]
    if not gave:
        return line(say("No approval of a change that landed in the period counts, so it rests on nobody."))
    most, three = share(found.top(1), found.approvals), share(found.top(3), found.approvals)
    alike = sum(item.changes == gave[0].changes for item in gave)
    told = (
        say(
            "{person} gave {most} approvals that count; the three who gave the most, {three}.",
            person=_person(view, gave[0].principal),
            most=most,
            three=three,
        )
        if alike == 1
        else say(
            "{people} people gave the most approvals that count, {most} each; the most that three people gave together "
            "is {three}.",
            people=number(alike),
            most=most,
            three=three,
        )
    )
    alone = (
        say_count(
            "{count} change could have been approved by one person alone.",
            "{count} changes could have been approved by one person alone.",
            found.one_eligible,
        )
        if found.one_eligible
        else say("No change is known to have depended on one person alone.")
    )
    return line(told, " ", alone)


def _shares(view: PeriodView, found: Concentration) -> Shares:
    gave = [item for item in found.approvers if item.changes]
    return Shares(
        words(say("Of all approvals that count, given by")),
        tuple(
            Share(
                _person(view, item.principal),
                100 * item.changes // found.approvals,
                words(share(item.changes, found.approvals)),
            )
            for item in gave[:MOST_PEOPLE]
        ),
        words(say("No approval counts.")),
    )


def _dependence(view: PeriodView, found: Concentration) -> Table:
    shown = found.approvers[:MOST_PEOPLE]
    caption = say(
        "People and changes: {shown} of {whole} people, with the most approvals first",
        shown=number(len(shown)),
        whole=number(len(found.approvers)),
    )
    return Table(
        columns(
            (say("Person"), 34),
            (say("Changes approved"), 22),
            (say("Nobody else approved"), 22),
            (say("Only they could"), 22),
        ),
        tuple(_approver(view, item, found) for item in shown),
        words(say("Nobody approved a change of the period, and none depended on one person.")),
        caption=words(caption),
    )


def _approver(view: PeriodView, item: Approver, found: Concentration) -> Row:
    only = share(item.only_eligible, found.population)
    return Row(
        (
            line(_person(view, item.principal)),
            line(share(item.changes, found.population)),
            line(share(item.alone, found.population)),
            line(strong(f"! {only}")) if item.only_eligible else line(only),
        ),
        hit=item.only_eligible > 0,
    )


def _unapproved(found: Concentration) -> tuple[Block, ...]:
    items = [
        say(
            "Could have approved: people known to the ledger when the change landed who had no part in it and held the "
            "role {role}. That a role may be for some paths alone is not looked at.",
            role=", ".join(found.roles),
        )
        if found.roles
        else say(
            "Could have approved: people known to the ledger when the change landed who had no part in it. The policy "
            "asks approvers for no role."
        )
    ]
    if found.none_eligible:
        items.append(
            say_count(
                "{count} change could have been approved by nobody.",
                "{count} changes could have been approved by nobody.",
                found.none_eligible,
            )
        )
    if found.unknown_eligible:
        items.append(
            say_count(
                "Of {count} change it cannot be told who took part, and so who could have approved it.",
                "Of {count} changes it cannot be told who took part, and so who could have approved them.",
                found.unknown_eligible,
            )
        )
    if found.missing:
        items.append(
            say(
                "Without an approval that counts: {changes} ({reasons}).",
                changes=share(found.population - found.approved, found.population),
                reasons=not_measured(found.missing),
            )
        )
    return (Bullets(tuple(line(item) for item in items)),)


def _beside_baseline(found: Concentration, before: Concentration | None) -> tuple[Block, ...]:
    if before is None:
        return ()
    if min(found.approvals, before.approvals) < LEAST:
        told = say(
            "In the baseline {before} approvals count, in this period {now}: too few to compare (below {least} on a "
            "side).",
            before=number(before.approvals),
            now=number(found.approvals),
            least=LEAST,
        )
    else:
        told = say(
            "In the baseline, the most that one person gave is {most}, and the most that three gave together {three} "
            "approvals that count.",
            most=share(before.top(1), before.approvals),
            three=share(before.top(3), before.approvals),
        )
    return (Paragraph(line(told)),)
