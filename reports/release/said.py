"""How facts of a dossier are said in print: people, times, entries, and the different words for what is not there."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Final

from ledger.records import Absent
from reports.parts import (
    Break,
    Code,
    Column,
    Fingerprint,
    Line,
    Mark,
    Quiet,
    Reference,
    Status,
    Strong,
    line,
    say_line,
    words,
)
from reports.say import say, say_count, to_say
from reports.text import Text, capture
from reports.wording import digits, moment, moment_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.dossier.facts import Account, CommitFact, Party
    from ledger.records import Record
    from reports.parts import Inline
    from reports.release.view import PackSettings

NAME: Final = 80
"""Characters printed of a name."""
NONE: Final = "\N{EN DASH}"
"""Stands in a cell where there is nothing to say."""
TITLE: Final = 90
"""Characters printed of a commit subject or change id."""

_ABSENCE: Final = {
    "withheld": to_say("withheld by its signer"),
    "erased": to_say("erased"),
    "missing": to_say("missing from the bundle"),
    "unreadable": to_say("held, but not readable"),
    "unresolved": to_say("unresolved"),
}
_TYPES: Final = {
    "person": to_say("person"),
    "agent": to_say("agent"),
    "service": to_say("service"),
    "recovery": to_say("recovery key"),
}


def absence(state: str) -> str:
    """The words for a content that is not at hand: each state has its own."""
    return say(_ABSENCE[state]) if state in _ABSENCE else state


def absent(value: Absent) -> Line:
    """The same in grey, for a table cell."""
    return line(Quiet(words(absence(value.state))))


def sort_of(party: Party) -> str:
    """``person``, ``agent``, ``service``; ``unknown`` where nobody is known."""
    return say(_TYPES.get(party.type or "", to_say("unknown")))


def named(party: Party) -> Text:
    """The name a party prints with, or what is known where no name can be read."""
    if party.principal is not None:
        if party.name is not None:
            return capture(party.name, limit=NAME)
        sort = say(_TYPES.get(party.type or "", to_say("principal")))
        identifier = short_principal(party.principal)
        return words(say("{sort} {id} (name {absence})", sort=sort, id=identifier, absence=absence(party.name_state)))
    if party.account is not None:
        account = account_words(party.account)
        if len(party.claimants) < 2:
            return capture(say("unresolved: {account}", account=account), limit=NAME + 40)
        return capture(
            say_count(
                "unresolved: {account}, claimed by {count} name card",
                "unresolved: {account}, claimed by {count} name cards",
                len(party.claimants),
                account=account,
            ),
            limit=NAME + 40,
        )
    return words(say("account {absence}", absence=absence(party.name_state)))


def account_words(account: Account) -> str:
    """An account as it was captured."""
    if account.system == "git":
        return f"{account.name or ''} <{account.mail or ''}>".strip()
    return say("{account} at {system}", account=account.login or account.id or "", system=account.system)


def short_principal(identifier: str) -> str:
    """A principal's id, cut: enough to find it."""
    return identifier[:10]


def listed_names(parties: Iterable[Party], *, none: str = "") -> Line:
    """Names under each other, each once; ``none`` where there are none, else "nobody recorded"."""
    seen = dict.fromkeys(named(party) for party in parties)
    if not seen:
        return line(Quiet(words(none or say("nobody recorded"))))
    items: list[Inline | Text] = []
    for place, name in enumerate(seen):
        items += [Break(), name] if place else [name]
    return line(*items)


def received(record: Record) -> datetime:
    """When the entry entered the ledger."""
    return parse_time(record.leaf.received_at)


def parse_time(text: str) -> datetime:
    """A claimed or ledger time as a moment (both are of the form that format §1.1 fixes)."""
    return datetime.fromisoformat(text)


def claimed(record: Record) -> str:
    """The time that the signer's clock showed, with its own offset."""
    text = record.event.context.occurred_at
    body = text.removesuffix("Z")
    offset = "+00:00" if text != body else body[-6:]
    stamp = (body if text != body else body[:-6]).replace("T", " ")
    return f"{stamp} {offset}"


def ledger_time(record: Record) -> str:
    """Ledger time in UTC."""
    return moment(received(record))


def signed_at(record: Record, settings: PackSettings) -> Line:
    """The signer's clock, then ledger time in UTC and in the reader's zone."""
    return say_line(
        "{clock}  {ledger} {received}",
        clock=claimed(record),
        ledger=Quiet(words(say("ledger"))),
        received=moment_in(received(record), settings.zone, settings.zone_name),
    )


def entry(record: Record) -> str:
    """``entry 12``."""
    return say("entry {index}", index=record.index)


def entry_anchor(index: int) -> str:
    """The anchor of the place that shows the entry."""
    return f"e{index}"


def digest_line(value: str, *, full: bool = False) -> Line:
    """A digest or object id as a line."""
    return line(Fingerprint(digits(value), full=full))


def subject_of(commits: tuple[CommitFact, ...] | Absent) -> Text | None:
    """Subject of the first commit of a list; None if it has none."""
    if isinstance(commits, Absent) or not commits or commits[0].subject is None:
        return None
    return capture(commits[0].subject, limit=TITLE)


def columns(*parts: tuple[str, int]) -> tuple[Column, ...]:
    """Columns from head and width in percent."""
    return tuple(Column(words(head), width) for head, width in parts)


def rows(*pairs: tuple[str, Line]) -> tuple[tuple[Text, Line], ...]:
    """Labelled lines for facts, cards and signatures."""
    return tuple((words(label), value) for label, value in pairs)


def joined(parts: Sequence[Line], between: str | Break = ", ") -> Line:
    """Lines one after the other; with a `Break` between them, under each other."""
    found: list[Inline] = []
    for place, part in enumerate(parts):
        if place:
            found += line(between)
        found += part
    return tuple(found)


def conjoined(parts: Iterable[str]) -> str:
    """``one and other``; there is at least one."""
    return reduce(lambda one, other: say("{one} and {other}", one=one, other=other), parts)


def status(mark: Mark, word: str = "") -> Status:
    """A mark, with a word of its own where given."""
    return Status(mark, words(word) if word else None)


def strong(text: str | Text) -> Strong:
    """Words in bold."""
    return Strong(words(text))


def quiet(text: str | Text) -> Quiet:
    """Words in grey."""
    return Quiet(words(text))


def code(text: str | Text) -> Code:
    """Words in the monospaced face."""
    return Code(words(text))


def link(anchor: str, text: str | Text, *, page: bool = False) -> Reference:
    """A link inside the pack."""
    return Reference(anchor, words(text), page)
