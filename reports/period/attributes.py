"""The ten attributes that an auditor looks at in each sampled change, and the rules that decide them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.records import Held
from ledger.rules.assess import release_subject
from ledger.rules.shape import OWED
from ledger.rules.verdict import Outcome
from reports.parts import Mark
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.dossier.facts import Landing, ReleaseDossier
    from ledger.records import Record
    from ledger.rules.verdict import Verdict
    from reports.period.view import PeriodChange, PeriodView
    from reports.text import Text

RULES: Final = {
    "A": ("CHG-03",),
    "B": ("SOD-01", "SOD-02", "SOD-04", "SOD-05"),
    "C": ("SOD-03",),
    "D": ("APP-01", "APP-02", "CHG-02", "CHG-06"),
    "E": ("APP-05",),
    "F": ("TST-02", "TST-01"),
    "G": ("APP-05", "REL-03", "SOD-06"),
    "H": ("REL-04",),
    "I": ("EXC-01", "EXC-02", "EXC-03", "EXC-05"),
}
"""By attribute, the one that speaks of it most exactly first; where several rules are on, the gravest outcome is the
attribute's, and what is owed comes before a pass. J is decided by records alone."""
_DOUBTFUL: Final = (Outcome.FAIL, Outcome.NOT_EVALUABLE)
OF_RELEASE: Final = frozenset("GH")
"""Those that are of the release which holds the change."""
MOST_INPUTS: Final = 3
"""Entries named for one attribute; the rest is counted."""
MOST_SAID: Final = 300
"""Characters of what rules say of one attribute: a sheet is one page. The register has all of it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of one sampled change."""

    letter: str
    name: str
    mark: Mark
    word: str
    """Printed instead of the mark's own word; empty: the mark's own."""
    rules: tuple[str, ...]
    """Those that decided it."""
    told: Text
    """What the rule said, or why nothing could be said."""
    evidence: tuple[tuple[int, str], ...]
    """Entry number and envelope digest of what it rests on, at most `MOST_INPUTS`."""
    more: int
    """How many more there are."""


def attributes(view: PeriodView, change: PeriodChange) -> tuple[Attribute, ...]:
    """The attributes A to J of a change."""
    names = _names()
    found = [_by_rules(view, change, letter, names[letter]) for letter in RULES]
    return (*found, _retention(view, change, names["J"]))


def _names() -> dict[str, str]:
    return {
        "A": say("Somebody asked for it"),
        "B": say("Reviewed independently"),
        "C": say("Who prompted did not approve"),
        "D": say("The right content was approved"),
        "E": say("Approved before it landed"),
        "F": say("Tests on the same content"),
        "G": say("The release was approved"),
        "H": say("Deployed equals released"),
        "I": say("Bypass or emergency handled"),
        "J": say("Evidence kept"),
    }


def _by_rules(view: PeriodView, change: PeriodChange, letter: str, name: str) -> Attribute:
    rules = RULES[letter]
    of_release = letter in OF_RELEASE
    subjects = frozenset(map(release_subject, held_by(view, change))) if of_release else None
    if subjects is not None and not subjects:
        told = say("No release of the period holds this change.")
        return Attribute(letter, name, Mark.NOT_APPLICABLE, say("Not released"), (), capture(told), (), 0)
    verdicts = [
        verdict
        for verdict in (change.verdicts if subjects is None else view.verdicts)
        if verdict.rule in rules and (subjects is None or verdict.subject in subjects)
    ]
    if not verdicts:
        told = say_count(
            "The policy does not turn on the rule that decides it: {rules}.",
            "The policy turns none of the {count} rules on that decide it: {rules}.",
            len(rules),
            rules=", ".join(rules),
        )
        return Attribute(letter, name, Mark.NOT_APPLICABLE, say("Not tested"), (), capture(told), (), 0)
    deciding = sorted(_deciding(verdicts), key=lambda verdict: rules.index(verdict.rule))
    mark, word = _result(deciding)
    evidence = tuple(dict.fromkeys(_evidence(deciding)))
    return Attribute(
        letter,
        name,
        mark,
        word,
        tuple(dict.fromkeys(verdict.rule for verdict in deciding)),
        _told(view, deciding, mark),
        evidence[:MOST_INPUTS],
        max(0, len(evidence) - MOST_INPUTS),
    )


def _deciding(verdicts: list[Verdict]) -> list[Verdict]:
    """Those of the gravest outcome; where nothing failed and nothing is untold, those by which something is owed."""
    worst = next(outcome for outcome in MARKS if any(verdict.outcome is outcome for verdict in verdicts))
    owed = [verdict for verdict in verdicts if verdict.precondition == OWED]
    if owed and worst not in _DOUBTFUL:
        return owed
    return [verdict for verdict in verdicts if verdict.outcome is worst]


def _result(deciding: list[Verdict]) -> tuple[Mark, str]:
    """The mark, and the word that stands instead of its own."""
    worst = deciding[0].outcome
    if all(verdict.precondition == OWED for verdict in deciding):
        return Mark.CANNOT_TELL, say("Not yet")
    if worst not in _DOUBTFUL or not all(verdict.excepted_by for verdict in deciding):
        return MARKS[worst], ""
    return MARKS[worst], say("Fail, excepted") if worst is Outcome.FAIL else say("Cannot tell, excepted")


def _told(view: PeriodView, deciding: list[Verdict], mark: Mark) -> Text:
    """What the most exact rule says; where something did not hold or is owed, what each rule says."""
    if mark not in (Mark.FAIL, Mark.CANNOT_TELL):
        return view.sentence(deciding[0])
    said = tuple(dict.fromkeys(view.sentence(verdict).plain for verdict in deciding))
    return capture(" ".join(said), limit=MOST_SAID)


def _evidence(verdicts: list[Verdict]) -> Iterator[tuple[int, str]]:
    for verdict in verdicts:
        for item in (*verdict.inputs, *verdict.excepted_by):
            yield item.index, item.envelope


def held_by(view: PeriodView, change: PeriodChange) -> tuple[ReleaseDossier, ...]:
    """Releases of the period that hold the change."""
    key = (change.facts.project, change.facts.id)
    return tuple(
        release for release in view.dossier.releases if key in {(item.project, item.id) for item in release.changes}
    )


def other_verdicts(change: PeriodChange) -> tuple[Verdict, ...]:
    """What rules of no attribute found of the change, where they did not pass."""
    asked = {rule for letter, rules in RULES.items() if letter not in OF_RELEASE for rule in rules}
    return tuple(verdict for outcome in _DOUBTFUL for verdict in change.of(outcome) if verdict.rule not in asked)


def release_verdicts(view: PeriodView, change: PeriodChange) -> tuple[Verdict, ...]:
    """What rules of neither G nor H found of the releases that hold the change, where they did not pass."""
    asked = {rule for letter in OF_RELEASE for rule in RULES[letter]}
    subjects = frozenset(map(release_subject, held_by(view, change)))
    return tuple(
        verdict
        for outcome in _DOUBTFUL
        for verdict in view.by_outcome(outcome)
        if verdict.subject in subjects and verdict.rule not in asked
    )


def names(verdict: Verdict, landing: Landing) -> bool:
    """Whether the verdict's sentence speaks of the landing; inputs hold more than what a rule found fault with."""
    return re.search(rf"\bentry {landing.record.index}\b", verdict.sentence) is not None


def bypass_of(view: PeriodView, landing: Landing) -> Attribute:
    """Attribute I of a landing of no recorded change: what EXC-05 found of it among the period's direct pushes."""
    name = _names()["I"]
    asked = [verdict for verdict in view.verdicts if verdict.rule == "EXC-05" and view.of_itself(verdict) is not None]
    looked_at = [
        verdict for verdict in asked if any(item.envelope == landing.record.envelope for item in verdict.inputs)
    ]
    found = next((verdict for verdict in asked if names(verdict, landing)), None)
    found = found or next(iter(looked_at), None)
    if found is None:
        told = say("No verdict of the rule EXC-05 speaks of this landing.")
        return Attribute("I", name, Mark.NOT_APPLICABLE, say("Not tested"), (), capture(told), (), 0)
    if found.outcome is not Outcome.PASS and not names(found, landing):
        # Of several findings a verdict says the gravest alone.
        told = say("The verdict of EXC-05 speaks of another landing or push; what it found of this one is not said.")
        return Attribute("I", name, Mark.CANNOT_TELL, "", (found.rule,), capture(told), (), 0)
    return Attribute("I", name, MARKS[found.outcome], "", (found.rule,), view.sentence(found), (), 0)


def _retention(view: PeriodView, change: PeriodChange, name: str) -> Attribute:
    """Whether every content that the change's events commit to is at hand."""
    return retention(view, records_of(change), name)


def retention(view: PeriodView, shown: Sequence[Record], name: str = "") -> Attribute:
    """Whether every content that some events commit to is at hand: attribute J."""
    records = view.dossier.records
    name = name or _names()["J"]
    states = [
        "held" if isinstance(content := records.content(item), Held) else content.state
        for record in shown
        for item in record.event.context.contents
    ]
    held = states.count("held")
    envelopes = say_count(
        "The envelope of {count} entry is attached and verified.",
        "The envelopes of {count} entries are attached and verified.",
        len(shown),
    )
    if held == len(states):
        told = say("{envelopes} All contents are at hand: {whole}.", envelopes=envelopes, whole=number(len(states)))
        # No rule passed: a word of its own, so that nobody counts it among what was judged.
        mark, word = Mark.PASS, say("All at hand")
    else:
        told = say(
            "{envelopes} Of their {contents}, {held} are at hand; the others were withheld, erased, or are not in this "
            "bundle.",
            envelopes=envelopes,
            contents=_contents(len(states)),
            held=share(held, len(states)),
        )
        mark, word = Mark.CANNOT_TELL, say("In part")
    evidence = tuple((record.index, str(record.envelope)) for record in shown)
    return Attribute(
        "J", name, mark, word, (), capture(told), evidence[:MOST_INPUTS], max(0, len(evidence) - MOST_INPUTS)
    )


def _contents(count: int) -> str:
    return say_count("{count} content", "{count} contents", count)


def records_of(change: PeriodChange) -> tuple[Record, ...]:
    """Every event recorded about the change, be it cited on its sheet or not, ascending by index."""
    facts = change.facts
    told = (
        facts.revisions,
        facts.approvals,
        facts.runs,
        facts.landings,
        facts.prompts,
        facts.states,
        facts.pushes,
        facts.notes,
        facts.scans,
        facts.exceptions,
        facts.gates,
        facts.incidents,
        facts.corrections,
    )
    found: list[Record] = [item.record for items in told for item in items]
    found += [*facts.attestations, *(landing.there_by for landing in facts.landings)]
    found += [fact.record for declared in facts.exceptions for fact in declared.decisions]
    return tuple(record for _, record in sorted({record.index: record for record in found}.items()))
