"""What the environment of a pipeline says of the change or the push that set it off, beside ids and commits.

On GitHub that is the event's payload, on GitLab a few variables. All of it is a claim of that environment; what it
does not say is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ledger.capture.ci import CiAccount
from ledger.cli.recording.wording import as_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.capture.ci import CiContext
    from ledger.cli.recording.recorder import Recorder

_STATES: Final[Mapping[str, str]] = {"opened": "opened", "reopened": "reopened", "closed": "closed"}
"""GitHub's actions that are states of a change; every other action is an update."""


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A pull or merge request as its forge describes it."""

    title: str | None = None
    state: str | None = None
    """``opened``, ``updated``, ``closed`` or ``reopened``."""
    author: CiAccount | None = None
    """Who opened it."""


@dataclass(frozen=True, slots=True)
class SeenPush:
    """A ref that moved. For each commit, None is unknown and an empty text is that there was, or is, none."""

    ref: str | None = None
    before: str | None = None
    after: str | None = None
    forced: bool | None = None


def seen_change(recorder: Recorder, change: str) -> SeenChange:
    """What the environment says of that change; nothing where it is about another one."""
    if recorder.ci.change != change:
        return SeenChange()
    if recorder.ci.system == "gitlab-ci":
        return SeenChange(title=recorder.environ.get("CI_MERGE_REQUEST_TITLE") or None)
    pull = _object(recorder.payload.get("pull_request"))
    if not pull:
        return SeenChange()
    action, user = recorder.payload.get("action"), _object(pull.get("user"))
    return SeenChange(
        title=_text(pull.get("title")),
        state=_STATES.get(action, "updated") if isinstance(action, str) else None,
        author=_account(recorder.ci, user),
    )


def seen_push(recorder: Recorder) -> SeenPush:
    """What the environment says of the push that set this run off; nothing in the pipeline of a change."""
    ci, payload = recorder.ci, recorder.payload
    if ci.change is not None:
        return SeenPush()
    ref, before, after = (_text(payload.get(name)) for name in ("ref", "before", "after"))
    if ref is not None and before is not None and after is not None:
        forced = payload.get("forced")
        return SeenPush(ref, before.strip("0") and before, after.strip("0") and after, forced is True)
    # Elsewhere the zeros that stand for a new branch also stand for a run that no push set off.
    return SeenPush(ci.ref, ci.base_sha, ci.head_sha)


def target_of(told: str | None, ci: CiContext, change: str) -> str | None:
    """The full ref into which a change is to go, as it was told, else as the environment of its own run says."""
    if told is None:
        return as_token(ci.base_ref) if ci.change == change else None
    return as_token(full_ref(told))


def full_ref(text: str) -> str:
    """The full name of a branch that may be given by its short one."""
    return text if text.startswith("refs/") else f"refs/heads/{text}"


def _account(ci: CiContext, user: Mapping[str, object]) -> CiAccount | None:
    identifier, login = user.get("id"), _text(user.get("login"))
    if ci.repository_host is None or not isinstance(identifier, int) or isinstance(identifier, bool):
        return None
    return CiAccount(ci.repository_host, str(identifier), login)


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
