"""Test runs from JUnit XML reports, counted case by case.

There is no one schema. What all writers share is read: ``testsuites``, nested ``testsuite``, ``testcase`` with
``failure``, ``error`` and ``skipped``, and the elements by which Surefire and its like tell of reruns. Declared totals
are compared, never believed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_REPORT_BYTES: Final = 64 * 1024 * 1024
"""A report is kept as a content, and contents end here."""
MAX_DEPTH: Final = 64
"""Deepest nesting of elements."""
MAX_CASES: Final = 1_000_000
"""Most cases in one report."""

_NAME_LIMIT: Final = 1000
_MAX_SECONDS: Final = 10**9

CaseOutcome: TypeAlias = Literal["passed", "failed", "error", "skipped"]
"""How a case ended; of several signs the worst."""
RunOutcome: TypeAlias = Literal["passed", "failed", "empty"]
"""How a run ended; ``empty`` where no case passed and none failed, which is no pass."""

_FAILED_ATTEMPTS: Final = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_WORSE: Final[Mapping[str, int]] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}
_SIGNS: Final[Mapping[str, CaseOutcome]] = {"failure": "failed", "error": "error", "skipped": "skipped"}
_COUNTED: Final = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One ``testcase`` element."""

    suite: str
    """Name of the innermost suite around it; empty if it has none."""
    class_name: str
    name: str
    """Names as written, cut after 1,000 characters."""
    outcome: CaseOutcome
    failed_attempt_count: int
    """Attempts of this case that failed before its outcome, as the report tells."""
    duration_ms: int | None
    """None where the report has no readable time."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of cases; ``tests`` is the sum of passed, failures, errors and skipped."""

    tests: int
    passed: int
    failures: int
    errors: int
    skipped: int
    flaky: int
    """Cases that passed after failing, also counted as passed."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A declared total that the cases do not give."""

    suite: str
    """Name of the suite that declares it; empty for the report as a whole."""
    attribute: str
    """``tests``, ``failures``, ``errors`` or ``skipped``."""
    declared: int
    counted: int


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What one report, or several together, say about a run."""

    name: str
    """Name of the outermost suite; of several reports or suites the first, empty if none has one."""
    cases: tuple[SuiteCase, ...]
    """In the order of the report."""
    totals: Totals
    """Recomputed from the cases."""
    attempts: int
    """Most attempts that any one case took; 1 where nothing was run again; 0 without cases."""
    duration_ms: int | None
    """Sum of the outermost suites' times, else of the cases'; None where no time is readable."""
    stray_fault_count: int
    """Failures and errors that stand in a suite outside of any case, such as a module that did not load."""
    disagreements: tuple[Disagreement, ...]
    """Declared totals that differ from the counted ones."""

    @property
    def outcome(self) -> RunOutcome:
        """``failed`` on any failure, counted, stray or only declared; ``passed`` only if some case passed."""
        declared = any(
            found.declared > found.counted for found in self.disagreements if found.attribute in {"failures", "errors"}
        )
        if self.totals.failures or self.totals.errors or self.stray_fault_count or declared:
            return "failed"
        return "passed" if self.totals.passed else "empty"


def parse_junit(data: bytes) -> SuiteRun:
    """The run that one report tells of.

    Raises:
        FormatError: ``too-long``, ``too-deep``, or ``bad-junit`` for everything that is not a plain report; document
            type declarations and entities are refused before they are expanded.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise FormatError(
            "too-long", "the report is too long", details={"size_bytes": len(data), "limit_bytes": MAX_REPORT_BYTES}
        )
    target = _Target()
    try:
        parser = DefusedXMLParser(target=target, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        # In one piece: older expat reads a long token again with every piece that does not end it.
        parser.feed(data)
        parser.close()
    except DefusedXmlException:
        raise FormatError("bad-junit", "the report declares a document type or an entity") from None
    except ParseError as error:
        line, column = error.position
        raise FormatError(
            "bad-junit", f"not well-formed XML at line {line}", details={"line": line, "column": column}
        ) from None
    except (LookupError, ValueError):
        # An encoding that the parser does not know, or that takes several bytes a character.
        raise FormatError("bad-junit", "the report's encoding cannot be read") from None
    return target.run()


def combine(runs: Iterable[SuiteRun]) -> SuiteRun:
    """The run that several reports of one execution tell of together, cases in their order."""
    parts = tuple(runs)
    cases = tuple(case for run in parts for case in run.cases)
    times = [run.duration_ms for run in parts if run.duration_ms is not None]
    return SuiteRun(
        name=next((run.name for run in parts if run.name), ""),
        cases=cases,
        totals=_totals(cases),
        # Not over all cases: two reports may well name one case each for another platform.
        attempts=max((run.attempts for run in parts), default=0),
        duration_ms=sum(times) if times else None,
        stray_fault_count=sum(run.stray_fault_count for run in parts),
        disagreements=tuple(found for run in parts for found in run.disagreements),
    )


@dataclass(slots=True)
class _Suite:
    name: str
    attributes: Mapping[str, str]
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Case:
    attributes: Mapping[str, str]
    suite: str
    outcome: CaseOutcome = "passed"
    failed_attempts: int = 0


class _Target:
    """What the parser calls: it keeps counts, never a tree, so that nesting and length cost no memory."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._suites: list[_Suite] = []
        self._case: _Case | None = None
        self._cases: list[SuiteCase] = []
        self._disagreements: list[Disagreement] = []
        self._top_times: list[int | None] = []
        self._name = ""
        self._stray = 0
        self._failures_of: Counter[tuple[str, str, str]] = Counter()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._path and name not in {"testsuites", "testsuite"}:
            raise FormatError("bad-junit", "the root element is neither testsuites nor testsuite")
        if len(self._path) >= MAX_DEPTH:
            raise FormatError("too-deep", "elements are nested too deeply", details={"limit": MAX_DEPTH})
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name in {"testsuites", "testsuite"}:
            self._open_suite(name, attributes)
        elif name == "testcase":
            if self._case is not None:
                raise FormatError("bad-junit", "a case stands inside a case")
            self._case = _Case(attributes, self._suites[-1].name if self._suites else "")
            if attributes.get("status", "").lower() in {"notrun", "disabled", "skipped"}:
                self._case.outcome = "skipped"
        elif parent == "testcase":
            self._sign(name)
        elif parent in {"testsuites", "testsuite"} and name in {"failure", "error"}:
            self._stray += 1
            for suite in self._suites:
                suite.counts[_SIGNS[name]] += 1

    def end(self, _tag: str) -> None:
        name = self._path.pop()
        if name == "testcase":
            self._close_case()
        elif name in {"testsuites", "testsuite"}:
            self._close_suite()

    def data(self, _text: str) -> None:
        """Outputs and messages are in the report itself, which is kept."""

    def close(self) -> None:
        """Nothing is left open: the parser refuses an unfinished document."""

    def run(self) -> SuiteRun:
        cases = tuple(self._cases)
        suite_times = [time for time in self._top_times if time is not None]
        case_times = [case.duration_ms for case in cases if case.duration_ms is not None]
        times = suite_times or case_times
        return SuiteRun(
            name=self._name,
            cases=cases,
            totals=_totals(cases),
            attempts=max((case.failed_attempt_count + 1 for case in cases), default=0),
            duration_ms=sum(times) if times else None,
            stray_fault_count=self._stray,
            disagreements=tuple(self._disagreements),
        )

    def _open_suite(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._case is not None:
            raise FormatError("bad-junit", "a suite stands inside a case")
        name = attributes.get("name", "")[:_NAME_LIMIT]
        self._name = self._name or name
        if tag == "testsuite" and "testsuite" not in self._path[:-1]:
            self._top_times.append(_milliseconds(attributes.get("time")))
        self._suites.append(_Suite(name, attributes))

    def _sign(self, name: str) -> None:
        case = self._case
        if case is None:
            return
        if name in _FAILED_ATTEMPTS:
            case.failed_attempts += 1
        sign = _SIGNS.get(name)
        if sign is not None and _WORSE[sign] > _WORSE[case.outcome]:
            case.outcome = sign

    def _close_case(self) -> None:
        case, self._case = self._case, None
        if case is None:
            return
        if len(self._cases) >= MAX_CASES:
            raise FormatError("too-long", "the report has too many cases", details={"limit": MAX_CASES})
        class_name = case.attributes.get("classname", "")[:_NAME_LIMIT]
        name = case.attributes.get("name", "")[:_NAME_LIMIT]
        # Some runners write every attempt as a case of its own. Each stays a case, since two different tests may bear
        # one name and a failure must not vanish behind the other's pass.
        failed_before = case.failed_attempts + self._failures_of[case.suite, class_name, name]
        self._failures_of[case.suite, class_name, name] += case.outcome in {"failed", "error"}
        time = _milliseconds(case.attributes.get("time"))
        self._cases.append(SuiteCase(case.suite, class_name, name, case.outcome, failed_before, time))
        for suite in self._suites:
            suite.counts["tests"] += 1
            suite.counts[case.outcome] += 1

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        counted = {
            "tests": suite.counts["tests"],
            "failures": suite.counts["failed"],
            "errors": suite.counts["error"],
            "skipped": suite.counts["skipped"],
        }
        for attribute in _COUNTED:
            declared = _count(suite.attributes.get(attribute))
            if declared is not None and declared != counted[attribute]:
                self._disagreements.append(Disagreement(suite.name, attribute, declared, counted[attribute]))


def _totals(cases: Sequence[SuiteCase]) -> Totals:
    ended = Counter(case.outcome for case in cases)
    return Totals(
        tests=len(cases),
        passed=ended["passed"],
        failures=ended["failed"],
        errors=ended["error"],
        skipped=ended["skipped"],
        flaky=sum(case.outcome == "passed" and case.failed_attempt_count > 0 for case in cases),
    )


def _milliseconds(text: str | None) -> int | None:
    """A time in seconds as whole milliseconds; None where it is no time."""
    if text is None or len(text) > 40:
        return None
    try:
        # Surefire writes thousands with commas.
        seconds = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    if not seconds.is_finite() or not 0 <= seconds <= _MAX_SECONDS:
        return None
    return int((seconds * 1000).to_integral_value())


def _count(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) <= 12 else None
