"""The ready policies of this version by name, as canonical JSON and as the YAML that people adapt."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PRESETS: Final = ("startup", "regulated", "pci", "sox")
"""Names of the ready policies, the least demanding first."""

_FOLDER: Final = Path(__file__).parent


def preset(name: str) -> bytes:
    """The canonical JSON of the ready policy ``name``: what a ledger holds, so its digest is the policy digest."""
    _known(name)
    return (_FOLDER / f"{name}.json").read_bytes()


def preset_yaml(name: str) -> str:
    """The same policy with comments, for people to copy and adapt."""
    _known(name)
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def _known(name: str) -> None:
    if name not in PRESETS:
        raise ValueError("there is no ready policy of this name")
