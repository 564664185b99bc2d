"""Segregation of duties in a change: SOD-01 to SOD-05 and SOD-10."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from ledger.roster.state import person_behind
from ledger.rules.contributors import ASKED, CODE, approver_words, as_what, contributions, gaps
from ledger.rules.counting import APPROVED, by_need
from ledger.rules.deliverers import SOD_06, SOD_07
from ledger.rules.entitled import SOD_11
from ledger.rules.involvement import assistant_use
from ledger.rules.judged import Judged, judged
from ledger.rules.kinds import choice
from ledger.rules.parameters import APPROVALS, COUNTING, PEOPLE
from ledger.rules.patterns import SOD_09, SOD_13
from ledger.rules.reviewed import Sorted, covered_revision, shown_diffs, sort_approvals
from ledger.rules.risk import risk_class
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    Parameter,
    Rule,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import each
from ledger.rules.wording import capital, counted, listed, person, required

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.dossier.facts import PromptFact


def sod_01(case: ChangeCase) -> Finding:
    """SOD-01: enough effective approvals from people outside the contributor set."""
    return _each(case, _enough)


def _enough(case: ChangeCase, content: Judged, needed: int) -> Finding:
    found = sort_approvals(case, content)
    inputs = [*content.inputs, *shown_diffs(case), *found.inputs]
    people = found.people
    if len(people) >= needed:
        who = counted(len(people), "independent person", "independent people")
        return passed(
            f"{capital(who)} approved {content.name}: "
            f"{listed(map(person, people))}; {required(needed)}.{_risk(case, content)}{_uncounted(found)}",
            inputs,
        )
    if found.possible >= needed:
        return untold(found.reasons, inputs)
    first = (
        f"No independent person approved {content.name}"
        if not people
        else f"Only {counted(len(people), 'independent person', 'independent people')} approved {content.name}"
    )
    extra = [("approval", item.record) for item in [*(fact for fact, _ in found.own), *found.stale, *found.machine]]
    sentence = f"{first}; {required(needed)}.{_risk(case, content)}{_uncounted(found)}{_stale(case, found)}"
    return failed(sentence, [*inputs, *extra])


def _risk(case: ChangeCase, content: Judged) -> str:
    """The sentence that says why the policy's number is that of a risk class; nothing where it is the usual one."""
    risk = risk_class(case, content)
    counts = cast("dict[str, int]", case.settings["approvals"])
    if risk.name is None or risk.name not in counts:
        return ""
    return f" The risk class is “{risk.name}”: {listed(risk.because)}."


def _uncounted(found: Sorted) -> str:
    clauses = [f"{capital(approver_words(fact))} approved but took part {as_what(shown)}" for fact, shown in found.own]
    clauses += [f"{capital(approver_words(fact))} approved but is no person" for fact in found.machine]
    clauses += [
        f"{capital(approver_words(fact))} approved without the role the policy asks for" for fact in found.without_role
    ]
    clauses += [
        f"{capital(approver_words(fact))} approved without what the policy asks security keys to record"
        for fact in found.unattended
    ]
    if found.shown_only:
        shown = counted(len(found.shown_only), "approval", "approvals")
        clauses.append(f"The forge shows {shown}, which this policy does not count")
    return "".join(f" {clause}." for clause in dict.fromkeys(clauses))


def _stale(case: ChangeCase, found: Sorted) -> str:
    clauses = []
    for fact in found.stale:
        revision = covered_revision(case, fact)
        what = "another content" if revision is None else f"revision {revision.number}"
        clauses.append(f"{capital(approver_words(fact))} approved {what}")
    return "".join(f" {clause}." for clause in dict.fromkeys(clauses))


def sod_02(case: ChangeCase) -> Finding:
    """SOD-02: whoever changed the code is not among its counted approvers."""
    return _each(
        case,
        lambda case, content, needed: _disjoint(
            case, content, needed, CODE, "{who} approved {what} without having changed its code.", "changed the code"
        ),
    )


def sod_03(case: ChangeCase) -> Finding:
    """SOD-03: who prompted does not approve the output."""
    if not any(item.approval.decision == "approve" for item in case.change.approvals):
        return inapplicable(APPROVED)
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable("an assistant was used", use.inputs)
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    if not contributions(case, ASKED):
        return untold(("an assistant was used, and no prompt that says who asked is recorded",), use.inputs)
    scoped = _last_prompts(case) if case.settings["prompters"] == "last-revision" else case
    return _each(
        scoped,
        lambda case, content, needed: _disjoint(
            case,
            content,
            needed,
            ASKED,
            "{who} approved {what} and had not prompted the assistant.",
            "prompted the assistant",
        ),
    )


def _last_prompts(case: ChangeCase) -> ChangeCase:
    """The case with only those prompters that the last revision names; all of them where it names none."""
    last = case.change.last_revision
    prompts: tuple[PromptFact, ...] = () if last is None else last.prompts
    if not prompts:
        return case
    asked = {item.initiator.principal for item in prompts if item.initiator is not None}
    behind = {item.record.event.context.actor.on_behalf_of for item in prompts}
    asked |= {person_behind(case.records.roster, one, case.records.position) for one in behind if one is not None}
    kept = tuple(
        item
        for item in case.change.contributions
        if item.duty != "prompter" or item.party.principal in asked or item.record.event.kind == "diff"
    )
    return replace(case, change=replace(case.change, contributions=kept, prompts=prompts))


def sod_04(case: ChangeCase) -> Finding:
    """SOD-04: the counted approvers are people."""
    return _each(case, _human)


def _human(case: ChangeCase, content: Judged, needed: int) -> Finding:
    found = sort_approvals(case, content, duties=frozenset(), machines=True)
    humans = [item for item in found.effective if item.approver.type == "person"]
    machines = [item for item in found.effective if item.approver.type != "person"]
    people = dict.fromkeys(item.approver.principal for item in humans if item.approver.principal)
    possible = len(people) + len({item.fact.approver.principal or item.fact.record.index for item in found.unclear})
    inputs = [*content.inputs, *(("approval", item.record) for item in (*humans, *machines))]
    if not found.effective and not found.unclear:
        return inapplicable(APPROVED, content.inputs)
    if len(people) < needed <= possible:
        return untold(found.reasons, inputs)
    if len(people) < needed and machines:
        return failed(
            f"{capital(listed(map(approver_words, machines)))} approved {content.name} and "
            f"{'is' if len(machines) == 1 else 'are'} no person; {required(needed)}.",
            inputs,
        )
    if len(people) < needed and found.unclear:
        return untold(found.reasons, inputs)
    return passed(
        f"The approvals of {content.name} were given by people: {listed(map(approver_words, humans))}.", inputs
    )


def sod_05(case: ChangeCase) -> Finding:
    """SOD-05: at least one approver stands outside all who took part."""
    return each(case, _outside)


def _outside(case: ChangeCase, content: Judged) -> Finding:
    found = sort_approvals(case, content)
    inputs = [*content.inputs, *shown_diffs(case), *found.inputs]
    if found.people:
        return passed(
            f"{capital(listed(map(person, found.people)))} approved {content.name} and took no part in the change.",
            inputs,
        )
    if found.unclear:
        return untold(found.reasons, inputs)
    if not found.own:
        return inapplicable(APPROVED, content.inputs)
    names = capital(listed(approver_words(fact) for fact, _ in found.own))
    inputs += [("approval", fact.record) for fact, _ in found.own]
    return failed(f"Only people who took part approved {content.name}: {names}.{_uncounted(found)}", inputs)


def sod_10(case: ChangeCase) -> Finding:
    """SOD-10: an assistant's review that counts comes from another session, asked for by somebody else."""
    reviews = [
        item
        for item in case.change.notes
        if item.body.advisory is not True and (item.actor.type == "agent" or item.body.session is not None)
    ]
    unknown = [item for item in case.change.notes if item.body.advisory is not True and item.actor.type is None]
    inputs: list[NamedRecord] = [("review-note", item.record) for item in reviews]
    inputs += [("prompt", item.record) for item in case.change.prompts]
    contrary: list[str] = []
    missing = [f"whether the note of entry {item.record.index} is an assistant's is not known" for item in unknown]
    for item in reviews:
        entry, session, initiator = item.record.index, item.body.session, item.body.initiator
        if session is None or initiator is None:
            missing.append(f"the session of the review in entry {entry}, or who asked for it, is not recorded")
            continue
        if any(prompt.prompt.session == session for prompt in case.change.prompts):
            contrary.append(f"the review of entry {entry} comes from a session that wrote the change")
        asked = person_behind(case.records.roster, initiator, case.records.position)
        if any(asked == one.party.principal for one in contributions(case, ASKED)):
            contrary.append(f"{person(asked)} asked for the review of entry {entry} and for the change itself")
        if not contrary:
            missing += gaps(case, ASKED)
    if contrary:
        return failed(f"{capital(listed(contrary))}.", inputs)
    if missing:
        return untold(missing, inputs)
    if not reviews:
        return inapplicable("an assistant's review counts")
    return passed(
        f"{capital(counted(len(reviews), 'review', 'reviews'))} by assistants: none from a session that wrote the "
        "change, and none asked for by whoever asked for it.",
        inputs,
    )


def _disjoint(case: ChangeCase, content: Judged, needed: int, duties: frozenset[str], good: str, bad: str) -> Finding:
    """That approvals needed for the count come from outside ``duties``; others are shown by SOD-01 and not counted."""
    found = sort_approvals(case, content, duties=duties)
    inputs: list[NamedRecord] = [*content.inputs, *shown_diffs(case), *found.inputs]
    people = found.people
    if len(people) < needed:
        if found.unclear and found.possible >= needed:
            return untold(found.reasons, inputs)
        if found.own:
            names = listed(approver_words(fact) for fact, _ in found.own)
            shown = [(item.duty, item.record) for _, items in found.own for item in items]
            return failed(
                f"{capital(names)} approved {content.name} and {bad}; {required(needed)} from others.",
                [*inputs, *(("approval", fact.record) for fact, _ in found.own), *shown],
            )
        if found.unclear:
            return untold(found.reasons, inputs)
    if not people:
        return inapplicable(APPROVED, content.inputs)
    sentence = good.replace("{who}", capital(listed(map(person, people)))).replace("{what}", content.name)
    return passed(sentence, inputs)


def _each(case: ChangeCase, judge: Callable[[ChangeCase, Judged, int], Finding]) -> Finding:
    contents = judged(case)
    if not contents:
        return untold(("no revision of the change is recorded",))
    return gravest(by_need(case, content, partial(judge, case, content)) for content in contents)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "SOD-01",
        "Independent approval",
        "As many people as the policy asks for, none of whom contributed, approved exactly this content.",
        sod_01,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
    Rule(
        "SOD-02",
        "Who changed the code does not approve it",
        "Enough approvals remain without those of whoever wrote, committed, pushed or merged it by hand.",
        sod_02,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
    Rule(
        "SOD-03",
        "Who prompted does not approve the output",
        "Enough approvals remain without those of whoever prompted the assistant that made it.",
        sod_03,
        parameters=(
            APPROVALS,
            *COUNTING,
            *PEOPLE,
            Parameter(
                "prompters",
                "all",
                choice("all", "last-revision"),
                "Whose prompts count: those of `all` revisions, or of the last one alone (`last-revision`).",
            ),
        ),
    ),
    Rule(
        "SOD-04",
        "Approvers are people",
        "Enough approvals remain without those of agents and services.",
        sod_04,
        parameters=(APPROVALS, *COUNTING, *PEOPLE),
    ),
    Rule(
        "SOD-05",
        "Somebody from outside",
        "At least one person who took no part in the change approved it.",
        sod_05,
        parameters=(*COUNTING, *PEOPLE),
    ),
    SOD_06,
    SOD_07,
    SOD_09,
    Rule(
        "SOD-10",
        "Assistants do not review themselves",
        "An assistant's review that counts comes from a session that did not write the change, asked for by others.",
        sod_10,
        parameters=PEOPLE,
    ),
    SOD_11,
    SOD_13,
)
