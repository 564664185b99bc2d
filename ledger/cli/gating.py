"""What a gate answers: allowed, or blocked with each reason and what mends it; and that answer as a signed event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.assessing import Assessed, change_now, of_bundle
from ledger.cli.gathering import gather_change, position_now
from ledger.cli.lastgate import LastGate
from ledger.cli.releases import as_of_now, fetch_release
from ledger.dossier.facts import ChangeDossier, ReleaseDossier
from ledger.errors import LedgerError, NotFoundError
from ledger.events.context import About, Actor
from ledger.events.governance import BlockingVerdict, GateDecision
from ledger.rules.assess import assess_change, blocking
from ledger.rules.document import encode_assessment
from ledger.rules.policy import policy_in_force
from ledger.rules.remedies import remedy
from ledger.rules.verdict import Assessment, Outcome

if TYPE_CHECKING:
    from ledger.cli.recording.recorder import Recorder
    from ledger.cli.session import Session
    from ledger.dossier.facts import Landing, Revision
    from ledger.receipt import Receipt
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Verdict

HEAD: Final = "head"
"""Stands for a rule where what is checked out is not what is recorded: then there is nothing to assess."""
MOST_BLOCKING: Final = 256
NOBODYS: Final = "resolves to no principal"
"""In what is missing: somebody must say whose an account is, before anybody approves again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a gate is asked about."""

    gate: str
    """``merge`` or ``deploy``."""
    project: str
    """Project id."""
    change: str | None
    release: str | None
    """``<product>@<version>``."""
    head: str | None
    """Commit that is about to go through; None: unknown, and not compared."""
    head_tree: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a gate stays shut."""

    rule: str
    outcome: Outcome
    sentence: str
    """With names; captured text."""
    subject: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gate found."""

    wanted: Wanted
    records: Records
    policy: PolicyRules
    assessment: Assessment
    reasons: tuple[Reason, ...]
    excepted: tuple[Verdict, ...]
    revision: Revision | None
    """The last recorded revision of the change."""
    release: ReleaseDossier | None

    @property
    def allowed(self) -> bool:
        """Whether nothing keeps it shut."""
        return not self.reasons


def ask(session: Session, wanted: Wanted) -> Answer:
    """What the gate finds now.

    Raises:
        NotFoundError: ``no-such-release``, ``no-policy``. UnavailableError: the server does not answer.
    """
    if wanted.release is not None:
        return _of_release(wanted, of_bundle(fetch_release(session, wanted.release)))
    if wanted.change is None:
        raise ValueError("a gate is asked about a change or a release")
    try:
        found = change_now(session, wanted.project, wanted.change)
    except NotFoundError as error:
        if error.slug != "no-such-change":
            raise
        return _nothing_recorded(session, wanted)
    return _answer(wanted, _about_to_land(found))


def _of_release(wanted: Wanted, found: Assessed) -> Answer:
    dossier = found.dossier
    own = dossier.record.event.context.project if isinstance(dossier, ReleaseDossier) else None
    answer = _answer(wanted, found)
    if own == wanted.project:
        return answer
    # A name is free for every project: the latest of that name may be judged by another project's easier policy.
    mends = remedy("REL-01", release=wanted.release)
    told = f"The latest release of the name {wanted.release} was recorded for another project."
    reason = Reason(HEAD, Outcome.FAIL, told, found.assessment.subject, mends.sentence, mends.command)
    return replace(answer, reasons=(reason, *answer.reasons))


def _about_to_land(found: Assessed) -> Assessed:
    """The assessment of the last revision where only earlier ones landed: what landed says nothing of what is next."""
    dossier = found.dossier
    if not isinstance(dossier, ChangeDossier) or not dossier.change.landings:
        return found
    last = dossier.change.last_revision
    if last is None or any(_landed(landing, last) for landing in dossier.change.landings):
        return found
    ahead = replace(dossier, change=replace(dossier.change, landings=()))
    return replace(found, dossier=ahead, assessment=assess_change(ahead, found.policy, found.assessment.as_of))


def _landed(landing: Landing, revision: Revision) -> bool:
    same = landing.diff is not None and landing.diff.index == revision.record.index
    return same or landing.merge.manifest == revision.diff.manifest or landing.merge.tree == revision.diff.tree


def _answer(wanted: Wanted, found: Assessed) -> Answer:
    dossier = found.dossier
    revision = dossier.change.last_revision if isinstance(dossier, ChangeDossier) else None
    release = dossier if isinstance(dossier, ReleaseDossier) else None
    reasons = [_reason(found, verdict, revision) for verdict in blocking(found.assessment, found.policy)]
    if release is None and not _is_recorded(wanted, revision):
        last = "no revision is" if revision is None else f"revision {revision.number} is the last one"
        reasons.insert(0, _head(wanted, f"What is checked out is not recorded: {last} of this change in the ledger."))
    excepted = tuple(verdict for verdict in found.assessment.verdicts if verdict.excepted_by)
    return Answer(wanted, found.records, found.policy, found.assessment, tuple(reasons), excepted, revision, release)


def _is_recorded(wanted: Wanted, revision: Revision | None) -> bool:
    if wanted.head is None:
        return True
    if revision is None:
        return False
    return wanted.head == revision.diff.head or wanted.head_tree == revision.diff.tree


def _nothing_recorded(session: Session, wanted: Wanted) -> Answer:
    position_now(session)
    records = gather_change(session, session.directory(), wanted.project, str(wanted.change))
    policy = policy_in_force(records, wanted.project)
    subject = f"change {wanted.project}/{wanted.change}"
    nothing = Assessment(subject, policy.digest, records.position, as_of_now(records), ())
    reason = _head(wanted, "Nothing about this change is recorded.")
    return Answer(wanted, records, policy, nothing, (reason,), (), None, None)


def _head(wanted: Wanted, sentence: str) -> Reason:
    mends = remedy(HEAD, change=wanted.change)
    subject = f"change {wanted.project}/{wanted.change}"
    return Reason(HEAD, Outcome.FAIL, sentence, subject, mends.sentence, mends.command)


def _reason(found: Assessed, verdict: Verdict, revision: Revision | None) -> Reason:
    from ledger.cli.check import sentence_of

    dossier = found.dossier
    if verdict.subject.startswith("change "):
        change = verdict.subject.partition("/")[2] if revision is None else revision.record.event.context.about.change
        number = None if revision is None else revision.number
        whole = dossier.name if isinstance(dossier, ReleaseDossier) else None
        mends = remedy(verdict.rule, change=change, revision=number, part_of=whole)
    else:
        mends = remedy(verdict.rule, release=dossier.name if isinstance(dossier, ReleaseDossier) else None)
    if any(NOBODYS in clause for clause in verdict.missing):
        mends = remedy("ID-04")
    return Reason(
        verdict.rule,
        verdict.outcome,
        sentence_of(verdict, found.parties),
        verdict.subject,
        mends.sentence,
        mends.command,
    )


def remembered(answer: Answer) -> LastGate:
    """What an exception takes from an answer: for what content, from which rules."""
    revision, release = answer.revision, answer.release
    return LastGate(
        project=answer.wanted.project,
        policy=answer.policy.digest,
        rules=tuple(dict.fromkeys(reason.rule for reason in answer.reasons if reason.rule != HEAD)),
        at=answer.assessment.as_of,
        change=answer.wanted.change,
        revision=None if revision is None else revision.number,
        head=None if revision is None else revision.diff.head,
        manifest=None if revision is None else revision.diff.manifest,
        tree=None if revision is None else revision.diff.tree,
        release=answer.wanted.release,
        envelope=None if release is None else release.record.envelope,
    )


def record(recorder: Recorder, answer: Answer, mode: str) -> Receipt:
    """The receipt of the signed decision.

    Raises:
        AuthorityError: the key may not sign decisions. UnavailableError: the server did not take it.
    """
    from ledger.making import new_content

    assessment, wanted = answer.assessment, answer.wanted
    blocked = tuple(BlockingVerdict(reason.outcome.value, reason.rule) for reason in answer.reasons)
    body = GateDecision(
        as_of=assessment.as_of,
        blocking=blocked[:MOST_BLOCKING],
        excepted=tuple(dict.fromkeys(verdict.rule for verdict in answer.excepted)),
        gate=wanted.gate,
        mode=mode,
        outcome="allowed" if answer.allowed else "blocked",
        policy=answer.policy.digest,
        position=assessment.position,
        release=None if answer.release is None else answer.release.record.envelope,
    )
    about = About(change=wanted.change)
    if answer.release is not None:
        about = About(release=answer.release.name)
    elif answer.revision is not None:
        shown = answer.revision.record.event.context.about
        about = replace(about, revision=shown.revision, tree=shown.tree)
    me = recorder.me()
    if me is None:
        raise recorder.unreachable
    contents = [new_content("assessment", encode_assessment(assessment))]
    project = wanted.project if answer.release is None else answer.release.record.event.context.project
    parcel = recorder.seal(body, contents, Actor(principal=me.principal), about=about, project=project)
    (outcome,) = recorder.session.deliver([parcel])
    if isinstance(outcome, LedgerError):
        raise outcome
    return outcome


def document(answer: Answer, mode: str, receipt: Receipt) -> dict[str, Any]:
    """The answer as ``--json`` prints it."""
    assessment = answer.assessment
    return {
        "gate": answer.wanted.gate,
        "mode": mode,
        "outcome": "allowed" if answer.allowed else "blocked",
        "subject": assessment.subject,
        "policy": assessment.policy,
        "position": assessment.position,
        "as_of": assessment.as_of,
        "decision": {"envelope": receipt.leaf.envelope, "index": receipt.leaf.index},
        "reasons": [
            {
                "rule": reason.rule,
                "outcome": reason.outcome.value,
                "subject": reason.subject,
                "sentence": reason.sentence,
                "remedy": reason.remedy,
                "command": reason.command,
            }
            for reason in answer.reasons
        ],
        "excepted": [
            {"rule": verdict.rule, "subject": verdict.subject, "by": [item.envelope for item in verdict.excepted_by]}
            for verdict in answer.excepted
        ],
    }
