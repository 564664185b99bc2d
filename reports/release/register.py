"""The register of changes, with their revisions and landings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.events.work import Merge
from ledger.records import Absent
from ledger.rules.verdict import Outcome
from reports.parts import Break, Line, Mark, Paragraph, Row, Section, Table, line, words
from reports.release.population import how_landed, loose_landings
from reports.release.said import (
    NONE,
    absence,
    columns,
    digest_line,
    entry,
    entry_anchor,
    joined,
    ledger_time,
    link,
    listed_names,
    named,
    quiet,
    status,
    strong,
)
from reports.release.stated import stated
from reports.release.view import MARKS
from reports.say import say, say_count, to_say
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import Landing, Revision
    from ledger.records import Record
    from reports.parts import Block, Inline
    from reports.release.view import ChangeView, View

ANCHOR: Final = "register"
_BINDINGS: Final = {
    "manifest": to_say("equal manifest"),
    "tree": to_say("equal tree"),
    "recomputed": to_say("merge recomputed by the recorder"),
    "none": to_say("no recorded revision has this content"),
}


def verdict_line(change: ChangeView) -> Line:
    """The outcomes of a change in words, with the rules that did not pass."""
    parts: list[Line] = []
    for outcome in (Outcome.FAIL, Outcome.NOT_EVALUABLE):
        found = change.of(outcome)
        if found:
            rules = ", ".join(dict.fromkeys(verdict.rule for verdict in found))
            said = say("{rules}, excepted", rules=rules) if all(verdict.excepted_by for verdict in found) else rules
            parts.append(line(status(MARKS[outcome]), " ", said))
    passed = len(change.of(Outcome.PASS))
    if not parts and passed:
        parts.append(line(status(Mark.PASS), " ", say_count("{count} rule", "{count} rules", passed)))
    if not parts:
        parts.append(line(status(Mark.NOT_APPLICABLE), " ", say("no rule applies")))
    return tuple(item for place, part in enumerate(parts) for item in ((Break(), *part) if place else part))


def register(view: View) -> Section:
    """The section."""
    return Section(
        ANCHOR,
        "4",
        words(say("Change register")),
        words(say("What changed, how did it land, and how did each change fare?")),
        _lede(view),
        () if view.changeless else _blocks(view),
        brief=view.changeless,
    )


def _blocks(view: View) -> tuple[Block, ...]:
    landings = [(change, landing) for change in view.printed for landing in change.facts.landings]
    loose = loose_landings(view)
    revisions = [(change, revision) for change in view.printed for revision in change.facts.revisions]
    return (
        *view.left_out(),
        Table(
            columns(
                (say("Change"), 11),
                (say("First commit"), 22),
                (say("Landed, UTC"), 15),
                (say("How it landed"), 18),
                (say("Assistant"), 10),
                (say("Verdicts"), 24),
            ),
            tuple(_row(change) for change in view.printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
        Paragraph(
            line(
                say(
                    "Landed: the content came onto a protected branch. How: by a merge, squash (all commits as one), "
                    "rebase (commits put on anew) or push; then by what the landed content was found to be that of a "
                    "recorded revision. A manifest is the list of changed files with their digests, a tree the whole "
                    "content."
                )
            ),
            small=True,
        ),
        Table(
            columns(
                (say("Entry"), 7),
                (say("Change"), 16),
                (say("Commit"), 15),
                (say("Tree"), 15),
                (say("How"), 10),
                (say("By"), 17),
                (say("On the branch, ledger time"), 20),
            ),
            _landed(view, landings, loose),
            words(say("No landing is recorded.")),
            words(say("Landings: {count}", count=number(len(landings) + len(loose)))),
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 8),
                (say("Change"), 18),
                (say("Revision"), 7),
                (say("Last commit"), 15),
                (say("Manifest"), 15),
                (say("Size"), 20),
                (say("Pushed by"), 17),
            ),
            _revised(revisions),
            words(say("No revision is recorded.")),
            words(say("Revisions: {count}", count=number(len(revisions)))),
            "dense",
        ),
        *stated(view),
    )


def _lede(view: View) -> Line:
    if view.changeless:
        return line(say("No change is recorded for this release."))
    failed = sum(bool(change.of(Outcome.FAIL)) for change in view.changes)
    untold = sum(not change.of(Outcome.FAIL) and bool(change.of(Outcome.NOT_EVALUABLE)) for change in view.changes)
    said = say_count(
        "{count} change, in order of landing: {failed} with a failure, {untold} more of which something cannot be "
        "told.",
        "{count} changes, in order of landing: {failed} with a failure, {untold} more of which something cannot be "
        "told.",
        len(view.changes),
        failed=number(failed),
        untold=number(untold),
    )
    loose = loose_landings(view)
    if not loose:
        return line(said)
    return line(
        said,
        " ",
        say_count(
            "{count} more landing belongs to no recorded change.",
            "{count} more landings belong to no recorded change.",
            len(loose),
        ),
    )


def _row(change: ChangeView) -> Row:
    facts = change.facts
    last = facts.last_revision
    landed = joined([line(ledger_time(item.there_by)) for item in facts.landings]) or line(quiet(say("not landed")))
    how = joined(
        [line(item.merge.method, quiet(f", {say(_BINDINGS[item.binding])}")) for item in facts.landings],
        "; ",
    )
    used: Line = line(quiet(say("no revision")))
    if last is not None:
        used = line(last.diff.ai.involvement)
    return Row(
        (line(change.label), line(change.title), landed, how or line(quiet(NONE)), used, verdict_line(change)),
        hit=bool(change.of(Outcome.FAIL)),
        anchor=change.anchor("r"),
    )


def _landed(
    view: View, landings: list[tuple[ChangeView, Landing]], loose: tuple[tuple[Record, bool], ...]
) -> tuple[Row, ...]:
    """A row for each landing, with or without a recorded change, ascending by entry."""
    placed: set[int] = set()
    found = [(record.index, _loose(view, record, shown=shown)) for record, shown in loose]
    for change, item in landings:
        row = Row(
            (
                line(str(item.record.index)),
                line(link(change.anchor("r"), change.label)),
                digest_line(item.merge.commit),
                digest_line(item.merge.tree),
                line(item.merge.method),
                listed_names((item.merged_by,)),
                there(item),
            ),
            anchor=once(placed, item.record.index),
        )
        found.append((item.record.index, row))
    return tuple(row for _, row in sorted(found, key=lambda one: one[0]))


def there(item: Landing) -> Line:
    """When a landing was on the branch, and by which entry where a push told it before the merge event did."""
    if item.pushed is None:
        return line(ledger_time(item.record))
    said = say("{pushed} (push), recorded as landing in {merge}", pushed=entry(item.pushed), merge=entry(item.record))
    return line(ledger_time(item.pushed), Break(), quiet(said))


def _loose(view: View, record: Record, *, shown: bool) -> Row:
    """A landing that belongs to no recorded change; its entry has its row in Completeness."""
    body = record.event.body
    merge = body if isinstance(body, Merge) else None
    index = str(record.index)
    return Row(
        (
            line(link(entry_anchor(record.index), index) if shown else index),
            line(status(Mark.FAIL, say("Without a change"))),
            line(quiet(NONE)) if merge is None else digest_line(merge.commit),
            line(quiet(NONE)) if merge is None else digest_line(merge.tree),
            line(how_landed(record)),
            line(quiet(say("not stated; recorded by {signer}", signer=view.signer(record)))),
            line(ledger_time(record)),
        ),
        hit=True,
    )


def _revised(revisions: list[tuple[ChangeView, Revision]]) -> tuple[Row, ...]:
    placed: set[int] = set()
    return tuple(
        Row(
            (
                line(str(item.record.index)),
                line(link(change.anchor("r"), change.label)),
                line(str(item.number)),
                digest_line(item.diff.head),
                digest_line(item.diff.manifest),
                _size(item),
                line(named(item.actor)),
            ),
            anchor=once(placed, item.record.index),
        )
        for change, item in revisions
    )


def _size(item: Revision) -> Line:
    diff = item.diff
    files = say_count("{count} file", "{count} files", diff.files_changed)
    lines = f"+{number(diff.lines_added)} \N{MINUS SIGN}{number(diff.lines_removed)}"
    commits = say_count("{count} commit", "{count} commits", diff.commit_count)
    parts: list[str | Inline] = [f"{files}, {lines}, {commits}"]
    if item.base_only:
        parts += (", ", quiet(say("same content as before")))
    if isinstance(item.commits, Absent):
        parts += (", ", strong(say("commit list {absence}", absence=absence(item.commits.state))))
    if isinstance(item.manifest, Absent):
        parts += (", ", strong(say("manifest {absence}", absence=absence(item.manifest.state))))
    return line(*parts)


def once(placed: set[int], index: int) -> str:
    """The entry's anchor the first time it is asked for, then none: an anchor has one place."""
    if index in placed:
        return ""
    placed.add(index)
    return entry_anchor(index)
