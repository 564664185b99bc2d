"""What a policy may not mean as it is written: misspelt and shadowed risk classes, approvals that open nothing."""

from __future__ import annotations

from difflib import get_close_matches
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


def advice(policy: PolicyRules) -> tuple[str, ...]:
    """Sentences on what whoever wrote ``policy`` should look at; it is valid all the same."""
    return (*_unlisted(policy), *_shadowed(policy), *_dead_letter(policy), *_unread(policy))


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
    return not {path, "**"}.isdisjoint(cast("list[str]", higher.get("paths", [])))


def _reaches(higher: Mapping[str, JSON], member: str, limit: int) -> bool:
    return member in higher and cast("int", higher[member]) <= limit


def _made(higher: Mapping[str, JSON], word: str) -> bool:
    return word in cast("list[str]", higher.get("ai", []))


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
