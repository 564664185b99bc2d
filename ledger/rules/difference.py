"""What changes from one policy to another: in what is asked, and in the verdicts on what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.rules.assess import blocking
from ledger.rules.catalogue import RULES, SHARED
from ledger.rules.plain import gate_words, parameter_words, shuts_words
from ledger.rules.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.rules.policy import PolicyRules, RuleSetting
    from ledger.rules.verdict import Assessment, Verdict


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two policies ask for differently."""

    rule: str | None
    """Rule id; None: it concerns the whole policy."""
    what: str
    """``rule``, ``severity``, ``strict``, ``name``, or the name of a parameter."""
    before: str
    """What the one asks for, in words."""
    after: str


def differences(old: PolicyRules, new: PolicyRules) -> tuple[Difference, ...]:
    """What ``new`` asks for otherwise than ``old``: first of everything, then rule by rule."""
    found: list[Difference] = []
    if old.name != new.name:
        found.append(Difference(None, "name", f"It is called “{old.name}”.", f"It is called “{new.name}”."))
    if old.strict != new.strict:
        found.append(Difference(None, "strict", gate_words(strict=old.strict), gate_words(strict=new.strict)))
    found += [
        Difference(
            None, name, parameter_words(parameter, old.shared[name]), parameter_words(parameter, new.shared[name])
        )
        for name, parameter in SHARED.items()
        if old.shared[name] != new.shared[name]
    ]
    before, after = _by_rule(old), _by_rule(new)
    for rule in RULES:
        one, other = before.get(rule.id), after.get(rule.id)
        if one is None and other is not None:
            found.append(Difference(rule.id, "rule", "Off.", _on(other, strict=new.strict)))
        elif one is not None and other is None:
            found.append(Difference(rule.id, "rule", _on(one, strict=old.strict), "Off."))
        elif one is not None and other is not None:
            found += _settings(one, other, old, new)
    return tuple(found)


def _by_rule(policy: PolicyRules) -> Mapping[str, RuleSetting]:
    return {setting.rule.id: setting for setting in policy.rules}


def _on(setting: RuleSetting, *, strict: bool) -> str:
    shuts = shuts_words(setting.rule, setting.severity, strict=strict)
    return f"On, severity {setting.severity}: {shuts}. {setting.rule.statement}"


def _settings(one: RuleSetting, other: RuleSetting, old: PolicyRules, new: PolicyRules) -> list[Difference]:
    found: list[Difference] = []
    if one.severity != other.severity:
        words = [
            f"Severity {item.severity}: {shuts_words(item.rule, item.severity, strict=policy.strict)}."
            for item, policy in ((one, old), (other, new))
        ]
        found.append(Difference(one.rule.id, "severity", *words))
    for parameter in one.rule.parameters:
        values = one.settings[parameter.name], other.settings[parameter.name]
        if not parameter.shared and values[0] != values[1]:
            found.append(
                Difference(one.rule.id, parameter.name, *(parameter_words(parameter, value) for value in values))
            )
    return found


@dataclass(frozen=True, slots=True)
class Turned:
    """A verdict that comes out otherwise under another policy, or is asked for by one of the two alone."""

    rule: str
    subject: str
    before: Verdict | None
    """None: the rule is off there."""
    after: Verdict | None
    shut_before: bool
    """Whether it kept a gate shut."""
    shut_after: bool

    @property
    def direction(self) -> str:
        """``stricter``, ``looser`` or ``other``: by whether it shuts a gate, else by how grave the outcome is."""
        one = (self.shut_before, _weight(self.before))
        other = (self.shut_after, _weight(self.after))
        if one == other:
            return "other"
        return "stricter" if other > one else "looser"


@dataclass(frozen=True, slots=True)
class Blocked:
    """How many subjects of a kind are kept from going through."""

    kind: str
    """``change``, ``release`` or ``period``."""
    count: int
    """Subjects of the kind that were judged."""
    before: int
    """Those with a verdict that shuts a gate (of a period: fails its check) under the one policy."""
    after: int
    newly: int
    """Those that only the other one blocks."""
    no_longer: int


def blocked_subjects(before: Assessment, old: PolicyRules, after: Assessment, new: PolicyRules) -> tuple[Blocked, ...]:
    """By kind, what is blocked under each of two policies; kinds of which nothing was judged are left out."""
    judged = {verdict.subject for found in (before, after) for verdict in found.verdicts}
    then = {verdict.subject for verdict in blocking(before, old)}
    now = {verdict.subject for verdict in blocking(after, new)}
    found = []
    for kind in ("change", "release", "period"):
        subjects = {subject for subject in judged if subject.startswith(f"{kind} ")}
        if subjects:
            shut, shut_now = then & subjects, now & subjects
            counts = (len(subjects), len(shut), len(shut_now), len(shut_now - shut), len(shut - shut_now))
            found.append(Blocked(kind, *counts))
    return tuple(found)


_WEIGHTS: Final = {Outcome.NOT_APPLICABLE: 0, Outcome.PASS: 0, Outcome.NOT_EVALUABLE: 1, Outcome.FAIL: 2}


def _weight(verdict: Verdict | None) -> int:
    return 0 if verdict is None else _WEIGHTS[verdict.outcome]


def turned_verdicts(before: Assessment, old: PolicyRules, after: Assessment, new: PolicyRules) -> tuple[Turned, ...]:
    """The verdicts on one subject that differ in outcome, or in whether they shut a gate, in the order of the rules.

    A rule that only one of the two has on is listed where it shuts a gate, fails or cannot be told there.
    """
    shut = {(item.rule, item.subject) for item in blocking(before, old)}
    shut_now = {(item.rule, item.subject) for item in blocking(after, new)}
    then = {(item.rule, item.subject): item for item in before.verdicts}
    now = {(item.rule, item.subject): item for item in after.verdicts}
    order = {rule.id: number for number, rule in enumerate(RULES)}
    found = [
        Turned(place[0], place[1], then.get(place), now.get(place), place in shut, place in shut_now)
        for place in sorted(then.keys() | now.keys(), key=lambda place: (order[place[0]], place[1]))
    ]
    return tuple(item for item in found if _differs(item))


def _differs(item: Turned) -> bool:
    if item.before is None or item.after is None:
        return item.shut_before or item.shut_after or _weight(item.before) != _weight(item.after)
    return item.before.outcome is not item.after.outcome or item.shut_before != item.shut_after
