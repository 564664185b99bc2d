"""The release itself: artifacts, who released it, and where it was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Facts, Heading, Line, Mark, Row, Section, Table, line, words
from reports.release.completeness import belonging
from reports.release.incidents import incidents, open_incidents
from reports.release.register import once
from reports.release.running import artifacts, differing, observed, way_back
from reports.release.said import (
    NAME,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    named,
    quiet,
    rows,
    signed_at,
    status,
)
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import DeployFact
    from reports.parts import Block
    from reports.release.view import View

ANCHOR: Final = "deployments"
_STATUSES: Final = {
    "succeeded": Mark.PASS,
    "failed": Mark.FAIL,
    "rolled-back": Mark.FAIL,
    "started": Mark.CANNOT_TELL,
}
_WORDS: Final = {
    "succeeded": to_say("Succeeded"),
    "failed": to_say("Failed"),
    "rolled-back": to_say("Rolled-back"),
    "started": to_say("Started"),
}


def deployments(view: View) -> Section:
    """The section."""
    dossier = view.dossier
    return Section(
        ANCHOR,
        "10",
        words(say("Release and deployments")),
        words(say("What was released, by whom, where did it go, and what became of it?")),
        _lede(view),
        (
            Heading(words(say("The release")), entry_anchor(dossier.record.index)),
            Facts(
                rows(
                    (say("Release"), line(capture(dossier.name, limit=200), ", ", quiet(entry(dossier.record)))),
                    (
                        say("Released by"),
                        line(
                            named(dossier.released_by),
                            ", ",
                            quiet(
                                say("whose own key signed it")
                                if dossier.released_by.principal == dossier.record.key.principal
                                else say("signed with a key of {signer}", signer=view.signer(dossier.record))
                            ),
                        ),
                    ),
                    (say("Time"), signed_at(dossier.record, view.settings)),
                    (say("Event"), digest_line(dossier.record.envelope, full=True)),
                    *(_commit(view, place) for place in range(len(dossier.sources))),
                    (say("Approved by"), _approvers(view)),
                    *way_back(view),
                )
            ),
            artifacts(view),
            *_deployed(view),
            *observed(view),
            *incidents(view),
        ),
        brief=view.changeless,
    )


def _deployed(view: View) -> tuple[Block, ...]:
    """The deployments; where there is none the opening sentence has said so."""
    if not view.dossier.deployments:
        return ()
    placed: set[int] = set()
    return (
        Table(
            columns(
                (say("Entry"), 7),
                (say("Ledger time, UTC"), 20),
                (say("Environment, service"), 22),
                (say("Status"), 13),
                (say("By"), 18),
                (say("Artifacts"), 20),
            ),
            tuple(_row(view, item, placed) for item in view.dossier.deployments),
            words(say("None.")),
            words(say("Deployments that name this release")),
            "small",
        ),
    )


def _lede(view: View) -> Line:
    release = view.dossier.release
    done = sum(item.deploy.status == "succeeded" for item in view.dossier.deployments)
    said = [
        say_count(
            "{artifacts} from {sources}; {count} deployment event names this release; {done} succeeded.",
            "{artifacts} from {sources}; {count} deployment events name this release; {done} succeeded.",
            len(view.dossier.deployments),
            artifacts=say_count("{count} artifact", "{count} artifacts", len(release.artifacts)),
            sources=say_count("{count} source", "{count} sources", len(release.sources)),
            done=number(done),
        )
        if view.dossier.deployments
        else say(
            "{artifacts} from {sources}; no deployment of this release is recorded at this position.",
            artifacts=say_count("{count} artifact", "{count} artifacts", len(release.artifacts)),
            sources=say_count("{count} source", "{count} sources", len(release.sources)),
        )
    ]
    if other := differing(view):
        said.append(
            say_count(
                "{count} observation saw something else run.", "{count} observations saw something else run.", other
            )
        )
    if open_ones := open_incidents(view):
        said.append(say_count("{count} incident is not closed.", "{count} incidents are not closed.", open_ones))
    return line(" ".join(said))


def _approvers(view: View) -> Line:
    facts = [fact for fact in view.dossier.approvals if fact.standing and fact.approval.decision == "approve"]
    if not facts:
        return line(quiet(say("no approval of the release itself stands")))
    return joined(
        [
            line(named(fact.approver), ", ", link(entry_anchor(fact.record.index), entry(fact.record), page=True))
            for fact in facts
        ],
        "; ",
    )


def _commit(view: View, place: int) -> tuple[str, Line]:
    """The commit at which a source ends, and what brought it."""
    source = view.dossier.sources[place]
    name = source.project_name or source.source.project
    which = line(" ", quiet(capture(name, limit=NAME))) if len(view.dossier.sources) > 1 else ()
    return (
        say("Released commit"),
        (*digest_line(source.source.commit, full=True), *which, *line(", ", *belonging(view, place))),
    )


def _row(view: View, item: DeployFact, placed: set[int]) -> Row:
    released = {artifact.sha256 for artifact in view.dossier.release.artifacts}
    brought = {artifact.sha256 for artifact in item.deploy.artifacts}
    same: Line
    if not brought:
        same = line(status(Mark.CANNOT_TELL, say("Not stated")))
    elif brought <= released:
        same = line(
            say_count("{count} digest, all of the release", "{count} digests, all of the release", len(brought))
        )
    else:
        strange = len(brought - released)
        other = say_count("{count} digest not of the release", "{count} digests not of the release", strange)
        same = line(status(Mark.FAIL, other))
    return Row(
        (
            line(str(item.record.index)),
            line(ledger_time(item.record)),
            line(capture(f"{item.deploy.environment}, {item.deploy.service}", limit=120)),
            line(status(_STATUSES[item.deploy.status], say(_WORDS[item.deploy.status]))),
            line(named(item.deployed_by)),
            same,
        ),
        hit=_STATUSES[item.deploy.status] is Mark.FAIL or not brought <= released,
        anchor=once(placed, item.record.index),
    )
