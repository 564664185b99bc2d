"""Pages of one message: how far a print is, what a period holds, who signs in, what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.pages.packs import entries_said
from reports.pages.shell import Made, path_of, render_page
from reports.pages.words import title
from reports.parts import Fingerprint, line, words
from reports.period.span import days_said
from reports.release.said import parse_time
from reports.say import say, say_count
from reports.text import capture
from reports.wording import digits, moment, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.digests import Digest
    from ledger.errors import LedgerError
    from reports.pages.packs import MadePack
    from reports.pages.release import Offer
    from reports.pages.shell import Shell
    from reports.parts import Line
    from reports.period.span import Days
    from reports.text import Text

NAME: Final = 160
MOST_RELEASES: Final = 50


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere."""

    path: str
    text: Text


@dataclass(frozen=True, slots=True)
class Notice:
    """One message."""

    heading: Text
    said: tuple[Text, ...]
    facts: tuple[tuple[Text, Line], ...]
    links: tuple[Link, ...]
    failure: bool = False


@dataclass(frozen=True, slots=True)
class SignIn:
    """The form for a token."""

    target: str
    """Path to go to afterwards."""
    refused: Text | None
    """Why the last one did not open anything."""


@dataclass(frozen=True, slots=True)
class PeriodPage:
    """A period before its pack is made."""

    title: Text
    facts: tuple[tuple[Text, Line], ...]
    releases: tuple[Link, ...]
    more: Text | None
    offer: Offer | None
    why: Text
    """What the PDF is, or why none can be had."""
    made: tuple[MadePack, ...]


def waiting_page(subject: str, before: int, shell: Shell) -> Made:
    """An order that waits."""
    said = (
        say("It is next.")
        if not before
        else say_count("{count} pack is printed before it.", "{count} packs are printed before it.", before)
    )
    return _notice(
        shell,
        say("The pack of {subject} waits for the printer", subject=subject),
        (said, say("This page asks again by itself.")),
    )


def under_way_page(subject: str, doing: str, seconds: int, shell: Shell) -> Made:
    """An order that is being worked on; ``doing`` says in words what is done just now."""
    return _notice(
        shell,
        say("The pack of {subject} is being made", subject=subject),
        (
            say("Now: {doing}.", doing=doing),
            say("The records are read and verified, every rule is judged, the pages are printed, then sealed."),
            say_count("Under way for {count} second.", "Under way for {count} seconds.", seconds),
            say("This page asks again by itself."),
        ),
    )


def done_page(
    subject: str,
    name: str,
    size_bytes: int,
    digest: Digest,
    pack_id: Digest,
    sealed_by: Digest | None,
    unsealed: str,
    entries: Sequence[int],
    path: str,
    shell: Shell,
) -> Made:
    """A pack that can be downloaded; ``entries`` tell of it in the ledger."""
    return _notice(
        shell,
        say("The pack of {subject} is made", subject=subject),
        (say("To verify it, with no access to this server: evidence verify FILE --anchor ledger.pub"),),
        facts=(
            (say("Size"), line(say_count("{count} byte", "{count} bytes", size_bytes))),
            (say("SHA-256 of the file"), line(Fingerprint(digits(digest), full=True))),
            (say("Pack id"), line(Fingerprint(digits(pack_id), full=True))),
            (
                say("Sealed by"),
                line(say("nobody: {reason}. The records inside verify all the same.", reason=unsealed))
                if sealed_by is None
                else line(Fingerprint(digits(sealed_by), full=True)),
            ),
            (
                say("Recorded in"),
                line(say("no entry: this server signs no record of packs"))
                if not entries
                else line(entries_said(entries)),
            ),
        ),
        links=((path, say("Download {name}", name=name)), ("/releases", say("Back to the releases"))),
    )


def failed_page(subject: str, error: LedgerError, shell: Shell) -> Made:
    """A pack that could not be made, and what helps."""
    return _notice(
        shell,
        say("The pack of {subject} could not be made", subject=subject),
        (f"{error.message}.", *([error.remedy] if error.remedy else [])),
        links=(("/releases", say("Back to the releases")),),
        failure=True,
    )


def problem_page(error: LedgerError, shell: Shell) -> Made:
    """Why a page cannot be shown, and what helps."""
    return _notice(
        shell,
        title("problem"),
        (f"{error.message[:1].upper()}{error.message[1:]}.", *([error.remedy] if error.remedy else [])),
        facts=((say("Error"), line(error.slug)),),
        links=(("/releases", say("Releases")), ("/trace", say("Trace"))),
        failure=True,
    )


def sign_in_page(target: str, refused: LedgerError | None, shell: Shell) -> Made:
    """The form that a token is pasted into."""
    told = None if refused is None else words(f"{refused.message[:1].upper()}{refused.message[1:]}.")
    return render_page("sign_in.html", shell, page=SignIn(target, told))


def period_page(
    days: Days,
    positions: tuple[int, int],
    releases: Sequence[str],
    *,
    offer: Offer | None,
    made: Sequence[MadePack],
    as_of: str,
    shell: Shell,
) -> Made:
    """What a period holds; ``releases`` are the names of those released in it, newest first."""
    first, end = positions
    view = PeriodPage(
        words(say("Period: {days}", days=days_said(days))),
        tuple(
            (words(label), value)
            for label, value in (
                (say("Positions"), line(say("{first} to {end}", first=number(first), end=number(end)))),
                (say("Entries"), line(f"{end - first:,}")),
                (say("Releases"), line(f"{len(releases):,}")),
                (say("As of"), line(moment(parse_time(as_of)))),
            )
        ),
        tuple(Link(path_of("releases", name), capture(name, limit=NAME)) for name in releases[:MOST_RELEASES]),
        words(say_count("and {count} earlier release", "and {count} earlier releases", len(releases) - MOST_RELEASES))
        if len(releases) > MOST_RELEASES
        else None,
        offer,
        words(
            say("The pack of a period is printed from a bundle of everything recorded in it, which is inside the PDF.")
            if offer is not None
            else say("Packs hold contents, which are not shown with this token.")
        ),
        tuple(made),
    )
    return render_page("period.html", shell, page=view)


def _notice(
    shell: Shell,
    heading: str,
    said: tuple[str, ...],
    *,
    facts: tuple[tuple[str, Line], ...] = (),
    links: tuple[tuple[str, str], ...] = (),
    failure: bool = False,
) -> Made:
    view = Notice(
        capture(heading, limit=300),
        tuple(capture(item, limit=600) for item in said),
        tuple((words(label), value) for label, value in facts),
        tuple(Link(path, capture(text, limit=300)) for path, text in links),
        failure,
    )
    return render_page("notice.html", shell, page=view)
