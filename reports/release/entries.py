"""Which entries the pack prints, and the place of each: its own row or block, or the one that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.entry import LEDGER_STREAM
from ledger.rules.verdict import Outcome
from reports.release.bypasses import passed_over
from reports.release.gates import printed_answers
from reports.release.population import loose_landings, not_listed
from reports.release.running import ARTIFACTS, named_builds, previous_releases, printed_observations
from reports.release.said import entry_anchor
from reports.release.scans import scans_of
from reports.release.sheet import COMPARED, SOURCES, comparisons, heard, longest
from reports.release.stated import state_of
from reports.say import to_say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.records import Record
    from reports.release.view import View

_AI: Final = to_say("AI involvement")
_APPROVALS: Final = to_say("Approvals")
_COMPLETENESS: Final = to_say("Completeness")
_CONCLUSION: Final = to_say("Conclusion")
_EXCEPTIONS: Final = to_say("Exceptions and bypasses")
_PEOPLE: Final = to_say("People, keys and roles")
_REGISTER: Final = to_say("Change register")
_RELEASE: Final = to_say("Release and deployments")
_RULES: Final = to_say("Rules and protections")
_STATEMENT: Final = to_say("Statement")
_TESTS: Final = to_say("Tests and scans")


def _anchored(view: View) -> dict[int, str]:
    """The section of each entry that has a place of its own, whose anchor is that of the entry."""
    found: dict[int, str] = {}

    def put(section: str, records: Iterable[Record]) -> None:
        for record in records:
            found.setdefault(record.index, section)

    for change in view.printed:
        facts = change.facts
        put(_REGISTER, (item.record for item in facts.revisions))
        put(_REGISTER, (item.record for item in facts.landings))
        put(_APPROVALS, (item.record for item in facts.approvals))
        put(_TESTS, (item.record for item in facts.runs))
        put(_AI, (item.record for item in facts.prompts))
    dossier = view.dossier
    put(_APPROVALS, (item.record for item in dossier.approvals))
    put(_TESTS, (item.record for item in dossier.runs))
    put(_RELEASE, (dossier.record, *(item.record for item in dossier.deployments)))
    declared = (*dossier.exceptions, *(item for change in view.changes for item in change.facts.exceptions))
    put(_EXCEPTIONS, (item.record for item in declared))
    put(_EXCEPTIONS, (fact.record for item in declared for fact in item.decisions))
    put(_EXCEPTIONS, (item.record for _, item in printed_answers(view)))
    put(_EXCEPTIONS, (item.record for item in passed_over(view)))
    put(_COMPLETENESS, (record for record, shown in loose_landings(view) if shown))
    put(_TESTS, (item.record for _, item in scans_of(view)))
    put(_RELEASE, (item.record for item in printed_observations(view)))
    put(_RELEASE, (item.record for item in dossier.incidents))
    return found


def shown_entries(view: View) -> frozenset[int]:
    """Indexes of the entries that have a place of their own in the pack, and that can therefore be referred to."""
    return frozenset(_anchored(view))


def _named(view: View) -> dict[int, tuple[str, str]]:
    """Anchor and section of each entry that the pack names without giving it a place of its own."""
    found: dict[int, tuple[str, str]] = {}

    def put(anchor: str, section: str, records: Iterable[Record]) -> None:
        for record in records:
            found.setdefault(record.index, (anchor, section))

    for change in view.printed:
        for item in change.facts.landings:
            if item.pushed is not None:
                put(entry_anchor(item.record.index), _REGISTER, (item.pushed,))
        if (state := state_of(change)) is not None:
            put("stated", _REGISTER, (state.record,))
    for _, items in heard(view):
        put(SOURCES, _COMPLETENESS, (longest(view, items).after.record, items[-1].record))
    put(COMPARED, _COMPLETENESS, (item.record for item, _ in comparisons(view)))
    put("completeness", _COMPLETENESS, (record for record, _ in loose_landings(view)))
    put("completeness", _COMPLETENESS, (record for record, _ in not_listed(view)))
    put("completeness", _COMPLETENESS, (record for source in view.dossier.sources for record in source.unread))
    put(ARTIFACTS, _RELEASE, (item.record for item in named_builds(view)))
    put(entry_anchor(view.dossier.record.index), _RELEASE, previous_releases(view))
    around = view.dossier.surroundings
    put("access", _PEOPLE, (fact.record for fact in around.access_reviews))
    put("configuration", _RULES, (item.record for item in around.snapshots))
    put("statement", _STATEMENT, (item.record for item in view.dossier.packs))
    doubtful = (Outcome.FAIL, Outcome.NOT_EVALUABLE)
    inputs = {item.index for verdict in view.verdicts if verdict.outcome in doubtful for item in verdict.inputs}
    put("conclusion", _CONCLUSION, (record for record in view.dossier.records.entries if record.index in inputs))
    return {record.index: found[record.index] for record in _events(view) if record.index in found}


def _events(view: View) -> tuple[Record, ...]:
    """The attached entries but for acts of administration, of which the index names the stretches."""
    return tuple(record for record in view.dossier.records.entries if record.leaf.stream != LEDGER_STREAM)


def places(view: View) -> dict[int, tuple[str, str]]:
    """Anchor and section, in English, of every entry that has a place in the pack or is named by one, by index."""
    own = {index: (entry_anchor(index), section) for index, section in _anchored(view).items()}
    found = _named(view) | own
    return {index: found[index] for index in sorted(found)}
