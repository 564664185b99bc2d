"""The verifier that ships inside every bundle: one file, standard library only, written from docs/format.md alone."""

from __future__ import annotations

from importlib.resources import files


def published_verifier() -> bytes:
    """The bytes of ``verify.py`` as this version publishes them; docs/verification.md says how to compare them."""
    return files(__name__).joinpath("verify.py").read_bytes()
