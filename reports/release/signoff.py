"""The sign-off: who prepared, reviewed and approved the pack, by hand on paper, and lines for the assessor's notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import Break, Heading, Notes, Paragraph, Row, Section, Table, line, words
from reports.release.said import columns, quiet, strong
from reports.say import say
from reports.text import capture

if TYPE_CHECKING:
    from reports.parts import Line
    from reports.release.view import View

ANCHOR: Final = "sign-off"
NOTES: Final = 9
"""Lines for notes."""


def sign_off(view: View) -> Section:
    """The section."""
    prepared = view.settings.prepared_by
    return Section(
        ANCHOR,
        "18",
        words(say("Sign-off")),
        words(say("Who prepared, reviewed and approved this pack, and what does the assessor note?")),
        line(
            say(
                "To be filled in by hand on the printed pack. Signatures of the records themselves are in Approvals; "
                "these are of the document."
            )
        ),
        (
            Table(
                columns(
                    (say("Act and meaning"), 27),
                    (say("Printed name and role"), 27),
                    (say("Date and time, with offset"), 20),
                    (say("Signature"), 26),
                ),
                (
                    _row(
                        say("Prepared"),
                        say("I made this pack from the records named on its cover."),
                        capture(prepared, limit=120).plain if prepared else "",
                    ),
                    _row(
                        say("Reviewed"),
                        say("I read this pack and verified the attached records."),
                        "",
                    ),
                    _row(
                        say("Approved"),
                        say("I accept this pack as the evidence for the release."),
                        "",
                    ),
                ),
                words(say("None.")),
                None,
                "small",
            ),
            Paragraph(
                line(
                    say("A name printed above is as whoever asked for the pack gave it; it is not a signature.")
                    if prepared
                    else say("Who prepared this pack was not stated when it was made.")
                ),
                small=True,
            ),
            Heading(words(say("Notes of the assessor"))),
            Notes((words(say("Page")), words(say("Note")), words(say("Initials and date"))), NOTES),
        ),
    )


def _row(act: str, meaning: str, name: str) -> Row:
    # Room for a hand; a line break at the end of a cell takes no line of its own.
    room: Line = (Break(),) * 6
    return Row(
        (
            line(strong(act), Break(), quiet(meaning)),
            (*line(capture(name, limit=120)), *room) if name else (*line(" "), *room),
            line(" "),
            line(" "),
        )
    )
