"""Which declared exceptions stand beside a verdict that does not hold: never instead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.decisions import compromised_since
from ledger.dossier.people import compare, sure
from ledger.events.shape import instant
from ledger.rules.judged import judged
from ledger.rules.reviewed import doubts, stands

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ledger.canonical import JSON
    from ledger.dossier.facts import ApprovalFact, ExceptionFact, ReleaseDossier
    from ledger.records import Records
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase

NEVER: Final = ("ID-01", "ID-02", "SOD-08", "EXC-02", "EXC-03", "EXC-04", "EXC-05", "LED-01", "LED-02", "LED-06")
"""Rules that no exception reaches: those that judge exceptions, and those that judge the record itself."""

BYPASS: Final = "EXC-05"
"""An exception that names it declares that a gate or a protection is passed over: then it passes, never excepted."""

AUTHORISATION: Final = "authorisation"
REVIEW: Final = "review"


def is_for(item: ExceptionFact, content: Judged) -> bool:
    """Whether the exception was declared for exactly this content: another revision voids it."""
    return item.exception.manifest in content.manifests or item.exception.tree in content.trees


def of_change(case: ChangeCase, rule: str, settings: Mapping[str, JSON]) -> tuple[ExceptionFact, ...]:
    """The exceptions from ``rule`` that stand for everything that is judged of a change.

    What landed is judged by the time at which it landed, what has not by ``as_of``. Where several contents are judged,
    each needs an exception of its own: which of them failed is not asked, so one alone would excuse too much.
    """
    standing = _standing(case.records, case.change.exceptions, rule, settings)
    found: dict[int, ExceptionFact] = {}
    for content in judged(case):
        moment = case.as_of if content.landing is None else content.landing.there_by.leaf.received_at
        kept = [item for item in standing if is_for(item, content) and _in_time(item, [moment])]
        if not kept:
            return ()
        found.update((item.record.index, item) for item in kept)
    return tuple(found[index] for index in sorted(found))


def of_release(
    dossier: ReleaseDossier, rule: str, settings: Mapping[str, JSON], as_of: str, *, of_change: bool = False
) -> tuple[ExceptionFact, ...]:
    """The exceptions from ``rule`` that stand for a release; one for an environment is for deployments there.

    They stand beside the verdicts of the release itself and, with ``of_change``, beside those of its changes: it goes
    out although a change in it did not keep to the rule. That one of them landed past a gate (EXC-05) is an earlier
    departure, which the release's own exception may name without judging itself.

    ``settings`` are the policy's, those of the rule among them: a rule that speaks of some environments is departed
    from only where every deployment that it speaks of is one that the exception is for.
    """
    environments = cast("list[str] | None", settings.get("environments"))
    found = []
    never = tuple(one for one in NEVER if not (of_change and one == BYPASS))
    for item in _standing(dossier.records, dossier.exceptions, rule, settings, never):
        where = item.exception.environment
        spoken_of = [
            fact
            for fact in dossier.deployments
            if environments is None or not environments or fact.deploy.environment in environments
        ]
        there = [fact for fact in spoken_of if where in (None, fact.deploy.environment)]
        if spoken_of and (not there or (environments and len(there) < len(spoken_of))):
            continue
        if where is not None and environments and where not in environments:
            continue
        if _in_time(item, [fact.record.leaf.received_at for fact in there] or [as_of]):
            found.append(item)
    return tuple(found)


def _standing(
    records: Records,
    exceptions: Iterable[ExceptionFact],
    rule: str,
    settings: Mapping[str, JSON],
    never: Collection[str] = NEVER,
) -> tuple[ExceptionFact, ...]:
    if rule in never:
        return ()
    # That an exception came late is excepted by an outage alone.
    causes = ("outage",) if rule == "EXC-01" else ("emergency", "outage", "accepted-risk")
    return tuple(
        item
        for item in exceptions
        if rule in item.exception.rules
        and item.exception.cause in causes
        and not _compromised(records, item)
        and may_be_used(item, settings)
    )


def _compromised(records: Records, item: ExceptionFact) -> bool:
    since = compromised_since(records, item.record)
    return since is not None and item.record.index >= since


def may_be_used(item: ExceptionFact, settings: Mapping[str, JSON]) -> bool:
    """Whether an exception may be used.

    Nobody refused it; and where the policy's ``exception_use`` says ``authorised``, somebody else authorised it.
    """
    decided = [fact for fact in item.decisions if fact.approval.meaning == AUTHORISATION and stands(fact)]
    if any(fact.approval.decision == "reject" for fact in decided):
        return False
    match settings["exception_use"]:
        case "declared":
            return True
        case "authorised":
            return any(authorises(fact, item) for fact in decided)
        case _:
            return False


def authorises(fact: ApprovalFact, item: ExceptionFact) -> bool:
    """Whether a decision is another person's authorisation of the exception, beyond doubt."""
    return (
        fact.approval.decision == "approve"
        and fact.approver.type == "person"
        and sure(fact.approver)
        and not doubts(fact)
        and compare(fact.approver, item.requester) == "no"
    )


def _in_time(item: ExceptionFact, moments: Iterable[str]) -> bool:
    until = instant(item.exception.expires_at)
    return all(instant(moment) <= until for moment in moments)
