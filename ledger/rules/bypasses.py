"""How often rules were departed from, and whether anybody passed them over without saying so: EXC-04 and EXC-05."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.excepting import AUTHORISATION, BYPASS, is_for, may_be_used
from ledger.rules.exceptions import landed_under
from ledger.rules.judged import of_landing
from ledger.rules.kinds import LABELS, percent
from ledger.rules.parameters import EXCEPTION_USE
from ledger.rules.reporters import own_word
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Parameter,
    PeriodCase,
    ReleaseCase,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import is_late
from ledger.rules.wording import capital, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.dossier.facts import ChangeFacts, DeployFact, ExceptionFact, Landing, PeriodDossier, Told
    from ledger.events.forge import Push
    from ledger.events.governance import GateDecision
    from ledger.records import Record


@dataclass(frozen=True, slots=True)
class _Sign:
    """That something was passed over."""

    words: str
    """A clause."""
    shut_by: tuple[str, ...] = ()
    """Rules that shut the gate; none: a protection of the forge was passed over."""

    def is_named_by(self, item: ExceptionFact) -> bool:
        """Whether an exception is for this: it names a rule that shut the gate, or EXC-05 itself.

        Any exception for the content would not do: one for a rule that nobody asked about declares no bypass.
        """
        return not {*self.shut_by, BYPASS}.isdisjoint(item.exception.rules)


def exc_04(case: PeriodCase) -> Finding:
    """EXC-04: exceptions stay rare."""
    limit = cast("int", case.settings["limit_percent"])
    changes = case.dossier.changes
    if not changes:
        return inapplicable("a recorded change landed in the period")
    excepted = [(change, used) for change in changes if (used := _used(case, change))]
    inputs: list[NamedRecord] = [("merge", landing.record) for change in changes for landing in change.landings]
    inputs += [("exception", item.record) for _, used in excepted for item in used]
    if case.dossier.unplaced:
        entries = listed(f"entry {landing.record.index}" for landing in case.dossier.unplaced[:3])
        return untold((f"what landed in {entries} belongs to no recorded change",), inputs)
    share = 100 * len(excepted) / len(changes)
    told = f"{len(excepted)} of {counted(len(changes), 'change', 'changes')} landed under an exception ({share:.1f} %)"
    sentence = f"{capital(told)}; {limit} % were allowed."
    return passed(sentence, inputs) if share <= limit else failed(sentence, inputs)


def _used(case: PeriodCase, change: ChangeFacts) -> list[ExceptionFact]:
    """The exceptions that were declared for what landed of a change."""
    of_change = ChangeCase(case.dossier.records, change, case.settings, case.as_of)
    return [item for item in change.exceptions if landed_under(of_change, item)]


def exc_05_change(case: ChangeCase) -> Finding:
    """EXC-05: nothing landed past a gate or a protection without an exception."""
    if not case.change.landings:
        return inapplicable("the change has landed")
    return gravest(_landed_past(case, landing) for landing in case.change.landings)


def _landed_past(case: ChangeCase, landing: Landing) -> Finding:
    entry = landing.record.index
    inputs: list[NamedRecord] = [("merge", landing.record)]
    pushes = [push for push in case.change.pushes if push.body.ref == landing.merge.ref]
    inputs += [("push", push.record) for push in pushes]
    signs = [sign for push in pushes if (sign := _passed_over(push))]
    if landing.merge.method == "push":
        signs.append(_Sign(f"what landed in entry {entry} was pushed directly"))
    # The diff itself says which content a gate was asked about: one that answered earlier was asked about another.
    # Whoever took part opens no gate for themselves: their word that it was open is none.
    answers = [
        gate
        for gate in case.change.gates
        if gate.body.gate == "merge"
        and _concerns(gate, landing)
        and (gate.body.outcome != "allowed" or own_word(case, gate.record) is None)
    ]
    last = next((gate for gate in reversed(answers) if gate.record.index < entry), None)
    if last is not None:
        inputs.append(("decision", last.record))
    if last is not None and last.body.outcome == "blocked" and last.body.mode == "enforce" and not _is_late(landing):
        signs.append(_shut(last, f"when it landed in entry {entry}"))
    if signs:
        content = of_landing(case, landing)
        declared = [item for item in case.change.exceptions if is_for(item, content) and _counts(case, item)]
        return _judged(signs, declared, inputs)
    if last is not None and last.body.outcome == "allowed" and not _is_late(landing):
        return passed(f"The gate was open (entry {last.record.index}) when entry {entry} landed.", inputs)
    if any(push.body.after == landing.merge.commit for push in pushes):
        return passed(f"The forge saw what landed in entry {entry} arrive without passing over a protection.", inputs)
    missing = (
        f"the gate only watched when it was shut in entry {last.record.index}, and the forge's word on how entry "
        f"{entry} landed is not recorded"
        if last is not None and last.body.mode != "enforce"
        else f"neither a gate's answer nor the forge's word on how entry {entry} landed is recorded"
    )
    return untold((f"entry {entry} was only recorded afterwards; {missing}" if _is_late(landing) else missing,), inputs)


def _concerns(gate: Told[GateDecision], landing: Landing) -> bool:
    return landing.diff is not None and gate.body.position > landing.diff.index and not is_late(gate.record)


def _is_late(landing: Landing) -> bool:
    return is_late(landing.record)


def _counts(case: ChangeCase | ReleaseCase | PeriodCase, item: ExceptionFact) -> bool:
    return may_be_used(item, case.settings)


def _shut(gate: Told[GateDecision], when: str) -> _Sign:
    rules = tuple(dict.fromkeys(item.rule for item in gate.body.blocking))
    return _Sign(f"the {gate.body.gate} gate was shut by {listed(rules)} (entry {gate.record.index}) {when}", rules)


def _passed_over(push: Told[Push]) -> _Sign | None:
    """What a push passed over; None if nothing."""
    entry, body = push.record.index, push.body
    if body.bypass is not None:
        return _Sign(f"the push of entry {entry} to {body.ref} passed over {body.bypass}")
    if body.forced:
        return _Sign(f"entry {entry} pushed by force to {body.ref}")
    return _Sign(f"entry {entry} deleted {body.ref}") if body.after is None else None


def _judged(signs: Sequence[_Sign], usable: Sequence[ExceptionFact], inputs: Sequence[NamedRecord]) -> Finding:
    told = capital(listed(sign.words for sign in signs))
    if not usable:
        return failed(f"{told}, and no exception that may be used was declared for it.", inputs)
    bare = [sign for sign in signs if not any(sign.is_named_by(item) for item in usable)]
    if bare:
        others = listed(f"entry {item.record.index}" for item in usable)
        shut = all(sign.shut_by for sign in bare)
        said = f"the exception of {others} " + (
            f"names neither {BYPASS} nor a rule that shut it" if shut else f"does not name {BYPASS}"
        )
        return failed(f"{capital(listed(sign.words for sign in bare))}, and {said}.", [*inputs, *_exceptions(usable)])
    declared = [item for item in usable if any(sign.is_named_by(item) for sign in signs)]
    entries = listed(f"entry {item.record.index}" for item in declared)
    return passed(f"{told}, as the exception of {entries} declares.", [*inputs, *_exceptions(declared)])


def _exceptions(items: Sequence[ExceptionFact]) -> list[NamedRecord]:
    """Exceptions, and the authorisations by which they may be used."""
    authorisations = (fact for item in items for fact in item.decisions if fact.approval.meaning == AUTHORISATION)
    return [("exception", item.record) for item in items] + [("approval", fact.record) for fact in authorisations]


def exc_05_release(case: ReleaseCase) -> Finding:
    """EXC-05 of a release: it was not deployed past a gate that was shut."""
    environments = cast("list[str]", case.settings["environments"])
    deployed = [fact for fact in case.dossier.deployments if fact.deploy.environment in environments]
    if not deployed:
        return inapplicable(f"the release was deployed to {listed(environments)}", [("release", case.dossier.record)])
    return gravest(_deployed_past(case, fact) for fact in deployed)


def _deployed_past(case: ReleaseCase, fact: DeployFact) -> Finding:
    entry = fact.record.index
    inputs: list[NamedRecord] = [("deploy", fact.record)]
    if is_late(fact.record):
        return untold((f"the deployment of entry {entry} was only recorded afterwards",), inputs)
    before = [
        gate
        for gate in case.dossier.gates
        if gate.body.gate == "deploy"
        and gate.record.index < entry
        and not is_late(gate.record)
        and (gate.body.outcome != "allowed" or not _of_an_author(case, gate.record))
    ]
    if not before:
        return untold((f"no gate answered before the deployment of entry {entry}",), inputs)
    last = before[-1]
    inputs.append(("decision", last.record))
    if last.body.outcome == "allowed":
        return passed(f"The gate was open (entry {last.record.index}) at the deployment of entry {entry}.", inputs)
    if last.body.mode != "enforce":
        return untold((f"the gate only watched when it answered before the deployment of entry {entry}",), inputs)
    declared = [
        item
        for item in case.dossier.exceptions
        if item.exception.environment in (None, fact.deploy.environment) and _counts(case, item)
    ]
    return _judged([_shut(last, f"at the deployment of entry {entry}")], declared, inputs)


def _of_an_author(case: ReleaseCase, record: Record) -> bool:
    """Whether somebody who took part in what is released signed it with a key of their own."""
    dossier = case.dossier
    changes = (ChangeCase(dossier.records, change, case.settings, case.as_of) for change in dossier.changes)
    return any(own_word(change, record) is not None for change in changes)


def exc_05_period(case: PeriodCase) -> Finding:
    """EXC-05 of a period: no push passed over a protection, and nothing was pushed that belongs to no change."""
    dossier = case.dossier
    protected = {
        (project, ref)
        for project in dossier.projects
        if (known := dossier.records.roster.projects.get(project)) is not None
        for ref in known.protected_refs
    }
    pushes = [
        push for push in dossier.surroundings.pushes if (push.record.event.context.project, push.body.ref) in protected
    ]
    direct = [landing for landing in dossier.unplaced if landing.merge.method == "push"]
    inputs: list[NamedRecord] = [("push", push.record) for push in pushes]
    inputs += [("merge", landing.record) for landing in direct]
    if not pushes and not direct:
        if not dossier.changes and not dossier.unplaced:
            return inapplicable("something landed in the period")
        return untold(("no push to a protected ref is recorded, so what the forge let pass is not at hand",))
    findings = [
        _judged([sign], _declared_for(case, _landed_as(dossier, push), push.body.after), inputs)
        for push in pushes
        if (sign := _passed_over(push))
    ]
    findings += [
        _judged(
            [
                _Sign(
                    f"what landed in entry {landing.record.index} was pushed directly and belongs to no recorded change"
                )
            ],
            _declared_for(case, [landing], landing.merge.commit),
            inputs,
        )
        for landing in direct
    ]
    unknown = [
        f"what the push of entry {push.record.index} brought is no recorded landing"
        for push in pushes
        if not _landed_as(dossier, push) and not _passed_over(push)
    ]
    findings += [untold(unknown, inputs)] if unknown else []
    if not pushes:
        findings.append(untold(("no push to a protected ref is recorded",), inputs))
    if findings:
        return gravest(findings)
    seen = counted(len(pushes), "recorded push", "recorded pushes")
    return passed(f"Of {seen} to protected refs none passed over a protection; each brought what landed.", inputs)


def _landed_as(dossier: PeriodDossier, push: Told[Push]) -> list[Landing]:
    landings: Iterable[Landing] = (landing for change in dossier.changes for landing in change.landings)
    project = push.record.event.context.project
    return [
        landing
        for landing in (*landings, *dossier.unplaced)
        if landing.merge.commit == push.body.after and landing.record.event.context.project == project
    ]


def _declared_for(case: PeriodCase, landings: Iterable[Landing], commit: str | None) -> list[ExceptionFact]:
    """The exceptions that may be used for the content of ``landings``, or for a commit."""
    merges = [landing.merge for landing in landings]
    manifests, trees = {merge.manifest for merge in merges}, {merge.tree for merge in merges}
    known = {item.record.index: item for change in case.dossier.changes for item in change.exceptions}
    known |= {item.record.index: item for item in case.dossier.surroundings.exceptions}
    return [
        known[index]
        for index in sorted(known)
        if _counts(case, known[index])
        and (
            known[index].exception.manifest in manifests
            or known[index].exception.tree in trees
            or (commit is not None and known[index].exception.commit == commit)
        )
    ]


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "EXC-04",
        "Exceptions stay rare",
        "No larger share of the period's changes than the policy allows landed under an exception.",
        parameters=(
            Parameter("limit_percent", 10, percent(), "How many of a hundred changes may land under an exception."),
        ),
        period=exc_04,
    ),
    Rule(
        "EXC-05",
        "No undeclared bypass",
        "Nothing went past a gate that was shut or a protection of the forge without an exception.",
        exc_05_change,
        exc_05_release,
        parameters=(
            EXCEPTION_USE,
            Parameter(
                "environments", ["production"], LABELS, "The environments before which a gate must have answered."
            ),
        ),
        period=exc_05_period,
    ),
)
