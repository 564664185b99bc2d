"""The verifiers that ship with the evidence, written from docs/format.md and docs/packs.md alone: one file each.

``verify.py`` needs Python's standard library, ``verify.html`` a browser. ``DIGESTS`` has the SHA-256 of both, as
``sha256sum`` writes it; ``script/digests`` makes it. ``reports.packfiles`` reads the page, which only packs carry.
"""

from __future__ import annotations

from importlib.resources import files


def published_verifier() -> bytes:
    """The bytes of ``verify.py`` as this version publishes them; docs/verification.md says how to compare them."""
    return files(__name__).joinpath("verify.py").read_bytes()


def published_digests() -> str:
    """``DIGESTS``: a line for each of the two."""
    return files(__name__).joinpath("DIGESTS").read_text(encoding="ascii")
