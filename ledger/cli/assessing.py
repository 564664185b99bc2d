"""Assessments as commands make them: of a change from the server, of a release or period from a verified bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.cli.gathering import gather_change, position_now
from ledger.cli.releases import FetchedBundle, as_of_now
from ledger.dossier.build import build_change
from ledger.errors import ConflictError
from ledger.rules.assess import assess_change
from ledger.rules.ofbundle import dossier_of, judge
from ledger.rules.policy import policy_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.cli.session import Session
    from ledger.dossier.facts import ChangeDossier, Party, PeriodDossier, ReleaseDossier
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment with what it was made from."""

    records: Records
    dossier: ChangeDossier | ReleaseDossier | PeriodDossier
    policy: PolicyRules
    assessment: Assessment

    @property
    def parties(self) -> Mapping[str, Party]:
        """Everybody whom a sentence may name."""
        return self.dossier.parties


def change_now(session: Session, project: str, change: str, as_of: str | None = None) -> Assessed:
    """The assessment of a change of a project (an id) at the server's present position.

    Raises:
        NotFoundError: ``no-such-change``, ``no-policy``. LedgerError: an entry does not hold, or the server refuses.
    """
    position_now(session)
    records = gather_change(session, session.directory(), project, change)
    dossier = build_change(records, project, change)
    policy = policy_in_force(records, project)
    return Assessed(records, dossier, policy, assess_change(dossier, policy, as_of or as_of_now(records)))


def of_bundle(bundle: FetchedBundle, as_of: str | None = None) -> Assessed:
    """The assessment of what a verified bundle is about, where one policy judges it all.

    Raises:
        NotFoundError: ``no-policy``. ConflictError: ``several-policies``.
    """
    found = parts_of_bundle(bundle, as_of)
    if len(found) > 1:
        raise ConflictError(
            "several-policies",
            "the projects of this period are judged by different policies",
            details={"policies": ", ".join(one.policy.name for one in found)},
            remedy="Name one project.",
        )
    return found[0]


def parts_of_bundle(bundle: FetchedBundle, as_of: str | None = None) -> tuple[Assessed, ...]:
    """The assessments of what a verified bundle is about: a release, or a period of the projects that it holds.

    A period has one for each policy that is in force for some of its projects.

    Raises:
        NotFoundError: ``no-policy``.
    """
    if bundle.verification.index is None:
        raise ValueError("a bundle whose checks passed has its index")
    found = judge(dossier_of(bundle.verification.index, bundle.records), as_of or as_of_now(bundle.records))
    return tuple(Assessed(bundle.records, found.dossier, part.policy, part.assessment) for part in found.parts)
