"""Commit statuses at a forge: what the ledger says of a change, beside its last commit, so that nobody has to ask.

GitHub: ``POST /repos/{owner}/{name}/statuses/{sha}``; GitLab: ``POST /projects/{id}/statuses/{sha}``. A status tells
and decides nothing: whoever may write statuses at the forge may write others. Only the gate's signed decision counts.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import quote

from ledger.errors import AuthorityError, FormatError, UnavailableError

if TYPE_CHECKING:
    from ledger.transport import Transport

Forge: TypeAlias = Literal["github", "gitlab"]
State: TypeAlias = Literal["success", "pending", "failure"]

MOST_CHARACTERS: Final = 140
"""GitHub refuses a longer description."""
ASK_SECONDS: Final = 20.0
MAX_ANSWER_BYTES: Final = 1024 * 1024

_GITLAB: Final = {"success": "success", "pending": "pending", "failure": "failed"}


@dataclass(frozen=True, slots=True)
class Status:
    """What is said beside one commit."""

    commit: str
    state: State
    description: str
    """At most ``MOST_CHARACTERS``, without names or captured texts."""
    context: str
    """The status' own name: one of the same name takes its place."""
    address: str | None = None
    """Where to read more."""


def post_status(transport: Transport, forge: Forge, repository: str, status: Status) -> None:
    """Nothing, once the forge took the status. ``repository`` is ``owner/name`` at GitHub, a project's id at GitLab.

    Raises:
        AuthorityError: ``forge-refused``: the token may not, or the forge knows no such repository or commit.
        FormatError: ``forge-refused``: it does not take what was sent.
        UnavailableError: ``forge-unavailable``, ``unreachable``, ``timeout``: worth trying again.
    """
    body: dict[str, str] = {"state": status.state, "context": status.context}
    path = f"/repos/{quote(repository)}/statuses/{status.commit}"
    if forge == "gitlab":
        body = {"state": _GITLAB[status.state], "name": status.context}
        path = f"/projects/{quote(repository, safe='')}/statuses/{status.commit}"
    body["description"] = status.description[:MOST_CHARACTERS]
    if status.address is not None:
        body["target_url"] = status.address
    answer = transport.ask(
        "POST",
        path,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        deadline=time.monotonic() + ASK_SECONDS,
        max_bytes=MAX_ANSWER_BYTES,
    )
    if answer.status in (200, 201):
        return
    # GitLab refuses to set the state that a status has already; it stands as it should.
    if forge == "gitlab" and answer.status == 400 and b"Cannot transition status" in answer.body:
        return
    details: dict[str, str | int] = {"status": answer.status, "commit": status.commit}
    if answer.status in (401, 403, 404):
        raise AuthorityError(
            "forge-refused",
            "the forge refused a commit status: its token may not, or it knows no such repository or commit",
            details=details,
            remedy="The token needs the right to write commit statuses of this repository.",
        )
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise UnavailableError("forge-unavailable", "the forge did not take a commit status", details=details)
    raise FormatError("forge-refused", "the forge does not take this commit status", details=details)
