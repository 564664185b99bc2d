"""The result on one page: six questions with their outcomes, and the deviations, severe and far-reaching first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from ledger.rules.verdict import Outcome
from reports.parts import Figure, Figures, Line, Mark, Paragraph, Row, Section, Table, line, say_line, words
from reports.period.deviations import card_anchor, deviations_of
from reports.period.reconciliations import compared
from reports.period.shown import tally
from reports.period.span import read_days
from reports.release.said import columns, link, parse_time, status, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.wording import moment, number, share

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reports.parts import Block
    from reports.period.view import PeriodView

ANCHOR: Final = "result"
MOST: Final = 15
"""Deviations named on the page; all are under Deviations."""


def result(view: PeriodView) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "",
        words(say("Result")),
        words(say("Did the controls hold over the period, and where not?")),
        _lede(view),
        (_figures(view), _answers(view), *_beyond(view), *_so_far(view), *_worst(view)),
    )


def _lede(view: PeriodView) -> Line:
    counts = tally(view.verdicts)
    if view.changeless:
        return line(
            say_count(
                "No recorded change landed. {count} verdict was reached about the period itself: {failed} failed, "
                "{untold} cannot be told.",
                "No recorded change landed. {count} verdicts were reached, most of them that nothing was there to "
                "judge: {failed} failed, {untold} cannot be told.",
                len(view.verdicts),
                failed=number(counts[Outcome.FAIL]),
                untold=number(counts[Outcome.NOT_EVALUABLE]),
            )
        )
    clean = sum(change.gravest is Outcome.PASS for change in view.changes)
    return line(
        say_count(
            "{count} change landed, {clean} with every rule that applies passed. Over the whole population {failed} "
            "verdicts failed and {untold} cannot be told.",
            "{count} changes landed, {clean} with every rule that applies passed. Over the whole population {failed} "
            "verdicts failed and {untold} cannot be told.",
            len(view.changes),
            clean=number(clean),
            failed=number(counts[Outcome.FAIL]),
            untold=number(counts[Outcome.NOT_EVALUABLE]),
        )
    )


def _figures(view: PeriodView) -> Figures:
    clean = sum(change.gravest is Outcome.PASS for change in view.changes)
    failed, released = len(deviations_of(view)), len(view.dossier.releases)
    deployed = len(view.dossier.surroundings.deployments)
    return Figures(
        (
            Figure(
                words(number(len(view.changes))), words(say_count("change landed", "changes landed", len(view.changes)))
            ),
            Figure(
                words(number(clean)),
                words(say("with every rule that applies passed")),
                words(say("of {whole}", whole=number(len(view.changes)))),
            ),
            Figure(
                words(number(failed)),
                words(say_count("rule that failed somewhere", "rules that failed somewhere", failed)),
            ),
            Figure(words(number(released)), words(say_count("release", "releases", released))),
            Figure(words(number(deployed)), words(say_count("deployment", "deployments", deployed))),
        )
    )


def _beyond(view: PeriodView) -> list[Block]:
    """How many verdicts that failed or cannot be told are of rules that none of the six questions asks."""
    asked = {rule for _, rules, _, _ in _asked() for rule in rules}
    failed, untold = (
        [verdict.rule for verdict in view.by_outcome(outcome) if verdict.rule not in asked]
        for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)
    )
    told: list[str] = []
    if failed:
        told.append(
            say_count(
                "{count} further failed verdict is of a rule that none of these questions asks: {rules}.",
                "{count} further failed verdicts are of rules that none of these questions asks: {rules}.",
                len(failed),
                rules=", ".join(dict.fromkeys(failed)),
            )
        )
    if untold:
        told.append(
            say_count(
                "{count} further verdict that cannot be told is of a rule that none of these questions asks: {rules}.",
                "{count} further verdicts that cannot be told are of rules that none of these questions asks: {rules}.",
                len(untold),
                rules=", ".join(dict.fromkeys(untold)),
            )
        )
    return [Paragraph(line(one)) for one in told]


def _asked() -> Sequence[tuple[str, tuple[str, ...], str, str]]:
    """The six questions: what is asked, the rules that speak to it, and the section that shows it."""
    return (
        (
            say("Is every change known?"),
            ("CHG-01", "REL-01", "POP-01", "POP-03", "POP-04", "POP-05", "POP-06"),
            "populations",
            say("Completeness of the populations"),
        ),
        (
            say("Did enough people other than the makers approve?"),
            ("SOD-01", "SOD-02", "SOD-03", "SOD-04", "SOD-05"),
            "duties",
            say("Segregation of duties"),
        ),
        (
            say("Was what landed approved before it landed?"),
            ("APP-01", "APP-02", "APP-05"),
            "register",
            say("Change register"),
        ),
        (
            say("Was what landed tested?"),
            ("TST-01", "TST-02", "TST-03", "TST-04", "TST-06", "TST-09"),
            "results",
            say("Whole-population results"),
        ),
        (
            say("Were departures from rules declared and looked at?"),
            ("EXC-01", "EXC-02", "EXC-03", "EXC-04", "EXC-05", "SOD-08"),
            "exceptions",
            say("Exceptions and emergencies"),
        ),
        (
            say("Were access, policies and protections kept under control?"),
            ("ADM-01", "ADM-02", "ADM-03", "ADM-04", "SOD-09", "SOD-11"),
            "access",
            say("Access, keys and leavers"),
        ),
    )


def _answers(view: PeriodView) -> Table:
    return Table(
        columns((say("Question"), 36), (say("Answer"), 15), (say("On the whole population"), 29), (say("Page"), 20)),
        tuple(_answer(view, question, rules, anchor, name) for question, rules, anchor, name in _asked()),
        words(say("Nothing was asked.")),
        None,
        "small",
    )


def _answer(view: PeriodView, question: str, rules: tuple[str, ...], anchor: str, name: str) -> Row:
    found = [verdict for verdict in view.verdicts if verdict.rule in rules]
    counts = tally(found)
    judged = len(found) - counts[Outcome.NOT_APPLICABLE]
    worst = next((outcome for outcome, many in counts.items() if many), Outcome.NOT_APPLICABLE)
    if anchor == "populations":
        worst = _known(view, worst)
    said = {
        Outcome.FAIL: say("Not always"),
        Outcome.NOT_EVALUABLE: say("Cannot tell"),
        Outcome.PASS: say("Yes"),
        Outcome.NOT_APPLICABLE: say("Nothing to ask") if found else say("No rule is on"),
    }[worst]
    told = (
        say(
            "{passed} verdicts passed; {failed} failed, {untold} cannot be told",
            passed=share(counts[Outcome.PASS], judged),
            failed=number(counts[Outcome.FAIL]),
            untold=number(counts[Outcome.NOT_EVALUABLE]),
        )
        if judged
        else say("nothing the rules speak of")
    )
    return Row(
        (
            line(strong(question)),
            line(status(MARKS[worst], said), *(_up_to(view) if worst is Outcome.PASS else ())),
            line(told, *_beside(view, anchor)),
            line(link(anchor, name, page=True)),
        ),
        hit=worst is Outcome.FAIL,
    )


def known_up_to(view: PeriodView) -> datetime | None:
    """Until when something is known of a period that goes on after that; None: it was over when it was judged."""
    asked, as_of = read_days(view.asked), parse_time(view.carried.as_of)
    return as_of if asked is not None and as_of < asked.bounds(view.settings.zone)[1] else None


def _up_to(view: PeriodView) -> Line:
    """The day up to which a yes is known, of a period that goes on; a sign has one line, so it stands beside."""
    known = known_up_to(view)
    if known is None:
        return ()
    return line(" ", strong(say("up to {day}", day=known.astimezone(view.settings.zone).date())))


def _so_far(view: PeriodView) -> list[Block]:
    """The sentence that says up to when the answers hold, where the period goes on."""
    known, asked = known_up_to(view), read_days(view.asked)
    if known is None or asked is None:
        return []
    told = say(
        "The period ends with {last}. The answers hold for what was recorded up to {known}, and say nothing of what "
        "comes after.",
        last=asked.last,
        known=moment(known),
    )
    return [Paragraph(line(strong(told)))]


def _beside(view: PeriodView, anchor: str) -> Line:
    """Beside the verdicts about the populations: what was found without a rule."""
    if anchor != "populations":
        return ()
    refs = compared(view)
    return line(
        "; ",
        say_count(
            "{count} landing of no recorded change",
            "{count} landings of no recorded change",
            len(view.dossier.unplaced),
        ),
        "; ",
        say("git differs on {part} refs compared", part=share(sum(item.differs for item in refs), len(refs)))
        if refs
        else say("nobody compared git with the ledger"),
    )


def _known(view: PeriodView, by_rules: Outcome) -> Outcome:
    """Whether every change is known, also where no rule asks: what no change explains, and what nobody compared."""
    refs = compared(view)
    if view.dossier.unplaced or any(item.differs for item in refs):
        return Outcome.FAIL
    if by_rules is Outcome.PASS and not refs:
        return Outcome.NOT_EVALUABLE
    return by_rules


def _worst(view: PeriodView) -> list[Block]:
    found = deviations_of(view)
    if not found:
        return [Paragraph(line(say("No rule failed.")))]
    note: list[Block] = []
    if len(found) > MOST:
        note.append(
            Paragraph(
                say_line(
                    "Named here: {part} rules that failed, severe ones first. All are under {deviations}.",
                    part=share(MOST, len(found)),
                    deviations=link("deviations", say("Deviations"), page=True),
                ),
                small=True,
            )
        )
    return [
        Table(
            columns(
                (say("Rule that failed"), 46),
                (say("Severity"), 12),
                (say("Extent"), 14),
                (say("Excepted"), 12),
                (say("Page"), 16),
            ),
            tuple(
                Row(
                    (
                        line(strong(item.rule), " ", BY_ID[item.rule].title),
                        line(item.severity),
                        line(share(len(item.failed), item.judged)),
                        line(status(Mark.EXCEPTED, number(item.excepted))) if item.excepted else line("0"),
                        line(link(card_anchor(item.rule), say("Deviation"), page=True)),
                    )
                )
                for item in found[:MOST]
            ),
            words(say("No rule failed.")),
            words(say("What failed, and how far it reaches")),
            "small",
        ),
        *note,
    ]
