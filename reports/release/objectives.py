"""What each family of rules is for, how its rules came out over the whole population, and where its evidence stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import FAMILIES, RULES
from reports.parts import Break, Column, Paragraph, Row, Table, line, words
from reports.release.asked import asked, counts, rule_names
from reports.release.places import place, places_of
from reports.release.said import joined, quiet, strong
from reports.say import say, say_count, to_say
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.rules.verdict import Verdict
    from reports.parts import Line
    from reports.release.asked import Asked, Counts
    from reports.release.view import View

OBJECTIVES: Final = {
    "ID": (to_say("Identity"), to_say("Who acted, and with whose key?")),
    "SOD": (to_say("Segregation of duties"), to_say("Did different people write, approve, release and deploy?")),
    "APP": (to_say("Approvals"), to_say("Who approved exactly what, and when?")),
    "CHG": (to_say("Changes"), to_say("Does every commit belong to a change, and what is it for?")),
    "TST": (to_say("Tests and scans"), to_say("What was tested and scanned, and how did it come out?")),
    "AI": (to_say("Assistants"), to_say("Where was an assistant used, and what was it asked?")),
    "REL": (to_say("Release"), to_say("What was released, from what was it built, and what runs?")),
    "DEP": (to_say("Deployments"), to_say("When was it deployed, and who looked at it afterwards?")),
    "INC": (to_say("Incidents"), to_say("Where do incidents come from, and how do they end?")),
    "EXC": (to_say("Exceptions"), to_say("What departed from the rules, and who looked at it?")),
    "POP": (to_say("Sources"), to_say("Was a source silent that should have spoken?")),
    "LED": (to_say("Record keeping"), to_say("When was what happened recorded, and what was corrected?")),
    "ADM": (to_say("Administration"), to_say("Who sets rules, roles and protections, and who reviews them?")),
}
"""Name and question, by rule family. What of it was judged depends on the rules that are on, and is told by these."""


MOST_PLACES: Final = 3
"""Pages of a family named in its row; the control matrix names one for each rule."""


def of_rules(view: View, rules: Iterable[str]) -> tuple[Verdict, ...]:
    """The verdicts of these rules."""
    wanted = frozenset(rules)
    return tuple(verdict for verdict in view.verdicts if verdict.rule in wanted)


def rules_on(view: View) -> str:
    """How many of the rules of this version the policy has on: what the others ask, nobody was asked."""
    return say_count(
        "{on} of {count} known rule is on",
        "{on} of {count} known rules are on",
        len(RULES),
        on=number(len(view.policy.rules)),
    )


def objectives(view: View) -> tuple[Table, *tuple[Paragraph, ...]]:
    """One row a family with verdicts: its rules that are on, how they came out, and the pages of the evidence."""
    on = {setting.rule.id for setting in view.policy.rules}
    body: list[Row] = []
    periods: list[str] = []
    beside: list[str] = []
    off: list[str] = []
    for family in FAMILIES:
        known = [rule.id for rule in RULES if rule.id.partition("-")[0] == family]
        found = asked(known, on, view.verdicts)
        named, question = OBJECTIVES[family]
        if not found.judged:
            if found.periods:
                periods.append(_of_periods(say(named), found))
            else:
                off.append(say("{name} ({family}, {many})", name=say(named), family=family, many=number(len(known))))
            continue
        beside += found.periods
        told = [rule for rule in known if rule not in found.periods and rule not in found.off]
        verdicts = of_rules(view, told)
        one = counts(verdicts)
        body.append(
            Row(
                (
                    line(strong(family), " ", strong(say(named)), Break(), quiet(say(question))),
                    line(
                        share(len(told), len(known)),
                        ": ",
                        rule_names(told),
                        *(
                            (Break(), quiet(say("of periods: {rules}", rules=rule_names(found.periods))))
                            if found.periods
                            else ()
                        ),
                    ),
                    *_numbers(one),
                    joined([place(anchor) for anchor in places_of(view, told)[:MOST_PLACES]], "; "),
                ),
                hit=bool(one.failed),
            )
        )
    whole = counts(view.verdicts)
    body.append(
        Row(
            (
                line(strong(say("All"))),
                line(
                    say_count("{count} rule asked", "{count} rules asked", len({one.rule for one in view.verdicts})),
                    "; ",
                    rules_on(view),
                ),
                *_numbers(whole),
                line(strong(say_count("{count} verdict", "{count} verdicts", whole.whole))),
            )
        )
    )
    return (
        Table(
            (
                Column(words(say("Family of rules, and what it asks")), 24),
                Column(words(say("Rules that were asked")), 16),
                Column(words(say("Held")), 9, "right"),
                Column(words(say("Fail")), 6, "right"),
                Column(words(say("Cannot tell")), 7, "right"),
                Column(words(say("Not applicable")), 10, "right"),
                Column(words(say("Excepted")), 8, "right"),
                Column(words(say("Evidence")), 20),
            ),
            tuple(body),
            words(say("No rule was assessed.")),
            words(say("Verdicts by family of rules: one for each rule and change, or rule and release")),
            "dense",
        ),
        *_unasked([*periods, *_of_families(beside)], off),
    )


def _of_periods(named: str, found: Asked) -> str:
    """A family whose rules that are on are asked of periods alone, with those that are off."""
    on = rule_names(found.periods)
    if not found.off:
        return say("{name} ({rules})", name=named, rules=on)
    return say("{name} ({rules}; off {off})", name=named, rules=on, off=rule_names(found.off))


def _of_families(rules: list[str]) -> tuple[str, ...]:
    """Rules asked of periods alone whose families have a row all the same."""
    return (say("and of the families above: {rules}", rules=rule_names(rules)),) if rules else ()


def _unasked(periods: list[str], off: list[str]) -> tuple[Paragraph, ...]:
    """What has no verdict: rules of periods, by family where no rule of it has one; families of which none is on."""
    told = [
        *(
            (say("Asked of periods alone, and judged in a period pack: {families}.", families=", ".join(periods)),)
            if periods
            else ()
        ),
        *((say("Not asked, as no rule of theirs is on: {families}.", families=", ".join(off)),) if off else ()),
    ]
    return (Paragraph(line(" ".join(told)), small=True),) if told else ()


def _numbers(found: Counts) -> tuple[Line, ...]:
    return (
        line(found.held),
        line(strong(f"! {number(found.failed)}") if found.failed else "0"),
        line(strong(f"? {number(found.untold)}") if found.untold else "0"),
        line(number(found.inapplicable)),
        line(f"† {number(found.excepted)}" if found.excepted else "0"),
    )
