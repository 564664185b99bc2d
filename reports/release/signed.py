"""Approvals: one signature block each, the doubtful first; what a person signed and what a forge showed apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import (
    Break,
    Heading,
    Line,
    Mark,
    Paragraph,
    Row,
    Section,
    Signature,
    Table,
    line,
    say_count_line,
    say_line,
    words,
)
from reports.release.said import columns, entry_anchor, joined, link, named, quiet, status
from reports.release.sides import sides
from reports.release.signature import signature_block
from reports.release.verdicts import failing, of_rules, told
from reports.release.view import about_release
from reports.release.worth import DECIDED, Worth, doubted, ended, valued, worth
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from ledger.rules.verdict import Verdict
    from reports.parts import Block, Status
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "approvals"
SIGNATURES: Final = "signatures"
"""Anchor of the signature blocks."""
_EXCEPTIONS: Final = "exceptions"
_ROLES: Final = "roles"
"""Anchors of the places that show decisions on exceptions and on who has access."""


def approvals(view: View) -> Section:
    """The section."""
    nothing = view.changeless and not view.dossier.approvals
    return Section(
        ANCHOR,
        "6",
        words(say("Approvals")),
        words(say("Who approved what, when, in which role, and meaning what?")),
        line(say("No decision is recorded, neither on a change nor on the release.")) if nothing else _lede(view),
        () if nothing else _blocks(view),
        brief=nothing,
    )


def _blocks(view: View) -> tuple[Block, ...]:
    blocks: list[Block] = [
        *view.left_out(),
        Table(
            columns(
                (say("Change, or the release"), 25),
                (say("Decisions"), 9),
                (say("Own key"), 8),
                (say("Forge"), 7),
                (say("Decided by"), 35),
                (say("APP rules"), 16),
            ),
            (*(_summary(view, change) for change in view.printed), _of_release_row(view)),
            words(say("No decision is recorded.")),
            words(say("Decisions on each change, and on the release")),
            "small",
        ),
        *_elsewhere(view),
        *sides(view),
        Heading(words(say("Signatures")), SIGNATURES),
        Paragraph(
            line(
                say(
                    "Meaning is a signed label; the sentence in each block spells it out. The time beside “Signed” is "
                    "the signer's own clock with its offset; ledger time is when the entry entered the ledger, and "
                    "decides order. First stand decisions that do not count, then doubtful ones, then those that "
                    "count, then those that ended."
                )
            ),
            small=True,
        ),
    ]
    signed: list[tuple[int, Signature, str]] = []
    placed: set[int] = set()
    for change in view.printed:
        statuses = worth(view, change)
        for fact in change.facts.approvals:
            if fact.record.index not in placed:
                placed.add(fact.record.index)
                said = statuses.get(fact.record.index, ())
                signed.append(
                    (
                        _gravity(said),
                        signature_block(fact, _label(change, fact), said, view.settings),
                        fact.approval.attested_by,
                    )
                )
    for fact in view.dossier.approvals:
        said = _of_release(fact)
        signed.append(
            (
                _gravity(said),
                signature_block(fact, line_text(say("Release {name}", name=view.dossier.name)), said, view.settings),
                fact.approval.attested_by,
            )
        )
    signed.sort(key=lambda item: item[0])
    of_kinds: list[Block] = []
    for kind, head, none in (
        (
            "person",
            to_say("Signed with the person's own key: {count}"),
            to_say("No decision is signed with a person's own key."),
        ),
        (
            "forge",
            to_say("Shown by a forge, signed by the collector that saw it: {count}"),
            to_say("No decision was brought by a forge collector."),
        ),
    ):
        of_kind = [block for _, block, attested in signed if attested == kind]
        if of_kind:
            of_kinds += [Heading(words(say(head, count=number(len(of_kind))))), *of_kind]
        else:
            blocks.append(Paragraph(line(say(none)), small=True))
    return (*blocks, *of_kinds)


def line_text(text: str) -> Text:
    """A label from captured words."""
    return capture(text, limit=120)


def decisions(view: View) -> tuple[ApprovalFact, ...]:
    """Every decision on the release and its changes."""
    return (*(fact for change in view.changes for fact in change.facts.approvals), *view.dossier.approvals)


def _lede(view: View) -> Line:
    facts = decisions(view)
    own = sum(fact.approval.attested_by == "person" for fact in facts)
    rejected = sum(fact.standing and fact.approval.decision == "reject" for fact in facts)
    of_release = sum(fact.standing and fact.approval.decision == "approve" for fact in view.dossier.approvals)
    standing = [
        valued_.get(fact.record.index, ())
        for change in view.changes
        for valued_ in (worth(view, change),)
        for fact in change.facts.approvals
        if fact.standing and fact.approval.decision == "approve"
    ]
    count = sum(any(one.status.mark is Mark.PASS for one in said) for said in standing)
    doubts = [doubted(said) for said in standing]
    unsure = sum(one is not None and one.mark is Mark.CANNOT_TELL for one in doubts)
    return line(
        say_count(
            "{count} decision on changes and the release: {own} signed with the person's own key, {shown} shown by "
            "a forge.",
            "{count} decisions on changes and the release: {own} signed with the person's own key, {shown} shown "
            "by a forge.",
            len(facts),
            own=number(own),
            shown=number(len(facts) - own),
        ),
        " ",
        say_count(
            "{count} approval of a change stands: {valid} counting, {not_} not counting, {unsure} that cannot be told.",
            "{count} approvals of changes stand: {valid} counting, {not_} not counting, {unsure} that cannot be told.",
            len(standing),
            valid=number(count),
            not_=number(len(standing) - count - unsure),
            unsure=number(unsure),
        ),
        " ",
        say(
            "{approvals}, {rejections}.",
            approvals=say_count(
                "{count} approval of the release stands", "{count} approvals of the release stand", of_release
            ),
            rejections=say_count("{count} rejection stands", "{count} rejections stand", rejected),
        ),
    )


def _elsewhere(view: View) -> tuple[Block, ...]:
    """How many decisions on exceptions and on who has access there are beside these, and where they stand."""
    excepting = sum(
        len(item.decisions)
        for item in (*view.dossier.exceptions, *(one for change in view.changes for one in change.facts.exceptions))
    )
    of_access = len(view.dossier.surroundings.access_reviews)
    parts: list[Line] = []
    if excepting:
        parts.append(
            say_count_line(
                "{count} decision on an exception ({place})",
                "{count} decisions on exceptions ({place})",
                excepting,
                place=link(_EXCEPTIONS, say("Exceptions and bypasses"), page=True),
            )
        )
    if of_access:
        parts.append(
            say_count_line(
                "{count} decision on who has access ({place})",
                "{count} decisions on who has access ({place})",
                of_access,
                place=link(_ROLES, say("Roles and keys"), page=True),
            )
        )
    if not parts:
        return ()
    return (Paragraph(say_line("Not among these: {others}.", others=joined(parts)), small=True),)


def _summary(view: View, change: ChangeView) -> Row:
    verdicts = of_rules(change.verdicts, "APP")
    return _decided(line(change.label), change.facts.approvals, worth(view, change), verdicts, change.anchor("a"))


def _of_release_row(view: View) -> Row:
    verdicts = tuple(one for one in of_rules(view.verdicts, "APP") if about_release(one, view.dossier))
    return _decided(
        line(line_text(say("Release {name}", name=view.dossier.name))), view.dossier.approvals, {}, verdicts
    )


def _decided(
    what: Line,
    facts: tuple[ApprovalFact, ...],
    valued_: dict[int, tuple[Worth, ...]],
    verdicts: tuple[Verdict, ...],
    anchor: str = "",
) -> Row:
    own = sum(fact.approval.attested_by == "person" for fact in facts)
    names = [_name(fact, doubted(valued_.get(fact.record.index, ()))) for fact in facts]
    return Row(
        (
            what,
            line(number(len(facts))),
            line(number(own)),
            line(number(len(facts) - own)),
            joined(names, Break()) or line(quiet(say("nobody"))),
            told(verdicts),
        ),
        hit=failing(verdicts),
        anchor=anchor,
    )


def _name(fact: ApprovalFact, doubt: Status | None) -> Line:
    """Who decided and what; an approval with what keeps it from counting, a standing rejection by its sign."""
    decision = fact.approval.decision
    who = line(link(entry_anchor(fact.record.index), named(fact.approver)), " ")
    if decision == "reject" and fact.standing:
        return (*who, status(Mark.FAIL, say("Rejected")))
    return (*who, *line(quiet(say(DECIDED[decision])), *((" ", doubt) if doubt is not None else ())))


def _gravity(said: tuple[Worth, ...]) -> int:
    order = (Mark.FAIL, Mark.CANNOT_TELL, Mark.PASS)
    marks = [one.status.mark for one in said]
    return min((order.index(mark) if mark in order else len(order) for mark in marks), default=len(order))


def _label(change: ChangeView, fact: ApprovalFact) -> Text:
    revision = fact.record.event.context.about.revision
    if revision is None:
        return change.label
    return line_text(say("{change}, revision {revision}", change=change.label.plain, revision=revision))


def _of_release(fact: ApprovalFact) -> tuple[Worth, ...]:
    found = ended(fact)
    if fact.standing and fact.approval.decision == "approve":
        return (valued(Mark.PASS, say("Stands"), say("the approval of the release stands")), *found)
    if fact.standing and fact.approval.decision == "reject":
        return (valued(Mark.FAIL, say("Rejects"), say("the rejection of the release stands")), *found)
    return found
