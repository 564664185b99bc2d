"""Who took part in a change, and what keeps the list from being whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import Sameness, compare
from ledger.records import Absent
from ledger.rules.wording import listed, party_words, person, short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ApprovalFact, Contribution, Party
    from ledger.rules.shape import ChangeCase

CODE: Final = frozenset({"author", "committer", "co-author", "pusher", "suggester", "resolver"})
"""Duties of those who changed the code."""
ASKED: Final = frozenset({"prompter"})
"""The duty of those who asked an assistant."""
EVERY: Final = CODE | ASKED | {"agent", "opener", "recorder"}


def contributions(case: ChangeCase, duties: frozenset[str] = EVERY) -> tuple[Contribution, ...]:
    """Who took part in one of ``duties``, without what the policy lists as no person's doing."""
    return tuple(
        item
        for item in case.change.contributions
        if item.duty in duties and not _is_forge(case, item) and not is_assistant_trailer(case, item)
    )


def is_assistant_trailer(case: ChangeCase, item: Contribution) -> bool:
    """Whether this is a co-author trailer that an assistant writes."""
    return item.duty == "co-author" and _mail(item.party) in _named(case, "assistant_co_authors")


def _is_forge(case: ChangeCase, item: Contribution) -> bool:
    return item.duty == "committer" and _mail(item.party) in _named(case, "forge_committers")


def _named(case: ChangeCase, setting: str) -> list[str]:
    return cast("list[str]", case.settings[setting])


def _mail(party: Party) -> str | None:
    return None if party.account is None or party.account.mail is None else party.account.mail.casefold()


def gaps(case: ChangeCase, duties: frozenset[str] = EVERY) -> tuple[str, ...]:
    """Clauses that say why more people may have taken part in ``duties`` than are known; none if the list is whole."""
    change = case.change
    found: list[str] = []
    if duties & CODE:
        if not change.revisions and not change.landings:
            found.append("no revision of the change is recorded")
        for revision in change.revisions:
            if isinstance(revision.commits, Absent):
                found.append(f"the commit list of revision {revision.number} is {revision.commits.state}")
            elif len(revision.commits) != revision.diff.commit_count:
                found.append(
                    f"the commit list of revision {revision.number} holds {len(revision.commits)} "
                    f"of {revision.diff.commit_count} commits"
                )
        found += [
            f"the commit list of what landed in entry {landing.record.index} is {landing.commits.state}"
            for landing in change.landings
            if landing.binding == "none" and isinstance(landing.commits, Absent)
        ]
    if duties & ASKED:
        if any(len(revision.prompts) < len(revision.diff.prompts) for revision in change.revisions):
            found.append("a prompt that the diff names is not at hand")
        found += [
            f"who asked in the prompt of entry {item.record.index} is not recorded"
            for item in change.prompts
            if item.initiator is None
        ]
    return tuple(found)


def took_part(
    case: ChangeCase, party: Party, duties: frozenset[str] = EVERY
) -> tuple[Sameness, tuple[Contribution, ...], tuple[str, ...]]:
    """Whether ``party`` took part in one of ``duties``; with what shows it, or with clauses that keep it open."""
    shown: list[Contribution] = []
    unclear: list[str] = []
    everybody = contributions(case, duties)
    for item, names in by_party(everybody):
        match compare(item.party, party):
            case "yes":
                shown += [other for other in everybody if other.party == item.party]
            case "unknown":
                unclear.append(_unclear(item, names, party))
            case "no":
                pass
    if shown:
        return "yes", tuple(shown), ()
    unclear += gaps(case, duties)
    return ("unknown" if unclear else "no"), (), tuple(dict.fromkeys(unclear))


def by_party(items: Iterable[Contribution]) -> tuple[tuple[Contribution, str], ...]:
    """Each party once, by its first contribution, with its duties in words: ``author and committer``."""
    groups: dict[Party, list[Contribution]] = {}
    for item in items:
        groups.setdefault(item.party, []).append(item)
    return tuple((group[0], listed(item.duty for item in group)) for group in groups.values())


def unresolved(item: Contribution, duties: str) -> str:
    """The clause that says whose account belongs to nobody."""
    if item.party.account is None:
        return f"the account of the {duties} in entry {item.record.index} is {item.party.name_state}"
    where = f"of commit {short(item.commit)}" if item.commit else f"in entry {item.record.index}"
    veil = ", and a name card could not be read" if item.party.hidden else ""
    return f"the account of the {duties} {where} resolves to no principal{veil}"


def _unclear(item: Contribution, duties: str, party: Party) -> str:
    if item.party.principal is None and not item.party.claimants:
        return unresolved(item, duties)
    if party.principal is not None and party.principal in item.party.hidden:
        return f"whether {person(party.principal)} is the {duties} in entry {item.record.index} is open"
    if party.principal is None and not party.claimants:
        return "the account of an approver resolves to no principal"
    return f"a name card that could not be read may belong to the {duties} in entry {item.record.index}"


def as_what(shown: tuple[Contribution, ...]) -> str:
    """``as author``, ``as author and pusher``."""
    return f"as {listed(item.duty for item in shown)}"


def approver_words(fact: ApprovalFact) -> str:
    """The approver in a sentence."""
    return party_words(fact.approver, f"whoever approved in entry {fact.record.index}")
