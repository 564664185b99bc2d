"""Policies: which rules hold, with which parameters, from canonical JSON (docs/policies.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.canonical import JSON, Encodable, encode, parse_canonical
from ledger.digests import Digest, digest_bytes
from ledger.errors import FormatError, NotFoundError
from ledger.events.roster import MAX_POLICY_BYTES
from ledger.events.shape import label, one_of
from ledger.roster.state import policy_at
from ledger.rules.catalogue import BY_ID, RULES, SHARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.records import Records
    from ledger.rules.shape import Rule

SEVERITIES: Final = ("high", "medium", "low")

_OWN: Final = frozenset({"name", "rules", "strict", "v"})


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """A rule that a policy turned on."""

    rule: Rule
    severity: str
    """``high``, ``medium`` or ``low``."""
    settings: Mapping[str, JSON]
    """Every parameter of the rule."""


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """A policy, ready to assess by."""

    digest: Digest
    """SHA-256 of its canonical JSON: the policy digest."""
    name: str
    strict: bool
    """Whether what cannot be told keeps a gate shut."""
    rules: tuple[RuleSetting, ...]
    """Those that are on, in the order of the catalogue; at least one."""
    shared: Mapping[str, JSON]
    """Every parameter that is set once for the whole policy."""


def parse_policy(data: bytes) -> PolicyRules:
    """The policy that ``data``, canonical JSON, spells.

    A rule the policy does not name is off. A rule that this version does not know is refused: leaving it out would
    make the policy say less than its authors decided.

    Raises:
        FormatError: at the place of the fault.
    """
    value = parse_canonical(data, max_bytes=MAX_POLICY_BYTES)
    if not isinstance(value, dict):
        raise FormatError("bad-policy", "an object is required")
    for name in value:
        if name not in _OWN | set(SHARED):
            raise FormatError("bad-policy", "a member that policies do not have", where=f"/{name}")
    for name in sorted(_OWN):
        if name not in value:
            raise FormatError("bad-policy", "a required member is missing", where=f"/{name}")
    if type(value["v"]) is not int or value["v"] != 1:
        raise FormatError("unknown-version", "policy version 1 is required", where="/v")
    strict = value["strict"]
    if not isinstance(strict, bool):
        raise FormatError("bad-policy", "true or false is required", where="/strict")
    shared = _shared(value)
    return PolicyRules(digest_bytes(data), _name(value["name"]), strict, _rules(value["rules"], shared), shared)


def _name(value: JSON) -> str:
    try:
        return str(label(value, "/name"))
    except FormatError:
        raise FormatError(
            "bad-policy", "a name is 1 to 64 small letters, digits, dots, hyphens or underscores", where="/name"
        ) from None


def policy_in_force(records: Records, project: str) -> PolicyRules:
    """The policy in force for ``project`` at the position of ``records``.

    Raises:
        NotFoundError: ``no-policy``; without rules nothing is assessed.
        FormatError: the policy in force is not one that this version reads.
    """
    policy = policy_at(records.roster, project, records.position)
    if policy is None:
        raise NotFoundError(
            "no-policy",
            "no policy is in force for this project, and without rules nothing can be assessed",
            details={"project": project, "position": records.position},
            remedy="Set one: evidence policy set",
        )
    return parse_policy(policy.data)


def encode_policy(policy: Mapping[str, Encodable]) -> bytes:
    """The canonical bytes of a policy document, which ``parse_policy`` reads.

    Raises:
        FormatError: it is no policy.
    """
    data = encode(policy)
    parse_policy(data)
    return data


def _shared(value: dict[str, JSON]) -> dict[str, JSON]:
    return {name: parameter.kind(value.get(name, parameter.default), f"/{name}") for name, parameter in SHARED.items()}


def _rules(value: JSON, shared: Mapping[str, JSON]) -> tuple[RuleSetting, ...]:
    if not isinstance(value, dict):
        raise FormatError("bad-policy", "an object from rule id to its settings is required", where="/rules")
    for identifier in value:
        if identifier not in BY_ID:
            raise FormatError("unknown-rule", "a rule that this version does not know", where=f"/rules/{identifier}")
    found = [
        setting
        for rule in RULES
        if rule.id in value and (setting := _setting(rule, value[rule.id], f"/rules/{rule.id}", shared)) is not None
    ]
    if not found:
        raise FormatError("bad-policy", "no rule is on, so nothing could ever be assessed", where="/rules")
    return tuple(found)


def _setting(rule: Rule, value: JSON, where: str, shared: Mapping[str, JSON]) -> RuleSetting | None:
    own = {parameter.name: parameter for parameter in rule.parameters if not parameter.shared}
    if not isinstance(value, dict):
        raise FormatError("bad-policy", "an object is required", where=where)
    for name in value:
        if name not in own and name not in {"on", "severity"}:
            raise FormatError("bad-policy", "a parameter that this rule does not have", where=f"{where}/{name}")
    on = value.get("on")
    if not isinstance(on, bool):
        raise FormatError("bad-policy", "true or false is required", where=f"{where}/on")
    severity = one_of(*SEVERITIES)(value.get("severity"), f"{where}/severity")
    settings = {parameter.name: shared[parameter.name] for parameter in rule.parameters if parameter.shared}
    for name, parameter in own.items():
        settings[name] = parameter.kind(value.get(name, parameter.default), f"{where}/{name}")
    return RuleSetting(rule, severity, settings) if on else None
