"""Policies, and differences between them, as terminals and ``--json`` show them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ledger.cli.output import clean, plural
from ledger.rules.asking import FRAMEWORK_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.dossier.facts import Party
    from ledger.rules.controls import Supported
    from ledger.rules.difference import Difference, Turned
    from ledger.rules.plain import PlainPolicy
    from ledger.rules.verdict import Verdict

_WIDTH = 100


def policy_lines(told: PlainPolicy, controls: Sequence[Supported]) -> list[str]:
    """A policy in words with the controls that its frameworks name, fit for a terminal."""
    lines = [f"Policy {clean(told.name)}, digest {told.digest}", "", *_wrapped(told.gate), "", "For all rules"]
    for sentence in told.shared:
        lines += _wrapped(sentence, "- ")
    lines += ["", f"{plural(len(told.rules), 'rule')} on"]
    for rule in told.rules:
        lines += ["", f"{rule.id}  {rule.title} ({rule.severity}: {rule.shuts}; asked of {rule.asked_of})"]
        lines += _wrapped(rule.statement, "    ")
        for sentence in rule.parameters:
            lines += _wrapped(sentence, "    - ")
    if told.off:
        lines += ["", "Off"]
        lines += _wrapped("; ".join(f"{rule.id} {rule.title}" for rule in told.off) + ".", "    ")
    if controls:
        lines += ["", "What the evidence supports (a mapping in our words; no claim that a control is met)"]
    for item in controls:
        control = item.control
        lines += ["", f"{FRAMEWORK_NAMES[control.framework]} {control.id}  {control.subject}"]
        lines += _wrapped(control.supports, "    ")
        lines += _wrapped(f"On: {', '.join(item.on) or 'none'}. Off: {', '.join(item.off) or 'none'}.", "    ")
    return lines


def policy_document(told: PlainPolicy, controls: Sequence[Supported]) -> dict[str, Any]:
    """The same as ``--json`` prints it."""
    return {
        "gate": told.gate,
        "shared": list(told.shared),
        "rules": [
            {
                "id": rule.id,
                "title": rule.title,
                "statement": rule.statement,
                "asked_of": rule.asked_of,
                "severity": rule.severity,
                "shuts": rule.shuts,
                "parameters": list(rule.parameters),
            }
            for rule in told.rules
        ],
        "off": [rule.id for rule in told.off],
        "controls": [
            {
                "framework": item.control.framework,
                "id": item.control.id,
                "subject": item.control.subject,
                "supports": item.control.supports,
                "on": list(item.on),
                "off": list(item.off),
            }
            for item in controls
        ],
    }


def difference_lines(found: Sequence[Difference]) -> list[str]:
    """Differences of two policies, one after the other."""
    lines: list[str] = []
    for item in found:
        place = f"{item.rule}, " if item.rule else ""
        lines += [f"{place}{item.what.replace('_', ' ')}"]
        lines += [*_wrapped(item.before, "  now:  "), *_wrapped(item.after, "  then: "), ""]
    return [*lines, plural(len(found), "difference")]


def difference_document(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The same as ``--json`` prints it."""
    return [{"rule": item.rule, "what": item.what, "before": item.before, "after": item.after} for item in found]


def turned_lines(found: Sequence[Turned], parties: Mapping[str, Party]) -> list[str]:
    """Verdicts that come out otherwise, with their sentences, and a count by rule."""
    lines: list[str] = []
    for item in found:
        lines += [
            f"{item.direction:<8}  {item.rule}  {clean(item.subject)}",
            *_wrapped(_told(item.before, parties, shut=item.shut_before), "  now:  "),
            *_wrapped(_told(item.after, parties, shut=item.shut_after), "  then: "),
            "",
        ]
    for word in ("stricter", "looser", "other"):
        rules: dict[str, int] = {}
        for item in found:
            if item.direction == word:
                rules[item.rule] = rules.get(item.rule, 0) + 1
        if rules:
            lines.append(f"{word}: " + ", ".join(f"{rule} ({count})" for rule, count in rules.items()))
    shut = sum(item.shut_after and not item.shut_before for item in found)
    opened = sum(item.shut_before and not item.shut_after for item in found)
    lines.append(
        f"{plural(len(found), 'verdict')} would come out otherwise; {shut} would shut a gate that was open to them, "
        f"{opened} would no longer."
    )
    return lines


def turned_document(found: Sequence[Turned], parties: Mapping[str, Party]) -> list[dict[str, Any]]:
    """The same as ``--json`` prints it."""
    return [
        {
            "rule": item.rule,
            "subject": item.subject,
            "direction": item.direction,
            "before": _verdict(item.before, parties, shut=item.shut_before),
            "after": _verdict(item.after, parties, shut=item.shut_after),
        }
        for item in found
    ]


def _verdict(verdict: Verdict | None, parties: Mapping[str, Party], *, shut: bool) -> dict[str, Any] | None:
    from ledger.cli.check import sentence_of

    if verdict is None:
        return None
    return {"outcome": verdict.outcome.value, "sentence": sentence_of(verdict, parties), "shuts": shut}


def _told(verdict: Verdict | None, parties: Mapping[str, Party], *, shut: bool) -> str:
    from ledger.cli.check import WORDS, sentence_of

    if verdict is None:
        return "the rule is off"
    gate = " (shuts the gate)" if shut else ""
    return f"{WORDS[verdict.outcome.value]}{gate}. {clean(sentence_of(verdict, parties), 2_000)}"


def _wrapped(text: str, begin: str = "") -> list[str]:
    return textwrap.wrap(
        clean(text, 20_000),
        _WIDTH,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
