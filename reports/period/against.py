"""Facts of a period that no verdict carries, and that speak against taking a question for answered with a tick.

What a release's pack can say too is said in the same words (`reports.clauses`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports import clauses
from reports.period.administration import contents_of
from reports.period.bypasses import past_shut, pushed_past
from reports.period.deviations import deviations_of
from reports.period.exceptions import declared
from reports.period.incidents import cases
from reports.period.reconciliations import compared
from reports.period.register import requests_of
from reports.period.sample import sample_of
from reports.period.silence import silences
from reports.release.excepted import looked_at
from reports.say import say, say_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.period.view import PeriodView


def against(view: PeriodView, question: int) -> tuple[str, ...]:
    """What the page named for a question shows that its rules do not carry, or does not have, a clause each."""
    return tuple(filter(None, (tell(view) for tell in _AGAINST.get(question, ()))))


def _compared(view: PeriodView) -> str:
    found = compared(view)
    return clauses.compared(len(found), sum(item.differs for item in found))


def _silent(view: PeriodView) -> str:
    return clauses.silent(sum(item.overdue for item in silences(view)))


def _unplaced(view: PeriodView) -> str:
    many = len(view.dossier.unplaced)
    said = say_count("{count} landing of no recorded change", "{count} landings of no recorded change", many)
    return said if many else ""


def _maker(view: PeriodView) -> str:
    return "" if view.settings.prepared_by else say("who made the lists is not recorded")


def _unnamed(view: PeriodView) -> str:
    many = sum(item.deploy.release is None for item in view.dossier.surroundings.deployments)
    said = say_count("{count} deployment names no release", "{count} deployments name no release", many)
    return said if many else ""


def _unrequested(view: PeriodView) -> str:
    without = sum(not requests_of(change) for change in view.changes)
    return clauses.unrequested(without, len(view.changes))


def _unreviewed(view: PeriodView) -> str:
    return clauses.unreviewed(sum(not looked_at(item) for item in declared(view)))


def _unstated(view: PeriodView) -> str:
    return clauses.unstated(sum(not change.facts.states for change in view.changes), len(view.changes))


def _pushed_past(view: PeriodView) -> str:
    return clauses.pushed_past(len(pushed_past(view)))


def _despite(view: PeriodView) -> str:
    return clauses.despite(len(past_shut(view)))


def _roster(view: PeriodView) -> str:
    return clauses.roster(len(view.dossier.surroundings.access_reviews))


def _unanswered(view: PeriodView) -> str:
    prompts = [item for change in view.changes for item in change.facts.prompts]
    return clauses.unanswered(view.dossier.records, prompts)


def _gone(view: PeriodView) -> str:
    return clauses.gone(sum(state in ("erased", "missing") for _, _, state in contents_of(view)))


def _undrawn(view: PeriodView) -> str:
    if sample_of(view) is None:
        return say("nothing is drawn yet")
    return say("that the number came after the population was fixed is not recorded")


def _undone(view: PeriodView) -> str:
    return say("what was done about a deviation is not recorded") if deviations_of(view) else ""


def _open(view: PeriodView) -> str:
    return clauses.unclosed(sum(case.closed is None for case in cases(view)))


def _kept(_: PeriodView) -> str:
    return clauses.kept()


_AGAINST: Final[Mapping[int, tuple[Callable[[PeriodView], str], ...]]] = {
    2: (_compared, _silent, _unplaced),
    3: (_maker,),
    4: (_unnamed, _unrequested),
    5: (_unrequested,),
    13: (_unstated,),
    14: (_unreviewed,),
    15: (_unplaced, _pushed_past, _despite),
    17: (_roster,),
    18: (_unanswered,),
    22: (_gone,),
    23: (_undrawn,),
    24: (_undone,),
    25: (_open,),
    26: (_kept,),
}
"""What is looked at beside the rules of a question, by its number."""
