"""What commands need of a release: its bundle from the server, verified against the anchor, and its dossier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.errors import ChainError

if TYPE_CHECKING:
    from ledger.cli.session import Session
    from ledger.records import Records
    from ledger.verify.findings import Verification


@dataclass(frozen=True, slots=True)
class FetchedBundle:
    """A bundle and what its verification found."""

    data: bytes
    verification: Verification
    records: Records


def fetch_release(session: Session, name: str) -> FetchedBundle:
    """The bundle of the release ``product@version`` or of that envelope digest, verified.

    Raises:
        NotFoundError: there is no such release.
        ChainError: ``bundle-not-intact``; what the server sent does not verify.
    """
    pieces: list[bytes] = []
    session.client.bundle(f"release/{name}", pieces.append)
    return open_bundle(b"".join(pieces), session.settings.anchor_line)


def bundle_in(data: bytes) -> bytes:
    """The bundle itself, or the one that a pack's PDF carries.

    Raises:
        FormatError: ``bad-pack``.
    """
    if not data.startswith(b"%PDF-"):
        return data
    from reports.attached import attached_bundle

    return attached_bundle(data)


def open_bundle(data: bytes, anchor_line: str) -> FetchedBundle:
    """A bundle's records, once every check has passed.

    Raises:
        ChainError: ``bundle-not-intact``.
    """
    from ledger.verify.run import verify_bundle

    verification = verify_bundle(data, anchor_line)
    if not verification.intact or verification.records is None:
        first = verification.failures[0]
        raise ChainError(
            "bundle-not-intact",
            "the bundle does not verify, so nothing is concluded from it",
            details={"check": first.check, "place": first.place, "failure_count": len(verification.failures)},
            remedy="See every failure: evidence verify FILE --anchor ledger.pub",
        )
    return FetchedBundle(data, verification, verification.records)


def as_of_now(records: Records) -> str:
    """The present as a ledger time, never before the last entry that is judged."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    last = records.entries[-1].leaf.received_at if records.entries else now
    return max(now, last)
