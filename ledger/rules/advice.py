"""What a policy may not mean as it is written: misspelt, shadowed, empty risk classes, approvals that open nothing."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.prerequisites import shut_to_forges
from ledger.rules.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.canonical import JSON
    from ledger.rules.policy import PolicyRules

_TABLES: Final = ("approvals", "approver_classes", "checklists", "suite_classes")
"""Shared parameters whose members are risk classes."""
_READ_BY: Final = {
    "approver_classes": "APP-07",
    "checklists": "APP-11",
    "owners": "CHG-10",
    "runbook": "CHG-13",
    "suite_classes": "TST-10",
}
"""Shared parameters that one rule reads."""
_DEFAULT: Final = "default"
_IDLE: Final = {"low": "of low severity and only advises", "off": "off"}


def advice(policy: PolicyRules) -> tuple[str, ...]:
    """Sentences on what whoever wrote ``policy`` should look at; it is valid all the same."""
    return (
        *_unapproved(policy),
        *_unlisted(policy),
        *_shadowed(policy),
        *_unasked(policy),
        *_dead_letter(policy),
        *_unread(policy),
    )


def _unapproved(policy: PolicyRules) -> Iterator[str]:
    """That nothing makes a change wait for an approval: no other rule counts them all."""
    severity = next((item.severity for item in policy.rules if item.rule.id == "SOD-01"), "off")
    if severity in {"low", "off"}:
        yield (
            f"Changes that nobody approved can pass: SOD-01, which counts approvals, is {_IDLE[severity]}. SOD-02 to "
            "SOD-05 judge the approvals that there are, and where there is none they ask for nothing."
        )


def _unlisted(policy: PolicyRules) -> Iterator[str]:
    """Classes that are asked something of and that ``risks`` does not list."""
    listed_ones = [str(item["name"]) for item in _risks(policy)]
    if not listed_ones:
        # A policy that lists none goes by the class that is stated, whatever it is called.
        return
    for place, name in _named(policy):
        if name in (*listed_ones, _DEFAULT):
            continue
        near = get_close_matches(name, listed_ones, 1)
        meant = f" Did you mean “{near[0]}”?" if near else ""
        yield (
            f"{place} names the risk class “{name}”, and `risks` lists {listed(listed_ones)}: no change is of it by "
            f"what it touches, only one for which somebody states it.{meant}"
        )


def _named(policy: PolicyRules) -> Iterator[tuple[str, str]]:
    """Every risk class that the policy names outside ``risks``, with where."""
    for table in _TABLES:
        yield from ((f"`{table}`", name) for name in cast("Mapping[str, JSON]", policy.shared[table]))
    yield from (("`runbook`", name) for name in cast("list[str]", policy.shared["runbook"]))
    for setting in policy.rules:
        for parameter in ("impact_from", "security_impact_from", "fallback_from"):
            name = setting.settings.get(parameter)
            if name is not None:
                yield f"`{parameter}` of {setting.rule.id}", str(name)
        for parameter in ("senior_classes", "forbidden_modes"):
            for name in cast("Sequence[str]", setting.settings.get(parameter) or ()):
                yield f"`{parameter}` of {setting.rule.id}", name


def _shadowed(policy: PolicyRules) -> Iterator[str]:
    """Classes that no change can be of by what it touches, as a higher one takes all of it first."""
    above: list[Mapping[str, JSON]] = []
    for item in _risks(policy):
        name = str(item["name"])
        paths = cast("list[str]", item.get("paths", []))
        taken = [path for path in paths if any(_covers(higher, path) for higher in above)]
        rest = [
            member
            for member in ("lines_over", "files_over")
            if member in item and not any(_reaches(higher, member, cast("int", item[member])) for higher in above)
        ]
        rest += [word for word in cast("list[str]", item.get("ai", [])) if not any(_made(one, word) for one in above)]
        if len(taken) == len(paths) and not rest and len(item) > 1:
            yield f"The risk class “{name}” never applies: a class above it takes all that it would match."
        elif taken:
            yield f"In the risk class “{name}”, {listed(taken)} matches nothing: a class above it has it already."
        above.append(item)


def _covers(higher: Mapping[str, JSON], path: str) -> bool:
    return any(within(path, wider) for wider in cast("list[str]", higher.get("paths", [])))


def within(narrow: str, wide: str) -> bool:
    """Whether ``wide`` matches every path that ``narrow`` does, as far as their segments show; True is certain."""
    (segments, own), (wider, wanted) = _segments(narrow), _segments(wide)
    if not wanted <= own:
        # Most pairs of a long policy end here.
        return False
    reached = {0}
    for number, segment in enumerate(wider, start=1):
        if segment == "**":
            # At the end it takes one segment or more, elsewhere none too.
            first = min(reached) + (number == len(wider))
            reached = set(range(first, len(segments) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(segments) and _takes(segment, segments[at])}
        if not reached:
            return False
    return len(segments) in reached


@lru_cache(maxsize=8_192)
def _segments(pattern: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The segments of a pattern, and those of them that stand for one of their own alone."""
    segments = (f"{pattern}**" if pattern.endswith("/") else pattern).split("/")
    return tuple(segments), frozenset(segments) - {"*", "**"}


def _takes(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide == "*" and narrow != "**")


def _reaches(higher: Mapping[str, JSON], member: str, limit: int) -> bool:
    return member in higher and cast("int", higher[member]) <= limit


def _made(higher: Mapping[str, JSON], word: str) -> bool:
    return word in cast("list[str]", higher.get("ai", []))


def _unasked(policy: PolicyRules) -> Iterator[str]:
    """Classes that take paths of a lower one, and of which less is asked by a table in which the lower one stands."""
    risks, tables = _risks(policy), tuple(_by_class(policy))
    for number, higher in enumerate(risks):
        for lower in risks[number + 1 :]:
            name, below = str(higher["name"]), str(lower["name"])
            places = [place for place, table in tables if _lost(table, name, below)]
            if places and (_reaches_into(higher, lower) or _reaches_into(lower, higher)):
                yield (
                    f"A class inherits nothing: “{name}” stands above “{below}” and takes paths of it, and is not in "
                    f"{listed(places)}, in which “{below}” stands."
                )


def _reaches_into(one: Mapping[str, JSON], other: Mapping[str, JSON]) -> bool:
    return any(_covers(one, path) for path in cast("list[str]", other.get("paths", [])))


def _by_class(policy: PolicyRules) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """Every table by risk class that a rule reads, with where; a list of classes as one that asks the same of each."""
    on = {item.rule.id: item.settings for item in policy.rules}
    for table in (*_TABLES, "runbook"):
        if _READ_BY.get(table, "SOD-01") in on:
            yield f"`{table}`", _asking(policy.shared[table])
    for rule, parameter in (("AI-08", "senior_classes"), ("AI-09", "forbidden_modes")):
        if rule in on:
            yield f"`{parameter}` of {rule}", _asking(on[rule][parameter])


def _asking(value: JSON) -> Mapping[str, JSON]:
    if isinstance(value, dict):
        return value
    # In a list `default` stands for classes that `risks` does not list: no listed one falls back to it.
    return {name: True for name in cast("list[str]", value or []) if name != _DEFAULT}


def _lost(table: Mapping[str, JSON], name: str, below: str) -> bool:
    """Whether ``below`` stands in ``table`` and ``name`` does not, with something else asked of it."""
    return below in table and name not in table and table[below] != table.get(_DEFAULT)


def _dead_letter(policy: PolicyRules) -> Iterator[str]:
    """Approvals on the forge that count for SOD-01 and open no gate."""
    shut = shut_to_forges(policy) if policy.shared["forge_attested"] == "count" else ()
    if shut:
        yield (
            f"`forge_attested: count` opens no gate here: of an approval that a forge attests {listed(shut)} cannot be "
            "told, and in a strict policy that shuts the gate. Turn them off or low, or ask for people's own keys."
        )


def _unread(policy: PolicyRules) -> Iterator[str]:
    """Members that are set and whose rule is off."""
    on = {item.rule.id for item in policy.rules}
    for member, rule in _READ_BY.items():
        if policy.shared[member] and rule not in on:
            yield f"`{member}` asks for nothing: {rule}, which reads it, is off."


def _risks(policy: PolicyRules) -> list[Mapping[str, JSON]]:
    return cast("list[Mapping[str, JSON]]", policy.shared["risks"])
