"""An event as people read it: every member of its statement on a line, with names for ids, and its texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ledger.cli.output import clean, clean_lines, plural
from ledger.documents import parse_account
from ledger.errors import FormatError
from ledger.events.shape import write_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.cli.directory import Directory
    from ledger.events.context import Context
    from ledger.events.statement import Event

_PRINCIPAL: Final = re.compile(r"p_[0-9a-f]{32}", re.ASCII)
_WIDTH: Final = 18
ACCOUNT: Final = "account"


def event_lines(event: Event, known: Directory, texts: Mapping[str, bytes | str]) -> list[str]:
    """The event's lines, fit for a terminal.

    ``texts`` are contents by name: the bytes of those at hand, or a word that says why they are not.
    """
    rows = [
        *_about_rows(event.context, known, texts),
        *_rows(write_object(event.body), known),
        *_making_rows(event.context),
    ]
    lines = [f"  {name:<{_WIDTH}} {clean(value, 2_000)}" for name, value in rows]
    for name, text in texts.items():
        if name == event.context.actor.account:
            continue
        if isinstance(text, str):
            lines += ["", f"{clean(name)}: {text}"]
        else:
            lines += ["", f"{clean(name)}:", *(f"  | {line}" for line in clean_lines(text.decode("utf-8", "replace")))]
    return lines


def _about_rows(context: Context, known: Directory, texts: Mapping[str, bytes | str]) -> Iterator[tuple[str, str]]:
    yield "who", _actor(context, known, texts)
    yield "when", f"{context.occurred_at}, as its producer says{', brought after the fact' if context.late else ''}"
    about = write_object(context.about)
    if about:
        yield "about", ", ".join(f"{name} {value}" for name, value in about.items())


def _making_rows(context: Context) -> Iterator[tuple[str, str]]:
    producer = context.producer
    run = "" if producer.run is None else f", run {producer.run}"
    yield "made by", f"{producer.name} {producer.version}{run}"
    yield "event id", context.event_id
    for link in context.links:
        yield "link", f"{link.rel} {link.envelope}"
    for item in context.contents:
        state = "" if item.state == "stored" else f", {item.state}"
        yield "content", f"{item.name}: {item.media_type}, {plural(item.size_bytes, 'byte')}{state}, {item.commitment}"


def _actor(context: Context, known: Directory, texts: Mapping[str, bytes | str]) -> str:
    actor = context.actor
    behalf = "" if actor.on_behalf_of is None else f", on behalf of {_named(actor.on_behalf_of, known)}"
    if actor.principal is not None:
        return _named(actor.principal, known) + behalf
    document = texts.get(actor.account or "", b"")
    try:
        account = parse_account(document) if isinstance(document, bytes) else None
    except FormatError:
        account = None
    if account is None:
        return f"an account that cannot be read ({document if isinstance(document, str) else 'unreadable'}){behalf}"
    known_as = account.mail or account.id or ""
    login = "" if account.login is None else f" ({account.login})"
    return f"the account {account.system}:{known_as}{login}, of nobody who was known then{behalf}"


def _rows(members: Mapping[str, Any], known: Directory) -> Iterator[tuple[str, str]]:
    """A line a member; of a list of objects, a line an object."""
    for name, value in members.items():
        shown = name.replace("_", " ")
        if isinstance(value, list) and value and (isinstance(value[0], dict) or len(value) > 4):
            for item in value:
                yield shown, _value(item, known)
        else:
            yield shown, _value(value, known)


def _value(value: Any, known: Directory) -> str:  # noqa: ANN401 -- JSON
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item, known) for item in value) or "none"
        case dict():
            return ", ".join(f"{name.replace('_', ' ')} {_value(item, known)}" for name, item in value.items())
        case str() if _PRINCIPAL.fullmatch(value):
            return _named(value, known)
        case _:
            return str(value)


def _named(principal: str, known: Directory) -> str:
    return f"{known.name(principal)} ({principal})" if principal in known.roster.principals else principal
