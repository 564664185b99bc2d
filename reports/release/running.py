"""Where the release came from and what became of it: way back, builds, what runs, verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Release
from reports.parts import Break, Heading, Mark, Paragraph, Row, Table, line, words
from reports.release.said import (
    NAME,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
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
    from ledger.dossier.facts import Told
    from ledger.events.operation import Build, Observation
    from ledger.events.work import Artifact
    from ledger.records import Record
    from reports.parts import Block, Line
    from reports.release.view import View

ARTIFACTS: Final = "artifacts"
"""Anchor of the artifacts, where there are any."""
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
