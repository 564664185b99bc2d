"""Traces that coding assistants leave in commits, and the one table that knows their names.

A trace says that an assistant took part. No trace says nothing: most assistance leaves none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ledger.capture.commits import parse_contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.capture.commits import Commit, Contact

Source: TypeAlias = Literal["author", "committer", "co-author", "trailer", "message"]
"""Which part of a commit holds a trace."""

UNKNOWN_AGENT: Final = "unknown"
"""Label of an assistant that a trace declares without a name of the table."""

_TEXT_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Agent:
    """How one assistant signs its commits."""

    label: str
    """Its label in events."""
    mails: tuple[str, ...] = ()
    """Whole addresses, lower case, that only the assistant uses."""
    logins: tuple[str, ...] = ()
    """Account names on a forge, lower case, without ``[bot]``; seen in ``1+login@users.noreply...`` too."""
    names: tuple[str, ...] = ()
    """Names, lower case, that no person has; the first word of a product is often a person's first name, so it is
    never enough."""
    products: tuple[str, ...] = ()
    """What follows "Generated with" and its like, lower case."""


AGENTS: Final = (
    Agent("aider", ("aider@aider.chat", "noreply@aider.chat"), ("aider-bot",), ("aider",), ("aider",)),
    Agent("amazon-q", (), ("amazon-q-developer",), ("amazon q", "amazon q developer"), ("amazon q",)),
    Agent("amp", ("amp@ampcode.com",), ("amp-code",), ("sourcegraph amp",), ("amp", "sourcegraph amp")),
    Agent("augment", (), ("augmentcode",), ("augment code", "augment agent"), ("augment", "augment code")),
    Agent(
        "claude",
        ("noreply@anthropic.com", "claude@anthropic.com"),
        ("claude", "claude-code"),
        ("claude code", "anthropic claude"),
        ("claude", "claude code"),
    ),
    Agent("cline", (), ("cline-bot",), ("cline ai",), ("cline",)),
    Agent(
        "codex",
        ("codex@openai.com", "noreply@openai.com"),
        ("chatgpt-codex-connector", "codex-openai"),
        ("openai codex", "codex cli", "chatgpt"),
        ("codex", "openai codex", "codex cli", "chatgpt"),
    ),
    Agent(
        "copilot",
        ("copilot@github.com",),
        ("copilot", "copilot-swe-agent", "github-copilot", "copilot-pull-request-reviewer"),
        ("github copilot", "copilot-swe-agent", "copilot autofix"),
        ("copilot", "github copilot"),
    ),
    Agent("continue", ("noreply@continue.dev",), ("continue-agent",), (), ("continue",)),
    Agent("crush", ("crush@charm.land",), (), ("charm crush",), ("crush",)),
    Agent("cursor", ("cursoragent@cursor.com",), ("cursor", "cursoragent"), ("cursor agent",), ("cursor",)),
    Agent(
        "devin",
        ("bot@devin.ai",),
        ("devin-ai-integration", "devin-ai"),
        ("devin ai", "devin-ai-integration"),
        ("devin", "devin ai"),
    ),
    Agent("factory-droid", (), ("factory-droid",), ("factory droid",), ("factory droid", "droid")),
    Agent(
        "gemini",
        ("gemini-code-assist@google.com",),
        ("gemini-code-assist", "gemini-cli"),
        ("gemini cli", "gemini code assist", "google gemini"),
        ("gemini", "gemini cli", "gemini code assist"),
    ),
    Agent("jules", (), ("google-labs-jules",), ("google jules", "google-labs-jules"), ("jules", "google jules")),
    Agent("junie", (), ("jetbrains-junie", "junie-agent"), ("jetbrains junie",), ("junie", "jetbrains junie")),
    Agent("kiro", (), ("kiro-agent",), ("kiro agent",), ("kiro",)),
    Agent("lovable", (), ("gpt-engineer-app", "lovable-dev"), ("lovable",), ("lovable",)),
    Agent("opencode", ("noreply@opencode.ai",), ("opencode-agent",), ("opencode",), ("opencode",)),
    Agent("openhands", ("openhands@all-hands.dev",), ("openhands-agent",), ("openhands",), ("openhands",)),
    Agent("qwen", ("qwen-coder@alibabacloud.com",), (), ("qwen-coder", "qwen code"), ("qwen code", "qwen-coder")),
    Agent("replit", ("agent@replit.com",), ("replit-agent",), ("replit agent",), ("replit agent",)),
    Agent("roo", (), ("roomote", "roomote-agent"), ("roo code",), ("roo code",)),
    Agent("sweep", (), ("sweep-ai", "sweep-nightly"), ("sweep ai",), ("sweep ai",)),
    Agent("warp", ("agent@warp.dev",), (), ("warp agent",), ("warp",)),
    Agent("windsurf", (), ("windsurf-bot",), ("windsurf cascade",), ("windsurf", "cascade")),
    Agent("zed", (), ("zed-agent",), ("zed agent",), ("zed agent",)),
)
"""The assistants that are known by name. An account is the strongest sign, an address next, a name the weakest."""

# Keys of trailers that declare assistance by themselves, whatever they name.
_DECLARING: Final = frozenset(
    {"assisted-by", "ai-assisted-by", "ai-assistant", "ai-agent", "generated-by-ai", "ai-generated-by", "ai-model"}
)
# Keys that sessions of one assistant write.
_SESSION_KEYS: Final = {
    "amp-thread-id": "amp",
    "claude-session": "claude",
    "claude-code-session": "claude",
    "codex-session": "codex",
    "copilot-session": "copilot",
    "cursor-session": "cursor",
    "entire-session": UNKNOWN_AGENT,
    "entire-checkpoint": UNKNOWN_AGENT,
}
# Keys under which an assistant may be named like a person.
_NAMING: Final = frozenset({"co-authored-by", "co-developed-by", "generated-by", "suggested-by", "authored-by"})

_NOREPLY = re.compile(r"(?:\d+\+)?([a-z0-9-]+?)(\[bot\])?@users\.noreply\.[a-z0-9.-]+")
_BOT_NAME = re.compile(r"([a-z0-9-]+)\[bot\]")
_AIDER_NAME = re.compile(r".*\(aider\)")
_CLAUDE_MODEL = re.compile(r"claude[ -](?:\d[\w. -]*|(?:opus|sonnet|haiku|fable|instant)\b.*|code\b.*)")
_LINE = re.compile(r"[ \t>*-]*([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.+)")
_GENERATED = re.compile(
    r"(?:generated|written|created|authored|implemented|assisted|coded|made)\s+(?:with|by|using)\s+(?:the\s+)?"
    r"(?:help\s+of\s+)?\[?([^\]\n()<]{2,60})",
    re.IGNORECASE,
)

_BY_MAIL: Final = {mail: agent.label for agent in AGENTS for mail in agent.mails}
_BY_LOGIN: Final = {login: agent.label for agent in AGENTS for login in agent.logins}
_BY_NAME: Final = {name: agent.label for agent in AGENTS for name in agent.names}
_BY_PRODUCT: Final = {product: agent.label for agent in AGENTS for product in agent.products}


@dataclass(frozen=True, slots=True)
class AiTrace:
    """One sign of an assistant in a commit."""

    agent: str
    """Label of the assistant; ``unknown`` where assistance is declared without a known name."""
    source: Source
    text: str
    """The line or contact that shows it, at most 200 characters. It may name people."""


def ai_traces(commit: Commit) -> tuple[AiTrace, ...]:
    """Every sign of an assistant in ``commit``, in order of appearance, without repetition."""
    return tuple(dict.fromkeys(_traces(commit)))


def agent_of(contact: Contact) -> str | None:
    """Label of the assistant that uses this name and address; None where nothing of the table says so."""
    mail, name = contact.mail.lower(), contact.name.lower()
    if mail in _BY_MAIL:
        return _BY_MAIL[mail]
    account = _NOREPLY.fullmatch(mail)
    if account is not None and account[1] in _BY_LOGIN and (account[2] or "+" in mail):
        return _BY_LOGIN[account[1]]
    bot = _BOT_NAME.fullmatch(name)
    if bot is not None and bot[1] in _BY_LOGIN:
        return _BY_LOGIN[bot[1]]
    if _AIDER_NAME.fullmatch(name):
        return "aider"
    if _CLAUDE_MODEL.fullmatch(name):
        return "claude"
    return _BY_NAME.get(name)


def _traces(commit: Commit) -> Iterator[AiTrace]:
    named: tuple[tuple[Source, Contact], ...] = (
        ("author", commit.author.contact),
        ("committer", commit.committer.contact),
        *(("co-author", contact) for contact in commit.co_authors),
    )
    for source, contact in named:
        agent = agent_of(contact)
        if agent is not None:
            yield AiTrace(agent, source, f"{contact.name} <{contact.mail}>"[:_TEXT_LIMIT])
    for line in commit.message.splitlines():
        yield from _in_line(line.strip())


def _in_line(line: str) -> Iterator[AiTrace]:
    found = _LINE.fullmatch(line)
    key, value = (found[1].lower(), found[2].strip()) if found else ("", "")
    if key in _SESSION_KEYS:
        yield AiTrace(_SESSION_KEYS[key], "trailer", line[:_TEXT_LIMIT])
    elif key in _DECLARING:
        yield AiTrace(_named(value) or UNKNOWN_AGENT, "trailer", line[:_TEXT_LIMIT])
    elif key in _NAMING:
        # Co-authors with an address have been looked at already.
        agent = _named(value)
        if agent is not None and not (key == "co-authored-by" and parse_contact(value)):
            yield AiTrace(agent, "trailer", line[:_TEXT_LIMIT])
    elif phrase := _GENERATED.search(line):
        agent = _product(phrase[1])
        if agent is not None:
            yield AiTrace(agent, "message", line[:_TEXT_LIMIT])


def _named(value: str) -> str | None:
    """Label of the assistant that the value of a trailer names: a contact, or a product with its model."""
    contact = parse_contact(value)
    if contact is not None:
        return agent_of(contact) or _BY_PRODUCT.get(contact.name.lower())
    return _product(value)


def _product(text: str) -> str | None:
    """Label of the assistant whose product name ``text`` begins with."""
    words = re.split(r"[\s:,;/.!()]+", text.lower().strip())
    for count in (3, 2, 1):
        label = _BY_PRODUCT.get(" ".join(words[:count]))
        if label is not None:
            return label
    return "claude" if _CLAUDE_MODEL.fullmatch(words[0]) else None
