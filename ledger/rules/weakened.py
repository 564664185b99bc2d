"""Whether a change made its tests weaker than they were: TST-05."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from ledger.events.work import Merge, SuiteRun
from ledger.rules.noted import notes_on
from ledger.rules.risk import touched
from ledger.rules.runs import GOOD, NO_REPORT, runs_on, suites_asked
from ledger.rules.shape import ChangeCase, Finding, NamedRecord, failed, passed, untold
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import RunFact
    from ledger.records import Record
    from ledger.rules.judged import Judged

TEST_PATHS: Final = (
    "**/*_test.*",
    "**/*.test.*",
    "**/*.spec.*",
    "**/*Test.*",
    "**/*Tests.*",
    "**/__tests__/**",
    "**/conftest.py",
    "**/spec/**",
    "**/test/**",
    "**/test_*",
    "**/tests/**",
)
"""Where tests are, where a policy names no other paths."""


def tst_05(case: ChangeCase) -> Finding:
    """TST-05: the suites hold no fewer tests than on the base, and skip no more of them."""
    return each(case, _kept)


def _kept(case: ChangeCase, content: Judged) -> Finding:
    missing: list[str] = []
    weaker: list[str] = []
    equal: list[str] = []
    inputs: list[NamedRecord] = [*content.inputs]
    before = _runs_before(case, content)
    for suite in suites_asked(case, content):
        now = runs_on(case, content, suite)
        base = [record for record in before if _body(record).run.suite == suite and _body(record).result in GOOD]
        if not now:
            missing.append(f"no run of the suite {suite} on {content.name} is recorded")
            continue
        if not base:
            missing.append(f"no passing run of the suite {suite} on what was there before is recorded")
            continue
        inputs += [("test", now[-1].record), ("test", base[-1])]
        told = _weaker(now[-1], base[-1])
        missing += _undated(suite, [item.record for item in now]) or _undated(suite, base)
        if told:
            weaker.append(f"the suite {suite} {told}")
        else:
            equal.append(f"the suite {suite}")
    if weaker:
        return _noted(case, content, weaker, missing, inputs)
    if missing or not equal:
        return untold(missing or (NO_REPORT,), inputs)
    return passed(f"As many tests as before, and no more of them skipped: {listed(equal)}.", inputs)


def _noted(
    case: ChangeCase, content: Judged, weaker: Sequence[str], missing: Sequence[str], inputs: list[NamedRecord]
) -> Finding:
    """Weaker tests pass if somebody who took no part noted something on the files of tests."""
    patterns = cast("list[str]", case.settings["test_paths"])
    notes = notes_on(case, content, lambda path: bool(touched(patterns, (path,))))
    told = capital("; ".join(weaker))
    if missing:
        return untold(missing, inputs)
    if notes.independent:
        inputs += [("review-note", item.record) for item in notes.independent]
        return passed(
            f"{told}; an independent reviewer noted it (entry {notes.independent[-1].record.index}).",
            inputs,
        )
    if notes.unclear:
        return untold(notes.unclear, inputs)
    return failed(f"{told}, and no independent reviewer noted anything on the tests.", inputs)


def _weaker(now: RunFact, base: Record) -> str | None:
    """How a run has fewer tests or skips more than one on what was there before; None if neither."""
    new, old = now.run.run.totals, _body(base).run.totals
    where = f"than commit {short(_body(base).run.commit)}"
    found = []
    if new.tests < old.tests:
        found.append(
            f"has {counted(old.tests - new.tests, 'test', 'tests')} fewer {where} ({new.tests} of {old.tests})"
        )
    if new.skipped > old.skipped:
        found.append(f"skips {counted(new.skipped - old.skipped, 'test', 'tests')} more {where}")
    return listed(found) or None


def _undated(suite: str, runs: Sequence[Record]) -> tuple[str, ...]:
    """Clauses that say why it is open which of several runs with other counts is the latest."""
    counts = {(_body(record).run.totals.tests, _body(record).run.totals.skipped) for record in runs}
    if len(counts) < 2:
        return ()
    return tuple(
        f"which run of the suite {suite} is the latest is open, as entry {record.index} was only recorded afterwards"
        for record in runs
        if is_late(record)
    )


def _runs_before(case: ChangeCase, content: Judged) -> tuple[Record, ...]:
    """Runs on the commit that the content was made from or landed on, or on its tree, in ledger order."""
    commits = _commits_before(content)
    if not commits:
        return ()
    own = [record for record in case.records.entries if record.event.context.project == case.change.project]
    trees = {body.tree for record in own if isinstance(body := record.event.body, Merge) and body.commit in commits}
    return tuple(
        record
        for record in own
        if isinstance(body := record.event.body, SuiteRun) and (body.run.commit in commits or body.run.tree in trees)
    )


def _commits_before(content: Judged) -> frozenset[str]:
    if content.landing is not None:
        return frozenset(content.landing.merge.parents[:1])
    return frozenset() if content.revision is None else frozenset((content.revision.diff.base,))


def _body(record: Record) -> SuiteRun:
    body = record.event.body
    if not isinstance(body, SuiteRun):
        raise TypeError("not a run")
    return body
