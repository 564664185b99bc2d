"""The register of changes, and the index that leads from a request to production and from a deployment back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.assess import change_subject
from ledger.rules.verdict import Outcome
from reports.parts import Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.period.shown import cut, verdict_line
from reports.period.stated import stated_blocks
from reports.release.said import NONE, columns, joined, link, listed_names, quiet, received, status
from reports.say import say, say_count
from reports.text import capture
from reports.wording import minute, number, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.digests import Digest
    from ledger.dossier.facts import DeployFact, ReleaseDossier
    from reports.parts import Block
    from reports.period.view import PeriodChange, PeriodView

ANCHOR: Final = "register"
DEPLOYMENTS: Final = "deployments"
"""Anchor of the index that leads back from deployments: a section of its own."""
MOST: Final = 20
"""Deployments printed; the rest is counted."""
MOST_LINKS: Final = 25
"""Changes named beside one deployment: the table leads back to every request, so it is cut late."""


def releases_of(view: PeriodView) -> dict[str, tuple[ReleaseDossier, ...]]:
    """The releases of the period that hold a change, by how verdicts name the change."""
    found: dict[str, list[ReleaseDossier]] = {}
    for release in view.dossier.releases:
        for change in release.changes:
            found.setdefault(change_subject(change), []).append(release)
    return {subject: tuple(releases) for subject, releases in found.items()}


def register(view: PeriodView) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "7",
        words(say("Change register")),
        words(say("What changed, who asked, who approved, and how far did it get?")),
        _lede(view),
        () if view.changeless else _blocks(view),
        brief=view.changeless,
    )


def deployments(view: PeriodView) -> Section:
    """The section that leads from a deployment back to its requests."""
    facts = view.dossier.surroundings.deployments
    held = {release.record.envelope: release for release in view.dossier.releases}
    body = tuple(_deployment(view, item, held) for item in facts)
    shown, rest = cut(body, MOST, "deployments")
    return Section(
        DEPLOYMENTS,
        "8",
        words(say("From production back to the request")),
        words(say("Which release, changes and requests does a deployment lead back to?")),
        line(
            say_count(
                "{count} deployment is recorded in the period; naming a release: {named}.",
                "{count} deployments are recorded in the period; naming a release: {named}.",
                len(facts),
                named=number(sum(item.deploy.release is not None for item in facts)),
            )
        ),
        (
            Table(
                columns(
                    (say("Entry, UTC"), 16),
                    (say("Where"), 19),
                    (say("Status, by"), 18),
                    (say("Release"), 16),
                    (say("Changes, with their requests"), 31),
                ),
                shown,
                words(say("No deployment is recorded in the period.")),
                None,
                "dense",
            ),
            *rest,
        ),
        brief=True,
    )


def _lede(view: PeriodView) -> Line:
    if view.changeless:
        return line(say("No recorded change landed in the period."))
    failed = sum(bool(change.of(Outcome.FAIL)) for change in view.changes)
    untold = sum(change.gravest is Outcome.NOT_EVALUABLE for change in view.changes)
    released = releases_of(view)
    return line(
        say_count(
            "{count} change landed: {failed} with a failure, {untold} more of which something cannot be told; "
            "{released} in a release of the period.",
            "{count} changes landed: {failed} with a failure, {untold} more of which something cannot be told; "
            "{released} in a release of the period.",
            len(view.changes),
            failed=number(failed),
            untold=number(untold),
            released=number(sum(subject in released for subject in view.by_subject)),
        )
    )


def _blocks(view: PeriodView) -> tuple[Block, ...]:
    released = releases_of(view)
    printed = [change for change in view.changes if change.number in view.printed]
    note: tuple[Block, ...] = ()
    if len(printed) < len(view.changes):
        note = (
            Paragraph(
                line(
                    say(
                        "Printed here: {part} changes, those with a failure first, then those of which something "
                        "cannot be told, then the earliest. All of them are in the attached register “changes” and in "
                        "the bundle.",
                        part=share(len(printed), len(view.changes)),
                    )
                )
            ),
        )
    return (
        *note,
        Table(
            columns(
                (say("Change"), 12),
                (say("What, asked for by"), 21),
                (say("Type, assistant"), 11),
                (say("Landed, UTC"), 12),
                (say("Approved by"), 14),
                (say("Release, deployed"), 16),
                (say("Verdicts"), 14),
            ),
            tuple(_row(change, released) for change in printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
        *stated_blocks(view),
    )


def requests_of(change: PeriodChange) -> str:
    """The requests that the latest word on a change names; empty: none."""
    states = change.facts.states
    return "" if not states else ", ".join(item.id for item in states[-1].body.requests)


def _row(change: PeriodChange, released: Mapping[str, tuple[ReleaseDossier, ...]]) -> Row:
    facts = change.facts
    requests = requests_of(change)
    approvers = [fact.approver for fact in facts.approvals if fact.standing and fact.approval.decision == "approve"]
    assisted = {"used": say("assistant"), "none": say("no assistant")}.get(
        change.strata.assistance, say("assistant unknown")
    )
    return Row(
        (
            line(change.label),
            line(
                change.title,
                " ",
                quiet(capture(requests, limit=80) if requests else say("no request named")),
            ),
            line(change_type(change.strata.type), quiet(f", {assisted}")),
            line(minute(change.landed_at)),
            listed_names(approvers, none=say("nobody")),
            _released(released.get(change_subject(facts), ())),
            verdict_line(change),
        ),
        hit=bool(change.of(Outcome.FAIL)),
        anchor=change.anchor("r"),
    )


def change_type(sort: str) -> str:
    """The type of a change in words."""
    return {
        "normal": say("normal"),
        "standard": say("standard"),
        "emergency": say("emergency"),
        "bot": say("bot"),
        "revert": say("revert"),
    }.get(sort, say("not stated"))


def _released(releases: tuple[ReleaseDossier, ...]) -> Line:
    if not releases:
        return line(quiet(say("not released")))
    parts: list[Line] = []
    for release in releases:
        done = [item for item in release.deployments if item.deploy.status == "succeeded"]
        parts.append(
            line(
                capture(release.name, limit=60),
                quiet(
                    say(", live from entry {entry}", entry=number(done[0].record.index)) if done else say(", not live")
                ),
            )
        )
    return joined(parts, "; ")


def _deployment(view: PeriodView, item: DeployFact, held: Mapping[Digest, ReleaseDossier]) -> Row:
    release = None if item.deploy.release is None else held.get(item.deploy.release)
    if item.deploy.release is None:
        named = line(status(Mark.FAIL, say("Names none")))
    elif release is None:
        named = line(quiet(say("of an earlier period")))
    else:
        named = line(capture(release.name, limit=60), quiet(f" {number(release.record.index)}"))
    good = item.deploy.status in ("succeeded", "started")
    words_of = {
        "succeeded": say("succeeded"),
        "failed": say("failed"),
        "rolled-back": say("rolled back"),
        "started": say("started"),
    }
    return Row(
        (
            line(number(item.record.index), " ", quiet(minute(received(item.record)))),
            line(capture(f"{item.deploy.environment}, {item.deploy.service}", limit=100)),
            (
                *line(
                    words_of[item.deploy.status]
                    if good
                    else status(Mark.FAIL, words_of[item.deploy.status].capitalize())
                ),
                *line(" ", quiet(say("by")), " "),
                *listed_names((item.deployed_by,)),
            ),
            named,
            line(quiet(NONE)) if release is None else _changes(view, release),
        ),
        hit=not good or item.deploy.release is None,
    )


def _changes(view: PeriodView, release: ReleaseDossier) -> Line:
    parts: list[Line] = []
    for facts in release.changes[:MOST_LINKS]:
        change = view.by_subject.get(change_subject(facts))
        if change is None:
            parts.append(line(quiet(say("change {change} of an earlier period", change=capture(facts.id, limit=40)))))
            continue
        requests = requests_of(change)
        label = link(change.anchor("r"), change.label) if change.number in view.printed else change.label
        parts.append(line(label, quiet(f" {capture(requests, limit=60)}" if requests else "")))
    if len(release.changes) > MOST_LINKS:
        parts.append(line(quiet(say("and {more} more", more=number(len(release.changes) - MOST_LINKS)))))
    return joined(parts, "; ") or line(quiet(say("no recorded change")))
