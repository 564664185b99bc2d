"""In which roles approvers approve: SOD-11 and APP-07."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import sure
from ledger.rules.contributors import approver_words
from ledger.rules.counting import APPROVED, HAS_IT, Grade, by_need, weigh
from ledger.rules.parameters import APPROVALS, APPROVER_CLASSES, COUNTING, PEOPLE
from ledger.rules.reviewed import sort_approvals
from ledger.rules.risk import DEFAULT, by_class, of_class
from ledger.rules.roles import role_held
from ledger.rules.shape import Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import each
from ledger.rules.wording import capital, counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.dossier.facts import ApprovalFact
    from ledger.rules.judged import Judged
    from ledger.rules.reviewed import Sorted
    from ledger.rules.shape import ChangeCase, Finding, NamedRecord


def sod_11(case: ChangeCase) -> Finding:
    """SOD-11: approvers held, when they approved, the role that is asked for and the one that they say they act in."""
    return each(case, _entitled)


def _entitled(case: ChangeCase, content: Judged) -> Finding:
    role = cast("str | None", case.settings["approver_role"])
    found = sort_approvals(case, content, any_role=True)
    given = [fact for fact in case.change.approvals if fact.approval.decision == "approve"]
    if role is None and given and all(fact.approval.role is None for fact in given):
        return inapplicable("the policy asks for a role, or an approver says in which one they act", content.inputs)
    what = "the role" if role is None else f"the role “{role}”"
    return by_need(
        case,
        content,
        lambda needed: weigh(
            found,
            content,
            needed,
            partial(_roles, case, content, role),
            lambda people: f"{capital(listed(map(person, people)))} held {what} when approving {content.name}.",
        ),
    )


def _roles(case: ChangeCase, content: Judged, role: str | None, fact: ApprovalFact) -> Grade:
    for wanted in dict.fromkeys(item for item in (role, fact.approval.role) if item is not None):
        found = role_held(case, fact, wanted, content)
        if found.held == "no":
            return Grade("no", f"{approver_words(fact)} did not hold the role “{wanted}” for it in entry {_at(fact)}")
        if found.held == "unknown":
            why = listed(found.reasons)
            return Grade("unknown", f"whether {approver_words(fact)} held the role “{wanted}” for it is open: {why}")
    return HAS_IT


def _at(fact: ApprovalFact) -> int:
    return fact.record.index


def app_07(case: ChangeCase) -> Finding:
    """APP-07: each class of approver that the risk asks for approved, every person for one class alone."""
    return each(case, _classes)


def _classes(case: ChangeCase, content: Judged) -> Finding:
    table = cast("Mapping[str, Mapping[str, int]]", case.settings["approver_classes"])
    found = sort_approvals(case, content, any_role=True)

    def at(name: str) -> Finding:
        wanted = of_class(table, name)
        if not wanted:
            of = "no class" if name == DEFAULT else f"the class “{name}”"
            return inapplicable(f"the policy asks for classes of approvers for changes of {of}", content.inputs)
        return _filled(case, content, found, wanted)

    return by_class(case, content, at)


def _filled(case: ChangeCase, content: Judged, found: Sorted, wanted: Mapping[str, int]) -> Finding:
    places = [role for role, count in wanted.items() for _ in range(count)]
    inputs: list[NamedRecord] = [*content.inputs, *found.inputs]
    certain: dict[str, set[str]] = {}
    perhaps: dict[str, set[str]] = {}
    reasons = list(found.reasons)
    for fact in (*found.effective, *(item.fact for item in found.unclear)):
        who = fact.approver.principal or str(fact.record.index)
        counts = any(fact is other for other in found.effective)
        for role in wanted:
            held = role_held(case, fact, role, content)
            if held.held == "yes" and counts:
                certain.setdefault(who, set()).add(role)
            # Of whom it is not known who they are, it is not known either what they hold.
            if held.held != "no" or not sure(fact.approver):
                perhaps.setdefault(who, set()).add(role)
            reasons += held.reasons
    seats = _seated(places, certain)
    if len(seats) == len(places):
        told = [f"{person(who)} as {places[place]}" for place, who in sorted(seats.items())]
        return passed(f"Each class of approver approved {content.name}: {listed(told)}.", inputs)
    if reasons and len(_seated(places, perhaps)) == len(places):
        return untold(reasons, inputs)
    if not found.effective:
        return untold(reasons, inputs) if reasons else inapplicable(APPROVED, content.inputs)
    empty = [places[place] for place in range(len(places)) if place not in seats]
    lacking = [
        counted(empty.count(role), f"approver as {role}", f"approvers as {role}") for role in dict.fromkeys(empty)
    ]
    asked = [f"{role} {count}" for role, count in wanted.items()]
    return failed(
        f"Side by side were required: {listed(asked)}. Missing: {listed(lacking)}.{_present(found.effective)}",
        inputs,
    )


def _present(facts: Sequence[ApprovalFact]) -> str:
    names = dict.fromkeys(approver_words(fact) for fact in facts)
    return f" Approved by {listed(names)}." if names else ""


def _seated(places: Sequence[str], roles: Mapping[str, set[str]]) -> dict[int, str]:
    """As many of ``places`` as can be filled at once, each by somebody of its role and nobody twice."""
    seats: dict[int, str] = {}

    def seat(who: str, tried: set[int]) -> bool:
        for place, role in enumerate(places):
            if role not in roles[who] or place in tried:
                continue
            tried.add(place)
            if place not in seats or seat(seats[place], tried):
                seats[place] = who
                return True
        return False

    for who in roles:
        seat(who, set())
    return seats


SOD_11: Final = Rule(
    "SOD-11",
    "Approvers hold the role",
    "Each needed approver held, when approving, the role that the policy asks for and the one they signed in.",
    sod_11,
    parameters=(APPROVALS, *COUNTING, *PEOPLE),
)
APP_07: Final = Rule(
    "APP-07",
    "Classes of approvers",
    "Approvers of each class that the risk asks for approved, every person for one class alone.",
    app_07,
    parameters=(APPROVER_CLASSES, *COUNTING, *PEOPLE),
)
