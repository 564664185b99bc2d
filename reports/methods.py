"""What the methods of both packs print alike: which rules are off, what strict means, and the words used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.parts import Paragraph, Row, Table, line, words
from reports.release.said import columns
from reports.say import say, say_count
from reports.text import capture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.rules.policy import PolicyRules
    from ledger.rules.shape import Rule
    from reports.parts import Line


def strict_line(policy: PolicyRules) -> Line:
    """What a gate does under the policy where a verdict cannot be told."""
    return line(
        say("yes: what cannot be told keeps a gate shut")
        if policy.strict
        else say("no: what cannot be told warns at a gate")
    )


def rules_off(off: Sequence[Rule], *, titles: bool) -> Paragraph:
    """The rules that nothing here was asked about, by id and perhaps title, so that what was left out is known."""
    if not off:
        return Paragraph(line(say("No known rule is off in this policy.")), small=True)
    told = say_count(
        "{count} known rule is off in this policy and was not asked: {rules}.",
        "{count} known rules are off in this policy and were not asked: {rules}.",
        len(off),
        rules="; ".join(f"{rule.id} {rule.title}" for rule in off) if titles else ", ".join(rule.id for rule in off),
    )
    return Paragraph(line(capture(told, limit=20_000)), small=True)


def glossary(meant: Iterable[tuple[str, str]]) -> Table:
    """Words and their meanings, both marked for translation."""
    return Table(
        columns((say("Word"), 22), (say("Meaning"), 78)),
        tuple(Row((line(say(word)), line(say(said)))) for word, said in meant),
        words(say("None.")),
        words(say("Words")),
        "dense",
    )
