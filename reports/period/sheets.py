"""The sheets of a sample: one page for each item, with what its evidence says, attribute by attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.rules.verdict import Outcome
from reports.parts import Break, Facts, Line, Mark, Notes, Paragraph, Row, Section, Table, line, say_line, words
from reports.period.attributes import (
    attributes,
    bypass_of,
    held_by,
    names,
    other_verdicts,
    records_of,
    release_verdicts,
    retention,
)
from reports.period.sample import plan_of, population, sample_of
from reports.period.view import PeriodChange
from reports.release.said import (
    columns,
    digest_line,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    rows,
    status,
    strong,
)
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import Landing, Party
    from ledger.rules.verdict import Verdict
    from ledger.sampling import Item
    from reports.parts import Block
    from reports.period.attributes import Attribute
    from reports.period.view import PeriodView
    from reports.text import Text


def sample_sheets(view: PeriodView, section: str = "9") -> tuple[Section, ...]:
    """One page for each item of the sample; none while no number was given."""
    drawn = sample_of(view)
    if drawn is None:
        return ()
    known = population(view)
    return tuple(
        _sheet(view, item, known[item.id][1], section, place, len(drawn.chosen))
        for place, item in enumerate(drawn.chosen, start=1)
    )


def item_label(what: PeriodChange | Landing) -> Text:
    """What an item of the population is called."""
    if isinstance(what, PeriodChange):
        return what.label
    return capture(say("Landing of entry {index}", index=what.record.index))


def _sheet(view: PeriodView, item: Item, what: PeriodChange | Landing, section: str, place: int, whole: int) -> Section:
    said = say("Sample {place}: {item}", place=share(place, whole), item=item_label(what))
    return Section(
        f"sheet{place}",
        section,
        capture(said),
        words(say("What does the evidence of this sampled change say, attribute by attribute?")),
        _drawn_from(view, item),
        _of_change(view, what) if isinstance(what, PeriodChange) else _of_landing(view, what),
        group=words(say_count("The sheet of {count} sampled item", "Sheets of {count} sampled items", whole)),
    )


def _drawn_from(view: PeriodView, item: Item) -> Line:
    whole = next(stratum.whole for stratum in plan_of(view).strata if stratum.name == item.stratum)
    said = (
        say("All of the stratum {stratum} is taken. Item id", stratum=item.stratum)
        if whole
        else say("Drawn from the stratum {stratum}. Item id", stratum=item.stratum)
    )
    return line(said, " ", *digest_line(item.id, full=True))


def _of_change(view: PeriodView, change: PeriodChange) -> tuple[Block, ...]:
    facts = change.facts
    entries = records_of(change)
    landed = min((one.record for one in facts.landings), key=lambda record: record.index)
    counted = say_count("{count} entry", "{count} entries", len(entries))
    between = say("{first} to {last}", first=number(entries[0].index), last=number(entries[-1].index))
    approvers = (fact.approver for fact in facts.approvals if fact.approval.decision == "approve")
    about = [
        (say("Change"), line(change.title, quiet(", "), quiet(view.project_name(facts.project)))),
        (say("Landed"), line(ledger_time(landed), quiet(f", {counted}: {between}"))),
        (say("Took part"), _people(item.party for item in facts.contributions)),
        (say("Approved"), _people(approvers)),
        (say("Release"), _held_by(view, change)),
        (say("Other verdicts"), _other(view, change)),
    ]
    return (
        Facts(rows(*about)),
        Table(
            columns(
                (say("Attribute"), 17),
                (say("Result"), 15),
                (say("What the evidence says"), 32),
                # Room for entries of six figures: a broken digest would take the sheet to a second page.
                (say("Entry and digest"), 18),
                (say("Auditor's note"), 12),
                (say("Initials"), 6),
            ),
            tuple(map(_attribute, attributes(view, change))),
            words(say("There are no attributes.")),
            size="dense",
        ),
    )


def _held_by(view: PeriodView, change: PeriodChange) -> Line:
    """The releases that attributes G and H are of, with what other rules found of them."""
    found = held_by(view, change)
    if not found:
        return line(quiet(say("no release of the period holds it")))
    named_ = joined(
        [
            line(capture(one.name, limit=60), quiet(say(", entry {entry}", entry=number(one.record.index))))
            for one in found
        ],
        "; ",
    )
    doubts = _doubts(release_verdicts(view, change))
    if not doubts:
        own = line(quiet(say("Attributes G and H are of the release, not of this change alone.")))
    else:
        # One line with the other: a sheet is one page.
        own = say_line("G and H are of it; its other rules: {rules}", rules=doubts)
    return (*named_, *line(quiet(". ")), *own)


def _other(view: PeriodView, change: PeriodChange) -> Line:
    """What rules of no attribute found, with the place that has all verdicts on the change."""
    told = _doubts(other_verdicts(change)) or line(
        quiet(say("no rule beside those of the attributes failed or cannot be told"))
    )
    row = change.anchor("r") if change.number in view.printed else "register"
    return (*told, *line(quiet(". "), link(row, say("Change register"), page=True)))


def _doubts(found: tuple[Verdict, ...]) -> Line:
    """The rules that failed, then those that cannot be told, each once."""
    parts = [
        line(status(MARKS[outcome]), " ", ", ".join(dict.fromkeys(one.rule for one in found if one.outcome is outcome)))
        for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)
        if any(one.outcome is outcome for one in found)
    ]
    return joined(parts, "; ")


def _people(parties: Iterable[Party]) -> Line:
    """Names on one line, each once."""
    seen = dict.fromkeys(named(party) for party in parties)
    return joined([line(name) for name in seen]) if seen else line(quiet(say("nobody recorded")))


def _attribute(found: Attribute) -> Row:
    evidence: list[Line] = [(*line(number(index), " "), *digest_line(envelope)) for index, envelope in found.evidence]
    if found.more:
        evidence.append(line(quiet(say_count("and {count} more", "and {count} more", found.more))))
    lines = tuple(item for place, one in enumerate(evidence) for item in ((Break(), *one) if place else one))
    rules = line(Break(), quiet(", ".join(found.rules))) if found.rules else ()
    return Row(
        (
            (*line(strong(f"{found.letter} {found.name}")), *rules),
            line(status(found.mark, found.word)),
            line(found.told),
            lines or line(quiet(say("none"))),
            line(quiet("_" * 12)),
            line(quiet("_" * 6)),
        ),
        hit=found.mark in (Mark.FAIL, Mark.CANNOT_TELL),
    )


def _of_landing(view: PeriodView, landing: Landing) -> tuple[Block, ...]:
    told = say(
        "This content landed on {ref} and belongs to no recorded change: no request, review, approval or test of it is "
        "recorded, and attributes A to H cannot be looked at. How it came there is for the auditor to ask.",
        ref=landing.merge.ref,
    )
    about = [
        (say("Entry"), line(number(landing.record.index), " ", *digest_line(landing.record.envelope))),
        (say("Landed"), line(ledger_time(landing.record))),
        (say("Commit"), digest_line(landing.merge.commit, full=True)),
        (say("How"), line(landing.merge.method)),
        (say("Landed by"), _people((landing.merged_by,))),
        (say("Verdicts that name it"), _naming(view, landing)),
        *(
            (
                say("{letter} {name}", letter=one.letter, name=one.name),
                line(status(one.mark, one.word), " ", one.told),
            )
            for one in (bypass_of(view, landing), retention(view, (landing.record,)))
        ),
    ]
    return (Facts(rows(*about)), Paragraph(line(capture(told))), *_hand())


def _naming(view: PeriodView, landing: Landing) -> Line:
    """What rules about releases and the period itself found of the landing."""
    found = [
        verdict
        for verdict in view.verdicts
        if verdict.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE) and names(verdict, landing)
    ]
    return joined(
        [
            line(status(MARKS[one.outcome]), f" {one.rule}: ", capture(view.sentence(one).plain, limit=300))
            for one in found
        ],
        " ",
    ) or line(quiet(say("none that failed or cannot be told")))


def _hand() -> tuple[Block, ...]:
    return (
        Notes(
            (
                words(say("Attribute")),
                words(say("What was examined, and what was found")),
                words(say("Initials and date")),
            ),
            3,
        ),
    )
