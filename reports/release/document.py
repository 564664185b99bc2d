"""The release pack as one document: cover, sections, and the pack of records that do not verify."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reports import covers
from reports.notices import control, cover, foot
from reports.parts import (
    Conclusion,
    Document,
    Line,
    Mark,
    Paragraph,
    Section,
    line,
    words,
)
from reports.release.access import access
from reports.release.assistants import assistants
from reports.release.completeness import completeness
from reports.release.conclusion import conclusion, excepted_failures, released_commit, tally
from reports.release.configuration import configuration
from reports.release.controls import control_matrix
from reports.release.excepted import exceptions
from reports.release.integrity import findings, verify_section
from reports.release.method import method
from reports.release.objectives import rules_on
from reports.release.outcome import deployments
from reports.release.people import duties
from reports.release.questions import questions
from reports.release.register import register
from reports.release.said import digest_line, entry, joined, quiet, received, rows
from reports.release.signed import approvals
from reports.release.signoff import sign_off
from reports.release.stated import requests_of
from reports.release.statement import statement
from reports.release.suites import tests
from reports.release.trails import traceability
from reports.release.view import MARKS, Carried, PackSettings, View, look, release_name
from reports.release.withheld import removed
from reports.say import say, say_count
from reports.text import capture
from reports.wording import SHORT, day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ReleaseDossier
    from ledger.events.work import Source
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment
    from ledger.verify.findings import Verification
    from reports.text import Text


OPENING: Final = frozenset({"conclusion", "questions", "verify"})
"""Sections that begin a page: what a reader turns to."""


def release_document(
    dossier: ReleaseDossier,
    assessments: Sequence[Assessment],
    verification: Verification,
    *,
    policy: PolicyRules,
    settings: PackSettings,
    carried: Carried,
) -> Document:
    """The pack of a release: a function of its arguments, nothing else."""
    view = look(dossier, assessments, verification, policy, settings, carried)
    return Document(
        language=settings.language,
        pack_id=words(carried.number),
        kind=words(say("Evidence pack")),
        subject=release_name(dossier),
        subtitle=words(_subtitle(view)),
        issuer=words("Evidence Ledger"),
        conclusion=_conclusion(view),
        facts=_facts(view),
        notice_tag=foot(settings),
        notice=cover(settings),
        created=settings.generated_at,
        sections=_paged(
            questions(view),
            statement(view),
            conclusion(view),
            completeness(view),
            register(view),
            duties(view),
            approvals(view),
            tests(view),
            assistants(view),
            exceptions(view),
            deployments(view),
            traceability(view),
            control_matrix(view),
            configuration(view),
            access(view),
            removed(view),
            verify_section(verification, carried, "16", assessments=len(assessments)),
            method(view),
            sign_off(view),
        ),
    )


def _paged(*sections: Section) -> tuple[Section, ...]:
    """The sections; all but the chief ones follow on the page on which the one before ends."""
    return tuple(replace(one, brief=one.brief or one.anchor not in OPENING) for one in sections)


def refused_document(verification: Verification, *, settings: PackSettings, carried: Carried, subject: str) -> Document:
    """The pack of a bundle from which no release can be read: it says so, and prints what the checks found."""
    many = len(verification.failures)
    return Document(
        language=settings.language,
        pack_id=words(carried.number),
        kind=words(say("Evidence pack")),
        subject=capture(subject, limit=120),
        subtitle=words(say("The records do not verify, and no release can be read from them.")),
        issuer=words("Evidence Ledger"),
        conclusion=Conclusion(
            words(say("Verification of the records")),
            words(say("The records do not verify")),
            (),
            line(
                say_count(
                    "{count} check result failed. No rule was assessed: verdicts on records that do not hold would "
                    "say nothing.",
                    "{count} check results failed. No rule was assessed: verdicts on records that do not hold would "
                    "say nothing.",
                    many,
                )
            ),
        ),
        facts=rows(*control(settings, carried)),
        notice_tag=foot(settings),
        notice=cover(settings),
        created=settings.generated_at,
        sections=(
            Section(
                "findings",
                "1",
                words(say("What the checks found")),
                words(say("Where do the records not hold?")),
                line(say_count("{count} check result failed.", "{count} check results failed.", many)),
                findings(verification)
                or (Paragraph(line(say("No check failed, yet no release can be read from the bundle."))),),
            ),
            verify_section(verification, carried, "2"),
        ),
    )


def _conclusion(view: View) -> Conclusion:
    counts = {MARKS[outcome]: many for outcome, many in tally(view)}
    judged = len({verdict.rule for verdict in view.verdicts})
    told = [
        say(
            "{changes}, {rules}, {verdicts}; {on}.",
            changes=say_count("{count} change", "{count} changes", len(view.changes)),
            rules=say_count("{count} rule asked", "{count} rules asked", judged),
            verdicts=say_count("{count} verdict", "{count} verdicts", len(view.verdicts)),
            on=rules_on(view),
        ),
        excepted_failures(view),
        released_commit(view),
        say("Every signature and proof in the attached bundle verifies."),
    ]
    return covers.conclusion(
        say("Verdicts, one for each rule and subject"),
        view.verification,
        tuple(counts.items()),
        covers.headline(counts[Mark.FAIL], counts[Mark.CANNOT_TELL], say("Every rule that applies passed")),
        " ".join(filter(None, told)),
    )


def _subtitle(view: View) -> str:
    """What the pack tells of, in the words of what is recorded."""
    if view.changeless:
        return say("A release of which no change is recorded: what is known of it, and how to check it.")
    if all(requests_of(change) for change in view.changes):
        return say(
            "Who asked for each change, what was tested, who approved exactly which content, and how to check it."
        )
    return say("What was changed and tested, who approved exactly which content, and how to check it.")


def _begin(view: View, source: Source) -> str:
    """Where the commit list of a source begins."""
    if source.previous:
        return say("after {commit}", commit=source.previous[:SHORT])
    project = view.dossier.records.roster.projects.get(source.project)
    if project is not None and project.start is not None:
        return say("from the declared start of the project, {commit}", commit=project.start[:SHORT])
    return say("from the start of its history")


def _facts(view: View) -> tuple[tuple[Text, Line], ...]:
    dossier, settings, carried = view.dossier, view.settings, view.carried
    sources = [
        line(
            capture(source.project_name or source.source.project, limit=60),
            " ",
            *digest_line(source.source.commit),
            " ",
            quiet(_begin(view, source.source)),
        )
        for source in dossier.sources
    ]
    shown = sources[:4]
    more = (
        line(" ", quiet(say_count("and {count} more source", "and {count} more sources", len(sources) - 4)))
        if len(sources) > 4
        else ()
    )
    start = min(
        (received(landing.record) for change in view.changes for landing in change.facts.landings), default=None
    )
    until = received(dossier.record)
    period = (
        day(until)
        if start is None
        else _span(day(start), day(until), say_count("{count} change", "{count} changes", len(view.changes)))
    )
    return rows(
        *covers.organisation(settings),
        (say("Release"), line(capture(dossier.name, limit=160), " ", quiet(entry(dossier.record)))),
        (say("Sources"), (*joined(shown, "; "), *more)),
        (say("Landed"), line(period)),
        (say("Deployed to"), _environments(view)),
        (
            say("Policy"),
            line(*covers.policy_line(view.policy), " ", covers.judged_at(dossier.records.position, carried.as_of)),
        ),
        (say("Ledger"), covers.ledger_line(dossier.records)),
        (say("Checkpoint"), covers.checkpoint_line(view.verification)),
        covers.administrators(dossier.records),
        *control(settings, carried),
    )


def _environments(view: View) -> Line:
    """Where the release went, as its deployments tell."""
    found = dict.fromkeys(item.deploy.environment for item in view.dossier.deployments)
    if not found:
        return line(quiet(say("nowhere that is recorded")))
    return line(capture(", ".join(found), limit=160))


def _span(begin: str, end: str, changes: str) -> str:
    if begin == end:
        return say("{day}, {changes}", day=begin, changes=changes)
    return say("{begin} to {end}, {changes}", begin=begin, end=end, changes=changes)
