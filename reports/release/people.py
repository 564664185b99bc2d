"""Segregation of duties: people by duties, pairs of duties, and who did what in each change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.dossier.people import compare
from ledger.rules.contributors import ASKED, CODE, contributions
from reports.parts import (
    Break,
    Line,
    Mark,
    Matrix,
    MatrixCell,
    MatrixRow,
    Pairs,
    Paragraph,
    Row,
    Section,
    Shape,
    Table,
    line,
    words,
)
from reports.release.said import columns, joined, link, listed_names, named, quiet, sort_of, status
from reports.release.view import MARKS
from reports.wording import count, number, share

if TYPE_CHECKING:
    from ledger.dossier.facts import Contribution, Party
    from reports.parts import Block
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "duties"
DUTIES: Final = ("Prompt", "Code", "Approval", "Merge", "Release", "Release approval", "Deploy")
_MADE: Final = frozenset({"Prompt", "Code"})
PAIRED: Final = ("Prompt or code", "Approval", "Deploy")


@dataclass(frozen=True, slots=True)
class Held:
    """A duty that a party held in a change, or in the release itself."""

    party: Party
    duty: str
    change: int
    """Number of the change; 0: the release itself."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody whose approval stands beside a part in the same change."""

    party: Party
    change: ChangeView
    duties: tuple[str, ...]
    certain: bool
    """False: it cannot be told whether both are the same."""


def held_duties(view: View) -> tuple[Held, ...]:
    """Every duty held, change by change, then in the release."""
    found: dict[tuple[str, str, int], Held] = {}

    def hold(party: Party, duty: str, change: int) -> None:
        found.setdefault((key(party), duty, change), Held(party, duty, change))

    for change in view.changes:
        for item in _parts(view, change):
            hold(item.party, "Prompt" if item.duty in ASKED else "Code", change.number)
        for fact in change.facts.approvals:
            if fact.approval.decision == "approve" and fact.standing:
                hold(fact.approver, "Approval", change.number)
        for landing in change.facts.landings:
            hold(landing.merged_by, "Merge", change.number)
    hold(view.dossier.released_by, "Release", 0)
    for fact in view.dossier.approvals:
        if fact.approval.decision == "approve" and fact.standing:
            hold(fact.approver, "Release approval", 0)
    for deployment in view.dossier.deployments:
        hold(deployment.deployed_by, "Deploy", 0)
    return tuple(found.values())


def conflicts(view: View) -> tuple[Conflict, ...]:
    """Standing approvals by somebody who prompted or changed the code of the same change, or perhaps did."""
    found: list[Conflict] = []
    for change in view.changes:
        parts = _parts(view, change)
        seen: set[tuple[str, bool]] = set()
        for fact in change.facts.approvals:
            if fact.approval.decision != "approve" or not fact.standing:
                continue
            for sameness, certain in (("yes", True), ("unknown", False)):
                duties = dict.fromkeys(item.duty for item in parts if compare(item.party, fact.approver) == sameness)
                if duties and (key(fact.approver), True) not in seen and (key(fact.approver), certain) not in seen:
                    seen.add((key(fact.approver), certain))
                    found.append(Conflict(fact.approver, change, tuple(duties), certain))
    return tuple(found)


def key(party: Party) -> str:
    """What makes two parties one row: the principal, else the account as captured."""
    return party.principal or f"?{party.account}{party.name_state}"


def duties(view: View) -> Section:
    """The section."""
    held = held_duties(view)
    clashes = conflicts(view)
    return Section(
        ANCHOR,
        "4",
        words("Segregation of duties"),
        words("Did anyone hold duties that must be apart?"),
        _lede(view, held, clashes),
        () if view.changeless else _blocks(view, held, clashes),
        brief=view.changeless,
    )


def _blocks(view: View, held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> tuple[Block, ...]:
    return (
        _matrix(held, clashes),
        Paragraph(
            line(
                "Solid box: person. Dashed box: agent or service. Filled box with “!”: approvals by somebody who took "
                "part in the same change. Double box with “?”: it cannot be told who it was, or whether the approver "
                "took part. Numbers count changes; in the columns Release, Release approval and Deploy, the release."
            ),
            small=True,
        ),
        _clashes(view, clashes),
        _pairs(held),
        Paragraph(
            line(
                "The pairs count persons alone. An approval of somebody's own work is shown here and never counted; "
                "whether enough other approvals remain is what SOD-01 to SOD-03 tell. Merging one's own change after "
                "others approved it is ordinary, so merging is not among the pairs."
            ),
            small=True,
        ),
        *_releasers(view, held),
        *view.left_out(),
        _per_change(view, clashes),
    )


def _lede(view: View, held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> Line:
    if view.changeless:
        return line(
            "No change is recorded, so there are no duties to compare. Who released, approved the release and deployed "
            "it stands in ",
            link("approvals", "Approvals"),
            " and ",
            link("deployments", "Release and deployments"),
            ".",
        )
    many = len({key(item.party) for item in held})
    certain = sum(item.certain for item in clashes)
    unsure = len(clashes) - certain
    said = f"{count(many, 'party', 'parties')} held duties. "
    said += (
        f"{count(certain, 'standing approval was', 'standing approvals were')} given by somebody who took part in the "
        "same change."
        if certain
        else "No standing approval is by somebody known to have taken part in the same change."
    )
    if unsure:
        said += f" Of {count(unsure, 'approver', 'approvers')} it cannot be told."
    return line(said)


def _parts(view: View, change: ChangeView) -> tuple[Contribution, ...]:
    """Who prompted or changed the code, as the rules read it: without forges and assistants' trailers."""
    return contributions(view.case(change), CODE | ASKED)


def _matrix(held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> Matrix:
    people: dict[str, Party] = {}
    cells: dict[tuple[str, str], set[int]] = {}
    for item in held:
        people.setdefault(key(item.party), item.party)
        cells.setdefault((key(item.party), item.duty), set()).add(item.change)
    bad = Counter(key(item.party) for item in clashes if item.certain)
    unsure = Counter(key(item.party) for item in clashes if not item.certain)

    def cell(who: str, party: Party, duty: str) -> MatrixCell:
        changes = cells.get((who, duty))
        if not changes:
            return MatrixCell(Shape.NONE)
        text = words(number(len(changes)))
        if duty == "Approval" and who in bad:
            return MatrixCell(Shape.CONFLICT, _part(bad[who], len(changes)))
        if duty == "Approval" and who in unsure:
            return MatrixCell(Shape.UNKNOWN, _part(unsure[who], len(changes)))
        if party.principal is None:
            return MatrixCell(Shape.UNKNOWN, text)
        return MatrixCell(Shape.PERSON if party.type == "person" else Shape.MACHINE, text)

    # Who is in conflict first, then who cannot be told, then people before machines.
    order = sorted(
        people,
        key=lambda who: (
            who not in bad,
            who not in unsure,
            people[who].principal is not None,
            people[who].type != "person",
        ),
    )
    return Matrix(
        words("Who held which duty: number of changes"),
        words("Person, agent or service"),
        tuple(map(words, DUTIES)),
        tuple(
            MatrixRow(
                named(people[who]),
                words(sort_of(people[who])),
                tuple(cell(who, people[who], duty) for duty in DUTIES),
                hit=who in bad,
            )
            for who in order
        ),
        words("Nobody acted in this release."),
    )


def _part(part: int, whole: int) -> Text:
    return words(number(part) if part == whole else share(part, whole))


def _releasers(view: View, held: tuple[Held, ...]) -> tuple[Block, ...]:
    """Who approved the release itself and had a part in its changes, in a sentence each: shown, judged by no rule."""
    found: list[Block] = []
    for item in held:
        if item.duty != "Release approval":
            continue
        made = {one.change for one in held if one.duty in _MADE and key(one.party) == key(item.party)}
        if made:
            found.append(
                Paragraph(
                    line(
                        named(item.party),
                        " approved the release and had prompted or changed the code in "
                        f"{share(len(made), len(view.changes))} "
                        "of its changes. No rule of this version keeps these apart; it is shown, not judged.",
                    )
                )
            )
    return tuple(found)


def _clashes(view: View, clashes: tuple[Conflict, ...]) -> Table:
    return Table(
        columns(("Change", 22), ("Approver", 24), ("What is in conflict", 38), ("Verdict", 16)),
        tuple(
            Row(
                (
                    _change(view, item.change),
                    line(named(item.party)),
                    line(_clash_words(item)),
                    _verdict(item.change),
                ),
                hit=item.certain,
            )
            for item in clashes
        ),
        words("None is known."),
        words("Approvals by somebody who took part, or perhaps did"),
        "small",
    )


def _change(view: View, change: ChangeView) -> Line:
    return line(link(change.anchor("d"), change.label)) if view.shows(change) else line(change.label)


def _clash_words(item: Conflict) -> str:
    duties = " and ".join(
        dict.fromkeys("prompted the assistant" if duty in ASKED else f"took part as {duty}" for duty in item.duties)
    )
    return (
        f"approved, and {duties}"
        if item.certain
        else f"approved, and may have {duties.replace('took', 'taken')}: an account is unresolved"
    )


def _verdict(change: ChangeView) -> Line:
    outcome = change.in_family("SOD")
    return line(quiet("no rule is on")) if outcome is None else line(status(MARKS[outcome]))


def _pairs(held: tuple[Held, ...]) -> Pairs:
    by_person: dict[tuple[str, int], set[str]] = {}
    everywhere: dict[str, set[str]] = {}
    for item in held:
        if item.party.type != "person":
            continue
        duty = "Prompt or code" if item.duty in _MADE else item.duty
        if item.change:
            by_person.setdefault((key(item.party), item.change), set()).add(duty)
        else:
            everywhere.setdefault(key(item.party), set()).add(duty)

    def together(one: str, other: str) -> int:
        return sum({one, other} <= duties | everywhere.get(who, set()) for (who, _), duties in by_person.items())

    return Pairs(
        words("Pairs of duties held by one person on one change: how many times"),
        tuple(map(words, PAIRED)),
        tuple(
            tuple(together(PAIRED[place], PAIRED[other]) for other in range(place)) for place in range(1, len(PAIRED))
        ),
    )


def _per_change(view: View, clashes: tuple[Conflict, ...]) -> Table:
    return Table(
        columns(
            ("Change", 11),
            ("Prompted", 16),
            ("Agent", 12),
            ("Changed the code", 16),
            ("Approved", 16),
            ("Merged", 16),
            ("Verdict", 13),
        ),
        tuple(_row(view, change, clashes) for change in view.printed),
        words("No change is printed."),
        words("Who did what in each change"),
        "dense",
    )


def _row(view: View, change: ChangeView, clashes: tuple[Conflict, ...]) -> Row:
    facts = change.facts
    parts = _parts(view, change)
    prompters = [item.party for item in parts if item.duty in ASKED]
    unknown = sum(item.initiator is None for item in facts.prompts)
    asked = listed_names(prompters, none="none recorded" if not facts.prompts else "not recorded who")
    if unknown and prompters:
        asked = (*asked, *line(quiet(f" and {count(unknown, 'prompt', 'prompts')} by nobody named")))
    approvals = [fact.approver for fact in facts.approvals if fact.approval.decision == "approve" and fact.standing]
    rejections = [fact for fact in facts.approvals if fact.approval.decision == "reject" and fact.standing]
    approved = listed_names(approvals, none="nobody")
    if rejections:
        approved = (
            *approved,
            *line(Break(), status(Mark.FAIL, "Rejected")),
            *line(" by "),
            *joined([line(named(fact.approver)) for fact in rejections]),
        )
    return Row(
        (
            line(change.label),
            asked,
            listed_names((item.party for item in facts.contributions if item.duty == "agent"), none="none recorded"),
            listed_names(item.party for item in parts if item.duty in CODE),
            approved,
            listed_names(landing.merged_by for landing in facts.landings),
            _verdict(change),
        ),
        hit=any(item.change is change and item.certain for item in clashes),
        anchor=change.anchor("d"),
    )
