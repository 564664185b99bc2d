"""``evidence key``: private keys of one's own, and the enrolled keys of everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.keyexport import export
from ledger.cli.options import client_options, output, output_options, settings, signing_options
from ledger.events.roster import CUSTODIES, MACHINE_KINDS

if TYPE_CHECKING:
    from ledger.cli.directory import Directory
    from ledger.cli.peoplefile import KeyRequest
    from ledger.digests import Digest
    from ledger.keys import Signer
    from ledger.roster.state import Key

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def key() -> None:
    """Keys. A private key stays on its holder's machine; the ledger enrols the public one, once, ever."""


key.add_command(export)


@key.command()
@click.option("--name", default="default", show_default=True, help="Name of its file among your keys.")
@output_options
@click.pass_context
def new(ctx: click.Context, name: str) -> None:
    """Make a private key of your own, readable by you alone, and print its public text."""
    from ledger.cli.keyfiles import make_key
    from ledger.keys import format_public_key, key_id

    made, path = make_key(settings(ctx).config, name)
    public, identifier = format_public_key(made.public), key_id(made.public)
    document = {"public": public, "key_id": identifier, "path": str(path)}
    output(ctx).answer(document, [public, f"key id   {identifier}", f"private  {path} (keep it; it is nowhere else)"])
    named = "" if name == "default" else f" --key {name}"
    output(ctx).note(f"To have it enrolled, give an administrator the line of: evidence key request{named}")


@key.command()
@click.option("--principal", metavar="NAME|ID", help="Who you are in the ledger; left out: you are not in it yet.")
@signing_options
@client_options
@click.pass_context
def request(ctx: click.Context, principal: str | None) -> None:
    """Print the line with which an administrator enrols your key: whose it is, the public key, and a proof.

    The proof is bound to the ledger and to you. Nothing in the line is secret. The server is asked only where
    --principal is a name.
    """
    from ledger.cli.keyfiles import signing_key
    from ledger.cli.peoplefile import format_request
    from ledger.cli.session import open_session, read_anchor
    from ledger.errors import FormatError
    from ledger.events.shape import principal_id
    from ledger.keys import key_id
    from ledger.making import new_principal_id

    found = settings(ctx)
    held = signing_key(found)
    anchor = read_anchor(found)
    if principal is None:
        identifier = new_principal_id()
    else:
        try:
            identifier = str(principal_id(principal, "principal"))
        except FormatError:
            with open_session(ctx) as session:
                identifier = session.directory().principal(principal).id
    made = _request(anchor.ledger, identifier, held.signing)
    line = format_request(made)
    document = {"request": line, "principal": identifier, "key_id": key_id(made.public), "ledger": anchor.ledger}
    output(ctx).answer(document, [line])
    if principal is None:
        output(ctx).note("This is for somebody whom the ledger does not know yet. If you are known: --principal NAME.")
        output(ctx).note(
            'The administrator puts it into the file of people, keys = [{ request = "..." }], and imports that.'
        )
    else:
        output(ctx).note('The administrator runs: evidence key enrol "..." with the line above.')


@key.command()
@click.argument("line", required=False, metavar="REQUEST")
@click.option(
    "--from-key", "private", type=_FILE, help="A key on this machine (an SSH key's .pub), in place of REQUEST."
)
@click.option("--principal", metavar="NAME|ID", help="Whose key it is; needed with --from-key.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(MACHINE_KINDS), help="What a service's or agent's key may sign."
)
@click.option("--in", "projects", multiple=True, metavar="PROJECT", help="Where it may; repeat for more.")
@click.option("--custody", type=click.Choice(CUSTODIES), help="Where the private key is held, as its holder declares.")
@signing_options
@client_options
@click.pass_context
def enrol(
    ctx: click.Context,
    *,
    line: str | None,
    private: Path | None,
    principal: str | None,
    kinds: tuple[str, ...],
    projects: tuple[str, ...],
    custody: str | None,
) -> None:
    """Enrol a key: REQUEST is the line that its holder printed with `evidence key request`."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.session import open_session
    from ledger.events.roster import KeyEnrol

    with open_session(ctx) as session:
        known = session.directory()
        wanted = _wanted(known, line, private, principal)
        scope = _scope(known, wanted.principal, kinds, projects)
        body = KeyEnrol(wanted.public, wanted.principal, wanted.proof, *scope, custody)
        tell(session, perform(session, known, [Step(body)]))


@key.command()
@click.argument("old", metavar="KEY_ID")
@click.argument("line", required=False, metavar="REQUEST")
@click.option("--from-key", "private", type=_FILE, help="The new key on this machine, in place of REQUEST.")
@click.option("--old-key", type=_FILE, help="The key that ends, to endorse the new one.")
@click.option("--custody", type=click.Choice(CUSTODIES), help="Where the new private key is held, as declared.")
@signing_options
@client_options
@click.pass_context
def rotate(
    ctx: click.Context,
    *,
    old: str,
    line: str | None,
    private: Path | None,
    old_key: Path | None,
    custody: str | None,
) -> None:
    """End the key KEY_ID and enrol another of the same principal in its place, for the same kinds and projects."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.keyfiles import signer_of_file
    from ledger.cli.session import open_session
    from ledger.errors import ConflictError
    from ledger.events.roster import KeyRotate
    from ledger.keys import sign
    from ledger.roster.acts import key_preimage

    with open_session(ctx) as session:
        known = session.directory()
        ends = known.key(old)
        wanted = _wanted(known, line, private, ends.principal)
        if wanted.principal != ends.principal:
            raise ConflictError(
                "other-principal-id",
                "the new key's request is for another principal than the key that ends",
                details={"old": ends.principal, "new": wanted.principal},
            )
        endorsement = None
        if old_key is not None:
            preimage = key_preimage(session.anchor.ledger, wanted.principal, wanted.public)
            endorsement = sign(signer_of_file(old_key), preimage)
        scope = ends.kinds, ends.projects
        body = KeyRotate(ends.id, wanted.public, wanted.principal, wanted.proof, endorsement, *scope, custody)
        tell(session, perform(session, known, [Step(body)]))


@key.command()
@click.argument("identifier", metavar="KEY_ID")
@click.option("--reason", required=True, help="A label, such as replaced or left.")
@signing_options
@client_options
@click.pass_context
def end(ctx: click.Context, identifier: str, reason: str) -> None:
    """End the key KEY_ID in good order: what it signed stays as good as it was."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given_label
    from ledger.cli.session import open_session
    from ledger.events.roster import KeyEnd

    given_label(reason, "--reason", "left")
    with open_session(ctx) as session:
        known = session.directory()
        found = known.key(identifier)
        tell(session, perform(session, known, [Step(KeyEnd(found.id, found.principal, reason))]))


@key.command()
@click.argument("identifier", metavar="KEY_ID")
@click.option("--reason", required=True, help="A label, such as stolen or published.")
@click.option(
    "--compromised-since",
    required=True,
    metavar="POSITION|enrolment|now",
    help="From which entry on its signatures no longer count in later verdicts.",
)
@signing_options
@client_options
@click.pass_context
def revoke(ctx: click.Context, *, identifier: str, reason: str, compromised_since: str) -> None:
    """Revoke the key KEY_ID, because it may be in other hands."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given_label
    from ledger.cli.session import open_session
    from ledger.events.roster import KeyRevoke

    given_label(reason, "--reason", "stolen")
    if compromised_since not in ("enrolment", "now") and not compromised_since.isdecimal():
        raise click.UsageError(
            f"--compromised-since {compromised_since!r} is neither a position (a count of entries) nor enrolment or now"
        )
    with open_session(ctx) as session:
        known = session.directory()
        found = known.key(identifier)
        words = {"enrolment": found.since, "now": known.position}
        since = words[compromised_since] if compromised_since in words else int(compromised_since)
        tell(session, perform(session, known, [Step(KeyRevoke(since, found.id, found.principal, reason))]))


@key.command("list")
@click.option("--all", "every", is_flag=True, help="Also keys that have ended.")
@click.option("--mine", is_flag=True, help="The keys that you can sign with instead; the server is not asked.")
@client_options
@click.pass_context
def list_(ctx: click.Context, *, every: bool, mine: bool) -> None:
    """The enrolled keys, whose they are, and since when."""
    from ledger.cli.output import table
    from ledger.cli.session import open_session
    from ledger.roster.state import key_in_force

    if mine:
        _list_mine(ctx)
        return
    with open_session(ctx) as session:
        known = session.directory()
        rows, documents = [], []
        for one in known.roster.keys.values():
            if key_in_force(known.roster, one, known.position) or every:
                rows.append(_row(known, one))
                documents.append(_document(known, one))
        lines = table(("KEY ID", "WHOSE", "FOR", "SINCE", "STATE"), rows)
        session.output.answer({"position": known.position, "keys": documents}, lines)


def _list_mine(ctx: click.Context) -> None:
    from ledger.cli.keyfiles import agent_keys, list_keys
    from ledger.cli.output import clean, table
    from ledger.keyfile import read_key_file
    from ledger.keys import format_public_key, key_id

    own = [(path.stem, str(path), read_key_file(path).public) for path in list_keys(settings(ctx).config)]
    own += [(named, comment, public) for named, comment, public in agent_keys()]
    rows, documents = [], []
    for name, where, public in own:
        rows.append((name, key_id(public), format_public_key(public), clean(where)))
        documents.append({"name": name, "key_id": key_id(public), "public": rows[-1][2], "path": where})
    lines = table(("NAME", "KEY ID", "PUBLIC KEY", "WHERE"), rows)
    output(ctx).answer({"keys": documents}, lines or ["You have no private key on this machine: evidence key new"])


def _wanted(known: Directory, line: str | None, private: Path | None, principal: str | None) -> KeyRequest:
    """The request of the new key, from its line or made here, checked."""
    from ledger.cli.keyfiles import signer_of_file
    from ledger.cli.peoplefile import parse_request
    from ledger.cli.peopleplan import check_request
    from ledger.errors import ConflictError

    if (line is None) == (private is None):
        raise click.UsageError("give the holder's REQUEST, or --from-key FILE")
    if private is not None:
        if principal is None:
            raise click.UsageError("--from-key needs --principal: whose key it is")
        return _request(known.roster.ledger, known.principal(principal).id, signer_of_file(private))
    found = parse_request(line or "")
    check_request(found, known.roster.ledger)
    if principal is not None and known.principal(principal).id != found.principal:
        raise ConflictError(
            "other-principal-id",
            "the request was made for another principal",
            details={"requested": found.principal},
            remedy=f"Its holder makes another: evidence key request --principal {known.principal(principal).id}",
        )
    known.principal(found.principal)
    return found


def _request(ledger: Digest, principal: str, private: Signer) -> KeyRequest:
    from ledger.cli.peoplefile import KeyRequest
    from ledger.keys import sign
    from ledger.roster.acts import key_preimage

    return KeyRequest(principal, private.public, sign(private, key_preimage(ledger, principal, private.public)))


def _scope(
    known: Directory, principal: str, kinds: tuple[str, ...], projects: tuple[str, ...]
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    person = known.roster.principals[principal].type == "person"
    if person and (kinds or projects):
        raise click.UsageError("a person's key is for everything; --kind and --in are for services and agents")
    if not person and not (kinds and projects):
        raise click.UsageError("a service's or agent's key needs --kind and --in, each at least once")
    if person:
        return None, None
    return tuple(dict.fromkeys(kinds)), tuple(sorted({known.project(project).id for project in projects}))


def _row(known: Directory, one: Key) -> tuple[str, ...]:
    from ledger.roster.state import principal_in_force

    scope = "everything" if one.kinds is None else " ".join(one.kinds)
    where = "" if one.projects is None else " in " + ", ".join(map(known.project_name, one.projects))
    state = "in force"
    if one.until is not None:
        word = {"end": "ended", "rotate": "rotated", "revoke": "revoked"}.get(one.ended_by or "", "ended")
        state = f"{word} at {one.until}" + (f" ({one.reason})" if one.reason else "")
    elif not principal_in_force(known.roster, one.principal, known.position):
        state = "principal disabled"
    return one.id[7:23], known.name(one.principal), scope + where, str(one.since), state


def _document(known: Directory, one: Key) -> dict[str, object]:
    from ledger.keys import format_public_key
    from ledger.roster.state import key_in_force

    return {
        "key_id": one.id,
        "public": format_public_key(one.public),
        "principal": one.principal,
        "name": known.name(one.principal),
        "kinds": one.kinds,
        "projects": one.projects,
        "custody": one.custody,
        "since": one.since,
        "until": one.until,
        "ended_by": one.ended_by,
        "reason": one.reason,
        "compromised_since": one.compromised_since,
        "in_force": key_in_force(known.roster, one, known.position),
    }
