"""What a command that talks to a server works with: settings, anchor, client, directory, key and delivery."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.anchor import Anchor, parse_anchor
from ledger.client import Client
from ledger.errors import AuthorityError, LedgerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click

    from ledger.cli.directory import Directory
    from ledger.cli.keyfiles import HeldKey
    from ledger.cli.output import Output
    from ledger.cli.settings import Settings
    from ledger.digests import Digest
    from ledger.parcel import Parcel
    from ledger.receipt import Receipt
    from ledger.roster.state import Key

ASK_SECONDS: Final = 30.0
"""How long a command waits for a server that somebody watches."""


@dataclass(slots=True)
class Session:
    """One command's conversation with one ledger."""

    settings: Settings
    output: Output
    anchor: Anchor
    client: Client
    acknowledged: int = 0
    """Position just after the last entry that this session has a receipt for."""

    def held_key(self) -> HeldKey:
        """The private key to sign with; see ``ledger.cli.keyfiles.signing_key``."""
        from ledger.cli.keyfiles import signing_key

        return signing_key(self.settings, self._enrolled)

    def _enrolled(self) -> frozenset[Digest]:
        """Key ids of the keys in force."""
        from ledger.roster.state import key_in_force

        known = self.directory()
        return frozenset(
            key.id for key in known.roster.keys.values() if key_in_force(known.roster, key, known.position)
        )

    def directory(self) -> Directory:
        """The roster under the latest checkpoint, checked, with names; what is new is fetched at each call."""
        from ledger.cli.fetching import fetch_directory

        known = fetch_directory(self.client, self.anchor, self.settings.cache, at_least=self.acknowledged)
        if known.names_closed:
            self.output.note("Names are not shown: the token does not open contents.")
        return known

    def signer(self, known: Directory, held: HeldKey) -> Key:
        """The enrolled key behind a private one.

        Raises:
            AuthorityError: ``key-unknown``, ``key-ended`` and the like.
        """
        from ledger.keys import key_id
        from ledger.roster.authority import signer_at

        identifier = key_id(held.signing.public)
        try:
            return signer_at(known.roster, identifier, known.position)
        except AuthorityError as error:
            if error.slug != "key-unknown":
                raise
            # The same key, not whichever one would be chosen without flags; and whoever is known says who they are.
            ssh = " --ssh" if held.signing.public.scheme == "sshsig" else ""
            request = f"evidence key request{ssh} --principal NAME"
            raise AuthorityError(
                "key-unknown",
                "this ledger has not enrolled your key",
                details={"key_id": identifier, "key_from": held.source},
                remedy=f"Give an administrator what this prints (NAME: you, if you are in the ledger): {request}",
            ) from None

    def project_id(self, known: Directory) -> str:
        """The id of the project that flags, environment or files name; the only one where none is named.

        Raises:
            NotFoundError: ``no-project``, ``unknown-project`` or ``ambiguous-name``.
        """
        if self.settings.project is not None:
            return known.project(self.settings.project.text).id
        declared = [item.id for item in known.roster.projects.values() if item.until is None]
        if len(declared) == 1:
            return declared[0]
        raise NotFoundError(
            "no-project",
            "no project is named, and the ledger has several" if declared else "the ledger has no project yet",
            remedy="Name one with --project; see: evidence project list"
            if declared
            else "evidence project declare NAME",
        )

    def deliver(self, parcels: Sequence[Parcel], *, seconds: float = ASK_SECONDS) -> tuple[Receipt | LedgerError, ...]:
        """The checked receipt or the problem of each parcel, sent now, past the outbox."""
        answers = self.client.deliver(parcels, deadline=time.monotonic() + seconds)
        reached = [answer.leaf.index + 1 for answer in answers if not isinstance(answer, LedgerError)]
        self.acknowledged = max(self.acknowledged, *reached, 0)
        return answers


def read_anchor(settings: Settings) -> Anchor:
    """The anchor that the settings name.

    Raises:
        NotFoundError: ``no-anchor``; FormatError: it is no anchor.
    """
    return parse_anchor(settings.anchor_line)


@contextmanager
def open_session(ctx: click.Context) -> Iterator[Session]:
    """A session with the server and ledger that the command was told; nothing is asked before it is needed.

    Raises:
        NotFoundError: ``no-anchor``; FormatError: a setting is not of its form.
    """
    from ledger.cli.options import output, settings

    found = settings(ctx)
    anchor = read_anchor(found)
    token = None if found.token is None else found.token.text
    with Client(found.server.text, anchor, token=token, memory=found.cache / "checkpoints") as client:
        yield Session(found, output(ctx), anchor, client)
