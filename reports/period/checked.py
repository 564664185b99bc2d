"""What was run and scanned over every change of the period, and whether prompts were looked through for secrets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reports.parts import Heading, Paragraph, Row, Table, line, words
from reports.period.shown import cut
from reports.release.said import columns, strong
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number, share

if TYPE_CHECKING:
    from reports.parts import Block
    from reports.period.view import PeriodView

TESTS: Final = "tests"
"""Anchor of the suites."""
PROMPTS: Final = "prompt-scans"
"""Anchor of what is said of prompts."""
MOST: Final = 25
"""Suites and scanners printed, each; the rest is counted."""


@dataclass(slots=True)
class Suite:
    """A suite over every change of the period."""

    results: Counter[str] = field(default_factory=Counter)
    """``PASSED``, ``WARNED``, ``FAILED``."""
    again: int = 0
    """Runs that were not the first attempt."""
    where: set[str] = field(default_factory=set)
    changes: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class PromptScans:
    """Prompts of changes of the period by whether somebody looked through them."""

    prompts: int
    scanned: int
    masked: int
    """Findings masked before a prompt was sent."""
    left: int
    """Prompts in which findings were left."""


def suites(view: PeriodView) -> dict[str, Suite]:
    """Every suite that ran on a change of the period, by name."""
    found: dict[str, Suite] = {}
    for change in view.changes:
        for item in change.facts.runs:
            run = item.run.run
            known = found.setdefault(run.suite, Suite())
            known.results[item.run.result] += 1
            known.again += run.attempt > 1
            known.where.add(run.environment)
            known.changes.add(change.number)
    return dict(sorted(found.items()))


def prompt_scans(view: PeriodView) -> PromptScans:
    """How many prompts were looked through for secrets, by their own tool or by a scan of them."""
    prompts = [(change, item) for change in view.changes for item in change.facts.prompts]
    scanned = masked = left = 0
    for change, item in prompts:
        own = item.prompt.scan
        scans = [scan.body for scan in change.facts.scans if item.record.envelope in scan.body.prompts]
        open_ones = [] if own is None else [own.findings]
        open_ones += [scan.counts.error + scan.counts.warning + scan.counts.note + scan.counts.none for scan in scans]
        scanned += bool(open_ones)
        masked += 0 if own is None else own.masked
        left += bool(open_ones and open_ones[-1])
    return PromptScans(len(prompts), scanned, masked, left)


def suite_blocks(view: PeriodView) -> list[Block]:
    """The tables of suites and scanners."""
    ran, more = cut(
        tuple(
            Row(
                (
                    line(capture(name, limit=80)),
                    line(number(sum(suite.results.values()))),
                    line(number(suite.results["PASSED"] + suite.results["WARNED"])),
                    line(strong(number(suite.results["FAILED"]))) if suite.results["FAILED"] else line("0"),
                    line(number(suite.again)),
                    line(share(len(suite.changes), len(view.changes))),
                    line(capture(", ".join(sorted(suite.where)), limit=80)),
                )
            )
            for name, suite in suites(view).items()
        ),
        MOST,
        "tests",
    )
    scans = Counter((scan.body.tool.name, scan.body.target) for change in view.changes for scan in change.facts.scans)
    scanned, rest = cut(
        tuple(
            Row((line(capture(tool, limit=80)), line(target), line(number(many))))
            for (tool, target), many in sorted(scans.items())
        ),
        MOST,
        "scans",
    )
    return [
        Heading(words(say("Tests and scans of changes")), TESTS),
        Table(
            columns(
                (say("Suite"), 22),
                (say("Runs"), 10),
                (say("Passed"), 10),
                (say("Failed"), 10),
                (say("Run again"), 12),
                (say("Changes"), 14),
                (say("Where"), 22),
            ),
            ran,
            words(say("No test run is recorded for a change of the period.")),
            None,
            "small",
        ),
        *more,
        Table(
            columns((say("Scanner"), 46), (say("Of"), 30), (say("Scans"), 24)),
            scanned,
            words(say("No scan is recorded for a change of the period.")),
            None,
            "small",
        ),
        *rest,
    ]


def prompt_blocks(view: PeriodView) -> list[Block]:
    """What is said of prompts, in a sentence."""
    found = prompt_scans(view)
    said = say("No prompt to an assistant is recorded for a change of the period, so there was none to look through.")
    if found.prompts and not found.scanned:
        said = say_count(
            "{count} prompt is recorded, and nobody looked through it for secrets: what was masked or left in is not "
            "told.",
            "{count} prompts are recorded, and nobody looked through them for secrets: what was masked or left in is "
            "not told.",
            found.prompts,
        )
    elif found.prompts:
        said = say_count(
            "Of {count} prompt, {scanned} was looked through for secrets and personal data; findings masked before "
            "sending: {masked}; prompts in which findings were left: {left}.",
            "Of {count} prompts, {scanned} were looked through for secrets and personal data; findings masked before "
            "sending: {masked}; prompts in which findings were left: {left}.",
            found.prompts,
            scanned=number(found.scanned),
            masked=number(found.masked),
            left=number(found.left),
        )
    return [Heading(words(say("Prompts looked through")), PROMPTS), Paragraph(line(said))]
