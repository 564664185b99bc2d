"""What a release was made of, when it was approved, and whether it is what runs: REL-02 to REL-04."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.answered import verdicts_of
from ledger.rules.changes import unread_landings, unread_lists
from ledger.rules.kinds import choice
from ledger.rules.reviewed import doubts, stands
from ledger.rules.shape import (
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
from ledger.rules.stated import is_late
from ledger.rules.wording import capital, counted, listed, party_words, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.canonical import JSON
    from ledger.dossier.facts import ApprovalFact, DeployFact, ReleaseDossier, Told
    from ledger.events.governance import GateDecision
    from ledger.events.operation import Observation
    from ledger.events.work import Artifact
    from ledger.records import Record

ARTIFACT: Final = "the release names an artifact by its digest"


def rel_02(case: ReleaseCase) -> Finding:
    """REL-02: each artifact was built from a commit of the release."""
    dossier = case.dossier
    if not dossier.release.artifacts:
        return inapplicable(ARTIFACT, [("release", dossier.record)])
    return gravest(_built(case, artifact) for artifact in dossier.release.artifacts)


def _built(case: ReleaseCase, artifact: Artifact) -> Finding:
    commits = {source.source.commit for source in case.dossier.sources}
    of_it = [item for item in case.dossier.builds if artifact.sha256 in {one.sha256 for one in item.body.artifacts}]
    counted_ones = [
        item for item in of_it if item.body.source == "provenance" or case.settings["known_by"] != "provenance"
    ]
    right = [item for item in counted_ones if item.body.commit in commits]
    inputs: list[NamedRecord] = [("release", case.dossier.record)]
    inputs += [("build", item.record) for item in right or of_it]
    if right:
        how = "its provenance says" if right[0].body.source == "provenance" else "somebody watched"
        return passed(
            f"Artifact {artifact.name} was built from commit {short(right[0].body.commit)} of the release: {how}.",
            inputs,
        )
    if counted_ones:
        other = short(counted_ones[0].body.commit)
        return failed(
            f"Artifact {artifact.name} was built from commit {other}, at which no source of the release ends.", inputs
        )
    if of_it:
        return untold((f"{artifact.name} has no provenance; that it was built was only observed",), inputs)
    return untold((f"no build of {artifact.name} with this digest is recorded",), inputs)


def rel_03(case: ReleaseCase) -> Finding:
    """REL-03: the release was approved after everything in it had landed and held."""
    dossier = case.dossier
    hidden = (*unread_lists(dossier), *unread_landings(dossier))
    if hidden:
        return untold(
            (f"which changes it holds is open, as {clause}" for clause in hidden), [("release", dossier.record)]
        )
    first = min((fact.record.index for fact in dossier.deployments), default=None)
    approvals = [
        fact
        for fact in dossier.approvals
        if fact.approval.decision == "approve"
        and stands(fact)
        and fact.approver.type in ("person", None)
        and (first is None or fact.record.index < first)
    ]
    if not approvals:
        return inapplicable("somebody approved the release before it was deployed", [("release", dossier.record)])
    clear = [fact for fact in approvals if not doubts(fact)]
    if not clear:
        return untold((reason for fact in approvals for reason in doubts(fact)), _approvals(approvals))
    return _approved_after(dossier, clear[-1])


def _approved_after(dossier: ReleaseDossier, fact: ApprovalFact) -> Finding:
    landings = [landing.record for change in dossier.changes for landing in change.landings]
    approved = f"{party_words(fact.approver, 'whoever approved')} approved the release in entry {fact.record.index}"
    inputs: list[NamedRecord] = [("release", dossier.record), *_approvals([fact])]
    inputs += [("merge", record) for record in landings]
    if not landings:
        return inapplicable("the release holds a recorded change", inputs)
    afterwards = [record for record in landings if record.index > fact.record.index]
    late = [record for record in (*landings, fact.record) if is_late(record)]
    if any(not is_late(record) for record in afterwards):
        entries = listed(f"entry {record.index}" for record in afterwards if not is_late(record))
        return failed(f"{capital(approved)}, before what landed in {entries}.", inputs)
    if late:
        return untold((f"entry {record.index} was only recorded afterwards" for record in late), inputs)
    last = max(record.index for record in landings)
    answers = [
        gate
        for gate in dossier.gates
        if gate.body.gate == "deploy" and last < gate.body.position <= fact.record.index and not is_late(gate.record)
    ]
    if not answers:
        return untold(
            (f"no gate looked at the release between its last change and its approval in entry {fact.record.index}",),
            inputs,
        )
    return _held(dossier, answers[-1], approved, [*inputs, ("decision", answers[-1].record)])


def _held(dossier: ReleaseDossier, gate: Told[GateDecision], approved: str, inputs: Sequence[NamedRecord]) -> Finding:
    """Whether the changes held by the assessment that the gate made before the approval."""
    verdicts = verdicts_of(dossier, gate)
    if isinstance(verdicts, Absent):
        return untold((f"the assessment of the gate in entry {gate.record.index} is {verdicts.state}",), inputs)
    open_ones = [
        item
        for item in verdicts
        if str(item["subject"]).startswith("change ") and item["severity"] != "low" and not item["excepted_by"]
    ]
    broken = _named(open_ones, "fail")
    unclear = _named(open_ones, "not-evaluable")
    where = f"in the gate's answer of entry {gate.record.index}"
    if broken:
        return failed(f"{capital(approved)}, although {listed(broken)} did not hold {where}.", inputs)
    if unclear:
        return untold((f"{listed(unclear)} could not be told {where}, before the approval",), inputs)
    judged = counted(len(dossier.changes), "change", "changes")
    return passed(f"{capital(approved)}, after all {judged} held {where}.", inputs)


def _named(verdicts: Sequence[dict[str, JSON]], outcome: str) -> list[str]:
    found = [
        f"{item['rule']} of change {str(item['subject']).rpartition('/')[2]}"
        for item in verdicts
        if item["outcome"] == outcome
    ]
    return found if len(found) <= 5 else [*found[:5], "others"]


def _approvals(facts: Sequence[ApprovalFact]) -> list[NamedRecord]:
    return [("approval", fact.record) for fact in facts]


def rel_04(case: ReleaseCase) -> Finding:
    """REL-04: what was deployed and what was seen running is what was released."""
    dossier = case.dossier
    if not dossier.release.artifacts:
        return inapplicable(ARTIFACT, [("release", dossier.record)])
    places = dict.fromkeys((fact.deploy.service, fact.deploy.environment) for fact in dossier.deployments)
    if not places:
        return inapplicable("the release was deployed", [("release", dossier.record)])
    return gravest(_same(dossier, *place) for place in places)


def _same(dossier: ReleaseDossier, service: str, environment: str) -> Finding:
    released = {artifact.sha256 for artifact in dossier.release.artifacts}
    where = f"{service} in {environment}"
    deployed = [
        fact for fact in dossier.deployments if (fact.deploy.service, fact.deploy.environment) == (service, environment)
    ]
    seen = [item for item in dossier.observations if _speaks_of(dossier, item, service, environment)]
    inputs: list[NamedRecord] = [("release", dossier.record)]
    inputs += [("deploy", fact.record) for fact in deployed] + [("observation", item.record) for item in seen]
    for fact in deployed:
        foreign = [item.name for item in fact.deploy.artifacts if item.sha256 not in released]
        if foreign:
            entry = fact.record.index
            return failed(f"Entry {entry} deployed {listed(foreign)} to {where}, which was not released.", inputs)
    for item in seen:
        foreign = [one.name for one in item.body.running if one.sha256 not in released]
        if foreign:
            told = f"{listed(foreign)} with other digests than were released"
            return failed(f"Entry {item.record.index} saw {where} run {told}.", inputs)
    ran = [item for item in seen if item.body.running]
    if not ran:
        return untold((f"nobody observed what runs as {where}",), inputs)
    return passed(f"Entry {ran[-1].record.index} saw {where} run exactly what was released.", inputs)


def _speaks_of(dossier: ReleaseDossier, item: Told[Observation], service: str, environment: str) -> bool:
    """Whether an observation is of this release there: it says so, or nothing else had been deployed there by then."""
    if (item.body.service, item.body.environment) != (service, environment):
        return False
    if item.body.release is not None:
        return item.body.release == dossier.record.envelope
    # While one release gives way to another, both may run: only what came after a finished deployment tells.
    before = [
        fact
        for fact in dossier.surroundings.deployments
        if (fact.deploy.service, fact.deploy.environment) == (service, environment)
        and fact.record.index < item.record.index
    ]
    return bool(before) and not is_late(item.record) and _finished(before[-1], dossier.record)


def _finished(fact: DeployFact, release: Record) -> bool:
    return fact.deploy.release == release.envelope and fact.deploy.status == "succeeded" and not is_late(fact.record)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "REL-02",
        "Artifacts are built from the release's commit",
        "Every artifact of the release was built from a commit at which one of its sources ends.",
        release=rel_02,
        parameters=(
            Parameter(
                "known_by",
                "provenance",
                choice("provenance", "observed"),
                "By what a build must be known: its `provenance`, or also that somebody `observed` it.",
            ),
        ),
    ),
    Rule(
        "REL-03",
        "The release was approved when its changes held",
        "The release was approved after its last change had landed and all of them held or were excepted.",
        release=rel_03,
    ),
    Rule(
        "REL-04",
        "What runs is what was released",
        "What was deployed, and what was seen running there, has the digests that were released.",
        release=rel_04,
    ),
)
