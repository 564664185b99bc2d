"""Assessments: every rule of a policy over a change, or over a release with all its changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from ledger.dossier.decisions import compromised_since
from ledger.entry import ledger_time
from ledger.errors import ConflictError
from ledger.rules import excepting
from ledger.rules.changes import unread_landings, unread_lists
from ledger.rules.reviewed import without_repetition
from ledger.rules.shape import ChangeCase, Finding, PeriodCase, ReleaseCase, gravest, inapplicable, untold
from ledger.rules.verdict import Assessment, Input, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ChangeDossier, ChangeFacts, ExceptionFact, PeriodDossier, ReleaseDossier
    from ledger.records import Records
    from ledger.rules.policy import PolicyRules, RuleSetting


NEVER_OPEN: Final = ("SOD-01",)
"""Rules that shut a gate in every policy also where they cannot be told."""


def assess_change(dossier: ChangeDossier, policy: PolicyRules, as_of: str) -> Assessment:
    """The verdicts of all rules that speak of changes, in the order of the catalogue.

    Raises:
        ConflictError: ``as-of-too-early``.
        FormatError: ``as_of`` is no ledger time.
    """
    _check_time(dossier.records, as_of)
    subject = change_subject(dossier.change)
    verdicts = [
        _of_change(dossier.records, dossier.change, setting, policy, as_of)
        for setting in policy.rules
        if setting.rule.change is not None
    ]
    return Assessment(subject, policy.digest, dossier.records.position, as_of, tuple(verdicts))


def assess_release(dossier: ReleaseDossier, policy: PolicyRules, as_of: str) -> Assessment:
    """The verdicts of all rules, rule by rule: first of the release, then of each of its changes in order of landing.

    Where a commit list cannot be read, changes may be missing; then every rule about changes also has a verdict of the
    release that says so. A release without any change has for each of them one verdict, not applicable.

    Raises:
        ConflictError: ``as-of-too-early``.
        FormatError: ``as_of`` is no ledger time.
    """
    _check_time(dossier.records, as_of)
    verdicts: list[Verdict] = []
    for setting in policy.rules:
        verdicts += _of_release(dossier, setting, policy, as_of)
        if setting.rule.change is not None:
            verdicts += [
                _in_release(
                    dossier, _of_change(dossier.records, change, setting, policy, as_of), setting, policy, as_of
                )
                for change in dossier.changes
            ]
    return Assessment(release_subject(dossier), policy.digest, dossier.records.position, as_of, tuple(verdicts))


def assess_period(dossier: PeriodDossier, policy: PolicyRules, as_of: str, *, part: bool = False) -> Assessment:
    """The verdicts of all rules, rule by rule: of the period, then of each release and each change that landed in it.

    ``part``: the dossier is of some projects of a period, whose others another policy judges; its subject names them.

    A rule about changes or releases has for a period without any of them one verdict, not applicable.

    Raises:
        ConflictError: ``as-of-too-early``.
        FormatError: ``as_of`` is no ledger time.
    """
    _check_time(dossier.records, as_of)
    records, subject = dossier.records, period_subject(dossier, part=part)
    verdicts: list[Verdict] = []
    for setting in policy.rules:
        rule, found = setting.rule, len(verdicts)
        if rule.period is not None:
            finding = rule.period(PeriodCase(dossier, setting.settings, as_of))
            verdicts.append(_verdict(records, setting, subject, finding))
        if rule.release is not None:
            verdicts += [
                verdict for release in dossier.releases for verdict in _of_release(release, setting, policy, as_of)
            ]
        if rule.change is not None:
            verdicts += [_of_change(records, change, setting, policy, as_of) for change in dossier.changes]
        if len(verdicts) == found:
            verdicts.append(_verdict(records, setting, subject, inapplicable("the period holds what it speaks of")))
    return Assessment(subject, policy.digest, records.position, as_of, tuple(verdicts))


def blocking(assessment: Assessment, policy: PolicyRules) -> tuple[Verdict, ...]:
    """The verdicts for which a gate stays shut: what failed, and in a strict policy also what cannot be told.

    Whether anybody independent approved (SOD-01) is told, or every gate stays shut: else an account that nobody knows
    could open it. A rule of low severity advises and blocks nothing, and neither does one that an exception stands
    beside.
    """
    return tuple(
        verdict
        for verdict in assessment.verdicts
        if verdict.severity != "low"
        and not verdict.excepted_by
        and (
            verdict.outcome is Outcome.FAIL
            or (verdict.outcome is Outcome.NOT_EVALUABLE and (policy.strict or verdict.rule in NEVER_OPEN))
        )
    )


def change_subject(change: ChangeFacts) -> str:
    """How verdicts name a change."""
    return f"change {change.project}/{change.id}"


def release_subject(dossier: ReleaseDossier) -> str:
    """How verdicts name a release."""
    return f"release {dossier.name}"


def period_subject(dossier: PeriodDossier, *, part: bool = False) -> str:
    """How verdicts name a period; a part of it with its projects."""
    whole = f"period {dossier.first}-{dossier.end}"
    return f"{whole} of {', '.join(dossier.projects)}" if part else whole


def _of_change(records: Records, change: ChangeFacts, setting: RuleSetting, policy: PolicyRules, as_of: str) -> Verdict:
    if setting.rule.change is None:
        raise ValueError("the rule does not speak of changes")
    case = ChangeCase(records, change, setting.settings, as_of)
    verdict = _verdict(records, setting, change_subject(change), setting.rule.change(case))
    return _excepted(verdict, excepting.of_change(case, verdict.rule, policy.shared))


def _of_release(dossier: ReleaseDossier, setting: RuleSetting, policy: PolicyRules, as_of: str) -> Iterable[Verdict]:
    findings: list[Finding] = []
    if setting.rule.release is not None:
        findings.append(setting.rule.release(ReleaseCase(dossier, setting.settings, as_of)))
    if setting.rule.change is not None:
        hidden = (*unread_lists(dossier), *unread_landings(dossier))
        release = (("release", dossier.record),)
        if hidden:
            findings.append(untold((f"which changes it holds is open, as {clause}" for clause in hidden), release))
        elif not dossier.changes and not findings:
            findings.append(inapplicable("the release holds a recorded change", release))
    if not findings:
        return []
    verdict = _verdict(dossier.records, setting, release_subject(dossier), gravest(findings))
    return [
        _excepted(verdict, excepting.of_release(dossier, verdict.rule, {**policy.shared, **setting.settings}, as_of))
    ]


def _in_release(
    dossier: ReleaseDossier, verdict: Verdict, setting: RuleSetting, policy: PolicyRules, as_of: str
) -> Verdict:
    """The verdict of a change of the release, with the exceptions of the release that stand beside it too."""
    settings = {**policy.shared, **setting.settings}
    return _excepted(verdict, excepting.of_release(dossier, verdict.rule, settings, as_of, of_change=True))


def _excepted(verdict: Verdict, exceptions: Iterable[ExceptionFact]) -> Verdict:
    """The verdict with ``exceptions`` beside it, after those that stand there already."""
    if verdict.outcome not in (Outcome.FAIL, Outcome.NOT_EVALUABLE):
        return verdict
    found = tuple(Input("exception", item.record.envelope, item.record.index) for item in exceptions)
    return replace(verdict, excepted_by=(*verdict.excepted_by, *found))


def _verdict(records: Records, setting: RuleSetting, subject: str, finding: Finding) -> Verdict:
    settled = _settled(records, finding)
    inputs = without_repetition(settled.inputs)
    return Verdict(
        rule=setting.rule.id,
        subject=subject,
        outcome=settled.outcome,
        sentence=settled.sentence,
        missing=settled.missing,
        precondition=settled.precondition,
        inputs=tuple(Input(name, record.envelope, record.index) for name, record in inputs),
        parameters=dict(setting.settings),
        severity=setting.severity,
    )


def _settled(records: Records, finding: Finding) -> Finding:
    """The finding, unless it rests on a signature that no longer counts: then it cannot be told (format §6.2)."""
    match finding.outcome:
        case Outcome.NOT_EVALUABLE:
            return finding
        case Outcome.PASS | Outcome.FAIL | Outcome.NOT_APPLICABLE:
            clauses = [
                f"entry {record.index} was signed with a key that counts as compromised from position {since}"
                for _, record in without_repetition(finding.inputs)
                if (since := compromised_since(records, record)) is not None and record.index >= since
            ]
            return untold(clauses, finding.inputs) if clauses else finding
        case _:
            assert_never(finding.outcome)


def _check_time(records: Records, as_of: str) -> None:
    ledger_time(as_of, "as_of")
    latest = max((record.leaf.received_at for record in records.entries), default="")
    if as_of < latest:
        raise ConflictError(
            "as-of-too-early",
            "an assessment cannot be as of a time before the last entry it reads was received",
            details={"as_of": as_of, "received_at": latest},
        )
