"""The register of changes, with their revisions and landings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from ledger.rules.verdict import Outcome
from reports.parts import Break, Line, Mark, Row, Section, Table, line, words
from reports.release.said import (
    NONE,
    absence,
    columns,
    digest_line,
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
    revisions = [(change, revision) for change in view.printed for revision in change.facts.revisions]
    return (
        *view.left_out(),
        Table(
            columns(
                (say("Change"), 11),
                (say("First commit"), 23),
                (say("Landed, UTC"), 15),
                (say("Method, found by"), 17),
                (say("Assistant"), 10),
                (say("Verdicts"), 24),
            ),
            tuple(_row(change) for change in view.printed),
            words(say("No change is printed.")),
            None,
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 8),
                (say("Change"), 14),
                (say("Commit"), 15),
                (say("Tree"), 15),
                (say("Method"), 11),
                (say("By"), 19),
                (say("Ledger time"), 18),
            ),
            _landed(landings),
            words(say("No landing is recorded.")),
            words(say("Landings: {count}", count=number(len(landings)))),
            "dense",
        ),
        Table(
            columns(
                (say("Entry"), 8),
                (say("Change"), 18),
                (say("Rev."), 6),
                (say("Head"), 15),
                (say("Manifest"), 15),
                (say("Size"), 21),
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
    return line(
        say_count(
            "{count} change, in order of landing: {failed} with a failure, {untold} more of which something cannot be "
            "told.",
            "{count} changes, in order of landing: {failed} with a failure, {untold} more of which something cannot be "
            "told.",
            len(view.changes),
            failed=number(failed),
            untold=number(untold),
        )
    )


def _row(change: ChangeView) -> Row:
    facts = change.facts
    last = facts.last_revision
    landed = joined([line(ledger_time(item.record)[:16]) for item in facts.landings]) or line(quiet(say("not landed")))
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


def _landed(landings: list[tuple[ChangeView, Landing]]) -> tuple[Row, ...]:
    placed: set[int] = set()
    found: list[Row] = []
    for change, item in landings:
        found.append(
            Row(
                (
                    line(str(item.record.index)),
                    line(link(change.anchor("r"), change.label)),
                    digest_line(item.merge.commit),
                    digest_line(item.merge.tree),
                    line(item.merge.method),
                    listed_names((item.merged_by,)),
                    line(ledger_time(item.record)),
                ),
                anchor=once(placed, item.record.index),
            )
        )
    return tuple(found)


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
