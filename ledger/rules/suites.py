"""Tests: TST-01 and TST-02."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ledger.rules.reviewed import Judged, judged
from ledger.rules.shape import ChangeCase, Finding, failed, gravest, passed, untold
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import RunFact

ANY = "any"
"""Setting of ``suites`` that takes whichever suites ran, at least one."""


def tst_01(case: ChangeCase) -> Finding:
    """TST-01: the required suites ran and passed."""
    contents = judged(case)
    if not contents:
        return untold(("no revision of the change is recorded",))
    return gravest(_passed(case, content) for content in contents)


def _passed(case: ChangeCase, content: Judged) -> Finding:
    wanted = _suites(case, content)
    last: list[RunFact] = []
    missing: list[str] = []
    earlier = 0
    for suite in wanted:
        runs = _runs_of(case, suite)
        # What ran on the very content counts before what ran beside it; whether it ran there at all is TST-02's.
        runs = [item for item in runs if item.run.run.tree in _trees(case, content)] or runs
        if not runs:
            missing.append(f"no report of the suite {suite} is recorded")
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
        return untold(("no report of any suite is recorded",), inputs)
    cases = sum(item.run.run.totals.tests for item in last)
    again = f" {capital(counted(earlier, 'earlier run', 'earlier runs'))} had failed." if earlier else ""
    return passed(
        f"{capital(listed(_suite(item) for item in last))} passed ({counted(cases, 'case', 'cases')}).{again}", inputs
    )


def tst_02(case: ChangeCase) -> Finding:
    """TST-02: they ran on the content that was judged."""
    contents = judged(case)
    if not contents:
        return untold(("no revision of the change is recorded",))
    return gravest(_on_tree(case, content) for content in contents)


def _on_tree(case: ChangeCase, content: Judged) -> Finding:
    wanted = _suites(case, content)
    trees = _trees(case, content)
    missing: list[str] = []
    elsewhere: list[RunFact] = []
    there: list[RunFact] = []
    for suite in wanted:
        runs = _runs_of(case, suite)
        on_content = [item for item in runs if item.run.run.tree in trees]
        if on_content:
            there.append(on_content[-1])
        elif runs:
            elsewhere.append(runs[-1])
        else:
            missing.append(f"no report of the suite {suite} is recorded")
    inputs = [*content.inputs, *(("test", item.record) for item in (*there, *elsewhere))]
    if elsewhere and not (there and case.settings["suites"] == ANY):
        names = listed(_suite(item) for item in elsewhere)
        commits = listed(short(item.run.run.commit) for item in elsewhere)
        return failed(f"{capital(names)} ran on another content (commit {commits}), not on {content.name}.", inputs)
    if missing:
        return untold(missing, inputs)
    if not there:
        return untold(("no report of any suite is recorded",), inputs)
    landed = content.landing is not None and all(item.run.run.tree == content.landing.merge.tree for item in there)
    where = "the tree that landed" if landed else f"the tree of {content.name}"
    return passed(f"{capital(listed(_suite(item) for item in there))} ran on {where}.", inputs)


def _suites(case: ChangeCase, content: Judged) -> Sequence[str]:
    """Names of the suites that the rule asks about."""
    if case.settings["suites"] != ANY:
        return cast("list[str]", case.settings["suites"])
    trees = _trees(case, content)
    on_content = sorted({item.run.run.suite for item in case.change.runs if item.run.run.tree in trees})
    return on_content or sorted({item.run.run.suite for item in case.change.runs})


def _trees(case: ChangeCase, content: Judged) -> frozenset[str]:
    """Trees on which a run counts as one on ``content``."""
    if content.landing is not None and not case.settings["tip_counts"]:
        return frozenset({content.landing.merge.tree})
    return content.trees


def _runs_of(case: ChangeCase, suite: str) -> list[RunFact]:
    return [item for item in case.change.runs if item.run.run.suite == suite]


def _good(case: ChangeCase) -> tuple[str, ...]:
    return ("PASSED", "WARNED") if case.settings["warned_counts"] else ("PASSED",)


def _suite(item: RunFact) -> str:
    return f"the suite {item.run.run.suite}"


def _failure(item: RunFact) -> str:
    totals = item.run.run.totals
    if totals.tests == totals.skipped:
        skipped = f" ({totals.skipped} skipped)" if totals.skipped else ""
        return f"{_suite(item)} executed no test{skipped}"
    if item.run.result == "WARNED":
        return f"{_suite(item)} passed with warnings, which this policy does not accept"
    return f"{_suite(item)} failed: {counted(totals.failures + totals.errors, 'case', 'cases')} of {totals.tests}"
