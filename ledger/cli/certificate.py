"""``evidence certificate``: the keys with which packs are sealed, enrolled in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.cli.options import client_options, signing_options

if TYPE_CHECKING:
    from ledger.cli.directory import Directory
    from ledger.digests import Digest
    from ledger.roster.state import Certificate


@click.group()
def certificate() -> None:
    """Keys that seal packs. The ledger enrols the public key; the X.509 certificate around it may be renewed."""


@certificate.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@signing_options
@client_options
@click.pass_context
def new(ctx: click.Context, *, directory: Path) -> None:
    """Make a sealing key in the ledger's folder DIRECTORY (seal.key, seal.pem) and enrol it.

    Nothing is overwritten: move an earlier seal.key and seal.pem away first.
    """
    from datetime import UTC, datetime

    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.ledgerfolder import folder_anchor
    from ledger.cli.sealfiles import make_seal_key
    from ledger.cli.session import open_session
    from ledger.errors import ChainError, LedgerError, UnavailableError
    from ledger.events.roster import CertificateEnrol
    from ledger.settings import SEAL_CERTIFICATES_FILE, SEAL_KEY_FILE

    with open_session(ctx) as session:
        if folder_anchor(directory).ledger != session.anchor.ledger:
            raise ChainError(
                "other-ledger",
                "the folder is of another ledger than the server",
                details={"path": str(directory), "server": session.settings.server.text},
            )
        known = session.directory()
        made = make_seal_key(directory, session.anchor.ledger, datetime.now(UTC))
        try:
            done = perform(session, known, [Step(CertificateEnrol(made, "packs"))])
        except LedgerError as error:
            # Where no answer came the act may be in the log, and then the key is needed.
            if not isinstance(error, UnavailableError):
                for name in (SEAL_KEY_FILE, SEAL_CERTIFICATES_FILE):
                    (directory / name).unlink()
            raise
        tell(session, done)
        session.output.note(f"The private key is {directory / SEAL_KEY_FILE}. Whoever has it can seal packs.")


@certificate.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.pem")
@signing_options
@client_options
@click.pass_context
def enrol(ctx: click.Context, *, file: Path) -> None:
    """Enrol the public key of the certificate in FILE.pem: P-256, P-384, or RSA of 2,048 to 4,096 bits."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.sealfiles import public_key_in
    from ledger.cli.session import open_session
    from ledger.events.roster import CertificateEnrol
    from ledger.sealfiles import MAX_PEM_BYTES

    with file.open("rb") as opened:
        key = public_key_in(opened.read(MAX_PEM_BYTES))
    with open_session(ctx) as session:
        tell(session, perform(session, session.directory(), [Step(CertificateEnrol(key, "packs"))]))
        session.output.note("Name its files in ledger.toml, unless they are seal.key and seal.pem there.")


@certificate.command()
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="A label, such as expired, replaced or lost.")
@signing_options
@client_options
@click.pass_context
def end(ctx: click.Context, *, identifier: str, reason: str) -> None:
    """End the certificate ID: packs of later positions can no longer be sealed with it."""
    from ledger.cli.acting import Step, perform, tell
    from ledger.cli.given import given_label
    from ledger.cli.session import open_session
    from ledger.events.roster import CertificateEnd

    given_label(reason, "--reason", "expired")
    with open_session(ctx) as session:
        known = session.directory()
        tell(session, perform(session, known, [Step(CertificateEnd(_find(known, identifier), reason))]))


@certificate.command("list")
@client_options
@click.pass_context
def list_(ctx: click.Context) -> None:
    """Every certificate that was ever enrolled, and since when it holds."""
    from ledger.cli.output import table
    from ledger.cli.session import open_session

    with open_session(ctx) as session:
        known = session.directory()
        found = list(known.roster.certificates.values())
        lines = table(("CERTIFICATE ID", "KEY", "SINCE", "STATE"), [_row(one) for one in found])
        session.output.answer(
            {"position": known.position, "certificates": [_document(one) for one in found]},
            lines
            if found
            else ["No certificate yet: packs cannot be sealed. Make one: evidence certificate new DIRECTORY"],
        )


def _find(known: Directory, text: str) -> Digest:
    from ledger.cli.directory import SHORT_ID
    from ledger.errors import NotFoundError

    wanted = text.strip().removeprefix("sha256:")
    matching = [one for one in known.roster.certificates if len(wanted) >= SHORT_ID and one[7:].startswith(wanted)]
    if len(matching) != 1:
        raise NotFoundError(
            "unknown-certificate",
            "not one certificate of this id was enrolled",
            details={"found_count": len(matching)},
            remedy="See which were: evidence certificate list",
        )
    return matching[0]


def _row(one: Certificate) -> tuple[str, ...]:
    from ledger.sealkeys import parse_seal_key

    state = "in force" if one.until is None else f"ended at {one.until} ({one.reason})"
    return one.id[7:23], parse_seal_key(one.key).words, str(one.since), state


def _document(one: Certificate) -> dict[str, object]:
    from base64 import b64encode

    from ledger.sealkeys import parse_seal_key

    return {
        "certificate": one.id,
        "key": b64encode(one.key).decode("ascii"),
        "sort": parse_seal_key(one.key).words,
        "since": one.since,
        "until": one.until,
        "reason": one.reason,
        "in_force": one.until is None,
    }
