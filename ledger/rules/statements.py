"""What a change says of itself: its request, its impact, the way back, its cut-over: CHG-03 to CHG-05 and CHG-13."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.records import Absent
from ledger.rules.reviewed import shown_diffs
from ledger.rules.risk import RiskClass, by_class, names_class, risk_class
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import (
    NOTHING_STATED,
    each,
    is_late,
    reaches,
    statement,
    text_of,
    texts_missing,
    unsettled,
)
from ledger.rules.verdict import Outcome
from ledger.rules.wording import capital, counted, listed, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import Told
    from ledger.events.forge import ChangeState, Request
    from ledger.rules.judged import Judged

IMPACT: Final = ("impact", "the impact")
SECURITY_IMPACT: Final = ("security-impact", "the impact on security")
IMPACTS: Final = ((IMPACT, "impact_from"), (SECURITY_IMPACT, "security_impact_from"))
"""Texts, each with the parameter that says from which risk class on it is asked for."""
RUNBOOK: Final = ("runbook", "the runbook")
STOP_CONDITIONS: Final = ("stop-conditions", "the stop conditions")
FALLBACK: Final = ("fallback", "the way back")


def chg_03(case: ChangeCase) -> Finding:
    """CHG-03: somebody asked for the change, and it says why it is made."""
    state = statement(case)
    doubts = unsettled(case)
    if state is None or doubts:
        return untold(doubts or (NOTHING_STATED,), shown_diffs(case))
    inputs: list[NamedRecord] = [("change", item.record) for item in case.change.states]
    if state.body.state == "closed" and not case.change.landings:
        return inapplicable("the change landed or is still open", inputs)
    if not state.body.requests:
        return failed("No request is named for the change.", inputs)
    standing = _standing(case, state)
    found = _requests(case, [item for item in state.body.requests if _name(item) not in standing])
    reason = text_of(case.records, state.record, "reason")
    if found.failures or reason is None:
        nothing = [] if reason is not None else ["no reason is stated for the change"]
        return failed(f"{capital('; '.join([*found.failures, *nothing]))}.", inputs)
    missing = list(found.missing)
    if isinstance(reason, Absent):
        missing.append(f"the reason stated in entry {state.record.index} is {reason.state}")
    if missing:
        return untold(missing, inputs)
    told = [f"requested by {listed(found.open)}, found open"] if found.open else []
    used = [_name(item) for item in state.body.requests if _name(item) in standing]
    told += [f"made by a bot under {_requests_words(used)}"] if used else []
    return passed(f"{capital('; '.join(told))}. A reason is stated.", inputs)


def _standing(case: ChangeCase, state: Told[ChangeState]) -> frozenset[str]:
    """Requests that need not be open each time: only for what agents and services state of changes of type bot."""
    if state.body.type != "bot" or state.actor.type not in ("agent", "service"):
        return frozenset()
    return frozenset(cast("list[str]", case.settings["standing_requests"]))


@dataclass(slots=True)
class _Requests:
    """Requests by what is known of them."""

    open: list[str] = field(default_factory=list)
    """By name."""
    failures: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def _requests(case: ChangeCase, requests: Sequence[Request]) -> _Requests:
    found = _Requests()
    grace = cast("int", case.settings["grace_hours"])
    closed: list[tuple[str, Told[ChangeState]]] = []
    for request in requests:
        said = [
            (item, named.state) for item in case.change.states for named in item.body.requests if _same(named, request)
        ]
        if request.state == "unresolved":
            first = _first_of_the_last_run(said)
            until = instant(first.record.leaf.received_at) + timedelta(hours=grace)
            name = f"the tracker knows no request {_name(request)}, named in entry {first.record.index}"
            if instant(case.as_of) > until:
                found.failures.append(f"{name}, {counted(grace, 'hour', 'hours')} and more after it was named")
            else:
                found.missing.append(f"{name}; the policy gives it {counted(grace, 'hour', 'hours')}")
        elif any(word == "open" for _, word in said):
            found.open.append(_name(request))
        else:
            closed.append((_name(request), said[0][0]))
    for name, item in closed if not found.open else ():
        landed_before = any(landing.record.index < item.record.index for landing in case.change.landings)
        late = is_late(item.record) or any(is_late(landing.record) for landing in case.change.landings)
        if late or landed_before:
            found.missing.append(
                f"whether the request {name} was open before the change landed is not recorded; entry "
                f"{item.record.index} found it closed"
            )
        else:
            found.failures.append(f"the request {name} was closed already when entry {item.record.index} named it")
    return found


def _first_of_the_last_run(said: Sequence[tuple[Told[ChangeState], str]]) -> Told[ChangeState]:
    """The statement since which the request has been unresolved without a break."""
    first = said[-1][0]
    for item, word in reversed(said):
        if word != "unresolved":
            break
        first = item
    return first


def _same(one: Request, other: Request) -> bool:
    return (one.system, one.id) == (other.system, other.id)


def _name(request: Request) -> str:
    return f"{request.system}:{request.id}"


def _requests_words(names: Sequence[str]) -> str:
    return f"the standing {'request' if len(names) == 1 else 'requests'} {listed(names)}"


def chg_04(case: ChangeCase) -> Finding:
    """CHG-04: the change says what it does to whom and to security, and its risk is not talked down."""
    return each(case, _impact)


def _impact(case: ChangeCase, content: Judged) -> Finding:
    inputs = _inputs(case, content)
    lowered, perhaps_lowered = _lowered(case, content, risk_class(case, content))
    if lowered is not None:
        return failed(lowered, inputs)
    found = by_class(
        case,
        content,
        lambda name: _stated(
            case,
            [text for text, lowest in IMPACTS if reaches(case, name, cast("str | None", case.settings[lowest]))],
            name,
            inputs,
        ),
    )
    return untold((*perhaps_lowered, *found.missing), inputs) if perhaps_lowered and not _fails(found) else found


def _lowered(case: ChangeCase, content: Judged, risk: RiskClass) -> tuple[str | None, tuple[str, ...]]:
    """The sentence that says that a lower class was stated than the content is of, or clauses that leave it open."""
    names = [str(item["name"]) for item in cast("list[dict[str, JSON]]", case.settings["risks"])]
    revision = content.revision or case.change.last_revision
    said = [] if revision is None or revision.diff.risk is None else [(revision.diff.risk, revision.record.index)]
    said += [(item.body.risk, item.record.index) for item in case.change.states if item.body.risk is not None]
    if not said:
        return None, ()
    word, entry = said[-1]
    higher = names[: names.index(word)] if word in names else names
    if risk.name in higher:
        return (
            f"Entry {entry} states the risk class “{word}”; by the policy it is “{risk.name}”: {listed(risk.because)}.",
            (),
        )
    return None, risk.unread if set(risk.perhaps) & set(higher) else ()


def chg_05(case: ChangeCase) -> Finding:
    """CHG-05: the change says how one gets back."""
    return each(case, lambda case, content: by_class(case, content, lambda name: _fallback(case, content, name)))


def _fallback(case: ChangeCase, content: Judged, name: str) -> Finding:
    state = statement(case)
    inputs = _inputs(case, content)
    texts = [FALLBACK] if reaches(case, name, cast("str | None", case.settings["fallback_from"])) else []
    if texts and state is not None and not unsettled(case) and state.body.returns_to is not None:
        return passed(f"The change says how one gets back: to {state.body.returns_to}.", inputs)
    return _stated(case, texts, name, inputs)


def chg_13(case: ChangeCase) -> Finding:
    """CHG-13: a change that needs one has a cut-over runbook, with an owner, stop conditions and the way back."""
    return each(case, lambda case, content: by_class(case, content, lambda name: _cutover(case, content, name)))


def _cutover(case: ChangeCase, content: Judged, name: str) -> Finding:
    state = statement(case)
    inputs = _inputs(case, content)
    sought = names_class(case, cast("list[str]", case.settings["runbook"]), name)
    found = _stated(case, [RUNBOOK, STOP_CONDITIONS, FALLBACK] if sought else [], name, inputs)
    if not sought or state is None or unsettled(case):
        return found
    if state.body.cutover is None:
        return failed("No cut-over is stated: it has no owner and no runbook.", inputs)
    owner = case.records.roster.principals.get(state.body.cutover.owner)
    if owner is not None and owner.type != "person":
        return failed(f"The owner of the cut-over, {person(owner.id)}, is no person.", inputs)
    if _fails(found):
        return found
    if owner is None or found.missing:
        unknown = () if owner is not None else ("the owner of the cut-over is no principal of this ledger",)
        return untold((*unknown, *found.missing), inputs)
    return passed(
        f"{person(owner.id)} owns the cut-over; its runbook, its stop conditions and the way back are stated.", inputs
    )


def _stated(case: ChangeCase, texts: Sequence[tuple[str, str]], name: str, inputs: Sequence[NamedRecord]) -> Finding:
    """Whether the latest statement states every one of ``texts`` (its content, in words) at the risk class ``name``."""
    if not texts:
        return inapplicable(f"the policy asks for it, which it does not at the risk class “{name}”", inputs)
    state, doubts = statement(case), unsettled(case)
    if state is None or doubts:
        return untold(doubts, inputs)
    empty, unread = texts_missing(case.records, state.record, texts)
    if empty:
        return failed(f"Not stated in entry {state.record.index}: {listed(empty)}.", inputs)
    if unread:
        return untold(unread, inputs)
    return passed(f"Stated in entry {state.record.index}: {listed(words for _, words in texts)}.", inputs)


def _fails(found: Finding) -> bool:
    return found.outcome is Outcome.FAIL


def _inputs(case: ChangeCase, content: Judged) -> list[NamedRecord]:
    return [*content.inputs, *(("change", item.record) for item in case.change.states)]
