"""Acts of the ledger's own stream in the period: what each did, who signed it, and who else decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.people import Directory
from ledger.entry import LEDGER_STREAM
from ledger.events.roster import (
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
from ledger.events.work import Approval
from reports.period.span import of_period
from reports.release.said import named
from reports.say import say
from reports.wording import number

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.records import Record
    from reports.period.view import PeriodView
    from reports.text import Text


@dataclass(frozen=True, slots=True)
class Act:
    """An act, with the decisions of other administrators about it."""

    record: Record
    decisions: tuple[Record, ...]
    pending: bool
    """Whether it still waits for another administrator at the pack's position."""


def acts_of(view: PeriodView) -> tuple[Act, ...]:
    """The acts of the period: those that came, or about which somebody decided, in it."""
    decided: dict[Digest, list[Record]] = {}
    acts: list[Record] = []
    for record in view.dossier.records.entries:
        if record.leaf.stream != LEDGER_STREAM:
            continue
        if isinstance(body := record.event.body, Approval):
            if body.basis.act is not None:
                decided.setdefault(body.basis.act, []).append(record)
        else:
            acts.append(record)
    pending = view.dossier.records.roster.pending
    return tuple(
        Act(record, tuple(decided.get(record.envelope, ())), record.envelope in pending)
        for record in acts
        if of_period(view.dossier, record)
        or any(of_period(view.dossier, item) for item in decided.get(record.envelope, ()))
    )


def act_with(view: PeriodView, envelope: Digest) -> Act | None:
    """The act of that envelope digest, also one from before the period; None: it is not among the records."""
    entries = view.dossier.records.entries
    record = next((item for item in entries if item.envelope == envelope), None)
    if record is None:
        return None
    decisions = tuple(
        item for item in entries if isinstance(body := item.event.body, Approval) and body.basis.act == envelope
    )
    return Act(record, decisions, envelope in view.dossier.records.roster.pending)


def act_words(view: PeriodView, record: Record) -> str:  # noqa: C901, PLR0911, PLR0912 -- one sentence an act
    """What an act did, in a clause."""
    body = record.event.body
    match body:
        case ProjectDeclare():
            return say("declared the project {project}", project=view.project_name(body.project))
        case ProjectDescribe():
            return say("described the project {project} anew", project=view.project_name(body.project))
        case ProjectEnd():
            return say("ended the project {project}", project=view.project_name(body.project))
        case PrincipalCreate():
            return say("enrolled {name} ({sort})", name=_name(view, body.principal), sort=body.type)
        case PrincipalDescribe():
            return say("gave {name} a new name card", name=_name(view, body.principal))
        case PrincipalDisable():
            return say("disabled {name}", name=_name(view, body.principal))
        case PrincipalMerge():
            return say(
                "declared that {name} and {other} are one",
                name=_name(view, body.principal),
                other=_name(view, body.into),
            )
        case PrincipalSplit():
            return say("declared {name} to be one on their own again", name=_name(view, body.principal))
        case KeyEnrol():
            return say("enrolled a key of {name}", name=_name(view, body.principal))
        case KeyRotate():
            return say("replaced a key of {name}", name=_name(view, body.principal))
        case KeyEnd():
            return say("ended a key of {name}: {reason}", name=_name(view, body.principal), reason=body.reason)
        case KeyRevoke():
            return say(
                "revoked a key of {name}: {reason}; compromised since position {position}",
                name=_name(view, body.principal),
                reason=body.reason,
                position=number(body.compromised_since),
            )
        case RoleGrant():
            return say("granted {name} the role {role}", name=_name(view, body.principal), role=body.role)
        case RoleEnd():
            return say("ended a role of {name}: {reason}", name=_name(view, body.principal), reason=body.reason)
        case PolicySet():
            return say("set a policy")
        case CertificateEnrol():
            return say("enrolled a key that seals packs")
        case CertificateEnd():
            return say("ended a key that seals packs: {reason}", reason=body.reason)
        case Epoch():
            return say("began a new epoch after a loss: {reason}", reason=body.reason)
        case _:
            return record.event.kind


def signer(view: PeriodView, record: Record) -> Text:
    """Whose key signed an act."""
    return _name(view, record.key.principal)


def _name(view: PeriodView, principal: str) -> Text:
    party = view.dossier.parties.get(principal)
    return named(Directory(view.dossier.records).principal(principal) if party is None else party)
