"""JUnit XML reports, honest and hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.capture.junit import read_reports
from ledger.errors import FormatError, NotFoundError
from ledger.junit import Totals, combine, parse_junit

if TYPE_CHECKING:
    from pathlib import Path

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="1.234">
<testcase classname="t.a" name="ok" time="0.001"/>
<testcase classname="t.a" name="bad" time="0.5"><failure message="m">text</failure></testcase>
<testcase classname="t.a" name="broken" time="0"><error message="m">text</error></testcase>
<testcase classname="t.a" name="left" time="0"><skipped message="m"/></testcase>
</testsuite></testsuites>"""

SUREFIRE = b"""<testsuite name="S" tests="3" failures="1" errors="0" skipped="0" time="1,001.5">
<testcase classname="C" name="flaky" time="1"><flakyFailure/><flakyError/></testcase>
<testcase classname="C" name="down" time="1"><failure/><rerunFailure/><rerunFailure/><rerunError/></testcase>
<testcase classname="C" name="up" time="1"/></testsuite>"""


def test_counts() -> None:
    """Totals come from the cases, with outcome, times in milliseconds and no disagreement."""
    run = parse_junit(PYTEST)
    assert run.totals == Totals(tests=4, passed=1, failures=1, errors=1, skipped=1, flaky=0)
    assert (run.name, run.outcome, run.duration_ms, run.attempts) == ("pytest tests", "failed", 1234, 1)
    assert [(case.suite, case.name, case.outcome, case.duration_ms) for case in run.cases] == [
        ("pytest", "ok", "passed", 1),
        ("pytest", "bad", "failed", 500),
        ("pytest", "broken", "error", 0),
        ("pytest", "left", "skipped", 0),
    ]
    assert run.disagreements == ()


def test_reruns() -> None:
    """A case that passed after failing is flaky and passed; reruns of one that failed count as attempts."""
    run = parse_junit(SUREFIRE)
    assert run.totals == Totals(tests=3, passed=2, failures=1, errors=0, skipped=0, flaky=1)
    assert [case.failed_attempt_count for case in run.cases] == [2, 3, 0]
    assert (run.attempts, run.duration_ms) == (4, 1_001_500)


def test_repeated_cases_do_not_hide_a_failure() -> None:
    """Attempts written as cases of one name stay cases: the run failed, and the last pass is flaky."""
    case = b'<testcase classname="C" name="x">%s</testcase>'
    run = parse_junit(b"<testsuite>" + case % b"<failure/>" + case % b"<failure/>" + case % b"" + b"</testsuite>")
    assert run.totals == Totals(tests=3, passed=1, failures=2, errors=0, skipped=0, flaky=1)
    assert (run.outcome, run.attempts) == ("failed", 3)


@pytest.mark.parametrize(
    "data",
    [
        b"<testsuites/>",
        b'<testsuite tests="0"/>',
        b"<testsuite><testcase><skipped/></testcase></testsuite>",
        b'<testsuite><testcase status="notrun"/></testsuite>',
    ],
)
def test_nothing_run_is_no_pass(data: bytes) -> None:
    """Zero tests, or only skipped ones, are empty and not passed."""
    assert parse_junit(data).outcome == "empty"


def test_declared_totals_are_compared() -> None:
    """Totals that the cases do not give are reported; failures that are only declared are no pass."""
    run = parse_junit(
        b'<testsuites tests="9"><testsuite name="s" tests="1" failures="2"><testcase/></testsuite></testsuites>'
    )
    assert [(each.suite, each.attribute, each.declared, each.counted) for each in run.disagreements] == [
        ("s", "failures", 2, 0),
        ("", "tests", 9, 1),
    ]
    assert run.outcome == "failed"
    assert parse_junit(b'<testsuite tests="x" failures="-1" errors=""><testcase/></testsuite>').disagreements == ()


def test_faults_outside_of_cases_are_no_pass() -> None:
    """An error of a suite itself fails the run."""
    run = parse_junit(b'<testsuite errors="1"><testcase/><error>did not load</error></testsuite>')
    assert (run.outcome, run.stray_fault_count, run.disagreements) == ("failed", 1, ())


def test_nested_suites_and_namespaces() -> None:
    """Cases count in every suite around them; a namespace does not matter."""
    run = parse_junit(
        b'<testsuites xmlns="urn:x" tests="2"><testsuite name="a" tests="2"><testsuite name="b" tests="1">'
        b'<testcase name="x"/></testsuite><testcase name="y"/></testsuite></testsuites>'
    )
    assert [(case.suite, case.name) for case in run.cases] == [("b", "x"), ("a", "y")]
    assert run.disagreements == ()


@pytest.mark.parametrize("time", ["", "x", "NaN", "Infinity", "-1", "1e999", "9" * 50, "1e99999999"])
def test_unreadable_times_are_unknown(time: str) -> None:
    """A time that is none is None, not zero."""
    assert parse_junit(f'<testsuite time="{time}"><testcase time="{time}"/></testsuite>'.encode()).duration_ms is None


_LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>'


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (_LAUGHS, "bad-junit"),
        (b'<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuite/>', "bad-junit"),
        (b'<!DOCTYPE t [<!ENTITY % x SYSTEM "http://x/">%x;]><testsuite/>', "bad-junit"),
        (b"<!DOCTYPE testsuite><testsuite/>", "bad-junit"),
        (b'<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite>&e;</testsuite>', "bad-junit"),
        (b"<testsuite>" * 100_000, "too-deep"),
        (b"<testsuite><a>" * 40, "too-deep"),
        (b"", "bad-junit"),
        (b"<testsuite>", "bad-junit"),
        (b"<testsuite/><testsuite/>", "bad-junit"),
        (b"<html/>", "bad-junit"),
        (b"not xml", "bad-junit"),
        (b"<testsuite>&nope;</testsuite>", "bad-junit"),
        (b'<?xml version="1.0" encoding="utf-16"?><testsuite/>', "bad-junit"),
        (b'<?xml version="1.0" encoding="no-such"?><testsuite/>', "bad-junit"),
        (b'<?xml version="1.0" encoding="cp932"?><testsuite/>', "bad-junit"),
        (b'<?xml version="1.0" encoding="utf-7"?><testsuite/>', "bad-junit"),
        (b'<testsuite name="\xff"/>', "bad-junit"),
        (b"<testsuite><testcase><testcase/></testcase></testsuite>", "bad-junit"),
        (b"<testsuite><testcase><testsuite/></testcase></testsuite>", "bad-junit"),
    ],
)
def test_hostile_reports(data: bytes, slug: str) -> None:
    """Entities, document types, depth, encodings and fragments are refused, quickly, with one kind of error."""
    with pytest.raises(FormatError) as caught:
        parse_junit(data)
    assert caught.value.slug == slug


def test_long_reports_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report beyond the limit of bytes or cases is refused."""
    monkeypatch.setattr("ledger.junit.MAX_CASES", 2)
    with pytest.raises(FormatError) as caught:
        parse_junit(b"<testsuite>" + b"<testcase/>" * 3 + b"</testsuite>")
    assert caught.value.slug == "too-long"
    monkeypatch.setattr("ledger.junit.MAX_REPORT_BYTES", 10)
    with pytest.raises(FormatError) as caught:
        parse_junit(b"<testsuite/>")
    assert caught.value.slug == "too-long"


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda raw: b"<testsuite><testcase>" + raw)))
def test_any_bytes_give_only_format_errors(data: bytes) -> None:
    """Whatever the input, only FormatError is raised."""
    with pytest.raises(FormatError):
        parse_junit(data)


def test_other_encodings_are_read() -> None:
    """Encodings that XML knows are read as declared."""
    text = '<?xml version="1.0" encoding="%s"?><testsuite name="ä"><testcase/></testsuite>'
    for encoding in ("iso-8859-1", "utf-16", "utf-8"):
        assert parse_junit((text % encoding).encode(encoding)).name == "ä"


def test_several_files(tmp_path: Path) -> None:
    """Several reports add up; none and a missing one are errors and not zero tests."""
    one, two = tmp_path / "one.xml", tmp_path / "two.xml"
    one.write_bytes(PYTEST)
    two.write_bytes(SUREFIRE)
    run = read_reports([one, two])
    assert (run.totals.tests, run.totals.failures, run.totals.flaky, run.attempts) == (7, 2, 1, 4)
    assert run.duration_ms == 1234 + 1_001_500
    assert combine([]).outcome == "empty"
    for paths in ([], [one, tmp_path / "missing.xml"], [tmp_path]):
        with pytest.raises(NotFoundError) as caught:
            read_reports(paths)
        assert caught.value.slug == "report-missing"
