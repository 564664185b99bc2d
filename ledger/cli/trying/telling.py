"""What a trial tells: what the history shows, what it cannot show, and the commands that would change that."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.output import clean, plural, table
from ledger.cli.trying.reading import MOST_PARENTS, count
from ledger.rules.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ledger.cli.trying.reading import Counts, History
    from ledger.cli.trying.throwaway import Report, Trial
    from ledger.rules.verdict import Assessment

THROW_AWAY: Final = (
    "A trial: its ledger and all its keys were made for this run and are gone. "
    "Nobody but the trial itself signed anything, so it proves nothing about anybody."
)
"""Said on every output."""

OUTCOMES: Final = {
    Outcome.FAIL: "fail",
    Outcome.NOT_EVALUABLE: "cannot tell",
    Outcome.PASS: "pass",
    Outcome.NOT_APPLICABLE: "not applicable",
}
"""Outcomes in the order and words of print."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an auditor asks, and what there is of an answer."""

    asked: str
    known: str
    missing: str
    command: str
    """What would record the answer from now on."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Everything a trial tells, in no form yet."""

    name: str
    """Folder name of the repository."""
    history: History
    counts: Counts
    report: Report | None
    trial: Trial
    assessment: Assessment
    pack_id: str
    facts: tuple[tuple[str, str], ...]
    """Name and value of what the history shows."""
    questions: tuple[Question, ...]
    commands: tuple[tuple[str, str], ...]
    """Command and what it does, in order."""
    notes: tuple[str, ...]
    """What a reader could misunderstand without it."""


def tell(
    history: History,
    *,
    name: str,
    repo: Path,
    report: Report | None,
    trial: Trial,
    assessment: Assessment,
    pack_id: str,
) -> Telling:
    """What there is to tell about a history and its pack."""
    counts = count(history)
    where = shlex.quote(str(repo))
    return Telling(
        name,
        history,
        counts,
        report,
        trial,
        assessment,
        pack_id,
        _facts(counts, report),
        _questions(history, counts, report, where),
        _commands(where, report),
        _notes(history, counts, report),
    )


def outcomes(assessment: Assessment) -> tuple[tuple[str, int], ...]:
    """How many verdicts came out how, in the words of print."""
    return tuple((word, len(assessment.by_outcome(outcome))) for outcome, word in OUTCOMES.items())


def lines(telling: Telling, files: Sequence[Path]) -> list[str]:
    """What the terminal shows."""
    history = telling.history
    told = [
        f"Trial of {clean(telling.name, 100)}: {history.chosen.how}",
        *(f"  not read: {sentence}" for sentence in history.chosen.left_out),
        "",
        "What the history shows",
        *(f"  {line}" for line in table(("", ""), telling.facts)[1:]),
    ]
    for asked in telling.questions:
        told += [
            "",
            asked.asked,
            f"  known    {asked.known}",
            f"  missing  {asked.missing}",
            f"  command  {asked.command}",
        ]
    told += ["", "Verdicts under the default policy", f"  {_sum(telling.assessment)}"]
    told += [f"  {line}" for line in _findings(telling.assessment)]
    told += ["", *(f"Note: {note}" for note in telling.notes)]
    told += ["", "Next", *(f"  {line}" for line in table(("", ""), telling.commands)[1:])]
    told += ["", THROW_AWAY, *(f"  {path}" for path in files)]
    return told


def document(telling: Telling, files: Sequence[Path], pdf_missing: str | None) -> dict[str, Any]:
    """What ``--json`` prints."""
    history, counts, report = telling.history, telling.counts, telling.report
    chosen = history.chosen
    return {
        "trial": THROW_AWAY,
        "repository": telling.name,
        "range": {
            "tip": chosen.tip,
            "previous": chosen.previous,
            "version": chosen.version,
            "chosen": chosen.how,
            "left_out": list(chosen.left_out),
        },
        "counts": {
            "commits": counts.commits,
            "landings": counts.landings,
            "merges": counts.merges,
            "names": counts.names,
            "co_authored_commits": counts.co_authored,
            "signed_commits_unchecked": counts.signed,
            "commits_with_assistant_traces": counts.traced,
            "landings_with_request_number": counts.hinted,
            "landings_not_recorded": counts.unrecorded,
        },
        "assistants": [{"assistant": label, "commits": commits} for label, commits in counts.assistants],
        "assistant_traces": [
            {"commit": commit, "assistants": sorted({trace.agent for trace in found})}
            for commit, found in history.traces.items()
        ],
        "hints": [{"commit": commit, "request": number} for commit, number in history.hints.items()],
        "tests": None if report is None else _test_document(report),
        "questions": [
            {"asked": item.asked, "known": item.known, "missing": item.missing, "command": item.command}
            for item in telling.questions
        ],
        "verdicts": {outcome.value: len(telling.assessment.by_outcome(outcome)) for outcome in OUTCOMES},
        "notes": list(telling.notes),
        "next": [{"command": command, "does": does} for command, does in telling.commands],
        "pack_id": telling.pack_id,
        "pdf_missing": pdf_missing,
        "files": [str(path) for path in files],
    }


def results(report: Report) -> str:
    """A test run in words."""
    totals = report.run.totals
    parts = [f"{totals.passed:,} passed"]
    for number, word in (
        (totals.failures, "failed"),
        (totals.errors, "with errors"),
        (totals.skipped, "skipped"),
        (totals.flaky, "passed after failing"),
    ):
        parts += [f"{number:,} {word}"] if number else []
    if report.run.stray_fault_count:
        parts.append(plural(report.run.stray_fault_count, "fault outside any case", "faults outside any case"))
    return f"{plural(totals.tests, 'case')}: {', '.join(parts)}"


def _facts(counts: Counts, report: Report | None) -> tuple[tuple[str, str], ...]:
    single = counts.landings - counts.merges
    found = [
        ("commits", f"{counts.commits:,}"),
        (
            "landings on the first-parent line",
            f"{counts.landings:,}: {plural(counts.merges, 'merge')}, {plural(single, 'single commit')}",
        ),
        ("names and addresses as written", f"{counts.names:,}; how many people these are is unknown"),
        ("commits with co-author lines", f"{counts.co_authored:,}"),
        ("commits with traces of assistants", f"{counts.traced:,}"),
        *((f"commits with traces of {label}", f"{commits:,}") for label, commits in counts.assistants),
        ("commits that carry a signature", f"{counts.signed:,}; not checked here, as no key is enrolled"),
        ("landings whose message has a request number", f"{counts.hinted:,}; hints, bound to nothing"),
    ]
    if report is not None:
        found.append(("test run on the commit checked out", results(report)))
    return tuple(found)


def _questions(history: History, counts: Counts, report: Report | None, where: str) -> tuple[Question, ...]:
    whole = plural(counts.commits, "commit")
    traced = (
        f"{plural(counts.traced, 'commit shows', 'commits show')} an assistant"
        if counts.traced
        else "no commit shows an assistant, which is no sign that none was used"
    )
    requests = (
        f"{plural(counts.hinted, 'landing names', 'landings name')} a request whose reviews may lie at the forge"
        if counts.hinted
        else "no landing names a request"
    )
    return (
        Question(
            "Who are the people?",
            f"{plural(counts.names, 'name and address', 'names and addresses')} as written, by anybody",
            "which person each is; none resolves to a principal, and nobody has a role here",
            f"evidence people suggest --repo {where} > people.toml",
        ),
        Question(
            "Who asked an assistant for what?",
            traced,
            f"prompts: none is recorded for any of {whole}",
            "evidence record prompt",
        ),
        Question(
            "Who approved exactly this content?",
            requests,
            f"approvals: none is recorded; git keeps none for any of {plural(counts.landings, 'landing')}",
            "evidence approve CHANGE",
        ),
        _tests_question(history, report),
        Question(
            "Does every commit belong to a reviewed change?",
            f"{whole} came in {plural(counts.landings, 'landing')}, each recorded with its change manifest",
            "changes: history does not record which request a commit came from, only what was written about it",
            "evidence record diff, evidence record merge",
        ),
    )


def _tests_question(history: History, report: Report | None) -> Question:
    asked = "Which tests ran on it?"
    if report is None:
        return Question(
            asked, "nothing: no report was given", "a test run on this content", "evidence try --junit FILE"
        )
    same = report.tree == next(item.tree for item in history.landings if item.commit == history.chosen.tip)
    where = "the content of the last landing" if same else "another content than the last landing"
    return Question(
        asked,
        f"{results(report)}; taken to be of {report.commit[:12]}, {where}",
        "who ran them, where, and whether on exactly this commit; and a run on each landing before",
        "evidence record test FILE --suite NAME",
    )


def _commands(where: str, report: Report | None) -> tuple[tuple[str, str], ...]:
    found = (
        [] if report is not None else [(f"evidence try --repo {where} --junit FILE", "the same, with a test report")]
    )
    return (
        *found,
        ('evidence init acme --origin LOG.NAME --admin "NAME <MAIL>"', "found a ledger that stays"),
        (f"evidence people suggest --repo {where} > people.toml", "list who is in the history; you say who may what"),
        ("evidence people import people.toml", "make people, roles and keys known"),
        ("evidence record diff", "in CI, for each state of a change"),
        ("evidence record test FILE --suite NAME", "in CI, after the tests"),
        ("evidence record merge", "in CI, on pushes to a protected branch"),
        ("evidence approve CHANGE", "each approver, with a key of their own"),
        ("evidence record release, evidence pack PRODUCT@VERSION", "for an auditor"),
    )


def _notes(history: History, counts: Counts, report: Report | None) -> tuple[str, ...]:
    found = [
        (
            "a trial records no changes, so rules about changes are not applicable, and every commit counts as one "
            "without a change; whether somebody reviewed it elsewhere, a trial cannot know."
        ),
    ]
    if counts.unrecorded:
        found.append(
            f"{plural(counts.unrecorded, 'landing')} could not be recorded as a merge: the first commit of a history, "
            f"or more than {MOST_PARENTS} parents; the commits are on the release's list."
        )
    if report is not None and report.run.outcome == "empty":
        found.append("the test report holds no case that ran, which is no pass.")
    if report is not None and not any(item.id == report.commit for item in history.commits):
        found.append("the commit checked out is not part of what was read.")
    return tuple(found)


def _test_document(report: Report) -> dict[str, Any]:
    totals = report.run.totals
    return {
        "commit": report.commit,
        "tree": report.tree,
        "outcome": report.run.outcome,
        "tests": totals.tests,
        "passed": totals.passed,
        "failures": totals.failures,
        "errors": totals.errors,
        "skipped": totals.skipped,
        "flaky": totals.flaky,
    }


def _sum(assessment: Assessment) -> str:
    return ", ".join(f"{number:,} {word}" for word, number in outcomes(assessment))


def _findings(assessment: Assessment) -> list[str]:
    return [
        f"{OUTCOMES[outcome]:<12} {verdict.rule}  {clean(verdict.sentence, 500)}"
        for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)
        for verdict in assessment.by_outcome(outcome)
    ]
