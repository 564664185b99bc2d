"""A policy in plain sentences, for whoever has to decide about it and reads no code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.rules.advice import advice
from ledger.rules.assess import NEVER_OPEN
from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.prerequisites import Prerequisite, prerequisites
from ledger.rules.wording import counted, listed

if TYPE_CHECKING:
    from ledger.canonical import JSON
    from ledger.rules.policy import PolicyRules, RuleSetting
    from ledger.rules.shape import Parameter, Rule

_SUBJECTS = {"change": "each change", "release": "each release", "period": "a period as a whole"}


@dataclass(frozen=True, slots=True)
class PlainRule:
    """A rule that is on, in words."""

    id: str
    title: str
    statement: str
    asked_of: str
    """``each change and each release``."""
    severity: str
    shuts: str
    """What it shuts a gate for."""
    parameters: tuple[str, ...]
    """Its own parameters, a sentence or two each."""


@dataclass(frozen=True, slots=True)
class PlainPolicy:
    """A policy in words."""

    name: str
    digest: str
    gate: str
    """What shuts a gate under it."""
    shared: tuple[str, ...]
    """What holds for all rules, a sentence or two for each parameter."""
    rules: tuple[PlainRule, ...]
    off: tuple[Rule, ...]
    """Rules of this version that are not on."""
    takes: tuple[Prerequisite, ...] = ()
    """What has to be there before one can live with it."""
    advice: tuple[str, ...] = ()
    """What whoever wrote it should look at."""


def in_plain_words(policy: PolicyRules) -> PlainPolicy:
    """``policy`` as sentences."""
    on = {setting.rule.id for setting in policy.rules}
    return PlainPolicy(
        name=policy.name,
        digest=policy.digest,
        gate=gate_words(strict=policy.strict),
        shared=tuple(parameter_words(SHARED[name], value) for name, value in policy.shared.items()),
        rules=tuple(_rule(setting, strict=policy.strict) for setting in policy.rules),
        off=tuple(rule for rule in RULES if rule.id not in on),
        takes=prerequisites(policy),
        advice=advice(policy),
    )


def gate_words(*, strict: bool) -> str:
    """What shuts a gate, in a sentence."""
    if strict:
        return "A gate stays shut while a rule fails and while one cannot be told; rules of low severity only advise."
    return (
        "A gate stays shut while a rule fails, and while it cannot be told whether enough independent people approved "
        f"({', '.join(NEVER_OPEN)}); what else cannot be told is shown. Rules of low severity only advise."
    )


def shuts_words(rule: Rule, severity: str, *, strict: bool) -> str:
    """What one rule shuts a gate for; one that speaks of periods alone shuts none, and fails their check."""
    of_period = rule.subjects == ("period",)
    strict = strict or rule.id in NEVER_OPEN
    if severity == "low":
        return "advises, and fails no period's check" if of_period else "advises, and shuts no gate"
    if of_period:
        return "fails a period's check when it fails" + (" or cannot be told" if strict else "") + "; shuts no gate"
    return "shuts a gate when it fails or cannot be told" if strict else "shuts a gate when it fails"


def parameter_words(parameter: Parameter, value: JSON) -> str:
    """What ``value`` asks for."""
    if parameter.words is not None:
        return parameter.words(value)
    # Files write null; whoever reads no code reads what it stands for.
    sentence = parameter.sentence.replace("`", "").replace("null:", "not set:")
    return f"{sentence} Here: {value_words(value)}."


def value_words(value: JSON) -> str:
    """A value as people write it."""
    match value:
        case None:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case str():
            return value
        case list():
            # What reads well in a sentence; files hold the rest.
            shown = [value_words(item) for item in value[:8]]
            more = [f"{counted(len(value) - 8, 'other', 'others')}"] if len(value) > 8 else []
            return listed([*shown, *more]) or "none"
        case dict():
            return "; ".join(f"{name}: {value_words(item)}" for name, item in value.items()) or "none"
        case _:
            raise ValueError("policies hold texts, whole numbers, true, false, lists and objects")


def _rule(setting: RuleSetting, *, strict: bool) -> PlainRule:
    rule = setting.rule
    return PlainRule(
        id=rule.id,
        title=rule.title,
        statement=rule.statement,
        asked_of=listed(_SUBJECTS[subject] for subject in rule.subjects),
        severity=setting.severity,
        shuts=shuts_words(rule, setting.severity, strict=strict),
        parameters=tuple(
            parameter_words(parameter, setting.settings[parameter.name])
            for parameter in rule.parameters
            if not parameter.shared
        ),
    )
