"""The system's clock, for whoever passes no other."""

from __future__ import annotations

import time


def system_clock() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
