"""Words of verdicts: no span of time is rounded to one that it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.digests import digest_bytes
from ledger.rules.shape import OWED, Finding, gravest, inapplicable, owed, passed, untold
from ledger.rules.verdict import Input, Outcome, Verdict, summed_up
from ledger.rules.wording import at_most, span


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(), "no time"),
        (timedelta(milliseconds=400), "less than a second"),
        (timedelta(seconds=1), "one second"),
        (timedelta(seconds=59, milliseconds=1), "more than 59 seconds"),
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(minutes=30, milliseconds=1), "more than 30 minutes"),
        (timedelta(minutes=90), "one hour and 30 minutes"),
        (timedelta(days=90), "90 days"),
        (timedelta(days=90, hours=3, minutes=2, seconds=1), "more than 90 days and three hours"),
        (timedelta(days=1, minutes=5), "one day and five minutes"),
    ],
)
def test_a_span_is_never_said_shorter_or_longer(gap: timedelta, words: str) -> None:
    """What breaks a limit by less than a unit reads as more than the limit, not as the limit."""
    assert span(gap) == words


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(), "they are the same"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "one minute at most"),
        (timedelta(minutes=1, seconds=1), "two minutes at most"),
        (timedelta(minutes=20), "20 minutes at most"),
    ],
)
def test_the_widest_gap_is_rounded_up(gap: timedelta, words: str) -> None:
    """What is said to lie no further apart does not: a gap below a minute is told as one, and not as none."""
    assert at_most(gap) == words


def test_what_is_owed_is_no_pass_and_shuts_no_gate() -> None:
    """Of several findings the one that is owed comes before a pass, and after what failed or cannot be told."""
    due = owed("the review, due by 2026-03-05, is missing", ())
    held = Finding(Outcome.PASS, "Held.")
    assert due.outcome is Outcome.NOT_APPLICABLE
    assert due.precondition == OWED
    assert gravest((held, due, inapplicable("somebody asked"))) is due
    open_ = untold(("it is missing",))
    assert gravest((due, open_, held)) is open_
    with pytest.raises(ValueError, match="rests on something"):
        passed("Held.", ())


def test_verdicts_are_counted_in_one_line() -> None:
    """What `evidence check` prints last and what a run sheet expects of it is one text, with what only advises."""
    like = Verdict("SOD-01", "change p/1", Outcome.FAIL, "", (), None, (), {}, "high")
    assert summed_up([like]) == "1 failure, 0 cannot be told, 0 passed, 0 not applicable"
    assert summed_up(
        [
            *([like] * 1_000),
            replace(like, excepted_by=(Input("exception", digest_bytes(b"x"), 7),)),
            replace(like, severity="low"),
            replace(like, outcome=Outcome.PASS),
            replace(like, outcome=Outcome.NOT_EVALUABLE, severity="low"),
        ]
    ) == ("1,002 failures (1 excepted, 1 advise only), 1 cannot be told, 1 passed, 0 not applicable")
