"""Validity of approvals: APP-01, APP-02, APP-04 and APP-05."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import sure
from ledger.rules.contributors import approver_words
from ledger.rules.duties import by_need
from ledger.rules.judged import of_landing, of_revision
from ledger.rules.kinds import COUNT, LABELS
from ledger.rules.parameters import APPROVALS, COUNTING, PEOPLE
from ledger.rules.reviewed import (
    Sorted,
    covered_revision,
    doubts,
    has_role,
    shown_diffs,
    sort_approvals,
    stands,
)
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Parameter,
    ReleaseCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.wording import capital, counted, listed, person, required

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ApprovalFact, Landing, Revision
    from ledger.rules.judged import Judged

LANDED = "the change has landed"
"""The precondition of rules about what was merged."""


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
        _latest(case, [item for item in case.change.revisions if item.record.index < landing.record.index])
        for landing in case.change.landings
    )


def _latest(case: ChangeCase, revisions: Sequence[Revision]) -> Finding:  # noqa: PLR0911 -- one return an outcome
    if not revisions:
        return untold(("no revision is recorded before the change landed",), shown_diffs(case))
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
    if open_rejections:
        names = listed(map(approver_words, open_rejections))
        return failed(f"A rejection stands: {names} rejected the change and did not take it back.", inputs)
    if unclear:
        return untold(unclear, inputs)
    if not decided:
        return inapplicable("a decision about the change stands", inputs)
    return passed(
        f"No rejection stands among the latest decisions of {counted(len(decided), 'approver', 'approvers')}.", inputs
    )


def app_05_change(case: ChangeCase) -> Finding:
    """APP-05, gate 1: the approvals that count were in the ledger before the change landed."""
    if not case.change.landings:
        return inapplicable(LANDED, shown_diffs(case))
    found = []
    for landing in case.change.landings:
        content = of_landing(case, landing)
        found.append(by_need(case, content, partial(_before, case, content, landing)))
    return gravest(found)


def _before(case: ChangeCase, content: Judged, landing: Landing, needed: int) -> Finding:
    found = sort_approvals(case, content, at=landing.record.index)
    inputs: list[NamedRecord] = [*content.inputs, *found.inputs]
    if len(found.people) >= needed:
        return passed(
            f"{capital(counted(len(found.people), 'approval', 'approvals'))} of {content.name} entered the ledger "
            f"before it landed in entry {landing.record.index}; {required(needed)}.",
            inputs,
        )
    if found.possible >= needed:
        return untold(found.reasons, inputs)
    late = [item for item in case.change.attestations if getattr(item.event.body, "reason", "") == "late"]
    if late:
        return untold(
            (f"what was signed in time arrived late and was only attested, in entry {late[0].index}",),
            [*inputs, *(("attestation", item) for item in late)],
        )
    after = [fact for fact in sort_approvals(case, content).effective if fact.record.index > landing.record.index]
    if after:
        return failed(
            f"The approval by {listed(map(approver_words, after))} entered the ledger after the change had landed "
            f"(entry {after[0].record.index} after entry {landing.record.index}).",
            [*inputs, *(("approval", fact.record) for fact in after)],
        )
    return failed(
        f"When the change landed in entry {landing.record.index}, the ledger held {_counting(found)} for "
        f"{content.name}; {required(needed)}.",
        inputs,
    )


def _counting(found: Sorted) -> str:
    people = len(found.people)
    return f"{counted(people, 'approval that counts', 'approvals that count')}" if people else "no approval that counts"


def app_05_release(case: ReleaseCase) -> Finding:
    """APP-05, gate 2: the release was approved, in the ledger, before it was deployed."""
    dossier = case.dossier
    needed = cast("int", case.settings["release_approvals"])
    environments = cast("list[str]", case.settings["environments"])
    if needed == 0:
        return inapplicable("the policy asks for approvals of releases", (("release", dossier.record),))
    deployed = [item for item in dossier.deployments if item.deploy.environment in environments]
    first = deployed[0].record if deployed else None
    at = None if first is None else first.index
    inputs: list[NamedRecord] = [("release", dossier.record)]
    if first is not None:
        inputs.append(("deploy", first))
    effective: dict[str, ApprovalFact] = {}
    unclear: list[str] = []
    for fact in dossier.approvals:
        if fact.approval.decision != "approve" or not stands(fact, at) or (at is not None and fact.record.index > at):
            continue
        reasons = doubts(fact)
        if reasons:
            unclear += reasons
        elif sure(fact.approver) and fact.approver.type == "person" and fact.approver.principal is not None:
            effective.setdefault(fact.approver.principal, fact)
    inputs += [("approval", fact.record) for fact in effective.values()]
    when = "" if first is None else f" before it was deployed to {_environment(deployed[0].deploy.environment)}"
    if len(effective) >= needed:
        people = counted(len(effective), "person", "people")
        return passed(
            f"{capital(people)} approved the release{when}: {listed(map(person, effective))}; {required(needed)}.",
            inputs,
        )
    if len(effective) + len(unclear) >= needed:
        return untold(unclear, inputs)
    if first is None:
        return untold((f"the release is not approved yet ({required(needed)}) and not deployed",), inputs)
    return failed(
        f"When the release was deployed in entry {first.index}, {_had(len(effective))} approved "
        f"it; {required(needed)}.",
        inputs,
    )


def _had(people: int) -> str:
    return f"{counted(people, 'person', 'people')} had" if people else "nobody had"


def _environment(label: str) -> str:
    return f"“{label}”"


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
    Rule(
        "APP-04",
        "No standing rejection",
        "By the latest decision of each person, nobody rejects the change.",
        app_04,
        parameters=COUNTING,
    ),
    Rule(
        "APP-05",
        "Approved before, not after",
        "The approvals entered the ledger before the change landed, and those of a release before it was deployed.",
        app_05_change,
        app_05_release,
        parameters=(
            APPROVALS,
            *COUNTING,
            *PEOPLE,
            Parameter(
                "release_approvals",
                0,
                COUNT,
                "How many people must approve a release before it is deployed; 0: the rule does not apply to releases.",
            ),
            Parameter(
                "environments", ["production"], LABELS, "The environments whose first deployment is the deadline."
            ),
        ),
    ),
)
