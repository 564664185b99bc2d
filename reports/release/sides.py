"""Approved content beside landed content, change by change, and which came first by the ledger's time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.judged import judged
from ledger.rules.reviewed import sort_approvals
from ledger.rules.verdict import Outcome
from reports.parts import Break, Heading, Paragraph, Row, Table, line, words
from reports.release.said import columns, digest_line, entry, entry_anchor, ledger_time, link, quiet, status
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact, Landing
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

ANCHOR: Final = "sides"
_RULES: Final = ("APP-01", "APP-02", "APP-05")


def counted(view: View, change: ChangeView) -> tuple[ApprovalFact, ...]:
    """Approvals that count for something that is judged of the change, as the rules sort them, by entry index."""
    case = view.case(change)
    found = {fact.record.index: fact for content in judged(case) for fact in sort_approvals(case, content).effective}
    return tuple(found[index] for index in sorted(found))


def doubtful(view: View, change: ChangeView) -> bool:
    """Whether no approval is known to count, and of one it cannot be told."""
    case = view.case(change)
    return not counted(view, change) and any(sort_approvals(case, content).unclear for content in judged(case))


def before_landing(change: ChangeView, facts: tuple[ApprovalFact, ...]) -> bool:
    """Whether an approval that counts was in the ledger before each landing."""
    return bool(facts) and all(
        any(fact.record.index < landing.there_by.index for fact in facts) for landing in change.facts.landings
    )


def sides(view: View) -> tuple[Block, ...]:
    """The blocks."""
    landed = [change for change in view.changes if change.facts.landings]
    before = sum(before_landing(change, counted(view, change)) for change in landed)
    unsure = sum(doubtful(view, change) for change in landed)
    deployed = [item for item in view.dossier.deployments if item.deploy.status == "succeeded"]
    said = (
        say("No deployment that succeeded is recorded.")
        if not deployed
        else say(
            "The first deployment that succeeded is {entry}, {at}.",
            entry=entry(deployed[0].record),
            at=ledger_time(deployed[0].record),
        )
    )
    return (
        Heading(words(say("Approved and landed, side by side")), ANCHOR),
        Paragraph(
            line(
                say_count(
                    "{before} of {count} landed change had an approval that counts in the ledger before it landed.",
                    "{before} of {count} landed changes had an approval that counts in the ledger before they landed.",
                    len(landed),
                    before=number(before),
                ),
                " ",
                *(
                    (say_count("Of {count} it cannot be told.", "Of {count} it cannot be told.", unsure), " ")
                    if unsure
                    else ()
                ),
                said,
            )
        ),
        Table(
            columns(
                (say("Change"), 12),
                (say("Approved content"), 22),
                (say("Approved, ledger time"), 16),
                (say("Landed content"), 22),
                (say("Landed, ledger time"), 16),
                (say("Verdict"), 12),
            ),
            tuple(_row(view, change) for change in view.printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
    )


def _row(view: View, change: ChangeView) -> Row:
    facts = counted(view, change)
    outcome = next(
        (
            outcome
            for outcome in MARKS
            if any(verdict.rule in _RULES and verdict.outcome is outcome for verdict in change.verdicts)
        ),
        None,
    )
    return Row(
        (
            line(link(change.anchor("a"), change.label)),
            _approved(facts, unsure=doubtful(view, change)),
            _times(facts),
            _landed(change.facts.landings),
            _landed_at(change.facts.landings),
            line(quiet(say("no rule is on"))) if outcome is None else line(status(MARKS[outcome])),
        ),
        hit=outcome is Outcome.FAIL,
    )


def _approved(facts: tuple[ApprovalFact, ...], *, unsure: bool) -> Line:
    if unsure:
        return line(quiet(say("whether an approval counts cannot be told")))
    if not facts:
        return line(quiet(say("no approval counts")))
    last = facts[-1].approval.basis
    if last.manifest is not None:
        said = (*line(quiet(say("manifest "))), *digest_line(last.manifest))
        return said if last.tree is None else (*said, *line(Break(), quiet(say("tree "))), *digest_line(last.tree))
    if last.commit is not None:
        return (*line(quiet(say("commit "))), *digest_line(last.commit))
    return line(quiet(say("not stated")))


def _times(facts: tuple[ApprovalFact, ...]) -> Line:
    parts: Line = ()
    for place, fact in enumerate(facts):
        parts = (
            *parts,
            *line(*((Break(),) if place else ()), ledger_time(fact.record)[:16], Break()),
            *line(link(entry_anchor(fact.record.index), entry(fact.record))),
        )
    return parts or line(quiet(say("none")))


def _landed(landings: tuple[Landing, ...]) -> Line:
    if not landings:
        return line(quiet(say("not landed")))
    last = landings[-1].merge
    return (
        *line(quiet(say("manifest "))),
        *digest_line(last.manifest),
        *line(Break(), quiet(say("tree "))),
        *digest_line(last.tree),
    )


def _landed_at(landings: tuple[Landing, ...]) -> Line:
    parts: Line = ()
    for place, item in enumerate(landings):
        parts = (
            *parts,
            *line(*((Break(),) if place else ()), ledger_time(item.there_by)[:16], Break()),
            *line(quiet(entry(item.there_by))),
        )
    return parts or line(quiet(say("not landed")))
