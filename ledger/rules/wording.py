"""Words of verdicts: numbers, lists and people, and the names that print puts in."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ledger.dossier.facts import Party

_PLACEHOLDER = re.compile(r"\{(p_[0-9a-f]{32})\}", re.ASCII)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SPANS: Final = (
    (timedelta(days=1), "day", "days"),
    (timedelta(hours=1), "hour", "hours"),
    (timedelta(minutes=1), "minute", "minutes"),
    (timedelta(seconds=1), "second", "seconds"),
)
_TYPES = {"person": "a person", "agent": "an agent", "service": "a service", "recovery": "the recovery key"}


def at_utc(at: datetime) -> str:
    """A time in a sentence, in UTC to the second, as ``2026-11-12 07:30:05Z``; `at` has an offset."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def with_names(sentence: str, parties: Mapping[str, Party]) -> str:
    """``sentence`` with every ``{p_...}`` replaced by a name, or by what is known where no name can be read.

    Names are placed once and not searched again, so a name that looks like a placeholder stays as it is. Whoever
    prints the result treats it as captured text.
    """
    return _PLACEHOLDER.sub(lambda match: _name(match[1], parties.get(match[1])), sentence)


def _name(identifier: str, party: Party | None) -> str:
    if party is None:
        return f"an unknown principal ({identifier[:10]})"
    if party.name is not None:
        return party.name
    state = "cannot be read" if party.name_state == "unreadable" else f"is {party.name_state}"
    return f"{_TYPES.get(party.type or '', 'a principal')} whose name card {state} ({identifier[:10]})"


def person(identifier: str) -> str:
    """The placeholder of a principal."""
    return f"{{{identifier}}}"


def party_words(party: Party, otherwise: str) -> str:
    """The placeholder of a party, or ``otherwise`` where no principal is known."""
    return otherwise if party.principal is None else person(party.principal)


def listed(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; repetition is left out."""
    names = list(dict.fromkeys(items))
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def number(count: int) -> str:
    """A count in words up to ten."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun: ``two people``, ``no approval``."""
    return f"{number(count)} {one if count == 1 else many}"


def span(gap: timedelta) -> str:
    """``20 minutes``, ``five hours and one minute``, ``more than 30 minutes``, ``less than a second``: in two units.

    A gap that broke a limit by seconds must not read as the limit itself.
    """
    if gap <= timedelta():
        return "no time"
    rest = gap
    parts: list[str] = []
    for unit, one, many in _SPANS:
        if len(parts) < 2 and rest >= unit:
            parts.append(counted(rest // unit, one, many))
            rest %= unit
    if not parts:
        return "less than a second"
    return f"more than {listed(parts)}" if rest else listed(parts)


def at_most(gap: timedelta) -> str:
    """The widest of several gaps in whole minutes, rounded up: none lies further apart than is said."""
    if gap < timedelta(minutes=1):
        return "less than a minute" if gap else "they are the same"
    return f"{counted(-(-gap // timedelta(minutes=1)), 'minute', 'minutes')} at most"


def capital(sentence: str) -> str:
    """``sentence`` with its first letter in upper case."""
    return sentence[:1].upper() + sentence[1:]


def required(count: int) -> str:
    """``one was required``, ``two were required``."""
    return f"{number(count)} {'was' if count == 1 else 'were'} required"


def allowed(count: int) -> str:
    """``none was allowed``, ``one was allowed``, ``two were allowed``."""
    return f"{number(count) if count else 'none'} {'were' if count > 1 else 'was'} allowed"


def short(object_id: str) -> str:
    """A commit id as people write it."""
    return object_id[:12]
