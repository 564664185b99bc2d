"""The list of releases: what each is, how it stands in words, what is missing and who must act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ledger.errors import LedgerError
from reports.pages.shell import Made, path_of, render_page
from reports.pages.standing import MOST_ACTS, MOST_MISSING, Standing, headline
from reports.parts import words
from reports.release.said import parse_time
from reports.say import say, say_count
from reports.text import capture
from reports.wording import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.digests import Digest
    from reports.pages.shell import Shell
    from reports.pages.standing import Act
    from reports.parts import Status
    from reports.text import Text

MOST_PERIODS: Final = 24
"""Quarters, and months, that the form offers; earlier ones are asked for by their days."""
PENDING_SECONDS: Final = 3
"""A list with releases that are being judged asks again after this."""
NAME: Final = 120
"""Characters printed of a product, version or project."""
ASKED: Final = 128
"""Characters that a search field takes."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as the log has it."""

    envelope: Digest
    product: str
    version: str
    index: int
    received_at: str
    projects: tuple[str, ...]
    """Names of the projects of its sources, or their ids."""
    later: int | None
    """Index of a later event for the same name; None: it is the latest."""

    @property
    def name(self) -> str:
        """``product@version``."""
        return f"{self.product}@{self.version}"


@dataclass(frozen=True, slots=True)
class Row:
    """A release in print."""

    product: Text
    version: Text
    path: str
    when: Text
    projects: Text
    marks: tuple[Status, ...]
    note: Text
    """As of when, or why nothing is said."""
    acts: tuple[Act, ...]
    more_acts: Text | None
    missing: tuple[Text, ...]
    more_missing: Text | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A period that the form offers."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class ReleasesPage:
    """The whole list."""

    rows: tuple[Row, ...]
    asked: Text
    """What the product was to contain; empty: anything."""
    lede: Text
    empty: Text
    older: str | None
    newest: str | None
    choices: tuple[Choice, ...]


def releases_page(
    listed: Sequence[Listed],
    standings: Iterable[Standing | LedgerError | None],
    *,
    asked: str,
    older: int | None,
    begun: bool,
    choices: tuple[Choice, ...],
    shell: Shell,
    searched: int | None,
) -> Made:
    """The list, newest first.

    ``standings`` are those of ``listed``, None where one is not ready, an error where there is none; ``older`` is the
    position before which earlier ones are; ``begun``: it does not start at the newest. ``searched``: how many releases
    were looked through, where the search ended before the beginning of the log.
    """
    rows = tuple(
        _row(one, standing, contents=shell.shows_contents) for one, standing in zip(listed, standings, strict=True)
    )
    view = ReleasesPage(
        rows,
        capture(asked, limit=ASKED),
        words(say("Newest first. The state of each release is that of its rules at the position named.")),
        _empty(asked, searched, begun=begun),
        None if older is None else path_of("releases", product=asked or None, before=older),
        path_of("releases", product=asked or None) if begun else None,
        choices,
    )
    return render_page("releases.html", shell, page=view)


def period_choices(first: datetime, last: datetime) -> tuple[Choice, ...]:
    """Quarters and months between two moments, newest first."""
    found: list[Choice] = []
    for months in (3, 1):
        year, month = last.year, (last.month - 1) // months * months + 1
        for _ in range(MOST_PERIODS):
            begin, end = date(year, month, 1), _after(year, month, months) - timedelta(days=1)
            if datetime(end.year, end.month, end.day, 23, 59, 59, tzinfo=UTC) < first:
                break
            value = f"{year}-Q{(month + 2) // 3}" if months == 3 else f"{year}-{month:02d}"
            label = (
                say(
                    "Quarter {number} of {year}, {first} to {last}",
                    number=(month + 2) // 3,
                    year=year,
                    first=begin,
                    last=end,
                )
                if months == 3
                else say("Month {month}, {first} to {last}", month=f"{year}-{month:02d}", first=begin, last=end)
            )
            found.append(Choice(value, words(label)))
            year, month = (year, month - months) if month > months else (year - 1, month - months + 12)
    return tuple(found)


def days_of(choice: str) -> tuple[date, date] | None:
    """First day of a choice such as ``2026-Q4`` or ``2026-11``, and the day after its last; None: it is none."""
    year, mark, part = choice.partition("-")
    digits = part.removeprefix("Q")
    if not (mark and len(year) == 4 and year.isascii() and year.isdigit() and digits.isascii() and digits.isdigit()):
        return None
    months = 3 if part.startswith("Q") else 1
    number = int(digits[:3])
    if not 1 <= number <= 12 // months or not 1970 <= int(year) <= 9998:
        return None
    month = (number - 1) * months + 1
    return date(int(year), month, 1), _after(int(year), month, months)


def _after(year: int, month: int, months: int) -> date:
    month += months
    return date(year + (month > 12), (month - 1) % 12 + 1, 1)


def _row(listed: Listed, standing: Standing | LedgerError | None, *, contents: bool) -> Row:
    target = listed.envelope if listed.later is not None else listed.name
    judged = standing if isinstance(standing, Standing) else None
    acts = () if judged is None else judged.acts
    missing = () if judged is None else judged.missing
    more_acts, more_missing = len(acts) - MOST_ACTS, len(missing) - MOST_MISSING
    return Row(
        product=capture(listed.product, limit=NAME),
        version=capture(listed.version, limit=NAME),
        path=path_of("releases", target),
        when=words(
            say("released {time}, entry {index}", time=moment(parse_time(listed.received_at)), index=listed.index)
        ),
        projects=capture(", ".join(listed.projects), limit=4 * NAME),
        marks=() if judged is None else headline(judged),
        note=_note(listed, standing),
        acts=acts[:MOST_ACTS],
        more_acts=words(say_count("and {count} more rule", "and {count} more rules", more_acts))
        if more_acts > 0
        else None,
        missing=missing[:MOST_MISSING] if contents else _hidden(missing),
        more_missing=words(say_count("and {count} more thing", "and {count} more things", more_missing))
        if contents and more_missing > 0
        else None,
    )


def _note(listed: Listed, standing: Standing | LedgerError | None) -> Text:
    if standing is None:
        return words(say("Being judged. This page asks again by itself."))
    if isinstance(standing, LedgerError):
        return words(say("Nothing can be said of it here: {reason}.", reason=standing.message))
    said = say(
        "As of {time}, position {position}.", time=moment(parse_time(standing.as_of)), position=f"{standing.position:,}"
    )
    if listed.later is not None:
        again = say("The same name was recorded again in entry {index}.", index=listed.later)
        return words(f"{said} {again}")
    return words(said)


def _hidden(missing: tuple[Text, ...]) -> tuple[Text, ...]:
    if not missing:
        return ()
    return (
        words(
            say_count(
                "{count} thing, not shown with this token", "{count} things, not shown with this token", len(missing)
            )
        ),
    )


def _empty(asked: str, searched: int | None, *, begun: bool) -> Text:
    if searched is not None:
        return words(
            say(
                "None of the {count} releases looked through has such a product. Earlier ones were not looked at.",
                count=f"{searched:,}",
            )
        )
    if asked:
        return words(say("No release has such a product."))
    if begun:
        return words(say("There is no earlier release."))
    return words(say("No release is recorded. Record one: evidence record release"))
