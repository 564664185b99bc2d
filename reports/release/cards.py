"""What failed and what cannot be told, as cards: what was found, where, how far it reaches, and what was done."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.events.work import Approval, Merge
from ledger.rules.catalogue import BY_ID
from ledger.rules.policy import SEVERITIES
from ledger.rules.verdict import Outcome
from reports.parts import Break, Card, Line, Mark, Row, Table, line, say_line, words
from reports.release.against import unplaced_heads
from reports.release.done import beside, done
from reports.release.excepted import reviewed_by
from reports.release.objectives import of_rules
from reports.release.places import place, place_of
from reports.release.population import population
from reports.release.said import columns, digest_line, entry, entry_anchor, joined, link, quiet, rows, status, strong
from reports.release.view import MARKS
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ExceptionFact
    from ledger.records import Record
    from ledger.rules.verdict import Input, Verdict
    from reports.release.view import ChangeView, View

MOST_CARDS: Final = 60
"""Findings printed as cards; more of them are grouped in a table, none is left out."""
MOST_SUBJECTS: Final = 20
"""Subjects of a card with a row of their own; the others are named in one."""
MOST_ENTRIES: Final = 60
"""Entries named in a row; the rest is counted, and stands in the attached assessment."""
_DECISIONS: Final = {"reject": to_say("rejection"), "withdraw": to_say("withdrawal"), "abstain": to_say("abstention")}
"""Decisions that are no approval, though they are told by an approval event."""
_PLACES: Final = {"ID": "d", "SOD": "d", "APP": "a", "TST": "t", "AI": "i"}
"""Section that shows a family's evidence, by the letter of its anchors; others: the register."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Rules that came out alike for the same subjects."""

    outcome: Outcome
    rules: tuple[str, ...]
    subjects: tuple[tuple[Verdict, ...], ...]
    """For each subject the verdicts of the rules, which say the same."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them."""
        return tuple(verdict for group in self.subjects for verdict in group)


def findings(view: View) -> tuple[Finding, ...]:
    """Verdicts that failed, then those that cannot be told, severe ones first; rules that say the same together."""
    said: dict[tuple[str, str, Outcome], list[Verdict]] = {}
    for verdict in (*view.by_outcome(Outcome.FAIL), *view.by_outcome(Outcome.NOT_EVALUABLE)):
        said.setdefault((verdict.subject, verdict.sentence, verdict.outcome), []).append(verdict)
    alike: dict[tuple[tuple[str, ...], Outcome, bool], list[tuple[Verdict, ...]]] = {}
    for (subject, _, outcome), verdicts in said.items():
        rules = tuple(dict.fromkeys(verdict.rule for verdict in verdicts))
        alike.setdefault((rules, outcome, subject in view.by_subject), []).append(tuple(verdicts))
    found = [Finding(outcome, rules, tuple(subjects)) for (rules, outcome, _), subjects in alike.items()]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                one.outcome is not Outcome.FAIL,
                min(SEVERITIES.index(verdict.severity) for verdict in one.verdicts),
            ),
        )
    )


def card(view: View, finding: Finding, nth: int, shown: frozenset[int]) -> Card:
    """The card; ``shown`` are the entries that have a place in the pack."""
    rules = finding.rules
    return Card(
        words(f"{rules[0]}  {BY_ID[rules[0]].title}" if len(rules) == 1 else ", ".join(rules)),
        status(MARKS[finding.outcome]),
        rows(
            *(_alone(view, finding, shown) if len(finding.subjects) == 1 else ()),
            (say("How far"), _reach(view, finding)),
            (say("What was done"), done(view, finding.verdicts)),
            *(_each(view, finding, shown) if len(finding.subjects) > 1 else ()),
            (say("The rule") if len(rules) == 1 else say("The rules"), _rules(finding)),
        ),
        f"finding-{nth}",
    )


def _alone(view: View, finding: Finding, shown: frozenset[int]) -> tuple[tuple[str, Line], ...]:
    group = finding.subjects[0]
    beside_it = _excepted(view, group)
    return (
        (say("What was found"), line(view.sentence(group[0]))),
        *(((say("Excepted"), beside_it),) if beside_it else ()),
        (say("Where"), _where(view, view.subject(group[0]), group[0].rule)),
        (say("Rests on"), _inputs(view, group, shown)),
    )


def _each(view: View, finding: Finding, shown: frozenset[int]) -> tuple[tuple[str, Line], ...]:
    """A row for each subject: what was found, where, and what it rests on."""
    found: list[tuple[str, Line]] = []
    for group in finding.subjects[:MOST_SUBJECTS]:
        change = view.subject(group[0])
        label = say("The release") if change is None else change.label.plain
        beside_it = _excepted(view, group)
        found.append(
            (
                label,
                (
                    *line(view.sentence(group[0]), Break()),
                    *((*beside_it, *line(Break())) if beside_it else ()),
                    *_where(view, change, group[0].rule),
                    *line(Break(), quiet(say("Rests on: "))),
                    *_inputs(view, group, shown),
                ),
            )
        )
    if rest := finding.subjects[MOST_SUBJECTS:]:
        found.append(
            (say("And also"), line(capture(", ".join(_subject(view, group[0]) for group in rest), limit=20_000)))
        )
    return tuple(found)


def _where(view: View, change: ChangeView | None, rule: str) -> Line:
    if change is None:
        return say_line("The release itself; see {section}", section=place(place_of(view, rule)))
    if not view.shows(change):
        return line(change.label, ": ", change.title)
    letter = _PLACES.get(rule.partition("-")[0], "r")
    return line(link(change.anchor(letter), change.label, page=True), ": ", change.title)


def _excepted(view: View, group: tuple[Verdict, ...]) -> Line:
    """The exceptions beside the verdicts of a subject, with whether somebody looked at them; nothing where none is."""
    rules = dict.fromkeys(verdict.rule for verdict in group if verdict.excepted_by)
    if not rules:
        return ()
    which = () if len(rules) == len(group) else line(f" ({', '.join(rules)})")
    return (
        *line(status(Mark.EXCEPTED)),
        *which,
        *line(say(" by "), *joined([_exception(item) for item in beside(view, group)], "; ")),
    )


def _exception(item: ExceptionFact) -> Line:
    index = item.record.index
    return line(link(entry_anchor(index), entry(item.record), page=True), ", ", reviewed_by(item))


def _reach(view: View, finding: Finding) -> Line:
    """How many of the changes to which the rules apply, or of the release's commits, the finding reaches."""
    parts: list[Line] = []
    reached = {change.number for verdict in finding.verdicts if (change := view.subject(verdict)) is not None}
    if reached:
        asked = {
            change.number
            for verdict in of_rules(view, finding.rules)
            if verdict.outcome is not Outcome.NOT_APPLICABLE and (change := view.subject(verdict)) is not None
        }
        parts.append(
            line(
                say_count(
                    "{reached} of the {count} change to which it applies",
                    "{reached} of the {count} changes to which it applies",
                    len(asked),
                    reached=number(len(reached)),
                )
                if len(finding.rules) == 1
                else say_count(
                    "{reached} of the {count} change to which one of them applies",
                    "{reached} of the {count} changes to which one of them applies",
                    len(asked),
                    reached=number(len(reached)),
                )
            )
        )
    elif finding.rules == ("CHG-01",):
        parts += _commits(view)
    else:
        parts.append(line(say("the release as a whole")))
    went = dict.fromkeys(
        item.deploy.environment for item in view.dossier.deployments if item.deploy.status == "succeeded"
    )
    if went:
        parts.append(
            line(capture(say("the release was deployed to {environments}", environments=", ".join(went)), limit=160))
        )
    return joined(parts, "; ")


def _commits(view: View) -> list[Line]:
    found = population(view)
    loose = len(found.loose) + len(found.strange)
    parts: list[Line] = [
        line(
            say_count(
                "{loose} of {count} commit on the release's lists",
                "{loose} of {count} commits on the release's lists",
                found.whole,
                loose=number(loose),
            )
        )
    ]
    if heads := unplaced_heads(view):
        parts.append(
            say_line(
                "{among} the released commit itself, {commits}",
                among=strong(say("among them")),
                commits=joined([digest_line(one.commit.id) for one in heads]),
            )
        )
    return parts


def _rules(finding: Finding) -> Line:
    """What the rules ask for, each with its own severity."""
    severity = {verdict.rule: verdict.severity for verdict in finding.verdicts}
    if len(finding.rules) == 1:
        rule = finding.rules[0]
        said = say("{statement} Severity {severity}.", statement=BY_ID[rule].statement, severity=severity[rule])
    else:
        said = say(
            "{rules}.",
            rules="; ".join(
                say(
                    "{rule} {title} (severity {severity})",
                    rule=rule,
                    title=BY_ID[rule].title,
                    severity=severity[rule],
                )
                for rule in finding.rules
            ),
        )
    return line(quiet(said))


def _inputs(view: View, group: tuple[Verdict, ...], shown: frozenset[int]) -> Line:
    """The events that verdicts rest on, each with its kind and entry; more than fit are counted."""
    found = {item.index: item for verdict in group for item in verdict.inputs}
    inputs = [found[index] for index in sorted(found)]
    if not inputs:
        return line(quiet(say("no event: that is what is missing")))
    parts = [_input(item, _record(view, item.index), shown) for item in inputs[:MOST_ENTRIES]]
    if more := len(inputs[MOST_ENTRIES:]):
        parts.append(
            line(
                say_count(
                    "{count} further event, named in the attached {file}",
                    "{count} further events, named in the attached {file}",
                    more,
                    file="assessment.json",
                )
            )
        )
    return joined(parts)


def _record(view: View, index: int) -> Record | None:
    entries = view.dossier.records.entries
    place = bisect_left(entries, index, key=lambda record: record.index)
    return entries[place] if place < len(entries) and entries[place].index == index else None


def _input(item: Input, record: Record | None, shown: frozenset[int]) -> Line:
    text = say("{event} in entry {index}", event=_kind(item, record), index=item.index)
    return line(link(entry_anchor(item.index), text)) if item.index in shown else line(text)


def _kind(item: Input, record: Record | None) -> str:
    """The kind of event, whatever it is to the verdict."""
    if record is None:
        return item.name
    if isinstance(record.event.body, Merge) and record.event.body.method == "push":
        return say("push (told by a merge event)")
    if isinstance(record.event.body, Approval) and record.event.body.decision in _DECISIONS:
        return say(_DECISIONS[record.event.body.decision])
    return record.event.kind


def further(view: View, found: tuple[Finding, ...]) -> Table:
    """Findings without a card, by rule."""
    groups: dict[tuple[str, Outcome], list[Verdict]] = {}
    for verdict in (verdict for one in found for verdict in one.verdicts):
        groups.setdefault((verdict.rule, verdict.outcome), []).append(verdict)
    return Table(
        columns((say("Rule"), 28), (say("Outcome"), 16), (say("Verdicts"), 10), (say("Subjects"), 46)),
        tuple(
            Row(
                (
                    line(strong(rule), " ", BY_ID[rule].title),
                    line(status(MARKS[outcome])),
                    line(number(len(verdicts))),
                    line(capture(", ".join(_subject(view, verdict) for verdict in verdicts), limit=20_000)),
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


def _subject(view: View, verdict: Verdict) -> str:
    change = view.subject(verdict)
    return say("the release") if change is None else change.label.plain
