"""Tests: every run of every suite, on which content, told by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.dossier.facts import commitment_of
from ledger.records import Absent
from reports.parts import Break, Line, Mark, Paragraph, Row, Section, Table, line, say_line, words
from reports.release.register import once
from reports.release.repeats import repeats
from reports.release.said import NAME, absence, columns, digest_line, named, quiet, received, status, strong
from reports.release.scans import scans
from reports.release.verdicts import failing, of_rules, told
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import moment, number, share

if TYPE_CHECKING:
    from ledger.dossier.facts import RunFact
    from reports.parts import Block, Column
    from reports.release.view import ChangeView, View
    from reports.text import Text

ANCHOR: Final = "tests"
_RESULTS: Final = {"PASSED": Mark.PASS, "FAILED": Mark.FAIL, "WARNED": Mark.CANNOT_TELL}
_WORDS: Final = {"PASSED": to_say("Passed"), "FAILED": to_say("Failed"), "WARNED": to_say("Passed with warnings")}


def _columns() -> tuple[Column, ...]:
    return columns(
        (say("Entry"), 7),
        (say("Change"), 12),
        (say("Suite, attempt"), 15),
        (say("Result"), 11),
        (say("Cases"), 17),
        (say("Tested content"), 20),
        (say("Reporter, report"), 18),
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
        "7",
        words(say("Tests and scans")),
        words(say("Which tests ran, how often, and on exactly the content that landed?")),
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
                columns(
                    (say("Change"), 22),
                    (say("Runs"), 9),
                    (say("Failed"), 9),
                    (say("Suites"), 40),
                    (say("TST rules"), 20),
                ),
                tuple(_summary(change) for change in view.printed),
                words(say("No change is printed.")),
                words(say("Runs for each change")),
                "small",
            ),
            Table(
                _columns(),
                tuple(
                    _row(view, change.label, _content(change, run), run, placed)
                    for change in view.printed
                    for run in change.facts.runs
                ),
                words(say("No test run is recorded for any change of the release.")),
                words(say("Test runs, change by change")),
                "dense",
            ),
        )
    released = view.dossier.runs
    if view.changeless and not released:
        return ()
    return (
        *of_changes,
        *(() if view.changeless else repeats(view)),
        *_of_release(view, released, placed),
        Paragraph(
            line(
                *(() if released else (_none_released(view), " ")),
                say(
                    "A run counts for a content by the tree it ran on, whatever commit holds that tree. The reporter "
                    "is who signed the event; counts are the reporter's, and the raw report is a content that the "
                    "event commits to."
                ),
            ),
            small=True,
        ),
        *scans(view),
    )


def _of_release(view: View, runs: tuple[RunFact, ...], placed: set[int]) -> tuple[Block, ...]:
    if not runs:
        return ()
    return (
        Table(
            _columns(),
            tuple(_row(view, words(say("none")), _released_content(view, run), run, placed) for run in runs),
            words(_none_released(view)),
            words(say("On the released commit or its tree, for no change")),
            "dense",
        ),
        *_at_odds(runs),
    )


def _none_released(view: View) -> str:
    """The sentence where no run on the released content belongs to no change: "other" only beside one that does."""
    commits = {source.source.commit for source in view.dossier.sources}
    trees = {place.commit.tree for place in view.dossier.places if place.commit.id in commits}
    if any(run.run.run.commit in commits or run.run.run.tree in trees for _, run in runs_of(view)):
        return say("No other test run on the released commit or its tree is recorded.")
    return say("No test run on the released commit or its tree is recorded.")


def _at_odds(runs: tuple[RunFact, ...]) -> tuple[Block, ...]:
    """The suites that both passed and failed on one tree, which a later result alone would hide."""
    by_suite: dict[tuple[str, str], list[RunFact]] = {}
    for item in runs:
        by_suite.setdefault((item.run.run.suite, item.run.run.tree), []).append(item)
    return tuple(
        Paragraph(
            line(
                "! ",
                strong(
                    say(
                        "On the same tree “{suite}” both passed and failed: entries {entries}.",
                        suite=capture(suite, limit=NAME).plain,
                        entries=", ".join(str(item.record.index) for item in items),
                    )
                ),
            )
        )
        for (suite, _), items in by_suite.items()
        if len({item.run.result == "FAILED" for item in items}) > 1
    )


def _lede(view: View) -> Line:
    runs = [run for _, run in runs_of(view)]
    failed = sum(item.run.result == "FAILED" for item in runs)
    without = sum(not change.facts.runs for change in view.changes)
    released = view.dossier.runs
    if view.changeless and not released:
        return line(say("No test run is recorded for this release: no change is, and none ran on the released commit."))
    said = []
    if not view.changeless:
        said.append(
            say_count(
                "{count} test run is recorded for changes, {failed} of them failed.",
                "{count} test runs are recorded for changes, {failed} of them failed.",
                len(runs),
                failed=number(failed),
            )
        )
    if without:
        said.append(say_count("{count} change has none.", "{count} changes have none.", without))
    if released:
        said.append(
            say_count(
                "{count} run on the released commit or its tree belongs to no change, {failed} of them failed.",
                "{count} runs on the released commit or its tree belong to no change, {failed} of them failed.",
                len(released),
                failed=number(sum(item.run.result == "FAILED" for item in released)),
            )
        )
    return line(" ".join(said))


def _summary(change: ChangeView) -> Row:
    runs = change.facts.runs
    verdicts = of_rules(change.verdicts, "TST")
    failed = sum(item.run.result == "FAILED" for item in runs)
    suites = dict.fromkeys(item.run.run.suite for item in runs)
    return Row(
        (
            line(change.label),
            line(number(len(runs))),
            line(f"! {number(failed)}" if failed else "0"),
            line(capture(", ".join(f"“{suite}”" for suite in suites), limit=200))
            if suites
            else line(quiet(say("no run is recorded"))),
            told(verdicts),
        ),
        hit=failing(verdicts),
        anchor=change.anchor("t"),
    )


def _row(view: View, label: Text, content: Line, item: RunFact, placed: set[int]) -> Row:
    run = item.run.run
    totals = run.totals
    counted = [say("{share} passed", share=share(totals.passed, totals.tests))]
    for many, said in (
        (totals.failures, to_say("{count} failed")),
        (totals.errors, to_say("{count} errors")),
        (totals.skipped, to_say("{count} skipped")),
        (totals.flaky, to_say("{count} flaky")),
    ):
        if many:
            counted.append(say(said, count=number(many)))
    cases = ", ".join(counted)
    if totals.tests == totals.skipped:
        cases = say("{cases}; no case executed", cases=cases)
    return Row(
        (
            line(str(item.record.index)),
            line(label),
            line(
                say("“{suite}”, attempt {attempt}", suite=run.suite, attempt=run.attempt),
                Break(),
                quiet(moment(received(item.record))),
            ),
            line(status(_RESULTS[item.run.result], say(_WORDS[item.run.result]))),
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
        return _ran_on(say("the landed tree"), item)
    numbers = ", ".join(str(revision.number) for revision in facts.revisions if revision.diff.tree == run.tree)
    if not numbers:
        return _ran_on(say("another tree"), item)
    if not facts.landings:
        return _ran_on(say("tree of revision {revision}", revision=numbers), item)
    return _ran_on(say("tree of revision {revision}, not the landed one", revision=numbers), item)


def _released_content(view: View, item: RunFact) -> Line:
    run = item.run.run
    sources = [source for source in view.dossier.release.sources if source.project == item.record.event.context.project]
    if any(source.commit == run.commit for source in sources):
        return _ran_on(say("the released commit"), item, tree=say("tree"))
    about = item.record.event.context.about.release
    where = say("the released tree") if about is None else say("as told about the release")
    return _ran_on(where, item, tree=say("tree"))


def _ran_on(said: str, item: RunFact, tree: str = "") -> Line:
    """The tree that was tested and the commit that held it, after what they are; ``tree`` where that names no tree."""
    run = item.run.run
    return line(
        said,
        Break(),
        *((quiet(tree), " ") if tree else ()),
        *digest_line(run.tree),
        Break(),
        quiet(say("commit")),
        " ",
        *digest_line(run.commit),
    )


def _report(view: View, item: RunFact) -> Line:
    commitment = commitment_of(item.record, "report")
    if commitment is None:
        return line(quiet(say("no report kept")))
    content = view.dossier.records.content(item.record.event.context.content("report"))
    if isinstance(content, Absent):
        return say_line("report {absence} {digest}", absence=absence(content.state), digest=digest_line(commitment))
    return say_line("report {digest}", digest=digest_line(commitment))
