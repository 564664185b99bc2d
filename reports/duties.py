"""Duties as both packs tell them: who took part in a change, whose approval stands beside that, and the boxes drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.rules import contributors
from ledger.rules.contributors import ASKED, CODE, contributions
from ledger.rules.wording import with_names
from reports.parts import MatrixCell, Shape, words
from reports.say import say, say_count
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.dossier.facts import Contribution, Party
    from ledger.rules.shape import ChangeCase
    from reports.text import Text


def key(party: Party) -> str:
    """What makes two parties one row: the principal, else the account as captured."""
    return party.principal or f"?{party.account}{party.name_state}"


def took_part(case: ChangeCase) -> tuple[Contribution, ...]:
    """Who prompted or changed the code, as the rules read it: without forges and assistants' trailers."""
    return contributions(case, CODE | ASKED)


def agents(case: ChangeCase) -> tuple[Party, ...]:
    """The agents that answered prompts of the change or pushed to it."""
    return tuple(item.party for item in contributions(case, frozenset({"agent"})))


def who_changed_is_open(case: ChangeCase) -> tuple[str, ...]:
    """Clauses that say why more people may have changed the code than are known; none if all are known."""
    return contributors.gaps(case, CODE)


def own_work(case: ChangeCase) -> Iterator[tuple[Party, tuple[str, ...], tuple[str, ...]]]:
    """Standing approvals by somebody who took part in the change, or of whom the rules cannot tell that they did not.

    The approver, their duties in the change, and the clauses that leave it open; none: they took part. Each approver
    once.
    """
    seen: set[str] = set()
    for fact in case.change.approvals:
        who = key(fact.approver)
        if fact.approval.decision != "approve" or not fact.standing or who in seen:
            continue
        seen.add(who)
        part, shown, open_ = contributors.took_part(case, fact.approver, CODE | ASKED)
        if part != "no":
            yield fact.approver, tuple(dict.fromkeys(item.duty for item in shown)), open_


def perhaps_counted(many: int) -> str:
    """Of how many approvals it cannot be told."""
    return say_count(
        "Of {count} standing approval it cannot be told whether whoever gave it took part.",
        "Of {count} standing approvals it cannot be told whether whoever gave them took part.",
        many,
    )


def perhaps_said(doubts: tuple[str, ...], parties: Mapping[str, Party]) -> str:
    """That somebody approved and perhaps took part, with the clauses that leave it open."""
    return say("approved, and may have taken part: {why}", why=with_names("; ".join(doubts), parties))


def duties_said(held: int, certain: int) -> list[str]:
    """How many parties held duties, and how many approvals certainly stand beside a part in the same change."""
    return [
        say_count("{count} party held duties.", "{count} parties held duties.", held),
        say_count(
            "{count} standing approval was given by somebody who took part in the same change.",
            "{count} standing approvals were given by somebody who took part in the same change.",
            certain,
        )
        if certain
        else say("No standing approval is by somebody known to have taken part in the same change."),
    ]


def duty_cell(party: Party, many: int, own: int = 0, perhaps: int = 0) -> MatrixCell:
    """The box of a duty held ``many`` times; of approvals, ``own`` of them of own work and ``perhaps`` so many."""
    if not many:
        return MatrixCell(Shape.NONE)
    if own:
        return MatrixCell(Shape.CONFLICT, _part(own, many))
    if perhaps:
        return MatrixCell(Shape.UNKNOWN, _part(perhaps, many))
    if party.principal is None:
        return MatrixCell(Shape.UNKNOWN, words(number(many)))
    return MatrixCell(Shape.PERSON if party.type == "person" else Shape.MACHINE, words(number(many)))


def _part(part: int, whole: int) -> Text:
    return words(number(part) if part == whole else share(part, whole))
