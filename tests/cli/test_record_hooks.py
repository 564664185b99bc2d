"""As an assistant's hook: every tool's shape is read; silent, exit 0, without the network, whatever comes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.recording.hooks import read_hook
from ledger.errors import FormatError
from ledger.events.work import Prompt
from tests.cli.shop import clone, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.shop import Shop

CLAUDE = {
    "hook_event_name": "UserPromptSubmit",
    "session_id": "c-1",
    "prompt_id": "x",
    "permission_mode": "acceptEdits",
    "prompt": "one",
}
SHAPES: dict[str, tuple[dict[str, Any], str, str | None, str]] = {
    "claude-code": (CLAUDE, "claude-code", "c-1", "unknown"),
    "a subagent of it": ({**CLAUDE, "agent_id": "a", "agent_type": "explore"}, "claude-code", "c-1", "subagent"),
    "codex": ({**CLAUDE, "turn_id": "t", "model": "m-1"}, "codex", "c-1", "unknown"),
    "cursor": (
        {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "u-1", "prompt": "one", "model": "m"},
        "cursor",
        "u-1",
        "human",
    ),
    "copilot": ({"timestamp": 1_790_000_000_000, "cwd": "/", "prompt": "one"}, "github-copilot", None, "human"),
    "gemini": (
        {"hook_event_name": "BeforeAgent", "session_id": "g-1", "prompt": "one", "timestamp": "2026-11-20T10:00:00Z"},
        "gemini-cli",
        "g-1",
        "human",
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_tool_is_known_by_its_shape(name: str) -> None:
    """Tool, session and text; and set off by a person only where the tool's event says so."""
    payload, tool, session, trigger = SHAPES[name]
    found = read_hook(json.dumps(payload).encode())
    assert (found.tool, found.session, found.trigger, found.text) == (tool, session, trigger, "one")


@given(
    st.binary(max_size=60)
    | st.recursive(st.text(), lambda x: st.dictionaries(st.text(), x)).map(lambda value: json.dumps(value).encode())
)
def test_anything_else_is_refused(data: bytes) -> None:
    """What no tool sends raises FormatError and nothing else."""
    with pytest.raises(FormatError):
        read_hook(data)


@given(
    st.dictionaries(
        st.sampled_from(["session_id", "cwd", "model", "timestamp", "permission_mode", "agent_id"]),
        st.none() | st.text() | st.integers() | st.lists(st.text()),
    )
)
def test_odd_members_are_unknown(members: dict[str, Any]) -> None:
    """A member of another type or with odd characters is shaped or left out, never an error."""
    for event in ("UserPromptSubmit", "BeforeAgent"):
        found = read_hook(json.dumps({**members, "hook_event_name": event, "prompt": "x"}).encode())
        assert found.text == "x"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose author has recorded before, so that the machine knows whose the key is."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        (found.ivy.folder / "p.txt").write_text("hello")
        found.ivy.ok("record", "prompt", "--text", "p.txt", "--tool", "quill")
        yield found


def hook(shop: Shop, folder: Path, data: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    """A hook's process, whose server cannot be reached."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(shop.ivy.home),
        "EVIDENCE_LEDGER_SERVER": shop.closed,
        "EVIDENCE_LEDGER_PROJECT": "shop",
    }
    code = "from ledger.cli.main import main; main()"
    command = [sys.executable, "-c", code, "record", "prompt", "--hook", *words]
    return subprocess.run(command, input=data, capture_output=True, check=False, cwd=folder, env=environment)


def test_a_hook_spools_in_silence(shop: Shop, tmp_path: Path) -> None:
    """Nothing is printed or sent; what it spooled is masked, complete, and delivered by the next command."""
    sandbox = clone(tmp_path / "repo")
    payload = json.dumps({**CLAUDE, "prompt": "token: use api_key=abcd1234efgh", "cwd": str(sandbox.path)}).encode()
    ran = [hook(shop, tmp_path, payload) for _ in range(2)]
    assert [(each.returncode, each.stdout, each.stderr) for each in ran] == [(0, b"", b"")] * 2
    delivered = shop.ivy.ok("outbox", "flush", "--json").document["delivered"]
    events = [shop.entry(item["index"]) for item in delivered]
    assert [event.body.turn for event in events if isinstance(event.body, Prompt)] == [1, 2]
    event = events[0]
    assert isinstance(event.body, Prompt)
    assert event.body.base == sandbox.head()
    assert (event.body.capture.source, event.body.permission_mode) == ("hook", "accept-edits")
    assert event.body.initiator == shop.principal("Ivy Author")
    assert shop.content(event, "prompt").data == b"token: use api_key=[REDACTED:password]"


def test_a_hook_tells_the_settings_and_what_was_masked(shop: Shop, tmp_path: Path) -> None:
    """The assistant's configuration by its digest, from the session's folder; one that is not there costs no prompt."""
    (tmp_path / "settings.json").write_bytes(b"{}")
    payload = json.dumps({**CLAUDE, "session_id": "c-2", "cwd": str(tmp_path)}).encode()
    hook(shop, tmp_path, payload, "--configuration", "settings.json")
    hook(shop, tmp_path, payload, "--configuration", "nowhere.json")
    delivered = shop.ivy.ok("outbox", "flush", "--json").document["delivered"]
    found = [body for item in delivered if isinstance(body := shop.entry(item["index"]).body, Prompt)]
    assert [body.configuration for body in found] == ["sha256:" + hashlib.sha256(b"{}").hexdigest(), None]
    assert all(body.scan is not None and body.scan.masked == 0 for body in found)
    problems = shop.ivy.ok("outbox", "list", "--json").document["hook_problems"]
    assert problems[-1].endswith(" configuration-unreadable")


@pytest.mark.parametrize("words", [(), ("--no-such-flag",), ("--turn", "x")])
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_a_hook_never_fails(shop: Shop, tmp_path: Path, words: tuple[str, ...], data: bytes) -> None:
    """Neither its payload nor its own flags can make it speak or leave with another status than 0."""
    ran = hook(shop, tmp_path, data, *words)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_what_a_hook_could_not_record_is_told_later(shop: Shop, tmp_path: Path) -> None:
    """The outbox lists why, and nothing of what was asked."""
    before = shop.ivy.ok("outbox", "list", "--json").document["hook_problems"]
    hook(shop, tmp_path, json.dumps({"prompt": "my secret idea", "hook_event_name": "Other"}).encode())
    after = shop.ivy.ok("outbox", "list", "--json").document["hook_problems"]
    (told,) = after[len(before) :]
    assert told.endswith(" unknown-hook")
    assert "idea" not in told
