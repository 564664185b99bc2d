"""The release itself: artifacts, who released it, and where it was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Facts, Line, Mark, Row, Section, Table, line, words
from reports.release.register import once
from reports.release.said import (
    claimed,
    code,
    columns,
    digest_line,
    entry,
    ledger_time,
    link,
    listed_names,
    named,
    quiet,
    rows,
    status,
)
from reports.text import capture
from reports.wording import count, number

if TYPE_CHECKING:
    from ledger.dossier.facts import DeployFact
    from reports.release.view import View

ANCHOR: Final = "deployments"
_STATUSES: Final = {
    "succeeded": Mark.PASS,
    "failed": Mark.FAIL,
    "rolled-back": Mark.FAIL,
    "started": Mark.CANNOT_TELL,
}


def deployments(view: View) -> Section:
    """The section."""
    dossier = view.dossier
    placed: set[int] = set()
    return Section(
        ANCHOR,
        "9",
        words("Release and deployments"),
        words("What was released, by whom, and where did it go?"),
        _lede(view),
        (
            Facts(
                rows(
                    ("Release", line(capture(dossier.name, limit=200), quiet(f", {entry(dossier.record)}"))),
                    ("Released by", line(named(dossier.released_by))),
                    ("Time", line(claimed(dossier.record), quiet("  ledger "), ledger_time(dossier.record))),
                    ("Event", digest_line(dossier.record.envelope, full=True)),
                    ("Approved by", _approvers(view)),
                )
            ),
            Table(
                columns(
                    ("Entry", 7),
                    ("Ledger time, UTC", 20),
                    ("Environment, service", 22),
                    ("Status", 13),
                    ("By", 18),
                    ("Artifacts", 20),
                ),
                tuple(_row(view, item, placed) for item in dossier.deployments),
                words("No deployment of this release is recorded at this position."),
                words("Deployments that name this release"),
                "small",
            ),
            Table(
                columns(("Artifact", 36), ("SHA-256", 64)),
                tuple(
                    Row((line(code(capture(item.name, limit=120))), digest_line(item.sha256, full=True)))
                    for item in dossier.release.artifacts
                ),
                words("The release event names no artifact."),
                words("Artifacts of the release"),
                "small",
            ),
        ),
        brief=view.changeless,
    )


def _lede(view: View) -> Line:
    release = view.dossier.release
    done = sum(item.deploy.status == "succeeded" for item in view.dossier.deployments)
    return line(
        f"{count(len(release.artifacts), 'artifact', 'artifacts')} from "
        f"{count(len(release.sources), 'source', 'sources')}; "
        f"{count(len(view.dossier.deployments), 'deployment event names', 'deployment events name')} this release; "
        f"{number(done)} succeeded."
    )


def _approvers(view: View) -> Line:
    facts = [fact for fact in view.dossier.approvals if fact.standing and fact.approval.decision == "approve"]
    if not facts:
        return line(quiet("no approval of the release itself stands"))
    return (*listed_names(fact.approver for fact in facts), *line("; see ", link("approvals", "Approvals", page=True)))


def _row(view: View, item: DeployFact, placed: set[int]) -> Row:
    released = {artifact.sha256 for artifact in view.dossier.release.artifacts}
    brought = {artifact.sha256 for artifact in item.deploy.artifacts}
    same: Line
    if not brought:
        same = line(status(Mark.CANNOT_TELL, "Not stated"))
    elif brought <= released:
        same = line(f"{count(len(brought), 'digest', 'digests')}, all of the release")
    else:
        same = line(status(Mark.FAIL, f"{count(len(brought - released), 'digest', 'digests')} not of the release"))
    return Row(
        (
            line(str(item.record.index)),
            line(ledger_time(item.record)),
            line(capture(f"{item.deploy.environment}, {item.deploy.service}", limit=120)),
            line(status(_STATUSES[item.deploy.status], item.deploy.status.capitalize())),
            line(named(item.deployed_by)),
            same,
        ),
        hit=_STATUSES[item.deploy.status] is Mark.FAIL or not brought <= released,
        anchor=once(placed, item.record.index),
    )
