"""Who may sign what at a position (format §7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import AuthorityError, ConflictError
from ledger.events.evidence import Pack, Reconciliation
from ledger.events.forge import ReviewNote
from ledger.events.governance import DeclaredException, GateDecision
from ledger.events.roster import COLLECTOR, Act, Genesis
from ledger.events.work import Approval, Diff, Prompt, Release
from ledger.roster.acts import needed
from ledger.roster.possible import check_administrator, check_possible
from ledger.roster.state import Key, Roster, holds, in_force, key_in_force, person_behind

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.events.bodies import WorkBody
    from ledger.events.statement import Event


def signer_at(roster: Roster, identifier: Digest, position: int) -> Key:
    """The enrolled key of that id, in force at ``position``. The signature itself is the caller's to check.

    Raises:
        AuthorityError: ``key-unknown``, ``key-ended``, ``key-revoked`` or ``principal-disabled``.
    """
    key = roster.keys.get(identifier)
    if key is None or position < key.since:
        raise AuthorityError(
            "key-unknown",
            "this ledger has not enrolled the key",
            details={"key_id": identifier, "position": position},
            remedy="Ask an administrator to enrol it: evidence key enrol",
        )
    if key.until is not None and position >= key.until:
        revoked = key.ended_by == "revoke"
        raise AuthorityError(
            "key-revoked" if revoked else "key-ended",
            "the key was revoked" if revoked else "the key has ended",
            details={"key_id": identifier, "position": position, "ended_at": key.until},
            remedy="Sign with a key in force; an event signed before the end can be brought as a late attestation.",
        )
    if not key_in_force(roster, key, position):
        raise AuthorityError("principal-disabled", "the key's principal is disabled", details={"key_id": identifier})
    return key


def authorise(roster: Roster, position: int, identifier: Digest, event: Event) -> Key:
    """The key that signed ``event``, if it may sign it at ``position``.

    Not checked: the signature, that references exist, that the event id is new.

    Raises:
        AuthorityError: the key is not in force or may not sign this.
        ConflictError: the event is of another ledger, or an act that cannot take effect.
        SignatureError: a proof of possession inside does not verify.
    """
    key = signer_at(roster, identifier, position)
    body = event.body
    if isinstance(body, Genesis):
        raise ConflictError("genesis-exists", "genesis is entry 0 and no other")
    # Who signed is told first (V13), then for which ledger (V11), then what the act would do (V14).
    if isinstance(body, Act):
        check_administrator(roster, key.principal, position)
        _need_actor(event, key)
        _check_ledger(roster, event)
        check_possible(roster, body, position)
    elif isinstance(body, Approval) and body.scope == "roster":
        check_administrator(roster, key.principal, position)
        _need_actor(event, key)
        _check_ledger(roster, event)
        _check_completion(roster, body, key.principal, position)
    else:
        _check_work(roster, key, event, body, position)
        _check_ledger(roster, event)
    return key


def _check_ledger(roster: Roster, event: Event) -> None:
    if event.context.ledger != roster.ledger:
        raise ConflictError(
            "other-ledger",
            "the event was signed for another ledger",
            details={"found": str(event.context.ledger), "expected": roster.ledger},
        )


def _check_completion(roster: Roster, body: Approval, signer: str, position: int) -> None:
    pending = None if body.basis.act is None else roster.pending.get(body.basis.act)
    if pending is None:
        raise ConflictError("no-such-act", "no act of that envelope digest waits for an approval")
    if body.decision == "reject":
        return
    others = {person_behind(roster, item, position) for item in (pending.signer, *pending.approvers)}
    if person_behind(roster, signer, position) in others:
        raise AuthorityError("second-person-needed", "another administrator must approve this act")
    if len(pending.approvers) + 2 >= needed(roster, pending.act):
        check_possible(roster, pending.act, position)


def _check_work(roster: Roster, key: Key, event: Event, body: WorkBody, position: int) -> None:
    project = event.context.project
    declared = None if project is None else roster.projects.get(project)
    if project is None or declared is None or not in_force(declared.since, declared.until, position):
        raise AuthorityError(
            "unknown-project",
            "no such project is declared and open",
            remedy="Ask an administrator to declare it.",
        )
    if isinstance(body, Release):
        for source in body.sources:
            if source.project not in roster.projects or roster.projects[source.project].since > position:
                raise AuthorityError("unknown-project", "a source of the release names no declared project")
    _check_past(body, position)
    kind = roster.principals[key.principal].type
    if kind == "person":
        _check_person(roster, key, event, body, project, position)
    elif kind in ("agent", "service"):
        _check_machine(kind, key, event, body, project)
    else:
        raise AuthorityError("kind-not-allowed", "the recovery key signs acts and nothing else")


def _check_past(body: WorkBody, position: int) -> None:
    """Nothing, if the position that an event says it looked at is there already (format §4.4.2)."""
    looked_at = None
    match body:
        case Approval(scope="access", basis=basis):
            looked_at = basis.roster
        case GateDecision() | Pack():
            looked_at = body.position
        case Reconciliation():
            looked_at = body.to
        case _:
            pass
    if looked_at is not None and looked_at > position:
        raise ConflictError(
            "bad-position",
            "the event names a position that the log has not reached",
            details={"found": looked_at, "position": position},
        )


def _check_person(roster: Roster, key: Key, event: Event, body: WorkBody, project: str, position: int) -> None:
    if isinstance(body, DeclaredException):
        _need_actor(event, key)
    if not isinstance(body, Approval):
        return
    if body.attested_by == "person":
        _need_actor(event, key)
    elif not holds(roster, key.principal, COLLECTOR, project, position):
        raise AuthorityError(
            "not-a-collector",
            "approvals attested by a forge are brought by a service or by a person with the role collector",
        )


def _check_machine(kind: str, key: Key, event: Event, body: WorkBody, project: str) -> None:
    if isinstance(body, Approval) and body.attested_by == "person":
        raise AuthorityError("person-needed", "only a person's key signs an approval attested by a person")
    if isinstance(body, DeclaredException):
        raise AuthorityError("person-needed", "only a person's key signs an exception")
    if kind == "agent" and not isinstance(body, Prompt | Diff | ReviewNote):
        raise AuthorityError("kind-not-allowed", "an agent's key signs prompts, diffs and review notes only")
    if event.kind not in (key.kinds or ()) or project not in (key.projects or ()):
        raise AuthorityError(
            "kind-not-allowed",
            "the key is not enrolled for this kind in this project",
            details={"kind": event.kind, "project": project},
            remedy=f"Have one enrolled that may: evidence key enrol REQUEST --kind {event.kind} --in {project}",
        )


def _need_actor(event: Event, key: Key) -> None:
    if event.context.actor.principal != key.principal:
        raise AuthorityError("actor-is-not-signer", "this kind is signed by its actor's own key")
