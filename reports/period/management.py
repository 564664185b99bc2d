"""Management's part: a response to each deviation, and who prepared, reviewed and approved, written in by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ledger.rules.catalogue import BY_ID
from reports.parts import Break, Heading, Paragraph, Row, Section, Table, line, words
from reports.period.deviations import card_anchor, deviations_of
from reports.release.said import columns, link, quiet, strong
from reports.say import say, say_count
from reports.wording import share

if TYPE_CHECKING:
    from reports.parts import Line
    from reports.period.view import PeriodView

ANCHOR: Final = "management"
MOST: Final = 24
"""Deviations with room for a response: a page of them; further ones are counted."""


def management(view: PeriodView) -> Section:
    """The section."""
    found = deviations_of(view)
    return Section(
        ANCHOR,
        "",
        words(say("Management response and sign-off")),
        words(say("What does management say to each deviation, and who stands behind this pack?")),
        line(
            say_count(
                "{count} deviation waits for a response by hand.",
                "{count} deviations wait for a response by hand.",
                len(found),
            )
            if found
            else say("No rule failed; a response is management's to give all the same.")
        ),
        (
            Table(
                columns(
                    (say("Deviation"), 27),
                    (say("Extent"), 12),
                    (say("Response"), 35),
                    (say("Owner"), 14),
                    (say("Due"), 12),
                ),
                tuple(
                    Row(
                        (
                            line(link(card_anchor(item.rule), item.rule), " ", quiet(BY_ID[item.rule].title)),
                            line(share(len(item.failed), item.judged)),
                            _room(),
                            _room(),
                            _room(),
                        )
                    )
                    for item in found[:MOST]
                )
                or (Row((line(say("none")), _room(), _room(), _room(), _room())),),
                words(say("No rule failed.")),
                words(say("Response, owner and date")),
                "small",
            ),
            *(
                (
                    Paragraph(
                        line(
                            say_count(
                                "{count} further deviation is listed under Deviations.",
                                "{count} further deviations are listed under Deviations.",
                                len(found) - MOST,
                            )
                        ),
                        small=True,
                    ),
                )
                if len(found) > MOST
                else ()
            ),
            Heading(words(say("Sign-off"))),
            Table(
                columns(
                    (say("By hand"), 14),
                    (say("Printed name and role"), 26),
                    (say("Meaning"), 24),
                    (say("Date and time, with zone"), 16),
                    (say("Signature"), 20),
                ),
                tuple(
                    Row((line(strong(who)), _room(), line(meaning), _room(), _room()))
                    for who, meaning in (
                        (say("Prepared"), say("I prepared this from the records named, and left nothing out.")),
                        (say("Reviewed"), say("I read it and compared it with what I know of the period.")),
                        (say("Approved"), say("I answer for the responses given here.")),
                    )
                ),
                words(say("Nobody.")),
                None,
                "small",
            ),
            Paragraph(
                line(
                    say(
                        "Whoever signs here signs paper. Decisions about changes, releases and exceptions are signed "
                        "with personal keys and stand in the records."
                    )
                ),
                small=True,
            ),
        ),
    )


def _room() -> Line:
    """Space for two lines of handwriting."""
    return line(" ", Break(), " ", Break(), " ")
