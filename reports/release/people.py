"""Segregation of duties: people by duties, pairs of duties, and who did what in each change."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.dossier.people import compare
from ledger.rules import contributors
from ledger.rules.contributors import ASKED, CODE
from reports.duties import (
    agents,
    duties_said,
    duty_cell,
    key,
    perhaps_counted,
    perhaps_said,
    took_part,
    who_changed_is_open,
)
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
    Table,
    line,
    say_line,
    words,
)
from reports.release.held import conflicts, held_duties
from reports.release.said import columns, conjoined, joined, link, listed_names, named, quiet, sort_of, status
from reports.release.verdicts import failing, of_rules, told
from reports.release.worth import doubted, worth
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact, Party
    from ledger.rules.verdict import Verdict
    from reports.parts import Block
    from reports.release.held import Conflict, Held
    from reports.release.view import ChangeView, View

ANCHOR: Final = "duties"
DUTIES: Final = (
    to_say("Prompt"),
    to_say("Agent"),
    to_say("Code"),
    to_say("Approval"),
    to_say("Merge"),
    to_say("Release"),
    to_say("Release approval"),
    to_say("Deploy"),
)
_MADE: Final = frozenset({"Prompt", "Code"})
PAIRED: Final = (to_say("Prompt or code"), to_say("Approval"), to_say("Deploy"))


def duties(view: View) -> Section:
    """The section."""
    held = held_duties(view)
    clashes = conflicts(view)
    return Section(
        ANCHOR,
        "5",
        words(say("Segregation of duties")),
        words(say("Did anyone hold duties that must be apart?")),
        _lede(view, held, clashes),
        () if view.changeless else _blocks(view, held, clashes),
        brief=view.changeless,
    )


def _blocks(view: View, held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> tuple[Block, ...]:
    return (
        _matrix(held, clashes),
        Paragraph(
            line(
                say(
                    "Solid box: person. Dashed box: agent or service. Filled box with “!”: approvals by somebody who "
                    "took part in the same change. Double box with “?”: it cannot be told who it was, or whether the "
                    "approver took part. Agent: who answered prompts or pushed, and is no person. Numbers count "
                    "changes; in the columns Release, Release approval and Deploy, the release."
                )
            ),
            small=True,
        ),
        *_releasers(view, held),
        _clashes(view, clashes),
        _pairs(view, held, clashes),
        Paragraph(
            line(
                say(
                    "The pairs count persons alone. An approval of somebody's own work is shown here and never "
                    "counted; whether enough other approvals remain is what SOD-01 to SOD-03 tell. Merging one's own "
                    "change after others approved it is ordinary, so merging is not among the pairs. Where who "
                    "changed the code is not wholly known, how often it cannot be told stands beside the number."
                )
            ),
            small=True,
        ),
        *view.left_out(),
        _per_change(view),
    )


def _lede(view: View, held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> Line:
    if view.changeless:
        return say_line(
            "No change is recorded, so there are no duties to compare. Who released, approved the release and "
            "deployed it stands in {approvals} and {deployments}.",
            approvals=link("approvals", say("Approvals")),
            deployments=link("deployments", say("Release and deployments")),
        )
    many = len({key(item.party) for item in held})
    certain = sum(item.certain for item in clashes)
    unsure = len(clashes) - certain
    said = duties_said(many, certain)
    if unsure:
        said.append(perhaps_counted(unsure))
    landed = [change for change in view.changes if change.facts.landings]
    without = sum(not _approvals(change) for change in landed)
    if without:
        said.append(
            say_count(
                "Landed without any approval that stands: {without} of {count} change.",
                "Landed without any approval that stands: {without} of {count} changes.",
                len(landed),
                without=number(without),
            )
        )
    open_ = sum(bool(who_changed_is_open(view.case(change))) for change in view.changes)
    if open_:
        said.append(
            say_count(
                "Who changed the code of {count} change is not wholly known.",
                "Who changed the code of {count} changes is not wholly known.",
                open_,
            )
        )
    took = len(_releasing(held))
    if took:
        said.append(
            say_count(
                "{count} person who approved the release had prompted or changed code in it.",
                "{count} persons who approved the release had prompted or changed code in it.",
                took,
            )
        )
    return line(" ".join(said))


def _approvals(change: ChangeView) -> tuple[ApprovalFact, ...]:
    return tuple(fact for fact in change.facts.approvals if fact.approval.decision == "approve" and fact.standing)


def _matrix(held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> Matrix:
    people: dict[str, Party] = {}
    cells: dict[tuple[str, str], set[int]] = {}
    for item in held:
        people.setdefault(key(item.party), item.party)
        cells.setdefault((key(item.party), item.duty), set()).add(item.change)
    bad = Counter(key(item.party) for item in clashes if item.certain)
    unsure = Counter(key(item.party) for item in clashes if not item.certain)

    def cell(who: str, duty: str) -> MatrixCell:
        own = (bad[who], unsure[who]) if duty == "Approval" else (0, 0)
        return duty_cell(people[who], len(cells.get((who, duty), ())), *own)

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
        words(say("Who held which duty: number of changes")),
        words(say("Person, agent or service")),
        tuple(words(say(duty)) for duty in DUTIES),
        tuple(
            MatrixRow(
                named(people[who]),
                words(sort_of(people[who])),
                tuple(cell(who, duty) for duty in DUTIES),
                hit=who in bad,
            )
            for who in order
        ),
        words(say("Nobody acted in this release.")),
    )


def _releasers(view: View, held: tuple[Held, ...]) -> tuple[Block, ...]:
    """Who approved the release itself and had a part in its changes, in a sentence each, with the rule about it."""
    if any(setting.rule.id == "SOD-06" for setting in view.policy.rules):
        told_ = to_say(
            "{person} approved the release and had prompted or changed the code in {share} of its changes. Whether "
            "somebody approved it who had no part in them is what SOD-06 tells."
        )
    else:
        told_ = to_say(
            "{person} approved the release and had prompted or changed the code in {share} of its changes. The rule "
            "about that, SOD-06, is off: it is shown, not judged."
        )
    return tuple(
        Paragraph(say_line(told_, person=named(party), share=share(made, len(view.changes))))
        for party, made in _releasing(held)
    )


def _releasing(held: tuple[Held, ...]) -> tuple[tuple[Party, int], ...]:
    """Whoever approved the release and had a part in its changes, with in how many."""
    found: list[tuple[Party, int]] = []
    for item in held:
        made = {one.change for one in held if one.duty in _MADE and key(one.party) == key(item.party)}
        if item.duty == "Release approval" and made:
            found.append((item.party, len(made)))
    return tuple(found)


def _clashes(view: View, clashes: tuple[Conflict, ...]) -> Table:
    return Table(
        columns((say("Change"), 22), (say("Approver"), 24), (say("What is in conflict"), 38), (say("SOD rules"), 16)),
        tuple(
            Row(
                (
                    _change(view, item.change),
                    line(named(item.party)),
                    line(_clash_words(view, item)),
                    told(_sod(item.change)),
                ),
                hit=item.certain or failing(_sod(item.change)),
            )
            for item in clashes
        ),
        words(say("None is known.")),
        words(say("Approvals by somebody who took part, or perhaps did")),
        "small",
    )


def _change(view: View, change: ChangeView) -> Line:
    return line(link(change.anchor("d"), change.label)) if view.shows(change) else line(change.label)


def _clash_words(view: View, item: Conflict) -> str:
    if not item.certain:
        return perhaps_said(item.doubts, view.dossier.parties)
    parts = dict.fromkeys(
        say("prompted the assistant") if duty in ASKED else say("took part as {duty}", duty=duty)
        for duty in item.duties
    )
    return say("approved, and {did}", did=conjoined(parts))


def _sod(change: ChangeView) -> tuple[Verdict, ...]:
    return of_rules(change.verdicts, "SOD")


def _pairs(view: View, held: tuple[Held, ...], clashes: tuple[Conflict, ...]) -> Pairs:
    by_person: dict[tuple[str, int], set[str]] = {}
    everywhere: dict[str, set[str]] = {}
    for item in held:
        if item.party.type != "person" or item.duty == "Agent":
            continue
        duty = "Prompt or code" if item.duty in _MADE else item.duty
        if item.change:
            by_person.setdefault((key(item.party), item.change), set()).add(duty)
        else:
            everywhere.setdefault(key(item.party), set()).add(duty)

    def together(one: str, other: str) -> int:
        return sum({one, other} <= duties | everywhere.get(who, set()) for (who, _), duties in by_person.items())

    return Pairs(
        words(say("Pairs of duties held by one person on one change: how many times")),
        tuple(words(say(duty)) for duty in PAIRED),
        tuple(
            tuple(together(PAIRED[place], PAIRED[other]) for other in range(place)) for place in range(1, len(PAIRED))
        ),
        _untold(view, clashes),
    )


def _untold(view: View, clashes: tuple[Conflict, ...]) -> tuple[tuple[int, ...], ...]:
    """How often it is open whether a person held both, in the places of the pairs."""
    deployers = {key(item.deployed_by): item.deployed_by for item in view.dossier.deployments}
    people = [party for party in deployers.values() if party.type in ("person", None)]
    made = sum(
        contributors.took_part(view.case(change), party, CODE | ASKED)[0] == "unknown"
        for change in view.changes
        for party in people
    )
    approved = sum(
        compare(fact.approver, party) == "unknown"
        for change in view.changes
        for fact in _approvals(change)
        for party in people
    )
    return (sum(not item.certain and item.party.type in ("person", None) for item in clashes),), (made, approved)


def _per_change(view: View) -> Table:
    return Table(
        columns(
            (say("Change"), 12),
            (say("Prompted"), 15),
            (say("Agent"), 11),
            (say("Changed the code"), 17),
            (say("Approved"), 17),
            (say("Merged"), 15),
            (say("SOD rules"), 13),
        ),
        tuple(_row(view, change) for change in view.printed),
        words(say("No change is printed.")),
        words(say("Who did what in each change")),
        "dense",
    )


def _row(view: View, change: ChangeView) -> Row:
    facts = change.facts
    parts = took_part(view.case(change))
    prompters = [item.party for item in parts if item.duty in ASKED]
    unknown = sum(item.initiator is None for item in facts.prompts)
    asked = listed_names(prompters, none=say("none recorded") if not facts.prompts else say("not recorded who"))
    if unknown and prompters:
        nameless = say_count("and {count} prompt by nobody named", "and {count} prompts by nobody named", unknown)
        asked = (*asked, *line(" ", quiet(nameless)))
    coded = listed_names(item.party for item in parts if item.duty in CODE)
    more = who_changed_is_open(view.case(change))
    if more:
        others = say("others cannot be told: {why}", why="; ".join(more))
        coded = (*coded, *line(Break(), quiet(capture(others))))
    return Row(
        (
            line(change.label),
            asked,
            listed_names(agents(view.case(change)), none=say("none")),
            coded,
            _approved(view, change),
            listed_names(landing.merged_by for landing in facts.landings),
            told(_sod(change)),
        ),
        hit=failing(_sod(change)),
        anchor=change.anchor("d"),
    )


def _approved(view: View, change: ChangeView) -> Line:
    """Who approved, each with what keeps the approval from counting, then who rejected."""
    valued = worth(view, change)
    found: dict[Line, None] = {}
    for fact in _approvals(change):
        doubt = doubted(valued.get(fact.record.index, ()))
        found[line(named(fact.approver), *((" ", doubt) if doubt else ()))] = None
    approved = joined(list(found), Break()) or line(quiet(say("nobody")))
    rejections = [fact for fact in change.facts.approvals if fact.approval.decision == "reject" and fact.standing]
    if not rejections:
        return approved
    return (
        *approved,
        Break(),
        *say_line(
            "{rejected} by {people}",
            rejected=status(Mark.FAIL, say("Rejected")),
            people=joined([line(named(fact.approver)) for fact in rejections]),
        ),
    )
