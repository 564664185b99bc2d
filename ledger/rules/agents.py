"""Agents as contributors, as approvers' neighbours, and where the risk is high: AI-06, AI-07 and AI-08."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ledger.documents import account_key
from ledger.dossier.people import sure
from ledger.records import Absent
from ledger.rules.contributors import approver_words, contributions
from ledger.rules.counting import APPROVED
from ledger.rules.involvement import assistant_use
from ledger.rules.judged import paths_of
from ledger.rules.prompting import USED
from ledger.rules.reviewed import sort_approvals
from ledger.rules.risk import by_class, names_class, path_words, touched
from ledger.rules.roles import role_held
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, inapplicable, passed, untold
from ledger.rules.stated import each
from ledger.rules.wording import capital, counted, listed, party_words, person, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import Account, ApprovalFact, CommitFact, Contribution, Party
    from ledger.dossier.people import Sameness
    from ledger.rules.involvement import AssistantUse
    from ledger.rules.judged import Judged


def ai_06(case: ChangeCase) -> Finding:
    """AI-06: agents act under their own names, and somebody asked them."""
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable(USED, use.inputs)
    if use.state == "unknown":
        return untold(use.reasons, use.inputs)
    return _under_own_name(case, use)


@dataclass(slots=True)
class _Acted:
    """Under which names, and for whom, assistants acted."""

    own: list[str] = field(default_factory=list)
    """Commits that name the agent."""
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Who asked, as far as they are people."""


def _under_own_name(case: ChangeCase, use: AssistantUse) -> Finding:
    found = _Acted()
    for revision in case.change.revisions:
        if isinstance(revision.commits, Absent):
            found.missing.append(f"the commit list of revision {revision.number} is {revision.commits.state}")
            continue
        if len(revision.commits) != revision.diff.commit_count:
            found.missing.append(f"the commit list of revision {revision.number} is shorter than it should be")
        for commit in revision.commits:
            if commit.ai_traces:
                _sort_commit(case, commit, found)
    _sort_askers(case, found)
    if found.wrong:
        return failed(f"{capital('; '.join(dict.fromkeys(found.wrong)))}.", use.inputs)
    if found.missing or not (found.own or found.asked):
        return untold(found.missing or ("under which name the assistant acted is not recorded",), use.inputs)
    named = f"The agent is named in {listed(found.own)}." if found.own else "No commit carries traces of an assistant."
    asked = f" {capital(listed(found.asked))} asked for it." if found.asked else ""
    return passed(f"{named}{asked}", use.inputs)


def _sort_commit(case: ChangeCase, commit: CommitFact, found: _Acted) -> None:
    """Puts a commit with an assistant's traces where it belongs: the agent's own, somebody else's, or not known."""
    name = f"commit {short(commit.id)}"
    author = _party(case, commit.author, "author")
    if author is not None and sure(author) and author.type == "agent":
        found.own.append(name)
    elif case.settings["named_as"] == "co-author" and (named := _names_agent(case, commit)) != "no":
        if named == "yes":
            found.own.append(f"{name} (as co-author)")
        else:
            found.missing.append(f"whether a co-author of {name} is an agent is not known")
    elif author is not None and sure(author):
        who = party_words(author, "somebody")
        found.wrong.append(f"{name} carries traces of an assistant and is {who}'s by its author")
    elif author is not None:
        found.missing.append(
            f"whether the author of {name}, which carries traces of an assistant, is an agent is not known"
        )


def _names_agent(case: ChangeCase, commit: CommitFact) -> Sameness:
    mails = cast("list[str]", case.settings["assistant_co_authors"])
    if any((account.mail or "").casefold() in mails for account in commit.co_authors):
        return "yes"
    parties = [_party(case, account, "co-author") for account in commit.co_authors]
    known = [party for party in parties if party is not None and sure(party)]
    if any(party.type == "agent" for party in known):
        return "yes"
    return "no" if len(known) == len(parties) else "unknown"


def _party(case: ChangeCase, account: Account, duty: str) -> Party | None:
    """Who is behind an account of a commit; None where its revision moved the base alone, so that it adds nobody."""
    wanted = account_key(account.system, account.id, account.mail)
    for item in case.change.contributions:
        known = item.party.account
        if item.duty == duty and known is not None and account_key(known.system, known.id, known.mail) == wanted:
            return item.party
    return None


def _sort_askers(case: ChangeCase, found: _Acted) -> None:
    """Puts who asked where they belong; an agent that acted for nobody who is recorded leaves it open."""
    for prompt in case.change.prompts:
        entry = f"the prompt of entry {prompt.record.index}"
        if prompt.initiator is None or prompt.initiator.type is None:
            found.missing.append(f"who asked in {entry} is not recorded")
        elif prompt.initiator.type == "person":
            found.asked.append(party_words(prompt.initiator, "somebody"))
        else:
            found.wrong.append(f"{party_words(prompt.initiator, 'a machine')}, which is no person, asked in {entry}")
    acted = [item for item in contributions(case) if _is_agent(item)]
    if not found.asked and not found.wrong:
        found.missing += [
            f"for whom {party_words(item.party, 'an agent')} acted in entry {item.record.index} is not recorded"
            for item in acted
            if item.record.event.context.actor.on_behalf_of is None
        ]


def _is_agent(item: Contribution) -> bool:
    return item.party.type == "agent" and item.duty != "prompter"


def ai_07(case: ChangeCase) -> Finding:
    """AI-07: approvals that count were signed with keys that no agent and no pipeline holds."""
    return each(case, _apart)


def _apart(case: ChangeCase, content: Judged) -> Finding:
    found = sort_approvals(case, content)
    inputs: list[NamedRecord] = [*content.inputs, *found.inputs]
    inputs += [("prompt", item.record) for item in case.change.prompts]
    if not found.effective:
        return untold(found.reasons, inputs) if found.unclear else inapplicable(APPROVED, inputs)
    held = _Held()
    for fact in found.effective:
        _sort_key(case, fact, held)
    if held.bad:
        return failed(f"{capital('; '.join(held.bad))}.", inputs)
    missing = (*held.missing, *found.reasons)
    if missing:
        return untold(missing, inputs)
    if not held.good:
        return inapplicable("somebody declared where an approver's key is held", inputs)
    return passed(f"Held away from agents and pipelines, by what was declared: {listed(held.good)}.", inputs)


@dataclass(slots=True)
class _Held:
    """Keys of approvals, by where they are held."""

    bad: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def _sort_key(case: ChangeCase, fact: ApprovalFact, held: _Held) -> None:
    who, key = approver_words(fact), case.records.roster.keys.get(fact.record.leaf.key_id)
    declared = case.settings["custody"] == "declared"
    sessions = {item.record.leaf.key_id: item.record.index for item in case.change.prompts}
    if fact.approval.attested_by == "forge" or key is None:
        held.missing += [f"where {who} approved is not recorded: a forge attests it"] if declared else []
    elif key.custody == "pipeline":
        held.bad.append(f"the key with which {who} approved (entry {fact.record.index}) is held by a pipeline")
    elif key.id in sessions:
        held.bad.append(
            f"the key with which {who} approved (entry {fact.record.index}) also reported an assistant's session "
            f"(entry {sessions[key.id]})"
        )
    elif key.custody is not None:
        held.good.append(f"the key of {who} ({key.custody})")
    elif declared:
        held.missing.append(f"where the key of {who} is held is not declared")


def ai_08(case: ChangeCase) -> Finding:
    """AI-08: what an assistant made where the risk is high was approved by somebody senior."""
    role = cast("str | None", case.settings["senior_role"])
    if role is None:
        return inapplicable("the policy names a senior role")
    use = assistant_use(case)
    if use.state == "none":
        return inapplicable(USED, use.inputs)

    def judge(case: ChangeCase, content: Judged) -> Finding:
        found = by_class(case, content, lambda name: _senior(case, content, role, name))
        if use.state == "unknown" and found.precondition is None:
            return untold(use.reasons, (*use.inputs, *found.inputs))
        return found

    return each(case, judge)


def _senior(case: ChangeCase, content: Judged, role: str, name: str) -> Finding:
    paths = paths_of(content)
    patterns = cast("list[str] | None", case.settings["senior_paths"]) or []
    delicate = touched(patterns, paths.known)
    inputs: list[NamedRecord] = [*content.inputs]
    risky = names_class(case, cast("list[str]", case.settings["senior_classes"]), name)
    if not risky and not delicate:
        if paths.unread and patterns:
            return untold(paths.unread, inputs)
        return inapplicable("an assistant's change is of a class or touches a path that asks for senior review", inputs)
    why = f"risk class “{name}”" if risky else f"it touches {path_words(delicate)}"
    found = sort_approvals(case, content, any_role=True)
    inputs += found.inputs
    asked = None if risky else delicate
    held, missing = _holders(case, content, found.effective, role, asked)
    missing += [
        clause
        for item in found.unclear
        for clause in item.reasons
        if role in item.fact.roles or not sure(item.fact.approver)
    ]
    if held and (risky or not paths.unread):
        return passed(
            f"{capital(listed(map(person, held)))}, “{role}”, approved what an assistant had a part in ({why}).", inputs
        )
    if held or missing:
        return untold(missing or paths.unread, inputs)
    others = f"; {counted(len(found.people), 'other approved', 'others approved')} it" if found.people else ""
    return failed(f"Nobody with the role “{role}” approved what an assistant had a part in ({why}){others}.", inputs)


def _holders(
    case: ChangeCase, content: Judged, facts: Sequence[ApprovalFact], role: str, paths: Sequence[bytes] | None
) -> tuple[list[str], list[str]]:
    """Approvers who held the role for the paths; and clauses on those of whom that is open."""
    held: list[str] = []
    missing: list[str] = []
    for fact in facts:
        holds = role_held(case, fact, role, content, paths)
        if holds.held == "yes" and fact.approver.principal is not None:
            held.append(fact.approver.principal)
        missing += holds.reasons
    return held, missing
