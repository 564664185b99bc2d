"""Validity of approvals: APP-01, APP-02, APP-04 and APP-05."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.decisions import DECISIVE
from ledger.dossier.people import compare
from ledger.events.work import Diff
from ledger.rules.before import APP_05, LANDED, landed_afterwards
from ledger.rules.contributors import approver_words
from ledger.rules.entitled import APP_07
from ledger.rules.judged import of_landing, of_revision
from ledger.rules.parameters import COUNTING, PEOPLE
from ledger.rules.reporters import own_word
from ledger.rules.reviewed import (
    Sorted,
    covered_revision,
    doubts,
    has_role,
    shown_diffs,
    sort_approvals,
    stands,
)
from ledger.rules.seen import RULES as SEEN
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.signing import APP_03, APP_06, APP_08
from ledger.rules.stated import is_late
from ledger.rules.wording import capital, counted, listed, party_words, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ApprovalFact, Landing, Party, Revision


def app_01(case: ChangeCase) -> Finding:
    """APP-01: what was approved is what was merged."""
    if not case.change.landings:
        return inapplicable(LANDED, shown_diffs(case))
    return gravest(_merged(case, landing) for landing in case.change.landings)


def _merged(case: ChangeCase, landing: Landing) -> Finding:
    content = of_landing(case, landing)
    found = sort_approvals(case, content)
    inputs = [*content.inputs, *found.inputs]
    if found.effective:
        word = own_word(case, landing.record)
        if word is not None and landing.diff is not None and not _same_tree(landing):
            # Equal trees anybody can compare with the release's commit list; the rest is what the event says.
            told = f"that entry {landing.record.index} landed what was approved is the word of {_who(word)} alone"
            return untold((f"{told}, who took part in the change",), inputs)
        return passed(
            f"{capital(listed(map(person, found.people)))} approved exactly what was merged "
            f"({content.name}, found by {_by(landing)}).",
            inputs,
        )
    if found.unclear:
        return untold(found.reasons, inputs)
    others = [*found.stale, *(item.fact for item in found.stale_unclear)]
    inputs += [("approval", fact.record) for fact in others]
    merged = (
        "merged was content of no recorded revision"
        if content.revision is None
        else f"merged was {content.revision.number}"
    )
    if others:
        shown = any(fact.approval.attested_by == "forge" for fact in (*others, *found.shown_only))
        opening = "The forge shows a tick; the" if shown else "The"
        return failed(f"{opening} approved revision was {_numbers(case, others)}, {merged}.", inputs)
    by_hand = (
        f" Its content is that of no recorded revision: a conflict was resolved, or something was added, in entry "
        f"{landing.record.index}."
        if content.revision is None
        else ""
    )
    return failed(f"No approval that counts covers what was merged ({content.name}).{by_hand}", inputs)


def _same_tree(landing: Landing) -> bool:
    diff = None if landing.diff is None else landing.diff.event.body
    return isinstance(diff, Diff) and diff.tree == landing.merge.tree


def _who(party: Party) -> str:
    return party_words(party, "somebody")


def _by(landing: Landing) -> str:
    return {
        "manifest": "equal manifest",
        "tree": "equal tree",
        "recomputed": "a merge recomputed when it was recorded",
    }.get(landing.binding, "the approved digest itself")


def _numbers(case: ChangeCase, facts: Sequence[ApprovalFact]) -> str:
    numbers: list[str] = []
    for fact in facts:
        revision = covered_revision(case, fact)
        numbers.append("not recorded" if revision is None else str(revision.number))
    return listed(numbers)


def app_02(case: ChangeCase) -> Finding:
    """APP-02: no revision came after the one that was approved."""
    if not case.change.revisions:
        return untold(("no revision of the change is recorded",))
    if not case.change.landings:
        return _latest(case, case.change.revisions)
    return gravest(
        untold((landed_afterwards(landing),), [("merge", landing.record)])
        if is_late(landing.record)
        else _latest(case, [item for item in case.change.revisions if item.record.index < landing.record.index])
        for landing in case.change.landings
    )


def _latest(case: ChangeCase, revisions: Sequence[Revision]) -> Finding:  # noqa: PLR0911 -- one return an outcome
    if not revisions:
        return untold(("no revision is recorded before the change landed",), shown_diffs(case))
    afterwards = [item for item in revisions if is_late(item.record)]
    if afterwards:
        return untold(
            (
                f"revision {item.number} was only recorded afterwards, in entry {item.record.index}"
                for item in afterwards
            ),
            shown_diffs(case),
        )
    last = revisions[-1]
    content = of_revision(case, last)
    found = sort_approvals(case, content)
    inputs: list[NamedRecord] = [*(("diff", item.record) for item in revisions), *found.inputs]
    highest = max(revisions, key=lambda item: item.number)
    if highest.number > last.number and highest.diff.manifest != last.diff.manifest:
        # Delivered out of order: neither the order of entries nor the forge's number alone may decide which is last.
        return untold(
            (f"which revision is the last is open: {last.number} entered the ledger after {highest.number}",),
            inputs,
        )
    if found.effective:
        names = capital(listed(map(person, found.people)))
        if _moved(case, found, last):
            earlier = _numbers(case, found.effective)
            return passed(
                f"{names} approved revision {earlier}; since then only its base moved, to {last.number}.", inputs
            )
        return passed(f"{names} approved the last revision, {last.number}.", inputs)
    if found.unclear:
        return untold(found.reasons, inputs)
    if found.stale:
        approved = [("approval", fact.record) for fact in found.stale]
        return failed(
            f"Revision {last.number} came after the approval of revision {_numbers(case, found.stale)} and was not "
            "approved again.",
            [*inputs, *approved],
        )
    if found.stale_unclear:
        return untold((reason for item in found.stale_unclear for reason in item.reasons), inputs)
    return inapplicable("an approval counts for the change", inputs)


def _moved(case: ChangeCase, found: Sorted, last: Revision) -> bool:
    """Whether the approvals are all of an earlier revision with the same manifest."""
    for fact in found.effective:
        basis = fact.approval.basis
        if basis.tree == last.diff.tree or basis.commit == last.diff.head:
            return False
    return len(case.change.revisions) > 1


def app_04(case: ChangeCase) -> Finding:
    """APP-04: no rejection stands; the latest decision of each person counts."""
    decided = [fact for fact in case.change.approvals if fact.approval.decision != "withdraw" and stands(fact)]
    inputs = [("approval", fact.record) for fact in case.change.approvals]
    open_rejections: list[ApprovalFact] = []
    unclear: list[str] = []
    for fact in decided:
        if fact.approval.decision != "reject":
            continue
        reasons = doubts(fact)
        if reasons:
            unclear += reasons
        elif fact.approver.type == "person" and has_role(case, fact):
            open_rejections.append(fact)
    unclear += _dismissals(case)
    merged_over, perhaps = _merged_over(case)
    unclear += perhaps
    if open_rejections:
        names = listed(map(approver_words, open_rejections))
        return failed(f"A rejection stands: {names} rejected the change and did not take it back.", inputs)
    if merged_over:
        return failed(f"{capital('; '.join(merged_over))}.", inputs)
    if unclear:
        return untold(unclear, inputs)
    if not decided:
        return inapplicable("a decision about the change stands", inputs)
    return passed(
        f"No rejection stands among the latest decisions of {counted(len(decided), 'approver', 'approvers')}.", inputs
    )


def _merged_over(case: ChangeCase) -> tuple[list[str], list[str]]:
    """Clauses about rejections that stood when the change landed, whatever their givers said later."""
    found: list[str] = []
    perhaps: list[str] = []
    for landing in case.change.landings:
        at = landing.there_by
        for fact in case.change.approvals:
            if fact.approval.decision != "reject" or fact.record.index > at.index or is_late(landing.record):
                continue
            ends = [end for end in (fact.withdrawn_by, fact.superseded_by) if end is not None]
            if not ends or not stands(fact, at.index) or fact.approver.type != "person" or not has_role(case, fact):
                continue
            name = f"the rejection of entry {fact.record.index} by {approver_words(fact)}"
            late = [item for item in (fact.record, *ends) if is_late(item)]
            if late or (reasons := doubts(fact)):
                perhaps += [f"{name} may have stood when entry {at.index} landed"] if late else list(reasons)
            else:
                found.append(f"{name} stood when the change landed in entry {at.index}, and was taken back afterwards")
    return found, perhaps


def _dismissals(case: ChangeCase) -> list[str]:
    """Clauses about rejections that were dismissed at the forge, which does not say by whom.

    Who wrote the change might have dismissed them. A later decision of whoever rejected settles it.
    """
    found: list[str] = []
    for fact in case.change.approvals:
        review = fact.approval.review
        if fact.approval.decision != "abstain" or review is None or review.state != "dismissed":
            continue
        same = [other for other in case.change.approvals if other is not fact and _of_review(other, review.id)]
        rejected = [other for other in same if other.approval.decision == "reject"]
        if (same and not rejected) or not has_role(case, fact) or _decided_again(case, fact):
            continue
        said = f"the rejection of entry {rejected[-1].record.index}" if rejected else "a review"
        open_end = "is not recorded" if rejected else "and what it had said are not recorded"
        found.append(f"{said} was dismissed at the forge (entry {fact.record.index}); who dismissed it {open_end}")
    return found


def _of_review(fact: ApprovalFact, review: str) -> bool:
    return fact.approval.review is not None and fact.approval.review.id == review


def _decided_again(case: ChangeCase, dismissed: ApprovalFact) -> bool:
    """Whether whoever gave a dismissed review decided later, and that stands."""
    return any(
        fact.approval.decision in DECISIVE
        and stands(fact)
        and fact.record.index > dismissed.record.index
        and not is_late(fact.record)
        and compare(fact.approver, dismissed.approver) == "yes"
        for fact in case.change.approvals
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "APP-01",
        "Approved content is the merged content",
        "What was approved is what was merged, by equal manifest, equal tree or a recomputed merge.",
        app_01,
        parameters=(*COUNTING, *PEOPLE),
    ),
    Rule(
        "APP-02",
        "No revision after the approval",
        "The approved revision is the last one before the change landed.",
        app_02,
        parameters=(*COUNTING, *PEOPLE),
    ),
    APP_03,
    Rule(
        "APP-04",
        "No standing rejection",
        "By the latest decision of each person, nobody rejects the change.",
        app_04,
        parameters=COUNTING,
    ),
    APP_05,
    APP_06,
    APP_07,
    APP_08,
    *SEEN,
)
