"""Which declared exceptions stand beside a verdict that does not hold: never instead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.people import compare, sure
from ledger.events.shape import instant
from ledger.rules.judged import judged
from ledger.rules.reviewed import doubts, stands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.canonical import JSON
    from ledger.dossier.facts import ApprovalFact, ExceptionFact, ReleaseDossier
    from ledger.rules.shape import ChangeCase

NEVER: Final = ("ID-01", "ID-02", "SOD-08", "EXC-02", "EXC-03", "EXC-04", "LED-01", "LED-02")
"""Rules that no exception reaches, by the beginning of their ids: those that judge exceptions and the record itself."""

AUTHORISATION: Final = "authorisation"
REVIEW: Final = "review"


def of_change(case: ChangeCase, rule: str, settings: Mapping[str, JSON]) -> tuple[ExceptionFact, ...]:
    """The exceptions from ``rule`` that stand for the content that is judged of a change.

    An exception is for one content: another revision is not what it was declared for. What landed is judged by the
    time at which it landed, what has not by ``as_of``.
    """
    contents = judged(case)
    manifests = {manifest for content in contents for manifest in content.manifests}
    trees = {tree for content in contents for tree in content.trees}
    landed = [landing.record.leaf.received_at for landing in case.change.landings]
    return tuple(
        item
        for item in _standing(case.change.exceptions, rule, settings)
        if (item.exception.manifest in manifests or item.exception.tree in trees)
        and _in_time(item, landed or [case.as_of])
    )


def of_release(
    dossier: ReleaseDossier, rule: str, settings: Mapping[str, JSON], as_of: str
) -> tuple[ExceptionFact, ...]:
    """The exceptions from ``rule`` that stand for a release; one for an environment is for deployments there."""
    found = []
    for item in _standing(dossier.exceptions, rule, settings):
        environment = item.exception.environment
        deployed = [
            fact.record.leaf.received_at
            for fact in dossier.deployments
            if environment in (None, fact.deploy.environment)
        ]
        if _in_time(item, deployed or [as_of]):
            found.append(item)
    return tuple(found)


def _standing(
    exceptions: Iterable[ExceptionFact], rule: str, settings: Mapping[str, JSON]
) -> tuple[ExceptionFact, ...]:
    if rule.startswith(NEVER):
        return ()
    # That an exception came late is excepted by an outage alone.
    causes = ("outage",) if rule == "EXC-01" else ("emergency", "outage", "accepted-risk")
    return tuple(
        item
        for item in exceptions
        if rule in item.exception.rules and item.exception.cause in causes and may_be_used(item, settings)
    )


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
