"""An exception stands beside a verdict and never instead of it (EXC-06)."""

from __future__ import annotations

from ledger.rules.assess import blocking
from ledger.rules.verdict import Outcome
from tests.rules.story import Story

NIGHT = (
    {"do": "diff", "by": "Dana", "rev": 1, "content": "one"},
    {"do": "exception", "by": "Dana", "rev": 1, "rules": ["SOD-01", "TST-01"]},
)


def test_an_excepted_failure_stays_in_the_totals_and_shuts_no_gate() -> None:
    """What failed is counted as failed, with or without an exception; only the gate passes it over."""
    plain, night = Story({"strict": True}), Story({"strict": True})
    plain.play(NIGHT[:1])
    night.play(NIGHT)
    before, after = plain.assess("7", as_of="end"), night.assess("7", as_of="end")
    for outcome in Outcome:
        told = [item.rule for item in before.by_outcome(outcome)]
        assert [item.rule for item in after.by_outcome(outcome)] == told
    shut = {item.rule for item in blocking(before, plain.rules)}
    assert {"SOD-01", "TST-01"} <= shut
    assert {item.rule for item in blocking(after, night.rules)} == shut - {"SOD-01", "TST-01"}
    excepted = [item for item in after.verdicts if item.excepted_by]
    assert [(item.rule, item.outcome) for item in excepted] == [
        ("SOD-01", Outcome.FAIL),
        ("TST-01", Outcome.NOT_EVALUABLE),
    ]
