"""What a deploy gate found of a release, verdict by verdict, from the assessment that its decision carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.canonical import JSON, parse_canonical
from ledger.errors import FormatError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.records import Absent
from ledger.rules.contributors import took_part
from ledger.rules.reporters import person_who_signed
from ledger.rules.shape import ChangeCase
from ledger.rules.stated import is_late

if TYPE_CHECKING:
    from ledger.dossier.facts import ChangeFacts, ExceptionFact, ReleaseDossier, Told
    from ledger.events.governance import GateDecision
    from ledger.rules.shape import ReleaseCase


def verdicts_of(dossier: ReleaseDossier, gate: Told[GateDecision]) -> list[dict[str, JSON]] | Absent:
    """The verdicts of the document ``assessment`` (format §4.6) of a decision about this release."""
    content = dossier.records.content(gate.record.event.context.content("assessment"))
    if isinstance(content, Absent):
        return content
    try:
        value = parse_canonical(content.data, max_bytes=MAX_CONTENT_BYTES)
    except FormatError:
        return Absent("unreadable")
    verdicts = value.get("verdicts") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(verdicts, list):
        return Absent("unreadable")
    if (value.get("position"), value.get("subject")) != (gate.body.position, f"release {dossier.name}"):
        return Absent("of something else")
    wanted = {"excepted_by", "outcome", "rule", "severity", "subject"}
    found = [item for item in verdicts if isinstance(item, dict) and wanted <= set(item)]
    return found if found and len(found) == len(verdicts) else Absent("empty" if not verdicts else "unreadable")


def excepted_changes(case: ReleaseCase, item: ExceptionFact) -> tuple[tuple[ChangeFacts, ...], bool]:
    """The changes whose verdicts an exception of the release was declared for, and whether that is certain.

    They are those that the last deploy gate before it named, with a rule that it names; where no gate answered, all of
    them. Whoever took part in a change has no say in that: their own answer of a gate could leave their change out.
    Where that answer cannot be read, or who gave it may have taken part, they are all of them, perhaps.
    """
    dossier = case.dossier
    answers: list[Told[GateDecision]] = []
    certain = True
    for gate in dossier.gates:
        if gate.body.gate != "deploy" or gate.record.index >= item.record.index or is_late(gate.record):
            continue
        signer = person_who_signed(dossier.records, gate.record)
        parts = {"no"} if signer is None else {took_part(_case(case, one), signer)[0] for one in dossier.changes}
        if parts <= {"no"}:
            answers.append(gate)
        certain = certain and ("yes" in parts or "unknown" not in parts)
    if not answers:
        return dossier.changes, certain
    verdicts = verdicts_of(dossier, answers[-1])
    if isinstance(verdicts, Absent) or not certain:
        return dossier.changes, False
    named = {
        str(one["subject"])
        for one in verdicts
        if one["rule"] in item.exception.rules and one["outcome"] in ("fail", "not-evaluable")
    }
    return tuple(change for change in dossier.changes if f"change {change.project}/{change.id}" in named), True


def _case(case: ReleaseCase, change: ChangeFacts) -> ChangeCase:
    return ChangeCase(case.dossier.records, change, case.settings, case.as_of)
