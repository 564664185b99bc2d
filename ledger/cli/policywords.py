"""Policies, and differences between them, as terminals and ``--json`` show them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ledger.cli.output import clean, plural
from ledger.rules.asking import FRAMEWORK_NAMES
from ledger.rules.catalogue import BY_ID
from ledger.rules.prerequisites import ADVISED, NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.dossier.facts import Party
    from ledger.rules.controls import Supported
    from ledger.rules.difference import Blocked, Difference, Turned
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
    lines += ["", "What it takes"]
    for one in told.takes:
        if one.words not in (NOTHING, ADVISED):
            lines += _wrapped(f"{one.name} ({', '.join(one.rules)}): {one.words}.", "- ")
    if told.off:
        lines += ["", "Off"]
        lines += _wrapped("; ".join(f"{rule.id} {rule.title}" for rule in told.off) + ".", "    ")
    if controls:
        lines += ["", "What the evidence supports (a mapping in our words; no claim that a control is met)"]
    for item in controls:
        control = item.control
        lines += ["", f"{FRAMEWORK_NAMES[control.framework]} {control.id}  {control.subject}"]
        lines += _wrapped(control.supports, "    ")
        off = [rule for rule in item.off if rule in BY_ID]
        lines += _wrapped(f"On: {', '.join(item.on) or 'none'}. Off: {', '.join(off) or 'none'}.", "    ")
        beyond = [rule for rule in item.off if rule not in BY_ID]
        if beyond:
            told_by = "No rule of this version, so no policy turns it on (docs/rules.md says what looks at it)"
            lines += _wrapped(f"{told_by}: {', '.join(beyond)}.", "    ")
    return [*lines, *advice_lines(told.advice)]


def advice_lines(advice: Sequence[str]) -> list[str]:
    """What whoever wrote a policy should look at, under a heading; nothing where there is nothing."""
    lines = ["", "Look at this again"] if advice else []
    for sentence in advice:
        lines += _wrapped(sentence, "- ")
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
        "takes": [{"what": item.name, "rules": list(item.rules), "words": item.words} for item in told.takes],
        "advice": list(told.advice),
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


def turned_lines(
    found: Sequence[Turned], blocked: Sequence[Blocked], parties: Mapping[str, Party], *, summary: bool
) -> list[str]:
    """What would be blocked, first; verdicts by rule; then, without ``summary``, each that comes out otherwise."""
    lines = [_blocked_words(item) for item in blocked]
    for word in ("stricter", "looser", "other"):
        rules: dict[str, int] = {}
        for item in found:
            if item.direction == word:
                rules[item.rule] = rules.get(item.rule, 0) + 1
        if rules:
            told = ", ".join(f"{rule} ({count})" for rule, count in rules.items())
            lines += _wrapped(f"{word}: {told}")
    lines.append(f"{plural(len(found), 'verdict')} would come out otherwise.")
    if summary:
        return lines
    one_project = len({item.subject.partition("/")[0] for item in found if item.subject.startswith("change ")}) == 1
    for item in found:
        subject = item.subject.partition("/")[2] if one_project and item.subject.startswith("change ") else ""
        lines += [
            "",
            f"{item.direction:<8}  {item.rule}  {clean(f'change {subject}' if subject else item.subject)}",
            *_wrapped(_told(item.before, parties, shut=item.shut_before), "  now:  "),
            *_wrapped(_told(item.after, parties, shut=item.shut_after), "  then: "),
        ]
    return lines


def _blocked_words(item: Blocked) -> str:
    if item.kind == "period":
        words = {True: "fails", False: "passes"}
        return f"the period's check {words[bool(item.before)]} now and {words[bool(item.after)]} then"
    more = f" ({item.newly} more, {item.no_longer} fewer)" if item.newly or item.no_longer else ""
    verb = "is" if item.before == 1 else "are"
    return f"{item.after} of {plural(item.count, item.kind)} would be blocked; {item.before} {verb} now{more}"


def blocked_document(blocked: Sequence[Blocked]) -> list[dict[str, Any]]:
    """The same counts as ``--json`` prints them."""
    return [
        {
            "kind": item.kind,
            "count": item.count,
            "blocked_before": item.before,
            "blocked_after": item.after,
            "newly": item.newly,
            "no_longer": item.no_longer,
        }
        for item in blocked
    ]


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
    gate = ""
    if shut:
        gate = " (fails the period's check)" if verdict.subject.startswith("period ") else " (shuts the gate)"
    word, sentence = WORDS[verdict.outcome.value], clean(sentence_of(verdict, parties), 2_000)
    # The sentence of what cannot be told begins with these words itself.
    own = sentence[: len(word)].casefold() == word.casefold()
    return f"{sentence}{gate}" if own else f"{word}{gate}. {sentence}"


def _wrapped(text: str, begin: str = "") -> list[str]:
    return textwrap.wrap(
        clean(text, 20_000),
        _WIDTH,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
