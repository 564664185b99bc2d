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
from reports.wording import number, share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.dossier.facts import ApprovalFact, Told
    from ledger.events.operation import Build, Incident, Observation, Suspect
    from ledger.events.work import Artifact
    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import View

ARTIFACTS: Final = "artifacts"
"""Anchor of the artifacts, where there are any."""
INCIDENTS: Final = "incidents"
"""Anchor of the incidents."""
MOST: Final = 40
"""Observations printed, the latest first; the rest is counted."""


def way_back(view: View) -> tuple[tuple[str, Line], ...]:
    """Rows: the release before, and the one that the changes name as the way back."""
    previous = previous_releases(view)
    return (
        (
            say("Release before"),
            joined([line(_name(record), quiet(f", {entry(record)}")) for record in previous], "; ")
            or line(
                quiet(
                    say("none: the release event declares a first release")
                    if view.first_release
                    else say("not recorded: the release event names a commit before, at which no recorded release ends")
                )
            ),
        ),
        (say("Way back"), _way_back(view)),
    )


def _way_back(view: View) -> Line:
    """Which releases the changes name to return to, and of how many of them none is named."""
    back: dict[str, int] = {}
    for change in view.changes:
        state = state_of(change)
        if state is not None and state.body.returns_to is not None:
            back[state.body.returns_to] = back.get(state.body.returns_to, 0) + 1
    if not back:
        return line(say("no change names a release to return to"))
    whole = len(view.changes)
    parts = [
        line(say("to {release}, as {share} changes state", release=capture(name, limit=120), share=share(many, whole)))
        for name, many in back.items()
    ]
    if rest := whole - sum(back.values()):
        parts.append(
            line(
                status(
                    Mark.CANNOT_TELL,
                    say_count("{count} change names none", "{count} changes name none", rest),
                )
            )
        )
    return joined(parts, "; ")


def previous_releases(view: View) -> tuple[Record, ...]:
    """The recorded releases at which the sources of this one begin, by entry index."""
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
        columns((say("Artifact"), 16), (say("SHA-256"), 59), (say("Built from, and how that is known"), 25)),
        tuple(
            _artifact(view, item, "" if place else ARTIFACTS)
            for place, item in enumerate(view.dossier.release.artifacts)
        ),
        words(say("The release event names no artifact.")),
        words(say("Artifacts of the release, and their provenance")),
        "dense",
    )


def _artifact(view: View, item: Artifact, anchor: str) -> Row:
    made = [
        one for one in view.dossier.builds if any(artifact.sha256 == item.sha256 for artifact in one.body.artifacts)
    ]
    return Row(
        (
            line(capture(item.name, limit=120)),
            digest_line(item.sha256, full=True),
            joined([_build(view, one) for one in made], "; ") or line(status(Mark.FAIL, say("No build recorded"))),
        ),
        hit=not made,
        anchor=anchor,
    )


def named_builds(view: View) -> tuple[Told[Build], ...]:
    """The builds that made an artifact of the release, and that its table names."""
    released = {item.sha256 for item in view.dossier.release.artifacts}
    return tuple(one for one in view.dossier.builds if released & {item.sha256 for item in one.body.artifacts})


def _build(view: View, item: Told[Build]) -> Line:
    body = item.body
    own = any(source.commit == body.commit for source in view.dossier.release.sources)
    known = (
        say("by a provenance statement")
        if body.source == "provenance"
        else say("as whoever recorded the build observed it")
    )
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
    deployed = [item for item in view.dossier.deployments if item.deploy.status == "succeeded"]
    nothing = (
        say(
            "Nobody recorded what ran after the deployment: whether what was deployed is what was released is known "
            "from the deployment's own words alone."
        )
        if deployed
        else say("No deployment that succeeded is recorded, and nobody recorded that anything of this release runs.")
    )
    blocks: list[Block] = [
        Heading(words(say("What was seen running"))),
        Paragraph(
            line(
                say_count(
                    "{count} observation of what runs; in {same} everything seen running has a digest of the release.",
                    "{count} observations of what runs; in {same} everything seen running has a digest of the release.",
                    len(found),
                    same=number(same),
                ),
                " ",
                say_count(
                    "{count} of them tells how a verification of the deployment went.",
                    "{count} of them tell how a verification of the deployment went.",
                    verified,
                ),
            )
            if found
            else line(nothing)
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
        else line(
            status(Mark.PASS, say("Equal")),
            " ",
            say_count("{count} digest, of the release", "{count} digests, all of the release", len(body.running)),
        )
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
                    "{count} incident names this release or one of its changes as a possible cause; closed: {closed}.",
                    "{count} incidents name this release or one of its changes as a possible cause; closed: {closed}.",
                    len(numbers),
                    closed=number(len(closed)),
                )
                if found
                else say("No recorded incident names this release or one of its changes as a possible cause.")
            )
        ),
        *_named_only(view, frozenset(numbers)),
        *(
            (
                Table(
                    columns(
                        (say("Incident"), 13),
                        (say("State, severity"), 14),
                        (say("Possible cause"), 21),
                        (say("Approved by"), 20),
                        (say("What happened"), 20),
                        (say("Corrected by"), 12),
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


def _named_only(view: View, recorded: frozenset[str]) -> tuple[Block, ...]:
    """The incidents that an exception gives as its ground and of which no event is recorded here."""
    declared = (*view.dossier.exceptions, *(item for change in view.changes for item in change.facts.exceptions))
    every = {item.body.incident for item in view.dossier.surroundings.incidents} | recorded
    names = dict.fromkeys(
        item.exception.incident
        for item in declared
        if item.exception.incident is not None and item.exception.incident not in every
    )
    if not names:
        return ()
    said = say_count(
        "The exceptions name an incident as their ground of which no event is recorded: {incidents}.",
        "The exceptions name {count} incidents as their ground of which no event is recorded: {incidents}.",
        len(names),
        incidents=capture(", ".join(names), limit=300),
    )
    return (Paragraph(line(strong("! "), said)),)


def _incident(view: View, item: Told[Incident]) -> Row:
    body = item.body
    suspected = [_suspect(view, one) for one in body.suspects]
    return Row(
        (
            line(capture(body.incident, limit=NAME), quiet(f" {entry(item.record)}")),
            line(
                *((strong("! "),) if body.state != "closed" else ()),
                body.state,
                ", ",
                body.severity,
                Break(),
                quiet(ledger_time(item.record)),
            ),
            joined(suspected, "; ") or line(quiet(say("nothing is named"))),
            joined(_approved(view, body), "; ") or line(quiet(NONE)),
            _told(view, item),
            _corrected(view, body.corrective),
        ),
        hit=body.state != "closed",
        anchor=entry_anchor(item.record.index),
    )


def _corrected(view: View, change: str | None) -> Line:
    """The change that the incident names as its correction."""
    if change is None:
        return line(quiet(say("no change is named")))
    known = next((one for one in view.changes if one.facts.id == change), None)
    if known is None:
        return line(say("change {change}, not of this release", change=change))
    return line(link(known.anchor("r"), known.label, page=True) if view.shows(known) else known.label)


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
