"""Whether approvals were there in time: APP-05."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.contributors import approver_words
from ledger.rules.counting import by_need
from ledger.rules.judged import of_landing
from ledger.rules.kinds import COUNT, LABELS
from ledger.rules.parameters import APPROVALS, COUNTING, PEOPLE
from ledger.rules.released import release_approvals
from ledger.rules.reviewed import shown_diffs, sort_approvals
from ledger.rules.shape import Parameter, Rule, failed, gravest, inapplicable, passed, untold
from ledger.rules.stated import is_late
from ledger.rules.wording import capital, counted, listed, person, required

if TYPE_CHECKING:
    from ledger.dossier.facts import Landing
    from ledger.rules.judged import Judged
    from ledger.rules.reviewed import Sorted
    from ledger.rules.shape import ChangeCase, Finding, NamedRecord, ReleaseCase

LANDED: Final = "the change has landed"
"""The precondition of rules about what was merged."""


def landed_afterwards(landing: Landing) -> str:
    """The clause that says that a landing's place in the log tells nothing."""
    return f"the landing of entry {landing.record.index} was only recorded afterwards, so what came before it is open"


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
    if is_late(landing.record):
        return untold((landed_afterwards(landing),), content.inputs)
    there_by = landing.there_by
    found = sort_approvals(case, content, at=there_by.index)
    inputs: list[NamedRecord] = [*content.inputs, *found.inputs]
    inputs += [] if landing.pushed is None else [("push", landing.pushed)]
    if len(found.people) >= needed:
        return passed(
            f"{capital(counted(len(found.people), 'approval', 'approvals'))} of {content.name} entered the ledger "
            f"before it landed in entry {there_by.index}; {required(needed)}.",
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
    after = [fact for fact in sort_approvals(case, content).effective if fact.record.index > there_by.index]
    if after:
        return failed(
            f"The approval by {listed(map(approver_words, after))} entered the ledger after the change had landed "
            f"(entry {after[0].record.index} after entry {there_by.index}).",
            [*inputs, *(("approval", fact.record) for fact in after)],
        )
    return failed(
        f"When the change landed in entry {there_by.index}, the ledger held {_counting(found)} for "
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
    afterwards = [item.record for item in deployed if is_late(item.record)]
    if afterwards:
        clauses = (f"the deployment of entry {record.index} was only recorded afterwards" for record in afterwards)
        return untold(clauses, inputs)
    effective, unclear = release_approvals(dossier, at)
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


APP_05: Final = Rule(
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
        Parameter("environments", ["production"], LABELS, "The environments whose first deployment is the deadline."),
    ),
)
