"""After the loss of a checkpoint store: a new one, bound by an epoch entry (design §5, format §4.4.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from ledger.digests import raw
from ledger.entry import Leaf
from ledger.envelope import check_signature
from ledger.errors import ConflictError, LedgerError, UnavailableError
from ledger.events.roster import Epoch
from ledger.events.work import Approval
from ledger.roster.authority import signer_at
from ledger.store.checkpoints import CheckpointStore, make_store, new_store_id
from ledger.store.clock import system_clock
from ledger.store.database import connect, writing
from ledger.store.guards import check_guards
from ledger.store.heads import advance_head, read_head, root_at, tip_for
from ledger.store.issuing import Issuer
from ledger.store.nodes import NodeCache
from ledger.store.opening import read_submission
from ledger.store.placing import place
from ledger.store.rosters import Rosters
from ledger.store.writing import write_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Connection, Engine

    from ledger.roster.state import Roster
    from ledger.store.issuing import CheckpointSigner
    from ledger.store.placing import Submission


def begin_epoch(
    database_url: str,
    new_checkpoint_url: str,
    envelopes: Sequence[bytes],
    *,
    signer: CheckpointSigner,
    clock: Callable[[], int] = system_clock,
) -> tuple[Leaf, ...]:
    """The leaves of ``envelopes``: an epoch act and the approvals it takes, admitted all or not at all.

    Makes the new checkpoint store, binds it to the head in the same transaction, and signs the first checkpoint under
    the new origin. Every other writer finds its store foreign from then on and stops.

    Raises:
        ConflictError: ``not-an-epoch``: something else is among them; ``epoch-incomplete``: another approval is
            needed; ``epoch-mismatch``: the log has another root at ``last_size``; ``checkpoint-store-exists``.
        LedgerError: as admission raises it.
        UnavailableError: a database cannot be reached or written.
    """
    submissions = [read_submission(data) for data in envelopes]
    engine = connect(database_url)
    try:
        rosters, nodes = Rosters(), NodeCache()
        with writing(engine) as connection:
            check_guards(connection)
            leaves = _admit(connection, rosters, submissions, new_checkpoint_url, clock())
        _sign_first(engine, new_checkpoint_url, rosters, nodes, signer, clock, leaves[-1].index + 1)
    except DBAPIError as error:
        raise UnavailableError("ledger-unwritable", "the database could not be written") from error
    else:
        return leaves
    finally:
        engine.dispose()


def _admit(
    connection: Connection, rosters: Rosters, submissions: Sequence[Submission], new_checkpoint_url: str, now: int
) -> tuple[Leaf, ...]:
    head = read_head(connection, lock=True)
    roster = rosters.reach(connection, head.roster_count)
    tip = tip_for(connection, head, None)
    begun = len(roster.epochs)
    _check_only_epochs(connection, roster, submissions)
    leaves: list[Leaf] = []
    store = new_store_id()
    for submission in submissions:
        check_signature(submission.envelope, signer_at(roster, submission.envelope.key_id, tip.head.size).public)
        batch = place(connection, [submission], tip, roster, now)
        outcome = batch.outcomes[0]
        if isinstance(outcome, LedgerError):
            raise outcome
        if not isinstance(outcome, Leaf) or batch.roster is None:
            raise ConflictError("event-id-taken", "the event is in the log already")
        leaves.append(outcome)
        new = replace(batch.tip.head, root=batch.tip.frontier.root(), checkpoint_store=store)
        write_batch(connection, batch)
        advance_head(connection, tip.head, new)
        tip, roster = replace(batch.tip, head=new), batch.roster
    if len(roster.epochs) == begun:
        raise ConflictError(
            "epoch-incomplete",
            "the epoch takes another administrator's approval",
            remedy="Bring the act and its approvals together.",
        )
    make_store(new_checkpoint_url, store, head.ledger)
    return tuple(leaves)


def _check_only_epochs(connection: Connection, roster: Roster, submissions: Sequence[Submission]) -> None:
    acts = {item.digest for item in submissions if isinstance(item.event.body, Epoch)}
    acts |= {digest for digest, pending in roster.pending.items() if isinstance(pending.act, Epoch)}
    for item in submissions:
        body = item.event.body
        if isinstance(body, Epoch):
            _check_last(connection, body)
        elif not (isinstance(body, Approval) and body.basis.act in acts):
            raise ConflictError("not-an-epoch", "only an epoch and its approvals are admitted here")


def _check_last(connection: Connection, epoch: Epoch) -> None:
    # What survived must be what was signed, as far as it goes; an epoch covers a loss, never a rewriting.
    head = read_head(connection)
    if 0 < epoch.last_size <= head.size and root_at(connection, None, epoch.last_size) != raw(epoch.last_root):
        raise ConflictError(
            "epoch-mismatch",
            "the log has another root at the size of the last checkpoint known",
            details={"size": epoch.last_size},
            remedy="Take size and root from the latest checkpoint or receipt known; if they are right, the log was "
            "altered.",
        )


def _sign_first(
    engine: Engine,
    checkpoint_url: str,
    rosters: Rosters,
    nodes: NodeCache,
    signer: CheckpointSigner,
    clock: Callable[[], int],
    size: int,
) -> None:
    store = CheckpointStore(checkpoint_url)
    try:
        Issuer(engine, store, rosters, nodes, signer, clock).issue(size)
    finally:
        store.close()
