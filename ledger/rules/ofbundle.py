"""What a bundle is about, judged: the dossier of its release or period, the policy that judges it, and the verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.dossier.build import build_period, build_release
from ledger.dossier.facts import ReleaseDossier
from ledger.errors import NotFoundError
from ledger.roster.state import policy_at
from ledger.rules.assess import assess_period, assess_release
from ledger.rules.policy import policy_in_force

if TYPE_CHECKING:
    from ledger.bundle import Index
    from ledger.dossier.facts import PeriodDossier
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment


@dataclass(frozen=True, slots=True)
class Judged:
    """The subject of a bundle, with its verdicts."""

    dossier: ReleaseDossier | PeriodDossier
    policy: PolicyRules
    assessment: Assessment


def dossier_of(index: Index, records: Records) -> ReleaseDossier | PeriodDossier:
    """The release that the bundle is about, or the period of the projects whose streams it holds.

    Raises:
        NotFoundError: ``no-such-release``: the records do not hold it.
    """
    if index.subject.release is not None:
        return build_release(records, index.subject.release)
    covered = index.subject.period
    if covered is None:
        raise ValueError("a bundle is about a release or a period")
    # A period in which no project recorded anything is one of all of them.
    projects = [part.stream for part in index.streams[1:]] or sorted(records.roster.projects)
    return build_period(records, projects, covered.from_, covered.to)


def judge(dossier: ReleaseDossier | PeriodDossier, as_of: str) -> Judged:
    """The verdicts over ``dossier`` as of a ledger time.

    A release is judged by the policy of the project that its event is in, a period by that of the first of its projects
    that has one.

    Raises:
        NotFoundError: ``no-policy``. ConflictError: ``as-of-too-early``. FormatError: the policy cannot be read.
    """
    records = dossier.records
    if isinstance(dossier, ReleaseDossier):
        project = dossier.record.event.context.project
        if project is None:
            raise NotFoundError("no-policy", "the release event names no project, and no policy holds for none")
        policy = policy_in_force(records, project)
        return Judged(dossier, policy, assess_release(dossier, policy, as_of))
    named = [item for item in dossier.projects if policy_at(records.roster, item, records.position) is not None]
    policy = policy_in_force(records, next(iter((*named, *dossier.projects)), ""))
    return Judged(dossier, policy, assess_period(dossier, policy, as_of))
