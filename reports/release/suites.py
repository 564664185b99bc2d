"""Tests: every run of every suite, on which content, told by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.facts import commitment_of
from ledger.records import Absent
from reports.parts import Break, Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.release.register import once
from reports.release.said import absence, columns, digest_line, named, quiet, received, status
from reports.release.view import MARKS
from reports.text import capture
from reports.wording import count, minute, number, share

if TYPE_CHECKING:
    from ledger.dossier.facts import RunFact
    from reports.parts import Block
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "tests"
_RESULTS: Final = {"PASSED": Mark.PASS, "FAILED": Mark.FAIL, "WARNED": Mark.CANNOT_TELL}
_WORDS: Final = {"PASSED": "Passed", "FAILED": "Failed", "WARNED": "Passed with warnings"}


_COLUMNS: Final = columns(
    ("Entry", 7),
    ("Change", 12),
    ("Suite, attempt", 15),
    ("Result", 11),
    ("Cases", 17),
    ("Tested content", 20),
    ("Reporter, report", 18),
)


def runs_of(view: View) -> tuple[tuple[ChangeView, RunFact], ...]:
    """Every run, once, at the first change that it tells of."""
    seen: set[int] = set()
    found: list[tuple[ChangeView, RunFact]] = []
    for change in view.changes:
        for run in change.facts.runs:
            if run.record.index not in seen:
                seen.add(run.record.index)
                found.append((change, run))
    return tuple(found)


def tests(view: View) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "6",
        words("Tests"),
        words("Which tests ran, how often, and on exactly the content that landed?"),
        _lede(view),
        _blocks(view),
        brief=view.changeless,
    )


def _blocks(view: View) -> tuple[Block, ...]:
    placed: set[int] = set()
    of_changes: tuple[Block, ...] = ()
    if not view.changeless:
        of_changes = (
            *view.left_out(),
            Table(
                columns(("Change", 22), ("Runs", 9), ("Failed", 9), ("Suites", 44), ("Verdict", 16)),
                tuple(_summary(change) for change in view.printed),
                words("No change is printed."),
                words("Runs for each change"),
                "small",
            ),
            Table(
                _COLUMNS,
                tuple(
                    _row(view, change.label, _content(change, run), run, placed)
                    for change in view.printed
                    for run in change.facts.runs
                ),
                words("No test run is recorded for any change of the release."),
                words("Test runs, change by change"),
                "dense",
            ),
        )
    released = view.dossier.runs
    if view.changeless and not released:
        return ()
    return (
        *of_changes,
        Table(
            _COLUMNS,
            tuple(_row(view, words("none"), _released_content(view, run), run, placed) for run in released),
            words("No other test run on the released commit or its tree is recorded."),
            words("On the released commit or its tree, for no change"),
            "dense",
        ),
        Paragraph(
            line(
                "A run counts for a content by the tree it ran on, whatever commit holds that tree. The reporter is "
                "who signed the event; counts are the reporter's, and the raw report is a content that the event "
                "commits to."
            ),
            small=True,
        ),
    )


def _lede(view: View) -> Line:
    runs = [run for _, run in runs_of(view)]
    failed = sum(item.run.result == "FAILED" for item in runs)
    without = sum(not change.facts.runs for change in view.changes)
    released = view.dossier.runs
    if view.changeless and not released:
        return line("No test run is recorded for this release: no change is, and none ran on the released commit.")
    said = f"{count(len(runs), 'test run is', 'test runs are')} recorded for changes, {number(failed)} of them failed."
    if without:
        said += f" {count(without, 'change has', 'changes have')} none."
    if released:
        failed = sum(item.run.result == "FAILED" for item in released)
        said += f" {count(len(released), 'run', 'runs')} on the released commit or its tree "
        said += f"{'belongs' if len(released) == 1 else 'belong'} to no change, {number(failed)} of them failed."
    return line(said)


def _summary(change: ChangeView) -> Row:
    runs = change.facts.runs
    outcome = change.in_family("TST")
    failed = sum(item.run.result == "FAILED" for item in runs)
    suites = dict.fromkeys(item.run.run.suite for item in runs)
    return Row(
        (
            line(change.label),
            line(number(len(runs))),
            line(f"! {number(failed)}" if failed else "0"),
            line(capture(", ".join(suites), limit=200)) if suites else line(quiet("no run is recorded")),
            line(quiet("no rule is on")) if outcome is None else line(status(MARKS[outcome])),
        ),
        hit=outcome is not None and MARKS[outcome] is Mark.FAIL,
        anchor=change.anchor("t"),
    )


def _row(view: View, label: Text, content: Line, item: RunFact, placed: set[int]) -> Row:
    run = item.run.run
    totals = run.totals
    cases = f"{share(totals.passed, totals.tests)} passed"
    for many, word in (
        (totals.failures, "failed"),
        (totals.errors, "errors"),
        (totals.skipped, "skipped"),
        (totals.flaky, "flaky"),
    ):
        if many:
            cases += f", {number(many)} {word}"
    if totals.tests == totals.skipped:
        cases += "; no case executed"
    return Row(
        (
            line(str(item.record.index)),
            line(label),
            line(f"{run.suite}, attempt {run.attempt}", Break(), quiet(minute(received(item.record)))),
            line(status(_RESULTS[item.run.result], _WORDS[item.run.result])),
            line(cases),
            content,
            (*line(named(item.reporter), Break()), *_report(view, item)),
        ),
        hit=item.run.result == "FAILED",
        anchor=once(placed, item.record.index),
    )


def _content(change: ChangeView, item: RunFact) -> Line:
    run = item.run.run
    facts = change.facts
    if any(landing.merge.tree == run.tree for landing in facts.landings):
        said = "the landed tree"
    else:
        numbers = [str(revision.number) for revision in facts.revisions if revision.diff.tree == run.tree]
        said = f"tree of revision {', '.join(numbers)}, not the landed one" if numbers else "another tree"
        if not facts.landings:
            said = f"tree of revision {', '.join(numbers)}" if numbers else "another tree"
    return _ran_on(said, item)


def _released_content(view: View, item: RunFact) -> Line:
    run = item.run.run
    sources = [source for source in view.dossier.release.sources if source.project == item.record.event.context.project]
    if any(source.commit == run.commit for source in sources):
        return _ran_on("the released commit", item)
    about = item.record.event.context.about.release
    return _ran_on("the released tree" if about is None else "as told about the release", item)


def _ran_on(said: str, item: RunFact) -> Line:
    run = item.run.run
    return line(said, Break(), *digest_line(run.tree), Break(), quiet("commit "), *digest_line(run.commit))


def _report(view: View, item: RunFact) -> Line:
    commitment = commitment_of(item.record, "report")
    if commitment is None:
        return line(quiet("no report kept"))
    content = view.dossier.records.content(item.record.event.context.content("report"))
    if isinstance(content, Absent):
        return line(f"report {absence(content.state)} ", *digest_line(commitment))
    return line("report ", *digest_line(commitment))
