"""A rule's outcome for one subject, with everything needed to repeat and to print it (docs/rules.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.canonical import JSON
    from ledger.digests import Digest


class Outcome(StrEnum):
    """How a rule came out. Never a boolean: what cannot be told is neither."""

    PASS = "pass"  # noqa: S105 -- an outcome, no password
    FAIL = "fail"
    NOT_EVALUABLE = "not-evaluable"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Input:
    """Something the verdict rests on."""

    name: str
    """What it is: ``approval``, ``diff``, ``policy``."""
    envelope: Digest
    """Envelope digest of the event."""
    index: int
    """Its position in the log."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, one subject, one outcome."""

    rule: str
    """``SOD-01``."""
    subject: str
    """``change <project id>/<id>``, ``release <product>@<version>`` or ``period <first>-<end>``; the last with `` of ``
    and its projects where another policy judges other projects of the same period."""
    outcome: Outcome
    sentence: str
    """What an auditor reads; names are placeholders ``{p_...}`` that print replaces by card names."""
    missing: tuple[str, ...]
    """What was missing, for not evaluable ones."""
    precondition: str | None
    """The precondition that was false, for not applicable ones."""
    inputs: tuple[Input, ...]
    parameters: Mapping[str, JSON]
    """The policy's parameters that the rule used."""
    severity: str
    """From the policy: ``high``, ``medium``, ``low``."""
    excepted_by: tuple[Input, ...] = ()
    """Exceptions that stand beside a verdict that does not hold; the verdict stays what it is."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """All verdicts of a subject, with what makes them repeatable."""

    subject: str
    policy: Digest
    position: int
    as_of: str
    """Ledger time passed in; never before the last ``received_at``."""
    verdicts: tuple[Verdict, ...]

    def by_outcome(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """The verdicts of one outcome, in the order of the rules."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)


def summed_up(verdicts: Iterable[Verdict]) -> str:
    """``2 failures (1 excepted), 0 cannot be told, 5 passed, 1 not applicable``: the last line of `evidence check`.

    Packs print the same line as what the command must answer.
    """
    found = tuple(verdicts)
    counts = {outcome: sum(verdict.outcome is outcome for verdict in found) for outcome in Outcome}
    failures = [verdict for verdict in found if verdict.outcome is Outcome.FAIL]
    excepted = sum(bool(verdict.excepted_by) for verdict in failures)
    advises = sum(verdict.severity == "low" for verdict in failures)
    marks = [f"{count:,} {word}" for count, word in ((excepted, "excepted"), (advises, "advise only")) if count]
    failed = f"{len(failures):,} {'failure' if len(failures) == 1 else 'failures'}"
    return ", ".join(
        (
            f"{failed} ({', '.join(marks)})" if marks else failed,
            f"{counts[Outcome.NOT_EVALUABLE]:,} cannot be told",
            f"{counts[Outcome.PASS]:,} passed",
            f"{counts[Outcome.NOT_APPLICABLE]:,} not applicable",
        )
    )
