"""A release on screen: the pack itself, with what one can do with it on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.html import pack_values
from reports.pages.shell import Made, path_of, render_page
from reports.pages.standing import Act, Standing, headline
from reports.parts import words
from reports.release.said import parse_time
from reports.say import say, say_count
from reports.text import capture
from reports.wording import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.pages.packs import MadePack
    from reports.pages.shell import Shell
    from reports.parts import Document, Status
    from reports.text import Text

NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had of a release or period, and the order that a form sends for it."""

    bundle: str
    """Path of the bundle."""
    order: tuple[tuple[str, str], ...]
    """Names and values that the form for the PDF sends."""
    said: Text


@dataclass(frozen=True, slots=True)
class Summary:
    """A release as those see it who may not see contents."""

    name: Text
    facts: tuple[tuple[Text, Text], ...]
    marks: tuple[Status, ...]
    acts: tuple[Act, ...]
    why: Text


def release_page(document: Document, offer: Offer, made: Sequence[MadePack], shell: Shell) -> Made:
    """The pack of a release under its bar; the pack is that of the PDF, word for word."""
    return render_page("release.html", shell, **pack_values(document), offer=offer, made=tuple(made))


def release_summary(name: str, standing: Standing, made: Sequence[MadePack], shell: Shell) -> Made:
    """What can be said of a release without any content: its verdicts counted, rule by rule."""
    view = Summary(
        capture(name, limit=NAME),
        (
            (
                words(say("As of")),
                words(
                    say(
                        "{time}, position {position}",
                        time=moment(parse_time(standing.as_of)),
                        position=f"{standing.position:,}",
                    )
                ),
            ),
            (words(say("Rules passed")), words(say_count("{count} time", "{count} times", standing.passed))),
        ),
        headline(standing),
        standing.acts,
        words(
            say(
                "The pack itself, the names in it and its downloads are not shown with this token: they hold contents. "
                "Sign in with a token whose scopes include contents."
            )
        ),
    )
    return render_page("summary.html", shell, page=view, made=tuple(made))


def offer_of(release: str, position: int, as_of: str) -> Offer:
    """What can be had of a release at a position, as of a ledger time."""
    return Offer(
        path_of("bundles", release, position=position),
        (("release", release), ("position", str(position)), ("as_of", as_of)),
        words(
            say(
                "The PDF is this page, printed: the same records as of the same moment. The bundle is inside it, and "
                "verifies without this server."
            )
        ),
    )
