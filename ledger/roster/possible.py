"""Which acts are refused: those that could not take effect, and those of somebody who is no administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ledger.digests import Digest
from ledger.errors import AuthorityError, ConflictError
from ledger.events.roster import (
    ADMINISTRATOR,
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    KeyEnd,
    KeyEnrol,
    KeyRevoke,
    KeyRotate,
    PolicySet,
    PrincipalCreate,
    PrincipalDescribe,
    PrincipalDisable,
    PrincipalMerge,
    PrincipalSplit,
    ProjectDeclare,
    ProjectDescribe,
    ProjectEnd,
    RoleEnd,
    RoleGrant,
)
from ledger.keys import verify
from ledger.roster.acts import effect, is_grant, key_preimage, refuse_published
from ledger.roster.state import (
    RECOVERY,
    administrators_with_keys,
    in_force,
    is_administrator,
    key_in_force,
    person_behind,
    principal_in_force,
)
from ledger.sealkeys import certificate_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.events.roster import Act
    from ledger.roster.state import Roster


def check_possible(roster: Roster, act: Act, position: int) -> None:  # noqa: C901, PLR0912  # one arm a kind
    """Nothing, if ``act`` could take effect at ``position``.

    Raises:
        ConflictError: what it names is not there, or is there already.
        AuthorityError: it would leave too few administrators, or enrols a published key.
        SignatureError: a proof of possession does not verify.
    """
    match act:
        case ProjectDeclare():
            _refuse(act.project in roster.projects, "project-exists", "this project id was used before")
        case ProjectDescribe() | ProjectEnd():
            _need_projects(roster, (act.project,), position)
        case PrincipalCreate():
            _refuse(act.principal in roster.principals, "principal-exists", "this principal id was used before")
            if act.responsible is not None:
                _need_principal(roster, act.responsible, position)
                _refuse(
                    roster.principals[act.responsible].type != "person",
                    "not-a-person",
                    "a person answers for an agent or service",
                )
        case PrincipalDescribe() | PrincipalDisable():
            _need_principal(roster, act.principal, position)
        case PrincipalMerge():
            _check_merge(roster, act, position)
        case PrincipalSplit():
            _refuse(
                person_behind(roster, act.principal, position) == act.principal,
                "not-merged",
                "this principal is merged into no other",
            )
        case KeyEnrol() | KeyRotate():
            _check_new_key(roster, act, position)
        case KeyEnd():
            _need_key(roster, act.key_id, act.principal, position)
        case KeyRevoke():
            _need_enrolled(roster, act.key_id, act.principal, position)
            _refuse(act.compromised_since > position, "bad-position", "compromised_since lies in the future")
        case RoleGrant():
            _need_principal(roster, act.principal, position)
            _need_projects(roster, act.projects or (), position)
            _refuse(
                act.role == ADMINISTRATOR and roster.principals[act.principal].type != "person",
                "not-a-person",
                "administrators are persons",
            )
        case RoleEnd():
            _refuse(
                not principal_in_force(roster, act.principal, position)
                or not any(is_grant(grant, act, position) for grant in roster.grants),
                "unknown-grant",
                "no such grant is in force",
            )
        case PolicySet():
            _need_projects(roster, act.projects or (), position)
        case Epoch():
            number = len(roster.epochs) + 2
            _refuse(
                act.number != number or act.origin != f"{roster.core.origin}/{number}",
                "bad-epoch",
                "epochs are numbered from 2 without gaps under the origin of genesis",
            )
        case CertificateEnrol():
            _refuse(
                certificate_id(act.key) in roster.certificates,
                "certificate-enrolled",
                "a certificate is enrolled once, ever",
            )
        case CertificateEnd():
            found = roster.certificates.get(act.certificate)
            _refuse(
                found is None or not in_force(found.since, found.until, position),
                "unknown-certificate",
                "no such certificate is in force",
            )
        case _:
            assert_never(act)
    if isinstance(act, KeyEnd | KeyRevoke | RoleEnd | PrincipalDisable | PrincipalMerge):
        left = administrators_with_keys(effect(roster, act, position, Digest(""), None), position + 1)
        if len(left) < roster.core.admins_required:
            raise AuthorityError(
                "too-few-administrators",
                "this would leave fewer administrators than acts of this ledger take",
                details={"left": len(left), "admins_required": roster.core.admins_required},
                remedy="Grant the role to another person, or enrol another key, first.",
            )


def check_administrator(roster: Roster, signer: str, position: int) -> None:
    """Nothing, if ``signer`` may sign acts at ``position``.

    Raises:
        AuthorityError: ``not-an-administrator``.
    """
    if not is_administrator(roster, signer, position):
        raise AuthorityError("not-an-administrator", "only administrators sign this kind")


def _refuse(fault: bool, slug: str, message: str) -> None:  # noqa: FBT001  # reads as a sentence at each call
    if fault:
        raise ConflictError(slug, message)


def _need_principal(roster: Roster, principal: str, position: int) -> None:
    _refuse(not principal_in_force(roster, principal, position), "unknown-principal", "no such principal is in force")


def _need_projects(roster: Roster, projects: Iterable[str], position: int) -> None:
    for project in projects:
        found = roster.projects.get(project)
        _refuse(
            found is None or not in_force(found.since, found.until, position),
            "unknown-project",
            "no such project is declared and open",
        )


def _need_key(roster: Roster, identifier: Digest, principal: str, position: int) -> None:
    key = roster.keys.get(identifier)
    _refuse(
        key is None or key.principal != principal or not key_in_force(roster, key, position),
        "unknown-key",
        "this principal has no such key in force",
    )


def _need_enrolled(roster: Roster, identifier: Digest, principal: str, position: int) -> None:
    key = roster.keys.get(identifier)
    _refuse(
        key is None or key.principal != principal or position < key.since,
        "unknown-key",
        "this principal never had such a key",
    )


def _check_merge(roster: Roster, act: PrincipalMerge, position: int) -> None:
    for principal in (act.principal, act.into):
        _need_principal(roster, principal, position)
    one, other = roster.principals[act.principal], roster.principals[act.into]
    _refuse(one.type != other.type or one.type == RECOVERY, "not-one-type", "a merge joins two principals of one type")
    _refuse(
        person_behind(roster, one.id, position) != one.id,
        "already-merged",
        "this principal is merged into another; split it first",
    )
    _refuse(person_behind(roster, other.id, position) == one.id, "already-merged", "these two are one already")


def _check_new_key(roster: Roster, act: KeyEnrol | KeyRotate, position: int) -> None:
    _need_principal(roster, act.principal, position)
    _need_projects(roster, act.projects or (), position)
    scoped = roster.principals[act.principal].type in ("agent", "service")
    _refuse(
        scoped != (act.kinds is not None),
        "key-scope",
        "a service's or agent's key is enrolled for kinds and projects, a person's for neither",
    )
    _refuse(
        act.key.scheme != "ed25519" and roster.principals[act.principal].type != "person",
        "key-scheme",
        "only a person signs with an SSH key; an agent's, a service's and the recovery key are of the scheme ed25519",
    )
    refuse_published(act.key)
    # Two forms of one key would let two principals sign with one private key.
    point = act.key.point
    _refuse(
        point == roster.core.log_key.point or any(item.public.point == point for item in roster.keys.values()),
        "key-enrolled",
        "a public key is enrolled once, ever",
    )
    preimage = key_preimage(roster.ledger, act.principal, act.key)
    verify(act.key, act.proof, preimage)
    if isinstance(act, KeyRotate):
        _need_key(roster, act.ends, act.principal, position)
        if act.endorsement is not None:
            verify(roster.keys[act.ends].public, act.endorsement, preimage)
