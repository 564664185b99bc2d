"""Facts of a period that no verdict carries, and that speak against taking a question for answered with a tick.

The clauses are those of a release's pack (`reports.release.against`) where both can say them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.period.administration import contents_of
from reports.period.deviations import deviations_of
from reports.period.exceptions import declared
from reports.period.incidents import cases
from reports.period.reconciliations import compared
from reports.period.register import requests_of
from reports.period.sample import sample_of
from reports.period.silence import silences
from reports.release.excepted import looked_at
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.period.view import PeriodView


def against(view: PeriodView, question: int) -> tuple[str, ...]:
    """What the page named for a question shows that its rules do not carry, or does not have, a clause each."""
    return tuple(filter(None, (tell(view) for tell in _AGAINST.get(question, ()))))


def _compared(view: PeriodView) -> str:
    found = compared(view)
    if not found:
        return say("nobody compared a clone with the ledger")
    apart = sum(item.differs for item in found)
    said = say_count("a clone differs on {count} ref", "clones differ on {count} refs", apart)
    return said if apart else ""


def _silent(view: PeriodView) -> str:
    many = sum(item.overdue for item in silences(view))
    said = say_count("{count} source was silent too long", "{count} sources were silent too long", many)
    return said if many else ""


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
    if view.changeless:
        return say("no change is recorded")
    without = sum(not requests_of(change) for change in view.changes)
    said = say_count(
        "without a request: {without} of {count} change",
        "without a request: {without} of {count} changes",
        len(view.changes),
        without=number(without),
    )
    return said if without else ""


def _unreviewed(view: PeriodView) -> str:
    """That exceptions of the period have no review: that they were declared in time is no answer to who looked."""
    without = sum(not looked_at(item) for item in declared(view))
    said = say_count("{count} exception was not reviewed", "{count} exceptions were not reviewed", without)
    return said if without else ""


def _unanswered(view: PeriodView) -> str:
    """Prompts whose answer, or whose text, cannot be read."""
    records = view.dossier.records
    found = [item for change in view.changes for item in change.facts.prompts]

    def gone(name: str) -> int:
        return sum(isinstance(records.content(item.record.event.context.content(name)), Absent) for item in found)

    asked, answered = gone("prompt"), gone("output")
    if answered:
        return say_count(
            "what came back is not at hand: {without} of {count} prompt",
            "what came back is not at hand: {without} of {count} prompts",
            len(found),
            without=number(answered),
        )
    said = say_count(
        "text not at hand: {without} of {count} prompt",
        "text not at hand: {without} of {count} prompts",
        len(found),
        without=number(asked),
    )
    return said if asked else ""


def _gone(view: PeriodView) -> str:
    many = sum(state in ("erased", "missing") for _, _, state in contents_of(view))
    said = say_count(
        "{count} content cannot be read, on no recorded ground",
        "{count} contents cannot be read, on no recorded ground",
        many,
    )
    return said if many else ""


def _undrawn(view: PeriodView) -> str:
    if sample_of(view) is None:
        return say("nothing is drawn yet")
    return say("that the number came after the population was fixed is not recorded")


def _undone(view: PeriodView) -> str:
    return say("what was done about a deviation is not recorded") if deviations_of(view) else ""


def _open(view: PeriodView) -> str:
    many = sum(case.closed is None for case in cases(view))
    return say_count("{count} incident is not closed", "{count} incidents are not closed", many) if many else ""


def _kept(_: PeriodView) -> str:
    # No policy and no event states a schedule in this version.
    return say("how long contents are kept is not recorded")


_AGAINST: Final[Mapping[int, tuple[Callable[[PeriodView], str], ...]]] = {
    2: (_compared, _silent, _unplaced),
    3: (_maker,),
    4: (_unnamed, _unrequested),
    5: (_unrequested,),
    14: (_unreviewed,),
    18: (_unanswered,),
    22: (_gone,),
    23: (_undrawn,),
    24: (_undone,),
    25: (_open,),
    26: (_kept,),
}
"""What is looked at beside the rules of a question, by its number."""
