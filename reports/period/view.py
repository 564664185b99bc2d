"""The frozen view of a period that every section reads: its changes with verdicts, months and strata."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from ledger.dossier.people import Directory
from ledger.errors import FormatError
from ledger.roster.state import policy_at
from ledger.rules.assess import change_subject, release_subject
from ledger.rules.catalogue import BY_ID
from ledger.rules.involvement import assistant_use
from ledger.rules.judged import judged
from ledger.rules.policy import SEVERITIES, parse_policy
from ledger.rules.risk import DEFAULT, risk_class
from ledger.rules.shape import ChangeCase
from ledger.rules.verdict import Outcome
from ledger.rules.wording import with_names
from reports.period.span import covered, days_between, days_said, positions_said, read_days, span_of
from reports.release.said import TITLE, received
from reports.release.view import MARKS, title_of
from reports.say import say
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.digests import Digest
    from ledger.dossier.facts import ChangeFacts, PeriodDossier, ReleaseDossier
    from ledger.rules.ofbundle import Part
    from ledger.rules.policy import PolicyRules, RuleSetting
    from ledger.rules.verdict import Verdict
    from ledger.sampling import Sampling
    from ledger.verify.findings import Verification
    from reports.period.span import Days
    from reports.release.view import Carried, PackSettings
    from reports.text import Text

MOST_CHANGES: Final = 45
"""Changes printed in the register at most: about three pages."""
UNSTATED: Final = "unstated"
"""Type of a change of which nobody said what it is."""


@dataclass(frozen=True, slots=True)
class PolicySpan:
    """A policy that was in force for a project during some part of the period."""

    project: str
    """Project id."""
    name: str | None
    """None: this version cannot read it."""
    digest: Digest
    since: int
    """Position from which it was in force, also before the period."""
    until: int | None
    """Position at which another one came into force within the period; None: it was in force at the end."""
    envelope: Digest
    """The event that set it."""
    judges: bool
    """Whether the verdicts over this project are by it."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Where a change belongs when the population is divided."""

    type: str
    """As last said of it: ``normal``, ``standard``, ``emergency``, ``bot``, ``revert``; else `UNSTATED`."""
    assistance: str
    """``used``, ``none``, ``unknown``."""
    risk: str
    """Risk class by the policy; ``default`` for none."""
    risk_open: bool
    """Whether it may be of a higher class, because something cannot be read."""
    excepted: bool
    """Whether an exception was declared for it."""


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """A change of the period in print."""

    facts: ChangeFacts
    number: int
    """Its place in order of landing, from 1: names its anchors."""
    label: Text
    """``Change 7``, with the project where the period has several."""
    title: Text
    """Subject of its first commit, or why there is none."""
    verdicts: tuple[Verdict, ...]
    landed_at: datetime
    """Ledger time of its first landing in the period."""
    strata: Strata

    @property
    def month(self) -> str:
        """The UTC month in which it landed, as ``2026-03``."""
        return self.landed_at.astimezone(UTC).strftime("%Y-%m")

    def of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """Its verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    @property
    def gravest(self) -> Outcome:
        """Its gravest outcome; not applicable if no rule speaks of it."""
        found = {verdict.outcome for verdict in self.verdicts}
        return next((outcome for outcome in MARKS if outcome in found), Outcome.NOT_APPLICABLE)

    def anchor(self, section: str) -> str:
        """The anchor of the change in a section named by one letter."""
        return f"{section}{self.number}"


@dataclass(frozen=True, slots=True)
class PeriodView:
    """Everything a period pack is printed from."""

    dossier: PeriodDossier
    baseline: PeriodDossier | None
    """The period that delivery measures are set beside."""
    parts: tuple[Part, ...]
    """What each policy judges, as `evidence check` tells it."""
    verification: Verification
    policies: tuple[PolicySpan, ...]
    """In force in the period, project by project, oldest first."""
    settings: PackSettings
    carried: Carried
    asked: str
    """First and last day of the period as it was asked for (`reports.period.span.Days.asked`); empty: by positions."""
    sampling: Sampling | None
    changes: tuple[PeriodChange, ...]
    """In order of landing."""
    printed: frozenset[int]
    """Numbers of the changes that the register prints: those with a failure first, then those of which something cannot
    be told, then the earliest."""
    verdicts: tuple[Verdict, ...]
    """All, rule by rule."""
    by_subject: Mapping[str, PeriodChange]
    """Changes as verdicts name them."""
    releases: Mapping[str, ReleaseDossier]
    """Releases as verdicts name them."""
    begins_at: datetime | None
    """Ledger time of the first entry of the period that is shown; None: it shows none."""
    ends_at: datetime | None
    """Ledger time of its last one."""
    project_names: Mapping[str, str | None]
    """Printed names of the projects by id; None: no card can be read."""

    def by_outcome(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """All verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    def sentence(self, verdict: Verdict) -> Text:
        """A verdict's sentence with names instead of ids."""
        return capture(with_names(verdict.sentence, self.dossier.parties))

    def subject(self, verdict: Verdict) -> PeriodChange | None:
        """The change that a verdict is about; None: a release, or the period itself."""
        return self.by_subject.get(verdict.subject)

    def case(self, change: PeriodChange) -> ChangeCase:
        """The change as rules read it, for sections that sort as rules do."""
        shared = self.policy_of(change.facts.project).shared
        return ChangeCase(self.dossier.records, change.facts, shared, self.carried.as_of)

    def policy_of(self, project: str) -> PolicyRules:
        """The policy that judges a project in which something landed."""
        return next(part.policy for part in self.parts if project in part.projects)

    @property
    def rules(self) -> tuple[RuleSetting, ...]:
        """Every rule that is on, in the order of the catalogue, each once: where policies differ, the most severe."""
        found: dict[str, RuleSetting] = {}
        for part in self.parts:
            for setting in part.policy.rules:
                known = found.setdefault(setting.rule.id, setting)
                if SEVERITIES.index(setting.severity) < SEVERITIES.index(known.severity):
                    found[setting.rule.id] = setting
        return tuple(found[rule] for rule in BY_ID if rule in found)

    def of_itself(self, verdict: Verdict) -> tuple[str, ...] | None:
        """The projects of a verdict that is about the period itself; None: it is about a change or a release."""
        return next((part.projects for part in self.parts if part.assessment.subject == verdict.subject), None)

    def unjudged(self) -> tuple[str, ...]:
        """Projects for which no policy is in force, and in which nothing landed."""
        judged = {project for part in self.parts for project in part.projects}
        return tuple(project for project in self.dossier.projects if project not in judged)

    @property
    def changeless(self) -> bool:
        """Whether no recorded change landed in the period, so that sections about changes have one sentence."""
        return not self.changes

    @property
    def months(self) -> tuple[str, ...]:
        """Every UTC month that the period touches, also those in which nothing happened."""
        if self.begins_at is None or self.ends_at is None:
            return ()
        begin, end = self.begins_at.astimezone(UTC), self.ends_at.astimezone(UTC)
        first, last = begin.year * 12 + begin.month - 1, end.year * 12 + end.month - 1
        return tuple(f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1))

    @property
    def span(self) -> str:
        """First and last day, both in the period: as asked for, else those of its first and last entry shown.

        They are days on the reader's clock; the positions where no day is known.
        """
        days = self.days
        return positions_said(self.dossier.first, self.dossier.end) if days is None else days_said(days)

    @property
    def days(self) -> Days | None:
        """The days of `span`."""
        ends = None if self.begins_at is None or self.ends_at is None else (self.begins_at, self.ends_at)
        return read_days(self.asked) or days_between(ends, self.settings.zone)

    @property
    def positions(self) -> str:
        """The positions, in words: the fine print beside `span`."""
        return positions_said(self.dossier.first, self.dossier.end)

    @property
    def baseline_span(self) -> str:
        """The days of the first and the last entry of the baseline, with its positions; empty: there is none."""
        before = self.baseline
        if before is None:
            return ""
        return span_of(before, self.settings.zone)

    def project_name(self, project: str) -> Text:
        """The project's printed name, or its id where no card can be read."""
        found = self.project_names.get(project)
        return capture(project if found is None else found, limit=TITLE)


def look_at(
    dossier: PeriodDossier,
    parts: Sequence[Part],
    verification: Verification,
    *,
    settings: PackSettings,
    carried: Carried,
    baseline: PeriodDossier | None = None,
    sampling: Sampling | None = None,
    asked: str = "",
) -> PeriodView:
    """The view of a period, with each verdict at its subject."""
    found = tuple({_key(verdict): verdict for part in parts for verdict in part.assessment.verdicts}.values())
    of_subject: dict[str, list[Verdict]] = {}
    for verdict in found:
        of_subject.setdefault(verdict.subject, []).append(verdict)
    directory = Directory(dossier.records)
    names = {project: directory.project_name(project) for project in dossier.projects}
    policies = {project: part.policy for part in parts for project in part.projects}
    changes = tuple(
        PeriodChange(
            facts=change,
            number=number,
            label=_label(change, names, several=len(dossier.projects) > 1),
            title=title_of(change),
            verdicts=tuple(of_subject.get(change_subject(change), ())),
            landed_at=min(received(landing.record) for landing in change.landings),
            strata=_strata(ChangeCase(dossier.records, change, policies[change.project].shared, carried.as_of)),
        )
        for number, change in enumerate(dossier.changes, start=1)
    )
    ends = covered(dossier)
    return PeriodView(
        dossier=dossier,
        baseline=baseline,
        parts=tuple(parts),
        verification=verification,
        policies=_policies(dossier, policies),
        settings=settings,
        carried=carried,
        asked=asked,
        sampling=sampling,
        changes=changes,
        printed=_printed(changes, min(settings.most_changes, MOST_CHANGES)),
        verdicts=found,
        by_subject={change_subject(change.facts): change for change in changes},
        releases={release_subject(release): release for release in dossier.releases},
        begins_at=None if ends is None else ends[0],
        ends_at=None if ends is None else ends[1],
        project_names=names,
    )


def _label(change: ChangeFacts, names: Mapping[str, str | None], *, several: bool) -> Text:
    if not several:
        return capture(say("Change {change}", change=change.id), limit=TITLE)
    project = names.get(change.project) or change.project
    return capture(say("Change {change} ({project})", change=change.id, project=project), limit=TITLE)


def _strata(case: ChangeCase) -> Strata:
    states = case.change.states
    risks = [risk_class(case, content) for content in judged(case)]
    ranked = [str(item["name"]) for item in cast("list[dict[str, JSON]]", case.settings["risks"])]
    # Of several contents the highest class decides; a class that the policy does not list stands below all it lists.
    names = [risk.name for risk in risks if risk.name is not None]
    highest = min(names, key=lambda name: ranked.index(name) if name in ranked else len(ranked), default=DEFAULT)
    return Strata(
        type=states[-1].body.type if states else UNSTATED,
        assistance=assistant_use(case).state,
        risk=highest,
        risk_open=any(risk.perhaps for risk in risks),
        excepted=bool(case.change.exceptions),
    )


def _printed(changes: Sequence[PeriodChange], most: int) -> frozenset[int]:
    gravity = tuple(MARKS)
    chosen = sorted(changes, key=lambda change: (min(gravity.index(change.gravest), 2), change.number))[:most]
    return frozenset(change.number for change in chosen)


def _policies(dossier: PeriodDossier, judging: Mapping[str, PolicyRules]) -> tuple[PolicySpan, ...]:
    """The policies in force for each project from the beginning to the end of the period."""
    found: list[PolicySpan] = []
    for project in dossier.projects:
        starts = [dossier.first, *(item.since for item in dossier.records.roster.policies)]
        positions = sorted({start for start in starts if dossier.first <= start <= dossier.end})
        spans: list[PolicySpan] = []
        for position in positions:
            policy = policy_at(dossier.records.roster, project, position)
            if policy is None or (spans and spans[-1].envelope == policy.envelope):
                continue
            if spans:
                spans[-1] = replace(spans[-1], until=position)
            spans.append(
                PolicySpan(
                    project,
                    _policy_name(policy.data),
                    policy.digest,
                    policy.since,
                    None,
                    policy.envelope,
                    judges=project in judging and policy.digest == judging[project].digest,
                )
            )
        found += spans
    return tuple(found)


def _policy_name(data: bytes) -> str | None:
    try:
        return parse_policy(data).name
    except FormatError:
        return None


def _key(verdict: Verdict) -> tuple[str, str, str, str]:
    return verdict.rule, verdict.subject, verdict.outcome, verdict.sentence
