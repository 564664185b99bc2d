"""What every pack says of its own seal: at the foot of each page and on the cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.parts import words
from reports.say import say, to_say
from reports.text import capture

if TYPE_CHECKING:
    from reports.release.view import PackSettings
    from reports.text import Text

NOT_SEALED: Final = to_say("Not sealed")
UNSEALED: Final = to_say("Not sealed: printed pages are not covered by a signature; the attached records are.")


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
