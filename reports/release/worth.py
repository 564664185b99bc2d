"""What decisions mean and are worth: their labels in the first person, and how the rules sort them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.judged import judged
from ledger.rules.reviewed import sort_approvals
from ledger.rules.wording import with_names
from reports.parts import Mark, Status, words
from reports.release.said import entry, status
from reports.say import say, to_say
from reports.text import Text, capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from reports.release.view import ChangeView, View

DECIDED: Final = {
    "approve": to_say("approved"),
    "reject": to_say("rejected"),
    "withdraw": to_say("withdrew"),
    "abstain": to_say("abstained"),
}
"""What somebody did who took a decision."""

_MEANINGS: Final = {
    ("approve", "review"): to_say("I reviewed exactly this content and approve it."),
    ("approve", "approval"): to_say("I approve exactly this content."),
    ("approve", "authorship"): to_say("I wrote exactly this content."),
    ("approve", "responsibility"): to_say("I take responsibility for exactly this content."),
    ("approve", "release"): to_say("I approve this release."),
    ("approve", "exception"): to_say("I approve this content as an exception."),
    ("reject", "review"): to_say("I reviewed exactly this content and reject it."),
    ("reject", "release"): to_say("I reject this release."),
}


_OF_EXCEPTIONS: Final = {
    ("approve", "authorisation"): to_say("I authorise this exception."),
    ("approve", "review"): to_say("I looked at this exception and agree with it."),
    ("reject", "authorisation"): to_say("I refuse this exception."),
    ("reject", "review"): to_say("I looked at this exception and do not agree with it."),
}


_SHOWN: Final = {
    "approve": to_say("The forge shows: approved"),
    "reject": to_say("The forge shows: rejected"),
    "withdraw": to_say("The forge shows: an earlier decision withdrawn"),
    "abstain": to_say("The forge shows: neither approved nor rejected"),
}


def meaning(fact: ApprovalFact) -> Text:
    """What the decision means: of a person's own, spelled out from its signed label in the first person.

    What a forge shows has nobody's signed words: it is told as what the collector saw (design: the two are apart).
    """
    approval = fact.approval
    if approval.attested_by == "forge":
        return words(say(_SHOWN[approval.decision]))
    if approval.decision == "withdraw":
        return words(say("I withdraw my earlier decision."))
    if approval.decision == "abstain":
        # A comment in review, as forges have it: it opens nothing and refuses nothing.
        return words(say("I looked at this content and decide nothing about it."))
    known = (_MEANINGS if approval.basis.exception is None else _OF_EXCEPTIONS).get(
        (approval.decision, approval.meaning)
    )
    if known is not None:
        return words(say(known))
    if approval.decision == "approve":
        return capture(say("I approve this content; meaning: {meaning}.", meaning=approval.meaning))
    return capture(say("I reject this content; meaning: {meaning}.", meaning=approval.meaning))


@dataclass(frozen=True, slots=True)
class Worth:
    """What a decision is worth: a status of one or two words, and the clause that explains it."""

    status: Status
    clause: Text


def doubted(said: tuple[Worth, ...]) -> Status | None:
    """What keeps a decision from counting, in a word: the first failure or doubt; None: nothing is known to."""
    if any(one.status.mark is Mark.PASS for one in said):
        return None
    return next((one.status for one in said if one.status.mark in (Mark.FAIL, Mark.CANNOT_TELL)), None)


def worth(view: View, change: ChangeView) -> dict[int, tuple[Worth, ...]]:
    """What each decision of a change is worth, by entry index, sorted as the rules sort it."""
    case = view.case(change)
    found: dict[int, dict[Worth, None]] = {}

    def tell(fact: ApprovalFact, *said: Worth) -> None:
        found.setdefault(fact.record.index, {}).update(dict.fromkeys(said))

    for content in judged(case):
        sorted_ = sort_approvals(case, content)
        for facts, mark, word, clause in (
            (sorted_.effective, Mark.PASS, say("Counts"), say("counts for {content}", content=content.name)),
            (
                [fact for fact, _ in sorted_.own],
                Mark.FAIL,
                say("Own work"),
                say("not counted: its signer took part in the change"),
            ),
            (
                sorted_.stale,
                Mark.FAIL,
                say("Stale"),
                say("not counted: it covers other content than {content}", content=content.name),
            ),
            (
                sorted_.machine,
                Mark.FAIL,
                say("No person"),
                say("not counted: its signer is an agent or a service"),
            ),
            (
                sorted_.without_role,
                Mark.FAIL,
                say("No role"),
                say("not counted: without the role that the policy asks for"),
            ),
            (
                sorted_.unattended,
                Mark.FAIL,
                say("Not touched"),
                say(
                    "not counted: its key did not record the touch or the check of the person that the policy asks for"
                ),
            ),
            (
                sorted_.shown_only,
                Mark.NOT_APPLICABLE,
                say("Shown only"),
                say("not counted: the policy shows a forge's word only"),
            ),
        ):
            for fact in facts:
                tell(fact, valued(mark, word, clause))
        for unclear in (*sorted_.unclear, *sorted_.stale_unclear):
            clause = with_names("; ".join(unclear.reasons), view.dossier.parties)
            doubt = say("it cannot be told whether it counts: {reasons}", reasons=clause)
            tell(unclear.fact, valued(Mark.CANNOT_TELL, say("Cannot tell"), doubt))
    for fact in change.facts.approvals:
        if fact.standing and fact.approval.decision == "reject":
            tell(fact, valued(Mark.FAIL, say("Rejects"), say("the rejection stands")))
        if fact.approval.decision == "abstain":
            tell(fact, valued(Mark.NOT_APPLICABLE, say("Abstains"), say("an abstention decides nothing")))
        tell(fact, *ended(fact))
    return {index: tuple(said) for index, said in found.items()}


def ended(fact: ApprovalFact) -> tuple[Worth, ...]:
    """What ended a decision, and whether its key was revoked since."""
    found: list[Worth] = []
    if fact.withdrawn_by is not None:
        clause = say("withdrawn in {entry}", entry=entry(fact.withdrawn_by))
        found.append(valued(Mark.NOT_APPLICABLE, say("Withdrawn"), clause))
    if fact.superseded_by is not None:
        clause = say("superseded by {entry}", entry=entry(fact.superseded_by))
        found.append(valued(Mark.NOT_APPLICABLE, say("Superseded"), clause))
    if fact.perhaps_replaced_by is not None:
        clause = say("perhaps ended by {entry}, whose signer is unresolved", entry=entry(fact.perhaps_replaced_by))
        found.append(valued(Mark.CANNOT_TELL, say("Cannot tell"), clause))
    if fact.key_revoked_since is not None:
        late = fact.record.index >= fact.key_revoked_since
        since = number(fact.key_revoked_since)
        found.append(
            valued(
                Mark.CANNOT_TELL,
                say("Key compromised"),
                say("its key was revoked since and counts as compromised from position {position}", position=since),
            )
            if late
            else valued(
                Mark.NOT_APPLICABLE,
                say("Key revoked"),
                say(
                    "its key was revoked since and counts as compromised from position {position}; this entry is "
                    "earlier",
                    position=since,
                ),
            )
        )
    if fact.approval.decision == "withdraw":
        found.append(valued(Mark.NOT_APPLICABLE, say("Withdrawal"), say("takes back an earlier decision")))
    return tuple(found)


def valued(mark: Mark, word: str, clause: str) -> Worth:
    """That much: a mark with its word, and why."""
    return Worth(status(mark, word), capture(clause, limit=500))
