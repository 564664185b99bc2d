"""Tests: TST-01, -02 and -04; the others are in ``runners``, ``weakened`` and ``scanned``, and all are listed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.kinds import ANY, COUNT, FLAG, GLOBS, LABELS, choice, list_of, table
from ledger.rules.parameters import PEOPLE, RISKS, SUITE_CLASSES, TESTS
from ledger.rules.runners import tst_03, tst_06_change, tst_06_release, tst_08, tst_09
from ledger.rules.runs import NO_REPORT, runs_of, runs_on, suite_words, suites_asked, trees_asked, undated
from ledger.rules.scanned import LEVELS, tst_07, tst_10
from ledger.rules.shape import ChangeCase, Finding, Parameter, Rule, failed, inapplicable, passed, untold
from ledger.rules.stated import each
from ledger.rules.weakened import TEST_PATHS, tst_05
from ledger.rules.wording import allowed, capital, counted, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import RunFact
    from ledger.rules.judged import Judged


def tst_01(case: ChangeCase) -> Finding:
    """TST-01: the required suites ran and passed."""
    return each(case, _passed)


def _passed(case: ChangeCase, content: Judged) -> Finding:
    wanted = suites_asked(case, content)
    last: list[RunFact] = []
    missing: list[str] = []
    earlier = 0
    for suite in wanted:
        # What ran on the very content counts before what ran beside it; whether it ran there at all is TST-02's.
        runs = runs_on(case, content, suite) or runs_of(case, suite)
        if not runs:
            missing.append(f"no report of the suite {suite} is recorded")
            continue
        if undated(runs):
            missing += undated(runs)
            continue
        last.append(runs[-1])
        earlier += sum(item.run.result == "FAILED" for item in runs[:-1])
    inputs = [*content.inputs, *(("test", item.record) for item in last)]
    bad = [item for item in last if item.run.result not in _good(case)]
    if bad:
        return failed(f"{capital(listed(map(_failure, bad)))}.", inputs)
    if missing:
        return untold(missing, inputs)
    if not last:
        return untold((NO_REPORT,), inputs)
    cases = sum(item.run.run.totals.tests for item in last)
    again = f" {capital(counted(earlier, 'earlier run', 'earlier runs'))} had failed." if earlier else ""
    return passed(
        f"{capital(listed(suite_words(item) for item in last))} passed ({counted(cases, 'case', 'cases')}).{again}",
        inputs,
    )


def tst_02(case: ChangeCase) -> Finding:
    """TST-02: they ran on the content that was judged."""
    return each(case, _on_tree)


def _on_tree(case: ChangeCase, content: Judged) -> Finding:
    wanted = suites_asked(case, content)
    trees = trees_asked(case, content)
    missing: list[str] = []
    elsewhere: list[RunFact] = []
    there: list[RunFact] = []
    for suite in wanted:
        runs = runs_of(case, suite)
        on_content = [item for item in runs if item.run.run.tree in trees]
        if on_content:
            there.append(on_content[-1])
        elif runs:
            elsewhere.append(runs[-1])
        else:
            missing.append(f"no report of the suite {suite} is recorded")
    inputs = [*content.inputs, *(("test", item.record) for item in (*there, *elsewhere))]
    if elsewhere and not (there and case.settings["suites"] == ANY):
        names = listed(suite_words(item) for item in elsewhere)
        commits = listed(short(item.run.run.commit) for item in elsewhere)
        return failed(f"{capital(names)} ran on another content (commit {commits}), not on {content.name}.", inputs)
    if missing:
        return untold(missing, inputs)
    if not there:
        return untold((NO_REPORT,), inputs)
    landed = content.landing is not None and all(item.run.run.tree == content.landing.merge.tree for item in there)
    where = "the tree that landed" if landed else f"the tree of {content.name}"
    return passed(f"{capital(listed(suite_words(item) for item in there))} ran on {where}.", inputs)


def tst_04(case: ChangeCase) -> Finding:
    """TST-04: no suite passed only because it was run until it did."""
    return each(case, _repeated)


@dataclass(frozen=True, slots=True)
class _Series:
    """The runs of one suite on one content, of which the latest passed."""

    suite: str
    first: RunFact
    """The first that passed, in ledger order."""
    failures: tuple[RunFact, ...]
    """Failed runs before it: by ledger order, or by their number where they arrived late."""
    later: int
    """Count of the other failed runs."""
    gaps: dict[str, int]
    """By tree the lowest attempt that is not recorded though a higher one is."""

    @property
    def certain(self) -> int:
        """Count of failures that come before whatever is not recorded, which may have passed."""
        return sum(
            item.run.run.tree not in self.gaps or item.run.run.attempt < self.gaps[item.run.run.tree]
            for item in self.failures
        )


def _repeated(case: ChangeCase, content: Judged) -> Finding:
    most = cast("int", case.settings["failed_runs"])
    wanted = suites_asked(case, content)
    series: list[_Series] = []
    missing: list[str] = []
    red: list[str] = []
    inputs = list(content.inputs)
    for suite in wanted:
        runs = runs_on(case, content, suite)
        inputs += [("test", item.record) for item in runs]
        if not runs:
            missing.append(f"no run of the suite {suite} on {content.name} is recorded")
        elif undated(runs):
            missing += undated(runs)
        elif runs[-1].run.result == "FAILED":
            red.append(suite)
        else:
            series.append(_series(suite, runs))
    many = [item for item in series if item.certain > most]
    if many:
        return failed(" ".join(_passed_after(item, most) for item in many), inputs)
    missing += [
        f"attempt {attempt} of the suite {item.suite} on {content.name} is not recorded, though a later one is"
        for item in series
        for attempt in item.gaps.values()
    ]
    if missing or not wanted:
        return untold(missing or (NO_REPORT,), inputs)
    if not series:
        return inapplicable(f"{listed(f'the suite {suite}' for suite in red)} passed in its latest run", inputs)
    told = [_passed_after(item, most) for item in series]
    told += [f"The suite {suite} did not pass in its latest run, of which TST-01 speaks." for suite in red]
    return passed(" ".join(told), inputs)


def _series(suite: str, runs: Sequence[RunFact]) -> _Series:
    first = next(item for item in runs if item.run.result != "FAILED")
    bad = [item for item in runs if item.run.result == "FAILED"]
    before = tuple(item for item in bad if item.record.index < first.record.index or _numbered_before(item, first))
    numbers: dict[str, set[int]] = {}
    for item in runs:
        numbers.setdefault(item.run.run.tree, set()).add(item.run.run.attempt)
    # A pipeline started anew counts from one again, so numbers may repeat; none may be left out.
    lowest = {tree: next(n for n in range(1, len(found) + 2) if n not in found) for tree, found in numbers.items()}
    gaps = {tree: attempt for tree, attempt in lowest.items() if attempt < max(numbers[tree])}
    return _Series(suite, first, before, len(bad) - len(before), gaps)


def _numbered_before(one: RunFact, other: RunFact) -> bool:
    return one.run.run.tree == other.run.run.tree and one.run.run.attempt < other.run.run.attempt


def _passed_after(series: _Series, most: int) -> str:
    """A sentence, and a second one where the suite failed again in between."""
    bad, attempt = len(series.failures), series.first.run.run.attempt
    if bad:
        # Where numbers repeat, the passing run's own would read as if fewer had failed.
        place = f" at attempt {attempt}" if attempt > bad else ""
        after = f"{place} after {counted(bad, 'failed run', 'failed runs')} on the same content; {allowed(most)}"
    else:
        after = " at its first attempt"
    again = f" {capital(counted(series.later, 'later run', 'later runs'))} failed before it passed again."
    return f"The suite {series.suite} passed{after}.{again if series.later else ''}"


def _good(case: ChangeCase) -> tuple[str, ...]:
    return ("PASSED", "WARNED") if case.settings["warned_counts"] else ("PASSED",)


def _failure(item: RunFact) -> str:
    totals = item.run.run.totals
    if totals.tests == totals.skipped:
        skipped = f" ({totals.skipped} skipped)" if totals.skipped else ""
        return f"{suite_words(item)} executed no test{skipped}"
    if item.run.result == "WARNED":
        return f"{suite_words(item)} passed with warnings, which this policy does not accept"
    return f"{suite_words(item)} failed: {counted(totals.failures + totals.errors, 'case', 'cases')} of {totals.tests}"


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "TST-01",
        "Required suites passed",
        "Every required suite ran, executed at least one case, and passed in its latest run.",
        tst_01,
        parameters=(
            *TESTS,
            Parameter(
                "warned_counts",
                True,  # noqa: FBT003 -- the parameter's default, a value among values
                FLAG,
                "Whether a run that passed with warnings counts as passed.",
            ),
        ),
    ),
    Rule(
        "TST-02",
        "Tests ran on this content",
        "Every required suite ran on the tree of the content that is judged.",
        tst_02,
        parameters=TESTS,
    ),
    Rule(
        "TST-03",
        "A service reported the tests",
        "A run of every required suite on the content was reported by a service, not by somebody's own machine.",
        tst_03,
        parameters=TESTS,
    ),
    Rule(
        "TST-04",
        "No rerun until green",
        "No required suite passed only after more failed runs on the same content than the policy allows.",
        tst_04,
        parameters=(
            *TESTS,
            Parameter(
                "failed_runs",
                1,
                COUNT,
                "How many failed runs of a suite on the same content may come before the one that passed.",
            ),
        ),
    ),
    Rule(
        "TST-05",
        "Tests were not weakened",
        "No required suite has fewer tests or skips more than before, unless somebody who took no part noted it.",
        tst_05,
        parameters=(
            *TESTS,
            *PEOPLE,
            Parameter(
                "test_paths",
                list(TEST_PATHS),
                GLOBS,
                "The paths of tests: a note in review on one of them shows that weaker tests were seen.",
            ),
        ),
    ),
    Rule(
        "TST-06",
        "Tests passed before, not after",
        "The required suites had passed, in the ledger, before the change landed and before a release was deployed.",
        tst_06_change,
        tst_06_release,
        parameters=(
            *TESTS,
            Parameter(
                "environments",
                ["production"],
                LABELS,
                "The environments whose first deployment is the deadline.",
            ),
        ),
    ),
    Rule(
        "TST-07",
        "Scans found nothing above the limits",
        "The content was scanned to the end, and no more is open or set aside than the policy allows.",
        tst_07,
        parameters=(
            *TESTS,
            Parameter(
                "scan_limits",
                {"error": 0},
                table(COUNT, key=choice(*LEVELS)),
                "How many findings of each level (`error`, `warning`, `note`, `none`) may be open; a level left out is "
                "not limited.",
            ),
            Parameter(
                "scan_targets",
                [],
                list_of(choice("code", "dependencies", "secrets", "image")),
                "What must have been scanned; with an empty list one scan at least, of whatever.",
            ),
            Parameter(
                "unjustified",
                0,
                COUNT,
                "How many findings a scan may show as set aside without a justification.",
            ),
        ),
    ),
    Rule(
        "TST-08",
        "Counts are those of the report",
        "Counted again, the kept report of every run on the content gives the counts that are recorded.",
        tst_08,
        parameters=TESTS,
    ),
    Rule(
        "TST-09",
        "Tests ran away from production",
        "No run of a required suite on the content was in production.",
        tst_09,
        parameters=(
            *TESTS,
            Parameter("production", ["production"], LABELS, "The environments that are production."),
        ),
    ),
    Rule(
        "TST-10",
        "The required sorts of suite passed",
        "Suites of every sort that the policy asks for passed on the content, against a named contract where asked.",
        tst_10,
        parameters=(*TESTS, RISKS, SUITE_CLASSES),
    ),
)
