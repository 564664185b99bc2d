"""What every pack says of itself on its cover and at the foot of each page: seal, and document control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import line, words
from reports.release.said import digest_line, quiet
from reports.say import say, to_say
from reports.text import capture
from reports.wording import moment_in

if TYPE_CHECKING:
    from reports.parts import Line
    from reports.release.view import Carried, PackSettings
    from reports.text import Text

LAYOUT: Final = 2
"""Version of the packs' own layout and wording; part of a pack's id."""

NOT_SEALED: Final = to_say("Not sealed")
UNSEALED: Final = to_say("The printed pages are not covered by a signature; the attached records are.")


def foot(settings: PackSettings) -> Text | None:
    """The words at the foot of every page: the caller's own, and that the pages are not sealed where they are not.

    A sealed page says nothing of its seal there: a copy of it on paper, or printed anew, would say so too.
    """
    own = settings.notice_tag
    if settings.sealed_by is not None:
        return capture(own, limit=60) if own else None
    unsealed = say(NOT_SEALED)
    return capture(f"{own} · {unsealed}" if own else unsealed, limit=60)


def cover(settings: PackSettings) -> Text:
    """The sentences on the cover: the caller's own, and that there is no seal, or how to find out whether it holds."""
    if settings.sealed_by is None:
        told = say(UNSEALED)
    else:
        told = say(
            "The PDF is to be sealed with certificate {certificate}. Whether it is, and whether a page was altered "
            "since, only the file itself tells: evidence verify, or the page verify.html.",
            certificate=settings.sealed_by[7:23],
        )
    return words(capture(f"{settings.notice} {told}".strip(), limit=600))


def control(settings: PackSettings, carried: Carried) -> list[tuple[str, Line]]:
    """Document control, as the last rows of the cover's facts."""
    return [
        (say("Status"), _stated(settings.notice_tag, 60)),
        (say("Classification"), _stated(settings.classification, 80)),
        (say("Generated"), line(moment_in(settings.generated_at, settings.zone, settings.zone_name))),
        (say("Prepared from"), _stated(settings.prepared_from, 200)),
        (say("Prepared by"), _stated(settings.prepared_by, 200)),
        (say("Form"), line(say("version {version} of how packs are laid out and worded", version=LAYOUT))),
        (say("Pack id"), digest_line(carried.pack_id, full=True)),
    ]


def _stated(told: str, limit: int) -> Line:
    """What whoever asked for the pack said; that nothing was said where it was not."""
    return line(capture(told, limit=limit) if told else quiet(say("not stated")))
