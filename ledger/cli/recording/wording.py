"""Words of other systems as tokens and labels of the format."""

from __future__ import annotations

import re
from typing import Final

_NOT_TOKEN: Final = re.compile(r"[^A-Za-z0-9._:/@+-]+")
_NOT_LABEL: Final = re.compile(r"[^a-z0-9-]+")
TOKEN_LENGTH: Final = 128
LABEL_LENGTH: Final = 64


def as_token(text: str | None) -> str | None:
    """``text`` as a token: other characters become hyphens; None where nothing is left."""
    shaped = _NOT_TOKEN.sub("-", text or "").lstrip("._:/@+-")[:TOKEN_LENGTH].rstrip("-")
    return shaped or None


def as_label(text: str | None) -> str | None:
    """``text`` as a label, likewise; capitals inside a word begin a new one."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text or "").lower()
    shaped = _NOT_LABEL.sub("-", spaced).lstrip("-0123456789")[:LABEL_LENGTH].rstrip("-")
    return shaped or None
