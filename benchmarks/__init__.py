"""Measurements: each a ratio to a limit taken in the same run."""
