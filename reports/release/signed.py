"""Approvals: one signature block each, the doubtful first; what a person signed and what a forge showed apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.parts import Heading, Line, Mark, Paragraph, Row, Section, Signature, Table, line, say_line, words
from reports.release.said import (
    absent,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    link,
    named,
    quiet,
    rows,
    signed_at,
    status,
)
from reports.release.sides import sides
from reports.release.view import MARKS
from reports.release.worth import DECIDED, Worth, ended, meaning, valued, worth
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from reports.parts import Block
    from reports.release.view import ChangeView, PackSettings, View
    from reports.text import Text

ANCHOR: Final = "approvals"
SIGNATURES: Final = "signatures"
"""Anchor of the signature blocks."""
COMMENT: Final = 600
"""Characters printed of a comment."""


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
                (say("Change"), 20),
                (say("Decisions"), 11),
                (say("Own key"), 11),
                (say("Forge"), 11),
                (say("Decided by"), 31),
                (say("Verdict"), 16),
            ),
            tuple(_summary(change) for change in view.printed),
            words(say("The release holds no recorded change.")),
            words(say("Decisions on each change")),
            "small",
        ),
        *sides(view),
        Heading(words(say("Signatures")), SIGNATURES),
        Paragraph(
            line(
                say(
                    "Meaning is a signed label; the sentence in each block spells it out. The time beside “Signed” is "
                    "the signer's own clock with its offset; ledger time is when the entry entered the ledger, and "
                    "decides order."
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
                    (_gravity(said), _block(fact, _label(change, fact), said, view.settings), fact.approval.attested_by)
                )
    for fact in view.dossier.approvals:
        said = _of_release(fact)
        signed.append(
            (
                _gravity(said),
                _block(fact, line_text(say("Release {name}", name=view.dossier.name)), said, view.settings),
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
            blocks.append(Paragraph(line(say(none))))
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
    standing = sum(fact.standing and fact.approval.decision == "approve" for fact in facts)
    rejected = sum(fact.standing and fact.approval.decision == "reject" for fact in facts)
    return line(
        say(
            "{decisions} recorded: {own} signed with the person's own key, {shown} shown by a forge. {approvals}, "
            "{rejections}.",
            decisions=say_count("{count} decision", "{count} decisions", len(facts)),
            own=number(own),
            shown=number(len(facts) - own),
            approvals=say_count("{count} approval stands", "{count} approvals stand", standing),
            rejections=say_count("{count} rejection stands", "{count} rejections stand", rejected),
        )
    )


def _summary(change: ChangeView) -> Row:
    facts = change.facts.approvals
    outcome = change.in_family("APP")
    own = sum(fact.approval.attested_by == "person" for fact in facts)
    names = joined(
        [
            line(
                link(entry_anchor(fact.record.index), named(fact.approver)),
                quiet(f" {say(DECIDED[fact.approval.decision])}"),
            )
            for fact in facts
        ]
    )
    return Row(
        (
            line(change.label),
            line(number(len(facts))),
            line(number(own)),
            line(number(len(facts) - own)),
            names or line(quiet(say("nobody"))),
            line(quiet(say("no rule is on"))) if outcome is None else line(status(MARKS[outcome])),
        ),
        anchor=change.anchor("a"),
    )


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


def _block(fact: ApprovalFact, label: Text, said: tuple[Worth, ...], settings: PackSettings) -> Signature:
    approval, record = fact.approval, fact.record
    by_person = approval.attested_by == "person"
    role = ", ".join(fact.roles) if fact.roles else say("no role held then")
    if approval.role is not None:
        role = say("{roles}; acts as {role}", roles=role, role=approval.role)
    pairs: list[tuple[str, Line]] = [
        (say("Signed"), (*signed_at(record, settings), *line(", ", entry(record)))),
        (
            say("Attested by"),
            line(
                say("the person: their own key") if by_person else say("a forge: the key of the collector that saw it")
            ),
        ),
        (say("Key"), digest_line(record.leaf.key_id, full=True)),
        *_basis(fact),
        (say("Comment"), _comment(fact)),
        (
            say("Worth"),
            joined([line(one.clause) for one in said], "; ") or line(quiet(say("nothing: no rule sorted it"))),
        ),
    ]
    return Signature(
        label,
        named(fact.approver),
        words(role),
        line(
            "“",
            meaning(fact),
            "”",
            " ",
            quiet(say("{decision}, meaning: {meaning}", decision=approval.decision, meaning=approval.meaning)),
        ),
        rows(*pairs),
        tuple(one.status for one in said),
        entry_anchor(record.index),
    )


def _basis(fact: ApprovalFact) -> list[tuple[str, Line]]:
    """What was signed: the digests that decide in full, the others short, and what the signer was shown."""
    basis, approval = fact.approval.basis, fact.approval
    found: list[tuple[str, Line]] = []
    for label, whole in (
        (say("Manifest"), basis.manifest),
        (say("Commit"), basis.commit),
        (say("Release event"), basis.release),
        (say("Withdraws"), approval.withdraws),
    ):
        if whole is not None:
            found.append((label, digest_line(whole, full=True)))
    parts: list[Line] = []
    if basis.tree is not None:
        parts.append(say_line("tree {digest}", digest=digest_line(basis.tree)))
    if basis.policy is not None:
        parts.append(say_line("policy {digest}", digest=digest_line(basis.policy)))
    if approval.decision != "withdraw":
        prompts = say_count("{count} prompt", "{count} prompts", len(approval.seen.prompts))
        runs = say_count("{count} test run", "{count} test runs", len(approval.seen.tests))
        parts.append(line(say("seen: {prompts}, {runs}", prompts=prompts, runs=runs)))
    found.append((say("With"), joined(parts) or line(quiet(say("nothing else")))))
    return found


def _comment(fact: ApprovalFact) -> Line:
    if fact.comment is None:
        return line(quiet(say("none")))
    if isinstance(fact.comment, Absent):
        return absent(fact.comment)
    return line(
        capture(fact.comment, limit=COMMENT, whole=say("content comment of entry {index}", index=fact.record.index))
    )
