"""Which suites a rule about tests asks for, on which trees, and which run of several is the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ledger.rules.kinds import ANY
from ledger.rules.stated import is_late

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.dossier.facts import RunFact
    from ledger.rules.judged import Judged
    from ledger.rules.shape import ChangeCase

NO_REPORT = "no report of any suite is recorded"
GOOD = ("PASSED", "WARNED")
"""Results of runs in which something ran and nothing failed."""


def suites_asked(case: ChangeCase, content: Judged) -> Sequence[str]:
    """Names of the suites that the rule asks about."""
    if case.settings["suites"] != ANY:
        return cast("list[str]", case.settings["suites"])
    trees = trees_asked(case, content)
    on_content = sorted({item.run.run.suite for item in case.change.runs if item.run.run.tree in trees})
    return on_content or sorted({item.run.run.suite for item in case.change.runs})


def trees_asked(case: ChangeCase, content: Judged) -> frozenset[str]:
    """Trees on which a run counts as one on ``content``."""
    if content.landing is not None and not case.settings["tip_counts"]:
        return frozenset({content.landing.merge.tree})
    return content.trees


def runs_of(case: ChangeCase, suite: str) -> list[RunFact]:
    """Every run of a suite, on whatever content, in ledger order."""
    return [item for item in case.change.runs if item.run.run.suite == suite]


def runs_on(case: ChangeCase, content: Judged, suite: str) -> list[RunFact]:
    """The runs of a suite on ``content``, in ledger order."""
    trees = trees_asked(case, content)
    return [item for item in runs_of(case, suite) if item.run.run.tree in trees]


def undated(runs: Sequence[RunFact]) -> tuple[str, ...]:
    """Clauses that say why the order of ``runs`` is not known, where it matters: their results differ."""
    if len({item.run.result for item in runs}) < 2:
        return ()
    return tuple(
        f"when the run of {suite_words(item)} in entry {item.record.index} ended is open, as it was only recorded "
        "afterwards"
        for item in runs
        if is_late(item.record)
    )


def suite_words(item: RunFact) -> str:
    """``the suite unit``."""
    return f"the suite {item.run.run.suite}"
