"""Who records, where and for which project, found out without a server as far as that goes.

A pipeline step must work while the server is down, and quickly while it is up. So the project and the signer come from
ids that were told, then from what this machine remembers, and only then from the server's roster.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.capture.ci import CiAccount, CiContext, ci_context
from ledger.cli.recording.remembered import Me, Remembered, recall, remember
from ledger.cli.recording.wording import as_token
from ledger.cli.session import Session, open_session
from ledger.documents import GIT, Account, account_key, encode_account
from ledger.errors import AuthorityError, FormatError, LedgerError, UnavailableError
from ledger.events.context import NOTHING, About, Actor
from ledger.events.shape import principal_id
from ledger.making import new_content, new_context, seal_event
from ledger.outbox import BUDGET_SECONDS, Outbox
from ledger.spool import default_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import click

    from ledger.cli.directory import Directory
    from ledger.cli.keyfiles import HeldKey
    from ledger.events.bodies import WorkBody
    from ledger.events.context import Link
    from ledger.making import NewContent
    from ledger.parcel import Parcel

PRINCIPAL_VARIABLE: Final = "EVIDENCE_LEDGER_PRINCIPAL"
"""The principal id of whose key signs, for machines that are new each time and may find the server down."""
MAX_PAYLOAD_BYTES: Final = 16 * 1024 * 1024

_ACCOUNT = re.compile(r"([a-z0-9][a-z0-9.-]*):(\S+)", re.ASCII)


@dataclass(slots=True)
class Recorder:
    """One run of ``evidence record``."""

    session: Session
    outbox: Outbox
    ci: CiContext
    environ: Mapping[str, str]
    remembered: Remembered
    held: HeldKey
    offline: bool
    """Never asks the server."""
    payload: Mapping[str, object]
    """What GitHub tells of the event that started this run; empty elsewhere."""
    _known: Directory | None = None
    _unreachable: LedgerError | None = None

    def known(self) -> Directory | None:
        """The server's roster with names; None where it does not answer soon, or the token does not open it."""
        if self.offline or self._unreachable is not None:
            return None
        if self._known is None:
            if self.outbox.spool.pace().not_before > time.time():
                self._unreachable = UnavailableError("backing-off", "the server did not answer a moment ago")
                return None
            try:
                self.session.client.checkpoint(timeout=BUDGET_SECONDS)
                self._known = self.session.directory()
            except (UnavailableError, AuthorityError) as error:
                self._unreachable = error
                return None
            remember(self.session.settings.cache, self.session.anchor.ledger, self._known)
        return self._known

    @property
    def unreachable(self) -> LedgerError:
        """Why the server was not asked."""
        return self._unreachable or UnavailableError("unreachable", "the server was not asked")

    @property
    def answers(self) -> bool:
        """Whether nothing yet showed that the server does not answer."""
        return not isinstance(self._unreachable, UnavailableError)

    def project(self) -> str:
        """The id of the project that flags, environment or files name, or the only one.

        Raises:
            NotFoundError: it is not named, or unknown. UnavailableError: only the server could tell, and did not.
        """
        setting = self.session.settings.project
        kept = None if setting is None else self.remembered.project(setting.text)
        if kept is not None and (self.remembered.fresh or kept == getattr(setting, "text", None)):
            return kept
        known = self.known()
        if known is not None:
            return self.session.project_id(known)
        if kept is not None:
            return kept
        if setting is None and len(set(self.remembered.projects.values())) == 1:
            return next(iter(self.remembered.projects.values()))
        raise _ask_error(
            self.unreachable,
            "the project is known by its name alone, and the server cannot be asked for its id"
            if setting is not None
            else "no project is named, and the server cannot be asked for the only one",
            "Give the id, which begins with prj_: --project or EVIDENCE_LEDGER_PROJECT; see: evidence project list",
        )

    def me(self) -> Me | None:
        """Whose key signs; None where nobody could tell.

        Raises:
            AuthorityError: ``key-unknown`` and the like, from a roster that was read.
        """
        from ledger.keys import key_id

        told = self.environ.get(PRINCIPAL_VARIABLE)
        kept = self.remembered.keys.get(key_id(self.held.signing.public))
        if kept is not None:
            return kept
        if told:
            return Me(str(principal_id(told, PRINCIPAL_VARIABLE)), "unknown")
        known = self.known()
        if known is None:
            return None
        key = self.session.signer(known, self.held)
        return Me(key.principal, known.roster.principals[key.principal].type)

    def principal(self, text: str) -> str:
        """The id of the principal that ``text`` names.

        Raises:
            NotFoundError: nobody, or several. UnavailableError: a name, and the server cannot be asked.
        """
        with suppress(FormatError):
            return str(principal_id(text, ""))
        known = self.known()
        if known is None:
            raise _ask_error(
                self.unreachable,
                "a principal is named, and the server cannot be asked for the id",
                "Give the id, which begins with p_; see: evidence people list",
            )
        return known.principal(text).id

    def actor(
        self, by: str | None, *, started: bool, seen: CiAccount | None = None
    ) -> tuple[Actor, tuple[NewContent, ...]]:
        """Who acted, and the account document that goes with it.

        ``by`` is what was told: a name, an id, or an account as ``github.com:583231`` or ``git:ada@acme.example``.
        Else the account that was ``seen`` to act; else, with ``started``, whoever the CI system says started the run;
        else the signer.

        Raises:
            UnavailableError: ``signer-unknown``. NotFoundError: nobody of that name.
        """
        account: Account | None = None
        if by is not None:
            found = _ACCOUNT.fullmatch(by)
            if found is None:
                return Actor(principal=self.principal(by)), ()
            account = Account(GIT, mail=found[2]) if found[1] == GIT else Account(found[1], id=found[2])
        elif seen is not None and seen.id is not None:
            of_git = seen.system == GIT
            account = Account(GIT, mail=seen.id) if of_git else Account(seen.system, id=seen.id, login=seen.login)
        elif started and self.ci.actor is not None and self.ci.actor.id is not None and self.ci.attempt in (None, 1):
            # A later attempt is started by whoever wanted it again, which says nothing of who pushed.
            account = Account(self.ci.actor.system, id=self.ci.actor.id, login=self.ci.actor.login)
        me = self.me()
        if account is None and me is None and self.ci.actor is not None and self.ci.actor.id is not None:
            account = Account(self.ci.actor.system, id=self.ci.actor.id, login=self.ci.actor.login)
        if account is None:
            if me is None:
                raise _ask_error(
                    self.unreachable,
                    "whose key this is, only the server knows, and it cannot be asked",
                    f"Set {PRINCIPAL_VARIABLE} to the id that evidence people list shows, which begins with p_.",
                )
            return Actor(principal=me.principal), ()
        holder = _holder(self.known(), account)
        if holder is not None:
            return Actor(principal=holder), ()
        return Actor(account="account"), (new_content("account", encode_account(account)),)

    def seal(
        self,
        body: WorkBody,
        contents: Sequence[NewContent],
        actor: Actor,
        *,
        about: About = NOTHING,
        links: Sequence[Link] = (),
        occurred_at: str | None = None,
        project: str | None = None,
        late: bool = False,
    ) -> Parcel:
        """The signed event with its contents, in the stream of ``project`` (an id), by default the one that was told.

        ``late`` says that it is brought after the fact.

        Raises:
            FormatError: the parts do not fit the format.
        """
        context = new_context(
            actor,
            contents,
            ledger=self.session.anchor.ledger,
            project=project or self.project(),
            about=about,
            links=links,
            occurred_at=occurred_at,
            run=self.run_token(),
        )
        if late:
            context = replace(context, late=True)
        return seal_event(context, body, contents, self.held.signing)

    def run_token(self) -> str | None:
        """The run of a known CI system, as events name it."""
        return as_token(f"{self.ci.system}/{self.ci.run_id}") if self.ci.run_id else None


@contextmanager
def open_recorder(ctx: click.Context, *, offline: bool = False) -> Iterator[Recorder]:
    """A recorder for what the command was told; nothing is asked before it is needed.

    Raises:
        NotFoundError: ``no-anchor``, ``no-key``. UnavailableError: ``spool-unwritable``.
    """
    with open_session(ctx) as session:
        told = session.settings
        explicit = None if told.outbox is None else Path(told.outbox.text)
        outbox = Outbox(default_root(session.anchor.ledger, os.environ, explicit=explicit))
        payload = _event_payload(os.environ)
        yield Recorder(
            session,
            outbox,
            ci_context(os.environ, payload),
            os.environ,
            recall(told.cache, session.anchor.ledger),
            session.held_key(),
            offline,
            payload,
        )


def _event_payload(environ: Mapping[str, str]) -> Mapping[str, object]:
    path = environ.get("GITHUB_EVENT_PATH")
    if not path or environ.get("GITHUB_ACTIONS") != "true":
        return {}
    try:
        with Path(path).open("rb") as file:
            value = json.loads(file.read(MAX_PAYLOAD_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _holder(known: Directory | None, account: Account) -> str | None:
    """The one principal in force whose card claims ``account``."""
    if known is None:
        return None
    wanted = account_key(account.system, account.id, account.mail)
    holders = {
        item.id
        for item in known.roster.principals.values()
        if item.until is None
        and (card := known.card(item)) is not None
        and any(account_key(each.system, each.id, each.mail) == wanted for each in card.accounts)
    }
    return holders.pop() if len(holders) == 1 else None


def _ask_error(cause: LedgerError, sentence: str, remedy: str) -> LedgerError:
    if isinstance(cause, AuthorityError):
        return cause
    return UnavailableError("server-needed", sentence, details={"cause": cause.slug}, remedy=remedy)
