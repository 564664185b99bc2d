"""What changes state of themselves and what approvals say, counted over the whole population."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from ledger.entry import LEDGER_STREAM
from ledger.events.work import Approval
from ledger.records import Absent
from ledger.rules.stated import text_of
from reports.parts import Heading, Paragraph, Row, Table, line, words
from reports.period.shown import cut
from reports.period.span import of_period
from reports.release.said import columns
from reports.release.worth import meaning
from reports.say import say, say_count
from reports.text import capture
from reports.wording import number

if TYPE_CHECKING:
    from ledger.dossier.facts import ApprovalFact
    from reports.parts import Block
    from reports.period.view import PeriodView

STATED: Final = "stated"
"""Anchor of the texts."""
MEANINGS: Final = "meanings"
"""Anchor of what approvals say."""
TEXTS: Final = ("title", "reason", "impact", "security-impact", "fallback")
MOST: Final = 20
"""Meanings printed; the rest is counted."""


def texts(view: PeriodView) -> dict[str, tuple[int, int, int]]:
    """For each text: how many changes state it, of how many it is not at hand, and how many do not state it."""
    found: dict[str, tuple[int, int, int]] = {}
    for name in TEXTS:
        told = gone = 0
        for change in view.changes:
            states = change.facts.states
            text = text_of(view.dossier.records, states[-1].record, name) if states else None
            told += isinstance(text, str)
            gone += isinstance(text, Absent)
        found[name] = (told, gone, len(view.changes) - told - gone)
    return found


def decisions(view: PeriodView) -> Counter[tuple[str, str, bool]]:
    """Decisions about changes and releases: what they say, who attests it, whether a role was held then."""
    facts: list[ApprovalFact] = [fact for change in view.changes for fact in change.facts.approvals]
    facts += [fact for release in view.dossier.releases for fact in release.approvals]
    return Counter((meaning(fact).plain, fact.approval.attested_by, bool(fact.roles)) for fact in facts)


def _elsewhere(view: PeriodView) -> str:
    """The other decisions of the period, so that the events add up."""
    around = view.dossier.surroundings
    acts = sum(
        of_period(view.dossier, record)
        and record.leaf.stream == LEDGER_STREAM
        and isinstance(record.event.body, Approval)
        for record in view.dossier.records.entries
    )
    return say(
        "Counted here are decisions about changes that landed in the period and about its releases. Beside them stand "
        "{exceptions}, {reviews} and {acts}, each in the section about these.",
        exceptions=say_count(
            "{count} decision about an exception",
            "{count} decisions about exceptions",
            sum(len(item.decisions) for item in around.exceptions),
        ),
        reviews=say_count("{count} review of access", "{count} reviews of access", len(around.access_reviews)),
        acts=say_count(
            "{count} decision about an act on the roster", "{count} decisions about acts on the roster", acts
        ),
    )


def stated_blocks(view: PeriodView) -> list[Block]:
    """The table of texts."""
    names = {
        "title": say("Title"),
        "reason": say("Reason"),
        "impact": say("Impact"),
        "security-impact": say("Impact on security"),
        "fallback": say("The way back"),
    }
    return [
        Heading(words(say("What the changes state")), STATED),
        Table(
            columns((say("Text"), 34), (say("Stated"), 20), (say("Stated, not at hand"), 24), (say("Not stated"), 22)),
            tuple(
                Row((line(names[name]), line(number(told)), line(number(gone)), line(number(absent))))
                for name, (told, gone, absent) in texts(view).items()
            ),
            words(say("No text is looked for.")),
            None,
            "small",
        ),
    ]


def meaning_blocks(view: PeriodView) -> list[Block]:
    """The table of what approvals say."""
    attested = {"person": say("their own key"), "forge": say("a forge, seen by a collector")}
    shown, rest = cut(
        tuple(
            Row(
                (
                    line("“", capture(told, limit=120), "”"),
                    line(attested.get(by, by)),
                    line(say("yes") if held else say("no")),
                    line(number(many)),
                )
            )
            for (told, by, held), many in sorted(decisions(view).items())
        ),
        MOST,
        "approvals",
    )
    return [
        Heading(words(say("What approvals say")), MEANINGS),
        Table(
            columns(
                (say("What it says"), 42),
                (say("Attested by"), 26),
                (say("A role was held then"), 18),
                (say("Decisions"), 14),
            ),
            shown,
            words(say("Nobody decided about a change or a release of the period.")),
            None,
            "small",
        ),
        *rest,
        Paragraph(line(_elsewhere(view)), small=True),
    ]
