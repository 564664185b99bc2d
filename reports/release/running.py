"""Where the release came from and what became of it: way back, builds, what runs, verification, incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Release
from ledger.records import Absent
from ledger.rules.stated import text_of
from reports.parts import Break, Heading, Mark, Paragraph, Row, Table, line, say_line, words
from reports.release.said import (
    NAME,
    NONE,
    absence,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    status,
    strong,
)
from reports.release.stated import state_of
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ApprovalFact, Told
    from ledger.events.operation import Build, Incident, Observation, Suspect
    from ledger.events.work import Artifact
    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import View

INCIDENTS: Final = "incidents"
"""Anchor of the incidents."""
MOST: Final = 40
"""Observations printed, the latest first; the rest is counted."""


def way_back(view: View) -> tuple[tuple[str, Line], ...]:
    """Rows: the release before, and the one that the changes name as the way back."""
    previous = _previous(view)
    back = dict.fromkeys(
        state.body.returns_to
        for change in view.changes
        if (state := state_of(change)) is not None and state.body.returns_to is not None
    )
    return (
        (
            say("Release before"),
            joined([line(_name(record), quiet(f", {entry(record)}")) for record in previous], "; ")
            or line(quiet(say("none recorded: this is the first, or the one before was not recorded"))),
        ),
        (
            say("Way back"),
            line(
                say("to {releases}, as the changes state", releases=capture(", ".join(back), limit=200))
                if back
                else say("no change names a release to return to"),
            ),
        ),
    )


def _previous(view: View) -> tuple[Record, ...]:
    found = {
        source.previous_release.index: source.previous_release
        for source in view.dossier.sources
        if source.previous_release is not None
    }
    return tuple(found[index] for index in sorted(found))


def _name(record: Record) -> str:
    body = record.event.body
    return f"{body.product}@{body.version}" if isinstance(body, Release) else entry(record)


def artifacts(view: View) -> Table:
    """Every artifact of the release with the builds that made it."""
    return Table(
        columns((say("Artifact"), 22), (say("SHA-256"), 44), (say("Built from, and how that is known"), 34)),
        tuple(_artifact(view, item) for item in view.dossier.release.artifacts),
        words(say("The release event names no artifact.")),
        words(say("Artifacts of the release, and their provenance")),
        "dense",
    )


def _artifact(view: View, item: Artifact) -> Row:
    made = [
        one for one in view.dossier.builds if any(artifact.sha256 == item.sha256 for artifact in one.body.artifacts)
    ]
    return Row(
        (
            line(capture(item.name, limit=120)),
            digest_line(item.sha256, full=True),
            joined([_build(view, one) for one in made], "; ") or line(strong(say("no build of it is recorded"))),
        ),
        hit=not made,
    )


def _build(view: View, item: Told[Build]) -> Line:
    body = item.body
    own = any(source.commit == body.commit for source in view.dossier.release.sources)
    known = say("by a provenance statement") if body.source == "provenance" else say("somebody watched")
    return (
        *line(say("commit "), *digest_line(body.commit)),
        *(() if own else line(" ", status(Mark.FAIL, say("Not a released commit")))),
        *line(Break(), capture(body.builder, limit=NAME), quiet(f", {known}, {entry(item.record)}")),
    )


def observed(view: View) -> tuple[Block, ...]:
    """What was seen running afterwards, against what was released, and verifications of the deployment."""
    found = view.dossier.observations
    same = sum(_same(view, item.body) is True for item in found)
    verified = sum(item.body.verification is not None for item in found)
    blocks: list[Block] = [
        Heading(words(say("What was seen running"))),
        Paragraph(
            line(
                say_count(
                    "{count} observation after deployment; in {same} everything seen running has a digest of the "
                    "release. {verified} tell of a verification.",
                    "{count} observations after deployment; in {same} everything seen running has a digest of the "
                    "release. {verified} tell of a verification.",
                    len(found),
                    same=number(same),
                    verified=number(verified),
                )
                if found
                else say(
                    "Nobody recorded what ran after the deployment: whether what was deployed is what was released is "
                    "known from the deployment's own words alone."
                )
            )
        ),
    ]
    if found:
        blocks.append(
            Table(
                columns(
                    (say("Entry"), 7),
                    (say("Ledger time, UTC"), 19),
                    (say("Environment, service"), 22),
                    (say("Running against released"), 26),
                    (say("Verification"), 13),
                    (say("Seen by"), 13),
                ),
                tuple(_observation(view, item) for item in printed_observations(view)),
                words(say("None.")),
                None,
                "dense",
            )
        )
    if len(found) > MOST:
        rest = say_count(
            "{count} earlier observation is not printed; all are in the attached bundle.",
            "{count} earlier observations are not printed; all are in the attached bundle.",
            len(found) - MOST,
        )
        blocks.append(Paragraph(line(rest), small=True))
    return tuple(blocks)


def differing(view: View) -> int:
    """How many observations saw something run that has no digest of the release."""
    return sum(_same(view, item.body) is False for item in view.dossier.observations)


def open_incidents(view: View) -> int:
    """How many of the incidents that suspect the release or one of its changes nobody closed."""
    found = view.dossier.incidents
    closed = {item.body.incident for item in found if item.body.state == "closed"}
    return len({item.body.incident for item in found} - closed)


def printed_observations(view: View) -> tuple[Told[Observation], ...]:
    """Those that the table prints, the latest first."""
    return tuple(reversed(view.dossier.observations))[:MOST]


def _same(view: View, body: Observation) -> bool | None:
    """Whether everything seen running has a digest of the release; None: nothing was seen."""
    running = {item.sha256 for item in body.running}
    return None if not running else running <= {item.sha256 for item in view.dossier.release.artifacts}


def _observation(view: View, item: Told[Observation]) -> Row:
    body = item.body
    same = _same(view, body)
    strange = {one.sha256 for one in body.running} - {one.sha256 for one in view.dossier.release.artifacts}
    said = (
        line(status(Mark.CANNOT_TELL, say("Not stated")))
        if same is None
        else line(status(Mark.PASS, say("Equal")), f" {number(len(body.running))}")
        if same
        else line(
            status(Mark.FAIL, say("Differs")),
            " ",
            say_count("{count} digest is not of the release", "{count} digests are not of the release", len(strange)),
        )
    )
    checked = {
        None: line(quiet(say("not told"))),
        "passed": line(status(Mark.PASS, say("Passed"))),
        "failed": line(status(Mark.FAIL, say("Failed"))),
    }[body.verification]
    failures = (
        ()
        if not body.failed
        else line(Break(), strong(say_count("{count} failure seen", "{count} failures seen", body.failed)))
    )
    return Row(
        (
            line(str(item.record.index)),
            line(ledger_time(item.record)),
            line(capture(f"{body.environment}, {body.service}", limit=NAME)),
            (*said, *failures),
            checked,
            line(named(item.actor)),
        ),
        hit=same is False or body.verification == "failed",
        anchor=entry_anchor(item.record.index),
    )


def incidents(view: View) -> tuple[Block, ...]:
    """Incidents that suspect the release or one of its changes, and approvals behind what is suspected."""
    found = view.dossier.incidents
    numbers = dict.fromkeys(item.body.incident for item in found)
    closed = {item.body.incident for item in found if item.body.state == "closed"}
    return (
        Heading(words(say("Incidents")), INCIDENTS),
        Paragraph(
            line(
                say_count(
                    "{count} incident suspects this release or one of its changes, {closed} of them closed.",
                    "{count} incidents suspect this release or one of its changes, {closed} of them closed.",
                    len(numbers),
                    closed=number(len(closed)),
                )
                if found
                else say("No recorded incident suspects this release or one of its changes, up to this position.")
            )
        ),
        *(
            (
                Table(
                    columns(
                        (say("Incident"), 13),
                        (say("State, severity"), 14),
                        (say("Suspected"), 21),
                        (say("Approved by"), 20),
                        (say("What happened"), 20),
                        (say("Mended by"), 12),
                    ),
                    tuple(_incident(view, item) for item in found),
                    words(say("None.")),
                    None,
                    "dense",
                ),
            )
            if found
            else ()
        ),
    )


def _incident(view: View, item: Told[Incident]) -> Row:
    body = item.body
    suspected = [_suspect(view, one) for one in body.suspects]
    return Row(
        (
            line(capture(body.incident, limit=NAME), quiet(f" {entry(item.record)}")),
            line(body.state, ", ", body.severity, Break(), quiet(ledger_time(item.record)[:16])),
            joined(suspected, "; ") or line(quiet(say("nothing is named"))),
            joined(_approved(view, body), "; ") or line(quiet(NONE)),
            _told(view, item),
            line(quiet(NONE)) if body.corrective is None else line(say("change {change}", change=body.corrective)),
        ),
        hit=body.state != "closed",
        anchor=entry_anchor(item.record.index),
    )


def _approved(view: View, body: Incident) -> list[Line]:
    """Who approved each suspect, told apart: an approval of the release is none of the change."""
    found = [
        say_line("{change}: {people}", change=change.label, people=_standing(change.facts.approvals))
        for change in view.changes
        if any(one.change == change.facts.id for one in body.suspects)
    ]
    if any(one.release == view.dossier.record.envelope for one in body.suspects):
        found.append(say_line("the release: {people}", people=_standing(view.dossier.approvals)))
    return found


def _standing(facts: Iterable[ApprovalFact]) -> Line:
    names = dict.fromkeys(
        named(fact.approver) for fact in facts if fact.approval.decision == "approve" and fact.standing
    )
    return joined([line(name) for name in names]) or line(quiet(say("nobody")))


def _suspect(view: View, one: Suspect) -> Line:
    parts: list[Line] = []
    if one.change is not None:
        known = next((change for change in view.changes if change.facts.id == one.change), None)
        parts.append(
            line(say("change {change}, not of this release", change=one.change))
            if known is None
            else line(link(known.anchor("a"), known.label, page=True) if view.shows(known) else known.label)
        )
    if one.release is not None:
        own = one.release == view.dossier.record.envelope
        parts.append(line(say("this release") if own else say("another release")))
    return joined(parts)


def _told(view: View, item: Told[Incident]) -> Line:
    for name in ("summary", "review", "reason"):
        text = text_of(view.dossier.records, item.record, name)
        if isinstance(text, Absent):
            return line(strong(absence(text.state)))
        if text is not None:
            return line(capture(text, limit=200))
    return line(quiet(say("no text stated")))
