"""Deviations: each rule that did not hold, how far it reaches, what stands beside it, and what management writes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from ledger.rules.policy import SEVERITIES
from ledger.rules.verdict import Outcome
from reports.parts import Break, Card, Heading, Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.period.shown import cut, subject_line, to_write
from reports.release.said import columns, joined, link, quiet, rows, status, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from ledger.rules.verdict import Verdict
    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "deviations"
MOST_SUBJECTS: Final = 10
"""Subjects named in one card; the rest is counted."""
MOST_SENTENCES: Final = 3
"""Different sentences quoted in one card."""
MOST_OF_SENTENCE: Final = 4
"""Subjects named before one sentence; all of them are in the extent."""
MOST_CARDS: Final = 40
"""Deviations printed as cards, severe and far-reaching ones first; further ones are rows of a table."""
MOST_UNTOLD: Final = 20
"""Rules of which something cannot be told, printed."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A rule that failed, over the whole population."""

    rule: str
    severity: str
    failed: tuple[Verdict, ...]
    judged: int
    """Verdicts of the rule in which it spoke of something."""

    @property
    def excepted(self) -> int:
        """Failures beside which an exception stands."""
        return sum(bool(verdict.excepted_by) for verdict in self.failed)


def deviations_of(view: PeriodView) -> tuple[Deviation, ...]:
    """The rules that failed, severe ones first, then by how far they reach."""
    by_rule: dict[str, list[Verdict]] = {}
    for verdict in view.verdicts:
        if verdict.outcome is not Outcome.NOT_APPLICABLE:
            by_rule.setdefault(verdict.rule, []).append(verdict)
    found: list[Deviation] = []
    for setting in view.rules:
        judged = by_rule.get(setting.rule.id, [])
        failed = tuple(verdict for verdict in judged if verdict.outcome is Outcome.FAIL)
        if failed:
            found.append(Deviation(setting.rule.id, setting.severity, failed, len(judged)))
    return tuple(sorted(found, key=lambda item: (SEVERITIES.index(item.severity), -len(item.failed), item.rule)))


def card_anchor(rule: str) -> str:
    """The anchor of a rule's deviation."""
    return f"deviation-{rule.lower()}"


def deviations(view: PeriodView) -> Section:
    """The section."""
    found = deviations_of(view)
    untold = view.by_outcome(Outcome.NOT_EVALUABLE)
    blocks: list[Block] = []
    if found:
        blocks.append(
            Paragraph(
                line(
                    say(
                        "Extent and what stands beside each deviation come from the records. Cause, correction, owner "
                        "and date are management's to write in where nothing is recorded."
                    )
                )
            )
        )
    blocks += [_card(view, item) for item in found[:MOST_CARDS]]
    blocks += _further(view, found[MOST_CARDS:])
    blocks += _untold(view, untold)
    return Section(
        ANCHOR,
        "14",
        words(say("Deviations")),
        words(say("What failed, how far does it reach, and what was done about it?")),
        _lede(found, untold),
        tuple(blocks),
        brief=not found and not untold,
    )


def _lede(found: tuple[Deviation, ...], untold: tuple[Verdict, ...]) -> Line:
    failed = sum(len(item.failed) for item in found)
    return line(
        say_count(
            "{count} rule failed, in {verdicts} verdicts, beside {excepted} of which an exception stands.",
            "{count} rules failed, in {verdicts} verdicts, beside {excepted} of which an exception stands.",
            len(found),
            verdicts=number(failed),
            excepted=number(sum(item.excepted for item in found)),
        )
        if found
        else say("No rule failed."),
        " ",
        say_count("{count} verdict more cannot be told.", "{count} verdicts more cannot be told.", len(untold))
        if untold
        else say("Nothing that the policy asks for was left open."),
    )


def _card(view: PeriodView, item: Deviation) -> Card:
    rule = BY_ID[item.rule]
    return Card(
        words(f"{item.rule}  {rule.title}"),
        status(Mark.FAIL),
        rows(
            (say("What was found"), _found(view, item)),
            (say("Extent"), _extent(view, item)),
            (say("Beside it"), _beside(item)),
            (say("Cause"), _cause(view, item)),
            (say("Correction"), to_write(say("Not recorded; correction, owner and date to be written in:"))),
            (
                say("The rule"),
                line(quiet(say("{statement} Severity {severity}.", statement=rule.statement, severity=item.severity))),
            ),
        ),
        card_anchor(item.rule),
    )


def _found(view: PeriodView, item: Deviation) -> Line:
    """The first different sentences of the rule, each behind what it is about."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in item.failed:
        groups.setdefault(view.sentence(verdict).plain, []).append(verdict)
    told: list[Line] = []
    for sentence, verdicts in list(groups.items())[:MOST_SENTENCES]:
        about = joined([subject_line(view, verdict) for verdict in verdicts[:MOST_OF_SENTENCE]])
        more = len(verdicts) - MOST_OF_SENTENCE
        told.append(
            (
                *about,
                *(line(" ", say("and {more} more", more=number(more))) if more > 0 else ()),
                *line(": ", capture(sentence, limit=300)),
            )
        )
    more = len(groups) - MOST_SENTENCES
    if more > 0:
        told.append(line(quiet(say_count("And {count} more of the kind.", "And {count} more of the kind.", more))))
    return tuple(one for place, part in enumerate(told) for one in ((Break(), *part) if place else part))


def _extent(view: PeriodView, item: Deviation) -> Line:
    subjects = {verdict.subject: verdict for verdict in item.failed}
    named = joined([subject_line(view, verdict) for verdict in list(subjects.values())[:MOST_SUBJECTS]])
    if len(subjects) > MOST_SUBJECTS:
        named = (*named, *line(" ", say("and {more} more", more=number(len(subjects) - MOST_SUBJECTS))))
    return (
        *line(
            strong(share(len(item.failed), item.judged)),
            " ",
            say("verdicts of the whole population in which the rule had something to speak of:"),
            " ",
        ),
        *named,
    )


def _beside(item: Deviation) -> Line:
    """What the records hold that may compensate: exceptions with their later reviews."""
    entries = sorted({found.index for verdict in item.failed for found in verdict.excepted_by})
    if not entries:
        return line(
            say("No exception covers this rule for any of them."),
            " ",
            quiet(say("Another compensating control is management's to name.")),
        )
    return line(
        say_count(
            "An exception stands beside {count} of them:",
            "Exceptions stand beside {count} of them:",
            item.excepted,
        ),
        " ",
        ", ".join(say("entry {entry}", entry=number(index)) for index in entries[:MOST_SUBJECTS]),
        ", ",
        say("and {more} more", more=number(len(entries) - MOST_SUBJECTS)) if len(entries) > MOST_SUBJECTS else "",
        quiet(say("see")),
        " ",
        link("exceptions", say("Exceptions and emergencies"), page=True),
    )


def _cause(view: PeriodView, item: Deviation) -> Line:
    """The cause, as far as exceptions state one."""
    indexes = {found.index for verdict in item.failed for found in verdict.excepted_by}
    causes = sorted(
        {fact.exception.cause for fact in view.dossier.surroundings.exceptions if fact.record.index in indexes}
    )
    if not causes:
        return to_write(say("Not recorded; to be written in:"))
    stated = say_count(
        "For the {count} with an exception, as that states it: {causes}.",
        "For the {count} with an exception, as those state it: {causes}.",
        item.excepted,
        causes=", ".join(causes),
    )
    others = len(item.failed) - item.excepted
    if not others:
        return (*line(stated, " "), *to_write(say("Further, to be written in:")))
    rest = say_count(
        "Of {count} other nothing is recorded; to be written in:",
        "Of the other {count} nothing is recorded; to be written in:",
        others,
    )
    return (*line(stated, " "), *to_write(rest))


def _further(view: PeriodView, found: tuple[Deviation, ...]) -> list[Block]:
    """Deviations beyond those with a card, with what was found."""
    if not found:
        return []
    told = say(
        "The {most} most severe and furthest-reaching deviations have a card each; the further ones are in this table.",
        most=number(MOST_CARDS),
    )
    return [
        Paragraph(line(told)),
        Table(
            columns(
                (say("Rule"), 24),
                (say("Severity"), 10),
                (say("Failed, of those it spoke of"), 16),
                (say("What was found"), 50),
            ),
            tuple(
                Row(
                    (
                        line(strong(item.rule), " ", BY_ID[item.rule].title),
                        line(item.severity),
                        line(share(len(item.failed), item.judged)),
                        _found(view, item),
                    ),
                    hit=True,
                    anchor=card_anchor(item.rule),
                )
                for item in found
            ),
            words(say("None.")),
            words(say("Further rules that failed")),
            "small",
        ),
    ]


def _untold(view: PeriodView, untold: tuple[Verdict, ...]) -> list[Block]:
    if not untold:
        return []
    groups: dict[str, list[Verdict]] = {}
    for verdict in untold:
        groups.setdefault(verdict.rule, []).append(verdict)
    body = tuple(
        Row(
            (
                line(strong(rule), " ", BY_ID[rule].title),
                line(status(MARKS[Outcome.NOT_EVALUABLE], number(len(found)))),
                joined([subject_line(view, verdict) for verdict in found[:5]])
                if len(found) <= 5
                else (
                    *joined([subject_line(view, verdict) for verdict in found[:5]]),
                    *line(" ", say("and {more} more", more=number(len(found) - 5))),
                ),
                line(capture(view.sentence(found[0]).plain, limit=220)),
            )
        )
        for rule, found in groups.items()
    )
    shown, rest = cut(body, MOST_UNTOLD, "verdicts")
    return [
        Heading(words(say("What cannot be told"))),
        Table(
            columns(
                (say("Rule"), 26),
                (say("Verdicts"), 10),
                (say("Of"), 26),
                (say("What is missing, in the first of them"), 38),
            ),
            shown,
            words(say("Nothing.")),
            None,
            "small",
        ),
        *rest,
    ]
