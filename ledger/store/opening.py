"""From envelope bytes to a submission: everything that is checked before the lock, in the sender's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.envelope import check_signature, open_envelope
from ledger.errors import AuthorityError, FormatError
from ledger.events.statement import Event, read_payload
from ledger.roster.authority import signer_at
from ledger.store.database import reading
from ledger.store.heads import read_head
from ledger.store.placing import Submission

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ledger.envelope import Envelope
    from ledger.roster.state import Key
    from ledger.store.rosters import Rosters


def read_submission(data: bytes) -> Submission:
    """The envelope in ``data`` and its event; its signature is *not* checked.

    Raises:
        FormatError: at the place of the fault; ``unknown-kind``.
    """
    envelope = open_envelope(data)
    event = read_payload(envelope.payload)
    if not isinstance(event, Event):
        raise FormatError("unknown-kind", "an event of a kind or version that this server does not know")
    return Submission(envelope, envelope.digest, event)


def open_submission(engine: Engine, rosters: Rosters, data: bytes) -> Submission:
    """The submission in ``data``, signed by an enrolled key. Its authority is judged again under the lock.

    Raises:
        FormatError: at the place of the fault; ``unknown-kind``.
        AuthorityError: the key is unknown or no longer in force.
        SignatureError: ``bad-signature``.
    """
    submission = read_submission(data)
    check_signature(submission.envelope, _signer(engine, rosters, submission.envelope).public)
    return submission


def _signer(engine: Engine, rosters: Rosters, envelope: Envelope) -> Key:
    key = rosters.latest.keys.get(envelope.key_id)
    if key is not None:
        # Whether it is in force is decided by the position that the entry gets.
        return key
    # Perhaps another process has enrolled it since.
    with reading(engine) as connection:
        head = read_head(connection)
        roster = rosters.reach(connection, head.roster_count)
    found = roster.keys.get(envelope.key_id)
    if found is None:
        signer_at(roster, envelope.key_id, head.size)
        raise AuthorityError("key-unknown", "this ledger has not enrolled the key")
    return found
