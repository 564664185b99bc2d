"""Scans from SARIF 2.1.0 files: what each run found, what was set aside, and whether it ran to its end.

Counted as the specification (OASIS SARIF 2.1.0, its sections in the comments) tells levels, kinds and suppressions,
which is not always what the members say at first sight. Texts and places of findings are in the file, which is kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.capture.foreign import Part, read_value, refuse
from ledger.capture.git import strip_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVELS: Final = ("error", "warning", "note", "none")
_KINDS: Final = frozenset({"fail", "pass", "open", "review", "informational", "notApplicable"})
_UNDECIDED: Final = frozenset({"open", "review"})
_DEFAULT_LEVEL: Final = "warning"
_URI_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True)
class LevelCounts:
    """Findings that stand, by level."""

    error: int
    warning: int
    note: int
    none: int


@dataclass(frozen=True, slots=True)
class RulePack:
    """A component of the tool that brought rules."""

    name: str
    version: str | None
    rule_count: int
    """Rules that the file describes; scanners may leave out those that found nothing."""


@dataclass(frozen=True, slots=True)
class ScannedRevision:
    """What of a repository was scanned, as the tool says."""

    repository: str
    """Its address, without credentials."""
    revision: str | None
    """As the tool names it; of git, the commit."""


@dataclass(frozen=True, slots=True)
class SarifRun:
    """One run of one scanner."""

    tool: str
    version: str | None
    """The semantic version if the tool tells one, else the version in its own form."""
    rule_packs: tuple[RulePack, ...]
    """The tool itself first, if it has rules of its own; without a version where rules have none."""
    completed: bool | None
    """False where any invocation was not successful; None where the file does not tell of each, or of none."""
    error_count: int
    """Errors that the tool met, such as a file it could not read or a rule it could not load."""
    scanned: bool
    """Whether the file has results at all; an empty list of them does. A run without is no scan that found nothing."""
    counts: LevelCounts
    """Findings that are neither set aside nor gone since the baseline."""
    undecided_count: int
    """Results of the kinds ``open`` and ``review``, which the tool leaves to a person."""
    justified_count: int
    """Findings set aside with a reason."""
    unjustified_count: int
    """Findings set aside without one."""
    revisions: tuple[ScannedRevision, ...]


def parse_sarif(data: bytes) -> tuple[SarifRun, ...]:
    """The runs of one SARIF file, in their order; it may hold none, which is no scan.

    Raises:
        FormatError: ``foreign-document`` at the place of the fault, or as ``foreign.read_values``.
    """
    log = read_value(data)
    version = log.get("version")
    if version is None or not log.has("runs"):
        refuse("this is no SARIF file: it has no version and runs", log.where, "let the scanner write SARIF 2.1.0")
    if version.text() != "2.1.0":
        refuse("another version of SARIF than 2.1.0", version.where, "let the scanner write SARIF 2.1.0")
    for part in _items(log.get("inlineExternalProperties")):
        # §4.2: the results of a run may stand there, or in files of their own.
        _refuse_elsewhere(part)
    return tuple(_run(run) for run in log.need("runs").items())


def _run(run: Part) -> SarifRun:
    references = run.get("externalPropertyFileReferences")
    if references is not None:
        _refuse_elsewhere(references)
    tool = run.need("tool")
    driver, extensions = tool.need("driver"), _items(tool.get("extensions"))
    invocations = _items(run.get("invocations"))
    results = run.get("results")
    rules = _Rules(driver, extensions, invocations)
    standing, aside, undecided = Counter[str](), Counter[bool](), 0
    for result in _items(results):
        kind = _word(result.get("kind"), _KINDS, "fail")
        if _word(result.get("baselineState"), {"new", "unchanged", "updated", "absent"}, "new") == "absent":
            # §3.27.24: what an earlier run found and this one does not.
            continue
        if kind != "fail":
            # §3.27.9: not a problem, or none that the tool could decide on.
            undecided += kind in _UNDECIDED
        elif (justified := _suppressed(result)) is not None:
            aside[justified] += 1
        else:
            standing[rules.level(result)] += 1
    return SarifRun(
        tool=driver.need("name").text(),
        version=_version(driver),
        rule_packs=tuple(_packs((driver, *extensions))),
        completed=_completed(invocations),
        error_count=sum(_errors(invocation) for invocation in invocations),
        scanned=results is not None,
        counts=LevelCounts(standing["error"], standing["warning"], standing["note"], standing["none"]),
        undecided_count=undecided,
        justified_count=aside[True],
        unjustified_count=aside[False],
        revisions=tuple(_revision(part) for part in _items(run.get("versionControlProvenance"))),
    )


class _Rules:
    """Where the level of a result comes from when the result does not say it itself."""

    __slots__ = ("_by_id", "_components", "_invocations")

    def __init__(self, driver: Part, extensions: tuple[Part, ...], invocations: tuple[Part, ...]) -> None:
        self._components = [_items(component.get("rules")) for component in (driver, *extensions)]
        # -1 stands for "no component named": of rules with one id the first is meant (§3.52.4).
        self._by_id: dict[tuple[int, str], Part] = {}
        for number, rules in enumerate(self._components):
            for rule in rules:
                identifier = rule.need("id").text()
                self._by_id.setdefault((number, identifier), rule)
                self._by_id.setdefault((-1, identifier), rule)
        self._invocations = invocations

    def level(self, result: Part) -> str:
        """The level of a result of the kind ``fail`` (§3.27.10)."""
        own = result.get("level")
        if own is not None:
            return _word(own, _LEVELS, _DEFAULT_LEVEL)
        rule = self._rule(result)
        if rule is None:
            return _DEFAULT_LEVEL
        override = self._override(result, rule)
        configuration = override if override is not None else rule.get("defaultConfiguration")
        return _DEFAULT_LEVEL if configuration is None else _word(configuration.get("level"), _LEVELS, _DEFAULT_LEVEL)

    def _rule(self, result: Part) -> Part | None:
        reference = result.get("rule")
        if reference is not None:
            found = self._referred(reference)
            if found is not None:
                return found
        at = _index(result.get("ruleIndex"))
        if at is not None:
            return self._at(0, at, result)
        named = result.get("ruleId")
        return None if named is None else self._named(-1, named.text())

    def _referred(self, reference: Part) -> Part | None:
        """The rule that a reportingDescriptorReference means (§3.52)."""
        owner = reference.get("toolComponent")
        component = None if owner is None else _index(owner.get("index"))
        at = _index(reference.get("index"))
        if at is not None and not (owner is not None and component is None):
            return self._at(0 if component is None else component + 1, at, reference)
        named = reference.get("id")
        return None if named is None else self._named(-1 if component is None else component + 1, named.text())

    def _at(self, component: int, at: int, asked: Part) -> Part:
        if component >= len(self._components) or at >= len(self._components[component]):
            refuse("no such rule is in the file", asked.where)
        return self._components[component][at]

    def _named(self, component: int, name: str) -> Part | None:
        # §3.27.5: the id of a result may go on behind that of its rule, after slashes.
        while name:
            if (component, name) in self._by_id:
                return self._by_id[component, name]
            name = name.rpartition("/")[0]
        return None

    def _override(self, result: Part, rule: Part) -> Part | None:
        """The configuration that an invocation gave ``rule`` (§3.20.5), if the result names that invocation."""
        provenance = result.get("provenance")
        at = None if provenance is None else _index(provenance.get("invocationIndex"))
        if at is None:
            return None
        if at >= len(self._invocations):
            refuse("no such invocation is in the file", result.where + "/provenance/invocationIndex")
        for override in _items(self._invocations[at].get("ruleConfigurationOverrides")):
            if self._referred(override.need("descriptor")) is rule:
                return override.need("configuration")
        return None


def _suppressed(result: Part) -> bool | None:
    """Whether a finding was set aside with a reason; None where it stands.

    It stands while any of its suppressions (§3.27.23) is under review or rejected: what is contested is not set aside.
    """
    suppressions = _items(result.get("suppressions"))
    states = {_word(each.get("status"), {"accepted", "underReview", "rejected"}, "accepted") for each in suppressions}
    if states != {"accepted"}:
        return None
    reasons = (each.get("justification") for each in suppressions)
    return any(reason is not None and bool(reason.text(limit=1_000_000).strip()) for reason in reasons)


def _completed(invocations: tuple[Part, ...]) -> bool | None:
    told = [invocation.get("executionSuccessful") for invocation in invocations]
    successes = [None if each is None else each.flag() for each in told]
    if False in successes:
        return False
    return None if None in successes or not successes else True


def _errors(invocation: Part) -> int:
    told = _items(invocation.get("toolExecutionNotifications"))
    told += _items(invocation.get("toolConfigurationNotifications"))
    return sum(_word(each.get("level"), _LEVELS, _DEFAULT_LEVEL) == "error" for each in told)


def _packs(components: tuple[Part, ...]) -> Iterable[RulePack]:
    for component in components:
        rules = _items(component.get("rules"))
        if rules:
            yield RulePack(component.need("name").text(), _version(component), len(rules))


def _version(component: Part) -> str | None:
    told = component.get("semanticVersion") or component.get("version")
    return None if told is None else told.text()


def _revision(part: Part) -> ScannedRevision:
    revision = part.get("revisionId")
    return ScannedRevision(
        repository=strip_credentials(part.need("repositoryUri").text(limit=_URI_LIMIT)),
        revision=None if revision is None else revision.text(),
    )


def _refuse_elsewhere(part: Part) -> None:
    """None if no results of a run stand in files of their own, which would be counted as none."""
    if part.get("results") is not None or part.get("tool") is not None:
        refuse(
            "results or rules of a run stand outside of it",
            part.where,
            "let the scanner write one SARIF file that holds everything",
        )


def _items(part: Part | None) -> tuple[Part, ...]:
    return () if part is None else part.items()


def _word(part: Part | None, words: Iterable[str], default: str) -> str:
    """One of ``words``, which is ``default`` where nothing is said."""
    if part is None:
        return default
    word = part.text()
    if word not in words:
        refuse("a word that SARIF 2.1.0 does not have here", part.where)
    return word


def _index(part: Part | None) -> int | None:
    """An index into an array of the file; None where none is given, which -1 says too (§3.7.4)."""
    return None if part is None or part.value == -1 else part.count()
