"""Founding a ledger: both databases, genesis, the first checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import inspect, select
from sqlalchemy.exc import DBAPIError

from ledger.digests import from_raw
from ledger.envelope import check_signature
from ledger.errors import ConflictError, FormatError, UnavailableError
from ledger.events.roster import Genesis
from ledger.roster.acts import found
from ledger.store import schema
from ledger.store.checkpoints import CheckpointStore, make_store, new_store_id
from ledger.store.clock import system_clock
from ledger.store.contents import put_content
from ledger.store.database import connect, reading, secure_file, sqlite_path, upgrade, writing
from ledger.store.guards import check_guards
from ledger.store.heads import empty_tip, insert_head
from ledger.store.issuing import Issuer
from ledger.store.nodes import NodeCache
from ledger.store.opening import read_submission
from ledger.store.placing import Batch, check_contents, look_up, place_leaf
from ledger.store.projection import trace_rows
from ledger.store.rosters import Rosters
from ledger.store.writing import write_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Engine

    from ledger.digests import Digest
    from ledger.entry import Leaf
    from ledger.store.issuing import CheckpointSigner
    from ledger.store.placing import Submission


@dataclass(frozen=True, slots=True)
class Founded:
    """A new ledger."""

    ledger: Digest
    """Ledger id: the leaf digest of genesis."""
    leaf: Leaf
    checkpoint: bytes
    """The note of size 1."""


def create(
    database_url: str,
    checkpoint_url: str,
    genesis: bytes,
    contents: Sequence[tuple[bytes, bytes]] = (),
    *,
    signer: CheckpointSigner,
    clock: Callable[[], int] = system_clock,
) -> Founded:
    """The ledger founded by the envelope ``genesis`` with its ``contents`` (salt, bytes), in two empty databases.

    Raises:
        ConflictError: ``ledger-exists``, ``checkpoint-store-exists``; ``content-missing`` or ``content-size`` if
            ``contents`` are not those that genesis names.
        FormatError: ``bad-genesis``, or where the envelope is not of the form.
        SignatureError: the envelope, or a founder's proof, does not verify.
        AuthorityError: ``published-key``.
        UnavailableError: a database cannot be reached or written.
    """
    submission = read_submission(genesis)
    body = submission.event.body
    if not isinstance(body, Genesis):
        raise FormatError("bad-genesis", "a ledger begins with genesis")
    # The ledger id is not known before the leaf is; proofs and signature do not depend on it.
    roster = found(submission.digest, submission.digest, submission.event.context, body)
    key = roster.keys.get(submission.envelope.key_id)
    if key is None or key.principal != body.core.administrators[0].principal:
        raise FormatError("bad-genesis", "the first administrator signs genesis")
    check_signature(submission.envelope, key.public)
    engine = connect(database_url, create=True)
    try:
        path = sqlite_path(engine)
        if path is not None:
            secure_file(path)
        _make_schema(engine)
        for salt, data in contents:
            put_content(engine, salt, [data])
        leaf, digest = _write_genesis(engine, checkpoint_url, submission, key.principal, clock())
        nodes, rosters = NodeCache(), Rosters()
        with reading(engine) as connection:
            rosters.reach(connection, 1)
        store = CheckpointStore(checkpoint_url)
        try:
            checkpoint = Issuer(engine, store, rosters, nodes, signer, clock).issue(1)
        finally:
            store.close()
        return Founded(from_raw(digest), leaf, checkpoint.note)
    except (DBAPIError, OSError) as error:
        raise UnavailableError("ledger-unwritable", "the database could not be written") from error
    finally:
        engine.dispose()


def _make_schema(engine: Engine) -> None:
    with writing(engine) as connection:
        # An interrupted founding leaves tables without a head, and is simply done again.
        if inspect(connection).has_table(schema.head.name) and connection.execute(select(schema.head)).first():
            raise ConflictError("ledger-exists", "the database holds a ledger already")
        upgrade(connection)
        check_guards(connection)


def _write_genesis(
    engine: Engine, checkpoint_url: str, submission: Submission, signer: str, now: int
) -> tuple[Leaf, bytes]:
    with writing(engine) as connection:
        check_contents(look_up(connection, [submission]), submission.event)
        batch = Batch(empty_tip(now), None)
        leaf = place_leaf(connection, batch, submission, now)
        batch.traces.extend(trace_rows(0, submission.event, signer))
        digest = batch.tip.head.last_leaf
        store = new_store_id()
        write_batch(connection, batch)
        head = replace(batch.tip.head, ledger=digest, root=batch.tip.frontier.root(), checkpoint_store=store)
        insert_head(connection, head)
        make_store(checkpoint_url, store, digest)
    return leaf, digest
