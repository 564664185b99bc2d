"""What the command's exit status says, so that a pipeline can tell "bad" from "broken"."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
"""Done: the evidence was accepted, or is safely spooled and no server was required."""
ERROR: Final = 1
"""An error: nothing was recorded, or the question could not be answered."""
USAGE: Final = 2
"""Wrong usage of the command itself; of ``verify``, also a line or file not of its form, so that nothing was judged."""
NEGATIVE: Final = 3
"""Checked, and the answer is no: tampered, a failed rule, a signature that does not hold."""
NOT_ALLOWED: Final = 4
"""Not authenticated, or not allowed: a token or a key that may not do this."""
UNREACHABLE: Final = 5
"""The server cannot be reached, and spooling is off or its folder cannot be written."""
INTERRUPTED: Final = 130
"""Interrupted from the keyboard, as shells report it."""
