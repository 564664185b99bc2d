"""How a setting or flag means an SSH key. Imported by every command, so it imports nothing."""

from __future__ import annotations

from typing import Final

ANY: Final = "ssh"
"""Means: whichever SSH key there is."""
PUBLIC_SUFFIX: Final = ".pub"
FINGERPRINT_HEAD: Final = "SHA256:"


def names_ssh_key(text: str) -> bool:
    """Whether ``text``, a setting or flag, means an SSH key: ``ssh``, a fingerprint, or a ``.pub`` file."""
    return text == ANY or text.startswith(FINGERPRINT_HEAD) or text.endswith(PUBLIC_SUFFIX)
