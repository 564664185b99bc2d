"""Segregation of duties over the period: people by duties, and approvals by somebody who took part in the change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ledger.rules.contributors import ASKED, CODE
from ledger.rules.verdict import Outcome
from reports.duties import agents, duties_said, duty_cell, key, own_work, perhaps_counted, perhaps_said, took_part
from reports.parts import (
    Line,
    Matrix,
    MatrixCell,
    MatrixRow,
    Paragraph,
    Row,
    Section,
    Table,
    line,
    words,
)
from reports.period.shown import change_line, counted, cut, tally
from reports.period.stated import meaning_blocks
from reports.release.said import columns, named, sort_of
from reports.say import say, say_count

if TYPE_CHECKING:
    from ledger.dossier.facts import Party
    from reports.parts import Block
    from reports.period.view import PeriodChange, PeriodView

ANCHOR: Final = "duties"
MOST: Final = 30
"""People, agents and services in the matrix: those in conflict first, then the most active."""
MOST_CLASHES: Final = 25
"""Conflicts printed; the rest is counted."""
DUTIES: Final = ("prompt", "agent", "code", "approval", "merge", "release", "release-approval", "deploy")
FAMILY: Final = "SOD-"
"""Of the rules about duties."""


@dataclass(slots=True)
class Held:
    """The duties of one party: for each of them, how many changes, releases or deployments."""

    party: Party
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Clash:
    """A standing approval by somebody who prompted or changed the code of the same change, or perhaps did."""

    change: PeriodChange
    party: Party
    duties: tuple[str, ...]
    doubts: tuple[str, ...]
    """Clauses that leave open whether the approver took part; none: they did."""

    @property
    def certain(self) -> bool:
        """Whether the approver took part."""
        return not self.doubts


def held_duties(view: PeriodView) -> dict[str, Held]:
    """Every party that held a duty, by what makes two parties one row."""
    found: dict[str, Held] = {}

    def hold(duty: str, parties: list[Party]) -> None:
        for who in {key(party): party for party in parties}.values():
            found.setdefault(key(who), Held(who)).counts[duty] += 1

    for change in view.changes:
        parts = took_part(view.case(change))
        hold("prompt", [item.party for item in parts if item.duty in ASKED])
        hold("agent", list(agents(view.case(change))))
        hold("code", [item.party for item in parts if item.duty in CODE])
        approvals = [item for item in change.facts.approvals if item.standing and item.approval.decision == "approve"]
        hold("approval", [item.approver for item in approvals])
        hold("merge", [landing.merged_by for landing in change.facts.landings])
    for release in view.dossier.releases:
        hold("release", [release.released_by])
        decided = [item for item in release.approvals if item.standing and item.approval.decision == "approve"]
        hold("release-approval", [item.approver for item in decided])
    for deployment in view.dossier.surroundings.deployments:
        hold("deploy", [deployment.deployed_by])
    return found


def clashes(view: PeriodView) -> tuple[Clash, ...]:
    """Approvals of work that the approver took part in, or may have, in the order of the changes."""
    return tuple(
        Clash(change, party, duties, doubts)
        for change in view.changes
        for party, duties, doubts in own_work(view.case(change))
    )


def duties(view: PeriodView) -> Section:
    """The section."""
    held, found = held_duties(view), clashes(view)
    return Section(
        ANCHOR,
        "11",
        words(say("Segregation of duties")),
        words(say("Who wrote, prompted, reviewed, released and deployed: were they different people?")),
        _lede(held, found),
        _blocks(view, held, found) if held else (),
        brief=not held,
    )


def _lede(held: dict[str, Held], found: tuple[Clash, ...]) -> Line:
    if not held:
        return line(say("Nobody held a duty: no change landed, nothing was released and nothing was deployed."))
    certain = sum(item.certain for item in found)
    said = duties_said(len(held), certain)
    if len(found) > certain:
        unsure = len(found) - certain
        said.append(perhaps_counted(unsure))
    return line(" ".join(said))


def _blocks(view: PeriodView, held: dict[str, Held], found: tuple[Clash, ...]) -> tuple[Block, ...]:
    shown, rest = cut(
        tuple(
            Row(
                (
                    change_line(view, item.change),
                    line(item.change.title),
                    line(named(item.party)),
                    line(_clash_words(view, item)),
                ),
                hit=item.certain,
            )
            for item in found
        ),
        MOST_CLASHES,
        "duties",
    )
    left = len(held) - MOST
    return (
        _matrix(held, found),
        *(
            (
                Paragraph(
                    line(
                        say_count(
                            "{count} less active party is not in the matrix; all are in the attached register "
                            "“duties”.",
                            "{count} less active parties are not in the matrix; all are in the attached register "
                            "“duties”.",
                            left,
                        )
                    ),
                    small=True,
                ),
            )
            if left > 0
            else ()
        ),
        Paragraph(
            line(
                say(
                    "Solid box: person. Dashed box: agent or service. Filled box with “!”: approvals by somebody who "
                    "took part in the same change. Double box with “?”: it cannot be told who it was, or whether the "
                    "approver took part. Agent: who answered prompts or pushed, and is no person. Numbers count "
                    "changes, releases and deployments."
                )
            ),
            small=True,
        ),
        Table(
            columns((say("Change"), 18), (say("What"), 26), (say("Approver"), 24), (say("What is in conflict"), 32)),
            shown,
            words(say("None is known.")),
            words(say("Approvals by somebody who took part, or perhaps did")),
            "small",
        ),
        *rest,
        _rules(view),
        *meaning_blocks(view),
    )


def _matrix(held: dict[str, Held], found: tuple[Clash, ...]) -> Matrix:
    bad = Counter(key(item.party) for item in found if item.certain)
    unsure = Counter(key(item.party) for item in found if not item.certain)
    order = sorted(
        held,
        key=lambda who: (
            who not in bad,
            who not in unsure,
            held[who].party.type != "person",
            -sum(held[who].counts.values()),
        ),
    )[:MOST]

    def cell(who: str, duty: str) -> MatrixCell:
        own = (bad[who], unsure[who]) if duty == "approval" else (0, 0)
        return duty_cell(held[who].party, held[who].counts[duty], *own)

    heads = (
        say("Prompt"),
        say("Agent"),
        say("Code"),
        say("Approval"),
        say("Merge"),
        say("Release"),
        say("Release approval"),
        say("Deploy"),
    )
    return Matrix(
        words(say("Who held which duty, and how often")),
        words(say("Person, agent or service")),
        tuple(map(words, heads)),
        tuple(
            MatrixRow(
                named(held[who].party),
                words(sort_of(held[who].party)),
                tuple(cell(who, duty) for duty in DUTIES),
                hit=who in bad,
            )
            for who in order
        ),
        words(say("Nobody held a duty.")),
    )


def _clash_words(view: PeriodView, item: Clash) -> str:
    if not item.certain:
        return perhaps_said(item.doubts, view.dossier.parties)
    took = ", ".join(dict.fromkeys(_duty(duty) for duty in item.duties))
    return say("approved, and took part: {duties}", duties=took)


def _duty(duty: str) -> str:
    return {
        "author": say("author"),
        "committer": say("committer"),
        "co-author": say("co-author"),
        "pusher": say("pusher"),
        "prompter": say("prompted the assistant"),
        "suggester": say("suggested code"),
        "resolver": say("resolved a conflict"),
    }.get(duty, duty)


def _rules(view: PeriodView) -> Table:
    on = [setting.rule for setting in view.rules if setting.rule.id.startswith(FAMILY)]
    body: list[Row] = []
    for rule in on:
        counts = tally(verdict for verdict in view.verdicts if verdict.rule == rule.id)
        body.append(
            Row(
                (
                    line(f"{rule.id} {rule.title}"),
                    *(counted(outcome, many) for outcome, many in counts.items()),
                ),
                hit=bool(counts[Outcome.FAIL]),
            )
        )
    return Table(
        columns(
            (say("Rule"), 44),
            (say("Fail"), 14),
            (say("Cannot tell"), 14),
            (say("Pass"), 14),
            (say("Not applicable"), 14),
        ),
        tuple(body),
        words(say("No rule about duties is on in this policy.")),
        words(say("What the rules about duties found")),
        "small",
    )
