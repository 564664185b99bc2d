"""What has to be there before one can live with a policy: people, roles, keys, and what pipelines must record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ledger.canonical import JSON
    from ledger.rules.policy import PolicyRules, RuleSetting

NOTHING: Final = "-"
ADVISED: Final = "advised"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One thing that a policy takes."""

    name: str
    rules: tuple[str, ...]
    """Rules that ask for it."""
    words: str
    """What exactly; ``-``: nothing; ``advised``: asked for by rules that shut no gate."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a policy asks for, by rule."""

    policy: PolicyRules
    on: Mapping[str, RuleSetting]
    """Rules that are on, by id."""

    def of(self, rule: str) -> Mapping[str, JSON] | None:
        """The rule's settings; None where it is off or only advises."""
        found = self.on.get(rule)
        return None if found is None or found.severity == "low" else found.settings

    def needed(self, rule: str, words: str) -> str:
        """``words`` where the rule is on, with what becomes of it where it is missing and the policy is not strict."""
        if self.of(rule) is None:
            return ADVISED if rule in self.on else NOTHING
        return words if self.policy.strict else f"{words}; shown where missing"

    def shared(self, name: str) -> JSON:
        """A value that is set once for the whole policy."""
        return self.policy.shared[name]


def prerequisites(policy: PolicyRules) -> tuple[Prerequisite, ...]:
    """Everything that a policy may take, with what this one does."""
    asked = _Asked(policy, {item.rule.id: item for item in policy.rules})
    return tuple(Prerequisite(name, rules, words(asked)) for name, rules, words in _ROWS)


def shut_to_forges(policy: PolicyRules) -> tuple[str, ...]:
    """Rules that keep a gate shut where the approvals are a forge's word: of these they cannot be told."""
    on = {item.rule.id: item.settings for item in policy.rules if item.severity != "low"}
    checklists = cast("Mapping[str, JSON]", policy.shared["checklists"])
    untold = {
        "ID-06": "ID-06" in on,
        "APP-11": "APP-11" in on and any(checklists.values()),
        "AI-07": "AI-07" in on and on["AI-07"]["custody"] == "declared",
    }
    return tuple(rule for rule, holds in untold.items() if holds and policy.strict)


def _approvals(asked: _Asked) -> str:
    if asked.of("SOD-01") is None:
        return ADVISED if "SOD-01" in asked.on else NOTHING
    counts = cast("dict[str, int]", asked.shared("approvals"))
    listed_ones = {item["name"] for item in cast("list[dict[str, JSON]]", asked.shared("risks"))}
    # A class that `risks` does not list is one only by somebody's word.
    at = {name: f"at {name}" if name in listed_ones else f"where {name} is stated" for name in counts}
    return "; ".join([str(counts["default"]), *(f"{n} {at[name]}" for name, n in counts.items() if name != "default")])


def _own_keys(asked: _Asked) -> str:
    if asked.shared("forge_attested") == "count":
        strictly = shut_to_forges(asked.policy)
        return f"yes, as {listed(strictly)} cannot be told of the forge's word" if strictly else "no, the forge will do"
    touch = {"present": ", a touched security key", "verified": ", a security key with PIN or fingerprint"}
    return f"yes{touch.get(str(asked.shared('user_verification')), '')}"


def _custody(asked: _Asked) -> str:
    agents = asked.of("AI-07")
    if asked.of("ID-06") is None and agents is not None and agents["custody"] == "declared":
        return asked.needed("AI-07", "declared")
    return asked.needed("ID-06", "declared")


def _identities(asked: _Asked) -> str:
    found = asked.of("ID-03")
    return asked.needed("ID-03", "yes") if found is not None and found["verified_identities"] else NOTHING


def _roles(asked: _Asked) -> str:
    named: list[str] = []
    if asked.shared("approver_role") is not None:
        named.append(str(asked.shared("approver_role")))
    if asked.of("APP-07") is not None:
        for roles in cast("dict[str, dict[str, int]]", asked.shared("approver_classes")).values():
            named += roles
    for rule, setting in (("CHG-10", "sensitive_role"), ("AI-08", "senior_role")):
        found = asked.of(rule)
        if found is not None and found[setting] is not None:
            named.append(str(found[setting]))
    if asked.of("CHG-10") is not None:
        named += [str(item["role"]) for item in cast("list[dict[str, JSON]]", asked.shared("owners"))]
    return listed(f"`{name}`" for name in named) or NOTHING


def _release(asked: _Asked) -> str:
    found, third = asked.of("APP-05"), asked.of("SOD-06")
    if found is None or not found["release_approvals"]:
        return NOTHING
    count = counted(cast("int", found["release_approvals"]), "person", "people")
    return f"{count} who neither wrote nor reviewed" if third and third["reviewers"] == "forbidden" else count


def _stated(asked: _Asked) -> str:
    told = []
    for rule, setting, name in (("CHG-04", "impact_from", "impact"), ("CHG-05", "fallback_from", "the way back")):
        found = asked.of(rule)
        if found is not None:
            told.append(f"{name} always" if found[setting] is None else f"{name} from {found[setting]} up")
    return "; ".join(told) or NOTHING


def _classes(names: Iterable[str]) -> str:
    told = ["every change" if name == "default" else name for name in names]
    return f"{'for' if told == ['every change'] else 'at'} {listed(told)}" if told else NOTHING


def _checklist(asked: _Asked) -> str:
    lists = cast("dict[str, list[JSON]]", asked.shared("checklists"))
    return NOTHING if asked.of("APP-11") is None else _classes(name for name, items in lists.items() if items)


def _runbook(asked: _Asked) -> str:
    return NOTHING if asked.of("CHG-13") is None else _classes(cast("list[str]", asked.shared("runbook")))


def _suites(asked: _Asked) -> str:
    suites = asked.shared("suites")
    told = ["any one" if suites == "any" else listed(cast("list[str]", suites))]
    if asked.of("TST-02") is not None:
        told.append("on the approved or the landed content" if asked.shared("tip_counts") else "on what landed")
    if asked.of("TST-03") is not None:
        told.append("by a service")
    if asked.of("TST-10") is not None:
        for name, items in cast("dict[str, list[dict[str, JSON]]]", asked.shared("suite_classes")).items():
            where = "always" if name == "default" else f"at {name}"
            told += [f"class {listed(str(item['class']) for item in items)} {where}"] if items else []
    return asked.needed("TST-01", ", ".join(told))


def _scans(asked: _Asked) -> str:
    found = asked.of("TST-07")
    targets = [] if found is None else cast("list[str]", found["scan_targets"])
    return asked.needed("TST-07", f"of {listed(targets)}" if targets else "of every change, whichever")


def _prompts(asked: _Asked) -> str:
    found = asked.of("AI-02")
    told = [] if found is None else [f"{found['strength']}"]
    if asked.of("AI-04") is not None:
        told.append("looked through for secrets")
    return asked.needed("AI-02", ", ".join(told)) if found is not None else NOTHING


def _agents(asked: _Asked) -> str:
    found = asked.of("AI-06")
    return asked.needed("AI-06", "" if found is None else f"as {found['named_as']} of what they commit")


def _built(asked: _Asked) -> str:
    found = asked.of("REL-02")
    return asked.needed(
        "REL-02", "observed will do" if found is not None and found["known_by"] == "observed" else "yes"
    )


def _emergency(asked: _Asked) -> str:
    found = asked.of("EXC-02")
    use = {"authorised": "another person authorises first", "forbidden": "none opens a gate"}
    told = [use[word] for word in (str(asked.shared("exception_use")),) if word in use]
    told += [] if found is None else [f"another person reviews within {found['review_hours']} hours"]
    return "; ".join(told) or NOTHING


def _protected(asked: _Asked) -> str:
    found = asked.of("SOD-09")
    return asked.needed(
        "SOD-09", "" if found is None else f"in the {found['hours']} hours before each approval and landing"
    )


def _yes(rule: str, words: str = "yes") -> Callable[[_Asked], str]:
    return lambda asked: asked.needed(rule, words)


def _every(rule: str, setting: str, unit: str) -> Callable[[_Asked], str]:
    def words(asked: _Asked) -> str:
        found = asked.of(rule)
        return asked.needed(rule, "" if found is None else f"every {found[setting]} {unit}")

    return words


_ROWS: Final[tuple[tuple[str, tuple[str, ...], Callable[[_Asked], str]], ...]] = (
    ("Approvals of a change", ("SOD-01",), _approvals),
    ("Approvers sign with keys of their own", ("SOD-01", "ID-06", "APP-11", "AI-07"), _own_keys),
    ("Custody of their keys", ("ID-06", "AI-07"), _custody),
    ("Verified identities of people", ("ID-03",), _identities),
    ("Roles granted", ("SOD-11", "APP-07", "CHG-10", "AI-08"), _roles),
    ("Approval of a release before it is deployed", ("APP-05", "SOD-06"), _release),
    ("Deployments by a pipeline, or by who did not write it", ("SOD-07",), _yes("SOD-07")),
    ("A request behind every change", ("CHG-03",), _yes("CHG-03")),
    ("Stated of a change", ("CHG-04", "CHG-05"), _stated),
    ("Review checklist answered", ("APP-11",), _checklist),
    ("Runbook for the cut-over", ("CHG-13",), _runbook),
    ("Test suites", ("TST-01", "TST-02", "TST-03", "TST-10"), _suites),
    ("Scans", ("TST-07",), _scans),
    ("Prompts of assistants", ("AI-02", "AI-04"), _prompts),
    ("Agents under their own names", ("AI-06",), _agents),
    ("Provenance of builds", ("REL-02",), _built),
    ("What runs, observed", ("REL-04",), _yes("REL-04")),
    (
        "How branches are protected, recorded",
        ("SOD-09", "ADM-02"),
        _protected,
    ),
    ("Pushes or the gate's answers, recorded", ("EXC-05",), _yes("EXC-05")),
    ("Exceptions", ("EXC-02",), _emergency),
    ("Two administrators for policies", ("ADM-03",), _yes("ADM-03")),
    ("Who holds which role, reviewed", ("ADM-01",), _every("ADM-01", "review_days", "days")),
    ("A clone compared with the ledger", ("POP-01",), _every("POP-01", "reconciled_hours", "hours")),
)
