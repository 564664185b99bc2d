"""The conclusion: outcomes counted by objective, then everything that failed or cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from ledger.rules.policy import SEVERITIES
from ledger.rules.verdict import Outcome
from reports.parts import (
    Card,
    Figure,
    Figures,
    Heading,
    Line,
    Paragraph,
    Row,
    Section,
    Table,
    line,
    say_line,
    words,
)
from reports.release.bypasses import passed_over, printed_answers
from reports.release.objectives import objectives, place_of
from reports.release.running import printed_observations
from reports.release.said import columns, entry_anchor, joined, link, quiet, rows, status, strong
from reports.release.scans import scans_of
from reports.release.view import MARKS, View
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.rules.verdict import Input, Verdict
    from reports.parts import Block
    from reports.release.view import ChangeView
    from reports.text import Text

ANCHOR: Final = "conclusion"
MOST_CARDS: Final = 60
"""Findings printed as cards; more of them are grouped in a table, none is left out."""
MOST_INPUTS: Final = 8
"""Events named in a card; the rest is counted."""
_PLACES: Final = {"SOD": "d", "APP": "a", "TST": "t", "AI": "i"}
"""Section that shows a family's evidence, by the letter of its anchors; others: the register."""


def tally(view: View) -> tuple[tuple[Outcome, int], ...]:
    """How many verdicts came out how, gravest first."""
    return tuple((outcome, len(view.by_outcome(outcome))) for outcome in MARKS)


def conclusion(view: View) -> Section:
    """The section."""
    found = grouped(view)
    shown = shown_entries(view)
    cards = tuple(_card(view, group, place, shown) for place, group in enumerate(found[:MOST_CARDS], start=1))
    blocks: list[Block] = [_figures(view), objectives(view)]
    if cards:
        blocks.append(Heading(words(say("What failed, and what cannot be told"))))
        blocks += cards
    else:
        blocks.append(Paragraph(line(say("Nothing failed, and nothing that the policy asks for was left open."))))
    if len(found) > MOST_CARDS:
        blocks.append(_further(view, tuple(verdict for group in found[MOST_CARDS:] for verdict in group)))
    return Section(
        ANCHOR,
        "2",
        words(say("Conclusion")),
        words(say("Which rules held for this release, and which did not?")),
        _lede(view),
        tuple(blocks),
    )


def grouped(view: View) -> tuple[tuple[Verdict, ...], ...]:
    """Verdicts that failed, then those that cannot be told, severe first; one subject and sentence together."""
    groups: dict[tuple[str, str, Outcome], list[Verdict]] = {}
    for verdict in (*view.by_outcome(Outcome.FAIL), *view.by_outcome(Outcome.NOT_EVALUABLE)):
        groups.setdefault((verdict.subject, verdict.sentence, verdict.outcome), []).append(verdict)
    ordered = sorted(
        groups.values(),
        key=lambda group: (group[0].outcome is not Outcome.FAIL, min(SEVERITIES.index(one.severity) for one in group)),
    )
    return tuple(map(tuple, ordered))


def _lede(view: View) -> Line:
    counts = dict(tally(view))
    return line(
        say_count(
            "Of {count} verdict, {failed} failed and {untold} cannot be told; {passed} passed, {rest} do not apply.",
            "Of {count} verdicts, {failed} failed and {untold} cannot be told; {passed} passed, {rest} do not apply.",
            len(view.verdicts),
            failed=number(counts[Outcome.FAIL]),
            untold=number(counts[Outcome.NOT_EVALUABLE]),
            passed=number(counts[Outcome.PASS]),
            rest=number(counts[Outcome.NOT_APPLICABLE]),
        )
    )


def _figures(view: View) -> Figures:
    clean = [
        change
        for change in view.changes
        if not change.of(Outcome.FAIL) and not change.of(Outcome.NOT_EVALUABLE) and change.of(Outcome.PASS)
    ]
    approved = [
        change
        for change in view.changes
        if any(verdict.rule == "SOD-01" and verdict.outcome is Outcome.PASS for verdict in change.verdicts)
    ]
    whole = words(say("of {count}", count=number(len(view.changes))))
    found = view.verification
    return Figures(
        (
            Figure(words(number(len(view.changes))), words(say("changes in the release"))),
            Figure(words(number(len(clean))), words(say("with every rule that applies passed")), whole),
            Figure(words(number(len(approved))), words(say("approved by independent people (SOD-01)")), whole),
            Figure(
                words(number(found.signature_count)),
                words(say("signatures that verify, of the entries attached")),
                words(say("of {count}", count=number(found.entry_count))),
            ),
        )
    )


def _card(view: View, group: tuple[Verdict, ...], place: int, shown: frozenset[int]) -> Card:
    first = group[0]
    change = view.subject(first)
    rules = list(dict.fromkeys(verdict.rule for verdict in group))
    title = f"{rules[0]}  {BY_ID[rules[0]].title}" if len(rules) == 1 else ", ".join(rules)
    inputs = {item.index: item for verdict in group for item in verdict.inputs}
    severity = min((verdict.severity for verdict in group), key=SEVERITIES.index)
    statement = BY_ID[rules[0]].statement if len(rules) == 1 else "; ".join(BY_ID[rule].title for rule in rules)
    return Card(
        words(title),
        status(MARKS[first.outcome]),
        rows(
            (say("What was found"), line(view.sentence(first))),
            (say("Where"), _where(view, change, rules[0])),
            *_excepted(group),
            (say("Rests on"), _inputs(tuple(inputs[index] for index in sorted(inputs)), shown)),
            (
                say("The rule") if len(rules) == 1 else say("The rules"),
                line(
                    quiet(
                        say(
                            "{statement} Severity {severity}.",
                            statement=statement if len(rules) == 1 else f"{statement}.",
                            severity=severity,
                        )
                    )
                ),
            ),
        ),
        f"finding-{place}",
    )


def _excepted(group: tuple[Verdict, ...]) -> tuple[tuple[str, Line], ...]:
    """The row that names the exceptions beside the verdicts of a card; nothing where there is none."""
    rules = [verdict.rule for verdict in group if verdict.excepted_by]
    if not rules:
        return ()
    entries = dict.fromkeys(item.index for verdict in group for item in verdict.excepted_by)
    which = ", ".join(dict.fromkeys(rules))
    what = say("Excepted") if len(rules) == len(group) else say("Excepted ({rules})", rules=which)
    where = ", ".join(say("entry {index}", index=index) for index in entries)
    return (
        (
            say("Excepted"),
            say_line(
                "{excepted} by {entries}; see {section}",
                excepted=strong(what),
                entries=where,
                section=link("exceptions", say("Exceptions"), page=True),
            ),
        ),
    )


def _where(view: View, change: ChangeView | None, rule: str) -> Line:
    if change is None:
        return line(link(place_of(rule), say("The release itself"), page=True))
    if not view.shows(change):
        return line(change.label, ": ", change.title)
    letter = _PLACES.get(rule.partition("-")[0], "r")
    return line(link(change.anchor(letter), change.label, page=True), ": ", change.title)


def _inputs(inputs: tuple[Input, ...], shown: frozenset[int]) -> Line:
    if not inputs:
        return line(quiet(say("no event: that is what is missing")))
    parts = [_input(item, shown) for item in inputs[:MOST_INPUTS]]
    if len(inputs) > MOST_INPUTS:
        rest = len(inputs) - MOST_INPUTS
        parts.append(line(say_count("and {count} further event", "and {count} further events", rest)))
    return joined(parts)


def _input(item: Input, shown: frozenset[int]) -> Line:
    text = say("{event} in entry {index}", event=item.name, index=item.index)
    return line(link(entry_anchor(item.index), text)) if item.index in shown else line(text)


def _further(view: View, findings: tuple[Verdict, ...]) -> Table:
    groups: dict[tuple[str, Outcome], list[Verdict]] = {}
    for verdict in findings:
        groups.setdefault((verdict.rule, verdict.outcome), []).append(verdict)
    return Table(
        columns((say("Rule"), 28), (say("Outcome"), 16), (say("Verdicts"), 10), (say("Subjects"), 46)),
        tuple(
            Row(
                (
                    line(strong(rule), " ", BY_ID[rule].title),
                    line(status(MARKS[outcome])),
                    line(number(len(verdicts))),
                    line(capture(", ".join(_subject(view, verdict).plain for verdict in verdicts))),
                )
            )
            for (rule, outcome), verdicts in groups.items()
        ),
        words(say("None.")),
        words(
            say(
                "Findings after the first {most}, by rule; `evidence check` prints the sentence of each",
                most=MOST_CARDS,
            )
        ),
        "small",
    )


def _subject(view: View, verdict: Verdict) -> Text:
    change = view.subject(verdict)
    return words(say("the release")) if change is None else change.label


def shown_entries(view: View) -> frozenset[int]:
    """Indexes of the entries that a section of the pack shows, and that can therefore be referred to."""
    found: set[int] = set()
    for change in view.printed:
        facts = change.facts
        found.update(item.record.index for item in facts.revisions)
        found.update(item.record.index for item in facts.landings)
        found.update(item.record.index for item in facts.approvals)
        found.update(item.record.index for item in facts.runs)
        found.update(item.record.index for item in facts.prompts)
    found.update(item.record.index for item in view.dossier.approvals)
    found.update(item.record.index for item in view.dossier.runs)
    found.update(item.record.index for item in view.dossier.deployments)
    found.update(item.record.index for change in view.changes for item in change.facts.exceptions)
    found.update(item.record.index for item in view.dossier.exceptions)
    found.add(view.dossier.record.index)
    found.update(item.record.index for _, item in printed_answers(view))
    found.update(item.record.index for item in passed_over(view))
    found.update(item.record.index for _, item in scans_of(view))
    found.update(item.record.index for item in printed_observations(view))
    found.update(item.record.index for item in view.dossier.incidents)
    return frozenset(found)
