"""Suites that ran again, and cases that reports call flaky: what a green result may hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Break, Heading, Mark, Paragraph, Row, Table, line, words
from reports.release.said import NAME, columns, digest_line, joined, link, quiet, status, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import RunFact
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

MOST_ATTEMPTS: Final = 9
"""Attempts named that nobody recorded; more are counted."""


def series_of(view: View) -> tuple[tuple[ChangeView, str, tuple[RunFact, ...]], ...]:
    """Runs by change, suite and tested tree, in ledger order."""
    found: dict[tuple[int, str, str], tuple[ChangeView, list[RunFact]]] = {}
    for change in view.changes:
        for item in change.facts.runs:
            key = (change.number, item.run.run.suite, item.run.run.tree)
            found.setdefault(key, (change, []))[1].append(item)
    return tuple((change, suite, tuple(runs)) for (_, suite, _), (change, runs) in found.items())


def repeats(view: View) -> tuple[Block, ...]:
    """The blocks: series that took more than one run or attempt, or that hold flaky cases."""
    found = [one for one in series_of(view) if _attempts(one[2]) > 1 or _flaky(one[2])]
    flaky = sum(_flaky(runs) for _, _, runs in found)
    after = sum(_passed_after(runs) for _, _, runs in found)
    contracts = dict.fromkeys(
        (change.label, contract)
        for change in view.changes
        for item in change.facts.runs
        if (contract := item.run.run.contract) is not None
    )
    named = joined(
        [
            line(label, ": ", capture(contract.name, limit=NAME), " ", *digest_line(contract.sha256))
            for label, contract in contracts
        ],
        "; ",
    )
    return (
        Heading(words(say("Run again, and flaky cases"))),
        Paragraph(
            line(
                say_count(
                    "{count} series of runs of one suite on one content took more than one attempt or holds flaky "
                    "cases. Passed after a run that failed: {after}. Cases that the reports call flaky: {flaky}.",
                    "{count} series of runs of one suite on one content took more than one attempt or hold flaky "
                    "cases. Passed after a run that failed: {after}. Cases that the reports call flaky: {flaky}.",
                    len(found),
                    after=number(after),
                    flaky=number(flaky),
                )
            )
        ),
        Table(
            columns(
                (say("Change"), 18),
                (say("Suite"), 20),
                (say("Runs, highest attempt"), 17),
                (say("Failed before"), 13),
                (say("Flaky cases"), 11),
                (say("Latest result"), 21),
            ),
            tuple(_row(view, change, suite, runs) for change, suite, runs in found),
            words(
                say("Every suite ran once on each content, and no report calls a case flaky.")
                if any(change.facts.runs for change in view.changes)
                else say("No test run is recorded for a change, so none ran again.")
            ),
            None,
            "dense",
        ),
        Paragraph(
            (
                *line(strong(say("Contracts and schemas tested against")), ": "),
                *(named or line(quiet(say("no run names one.")))),
            )
        ),
    )


def _attempts(runs: tuple[RunFact, ...]) -> int:
    return max(len(runs), *(item.run.run.attempt for item in runs))


def _passed_after(runs: tuple[RunFact, ...]) -> bool:
    return runs[-1].run.result != "FAILED" and any(item.run.result == "FAILED" for item in runs[:-1])


def _flaky(runs: tuple[RunFact, ...]) -> int:
    return sum(item.run.run.totals.flaky for item in runs)


def _row(view: View, change: ChangeView, suite: str, runs: tuple[RunFact, ...]) -> Row:
    last = runs[-1]
    failed = sum(item.run.result == "FAILED" for item in runs[:-1])
    highest = max(item.run.run.attempt for item in runs)
    mark = {"PASSED": Mark.PASS, "FAILED": Mark.FAIL, "WARNED": Mark.CANNOT_TELL}[last.run.result]
    word = {"PASSED": say("Passed"), "FAILED": say("Failed"), "WARNED": say("Passed with warnings")}[last.run.result]
    flaky = _flaky(runs)
    label: Line = line(link(change.anchor("t"), change.label) if view.shows(change) else change.label)
    return Row(
        (
            label,
            line(capture(f"“{suite}”", limit=NAME)),
            line(f"{number(len(runs))}, {number(highest)}"),
            _before(runs),
            line(f"! {number(flaky)}" if flaky else "0"),
            line(status(mark, word), " ", quiet(say("in attempt {attempt}", attempt=last.run.run.attempt))),
        ),
        hit=bool(failed),
    )


def _before(runs: tuple[RunFact, ...]) -> Line:
    """How many of the runs before the latest failed, and which attempts before it nobody recorded."""
    failed = sum(item.run.result == "FAILED" for item in runs[:-1])
    said = line(f"! {number(failed)}" if failed else "0")
    held = {item.run.run.attempt for item in runs}
    highest = max(held)
    without = highest - len(held)
    if not without:
        return said
    if without > MOST_ATTEMPTS:
        told = say("{count} attempts on this content are not recorded", count=number(without))
    else:
        told = say_count(
            "attempt {attempts} on this content is not recorded",
            "attempts {attempts} on this content are not recorded",
            without,
            attempts=", ".join(str(one) for one in range(1, highest) if one not in held),
        )
    return (*said, *line(Break(), quiet(told)))
