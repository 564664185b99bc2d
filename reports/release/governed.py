"""Who may change the rules and who did, told alike by every section: acts of the ledger's own stream, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.dossier.people import Directory
from ledger.entry import LEDGER_STREAM
from ledger.events.roster import (
    ADMINISTRATOR,
    CertificateEnd,
    CertificateEnrol,
    Epoch,
    Genesis,
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
from ledger.roster.state import in_force
from reports.parts import line, say_count_line, say_line, words
from reports.release.said import NAME, entry, named, received
from reports.say import say
from reports.text import capture
from reports.wording import day, number

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.records import Record, Records
    from ledger.roster.state import Grant
    from reports.parts import Line
    from reports.release.view import View
    from reports.text import Text

SCOPED: Final = 3
"""Projects, paths or kinds named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the ledger's own stream, with who stood behind it."""

    record: Record
    decisions: tuple[Record, ...]
    """Decisions of other administrators about it, ascending by index."""
    pending: bool
    """Whether it still waits for another administrator."""


class Governance:
    """The roster of a pack, asked in the words of print."""

    __slots__ = ("_acts", "_at", "end", "people", "records", "since")

    def __init__(self, records: Records, since: int, end: int) -> None:
        self.records = records
        self.people = Directory(records)
        self.since = since
        """First entry that is recent: after the previous release of the product, or of the period; 0: all are."""
        self.end = end
        """Where that ends: the pack's position, or the end of the period."""
        decided: dict[Digest, list[Record]] = {}
        acts: list[Record] = []
        for record in self.records.entries:
            if record.leaf.stream != LEDGER_STREAM:
                continue
            if isinstance(body := record.event.body, Approval):
                if body.basis.act is not None:
                    decided.setdefault(body.basis.act, []).append(record)
            else:
                acts.append(record)
        self._at = {record.index: record for record in self.records.entries if record.leaf.stream == LEDGER_STREAM}
        pending = self.records.roster.pending
        self._acts = tuple(
            Act(record, tuple(decided.get(record.envelope, ())), record.envelope in pending) for record in acts
        )

    @property
    def acts(self) -> tuple[Act, ...]:
        """Every act, ascending by entry index."""
        return self._acts

    @property
    def recent(self) -> tuple[Act, ...]:
        """Those that came, or about which somebody decided, since the previous release or in the period."""
        return tuple(
            act
            for act in self._acts
            if any(self.since <= item.index < self.end for item in (act.record, *act.decisions))
        )

    def act_of(self, envelope: Digest) -> Act | None:
        """The act with that envelope digest."""
        return next((act for act in self._acts if act.record.envelope == envelope), None)

    def name(self, principal: str) -> Text:
        """The name that a principal prints with."""
        return named(self.people.principal(principal))

    def signer(self, record: Record) -> Text:
        """The name of whose key signed an entry."""
        return self.name(record.key.principal)

    def grants(self) -> tuple[Grant, ...]:
        """Every grant that is in force at the pack's position or ended after the previous release."""
        return tuple(
            grant
            for grant in self.records.roster.grants
            if in_force(grant.since, grant.until, self.records.position)
            or (grant.until is not None and grant.until > self.since)
        )

    def administrators(self) -> tuple[str, ...]:
        """Principals who hold the role of administrators at the pack's position."""
        roster, position = self.records.roster, self.records.position
        return tuple(
            dict.fromkeys(
                grant.principal
                for grant in roster.grants
                if grant.role == ADMINISTRATOR and in_force(grant.since, grant.until, position)
            )
        )

    def held_from(self, position: int) -> str:
        """When something came to hold at ``position``: ledger time of the entry that completed it, and its number."""
        record = self._at.get(position - 1)
        return (
            say("position {position}", position=position)
            if record is None
            else f"{day(received(record))}, {entry(record)}"
        )


def governance_of(view: View) -> Governance:
    """That of a release: what is recent came after the previous one."""
    return Governance(view.dossier.records, previous_position(view), view.dossier.records.position)


def previous_position(view: View) -> int:
    """The position after the latest recorded release before this one; 0: none is recorded."""
    return max(
        (source.previous_release.index + 1 for source in view.dossier.sources if source.previous_release is not None),
        default=0,
    )


def act_words(governance: Governance, record: Record) -> Line:  # noqa: C901, PLR0911, PLR0912 -- one sentence an act
    """What an act did, in a sentence."""
    body = record.event.body

    def name(principal: str) -> Text:
        return _called(governance, principal)

    match body:
        case Genesis():
            return say_count_line(
                "founded the ledger with {count} administrator",
                "founded the ledger with {count} administrators",
                len(body.core.administrators),
            )
        case ProjectDeclare():
            return say_line("declared the project {project}", project=_project(governance, body.project))
        case ProjectDescribe():
            return say_line("described the project {project} anew", project=_project(governance, body.project))
        case ProjectEnd():
            return say_line("ended the project {project}", project=_project(governance, body.project))
        case PrincipalCreate():
            if governance.people.principal(body.principal).name is None:
                # What stands for the name says the sort.
                return say_line("enrolled {name}", name=name(body.principal))
            return say_line("enrolled {name} ({sort})", name=name(body.principal), sort=say(_SORTS[body.type]))
        case PrincipalDescribe():
            return say_line("gave {name} a new name card", name=name(body.principal))
        case PrincipalDisable():
            return say_line("disabled {name}", name=name(body.principal))
        case PrincipalMerge():
            return say_line(
                "declared that {name} and {other} are one", name=name(body.principal), other=name(body.into)
            )
        case PrincipalSplit():
            return say_line("declared {name} to be one on their own again", name=name(body.principal))
        case KeyEnrol():
            return say_line("enrolled a key of {name}", name=name(body.principal))
        case KeyRotate():
            return say_line("replaced a key of {name}", name=name(body.principal))
        case KeyEnd():
            return say_line("ended a key of {name}: {reason}", name=name(body.principal), reason=body.reason)
        case KeyRevoke():
            return say_line(
                "revoked a key of {name}: {reason}; compromised since position {position}",
                name=name(body.principal),
                reason=body.reason,
                position=number(body.compromised_since),
            )
        case RoleGrant():
            return say_line("granted the role {role} to {name}", name=name(body.principal), role=body.role)
        case RoleEnd():
            return say_line("ended a role of {name}: {reason}", name=name(body.principal), reason=body.reason)
        case PolicySet():
            return say_line("set a policy")
        case CertificateEnrol():
            return say_line("enrolled a key that seals packs")
        case CertificateEnd():
            return say_line("ended a key that seals packs: {reason}", reason=body.reason)
        case Epoch():
            return say_line("began a new epoch after a loss: {reason}", reason=body.reason)
        case _:
            return line(record.event.kind)


def _called(governance: Governance, principal: str) -> Text:
    """The name of a principal within a sentence; what stands for one that cannot be read is in brackets."""
    party = governance.people.principal(principal)
    return named(party) if party.name is not None else words(say("({name})", name=named(party)))


_SORTS: Final = {"agent": "agent", "person": "person", "service": "service"}


def _project(governance: Governance, identifier: str) -> Text:
    return capture(governance.people.project_name(identifier) or identifier, limit=NAME)


def scope_words(governance: Governance, grant: Grant) -> str:
    """Where a grant holds: projects, paths, risk classes."""
    parts = [
        say("every project")
        if grant.projects is None
        else _some([str(_project(governance, one)) for one in grant.projects])
    ]
    if grant.paths is not None:
        parts.append(say("paths {paths}", paths=_some(grant.paths)))
    if grant.risks is not None:
        parts.append(say("risk {risks}", risks=_some(grant.risks)))
    return "; ".join(parts)


def _some(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:SCOPED])
    return shown + (say(" and {count} more", count=len(names) - SCOPED) if len(names) > SCOPED else "")
