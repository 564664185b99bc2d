"""Who ran the tests, when, where, and whether the counts are those of the report: TST-03, TST-06, TST-08 and TST-09."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.errors import FormatError
from ledger.junit import parse_junit
from ledger.records import Absent
from ledger.rules.before import LANDED
from ledger.rules.judged import judged, of_landing
from ledger.rules.reviewed import shown_diffs
from ledger.rules.runs import GOOD, NO_REPORT, runs_on, suite_words, suites_asked
from ledger.rules.shape import (
    ChangeCase,
    Finding,
    NamedRecord,
    ReleaseCase,
    failed,
    gravest,
    inapplicable,
    passed,
    untold,
)
from ledger.rules.stated import each, is_late
from ledger.rules.wording import capital, counted, listed, party_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.dossier.facts import Landing, RunFact
    from ledger.records import Record, Records
    from ledger.rules.judged import Judged

REPORT_TYPES: Final = ("application/xml", "text/xml")
"""Media types of reports that are counted again."""
_COUNTS: Final = ("tests", "passed", "failures", "errors", "skipped", "flaky")


def tst_03(case: ChangeCase) -> Finding:
    """TST-03: a service, not somebody's own machine, reported the runs that count."""
    return each(case, _by_service)


def _by_service(case: ChangeCase, content: Judged) -> Finding:
    trusted: list[RunFact] = []
    by_hand: list[RunFact] = []
    missing: list[str] = []
    for suite in suites_asked(case, content):
        runs = runs_on(case, content, suite)
        served = [item for item in runs if item.reporter.type == "service"]
        # A red run of the pipeline does not vouch for a green one from somebody's own machine.
        if served and (served[-1] is runs[-1] or served[-1].run.result in GOOD):
            trusted.append(served[-1])
        elif not runs:
            missing.append(f"no run of the suite {suite} on {content.name} is recorded")
        elif not served and any(item.reporter.type is None for item in runs):
            missing.append(f"whose key reported the suite {suite} is not known")
        else:
            by_hand.append(runs[-1])
    inputs = _inputs(content, (*trusted, *by_hand))
    if by_hand:
        told = [
            f"that {suite_words(item)} passed was reported by {party_words(item.reporter, 'somebody')} alone"
            if item.run.result in GOOD
            else f"{suite_words(item)} was reported by {party_words(item.reporter, 'somebody')} alone"
            for item in by_hand
        ]
        return failed(f"{capital('; '.join(told))}, not by a service.", inputs)
    if missing or not trusted:
        return untold(missing or (NO_REPORT,), inputs)
    told = [f"{suite_words(item)} by {party_words(item.reporter, 'a service')}" for item in trusted]
    return passed(f"Services reported the runs that count: {listed(told)}.", inputs)


def tst_06_change(case: ChangeCase) -> Finding:
    """TST-06, gate 1: the required suites had passed, in the ledger, before the change landed."""
    if not case.change.landings:
        return inapplicable(LANDED, shown_diffs(case))
    return gravest(
        _told_in_time([_in_time(case, of_landing(case, landing), landing.there_by)], "it landed", _gate(landing))
        for landing in case.change.landings
    )


def _gate(landing: Landing) -> Record:
    return landing.record if is_late(landing.record) else landing.there_by


def tst_06_release(case: ReleaseCase) -> Finding:
    """TST-06, gate 2: the required suites of every included change had passed before the release was deployed."""
    dossier = case.dossier
    environments = cast("list[str]", case.settings["environments"])
    deployed = [item.record for item in dossier.deployments if item.deploy.environment in environments]
    release: list[NamedRecord] = [("release", dossier.record)]
    if not deployed:
        return inapplicable("the release was deployed", release)
    changes = [ChangeCase(dossier.records, change, case.settings, case.as_of) for change in dossier.changes]
    found = [_in_time(change, content, deployed[0]) for change in changes for content in judged(change)]
    if not found:
        return inapplicable("the release holds a recorded change", release)
    return _told_in_time(found, "the release was deployed", deployed[0])


@dataclass(frozen=True, slots=True)
class _InTime:
    """The required suites of one content, against the entry at which they had to have passed."""

    before: tuple[RunFact, ...]
    """The latest passing run of each suite that entered in time."""
    late: tuple[str, ...]
    """Suites that had not passed by then, in words."""
    missing: tuple[str, ...]
    inputs: tuple[NamedRecord, ...]


def _in_time(case: ChangeCase, content: Judged, gate: Record) -> _InTime:
    before: list[RunFact] = []
    late: list[str] = []
    missing: list[str] = []
    read: list[RunFact] = []
    for suite in suites_asked(case, content):
        runs = runs_on(case, content, suite)
        read += runs
        good = [item for item in runs if item.run.result in GOOD]
        in_time = [item for item in good if item.record.index < gate.index and not is_late(item.record)]
        if in_time:
            before.append(in_time[-1])
        elif not runs:
            missing.append(f"no run of the suite {suite} on {content.name} of change {case.change.id} is recorded")
        elif any(is_late(item.record) for item in good):
            missing.append(
                f"when the suite {suite} passed on {content.name} is open, as it was only recorded afterwards"
            )
        else:
            late.append(f"the suite {suite} on {content.name} of change {case.change.id}")
    if not before and not late and not missing:
        missing.append(NO_REPORT)
    return _InTime(tuple(before), tuple(late), tuple(missing), tuple(_inputs(content, read)))


def _told_in_time(found: Sequence[_InTime], happened: str, gate: Record) -> Finding:
    inputs = [item for one in found for item in one.inputs]
    if is_late(gate):
        return untold((f"when {happened} is open, as entry {gate.index} was only recorded afterwards",), inputs)
    late = [words for one in found for words in one.late]
    if late:
        return failed(
            f"{capital(listed(late))} had not passed in the ledger before {happened} in entry {gate.index}.", inputs
        )
    missing = [clause for one in found for clause in one.missing]
    if missing:
        return untold(missing, inputs)
    suites = listed(sorted({suite_words(item) for one in found for item in one.before}))
    return passed(f"{capital(suites)} had passed in the ledger before {happened} in entry {gate.index}.", inputs)


def tst_08(case: ChangeCase) -> Finding:
    """TST-08: counted again, the kept reports give the counts that are recorded."""
    return each(case, _counted_again)


def _counted_again(case: ChangeCase, content: Judged) -> Finding:
    wrong: list[str] = []
    missing: list[str] = []
    equal: list[RunFact] = []
    runs = [item for suite in suites_asked(case, content) for item in runs_on(case, content, suite)]
    for item in runs:
        told = _differences(case.records, item)
        if isinstance(told, str):
            missing.append(f"the report of {suite_words(item)} in entry {item.record.index} {told}")
        elif told:
            wrong.append(f"{suite_words(item)} in entry {item.record.index} ({'; '.join(told)})")
        else:
            equal.append(item)
    inputs = _inputs(content, runs)
    if wrong:
        return failed(f"The kept report gives other counts than recorded: {listed(wrong)}.", inputs)
    if missing or not equal:
        return untold(missing or (f"no run on {content.name} is recorded",), inputs)
    reports = counted(len(equal), "report gives", "reports give")
    return passed(f"Counted again, {reports} the counts that are recorded.", inputs)


def _differences(records: Records, item: RunFact) -> tuple[str, ...] | str:
    """The counts in which report and event differ; or, in words, why they cannot be compared."""
    reference = item.record.event.context.content("report")
    content = records.content(reference)
    if reference is None or isinstance(content, Absent):
        return f"is {content.state}" if isinstance(content, Absent) else "is missing"
    if reference.media_type not in REPORT_TYPES:
        return f"is of the type {reference.media_type}, which is not counted again"
    try:
        found = parse_junit(content.data).totals
    except FormatError:
        return "cannot be read as JUnit XML"
    recorded = item.run.run.totals
    return tuple(
        f"{name}: {getattr(found, name)} in the report, {getattr(recorded, name)} recorded"
        for name in _COUNTS
        if getattr(found, name) != getattr(recorded, name)
    )


def tst_09(case: ChangeCase) -> Finding:
    """TST-09: no required suite ran in production."""
    return each(case, _elsewhere)


def _elsewhere(case: ChangeCase, content: Judged) -> Finding:
    production = cast("list[str]", case.settings["production"])
    runs = [item for suite in suites_asked(case, content) for item in runs_on(case, content, suite)]
    inputs = _inputs(content, runs)
    wrong = [item for item in runs if item.run.run.environment in production]
    if wrong:
        told = listed(
            f"{suite_words(item)} in “{item.run.run.environment}” (entry {item.record.index})" for item in wrong
        )
        return failed(f"Ran in production: {told}.", inputs)
    if not runs:
        return untold((f"no run on {content.name} is recorded",), inputs)
    where = listed(f"“{item.run.run.environment}”" for item in runs)
    return passed(f"{capital(counted(len(runs), 'run', 'runs'))} on {content.name}, in {where}.", inputs)


def _inputs(content: Judged, runs: Iterable[RunFact]) -> list[NamedRecord]:
    return [*content.inputs, *(("test", item.record) for item in runs)]
