"""What a rule is made of: the case it judges, the finding it returns, and its entry in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ledger.records import Record, Records
from ledger.rules.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.canonical import JSON
    from ledger.dossier.facts import ChangeFacts, PeriodDossier, ReleaseDossier
    from ledger.rules.kinds import Kind

OWED: Final = "what is asked for has been done, or its time is over"
"""The precondition that is false of what is required, not done, and not overdue."""

NamedRecord: TypeAlias = tuple[str, Record]
"""What it is to the verdict (``approval``, ``diff``), and the record."""


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """A change to be judged by one rule."""

    records: Records
    change: ChangeFacts
    settings: Mapping[str, JSON]
    """The rule's parameters, every one of them, as the policy or the default has them."""
    as_of: str
    """Ledger time of the assessment: what is overdue is overdue by it."""


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    """A release to be judged by one rule."""

    dossier: ReleaseDossier
    settings: Mapping[str, JSON]
    as_of: str
    """Ledger time of the assessment: what is overdue is overdue by it."""


@dataclass(frozen=True, slots=True)
class PeriodCase:
    """A period to be judged by one rule."""

    dossier: PeriodDossier
    settings: Mapping[str, JSON]
    as_of: str


@dataclass(frozen=True, slots=True)
class Finding:
    """How a rule came out, before policy and subject are added."""

    outcome: Outcome
    sentence: str
    """Principals as ``{p_...}``."""
    inputs: tuple[NamedRecord, ...] = ()
    missing: tuple[str, ...] = ()
    precondition: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a policy may set for a rule."""

    name: str
    default: JSON
    kind: Kind
    """What it takes."""
    sentence: str
    """What it does, for people who write policies."""
    shared: bool = False
    """Whether it is set once for the whole policy rather than for one rule."""
    words: Callable[[JSON], str] | None = None
    """What a value asks for, as a sentence for people who decide; None: ``sentence`` and the value say it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A control statement. At least one of ``change``, ``release`` and ``period`` is there: what it can be asked of."""

    id: str
    title: str
    statement: str
    """One sentence that holds when the rule passes."""
    change: Callable[[ChangeCase], Finding] | None = None
    release: Callable[[ReleaseCase], Finding] | None = None
    parameters: tuple[Parameter, ...] = ()
    period: Callable[[PeriodCase], Finding] | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """Those of ``change``, ``release`` and ``period`` that it can be asked of."""
        judges = (("change", self.change), ("release", self.release), ("period", self.period))
        return tuple(name for name, judge in judges if judge is not None)


def passed(sentence: str, inputs: Iterable[NamedRecord]) -> Finding:
    """The statement is true, by ``inputs``; without any it would rest on nothing, which is a mistake of the rule."""
    rests_on = tuple(inputs)
    if not rests_on:
        raise ValueError("a pass rests on something")
    return Finding(Outcome.PASS, sentence, rests_on)


def failed(sentence: str, inputs: Iterable[NamedRecord] = ()) -> Finding:
    """The statement is false."""
    return Finding(Outcome.FAIL, sentence, tuple(inputs))


def untold(missing: Iterable[str], inputs: Iterable[NamedRecord] = ()) -> Finding:
    """It cannot be told whether the statement is true: each of ``missing`` is a clause that says why."""
    clauses = tuple(dict.fromkeys(missing))
    if not clauses:
        raise ValueError("what cannot be told has a reason")
    shown = clauses if len(clauses) <= 3 else (*clauses[:3], f"and {len(clauses) - 3} more of the kind")
    return Finding(Outcome.NOT_EVALUABLE, f"Cannot tell: {'; '.join(shown)}.", tuple(inputs), clauses)


def inapplicable(precondition: str, inputs: Iterable[NamedRecord] = ()) -> Finding:
    """The rule does not speak of this subject: ``precondition`` is what would have to be true."""
    return Finding(
        Outcome.NOT_APPLICABLE,
        f"Not applicable: the rule speaks only where {precondition}.",
        tuple(inputs),
        (),
        precondition,
    )


def owed(clause: str, inputs: Iterable[NamedRecord]) -> Finding:
    """What a deadline asks for is missing, as ``clause`` says, and its time is not over.

    It shuts no gate, as nobody could act at night otherwise; and it is no pass, as nobody has done it. Of periods,
    which have no gate, the same cannot be told: `untold`.
    """
    return Finding(Outcome.NOT_APPLICABLE, f"Not due yet: {clause}.", tuple(inputs), (), OWED)


_GRAVITY: Final = (Outcome.FAIL, Outcome.NOT_EVALUABLE, Outcome.PASS, Outcome.NOT_APPLICABLE)


def gravest(findings: Iterable[Finding]) -> Finding:
    """The finding that decides when a rule is asked about several contents of one subject; the first of its gravity.

    What is owed comes before a pass: of two exceptions, one reviewed and one not yet, not "every one was reviewed".
    """
    return min(findings, key=_gravity)


def _gravity(finding: Finding) -> float:
    place = _GRAVITY.index(Outcome.PASS if finding.precondition == OWED else finding.outcome)
    return place - 0.5 if finding.precondition == OWED else place
