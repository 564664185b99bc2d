"""Scans of what landed and of prompts: what was found, what was set aside, and which prompts nobody looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.scanned import LEVELS
from ledger.rules.verdict import Outcome
from reports.parts import Break, Heading, Mark, Paragraph, Row, Table, line, say_count_line, words
from reports.release.said import (
    NAME,
    columns,
    digest_line,
    entry_anchor,
    joined,
    ledger_time,
    link,
    quiet,
    status,
    strong,
)
from reports.release.verdicts import of_rules
from reports.say import say, say_count, to_say
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.digests import Digest
    from ledger.dossier.facts import PromptFact, Told
    from ledger.events.operation import Scan
    from reports.parts import Block, Line
    from reports.release.view import ChangeView, View

ANCHOR: Final = "scans"
PROMPTS: Final = "prompt-scans"
"""Anchor of the table of prompts."""
MOST_BARE: Final = 20
"""Changes without a scan named; the rest is in the number before them."""
MOST_PROMPTS: Final = 100
"""Prompts listed; those in which something was left or that nobody looked through go first, the rest is counted."""
_PROMPTS: Final = "prompts"


def scans_of(view: View) -> tuple[tuple[ChangeView | None, Told[Scan]], ...]:
    """Every scan of code, dependencies, secrets or images of the release and its changes, ascending by entry index."""
    found: dict[int, tuple[ChangeView | None, Told[Scan]]] = {}
    for change in view.changes:
        for item in change.facts.scans:
            found.setdefault(item.record.index, (change, item))
    for item in view.dossier.scans:
        found.setdefault(item.record.index, (None, item))
    return tuple(found[index] for index in sorted(found) if found[index][1].body.target != _PROMPTS)


def scans(view: View) -> tuple[Block, ...]:
    """The blocks about scans of content."""
    found = scans_of(view)
    bad = sum(_grave(item.body) for _, item in found)
    aside = sum(item.body.suppressed.justified + item.body.suppressed.unjustified for _, item in found)
    counted = Paragraph(
        line(
            say_count(
                "{count} scan is recorded, {bad} with findings of the levels error or warning; {aside} findings "
                "were set aside.",
                "{count} scans are recorded, {bad} with findings of the levels error or warning; {aside} findings "
                "were set aside.",
                len(found),
                bad=number(bad),
                aside=number(aside),
            )
        )
    )
    return (
        Heading(words(say("Scans")), ANCHOR),
        *((counted,) if found else ()),
        Table(
            columns(
                (say("Entry"), 7),
                (say("Change"), 13),
                (say("Tool, target"), 20),
                (say("Open findings"), 22),
                (say("Set aside"), 18),
                (say("Scanned content"), 20),
            ),
            tuple(_scan(view, change, item) for change, item in found),
            words(say("No scan of code, dependencies, secrets or images is recorded for this release.")),
            None,
            "dense",
        ),
        *_without(view),
    )


def _without(view: View) -> tuple[Block, ...]:
    """The changes of which TST-07 asks for a scan, and that have none."""
    bare = [
        line(link(change.anchor("t"), change.label) if view.shows(change) else change.label)
        for change in view.changes
        if any(one.outcome is not Outcome.NOT_APPLICABLE for one in of_rules(change.verdicts, "TST-07"))
        and all(item.body.target == _PROMPTS for item in change.facts.scans)
    ]
    if not bare:
        return ()
    rest = len(bare) - MOST_BARE
    more = say_count(" and {count} more", " and {count} more", rest) if rest > 0 else ""
    return (
        Paragraph(
            say_count_line(
                "{count} change has no scan, though TST-07 asks for one: {changes}.",
                "{count} changes have no scan, though TST-07 asks for one: {changes}.",
                len(bare),
                changes=(*joined(bare[:MOST_BARE]), *line(more)),
            )
        ),
    )


def _grave(scan: Scan) -> bool:
    return bool(scan.counts.error or scan.counts.warning)


def _scan(view: View, change: ChangeView | None, item: Told[Scan]) -> Row:
    body = item.body
    what = (
        line(quiet(say("the release")))
        if change is None
        else line(link(change.anchor("t"), change.label) if view.shows(change) else change.label)
    )
    tool = f"{body.tool.name}{'' if body.tool.version is None else ' ' + body.tool.version}, {body.target}"
    ended = {"yes": "", "no": say("did not run to its end"), "unknown": say("does not say whether it ended")}
    content = line(quiet(say("not stated")))
    if body.tree is not None:
        content = (*line(quiet(say("tree "))), *digest_line(body.tree))
    return Row(
        (
            line(str(item.record.index)),
            what,
            line(capture(tool, limit=NAME), Break(), quiet(ledger_time(item.record))),
            (*_open(body), *(line(Break(), strong(ended[body.complete])) if ended[body.complete] else ())),
            _aside(body),
            content,
        ),
        hit=bool(body.counts.error),
        anchor=entry_anchor(item.record.index),
    )


_LEVELS: Final = {
    "error": to_say("{count} of the level error"),
    "warning": to_say("{count} of the level warning"),
    "note": to_say("{count} of the level note"),
    "none": to_say("{count} without a level"),
}


def _open(scan: Scan) -> Line:
    found = [
        say(_LEVELS[level], count=number(getattr(scan.counts, level)))
        for level in LEVELS
        if getattr(scan.counts, level)
    ]
    if not found:
        return line(say("nothing open"))
    return line(*((status(Mark.FAIL, say("Open")), " ") if scan.counts.error else ()), ", ".join(found))


def _aside(scan: Scan) -> Line:
    if not scan.suppressed.justified and not scan.suppressed.unjustified:
        return line(quiet(say("none")))
    said = say(
        "{justified} with a justification, {unjustified} without",
        justified=number(scan.suppressed.justified),
        unjustified=number(scan.suppressed.unjustified),
    )
    return line(strong(said) if scan.suppressed.unjustified else said)


def prompt_scans(view: View, prompts: tuple[PromptFact, ...]) -> tuple[Block, ...]:
    """The blocks about prompts: which were looked through for secrets, before or after they were sent."""
    later = _later(view)
    looked = looked_through(view, prompts)
    left = sum(_left(item, later) for item in prompts)
    masked = sum(0 if item.prompt.scan is None else item.prompt.scan.masked for item in prompts)
    seen = {item.record.index for item in looked}
    gravest = sorted(prompts, key=lambda item: (-_left(item, later), item.record.index in seen))
    rest = len(prompts) - MOST_PROMPTS
    counted = say("Nobody looked through the prompts, so what was masked or left in is not told.")
    if looked:
        counted = say_count(
            "{looked} of {count} prompt was looked through: in it {masked} passages were masked before anything was "
            "stored, and {left} findings were left in.",
            "{looked} of {count} prompts were looked through: in these {masked} passages were masked before anything "
            "was stored, and {left} findings were left in.",
            len(prompts),
            looked=number(len(looked)),
            masked=number(masked),
            left=number(left),
        )
    return (
        Heading(words(say("Prompts looked through for secrets and personal data")), PROMPTS),
        *((Paragraph(line(counted)),) if prompts else ()),
        Table(
            columns(
                (say("Prompt"), 10),
                (say("Tool"), 24),
                (say("Masked"), 12),
                (say("Left in"), 12),
                (say("Scanned afterwards"), 42),
            ),
            tuple(_prompt(item, later) for item in sorted(gravest[:MOST_PROMPTS], key=lambda item: item.record.index)),
            words(say("No prompt is recorded, so there was nothing to look through.")),
            None,
            "dense",
        ),
        *(() if rest <= 0 else (Paragraph(line(_unlisted(rest)), small=True),)),
    )


def _unlisted(rest: int) -> str:
    return say_count(
        "{count} more prompt, in which no more was left in, is not listed; the attached registers hold it.",
        "{count} more prompts, in which no more was left in, are not listed; the attached registers hold them.",
        rest,
    )


def looked_through(view: View, prompts: tuple[PromptFact, ...]) -> tuple[PromptFact, ...]:
    """Those of the prompts that anybody recorded a look through, before or after they were sent."""
    later = _later(view)
    return tuple(item for item in prompts if item.prompt.scan is not None or item.record.envelope in later)


def _later(view: View) -> dict[Digest, Told[Scan]]:
    """The latest scan of each prompt that was sent."""
    found: dict[Digest, Told[Scan]] = {}
    items = [item for change in view.changes for item in change.facts.scans] + list(view.dossier.scans)
    for item in sorted(items, key=lambda one: one.record.index):
        if item.body.target == _PROMPTS:
            found.update(dict.fromkeys(item.body.prompts, item))
    return found


def _left(item: PromptFact, later: dict[Digest, Told[Scan]]) -> int:
    if item.prompt.scan is not None:
        return item.prompt.scan.findings
    scan = later.get(item.record.envelope)
    return 0 if scan is None else scan.body.counts.error + scan.body.counts.warning


def _prompt(item: PromptFact, later: dict[Digest, Told[Scan]]) -> Row:
    scan = item.prompt.scan
    after = later.get(item.record.envelope)
    unseen = scan is None and after is None
    return Row(
        (
            line(str(item.record.index)),
            line("! ", strong(say("not looked through")))
            if unseen
            else line(quiet(say("before sending: none")))
            if scan is None
            else line(capture(f"{scan.tool} {scan.version}", limit=NAME)),
            line(quiet(say("not told")) if scan is None else number(scan.masked)),
            line(quiet(say("not told")) if scan is None else f"! {number(scan.findings)}" if scan.findings else "0"),
            line(quiet(say("not scanned afterwards")))
            if after is None
            else line(
                say(
                    "entry {index}, {tool}: {errors} errors, {warnings} warnings",
                    index=after.record.index,
                    tool=after.body.tool.name,
                    errors=number(after.body.counts.error),
                    warnings=number(after.body.counts.warning),
                )
            ),
        ),
        hit=unseen or _left(item, later) > 0,
    )
