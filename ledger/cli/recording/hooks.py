"""What coding assistants tell their hooks when a prompt is sent: JSON on standard input, one shape a tool.

None of these shapes is promised to stay. What a payload does not say is unknown, and who or what sent a prompt is said
only where the tool's event stands for a person alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ledger.cli.recording.wording import as_label, as_token
from ledger.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HOOK_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Captured:
    """One prompt as a hook was told of it."""

    tool: str
    """Token."""
    text: str
    """As typed: secrets are not masked yet."""
    trigger: str
    session: str | None = None
    """Token; None where the tool does not say."""
    version: str | None = None
    model: str | None = None
    provider: str | None = None
    permission_mode: str | None = None
    folder: str | None = None
    """Working folder of the session."""
    at: str | None = None
    """Claimed time."""


def read_hook(data: bytes) -> Captured:
    """The prompt in a hook's payload.

    Raises:
        FormatError: ``bad-hook`` where it is no JSON object, ``unknown-hook`` where no known tool sends such a one.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise FormatError("bad-hook", "a hook is told of a prompt by a JSON object on standard input")
    event, prompt = value.get("hook_event_name"), value.get("prompt")
    if not isinstance(prompt, str):
        raise FormatError("unknown-hook", "the payload has no prompt: install the hook at the event of its submission")
    match event:
        case "UserPromptSubmit" if "turn_id" in value:
            return _codex(value, prompt)
        case "UserPromptSubmit":
            return _claude(value, prompt)
        case "BeforeAgent":
            return _gemini(value, prompt)
        case "beforeSubmitPrompt":
            return _cursor(value, prompt)
        case "userPromptSubmitted" | None if "timestamp" in value or "cwd" in value:
            return _copilot(value, prompt)
        case _:
            raise FormatError("unknown-hook", "no known assistant sends such a payload")


def _claude(value: Mapping[str, object], prompt: str) -> Captured:
    return Captured(
        tool="claude-code",
        text=prompt,
        # The event also fires for scheduled tasks and for messages of other sessions, and does not tell.
        trigger="subagent" if value.get("agent_id") else "unknown",
        session=_token(value, "session_id"),
        provider="anthropic",
        permission_mode=_label(value, "permission_mode"),
        folder=_text(value, "cwd"),
    )


def _codex(value: Mapping[str, object], prompt: str) -> Captured:
    return Captured(
        tool="codex",
        text=prompt,
        trigger="unknown",
        session=_token(value, "session_id"),
        model=_token(value, "model"),
        provider="openai",
        permission_mode=_label(value, "permission_mode"),
        folder=_text(value, "cwd"),
    )


def _cursor(value: Mapping[str, object], prompt: str) -> Captured:
    roots = value.get("workspace_roots")
    first = roots[0] if isinstance(roots, list) and roots else None
    return Captured(
        tool="cursor",
        text=prompt,
        trigger="human",
        session=_token(value, "conversation_id"),
        version=_token(value, "cursor_version"),
        model=_token(value, "model"),
        folder=first if isinstance(first, str) else None,
    )


def _copilot(value: Mapping[str, object], prompt: str) -> Captured:
    return Captured(
        tool="github-copilot",
        text=prompt,
        trigger="human",
        session=_token(value, "sessionId") or _token(value, "session_id"),
        provider="github",
        folder=_text(value, "cwd"),
        at=_instant(value.get("timestamp")),
    )


def _gemini(value: Mapping[str, object], prompt: str) -> Captured:
    return Captured(
        tool="gemini-cli",
        text=prompt,
        trigger="human",
        session=_token(value, "session_id"),
        provider="google",
        folder=_text(value, "cwd"),
        at=_instant(value.get("timestamp")),
    )


def _text(value: Mapping[str, object], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def _token(value: Mapping[str, object], name: str) -> str | None:
    return as_token(_text(value, name))


def _label(value: Mapping[str, object], name: str) -> str | None:
    return as_label(_text(value, name))


def _instant(value: object) -> str | None:
    """A claimed time, from milliseconds since 1970 or a text of RFC 3339."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000, UTC)
        else:
            return None
        if moment.tzinfo is None or moment.year < 1970:
            return None
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None
