"""How the rules of a set came out: which failed, cannot be told, held, had nothing to speak of, and which are off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from ledger.rules.shape import OWED
from ledger.rules.verdict import Outcome
from reports.parts import Break, Line, Mark, Quiet, line
from reports.release.said import joined, quiet, status, strong
from reports.say import say
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ledger.rules.verdict import Verdict

_RUN: Final = 3
"""Rules numbered one after the other from which on only the first and the last are named."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Verdicts by outcome."""

    failed: int
    untold: int
    passed: int
    inapplicable: int
    excepted: int
    """Of those that failed or cannot be told, how many stand beside an exception."""

    @property
    def whole(self) -> int:
        """All verdicts."""
        return self.asked + self.inapplicable

    @property
    def asked(self) -> int:
        """Verdicts whose rule had something to speak of: the population."""
        return self.failed + self.untold + self.passed

    @property
    def held(self) -> str:
        """``4 of 5``: passed, of the population."""
        return share(self.passed, self.asked) if self.asked else say("nothing to speak of")

    @property
    def worst(self) -> Outcome:
        """The gravest outcome."""
        if self.failed:
            return Outcome.FAIL
        if self.untold:
            return Outcome.NOT_EVALUABLE
        return Outcome.PASS if self.passed else Outcome.NOT_APPLICABLE


def counts(verdicts: Iterable[Verdict]) -> Counts:
    """How ``verdicts`` came out."""
    found = tuple(verdicts)

    def of(outcome: Outcome) -> int:
        return sum(verdict.outcome is outcome for verdict in found)

    return Counts(
        of(Outcome.FAIL),
        of(Outcome.NOT_EVALUABLE),
        of(Outcome.PASS),
        of(Outcome.NOT_APPLICABLE),
        sum(bool(verdict.excepted_by) for verdict in found),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The rules of a set, each in one of these, but one that both failed and cannot be told in both of the first."""

    failed: tuple[str, ...]
    untold: tuple[str, ...]
    held: tuple[str, ...]
    """Every verdict in which it had something to speak of passed, and nothing is still owed."""
    owed: tuple[str, ...]
    """Nothing failed, and something that it asks for is not done and not due yet."""
    idle: tuple[str, ...]
    """Asked, and had nothing to speak of."""
    periods: tuple[str, ...]
    """On, and asked of periods alone."""
    off: tuple[str, ...]
    unknown: tuple[str, ...]
    """None of this version; what some of them ask, verification checks."""

    @property
    def judged(self) -> bool:
        """Whether any of them has a verdict."""
        return bool(self.failed or self.untold or self.held or self.owed or self.idle)

    @property
    def whole(self) -> bool:
        """Whether every one of them is on and held."""
        return bool(self.held) and not (
            self.failed or self.untold or self.owed or self.idle or self.periods or self.off or self.unknown
        )


def asked(rules: Iterable[str], on: Collection[str], verdicts: Iterable[Verdict]) -> Asked:
    """How ``rules`` came out, of which ``on`` are on."""
    by_rule: dict[str, list[Verdict]] = {rule: [] for rule in rules}
    for verdict in verdicts:
        if verdict.rule in by_rule:
            by_rule[verdict.rule].append(verdict)
    found = {rule: counts(held) for rule, held in by_rule.items()}
    owed = {rule for rule, held in by_rule.items() if any(verdict.precondition == OWED for verdict in held)}
    calm = {rule: one for rule, one in found.items() if one.whole and not one.failed and not one.untold}
    return Asked(
        failed=tuple(rule for rule, one in found.items() if one.failed),
        untold=tuple(rule for rule, one in found.items() if one.untold),
        held=tuple(rule for rule, one in calm.items() if one.passed and rule not in owed),
        owed=tuple(rule for rule in calm if rule in owed),
        idle=tuple(rule for rule, one in calm.items() if not one.passed and rule not in owed),
        periods=tuple(rule for rule, one in found.items() if not one.whole and rule in on),
        off=tuple(rule for rule, one in found.items() if not one.whole and rule not in on and rule in BY_ID),
        unknown=tuple(rule for rule in found if rule not in BY_ID),
    )


def told_of(found: Asked, *, spoken_against: bool = False) -> Line:
    """Which rules came out how, group by group; a tick only where the whole of the set held.

    ``spoken_against``: something on the page named, which no rule carries, speaks against a tick.
    """
    if found.whole and not spoken_against:
        return line(status(Mark.PASS), " ", rule_names(found.held))
    parts: list[Line] = [
        *((line(status(Mark.FAIL), " ", strong(rule_names(found.failed))),) if found.failed else ()),
        *((line(status(Mark.CANNOT_TELL), " ", strong(rule_names(found.untold))),) if found.untold else ()),
    ]
    if not parts:
        word = _word(found)
        parts += [(*word, *line(part)) if not place else line(part) for place, part in enumerate(_calm(found))]
    else:
        parts += [line(part) for part in _calm(found)]
    return joined(parts, "; ")


def _word(found: Asked) -> Line:
    """What a set without failure, doubt or tick is called."""
    if found.held or found.owed:
        return line(strong(say("In part")), ": ")
    if found.idle and not (found.off or found.periods or found.unknown):
        # A mark is a frame of its own: no colon follows it.
        return line(status(Mark.NOT_APPLICABLE), " ")
    return line(quiet(say("Not judged")), ": ")


def _calm(found: Asked) -> tuple[str | Quiet, ...]:
    """The groups of rules that neither failed nor cannot be told."""
    return (
        *((say("held {rules}", rules=rule_names(found.held)),) if found.held else ()),
        *((say("not due yet {rules}", rules=rule_names(found.owed)),) if found.owed else ()),
        *((quiet(say("nothing to speak of for {rules}", rules=rule_names(found.idle))),) if found.idle else ()),
        *((quiet(say("asked of periods {rules}", rules=rule_names(found.periods))),) if found.periods else ()),
        *((quiet(say("off {rules}", rules=rule_names(found.off))),) if found.off else ()),
        *(
            (quiet(say("not among the rules of this version {rules}", rules=rule_names(found.unknown))),)
            if found.unknown
            else ()
        ),
    )


def marked(found: Counts) -> Line:
    """Both marks with their numbers, where some verdicts failed and others cannot be told; the gravest else."""
    parts: list[Line] = []
    if found.failed:
        parts.append(line(status(Mark.FAIL), f" {number(found.failed)}"))
    if found.untold:
        parts.append(line(status(Mark.CANNOT_TELL), f" {number(found.untold)}"))
    if not parts:
        parts.append(line(status(Mark.PASS if found.passed else Mark.NOT_APPLICABLE)))
    if found.excepted:
        parts.append(line(f"† {number(found.excepted)}"))
    return tuple(one for place, part in enumerate(parts) for one in ((Break(), *part) if place else part))


def rule_names(rules: Iterable[str]) -> str:
    """``SOD-01 to SOD-05, SOD-11``: ids in their order, three and more numbered one after the other as a run."""
    runs: list[list[str]] = []
    for rule in rules:
        if runs and _next(runs[-1][-1]) == rule:
            runs[-1].append(rule)
        else:
            runs.append([rule])
    return ", ".join(
        say("{first} to {last}", first=run[0], last=run[-1]) if len(run) >= _RUN else ", ".join(run) for run in runs
    )


def _next(rule: str) -> str:
    family, _, place = rule.partition("-")
    return f"{family}-{int(place) + 1:02}"
