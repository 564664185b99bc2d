"""What the ledger holds of what was done about a finding: exceptions beside it, and what came after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.parts import line
from reports.release.excepted import listed_exceptions, reviewed_by
from reports.release.said import entry, joined, link, quiet
from reports.say import say, say_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ledger.dossier.facts import ExceptionFact
    from ledger.rules.verdict import Verdict
    from reports.parts import Line
    from reports.release.view import ChangeView, View


def beside(view: View, verdicts: Iterable[Verdict]) -> tuple[ExceptionFact, ...]:
    """The exceptions that stand beside any of the verdicts, ascending by entry index."""
    named = {item.index for verdict in verdicts for item in verdict.excepted_by}
    return tuple(item for _, item in listed_exceptions(view) if item.record.index in named)


def done(view: View, verdicts: tuple[Verdict, ...]) -> Line:
    """Exceptions, decisions and runs after the landing, incidents and deployments that did not stay; else that none is.

    What came after is named, never judged: whether it mends what was found is for whoever reads it.
    """
    changes = {change.number: change for verdict in verdicts if (change := view.subject(verdict)) is not None}
    families = {verdict.rule.partition("-")[0] for verdict in verdicts}
    found = beside(view, verdicts)
    excepted = {
        item.record.index: {
            change.number: change.label.plain
            for verdict in verdicts
            if any(one.index == item.record.index for one in verdict.excepted_by)
            and (change := view.subject(verdict)) is not None
        }
        for item in found
    }
    parts = _declared(found, excepted if len(changes) > 1 else {})
    told = {number for numbers in excepted.values() for number in numbers}
    for change in (changes[number] for number in sorted(changes)):
        later = _later(change, families)
        told |= {change.number} if later or _incidents(view, (change,)) else set()
        parts += later
    if not changes:
        parts += [
            line(say("rolled back, {entry}", entry=entry(item.record)))
            for item in view.dossier.deployments
            if item.deploy.status == "rolled-back"
        ]
    parts += _incidents(view, tuple(changes.values()))
    if not parts:
        return line(quiet(say("nothing is recorded: no exception, no later decision, run or scan, no incident")))
    if rest := len(changes.keys() - told):
        parts.append(
            line(
                quiet(
                    say_count(
                        "for the other change nothing is recorded",
                        "for the other {count} changes nothing is recorded",
                        rest,
                    )
                )
            )
        )
    return joined(parts, "; ")


def _declared(found: tuple[ExceptionFact, ...], changes: Mapping[int, Mapping[int, str]]) -> list[Line]:
    """The exceptions, each with who reviewed it; ``changes`` by entry, to name."""
    if not found:
        return []
    named = []
    for item in found:
        own = changes.get(item.record.index)
        said = f"{entry(item.record)}, {reviewed_by(item)}"
        named.append(say("{changes}: {exception}", exception=said, changes=", ".join(own.values())) if own else said)
    return [
        line(
            say_count(
                "an exception was declared: {exceptions}",
                "{count} exceptions were declared: {exceptions}",
                len(found),
                exceptions="; ".join(named),
            )
        )
    ]


def _later(change: ChangeView, families: set[str]) -> list[Line]:
    """Decisions and runs of the families' sort that came after the change had landed."""
    landed = min((item.there_by.index for item in change.facts.landings), default=None)
    if landed is None:
        return []
    found: list[tuple[int, str]] = []
    if families & {"SOD", "APP"}:
        found += [
            (fact.record.index, say("approval") if fact.approval.decision == "approve" else say("rejection"))
            for fact in change.facts.approvals
            if fact.standing and fact.approval.decision in ("approve", "reject")
        ]
    if "TST" in families:
        found += [(item.record.index, say("test run")) for item in change.facts.runs]
        found += [(item.record.index, say("scan")) for item in change.facts.scans]
    return [
        line(
            say(
                "{change}: {what} after it had landed, entry {index}", change=change.label.plain, what=what, index=index
            )
        )
        for index, what in sorted(found)
        if index > landed
    ]


def _incidents(view: View, changes: tuple[ChangeView, ...]) -> list[Line]:
    """Incidents that suspect one of the changes, or for findings about the release the release itself."""
    ids = {change.facts.id for change in changes}
    found = dict.fromkeys(
        item.body.incident
        for item in view.dossier.incidents
        if any(
            one.change in ids if changes else one.release == view.dossier.record.envelope for one in item.body.suspects
        )
    )
    if not found:
        return []
    said = say_count(
        "{count} incident names it: {incidents}",
        "{count} incidents name it: {incidents}",
        len(found),
        incidents=", ".join(found),
    )
    return [line(said, " (", link("incidents", say("Incidents"), page=True), ")")]
