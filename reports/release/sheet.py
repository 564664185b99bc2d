"""How the lists were made, who compared them with git, and whether a source fell silent."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.canonical import parse
from ledger.errors import FormatError
from ledger.events.context import MAX_CONTENT_BYTES
from ledger.records import Absent
from ledger.rules.catalogue import BY_ID
from ledger.rules.stated import is_late
from reports.parts import Break, Facts, Heading, Mark, Paragraph, Row, Table, line, say_line, words
from reports.release.governed import previous_position
from reports.release.said import (
    NAME,
    absence,
    code,
    columns,
    digest_line,
    entry,
    joined,
    ledger_time,
    named,
    parse_time,
    quiet,
    received,
    rows,
    status,
)
from reports.say import say, say_count
from reports.text import capture
from reports.wording import duration, moment, moment_in, number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.evidence import ComparedRef, Reconciliation
    from ledger.events.operation import Heartbeat
    from reports.parts import Block, Line
    from reports.release.view import View

ANCHOR: Final = "sheet"
COMPARED: Final = "compared"
SOURCES: Final = "sources"
"""Anchors of what clones said, and of the sources with their silence, where there are any."""
MOST_NAMED: Final = 6
"""Commits named of each side of a comparison; the rest is counted."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)


def how_made(view: View) -> tuple[Block, ...]:
    """The sheet: source, filter, period and zone, run time, who asked, counts and the digest that fixes the lists."""
    dossier, settings, records = view.dossier, view.settings, view.dossier.records
    begin = previous_position(view)
    listed = sum(source.source.commit_count for source in dossier.sources)
    return (
        Heading(words(say("How the lists were made")), ANCHOR),
        Facts(
            rows(
                (
                    say("Source"),
                    line(
                        say(
                            "the ledger, through the attached bundle; commit lists are contents of the release event "
                            "of {releaser}, whose own key signed it",
                            releaser=named(dossier.released_by),
                        )
                        if dossier.released_by.principal == dossier.record.key.principal
                        else say(
                            "the ledger, through the attached bundle; commit lists are contents of the release event, "
                            "which names {releaser} as who released and is signed with a key of {signer}",
                            releaser=named(dossier.released_by),
                            signer=view.signer(dossier.record),
                        )
                    ),
                ),
                (
                    say("Filter"),
                    line(
                        say(
                            "everything recorded about {release} and about each change that its commits belong to",
                            release=capture(dossier.name, limit=120),
                        )
                    ),
                ),
                (
                    say("Period"),
                    line(
                        say(
                            "entries from position {begin} (after the release before) to {end}",
                            begin=number(begin),
                            end=number(records.position),
                        )
                        if begin
                        else say(
                            "all entries up to position {end}: the release event declares a first release",
                            end=number(records.position),
                        )
                        if view.first_release
                        else say(
                            "all entries up to position {end}: no release before is recorded",
                            end=number(records.position),
                        )
                    ),
                ),
                (
                    say("Time zone"),
                    line(say("UTC in every table; the reader's zone is {zone}", zone=settings.zone_name)),
                ),
                (
                    say("Run"),
                    line(
                        say(
                            "{at}, as of {as_of}",
                            at=moment_in(settings.generated_at, settings.zone, settings.zone_name),
                            as_of=moment(parse_time(view.carried.as_of)),
                        )
                    ),
                ),
                (
                    say("Asked for by"),
                    line(
                        capture(settings.prepared_by, limit=200) if settings.prepared_by else quiet(say("not stated"))
                    ),
                ),
                (
                    say("Counts"),
                    line(
                        say(
                            "{commits}, {changes}, {entries} attached",
                            commits=say_count("{count} commit stated", "{count} commits stated", listed),
                            changes=say_count("{count} change", "{count} changes", len(view.changes)),
                            entries=say_count("{count} entry", "{count} entries", len(records.entries)),
                        )
                    ),
                ),
                (
                    say("Release event"),
                    line(
                        *digest_line(dossier.record.envelope, full=True),
                        " ",
                        quiet(say("{entry}, which commits to the lists", entry=entry(dossier.record))),
                    ),
                ),
            )
        ),
    )


def comparisons(view: View) -> tuple[tuple[Told[Reconciliation], ComparedRef], ...]:
    """Every ref that somebody compared with a clone, in a comparison that reaches beyond the release before."""
    since = previous_position(view)
    return tuple(
        (item, ref)
        for item in view.dossier.surroundings.reconciliations
        if item.body.to > since
        for ref in item.body.refs
    )


def differs(ref: ComparedRef) -> bool:
    """Whether clone and ledger tell different commits of the ref."""
    return bool(ref.missing_count or ref.unknown_count)


def reconciliations(view: View) -> tuple[Block, ...]:
    """What clones and the ledger said of each other, both ways, for each ref, as far as somebody compared them."""
    found = comparisons(view)
    if not found:
        return (
            Paragraph(
                say_line(
                    "Nobody compared a clone with the ledger: the lists above are the release event's own. Anybody "
                    "with a clone can do it with {command}.",
                    command=code("evidence reconcile"),
                )
            ),
        )
    return (
        Table(
            columns(
                (say("Ref"), 18),
                (say("Compared"), 21),
                (say("In the clone"), 10),
                (say("Recorded"), 10),
                (say("In git, not here"), 11),
                (say("Here, not in git"), 11),
                (say("By, result"), 19),
            ),
            _anchored(tuple(_compared(item, ref) for item, ref in found), COMPARED),
            words(say("None.")),
            words(say("A clone against the ledger, both ways")),
            "dense",
        ),
        *(Paragraph(_apart(view, item, ref), small=True) for item, ref in found if differs(ref)),
    )


def _anchored(rows: tuple[Row, ...], anchor: str) -> tuple[Row, ...]:
    """The rows, the first with the anchor of their table."""
    return (replace(rows[0], anchor=anchor), *rows[1:])


def _compared(item: Told[Reconciliation], ref: ComparedRef) -> Row:
    body, record = item.body, item.record
    clean = not differs(ref)
    return Row(
        (
            line(code(capture(ref.ref, limit=NAME))),
            line(
                say("positions {begin} to {end}", begin=number(body.from_), end=number(body.to)),
                Break(),
                quiet(f"{ledger_time(record)}, {entry(record)}"),
            ),
            line(number(ref.commit_count)),
            line(number(ref.recorded_count)),
            line(f"! {number(ref.missing_count)}" if ref.missing_count else "0"),
            line(f"! {number(ref.unknown_count)}" if ref.unknown_count else "0"),
            line(
                status(Mark.PASS, say("Equal")) if clean else status(Mark.FAIL, say("Differ")),
                " ",
                named(item.actor),
                Break(),
                *digest_line(body.result),
            ),
        ),
        hit=not clean,
    )


def _apart(view: View, item: Told[Reconciliation], ref: ComparedRef) -> Line:
    """Which commits one side tells and the other does not, as the comparison's own document names them."""
    content = view.dossier.records.content(item.record.event.context.content("reconciliation"))
    name = code(capture(ref.ref, limit=NAME))
    if isinstance(content, Absent):
        return say_line(
            "{ref}, {entry}: which commits these are stands in the comparison, which is {absence}.",
            ref=name,
            entry=entry(item.record),
            absence=absence(content.state),
        )
    missing, unknown = _named_commits(content.data, ref.ref)
    if not missing and not unknown:
        return say_line(
            "{ref}, {entry}: the comparison does not name the commits that differ.", ref=name, entry=entry(item.record)
        )
    return say_line(
        "{ref}, {entry}: in git and not here {missing}; here and not in git {unknown}.",
        ref=name,
        entry=entry(item.record),
        missing=_some(missing),
        unknown=_some(unknown),
    )


def _named_commits(document: bytes, ref: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The commits that a comparison (format §4.6) names for a ref: those of the clone alone, of the ledger alone.

    A signer writes that document: whatever is not of its shape is left out.
    """
    try:
        held: Any = parse(document, max_bytes=MAX_CONTENT_BYTES)
        told = next(one for one in held["refs"] if one["ref"] == ref)
        both = list(told["missing"]), [one["commit"] for one in told["unknown"]]
    except (FormatError, KeyError, TypeError, StopIteration):
        return (), ()
    missing, unknown = (tuple(one for one in side if _is_commit(one)) for side in both)
    return missing, unknown


def _is_commit(value: object) -> bool:
    return isinstance(value, str) and _COMMIT.fullmatch(value) is not None


def _some(commits: tuple[str, ...]) -> Line:
    if not commits:
        return line(say("none"))
    shown = joined([digest_line(one, full=True) for one in commits[:MOST_NAMED]])
    if len(commits) <= MOST_NAMED:
        return shown
    return say_line("{commits} and {count} more", commits=shown, count=number(len(commits) - MOST_NAMED))


def heard(view: View) -> tuple[tuple[str, list[Told[Heartbeat]]], ...]:
    """Every source that sends heartbeats, with those since the release before, in order."""
    since = previous_position(view)
    by_source: defaultdict[tuple[str, str], list[Told[Heartbeat]]] = defaultdict(list)
    for item in view.dossier.surroundings.heartbeats:
        if item.record.index >= since and not is_late(item.record):
            by_source[str(item.record.event.context.project), item.body.source].append(item)
    return tuple((source, items) for (_, source), items in sorted(by_source.items()))


def silent(view: View) -> int:
    """How many sources were silent for longer than they had said."""
    return sum(longest(view, items).too_long for _, items in heard(view))


def silence(view: View) -> tuple[Block, ...]:
    """Every source that sends heartbeats, and its longest silence since the previous release."""
    found = heard(view)
    if not found:
        return (
            Paragraph(
                line(
                    say(
                        "No source sends heartbeats: silence of a source would not show. What was never sent shows "
                        "only where a list or a clone names it."
                    )
                )
            ),
        )
    return (
        Table(
            columns(
                (say("Source"), 20),
                (say("Heartbeats"), 11),
                (say("Said to speak within"), 15),
                (say("Longest silence"), 26),
                (say("Last heard, UTC"), 28),
            ),
            _anchored(tuple(_source(view, source, items) for source, items in found), SOURCES),
            words(say("None.")),
            words(
                say("Sources and their silence since the previous release")
                if previous_position(view)
                else say("Sources and their silence since the start")
            ),
            "dense",
        ),
        Paragraph(
            line(
                say(
                    "A silence is too long when it is more than {grace} over what the source had said; the last one "
                    "ends at the time as of which this pack speaks.",
                    grace=duration(_grace(view)),
                )
            ),
            small=True,
        ),
    )


def _grace(view: View) -> timedelta:
    on = next((setting for setting in view.policy.rules if setting.rule.id == "POP-06"), None)
    usual = next(one.default for one in BY_ID["POP-06"].parameters if one.name == "grace_seconds")
    return timedelta(seconds=cast("int", usual if on is None else on.settings["grace_seconds"]))


@dataclass(frozen=True, slots=True)
class Silence:
    """The silence of a source that went furthest over what it had said."""

    after: Told[Heartbeat]
    """The heartbeat before it."""
    span: timedelta
    too_long: bool


def longest(view: View, items: list[Told[Heartbeat]]) -> Silence:
    """The silence of a source that went furthest over what it had said; the last one ends where this pack does."""
    ends = [received(item.record) for item in items[1:]] + [parse_time(view.carried.as_of)]
    gaps = [(end - received(item.record), item) for item, end in zip(items, ends, strict=True)]
    span, after = max(gaps, key=lambda gap: gap[0] - timedelta(seconds=gap[1].body.interval_seconds))
    return Silence(after, span, span > timedelta(seconds=after.body.interval_seconds) + _grace(view))


def _source(view: View, source: str, items: list[Told[Heartbeat]]) -> Row:
    found = longest(view, items)
    last = items[-1]
    return Row(
        (
            line(capture(source, limit=NAME)),
            line(number(len(items))),
            line(duration(timedelta(seconds=found.after.body.interval_seconds))),
            line(
                status(Mark.FAIL, say("Too long")) if found.too_long else status(Mark.PASS, say("Kept")),
                " ",
                duration(max(found.span, timedelta())),
                quiet(f", {entry(found.after.record)}"),
            ),
            line(ledger_time(last.record), quiet(f", {entry(last.record)}")),
        ),
        hit=found.too_long,
    )
