"""The period pack as one document: cover, one-page result, the sections in their order, numbered where they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ledger.rules.verdict import Outcome
from reports import covers
from reports.notices import control, cover, foot
from reports.parts import (
    Beside,
    Break,
    Conclusion,
    Document,
    Heading,
    Legend,
    Line,
    Mark,
    Paragraph,
    Table,
    line,
    words,
)
from reports.period.access import access
from reports.period.administration import administration
from reports.period.controls import controls
from reports.period.deviations import deviations
from reports.period.duties import duties
from reports.period.exceptions import exceptions
from reports.period.incidents import incidents
from reports.period.management import management
from reports.period.measures import concentration_section, measures_section
from reports.period.method import method
from reports.period.policies import policies
from reports.period.populations import completeness
from reports.period.questions import questions
from reports.period.reconciliations import reconciliations
from reports.period.register import deployments, register
from reports.period.result import result
from reports.period.results import results
from reports.period.sampled import sampling_plan
from reports.period.scope import beyond, scope
from reports.period.sheets import sample_sheets
from reports.period.shown import named_projects, span_line, tally
from reports.period.strata import strata
from reports.period.system import system
from reports.release.integrity import findings, verify_section
from reports.release.said import joined, quiet, rows, status, strong
from reports.release.view import MARKS
from reports.say import say, say_count
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.parts import Block, Section
    from reports.period.view import PeriodView
    from reports.text import Text

OPENING: Final = frozenset({"deviations", "questions", "result", "verify"})
"""Sections that begin a page: what a reader turns to, and what stands behind the sheets of a sample."""
MOST_PROJECTS: Final = 6
"""Projects named on the cover; the rest is counted."""


def period_document(view: PeriodView) -> Document:
    """The pack of a period: a function of the view, nothing else."""
    settings = view.settings
    sections = (
        result(view),
        scope(view),
        system(view),
        controls(view),
        completeness(view),
        reconciliations(view),
        register(view),
        deployments(view),
        results(view),
        strata(view),
        duties(view),
        sampling_plan(view),
        *sample_sheets(view),
        deviations(view),
        exceptions(view),
        incidents(view),
        access(view),
        policies(view),
        administration(view),
        measures_section(view),
        concentration_section(view),
        management(view),
        verify_section(
            view.verification,
            view.carried,
            "",
            assessments=len(view.parts),
            period=True,
            baseline=view.baseline is not None,
        ),
        method(view),
    )
    asked = questions(view, anchors_in(sections))
    return Document(
        language=settings.language,
        pack_id=words(view.carried.number),
        kind=words(say("Evidence pack of a period")),
        subject=words(view.span),
        subtitle=_subtitle(view),
        issuer=words("Evidence Ledger"),
        conclusion=_conclusion(view),
        facts=rows(*_facts(view)),
        notice_tag=foot(settings),
        notice=cover(settings),
        created=settings.generated_at,
        sections=_numbered((sections[0], asked, *sections[1:])),
        front=_front(view),
    )


def anchors_in(sections: Iterable[Section]) -> frozenset[str]:
    """Every anchor that the sections define, their own and those of what they hold."""
    found: set[str] = set()
    for section in sections:
        found.add(section.anchor)
        for block in section.blocks:
            found.update(_anchors(block))
    return frozenset(found)


def _anchors(block: Block) -> Iterable[str]:
    if isinstance(block, Table):
        return (row.anchor for row in block.rows if row.anchor)
    anchor = getattr(block, "anchor", "")
    return (anchor,) if anchor else ()


def _numbered(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The sections numbered in their order, sheets of the sample apart; those that may, follow on the same page."""
    found: list[Section] = []
    place = 0
    for section in sections:
        if section.anchor.startswith("sheet"):
            found.append(replace(section, number=f"S{section.anchor.removeprefix('sheet')}"))
        else:
            place += 1
            flows = section.anchor not in OPENING
            found.append(replace(section, number=str(place), brief=flows))
    return tuple(found)


def _subtitle(view: PeriodView) -> Text:
    return words(
        say_count(
            "Every change of {count} project in the period: which controls held, where not, and how to check it.",
            "Every change of {count} projects in the period: which controls held, where not, and how to check it.",
            len(view.dossier.projects),
        )
    )


def _conclusion(view: PeriodView) -> Conclusion:
    counts = tally(view.verdicts)
    passed = say("Every rule that applies passed") if view.changes else say("Nothing landed, and nothing failed")
    return covers.conclusion(
        say("Verdicts over the whole population"),
        view.verification,
        tuple((MARKS[outcome], many) for outcome, many in counts.items()),
        covers.headline(counts[Outcome.FAIL], counts[Outcome.NOT_EVALUABLE], passed),
        say(
            "{changes}, {releases} and the period itself, judged by {rules}: {verdicts}; {deployments}. Every "
            "signature and proof in the attached bundle verifies.",
            changes=say_count("{count} change", "{count} changes", len(view.changes)),
            releases=say_count("{count} release", "{count} releases", len(view.dossier.releases)),
            deployments=say_count(
                "{count} deployment", "{count} deployments", len(view.dossier.surroundings.deployments)
            ),
            rules=say_count("{count} rule", "{count} rules", len(view.rules)),
            verdicts=say_count("{count} verdict", "{count} verdicts", len(view.verdicts)),
        ),
    )


def _facts(view: PeriodView) -> list[tuple[str, Line]]:
    records = view.dossier.records
    named = [line(view.project_name(project)) for project in view.dossier.projects[:MOST_PROJECTS]]
    projects = joined(named)
    more = len(view.dossier.projects) - MOST_PROJECTS
    if more > 0:
        projects = (*projects, *line(" ", quiet(say("and {more} more", more=number(more)))))
    return [
        *covers.organisation(view.settings),
        (say("Projects"), projects),
        (
            say("Period"),
            span_line(view),
        ),
        *((say("Beyond what is shown"), line(strong(said))) for said in beyond(view)),
        (
            say("Policy") if len(view.parts) == 1 else say("Policies"),
            line(
                *_policies(view),
                " " if len(view.parts) == 1 else Break(),
                covers.judged_at(records.position, view.carried.as_of),
            ),
        ),
        (say("Ledger"), covers.ledger_line(records)),
        (say("Checkpoint"), covers.checkpoint_line(view.verification)),
        covers.administrators(records),
        *control(view.settings, view.carried),
    ]


def _policies(view: PeriodView) -> Line:
    """The policies that judge, with their projects where there are several."""
    if len(view.parts) == 1:
        policy = view.parts[0].policy
        return covers.policy_line(policy)
    found: list[Line] = [
        line(
            *covers.policy_line(part.policy),
            " ",
            say("for {projects}", projects=named_projects(view, part.projects)),
        )
        for part in view.parts[:MOST_PROJECTS]
    ]
    more = len(view.parts) - MOST_PROJECTS
    if more > 0:
        found.append(line(quiet(say("and {more} more", more=number(more)))))
    return joined(found, "; ")


def _front(view: PeriodView) -> tuple[Block, ...]:
    return (
        *findings(view.verification),
        Beside(
            (
                (
                    Heading(words(say("How to read the marks"))),
                    Legend(
                        (
                            (status(Mark.PASS), line(say("the rule held, on evidence that is named"))),
                            (status(Mark.FAIL), line(say("the rule did not hold"))),
                            (
                                status(Mark.CANNOT_TELL),
                                line(say("evidence is missing, withheld, erased or unresolved")),
                            ),
                            (
                                status(Mark.NOT_APPLICABLE),
                                line(say("nothing the rule speaks of; never counted as pass")),
                            ),
                            (status(Mark.EXCEPTED), line(say("an exception stands beside it and changes nothing"))),
                        )
                    ),
                    Paragraph(
                        line(
                            say(
                                "A mark may stand with a word of its own: {passed} with Yes, In time, None, All at "
                                "hand or Intact; {failed} with Not always, Never, Not declared, Silent or Names none; "
                                "{untold} with Not yet, Open, Not observed or In part; {idle} with Nothing to ask, Not "
                                "released, or Not tested where none of the rules is on. “Not judged” has no mark: none "
                                "of the rules is on.",
                                passed=Mark.PASS.sign,
                                failed=Mark.FAIL.sign,
                                untold=Mark.CANNOT_TELL.sign,
                                idle=Mark.NOT_APPLICABLE.sign,
                            )
                        ),
                        small=True,
                    ),
                ),
                (
                    Heading(words(say("What this pack is not"))),
                    Paragraph(
                        line(
                            say(
                                "It is evidence, not an opinion. It shows what was signed and in which order; it does "
                                "not show that a signer read what was signed, nor what was never sent to the ledger."
                            )
                        )
                    ),
                ),
            )
        ),
    )
