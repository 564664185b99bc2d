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
    from ledger.digests import Digest
    from ledger.dossier.facts import PeriodDossier
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """What one policy judges of a subject."""

    projects: tuple[str, ...]
    """Ids of the projects that it is in force for; of a release that of its event."""
    policy: PolicyRules
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Judged:
    """The subject of a bundle, with its verdicts."""

    dossier: ReleaseDossier | PeriodDossier
    parts: tuple[Part, ...]
    """One for each policy, in the order of their first projects; a release has one."""

    @property
    def assessments(self) -> tuple[Assessment, ...]:
        """Those of the parts."""
        return tuple(part.assessment for part in self.parts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All, part by part."""
        return tuple(verdict for part in self.parts for verdict in part.assessment.verdicts)


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

    A release is judged by the policy of the project that its event is in. In a period each project's changes and
    releases are judged by the policy of that project, and rules about the period itself once for each policy, over the
    projects that it is in force for.

    Raises:
        NotFoundError: ``no-policy``: none is in force for a project in which something landed or was released.
        ConflictError: ``as-of-too-early``. FormatError: a policy cannot be read.
    """
    records = dossier.records
    if isinstance(dossier, ReleaseDossier):
        project = dossier.record.event.context.project
        if project is None:
            raise NotFoundError("no-policy", "the release event names no project, and no policy holds for none")
        policy = policy_in_force(records, project)
        return Judged(dossier, (Part((project,), policy, assess_release(dossier, policy, as_of)),))
    groups: dict[Digest, list[str]] = {}
    policies = policies_of(records, dossier)
    for project, policy in policies.items():
        groups.setdefault(policy.digest, []).append(project)
    parts: list[Part] = []
    for group in map(tuple, groups.values()):
        own = dossier if group == dossier.projects else build_period(records, group, dossier.first, dossier.end)
        policy = policies[group[0]]
        parts.append(Part(group, policy, assess_period(own, policy, as_of, part=len(groups) > 1)))
    return Judged(dossier, tuple(parts))


def policies_of(records: Records, dossier: PeriodDossier) -> dict[str, PolicyRules]:
    """The policy in force for each project of a period at the position of ``records``.

    A project without a policy is left out, if there is nothing in it to judge.

    Raises:
        NotFoundError: ``no-policy``: something landed or was released in a project without one, or no project has one.
        FormatError: a policy cannot be read.
    """
    busy = {change.project for change in dossier.changes}
    busy |= {str(landing.record.event.context.project) for landing in dossier.unplaced}
    busy |= {str(release.record.event.context.project) for release in dossier.releases}
    held = [
        project
        for project in dossier.projects
        if project in busy or policy_at(records.roster, project, records.position) is not None
    ]
    return {project: policy_in_force(records, project) for project in held or dossier.projects[:1] or ("",)}
