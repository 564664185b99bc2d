"""Who approves a release and who deploys it: SOD-06 and SOD-07."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import compare, sure
from ledger.rules.changes import unread_landings, unread_lists
from ledger.rules.contributors import CODE, as_what, took_part
from ledger.rules.judged import judged
from ledger.rules.kinds import LABELS, choice
from ledger.rules.parameters import COUNTING, PEOPLE
from ledger.rules.released import release_approvals
from ledger.rules.reporters import person_who_signed
from ledger.rules.reviewed import sort_approvals
from ledger.rules.shape import ChangeCase, Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.wording import capital, listed, party_words, person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import DeployFact, Party, ReleaseDossier
    from ledger.rules.shape import Finding, NamedRecord, ReleaseCase


@dataclass(slots=True)
class _Part:
    """What somebody had to do with the changes of a release."""

    wrote: list[str] = field(default_factory=list)
    """Clauses: in which change as what."""
    reviewed: list[str] = field(default_factory=list)
    """Ids of changes of which theirs is an approval that counts."""
    alone: list[str] = field(default_factory=list)
    """Ids of changes of which it is the only one."""
    unclear: list[str] = field(default_factory=list)
    unclear_review: list[str] = field(default_factory=list)


def sod_06(case: ReleaseCase) -> Finding:
    """SOD-06: somebody approved the release who neither wrote nor reviewed what is in it."""
    inputs: list[NamedRecord] = [("release", case.dossier.record)]
    effective, unclear = release_approvals(case.dossier, None)
    inputs += [("approval", fact.record) for fact in effective.values()]
    if not effective:
        return untold(unclear, inputs) if unclear else inapplicable("somebody approved the release", inputs)
    parts = {who: _part(case, fact.approver) for who, fact in effective.items()}
    hidden = hidden_changes(case.dossier)
    outside = [who for who, part in parts.items() if not (part.wrote or part.reviewed or _open(part))]
    if outside and not hidden:
        return passed(
            f"{capital(listed(map(person, outside)))} approved the release and neither wrote nor reviewed its changes.",
            inputs,
        )
    reviewers = [who for who, part in parts.items() if not (part.wrote or part.unclear)]
    allowed = case.settings["reviewers"] == "allowed"
    if reviewers and allowed and not hidden:
        changes = dict.fromkeys(change for who in reviewers for change in parts[who].reviewed)
        return passed(
            f"{capital(listed(map(person, reviewers)))} approved the release, wrote nothing in it and reviewed "
            f"{_changes(changes)}: a compensating control for a team too small for a third person.",
            inputs,
        )
    missing = [*unclear]
    for part in parts.values():
        if not (part.wrote or (part.reviewed and not allowed)):
            missing += [*_open(part), *hidden]
    if missing:
        return untold(missing, inputs)
    told = []
    for who, part in parts.items():
        did = [f"took part in {listed(part.wrote)}"] if part.wrote else []
        did += [f"reviewed {_changes(part.reviewed)}"] if part.reviewed else []
        told.append(f"{person(who)} {' and '.join(did)}")
    return failed(f"Nobody approved the release who stood outside it: {'; '.join(told)}.", inputs)


def _open(part: _Part) -> list[str]:
    return [*part.unclear, *part.unclear_review]


def hidden_changes(dossier: ReleaseDossier) -> tuple[str, ...]:
    """Clauses that say why the release may hold changes that are not known to be in it."""
    return (*unread_lists(dossier), *unread_landings(dossier))


def _changes(changes: Iterable[str]) -> str:
    names = list(changes)
    shown = names[:3] if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"{'change' if len(names) == 1 else 'changes'} {listed(shown)}"


def sod_07(case: ReleaseCase) -> Finding:
    """SOD-07: who deployed the release did not write what is in it, nor approve it alone."""
    dossier = case.dossier
    environments = cast("list[str]", case.settings["environments"])
    deployed = [item for item in dossier.deployments if item.deploy.environment in environments]
    inputs: list[NamedRecord] = [("release", dossier.record), *(("deploy", item.record) for item in deployed)]
    if not deployed:
        return inapplicable("the release was deployed", inputs)
    contrary: list[str] = []
    missing: list[str] = []
    for item in deployed:
        bad, open_ends = _deployed(case, item)
        contrary += bad
        missing += open_ends
    if contrary:
        return failed(f"{capital('; '.join(dict.fromkeys(contrary)))}.", inputs)
    if missing:
        return untold(missing, inputs)
    names = listed(party_words(item.deployed_by, "somebody") for item in deployed)
    machine = all(item.deployed_by.type == "service" for item in deployed)
    how = "a pipeline does so for all" if machine else "nobody of them wrote what is in it or approved it alone"
    return passed(f"{capital(names)} deployed the release; {how}.", inputs)


def _deployed(case: ReleaseCase, item: DeployFact) -> tuple[list[str], list[str]]:
    """Clauses against a deployment, and clauses that leave it open."""
    who, entry = item.deployed_by, item.record.index
    signer = person_who_signed(case.dossier.records, item.record)
    if who.type == "service" and signer is not None:
        # That a pipeline deployed is the pipeline's to say; with a person's key the person says so.
        who = signer
    if not sure(who):
        return [], [f"who deployed the release in entry {entry} is not known"]
    if who.type == "service":
        return [], []
    name = party_words(who, "somebody")
    part = _part(case, who)
    bad = [f"{name} deployed the release in entry {entry} and took part in {listed(part.wrote)}"] if part.wrote else []
    if part.alone:
        bad.append(f"{name} deployed the release in entry {entry} and alone approved {_changes(part.alone)}")
    return bad, ([] if bad else [*_open(part), *hidden_changes(case.dossier)])


def _part(case: ReleaseCase, party: Party) -> _Part:
    found = _Part()
    for change in case.dossier.changes:
        of_change = ChangeCase(case.dossier.records, change, case.settings, case.as_of)
        took, shown, reasons = took_part(of_change, party)
        if took == "yes":
            found.wrote.append(f"change {change.id} {as_what(shown)}")
        elif took == "unknown":
            found.unclear += reasons
        for content in judged(of_change):
            approvals = sort_approvals(of_change, content, duties=CODE)
            own = [fact for fact in approvals.effective if compare(fact.approver, party) == "yes"]
            if own and change.id not in found.reviewed:
                found.reviewed.append(change.id)
            if own and not approvals.unclear and len(approvals.people) == len(own) == 1:
                found.alone.append(change.id)
            found.unclear_review += [
                reason
                for item in approvals.unclear
                if (own and len(approvals.people) == 1) or compare(item.fact.approver, party) != "no"
                for reason in item.reasons
            ]
    return found


SOD_06: Final = Rule(
    "SOD-06",
    "A third person approves the release",
    "Somebody approved the release who neither wrote nor reviewed what is in it.",
    release=sod_06,
    parameters=(
        *COUNTING,
        *PEOPLE,
        Parameter(
            "reviewers",
            "forbidden",
            choice("forbidden", "allowed"),
            "Whether a reviewer of an included change may be the one who approves the release; an author never may.",
        ),
    ),
)
SOD_07: Final = Rule(
    "SOD-07",
    "Who deploys did not write it",
    "Whoever deployed the release wrote nothing that is in it and approved none of it alone.",
    release=sod_07,
    parameters=(
        *COUNTING,
        *PEOPLE,
        Parameter("environments", ["production"], LABELS, "The environments whose deployments are looked at."),
    ),
)
