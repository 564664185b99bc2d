"""One decision as a signature block: who, what it means, when, with which key, over what, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.parts import Line, Signature, line, say_line, words
from reports.release.said import (
    absent,
    digest_line,
    entry,
    entry_anchor,
    joined,
    named,
    quiet,
    rows,
    signed_at,
)
from reports.release.worth import DECIDED, Worth, meaning
from reports.say import say, say_count
from reports.text import capture

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from reports.release.view import PackSettings
    from reports.text import Text

COMMENT: Final = 600
"""Characters printed of a comment."""


def signature_block(fact: ApprovalFact, label: Text, said: tuple[Worth, ...], settings: PackSettings) -> Signature:
    """The block. What a forge shows stands there as such: the person signed nothing, the collector did."""
    approval, record = fact.approval, fact.record
    own = approval.attested_by == "person"
    role = ", ".join(fact.roles) if fact.roles else say("no role held then")
    if approval.role is not None:
        role = say("{roles}; acts as {role}", roles=role, role=approval.role)
    pairs: list[tuple[str, Line]] = [
        (
            say("Signed") if own else say("Recorded by the collector"),
            (*signed_at(record, settings), *line(", ", entry(record))),
        ),
        (
            say("Attested by"),
            line(say("the person: their own key") if own else say("a forge: the key of the collector that saw it")),
        ),
        (say("Key") if own else say("Key of the collector"), digest_line(record.leaf.key_id, full=True)),
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
        _meaning(fact),
        rows(*pairs),
        tuple(one.status for one in said),
        entry_anchor(record.index),
    )


def _meaning(fact: ApprovalFact) -> Line:
    approval = fact.approval
    if approval.attested_by == "person":
        labels = say(
            "{decision}, meaning: {meaning}", decision=say(DECIDED[approval.decision]), meaning=approval.meaning
        )
        return line("“", meaning(fact), "”", " ", quiet(labels))
    labels = say(
        "(label by the collector: {meaning}; no words of the person)",
        meaning=approval.meaning,
    )
    return line(meaning(fact), " ", quiet(labels))


def _basis(fact: ApprovalFact) -> list[tuple[str, Line]]:
    """What was signed: the digests that decide in full, the others short, and what the signer was shown."""
    basis, approval = fact.approval.basis, fact.approval
    found: list[tuple[str, Line]] = []
    for label, whole in (
        (say("Manifest"), basis.manifest),
        (say("Commit"), basis.commit),
        (say("Release event"), basis.release),
        (say("Exception"), basis.exception),
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
        parts.append(line(_seen(fact)))
    found.append((say("With"), joined(parts) or line(quiet(say("nothing else")))))
    return found


def _seen(fact: ApprovalFact) -> str:
    seen = fact.approval.seen
    if fact.approval.attested_by == "forge" and not seen.prompts and not seen.tests:
        # A forge does not know what its page showed, so an empty list is nobody's statement that nothing was seen.
        return say("what was seen is not recorded")
    prompts = say_count("{count} prompt", "{count} prompts", len(seen.prompts))
    runs = say_count("{count} test run", "{count} test runs", len(seen.tests))
    return say("seen: {prompts}, {runs}", prompts=prompts, runs=runs)


def _comment(fact: ApprovalFact) -> Line:
    if fact.comment is None:
        return line(quiet(say("none")))
    if isinstance(fact.comment, Absent):
        return absent(fact.comment)
    whole = say("the content “comment” of entry {index}, in the attached bundle", index=fact.record.index)
    return line(capture(fact.comment, limit=COMMENT, whole=whole))
