"""How the lists were made, who compared them with git, and whether a source fell silent."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ledger.rules.catalogue import BY_ID
from ledger.rules.stated import is_late
from reports.parts import Break, Facts, Heading, Mark, Paragraph, Row, Table, line, words
from reports.release.governed import previous_position
from reports.release.said import (
    NAME,
    code,
    columns,
    digest_line,
    entry,
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
from reports.wording import duration, moment_in, number

if TYPE_CHECKING:
    from ledger.dossier.facts import Told
    from ledger.events.evidence import ComparedRef, Reconciliation
    from ledger.events.operation import Heartbeat
    from reports.parts import Block
    from reports.release.view import View

ANCHOR: Final = "sheet"


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
                            "the ledger, through the attached bundle; commit lists are contents of the release event, "
                            "signed by {signer}",
                            signer=named(dossier.released_by),
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
                            as_of=view.carried.as_of,
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
                    say("Digest of the lists"),
                    line(
                        *digest_line(dossier.record.envelope, full=True),
                        quiet(say(" the release event, which commits to them")),
                    ),
                ),
            )
        ),
    )


def reconciliations(view: View) -> Table:
    """What clones and the ledger said of each other, both ways, for each ref, as far as somebody compared them."""
    since = previous_position(view)
    found = [
        (item, ref)
        for item in view.dossier.surroundings.reconciliations
        if item.body.to > since
        for ref in item.body.refs
    ]
    return Table(
        columns(
            (say("Ref"), 18),
            (say("Compared"), 21),
            (say("In the clone"), 10),
            (say("Recorded"), 10),
            (say("In git, not here"), 11),
            (say("Here, not in git"), 11),
            (say("By, result"), 19),
        ),
        tuple(_compared(item, ref) for item, ref in found),
        words(
            say(
                "Nobody compared a clone with the ledger: the lists above are the release event's own. Anybody "
                "with a clone can do it with `evidence reconcile`, and gets the same result."
            )
        ),
        words(say("A clone against the ledger, both ways")),
        "dense",
    )


def _compared(item: Told[Reconciliation], ref: ComparedRef) -> Row:
    body, record = item.body, item.record
    clean = not ref.missing_count and not ref.unknown_count
    return Row(
        (
            line(code(capture(ref.ref, limit=NAME))),
            line(
                say("positions {begin} to {end}", begin=number(body.from_), end=number(body.to)),
                Break(),
                quiet(f"{ledger_time(record)[:16]}, {entry(record)}"),
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


def silence(view: View) -> tuple[Table, *tuple[Paragraph, ...]]:
    """Every source that sends heartbeats, and its longest silence since the previous release."""
    since = previous_position(view)
    by_source: defaultdict[tuple[str, str], list[Told[Heartbeat]]] = defaultdict(list)
    for item in view.dossier.surroundings.heartbeats:
        if item.record.index >= since and not is_late(item.record):
            by_source[str(item.record.event.context.project), item.body.source].append(item)
    grace = _grace(view)
    return (
        Table(
            columns(
                (say("Source"), 24),
                (say("Heartbeats"), 12),
                (say("Said to speak within"), 16),
                (say("Longest silence"), 24),
                (say("Last heard, UTC"), 24),
            ),
            tuple(_source(view, source, items, grace) for (_, source), items in sorted(by_source.items())),
            words(
                say(
                    "No source sends heartbeats: silence of a source would not show. What was never sent shows only "
                    "where a list or a clone names it."
                )
            ),
            words(say("Sources and their silence since the previous release")),
            "dense",
        ),
        *(
            (
                Paragraph(
                    line(
                        say(
                            "A silence is too long when it is more than {grace} over what the source had said; the "
                            "last one ends at the time as of which this pack speaks.",
                            grace=duration(grace),
                        )
                    ),
                    small=True,
                ),
            )
            if by_source
            else ()
        ),
    )


def _grace(view: View) -> timedelta:
    on = next((setting for setting in view.policy.rules if setting.rule.id == "POP-06"), None)
    usual = next(one.default for one in BY_ID["POP-06"].parameters if one.name == "grace_seconds")
    return timedelta(seconds=cast("int", usual if on is None else on.settings["grace_seconds"]))


def _source(view: View, source: str, items: list[Told[Heartbeat]], grace: timedelta) -> Row:
    ends = [received(item.record) for item in items[1:]] + [parse_time(view.carried.as_of)]
    gaps = [(end - received(item.record), item) for item, end in zip(items, ends, strict=True)]
    longest, after = max(gaps, key=lambda gap: gap[0] - timedelta(seconds=gap[1].body.interval_seconds))
    promised = timedelta(seconds=after.body.interval_seconds)
    silent = longest > promised + grace
    last = items[-1]
    return Row(
        (
            line(capture(source, limit=NAME)),
            line(number(len(items))),
            line(duration(promised)),
            line(
                status(Mark.FAIL, say("Too long")) if silent else status(Mark.PASS, say("Kept")),
                " ",
                duration(max(longest, timedelta())),
                quiet(f", {entry(after.record)}"),
            ),
            line(ledger_time(last.record)[:16], quiet(f", {entry(last.record)}")),
        ),
        hit=silent,
    )
