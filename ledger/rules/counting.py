"""Approvals that count, and of which a rule asks something more: whether enough of them have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.reviewed import sort_approvals
from ledger.rules.risk import DEFAULT, by_class, of_class
from ledger.rules.shape import Finding, failed, inapplicable, passed, untold
from ledger.rules.wording import capital, listed, required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger.dossier.facts import ApprovalFact
    from ledger.dossier.people import Sameness
    from ledger.rules.judged import Judged
    from ledger.rules.reviewed import Sorted
    from ledger.rules.shape import ChangeCase, NamedRecord

APPROVED: Final = "somebody approved this content"
"""The precondition of rules about who approved."""


def by_need(case: ChangeCase, content: Judged, judge: Callable[[int], Finding]) -> Finding:
    """What ``judge`` finds for the number of approvals that the policy asks for at the content's risk class.

    A class may ask for more than ``default``, never for less: whoever states one, or adds a path of one, would
    otherwise talk the number down.
    """
    counts = cast("dict[str, int]", case.settings["approvals"])
    least = of_class(counts, DEFAULT) or 1
    return by_class(case, content, lambda name: judge(max(of_class(counts, name) or 1, least)))


@dataclass(frozen=True, slots=True)
class Grade:
    """Whether an approval has what a rule asks for."""

    held: Sameness
    words: str = ""
    """The clause that says why not, or why it cannot be told; empty if it has."""


HAS_IT: Final = Grade("yes")


def enough(
    case: ChangeCase,
    content: Judged,
    needed: int,
    grade: Callable[[ApprovalFact], Grade],
    good: Callable[[Sequence[str]], str],
) -> Finding:
    """Whether the approvals that are needed for the count have what ``grade`` asks; ``good`` says so of their givers.

    Others are not needed, so they decide nothing. Where too few count at all, those that do are judged: that they are
    too few is for SOD-01 to say.
    """
    return weigh(sort_approvals(case, content), content, needed, grade, good)


def weigh(
    found: Sorted,
    content: Judged,
    needed: int,
    grade: Callable[[ApprovalFact], Grade],
    good: Callable[[Sequence[str]], str],
) -> Finding:
    """As ``enough``, over approvals that were sorted before."""
    graded = [(fact, grade(fact)) for fact in found.effective]
    people = _people(fact for fact, mark in graded if mark.held == "yes")
    open_ones = [(fact, mark.words) for fact, mark in graded if mark.held == "unknown"]
    bad = [mark.words for _, mark in graded if mark.held == "no"]
    inputs: list[NamedRecord] = [*content.inputs, *found.inputs]
    if len(people) >= needed:
        return passed(good(people), inputs)
    unclear = {item.fact.approver.principal or str(item.fact.record.index) for item in found.unclear}
    possible = {*people, *_people(fact for fact, _ in open_ones), *unclear}
    reasons = (*(words for _, words in open_ones), *found.reasons)
    if reasons and len(possible) >= needed:
        return untold(reasons, inputs)
    if bad:
        return failed(f"{capital(listed(bad))}; {required(needed)}.", inputs)
    if reasons:
        return untold(reasons, inputs)
    return passed(good(people), inputs) if people else inapplicable(APPROVED, content.inputs)


def _people(facts: Iterable[ApprovalFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.approver.principal for fact in facts if fact.approver.principal is not None))
