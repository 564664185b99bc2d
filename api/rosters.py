"""The roster as JSON: who may do what at a position, with every position from which and until which it holds."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, cast

from ledger.canonical import parse
from ledger.keys import format_public_key
from ledger.roster.state import in_force, key_in_force, person_behind, principal_in_force

if TYPE_CHECKING:
    from ledger.canonical import Encodable
    from ledger.roster.state import Card, Certificate, Grant, Key, Merged, Pending, Policy, Principal, Project, Roster


def roster_value(roster: Roster, position: int) -> dict[str, Encodable]:
    """Everything the ledger's own stream says before ``position``.

    ``in_force`` and the ``person`` behind a principal are judged there. Names are contents: a card is given by its
    commitment. An ``until`` that is not there is absent.
    """
    return {
        "admins_required": roster.core.admins_required,
        "certificates": [_certificate(roster.certificates[name], position) for name in sorted(roster.certificates)],
        "epochs": [
            {"number": item.epoch.number, "origin": item.epoch.origin, "since": item.since} for item in roster.epochs
        ],
        "grants": [_grant(roster, item, position) for item in roster.grants],
        "keys": [_key(roster, roster.keys[name], position) for name in sorted(roster.keys)],
        "ledger": roster.ledger,
        "pending": [_pending(item) for item in roster.pending.values()],
        "policies": [_policy(item) for item in roster.policies],
        "position": position,
        "principals": [_principal(roster, roster.principals[name], position) for name in sorted(roster.principals)],
        "projects": [_project(roster.projects[name], position) for name in sorted(roster.projects)],
        "recovery_uses": roster.recovery_uses,
        "roster": roster.count,
    }


def _principal(roster: Roster, item: Principal, position: int) -> Encodable:
    return _present(
        {
            "cards": _cards(item.cards),
            "id": item.id,
            "in_force": principal_in_force(roster, item.id, position),
            "merges": [_merge(merged) for merged in item.merges],
            "person": person_behind(roster, item.id, position),
            "responsible": item.responsible,
            "since": item.since,
            "type": item.type,
            "until": item.until,
        }
    )


def _merge(item: Merged) -> Encodable:
    return _present({"envelope": item.envelope, "into": item.into, "since": item.since, "until": item.until})


def _key(roster: Roster, item: Key, position: int) -> Encodable:
    return _present(
        {
            "compromised_since": item.compromised_since,
            "custody": item.custody,
            "ended_by": item.ended_by,
            "id": item.id,
            "in_force": key_in_force(roster, item, position),
            "key": format_public_key(item.public),
            "kinds": item.kinds,
            "principal": item.principal,
            "projects": item.projects,
            "reason": item.reason,
            "since": item.since,
            "until": item.until,
        }
    )


def _grant(roster: Roster, item: Grant, position: int) -> Encodable:
    holds = in_force(item.since, item.until, position) and principal_in_force(roster, item.principal, position)
    return _present(
        {
            "envelope": item.envelope,
            "in_force": holds,
            "paths": item.paths,
            "principal": item.principal,
            "projects": item.projects,
            "risks": item.risks,
            "role": item.role,
            "since": item.since,
            "until": item.until,
        }
    )


def _project(item: Project, position: int) -> Encodable:
    return _present(
        {
            "cards": _cards(item.cards),
            "id": item.id,
            "in_force": in_force(item.since, item.until, position),
            "object_format": item.object_format,
            "protected_refs": item.protected_refs,
            "since": item.since,
            "start": item.start,
            "until": item.until,
        }
    )


def _certificate(item: Certificate, position: int) -> Encodable:
    return _present(
        {
            "id": item.id,
            "in_force": in_force(item.since, item.until, position),
            "key": b64encode(item.key).decode("ascii"),
            "reason": item.reason,
            "since": item.since,
            "until": item.until,
        }
    )


def _policy(item: Policy) -> Encodable:
    return _present(
        {
            "digest": item.digest,
            "envelope": item.envelope,
            # Canonical when it was taken in, so this reads and writes to the same bytes.
            "policy": cast("Encodable", parse(item.data, max_bytes=len(item.data))),
            "projects": item.projects,
            "since": item.since,
        }
    )


def _pending(item: Pending) -> Encodable:
    return {
        "approvers": item.approvers,
        "envelope": item.envelope,
        "index": item.index,
        "kind": item.act.KIND,
        "signer": item.signer,
    }


def _cards(cards: tuple[Card, ...]) -> Encodable:
    return [{"commitment": item.content.commitment, "envelope": item.envelope, "since": item.since} for item in cards]


def _present(members: dict[str, Encodable]) -> Encodable:
    return {name: value for name, value in members.items() if value is not None}
