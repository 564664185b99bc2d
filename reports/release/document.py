"""The release pack as one document: cover, sections, and the pack of records that do not verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import (
    Beside,
    Break,
    Conclusion,
    Document,
    Fingerprint,
    Heading,
    Legend,
    Line,
    Mark,
    Paragraph,
    Section,
    line,
    words,
)
from reports.release.assistants import assistants
from reports.release.completeness import completeness
from reports.release.conclusion import conclusion, questions, tally
from reports.release.excepted import exceptions
from reports.release.integrity import findings, verify_section
from reports.release.method import method
from reports.release.outcome import deployments
from reports.release.people import duties
from reports.release.register import register
from reports.release.said import code, digest_line, joined, parse_time, quiet, received, rows, status, strong
from reports.release.signed import approvals
from reports.release.suites import tests
from reports.release.trails import traceability
from reports.release.view import MARKS, Carried, PackSettings, View, look, release_name
from reports.text import capture
from reports.wording import count, day, digits, moment, moment_in, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import ReleaseDossier
    from ledger.rules.policy import PolicyRules
    from ledger.rules.verdict import Assessment
    from ledger.verify.findings import Verification
    from reports.parts import Block
    from reports.text import Text

NOT_SEALED: Final = "Not sealed"
UNSEALED: Final = "Not sealed: printed pages are not covered by a signature; the attached records are."
_SUBTITLE: Final = (
    "Who asked for each change, what was tested, who approved exactly which content, and how to check it."
)


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
        language="en",
        pack_id=words(carried.number),
        kind=words("Evidence pack"),
        subject=release_name(dossier),
        subtitle=words(_SUBTITLE),
        issuer=words("Evidence Ledger"),
        conclusion=_conclusion(view),
        facts=_facts(view),
        notice_tag=_tag(settings),
        notice=words(f"{settings.notice} {UNSEALED}".strip()),
        created=settings.generated_at,
        sections=(
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
            verify_section(verification, carried, "11"),
            method(view),
        ),
        front=(questions(view), *_front()),
    )


def refused_document(verification: Verification, *, settings: PackSettings, carried: Carried, subject: str) -> Document:
    """The pack of a bundle from which no release can be read: it says so, and prints what the checks found."""
    many = count(len(verification.failures), "check result", "check results")
    return Document(
        language="en",
        pack_id=words(carried.number),
        kind=words("Evidence pack"),
        subject=capture(subject, limit=120),
        subtitle=words("The records do not verify, and no release can be read from them."),
        issuer=words("Evidence Ledger"),
        conclusion=Conclusion(
            words("Verification of the records"),
            words("The records do not verify"),
            (),
            line(f"{many} failed. No rule was assessed: verdicts on records that do not hold would say nothing."),
        ),
        facts=rows(*_control(settings, carried)),
        notice_tag=_tag(settings),
        notice=words(f"{settings.notice} {UNSEALED}".strip()),
        created=settings.generated_at,
        sections=(
            Section(
                "findings",
                "1",
                words("What the checks found"),
                words("Where do the records not hold?"),
                line(f"{many} failed."),
                findings(verification)
                or (Paragraph(line("No check failed, yet no release can be read from the bundle.")),),
            ),
            verify_section(verification, carried, "2"),
        ),
    )


def _conclusion(view: View) -> Conclusion:
    counts = {MARKS[outcome]: many for outcome, many in tally(view)}
    verdicts = len(view.verdicts)
    if not view.verification.intact:
        headline = "The records do not verify"
        said = (
            f"{count(len(view.verification.failures), 'check result', 'check results')} failed; verdicts rest on "
            "the entries "
            "that passed every check of their own. Do not rely on this pack."
        )
    else:
        headline = _headline(counts[Mark.FAIL], counts[Mark.CANNOT_TELL])
        said = (
            f"{count(len(view.changes), 'change', 'changes')}, {count(len(view.policy.rules), 'rule', 'rules')}, "
            f"{count(verdicts, 'verdict', 'verdicts')}. Every signature and proof in the attached bundle verifies."
        )
    return Conclusion(
        words("Verdicts, one for each rule and subject"),
        words(headline),
        tuple(counts.items()),
        line(said),
    )


def _tag(settings: PackSettings) -> Text:
    """What stands at the foot of every page: always that the pages are not sealed, after the caller's own words."""
    return capture(f"{settings.notice_tag} · {NOT_SEALED}" if settings.notice_tag else NOT_SEALED, limit=60)


def _headline(failed: int, untold: int) -> str:
    if failed and untold:
        return f"{count(failed, 'verdict failed', 'verdicts failed')}, {number(untold)} cannot be told"
    if failed:
        return count(failed, "verdict failed", "verdicts failed")
    if untold:
        return f"No failure, {number(untold)} cannot be told"
    return "Every rule that applies passed"


def _facts(view: View) -> tuple[tuple[Text, Line], ...]:
    dossier, settings, carried = view.dossier, view.settings, view.carried
    found = view.verification
    roster = dossier.records.roster
    sources = [
        line(
            capture(source.project_name or source.source.project, limit=60),
            " ",
            *digest_line(source.source.commit),
            quiet(
                f" after {source.source.previous[:12]}" if source.source.previous else " from the start of its history"
            ),
        )
        for source in dossier.sources
    ]
    shown = sources[:4]
    more = line(quiet(f" and {count(len(sources) - 4, 'more source', 'more sources')}")) if len(sources) > 4 else ()
    start = min(
        (received(landing.record) for change in view.changes for landing in change.facts.landings), default=None
    )
    until = received(dossier.record)
    period = (
        day(until) if start is None else _span(day(start), day(until), count(len(view.changes), "change", "changes"))
    )
    pairs: list[tuple[str, Line]] = []
    if settings.organisation:
        pairs.append(("Organisation", line(capture(settings.organisation, limit=120))))
    pairs += [
        ("Release", line(capture(dossier.name, limit=160), quiet(f" entry {dossier.record.index}"))),
        ("Sources", (*joined(shown, "; "), *more)),
        ("Landed", line(period)),
        (
            "Policy",
            line(
                code(view.policy.name),
                " ",
                Fingerprint(digits(view.policy.digest)),
                quiet(f" at position {number(dossier.records.position)}, as of {moment(parse_time(carried.as_of))}"),
            ),
        ),
        (
            "Ledger",
            line(
                Fingerprint(digits(dossier.records.ledger), full=True),
                Break(),
                quiet(f"{roster.core.origin}; compare this id with ledger.pub obtained elsewhere"),
            ),
        ),
        ("Checkpoint", _checkpoint(found)),
        (
            "Administrators",
            line(
                "one acts alone on the roster of this ledger"
                if roster.core.admins_required == 1
                else f"{roster.core.admins_required} must agree on every change of the roster"
            ),
        ),
        *_control(settings, carried),
    ]
    return rows(*pairs)


def _span(begin: str, end: str, changes: str) -> str:
    return f"{begin}, {changes}" if begin == end else f"{begin} to {end}, {changes}"


def _checkpoint(found: Verification) -> Line:
    if found.checkpoint_root is None or found.checkpoint_size is None:
        return line(strong("none that verifies"))
    return line(
        Fingerprint(digits(found.checkpoint_root.hex()), full=True),
        Break(),
        quiet(f"over {count(found.checkpoint_size, 'entry', 'entries')}"),
    )


def _control(settings: PackSettings, carried: Carried) -> list[tuple[str, Line]]:
    prepared = [settings.prepared_from or "source not stated"]
    if settings.prepared_by:
        prepared.append(f"by {settings.prepared_by}")
    return [
        ("Generated", line(moment_in(settings.generated_at, settings.zone, settings.zone_name))),
        ("Prepared", line(capture(", ".join(prepared), limit=200))),
        ("Pack id", digest_line(carried.pack_id, full=True)),
    ]


def _front() -> tuple[Block, ...]:
    return (
        Beside(
            (
                (
                    Heading(words("How to read the marks")),
                    Legend(
                        (
                            (status(Mark.PASS), line("the rule held, on evidence that is named")),
                            (status(Mark.FAIL), line("the rule did not hold")),
                            (status(Mark.CANNOT_TELL), line("evidence is missing, withheld, erased or unresolved")),
                            (status(Mark.NOT_APPLICABLE), line("nothing the rule speaks of; never counted as pass")),
                        )
                    ),
                ),
                (
                    Heading(words("What this pack is not")),
                    Paragraph(
                        line(
                            "It is evidence, not an opinion. It shows what was signed and in which order; it does "
                            "not show that "
                            "a signer read what was signed, nor what was never sent to the ledger."
                        )
                    ),
                ),
            )
        ),
    )
