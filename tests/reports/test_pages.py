"""Views of pages: periods that a form offers, and states in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.dossier.facts import ReleaseDossier
from ledger.rules.ofbundle import dossier_of, judge
from ledger.rules.verdict import Outcome
from ledger.verify.run import verify_bundle
from reports.pages.releases import MOST_PERIODS, days_of, period_choices
from reports.pages.shell import path_of
from reports.pages.standing import Standing, headline, standing_of
from reports.parts import Mark
from tests.reports.release_story import troubled

END = "2031-01-01T00:00:00.000Z"
STILL = Standing(
    position=1,
    as_of="2026-01-01T00:00:00.000Z",
    intact=True,
    failed=0,
    untold=0,
    excepted=0,
    passed=1,
    judged=True,
    acts=(),
    missing=(),
)


def test_every_quarter_and_month_of_the_records_is_offered() -> None:
    """From the first entry to the last, newest first, each with the days that it stands for."""
    offered = [
        item.value for item in period_choices(datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    ]
    assert offered == [
        "2026-Q2",
        "2026-Q1",
        "2025-Q4",
        "2026-04",
        "2026-03",
        "2026-02",
        "2026-01",
        "2025-12",
        "2025-11",
    ]
    assert days_of("2026-Q1") == (date(2026, 1, 1), date(2026, 4, 1))
    assert days_of("2025-12") == (date(2025, 12, 1), date(2026, 1, 1))
    assert len(period_choices(datetime(1990, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))) == 2 * MOST_PERIODS


@given(st.text(max_size=12))
def test_no_other_text_is_a_period(text: str) -> None:
    """Whatever a form sends is a quarter, a month or nothing."""
    days = days_of(text)
    assert days is None or days[0] < days[1]


@pytest.mark.parametrize(
    "text", ["2026-Q0", "2026-Q5", "2026-13", "2026-00", "0000-01", "2026", "26-Q1", "2026-Q", "-2026"]
)
def test_no_such_quarter(text: str) -> None:
    """Quarters that no year has are none."""
    assert days_of(text) is None


@pytest.mark.parametrize(
    ("standing", "marks"),
    [
        (STILL, [Mark.PASS]),
        (replace(STILL, passed=0), [Mark.NOT_APPLICABLE]),
        (replace(STILL, judged=False, passed=0), [Mark.CANNOT_TELL]),
        (replace(STILL, intact=False, failed=3), [Mark.FAIL]),
        (replace(STILL, failed=2), [Mark.FAIL]),
        (replace(STILL, untold=1), [Mark.CANNOT_TELL]),
        (replace(STILL, failed=2, untold=1, excepted=1), [Mark.FAIL, Mark.CANNOT_TELL, Mark.EXCEPTED]),
    ],
)
def test_a_state_has_words_and_a_mark(standing: Standing, marks: list[Mark]) -> None:
    """Each state is said; nothing judged is no pass, and records that do not verify outweigh every verdict."""
    assert [status.mark for status in headline(standing)] == marks
    assert all(status.word for status in headline(standing))


def test_a_standing_counts_what_the_assessment_found() -> None:
    """The numbers of a list are those of the verdicts; every rule that does not hold says who must act."""
    world, release = troubled()
    bundle = world.bundle(release)
    verification = verify_bundle(bundle, world.anchor)
    assert verification.index is not None
    assert verification.records is not None
    judged = judge(dossier_of(verification.index, verification.records), END)
    assert isinstance(judged.dossier, ReleaseDossier)
    (assessment,) = judged.assessments
    verdicts = assessment.verdicts
    standing = standing_of(judged.dossier, assessment, verification, verification.records.position, END)
    open_ = [item for item in verdicts if item.outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE)]
    assert (standing.failed + standing.untold, standing.failed > 0) == (len(open_), True)
    assert standing.passed == sum(item.outcome is Outcome.PASS for item in verdicts)
    assert sum(act.count for act in standing.acts) == len(open_)
    assert {act.rule for act in standing.acts} == {item.rule for item in open_}
    assert all(act.sentence for act in standing.acts)
    late = next(act for act in standing.acts if act.rule == "APP-05")
    assert "Nothing mends this once it landed" in str(late.sentence)
    assert f"--release {judged.dossier.name}" in str(late.command)
    told = [str(item) for item in standing.missing]
    assert len(told) == len(set(told)) == len({clause for item in open_ for clause in item.missing})


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_link_stays_on_this_server(part: str, asked: str) -> None:
    """Whatever a name holds, its link is a path of printable ASCII that leads nowhere else."""
    path = path_of("releases", part, q=asked)
    assert path.startswith("/releases/")
    assert path.isascii()
    assert not set(path) & set(" \"'<>\\\r\n\t#")
