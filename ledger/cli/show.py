"""``evidence show`` and ``evidence log``: one event in full, and events in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.options import client_options, output, project_option
from ledger.cli.output import clean, table
from ledger.events.roster import MACHINE_KINDS

if TYPE_CHECKING:
    from ledger.cli.directory import Directory
    from ledger.cli.session import Session
    from ledger.entry import Leaf
    from ledger.events.statement import Event
    from ledger.keys import Presence

TEXT_TYPE: Final = "text/plain"
VALUES: Final = "values"
"""What a correction says should have been stated: JSON, and short."""
MOST_TEXT_BYTES: Final = 1024 * 1024


@click.command()
@click.argument("event", metavar="INDEX|EVENT-ID|ENVELOPE")
@client_options
@click.pass_context
def show(ctx: click.Context, event: str) -> None:
    """Show one event in full: its place in the log, who signed it, what it states, and its texts.

    \b
    Examples:
      evidence show 42
      evidence show sha256:3f0c...  --json
    """
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        leaf, envelope = _find(session, event)
        directory = session.directory()
        _answer(ctx, session, directory, leaf, envelope)


def _find(session: Session, event: str) -> tuple[Leaf, bytes]:
    from ledger.cli.given import given, given_digest
    from ledger.envelope import open_envelope
    from ledger.errors import NotFoundError
    from ledger.events.shape import event_id
    from ledger.events.statement import read_payload

    if event.isdigit():
        return session.client.entry(int(event))
    identifier = event
    if event.startswith("sha256:"):
        statement = read_payload(open_envelope(session.client.envelope(given_digest(event, "EVENT"))).payload)
        identifier = "" if statement.context is None else statement.context.event_id
    else:
        with given("EVENT", event, "an entry's number, an event id, or an envelope's whole digest (sha256:...)"):
            event_id(event, "EVENT")
    found = next(iter(session.client.find({"event_id": identifier})), None)
    if found is None:
        raise NotFoundError("no-such-entry", "no entry of this ledger is meant", remedy="List entries: evidence log")
    return found


def _answer(ctx: click.Context, session: Session, directory: Directory, leaf: Leaf, envelope: bytes) -> None:
    from ledger.cli.eventlines import event_lines
    from ledger.envelope import check_signature, open_envelope
    from ledger.events.shape import write_object
    from ledger.events.statement import Event, read_payload
    from ledger.keys import presence

    opened = open_envelope(envelope)
    key = directory.roster.keys[opened.key_id]
    check_signature(opened, key.public)
    held = presence(key.public, opened.signature)
    statement = json.loads(opened.payload)
    document: dict[str, Any] = {
        "leaf": write_object(leaf),
        "signed_by": {
            "principal": key.principal,
            "key_id": key.id,
            "security_key": None if held is None else held._asdict(),
        },
        "statement": statement,
    }
    event = read_payload(opened.payload)
    if output(ctx).json:
        lines = []
    elif isinstance(event, Event):
        lines = event_lines(event, directory, _texts(session, event))
    else:
        lines = ["a kind or version that this program does not know:"]
        lines += [clean(line, 2_000) for line in json.dumps(statement["predicate"], indent=2).split("\n")]
    heads = [
        f"entry {leaf.index}: {leaf.kind} in stream {clean(_stream(directory, leaf))}, received {leaf.received_at}",
        f"signed by {clean(directory.name(key.principal))} ({key.principal}), signature verified{_device(held)}",
        f"envelope {leaf.envelope}",
        "",
    ]
    output(ctx).answer(document, [*heads, *lines])


def _stream(directory: Directory, leaf: Leaf) -> str:
    if leaf.stream not in directory.roster.projects:
        return leaf.stream
    return f"{directory.project_name(leaf.stream)} ({leaf.stream})"


def _texts(session: Session, event: Event) -> dict[str, bytes | str]:
    """The texts of the event and its account document by name; why there is none, in a word, where there is none."""
    from ledger.errors import AuthorityError, NotFoundError

    texts: dict[str, bytes | str] = {}
    for item in event.context.contents:
        if item.media_type != TEXT_TYPE and item.name not in {VALUES, event.context.actor.account}:
            continue
        if item.state == "withheld":
            texts[item.name] = "withheld by its signer"
        elif item.size_bytes > MOST_TEXT_BYTES:
            texts[item.name] = f"too long to print ({item.size_bytes:,} bytes)"
        else:
            try:
                texts[item.name] = session.client.content(item.commitment).data
            except NotFoundError as error:
                texts[item.name] = error.slug.removeprefix("content-")
            except AuthorityError:
                texts[item.name] = "not opened by this token"
    return texts


def _device(held: Presence | None) -> str:
    """What a security key says of its holder, in words; nothing where no device holds the key."""
    if held is None:
        return ""
    touched = "touched" if held.present else "not touched"
    return f", by a security key: {touched}, PIN or fingerprint {'checked' if held.verified else 'not checked'}"


@click.command()
@click.option("--kind", metavar="KIND", help=f"Only this kind: {', '.join(MACHINE_KINDS)}, exception, or an act's.")
@click.option("--change", help="Only about this change.")
@click.option("--release", "release_", metavar="PRODUCT@VERSION", help="Only about this release.")
@click.option("--incident", metavar="ID", help="Only this incident, and exceptions for it.")
@click.option("--commit", help="Only with this git commit among the subjects.")
@click.option("--tree", help="Only with this git tree among the subjects.")
@click.option("--who", metavar="NAME|ID", help="Only by or about this principal.")
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Only entries from this index on.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="At most so many.")
@project_option
@client_options
@click.pass_context
def log(ctx: click.Context, /, limit: int, who: str | None, after: int, **filters: str | None) -> None:
    """List events in the order of the log.

    \b
    Examples:
      evidence log --change 117
      evidence log --kind approval --who ada --limit 200 --json
    """
    from itertools import islice

    from ledger.cli.given import asked
    from ledger.cli.options import settings
    from ledger.cli.session import open_session
    from ledger.events.shape import write_object
    from ledger.events.statement import KINDS

    if filters["kind"] is not None and filters["kind"] not in KINDS:
        raise click.UsageError(f"--kind {clean(filters['kind'], 64)!r} is none of {', '.join(KINDS)}")
    with open_session(ctx) as session:
        directory = session.directory()
        query: dict[str, str | int] = {name.rstrip("_"): value for name, value in filters.items() if value is not None}
        query |= {"after": after, "limit": limit}
        if who is not None:
            query["principal"] = directory.principal(who).id
        if settings(ctx).project is not None:
            query["project"] = session.project_id(directory)
        with asked(query):
            found = [leaf for leaf, _ in islice(session.client.find(query), limit)]
        rows = [
            [
                str(leaf.index),
                leaf.received_at,
                leaf.kind,
                leaf.about.change or leaf.about.release or "",
                _signer(directory, leaf),
                leaf.envelope[:19],
            ]
            for leaf in found
        ]
    lines = table(("index", "received", "kind", "about", "signed by", "envelope"), rows) or ["no entry fits"]
    output(ctx).answer({"entries": [{"leaf": write_object(leaf)} for leaf in found]}, lines)


def _signer(directory: Directory, leaf: Leaf) -> str:
    key = directory.roster.keys.get(leaf.key_id)
    return "unknown key" if key is None else directory.name(key.principal)
