"""Policies and protections: which were in force when, who set them, and whether control was continuous."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.stated import is_late
from ledger.rules.verdict import Outcome
from reports.methods import gate_line
from reports.parts import (
    Facts,
    Happening,
    Heading,
    Line,
    Mark,
    Row,
    Section,
    Table,
    Timeline,
    line,
    words,
)
from reports.period.shown import cut, held_from, named_projects, ruled
from reports.protections import demanded, differences, passing, refused
from reports.release.governed import Governance
from reports.release.said import (
    code,
    columns,
    digest_line,
    joined,
    ledger_time,
    listed_names,
    parse_time,
    quiet,
    received,
    rows,
    status,
    strong,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import duration, moment, number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.forge import ControlSnapshot, Protection
    from ledger.records import Record
    from ledger.rules.ofbundle import Part
    from reports.parts import Block, Status
    from reports.period.view import PeriodView, PolicySpan

ANCHOR: Final = "policies"
MOST: Final = 30
"""Rows printed of each table; the rest is counted."""
CONTINUOUS: Final = "ADM-02"
"""The rule that every ref stayed protected."""
RULES: Final = (CONTINUOUS, "ADM-03")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the protection of a ref, with the look before it."""

    told: Told[ControlSnapshot]
    project: str
    protection: Protection
    before: Protection | None

    @property
    def changed(self) -> bool:
        """Whether the protection differs from the look before."""
        return self.before is not None and self.before != self.protection


def looks(view: PeriodView) -> tuple[Look, ...]:
    """Every look at a protected ref in the period, in the order of entries."""
    last: dict[tuple[str, str], Protection] = {}
    found: list[Look] = []
    for item in view.dossier.surroundings.snapshots:
        project = str(item.record.event.context.project)
        for protection in item.body.refs:
            key = (project, protection.ref)
            found.append(Look(item, project, protection, last.get(key)))
            last[key] = protection
    return tuple(found)


def _looked(seen: tuple[Look, ...]) -> str:
    """How often somebody looked at protections, and how many looks showed something else than the one before."""
    if not seen:
        return say("Nobody looked at protections.")
    changed = sum(item.changed for item in seen)
    return say(
        "{times}, and {other} something else than the one before.",
        times=say_count(
            "Protections were looked at {count} time", "Protections were looked at {count} times", len(seen)
        ),
        other=say_count("{count} look showed", "{count} looks showed", changed) if changed else say("no look showed"),
    )


def policies(view: PeriodView) -> Section:
    """The section."""
    seen = looks(view)
    governance = Governance(view.dossier.records, view.dossier.first, view.dossier.end)
    changes = sum(span.until is not None for span in view.policies)
    return Section(
        ANCHOR,
        "17",
        words(say("Policies and protections")),
        words(say("Which written rules and protections were in force, who approved them, and without a gap?")),
        line(
            say_count(
                "{count} policy was in force, project by project.",
                "{count} policies were in force, project by project.",
                len({span.digest for span in view.policies}),
            ),
            " ",
            say_count(
                "Another one came into force {count} time, counted project by project.",
                "Another one came into force {count} times, counted project by project.",
                changes,
            )
            if changes
            else _unchanged(view, governance),
            " ",
            _looked(seen),
        ),
        (
            Facts(rows(*_judging(view))),
            *_history(view, governance),
            ruled(
                view,
                RULES,
                say("What the rules about policies and protections found"),
                say("No rule about policies and protections is on in this policy."),
            ),
            *_protections(view, seen),
            _continuity(view, seen, governance),
        ),
    )


def _set_within(view: PeriodView, governance: Governance) -> dict[str, Record]:
    """By envelope: the acts of the period by which a policy came into force; one may do so for several projects."""
    set_here = (span.envelope for span in view.policies if span.since > view.dossier.first)
    found = {envelope: governance.act_of(envelope) for envelope in set_here}
    return {envelope: act.record for envelope, act in found.items() if act is not None}


def _unchanged(view: PeriodView, governance: Governance) -> str:
    first = len(_set_within(view, governance))
    if not first:
        return say("None changed in the period.")
    return say_count(
        "{count} was set in the period, none replaced.", "{count} were set in the period, none replaced.", first
    )


def _judging(view: PeriodView) -> list[tuple[str, Line]]:
    found = [pair for part in view.parts for pair in _part(view, part)]
    idle = view.unjudged()
    if idle:
        said = say("no policy is in force, and nothing landed or was released there in the period")
        found.append((say("Not judged"), line(named_projects(view, idle), ": ", said)))
    return found


def _part(view: PeriodView, part: Part) -> list[tuple[str, Line]]:
    policy, several = part.policy, len(view.parts) > 1
    over = say(
        "the whole period, at position {position} and as of {as_of}; what earlier policies asked for is in the history "
        "below and in the bundle",
        position=number(view.dossier.records.position),
        as_of=moment(parse_time(view.carried.as_of)),
    )
    if several:
        over = say(
            "every change and release of {projects}, and rules about the period itself over them alone, at position "
            "{position} and as of {as_of}; what earlier policies asked for is in the history below and in the bundle",
            projects=named_projects(view, part.projects),
            position=number(view.dossier.records.position),
            as_of=moment(parse_time(view.carried.as_of)),
        )
    return [
        (say("Policy that judges"), line(code(policy.name), " ", *digest_line(policy.digest, full=True))),
        (say("Rules on"), line(number(len(policy.rules)))),
        (say("What shuts a gate"), gate_line(policy)),
        (
            say("Judged by it"),
            line(over),
        ),
    ]


def _history(view: PeriodView, governance: Governance) -> list[Block]:
    shown, rest = cut(tuple(_span(view, span, governance) for span in view.policies), MOST, "entries")
    return [
        Table(
            columns(
                (say("Project"), 16),
                (say("Policy"), 19),
                (say("In force"), 21),
                (say("Set by, approved by"), 28),
                (say("Judges here"), 16),
            ),
            shown,
            words(say("No policy was in force for these projects at any time of the period.")),
            words(say("Policies in force in the period")),
            "small",
        ),
        *rest,
    ]


def _span(view: PeriodView, span: PolicySpan, governance: Governance) -> Row:
    act = governance.act_of(span.envelope)
    by: Line
    if act is None:
        by = line(quiet(say("the event that set it is not at hand")))
    else:
        by = line(governance.signer(act.record), quiet(f" {ledger_time(act.record)}"))
        approvers = [
            line(governance.signer(item))
            for item in act.decisions
            if getattr(item.event.body, "decision", None) == "approve"
        ]
        by = (*by, *line("; "), *(joined(approvers) or line(quiet(say("approved by nobody else")))))
    since = say("since {since}", since=held_from(view, span.since))
    if span.until is not None:
        since = say("{since} to {until}", since=held_from(view, span.since), until=held_from(view, span.until))
    name = line(quiet(say("cannot be read"))) if span.name is None else line(code(capture(span.name, limit=60)))
    return Row(
        (
            line(view.project_name(span.project)),
            (*name, *line(" "), *digest_line(span.digest)),
            line(since),
            by,
            line(say("yes")) if span.judges else line(strong(say("no"))),
        )
    )


def _protections(view: PeriodView, seen: tuple[Look, ...]) -> list[Block]:
    latest = {(item.project, item.protection.ref): item for item in seen}
    body = tuple(_protection(view, item, seen) for item in latest.values())
    shown, rest = cut(body, MOST, "entries")
    changed, more = cut(
        tuple(
            Row(
                (
                    line(number(item.told.record.index), " ", quiet(ledger_time(item.told.record))),
                    line(view.project_name(item.project), quiet(f" {capture(item.protection.ref, limit=60)}")),
                    line(", ".join(_differences(item))),
                    listed_names((item.told.actor,)),
                ),
                hit=True,
            )
            for item in seen
            if item.changed
        ),
        MOST,
        "entries",
    )
    return [
        Heading(words(say("How refs were protected"))),
        Table(
            columns(
                (say("Project, ref"), 17),
                (say("Looks, longest time without one"), 20),
                (say("Protected"), 17),
                (say("Demanded"), 13),
                (say("Pushes past"), 16),
                (say("Who may pass it over"), 17),
            ),
            shown,
            words(say("Nobody looked in the period how refs are protected, so it cannot be told.")),
            words(say("As the last look of the period shows")),
            "small",
        ),
        *rest,
        Table(
            columns(
                (say("Entry, UTC"), 26), (say("Project, ref"), 28), (say("What changed"), 28), (say("Told by"), 18)
            ),
            changed,
            words(say("No look differed from the one before.")),
            words(say("Changes of protection")),
            "small",
        ),
        *more,
    ]


def _protection(view: PeriodView, item: Look, seen: tuple[Look, ...]) -> Row:
    one = item.protection
    count = sum((look.project, look.protection.ref) == (item.project, one.ref) for look in seen)
    return Row(
        (
            line(view.project_name(item.project), quiet(f" {capture(one.ref, limit=60)}")),
            line(number(count), "; ", _gaps(view, item, seen)),
            line(_kept(view, item, seen)),
            line(demanded(one)),
            line(refused(one)),
            line(passing(one)),
        ),
        hit=not one.protected or _weakened(view, item, seen),
    )


def _kept(view: PeriodView, item: Look, seen: tuple[Look, ...]) -> Status:
    """Whether the ref was protected at the last look; no tick where ADM-02 failed over it before, or nobody looked."""
    if not item.protection.protected:
        return status(Mark.FAIL, say("No"))
    if _weakened(view, item, seen):
        return status(Mark.FAIL, say("Weakened"))
    times, allowed = _unseen(view, item, seen)
    if allowed is not None and max(times) > allowed:
        return status(Mark.CANNOT_TELL, say("Not all along"))
    return status(Mark.PASS, say("Yes"))


def _weakened(view: PeriodView, item: Look, seen: tuple[Look, ...]) -> bool:
    """Whether ADM-02 failed on looks at the ref, one of which differs from the one before."""
    failed = {
        named.index
        for verdict in view.verdicts
        if verdict.rule == CONTINUOUS and verdict.outcome is Outcome.FAIL
        for named in verdict.inputs
    }
    key = (item.project, item.protection.ref)
    return any(
        look.changed and look.told.record.index in failed for look in seen if (look.project, look.protection.ref) == key
    )


def _unseen(view: PeriodView, item: Look, seen: tuple[Look, ...]) -> tuple[list[timedelta], timedelta | None]:
    """The times in which nobody looked, as ADM-02 counts them, and what the policy allows; None: the rule is off."""
    key = (item.project, item.protection.ref)
    looks = [
        received(look.told.record)
        for look in seen
        if (look.project, look.protection.ref) == key and not is_late(look.told.record)
    ]
    moments = [view.begins_at or received(item.told.record), *looks, parse_time(view.carried.as_of)]
    allowed = next(
        (
            cast("int", setting.settings["snapshot_hours"])
            for part in view.parts
            if item.project in part.projects
            for setting in part.policy.rules
            if setting.rule.id == CONTINUOUS
        ),
        None,
    )
    return [end - at for at, end in pairwise(moments)], None if allowed is None else timedelta(hours=allowed)


def _gaps(view: PeriodView, item: Look, seen: tuple[Look, ...]) -> str:
    """The longest time in which nobody looked, what the policy allows, and how many were longer."""
    times, allowed = _unseen(view, item, seen)
    if allowed is None:
        return duration(max(times))
    told = say("{longest}, {allowed} allowed", longest=duration(max(times)), allowed=duration(allowed))
    longer = sum(one > allowed for one in times)
    if not longer:
        return told
    return say_count(
        "{told}; {count} time longer than that", "{told}; {count} times longer than that", longer, told=told
    )


def _differences(item: Look) -> tuple[str, ...]:
    return () if item.before is None else differences(item.before, item.protection)


def _continuity(view: PeriodView, seen: tuple[Look, ...], governance: Governance) -> Timeline:
    around = view.dossier.surroundings
    happenings = [
        Happening(received(item.told.record), 1, item.changed or not item.protection.protected) for item in seen
    ]
    happenings += [Happening(received(item.record), 2) for item in around.heartbeats]
    happenings += [Happening(received(item.record), 3) for item in around.access_reviews]
    happenings += [Happening(received(item.record), 4, hit=True) for item in around.exceptions]
    happenings += [Happening(received(record), 0) for record in _set_within(view, governance).values()]
    return Timeline(
        words(say("Continuity of control: ringed is a changed protection, an exception, or a ref seen unprotected.")),
        (
            words(say("Policy set")),
            words(say("Protection")),
            words(say("Heartbeats")),
            words(say("Access review")),
            words(say("Exceptions")),
        ),
        tuple(happenings),
        words(say("Nothing about policies, protections, heartbeats or access was recorded in the period.")),
    )
