"""How a release stands: its verdicts counted, what is missing, and who must act, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import RULES
from ledger.rules.remedies import remedy
from ledger.rules.verdict import Outcome
from ledger.rules.wording import capital, with_names
from reports.parts import Mark, Status, words
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.dossier.facts import ReleaseDossier
    from ledger.rules.verdict import Assessment, Verdict
    from ledger.verify.findings import Verification
    from reports.text import Text

MOST_ACTS: Final = 4
"""Rules of which a list says who must act; the others are counted."""
MOST_MISSING: Final = 3
"""Missing things that a list names; the others are counted."""
CLAUSE: Final = 240
"""Characters printed of what is missing."""

_SEVERITIES: Final = {"high": 0, "medium": 1, "low": 2}
_TITLES: Final[Mapping[str, str]] = {rule.id: rule.title for rule in RULES}


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody must do about one rule."""

    rule: str
    title: Text
    mark: Mark
    """The gravest outcome of the rule."""
    count: int
    """How many of its verdicts do not hold."""
    sentence: Text
    """Who must do what."""
    command: Text


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdicts of a release as a list shows them."""

    position: int
    as_of: str
    """Ledger time."""
    intact: bool
    """Whether all checks of its records held."""
    failed: int
    untold: int
    excepted: int
    """Of the failed and untold ones, those beside which an exception stands."""
    passed: int
    judged: bool
    """Whether a policy judged it."""
    acts: tuple[Act, ...]
    """Gravest first, one for each rule that does not hold for something."""
    missing: tuple[Text, ...]
    """What was missing, each once. It may quote contents: shown to those only who may see them."""


def standing_of(
    dossier: ReleaseDossier | None, assessment: Assessment | None, verification: Verification, position: int, as_of: str
) -> Standing:
    """The standing of a release; without an assessment nothing is counted."""
    verdicts = () if assessment is None else assessment.verdicts
    open_ = [verdict for verdict in verdicts if verdict.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)]
    parties = {} if dossier is None else dossier.parties
    missing = dict.fromkeys(clause for verdict in open_ for clause in verdict.missing)
    return Standing(
        position=position,
        as_of=as_of,
        intact=verification.intact,
        failed=sum(verdict.outcome is Outcome.FAIL for verdict in open_),
        untold=sum(verdict.outcome is Outcome.NOT_EVALUABLE for verdict in open_),
        excepted=sum(bool(verdict.excepted_by) for verdict in open_),
        passed=sum(verdict.outcome is Outcome.PASS for verdict in verdicts),
        judged=assessment is not None,
        acts=_acts(open_, None if dossier is None else dossier.name),
        missing=tuple(capture(capital(with_names(clause, parties)), limit=CLAUSE) for clause in missing),
    )


def headline(standing: Standing) -> tuple[Status, ...]:
    """The state in words, each part with its mark."""
    if not standing.intact:
        return (Status(Mark.FAIL, words(say("The records do not verify"))),)
    if not standing.judged:
        return (Status(Mark.CANNOT_TELL, words(say("No policy was in force: nothing was judged"))),)
    found = []
    if standing.failed:
        found.append(
            Status(Mark.FAIL, words(say_count("{count} verdict failed", "{count} verdicts failed", standing.failed)))
        )
    if standing.untold:
        found.append(
            Status(
                Mark.CANNOT_TELL,
                words(say_count("{count} cannot be told", "{count} cannot be told", standing.untold)),
            )
        )
    if standing.excepted:
        found.append(
            Status(
                Mark.EXCEPTED,
                words(
                    say_count(
                        "{count} of these under an exception", "{count} of these under exceptions", standing.excepted
                    )
                ),
            )
        )
    if not found and not standing.passed:
        # An empty set never passes (no rule applied to anything).
        return (Status(Mark.NOT_APPLICABLE, words(say("No rule applied to anything"))),)
    return tuple(found) or (Status(Mark.PASS, words(say("Every rule that applies passed"))),)


def _acts(verdicts: list[Verdict], release: str | None) -> tuple[Act, ...]:
    by_rule: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_rule.setdefault(verdict.rule, []).append(verdict)

    def gravity(rule: str) -> tuple[bool, int, bool, int]:
        some = by_rule[rule]
        failed = any(verdict.outcome is Outcome.FAIL for verdict in some)
        return all(verdict.excepted_by for verdict in some), _SEVERITIES[some[0].severity], not failed, -len(some)

    return tuple(_act(rule, by_rule[rule], release) for rule in sorted(by_rule, key=gravity))


def _act(rule: str, verdicts: list[Verdict], release: str | None) -> Act:
    subject = next((verdict for verdict in verdicts if not verdict.excepted_by), verdicts[0]).subject
    kind, _, name = subject.partition(" ")
    mended = remedy(
        rule,
        change=name.partition("/")[2] if kind == "change" else None,
        release=name if kind == "release" else None,
        # What is in a release has landed: what had to come before can no longer be done.
        part_of=release if kind == "change" else None,
    )
    outcome = next(outcome for outcome in MARKS if any(verdict.outcome is outcome for verdict in verdicts))
    return Act(
        rule,
        words(_TITLES.get(rule, rule)),
        MARKS[outcome],
        len(verdicts),
        words(mended.sentence),
        capture(mended.command, limit=200),
    )
