"""How the ledger was administered: who may do what was looked at, policies were set by two: ADM-01 and ADM-03."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.documents import ReviewedGrant, parse_access_list
from ledger.errors import FormatError
from ledger.events.shape import instant
from ledger.events.work import Approval
from ledger.records import Absent
from ledger.roster.state import in_force, person_behind
from ledger.rules.kinds import at_least
from ledger.rules.reviewed import doubts
from ledger.rules.shape import (
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.wording import capital, counted, listed, party_words, person, span

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact, PeriodDossier
    from ledger.records import Record
    from ledger.roster.state import Grant, Policy


def adm_01(case: PeriodCase) -> Finding:
    """ADM-01: who may do what was reviewed in time, whole, by somebody who is not on the list."""
    if not case.dossier.projects:
        return inapplicable("the period is of a project")
    return gravest(_reviewed(case, project) for project in case.dossier.projects)


def _reviewed(case: PeriodCase, project: str) -> Finding:
    days = cast("int", case.settings["review_days"])
    reviews = [
        fact
        for fact in case.dossier.surroundings.access_reviews
        if fact.record.event.context.project == project
        and fact.approval.decision in ("approve", "reject")
        and fact.withdrawn_by is None
    ]
    inputs: list[NamedRecord] = [("approval", fact.record) for fact in reviews]
    began = next((item for item in case.dossier.records.entries if item.index >= case.dossier.first), None)
    since = None if began is None else instant(began.leaf.received_at)
    for fact in reviews:
        at = instant(fact.record.leaf.received_at)
        if since is not None and at - since > timedelta(days=days):
            return failed(
                f"The access review of entry {fact.record.index} came {span(at - since)} after the one before or the "
                f"beginning of the period; {counted(days, 'day', 'days')} {'was' if days == 1 else 'were'} allowed.",
                inputs,
            )
        since = at
    overdue = since is not None and instant(case.as_of) - since > timedelta(days=days)
    if overdue:
        last = "none is recorded" if not reviews else f"the last one is that of entry {reviews[-1].record.index}"
        return failed(
            f"For more than {counted(days, 'day', 'days')} nobody has reviewed who may do what: {last}.", inputs
        )
    if not reviews:
        term = f"{counted(days, 'day', 'days')} {'has' if days == 1 else 'have'} not passed in it"
        return untold((f"no access review is recorded in the period, and {term}",))
    return gravest(_whole(case, project, fact) for fact in reviews)


def _whole(case: PeriodCase, project: str, fact: ApprovalFact) -> Finding:
    """Whether a review looked at every grant, and at none of its own."""
    entry = f"the access review of entry {fact.record.index}"
    inputs: list[NamedRecord] = [("approval", fact.record)]
    reviewed = access_list(case, fact)
    if isinstance(reviewed, Absent):
        return untold((f"the list of {entry} is {reviewed.state}",), inputs)
    who = party_words(fact.approver, "whoever reviewed")
    roster, now = case.dossier.records.roster, case.dossier.records.position
    holders = {person_behind(roster, item.principal, now) for item in reviewed}
    faults = _left_out(case, project, fact, reviewed)
    if fact.approver.type != "person":
        faults.append("it was given by no person")
    if fact.approver.principal in holders:
        faults.append(f"{who} gave it and holds a role that it reviews")
    if faults:
        return failed(f"{capital(entry)} does not hold: {listed(faults)}.", inputs)
    if not reviewed or (reasons := doubts(fact)):
        return untold((f"{entry} lists nobody",) if not reviewed else reasons, inputs)
    number = counted(len(reviewed), "grant", "grants")
    return passed(f"{capital(who)}, who holds none of them, reviewed all {number} in force ({entry}).", inputs)


def _left_out(case: PeriodCase, project: str, fact: ApprovalFact, reviewed: tuple[ReviewedGrant, ...]) -> list[str]:
    """How the list differs from the roster at the position that was reviewed, and that from the one of the review."""
    position = fact.approval.basis.roster or 0
    known = {(grant.envelope, grant.principal, grant.role) for grant in _grants(case, project, position)}
    shown = {(item.grant, item.principal, item.role) for item in reviewed}
    since = [
        grant
        for grant in case.dossier.records.roster.grants
        if position < grant.since <= fact.record.index and (grant.projects is None or project in grant.projects)
    ]
    found: list[str] = []
    if known - shown:
        found.append(f"it leaves out {counted(len(known - shown), 'grant', 'grants')} in force then")
    if shown - known:
        found.append(f"it lists {counted(len(shown - known), 'grant', 'grants')} not in force then")
    if since:
        found.append(f"{counted(len(since), 'grant was', 'grants were')} made between the roster it is of and itself")
    return found


def access_list(case: PeriodCase, fact: ApprovalFact) -> tuple[ReviewedGrant, ...] | Absent:
    """The grants that an access review lists."""
    content = case.dossier.records.content(fact.record.event.context.content("access-list"))
    if isinstance(content, Absent):
        return content
    try:
        return parse_access_list(content.data)
    except FormatError:
        return Absent("unreadable")


def _grants(case: PeriodCase, project: str, position: int) -> list[Grant]:
    return [
        grant
        for grant in case.dossier.records.roster.grants
        if in_force(grant.since, grant.until, position) and (grant.projects is None or project in grant.projects)
    ]


def adm_03(case: PeriodCase) -> Finding:
    """ADM-03: every policy that came into force was decided by two people."""
    dossier = case.dossier
    # An act that entry i completes holds from position i + 1.
    policies = [
        policy
        for policy in dossier.records.roster.policies
        if dossier.first < policy.since <= dossier.end
        and (policy.projects is None or set(policy.projects) & set(dossier.projects))
    ]
    if not policies:
        return inapplicable("a policy came into force in the period")
    return gravest(_decided(dossier, policy) for policy in policies)


def _decided(dossier: PeriodDossier, policy: Policy) -> Finding:
    records = dossier.records
    acts: list[Record] = [item for item in records.entries if item.envelope == policy.envelope]
    acts += [
        item
        for item in records.entries
        if isinstance(body := item.event.body, Approval)
        and body.basis.act == policy.envelope
        and body.decision == "approve"
        and item.index < policy.since
    ]
    if not acts:
        return untold((f"the event that set the policy in force from position {policy.since} is not at hand",))
    inputs: list[NamedRecord] = [("policy", item) for item in acts]
    people = dict.fromkeys(person_behind(records.roster, item.key.principal, records.position) for item in acts)
    who = listed(map(person, people))
    told = f"the policy of entry {acts[0].index}"
    if len(people) < 2:
        return failed(f"{capital(told)} was set by {who} alone.", inputs)
    return passed(f"{capital(told)} was set by {who}.", inputs)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "ADM-01",
        "Access is reviewed in time",
        "Who may do what was reviewed in time and as a whole, by somebody who holds none of the roles reviewed.",
        parameters=(Parameter("review_days", 90, at_least(1), "Within how many days access must be reviewed again."),),
        period=adm_01,
    ),
    Rule(
        "ADM-03",
        "Policies are set by two",
        "Every policy that came into force was decided by two people.",
        period=adm_03,
    ),
)
