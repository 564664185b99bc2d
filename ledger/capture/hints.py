"""What messages say of requests and reverts. A message is written by anybody: a hint, by which nothing is bound."""

from __future__ import annotations

import re
from typing import Final

_PATTERNS: Final = (
    re.compile(r"Merge pull request #(\d{1,9})\b", re.ASCII),
    re.compile(r"\(pull request #(\d{1,9})\)", re.ASCII),
    re.compile(r"\(#(\d{1,9})\)\s*$", re.ASCII | re.MULTILINE),
    re.compile(r"^See merge request \S*!(\d{1,9})\s*$", re.ASCII | re.MULTILINE),
)

_REVERTS: Final = re.compile(r"^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b", re.ASCII | re.MULTILINE)


def reverted_commits(message: str) -> tuple[str, ...]:
    """The commits that a message says it reverts, as ``git revert`` writes it."""
    return tuple(dict.fromkeys(_REVERTS.findall(message)))


def request_number(message: str) -> str | None:
    """The number of a pull or merge request that a message names as forges write it."""
    return next((found[1] for pattern in _PATTERNS if (found := pattern.search(message))), None)
