"""What an approval says of itself: for which branch it is, who signs as what, how old it is: APP-03, APP-06, APP-08."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from ledger.events.shape import instant
from ledger.rules.contributors import approver_words
from ledger.rules.counting import HAS_IT, Grade, by_need, enough
from ledger.rules.kinds import LABELS, at_least
from ledger.rules.parameters import APPROVALS, COUNTING, PEOPLE
from ledger.rules.reviewed import covered_revision, doubts, stands
from ledger.rules.shape import Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed, person, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.dossier.facts import ApprovalFact
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase, Finding, NamedRecord, ReleaseCase

MEANINGS: Final = ("approval", "authorship", "authorisation", "exception", "release", "responsibility", "review")
"""What a signature may mean, unless the policy says otherwise."""


def app_03(case: ChangeCase) -> Finding:
    """APP-03: the approval is for the branch that the change landed on."""
    return each(case, _for_the_branch)


def _for_the_branch(case: ChangeCase, content: Judged) -> Finding:
    ref = _target(case, content)
    if ref is None:
        return inapplicable("the change landed or says where it is to go", content.inputs)
    return _needed(
        case,
        content,
        partial(_branch, case, ref),
        lambda people: f"{capital(listed(map(person, people)))} approved {content.name} for {ref}.",
    )


def _target(case: ChangeCase, content: Judged) -> str | None:
    """The ref on which the content landed, or into which its diff, else the latest word about the change, puts it."""
    if content.landing is not None:
        return content.landing.merge.ref
    stated = [item.body.target for item in case.change.states if item.body.target is not None]
    of_diff = None if content.revision is None else content.revision.diff.target
    return of_diff or (stated[-1] if stated else None)


def _branch(case: ChangeCase, ref: str, fact: ApprovalFact) -> Grade:
    named = fact.approval.basis.ref
    if named is None:
        revision = covered_revision(case, fact)
        named = None if revision is None else revision.diff.target
    if named is None:
        return Grade("unknown", f"for which branch the approval of entry {fact.record.index} is is not recorded")
    if named.removeprefix("refs/heads/") == ref.removeprefix("refs/heads/"):
        return HAS_IT
    return Grade("no", f"{approver_words(fact)} approved it for {named}, not for {ref}")


def app_06_change(case: ChangeCase) -> Finding:
    """APP-06 of a change: each approval that is needed says who signs, as what, meaning what, and when."""
    return each(case, _complete)


def _complete(case: ChangeCase, content: Judged) -> Finding:
    meanings = cast("list[str]", case.settings["meanings"])
    return _needed(case, content, partial(_block, meanings), _block_words)


def _block_words(people: Sequence[str]) -> str:
    return f"Name, role, meaning and time stand in what {listed(map(person, people))} signed."


def _block(meanings: Sequence[str], fact: ApprovalFact) -> Grade:
    # A claimed time has its offset, or its event was refused (format §1.1).
    entry = fact.record.index
    if fact.approval.role is None and not fact.roles:
        return Grade("no", f"{approver_words(fact)} approved in entry {entry} in no role")
    if fact.approval.meaning not in meanings:
        return Grade("no", f"what the approval of entry {entry} means, “{fact.approval.meaning}”, is not in the policy")
    if fact.approver.name is None:
        return Grade("unknown", f"the name card of whoever approved in entry {entry} is {fact.approver.name_state}")
    return HAS_IT


def app_06_release(case: ReleaseCase) -> Finding:
    """APP-06 of a release: every approval of it says who signs, as what, meaning what, and when."""
    meanings = cast("list[str]", case.settings["meanings"])
    inputs: list[NamedRecord] = [("release", case.dossier.record)]
    given = [fact for fact in case.dossier.approvals if fact.approval.decision == "approve" and stands(fact)]
    if not given:
        return inapplicable("somebody approved the release", inputs)
    inputs += [("approval", fact.record) for fact in given]
    marks = [_block(meanings, fact) for fact in given]
    bad = [mark.words for mark in marks if mark.held == "no"]
    if bad:
        return failed(f"{capital(listed(bad))}.", inputs)
    missing = [mark.words for mark in marks if mark.held == "unknown"]
    missing += [reason for fact in given for reason in doubts(fact)]
    if missing:
        return untold(missing, inputs)
    return passed(_block_words([fact.approver.principal for fact in given if fact.approver.principal]), inputs)


def app_08(case: ChangeCase) -> Finding:
    """APP-08: the approval was not older than the policy allows when the change landed."""
    return each(case, _young)


def _young(case: ChangeCase, content: Judged) -> Finding:
    days = cast("int", case.settings["days"])
    return _needed(
        case,
        content,
        partial(_age, case, content, days),
        lambda people: (
            f"No needed approval of {content.name} was older than {counted(days, 'day', 'days')}: "
            f"{listed(map(person, people))}."
        ),
    )


def _age(case: ChangeCase, content: Judged, days: int, fact: ApprovalFact) -> Grade:
    # By the ledger's times: what a producer's clock says decides nothing.
    landing = content.landing
    for record in (fact.record, *([] if landing is None else [landing.record])):
        if is_late(record):
            return Grade("unknown", f"entry {record.index} was only recorded afterwards")
    moment = case.as_of if landing is None else landing.record.leaf.received_at
    age = instant(moment) - instant(fact.record.leaf.received_at)
    if age <= timedelta(days=days):
        return HAS_IT
    when = "now" if landing is None else "when the change landed"
    return Grade("no", f"the approval by {approver_words(fact)} was {span(age)} old {when}")


def _needed(
    case: ChangeCase, content: Judged, grade: Callable[[ApprovalFact], Grade], good: Callable[[Sequence[str]], str]
) -> Finding:
    return by_need(case, content, lambda needed: enough(case, content, needed, grade, good))


APP_03: Final = Rule(
    "APP-03",
    "Approved for this branch",
    "What is approved is approved for the branch that it lands on.",
    app_03,
    parameters=(APPROVALS, *COUNTING, *PEOPLE),
)
APP_06: Final = Rule(
    "APP-06",
    "Signature complete",
    "Each needed approval says who signs, in which role, with which meaning and when.",
    app_06_change,
    app_06_release,
    parameters=(
        APPROVALS,
        *COUNTING,
        *PEOPLE,
        Parameter("meanings", list(MEANINGS), LABELS, "What a signature may mean."),
    ),
)
APP_08: Final = Rule(
    "APP-08",
    "Approval not outdated",
    "No needed approval is older than the policy allows when the change lands.",
    app_08,
    parameters=(
        APPROVALS,
        *COUNTING,
        *PEOPLE,
        Parameter("days", 30, at_least(1), "How many days old an approval may be when the change lands."),
    ),
)
