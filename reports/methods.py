"""What the methods of both packs print alike: which rules are off, what shuts a gate, and the words used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.rules.plain import gate_words
from reports.parts import Paragraph, Row, Table, line, words
from reports.release.said import columns, quiet, strong
from reports.say import say, say_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.rules.policy import PolicyRules
    from ledger.rules.shape import Rule
    from reports.parts import Block, Line


def gate_line(policy: PolicyRules) -> Line:
    """What shuts a gate under the policy, in the words in which the policy itself is told."""
    return line(gate_words(strict=policy.strict))


def rules_off(off: Sequence[Rule]) -> tuple[Block, ...]:
    """The rules that nothing here was asked about, in two columns, so that what was left out is known."""
    if not off:
        return (Paragraph(line(say("No known rule is off in this policy.")), small=True),)
    half = (len(off) + 1) // 2
    left, right = off[:half], off[half:]
    return (
        Table(
            columns(
                (say("Rule"), 9),
                (say("What it would ask for"), 41),
                (say("Rule"), 9),
                (say("What it would ask for"), 41),
            ),
            tuple(
                Row(
                    (
                        *_off(one),
                        *(_off(right[place]) if place < len(right) else (line(), line())),
                    )
                )
                for place, one in enumerate(left)
            ),
            words(say("None.")),
            words(
                say_count(
                    "{count} known rule is off in this policy and was not asked",
                    "{count} known rules are off in this policy and were not asked",
                    len(off),
                )
            ),
            "dense",
        ),
    )


def _off(rule: Rule) -> tuple[Line, Line]:
    return line(strong(rule.id)), line(quiet(rule.title))


def glossary(meant: Iterable[tuple[str, str]]) -> Table:
    """Words and their meanings, both marked for translation."""
    return Table(
        columns((say("Word"), 22), (say("Meaning"), 78)),
        tuple(Row((line(say(word)), line(say(said)))) for word, said in meant),
        words(say("None.")),
        words(say("Words")),
        "dense",
    )
