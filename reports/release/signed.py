"""Approvals: one signature block each, the doubtful first; what a person signed and what a forge showed apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.judged import judged
from ledger.rules.reviewed import sort_approvals
from ledger.rules.wording import with_names
from reports.parts import Heading, Line, Mark, Paragraph, Row, Section, Signature, Status, Table, line, words
from reports.release.said import (
    absent,
    claimed,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    rows,
    status,
)
from reports.release.view import MARKS
from reports.text import capture
from reports.wording import count, number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from reports.parts import Block
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "approvals"
COMMENT: Final = 600
"""Characters printed of a comment."""

DECIDED: Final = {"approve": "approved", "reject": "rejected", "withdraw": "withdrew"}
"""What somebody did who took a decision."""

_MEANINGS: Final = {
    ("approve", "review"): "I reviewed exactly this content and approve it.",
    ("approve", "approval"): "I approve exactly this content.",
    ("approve", "authorship"): "I wrote exactly this content.",
    ("approve", "responsibility"): "I take responsibility for exactly this content.",
    ("approve", "release"): "I approve this release.",
    ("approve", "exception"): "I approve this content as an exception.",
    ("reject", "review"): "I reviewed exactly this content and reject it.",
    ("reject", "release"): "I reject this release.",
}


def meaning(fact: ApprovalFact) -> Text:
    """What the decision means, spelled out from its signed label in the first person."""
    approval = fact.approval
    if approval.decision == "withdraw":
        return words("I withdraw my earlier decision.")
    known = _MEANINGS.get((approval.decision, approval.meaning))
    said = "approve" if approval.decision == "approve" else "reject"
    return capture(known or f"I {said} this content; meaning: {approval.meaning}.")


@dataclass(frozen=True, slots=True)
class Worth:
    """What a decision is worth: a status of one or two words, and the clause that explains it."""

    status: Status
    clause: Text


def worth(view: View, change: ChangeView) -> dict[int, tuple[Worth, ...]]:
    """What each decision of a change is worth, by entry index, sorted as the rules sort it."""
    case = view.case(change)
    found: dict[int, dict[Worth, None]] = {}

    def say(fact: ApprovalFact, *said: Worth) -> None:
        found.setdefault(fact.record.index, {}).update(dict.fromkeys(said))

    for content in judged(case):
        sorted_ = sort_approvals(case, content)
        for facts, mark, word, clause in (
            (sorted_.effective, Mark.PASS, "Counts", f"counts for {content.name}"),
            (
                [fact for fact, _ in sorted_.own],
                Mark.FAIL,
                "Own work",
                "not counted: its signer took part in the change",
            ),
            (sorted_.stale, Mark.FAIL, "Stale", f"not counted: it covers other content than {content.name}"),
            (sorted_.machine, Mark.FAIL, "No person", "not counted: its signer is an agent or a service"),
            (sorted_.without_role, Mark.FAIL, "No role", "not counted: without the role that the policy asks for"),
            (
                sorted_.shown_only,
                Mark.NOT_APPLICABLE,
                "Shown only",
                "not counted: the policy shows a forge's word only",
            ),
        ):
            for fact in facts:
                say(fact, _worth(mark, word, clause))
        for unclear in (*sorted_.unclear, *sorted_.stale_unclear):
            clause = with_names("; ".join(unclear.reasons), view.dossier.parties)
            say(unclear.fact, _worth(Mark.CANNOT_TELL, "Cannot tell", f"whether it counts: {clause}"))
    for fact in change.facts.approvals:
        if fact.standing and fact.approval.decision == "reject":
            say(fact, _worth(Mark.FAIL, "Rejects", "the rejection stands"))
        say(fact, *ended(fact))
    return {index: tuple(said) for index, said in found.items()}


def ended(fact: ApprovalFact) -> tuple[Worth, ...]:
    """What ended a decision, and whether its key was revoked since."""
    found: list[Worth] = []
    if fact.withdrawn_by is not None:
        found.append(_worth(Mark.NOT_APPLICABLE, "Withdrawn", f"withdrawn in {entry(fact.withdrawn_by)}"))
    if fact.superseded_by is not None:
        found.append(_worth(Mark.NOT_APPLICABLE, "Superseded", f"superseded by {entry(fact.superseded_by)}"))
    if fact.perhaps_replaced_by is not None:
        clause = f"perhaps ended by {entry(fact.perhaps_replaced_by)}, whose signer is unresolved"
        found.append(_worth(Mark.CANNOT_TELL, "Cannot tell", clause))
    if fact.key_revoked_since is not None:
        late = fact.record.index >= fact.key_revoked_since
        clause = f"its key was revoked since and counts as compromised from position {number(fact.key_revoked_since)}"
        found.append(
            _worth(Mark.CANNOT_TELL, "Key compromised", clause)
            if late
            else _worth(Mark.NOT_APPLICABLE, "Key revoked", f"{clause}; this entry is earlier")
        )
    if fact.approval.decision == "withdraw":
        found.append(_worth(Mark.NOT_APPLICABLE, "Withdrawal", "takes back an earlier decision"))
    return tuple(found)


def _worth(mark: Mark, word: str, clause: str) -> Worth:
    return Worth(status(mark, word), capture(clause, limit=500))


def approvals(view: View) -> Section:
    """The section."""
    nothing = view.changeless and not view.dossier.approvals
    return Section(
        ANCHOR,
        "5",
        words("Approvals"),
        words("Who approved what, when, in which role, and meaning what?"),
        line("No decision is recorded, neither on a change nor on the release.") if nothing else _lede(view),
        () if nothing else _blocks(view),
        brief=nothing,
    )


def _blocks(view: View) -> tuple[Block, ...]:
    blocks: list[Block] = [
        *view.left_out(),
        Table(
            columns(
                ("Change", 20), ("Decisions", 11), ("Own key", 11), ("Forge", 11), ("Decided by", 31), ("Verdict", 16)
            ),
            tuple(_summary(change) for change in view.printed),
            words("The release holds no recorded change."),
            words("Decisions on each change"),
            "small",
        ),
        Paragraph(
            line(
                "Meaning is a signed label; the sentence in each block spells it out. The time beside “Signed” is the "
                "signer's own clock with its offset; ledger time is when the entry entered the ledger, and decides "
                "order."
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
                signed.append((_gravity(said), _block(fact, _label(change, fact), said), fact.approval.attested_by))
    for fact in view.dossier.approvals:
        said = _of_release(fact)
        signed.append(
            (
                _gravity(said),
                _block(fact, line_text(f"Release {view.dossier.name}"), said),
                fact.approval.attested_by,
            )
        )
    signed.sort(key=lambda item: item[0])
    for kind, head, none in (
        ("person", "Signed with the person's own key", "No decision is signed with a person's own key."),
        (
            "forge",
            "Shown by a forge, signed by the collector that saw it",
            "No decision was brought by a forge collector.",
        ),
    ):
        of_kind = [block for _, block, attested in signed if attested == kind]
        blocks.append(Heading(words(f"{head}: {number(len(of_kind))}")))
        blocks += of_kind or [Paragraph(line(none))]
    return tuple(blocks)


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
        f"{count(len(facts), 'decision', 'decisions')} recorded: {number(own)} signed with the person's own key, "
        f"{number(len(facts) - own)} shown by a forge. {count(standing, 'approval stands', 'approvals stand')}, "
        f"{count(rejected, 'rejection stands', 'rejections stand')}."
    )


def _summary(change: ChangeView) -> Row:
    facts = change.facts.approvals
    outcome = change.in_family("APP")
    own = sum(fact.approval.attested_by == "person" for fact in facts)
    names = joined(
        [
            line(
                link(entry_anchor(fact.record.index), named(fact.approver)),
                quiet(f" {DECIDED[fact.approval.decision]}"),
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
            names or line(quiet("nobody")),
            line(quiet("no rule is on")) if outcome is None else line(status(MARKS[outcome])),
        ),
        anchor=change.anchor("a"),
    )


def _gravity(said: tuple[Worth, ...]) -> int:
    order = (Mark.FAIL, Mark.CANNOT_TELL, Mark.PASS)
    marks = [one.status.mark for one in said]
    return min((order.index(mark) if mark in order else len(order) for mark in marks), default=len(order))


def _label(change: ChangeView, fact: ApprovalFact) -> Text:
    revision = fact.record.event.context.about.revision
    return line_text(f"{change.label.plain}{'' if revision is None else f', revision {revision}'}")


def _of_release(fact: ApprovalFact) -> tuple[Worth, ...]:
    found = ended(fact)
    if fact.standing and fact.approval.decision == "approve":
        return (_worth(Mark.PASS, "Stands", "the approval of the release stands"), *found)
    if fact.standing and fact.approval.decision == "reject":
        return (_worth(Mark.FAIL, "Rejects", "the rejection of the release stands"), *found)
    return found


def _block(fact: ApprovalFact, label: Text, said: tuple[Worth, ...]) -> Signature:
    approval, record = fact.approval, fact.record
    by_person = approval.attested_by == "person"
    role = ", ".join(fact.roles) if fact.roles else "no role held then"
    if approval.role is not None:
        role += f"; acts as {approval.role}"
    pairs: list[tuple[str, Line]] = [
        ("Signed", line(claimed(record), quiet("  ledger "), ledger_time(record), f", entry {record.index}")),
        (
            "Attested by",
            line("the person: their own key" if by_person else "a forge: the key of the collector that saw it"),
        ),
        ("Key", digest_line(record.leaf.key_id, full=True)),
        *_basis(fact),
        ("Comment", _comment(fact)),
        ("Worth", joined([line(one.clause) for one in said], "; ") or line(quiet("nothing: no rule sorted it"))),
    ]
    return Signature(
        label,
        named(fact.approver),
        words(role),
        line("“", meaning(fact), "”", quiet(f" {approval.decision}, meaning: {approval.meaning}")),
        rows(*pairs),
        tuple(one.status for one in said),
        entry_anchor(record.index),
    )


def _basis(fact: ApprovalFact) -> list[tuple[str, Line]]:
    """What was signed: the digests that decide in full, the others short, and what the signer was shown."""
    basis, approval = fact.approval.basis, fact.approval
    found: list[tuple[str, Line]] = []
    for label, whole in (
        ("Manifest", basis.manifest),
        ("Commit", basis.commit),
        ("Release event", basis.release),
        ("Withdraws", approval.withdraws),
    ):
        if whole is not None:
            found.append((label, digest_line(whole, full=True)))
    parts: list[Line] = []
    for label, value in (("tree", basis.tree), ("policy", basis.policy)):
        if value is not None:
            parts.append((*line(f"{label} "), *digest_line(value)))
    if approval.decision != "withdraw":
        prompts = count(len(approval.seen.prompts), "prompt", "prompts")
        parts.append(line(f"seen: {prompts}, {count(len(approval.seen.tests), 'test run', 'test runs')}"))
    found.append(("With", joined(parts) or line(quiet("nothing else"))))
    return found


def _comment(fact: ApprovalFact) -> Line:
    if fact.comment is None:
        return line(quiet("none"))
    if isinstance(fact.comment, Absent):
        return absent(fact.comment)
    return line(capture(fact.comment, limit=COMMENT, whole=f"content comment of entry {fact.record.index}"))
