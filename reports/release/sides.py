"""Approved content beside landed content, change by change, and which came first by the ledger's time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.judged import judged
from ledger.rules.reviewed import covered_revision, sort_approvals
from reports.parts import Break, Heading, Paragraph, Row, Table, line, say_line, words
from reports.release.said import columns, digest_line, entry, entry_anchor, joined, ledger_time, link, quiet, strong
from reports.release.verdicts import failing, of_rules, told
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


def doubtful(view: View, change: ChangeView) -> tuple[ApprovalFact, ...]:
    """Where no approval is known to count: those of which it cannot be told, by entry index."""
    case = view.case(change)
    if counted(view, change):
        return ()
    found = {
        one.fact.record.index: one.fact for content in judged(case) for one in sort_approvals(case, content).unclear
    }
    return tuple(found[index] for index in sorted(found))


def before_landing(change: ChangeView, facts: tuple[ApprovalFact, ...]) -> bool:
    """Whether an approval that counts was in the ledger before each landing."""
    return bool(facts) and all(
        any(fact.record.index < landing.there_by.index for fact in facts) for landing in change.facts.landings
    )


def sides(view: View) -> tuple[Block, ...]:
    """The blocks."""
    landed = [change for change in view.changes if change.facts.landings]
    before = sum(before_landing(change, counted(view, change)) for change in landed)
    unsure = sum(bool(doubtful(view, change)) for change in landed)
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
                " ",
                say("Times here are the ledger's."),
            )
        ),
        Table(
            columns(
                (say("Change"), 12),
                (say("Approved content"), 20),
                (say("Approved"), 18),
                (say("Landed content"), 20),
                (say("Landed"), 18),
                (say("APP-01, 02, 05"), 12),
            ),
            tuple(_row(view, change) for change in view.printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
    )


def _row(view: View, change: ChangeView) -> Row:
    facts = counted(view, change)
    unsure = doubtful(view, change)
    verdicts = of_rules(change.verdicts, *_RULES)
    return Row(
        (
            line(link(change.anchor("a"), change.label)),
            _contents(view, change, facts or unsure) or line(quiet(say("no approval counts"))),
            _times(facts, unsure),
            _landed(change.facts.landings),
            _landed_at(change.facts.landings),
            told(verdicts),
        ),
        hit=failing(verdicts),
    )


def _contents(view: View, change: ChangeView, facts: tuple[ApprovalFact, ...]) -> Line:
    """What was approved, each content once, in the terms in which it can be held against what landed."""
    return joined(list(dict.fromkeys(_content(view, change, fact) for fact in facts)), Break())


def _content(view: View, change: ChangeView, fact: ApprovalFact) -> Line:
    basis = fact.approval.basis
    if basis.manifest is not None:
        return _of_content(basis.manifest, basis.tree)
    if basis.commit is None:
        return line(quiet(say("not stated")))
    revision = covered_revision(view.case(change), fact)
    if revision is None:
        return (*line(quiet(say("commit "))), *digest_line(basis.commit))
    # A forge approves a commit, which is none of what landed; the revision with that head says what it held.
    return (
        *_of_content(revision.diff.manifest, revision.diff.tree),
        *line(Break(), quiet(say("of revision {number}, approved by its commit ", number=revision.number))),
        *digest_line(basis.commit),
    )


def _of_content(manifest: str, tree: str | None) -> Line:
    said = (*line(quiet(say("manifest "))), *digest_line(manifest))
    return said if tree is None else (*said, *line(Break(), quiet(say("tree "))), *digest_line(tree))


def _times(facts: tuple[ApprovalFact, ...], unsure: tuple[ApprovalFact, ...]) -> Line:
    """When approvals that count came; where none is known to, those of which it cannot be told."""
    parts = joined([(*line(ledger_time(fact.record), Break()), *_linked(fact)) for fact in facts or unsure], Break())
    if facts:
        return parts
    if not unsure:
        return line(quiet(say("none")))
    return (*line(strong(say("cannot be told whether it counts:")), Break()), *parts)


def _linked(fact: ApprovalFact) -> Line:
    return line(link(entry_anchor(fact.record.index), entry(fact.record)))


def _landed(landings: tuple[Landing, ...]) -> Line:
    if not landings:
        return line(quiet(say("not landed")))
    last = landings[-1].merge
    return _of_content(last.manifest, last.tree)


def _landed_at(landings: tuple[Landing, ...]) -> Line:
    return joined([_one_landing(item) for item in landings], Break()) or line(quiet(say("not landed")))


def _one_landing(item: Landing) -> Line:
    at = line(ledger_time(item.there_by), Break())
    if item.pushed is None or item.pushed.index == item.record.index:
        return (*at, *line(quiet(entry(item.record))))
    return (
        *at,
        *say_line(
            "on the branch by {push}, recorded as a merge in {merge}",
            push=quiet(entry(item.pushed)),
            merge=quiet(entry(item.record)),
        ),
    )
