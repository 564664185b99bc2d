"""``evidence statuses``: follows the log and tells the forge what the merge gate would answer, change by change."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.cli.options import client_options, project_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.cli.gating import Answer
    from ledger.cli.session import Session
    from ledger.forgestatus import Forge, Status
    from ledger.transport import Transport

RELEVANT: Final = frozenset(
    {
        *("diff", "test", "approval", "scan", "exception", "change", "prompt", "push", "review-note", "correction"),
        *("merge", "attestation"),
    }
)
"""Kinds after which the answer about a change may be another one."""
POLL_SECONDS: Final = 3.0
PAGE: Final = 500
RETRY_SECONDS: Final = (5.0, 15.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where statuses go."""

    forge: Forge
    repository: str
    context: str
    address: str | None


@click.command()
@click.option("--forge", type=click.Choice(("github", "gitlab")), required=True, help="Which forge is told.")
@click.option(
    "--repository", required=True, metavar="OWNER/NAME|ID", help="The repository at GitHub, the project's id at GitLab."
)
@click.option(
    "--api", metavar="URL", help="Base address of its interface; https://api.github.com or https://gitlab.com/api/v4."
)
@click.option(
    "--forge-token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="File with a token that may write commit statuses and nothing else.",
)
@click.option(
    "--ca", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Certificates of a private authority."
)
@click.option("--context", default="evidence-ledger/merge", show_default=True, help="The status' name.")
@click.option("--address", metavar="URL", help="Where a reader of the status is sent.")
@click.option("--once", is_flag=True, help="Tell what is new and end.")
@project_option
@client_options
@click.pass_context
def statuses(
    ctx: click.Context,
    *,
    forge: Forge,
    repository: str,
    api: str | None,
    forge_token_file: Path,
    ca: Path | None,
    context: str,
    address: str | None,
    once: bool,
) -> None:
    """Post a commit status after every event that may change a change's answer. Run it beside the server.

    \b
      evidence statuses --forge github --repository acme/shop --forge-token-file status.token

    Push, blocked, approve, allowed: the status names the command that is missing, and turns by itself. It tells and
    decides nothing; require `evidence gate` in the pipeline as well.
    """
    from ledger.cli.session import open_session
    from ledger.transport import Transport

    if ca is not None:
        # Read by the TLS library when it makes its context; proxies are found in the environment as well.
        os.environ["SSL_CERT_FILE"] = str(ca)
    base = api or {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}[forge]
    token = forge_token_file.read_text("ascii").strip()
    place = _Place(forge, repository, context, address)
    with open_session(ctx) as session, Transport(base, token=token) as transport:
        project = session.project_id(session.directory())
        follower = _Follower(session, transport, place, project)
        while True:
            follower.step()
            if once:
                session.output.answer({"position": follower.position, "posted": follower.posted}, [follower.said])
                return
            time.sleep(POLL_SECONDS)


class _Follower:
    """What was told so far, kept on disk so that a restart tells nothing twice and misses nothing."""

    def __init__(self, session: Session, transport: Transport, place: _Place, project: str) -> None:
        from ledger.digests import raw

        self._session, self._transport, self._place, self._project = session, transport, place, project
        ledger = raw(session.anchor.ledger).hex()[:16]
        self._path = session.settings.cache / "statuses" / f"{ledger}-{project}.json"
        self.position, self._told = self._recall()
        self.posted = 0

    @property
    def said(self) -> str:
        """What was done, for a person."""
        return f"told the forge of {self.posted} changes, up to position {self.position:,}"

    def step(self) -> None:
        """Nothing; everything recorded since the last time was told, or stays to be told."""
        from ledger.cli.gathering import position_now
        from ledger.errors import UnavailableError

        try:
            position_now(self._session)
            end = self._session.acknowledged
            changes = dict.fromkeys(self._changed(end))
        except UnavailableError as error:
            self._session.output.note(f"the ledger does not answer: {error.message}")
            return
        for change in changes:
            if not self._tell(change):
                return
        self.position = end
        self._keep()

    def _changed(self, end: int) -> Iterable[str]:
        query: dict[str, str | int] = {"project": self._project, "before": end, "limit": PAGE}
        if self.position > 0:
            query["after"] = self.position - 1
        for leaf, _ in self._session.client.find(query):
            if leaf.kind in RELEVANT and leaf.about.change is not None:
                yield leaf.about.change

    def _tell(self, change: str) -> bool:
        """Whether the change is done with: told, unchanged, or nothing that can be told."""
        from ledger.cli.gating import Wanted, ask
        from ledger.errors import LedgerError, UnavailableError

        try:
            answer = ask(self._session, Wanted("merge", self._project, change, None, None, None))
        except UnavailableError:
            return False
        except LedgerError as error:
            self._session.output.warn(f"change {change}: {error.message} [{error.slug}]")
            return True
        status = _status(answer, self._place)
        if status is None or self._told.get(change) == _mark(status):
            return True
        return self._post(change, status)

    def _post(self, change: str, status: Status) -> bool:
        from ledger.errors import LedgerError, UnavailableError
        from ledger.forgestatus import post_status

        for wait in (*RETRY_SECONDS, None):
            try:
                post_status(self._transport, self._place.forge, self._place.repository, status)
            except UnavailableError as error:
                if wait is None:
                    break
                self._session.output.note(f"{error.message}; trying again")
                time.sleep(wait)
            except LedgerError as error:
                self._session.output.warn(f"change {change}: {error.message} [{error.slug}]")
                return True
            else:
                self._told[change] = _mark(status)
                self.posted += 1
                self._keep()
                return True
        return False

    def _recall(self) -> tuple[int, dict[str, str]]:
        from ledger.canonical import parse
        from ledger.errors import FormatError

        try:
            value = parse(self._path.read_bytes(), max_bytes=64 * 1024 * 1024)
        except (OSError, FormatError):
            return 0, {}
        position = value.get("position") if isinstance(value, dict) else None
        told = value.get("told") if isinstance(value, dict) else None
        if not isinstance(position, int) or not isinstance(told, dict):
            return 0, {}
        return position, {name: mark for name, mark in told.items() if isinstance(mark, str)}

    def _keep(self) -> None:
        from ledger.canonical import encode

        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            staged = self._path.with_name(f"{self._path.name}.{os.urandom(6).hex()}")
            staged.write_bytes(encode({"position": self.position, "told": dict(self._told)}))
            staged.replace(self._path)


def _status(answer: Answer, place: _Place) -> Status | None:
    """What to say; None where no revision is recorded, so that there is no commit to say it beside."""
    from ledger.forgestatus import MOST_CHARACTERS, Status

    if answer.revision is None:
        return None
    commit = answer.revision.diff.head
    if answer.allowed:
        said = f"allowed, policy {answer.policy.name}"
        if answer.excepted:
            said += f"; excepted: {', '.join(dict.fromkeys(verdict.rule for verdict in answer.excepted))}"
        return Status(commit, "success", said[:MOST_CHARACTERS], place.context, place.address)
    commands = [reason.command for reason in answer.reasons]
    # Where only approvals are missing nothing is wrong yet: it waits for somebody.
    waits = all(command.startswith("evidence approve") for command in commands)
    rules = ", ".join(dict.fromkeys(reason.rule for reason in answer.reasons))
    room = MOST_CHARACTERS - len(commands[0]) - len("; run: ")
    told = rules if len(rules) <= room else rules[: max(room - 3, 0)] + "..."
    said = f"{told}; run: {commands[0]}"
    state = "pending" if waits else "failure"
    return Status(commit, state, said[:MOST_CHARACTERS], place.context, place.address)  # type: ignore[arg-type]  # one of two


def _mark(status: Status) -> str:
    return f"{status.commit} {status.state} {status.description}"
